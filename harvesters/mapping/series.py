"""One series of a table on its way to observations: what a value column and the cells beside it say in each row.

Order of events: the rows whose cells can be used are taken; every field becomes numbers in a codebook, or numbers;
value and status are brought together; what a release would refuse is refused here, row by row, with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from catalog.errors import Place
from harvesters.findings import Finding
from harvesters.mapping.binding import Plan, Series
from harvesters.mapping.columns import Floats, Index, Mask, ReadColumn, ReadTable
from harvesters.mapping.declaration import DAYS, NUMBERS, TEXTS
from harvesters.mapping.fields import Outcome
from harvesters.mapping.parts import Codebook, Look, Part, Report, RowStates
from harvesters.mapping.rules import MAPPED
from harvesters.readers.grid import show
from harvesters.readers.percent import Scale

#: code of the unit percent
PERCENT = "PT"
#: digits behind the point of a percentage that is computed
DIGITS = 6
_HUNDRED = Decimal(100)
_COUNTS = ("numerator", "denominator", "n", "n_eff")
_NO_RATE = "分母が0のため割合はない / No share of 0"
_COLUMN_OF = {"indicator": "indicator_id", "definition": "definition_id", "area": "area_code", "status": "obs_status"}

_Cells = TypeVar("_Cells", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Shared:
    """What all series of a contribution have in common."""

    #: names of the breakdowns
    breakdowns: tuple[str, ...]
    #: indicator -> its definition, if it has only one
    definitions: Mapping[str, str]
    #: status -> whether it is ``required``, ``forbidden`` or ``either`` that there is a value
    rules: Mapping[str, str]
    #: column of the observation table -> its codebook
    books: dict[str, Codebook] = field(default_factory=dict)

    def book(self, name: str) -> Codebook:
        """Return the codebook of a column."""
        return self.books.setdefault(name, Codebook())


class SeriesRun:
    """One series of one slice of a table."""

    def __init__(self, shared: Shared, plan: Plan, series: Series, table: ReadTable, scale: Scale | None) -> None:
        self._shared, self._plan, self._series = shared, plan, series
        self._table, self._scale = table, scale
        self._usable = table.wanted.copy()
        for bound in series.bindings.values():
            if isinstance(bound, int):
                self._usable &= table.columns[bound].usable()
        self._all_usable = bool(self._usable.all())
        self._rows: NDArray[np.int64] = np.flatnonzero(self._usable)
        none = np.zeros(0, np.int32)
        self._state, self._report = RowStates(table.wanted, none, none), Report()

    def look(self) -> Look | None:
        """Return what can be seen of how percentages are written; None if the value is no percentage that is read."""
        bound = self._bound("value")
        is_percent = np.equal(self._codes("unit"), self._shared.book("unit").numbers.get(PERCENT, -2))
        if not isinstance(bound, ReadColumn) or not is_percent.any():
            return None
        plain = self._usable_of(bound.take(lambda one: one.unit is None and one.status != "A", plain=True))
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

    def _usable_of(self, cells: NDArray[_Cells]) -> NDArray[_Cells]:
        """Return the cells of the rows that can be used; nothing is copied if these are all."""
        return cells if self._all_usable else cells[self._rows]

    def _bound(self, name: str) -> Outcome | ReadColumn | None:
        bound = self._series.bindings.get(name)
        return self._table.columns[bound] if isinstance(bound, int) else bound

    def _codes(self, name: str, of: Callable[[Outcome], Any] = lambda one: one.value) -> Index:
        """Return the numbers, in the codebook of its column, of what a field says in each row."""
        book = self._shared.book(_COLUMN_OF.get(name, name))
        bound = self._bound("indicator" if name == "definition" and "definition" not in self._series.bindings else name)
        if bound is None or isinstance(bound, Outcome):
            return np.full(len(self._rows), book.number(None if bound is None else of(bound)), dtype=np.int32)
        numbers = np.array([*(book.number(of(one)) if one.usable else -1 for one in bound.outcomes), -1], np.int32)
        return numbers[self._usable_of(bound.index)]

    def _part(self) -> Part:
        bindings = self._series.bindings
        definition = (lambda one: one.value) if "definition" in bindings else self._definition
        codes = {
            "indicator_id": self._codes("indicator"),
            "definition_id": self._codes("definition", definition),
            "area_code": self._codes("area"),
            "period": self._codes("period"),
            **{one: self._codes(one) for one in self._shared.breakdowns},
            "unit": self._codes("unit"),
            **{name: self._codes(name) for name in (*DAYS, *TEXTS) if name in bindings},
        }
        numbers = {name: self._numbers(name) for name in NUMBERS if name in bindings}
        part = Part(rows=self._rows, column=self._series.column, codes=codes, numbers=numbers)
        self._add_value(part)
        return part

    def _definition(self, one: Outcome) -> str | None:
        return self._shared.definitions.get(str(one.value))

    def _numbers(self, name: str, factor: Decimal = Decimal(1), percent_factor: Decimal = Decimal(1)) -> Floats:
        bound = self._bound(name)
        if isinstance(bound, ReadColumn):
            return self._usable_of(bound.numbers(factor, percent_factor))
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
        return np.equal(part.codes["unit"], self._shared.book("unit").numbers.get(PERCENT, -2))

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
            book = self._shared.book("note")
            notes = part.codes.setdefault("note", np.full(len(part.rows), -1, np.int32))
            notes[rows] = np.where(notes[rows] < 0, book.number(_NO_RATE), notes[rows])
            self._tell("rate-without-whole", part, rows, "denominator", denominator)
        return np.round(rate, DIGITS)

    def _marker(self, bound: ReadColumn) -> Index:
        """Return the status that the cell itself implies."""
        book = self._shared.book("obs_status")
        numbers = np.array([*(book.number(one.status) for one in bound.outcomes), -1], np.int32)
        return numbers[self._usable_of(bound.index)]

    def _marker_of_rate(self, part: Part) -> Index:
        """Return the status of a computed rate: that of its parts, or that there is no rate of nothing."""
        found = np.full(len(part.rows), -1, np.int32)
        for name in ("numerator", "denominator"):
            bound = self._bound(name)
            if isinstance(bound, ReadColumn):
                found = np.where(found < 0, self._marker(bound), found)
        return np.where(part.numbers["denominator"] == 0, self._shared.book("obs_status").number("M"), found)

    def _statuses(self, missing: Mask, declared: Index, marker: Index) -> Index:
        book = self._shared.book("obs_status")
        normal, unknown = book.number("A"), book.number("O")
        says_missing = self._may(declared, "forbidden", "either")
        present = np.where(declared >= 0, declared, np.where(marker >= 0, marker, normal))
        implied = np.where(self._may(marker, "forbidden", "either"), marker, unknown)
        return np.where(missing, np.where(says_missing, declared, implied), present).astype(np.int32)

    def _may(self, statuses: Index, *rules: str) -> Mask:
        """Return where a status has one of the rules on values."""
        known = self._shared.book("obs_status").numbers
        flags = np.array([*(self._shared.rules[one] in rules for one in known), False], np.bool_)
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
        indicators, definitions = (list(self._shared.book(one).numbers) for one in ("indicator_id", "definition_id"))
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
