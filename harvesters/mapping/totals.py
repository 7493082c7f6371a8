"""Totals of a table, held against the rows above them: a total that does not add up says that one of them is wrong.

Only counts are added up (numerators, denominators, people, values that are no percentages), only in sheets of
workbooks, and only where every row above can be read; so a total of something else is what is told without need.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from harvesters.findings import Findings
from harvesters.mapping.binding import Plan
from harvesters.mapping.fields import NumberReader, Outcome
from harvesters.mapping.records import Cell
from harvesters.mapping.rows import RowSkip, is_blank
from harvesters.mapping.rules import MAPPED

_COUNTS = ("numerator", "denominator", "n")
_PERCENT = "PT"


def check_totals(plan: Plan, findings: Findings) -> None:
    """Report the totals of a table that are neither the sum of the rows since the last total nor of all rows.

    Parameters
    ----------
    plan
        A table that has totals, and whose rows can be read more than once.
    findings
        Takes what does not add up.
    """
    skip = RowSkip(plan)
    rows = [(key, row) for key, row in plan.records.rows if not is_blank(row) and skip.is_wanted(row)]
    for column, reader in _counted(plan):
        block: Decimal | None = Decimal(0)
        whole: Decimal | None = Decimal(0)
        for key, row in rows:
            number = _number(reader, row, column)
            if skip.find_total(row) is None:
                block, whole = _plus(block, number), _plus(whole, number)
                continue
            if number is not None and block is not None and whole is not None and number not in {block, whole}:
                shown = f"{number} ≠ {block}"
                findings.add(MAPPED["total-differs"], plan.records.place(key, column), shown)
            block = Decimal(0)


def _counted(plan: Plan) -> Iterator[tuple[int, NumberReader]]:
    """Yield the columns of counts, each once, with what reads them."""
    numbers = set()
    for series in plan.series:
        unit = series.bindings.get("unit")
        names = _COUNTS if isinstance(unit, Outcome) and unit.value == _PERCENT else (*_COUNTS, "value")
        numbers |= {one for name in names if isinstance(one := series.bindings.get(name), int)}
    for number in sorted(numbers):
        read = plan.reads[number]
        if isinstance(read.reader, NumberReader) and len(read.columns) == 1:
            yield read.columns[0], read.reader


def _number(reader: NumberReader, row: Sequence[Cell], column: int) -> Decimal | None:
    found = reader.read(row[column] if column < len(row) else None)
    return found.value if found.usable and isinstance(found.value, Decimal) else None


def _plus(total: Decimal | None, number: Decimal | None) -> Decimal | None:
    return None if total is None or number is None else total + number
