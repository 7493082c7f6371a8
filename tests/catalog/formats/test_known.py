"""What is known of a table goes with it."""

from __future__ import annotations

import gc
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from catalog.formats import has_repeated_key, known, sort_by_key
from catalog.formats.known import different, known_of


def test_the_values_of_a_column_are_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"a": ["x", None, "x"]})
    first = different(table, "a")
    monkeypatch.delattr(known, "unique")
    assert different(table, "a") is first
    assert first.to_pylist() == ["x", None]


def test_tables_do_not_share_what_is_known() -> None:
    one, other = pa.table({"a": ["x"]}), pa.table({"a": ["y"]})
    assert [different(each, "a").to_pylist() for each in (one, other, one)] == [["x"], ["y"], ["x"]]


def test_what_is_known_goes_with_the_table() -> None:
    table = pa.table({"a": ["x"]})
    known_of(table)
    number = id(table)
    assert number in known._KNOWN
    del table
    gc.collect()
    assert number not in known._KNOWN


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 1, 0, 2]], ids=["sorted", "not-sorted"])
def test_sorting_finds_the_codes_of_the_key(golden_table: pa.Table, specimen: Any, order: list[int]) -> None:
    table = sort_by_key(golden_table.take(pa.array(order)), specimen.by_sex)
    assert set(known_of(table).values) == set(specimen.by_sex.key)
    for name, codes in known_of(table).values.items():
        assert set(codes.to_pylist()) == set(pc.unique(table[name]).to_pylist())


@pytest.mark.parametrize(("order", "repeated"), [([0, 1, 2, 3], False), ([3, 1, 1, 2], True), ([0, 0, 1], True)])
def test_sorting_finds_whether_a_key_repeats(
    golden_table: pa.Table, specimen: Any, order: list[int], repeated: bool
) -> None:
    table = sort_by_key(golden_table.take(pa.array(order)), specimen.by_sex)
    assert known_of(table).repeated_key == (specimen.by_sex.key, repeated)
    assert has_repeated_key(table, specimen.by_sex) is repeated


def test_the_same_table_may_have_another_key(golden_table: pa.Table, specimen: Any) -> None:
    place = golden_table.column_names.index("sex")
    twice = golden_table.take(pa.array([0, 0])).set_column(place, "sex", pa.array(["M", "F"]))
    assert has_repeated_key(twice, specimen.by_sex) is False
    assert has_repeated_key(twice, specimen.structure) is True
    assert has_repeated_key(twice, specimen.by_sex) is False
