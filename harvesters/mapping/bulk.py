"""Read plain tables column by column.

What the few different texts of a column mean is looked up once for each of them, numbers are cast a batch at a time,
and only what is no plain number is looked at by itself.

The readers of the fields are those that read rows (:mod:`harvesters.mapping.rows`), so both ways come to the same
outcomes; the conformance suite of the mapping runs the same specimens through both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harvesters.findings import EXAMPLES_KEPT
from harvesters.mapping.binding import Plan, Read
from harvesters.mapping.columns import PLAIN, Floats, Index, Mask, ReadColumn, ReadTable, Slice
from harvesters.mapping.fields import NumberReader, Outcome, text_of
from harvesters.mapping.records import Cell, Records
from harvesters.mapping.rows import RowSkip, floats, is_plain, joined
from harvesters.mapping.scratch import Kept, Scratch
from harvesters.readers.plain import PlainTable, Untidy, must_be_plain

_NUMBER = r"^[+-]?[0-9]{1,15}(\.[0-9]{1,15})?$"
#: rows that are put aside together
ROWS_AT_ONCE = 200_000
#: words that are remembered as totals or none
_MOST_CACHED = 200_000
#: digits that a spreadsheet shows; numbers with more are read as it shows them
_MOST_DIGITS = 15


def records_of_plain(plain: PlainTable) -> Records:
    """Return the columns of a plain table, for binding; its rows are read by :func:`read_bulk`."""
    return Records(name=plain.name, columns=plain.columns, rows=(), place=plain.place)


def read_bulk(plan: Plan, plain: PlainTable, scratch: Scratch) -> list[Slice]:
    """Read all rows of a plain table, into ``scratch``.

    Raises
    ------
    Untidy
        If it is no plain table after all; nothing was reported then.
    """
    numbers = [isinstance(one.reader, NumberReader) and len(one.columns) == 1 for one in plan.reads]
    wanted = {column for one in plan.reads for column in one.columns} | {column for column, _ in plan.only} | {0}
    columns = sorted(wanted)
    numeric = {one.columns[0] for one, is_number in zip(plan.reads, numbers, strict=True) if is_number}
    coded = wanted - numeric
    collectors = [(_Numbers if is_number else _Codes)(one) for one, is_number in zip(plan.reads, numbers, strict=True)]
    skipped = _Skipped(plan)
    cuts: list[_Cut] = []
    rows = 0
    for batch in _ahead(plain.iter_batches(columns, coded)):
        cells = {number: _Cells(batch.column(i)) for i, number in enumerate(columns)}
        _check_tidy(plain, cells, rows)
        keep = skipped.take(cells, batch.num_rows, rows + 1)
        for one in collectors:
            one.take(cells, keep)
        skipped.keys.append(rows + 1 + np.flatnonzero(keep))
        rows += batch.num_rows
        if sum(map(len, skipped.keys)) >= ROWS_AT_ONCE:
            cuts.append(_cut(skipped, collectors, scratch))
    if skipped.keys or not cuts:
        cuts.append(_cut(skipped, collectors, scratch))
    return [partial(one.load, skipped if number == 0 else None) for number, one in enumerate(cuts)]


def _ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the batches; while one is looked at, the next one is read."""
    with ThreadPoolExecutor(1, "read-ahead") as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


@dataclass(frozen=True, slots=True)
class _Cut:
    """A slice of the rows, put aside."""

    keys: Kept
    columns: Sequence[Callable[[], ReadColumn]]

    def load(self, skipped: _Skipped | None) -> ReadTable:
        """Return the rows; with ``skipped``, what is to be said of skipped ones."""
        return ReadTable(
            keys=self.keys.load(),
            columns=[one() for one in self.columns],
            wanted=np.ones(self.keys.length, np.bool_),
            unwanted=skipped.unwanted if skipped else 0,
            first_unwanted=skipped.first if skipped else (),
            totals=skipped.totals() if skipped else (),
            total_words=skipped.words if skipped else (),
        )


def _cut(skipped: _Skipped, collectors: Sequence[_Codes | _Numbers], scratch: Scratch) -> _Cut:
    """Put aside what was collected, and begin anew."""
    keys = np.concatenate(skipped.keys) if skipped.keys else np.zeros(0, np.int64)
    skipped.keys = []
    return _Cut(scratch.keep(keys), [one.cut(scratch) for one in collectors])


@dataclass(slots=True)
class _Cells:
    """A column of a batch."""

    #: its values
    values: pa.Array[Any]
    _encoded: tuple[Index, list[Cell]] | None = None

    def encoded(self) -> tuple[Index, list[Cell]]:
        """Return for each row the number of its value, and the values; the last one is an empty cell."""
        if self._encoded is None:
            is_encoded = pa.types.is_dictionary(self.values.type)
            encoded = self.values if is_encoded else self.values.dictionary_encode()
            words = encoded.dictionary.to_pylist()
            index = pc.fill_null(encoded.indices, len(words))
            self._encoded = np.asarray(index).astype(np.int32, copy=False), [*map(_as_cell, words), None]
        return self._encoded

    def blank(self) -> Mask:
        """Return where there is nothing, or nothing but spaces."""
        index, words = self.encoded()
        flags = np.array([one is None or not text_of(one) for one in words], np.bool_)
        return flags[index]


def _as_cell(value: object) -> Cell:
    """Return a value as a sheet holds it."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return float(value) if float(value) == value else str(value)
    return value  # type: ignore[return-value]


def _check_tidy(plain: PlainTable, cells: dict[int, _Cells], rows: int) -> None:
    """Refuse rows with one full cell or none: they are titles, notes or gaps between tables."""
    if plain.delimiter is None:
        return
    full, fewest = np.zeros(len(next(iter(cells.values())).values), np.int8), min(2, len(cells))
    for one in cells.values():
        if pa.types.is_dictionary(one.values.type):
            full += ~one.blank()
        else:
            full += np.asarray(pc.not_equal(one.values, ""))
        if (full >= fewest).all():
            return
    row = rows + 1 + int(np.flatnonzero(full < fewest)[0])
    raise Untidy(must_be_plain(plain.name, f"row {row + 1} is a title, a note or blank"))


class _Skipped:
    """The rows that are no observations."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._skip = plan, RowSkip(plan)
        self.keys: list[NDArray[np.int64]] = []
        self.unwanted = 0
        self.first: list[int] = []
        self.words: list[str] = []
        self._totals: list[NDArray[np.int64]] = []
        self._total_words: dict[tuple[int, Cell], bool] = {}

    def take(self, cells: dict[int, _Cells], rows: int, start: int) -> Mask:
        """Return which rows of a batch are wanted and no totals."""
        keep = np.ones(rows, np.bool_)
        for number, (column, _) in enumerate(self._plan.only):
            index, words = cells[column].encoded()
            keep &= np.array([self._skip.fits(number, text_of(one)) for one in words], np.bool_)[index]
        self.unwanted += int(rows - keep.sum())
        if len(self.first) < EXAMPLES_KEPT:
            self.first += (start + np.flatnonzero(~keep)[: EXAMPLES_KEPT - len(self.first)]).tolist()
        for column in sorted({0, self._plan.area or 0}):
            keep &= ~self._take_totals(cells[column], column, keep, start)
        return keep

    def _take_totals(self, cells: _Cells, column: int, keep: Mask, start: int) -> Mask:
        index, words = cells.encoded()
        flags = np.array([self._is_total(column, one) for one in words], np.bool_)
        totals: Mask = flags[index] & keep
        if totals.any():
            rows = np.flatnonzero(totals)
            self._totals.append(start + rows)
            room = EXAMPLES_KEPT - len(self.words)
            self.words += [text_of(words[i]) for i in index[rows[: max(0, room)]]]
        return totals

    def _is_total(self, column: int, word: Cell) -> bool:
        known = self._total_words.get((column, word))
        if known is None:
            known = self._skip.is_total(column, text_of(word))
            if len(self._total_words) < _MOST_CACHED:
                self._total_words[column, word] = known
        return known

    def totals(self) -> list[int]:
        """Return the keys of the rows that are totals."""
        return np.concatenate(self._totals).tolist() if self._totals else []


@dataclass(slots=True)
class _Codes:
    """Collects a read whose texts are looked up."""

    read: Read
    _outcomes: list[Outcome] = field(default_factory=list)
    _texts: list[str] = field(default_factory=list)
    _known: dict[Cell, int] = field(default_factory=dict)
    _index: list[Index] = field(default_factory=list)

    def take(self, cells: dict[int, _Cells], keep: Mask) -> None:
        index, words = self._words(cells)
        index = index if keep.all() else index[keep]
        met, numbers = np.zeros(len(words), np.bool_), np.full(len(words), PLAIN, np.int32)
        met[index] = True
        for word in np.flatnonzero(met).tolist():
            numbers[word] = self._number(words[word])
        self._index.append(numbers[index])

    def _words(self, cells: dict[int, _Cells]) -> tuple[Index, list[Cell]]:
        index, words = cells[self.read.columns[0]].encoded()
        if len(self.read.columns) == 1:
            return index, words
        parts: list[tuple[Cell, ...]] = [(one,) for one in words]
        for column in self.read.columns[1:]:
            more, others = cells[column].encoded()
            pairs, index = np.unique(index.astype(np.int64) * len(others) + more, return_inverse=True)
            parts = [(*parts[pair // len(others)], others[pair % len(others)]) for pair in pairs.tolist()]
        return index.astype(np.int32, copy=False), [joined(one, self.read.joiner) for one in parts]

    def _number(self, word: Cell) -> int:
        number = self._known.get(word)
        if number is None:
            number = self._known[word] = len(self._outcomes)
            self._outcomes.append(self.read.reader.read(word))
            self._texts.append(text_of(word))
        return number

    def cut(self, scratch: Scratch) -> Callable[[], ReadColumn]:
        index = scratch.keep(np.concatenate(self._index) if self._index else np.zeros(0, np.int32))
        self._index = []
        return lambda: ReadColumn(outcomes=self._outcomes, texts=self._texts, index=index.load())


@dataclass(slots=True)
class _Numbers:
    """Collects a read of numbers."""

    read: Read
    _outcomes: list[Outcome] = field(default_factory=list)
    _texts: list[str] = field(default_factory=list)
    _known: dict[Cell, int] = field(default_factory=dict)
    _index: list[Index] = field(default_factory=list)
    _plain: list[Floats] = field(default_factory=list)

    def take(self, cells: dict[int, _Cells], keep: Mask) -> None:
        values = cells[self.read.columns[0]].values
        if not keep.all():
            values = values.filter(pa.array(keep))
        numbers, messy = _cast(values)
        index = np.full(len(values), PLAIN, np.int32)
        rows = np.flatnonzero(messy)
        if len(rows):
            encoded, words = _Cells(values.take(pa.array(rows))).encoded()
            outcomes, plain = zip(*(self._look_up(one) for one in words), strict=True)
            index[rows] = np.array(outcomes, np.int32)[encoded]
            numbers[rows] = np.array(plain)[encoded]
        self._index.append(index)
        self._plain.append(numbers)

    def _look_up(self, word: Cell) -> tuple[int, float]:
        """Return the number of the outcome of a cell, or the plain number that it is after all."""
        number = self._known.get(word)
        if number is not None:
            return number, np.nan
        found = self.read.reader.read(word)
        if is_plain(found):
            return PLAIN, float(floats([found.value], Decimal(1))[0])  # type: ignore[list-item]
        number = self._known[word] = len(self._outcomes)
        self._outcomes.append(found)
        self._texts.append(text_of(word))
        return number, np.nan

    def cut(self, scratch: Scratch) -> Callable[[], ReadColumn]:
        index = scratch.keep(np.concatenate(self._index) if self._index else np.zeros(0, np.int32))
        plain = scratch.keep(np.concatenate(self._plain) if self._plain else np.zeros(0))
        self._index, self._plain = [], []
        return lambda: ReadColumn(
            outcomes=self._outcomes, texts=self._texts, index=index.load(), plain=partial(_multiplied, plain)
        )


def _multiplied(plain: Kept, factor: Decimal) -> Floats:
    numbers = plain.load()
    if factor == 1:
        return numbers
    different, index = np.unique(numbers, return_inverse=True)
    return times(different, factor)[index]


def times(numbers: Floats, factor: Decimal) -> Floats:
    """Return numbers times a factor, as their decimal digits say; NaN stays."""
    return np.array([one if np.isnan(one) else float(Decimal(repr(one)) * factor) for one in numbers.tolist()])


def _cast(values: pa.Array[Any]) -> tuple[Floats, Mask]:
    """Return the plain numbers of a column, NaN elsewhere, and where it has something else."""
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        found = _find_floats(values)
        if found is not None:
            return found, np.zeros(len(values), np.bool_)
        clean = pc.fill_null(pc.match_substring_regex(values, _NUMBER), False)
        texts = values if pc.all(clean).as_py() else pc.if_else(clean, values, None)
        return _as_floats(pc.cast(texts, pa.float64())), ~np.asarray(clean)
    if pa.types.is_integer(values.type):
        return _as_floats(pc.cast(values, pa.float64(), safe=False)), np.asarray(pc.is_null(values))
    if pa.types.is_floating(values.type):
        doubles = pc.cast(values, pa.float64())
        clean = pc.fill_null(pc.is_finite(doubles), False)
        return _shown(doubles, clean), ~np.asarray(clean)
    return np.full(len(values), np.nan), np.ones(len(values), np.bool_)


def _find_floats(values: pa.Array[Any]) -> Floats | None:
    """Return the numbers of texts that are all made of digits with a point between them, else None.

    It looks at the bytes of all texts at once, which takes a sixth of the time of a pattern.
    """
    _, offsets, content = values.buffers()
    if values.null_count or not len(values) or not pa.types.is_string(values.type) or content is None:
        return None
    bounds = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    lengths, signs = np.diff(bounds), np.frombuffer(content, np.uint8)
    if lengths.min() < 1 or lengths.max() > _MOST_DIGITS:
        return None
    points = signs == ord(".")
    used = slice(bounds[0], bounds[-1])
    if (
        not (points | (signs - np.uint8(ord("0")) <= 9))[used].all()
        or (points[bounds[:-1]] | points[bounds[1:] - 1]).any()
    ):
        return None
    try:
        return np.asarray(pc.cast(values, pa.float64()))
    except pa.ArrowInvalid:
        return None


def _as_floats(values: pa.Array[Any]) -> Floats:
    return np.array(pc.fill_null(values, np.nan), dtype=np.float64)


def _shown(doubles: pa.Array[Any], clean: pa.Array[Any]) -> Floats:
    """Return finite numbers as a spreadsheet shows them: 38.800000000000004 is 38.8."""
    numbers = _as_floats(pc.if_else(clean, doubles, None))
    long = np.asarray(pc.fill_null(pc.greater(pc.binary_length(pc.cast(doubles, pa.string())), _MOST_DIGITS), False))
    rows = np.flatnonzero(long & ~np.isnan(numbers))
    numbers[rows] = [float(f"{one:.15g}") for one in numbers[rows].tolist()]
    return numbers
