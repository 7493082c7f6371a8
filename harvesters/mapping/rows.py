"""Read records row by row: any cell, any source; outcomes and plain numbers in the order of the rows."""

from __future__ import annotations

import re
from array import array
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase
from itertools import islice

import numpy as np

from harvesters.findings import EXAMPLES_KEPT
from harvesters.mapping.binding import Plan, Read
from harvesters.mapping.columns import PLAIN, Floats, ReadColumn, ReadTable
from harvesters.mapping.declaration import Only
from harvesters.mapping.fields import TOTAL_WORDS, NumberReader, Outcome, text_of
from harvesters.mapping.records import Cell, Records
from harvesters.readers import cells
from harvesters.survey.groups import fold_label

#: longest word for the whole of something
LONGEST_TOTAL = 12
#: rows that are in memory together, where a source gives them one by one
ROWS_AT_ONCE = 10_000
_UNCOMPUTED = Outcome(rule=cells.UNCOMPUTED, usable=False)


def read_rows(plan: Plan) -> ReadTable:
    """Read all rows of the records of a plan, some at a time."""
    skipped = _Skipped(plan)
    collectors = [_Collector(one, plan.records) for one in plan.reads]
    keys = array("q")
    rows = iter(plan.records.rows)
    while some := list(islice(rows, ROWS_AT_ONCE)):
        kept = [(key, row) for key, row in some if skipped.keeps(key, row)]
        keys.extend(key for key, _ in kept)
        for one in collectors:
            one.take(kept)
    return ReadTable(
        keys=keys,
        columns=[one.column() for one in collectors],
        wanted=np.ones(len(keys), dtype=np.bool_),
        unwanted=skipped.unwanted,
        first_unwanted=skipped.first,
        totals=skipped.totals,
        total_words=skipped.words,
    )


def is_blank(row: Sequence[Cell]) -> bool:
    """Return whether a row has nothing in it."""
    return all(one is None or (isinstance(one, str) and not one.strip()) for one in row)


def joined(values: Sequence[Cell], joiner: str) -> Cell:
    """Return several cells as one: a number behind another text stands apart from it."""
    if len(values) == 1:
        return values[0]
    texts = [text_of(one) for one in values]
    if not any(texts):
        return ""
    return texts[0] + "".join((joiner if re.fullmatch(r"\d+", one) else "") + one for one in texts[1:])


def fits_only(text: str, only: Only) -> bool:
    """Return whether a text fulfils a condition on rows."""
    folded = fold_label(text)
    if only.values:
        return any(fnmatchcase(folded, _pattern(one)) for one in only.values)
    return not any(fnmatchcase(folded, _pattern(one)) for one in only.excluded)


def _pattern(text: str) -> str:
    return fold_label(text).replace("[", "[[]").replace("?", "[?]")


@dataclass(slots=True)
class RowSkip:
    """Which rows are no observations: those that nobody wants, and totals."""

    #: what is read
    plan: Plan
    _fits: dict[tuple[int, str], bool] = field(default_factory=dict)
    _totals: dict[tuple[int, str], bool] = field(default_factory=dict)
    _columns: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Find the columns that say what is a total."""
        self._columns = tuple(sorted({0, self.plan.area or 0}))

    def is_wanted(self, row: Sequence[Cell]) -> bool:
        """Return whether a row fulfils all conditions."""
        only = self.plan.only
        return not only or all(self.fits(i, text_of(_at(row, column))) for i, (column, _) in enumerate(only))

    def fits(self, number: int, text: str) -> bool:
        """Return whether a text fulfils one of the conditions."""
        found = self._fits.get((number, text))
        if found is None:
            found = self._fits[number, text] = fits_only(text, self.plan.only[number][1])
        return found

    def find_total(self, row: Sequence[Cell]) -> str | None:
        """Return the word that makes a row a total of others, or None."""
        for column in self._columns:
            word = _at(row, column)
            if not isinstance(word, str):
                continue
            found = self._totals.get((column, word))
            if found is None:
                found = self._totals[column, word] = self.is_total(column, text_of(word))
            if found:
                return text_of(word)
        return None

    def is_total(self, column: int, text: str) -> bool:
        """Return whether a text in a column says that its row is a total."""
        if len(text) > LONGEST_TOTAL or column in self.plan.total_codes or fold_label(text) not in TOTAL_WORDS:
            return False
        readers = [one.reader for one in self.plan.reads if column in one.columns]
        return not any(one.has_code(text) for one in readers)


def _at(row: Sequence[Cell], column: int) -> Cell:
    return row[column] if column < len(row) else None


class _Skipped:
    """Finds the rows that are no observations, and remembers what is to be said of them."""

    def __init__(self, plan: Plan) -> None:
        self._skip = RowSkip(plan)
        self.unwanted = 0
        self.first = array("q")
        self.totals = array("q")
        self.words: list[str] = []

    def keeps(self, key: int, row: Sequence[Cell]) -> bool:
        """Return whether a row is wanted and no total."""
        if is_blank(row):
            return False
        if not self._skip.is_wanted(row):
            self.unwanted += 1
            if len(self.first) < EXAMPLES_KEPT:
                self.first.append(key)
            return False
        word = self._skip.find_total(row)
        if word is None:
            return True
        self.totals.append(key)
        self.words.append(word)
        return False


class _Collector:
    """Takes one read of the rows; each different cell is looked at once."""

    def __init__(self, read: Read, records: Records) -> None:
        self._read, self._records = read, records
        self._first = read.columns[0]
        self._has_marks = bool(records.percent) or bool(records.uncomputed)
        self._outcomes: list[Outcome] = []
        self._texts: list[str] = []
        self._seen: dict[Hashable, int] = {}
        #: of each different cell: the number of its outcome, and the plain number that it is
        self._numbers: list[int] = []
        self._plain: list[Decimal | None] = []
        #: of each row: the number of its cell
        self._cells = array("i")

    def take(self, rows: Sequence[tuple[int, Sequence[Cell]]]) -> None:
        """Take the cells of some rows."""
        seen, values = self._seen, self._values(rows)
        identities = self._identities(rows, values)
        for row, same in enumerate(identities):
            if same not in seen:
                seen[same] = self._look(rows[row][0], values[row])
        self._cells.extend(map(seen.__getitem__, identities))

    def _values(self, rows: Sequence[tuple[int, Sequence[Cell]]]) -> list[Cell]:
        if len(self._read.columns) == 1:
            column = self._first
            return [row[column] if column < len(row) else None for _, row in rows]
        return [joined([_at(row, one) for one in self._read.columns], self._read.joiner) for _, row in rows]

    def _identities(self, rows: Sequence[tuple[int, Sequence[Cell]]], values: Sequence[Cell]) -> list[Hashable]:
        """Return what tells cells apart; 1.0 and True are equal and not the same, and so are 0.0 and -0.0."""
        plain: list[Hashable] = [
            one if type(one) is str or one is None or (type(one) is float and one != 0) else (type(one), repr(one))
            for one in values
        ]
        if not self._has_marks:
            return plain
        percent, uncomputed, column = self._records.percent, self._records.uncomputed, self._first
        return [
            (same, (key, column) in percent, (key, column) in uncomputed)
            for (key, _), same in zip(rows, plain, strict=True)
        ]

    def _look(self, key: int, value: Cell) -> int:
        """Return the number of a cell that was not there before."""
        found = self._find(key, value)
        number = found.value if is_plain(found) and isinstance(self._read.reader, NumberReader) else None
        self._plain.append(number if isinstance(number, Decimal) else None)
        self._numbers.append(len(self._outcomes) if number is None else PLAIN)
        if number is None:
            self._outcomes.append(found)
            self._texts.append(text_of(value))
        return len(self._numbers) - 1

    def _find(self, key: int, value: Cell) -> Outcome:
        place = (key, self._first)
        if place in self._records.uncomputed:
            return _UNCOMPUTED
        reader = self._read.reader
        if isinstance(reader, NumberReader) and isinstance(value, float) and place in self._records.percent:
            return reader.number(value, shown_as_percent=True)
        return reader.read(value)

    def column(self) -> ReadColumn:
        cells = np.array(self._cells, dtype=np.int32)
        numeric = isinstance(self._read.reader, NumberReader)
        return ReadColumn(
            outcomes=self._outcomes,
            texts=self._texts,
            index=np.array(self._numbers, dtype=np.int32)[cells],
            plain=(lambda factor: floats(self._plain, factor)[cells]) if numeric else None,
        )


def is_plain(found: Outcome) -> bool:
    """Return whether an outcome is a number and nothing else."""
    return isinstance(found.value, Decimal) and found.rule is None and found.status is None and found.unit is None


def floats(numbers: Iterable[Decimal | None], factor: Decimal) -> Floats:
    """Return numbers times a factor, each rounded once; NaN for None."""
    return np.array([np.nan if one is None else _times(one, factor) for one in numbers], dtype=np.float64)


def _times(number: Decimal, factor: Decimal) -> float:
    return float(number) if factor == 1 else float(Decimal(repr(float(number))) * factor)
