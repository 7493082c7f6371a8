"""Plain parameters to a query, and back to their canonical form."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.errors import QueryError
from catalog.model import DataStructure, parse_version
from catalog.query.duckdb import DuckDBEngine
from catalog.query.grammar import (
    ParsedQuery,
    encode_pairs,
    parse_query,
    parse_release,
    resume_cursor,
)
from catalog.query.question import Coverage, SortTerm
from catalog.reference import Reference


@pytest.fixture(scope="module")
def coverage(parquet: Path, structure: DataStructure) -> Coverage:
    """Return what the release holds."""
    with DuckDBEngine(parquet, structure) as engine:
        return engine.coverage


@pytest.fixture
def parse(structure: DataStructure, coverage: Coverage, reference: Reference) -> Any:
    """Return a function that parses parameters."""

    def parse(fixed: dict[str, str] | None = None, **parameters: str) -> ParsedQuery:
        return parse_query(parameters, structure, coverage, reference, fixed=fixed, others=("format",))

    return parse


@pytest.fixture
def refuse(parse: Any) -> Any:
    """Return a function that returns what is wrong with parameters."""

    def refuse(fixed: dict[str, str] | None = None, **parameters: str) -> list[dict[str, Any]]:
        with pytest.raises(QueryError) as caught:
            parse(fixed, **parameters)
        errors: list[dict[str, Any]] = caught.value.context["errors"]
        return errors

    return refuse


def test_no_parameter_asks_for_everything_in_the_order_of_the_key(parse: Any, structure: DataStructure) -> None:
    found = parse()
    assert found.query.codes == {}
    assert found.query.fields == structure.names
    assert [one.column for one in found.query.sort] == list(structure.key)
    assert found.query.limit == 1000
    assert found.canonical == ()


def test_codes_are_sorted_and_not_repeated(parse: Any) -> None:
    assert parse(area="121011,121002, 121011").query.codes == {"area_code": ("121002", "121011")}


def test_a_breakdown_is_a_parameter_of_its_own_name(parse: Any) -> None:
    assert parse(sex="M,_T").query.codes == {"sex": ("M", "_T")}


def test_five_digits_and_a_lost_zero_are_read_and_the_repair_is_told(parse: Any) -> None:
    found = parse(area="12100,11002")
    assert found.query.codes == {"area_code": ("011002", "121002")}
    assert [(one.given, one.used) for one in found.repairs] == [("12100", "121002"), ("11002", "011002")]
    assert found.repairs[1].reason.en == "the lost leading zero put back"


def test_an_area_that_exists_and_has_no_observations_is_no_error(parse: Any) -> None:
    assert parse(area="131016").query.codes == {"area_code": ("131016",)}


def test_a_wrong_check_digit_names_the_right_code(refuse: Any) -> None:
    [wrong] = refuse(area="121003")
    assert (wrong["parameter"], wrong["value"], wrong["did_you_mean"]) == ("area", "121003", "121002")


def test_a_code_that_can_be_read_in_two_ways_is_refused_with_both(refuse: Any) -> None:
    [wrong] = refuse(area="12106")
    assert wrong["allowed"] == ["012106", "121061"]


def test_an_unknown_parameter_names_the_nearest_one_and_all_that_there_are(refuse: Any) -> None:
    [wrong] = refuse(aera="121002")
    assert wrong["value"] is None
    assert wrong["did_you_mean"] == "area"
    assert {"area", "sex", "time", "version", "format"} <= set(wrong["allowed"])


def test_a_dimension_that_the_path_fixes_is_no_parameter(refuse: Any, parse: Any) -> None:
    assert refuse({"indicator": "kpi-12"}, indicator="kpi-12")[0]["parameter"] == "indicator"
    assert parse({"indicator": "kpi-12"}).query.codes == {"indicator_id": ("kpi-12",)}
    assert parse({"indicator": "kpi-12"}).canonical == ()


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("sex", "m", "M"),
        ("sex", "", None),
        ("indicator", "kpi12", "kpi-12"),
        ("definition", "kpi-12.issue", "kpi-12.issued"),
        ("fields", "vaule", "value"),
        ("sort", "-perod", "period"),
        ("limit", "20000", "10000"),
        ("limit", "0", None),
        ("limit", "１０", None),
        ("limit", "-1", None),
        ("time", "2024-04", "2024-M04"),
        ("cursor", "abc", None),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_what_was_meant(
    refuse: Any, name: str, value: str, meant: str | None
) -> None:
    [wrong] = refuse(**{name: value})
    assert (wrong["parameter"], wrong["did_you_mean"]) == (name, meant)
    assert wrong["detail"]["ja"] != wrong["detail"]["en"]


def test_everything_that_is_wrong_is_said_at_once(refuse: Any) -> None:
    assert [one["parameter"] for one in refuse(tme="2021", area="999999", sex="X", limit="x")] == [
        "tme",
        "area",
        "sex",
        "limit",
    ]


def test_a_definition_of_an_indicator_that_the_dataset_does_not_hold_is_refused(refuse: Any) -> None:
    [wrong] = refuse(definition="kpi-01.draft")
    assert {one.split(".")[0] for one in wrong["allowed"]} == {"kpi-12", "kpi-13"}


def test_sort_ends_with_the_key_so_that_the_order_is_total(parse: Any) -> None:
    found = parse(sort="-value,area_code").query.sort
    assert found[:2] == (SortTerm("value", True), SortTerm("area_code"))
    assert [one.column for one in found[2:]] == ["indicator_id", "definition_id", "period", "sex"]


def test_fields_keep_the_order_in_which_they_are_asked(parse: Any) -> None:
    assert parse(fields="value,period,value").query.fields == ("value", "period")


def test_requests_that_mean_the_same_have_the_same_canonical_form(parse: Any, structure: DataStructure) -> None:
    one = parse(time="latest:1,2021", area="121011,12100", sort="indicator_id,definition_id", limit="5")
    two = parse(area="121002,121011", time="2021,latest", fields=",".join(structure.names))
    assert one.canonical == two.canonical == (("area", "121002,121011"), ("time", "2021,latest"))
    assert one.fingerprint == two.fingerprint


def test_the_canonical_form_is_readable_in_a_url(parse: Any) -> None:
    assert encode_pairs(parse(time="2019:2021,latest", area="121002").canonical) == "area=121002&time=2019:2021,latest"


def test_limit_is_part_of_the_page_and_not_of_the_query(parse: Any) -> None:
    assert parse(limit="5").page_parameters() == [("limit", "5")]
    assert parse().page_parameters() == []
    assert parse().page_parameters(explicit=True) == [("limit", "1000")]
    assert parse(limit="5").canonical == ()


def test_a_cursor_goes_on_where_its_page_ended(parse: Any) -> None:
    first = parse(area="121002")
    cursor = resume_cursor(first, "d" * 64, ("kpi-12", "kpi-12.issued", "121002", "2020-04-01", "M"))
    found = parse(area="12100", cursor=cursor)
    assert found.query.after == ("kpi-12", "kpi-12.issued", "121002", "2020-04-01", "M")


def test_a_cursor_of_another_query_is_refused(parse: Any, refuse: Any) -> None:
    cursor = resume_cursor(parse(area="121002"), "d" * 64, ("kpi-12", "kpi-12.issued", "121002", "2020-04-01", "M"))
    [wrong] = refuse(area="121011", cursor=cursor)
    assert "another query" in wrong["detail"]["en"]


def test_the_release_of_a_cursor_is_asked_whatever_the_version(parse: Any) -> None:
    cursor = resume_cursor(parse(), "abc", ("a", "b", "c", "d", "e"))
    choice, _ = parse_release({"cursor": cursor, "version": "latest"})
    assert (choice.digest, choice.selector) == ("abc", None)


@pytest.mark.parametrize(
    ("text", "expected", "repaired"),
    [
        ("2022-06-01T00:00:00+09:00", datetime(2022, 5, 31, 15, tzinfo=UTC), False),
        ("2022-06-01T00:00:00 09:00", datetime(2022, 5, 31, 15, tzinfo=UTC), True),
        ("2022-06-01T00:00:00Z", datetime(2022, 6, 1, tzinfo=UTC), True),
        ("2022-06-01T00:00", datetime(2022, 5, 31, 15, tzinfo=UTC), True),
        ("2022-06-01", datetime(2022, 6, 1, 14, 59, 59, tzinfo=UTC), True),
    ],
)
def test_as_of_is_read_in_japan_time_and_says_so(text: str, expected: datetime, repaired: bool) -> None:
    choice, repairs = parse_release({"as_of": text})
    assert choice.as_of == expected
    assert bool(repairs) is repaired


@pytest.mark.parametrize("text", ["yesterday", "2022-13-01", "", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00+14:00"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_release({"as_of": text})
    assert caught.value.context["errors"][0]["parameter"] == "as_of"


def test_version_and_as_of_exclude_each_other() -> None:
    with pytest.raises(QueryError, match="cannot be used together"):
        parse_release({"version": "latest", "as_of": "2022-06-01"})


def test_a_version_is_parsed_or_refused() -> None:
    choice, _ = parse_release({"version": "1.4.2"})
    assert choice.selector is not None
    assert choice.selector.pinned == parse_version("1.4.2")
    with pytest.raises(QueryError) as caught:
        parse_release({"version": "v1"})
    assert caught.value.context["errors"][0]["value"] == "v1"


NAMES = ("area", "sex", "indicator", "definition", "time", "fields", "sort", "limit", "cursor", "format", "x")
VALUES = st.one_of(
    st.text(max_size=20),
    st.lists(st.sampled_from(["121002", "12100", "M", "kpi-12", "2021", "latest", "value", "-value", "5", ""])).map(
        ",".join
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parameters=st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_any_parameters_are_a_query_or_an_error_that_names_them(parse: Any, parameters: dict[str, str]) -> None:
    try:
        found = parse(**parameters)
    except QueryError as error:
        found, named = None, {one["parameter"] for one in error.context["errors"]}
    else:
        named = set()
    assert named <= set(parameters)
    if found is None:
        return
    again = parse(**dict(found.canonical))
    assert again.canonical == found.canonical
    assert again.query.codes == found.query.codes
    assert again.query.sort == found.query.sort
