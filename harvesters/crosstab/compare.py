"""Printed figures against the answers of the same wave: every difference beyond rounding is reported.

The answers are read as :mod:`harvesters.survey.harvester` reads them and go no further. A difference is told with the
computed figure only where at least ``suppress_below`` people are behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import InputError, Label
from catalog.model import Period
from harvesters.base import Context, Tally
from harvesters.crosstab.figures import Figures
from harvesters.crosstab.tables import ColumnGroup
from harvesters.findings import Findings
from harvesters.readers.declared import Declared, open_tables
from harvesters.survey.files import listed_books, read_book
from harvesters.survey.groups import GroupReader
from harvesters.survey.respondent_reader import RespondentReader, the_only
from harvesters.survey.respondents import Respondents
from harvesters.survey.rules import TABLES
from harvesters.survey.waves import codebook_of, find_period, gather_files, without_sheet


def compare(context: Context, figures: Sequence[Figures], period: Period, readers: Mapping[str, GroupReader]) -> None:
    """Report the figures that the answers of the same period do not bear out; nothing if there are no answers."""
    answers = _read_answers(context, period, readers)
    if answers is None:
        return
    for one in figures:
        for group in one.cross.groups:
            _compare_cell(context, one, group, answers)


def _read_answers(context: Context, period: Period, readers: Mapping[str, GroupReader]) -> Respondents | None:
    source = context.source
    for wave in gather_files(source, source.options["compare"]):
        book = codebook_of(source, wave.name, listed_books(source))
        if (
            book is None
            or without_sheet(book)[0] == wave.name
            or _period(wave.name, source.options["periods"]) != period
        ):
            continue
        path = context.fetcher.look(source, wave, None).path
        table = the_only(open_tables(path, name=wave.name, declared=Declared(), findings=Findings()))
        codebook = read_book(context, *without_sheet(book), Findings(), period=period)
        reader = RespondentReader(table, codebook, readers, source.options["columns"] or {}, Findings(), Tally())
        return reader.read(weighted=True)
    return None


def _period(name: str, declared: Mapping[str, str] | None) -> Period | None:
    try:
        return find_period(name, (), declared).period
    except InputError:  # a file of answers that says no period is no partner of this table
        return None


def _compare_cell(context: Context, figures: Figures, group: ColumnGroup, answers: Respondents) -> None:
    printed = figures.column(group).share(answered=False)
    positive = answers.answers.get(str(figures.question.indicator))
    if printed is None or positive is None or (group.role and group.role not in answers.groups):
        return
    computed, people = _share(answers, positive, group)
    room = figures.precision * (len(figures.column(group).positive) + 1) / 2
    if computed is None or abs(Decimal(repr(computed)) - printed) <= room:
        return
    shown = f"{computed:.1f}" if people >= context.source.options["suppress_below"] else "Q"
    place = figures.cross.table.grid.place(min(figures.cross.answers.values()), group.column.index)
    detail = Label(f"印刷 {printed}、個票 {shown}", f"printed {printed}, from the answers {shown}")
    context.findings.add(TABLES["differs-from-answers"], place, group.column.name, detail=detail)


def _share(answers: Respondents, positive: pa.Array[Any], group: ColumnGroup) -> tuple[float | None, int]:
    """Return the share of positive answers over everybody in the group, and how many people are behind it."""
    yes = pc.fill_null(positive, False)
    if group.role:
        mask = pc.fill_null(pc.equal(answers.groups[group.role], group.code), False)
    else:
        mask = pa.array([True] * len(positive))
    weights = answers.weights if answers.weights is not None else pa.array([1.0] * len(positive))
    base = float(pc.sum(pc.filter(weights, mask)).as_py() or 0)
    hits = pc.and_(yes, mask)
    people = int(pc.sum(hits).as_py() or 0)
    return (100 * float(pc.sum(pc.filter(weights, hits)).as_py() or 0) / base if base else None), people
