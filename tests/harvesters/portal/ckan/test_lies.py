"""Portals that lie, fail or do not end."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from catalog.errors import FetchError, InputError, ShihyoError, TooLarge

ROWS = [("121002", "FY2021", 32.8), ("121002", "FY2022", 45.1), ("122041", "FY2021", 30.0)]


def _search(portal: Any, run: Any, make_source: Any, table: bytes, number: int = 250) -> Any:
    portal.add("cards", ("t1", table))
    for each in range(number):
        portal.add(f"other-{each:03d}")
    return run(make_source("ckan", url=portal.url, query="x"))


def test_a_portal_that_ignores_the_start_is_found_out(portal: Any, run: Any, make_source: Any, table: bytes) -> None:
    pages = []

    def lie(parameters: dict[str, str], result: dict[str, Any]) -> dict[str, Any]:
        pages.append(result["results"])
        return {**result, "results": pages[0]}

    portal.lie = lie
    with pytest.raises(FetchError, match="same page"):
        _search(portal, run, make_source, table)
    assert len(portal.calls) == 2


def test_a_count_that_never_ends_is_given_up_on(portal: Any, run: Any, make_source: Any, table: bytes) -> None:
    portal.lie = lambda parameters, result: {**result, "count": 10_000 + len(portal.calls)}
    with pytest.raises(FetchError, match="keeps changing"):
        _search(portal, run, make_source, table)
    assert len(portal.calls) == 6


def test_a_portal_that_ends_before_its_count_is_an_error_and_no_short_list(
    portal: Any, run: Any, make_source: Any, table: bytes
) -> None:
    portal.lie = lambda _, result: {**result, "count": 300}
    with pytest.raises(FetchError, match="says 300 and gives 251"):
        _search(portal, run, make_source, table)


def test_a_portal_that_gives_more_than_its_count_is_an_error(
    portal: Any, run: Any, make_source: Any, table: bytes
) -> None:
    portal.lie = lambda _, result: {**result, "count": 3}
    with pytest.raises(FetchError, match="says 3, gives 100"):
        _search(portal, run, make_source, table)


def test_a_portal_that_gives_a_dataset_twice_is_an_error(portal: Any, run: Any, make_source: Any, table: bytes) -> None:
    portal.lie = lambda _, result: {**result, "results": [*result["results"][:-1], result["results"][0]]}
    with pytest.raises(FetchError, match="twice"):
        _search(portal, run, make_source, table)


def test_more_datasets_than_can_be_listed_are_refused_at_once(
    portal: Any, run: Any, make_source: Any, table: bytes
) -> None:
    portal.lie = lambda _, result: {**result, "count": 10**9}
    with pytest.raises(FetchError, match="more than 20000"):
        _search(portal, run, make_source, table)
    assert len(portal.calls) == 1


def test_a_dataset_deleted_between_two_pages_loses_no_other(
    portal: Any, run: Any, make_source: Any, table: bytes
) -> None:
    def lie(parameters: dict[str, str], result: dict[str, Any]) -> dict[str, Any]:
        if len(portal.calls) == 1:
            del portal.packages["id-other-003"]
        return result

    portal.lie = lie
    done = _search(portal, run, make_source, table)
    listed = (done.reading.context.fetcher.find(done.known["datasets.json"].sha256)).read_text("utf-8")
    assert listed.count('"id-other-') == 249
    assert len(portal.calls) == 5


def test_a_dataset_that_goes_while_another_comes_is_noticed_by_the_page_after(
    portal: Any, run: Any, make_source: Any, table: bytes
) -> None:
    def lie(parameters: dict[str, str], result: dict[str, Any]) -> dict[str, Any]:
        if len(portal.calls) == 1:
            del portal.packages["id-other-003"]
            portal.add("zzz")
        return result

    portal.lie = lie
    done = _search(portal, run, make_source, table)
    listed = (done.reading.context.fetcher.find(done.known["datasets.json"].sha256)).read_text("utf-8")
    assert listed.count('"id-other-') == 249
    assert '"id-zzz"' in listed


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"<!DOCTYPE html><html><body>maintenance</body></html>", "web page"),
        (b'"Bad request: Action name not known"', "not an answer of CKAN"),
        (b'{"success": false, "error": {"message": "Access denied"}}', "call failed"),
        (b'{"success": true, "result": {}}', "no search result"),
        (b'{"success": true, "result": {"count": true, "results": []}}', "no search result"),
        (b'{"success": true, "result": {"count": 1, "results": [{"title": "x"}]}}', "no id or name"),
        (b'{"success": true, "result": {"count": NaN, "results": []}}', "cannot be read as JSON"),
        (b"[" * 100_000, "cannot be read as JSON"),
        (b"", "cannot be read as JSON"),
    ],
)
def test_an_answer_that_is_none_is_an_error_in_both_languages(
    one: Any, run: Any, make_source: Any, respond: Any, body: bytes, what: str
) -> None:
    one.instead = lambda handler: respond(handler, body) is None
    with pytest.raises((InputError, FetchError), match=what) as caught:
        run(make_source("ckan", url=one.url, query="x"))
    assert caught.value.what.ja != caught.value.what.en
    assert caught.value.next_step is not None


def test_gigantic_json_is_cut_off(one: Any, run: Any, make_source: Any) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(40):
            handler.wfile.write(b" " * 1_000_000)
        return True

    one.instead = answer
    with pytest.raises(TooLarge, match="32 MB"):
        run(make_source("ckan", url=one.url, query="x"))


def test_a_response_that_never_ends_is_cut_off_in_time(one: Any, run: Any, make_source: Any) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b" ")
            time.sleep(0.01)

    one.instead = answer
    start = time.monotonic()
    with pytest.raises(FetchError, match="longer than 1 seconds"):
        run(make_source("ckan", url=one.url, query="x"), http_total_timeout=1)
    assert time.monotonic() - start < 5


def test_a_throttling_portal_is_waited_for_as_it_says(
    one: Any, run: Any, make_source: Any, respond: Any, waits: list[float]
) -> None:
    busy = iter([True, False])

    def answer(handler: BaseHTTPRequestHandler) -> bool:
        if not next(busy, False):
            return False
        respond(handler, b"slow down", 429, Retry_After="7")
        return True

    one.instead = answer
    assert run(make_source("ckan", url=one.url, pick=("cards",))).rows == ROWS
    assert waits == [7.0]


@pytest.mark.parametrize("status", [400, 409])
def test_a_search_that_ckan_does_not_understand_is_explained(
    one: Any, run: Any, make_source: Any, respond: Any, status: int
) -> None:
    one.instead = lambda handler: respond(handler, b'{"success": false}', status) is None
    with pytest.raises(FetchError, match="does not understand the search") as caught:
        run(make_source("ckan", url=one.url, filter="organization:("))
    assert caught.value.context["value"] == "organization:("


def test_a_portal_that_redirects_to_a_private_address_is_refused(
    one: Any, run: Any, make_source: Any, respond: Any
) -> None:
    location = "http://169.254.169.254/latest/meta-data/"
    one.instead = lambda handler: respond(handler, b"", 302, Location=location) is None
    with pytest.raises(ShihyoError, match="not a public address"):
        run(
            make_source("ckan", url=one.url.replace("127.0.0.1", "localhost"), query="x"), allow_private_addresses=False
        )
