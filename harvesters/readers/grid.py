"""A sheet as it stands: cells by row and column, with what is merged and hidden. CSV is a sheet without either.

Rows and columns are counted from 0 inside; people see ``A1``. The value of a merged range stands in its first cell;
:meth:`Grid.value` gives it for every cell of the range, because that is what a reader of the page sees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cached_property

from catalog.errors import Place

#: what a cell holds; None if it is empty. Text is not stripped
Value = str | float | bool | date | datetime | time | None


def column_letters(column: int) -> str:
    """Return the letters of a column: 0 is ``A``, 26 is ``AA``."""
    letters, rest = "", column + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        letters = chr(65 + digit) + letters
    return letters


def cell_address(row: int, column: int) -> str:
    """Return the address that people use: (0, 0) is ``A1``."""
    return f"{column_letters(column)}{row + 1}"


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged range, all four ends included."""

    #: first row
    top: int
    #: first column
    left: int
    #: last row
    bottom: int
    #: last column
    right: int

    def __str__(self) -> str:
        return f"{cell_address(self.top, self.left)}:{cell_address(self.bottom, self.right)}"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """One sheet of a file, or the whole of a text file."""

    #: name of the file as people know it
    file: str
    #: name of the sheet; None for text files
    sheet: str | None
    #: rows of cells from A1 on; rows may differ in length
    rows: Sequence[Sequence[Value]]
    #: merged ranges
    merges: tuple[Merge, ...] = ()
    #: hidden rows; None if the format does not tell
    hidden_rows: frozenset[int] | None = frozenset()
    #: hidden columns; None if the format does not tell
    hidden_columns: frozenset[int] | None = frozenset()
    #: whether the sheet itself is visible
    visible: bool = True
    #: cells that are shown as percent: 0.502 is read as 50.2% by whoever sees the sheet
    percent: frozenset[tuple[int, int]] = frozenset()
    #: cells with a formula that was never computed; they look empty
    uncomputed: frozenset[tuple[int, int]] = frozenset()
    #: number of the line that each row begins on, if rows are not lines (quoted line breaks); None if they are
    lines: Sequence[int] | None = field(default=None, repr=False)

    @cached_property
    def width(self) -> int:
        """Number of columns."""
        return max((len(row) for row in self.rows), default=0)

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self.rows)

    @cached_property
    def _origins(self) -> Mapping[tuple[int, int], tuple[int, int]]:
        return {
            (row, column): (one.top, one.left)
            for one in self.merges
            for row in range(one.top, min(one.bottom, self.height - 1) + 1)
            for column in range(one.left, min(one.right, self.width - 1) + 1)
        }

    @cached_property
    def _merged_rows(self) -> frozenset[int]:
        return frozenset(row for row, _ in self._origins)

    def value(self, row: int, column: int) -> Value:
        """Return what a reader sees at a cell; None if it is empty, blank or outside the sheet."""
        row, column = self._origins.get((row, column), (row, column))
        return self.own_value(row, column)

    def values(self, row: int, columns: Sequence[int]) -> list[Value]:
        """Return what a reader sees at some cells of a row of the sheet, as :meth:`value` does."""
        if row in self._merged_rows:
            return [self.value(row, column) for column in columns]
        cells = self.rows[row]
        found = [cells[column] if column < len(cells) else None for column in columns]
        return [None if isinstance(one, str) and not one.strip() else one for one in found]

    def own_value(self, row: int, column: int) -> Value:
        """Return what stands in the cell itself; empty in a merged range but for its first cell."""
        if not (0 <= row < len(self.rows) and 0 <= column < len(self.rows[row])):
            return None
        value = self.rows[row][column]
        return None if is_empty(value) else value

    def text(self, row: int, column: int) -> str:
        """Return the cell as text without spaces around it; empty cells are ``""``."""
        return show(self.value(row, column))

    def is_blank(self, row: int) -> bool:
        """Return whether a row has nothing in it."""
        return all(self.own_value(row, column) is None for column in range(len(self.rows[row])))

    def merge_at(self, row: int, column: int) -> Merge | None:
        """Return the merged range that covers a cell, or None."""
        origin = self._origins.get((row, column))
        return None if origin is None else next(one for one in self.merges if (one.top, one.left) == origin)

    def place(self, row: int | None = None, column: int | None = None) -> Place:
        """Return the place of a cell, a row or the whole sheet, for messages."""
        if row is None:
            return Place(file=self.file, sheet=self.sheet)
        if self.sheet is None and self.lines is not None:
            row = self.lines[row] - 1
        cell = f"row {row + 1}" if column is None else cell_address(row, column)
        return Place(file=self.file, sheet=self.sheet, cell=cell)


def is_empty(value: Value) -> bool:
    """Return whether a cell has nothing in it, or nothing but spaces."""
    return value is None or (isinstance(value, str) and not value.strip())


def show(value: Value) -> str:
    """Return a value as people would write it: 38.0 is ``38``, dates are ISO 8601, empty is ``""``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return value.strip()
