"""Uploaded files: names, sizes, digests, and what is left behind."""

from __future__ import annotations

import hashlib
import io
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.embedded import EmbeddedCatalog
from catalog.embedded.errors import NotFound, ValidationError
from catalog.embedded.files import ABANDONED_AFTER, MAX_NAME_BYTES, clean_filename, guess_mimetype


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("失業率.csv", "失業率.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\表.xlsx", "表.xlsx"),
        (".htaccess", "htaccess"),
        ("a\x00b\n.csv", "ab.csv"),
        ("\u202egnp.exe", "gnp.exe"),
        ("a  b.csv", "a b.csv"),
        ('x"<y>.csv', "x__y_.csv"),
        ("", "file"),
        ("..", "file"),
        ("/", "file"),
        ("ｶｰﾄﾞ.csv", "ｶｰﾄﾞ.csv"),
        ("カ\u3099.csv", "ガ.csv"),
    ],
)
def test_a_file_name_keeps_its_letters_and_loses_its_tricks(raw, name):
    assert clean_filename(raw) == name


@given(st.text(max_size=300))
def test_a_file_name_is_always_one_plain_short_name(raw):
    name = clean_filename(raw)
    assert name not in {"", ".", ".."}
    assert not set(name) & set('/\\\0\n\r"<>')
    assert not name.startswith(".")
    assert len(name.encode()) <= MAX_NAME_BYTES


def test_a_long_file_name_keeps_its_ending():
    assert clean_filename("あ" * 200 + ".csv").endswith("あ.csv")


@pytest.mark.parametrize(
    ("name", "stated", "expected"),
    [
        ("a.csv", "application/vnd.ms-excel", "text/csv"),
        ("a.parquet", None, "application/vnd.apache.parquet"),
        ("a.PDF", None, "application/pdf"),
        ("a", "text/plain; charset=x", "text/plain"),
        ("a", "application/octet-stream", None),
        ("a", None, None),
    ],
)
def test_the_media_type_comes_from_the_name_first(name, stated, expected):
    assert guess_mimetype(name, stated) == expected


def test_an_upload_tells_its_size_digest_and_type(catalog, create, upload):
    content = "年,率\n".encode()
    create("cards")
    made = upload("cards", "失業率.csv", content)
    digest = hashlib.sha256(content).hexdigest()
    assert (made["size"], made["hash"], made["mimetype"], made["url_type"]) == (8, digest, "text/csv", "upload")
    assert made["url"].endswith("/download/%E5%A4%B1%E6%A5%AD%E7%8E%87.csv")
    stored = catalog.open_file(made["id"])
    assert (stored.path.read_bytes(), stored.filename, stored.sha256) == (content, "失業率.csv", digest)
    assert (stored.size, stored.mimetype, stored.encoding) == (8, "text/csv", "utf-8")


def test_what_the_caller_says_of_the_file_stands(create, upload):
    create("cards")
    made = upload("cards", "a.csv", b"1", hash="abc", mimetype="text/x-special")
    assert (made["hash"], made["mimetype"], made["size"]) == ("abc", "text/x-special", 1)


def test_a_replaced_file_has_its_own_digest(catalog, create, upload):
    create("cards")
    made = upload("cards", "a.csv", b"1")
    files = {"upload": ("b.csv", io.BytesIO(b"22"), None)}
    patched = catalog.call("resource_patch", {"id": made["id"]}, files=files, as_system=True)
    assert (patched["hash"], patched["size"]) == (hashlib.sha256(b"22").hexdigest(), 2)
    assert patched["url"].endswith("/b.csv")
    assert catalog.open_file(made["id"]).path.read_bytes() == b"22"


def test_the_same_bytes_are_kept_once(catalog, create, upload):
    create("cards")
    paths = {catalog.open_file(upload("cards", name, b"same")["id"]).path for name in ("a.csv", "b.csv")}
    assert len(paths) == 1


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(catalog, create, upload):
    create("cards")
    with pytest.raises(ValidationError) as refused:
        upload("cards", "a.csv", b"x" * 1_000_001)
    assert list(refused.value.error_dict()) == ["upload", "__type"]
    assert [path for path in catalog.store.folder.rglob("*") if path.is_file()] == []


def test_an_upload_to_nowhere_leaves_nothing(catalog, upload):
    with pytest.raises(NotFound):
        upload("no-such-dataset", "a.csv", b"1")
    assert [path for path in catalog.store.folder.rglob("*") if path.is_file()] == []


def test_garbage_is_what_no_resource_needs(catalog, create, upload):
    create("cards")
    kept, gone = upload("cards", "a.csv", b"kept"), upload("cards", "b.csv", b"gone")
    path = catalog.open_file(gone["id"]).path
    catalog.call("resource_delete", {"id": gone["id"]}, as_system=True)
    assert path.exists()
    assert catalog.collect_garbage() == [path]
    assert not path.exists()
    assert catalog.open_file(kept["id"]).path.read_bytes() == b"kept"


def test_an_abandoned_upload_is_garbage_after_a_day(catalog):
    fresh, old = catalog.store.folder / "incoming" / "fresh", catalog.store.folder / "incoming" / "old"
    for path in (fresh, old):
        path.write_bytes(b"x")
    long_ago = time.time() - ABANDONED_AFTER - 1
    os.utime(old, (long_ago, long_ago))
    assert catalog.collect_garbage() == [old]
    assert fresh.exists()


@pytest.mark.parametrize("content", ["表".encode("cp932"), b"\x00\x01", b"PK\x03\x04\xff\xfe"])
def test_bytes_that_are_no_utf8_text_have_no_encoding(catalog, create, upload, content):
    create("cards")
    assert catalog.open_file(upload("cards", "a.csv", content)["id"]).encoding is None


def test_a_resource_without_a_file_has_none_to_open(catalog, create):
    resource = create("cards", resources=[{"url": "https://example.org/a"}])["resources"][0]
    with pytest.raises(NotFound):
        catalog.open_file(resource["id"])
    with pytest.raises(NotFound):
        catalog.open_file("no-such")


def test_the_address_of_the_site_may_change(catalog, create, upload, tmp_path):
    create("cards")
    made = upload("cards", "a.csv", b"1")
    moved = EmbeddedCatalog(catalog.folder, site_url="https://new.example.org/", max_upload_bytes=1)
    shown = moved.call("package_show", {"id": "cards"})["resources"][0]
    assert shown["url"] == made["url"].replace("https://data.example.org", "https://new.example.org")
    again = moved.call("package_patch", {"id": "cards", "title": "x"}, as_system=True)["resources"][0]
    assert moved.open_file(again["id"]).path.read_bytes() == b"1"
    moved.close()


def test_a_link_to_a_file_of_the_site_moves_with_it_and_other_links_stay(catalog, create, upload):
    create("cards")
    file = upload("cards", "a.csv", b"1")["url"]
    create("latest", resources=[{"url": file}, {"url": "https://other.example.org/dataset/a.csv"}])
    assert catalog.call("package_show", {"id": "latest"})["resources"][0]["url"] == file
    moved = EmbeddedCatalog(catalog.folder, site_url="https://new.example.org", max_upload_bytes=1)
    shown = moved.call("package_show", {"id": "latest"})["resources"]
    assert shown[0]["url"] == file.replace("https://data.example.org", "https://new.example.org")
    assert shown[1]["url"] == "https://other.example.org/dataset/a.csv"
    moved.close()


def test_clearing_the_upload_makes_the_resource_an_address(catalog, create, upload):
    create("cards")
    made = upload("cards", "a.csv", b"1")
    given = {"id": made["id"], "clear_upload": "true", "url": "https://example.org/a.csv"}
    patched = catalog.call("resource_patch", given, as_system=True)
    assert (patched["url"], patched["url_type"]) == ("https://example.org/a.csv", None)
    with pytest.raises(NotFound):
        catalog.open_file(made["id"])
