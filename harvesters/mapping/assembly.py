"""From what was read to the observation table: checks, second values of the same key, order, counts.

Order of events for each table: cells with findings are reported; each series (a value column) takes the rows whose
cells it can use; what a release would refuse is refused here, row by row, with its place; at the end all series of all
tables are put in the order of the key, and second values of a key are refused. Everything works on whole columns, of a
large table on one slice after the other; what is made of a slice lies in a scratch file until the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalog.formats.columns import ROWS, keep_table
from catalog.formats.known import known_of
from catalog.model.codelist import CodeList
from catalog.reference import Reference
from harvesters.base import Tally
from harvesters.findings import EXAMPLES_KEPT, Finding, Findings
from harvesters.mapping.binding import Plan, Series
from harvesters.mapping.columns import Floats, Index, Mask, ReadTable, Slice
from harvesters.mapping.origins import observation_places
from harvesters.mapping.parts import Codebook, KeptPart, KeptRows, Part, Report, RowStates, report_cells
from harvesters.mapping.rules import MAPPED
from harvesters.mapping.scratch import Scratch
from harvesters.mapping.series import SeriesRun, Shared
from harvesters.mapping.units import with_units_held
from harvesters.places import ObservationPlaces
from harvesters.readers.grid import show
from harvesters.readers.percent import Scale, judge_scale

#: numbers of keys that fit into 64 bits
_MOST_KEYS = 2**62


class Assembly:
    """The observations of one contribution."""

    def __init__(
        self, breakdowns: Sequence[str], reference: Reference, findings: Findings, tally: Tally, scratch: Scratch
    ) -> None:
        self._reference = reference
        self._findings, self._tally = findings, tally
        #: keeps what is large
        self.scratch = scratch
        #: where the observations stand; known when it is finished
        self.places: ObservationPlaces | None = None
        self.key = ("indicator_id", "definition_id", "area_code", "period", *breakdowns)
        self._used: dict[str, set[int]] = {}
        self._parts: list[KeptPart] = []
        self._tables: list[KeptRows] = []
        indicators = reference.indicator_set.indicators
        self._shared = Shared(
            breakdowns=tuple(breakdowns),
            definitions={one.id: one.definitions[0].id for one in indicators if len(one.definitions) == 1},
            rules=_status_rules(reference.codelists["obs_status"]),
        )

    def add(self, plan: Plan, slices: Sequence[Slice]) -> None:
        """Add what was read of one table."""
        report = Report()
        slices = with_units_held(plan, slices, self._reference.codelists["unit"].labels, self._findings)
        scales: list[Scale | None] | None = None
        for load in slices:
            table = load()
            if scales is None:
                self._report_skipped(plan, table)
                scales = [self._scale(plan, series, slices) for series in plan.series]
            self._add_slice(plan, table, scales, report)
        report.tell(self._findings)

    def _add_slice(self, plan: Plan, table: ReadTable, scales: Sequence[Scale | None], report: Report) -> None:
        rows = len(table.wanted)
        state = RowStates(table.wanted, np.zeros(rows, np.int32), np.zeros(rows, np.int32))
        for number, column in enumerate(table.columns):
            report_cells(plan, table, number, column, report)
        for series, scale in zip(plan.series, scales, strict=True):
            self._put(SeriesRun(self._shared, plan, series, table, scale).run(state, report))
        keep = self.scratch.keep
        kept = KeptRows(
            plan=plan,
            start=report.start,
            keys=keep(np.asarray(table.keys)),
            wanted=keep(state.wanted),
            made=keep(state.made),
            lost=keep(state.lost),
        )
        self._tables.append(kept)
        report.start += rows

    def _scale(self, plan: Plan, series: Series, slices: Sequence[Slice]) -> Scale | None:
        """Return how plain percentages of a series are written: as declared, else found by looking, which is told.

        None if it has none.
        """
        if series.percent is not None:
            return series.percent
        looks = (SeriesRun(self._shared, plan, series, load(), None).look() for load in slices)
        found = [one for one in looks if one is not None]
        if not found:
            return None
        highest = max((one.highest for one in found if one.highest is not None), default=None)
        scale, detected = judge_scale(
            sum(one.plain for one in found),
            "" if highest is None else show(highest),
            above_one=highest is not None and highest > 1,
            fractions=any(one.fractions for one in found),
            place=found[0].place,
        )
        self._findings.extend([Finding(MAPPED["percent-detected"], detected.place, detected.value, detected.evidence)])
        return scale

    def _report_skipped(self, plan: Plan, table: ReadTable) -> None:
        findings, place = self._findings, plan.records.place
        if table.unwanted:
            findings.extend(Finding(MAPPED["row-not-wanted"], place(int(key), None)) for key in table.first_unwanted)
            findings.count_more(MAPPED["row-not-wanted"], table.unwanted - len(table.first_unwanted))
        if len(table.totals):
            shown = zip(table.totals, table.total_words, strict=False)
            kept = [Finding(MAPPED["row-total"], place(int(key), None), word) for key, word in shown]
            findings.extend(kept[:EXAMPLES_KEPT])
            findings.count_more(MAPPED["row-total"], len(table.totals) - min(len(kept), EXAMPLES_KEPT))

    def book(self, name: str) -> Codebook:
        """Return the codebook of a column."""
        return self._shared.book(name)

    def _put(self, part: Part) -> None:
        """Put the observations of a series aside."""
        for name, codes in part.codes.items():
            self._used.setdefault(name, set()).update((np.flatnonzero(np.bincount(codes + 1)) - 1).tolist())
        keep = self.scratch.keep
        kept = KeptPart(
            table=len(self._tables),
            column=part.column,
            rows=keep(part.rows),
            codes={name: keep(one) for name, one in part.codes.items()},
            numbers={name: keep(one) for name, one in part.numbers.items()},
        )
        self._parts.append(kept)

    def finish(self, names: Sequence[str], schema: pa.Schema) -> pa.Table:
        """Return the observation table, sorted by the key, without second values of a key; rows are counted."""
        order, repeated = self._order()
        self._refuse(order[repeated])
        self._count()
        kept = order[~repeated] if repeated.any() else order
        ordered = pa.schema([schema.field(name) for name in names])
        table = keep_table(ordered, lambda field: self._pieces(field, kept), len(kept))
        known = known_of(table)
        known.order, known.repeated_key = self.key, (self.key, False)
        if len(kept) == len(order):
            known.values.update({name: pa.array(sorted(self.used(name)), pa.string()) for name in self.key})
        self.places = observation_places(table.select(list(self.key)), self._parts, self._tables, kept)
        return table

    def used(self, name: str) -> set[str]:
        """Return the codes of a column that observations have."""
        values = list(self.book(name).numbers)
        return {values[i] for i in self._used.get(name, ()) if i >= 0}

    @property
    def is_empty(self) -> bool:
        """Whether there is no observation at all."""
        return not any(part.rows.length for part in self._parts)

    def _joined(self, name: str) -> Index:
        parts = [(part.codes.get(name), part.rows.length) for part in self._parts]
        return np.concatenate([np.full(length, -1, np.int32) if one is None else one.load() for one, length in parts])

    def _order(self) -> tuple[NDArray[np.int64], Mask]:
        """Return the order of the observations, and which of them, in this order, repeat the key before them."""
        columns = self._keys()
        order = np.argsort(columns[0], kind="stable") if len(columns) == 1 else np.lexsort(columns[::-1])
        repeated = _repeats(columns, order)
        if repeated.any() and len(self._parts) > 1:
            number = np.concatenate([np.full(one.rows.length, i) for i, one in enumerate(self._parts)])
            table = np.concatenate([np.full(one.rows.length, one.table) for one in self._parts])
            rows = np.concatenate([one.rows.load() for one in self._parts])
            order = np.lexsort((number, rows, table, *columns[::-1]))
            repeated = _repeats(columns, order)
        return order, repeated

    def _keys(self) -> list[NDArray[np.int64]]:
        """Return the keys as one whole number each, or as one for each dimension if they are too many."""
        sizes = [max(1, len(self.book(name).numbers)) for name in self.key]
        if prod(sizes) >= _MOST_KEYS:
            return [self.book(name).ranks()[self._joined(name)].astype(np.int64) for name in self.key]
        keys = np.zeros(sum(part.rows.length for part in self._parts), np.int64)
        for name, size in zip(self.key, sizes, strict=True):
            if size > 1:
                keys *= size
                keys += self.book(name).ranks()[self._joined(name)]
        return [keys]

    def _refuse(self, refused: NDArray[np.int64]) -> None:
        """Report observations whose key was there before, and count them as lost."""
        ends = np.cumsum([one.rows.length for one in self._parts])
        report, rule = Report(), MAPPED["observation-twice"]
        for number, part in enumerate(self._parts):
            start = int(ends[number]) - part.rows.length
            own = np.sort(refused[(refused >= start) & (refused < ends[number])]) - start
            if not len(own):
                continue
            state, rows = self._tables[part.table], part.rows.load()[own]
            made, lost = state.made.load().copy(), state.lost.load().copy()
            made[rows] -= 1
            lost[rows] += 1
            state.made, state.lost, report.start = self.scratch.keep(made), self.scratch.keep(lost), state.start
            report.add(
                rule, rows, number, self._twice(part, state, dict(zip(rows.tolist(), own.tolist(), strict=True)))
            )
        report.tell(self._findings)

    def _twice(self, part: KeptPart, state: KeptRows, where: Mapping[int, int]) -> Callable[[int], Finding]:
        words = [list(self.book(name).numbers) for name in self.key]
        numbers, keys = [part.codes[name].load() for name in self.key], state.keys.load()

        def make(row: int) -> Finding:
            codes = [each[number[where[row]]] for each, number in zip(words, numbers, strict=True)]
            place = state.plan.records.place(int(keys[row]), part.column)
            return Finding(MAPPED["observation-twice"], place, ", ".join(codes))

        return make

    def _count(self) -> None:
        for one in self._tables:
            wanted = one.wanted.load()
            rejected = int(np.count_nonzero(wanted & (one.made.load() == 0) & (one.lost.load() > 0)))
            read = int(np.count_nonzero(wanted))
            self._tally.read += read
            self._tally.rejected += rejected
            self._tally.accepted += read - rejected

    def _pieces(self, field: pa.Field[Any], order: NDArray[np.int64]) -> Iterator[pa.Array[Any]]:
        """Yield the values of a column in this order."""
        make = self._maker(field.name, field.type)
        for start in range(0, len(order) or 1, ROWS):
            yield make(order[start : start + ROWS])

    def _maker(self, name: str, type: pa.DataType) -> Callable[[NDArray[np.int64]], pa.Array[Any]]:
        """Return what makes the values of a column for the numbers of observations."""
        if name in self._shared.books:
            codes, book = self._joined(name), self.book(name)
            if len(codes) and (codes == codes[0]).all():
                same = book.array(codes[:ROWS], type)
                return lambda some: same.slice(0, len(some))
            return lambda some: book.array(codes[some], type)
        numbers = self._joined_numbers(name)
        if numbers is None:
            return lambda some: pa.nulls(len(some), type)
        return lambda some: _numbers_array(numbers[some], type)

    def _joined_numbers(self, name: str) -> Floats | None:
        """Return the numbers of a column; None if there are none."""
        parts = [(part.numbers.get(name), part.rows.length) for part in self._parts]
        if all(one is None for one, _ in parts):
            return None
        return np.concatenate([np.full(length, np.nan) if one is None else one.load() for one, length in parts])


def _numbers_array(values: Floats, type: pa.DataType) -> pa.Array[Any]:
    return pa.array(values, pa.float64(), mask=np.isnan(values)).cast(type)


def _repeats(columns: Sequence[NDArray[np.int64]], order: NDArray[np.int64]) -> Mask:
    repeated = np.zeros(len(order), dtype=np.bool_)
    if len(order) > 1:
        repeated[1:] = True
        for one in columns:
            sorted_ids = one[order]
            repeated[1:] &= sorted_ids[1:] == sorted_ids[:-1]
    return repeated


def _status_rules(statuses: CodeList) -> dict[str, str]:
    return {one.code: str(one.value) for one in statuses}
