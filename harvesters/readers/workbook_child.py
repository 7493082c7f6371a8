"""The process that opens a workbook: run as a file of its own, with limits on memory and time, never imported.

The parser behind python-calamine is fast and trusts what a file says of itself: two cells in opposite corners of a
sheet make it reserve 500 GB, and its answer to memory that is not there is to end the process. So the process that it
ends is this one. It imports nothing of the project, which keeps its start at some 40 ms.

stdin: one line of JSON ``{"path", "memory", "seconds", "cells"}``; stdout: ``marshal`` of

``{"sheets": [{"name", "visible", "rows", "moments", "merged", "hidden_rows", "hidden_columns", "percent",
"empty_formulas"}]}`` or ``{"error": code, "detail": text}``. Rows begin at A1; addresses are (row, column) from 0.
Cells are text, float, bool or None; dates and times are None there and stand in ``moments`` as (row, column, kind,
ISO 8601). Errors of formulas and durations are their text.

calamine leaves out what matters to a reader of official tables: hidden rows, cells shown as percent, errors and
formulas that were never computed (these two become empty cells). For XLSX they are read from the XML here, which the
parent has searched for entity declarations before.
"""

import gc
import json
import marshal
import posixpath
import re
import sys
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CELL = rb'<c r="([A-Z]{1,3})(\d{1,7})"'
_ERROR = re.compile(_CELL + rb'[^>]*\bt="e"[^>]*>(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)?<v>([^<]*)</v>')
_UNCOMPUTED = re.compile(_CELL + rb"[^>]*>(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>")
_HIDDEN_ROW = re.compile(rb'<row r="(\d+)"[^>]*\bhidden="(?:1|true)"')
_HIDDEN_COLUMN = re.compile(rb'<col\b(?=[^>]*\bhidden="(?:1|true)")(?=[^>]*\bmin="(\d+)")(?=[^>]*\bmax="(\d+)")')
#: parts of a number format that are shown as they are: a percent sign in them does not multiply
_LITERAL = re.compile(r'"[^"]*"|\\.')
_WIDEST = 16384
#: built-in number formats that show percent
_PERCENT_FORMATS = {9, 10}
#: cells of one kind that are listed
_MOST_LISTED = 200_000


def main() -> None:
    """Read what is wanted, parse, answer."""
    gc.disable()  # it lives for one workbook, and all of it is in use until the end
    wanted = json.loads(sys.stdin.readline())
    _limit(wanted["memory"], wanted["seconds"])
    try:
        answer: dict[str, Any] = {"sheets": list(_sheets(wanted["path"], wanted["cells"]))}
    except _Refused as error:
        answer = {"error": error.args[0], "detail": error.args[1]}
    except MemoryError:
        answer = {"error": "memory", "detail": ""}
    except Exception as error:  # whatever the parser dislikes: the parent says it in two languages
        code = "password" if type(error).__name__ == "PasswordError" else "unreadable"
        answer = {"error": code, "detail": f"{type(error).__name__}: {error}"[:300]}
    sys.stdout.buffer.write(marshal.dumps(answer))


class _Refused(Exception):
    """The workbook is not read; code and detail."""


def _limit(memory: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:  # not on Windows: there the limits on the archive must do
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _sheets(path: str, most_cells: int) -> Iterator[dict[str, Any]]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    workbook = CalamineWorkbook.from_path(path)
    extras = _extras(path) if zipfile.is_zipfile(path) else {}
    left = most_cells
    for metadata in workbook.sheets_metadata:
        if metadata.typ != SheetTypeEnum.WorkSheet:
            continue
        sheet = workbook.get_sheet_by_name(metadata.name)
        end = sheet.end or (-1, -1)
        left -= (end[0] + 1) * (end[1] + 1)
        if left < 0 or end[1] >= _WIDEST:
            raise _Refused("cells", f"{metadata.name}: {end[0] + 1} x {end[1] + 1}")
        rows: list[list[Any]] = sheet.to_python(skip_empty_area=False)
        moments = _take_moments(rows)
        known = extras.get(metadata.name, {})
        _put_errors(rows, known.pop("errors", []))
        yield {
            "name": metadata.name,
            "visible": metadata.visible == SheetVisibleEnum.Visible,
            "rows": rows,
            "moments": moments,
            "merged": [tuple(map(tuple, one)) for one in sheet.merged_cell_ranges or []],
            "hidden_rows": None,
            "hidden_columns": None,
            "percent": [],
            "empty_formulas": [],
            **known,
        }


def _take_moments(rows: list[list[Any]]) -> list[tuple[int, int, str, str]]:
    """Make all cells plain, in place, and return the dates and times that were among them."""
    moments = []
    for place, row in enumerate(rows):
        for column, cell in enumerate(row):
            kind = type(cell)
            if kind is float or (kind is str and cell):
                continue
            if kind is str:
                row[column] = None
            elif kind is int:
                row[column] = float(cell)
            elif kind is timedelta:
                row[column] = str(cell)
            elif kind is not bool:
                row[column] = None
                moments.append((place, column, kind.__name__, cell.isoformat()))
    return moments


def _put_errors(rows: list[list[Any]], errors: list[tuple[int, int, str]]) -> None:
    for row, column, text in errors:
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = text


def _extras(path: str) -> dict[str, dict[str, Any]]:
    """Return sheet name -> what calamine does not tell, for XLSX; nothing for ODS but its hidden rows stay unknown."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        if "xl/workbook.xml" not in names:
            return {}
        percent = _percent_styles(archive.read("xl/styles.xml")) if "xl/styles.xml" in names else set()
        return {
            name: _scan(archive.read(member), percent) for name, member in _members(archive).items() if member in names
        }


def _members(archive: zipfile.ZipFile) -> dict[str, str]:
    relations = _parse_xml(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {one.get("Id", ""): one.get("Target", "") for one in relations}
    sheets = _parse_xml(archive.read("xl/workbook.xml")).iter(f"{_MAIN}sheet")
    return {one.get("name", ""): _resolve(targets.get(one.get(_RELATION, ""), "")) for one in sheets}


def _parse_xml(xml: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(xml)  # noqa: S314 - the parent refuses entity declarations


def _resolve(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))


def _percent_styles(xml: bytes) -> set[int]:
    root = _parse_xml(xml)
    formats = {
        int(one.get("numFmtId", "-1"))
        for one in root.iter(f"{_MAIN}numFmt")
        if "%" in _LITERAL.sub("", one.get("formatCode", ""))
    } | _PERCENT_FORMATS
    styles = root.find(f"{_MAIN}cellXfs")
    return {i for i, one in enumerate(styles if styles is not None else ()) if int(one.get("numFmtId", "0")) in formats}


def _scan(xml: bytes, percent: set[int]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "hidden_rows": sorted({int(row) - 1 for row in _HIDDEN_ROW.findall(xml)}),
        "hidden_columns": sorted({one for low, high in _HIDDEN_COLUMN.findall(xml) for one in _columns(low, high)}),
        "errors": [],
        "empty_formulas": [],
        "percent": [],
    }
    if b't="e"' in xml:
        found["errors"] = [(*_address(c, r), text.decode()) for c, r, text in _ERROR.findall(xml)[:_MOST_LISTED]]
    if b"<f" in xml:
        found["empty_formulas"] = [_address(c, r) for c, r in _UNCOMPUTED.findall(xml)[:_MOST_LISTED]]
    if percent:
        styles = b"|".join(str(one).encode() for one in sorted(percent))
        cells = re.findall(_CELL + rb'(?=[^>]*\bs="(?:' + styles + rb')")', xml)
        found["percent"] = [_address(c, r) for c, r in cells[:_MOST_LISTED]]
    return found


def _columns(low: bytes, high: bytes) -> range:
    return range(max(1, int(low)) - 1, min(int(high), _WIDEST))


def _address(column: bytes, row: bytes) -> tuple[int, int]:
    number = 0
    for letter in column:
        number = number * 26 + letter - 64
    return int(row) - 1, number - 1


if __name__ == "__main__":
    main()
