"""Keys as numbers: the same order, the same repetitions."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import Label
from catalog.formats import has_repeated_key, key_numbers, sort_by_key
from catalog.model import DataStructure, Dimension

STRUCTURE = DataStructure((Dimension("sex", Label("性別", "Sex"), {"_T": Label("総数", "Total")}),))
TEXTS = st.sampled_from(["a", "ab", "Z", "_T", "é", "漢", "～", "𠮷", ""])


def table_of(keys: list[tuple[str | None, ...]]) -> pa.Table:
    columns = dict(zip(STRUCTURE.key, zip(*keys, strict=True) if keys else [[]] * 5, strict=True))
    rows = {name: columns.get(name, [None] * len(keys)) for name in STRUCTURE.names}
    schema = STRUCTURE.arrow_schema()
    return pa.table({name: pa.array(list(rows[name]), schema.field(name).type) for name in rows})


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS), max_size=30))
def test_numbers_have_the_order_of_the_keys_byte_by_byte(keys):
    numbers = key_numbers(table_of(keys), STRUCTURE)
    expected = sorted(range(len(keys)), key=lambda i: tuple(one.encode() for one in keys[i]))
    assert sorted(range(len(keys)), key=lambda i: numbers[i]) == expected


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS), max_size=30))
def test_repeated_keys_are_found(keys):
    assert has_repeated_key(table_of(keys), STRUCTURE) == (len(set(keys)) < len(keys))


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS), unique=True, max_size=30))
def test_sorting_by_numbers_is_sorting_by_keys(keys):
    table = table_of(keys)
    by_names = table.sort_by([(name, "ascending") for name in STRUCTURE.key])
    assert sort_by_key(table, STRUCTURE).equals(by_names.combine_chunks())


def test_a_null_in_a_key_has_no_number():
    table = table_of([("a", "b", None, "d", "e"), ("a", "b", "c", "d", "e")])
    assert key_numbers(table, STRUCTURE) is None
    assert has_repeated_key(table, STRUCTURE) is None
    assert sort_by_key(table, STRUCTURE)["area_code"].to_pylist() == ["c", None]


def test_a_table_in_several_chunks_is_one():
    table = table_of([("b",) * 5, ("c",) * 5])
    both = pa.concat_tables([table, table_of([("a",) * 5])])
    assert key_numbers(both, STRUCTURE).argsort().tolist() == [2, 0, 1]


def test_more_keys_than_numbers_are_sorted_in_another_way(monkeypatch):
    monkeypatch.setattr("catalog.formats.keys._MOST_KEYS", 4)
    table = table_of([("b", "a", "a", "a", "a"), ("a", "b", "b", "a", "a")])
    assert key_numbers(table, STRUCTURE) is None
    assert sort_by_key(table, STRUCTURE)["indicator_id"].to_pylist() == ["a", "b"]


@pytest.mark.parametrize("rows", [0, 1])
def test_few_rows_repeat_nothing(rows):
    assert has_repeated_key(table_of([("a",) * 5] * rows), STRUCTURE) is False
