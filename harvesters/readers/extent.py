"""How far the sheets of an ODS workbook reach, for one that could not be opened.

A sheet says "the next row, 1,048,574 times" in forty bytes, and a parser that believes it runs out of memory or gives
up without a reason. This looks at the tags alone, piece by piece, and finds the cell that is to be deleted.

References
----------
OpenDocument 1.3 part 3, 19.675 (table:number-columns-repeated) and 19.677 (table:number-rows-repeated).
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from harvesters.readers.grid import cell_address

_TAG = re.compile(rb"<table:(table-row|table-cell|covered-table-cell|table)(?![\w-])([^<>]*)>")
_NAME = re.compile(rb'\btable:name="([^"]*)"')
_REPEATED = re.compile(rb'\btable:number-(?:rows|columns)-repeated="(\d{1,9})"')
_FILLED = b"office:value-type="
_PIECE = 1 << 20
#: bytes of an unfinished tag that are kept for the next piece
_LONGEST_TAG = 1 << 16


@dataclass(slots=True)
class Extent:
    """How far a sheet reaches."""

    #: name of the sheet
    sheet: str
    #: rows and columns up to the last cell with a value
    rows: int = 0
    columns: int = 0

    @property
    def cells(self) -> int:
        """Number of cells, empty ones included."""
        return self.rows * self.columns

    @property
    def last(self) -> str:
        """The corner of it: the last row, the last column."""
        return cell_address(self.rows - 1, self.columns - 1)


def find_wide_sheet(path: Path, cells: int) -> Extent | None:
    """Return the first sheet of an ODS workbook that reaches over more cells than allowed, or None.

    Parameters
    ----------
    path
        The workbook, whose archive was checked.
    cells
        Cells that all sheets together may have.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if "content.xml" not in archive.namelist():
                return None
            left = cells
            for one in _extents(_pieces(archive)):
                left -= one.cells
                if left < 0:
                    return one
    except (zipfile.BadZipFile, zlib.error, OSError):
        return None
    return None


def _pieces(archive: zipfile.ZipFile) -> Iterator[tuple[bytes, bytes]]:
    """Yield the tags that count, in order, with their attributes."""
    rest = b""
    with archive.open("content.xml") as file:
        while piece := file.read(_PIECE):
            text = rest + piece
            end = text.rfind(b"<")
            yield from _TAG.findall(text[:end] if end >= 0 else text)
            rest = text[end:][:_LONGEST_TAG] if end >= 0 else b""
    yield from _TAG.findall(rest)


def _extents(tags: Iterator[tuple[bytes, bytes]]) -> Iterator[Extent]:
    now: Extent | None = None
    row = rows = column = 0
    for tag, attributes in tags:
        found = _REPEATED.search(attributes)
        repeated = int(found[1]) if found else 1
        if tag == b"table":
            if now is not None:
                yield now
            name = _NAME.search(attributes)
            now, row, rows = Extent(unescape(name[1].decode("utf-8", "replace")) if name else ""), 0, 0
        elif tag == b"table-row":
            row, rows, column = row + rows, repeated, 0
        else:
            column += repeated
            if now is not None and _FILLED in attributes:
                now.rows, now.columns = max(now.rows, row + rows), max(now.columns, column)
    if now is not None:
        yield now
