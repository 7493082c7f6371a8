"""What catalogues state of files, in the many ways that they do, and what a run asks for once only."""

from __future__ import annotations

import contextlib
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.database.jobs import HarvestObject
from catalog.errors import ShihyoError, TooLarge
from harvesters.ckan.listing import action_api
from harvesters.ckan.packages import Listing, Package, Resource
from harvesters.documents import JAPAN, is_html, read_json, read_moment
from harvesters.portal.remote_files import RemoteFile, Stated, choose, file_name, fits, format_of, unique_names
from harvesters.portal.rules import is_open

SHA = "a" * 64


@pytest.mark.parametrize(
    ("stated", "media_type", "location", "format"),
    [
        ("CSV", "", "https://x/y", "CSV"),
        (".csv", "", "https://x/y", "CSV"),
        ("csv", "application/pdf", "https://x/y.pdf", "CSV"),
        ("Excel (xlsx)", "", "https://x/y", "XLSX"),
        ("text/csv; charset=utf-8", "", "https://x/y", "CSV"),
        ("http://publications.europa.eu/resource/authority/file-type/CSV", "", "https://x/y", "CSV"),
        ("https://www.iana.org/assignments/media-types/text/csv", "", "https://x/y", "CSV"),
        ("", "https://www.iana.org/assignments/media-types/text/csv", "https://x/y", "CSV"),
        ("", "application/vnd.ms-excel", "https://x/y.csv", "XLS"),
        ("", "", "https://x/y.CSV?version=2#top", "CSV"),
        ("PDF", "", "https://x/y.csv", "PDF"),
        ("", "", "https://x/", ""),
        ("データ", "", "https://x/y.csv", "CSV"),
    ],
)
def test_a_format_is_as_stated_else_by_media_type_else_by_suffix(
    stated: str, media_type: str, location: str, format: str
) -> None:
    assert format_of(stated, media_type, location) == format


@pytest.mark.parametrize(
    ("digest", "size", "found"),
    [
        (SHA, 5, Stated("sha256", SHA, 5)),
        (f"sha256:{SHA.upper()}", "5", Stated("sha256", SHA, 5)),
        (f"sha-256:{SHA}", "5.0", Stated("sha256", SHA, 5)),
        ("b" * 32, None, Stated("md5", "b" * 32, None)),
        ("c" * 40, 0, Stated("sha1", "c" * 40, None)),
        (f"md5:{SHA}", 5, Stated(None, None, 5)),
        ("unknown", "1.2 MB", Stated()),
        ("", True, Stated()),
        (None, -5, Stated()),
        (5, [], Stated()),
    ],
)
def test_a_digest_and_a_size_are_read_or_ignored(digest: Any, size: Any, found: Stated) -> None:
    assert Stated.of(digest, size) == found


@pytest.mark.parametrize(
    ("license", "open"),
    [
        ("cc-by", True),
        ("CC-BY-4.0", True),
        ("https://creativecommons.org/licenses/by/4.0/deed.ja", True),
        ("http://www.opendefinition.org/licenses/cc-by", True),
        ("cc-zero", True),
        ("PDL1.0", True),
        ("政府標準利用規約（第2.0版）", True),
        ("cc-by-sa", False),
        ("https://creativecommons.org/licenses/by-nc/4.0/", False),
        ("CC BY-ND 4.0", False),
        ("notspecified", False),
    ],
)
def test_a_licence_is_plainly_open_or_asked_about(license: str, open: bool) -> None:
    assert is_open(license) is open


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2023-05-01", "2023-05-01T00:00:00+09:00"),
        ("2023-05-01T10:00:00.123456", "2023-05-01T10:00:00+09:00"),
        ("2023-05-01T10:00:00Z", "2023-05-01T10:00:00+00:00"),
        (" 2023-05-01 ", "2023-05-01T00:00:00+09:00"),
        ("yesterday", None),
        ("", None),
        ("0001-01-01", None),
        ("9999-12-31", None),
    ],
)
def test_a_moment_without_an_offset_is_one_of_japan(text: str, moment: str | None) -> None:
    assert read_moment(text, JAPAN) == moment


@given(st.text())
def test_any_text_is_a_moment_with_an_offset_or_none(text: str) -> None:
    moment = read_moment(text, UTC)
    assert moment is None or read_moment(moment, JAPAN) == moment


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("https://x.jp", "https://x.jp/api/3/action"),
        ("https://x.jp/data/", "https://x.jp/data/api/3/action"),
        ("https://x.jp/data/api/3/action/package_search?q=x", "https://x.jp/data/api/3/action"),
        ("https://x.jp/ja/api/", "https://x.jp/ja/api/3/action"),
        ("https://x.jp:8080/apiary", "https://x.jp:8080/apiary/api/3/action"),
    ],
)
def test_the_address_of_the_action_api_is_found(url: str, api: str) -> None:
    assert action_api(url) == api


def _file(name: str, location: str = "https://x/a.csv", **fields: Any) -> RemoteFile:
    return RemoteFile(name=name, location=location, title="表", format="CSV", **fields)


def test_files_that_share_a_name_are_called_by_their_url_and_the_same_one_is_there_once() -> None:
    files = [_file("a", "https://x/1"), _file("a", "https://x/2"), _file("b"), _file("a", "https://x/2")]
    assert [one.name for one in unique_names(files)] == ["a <https://x/1>", "a <https://x/2>", "b"]


def test_a_pattern_is_compared_with_ids_titles_and_file_names_whatever_their_width_and_case() -> None:
    assert choose([_file("a", ids=("ID-1",))], "id-*", ["csv"])
    assert choose([_file("a", "https://x/%E8%A1%A8.csv")], "表.CSV", [".csv"])
    assert not choose([_file("a")], "b*", ["csv"])
    assert not choose([_file("a")], "*", ["xlsx"])


@given(st.text(), st.lists(st.text()))
def test_a_star_fits_anything_that_there_is(text: str, more: list[str]) -> None:
    assert fits("*", [text, *more])


def test_the_name_of_a_file_is_the_end_of_its_path() -> None:
    assert file_name("https://x.jp/a/b%20c.csv?x=1/2") == "b c.csv"
    assert file_name("https://x.jp/") == "x.jp"


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_an_error_of_ours(content: bytes) -> None:
    with contextlib.suppress(ShihyoError):
        read_json(content, "x")


@pytest.mark.parametrize(
    ("content", "html"),
    [
        (b"<!DOCTYPE html>", True),
        (b"\xef\xbb\xbf \n<!-- x --><HTML lang=ja>", True),
        (b"<?xml version='1.0'?><rdf:RDF/>", False),
        (b"{}", False),
        (b"a,b\n<html>,1\n", False),
    ],
)
def test_a_page_for_people_is_recognised(content: bytes, html: bool) -> None:
    assert is_html(content) is html


def test_a_list_of_a_portal_is_read_back_as_it_was_kept() -> None:
    texts = dict.fromkeys(Resource.__dataclass_fields__, "x")
    package = Package(
        id="1",
        name="n",
        title="題名",
        metadata_modified="",
        license_id="",
        license_url="",
        shihyo_release="",
        resources=(Resource(**texts),),
    )
    listing = Listing(packages=(package,), absent=("a",))
    assert Listing.from_bytes(listing.to_bytes()) == listing


# -- the fetcher


def test_a_document_is_asked_for_once_in_a_run(pages: Any, make_source: Any, make_context: Any) -> None:
    server = pages({"/list": b"x"})
    source = make_source("dcat", url=server.url)
    context = make_context(source)
    wanted = HarvestObject(name="list", location=f"{server.url}/list")
    first, second = (context.fetcher.fetch_once(source, wanted, None) for _ in range(2))
    assert first is second
    assert len(server.requests) == 1


def test_a_document_over_its_limit_is_refused_though_the_client_takes_more(
    pages: Any, make_source: Any, make_context: Any, tmp_path: Path
) -> None:
    server = pages({"/list": b"x" * 2_000})
    source = make_source("dcat", url=server.url)
    wanted = HarvestObject(name="list", location=f"{server.url}/list")
    with pytest.raises(TooLarge) as caught:
        make_context(source).fetcher.fetch_once(source, wanted, None, limit=1_000)
    assert caught.value.next_step is not None
    assert "絞って" in caught.value.next_step.ja
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "list").write_bytes(b"x" * 2_000)
    local = make_source("datapackage", path=Path("in"))
    with pytest.raises(TooLarge):
        make_context(local).fetcher.fetch_once(local, HarvestObject(name="l", location="in/list"), None, limit=1_000)


def test_what_is_put_together_is_an_object_like_any_other(make_source: Any, make_context: Any) -> None:
    source = make_source("ckan", url="http://x")
    made = HarvestObject(name="list", location="http://x/list")
    fetcher = make_context(source).fetcher
    kept = fetcher.keep(made, b"all of it", None)
    assert (kept.object.state, kept.path.read_bytes()) == ("new", b"all of it")
    assert fetcher.fetch_once(source, made, None) is kept
    again = make_context(source).fetcher.keep(made, b"all of it", kept.object)
    assert again.object.state == "unchanged"
    assert fetcher.find(kept.object.sha256) == kept.path
    assert fetcher.find("0" * 64) is None


def test_bytes_of_the_last_run_are_reused_only_if_they_are_whole(make_source: Any, make_context: Any) -> None:
    source = make_source("ckan", url="http://x")
    made = HarvestObject(name="list", location="http://x/list")
    fetcher = make_context(source).fetcher
    kept = fetcher.keep(made, b"all of it", None)
    reused = fetcher.reuse(made, kept.object)
    assert reused is not None
    assert reused.object.state == "unchanged"
    kept.path.write_bytes(b"damaged")
    assert fetcher.reuse(made, kept.object) is None
    assert fetcher.reuse(made, None) is None
