"""The form of inputs: what counts as changed, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.database.holds import KnownShape
from harvesters.guards.declared import Limits, read_guards
from harvesters.guards.inputs import SeenShape, changed_shapes, series_of
from harvesters.readers.shape import note_shape, watch_shapes

_HEADINGS = st.lists(
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=8), max_size=8
)


def _compare(before: list[str], after: list[str], *, strict: bool = False, **more: Any) -> Any:
    known = KnownShape(object="a1.csv", series="a#.csv", sha256="0", shape={"": before}, datasets=("d",))
    seen = SeenShape(object="a2.csv", sha256="1", shape={"": after}, datasets=("d",), **more)
    limits = read_guards({"schema-change": "any"} if strict else {}, file="harvest.yml", key="guards")
    return changed_shapes([seen], {"a1.csv": known}, limits).get("a2.csv")


@given(_HEADINGS)
def test_the_same_headings_in_any_order_are_the_same_form(headings: list[str]) -> None:
    assert _compare(headings, headings[::-1], strict=True) is None


@given(_HEADINGS, st.integers(0, 7))
def test_every_heading_that_is_gone_is_named(headings: list[str], place: int) -> None:
    lost = f"{place}つ目の見出し"
    trip = _compare([*headings, lost], headings)
    assert trip is not None
    assert trip.figures["gone"] == [lost]
    assert trip.examples[-1].before == lost


@given(_HEADINGS)
def test_new_headings_matter_only_where_any_change_does(headings: list[str]) -> None:
    assert _compare(headings, [*headings, "新しい列"]) is None
    assert _compare(headings, [*headings, "新しい列"], strict=True).figures["new"] == ["新しい列"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("令和4年度", "令和5年度"),
        ("R4", "R5"),
        ("2021年", "2022年"),
        ("４月", "5月"),
        ("率 （%）", "率(%)"),
        ("人口2020", "人口2021"),
    ],
)
def test_years_months_width_and_spaces_in_headings_do_not_count(before: str, after: str) -> None:
    assert _compare([before], [after], strict=True) is None


@pytest.mark.parametrize(("before", "after"), [("Q1", "Q2"), ("男", "女"), ("件数", "率")])
def test_other_headings_do(before: str, after: str) -> None:
    assert _compare([before], [after]).figures["gone"] == [before]


def test_a_table_that_moves_on_by_a_year_keeps_the_number_of_its_columns() -> None:
    assert _compare(["2019", "2020", "2021"], ["2020", "2021", "2022"], strict=True) is None
    assert _compare(["2019", "2020", "2021"], ["2021", "2022"]) is not None


def test_headings_of_a_file_that_could_not_be_read_are_counted_and_not_shown() -> None:
    trip = _compare(["年齢", "回答"], ["35", "とても不満だ"], error={"ja": "読めない", "en": "unreadable"})
    assert "とても不満だ" not in str(trip.to_dict())
    assert trip.figures["gone"] == ["年齢", "回答"]


def test_nothing_is_compared_where_the_guard_is_off() -> None:
    limits = Limits(off=frozenset({"schema-change"}))
    seen = SeenShape(object="a", sha256="1", shape={"": []}, datasets=())
    known = KnownShape(object="a", series="a", sha256="0", shape={"": ["x"]}, datasets=())
    assert changed_shapes([seen], {"a": known}, limits) == {}
    assert "a" in changed_shapes([seen], {"a": known}, Limits())


def test_a_sheet_that_is_gone_is_named_and_one_of_the_next_year_is_the_same() -> None:
    known = KnownShape(object="a", series="a", sha256="0", shape={"令和4年度": ["x"], "注記": ["y"]}, datasets=())
    seen = SeenShape(object="a", sha256="1", shape={"令和5年度": ["x"]}, datasets=())
    trip = changed_shapes([seen], {"a": known}, Limits())["a"]
    assert trip.figures["gone"] == ["注記"]


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("20210401/all.csv", "#/all.csv"),
        ("市民_R５_個票.csv", "市民_R#_個票.csv"),
        ("latest/all.csv", "latest/all.csv"),
    ],
)
def test_a_series_are_the_names_that_differ_in_numbers(name: str, series: str) -> None:
    assert series_of(name) == series


def test_only_the_file_that_is_watched_is_noted() -> None:
    with watch_shapes("a.xlsx") as shape:
        note_shape("a.xlsx", "表1", ["x", "y"])
        note_shape("コード表.xlsx", None, ["z"])
    note_shape("a.xlsx", "表1", ["later"])
    assert shape == {"表1": ["x", "y"]}


def test_a_table_that_is_read_twice_is_noted_once() -> None:
    with watch_shapes("a.csv") as shape:
        note_shape("a.csv", None, ["x", "y"])
        note_shape("a.csv", None, ["x", "y"])
        note_shape("a.csv", None, ["z"])
    assert shape == {"": ["x", "y", "z"]}
