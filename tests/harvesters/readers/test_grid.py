"""Sheets as they stand."""

from __future__ import annotations

import pytest

from harvesters.readers.grid import Grid, Merge, cell_address, show


@pytest.mark.parametrize(
    ("row", "column", "address"), [(0, 0, "A1"), (11, 2, "C12"), (0, 25, "Z1"), (0, 26, "AA1"), (0, 16383, "XFD1")]
)
def test_addresses_are_those_of_the_spreadsheet(row, column, address):
    assert cell_address(row, column) == address


def test_every_cell_of_a_merged_range_has_its_value(grid):
    one = grid(["性別", None, None], [None, None, 1], merged=[(0, 0, 1, 1)])
    assert [one.value(0, 1), one.value(1, 0), one.value(1, 1)] == ["性別"] * 3
    assert one.own_value(0, 1) is None
    assert str(one.merge_at(1, 1)) == "A1:B2"
    assert one.merge_at(0, 2) is None


def test_a_merged_range_that_reaches_beyond_the_cells_is_harmless():
    one = Grid(file="f", sheet="s", rows=[["a"]], merges=(Merge(0, 0, 1_048_575, 16_383),))
    assert one.value(5, 5) is None
    assert one.value(0, 0) == "a"


def test_cells_outside_the_sheet_and_cells_of_spaces_are_empty(grid):
    one = grid(["　 ", 1])
    assert (one.value(0, 0), one.value(9, 9), one.value(-1, 0)) == (None, None, None)
    assert not one.is_blank(0)


@pytest.mark.parametrize(
    ("value", "text"), [(38.0, "38"), (0.5, "0.5"), (True, "TRUE"), (None, ""), (" a ", "a"), (1e300, "1e+300")]
)
def test_values_are_shown_as_people_write_them(value, text):
    assert show(value) == text


def test_places_name_file_sheet_and_cell(grid):
    assert str(grid(["a"]).place(0, 0)) == "表.xlsx / 一 / A1"
    assert str(grid(["a"]).place(4)) == "表.xlsx / 一 / row 5"
    assert str(grid(["a"]).place()) == "表.xlsx / 一"


def test_places_of_text_files_count_lines_and_not_records():
    one = Grid(file="f.csv", sheet=None, rows=[["a"], ["b"]], lines=[1, 4])
    assert str(one.place(1, 0)) == "f.csv / A4"
