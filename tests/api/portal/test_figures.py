"""Series and the memory of what was read."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest

from api.portal import figures
from api.portal.figures import Figure, Memory, Series
from catalog.model import parse_period
from catalog.releases import Holdings


def figure(period: str, value: float | None, status: str = "A") -> Figure:
    day = date(2020, 1, 1)
    return Figure(parse_period(period), value, "PT", 1.0, 2.0, day, day, status, None, {})


@pytest.fixture
def make_series(holdings: Holdings) -> Any:
    def make(*known: Figure) -> Series:
        held = holdings.get("mynumber-municipalities")
        return Series(held.dataset, held.current, "kpi-12", "kpi-12.issued", "121002", known)

    return make


def test_the_change_is_from_the_value_before(make_series: Any) -> None:
    series = make_series(figure("2020", 10.0), figure("2021", None, "O"), figure("2022", 12.5))
    assert series.change == 2.5
    assert series.previous.period.text == "2020"


def test_there_is_no_change_over_a_break(make_series: Any) -> None:
    assert make_series(figure("2020", 10.0), figure("2021", 50.0, "B")).change is None


@pytest.mark.parametrize("values", [[], [None], [None, None]])
def test_a_series_without_values_has_neither_latest_nor_change(make_series: Any, values: list[None]) -> None:
    series = make_series(*(figure(str(2020 + place), value, "O") for place, value in enumerate(values)))
    assert (series.latest, series.previous, series.change) == (None, None, None)


def test_nothing_is_computed_twice_for_one_state() -> None:
    memory, calls = Memory(), []
    for _ in range(3):
        assert memory.recall("a", "key", lambda: calls.append(1) or len(calls)) == 1  # type: ignore[func-returns-value]


def test_everything_is_forgotten_when_the_state_changes() -> None:
    memory = Memory()
    memory.recall("a", "key", lambda: 1)
    assert memory.recall("b", "key", lambda: 2) == 2
    assert memory.recall("a", "key", lambda: 3) == 3


def test_what_was_computed_from_an_older_state_is_not_kept_for_the_new_one() -> None:
    memory = Memory()

    def slow() -> int:
        memory.recall("new", "other", lambda: 0)
        return 1

    assert memory.recall("old", "key", slow) == 1
    assert memory.recall("new", "key", lambda: 2) == 2


def test_what_was_not_used_for_long_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "MOST_KEPT", 3)
    memory = Memory()
    for key in (1, 2, 3, 1, 4):
        memory.recall("a", key, lambda key=key: key)
    assert list(memory.kept) == [3, 1, 4]


def test_definitions_come_in_the_order_of_the_indicator(holdings: Holdings) -> None:
    from api.portal.cards import ordered
    from catalog.reference import load_reference

    indicator = load_reference().indicator_set.get_indicator("kpi-13")
    held = holdings.get("procedures-online")
    backwards = [
        Series(held.dataset, held.current, "kpi-13", name, "000000", (figure("2020", 1.0),))
        for name in reversed(indicator.definition_ids)
    ]
    assert [one.definition for one in ordered(indicator, backwards)] == list(indicator.definition_ids)
    assert cast(Any, ordered(indicator, [])) == []
