"""Read records row by row: any cell, any source; outcomes and plain numbers in the order of the rows."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase

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
_UNCOMPUTED = Outcome(rule=cells.UNCOMPUTED, usable=False)


def read_rows(plan: Plan) -> ReadTable:
    """Read all rows of the records of a plan."""
    records = plan.records
    collectors = [_Collector(one, records) for one in plan.reads]
    keys, unwanted, totals, words = array("q"), array("q"), array("q"), []
    rejected = 0
    skip = RowSkip(plan)
    for key, row in records.rows:
        if is_blank(row):
            continue
        if not skip.is_wanted(row):
            rejected += 1
            if len(unwanted) < EXAMPLES_KEPT:
                unwanted.append(key)
            continue
        word = skip.find_total(row)
        if word is not None:
            totals.append(key)
            words.append(word)
            continue
        keys.append(key)
        for one in collectors:
            one.take(key, row)
    return ReadTable(
        keys=keys,
        columns=[one.column() for one in collectors],
        wanted=np.ones(len(keys), dtype=np.bool_),
        unwanted=rejected,
        first_unwanted=unwanted,
        totals=totals,
        total_words=words,
    )


def is_blank(row: Sequence[Cell]) -> bool:
    """Return whether a row has nothing in it."""
    return not any(one is not None and text_of(one) for one in row)


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
        return all(self.fits(number, text_of(_at(row, column))) for number, (column, _) in enumerate(self.plan.only))

    def fits(self, number: int, text: str) -> bool:
        """Return whether a text fulfils one of the conditions."""
        found = self._fits.get((number, text))
        if found is None:
            found = self._fits[number, text] = fits_only(text, self.plan.only[number][1])
        return found

    def find_total(self, row: Sequence[Cell]) -> str | None:
        """Return the word that makes a row a total of others, or None."""
        for column in self._columns:
            text = text_of(_at(row, column))
            found = self._totals.get((column, text))
            if found is None:
                found = self._totals[column, text] = self.is_total(column, text)
            if found:
                return text
        return None

    def is_total(self, column: int, text: str) -> bool:
        """Return whether a text in a column says that its row is a total."""
        if len(text) > LONGEST_TOTAL or column in self.plan.total_codes or fold_label(text) not in TOTAL_WORDS:
            return False
        readers = [one.reader for one in self.plan.reads if column in one.columns]
        return not any(one.has_code(text) for one in readers)


def _at(row: Sequence[Cell], column: int) -> Cell:
    return row[column] if column < len(row) else None


class _Collector:
    """Takes one read of row after row."""

    def __init__(self, read: Read, records: Records) -> None:
        self._read, self._records = read, records
        self._numeric = isinstance(read.reader, NumberReader)
        self._index = array("i")
        self._outcomes: list[Outcome] = []
        self._texts: list[str] = []
        self._seen: dict[str | float, tuple[int, object]] = {}
        self._plain: list[Decimal | None] = []
        self._first = read.columns[0]
        self._has_marks = bool(records.percent) or bool(records.uncomputed)

    def take(self, key: int, row: Sequence[Cell]) -> None:
        value = self._value(row)
        # 0.0 equals -0.0, and they are not the same text
        repeatable = isinstance(value, str) or (isinstance(value, float) and value != 0)
        if repeatable and not self._is_marked(key):
            seen = self._seen.get(value)  # type: ignore[arg-type]
            if seen is None:
                seen = self._seen[value] = self._look(key, value)  # type: ignore[index]
        else:
            seen = self._look(key, value)
        self._add(*seen)

    def _value(self, row: Sequence[Cell]) -> Cell:
        if len(self._read.columns) == 1:
            return _at(row, self._first)
        return joined([_at(row, one) for one in self._read.columns], self._read.joiner)

    def _is_marked(self, key: int) -> bool:
        """Return whether a cell means more than its value: it is shown as percent, or has a formula without result."""
        if not self._has_marks:
            return False
        place = (key, self._first)
        return place in self._records.percent or place in self._records.uncomputed

    def _look(self, key: int, value: Cell) -> tuple[int, object]:
        """Return the number of the outcome of a cell, or the plain number that it is."""
        found = self._find(key, value)
        if self._numeric and is_plain(found):
            return PLAIN, found.value
        self._outcomes.append(found)
        self._texts.append(text_of(value))
        return len(self._outcomes) - 1, None

    def _find(self, key: int, value: Cell) -> Outcome:
        place = (key, self._read.columns[0])
        if place in self._records.uncomputed:
            return _UNCOMPUTED
        reader = self._read.reader
        if isinstance(reader, NumberReader) and isinstance(value, float) and place in self._records.percent:
            return reader.number(value, shown_as_percent=True)
        return reader.read(value)

    def _add(self, number: int, value: object) -> None:
        self._index.append(number)
        if self._numeric:
            self._plain.append(value if isinstance(value, Decimal) else None)

    def column(self) -> ReadColumn:
        return ReadColumn(
            outcomes=self._outcomes,
            texts=self._texts,
            index=np.frombuffer(self._index, dtype=np.int32) if self._index else np.zeros(0, dtype=np.int32),
            plain=self._times if self._numeric else None,
        )

    def _times(self, factor: Decimal) -> Floats:
        return floats(self._plain, factor)


def is_plain(found: Outcome) -> bool:
    """Return whether an outcome is a number and nothing else."""
    return isinstance(found.value, Decimal) and found.rule is None and found.status is None and found.unit is None


def floats(numbers: Iterable[Decimal | None], factor: Decimal) -> Floats:
    """Return numbers times a factor, each rounded once; NaN for None."""
    return np.array([np.nan if one is None else _times(one, factor) for one in numbers], dtype=np.float64)


def _times(number: Decimal, factor: Decimal) -> float:
    return float(number) if factor == 1 else float(Decimal(repr(float(number))) * factor)
