"""Rows are read column by column, each different cell once; cells that are equal and not the same stay apart."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pytest

from catalog.errors import Place
from harvesters.mapping import rows as module
from harvesters.mapping.binding import Plan, Read
from harvesters.mapping.columns import PLAIN
from harvesters.mapping.declaration import FieldSource, Only
from harvesters.mapping.fields import FieldReader, NumberReader, Outcome, TextReader
from harvesters.mapping.records import Cell, Records
from harvesters.mapping.rows import is_blank, read_rows
from harvesters.readers.cells import NOT_A_NUMBER, UNCOMPUTED
from harvesters.readers.markers import LEGENDS

_SOURCE = FieldSource(columns=("a",))
_ONE = Decimal(1)


def _records(rows: Sequence[Sequence[Cell]], **marks: frozenset[tuple[int, int]]) -> Records:
    return Records(name="t", columns=("a", "b"), rows=enumerate(rows), place=lambda *_: Place(file="t"), **marks)


def _plan(records: Records, reader: FieldReader, columns: tuple[int, ...] = (0,)) -> Plan:
    return Plan(records=records, reads=[Read(columns=columns, joiner="-", reader=reader)])


def _number() -> NumberReader:
    return NumberReader(_SOURCE, LEGENDS["default"])


class _Counting(TextReader):
    def __init__(self) -> None:
        super().__init__(_SOURCE)
        self.asked: list[Cell] = []

    def read(self, value: Cell) -> Outcome:
        self.asked.append(value)
        return super().read(value)


def test_each_different_cell_is_looked_at_once() -> None:
    reader = _Counting()
    [column] = read_rows(_plan(_records([["x"], ["y"], [2.5], ["x"], [2.5], [None, 1.0], [None, 2.0]]), reader)).columns

    assert reader.asked == ["x", "y", 2.5, None]
    assert [column.texts[i] for i in column.index] == ["x", "y", "2.5", "x", "2.5", "", ""]


def test_cells_that_are_equal_and_not_the_same_stay_apart() -> None:
    cells: list[Cell] = [1.0, True, Decimal("1.0"), 1, "1"]
    [column] = read_rows(_plan(_records([[one] for one in cells]), TextReader(_SOURCE))).columns

    assert [column.texts[i] for i in column.index] == ["1", "TRUE", "1.0", "1", "1"]


@pytest.mark.parametrize("zeros", [(0.0, -0.0), (-0.0, 0.0)])
def test_a_zero_keeps_its_sign(zeros: tuple[float, float]) -> None:
    [column] = read_rows(_plan(_records([[one] for one in zeros]), _number())).columns

    assert column.plain is not None
    assert np.signbit(column.plain(_ONE)).tolist() == [bool(np.signbit(one)) for one in zeros]


def test_a_true_is_no_number_even_behind_a_one() -> None:
    [column] = read_rows(_plan(_records([[1.0], [True]]), _number())).columns

    assert column.index.tolist() == [PLAIN, 0]
    assert column.outcomes[0].rule == NOT_A_NUMBER


def test_the_same_number_shown_as_percent_is_another_one() -> None:
    records = _records([[0.5], [0.5], [0.5]], percent=frozenset({(1, 0)}), uncomputed=frozenset({(2, 0)}))
    [column] = read_rows(_plan(records, _number())).columns

    assert column.index.tolist() == [PLAIN, 0, 1]
    assert (column.outcomes[0].value, column.outcomes[0].unit) == (Decimal(50), "%")
    assert column.outcomes[1].rule == UNCOMPUTED


def test_rows_may_be_shorter_than_the_table() -> None:
    [column] = read_rows(_plan(_records([["x", "1"], ["y"]]), TextReader(_SOURCE), (0, 1))).columns

    assert [column.texts[i] for i in column.index] == ["x-1", "y"]


def test_rows_in_several_batches_are_numbered_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 2)
    plan = _plan(_records([["a", "k"], [None], ["合計", "k"], ["b", "k"], ["a", "-"], ["c", "k"]]), TextReader(_SOURCE))
    plan.only.append((1, Only(column="b", excluded=("-",))))
    table = read_rows(plan)

    assert list(table.keys) == [0, 3, 5]
    assert [table.columns[0].texts[i] for i in table.columns[0].index] == ["a", "b", "c"]
    assert (list(table.totals), list(table.total_words)) == ([2], ["合計"])
    assert (table.unwanted, list(table.first_unwanted)) == (1, [4])


def test_a_table_without_rows_has_empty_columns() -> None:
    [column] = read_rows(_plan(_records([]), _number())).columns

    assert column.plain is not None
    assert (len(column.index), len(column.plain(_ONE))) == (0, 0)


@pytest.mark.parametrize(
    ("row", "blank"),
    [([], True), ([None, " ", "　"], True), ([None, 0.0], False), ([False], False), (["", "x"], False)],
)
def test_a_row_of_spaces_is_blank_and_one_with_a_zero_is_not(row: list[Cell], blank: bool) -> None:
    assert is_blank(row) is blank
