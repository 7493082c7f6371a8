"""What an unchanged portal costs, and how what changed is found."""

from __future__ import annotations

from typing import Any

ROWS = [("121002", "FY2021", 32.8), ("121002", "FY2022", 45.1), ("122041", "FY2021", 30.0)]


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
