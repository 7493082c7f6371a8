from __future__ import annotations

import http.server
import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import ckanapi
import pytest

from catalog.ckan import Catalogue, EmbeddedCKAN, open_catalogue, publish
from catalog.ckan.client import download_url
from catalog.embedded.errors import NotFound, SearchError, ValidationError
from catalog.errors import (
    CatalogueError,
    CatalogueUnavailable,
    ForbiddenAddress,
    NotAuthorized,
    PublishConflict,
    TooLarge,
)
from catalog.releases import BuiltRelease
from catalog.settings import Settings

ON_A_REAL_CKAN = True

RESOURCE = {"id": "r", "package_id": "p", "name": "a.csv", "url_type": "upload", "url": "http://x/a.csv"}


def test_an_action_answers_its_result(site: Any) -> None:
    assert site.open().action("status_show")["ckan_version"]


@pytest.mark.parametrize(
    ("action", "given", "error"),
    [
        ("package_show", {"id": "nothing"}, NotFound),
        ("package_show", {}, ValidationError),
        ("package_create", {"name": "Bad Name!"}, ValidationError),
        ("package_search", {"fq": "title:("}, SearchError),
        ("package_search", {"no_such_parameter": "1"}, SearchError),
        ("no_such_action", {}, CatalogueError),
    ],
)
def test_every_error_of_the_catalogue_is_one_of_ours(
    site: Any, action: str, given: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        site.open().action(action, **given)
    assert isinstance(caught.value, CatalogueError)
    assert not isinstance(caught.value, CatalogueUnavailable)


def test_the_fields_of_a_validation_error_are_kept(site: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        site.open().action("package_create", name="Bad Name!")
    assert {"name", "owner_org"} <= set(caught.value.fields)


@pytest.mark.parametrize("site", ["over HTTP"], indirect=True)
def test_a_refused_write_says_what_to_check(site: Any) -> None:
    anonymous = open_catalogue(Settings(home=site.folder, catalog_url=site.url))
    with pytest.raises(NotAuthorized) as caught:
        anonymous.action("organization_create", name="x")
    assert caught.value.next_step is not None
    anonymous.close()


def test_the_embedded_catalogue_has_the_interface_of_ckanapi(on_embedded: Any) -> None:
    ckan = EmbeddedCKAN(on_embedded.behind)
    assert ckan.action.package_list() == []
    with pytest.raises(ckanapi.NotFound):
        ckan.action.package_show(id="nothing")
    with pytest.raises(ckanapi.ValidationError) as caught:
        ckan.call_action("package_create", {"name": "x"})
    assert "owner_org" in caught.value.error_dict
    with pytest.raises(ckanapi.NotAuthorized):
        ckan.call_action("organization_create", {"name": "x"}, apikey="not a token")
    with pytest.raises(ckanapi.SearchError):
        ckan.action.package_search(fq="title:(")


def test_a_catalogue_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, catalog_url="http://127.0.0.1:9", catalog_timeout=2)
    with pytest.raises(CatalogueUnavailable) as caught:
        open_catalogue(settings).action("status_show")
    assert caught.value.next_step is not None


Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Callable[[Answer], Catalogue]]:
    """Return a function that serves one answer for everything and opens it as a catalogue."""
    servers: list[http.server.ThreadingHTTPServer] = []
    opened: list[Catalogue] = []

    def serve(answer: Answer) -> Catalogue:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                answer(self)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        made = open_catalogue(Settings(home=tmp_path, catalog_url=url, catalog_timeout=2, catalog_token="secret"))
        opened.append(made)
        return made

    yield serve
    for catalogue in opened:
        catalogue.close()
    for server in servers:
        server.shutdown()
        server.server_close()


def answer_with(status: int, body: bytes, **headers: str) -> Answer:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            request.send_header(key, value)
        request.end_headers()
        request.wfile.write(body)

    return answer


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, b"<html>Internal Server Error</html>", CatalogueUnavailable),
        (502, b"", CatalogueUnavailable),
        (200, b"<html>maintenance</html>", CatalogueError),
        (404, b"<html>not here</html>", CatalogueError),
        (302, b"", CatalogueError),
        (400, b'"Bad request: JSON Error"', CatalogueError),
        (200, b'{"error": "a text"}', CatalogueError),
    ],
)
def test_an_answer_that_is_not_ckans_is_an_error(
    answering: Any, status: int, body: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        answering(answer_with(status, body)).action("package_create", name="x")


def test_a_redirect_is_answered_with_the_address_to_set(answering: Any) -> None:
    location = "https://ckan.example.org/data/api/action/status_show"
    with pytest.raises(CatalogueError) as caught:
        answering(answer_with(301, b"", Location=location)).action("status_show")
    assert caught.value.next_step is not None
    assert caught.value.next_step.en == "Set SHIHYO_CATALOG_URL=https://ckan.example.org/data"


@pytest.mark.parametrize(("status", "body"), [(405, b"<!DOCTYPE html>"), (404, b"not here"), (200, b"<html></html>")])
def test_an_address_without_a_ckan_is_told_from_a_ckan_that_refuses(answering: Any, status: int, body: bytes) -> None:
    with pytest.raises(CatalogueError, match=r"CKANがありません") as caught:
        answering(answer_with(status, body)).action("status_show")
    assert caught.value.next_step is not None
    assert "SHIHYO_CATALOG_URL" in caught.value.next_step.en


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (413, b"<html>Request Entity Too Large</html>"),
        (409, b'{"success": false, "error": {"__type": "Validation Error", "upload": ["File upload too large"]}}'),
    ],
)
def test_a_file_that_is_too_large_is_answered_with_the_limits_to_raise(
    answering: Any, status: int, body: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"x")
    with pytest.raises(CatalogueError) as caught:
        answering(answer_with(status, body)).upload("resource_create", path=file, media_type="text/csv")
    assert caught.value.next_step is not None
    assert "ckan.max_resource_size" in caught.value.next_step.en


def test_a_file_that_is_too_large_for_the_own_catalogue_is_answered_with_its_setting(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"x" * 1_000_001)
    catalogue = open_catalogue(Settings(home=tmp_path / "home", max_upload_mb=1))
    try:
        with pytest.raises(CatalogueError, match="上限 1 MB") as caught:
            catalogue.upload("resource_create", path=file, media_type="text/csv", package_id="any")
    finally:
        catalogue.close()
    assert caught.value.next_step is not None
    assert "SHIHYO_MAX_UPLOAD_MB" in caught.value.next_step.en
    assert "ckan.max_resource_size" not in caught.value.next_step.en


@pytest.mark.parametrize(
    ("url", "reason"),
    [("http://127.0.0.1:9", "connection refused"), ("http://ckan.invalid", "there is no server of this name")],
)
def test_why_there_is_no_answer_is_said_in_a_few_words(tmp_path: Path, url: str, reason: str) -> None:
    with pytest.raises(CatalogueUnavailable) as caught:
        open_catalogue(Settings(home=tmp_path, catalog_url=url, catalog_timeout=2)).action("package_create")
    assert caught.value.what.en == f"The catalogue {url} does not answer ({reason})"


@pytest.fixture
def private_authority(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Serve over TLS with a certificate that nobody knows; give the address and the certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    given = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made, *given], check=True, capture_output=True)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer_with(200, b"bytes")(self)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer_with(200, b'{"success": true, "result": "well"}')(self)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}", certificate
    server.shutdown()
    server.server_close()


def test_a_certificate_of_an_own_authority_is_trusted_when_it_is_named(
    private_authority: tuple[str, Path], tmp_path: Path
) -> None:
    url, certificate = private_authority
    told = Settings(home=tmp_path, catalog_url=url, catalog_ca_file=str(certificate))
    for settings, trusted in ((Settings(home=tmp_path, catalog_url=url), False), (told, True)):
        catalogue = open_catalogue(settings)
        for ask in (
            lambda one=catalogue: one.action("package_create"),
            lambda one=catalogue: one.read_file(RESOURCE, limit=10),
        ):
            with nullcontext() if trusted else pytest.raises(CatalogueUnavailable) as caught:
                ask()
            assert trusted or "SHIHYO_CATALOG_CA_FILE" in caught.value.next_step.en
        catalogue.close()


def test_what_was_changed_meanwhile_is_not_replaced(site: Any) -> None:
    site.call("organization_create", name="chiba-city", title="千葉市")
    site.call("package_create", name="cards", owner_org="chiba-city", title="一", notes="説明")
    catalogue = site.open()
    read = catalogue.find_package("cards")
    replaced = catalogue.replace_package(read, {**read, "title": "二", "notes": ""})
    assert replaced is not None
    assert (replaced["id"], replaced["title"], replaced["notes"] or "") == (read["id"], "二", "")
    assert replaced["metadata_modified"] > read["metadata_modified"]
    assert catalogue.replace_package(read, {**read, "title": "三"}) is None
    assert site.package()["title"] == "二"


def test_a_replacement_that_cannot_be_done_is_an_error(site: Any) -> None:
    site.call("organization_create", name="chiba-city", title="千葉市")
    site.call("package_create", name="cards", owner_org="chiba-city", title="一")
    catalogue = site.open()
    read = catalogue.find_package("cards")
    with pytest.raises(ValidationError) as caught:
        catalogue.replace_package(read, {**read, "name": "Not A Name"})
    assert set(caught.value.fields) == {"name"}


def test_reading_is_tried_again_and_writing_is_not(answering: Any) -> None:
    asked: list[str] = []

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        good = json.dumps({"success": True, "result": "well"}).encode()
        answer_with(200, good)(request) if len(asked) == 3 else answer_with(503, b"")(request)

    catalogue = answering(answer)
    assert catalogue.action("status_show") == "well"
    assert len(asked) == 3
    asked.clear()
    with pytest.raises(CatalogueUnavailable):
        catalogue.action("package_create", name="x")
    assert len(asked) == 1


def test_a_file_is_read_from_the_catalogue_whatever_address_it_states(answering: Any) -> None:
    asked: list[tuple[str, str]] = []

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        asked.append((request.path, request.headers["Authorization"]))
        answer_with(200, b"bytes")(request)

    hostile = {**RESOURCE, "url": "http://169.254.169.254/latest/../../a.csv"}
    assert answering(answer).read_file(hostile, limit=100) == b"bytes"
    assert asked == [("/dataset/p/resource/r/download/a.csv", "secret")]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://x/dataset/p/resource/r/download/%E5%A4%B1%E6%A5%AD%E7%8E%87.csv", "%E5%A4%B1%E6%A5%AD%E7%8E%87.csv"),
        ("http://x/download/a%2Fb.csv", "a%2Fb.csv"),
        ("http://x/a.csv?token=1#part", "a.csv"),
        ("", ""),
    ],
)
def test_of_a_stated_address_only_the_file_name_is_taken(url: str, name: str) -> None:
    made = download_url("http://ckan.example/", {**RESOURCE, "url": url})
    assert made == f"http://ckan.example/dataset/p/resource/r/download/{name}"


def test_ids_cannot_lead_out_of_the_path() -> None:
    made = download_url("http://ckan.example", {**RESOURCE, "id": "../../x", "package_id": "a/b?c"})
    assert made == "http://ckan.example/dataset/a%2Fb%3Fc/resource/..%2F..%2Fx/download/a.csv"


def test_a_link_is_not_followed() -> None:
    with pytest.raises(ForbiddenAddress):
        download_url("http://ckan.example", {**RESOURCE, "url_type": None})


def test_a_file_larger_than_its_limit_is_cut(answering: Any) -> None:
    catalogue = answering(answer_with(200, b"x" * 1001))
    with pytest.raises(TooLarge):
        catalogue.read_file(RESOURCE, limit=1000)
    with catalogue.open_file(RESOURCE, limit=1001) as file:
        assert len(file.read()) == 1001


def test_the_limit_holds_in_the_embedded_catalogue_too(site: Any, built_chain: list[BuiltRelease]) -> None:
    publish(site.open(), built_chain[0])
    resource = site.package("cards-r00001")["resources"][0]
    with pytest.raises(TooLarge):
        site.open().read_file(resource, limit=10)


def test_a_redirect_to_another_site_is_refused(answering: Any) -> None:
    catalogue = answering(answer_with(302, b"", Location="http://169.254.169.254/latest/meta-data"))
    with pytest.raises(ForbiddenAddress):
        catalogue.read_file(RESOURCE, limit=10)


@pytest.mark.parametrize(("status", "error"), [(404, NotFound), (500, CatalogueUnavailable), (403, NotAuthorized)])
def test_a_file_that_cannot_be_had_is_one_of_our_errors(answering: Any, status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        answering(answer_with(status, b"")).read_file(RESOURCE, limit=10)


def test_a_catalogue_that_falls_silent_is_unavailable(answering: Any) -> None:
    silence = threading.Event()
    catalogue = answering(lambda _: silence.wait(10))
    with pytest.raises(CatalogueUnavailable):
        catalogue.read_file(RESOURCE, limit=10)
    silence.set()


def test_a_file_that_is_not_there_is_not_found(site: Any, built_chain: list[BuiltRelease]) -> None:
    publish(site.open(), built_chain[0])
    resource = {**site.package("cards-r00001")["resources"][0], "id": "00000000-0000-0000-0000-000000000000"}
    with pytest.raises(NotFound):
        site.open().read_file(resource, limit=10)


def test_a_home_folder_is_one_publisher_for_ever(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        settings = Settings(home=tmp_path / "home", catalog_url="http://127.0.0.1:9")
        ids = set(pool.map(lambda _: open_catalogue(settings).publisher, range(32)))
    assert len(ids) == 1
    other = Settings(home=tmp_path / "other", catalog_url="http://127.0.0.1:9")
    assert open_catalogue(other).publisher not in ids


def test_a_publisher_of_the_same_home_waits_for_the_other_no_longer_than_the_lease(site: Any) -> None:
    with site.open().publishing("cards"):
        with pytest.raises(PublishConflict), site.open(publish_lease_seconds=0).publishing("cards"):
            pass
        with site.open(publish_lease_seconds=0).publishing("other"):
            pass
