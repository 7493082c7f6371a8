"""Tables on a sheet as people lay them out: titles above, headers in several rows, totals and notes below.

Order of events for a sheet:

1. every row is one of: blank; a note (one cell that begins with ※, 注, 出典...); a title (one other cell, unless it
   stands right below a table and not in its first column); cells;
2. rows of cells that touch are a block; titles before it and notes behind it are its own;
3. the header of a block is its first row, the rows that merged cells or gaps of the header reach down to, a row of
   units, and no row with numbers; a header of years is a header;
4. a block without a header continues the table above it (a blank row in the middle), which is reported;
5. a row whose first cell says 合計, 計... is a total and no observation.

What the header was taken for is told with its evidence, and replaced by the options ``header_rows`` and ``first_row``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice

from catalog.errors import InputError, Label
from catalog.model.codelist import nearest
from harvesters.findings import Finding, Level, Rule
from harvesters.readers.cells import ReadNumber, read_number
from harvesters.readers.characters import is_invisible
from harvesters.readers.detected import Detected
from harvesters.readers.grid import Grid, Value, cell_address, column_letters, is_empty, show
from harvesters.readers.markers import LEGENDS
from harvesters.readers.units import PATTERN

SPLIT_TABLE = Rule(
    "table-split",
    Level.REPAIRED,
    Label(
        "表の途中に空白行か見出しのない続きがある（つなげて読む）",
        "A blank row or a part without header inside a table (read as one)",
    ),
    Label("空白行を消してください（L1-03）", "Delete the blank row (L1-03)"),
)
HEADER_FILLED = Rule(
    "header-filled",
    Level.REPAIRED,
    Label("結合されていない空の見出しを左の見出しで補った", "Empty headings filled from the left, not merged"),
    Label("見出しをすべて書くか、結合してください（L1-05）", "Write every heading, or merge the cells (L1-05)"),
)
MERGED_NUMBER = Rule(
    "merged-number",
    Level.WARNING,
    Label("結合セルの数値を、結合された行すべての値とした", "Numbers of merged cells, taken for every merged row"),
    Label(
        "結合を解除し、それぞれの行の値を書いてください（L1-12）",
        "Unmerge the cells and write the value of each row (L1-12)",
    ),
)
RULES = (SPLIT_TABLE, HEADER_FILLED, MERGED_NUMBER)

_NOTE = re.compile(r"^\s*(?:[※＊*]|[(（]?\s*注|備\s*考|出\s*典|資\s*料\s*[:：]|[(（]?\s*単位)")
_TOTAL = re.compile(r"^(?:合計|総計|総合計|計|小計|総数|全体|全市|市計|男女計|total)$", re.IGNORECASE)
#: a row of a header that has nothing but how many people each column is about
_PEOPLE = re.compile(r"\(?n[=:][\d,]+\)?")
_UNIT = re.compile(rf"\(?(?:n|n=|{PATTERN})\)?")
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_LONGEST_TOTAL = 12
#: rows that a header may have
MOST_HEADER_ROWS = 6


@dataclass(frozen=True, slots=True)
class Column:
    """A column with its headings, from top to bottom."""

    #: place in the grid
    index: int
    #: headings, empty ones and repetitions left out
    path: tuple[str, ...]

    @property
    def name(self) -> str:
        """The headings as one text; the letter of the column if it has none."""
        return " / ".join(self.path) or column_letters(self.index)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTable:
    """A table of a sheet."""

    #: the sheet
    grid: Grid
    #: texts above it, with their rows; the nearest last
    titles: tuple[tuple[int, str], ...]
    #: rows of the header, in the grid
    header: range
    #: its columns, from left to right
    columns: tuple[Column, ...]
    #: the rows below the header, in the grid
    rows: tuple[int, ...]
    #: those of them that are totals of others
    totals: frozenset[int] = frozenset()
    #: texts below it, with their rows
    notes: tuple[tuple[int, str], ...] = ()

    @property
    def title(self) -> str:
        """The text right above it; empty if there is none."""
        return self.titles[-1][1] if self.titles else ""

    def iter_data(self) -> Iterator[int]:
        """Yield the rows that are no totals."""
        return (row for row in self.rows if row not in self.totals)

    def iter_totals(self) -> Iterator[int]:
        """Yield the totals."""
        return (row for row in self.rows if row in self.totals)

    def value(self, row: int, column: Column) -> Value:
        """Return what a reader sees in a cell, merged ranges filled."""
        return self.grid.value(row, column.index)

    def text(self, row: int, column: Column) -> str:
        """Return it as text."""
        return self.grid.text(row, column.index)

    def find_column(self, name: str) -> Column | None:
        """Return the one column that is called so, or None.

        All its headings count (``取り組んでいる / ％``), or the last one, or the first one, if only one column has it;
        width and spaces do not.
        """
        wanted = fold(name)
        for part in (slice(None), slice(-1, None), slice(0, 1)):
            hits = [one for one in self.columns if fold(one.path[part]) == wanted]
            if len(hits) == 1:
                return hits[0]
        return None

    def get_column(self, name: str) -> Column:
        """Return the one column that is called so.

        Raises
        ------
        InputError
            If there is none or more than one; names those that are there and the most similar one.
        """
        found = self.find_column(name)
        if found is not None:
            return found
        names = [one.name for one in self.columns]
        similar = nearest(name, names)
        guess = (
            Label(f"「{similar}」のことではありませんか。", f"Did you mean {similar!r}? ") if similar else Label("", "")
        )
        raise InputError(
            f"見出し「{name}」の列が一つに決まりません",
            f"There is not exactly one column headed {name!r}",
            next_step=Label(f"{guess.ja}今の見出し: {'、'.join(names)}", f"{guess.en}Headings: {', '.join(names)}"),
            place=self.grid.place(self.header.start if self.header else 0),
            value=name,
            allowed=names,
            nearest=similar,
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """What the configuration says about the layout of a sheet; None is found by looking."""

    #: rows of the header
    header_rows: int | None = None
    #: first row of the header as people count, from 1; what stands above is title
    first_row: int | None = None
    #: whether hidden rows are left out
    skip_hidden: bool = False


@dataclass(slots=True)
class Found:
    """The tables of a sheet, and what is to be told about them."""

    #: from top to bottom
    tables: list[FoundTable] = field(default_factory=list)
    #: what was found by looking
    detected: list[Detected] = field(default_factory=list)
    #: what was repaired
    findings: list[Finding] = field(default_factory=list)


def find_tables(grid: Grid, layout: Layout | None = None) -> Found:
    """Find the tables of a sheet.

    Raises
    ------
    InputError
        If a declared header lies outside the sheet.
    """
    layout = layout or Layout()
    found = Found()
    for block in _blocks(grid, layout):
        _add(found, grid, block, layout)
    return found


def fold(text: str | Sequence[str]) -> str:
    """Return a text as it is compared: NFKC, no spaces, no brackets around units, lower case."""
    joined = text if isinstance(text, str) else " / ".join(text)
    seen = joined if joined.isascii() else "".join(one for one in joined if not is_invisible(one))
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", seen)).lower()


@dataclass(slots=True)
class _Block:
    titles: list[tuple[int, str]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)


def _blocks(grid: Grid, layout: Layout) -> Iterator[_Block]:
    block = _Block()
    for row in range(grid.height):
        kind = _kind(grid, row, layout)
        if kind == "cells":
            if block.notes or (
                block.rows and block.rows[-1] != row - 1 and not _only_hidden(grid, block.rows[-1], row, layout)
            ):
                yield block
                block = _Block()
            block.rows.append(row)
        elif kind == "note" and block.rows:
            block.notes.append((row, _single(grid, row)))
        elif kind == "title" and _goes_on(grid, block, row):
            block.rows.append(row)
        elif kind != "blank":
            if block.rows:
                yield block
                block = _Block()
            block.titles.append((row, _single(grid, row)))
    if block.rows:
        yield block


def _goes_on(grid: Grid, block: _Block, row: int) -> bool:
    """Return whether a row with one text belongs to the table right above: the text is not in its first column."""
    if block.notes or not block.rows or block.rows[-1] != row - 1 or len(block.rows) == 1:
        return False
    return next(_full_columns(grid, row)) > next(_full_columns(grid, block.rows[0]))


def _kind(grid: Grid, row: int, layout: Layout) -> str:
    if layout.skip_hidden and row in (grid.hidden_rows or ()):
        return "blank"
    full = list(islice(_full_columns(grid, row), 2))
    if not full:
        return "blank"
    if layout.first_row is not None and row < layout.first_row - 1:
        return "title"
    if len(full) > 1 or not isinstance(grid.own_value(row, full[0]), str) or grid.width == 1:
        return "cells"
    if any(one.top < row <= one.bottom for one in grid.merges):
        return "cells"
    return "note" if _NOTE.match(grid.text(row, full[0])) else "title"


def _full_columns(grid: Grid, row: int) -> Iterator[int]:
    """Yield the columns of the cells of a row that are not empty themselves."""
    return (column for column, value in enumerate(grid.rows[row]) if not is_empty(value))


def _only_hidden(grid: Grid, above: int, below: int, layout: Layout) -> bool:
    hidden = grid.hidden_rows or frozenset()
    return layout.skip_hidden and all(row in hidden for row in range(above + 1, below))


def _single(grid: Grid, row: int) -> str:
    return " ".join(text for column in range(len(grid.rows[row])) if (text := grid.text(row, column)))


def _add(found: Found, grid: Grid, block: _Block, layout: Layout) -> None:
    depth, evidence = _header_depth(grid, block.rows, layout)
    if depth == 0 and found.tables and layout.header_rows is None:
        found.tables[-1] = _continued(found.tables[-1], grid, block)
        found.findings.append(Finding(SPLIT_TABLE, grid.place(block.rows[0])))
        return
    header = range(block.rows[0], block.rows[0] + depth)
    columns, filled = _columns(grid, block.rows, header)
    found.findings += [Finding(HEADER_FILLED, grid.place(row, column), text) for row, column, text in filled]
    found.findings += list(_merged_numbers(grid, block.rows[depth:]))
    if layout.header_rows is None:
        shown = f"{header.start + 1}-{header.stop}" if depth > 1 else str(header.start + 1) if depth else "0"
        found.detected.append(Detected(what="header", value=shown, evidence=evidence, place=grid.place(block.rows[0])))
    found.tables.append(
        FoundTable(
            grid=grid,
            titles=tuple(block.titles),
            header=header,
            columns=columns,
            rows=tuple(block.rows[depth:]),
            totals=_totals(grid, block.rows[depth:]),
            notes=tuple(block.notes),
        )
    )


def _merged_numbers(grid: Grid, rows: Sequence[int]) -> Iterator[Finding]:
    """Yield the merged ranges with a number among rows, years left out: they are labels."""
    inside = set(rows)
    for one in grid.merges:
        value = grid.own_value(one.top, one.left) if one.top in inside else None
        if isinstance(value, float) and one.bottom > one.top and not _FIRST_YEAR <= value <= _LAST_YEAR:
            yield Finding(MERGED_NUMBER, grid.place(one.top, one.left), f"{one}: {show(value)}")


def _continued(table: FoundTable, grid: Grid, block: _Block) -> FoundTable:
    return replace(
        table,
        rows=(*table.rows, *block.rows),
        totals=table.totals | _totals(grid, block.rows),
        notes=(*table.notes, *block.titles, *block.notes),
    )


def _totals(grid: Grid, rows: Sequence[int]) -> frozenset[int]:
    return frozenset(row for row in rows if _is_total(grid, row))


def _is_total(grid: Grid, row: int) -> bool:
    first = next((value for value in grid.rows[row] if not is_empty(value)), None)
    return isinstance(first, str) and _says_total(first)


@lru_cache(maxsize=10_000)
def _says_total(text: str) -> bool:
    short = text.strip()
    return len(short) <= _LONGEST_TOTAL and bool(_TOTAL.match(re.sub(r"\s", "", unicodedata.normalize("NFKC", short))))


def _header_depth(grid: Grid, rows: Sequence[int], layout: Layout) -> tuple[int, Label]:
    """Return how many rows the header has, and on what grounds."""
    if layout.header_rows is not None:
        if layout.header_rows > len(rows):
            raise InputError(
                f"見出しが{layout.header_rows}行という設定ですが、表は{len(rows)}行です",
                f"The header is declared to have {layout.header_rows} rows, and the table has {len(rows)}",
                next_step=Label("options の header_rows を直してください", "Correct header_rows in the options"),
                place=grid.place(rows[0]),
                value=layout.header_rows,
            )
        return layout.header_rows, Label("", "")
    if not _is_header_row(grid, rows[0]):
        return 0, Label("最初の行から数値がある", "The first row has numbers already")
    depth = 1
    below = rows[-1] + 1
    headed = (
        below < grid.height and _kind(grid, below, layout) == "title"
    )  # a heading inside the table, below its header
    while depth < min(len(rows) - (not headed), MOST_HEADER_ROWS) and _reaches_down(grid, rows[0], rows[depth]):
        depth += 1
    first = rows[depth] + 1 if depth < len(rows) else rows[-1] + 3
    merged = any(grid.merge_at(rows[0], column) for column in range(grid.width))
    how = Label("結合セルがあり、", "Merged cells, and ") if merged and depth > 1 else Label("", "")
    return depth, Label(f"{how.ja}{first}行目から値が始まる", f"{how.en}values begin in row {first}")


def _is_header_row(grid: Grid, row: int) -> bool:
    numbers = [value for value in grid.rows[row] if _is_number(value)]
    texts = [value for value in grid.rows[row] if isinstance(value, str) and value.strip() and not _is_number(value)]
    years = all(isinstance(one, float) and one.is_integer() and _FIRST_YEAR <= one <= _LAST_YEAR for one in numbers)
    return bool(texts) and (not numbers or years)


def _is_number(value: Value) -> bool:
    read = read_number(value, LEGENDS["default"])
    return isinstance(read, ReadNumber) and not read.is_empty


def _reaches_down(grid: Grid, top: int, row: int) -> bool:
    """Return whether the header goes on in a row: no numbers, and units or more about gaps and merges above."""
    if not _is_header_row(grid, row):
        return False
    texts = [fold(text) for column in range(grid.width) if (text := grid.text(row, column))]
    if any(all(form.fullmatch(text) for text in texts) for form in (_UNIT, _PEOPLE)):
        return True
    gaps = [column for column in range(grid.width) if not _is_whole(grid, top, row - 1, column)]
    return any(grid.text(row, column) for column in gaps) or _tells_apart(grid, top, row)


def _tells_apart(grid: Grid, top: int, row: int) -> bool:
    """Return whether columns have the same headings above a row (性別, 性別) and different ones with it (男, 女)."""
    paths = [tuple(grid.text(one, column) for one in range(top, row)) for column in range(grid.width)]
    twice = [column for column, path in enumerate(paths) if any(path) and paths.count(path) > 1]
    whole = {(paths[column], grid.text(row, column)) for column in twice}
    return bool(twice) and len(whole) == len(twice) and all(text for _, text in whole)


def _is_whole(grid: Grid, top: int, bottom: int, column: int) -> bool:
    """Return whether the headings above a cell are complete: written, not merged with a neighbour's or down."""
    merge = grid.merge_at(bottom, column)
    if merge is not None and (merge.right > merge.left or merge.bottom > bottom):
        return False
    return any(grid.own_value(row, column) is not None for row in range(top, bottom + 1)) or merge is not None


def _columns(grid: Grid, rows: Sequence[int], header: range) -> tuple[tuple[Column, ...], list[tuple[int, int, str]]]:
    used = [c for c in range(grid.width) if any(grid.value(row, c) is not None for row in rows)]
    filled: list[tuple[int, int, str]] = []
    columns = []
    for column in range(used[0], used[-1] + 1) if used else ():
        path: list[str] = []
        for row in header:
            text = _heading(grid, row, column, header, used[0], filled)
            if text and text not in path[-1:]:
                path.append(text)
        columns.append(Column(column, tuple(path)))
    return tuple(columns), filled


def _heading(grid: Grid, row: int, column: int, header: range, first: int, filled: list[tuple[int, int, str]]) -> str:
    """Return a heading; an empty one above a written one is the one to its left, if nothing is merged there."""
    text = re.sub(r"\s+", " ", grid.text(row, column))
    if text or row == header[-1] or grid.merge_at(row, column) is not None:
        return text
    if not any(grid.text(below, column) for below in range(row + 1, header.stop)):
        return ""
    left = next((one for one in range(column - 1, first - 1, -1) if grid.text(row, one)), None)
    if left is None or grid.merge_at(row, left) is not None:
        return ""
    inherited = re.sub(r"\s+", " ", grid.text(row, left))
    filled.append((row, column, f"{cell_address(row, left)}「{inherited}」"))
    return inherited
