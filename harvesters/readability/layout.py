"""What a table looks like inside: which rows are its header, what its columns hold, which columns name its rows.

The decisions and thresholds are those of the Digital Agency's sample checker, so that scores agree; where they look odd
(five rows of text may become a header of five rows) they are meant to.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Literal

from harvesters.readability.sheet import Area, Sheet, is_number
from harvesters.readers.grid import Value

ColumnKind = Literal["text", "numeric", "date", "mixed", "empty"]

#: rows that a header may have
HEADER_ROWS = 5
#: columns that may name the rows
_STUB_COLUMNS = 3
#: share of a column's cells that must look the same to be told apart by looks
_STUB_LOOKS = 0.8
#: share of one kind that decides the kind of a column
_KIND_SHARE = 0.8

_NUMBER = re.compile(r"^[+-]?(\d+(\.\d+)?|\d{1,3}(,\d{3})*(\.\d+)?)$")
_DATE = re.compile(r"^(\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[-/]\d{1,2}[-/]\d{4})$")

#: texts that stand for a missing value; a column is judged without them
MISSING = frozenset({"-", "－", "–", "―", "…", "‥", "*", "×", "x", "X", "N/A", "n/a", "NA", "-\u3000"})


@dataclass(frozen=True, slots=True)
class Layout:
    """The inside of a table."""

    #: rows of the header; empty if none was found
    header: tuple[int, ...]
    #: first and last row of the body
    top: int
    bottom: int
    #: column -> what it holds; empty if it was not looked at
    kinds: dict[int, ColumnKind] = field(default_factory=dict)
    #: columns that name the rows
    stubs: tuple[int, ...] = ()
    #: whether its columns have names, perhaps those of the table above
    named: bool = False


def is_number_text(text: str) -> bool:
    """Return whether a text is a number as programs write it."""
    return _NUMBER.match(text) is not None


def looks_like_figure(text: str) -> bool:
    """Return whether a number is a figure rather than the number of a column."""
    return "," in text or "." in text or len(text.lstrip("+-")) >= 3


def is_figure(value: Value) -> bool:
    """Return whether a text is a number that looks like a figure."""
    return isinstance(value, str) and is_number_text(value.strip()) and looks_like_figure(value.strip())


def header_strength(sheet: Sheet, row: int, left: int, right: int) -> int:
    """Return how much a row looks like a header: 0 not, 1 only texts, 2 bold or merged."""
    cells = [(column, sheet.value(row, column)) for column in range(left, right + 1)]
    filled = [(column, value) for column, value in cells if value is not None]
    if not filled:
        return 0
    if any(sheet.style(row, column).bold for column, _ in filled):
        return 2
    if any((row, column) in sheet.masters for column, _ in filled) and _merged_like_header(sheet, row, left, right):
        return 2
    if not all(isinstance(value, str) for _, value in filled):
        return 0
    telling = [
        value for _, value in filled if isinstance(value, str) and value.strip() and value.strip() not in MISSING
    ]
    return int(sum(map(is_figure, telling)) <= max(len(telling), 1) * 0.3)


def _merged_like_header(sheet: Sheet, row: int, left: int, right: int) -> bool:
    inside = [one for one in sheet.merges if one.top <= row <= one.bottom and one.left >= left and one.right <= right]
    downwards = [one for one in inside if one.bottom > one.top]
    return any(one.right > one.left for one in inside) or len(downwards) >= 3


def find_layout(sheet: Sheet, area: Area) -> Layout:
    """Return the inside of a table."""
    if area.top == area.bottom:
        return Layout((), area.top, area.bottom)
    header = _header_candidates(sheet, area)
    if header is None:
        return Layout((), area.top, area.bottom)
    header = _up_to_merges(sheet, area, header)
    header = _only_first_if_texts(sheet, area, header)
    header = _without_section_names(sheet, area, header)
    rows = _with_merged_rows(sheet, area, [row for row, _ in header])
    first = rows[-1] + 1
    rows.sort()
    top = first if first <= area.bottom else area.bottom
    if len(rows) >= HEADER_ROWS and area.bottom - top + 1 <= 2:
        rows, top = rows[:1], rows[0] + 1
    elif len(rows) > HEADER_ROWS:
        rows, top = rows[:HEADER_ROWS], rows[HEADER_ROWS - 1] + 1
    return layout_below(sheet, area, tuple(rows), top)


def layout_below(sheet: Sheet, area: Area, header: tuple[int, ...], top: int) -> Layout:
    """Return the layout of a table whose header is known and whose body begins at row ``top``."""
    kinds = column_kinds(sheet, area, top)
    return Layout(header, top, area.bottom, kinds, _stubs(sheet, area, top, kinds), named=True)


def _header_candidates(sheet: Sheet, area: Area) -> list[tuple[int, int]] | None:
    """Return rows with their strength from the top on; None if the table has no header."""
    deepest = _deepest_header(sheet, area)
    found: list[tuple[int, int]] = []
    for row in range(area.top, deepest):
        strength = header_strength(sheet, row, area.left, area.right)
        if strength:
            found.append((row, strength))
        elif not (_blank(sheet, row, area) and row + 1 < deepest and _strength(sheet, row + 1, area)):
            break
    if found:
        return found
    first, second = (_types(sheet, row, area) for row in (area.top, area.top + 1))
    if "number" in first and first == second:
        return None
    found = [(area.top, 0)]
    for row in range(area.top + 1, deepest):
        strength = _strength(sheet, row, area)
        if not strength:
            break
        found.append((row, strength))
    return found


def _deepest_header(sheet: Sheet, area: Area) -> int:
    """Return the row behind the last one that may belong to the header."""
    rows = HEADER_ROWS
    for one in sheet.merges:
        starts = area.top <= one.top < area.top + HEADER_ROWS
        if starts and one.bottom > area.top + HEADER_ROWS - 1 and _across(one.left, one.right, area):
            rows = max(rows, one.bottom - area.top + 1)
    rows = min(rows, max(area.height // 2, HEADER_ROWS))
    return min(area.top + rows, area.bottom + 1)


def _up_to_merges(sheet: Sheet, area: Area, header: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Cut a bold or merged header at the end of the merges that reach downwards from it."""
    if len(header) < 2 or max(strength for _, strength in header) < 2:
        return header
    rows = {row for row, _ in header}
    ends = [
        one.bottom
        for one in sheet.merges
        if _across(one.left, one.right, area) and one.bottom > one.top and one.top in rows
    ]
    last = max(ends, default=None)
    return header if last is None else [one for one in header if one[0] <= max(last, header[0][0])]


def _only_first_if_texts(sheet: Sheet, area: Area, header: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Keep one row of several that are only texts, unless rows of figures of another pattern follow."""
    if len(header) < 2 or max(strength for _, strength in header) >= 2:
        return header
    body = header[-1][0] + 1
    if body > area.bottom:
        return header[:1]
    cells = [sheet.value(body, column) for column in range(area.left, area.right + 1)]
    if not any(is_number(one) or is_figure(one) for one in cells):
        return header[:1]
    return header[:1] if _types(sheet, header[0][0], area) == _types(sheet, body, area) else header


def _without_section_names(sheet: Sheet, area: Area, header: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Leave out rows that have far fewer cells than the others: names of sections."""
    if len(header) < 2:
        return header
    fills = [_covered(sheet, row, area) for row, _ in header]
    kept = [
        one for one, fill in zip(header, fills, strict=True) if fill >= max(fills) * 0.2 or fill >= area.width * 0.3
    ]
    return kept or header


def _covered(sheet: Sheet, row: int, area: Area) -> int:
    columns = {column for column in range(area.left, area.right + 1) if sheet.value(row, column) is not None}
    for one in sheet.merges:
        if one.top <= row <= one.bottom:
            columns.update(range(max(one.left, area.left), min(one.right, area.right) + 1))
    return len(columns)


def _with_merged_rows(sheet: Sheet, area: Area, rows: list[int]) -> list[int]:
    """Add the rows into which a merge of the header reaches."""
    last = rows[-1]
    for one in sheet.merges:
        reaches = area.top <= one.top <= last < one.bottom <= min(area.top + HEADER_ROWS - 1, area.bottom - 1)
        if reaches and _across(one.left, one.right, area):
            for row in range(last + 1, one.bottom + 1):
                if row not in rows:
                    rows.append(row)
            last = max(last, one.bottom)
    return rows


def _across(left: int, right: int, area: Area) -> bool:
    return left >= area.left and right <= area.right


def _strength(sheet: Sheet, row: int, area: Area) -> int:
    return header_strength(sheet, row, area.left, area.right)


def _blank(sheet: Sheet, row: int, area: Area) -> bool:
    return sheet.filled(row, area.left, area.right) == 0


def _types(sheet: Sheet, row: int, area: Area) -> list[str]:
    return [_type(sheet.value(row, column)) for column in range(area.left, area.right + 1)]


def _type(value: Value) -> str:
    if value is None:
        return "none"
    return "number" if is_number(value) else "text" if isinstance(value, str) else "other"


def column_kinds(sheet: Sheet, area: Area, top: int) -> dict[int, ColumnKind]:
    """Return what each column of the body holds."""
    columns = range(area.left, area.right + 1)
    return {column: _column_kind(Counter(sheet.column(column, top, area.bottom))) for column in columns}


def _column_kind(values: Counter[Value]) -> ColumnKind:
    counts: Counter[ColumnKind] = Counter()
    for value, times in values.items():
        counts[_cell_kind(value)] += times
    filled = counts.total() - counts["empty"]
    if not filled:
        return "empty"
    sure: Sequence[ColumnKind] = ("numeric", "date", "text")
    return next((kind for kind in sure if counts[kind] >= filled * _KIND_SHARE), "mixed")


def _cell_kind(value: Value) -> ColumnKind:
    if value is None:
        return "empty"
    if is_number(value):
        return "numeric"
    if isinstance(value, date | time):
        return "date"
    text = str(value).strip()
    if not text or text in MISSING:
        return "empty"
    return "date" if _DATE.match(text) else "numeric" if is_number_text(text) else "text"


def _stubs(sheet: Sheet, area: Area, top: int, kinds: dict[int, ColumnKind]) -> tuple[int, ...]:
    """Return the columns that name the rows, among the first three."""
    most = min(_STUB_COLUMNS, area.width - 1)
    columns = range(area.left, area.left + most)
    return tuple(column for column in columns if _stub_score(sheet, area, top, column, kinds[column]) >= 2)


def _stub_score(sheet: Sheet, area: Area, top: int, column: int, kind: ColumnKind) -> int:
    cells = sheet.column(column, top, area.bottom)
    filled = [value for value in cells if value is not None]
    score = {"text": 2, "mixed": 1, "numeric": 0 if _are_numbers_of_rows(filled) else -2, "date": -2, "empty": 0}[kind]
    if sheet.marks is None or not sheet.marks.styles or top > area.bottom:
        return score
    if column < area.right and _lined(sheet, area, top, column) - _lined(sheet, area, top, column + 1) > _STUB_LOOKS:
        score += 2
    if not filled:
        return score
    looks = [sheet.style(row, column) for row in range(top, area.bottom + 1) if sheet.value(row, column) is not None]
    score += 2 * _mostly(one.fill not in (None, "FFFFFFFF") for one in looks)
    return score + _mostly(one.bold for one in looks)


def _mostly(said: Iterable[bool]) -> bool:
    answers = list(said)
    return sum(answers) / len(answers) > _STUB_LOOKS


def _lined(sheet: Sheet, area: Area, top: int, column: int) -> float:
    """Return the share of rows with a line at the right side of a column."""
    rows = range(top, area.bottom + 1)
    lined = sum(
        sheet.style(row, column).right or (column < area.right and sheet.style(row, column + 1).left) for row in rows
    )
    return lined / len(rows)


def _are_numbers_of_rows(values: Sequence[Value]) -> bool:
    """Return whether all are positive whole numbers, each once: a column of row numbers or ids."""
    numbers: set[int] = set()
    for value in values:
        text = value.strip() if isinstance(value, str) else ""
        if text.isdigit():
            number = int(text)
        elif is_number(value) and float(value).is_integer():  # type: ignore[arg-type]
            number = int(value)  # type: ignore[arg-type]
        else:
            return False
        if number <= 0 or number in numbers:
            return False
        numbers.add(number)
    return len(values) >= 2
