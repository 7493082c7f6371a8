"""From what was read to the observation table: checks, second values of the same key, order, counts.

Order of events for each table: cells with findings are reported; each series (a value column) takes the rows whose
cells it can use; what a release would refuse is refused here, row by row, with its place; at the end all series of all
tables are put in the order of the key, and second values of a key are refused. Everything works on whole columns, of a
large table on one slice after the other; what is made of a slice lies in a scratch file until the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from math import prod
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalog.errors import Place
from catalog.formats.columns import ROWS, keep_table
from catalog.model.codelist import CodeList
from catalog.reference import Reference
from harvesters.base import Tally
from harvesters.findings import EXAMPLES_KEPT, Finding, Findings
from harvesters.mapping.binding import Plan, Series
from harvesters.mapping.columns import Floats, Index, Mask, ReadColumn, ReadTable, Slice
from harvesters.mapping.declaration import DAYS, NUMBERS, TEXTS
from harvesters.mapping.fields import Outcome
from harvesters.mapping.parts import Codebook, KeptPart, KeptRows, Look, Part, Report, RowStates, report_cells
from harvesters.mapping.rules import MAPPED
from harvesters.mapping.scratch import Scratch
from harvesters.mapping.units import with_units_held
from harvesters.readers.grid import show
from harvesters.readers.percent import Scale, judge_scale

#: code of the unit percent
PERCENT = "PT"
#: digits behind the point of a percentage that is computed
DIGITS = 6
_HUNDRED = Decimal(100)
#: numbers of keys that fit into 64 bits
_MOST_KEYS = 2**62
_COUNTS = ("numerator", "denominator", "n", "n_eff")
_NO_RATE = "分母が0のため割合はない / No share of 0"
_COLUMN_OF = {"indicator": "indicator_id", "definition": "definition_id", "area": "area_code", "status": "obs_status"}


class Assembly:
    """The observations of one contribution."""

    def __init__(
        self, breakdowns: Sequence[str], reference: Reference, findings: Findings, tally: Tally, scratch: Scratch
    ) -> None:
        self._breakdowns, self._reference = tuple(breakdowns), reference
        self._findings, self._tally = findings, tally
        #: keeps what is large
        self.scratch = scratch
        self.key = ("indicator_id", "definition_id", "area_code", "period", *self._breakdowns)
        self._books: dict[str, Codebook] = {}
        self._used: dict[str, set[int]] = {}
        self._parts: list[KeptPart] = []
        self._tables: list[KeptRows] = []
        self._definitions = {
            one.id: one.definitions[0].id for one in reference.indicator_set.indicators if len(one.definitions) == 1
        }
        self._rules = _status_rules(reference.codelists["obs_status"])

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
            self._put(_SeriesRun(self, plan, series, table, scale).run(state, report))
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
        looks = (_SeriesRun(self, plan, series, load(), None).look() for load in slices)
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
        return self._books.setdefault(name, Codebook())

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
        return keep_table(ordered, lambda field: self._pieces(field, kept), len(kept))

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
        if name in self._books:
            codes, book = self._joined(name), self.book(name)
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


class _SeriesRun:
    """One series of one slice of a table on its way to observations."""

    def __init__(self, assembly: Assembly, plan: Plan, series: Series, table: ReadTable, scale: Scale | None) -> None:
        self._assembly, self._plan, self._series = assembly, plan, series
        self._table, self._scale = table, scale
        self._usable = table.wanted.copy()
        for bound in series.bindings.values():
            if isinstance(bound, int):
                self._usable &= table.columns[bound].usable()
        self._rows: NDArray[np.int64] = np.flatnonzero(self._usable)
        none = np.zeros(0, np.int32)
        self._state, self._report = RowStates(table.wanted, none, none), Report()

    def look(self) -> Look | None:
        """Return what can be seen of how percentages are written; None if the value is no percentage that is read."""
        bound = self._bound("value")
        is_percent = np.equal(self._codes("unit"), self._assembly.book("unit").numbers.get(PERCENT, -2))
        if not isinstance(bound, ReadColumn) or not is_percent.any():
            return None
        plain = bound.take(lambda one: one.unit is None and one.status != "A", plain=True)[self._rows]
        values = self._numbers("value")[plain & is_percent]
        values = values[~np.isnan(values)]
        return Look(
            plain=len(values),
            highest=float(values.max()) if len(values) else None,
            fractions=bool(((values > 0) & (values < 1)).any()),
            place=self._place(self._rows[0], self._series.column),
        )

    def run(self, state: RowStates, report: Report) -> Part:
        """Return the observations; count what was made and lost, and report what cannot be used."""
        self._state, self._report = state, report
        state.lost += self._table.wanted & ~self._usable
        part = self._part()
        self._check(part)
        state.made[part.rows] += 1
        return part

    def _bound(self, name: str) -> Outcome | ReadColumn | None:
        bound = self._series.bindings.get(name)
        return self._table.columns[bound] if isinstance(bound, int) else bound

    def _codes(self, name: str, of: Callable[[Outcome], Any] = lambda one: one.value) -> Index:
        """Return the numbers, in the codebook of its column, of what a field says in each row."""
        book = self._assembly.book(_COLUMN_OF.get(name, name))
        bound = self._bound("indicator" if name == "definition" and "definition" not in self._series.bindings else name)
        if bound is None or isinstance(bound, Outcome):
            return np.full(len(self._rows), book.number(None if bound is None else of(bound)), dtype=np.int32)
        numbers = np.array([*(book.number(of(one)) if one.usable else -1 for one in bound.outcomes), -1], np.int32)
        return numbers[bound.index[self._rows]]

    def _part(self) -> Part:
        assembly, bindings = self._assembly, self._series.bindings
        definition = (lambda one: one.value) if "definition" in bindings else self._definition
        codes = {
            "indicator_id": self._codes("indicator"),
            "definition_id": self._codes("definition", definition),
            "area_code": self._codes("area"),
            "period": self._codes("period"),
            **{one: self._codes(one) for one in assembly._breakdowns},
            "unit": self._codes("unit"),
            **{name: self._codes(name) for name in (*DAYS, *TEXTS) if name in bindings},
        }
        numbers = {name: self._numbers(name) for name in NUMBERS if name in bindings}
        part = Part(rows=self._rows, column=self._series.column, codes=codes, numbers=numbers)
        self._add_value(part)
        return part

    def _definition(self, one: Outcome) -> str | None:
        return self._assembly._definitions.get(str(one.value))

    def _numbers(self, name: str, factor: Decimal = Decimal(1), percent_factor: Decimal = Decimal(1)) -> Floats:
        bound = self._bound(name)
        if isinstance(bound, ReadColumn):
            return bound.numbers(factor, percent_factor)[self._rows]
        known = bound.value if bound is not None else None
        return np.full(len(self._rows), float(known * factor) if isinstance(known, Decimal) else np.nan)

    def _add_value(self, part: Part) -> None:
        """Add value and status; empty cells that nobody wants are left out."""
        bound = self._bound("value")
        none = np.full(len(part.rows), -1, np.int32)
        declared = self._codes("status") if "status" in self._series.bindings else none
        if isinstance(bound, ReadColumn):
            part.numbers["value"] = self._read_value(part)
            marker = self._marker(bound)
        else:
            part.numbers["value"] = self._computed(part)
            marker = self._marker_of_rate(part)
        missing = np.isnan(part.numbers["value"])
        part.codes["obs_status"] = self._statuses(missing, declared, marker)
        if isinstance(bound, ReadColumn):
            self._tell_blanks(part, bound, declared)

    def _is_percent(self, part: Part) -> Mask:
        return np.equal(part.codes["unit"], self._assembly.book("unit").numbers.get(PERCENT, -2))

    def _read_value(self, part: Part) -> Floats:
        factor = self._series.multiply
        is_percent = self._is_percent(part)
        if not is_percent.any():
            return self._numbers("value", factor, factor)
        fraction = self._scale == "fraction"
        as_percent = self._numbers("value", factor * _HUNDRED if fraction else factor, factor)
        return (
            as_percent if is_percent.all() else np.where(is_percent, as_percent, self._numbers("value", factor, factor))
        )

    def _computed(self, part: Part) -> Floats:
        numerator, denominator = part.numbers["numerator"], part.numbers["denominator"]
        is_percent = self._is_percent(part)
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where(is_percent, 100 * numerator, numerator) / denominator * float(self._series.multiply)
        rate = np.where(denominator == 0, np.nan, rate)
        rows = np.flatnonzero(denominator == 0)
        if len(rows):
            book = self._assembly.book("note")
            notes = part.codes.setdefault("note", np.full(len(part.rows), -1, np.int32))
            notes[rows] = np.where(notes[rows] < 0, book.number(_NO_RATE), notes[rows])
            self._tell("rate-without-whole", part, rows, "denominator", denominator)
        return np.round(rate, DIGITS)

    def _marker(self, bound: ReadColumn) -> Index:
        """Return the status that the cell itself implies."""
        book = self._assembly.book("obs_status")
        numbers = np.array([*(book.number(one.status) for one in bound.outcomes), -1], np.int32)
        return numbers[bound.index[self._rows]]

    def _marker_of_rate(self, part: Part) -> Index:
        """Return the status of a computed rate: that of its parts, or that there is no rate of nothing."""
        found = np.full(len(part.rows), -1, np.int32)
        for name in ("numerator", "denominator"):
            bound = self._bound(name)
            if isinstance(bound, ReadColumn):
                found = np.where(found < 0, self._marker(bound), found)
        return np.where(part.numbers["denominator"] == 0, self._assembly.book("obs_status").number("M"), found)

    def _statuses(self, missing: Mask, declared: Index, marker: Index) -> Index:
        book = self._assembly.book("obs_status")
        normal, unknown = book.number("A"), book.number("O")
        says_missing = self._may(declared, "forbidden", "either")
        present = np.where(declared >= 0, declared, np.where(marker >= 0, marker, normal))
        implied = np.where(self._may(marker, "forbidden", "either"), marker, unknown)
        return np.where(missing, np.where(says_missing, declared, implied), present).astype(np.int32)

    def _may(self, statuses: Index, *rules: str) -> Mask:
        """Return where a status has one of the rules on values."""
        known = self._assembly.book("obs_status").numbers
        flags = np.array([*(self._assembly._rules[one] in rules for one in known), False], np.bool_)
        return flags[statuses]

    def _tell_blanks(self, part: Part, bound: ReadColumn, declared: Index) -> None:
        blank = bound.take(lambda one: one.blank)[part.rows] & ~self._may(declared, "forbidden", "either")
        rows = np.flatnonzero(blank)
        if not len(rows):
            return
        skip = self._series.blank == "skip"
        self._tell("value-skipped" if skip else "value-blank", part, rows, "value")
        if skip:
            part.keep(~blank)

    def _check(self, part: Part) -> None:
        """Refuse what a release would refuse."""
        for name in _COUNTS:
            if name in part.numbers:
                self._refuse("count-negative", part, part.numbers[name] < 0, name)
        for name, of in _CHECKS:
            if all(one in part.numbers for one in of):
                self._refuse(name, part, self._broken(name, part), of[0])
        if all(one in part.numbers for one in _RATE):
            self._tell_differences(part)
        present = ~np.isnan(part.numbers["value"])
        self._refuse("status-contradicts", part, present & self._may(part.codes["obs_status"], "forbidden"), "value")
        self._refuse("code-not-mapped", part, self._mismatched(part), "definition")

    def _broken(self, rule: str, part: Part) -> Mask:
        numbers, is_percent = part.numbers, self._is_percent(part)
        value = numbers["value"]
        broken: Mask
        if rule == "percent-out-of-range":
            broken = is_percent & ((value < 0) | (value > 100))
        elif rule == "part-exceeds-whole":
            broken = is_percent & (numbers["numerator"] > numbers["denominator"])
        elif rule == "rate-hundredfold":
            rate = _rate_of_counts(part)
            broken = is_percent & ((np.abs(value - 100 * rate) < 5 * rate) | (np.abs(rate - 100 * value) < 5 * value))
        elif rule == "rate-over-zero":
            broken = is_percent & (numbers["denominator"] == 0) & ~np.isnan(numbers["numerator"]) & ~np.isnan(value)
        elif rule == "number-not-whole":
            broken = ~np.isnan(numbers["n"]) & (numbers["n"] != np.floor(numbers["n"]))
        else:
            lower, upper = numbers["ci_lower"], numbers["ci_upper"]
            broken = (lower > upper) | (value < lower) | (value > upper)
        return broken

    def _tell_differences(self, part: Part) -> None:
        """Report percentages that differ from their counts by more than the rounding of their last digit."""
        value, rate = part.numbers["value"], _rate_of_counts(part)
        room = np.select([value == np.round(value, places) for places in (0, 1, 2)], [0.5, 0.05, 0.005], 0.0005)
        rows = np.flatnonzero(self._is_percent(part) & (np.abs(value - rate) > room + 1e-6))
        if len(rows):
            self._tell("rate-differs", part, rows, "value", value)

    def _mismatched(self, part: Part) -> Mask:
        """Return where a definition is that of another indicator, or there is none."""
        indicators, definitions = (list(self._assembly.book(one).numbers) for one in ("indicator_id", "definition_id"))
        fits = np.array(
            [[str(one).startswith(f"{each}.") for one in definitions] + [False] for each in indicators], np.bool_
        )
        return ~fits[part.codes["indicator_id"], part.codes["definition_id"]]

    def _refuse(self, rule: str, part: Part, broken: Mask, name: str) -> None:
        rows = np.flatnonzero(broken)
        if not len(rows):
            return
        self._tell(rule, part, rows, name, part.numbers.get(name))
        self._state.lost[part.rows[rows]] += 1
        part.keep(~broken)

    def _tell(self, rule: str, part: Part, rows: NDArray[np.int64], name: str, shown: Floats | None = None) -> None:
        """Report some observations of a part, at the cell of a field."""
        bound = self._series.bindings.get(name)
        column = self._plan.reads[bound].columns[0] if isinstance(bound, int) else None
        values = {} if shown is None else dict(zip(part.rows[rows].tolist(), shown[rows].tolist(), strict=True))

        def make(row: int) -> Finding:
            value = values.get(row)
            return Finding(MAPPED[rule], self._place(row, column), None if value is None else show(value))

        order = len(self._plan.reads) + self._plan.series.index(self._series)
        self._report.add(MAPPED[rule], part.rows[rows], order, make)

    def _place(self, row: int, column: int | None) -> Place:
        return self._plan.records.place(int(self._table.keys[row]), column)


def _rate_of_counts(part: Part) -> Floats:
    """Return numerator over denominator in percent; not a number where there is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate: Floats = 100 * part.numbers["numerator"] / part.numbers["denominator"]
    return np.where((part.numbers["denominator"] > 0) & (rate > 0), rate, np.nan)


_RATE = ("value", "numerator", "denominator")
#: rule -> the numbers that it looks at; the first is the cell that is shown
_CHECKS = (
    ("percent-out-of-range", ("value",)),
    ("part-exceeds-whole", ("numerator", "denominator")),
    ("rate-hundredfold", _RATE),
    ("rate-over-zero", _RATE),
    ("number-not-whole", ("n",)),
    ("value-outside-interval", ("value", "ci_lower", "ci_upper")),
)
