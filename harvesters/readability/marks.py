"""What an XLSX says beside its values: looks of cells, formulas, pictures and charts.

The reader layer has checked the archive by now: it unpacks to a bounded size and its XML declares no entities. Colours
of the theme have no value of their own and are left out, as the sample checker does.

References
----------
ECMA-376 part 1: 18.3 (worksheets), 18.8 (styles), 20.5 (drawings).
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TypeVar
from xml.etree import ElementTree

from harvesters.readability.sheet import PLAIN, Drawn, Formula, Marks, Style

_T = TypeVar("_T")

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_DRAWING = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/drawing"
#: element of a drawing -> what it is
_DRAWN = {"pic": "image", "graphicFrame": "chart", "sp": "shape", "cxnSp": "connector"}
#: formulas and drawn things that are listed
_MOST = 50_000
#: colours that openpyxl and the sample checker take for none
_NO_COLOUR = "00000000"


def read_marks(path: Path, rows: int) -> dict[str, Marks]:
    """Return sheet name -> what stands beside its values, in its first ``rows`` rows; empty for an ODS file."""
    with zipfile.ZipFile(path) as archive:
        members = set(archive.namelist())
        if "xl/workbook.xml" not in members:
            return {}
        styles = _styles(archive) if "xl/styles.xml" in members else []
        return {
            name: _marks(archive, member, styles, rows)
            for name, member in _sheets(archive).items()
            if member in members
        }


def _parse(xml: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(xml)  # noqa: S314 - the reader layer refuses entity declarations


def _sheets(archive: zipfile.ZipFile) -> dict[str, str]:
    targets = {one.id: one.target for one in _relations(archive, "xl/workbook.xml")}
    sheets = _parse(archive.read("xl/workbook.xml")).iter(f"{_MAIN}sheet")
    return {one.get("name", ""): targets.get(one.get(_ID, ""), "") for one in sheets}


class _Relation:
    __slots__ = ("id", "kind", "target")

    def __init__(self, element: ElementTree.Element, part: str) -> None:
        target = element.get("Target", "")
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(part), target))
        self.id, self.kind = element.get("Id", ""), element.get("Type", "")
        self.target = target.lstrip("/") if target.startswith("/") else inside


def _relations(archive: zipfile.ZipFile, part: str) -> list[_Relation]:
    member = posixpath.join(posixpath.dirname(part), "_rels", posixpath.basename(part) + ".rels")
    if member not in archive.namelist():
        return []
    return [_Relation(one, part) for one in _parse(archive.read(member))]


def _styles(archive: zipfile.ZipFile) -> list[Style]:
    """Return the looks of a cell for each style number."""
    root = _parse(archive.read("xl/styles.xml"))
    fonts = [(_on(one, "b"), _on(one, "i"), _colour(one.find(f"{_MAIN}color"))) for one in _all(root, "fonts")]
    fills = [_colour(one.find(f"{_MAIN}patternFill/{_MAIN}fgColor")) for one in _all(root, "fills")]
    lines = [(_line(one, "left"), _line(one, "right")) for one in _all(root, "borders")]
    return [
        Style(
            *_at(fonts, one.get("fontId"), (False, False, None)),
            _at(fills, one.get("fillId"), None),
            *_at(lines, one.get("borderId"), (False, False)),
        )
        for one in _all(root, "cellXfs")
    ]


def _all(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    found = root.find(f"{_MAIN}{name}")
    return [] if found is None else list(found)


def _at(values: list[_T], number: str | None, otherwise: _T) -> _T:
    place = int(number or 0)
    return values[place] if place < len(values) else otherwise


def _on(font: ElementTree.Element, name: str) -> bool:
    found = font.find(f"{_MAIN}{name}")
    return found is not None and found.get("val", "1") not in ("0", "false")


def _colour(element: ElementTree.Element | None) -> str | None:
    colour = element.get("rgb") if element is not None else None
    if colour is None:
        return None
    full = "00" + colour if len(colour) == 6 else colour
    return None if full == _NO_COLOUR else full


def _line(border: ElementTree.Element, side: str) -> bool:
    found = border.find(f"{_MAIN}{side}")
    return found is not None and found.get("style") not in (None, "none")


def _marks(archive: zipfile.ZipFile, member: str, styles: list[Style], rows: int) -> Marks:
    found: dict[tuple[int, int], Style] = {}
    formulas: list[Formula] = []
    with archive.open(member) as stream:
        for row, cell in _iter_cells(stream, rows):
            address = cell.get("r")
            if address is None:
                continue
            column = _column(address)
            style = _at(styles, cell.get("s"), PLAIN)
            if style != PLAIN:
                found[row, column] = style
            formula = _formula(cell)
            if formula is not None and len(formulas) < _MOST:
                formulas.append(Formula(row, column, formula))
    return Marks(found, formulas, list(_iter_drawn(archive, member)))


def _iter_cells(stream: IO[bytes], rows: int) -> Iterator[tuple[int, ElementTree.Element]]:
    for _, element in ElementTree.iterparse(stream):  # noqa: S314 - the reader layer refuses entity declarations
        if element.tag != f"{_MAIN}row":
            continue
        for cell in element:
            row = int("".join(one for one in cell.get("r", "") if one.isdigit()) or 0) - 1
            if row >= rows:
                return
            yield row, cell
        element.clear()


def _formula(cell: ElementTree.Element) -> str | None:
    formula, value = cell.find(f"{_MAIN}f"), cell.find(f"{_MAIN}v")
    if value is not None and value.text == "#REF!" and (formula is not None or cell.get("t") == "e"):
        return "#REF!"
    if formula is None:
        return None
    return f"={(formula.text or '').removeprefix('=')}" if formula.text else ""


def _column(address: str) -> int:
    number = 0
    for letter in address:
        if not letter.isalpha():
            break
        number = number * 26 + ord(letter.upper()) - 64
    return number - 1


def _iter_drawn(archive: zipfile.ZipFile, sheet: str) -> Iterator[Drawn]:
    members = set(archive.namelist())
    parts = [one.target for one in _relations(archive, sheet) if one.kind == _DRAWING and one.target in members]
    for part in parts:
        for anchor in _parse(archive.read(part)):
            if _local(anchor) in ("twoCellAnchor", "oneCellAnchor"):
                yield from _drawn(anchor)


def _drawn(anchor: ElementTree.Element) -> Iterator[Drawn]:
    children = {_local(one): one for one in anchor}
    name = next((one for one in _DRAWN if one in children), None)
    corner = children.get("from")
    if name is None or corner is None:
        return
    place = {_local(one): int(one.text or 0) for one in corner if _local(one) in ("row", "col")}
    called = [one.get("name", "") for one in children[name].iter() if _local(one) == "cNvPr"]
    yield Drawn(place["row"], place["col"], _DRAWN[name], called[0] if called else "")


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
