"""ODS workbooks that reach too far say which sheet, how far, and which cell."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.errors import InputError, TooLarge
from harvesters.readers.extent import find_wide_sheet
from harvesters.readers.workbook import read_workbook

_NAMES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0"' for prefix in ("office", "table", "text")
)
CELL = '<table:table-cell office:value-type="string"><text:p>a</text:p></table:table-cell>'


def gap(columns: int) -> str:
    """Return empty cells."""
    return f'<table:table-cell table:number-columns-repeated="{columns}"/>'


def rows(times: int, cells: str) -> str:
    """Return a row that is repeated."""
    return f'<table:table-row table:number-rows-repeated="{times}">{cells}</table:table-row>'


FAR = rows(1, CELL) + rows(1_048_574, gap(1)) + rows(1, gap(16_383) + CELL)
MIDDLE = rows(1, CELL) + rows(60_000, gap(1)) + rows(1, gap(999) + CELL)
FULL = rows(1_048_576, f'<table:table-cell table:number-columns-repeated="1024" {CELL[18:]}')
FORMATTED = rows(1, CELL + CELL + gap(16_382)) + rows(1, CELL + CELL) + rows(1_048_574, gap(16_384))


@pytest.fixture
def make_ods(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes an ODS file: name of a sheet -> its rows as XML."""

    def make(**sheets: str) -> Path:
        tables = "".join(f'<table:table table:name="{name}">{body}</table:table>' for name, body in sheets.items())
        body = f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
        path = tmp_path / "集計.ods"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
            manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
            archive.writestr("META-INF/manifest.xml", manifest)
            content = f"<office:document-content {_NAMES}>{body}</office:document-content>"
            archive.writestr("content.xml", content)
        return path

    return make


@pytest.mark.parametrize(
    ("body", "size", "cell"),
    [
        (FAR, "1048576 x 16384", "XFD1048576"),
        (MIDDLE, "60002 x 1000", "ALL60002"),
        (FULL, "1048576 x 1024", "AMJ1048576"),
    ],
)
def test_a_sheet_that_reaches_too_far_is_refused_with_its_name_extent_and_cell(make_ods, body, size, cell):
    with pytest.raises(TooLarge) as caught:
        read_workbook(make_ods(表1=body), name="集計.ods", largest=200_000_000)
    error = caught.value
    assert str(error.place) == f"集計.ods / 表1 / {cell}"
    assert size in error.what.en
    assert f"値は{cell}の行・列まであります" in error.what.ja
    assert error.next_step.ja.startswith("表から離れた行と列を選んで削除し")
    assert error.next_step.en.startswith("Select the rows and columns far from the table")


def test_the_sheet_that_goes_beyond_the_limit_of_all_together_is_named(make_ods):
    path = make_ods(表1=rows(2, CELL), 表2=FAR)
    assert find_wide_sheet(path, 1_000_000).sheet == "表2"


def test_empty_cells_that_are_formatted_to_the_end_of_the_sheet_are_no_reach(make_ods):
    path = make_ods(表1=FORMATTED)
    assert find_wide_sheet(path, 1_000) is None
    [grid] = read_workbook(path, name="集計.ods", largest=200_000_000)
    assert (grid.height, grid.width) == (2, 2)


def test_what_is_damaged_in_another_way_keeps_its_own_error(tmp_path):
    path = tmp_path / "集計.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", "<office:document-content")
    with pytest.raises(InputError, match="cannot be read as a workbook"):
        read_workbook(path, name="集計.ods", largest=200_000_000)


def test_tags_that_lie_across_two_pieces_are_counted_once(make_ods, monkeypatch):
    path = make_ods(表1=rows(3, CELL) + rows(40, gap(1)) + rows(1, gap(9) + CELL))
    for size in range(20, 90):
        monkeypatch.setattr("harvesters.readers.extent._PIECE", size)
        found = find_wide_sheet(path, 1)
        assert (found.rows, found.columns) == (44, 10)
