"""CKAN portals: choosing, fetching only what changed, portals that lie, and what became of datasets that went."""

from __future__ import annotations

import hashlib
import io
import time
import zipfile
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from catalog.errors import ConfigurationError, FetchError, InputError, ShihyoError, TooLarge

ROWS = [("121002", "FY2021", 32.8), ("121002", "FY2022", 45.1), ("122041", "FY2021", 30.0)]


@pytest.fixture
def one(portal: Any, table: bytes) -> Any:
    """Return a portal with one dataset of one table."""
    portal.add("cards", ("t1", table))
    return portal


def test_a_dataset_that_is_picked_by_name_becomes_observations(one: Any, run: Any, make_source: Any) -> None:
    done = run(make_source("ckan", url=one.url, pick=("cards",)))
    assert done.rows == ROWS
    assert done.errors == {}
    assert done.states == {"datasets.json": "new", "cards/t1.csv": "new"}


@pytest.mark.parametrize("suffix", ["", "/", "/api", "/api/3", "/api/3/action", "/api/3/action/package_search"])
def test_the_url_may_be_that_of_the_portal_or_of_its_api(one: Any, run: Any, make_source: Any, suffix: str) -> None:
    assert run(make_source("ckan", url=one.url + suffix, pick=("id-cards",))).rows == ROWS


def test_a_search_finds_datasets(one: Any, run: Any, make_source: Any) -> None:
    assert run(make_source("ckan", url=one.url, query="交付")).rows == ROWS
    assert one.calls[0][1]["q"] == "交付"


def test_the_figures_became_known_when_the_portal_says_that_the_file_changed(
    one: Any, run: Any, make_source: Any
) -> None:
    [[contribution]] = run(make_source("ckan", url=one.url, pick=("cards",))).reading.contributions.values()
    assert contribution.issued == "2026-11-22T07:36:15+00:00"
    assert contribution.object == "cards/t1.csv"


def test_files_are_chosen_by_title_id_and_file_name(portal: Any, run: Any, make_source: Any, table: bytes) -> None:
    portal.add("cards", ("t1", table), ("t2", b"x"), ("t3", b"y"))
    for pattern in ("表 t1", "t1", "*1.csv", "ｔ１"):
        done = run(make_source("ckan", url=portal.url, pick=("cards",), files=pattern))
        assert sorted(done.states) == ["cards/t1.csv", "datasets.json"]


def test_formats_that_are_not_wanted_are_not_fetched(portal: Any, run: Any, make_source: Any, table: bytes) -> None:
    found = portal.add("cards", ("t1", table), ("t2", b"%PDF"))
    found["resources"][1] |= {"format": "PDF"}
    assert run(make_source("ckan", url=portal.url, pick=("cards",))).rows == ROWS
    assert [path[-6:] for path in portal.sent] == ["t1.csv"]


def test_options_that_fit_no_file_are_an_error_that_names_those_that_there_are(
    one: Any, run: Any, make_source: Any
) -> None:
    with pytest.raises(FetchError, match="No file fits") as caught:
        run(make_source("ckan", url=one.url, pick=("cards",), files="*.xlsx"))
    assert "表 t1 (CSV)" in caught.value.message("ja")


@pytest.mark.parametrize(
    "options", [{}, {"pick": ("cards",), "query": "x"}], ids=["nothing is asked for", "two ways of asking"]
)
def test_a_source_that_does_not_say_what_to_read_is_an_error(
    one: Any, run: Any, make_source: Any, options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError, match="pick"):
        run(make_source("ckan", url=one.url, **options))
    assert one.calls == []


def test_a_mapping_that_cannot_be_used_is_told_before_the_portal_is_asked(one: Any, run: Any, make_source: Any) -> None:
    mapping = {"indicator": "kpi-99", "period": "FY2021", "area": "121002", "value": {"column": "x", "unit": "PT"}}
    with pytest.raises(ShihyoError, match="kpi-99"):
        run(make_source("ckan", url=one.url, pick=("cards",), mapping=mapping))
    assert one.calls == []


# -- an unchanged portal costs little


def test_an_unchanged_upload_is_not_asked_for_again(one: Any, run: Any, make_source: Any) -> None:
    source = make_source("ckan", url=one.url, pick=("cards",))
    first = run(source)
    one.calls.clear()
    again = run(source, first)
    assert [call for call, _ in one.calls] == ["package_show"]
    assert len(one.sent) == 1
    assert one.unchanged == []
    assert set(again.states.values()) == {"unchanged"}
    assert again.rows == ROWS


def test_a_link_to_elsewhere_is_asked_for_under_conditions(one: Any, run: Any, make_source: Any) -> None:
    one.packages["id-cards"]["resources"][0] |= {"url_type": None}
    source = make_source("ckan", url=one.url, pick=("cards",))
    run(source, run(source))
    assert (len(one.sent), len(one.unchanged)) == (1, 1)


def test_an_upload_that_was_replaced_is_fetched(one: Any, run: Any, make_source: Any, table: bytes) -> None:
    source = make_source("ckan", url=one.url, pick=("cards",))
    first = run(source)
    found = one.add("cards", ("t1", table.replace(b"32.8", b"32.9")))
    found["resources"][0] |= {"last_modified": "2026-11-23T00:00:00.000000"}
    again = run(source, first)
    assert again.states == {"datasets.json": "changed", "cards/t1.csv": "changed"}
    assert ("121002", "FY2021", 32.9) in again.rows


def test_lost_bytes_are_fetched_again(one: Any, run: Any, make_source: Any, settings: Any) -> None:
    source = make_source("ckan", url=one.url, pick=("cards",))
    first = run(source)
    for file in (settings.home / "raw").glob("??/*"):
        file.unlink()
    assert run(source, first).rows == ROWS
    assert len(one.sent) == 2


def test_an_unchanged_portal_of_many_pages_costs_two_requests(portal: Any, run: Any, make_source: Any) -> None:
    portal.add("cards", ("t1", b"x"))
    for number in range(250):
        portal.add(f"other-{number:03d}", metadata_modified="2020-01-01T00:00:00.000000")
    source = make_source("ckan", url=portal.url, query="x", files="t1")
    portal.files[next(iter(portal.files))] = "団体コード,年度,率（%）\n121002,2021,1\n".encode()
    portal.packages["id-cards"]["resources"][0] |= {"size": None}
    first = run(source)
    assert len(portal.calls) == 3
    portal.calls.clear()
    again = run(source, first)
    assert [one[1]["rows"] for one in portal.calls] == ["100", "0"]
    assert portal.calls[0][1]["fq"] == "+metadata_modified:[2026-11-22T06:36:15.741958Z TO *]"
    assert set(again.states.values()) == {"unchanged"}


def test_what_changed_and_what_came_is_found_without_reading_all_pages(
    portal: Any, run: Any, make_source: Any, table: bytes
) -> None:
    portal.add("cards", ("t1", table))
    for number in range(150):
        portal.add(f"other-{number:03d}", metadata_modified="2020-01-01T00:00:00.000000")
    source = make_source("ckan", url=portal.url, query="x", filter="organization:a")
    first = run(source)
    portal.calls.clear()
    portal.add("new", ("t9", table.replace(b"2021", b"2019").replace(b"2022", b"2018")))
    again = run(source, first)
    assert len(portal.calls) == 2
    assert portal.calls[0][1]["fq"].endswith("+(organization:a)")
    assert again.states == {"datasets.json": "changed", "cards/t1.csv": "unchanged", "new/t9.csv": "new"}


def test_a_dataset_that_went_makes_the_whole_list_be_read(
    portal: Any, run: Any, make_source: Any, table: bytes
) -> None:
    portal.add("cards", ("t1", table))
    portal.add("gone", ("t2", table.replace(b"2021", b"2019").replace(b"2022", b"2018")))
    source = make_source("ckan", url=portal.url, query="x")
    first = run(source)
    del portal.packages["id-gone"]
    again = run(source, first)
    assert again.states == {"datasets.json": "changed", "cards/t1.csv": "unchanged", "gone/t2.csv": "gone"}
    assert again.counts["object-gone"] == 1
    assert again.rows == ROWS


def test_another_question_does_not_begin_with_the_list_of_the_last(one: Any, run: Any, make_source: Any) -> None:
    first = run(make_source("ckan", url=one.url, query="x"))
    one.calls.clear()
    run(make_source("ckan", url=one.url, query="y"), first)
    assert "fq" not in one.calls[0][1]


# -- datasets that are not there


def test_a_picked_dataset_that_is_not_there_is_told_and_the_others_are_read(
    one: Any, run: Any, make_source: Any
) -> None:
    done = run(make_source("ckan", url=one.url, pick=("cards", "nowhere")))
    assert done.rows == ROWS
    assert done.counts["dataset-absent"] == 1


def test_if_none_of_the_picked_datasets_is_there_nothing_is_taken_for_deleted(
    one: Any, run: Any, make_source: Any
) -> None:
    with pytest.raises(FetchError, match="no dataset that fits") as caught:
        run(make_source("ckan", url=one.url, pick=("nowhere",)))
    assert "公開済みのデータは消しません" in caught.value.message("ja")


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_deleted_dataset_is_absent_whatever_ckan_calls_it(
    one: Any, run: Any, make_source: Any, respond: Any, status: int
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> bool:
        if "id=deleted" not in handler.path:
            return False
        respond(handler, b'{"success": false, "error": {"__type": "Authorization Error"}}', status)
        return True

    one.instead = answer
    assert run(make_source("ckan", url=one.url, pick=("cards", "deleted"))).counts["dataset-absent"] == 1


def test_a_portal_that_shows_another_dataset_than_asked_for_is_an_error(one: Any, run: Any, make_source: Any) -> None:
    one.packages["id-cards"] |= {"id": "cards", "name": "other"}
    assert run(make_source("ckan", url=one.url, pick=("cards",))).errors == {}
    one.packages["id-cards"] |= {"id": "x"}
    one.packages["id-cards"]["name"] = "CARDS"
    with pytest.raises(FetchError, match="no dataset"):
        run(make_source("ckan", url=one.url, pick=("cards",)))


# -- portals that lie


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


# -- files that are not what the portal says


@pytest.mark.parametrize(
    "stated",
    [
        {"size": 3},
        {"hash": "0" * 64},
        {"hash": "0" * 40},
        {"hash": "md5:" + "0" * 32},
        {"hash": "0" * 32},
    ],
    ids=["size", "sha256", "sha1", "named md5", "md5"],
)
def test_a_file_that_is_not_what_the_portal_states_fails_alone(
    portal: Any, run: Any, make_source: Any, table: bytes, stated: dict[str, Any]
) -> None:
    found = portal.add("cards", ("t1", table), ("t2", table))
    found["resources"][1] |= stated
    done = run(make_source("ckan", url=portal.url, pick=("cards",)))
    assert done.rows == ROWS
    assert [error["code"] for error in done.errors.values()] == ["integrity"]
    assert done.states["cards/t2.csv"] == "failed"


def test_with_checksums_report_it_is_read_and_told(portal: Any, run: Any, make_source: Any, table: bytes) -> None:
    portal.add("cards", ("t1", table))["resources"][0] |= {"hash": "0" * 64}
    done = run(make_source("ckan", url=portal.url, pick=("cards",), checksums="report"))
    assert done.rows == ROWS
    assert done.counts["not-as-stated"] == 1


def test_a_file_that_is_what_the_portal_states_is_read(portal: Any, run: Any, make_source: Any, table: bytes) -> None:
    found = portal.add("cards", ("t1", table))
    for algorithm in ("md5", "sha1", "sha256", "sha512"):
        found["resources"][0] |= {"hash": hashlib.new(algorithm, table).hexdigest().upper(), "size": str(len(table))}
        assert run(make_source("ckan", url=portal.url, pick=("cards",))).rows == ROWS


def test_a_web_page_instead_of_a_file_is_named(portal: Any, run: Any, make_source: Any) -> None:
    portal.add("cards", ("t1", b"<!DOCTYPE html><html>login</html>"))
    done = run(make_source("ckan", url=portal.url, pick=("cards",)))
    assert "HTML" in done.errors["cards/t1.csv"]["what"]["ja"]


@pytest.mark.parametrize("url", ["/etc/passwd", "file:///etc/passwd", "../../secret.csv", "ftp://example.org/a.csv"])
def test_a_resource_never_leads_to_a_file_of_this_machine(
    portal: Any, run: Any, make_source: Any, table: bytes, url: str
) -> None:
    found = portal.add("cards", ("t1", table), ("t2", table))
    found["resources"][1] |= {"url": url, "size": None}
    done = run(make_source("ckan", url=portal.url, pick=("cards",)))
    assert done.rows == ROWS
    assert list(done.errors) == ["cards/t2.csv"]


def test_a_licence_that_is_not_open_is_told(portal: Any, run: Any, make_source: Any, table: bytes) -> None:
    portal.add("cards", ("t1", table), license_id="cc-by-nc-sa-4.0")
    assert run(make_source("ckan", url=portal.url, pick=("cards",))).counts["license-differs"] == 1


def test_without_a_mapping_a_portal_of_others_is_an_error_that_says_what_is_missing(
    one: Any, run: Any, make_source: Any
) -> None:
    with pytest.raises(ConfigurationError, match="mapping"):
        run(make_source("ckan", url=one.url, pick=("cards",), mapping=None))


def test_the_list_keeps_what_a_harvest_needs_and_nothing_of_people(one: Any, run: Any, make_source: Any) -> None:
    one.packages["id-cards"] |= {"author": "somebody", "maintainer_email": "somebody@example.org"}
    done = run(make_source("ckan", url=one.url, pick=("cards",)))
    listed = done.reading.context.fetcher.find(done.known["datasets.json"].sha256).read_text("utf-8")
    assert "somebody" not in listed
    assert "<script>" not in listed


# -- forms of files


def test_a_zip_of_tables_is_read(portal: Any, run: Any, make_source: Any, table: bytes) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("cards.csv", table)
        archive.writestr("readme.md", "about")
    portal.add("cards", ("t1", packed.getvalue()))["resources"][0] |= {"format": "ZIP"}
    done = run(make_source("ckan", url=portal.url, pick=("cards",)))
    assert done.errors == {}
    assert done.rows == ROWS


def test_a_portal_that_dates_a_file_in_the_future_does_not_date_the_figures(
    one: Any, run: Any, make_source: Any
) -> None:
    one.packages["id-cards"]["resources"][0] |= {"last_modified": "2099-01-01T00:00:00"}
    [[contribution]] = run(make_source("ckan", url=one.url, pick=("cards",))).reading.contributions.values()
    assert datetime.fromisoformat(contribution.issued) <= datetime.now(UTC)
