"""What stands between reading a table and its observations: codebooks, parts, and the findings on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalog.errors import Place
from harvesters.findings import EXAMPLES_KEPT, Finding, Findings, Rule
from harvesters.mapping.binding import Plan
from harvesters.mapping.columns import Floats, Index, Mask, ReadColumn, ReadTable
from harvesters.mapping.scratch import Kept


class Codebook:
    """Values of a column by number; -1 is null."""

    def __init__(self) -> None:
        self.numbers: dict[Any, int] = {}

    def number(self, value: Any) -> int:
        """Return the number of a value, which is new if it was not there; -1 for None."""
        return -1 if value is None else self.numbers.setdefault(value, len(self.numbers))

    def array(self, index: Index, type: pa.DataType) -> pa.Array[Any]:
        """Return the values of numbers."""
        values = pa.array(list(self.numbers), type)
        nulls = index < 0
        return values.take(pa.array(index, mask=nulls) if nulls.any() else pa.array(index))

    def ranks(self) -> Index:
        """Return number -> place of the value in byte order."""
        texts = [str(one).encode() for one in self.numbers]
        ranks = np.empty(len(texts), dtype=np.int32)
        ranks[sorted(range(len(texts)), key=texts.__getitem__)] = np.arange(len(texts), dtype=np.int32)
        return ranks


@dataclass(slots=True)
class Part:
    """The observations of one series."""

    #: row of each observation in its slice
    rows: NDArray[np.int64]
    #: number of the column that a repeated value is reported at; None for the row
    column: int | None
    #: column of the observation table -> numbers in its codebook
    codes: dict[str, Index]
    #: column of the observation table -> values; NaN is null
    numbers: dict[str, Floats]

    def keep(self, mask: Mask) -> None:
        """Leave the other observations out."""
        self.rows = self.rows[mask]
        self.codes = {name: one[mask] for name, one in self.codes.items()}
        self.numbers = {name: one[mask] for name, one in self.numbers.items()}


@dataclass(slots=True)
class KeptPart:
    """The observations of one series, put aside."""

    #: number of the slice
    table: int
    #: as in :class:`Part`
    column: int | None
    rows: Kept
    codes: dict[str, Kept]
    numbers: dict[str, Kept]


@dataclass(slots=True)
class RowStates:
    """What becomes of the rows of one slice."""

    #: whether each row is one
    wanted: Mask
    #: observations of each row
    made: Index
    #: observations of each row that were refused
    lost: Index


@dataclass(slots=True)
class KeptRows:
    """What became of the rows of one slice, put aside."""

    #: the table
    plan: Plan
    #: number of its first row in the table
    start: int
    #: keys of its rows
    keys: Kept
    #: as in :class:`RowStates`
    wanted: Kept
    made: Kept
    lost: Kept


@dataclass(slots=True)
class Report:
    """Findings of one table by rule: all counted, the first ones kept."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[tuple[int, int, Finding]]] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    #: number, in the table, of the first row of the slice that is looked at
    start: int = 0

    def add(self, rule: Rule, rows: NDArray[np.int64], order: int, finding: Callable[[int], Finding]) -> None:
        """Add a rule with the rows that it holds for; ``finding`` makes the finding of a row."""
        if not len(rows):
            return
        self.rules[rule.id] = rule
        self.counts[rule.id] = self.counts.get(rule.id, 0) + len(rows)
        found = [(self.start + int(row), order, finding(int(row))) for row in rows[:EXAMPLES_KEPT]]
        kept = sorted([*self.examples.get(rule.id, ()), *found], key=lambda one: one[:2])
        self.examples[rule.id] = kept[:EXAMPLES_KEPT]

    def tell(self, findings: Findings) -> None:
        """Hand everything over, in the order of the rows."""
        for id, rule in self.rules.items():
            kept = self.examples[id]
            findings.extend(one for _, _, one in kept)
            findings.count_more(rule, self.counts[id] - len(kept))


@dataclass(frozen=True, slots=True)
class Look:
    """The plain percentages of a slice."""

    #: how many there are, and the highest
    plain: int
    highest: float | None
    #: whether one lies between 0 and 1
    fractions: bool
    #: where the first one stands
    place: Place


def report_cells(plan: Plan, table: ReadTable, number: int, column: ReadColumn, report: Report) -> None:
    """Report every cell whose outcome falls under a rule."""
    place, first = plan.records.place, plan.reads[number].columns[0]
    for rule in {one.rule.id: one.rule for one in column.outcomes if one.rule is not None}.values():
        rows = np.flatnonzero(column.take(lambda one, rule=rule: one.rule is rule) & table.wanted)  # type: ignore[misc]

        def make(row: int, rule: Rule = rule) -> Finding:
            outcome = int(column.index[row])
            found, text = column.outcomes[outcome], column.texts[outcome]
            return Finding(rule, place(int(table.keys[row]), first), text or None, found.detail)

        report.add(rule, rows, number, make)
