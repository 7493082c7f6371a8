"""A cross table whose groups stand in rows, turned so that they stand in columns, with every cell's place kept.

====================  ======  ========  ==========  ========
区分                   回答者数  知っている  知らない      無回答
====================  ======  ========  ==========  ========
総数                   1,000    50.2      45.0        4.8
性別 / 男性            480      51.0      ...
====================  ======  ========  ==========  ========

The columns before the first one with figures name the groups: one (男性), or two (性別, 男性) of which the first may be
written once for all rows below it, or a row of its own with nothing but a heading (【性別】). Of an answer with two
columns, people and percent, the percentages count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.errors import Place
from harvesters.readers.cells import ReadNumber, read_number
from harvesters.readers.grid import Grid, Value
from harvesters.readers.markers import LEGENDS
from harvesters.readers.tables import Column, FoundTable, fold
from harvesters.survey.groups import HEADINGS, fold_label

#: what stands below an answer that has a column of percentages and one of people
_PERCENT = frozenset(map(fold, ("%", "(%)", "割合", "構成比", "割合(%)", "構成比(%)", "率")))
_PEOPLE = frozenset(map(fold, ("人", "(人)", "人数", "件", "件数", "実数", "度数", "n", "回答数")))
_HEADINGS = frozenset(fold_label(one) for names in HEADINGS.values() for one in names)
_AROUND = re.compile(r"^[\s【\[(（<〈■●○◆・]+|[\s】\])）>〉]+$")


@dataclass(frozen=True, kw_only=True)
class TurnedGrid(Grid):
    """Cells of another grid by column and row; row 0 and column 0 hold the labels."""

    #: the grid as it stands in the file
    original: Grid
    #: its columns, for rows from 1 on
    original_columns: tuple[int, ...]
    #: its rows, for columns from 1 on
    original_rows: tuple[int, ...]
    #: row of its last heading
    heading_row: int
    #: column of its last label
    label_column: int

    def place(self, row: int | None = None, column: int | None = None) -> Place:
        """Return where a cell stands in the file."""
        if row is None:
            return self.original.place()
        if column is None:
            return self.original.place(self.heading_row, self._column(row))
        return self.original.place(self._row(column), self._column(row))

    def _row(self, column: int) -> int:
        return self.original_rows[column - 1] if column else self.heading_row

    def _column(self, row: int) -> int:
        return self.original_columns[row - 1] if row else self.label_column


def turn(table: FoundTable) -> FoundTable | None:
    """Return a table with its rows as columns; None if it has no labels on the left or no figures."""
    labels = _label_columns(table)
    figures = _figure_columns(table.columns[labels:])
    rows = list(table.rows)
    if not labels or not figures or not rows:
        return None
    grid = table.grid
    paths = _paths(table, rows, labels)
    columns = [column.index for _, column in figures]
    turned = TurnedGrid(
        file=grid.file,
        sheet=grid.sheet,
        rows=_cells(table, rows, figures, paths),
        percent=_swapped(grid.percent, rows, columns),
        uncomputed=_swapped(grid.uncomputed, rows, columns),
        original=grid,
        original_columns=tuple(columns),
        original_rows=tuple(rows),
        heading_row=table.header.stop - 1 if table.header else 0,
        label_column=table.columns[labels - 1].index,
    )
    return FoundTable(
        grid=turned,
        titles=table.titles,
        header=range(1),
        columns=(Column(0, ()), *(Column(i, path) for i, path in enumerate(paths, 1))),
        rows=tuple(range(1, len(figures) + 1)),
        notes=table.notes,
    )


def _label_columns(table: FoundTable) -> int:
    """Return how many columns stand before the first one with figures."""
    for number, column in enumerate(table.columns):
        figures = sum(_is_number(table.value(row, column)) for row in table.rows)
        if 2 * figures >= len(table.rows):
            return number
    return 0


def _is_number(value: Value) -> bool:
    read = read_number(value, LEGENDS["default"])
    return isinstance(read, ReadNumber) and read.value is not None


def _figure_columns(columns: Sequence[Column]) -> list[tuple[str, Column]]:
    """Return the answers with their columns; of people and percent the latter."""
    halved = [one for one in columns if len(one.path) > 1 and fold(one.path[-1]) in _PERCENT | _PEOPLE]
    in_percent = {one.path[:-1] for one in halved if fold(one.path[-1]) in _PERCENT}
    found = []
    for one in columns:
        path = one.path[:-1] if one in halved else one.path
        if one in halved and fold(one.path[-1]) in _PEOPLE and path in in_percent:
            continue
        if path:
            found.append((path[-1], one))
    return found


def _paths(table: FoundTable, rows: Sequence[int], labels: int) -> list[tuple[str, ...]]:
    """Return the heading and the label of the group of each row."""
    sections = [(row, text) for row, noted in table.notes if fold_label(text := _AROUND.sub("", noted)) in _HEADINGS]
    paths, above = [], ""
    for row in rows:
        texts = [table.text(row, one) for one in table.columns[:labels]]
        section = next((text for at, text in reversed(sections) if at < row), "")
        if labels > 1:
            above = texts[0] or above
            path = (above, *texts[1:])
        else:
            path = (section, *texts)
        paths.append(tuple(dict.fromkeys(one for one in path if one)))
    return paths


def _cells(
    table: FoundTable, rows: Sequence[int], figures: Sequence[tuple[str, Column]], paths: Sequence[tuple[str, ...]]
) -> list[list[Value]]:
    header: list[Value] = [None, *(path[-1] if path else None for path in paths)]
    return [header, *([label, *(table.value(row, column) for row in rows)] for label, column in figures)]


def _swapped(
    cells: frozenset[tuple[int, int]], rows: Sequence[int], columns: Sequence[int]
) -> frozenset[tuple[int, int]]:
    at_row = {row: i for i, row in enumerate(rows, 1)}
    at_column = {column: i for i, column in enumerate(columns, 1)}
    return frozenset((at_column[c], at_row[r]) for r, c in cells if r in at_row and c in at_column)
