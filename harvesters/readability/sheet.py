"""A sheet as the rules look at it: its cells, and what a workbook or a text file says beside them.

Rows and columns are counted from 0; an empty cell is None, a cell of spaces is not empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cached_property
from itertools import zip_longest
from typing import NamedTuple

from harvesters.readers.grid import Merge, Value, cell_address, column_letters


class Style(NamedTuple):
    """How a cell looks, as far as a rule asks."""

    #: bold and italic type
    bold: bool = False
    italic: bool = False
    #: colours as ARGB; None if not given as such
    font: str | None = None
    fill: str | None = None
    #: whether there is a line at its left and right
    left: bool = False
    right: bool = False


PLAIN = Style()


class Drawn(NamedTuple):
    """A picture, chart or shape, at the cell of its upper left corner."""

    row: int
    column: int
    #: image, chart, shape or connector
    what: str
    name: str


class Formula(NamedTuple):
    """A cell with a formula, or with the error of a lost reference."""

    row: int
    column: int
    #: ``=SUM(B2:B9)`` or ``#REF!``; empty if it is shared with another cell
    text: str


@dataclass(frozen=True, slots=True)
class Marks:
    """What a workbook says beside its values."""

    #: looks of the cells that are not plain
    styles: Mapping[tuple[int, int], Style] = field(default_factory=dict)
    #: formulas, in the order of the sheet
    formulas: Sequence[Formula] = ()
    #: pictures, charts and shapes
    drawn: Sequence[Drawn] = ()


class Broken(NamedTuple):
    """A record of a text file that breaks RFC 4180 or the width of the table."""

    #: what is wrong: ``multiline``, ``unclosed``, ``quote``, ``width``
    what: str
    #: number of the record, from 0
    row: int
    #: the column, if it is one
    column: int | None
    #: first and last line of the record, from 1
    first_line: int
    last_line: int
    #: fields that it has, and that the header has
    fields: int
    expected: int


@dataclass(frozen=True, slots=True)
class TextScan:
    """What a text file says beside its values."""

    #: ``,`` or a tab
    delimiter: str
    #: codec, such as ``cp932`` or ``utf-8``
    encoding: str
    #: whether it begins with a byte order mark
    bom: bool
    #: how many records are broken, for each kind
    counts: Mapping[str, int]
    #: the first broken ones
    broken: Sequence[Broken]
    #: whether the search was ended because there were too many
    ended_early: bool


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook, or a text file."""

    #: name of the sheet; of a text file its name without suffix
    name: str
    #: cells
    rows: Sequence[Sequence[Value]]
    #: merged ranges
    merges: tuple[Merge, ...] = ()
    #: hidden rows and columns; None if the format does not tell
    hidden_rows: frozenset[int] | None = frozenset()
    hidden_columns: frozenset[int] | None = frozenset()
    #: whether the sheet itself is hidden
    hidden: bool = False
    #: what a workbook says beside; None if the format does not tell
    marks: Marks | None = None
    #: what a text file says beside; None for workbooks
    scan: TextScan | None = None

    @cached_property
    def height(self) -> int:
        """Number of rows."""
        return len(self.rows)

    @cached_property
    def width(self) -> int:
        """Number of columns."""
        return max((len(row) for row in self.rows), default=0)

    @cached_property
    def _columns(self) -> list[tuple[Value, ...]]:
        return list(zip_longest(*self.rows))

    @cached_property
    def masters(self) -> Mapping[tuple[int, int], tuple[int, int]]:
        """Cell in a merged range -> the first cell of the range."""
        return {
            (row, column): (one.top, one.left)
            for one in self.merges
            for row in range(one.top, min(one.bottom, self.height) + 1)
            for column in range(one.left, min(one.right, self.width) + 1)
        }

    def value(self, row: int, column: int) -> Value:
        """Return what stands in the cell itself."""
        cells = self.rows[row] if 0 <= row < len(self.rows) else ()
        return cells[column] if 0 <= column < len(cells) else None

    def text(self, row: int, column: int) -> str:
        """Return it as text without spaces around it; empty is ``""``."""
        return shown(self.value(row, column)).strip()

    def style(self, row: int, column: int) -> Style:
        """Return how the cell looks."""
        return self.marks.styles.get((row, column), PLAIN) if self.marks else PLAIN

    def filled(self, row: int, left: int, right: int) -> int:
        """Return how many cells of a row have something in them, from column ``left`` to ``right``."""
        return sum(1 for cell in self.rows[row][left : right + 1] if cell is not None)

    def column(self, column: int, top: int, bottom: int) -> list[Value]:
        """Return the cells of a column, from row ``top`` to ``bottom``."""
        return list(self._columns[column][top : bottom + 1]) if column < len(self._columns) else []


class Area(NamedTuple):
    """A rectangle of cells, all four ends included."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left + 1

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top + 1

    def holds(self, row: int, column: int) -> bool:
        """Return whether a cell is in it."""
        return self.top <= row <= self.bottom and self.left <= column <= self.right

    def meets(self, merge: Merge) -> bool:
        """Return whether a merged range has a cell in it."""
        return (
            merge.top <= self.bottom
            and merge.bottom >= self.top
            and merge.left <= self.right
            and merge.right >= self.left
        )

    def __str__(self) -> str:
        return f"{cell_address(self.top, self.left)}:{cell_address(self.bottom, self.right)}"


def column_name(column: int) -> str:
    """Return what a column is called in a message: ``列C``."""
    return f"列{column_letters(column)}"


def shown(value: Value) -> str:
    """Return a cell as text, as a program would: ``38`` for 38.0, ISO 8601 for dates."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date | time) else str(value)


def is_number(value: Value) -> bool:
    """Return whether a cell holds a number, not a text that looks like one."""
    return isinstance(value, int | float)
