"""Which datasets and files of a CKAN portal are read."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.errors import ConfigurationError, FetchError, ShihyoError

ROWS = [("121002", "FY2021", 32.8), ("121002", "FY2022", 45.1), ("122041", "FY2021", 30.0)]


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
