from __future__ import annotations

import itertools
import re
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from catalog.errors import InvalidPeriod
from catalog.model import FREQUENCIES, parse_period

years = st.integers(1, 9998).map("{:04d}".format)
periods = st.one_of(
    years,
    years.map("FY{}".format),
    st.tuples(years, st.integers(1, 4)).map(lambda one: f"{one[0]}-Q{one[1]}"),
    st.tuples(years, st.integers(1, 12)).map(lambda one: f"{one[0]}-M{one[1]:02d}"),
    st.dates().map(date.isoformat),
)


@given(periods)
def test_what_is_in_the_grammar_is_read_and_written_back(text: str) -> None:
    period = parse_period(text)
    assert str(period) == text
    assert period.start <= period.end
    assert period.form in FREQUENCIES


@given(years)
def test_the_quarters_and_the_months_of_a_year_cover_it_without_a_gap(year: str) -> None:
    for parts in (
        [f"{year}-Q{number}" for number in range(1, 5)],
        [f"{year}-M{number:02d}" for number in range(1, 13)],
    ):
        spans = [parse_period(part) for part in parts]
        assert spans[0].start == parse_period(year).start
        assert spans[-1].end == parse_period(year).end
        for before, after in itertools.pairwise(spans):
            assert after.start - before.end == timedelta(days=1)


@given(st.text())
def test_any_other_text_is_refused_with_the_text_in_the_error(text: str) -> None:
    assume(not is_period(text))
    with pytest.raises(InvalidPeriod) as caught:
        parse_period(text)
    assert caught.value.context["value"] == text
    assert caught.value.next_step is not None


def is_period(text: str) -> bool:
    return bool(re.fullmatch(r"(FY)?[0-9]{4}(-Q[1-4]|-M(0[1-9]|1[0-2])|-[0-9]{2}-[0-9]{2})?", text))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("FY2023", date(2023, 4, 1), date(2024, 3, 31)),
        ("2024-Q1", date(2024, 1, 1), date(2024, 3, 31)),
        ("2024-M02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2022-12-31", date(2022, 12, 31), date(2022, 12, 31)),
    ],
)
def test_each_form_covers_its_days(text: str, start: date, end: date) -> None:
    period = parse_period(text)
    assert (period.start, period.end) == (start, end)


@pytest.mark.parametrize(
    "text",
    [
        "2024-04",
        "2024-M13",
        "2024-M00",
        "2024-Q5",
        "2023-02-29",
        "0000",
        "FY0000",
        "24",
        "２０２４",
        "2024 ",
        "fy2023",
        "2024-4-1",
    ],
)
def test_near_misses_are_refused(text: str) -> None:
    with pytest.raises(InvalidPeriod):
        parse_period(text)


@pytest.mark.parametrize("text", ["9999", "FY9999", "9999-Q4", "9999-M12"])
def test_the_end_of_the_calendar_is_not_a_crash(text: str) -> None:
    with pytest.raises(InvalidPeriod):
        parse_period(text)


def test_periods_are_ordered_by_their_start() -> None:
    texts = ["2024-M04", "FY2023", "2024", "2023-12-31"]
    assert [str(one) for one in sorted(map(parse_period, texts))] == ["FY2023", "2023-12-31", "2024", "2024-M04"]


def test_a_period_lies_within_days_only_as_a_whole() -> None:
    period = parse_period("2024-Q1")
    assert period.within(date(2024, 1, 1), date(2024, 3, 31))
    assert not period.within(date(2024, 1, 2), date(2024, 12, 31))
    assert not period.within(date(2023, 1, 1), date(2024, 3, 30))
