"""Rows with named columns, wherever they come from: tables of files, JSON answers, SDMX series.

A row has a key of the source's own (the number of a row in a grid, of an element in an answer), and a place can be told
for each of its cells.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal

from catalog.errors import InputError, Label, Place
from catalog.model.codelist import nearest
from harvesters.readers.grid import Grid, Value
from harvesters.readers.tables import FoundTable, fold

#: what a cell of a record holds; None if there is nothing
Cell = str | int | float | bool | Decimal | date | datetime | time | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Rows of cells under columns with names."""

    #: what people call the file or answer
    name: str
    #: names of the columns, in order; the headings of a column joined by `` / ``
    columns: tuple[str, ...]
    #: key and cells of each row; can be iterated once, unless the maker says otherwise
    rows: Iterable[tuple[int, Sequence[Cell]]]
    #: place of a cell: key of the row or None for the header, number of the column or None for the row
    place: Callable[[int | None, int | None], Place]
    #: headings of each column from top to bottom; the names if there is one row of them
    headings: tuple[tuple[str, ...], ...] = ()
    #: cells that are shown as percent (0.502 as 50.2%), by key of the row and number of the column
    percent: Container[tuple[int, int]] = frozenset()
    #: cells with a formula that was never computed
    uncomputed: Container[tuple[int, int]] = frozenset()
    #: rows of a text with more cells than its header, by key: number and text of the first cell too many
    wide: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    #: name of the sheet; None if there are none
    sheet: str | None = None
    #: the text above the table; empty if there is none
    title: str = ""

    def find_columns(self, heading: str) -> list[int]:
        """Return the numbers of the columns that are called so.

        ``*`` stands for anything; width and spaces do not count. All headings of a column count (``男 / 人数``), or the
        last one, or the first one, whichever fits first.
        """
        paths = self.headings or tuple((one,) for one in self.columns)
        wanted = fold(heading)
        for part in (slice(None), slice(-1, None), slice(0, 1)):
            hits = [i for i, path in enumerate(paths) if _fits(fold(path[part]), wanted)]
            if hits:
                return hits
        return []

    def get_column(self, heading: str) -> int:
        """Return the number of the one column that is called so.

        Raises
        ------
        InputError
            If there is none or more than one; names the nearest one and those that are there.
        """
        found = self.find_columns(heading)
        if len(found) == 1:
            return found[0]
        near = nearest(heading, self.columns) if not found else None
        several = [f"{self.columns[i]} ({self.place(None, i).cell})" for i in found]
        guess = Label(f"「{near}」のことではありませんか。", f"Did you mean {near!r}? ") if near else Label("", "")
        hits = Label(
            f"当てはまる列: {'、'.join(several)}。表が横に並んでいるなら、別のシートか縦一つの表に分けてください。",
            f"These fit: {', '.join(several)}. If tables stand side by side, give each a sheet or make one of them. ",
        )
        guess = hits if several else guess
        raise InputError(
            f"見出し「{heading}」の列が一つに決まりません",
            f"There is not exactly one column headed {heading!r}",
            next_step=Label(
                f"{guess.ja}見出しか options の mapping を直してください。今の見出し: {'、'.join(self.columns)}",
                f"{guess.en}Correct the heading, or mapping in the options. Headings: {', '.join(self.columns)}",
            ),
            place=self.place(None, None),
            value=heading,
            nearest=near,
            allowed=list(self.columns),
        )


def _fits(folded: str, wanted: str) -> bool:
    if "*" not in wanted:
        return folded == wanted
    return fnmatch.fnmatchcase(folded, wanted.replace("[", "[[]").replace("?", "[?]"))


def records_of_table(table: FoundTable, *, name: str) -> Records:
    """Return the rows of a table of a sheet, merged cells filled."""
    grid, columns = table.grid, [one.index for one in table.columns]
    numbers = {index: i for i, index in enumerate(columns)}
    return Records(
        name=name,
        columns=tuple(one.name for one in table.columns),
        headings=tuple(one.path or (one.name,) for one in table.columns),
        rows=_TableRows(table, columns),
        place=_TablePlaces.of(table, columns),
        percent=frozenset((row, numbers[column]) for row, column in grid.percent if column in numbers),
        uncomputed=frozenset((row, numbers[column]) for row, column in grid.uncomputed if column in numbers),
        wide=_wide_rows(table, numbers),
        sheet=grid.sheet,
        title=" ".join(text for _, text in table.titles),
    )


def _wide_rows(table: FoundTable, numbers: Mapping[int, int]) -> dict[int, tuple[int, str]]:
    """Return the rows of a text file whose cells reach beyond the header: a comma in a number makes two cells of it."""
    grid = table.grid
    if grid.sheet is not None or not table.header:
        return {}
    width = max(len(grid.rows[row]) for row in table.header)
    wide = (row for row in table.rows if len(grid.rows[row]) > width)
    found = ((row, next((i for i in range(width, len(grid.rows[row])) if grid.text(row, i)), None)) for row in wide)
    return {row: (numbers[i], grid.text(row, i)) for row, i in found if i is not None and i in numbers}


@dataclass(frozen=True, slots=True)
class _TablePlaces:
    """Places without the cells of the sheet: they outlive it."""

    grid: Grid
    header_row: int
    columns: Sequence[int]

    @classmethod
    def of(cls, table: FoundTable, columns: Sequence[int]) -> _TablePlaces:
        grid, header = table.grid, table.header
        bare = Grid(file=grid.file, sheet=grid.sheet, rows=(), lines=grid.lines)
        return cls(bare, header.stop - 1 if header else 0, columns)

    def __call__(self, row: int | None, column: int | None) -> Place:
        row = self.header_row if row is None else row
        return self.grid.place(row, None if column is None else self.columns[column])


@dataclass(frozen=True, slots=True)
class _TableRows:
    """The rows of a table, made while they are read, as often as they are."""

    table: FoundTable
    columns: Sequence[int]

    def __iter__(self) -> Iterator[tuple[int, list[Value]]]:
        return ((row, self.table.grid.values(row, self.columns)) for row in self.table.rows)


@dataclass(slots=True)
class _Numbered:
    """Places of rows that have no cells of their own: numbers from 1 and the name of the column."""

    name: str
    columns: Sequence[str]
    start: int = field(default=1)

    def __call__(self, row: int | None, column: int | None) -> Place:
        what = [] if row is None else [f"row {row + self.start}"]
        what += [] if column is None else [f"column {self.columns[column]}"]
        return Place(file=self.name, cell=", ".join(what) or None)


def records_of_rows(
    name: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    place: Callable[[int | None, int | None], Place] | None = None,
) -> Records:
    """Return rows that are read one after the other; nothing is held.

    Parameters
    ----------
    name
        What people call the file or answer.
    columns
        Names of the columns.
    rows
        Cells of each row, in the order of the columns.
    place
        Where a cell is, given the number of its row from 0 (None: the header) and of its column (None: the row); by
        default the row from 1 and the name of the column.
    """
    return Records(
        name=name,
        columns=tuple(columns),
        rows=_numbered(rows),
        place=place or _Numbered(name, tuple(columns)),
    )


def _numbered(rows: Iterable[Sequence[Cell]]) -> Iterator[tuple[int, Sequence[Cell]]]:
    yield from enumerate(rows)
