"""Where the tables of a sheet are: islands of filled cells, without the titles above and the notes below.

Order of events: rows and columns that have something in them form bands; a header that a blank row cuts from its body
joins it; where a band of rows crosses a band of columns there is an island; titles, totals, notes and sources at its
edge are set apart; what is left, if it is more than one column, is a table; tables beside each other become one if
their rows are the same.

The decisions and thresholds are those of the Digital Agency's sample checker, so that scores agree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from harvesters.readability.layout import Layout, column_kinds, find_layout, header_strength, is_figure, layout_below
from harvesters.readability.sheet import Area, Sheet, is_number
from harvesters.readers.grid import Value

#: below this confidence an island may not be a table
SURE = 0.7

_TOTAL = re.compile(r"^(合計|小計|総計|計|総数|総合計|3カ年平均)$")
_NOTE = re.compile(r"^\s*(※|（注）|注[：:）)]|備考)")
_SOURCES = ("出典", "Source", "source", "参考", "出所", "資料")


class Other(NamedTuple):
    """A cell that stands outside every table."""

    row: int
    column: int
    value: Value
    #: title, total, note, source or isolated
    what: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table on a sheet."""

    area: Area
    layout: Layout
    #: how sure it is that this is a table, 0 to 1
    confidence: float

    @property
    def doubtful(self) -> bool:
        """Whether it may not be a table."""
        return self.confidence < SURE


def find_tables(sheet: Sheet) -> tuple[list[Table], list[Other]]:
    """Return the tables of a sheet, the surest first, and the cells outside them."""
    rows = _bands([row for row in range(sheet.height) if sheet.filled(row, 0, sheet.width) > 0])
    columns = _bands(sorted({column for row in sheet.rows for column, one in enumerate(row) if one is not None}))
    tables: list[Table] = []
    others: list[Other] = []
    for top, bottom in _join_headers(sheet, rows, columns):
        for left, right in columns:
            area, apart = _trim(sheet, Area(top, left, bottom, right))
            others += apart
            if area is None:
                continue
            if area.left == area.right:
                others += [
                    Other(row, left, sheet.value(row, left), "isolated")
                    for row in range(area.top, area.bottom + 1)
                    if sheet.value(row, left) is not None
                ]
            else:
                tables.append(_table(sheet, area))
    tables = _name_by_table_above(sheet, _join_fragments(sheet, _join_beside(sheet, tables)))
    return sorted(tables, key=lambda one: one.confidence, reverse=True), others


def whole_table(sheet: Sheet) -> Table:
    """Return a sheet that is one table by its format, with its names in the first row."""
    area = Area(0, 0, max(sheet.height - 1, 0), max(sheet.width - 1, 0))
    return Table(area, layout_below(sheet, area, (0,), 1), 1.0)


def with_declared_header(sheet: Sheet, table: Table, names: Sequence[str]) -> Table:
    """Return the table with its first row for header, if most of that row are declared names; else as it is."""
    area = table.area
    first = [sheet.text(area.top, column) for column in range(area.left, area.right + 1)]
    if area.height < 2 or 2 * sum(one in names for one in first) < len(first):
        return table
    return replace(table, layout=layout_below(sheet, area, (area.top,), area.top + 1))


def _table(sheet: Sheet, area: Area, cells: float = 0.6, rows: float = 0.6) -> Table:
    return Table(area, find_layout(sheet, area), _confidence(sheet, area, cells, rows))


def _confidence(sheet: Sheet, area: Area, cells: float, rows: float) -> float:
    filled = [sheet.filled(row, area.left, area.right) for row in range(area.top, area.bottom + 1)]
    enough = max(min(area.width * 0.3, 2), 1)
    share = sum(filled) / (area.width * area.height)
    return round(min(share * cells + sum(one >= enough for one in filled) / area.height * rows, 1.0), 3)


def _bands(numbers: Sequence[int]) -> list[tuple[int, int]]:
    bands: list[tuple[int, int]] = []
    for number in numbers:
        if bands and number - bands[-1][1] <= 1:
            bands[-1] = (bands[-1][0], number)
        else:
            bands.append((number, number))
    return bands


def _join_headers(sheet: Sheet, rows: list[tuple[int, int]], columns: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join a band that is only a header to the next one, if one blank row is between them."""
    if len(rows) < 2:
        return rows
    left, right = max(columns, key=lambda one: one[1] - one[0])
    joined = [rows[0]]
    for band in rows[1:]:
        top, bottom = joined[-1]
        if band[0] - bottom - 1 <= 1 and _is_header_band(sheet, Area(top, left, bottom, right)):
            joined[-1] = (top, band[1])
        else:
            joined.append(band)
    return joined


def _is_header_band(sheet: Sheet, area: Area) -> bool:
    deep = any(
        area.top <= one.top <= area.bottom
        and one.left >= area.left
        and one.right <= area.right
        and one.bottom > one.top
        for one in sheet.merges
    )
    if area.height > 10 and not deep:
        return False
    strengths = [header_strength(sheet, row, area.left, area.right) for row in range(area.top, area.bottom + 1)]
    weak = [area.top + number for number, one in enumerate(strengths) if one == 0]
    return max(strengths) >= 2 and not any(_is_body_row(sheet, row, area) for row in weak)


def _is_body_row(sheet: Sheet, row: int, area: Area) -> bool:
    cells = [value for value in sheet.rows[row][area.left : area.right + 1] if value is not None]
    if len(cells) <= 2 and (area.width >= 3 or not cells):
        return False
    return any(is_number(one) or is_figure(one) for one in cells) and len(cells) / area.width > 0.3


def _trim(sheet: Sheet, area: Area) -> tuple[Area | None, list[Other]]:
    """Set titles above and totals, notes and sources below apart; None if nothing is left."""
    if not any(sheet.filled(row, area.left, area.right) for row in range(area.top, area.bottom + 1)):
        return None, []
    others: list[Other] = []
    top, bottom = area.top, area.bottom
    while area.width >= 3 and top < bottom and _is_title(sheet, top, area):
        others += _apart(sheet, top, area, "title")
        top += 1
    while bottom > top:
        what = _foot(sheet, bottom, area)
        if what is None:
            break
        others += _apart(sheet, bottom, area, what)
        bottom -= 1
    if top == bottom and area.width >= 3:
        cells = [one for one in sheet.rows[top][area.left : area.right + 1] if one is not None]
        if cells and len(cells) / area.width <= 0.2 and all(isinstance(one, str) for one in cells):
            return None, others + _apart(sheet, top, area, "note")
    return Area(top, area.left, bottom, area.right), others


def _apart(sheet: Sheet, row: int, area: Area, what: str) -> list[Other]:
    columns = range(area.left, area.right + 1)
    return [Other(row, one, sheet.value(row, one), what) for one in columns if sheet.value(row, one) is not None]


def _is_title(sheet: Sheet, row: int, area: Area) -> bool:
    filled = sheet.filled(row, area.left, area.right)
    columns = range(area.left, area.right + 1)
    if any((row, one) in sheet.masters or sheet.style(row, one).bold for one in columns):
        return filled == 1 and area.width >= 4
    return filled / area.width <= 0.15 or 1 <= filled <= 2


def _foot(sheet: Sheet, row: int, area: Area) -> str | None:
    """Return what the last row of an island is, if it is not part of the table; ``""`` for a blank one."""
    cells = [one for one in sheet.rows[row][area.left : area.right + 1] if one is not None]
    if not cells:
        return ""
    if any(_TOTAL.match(one.strip()) for one in [one for one in cells if isinstance(one, str)][:3]):
        return "total"
    first = cells[0]
    if not isinstance(first, str):
        return None
    if _NOTE.match(first):
        return "note"
    share = len(cells) / area.width
    named = first.strip().startswith(_SOURCES)
    if share < 0.3 and (named or share <= 0.2):
        return "source" if named else "note"
    return None


def _join_beside(sheet: Sheet, tables: list[Table]) -> list[Table]:
    """Join tables with one blank column between them and the same rows."""
    waiting = sorted(tables, key=lambda one: (one.area.top, one.area.left))
    joined: list[Table] = []
    while waiting:
        current, *waiting = waiting
        for right in list(waiting):
            if _beside(current, right):
                a, b = current.area, right.area
                current = _table(sheet, Area(min(a.top, b.top), a.left, max(a.bottom, b.bottom), b.right))
                waiting.remove(right)
        joined.append(current)
    return joined


def _beside(left: Table, right: Table) -> bool:
    a, b = left.area, right.area
    rows = abs(a.top - b.top) <= 1 and abs(a.bottom - b.bottom) <= 1
    one, two = set(left.layout.header), set(right.layout.header)
    return rows and b.left - a.right - 1 == 1 and (one <= two or two <= one)


def _join_fragments(sheet: Sheet, tables: list[Table]) -> list[Table]:
    """Join three or more narrow tables in the same rows: a form that is cut by blank columns."""
    if len(tables) <= 2:
        return tables
    kept: list[Table] = []
    joined: list[Table] = []
    waiting = list(tables)
    while waiting:
        first = waiting[0]
        group = [one for one in waiting if one is first or _in_same_rows(first.area, one.area)]
        waiting = [one for one in waiting if one not in group]
        if len(group) >= 3 and sum(one.area.width <= 3 for one in group) >= 3:
            areas = [one.area for one in group]
            whole = Area(
                min(one.top for one in areas),
                min(one.left for one in areas),
                max(one.bottom for one in areas),
                max(one.right for one in areas),
            )
            joined.append(_table(sheet, whole, 0.2, 0.85))
        else:
            kept += group
    return [one for one in tables if one in kept] + joined


def _in_same_rows(a: Area, b: Area) -> bool:
    common = min(a.bottom, b.bottom) - max(a.top, b.top) + 1
    return common > 0 and common / min(a.height, b.height) >= 0.8


def _name_by_table_above(sheet: Sheet, tables: list[Table]) -> list[Table]:
    """Give a table without header the column names of the one right above it."""
    if len(tables) <= 1:
        return tables
    ordered = sorted(tables, key=lambda one: one.area.top)
    for number, one in enumerate(ordered):
        if one.layout.named:
            continue
        for above in reversed(ordered[:number]):
            gap = one.area.top - above.area.bottom - 1
            same = above.area.left == one.area.left and above.area.right == one.area.right
            if same and 0 <= gap <= 2 and above.layout.named:
                kinds = one.layout.kinds
                if not kinds and above.layout.kinds:
                    kinds = column_kinds(sheet, _body(one), one.layout.top)
                ordered[number] = replace(one, layout=replace(one.layout, kinds=kinds, named=True))
                break
    return ordered


def _body(table: Table) -> Area:
    """Return the area of the body of a table."""
    return Area(table.layout.top, table.area.left, table.layout.bottom, table.area.right)
