"""The grammar of ``time=``."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import InvalidPeriod
from catalog.model import parse_period
from catalog.query.time import chronological, parse_time

DAYS = ("2019-12-31", "2020-01-01", "2020-12-31", "2021-04-01", "2021-12-31", "2022-01-01")


def selected(text: str, *periods: str) -> list[str]:
    """Return the texts that a filter selects, in order of time."""
    return [one.text for one in parse_time(text).select(sorted(map(parse_period, periods), key=chronological))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020", ["2020-01-01", "2020-12-31"]),
        ("2020:2021", ["2020-01-01", "2020-12-31", "2021-04-01", "2021-12-31"]),
        ("2021:", ["2021-04-01", "2021-12-31", "2022-01-01"]),
        (":2020", ["2019-12-31", "2020-01-01", "2020-12-31"]),
        ("2021-04-01", ["2021-04-01"]),
        ("FY2020", ["2020-12-31"]),
        ("2021-Q2", ["2021-04-01"]),
        ("2021-M12:2022-M01", ["2021-12-31", "2022-01-01"]),
        ("latest", ["2022-01-01"]),
        ("latest:2", ["2021-12-31", "2022-01-01"]),
        ("latest:999", list(DAYS)),
        ("2019,latest", ["2019-12-31", "2022-01-01"]),
        (" 2019 , latest ", ["2019-12-31", "2022-01-01"]),
        ("1999", []),
    ],
)
def test_each_form_selects_what_the_table_says(text: str, expected: list[str]) -> None:
    assert selected(text, *DAYS) == expected


def test_a_year_selects_itself_and_all_periods_within_it_but_no_fiscal_year() -> None:
    assert selected("2021", "2021", "2021-Q1", "2021-M12", "2021-06-30", "FY2021", "FY2020") == [
        "2021-Q1",
        "2021-06-30",
        "2021",
        "2021-M12",
    ]


def test_a_fiscal_year_reaches_into_the_next_calendar_year() -> None:
    assert selected("FY2023", "FY2023", "2023-03-31", "2023-04-01", "2024-03-31", "2024-04-01") == [
        "2023-04-01",
        "FY2023",
        "2024-03-31",
    ]


def test_latest_is_the_period_that_ends_last() -> None:
    assert selected("latest", "2023", "FY2022", "FY2023") == ["FY2023"]


def test_the_canonical_text_has_sorted_terms_without_repetition() -> None:
    assert str(parse_time("latest:1, 2021,2019:2020,2021")) == "2019:2020,2021,latest"


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("2024-04", "2024-M04"),
        ("2024/4/1", "2024-04-01"),
        ("2024m3", "2024-M03"),
        ("2024q2", "2024-Q2"),
        ("2023年度", "FY2023"),
        ("2023年", "2023"),
        ("2024-04:2024-06", "2024-M04:2024-06"),
        ("2022:2019", "2019:2022"),
        ("latest:0", "latest"),
        ("latest5", "latest"),
        ("latest:10001", "latest"),
        ("2021-13", None),
        ("2021-02-30", None),
        ("0000", None),
        (":", None),
        ("", None),
        ("2021,", None),
        ("2019:2020:2021", None),
        ("昨年", None),
    ],
)
def test_what_is_no_period_is_refused_with_what_was_probably_meant(text: str, nearest: str | None) -> None:
    with pytest.raises(InvalidPeriod) as caught:
        parse_time(text)
    assert caught.value.context["nearest"] == nearest
    assert "latest:3" in caught.value.message("en")


@given(st.text(max_size=30))
def test_any_text_is_a_filter_or_an_error_of_ours(text: str) -> None:
    try:
        found = parse_time(text)
    except InvalidPeriod:
        return
    assert parse_time(str(found)) == found


days = st.dates(date(1990, 1, 1), date(2050, 12, 31))


@given(first=days, length=st.integers(0, 4000), day=days)
def test_a_range_of_days_selects_exactly_the_days_in_it(first: date, length: int, day: date) -> None:
    last = first + timedelta(days=length)
    assert selected(f"{first}:{last}", str(day)) == ([str(day)] if first <= day <= last else [])


periods = st.one_of(
    st.integers(2000, 2030).map(str),
    st.integers(2000, 2030).map("FY{}".format),
    st.builds("{}-Q{}".format, st.integers(2000, 2030), st.integers(1, 4)),
    st.builds("{}-M{:02}".format, st.integers(2000, 2030), st.integers(1, 12)),
    days.map(str),
)


@given(st.lists(st.one_of(periods, st.builds("{}:".format, periods), st.just("latest")), min_size=1), st.lists(periods))
def test_a_comma_selects_the_union_of_its_terms(terms: list[str], held: list[str]) -> None:
    union = {one for term in terms for one in selected(term, *set(held))}
    assert set(selected(",".join(terms), *set(held))) == union
