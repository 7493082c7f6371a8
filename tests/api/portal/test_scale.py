"""Scales and ticks."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.portal.charts.scale import Scale, day_ticks, value_ticks

values = st.floats(-1e9, 1e9, allow_nan=False)
days = st.dates(date(1900, 1, 1), date(2100, 12, 31))


def test_a_scale_maps_the_ends_of_the_domain_to_the_ends_of_the_range() -> None:
    scale = Scale(0, 100, 300, 20)
    assert (scale(0), scale(100), scale(50)) == (300, 20, 160)


def test_a_domain_without_width_maps_to_the_middle() -> None:
    assert Scale(5, 5, 0, 100)(5) == 50


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (10.8, 48.2, (0, 10, 20, 30, 40, 50)),
        (0, 100, (0, 20, 40, 60, 80, 100)),
        (-3, 7, (-4, -2, 0, 2, 4, 6, 8)),
        (0, 0, (0, 0.2, 0.4, 0.6, 0.8, 1)),
        (0.01, 0.04, (0, 0.01, 0.02, 0.03, 0.04)),
    ],
)
def test_value_ticks_are_round_and_enclose_the_values(low: float, high: float, ticks: tuple[float, ...]) -> None:
    assert value_ticks(low, high, 5) == ticks


@given(values, values)
def test_value_ticks_always_enclose_values_and_zero(one: float, other: float) -> None:
    ticks = value_ticks(min(one, other), max(one, other), 5)
    assert 2 <= len(ticks) <= 9
    assert any(tick == 0 for tick in ticks)
    slack = 1e-6 * max(abs(one), abs(other), 1)
    assert ticks[0] - slack <= min(one, other)
    assert max(one, other) <= ticks[-1] + slack


def test_day_ticks_are_first_days_of_years_over_years() -> None:
    assert day_ticks(date(2017, 3, 8), date(2022, 4, 1), 8) == tuple(date(year, 1, 1) for year in range(2018, 2023))


def test_day_ticks_are_months_over_a_few_months() -> None:
    assert day_ticks(date(2021, 1, 15), date(2021, 4, 20), 8) == (
        date(2021, 2, 1),
        date(2021, 3, 1),
        date(2021, 4, 1),
    )


def test_a_stretch_within_a_month_has_its_first_day_as_tick() -> None:
    assert day_ticks(date(2021, 4, 2), date(2021, 4, 20), 8) == (date(2021, 4, 2),)


@given(days, days, st.integers(1, 12))
def test_day_ticks_lie_within_and_are_not_too_many(one: date, other: date, count: int) -> None:
    first, last = min(one, other), max(one, other)
    ticks = day_ticks(first, last, count)
    assert 1 <= len(ticks) <= count
    assert all(first <= tick <= last for tick in ticks)
    assert list(ticks) == sorted(set(ticks))
