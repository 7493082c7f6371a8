"""The action API over HTTP beyond what CKAN shows: downloads, bounds, other sites, real clients and servers."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

from api.action import MAX_BODY, create_action_blueprint
from catalog.embedded import EmbeddedCatalog

LIMIT = 200_000


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[EmbeddedCatalog]:
    """Return a catalogue with an organisation and a dataset."""
    made = EmbeddedCatalog(tmp_path / "catalog", site_url="http://localhost", max_upload_bytes=LIMIT)
    made.call("organization_create", {"name": "city", "title": "千葉市"}, as_system=True)
    made.call("package_create", {"name": "cards", "title": "取得", "owner_org": "city"}, as_system=True)
    yield made
    made.close()


class BufferedClient(FlaskClient):
    """A client that reads an answer to its end and closes it, as a server does."""

    def open(self, *arguments: Any, **options: Any) -> Any:
        """Make a request."""
        return super().open(*arguments, **{"buffered": True, **options})


@pytest.fixture
def client(catalog: EmbeddedCatalog) -> FlaskClient:
    """Return a client of an application that has nothing but the blueprint."""
    app = Flask("action")
    app.register_blueprint(create_action_blueprint(catalog))
    app.test_client_class = BufferedClient
    return app.test_client()


@pytest.fixture
def token(catalog: EmbeddedCatalog) -> dict[str, str]:
    """Return the header of a sysadmin."""
    made = catalog.call("api_token_create", {"user": "admin", "name": "test"}, as_system=True)
    return {"Authorization": made["token"]}


@pytest.fixture
def upload(catalog: EmbeddedCatalog) -> Callable[..., str]:
    """Return a function that uploads a file and returns the path of its download."""

    def upload(name: str, content: bytes, **fields: Any) -> str:
        files = {"upload": (name, io.BytesIO(content), None)}
        made = catalog.call("resource_create", {"package_id": "cards", **fields}, files=files, as_system=True)
        path: str = made["url"].removeprefix("http://localhost")
        return path

    return upload


def test_a_japanese_file_name_survives(client, upload):
    path = upload("失業率 2021.csv", b"a\n")
    assert path.endswith("/download/%E5%A4%B1%E6%A5%AD%E7%8E%87%202021.csv")
    response = client.get(path)
    assert response.data == b"a\n"
    disposition = response.headers["Content-Disposition"]
    assert disposition.startswith("inline")
    assert "filename*=UTF-8''%E5%A4%B1%E6%A5%AD%E7%8E%87%202021.csv" in disposition


def test_a_download_has_the_digest_as_its_strong_etag(client, catalog, upload):
    path = upload("a.csv", b"abc")
    response = client.get(path)
    stored = catalog.open_file(path.split("/")[4])
    assert response.headers["ETag"] == f'"{stored.sha256}"'
    assert client.get(path, headers={"If-None-Match": response.headers["ETag"]}).status_code == 304
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_download_answers_ranges(client, upload):
    path = upload("a.csv", b"0123456789")
    part = client.get(path, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.data, part.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    assert client.get(path, headers={"Range": "bytes=20-"}).status_code == 416


def test_a_head_request_tells_the_length_alone(client, upload):
    response = client.head(upload("a.csv", b"0123456789"))
    assert (response.status_code, response.data, response.headers["Content-Length"]) == (200, b"", "10")


@pytest.mark.parametrize(
    ("name", "content", "fields", "expected"),
    [
        ("a.csv", "表".encode(), {}, "text/csv; charset=utf-8"),
        ("a.csv", "表".encode("cp932"), {}, "text/csv"),
        ("a.csv", "表".encode("cp932"), {"encoding": "Shift_JIS"}, "text/csv; charset=shift_jis"),
        ("a.csv", b"a", {"encoding": "UTF-8 with BOM"}, "text/csv; charset=utf-8"),
        ("a.json", b"{}", {}, "application/json"),
        ("a.parquet", b"PAR1", {}, "application/vnd.apache.parquet"),
        ("a", b"\x00", {}, "application/octet-stream"),
    ],
)
def test_the_content_type_names_the_encoding_of_a_text(client, upload, name, content, fields, expected):
    assert client.get(upload(name, content, **fields)).headers["Content-Type"] == expected


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.xml", "a.js", "a.xhtml", "a.pdf.htm", "a.unknown"])
def test_what_a_browser_could_run_is_saved_and_not_shown(client, upload, name):
    response = client.get(upload(name, b"<script>alert(1)</script>"))
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]


def test_a_download_is_found_under_the_name_of_its_dataset_and_under_no_other(client, catalog, upload):
    package, resource = upload("a.csv", b"abc").split("/")[2:5:2]
    catalog.call("package_create", {"name": "other", "owner_org": "city"}, as_system=True)
    assert client.get(f"/dataset/cards/resource/{resource}/download/").status_code in {200, 404}
    assert client.get(f"/dataset/cards/resource/{resource}/download").status_code == 200
    assert client.get(f"/dataset/{package}/resource/{resource}/download/b.csv").status_code == 200
    assert client.get(f"/dataset/other/resource/{resource}/download/a.csv").status_code == 404
    assert client.get(f"/dataset/cards/resource/{package}/download/a.csv").status_code == 404


def test_a_resource_that_is_no_web_address_leads_nowhere(client, catalog):
    given = {"package_id": "cards", "url": "javascript:alert(1)"}
    made = catalog.call("resource_create", given, as_system=True)
    assert client.get(f"/dataset/cards/resource/{made['id']}/download/x").status_code == 404


def test_an_upload_over_the_limit_is_a_validation_error(client, token):
    form = {"package_id": "cards", "upload": (io.BytesIO(b"x" * (LIMIT + 1)), "a.csv")}
    response = client.post("/api/3/action/resource_create", data=form, headers=token)
    assert response.status_code == 409
    assert sorted(response.json["error"]) == ["__type", "upload"]


def test_a_form_over_all_bounds_is_a_validation_error(client, token):
    head = b'--b\r\nContent-Disposition: form-data; name="upload"; filename="a.csv"\r\n\r\n'
    response = client.post(
        "/api/3/action/resource_create",
        data=head + b"x" * (LIMIT + MAX_BODY) + b"\r\n--b--\r\n",
        content_type="multipart/form-data; boundary=b",
        headers=token,
    )
    assert (response.status_code, sorted(response.json["error"])) == (409, ["__type", "upload"])


def test_a_body_over_the_bound_is_a_bad_request(client):
    response = client.post("/api/3/action/package_search", data=b"x" * (MAX_BODY + 1), content_type="application/json")
    assert response.status_code == 400
    assert str(MAX_BODY) in response.json


def test_a_file_under_another_name_is_refused_rather_than_lost(client, token):
    form = {"id": "city", "image_upload": (io.BytesIO(b"x"), "logo.png")}
    response = client.post("/api/3/action/organization_patch", data=form, headers=token)
    assert (response.status_code, sorted(response.json["error"])) == (409, ["__type", "image_upload"])


@pytest.mark.parametrize("callback", ["alert(1)//", "<script>", "", "1a", "a" * 200])
def test_a_callback_that_is_no_function_name_is_a_bad_request(client, callback):
    response = client.get("/api/3/action/package_list", query_string={"callback": callback})
    assert response.status_code == 400


def test_a_call_with_a_callback_is_anonymous(client, catalog, token):
    catalog.call("package_patch", {"id": "cards", "private": True}, as_system=True)
    query = {"id": "cards", "callback": "cb"}
    assert client.get("/api/3/action/package_show", query_string=query, headers=token).status_code == 403


def test_other_sites_may_read(client):
    response = client.get("/api/3/action/package_list", headers={"Origin": "https://example.org"})
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in client.get("/api/3/action/package_list").headers
    asked = client.options("/api/3/action/package_list", headers={"Origin": "https://example.org"})
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(("accepted", "word"), [("ja", "見つかりません"), ("en", "Not found"), ("", "見つかりません")])
def test_errors_are_in_the_language_the_caller_accepts(client, accepted, word):
    response = client.post("/api/3/action/package_show", json={"id": "no"}, headers={"Accept-Language": accepted})
    assert response.json["error"]["message"] == word


def test_no_cache_keeps_an_answer_for_others(client, upload):
    for path in ("/api/3/action/package_list", upload("a.csv", b"1")):
        headers = client.get(path).headers
        assert headers["Cache-Control"] == "no-cache"
        assert "Authorization" in headers["Vary"]


def test_a_bearer_token_is_a_token(client, token):
    header = {"Authorization": f"Bearer {token['Authorization']}"}
    response = client.post("/api/3/action/user_show", json={"id": "admin"}, headers=header)
    assert "email" in response.json["result"]


@pytest.mark.parametrize("header", ["Authorization", "X-CKAN-API-Key"])
def test_both_headers_of_ckan_carry_the_token(client, token, header):
    response = client.post("/api/action/user_show", json={"id": "admin"}, headers={header: token["Authorization"]})
    assert "email" in response.json["result"]


def test_a_failure_inside_tells_the_world_nothing(client, monkeypatch, caplog):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the secret of the machine")

    monkeypatch.setattr(EmbeddedCatalog, "call", fail)
    response = client.get("/api/3/action/package_list")
    assert response.status_code == 500
    assert response.json["error"]["__type"] == "Internal Server Error"
    assert "secret" not in response.text
    assert "secret" in caplog.text


def test_a_catalogue_that_is_locked_is_unavailable(client, catalog, token):
    import sqlite3

    client.post("/api/3/action/user_show", json={"id": "admin"}, headers=token)
    other = sqlite3.connect(catalog.database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    catalog.database.connection().execute("PRAGMA busy_timeout = 1")
    response = client.post("/api/3/action/package_patch", json={"id": "cards", "title": "x"}, headers=token)
    other.execute("ROLLBACK")
    other.close()
    assert response.status_code == 503
    assert response.json["success"] is False


SERVED = """
from pathlib import Path
from flask import Flask
from api.action import create_action_blueprint
from catalog.embedded import EmbeddedCatalog
app = Flask("served")
catalog = EmbeddedCatalog(Path({folder!r}), site_url={url!r}, max_upload_bytes=10**7)
app.register_blueprint(create_action_blueprint(catalog))
"""


@pytest.fixture
def served(tmp_path: Path, catalog: EmbeddedCatalog) -> Iterator[str]:
    """Serve the catalogue with granian, two workers; return the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    (tmp_path / "served.py").write_text(SERVED.format(folder=str(catalog.folder), url=url), "utf-8")
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "2", "--no-ws", "--working-dir", str(tmp_path), "served:app"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for(f"{url}/api/3")
            yield url
        finally:
            server.terminate()
            server.wait(20)


def _wait_for(url: str) -> None:
    for _ in range(100):
        try:
            if requests.get(url, timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    pytest.fail(f"{url} does not answer")


def _ckanapi(url: str, *arguments: str, token: str = "", given: str = "") -> list[Any]:
    command = [str(Path(sys.executable).with_name("ckanapi")), *arguments, "-r", url]
    command += ["-a", token] if token else []
    # the command starts workers of itself by its name
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=120, env={**os.environ, "PATH": path}
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


def test_the_ckanapi_command_reads_writes_and_deletes(served, catalog, token, upload, tmp_path):
    key = token["Authorization"]
    upload("取得.csv", b"a\n1\n", sha256="ab")
    dumped = _ckanapi(served, "dump", "datasets", "--all")
    assert [item["name"] for item in dumped] == ["cards"]
    assert requests.get(dumped[0]["resources"][0]["url"], timeout=20).content == b"a\n1\n"
    assert [item["name"] for item in _ckanapi(served, "dump", "organizations", "--all")] == ["city"]
    assert [item["name"] for item in _ckanapi(served, "dump", "users", "--all", token=key)] == ["admin"]

    changed = [{**dumped[0], "title": "変更"}, {"name": "second", "owner_org": "city", "title": "二"}]
    _ckanapi(served, "load", "datasets", token=key, given="\n".join(map(json.dumps, changed)) + "\n")
    assert catalog.call("package_show", {"id": "cards"})["title"] == "変更"
    assert catalog.call("package_show", {"id": "cards"})["resources"][0]["sha256"] == "ab"
    found = _ckanapi(served, "search", "datasets", "q=変更")
    assert [item["name"] for item in found] == ["cards"]

    file = tmp_path / "表.csv"
    file.write_bytes(b"b\n2\n")
    _ckanapi(served, "action", "resource_create", "-j", "package_id=second", f"upload@{file}", token=key)
    made = catalog.call("package_show", {"id": "second"})["resources"][0]
    assert catalog.open_file(made["id"]).path.read_bytes() == b"b\n2\n"

    _ckanapi(served, "delete", "datasets", "second", token=key)
    assert catalog.call("package_list") == ["cards"]
    organizations = json.dumps({"name": "new-org", "title": "新組織"}) + "\n"
    _ckanapi(served, "load", "organizations", token=key, given=organizations)
    assert catalog.call("organization_show", {"id": "new-org"})["title"] == "新組織"


def test_a_kill_of_the_server_during_an_upload_leaves_the_catalogue_whole(served, catalog, token):
    import psutil

    port = served.rsplit(":", 1)[1]
    head = (
        f"POST /api/3/action/resource_create HTTP/1.1\r\nHost: x:{port}\r\nContent-Length: 5000000\r\n"
        f"Authorization: {token['Authorization']}\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="package_id"\r\n\r\ncards\r\n'
        '--b\r\nContent-Disposition: form-data; name="upload"; filename="a.csv"\r\n\r\n'
    )
    with socket.create_connection(("127.0.0.1", int(port))) as connection:
        connection.sendall(head.encode() + b"x" * 1_000_000)
        server = next(
            process
            for process in psutil.Process().children()
            if any(item.laddr.port == int(port) for item in process.net_connections())
            or any(child for child in process.children())
        )
        for process in (*server.children(recursive=True), server):
            process.kill()
    assert catalog.call("package_show", {"id": "cards"})["num_resources"] == 0
    catalog.collect_garbage()
    with catalog.database.reading() as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
