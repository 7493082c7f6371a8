"""Workbooks that are the same bytes wherever and whenever they are made: one sheet, texts and numbers, merged cells.

Packed without compression and with one date for all members, because neither is the same on all machines (ECMA-376
part 1, SpreadsheetML with inline strings).
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

Cell = str | int | float | None

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
#: the oldest date that a ZIP archive can tell
_DATE = (1980, 1, 1, 0, 0, 0)

_FIXED = {
    "[Content_Types].xml": f"""<Types xmlns="{_PACKAGE}/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>
</Types>""",
    "_rels/.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/>
</Relationships>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>
</Relationships>""",
}


def write_workbook(path: Path, sheet: str, rows: Sequence[Sequence[Cell]], merged: Iterable[str] = ()) -> None:
    """Write a workbook of one sheet.

    Parameters
    ----------
    path, sheet
        The file, and the name of its sheet.
    rows
        Rows of cells; None is an empty cell.
    merged
        Ranges to merge, such as ``A3:A4``.
    """
    members = {
        **_FIXED,
        "xl/workbook.xml": f"""<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}">
<sheets><sheet name={quoteattr(sheet)} sheetId="1" r:id="rId1"/></sheets></workbook>""",
        "xl/worksheets/sheet1.xml": "".join(_sheet(rows, list(merged))),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, text in members.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = 3
            archive.writestr(entry, _HEAD + text)


def column_letters(index: int) -> str:
    """Return the letters of a column, counted from 0: A, B, ... Z, AA."""
    before, own = divmod(index, 26)
    return (column_letters(before - 1) if before else "") + chr(ord("A") + own)


def _sheet(rows: Sequence[Sequence[Cell]], merged: Sequence[str]) -> Iterator[str]:
    yield f'<worksheet xmlns="{_MAIN}"><sheetData>\n'
    for number, row in enumerate(rows, 1):
        cells = "".join(_cell(f"{column_letters(index)}{number}", value) for index, value in enumerate(row))
        yield f'<row r="{number}">{cells}</row>\n'
    yield "</sheetData>"
    if merged:
        ranges = "".join(f'<mergeCell ref="{one}"/>' for one in merged)
        yield f'<mergeCells count="{len(merged)}">{ranges}</mergeCells>'
    yield "</worksheet>"


def _cell(address: str, value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{address}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f'<c r="{address}"><v>{value}</v></c>'
