"""XLSX, XLS and ODS as grids, and workbooks that mean harm."""

from __future__ import annotations

import datetime
import time
from datetime import date
from pathlib import Path

import pytest

from catalog.errors import InputError, TooLarge
from harvesters.readers.grid import Merge
from harvesters.readers.workbook import read_workbook

LARGEST = 50_000_000


def read(path: Path, **limits):
    return read_workbook(path, name=path.name, largest=LARGEST, **limits)


def test_cells_stand_where_they_stand_in_the_sheet(make_workbook):
    [grid] = read(make_workbook({"一": [[], [None, "題"], [None, None, 1.5, True]]}))
    assert (grid.sheet, grid.value(1, 1), grid.value(2, 2), grid.value(2, 3)) == ("一", "題", 1.5, True)
    assert grid.value(0, 0) is None


def test_dates_times_and_durations_are_told_from_numbers(make_workbook):
    row = [
        date(2024, 4, 1),
        datetime.datetime.fromisoformat("2024-04-01T12:30:00"),
        datetime.time(9, 5),
        datetime.timedelta(hours=30),
    ]
    [grid] = read(make_workbook({"一": [row]}))
    assert [grid.value(0, column) for column in range(3)] == row[:3]
    assert isinstance(grid.value(0, 3), str | datetime.datetime)


def test_merged_ranges_are_those_of_the_sheet(make_workbook):
    [grid] = read(make_workbook({"一": [["性別", None], [1, 2]]}, merged=["A1:B1"]))
    assert grid.merges == (Merge(0, 0, 0, 1),)
    assert grid.value(0, 1) == "性別"


def test_hidden_rows_columns_and_sheets_are_told(make_workbook):
    def hide(workbook):
        workbook["一"].row_dimensions[2].hidden = True
        workbook["一"].column_dimensions["B"].hidden = True
        workbook["二"].sheet_state = "hidden"

    first, second = read(make_workbook({"一": [["a", "b"], [1, 2], [3, 4]], "二": [[1]]}, change=hide))
    assert (first.hidden_rows, first.hidden_columns, first.visible) == ({1}, {1}, True)
    assert not second.visible


def test_cells_that_are_shown_as_percent_are_told(make_workbook):
    def show(workbook):
        workbook["一"]["B1"].number_format = "0.0%"
        workbook["一"]["C1"].number_format = '0.00"%"'

    [grid] = read(make_workbook({"一": [[0.1, 0.502, 50]]}, change=show))
    assert (0, 1) in grid.percent
    assert (0, 0) not in grid.percent


def test_a_literal_percent_sign_in_a_format_does_not_multiply(make_workbook):
    def show(workbook):
        workbook["一"]["A1"].number_format = '0.0"%"'
        workbook["一"]["B1"].number_format = "0.0\\%"

    [grid] = read(make_workbook({"一": [[50.2, 50.2]]}, change=show))
    assert grid.percent == frozenset()


def test_errors_of_formulas_are_seen_and_not_empty(make_workbook):
    [grid] = read(make_workbook({"一": [["#N/A", "=1+1", 3]]}))
    assert grid.value(0, 0) == "#N/A"
    assert grid.uncomputed == {(0, 1)}


def test_xls_is_read_and_says_that_it_does_not_tell_hidden_rows(root):
    [grid] = read(root / "tests/data/survey/old.xls")
    assert [grid.text(4, column) for column in range(4)] == ["中央区", "10", "12", "22"]
    assert grid.value(2, 2) == "性別"
    assert grid.hidden_rows is None


def test_ods_is_read(make_ods):
    inside = (
        '<table:table-row><table:table-cell office:value-type="string"><text:p>区</text:p></table:table-cell>'
        '<table:table-cell office:value-type="float" office:value="12.5"><text:p>12.5</text:p></table:table-cell>'
        "</table:table-row>"
    )
    [grid] = read(make_ods(inside))
    assert (grid.sheet, grid.value(0, 0), grid.value(0, 1)) == ("表", "区", 12.5)


def test_two_cells_at_opposite_corners_are_refused_and_do_not_end_this_process(make_raw_workbook):
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    with pytest.raises(TooLarge, match="memory than allowed") as caught:
        read(make_raw_workbook(cells), memory=500_000_000)
    assert caught.value.place.file == "生.xlsx"
    assert "行・列を消して" in caught.value.next_step.ja


def test_a_sheet_that_spans_more_cells_than_allowed_is_refused_with_its_extent(make_raw_workbook):
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="2000"><c r="ZZ2000"><v>1</v></c></row>'
    with pytest.raises(TooLarge, match="s: 2000 x 702"):
        read(make_raw_workbook(cells), cells=1_000_000)


def test_a_million_columns_are_refused(make_raw_workbook):
    cells = '<row r="1">' + "<c><v>1</v></c>" * 1_000_000 + '</row><row r="50"><c><v>1</v></c></row>'
    with pytest.raises((TooLarge, InputError)):
        read(make_raw_workbook(cells), cells=20_000_000, memory=1_000_000_000)


def test_giant_shared_strings_are_refused_before_they_are_parsed(make_raw_workbook):
    strings = "<sst><si><t>" + "あ" * 20_000_000 + "</t></si></sst>"
    start = time.monotonic()
    with pytest.raises(TooLarge):
        read(make_raw_workbook(parts={"xl/sharedStrings.xml": strings}))
    assert time.monotonic() - start < 5


def test_entities_in_a_sheet_are_refused(make_raw_workbook):
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>'
    with pytest.raises(InputError, match="declares entities"):
        read(make_raw_workbook(parts={"xl/worksheets/sheet1.xml": bomb}))


def test_merged_ranges_that_overlap_endlessly_are_refused(make_raw_workbook):
    rows = "".join(f'<row r="{i}"><c r="A{i}"><v>1</v></c><c r="Z{i}"><v>1</v></c></row>' for i in range(1, 200))
    merged = "</sheetData><mergeCells>" + '<mergeCell ref="A1:Z199"/>' * 5000 + "</mergeCells><sheetData>"
    with pytest.raises(TooLarge, match="Merged cells overlap"):
        read(make_raw_workbook(rows + merged))


def test_repeated_cells_of_ods_that_would_fill_the_memory_are_refused(make_ods):
    cell = '<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="16384"/>'
    row = f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>'
    start = time.monotonic()
    with pytest.raises((TooLarge, InputError)):
        read(make_ods(row), memory=500_000_000)
    assert time.monotonic() - start < 30


def test_a_file_larger_than_allowed_is_not_opened(make_workbook):
    path = make_workbook({"一": [[1]]})
    with pytest.raises(TooLarge):
        read_workbook(path, name="f", largest=100)


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04", b"PK\x03\x04" + b"\0" * 100, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600]
)
def test_what_only_begins_like_a_workbook_is_an_error_of_ours(tmp_path, content):
    path = tmp_path / "壊.xlsx"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.place.file == "壊.xlsx"


def test_a_zip_that_is_no_workbook_is_an_error_of_ours(make_raw_workbook):
    path = make_raw_workbook(parts={"xl/workbook.xml": "<x", "[Content_Types].xml": "<x/>"})
    with pytest.raises(InputError, match="cannot be read as a workbook") as caught:
        read(path)
    assert caught.value.context["reason"]


def test_the_parser_is_given_no_more_time_than_allowed(make_workbook, monkeypatch):
    monkeypatch.setattr("harvesters.readers.workbook.MOST_SECONDS", 0)
    with pytest.raises(TooLarge, match="too long"):
        read(make_workbook({"一": [[1]]}))
