"""Units behind numbers, held against the unit of their column: what contradicts it is refused before it is used.

A column of values has the unit that the mapping declares, for all rows or row by row; a column of counts (numerators,
denominators, people) has that of its heading or of most of its cells, and is never in percent.

Order of events: what a column must be in is found from the plan; on each slice of the table, outcomes whose unit
contradicts it are replaced by ones that are refused. The other steps see nothing but outcomes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np

from catalog.errors import Label
from harvesters.findings import Findings
from harvesters.mapping.binding import Plan, Series
from harvesters.mapping.columns import PLAIN, Index, ReadColumn, ReadTable, Slice
from harvesters.mapping.fields import Outcome
from harvesters.mapping.rules import MAPPED
from harvesters.readers.cells import UNIT_CONTRADICTS
from harvesters.readers.units import COUNTS, ColumnUnit, declared_unit, find_unit, heading_unit, usual_unit

_COUNTS = ("numerator", "denominator", "n", "n_eff")
_VALUES = ("value", "ci_lower", "ci_upper")


def with_units_held(
    plan: Plan, slices: Sequence[Slice], units: Mapping[str, Label], findings: Findings
) -> Sequence[Slice]:
    """Return the slices of a table with the cells refused whose unit is not that of their column.

    Parameters
    ----------
    plan
        How the table is read.
    slices
        Its rows; of several, all share their outcomes.
    units
        Code of the list of units -> how it is shown.
    findings
        Takes headings that name another unit than the mapping, and rows with more cells than the header.
    """
    if plan.records.wide and plan.reads:
        slices = [_without_wide(plan, load(), findings) for load in slices]
    columns = _numeric_columns(plan, units)
    for one in columns.values():
        one.tell_heading(plan, findings)
    loaded = slices[0]() if slices else None
    carrying = [one for one in columns.values() if loaded is not None and _has_units(loaded.columns[one.read])]
    if not carrying:
        return slices
    for one in carrying:
        one.look(slices)
    return [_held(load, carrying) for load in slices]


def _without_wide(plan: Plan, table: ReadTable, findings: Findings) -> Slice:
    """Return rows of which those are refused, and reported, that have more cells than the header.

    Their values are not where they belong: ``1,234`` without quotes is a 1 and a 234.
    """
    records, keys = plan.records, np.asarray(table.keys)
    wide = np.isin(keys, np.fromiter(records.wide, np.int64))
    for key in keys[wide].tolist():
        column, text = records.wide[key]
        detail = Label(
            f"見出しは{column}列、この行は{column + 1}列目にも値がある",
            f"the header has {column} columns, this row has a value in column {column + 1}",
        )
        findings.add(MAPPED["row-wide"], records.place(key, column), text, detail=detail)
    refused = Outcome(usable=False)
    reads = [
        replace(
            one,
            outcomes=[*one.outcomes, refused],
            texts=[*one.texts, ""],
            index=np.where(wide, np.int32(len(one.outcomes)), one.index),
        )
        for one in table.columns
    ]
    held = replace(table, columns=reads)
    return lambda: held


def _has_units(column: ReadColumn) -> bool:
    return any(one.unit is not None for one in column.outcomes)


def _held(load: Slice, columns: Sequence[_NumericColumn]) -> Slice:
    def make() -> ReadTable:
        table = load()
        reads = list(table.columns)
        for one in columns:
            reads[one.read] = one.hold(table)
        return replace(table, columns=reads)

    return make


@dataclass(slots=True)
class _NumericColumn:
    """A read of numbers, and what it must be in."""

    #: number of the read
    read: int
    #: its column in the table
    column: int
    #: headings of the column
    path: tuple[str, ...]
    #: what all its cells must be in
    units: list[ColumnUnit] = field(default_factory=list)
    #: the reads of units that differ by row, each with what turns a code into what the cell must be in
    by_row: list[tuple[int, Callable[[str], ColumnUnit]]] = field(default_factory=list)
    #: whether it counts something that the mapping does not name
    counts: bool = False

    def tell_heading(self, plan: Plan, findings: Findings) -> None:
        """Report a heading that names another unit than the mapping; use it where the mapping names none."""
        heading = heading_unit(self.path)
        if heading is None:
            return
        if self.counts:
            self.units.append(heading)
        for one in self.units:
            if not one.agrees(heading):
                detail = Label(
                    f"見出しの単位は「{heading.written}」、列の単位は「{one.written}」（{one.grounds.ja}）",
                    f"the heading says {heading.written}, the column is in {one.written} ({one.grounds.en})",
                )
                place = plan.records.place(None, self.column)
                findings.add(MAPPED["unit-of-heading"], place, " / ".join(self.path), detail=detail)

    def look(self, slices: Sequence[Slice]) -> None:
        """Find the unit that most cells have, where the mapping names none and they have different ones."""
        if not self.counts:
            return
        words = self._count_words(slices)
        usual = usual_unit(words)
        if usual is not None:
            self.units.append(usual)

    def _count_words(self, slices: Sequence[Slice]) -> Mapping[str, int]:
        found: Counter[str] = Counter()
        for number, load in enumerate(slices):
            column = load().columns[self.read]
            if number == 0 and len({find_unit(one.unit) for one in column.outcomes if one.unit}) < 2:
                return {}
            cells = np.bincount(column.index[column.index != PLAIN], minlength=len(column.outcomes))
            for one, times in zip(column.outcomes, cells.tolist(), strict=True):
                if one.unit is not None and times and _refused(one, self.units) is one:
                    found[one.unit] += times
        return found

    def hold(self, table: ReadTable) -> ReadColumn:
        """Return the read with the cells refused whose unit contradicts the column's."""
        column = table.columns[self.read]
        outcomes, texts = [_refused(one, self.units) for one in column.outcomes], list(column.texts)
        index = column.index
        for number, unit_of in self.by_row:
            units = table.columns[number]
            for unit, said in enumerate(units.outcomes):
                rows = (units.index == unit) & (column.index != PLAIN)
                if said.usable and said.value is not None and rows.any():
                    moved = _moved(outcomes, texts, np.unique(column.index[rows]), unit_of(str(said.value)))
                    index = np.where(rows, moved[column.index], index)
        return replace(column, outcomes=outcomes, texts=texts, index=index)


def _moved(outcomes: list[Outcome], texts: list[str], cells: Index, unit: ColumnUnit) -> Index:
    """Return number of an outcome -> number of what it is in rows of this unit; what is refused there is added."""
    moved = np.arange(len(outcomes), dtype=np.int32)
    for cell in cells.tolist():
        refused = _refused(outcomes[cell], [unit])
        if refused is not outcomes[cell]:
            moved[cell] = len(outcomes)
            outcomes.append(refused)
            texts.append(texts[cell])
    return moved


def _refused(one: Outcome, units: Sequence[ColumnUnit]) -> Outcome:
    if not one.usable or one.unit is None:
        return one
    wrong = next((found for each in units if (found := each.contradiction(one.unit)) is not None), None)
    return one if wrong is None else Outcome(rule=UNIT_CONTRADICTS, detail=wrong, usable=False)


def _numeric_columns(plan: Plan, units: Mapping[str, Label]) -> dict[int, _NumericColumn]:
    """Return the reads of numbers with what they must be in."""
    found: dict[int, _NumericColumn] = {}
    for series in plan.series:
        for name in (*_VALUES, *_COUNTS):
            number = series.bindings.get(name)
            if not isinstance(number, int):
                continue
            column = plan.reads[number].columns[0]
            one = found.setdefault(number, _NumericColumn(number, column, _path(plan, column)))
            if name in _COUNTS:
                one.counts, one.units = True, [*one.units, COUNTS]
            else:
                _declare(one, series, units, series.multiply if name == "value" else Decimal(1))
    return found


def _path(plan: Plan, column: int) -> tuple[str, ...]:
    records = plan.records
    return records.headings[column] if records.headings else (records.columns[column],)


def _declare(one: _NumericColumn, series: Series, units: Mapping[str, Label], factor: Decimal) -> None:
    def unit_of(code: str) -> ColumnUnit:
        return declared_unit(code, units.get(code), factor)

    bound = series.bindings.get("unit")
    if isinstance(bound, int):
        one.by_row.append((bound, unit_of))
    elif isinstance(bound, Outcome) and bound.value is not None:
        one.units.append(unit_of(str(bound.value)))
