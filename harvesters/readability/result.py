"""What a rule said about a table: passed or not, how sure, and where it is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from catalog.errors import Label
from harvesters.readability.rules import RULES, ReadabilityRule, Severity
from harvesters.readability.sheet import Area, Sheet, shown
from harvesters.readability.tables import Other, Table
from harvesters.readers.grid import cell_address

Weight = Literal["error", "warning", "info"]

#: places of each rule and table that are kept; all are counted
PLACES_KEPT = 200


@dataclass(frozen=True, slots=True)
class Breach:
    """One place where a rule is broken."""

    #: name of the sheet
    sheet: str
    #: what people call the place: ``C12``, ``B2:B4``, ``行3``, ``列C``
    where: str
    #: what is the matter
    what: Label
    #: the value, None if it is not a cell's or must not be shown
    value: str | None = None
    #: how bad it is here
    weight: Weight = "error"


@dataclass(slots=True)
class Result:
    """What one rule said about one table."""

    #: id of the rule
    rule_id: str
    #: how sure it is, 0 to 1; 0 if it was not judged
    confidence: float
    #: the places, up to :data:`PLACES_KEPT`
    breaches: list[Breach] = field(default_factory=list)
    #: how many places there are
    total: int = 0
    #: its severity here; that of the rule if None
    severity: Severity | None = None
    #: whether it passed in spite of what was found
    tolerated: bool = False

    @property
    def rule(self) -> ReadabilityRule:
        """The rule."""
        return RULES[self.rule_id]

    @property
    def passed(self) -> bool:
        """Whether the table keeps the rule."""
        return self.tolerated or not self.total

    @property
    def judged(self) -> bool:
        """Whether it counts in the score."""
        return self.confidence > 0 and self.rule.scored

    @property
    def counts_as(self) -> Severity:
        """What it costs if it failed."""
        return self.severity or self.rule.severity

    def add(self, breach: Breach) -> None:
        """Count a place and keep it if there is room."""
        self.total += 1
        if len(self.breaches) < PLACES_KEPT:
            self.breaches.append(breach)


@dataclass(frozen=True, slots=True)
class Described:
    """What is said about a file beside it, such as in ``datapackage.json``."""

    #: columns whose codes have labels
    coded: frozenset[str] = frozenset()
    #: texts that stand for missing values and are explained
    symbols: frozenset[str] = frozenset()
    #: columns with a title or a definition
    defined: frozenset[str] = frozenset()
    #: whether encoding and date of change are told
    history: bool = False
    #: columns of numbers whose unit is told, and columns that are declared not to be numbers
    units: frozenset[str] = frozenset()
    #: names of all columns, if the first row is declared to be the header
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """What a check looks at: one table of one sheet of a file."""

    #: ``xlsx``, ``ods``, ``csv`` or ``tsv``
    format: str
    sheet: Sheet
    table: Table
    #: all tables of the sheet, the surest first
    tables: tuple[Table, ...]
    #: cells outside the tables
    others: tuple[Other, ...]
    #: what is said about the file beside it; None if nothing
    described: Described | None = None

    @property
    def area(self) -> Area:
        """The table with its header."""
        return self.table.area

    @property
    def columns(self) -> range:
        """Its columns."""
        return range(self.area.left, self.area.right + 1)

    @property
    def header_row(self) -> int | None:
        """The last row of its header, which names the columns; None if it has none."""
        header = self.table.layout.header
        return header[-1] if header else None

    @property
    def body_rows(self) -> int:
        """Number of rows of its body."""
        return max(self.table.layout.bottom - self.table.layout.top + 1, 0)

    def names(self) -> Iterator[tuple[int, str]]:
        """Yield the columns with their names, where they have one."""
        row = self.header_row
        if row is not None:
            yield from ((one, self.sheet.text(row, one)) for one in self.columns if self.sheet.value(row, one))

    def body(self, column: int, most: int | None = None) -> list[str]:
        """Return the texts of a column's body that are not empty, of its first ``most`` rows."""
        layout = self.table.layout
        bottom = layout.bottom if most is None else min(layout.bottom, layout.top + most - 1)
        cells = self.sheet.column(column, layout.top, bottom)
        return [text for one in cells if one is not None and (text := shown(one).strip())]

    def cells(
        self, judge: Callable[[str, int], Label | None], *, body_only: bool = False
    ) -> Iterator[tuple[int, int, str, Label]]:
        """Yield row, column, text and matter of the cells that ``judge`` objects to; it is asked once for each text."""
        top = self.table.layout.top if body_only else self.area.top
        bottom = self.table.layout.bottom if body_only else self.area.bottom
        for column in self.columns:
            cells = self.sheet.column(column, top, bottom)
            matters = {one: judge(shown(one), column) for one in dict.fromkeys(cells) if one is not None}
            wrong = {one: matter for one, matter in matters.items() if matter is not None}
            if wrong:
                yield from ((row, column, shown(one), wrong[one]) for row, one in enumerate(cells, top) if one in wrong)

    def breach(self, row: int, column: int, what: Label, value: str | None = None, weight: Weight = "error") -> Breach:
        """Return a breach at a cell."""
        return Breach(self.sheet.name, cell_address(row, column), what, value, weight)

    def breach_at(self, where: str, what: Label, weight: Weight = "error", value: str | None = None) -> Breach:
        """Return a breach at a row, column or range."""
        return Breach(self.sheet.name, where, what, value, weight)

    def same_everywhere(self, rule_id: str, confidence: float, matter: Callable[[str, int], Label | None]) -> Result:
        """Return the result of a rule that looks at every cell alone."""
        result = Result(rule_id, confidence)
        for row, column, text, what in self.cells(matter):
            result.add(self.breach(row, column, what, text, "warning"))
        return result


Check = Callable[[Look], Result]
