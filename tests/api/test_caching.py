"""Validators, lifetimes, and the cache in front of Flask."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from api.application import create_application
from api.caching import ResponseCache, choose_coding, is_current, strong_etag
from api.node import Node
from catalog.releases import Holdings

PATH = "/api/v1/indicators/kpi-12/observations?area=121002"


class Counting:
    """A WSGI application that counts how often it is asked."""

    def __init__(self, *, body: bytes = b"x" * 5000, **headers: str) -> None:
        self.asked = 0
        self.body = body
        self.headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "ETag": '"abc"',
            "Cache-Control": "public, max-age=60",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.asked += 1
        start_response("200 OK", [(name, value) for name, value in self.headers.items() if value])
        return [self.body]


def call(application: Any, path: str = "/a", method: str = "GET", **environ: str) -> tuple[str, dict[str, str], bytes]:
    """Return status, headers and body."""
    seen: list[Any] = []
    body = application(
        {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": "", **environ},
        lambda status, headers, *_: seen.append((status, dict(headers))),
    )
    status, headers = seen[0]
    return status, headers, b"".join(body)


def test_a_second_request_does_not_reach_the_application() -> None:
    inner = Counting()
    cache = ResponseCache(inner, lambda: 1, 1)
    first = call(cache)
    assert call(cache) == first == ("200 OK", first[1], inner.body)
    assert inner.asked == 1


def test_everything_is_dropped_when_the_state_changes() -> None:
    inner, state = Counting(), ["old"]
    cache = ResponseCache(inner, lambda: state[0], 1)
    call(cache)
    state[0] = "new"
    call(cache)
    assert inner.asked == 2


def test_no_cache_asks_the_application_again() -> None:
    inner = Counting()
    cache = ResponseCache(inner, lambda: 1, 1)
    call(cache)
    call(cache, HTTP_CACHE_CONTROL="no-cache")
    call(cache, HTTP_CACHE_CONTROL="max-age=0")
    assert inner.asked == 2


def test_a_client_that_has_it_gets_a_304_without_body() -> None:
    cache = ResponseCache(Counting(), lambda: 1, 1)
    call(cache)
    status, headers, body = call(cache, HTTP_IF_NONE_MATCH='"abc"')
    assert (status, body) == ("304 NOT MODIFIED", b"")
    assert headers == {"ETag": '"abc"', "Cache-Control": "public, max-age=60", "Vary": "Accept-Encoding"}


def test_head_has_the_headers_of_get_and_no_body() -> None:
    inner = Counting()
    cache = ResponseCache(inner, lambda: 1, 1)
    head = call(cache, method="HEAD")
    assert head[2] == b""
    assert head[1] == call(cache)[1]
    assert inner.asked == 1


def test_each_coding_has_its_own_bytes_and_tag_and_every_tag_is_recognised() -> None:
    inner = Counting(body=b'{"value": 32.8}' * 300)
    cache = ResponseCache(inner, lambda: 1, 1)
    _, zipped_headers, zipped = call(cache, HTTP_ACCEPT_ENCODING="gzip")
    assert gzip.decompress(zipped) == inner.body
    assert (zipped_headers["ETag"], zipped_headers["Content-Encoding"]) == ('"abc-gzip"', "gzip")
    assert zipped_headers["Content-Length"] == str(len(zipped))
    _, headers, packed = call(cache, HTTP_ACCEPT_ENCODING="gzip, zstd")
    assert headers["Content-Encoding"] == "zstd"
    assert pa.decompress(packed, len(inner.body), "zstd", asbytes=True) == inner.body
    for tag in ('"abc"', '"abc-gzip"', 'W/"abc-zstd"', '"other", "abc"', "*"):
        assert call(cache, HTTP_IF_NONE_MATCH=tag, HTTP_ACCEPT_ENCODING="gzip")[0].startswith("304")
    assert call(cache, HTTP_IF_NONE_MATCH='"other"')[0].startswith("200")


def test_an_independent_reader_understands_the_zstd(tmp_path: Any) -> None:
    inner = Counting(body=b"a,b\n" + b"1,2\n" * 1000, Content_Type="text/csv")
    packed = call(ResponseCache(inner, lambda: 1, 1), HTTP_ACCEPT_ENCODING="zstd")[2]
    (tmp_path / "x.csv.zst").write_bytes(packed)
    found = duckdb.sql(f"SELECT count(*), sum(b) FROM read_csv('{tmp_path / 'x.csv.zst'}')").fetchall()
    assert found == [(1000, 2000)]


def test_short_and_binary_bodies_are_sent_as_they_are() -> None:
    for inner in (Counting(body=b"short"), Counting(Content_Type="image/png")):
        headers = call(ResponseCache(inner, lambda: 1, 1), HTTP_ACCEPT_ENCODING="gzip")[1]
        assert "Content-Encoding" not in headers
        assert headers["ETag"] == '"abc"'


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache_Control": "no-store"},
        {"Cache_Control": "private, max-age=60"},
        {"Cache_Control": ""},
        {"ETag": ""},
        {"ETag": 'W/"weak"'},
        {"Set_Cookie": "a=b"},
        {"Vary": "Cookie"},
        {"Vary": "Accept, Accept-Language"},
        {"Accept_Ranges": "bytes"},
        {"Content_Length": ""},
    ],
)
def test_what_is_not_for_everyone_or_not_whole_is_not_kept(headers: dict[str, str]) -> None:
    inner = Counting(**headers)
    cache = ResponseCache(inner, lambda: 1, 1)
    assert call(cache)[2] == call(cache)[2] == inner.body
    assert inner.asked == 2


def test_a_stream_is_compressed_as_it_comes_and_closed() -> None:
    closed: list[bool] = []

    class Stream:
        def __iter__(self) -> Any:
            return iter([b"a,b\r\n", b"1,2\r\n" * 5000])

        def close(self) -> None:
            closed.append(True)

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/csv"), ("ETag", '"abc"'), ("Vary", "Accept")])
        return Stream()

    cache = ResponseCache(application, lambda: 1, 1)
    for method in ("GET", "HEAD"):
        seen: list[Any] = []
        environ = {"REQUEST_METHOD": method, "PATH_INFO": "/", "HTTP_ACCEPT_ENCODING": "zstd, gzip"}
        found = cache(environ, lambda status, headers, *_, seen=seen: seen.append(dict(headers)))
        body = b"".join(found)
        getattr(found, "close", lambda: None)()
        assert seen[0] == {
            "Content-Type": "text/csv",
            "ETag": '"abc-gzip"',
            "Vary": "Accept, Accept-Encoding",
            "Content-Encoding": "gzip",
        }
        assert (gzip.decompress(body) if body else b"") == (b"a,b\r\n" + b"1,2\r\n" * 5000 if method == "GET" else b"")
    assert closed == [True, True]
    assert call(cache)[1]["ETag"] == '"abc"'


def test_accept_and_query_are_part_of_the_key() -> None:
    inner = Counting(Vary="Accept")
    cache = ResponseCache(inner, lambda: 1, 1)
    call(cache)
    call(cache, HTTP_ACCEPT="text/csv")
    call(cache, QUERY_STRING="a=1")
    assert inner.asked == 3


def test_the_cache_stays_within_its_size_and_forgets_the_oldest() -> None:
    inner = Counting(body=b"x" * 100_000, Content_Type="image/png")
    cache = ResponseCache(inner, lambda: 1, 1)
    for number in range(20):
        call(cache, f"/{number}")
    call(cache, "/19")
    assert inner.asked == 20
    call(cache, "/0")
    assert inner.asked == 21


def test_an_answer_that_is_a_large_part_of_the_cache_is_not_kept() -> None:
    inner = Counting(body=b"x" * 200_000, Content_Type="image/png")
    cache = ResponseCache(inner, lambda: 1, 1)
    call(cache)
    call(cache)
    assert inner.asked == 2


def test_a_cache_of_size_0_still_answers_304() -> None:
    cache = ResponseCache(Counting(), lambda: 1, 0)
    assert call(cache, HTTP_IF_NONE_MATCH='"abc"')[0] == "304 NOT MODIFIED"


def test_other_methods_go_straight_through() -> None:
    inner = Counting()
    cache = ResponseCache(inner, lambda: 1, 1)
    call(cache)
    call(cache, method="POST")
    assert inner.asked == 2


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "identity"),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0, gzip", "gzip"),
        ("gzip;q=0.5, zstd;q=0.4", "gzip"),
        ("*", "zstd"),
        ("*;q=0", "identity"),
        ("identity, gzip;q=0.5", "identity"),
        ("br", "identity"),
        (",,;q=x", "identity"),
    ],
)
def test_the_coding_is_the_one_that_the_client_prefers(header: str, expected: str) -> None:
    assert choose_coding(header) == expected


@given(st.text(max_size=60))
def test_any_header_text_is_understood_as_something(text: str) -> None:
    assert choose_coding(text) in {"identity", "gzip", "zstd"}
    assert is_current(text, '"abc"') in {True, False}


def test_the_tag_depends_on_each_part() -> None:
    tags = {strong_etag("a", "b"), strong_etag("a", "c"), strong_etag("b", "b"), strong_etag("a\nb")}
    assert len(tags) == 3  # parts are joined by line breaks, which neither digests nor URLs contain


def test_the_api_answers_304_from_the_cache_and_before_it_computes(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    tag = app.test_client().get(PATH).headers["ETag"]
    assert app.test_client().get(PATH, headers={"If-None-Match": tag}).status_code == 304

    def fail(*_: object) -> None:
        raise AssertionError("the observations were computed")

    monkeypatch.setattr("api.resources.observations.write_observations", fail)
    response = app.test_client().get(f"{PATH}&sort=indicator_id", headers={"If-None-Match": tag})
    assert response.status_code == 304
    assert response.headers["ETag"] == tag
    assert response.headers["Cache-Control"].startswith("public")


def test_requests_that_mean_the_same_have_the_same_tag(api: FlaskClient) -> None:
    one = api.get(f"{PATH}&time=2021&limit=1000").headers["ETag"]
    assert one == api.get("/api/v1/indicators/kpi-12/observations?time=2021&area=12100").headers["ETag"]
    assert one != api.get(f"{PATH}&time=2021&format=csv").headers["ETag"]


def test_a_pinned_answer_is_immutable_and_another_one_is_not(api: FlaskClient) -> None:
    assert api.get(f"{PATH}&version=1.2.0").headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for query in ("", "&version=1.*", "&version=latest", "&as_of=2021-06-01"):
        assert "immutable" not in api.get(PATH + query).headers["Cache-Control"]


def test_the_status_is_never_kept(api: FlaskClient) -> None:
    response = api.get("/api/v1/status")
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers


def test_a_new_release_is_seen_at_once(
    make_node: Callable[[Holdings], Node], older_holdings: Holdings, all_holdings: Holdings
) -> None:
    node = make_node(older_holdings)
    api = create_application(node.settings, node).test_client()
    before = api.get(PATH)
    node.swap(all_holdings)
    after = api.get(PATH, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.headers["X-Data-Version"] == "1.2.0"


def test_swapping_while_many_read_never_mixes_releases(
    make_node: Callable[[Holdings], Node], older_holdings: Holdings, all_holdings: Holdings
) -> None:
    node = make_node(older_holdings)
    application = create_application(node.settings, node)
    expected, totals = {}, {}
    for held in (older_holdings, all_holdings):
        node.swap(held)
        response = application.test_client().get(PATH)
        expected[response.headers["ETag"]] = response.data
        totals[response.headers["X-Data-Version"]] = int(response.headers["X-Total-Rows"])
    assert len(set(totals.values())) == 2
    wrong: list[Any] = []
    stop = threading.Event()

    def read(limit: int) -> None:
        client = application.test_client()
        while not stop.is_set():
            response = client.get(PATH)
            if response.status_code != 200 or expected.get(response.headers["ETag"]) != response.data:
                wrong.append(response)
            page = client.get(f"{PATH}&limit={limit}").get_json()
            if page["meta"]["total"] != totals.get(page["meta"]["version"]):
                wrong.append(page)

    readers = [threading.Thread(target=read, args=(limit,)) for limit in range(1, 7)]
    for one in readers:
        one.start()
    for number in range(60):
        node.swap(all_holdings if number % 2 else older_holdings)
    stop.set()
    for one in readers:
        one.join()
    assert wrong == []
