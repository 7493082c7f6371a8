"""The figures of one cross table: percentages or counts, checked against each other and the base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from catalog.errors import Place
from harvesters.base import Tally
from harvesters.crosstab.tables import ColumnGroup, CrossTable
from harvesters.findings import Findings
from harvesters.readers.cells import CellReader, ReadNumber
from harvesters.readers.declared import Declared
from harvesters.readers.percent import Scale, detect_scale, to_percent
from harvesters.readers.tables import fold
from harvesters.readers.units import COUNTS, PERCENTAGES, ColumnUnit
from harvesters.survey.codebook import Question
from harvesters.survey.rules import TABLES

_HUNDRED = Decimal(100)
_HALF = Decimal("0.5")


@dataclass(slots=True, kw_only=True)
class Column:
    """The figures of one group of people."""

    #: people in the base, those who did not answer included; None if the table does not say
    n: Decimal | None
    #: percentage of each answer; None where it is missing
    shares: Mapping[str, Decimal | None]
    #: percentage of no answer; None if it is missing or the table has no such row
    no_answer: Decimal | None
    #: the positive answers
    positive: tuple[str, ...]
    #: people who answered positively, if the table has counts
    positive_count: Decimal | None = None
    #: SDMX status of the first positive answer that is missing; None if none is
    missing: str | None = None

    def share(self, *, answered: bool) -> Decimal | None:
        """Return the percentage of positive answers, over everybody or over those who answered."""
        found = [self.shares[one] for one in self.positive]
        if self.missing is not None or any(one is None for one in found):
            return None
        total = sum((one for one in found if one is not None), Decimal(0))
        if not answered or not self.no_answer or self.no_answer >= _HUNDRED:
            return total
        return (total * _HUNDRED / (_HUNDRED - self.no_answer)).quantize(Decimal("0.1"), ROUND_HALF_UP)

    def base(self, *, answered: bool) -> Decimal | None:
        """Return the people that the share is taken over."""
        if self.n is None or not answered or not self.no_answer:
            return self.n
        return (self.n * (_HUNDRED - self.no_answer) / _HUNDRED).quantize(Decimal(1), ROUND_HALF_UP)


@dataclass(slots=True, kw_only=True)
class Figures:
    """The figures of a table."""

    #: the table
    cross: CrossTable
    #: the question that it is about
    question: Question
    #: unit in the last printed digit: 0.1 for one decimal
    precision: Decimal = Decimal("0.1")
    _columns: dict[int, Column] = field(default_factory=dict)

    def column(self, group: ColumnGroup) -> Column:
        """Return the figures of a column."""
        return self._columns[group.column.index]

    def put(self, group: ColumnGroup, column: Column) -> None:
        """Add the figures of a column."""
        self._columns[group.column.index] = column

    def place(self, group: ColumnGroup) -> Place:
        """Return the cell of the first positive answer of a column."""
        positive = next(fold(one.label) for one in self.question.options if one.positive)
        return self.cross.table.grid.place(self.cross.answers[positive], group.column.index)


def read_figures(
    cross: CrossTable,
    question: Question,
    declared: Declared,
    findings: Findings,
    tally: Tally,
    *,
    counted: bool | None = None,
) -> Figures | None:
    """Read all figures of a table and check them; None if the answers cannot be added up, which is reported.

    ``counted`` says whether the cells are people; if it is None, they are if they add up to the base.
    """
    grid = cross.table.grid
    reader = CellReader(grid, declared.legend, findings)
    rows = {**cross.answers, **({"": cross.no_answer} if cross.no_answer is not None else {})}
    columns = [one.column.index for one in cross.groups]
    bases = {one: _base(cross, reader, one) for one in columns}
    if counted is None:
        counted = _are_counts(cross, _cells(CellReader(grid, declared.legend, Findings()), rows, columns), bases)
    units = reader.with_usual(rows.values(), columns, COUNTS) if counted else [PERCENTAGES]
    cells = _cells(reader, rows, columns, *units)
    tally.read += len(rows)
    tally.accepted += len(rows)
    if question.multiple and len(question.positive) > 1:
        findings.add(TABLES["multiple-answers"], grid.place(cross.table.header.start), question.id)
        return None
    figures = Figures(cross=cross, question=question)
    scale = "points" if counted else _scale(cross, cells, declared, findings)
    positive = tuple(fold(one.label) for one in question.options if one.positive)
    for group in cross.groups:
        own = {label: cells[label, group.column.index] for label in rows}
        figures.put(group, _column(own, bases[group.column.index], positive, scale, counted=counted))
    if not counted:
        figures.precision = _precision(cells)
    _check(figures, findings, multiple=question.multiple)
    return figures


def _cells(
    reader: CellReader, rows: Mapping[str, int], columns: Sequence[int], *units: ColumnUnit
) -> dict[tuple[str, int], ReadNumber | None]:
    return {(label, one): reader.number(row, one, *units) for label, row in rows.items() for one in columns}


def _base(cross: CrossTable, reader: CellReader, column: int) -> ReadNumber | None:
    if cross.base is None or column in cross.people:
        return ReadNumber(value=cross.people.get(column))
    return reader.number(cross.base, column, COUNTS)


def _are_counts(
    cross: CrossTable, cells: Mapping[tuple[str, int], ReadNumber | None], bases: Mapping[int, ReadNumber | None]
) -> bool:
    """Return whether the answers of a column add up to its base, so that they are people and no percentages."""
    for group in cross.groups:
        base = bases[group.column.index]
        own = [one for (_, column), one in cells.items() if column == group.column.index]
        values = [one.value for one in own if one is not None and one.value is not None and one.unit != "%"]
        if base is None or base.value is None or len(values) < len(own) or base.value == _HUNDRED:
            continue
        return sum(values, Decimal(0)) == base.value
    return False


def _scale(
    cross: CrossTable, cells: Mapping[tuple[str, int], ReadNumber | None], declared: Declared, findings: Findings
) -> Scale:
    if declared.percent is not None:
        return declared.percent
    place = cross.table.grid.place(min(cross.answers.values()))
    scale, detected = detect_scale([one for one in cells.values() if one is not None], place)
    findings.extend([detected.finding])
    return scale


def _column(
    cells: Mapping[str, ReadNumber | None],
    base: ReadNumber | None,
    positive: tuple[str, ...],
    scale: Scale,
    *,
    counted: bool,
) -> Column:
    n = base.value if base is not None else None
    unreadable = [one for one in positive if cells[one] is None]
    statuses = [one.status or "O" for label in positive if (one := cells[label]) is not None and one.value is None]
    people = [one.value for label in positive if (one := cells[label]) is not None and one.value is not None]
    shares = {label: _percentage(one, n, scale, counted=counted) for label, one in cells.items()}
    return Column(
        n=n,
        shares=shares,
        no_answer=shares.get(""),
        positive=positive,
        positive_count=sum(people, Decimal(0)) if counted and len(people) == len(positive) else None,
        missing=statuses[0] if statuses else "O" if unreadable else None,
    )


def _percentage(cell: ReadNumber | None, n: Decimal | None, scale: Scale, *, counted: bool) -> Decimal | None:
    if cell is None or cell.value is None:
        return None
    if not counted:
        return to_percent(cell, scale)
    return (_HUNDRED * cell.value / n).quantize(Decimal("0.000001")) if n else None


def _precision(cells: Mapping[tuple[str, int], ReadNumber | None]) -> Decimal:
    places = [one.value.as_tuple().exponent for one in cells.values() if one is not None and one.value is not None]
    lowest = min((place for place in places if isinstance(place, int)), default=0)
    return Decimal(1).scaleb(min(lowest, 0))


def _check(figures: Figures, findings: Findings, *, multiple: bool) -> None:
    cross = figures.cross
    for group in cross.groups:
        shares = list(figures.column(group).shares.values())
        known = [one for one in shares if one is not None]
        room = _HALF * figures.precision * len(known) + Decimal("0.000001") * len(known)
        if not multiple and len(known) == len(shares) and abs(sum(known, Decimal(0)) - _HUNDRED) > room:
            place = cross.table.grid.place(min(cross.answers.values()), group.column.index)
            findings.add(TABLES["sum-differs"], place, f"{sum(known, Decimal(0))}")
    for role in {one.role for one in cross.groups} - {""}:
        groups = cross.in_role(role)
        withheld = [one for one in groups if figures.column(one).missing == "Q"]
        if len(withheld) == 1 and len(groups) > 1:
            place = cross.base_place(withheld[0].column)
            findings.add(TABLES["withheld-alone"], place, withheld[0].column.name)
