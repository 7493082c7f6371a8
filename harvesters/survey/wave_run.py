"""A file of answers on its way to observations: its waves, their parts in other files, their code books and weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from catalog.errors import FetchError, InputError, Label, Place
from catalog.formats import sort_by_key
from catalog.model import Period
from harvesters.base import Context, Contribution, Fetched, Tally
from harvesters.fetching.fetch import digest_of
from harvesters.findings import Findings
from harvesters.readers.declared import Declared, open_tables
from harvesters.readers.tables import FoundTable, fold
from harvesters.survey.codebook import CodeBook
from harvesters.survey.dataset import check_columns, checked_area
from harvesters.survey.estimates import Design, Wave, observe, observe_pairs
from harvesters.survey.files import list_waves, listed_books, read_book
from harvesters.survey.groups import GroupReader
from harvesters.survey.indicators import (
    DIMENSIONS,
    describe_indicators,
    describe_pairs,
    survey_indicators,
    survey_pairs,
)
from harvesters.survey.respondent_reader import OTHER_HEADINGS, RespondentReader, the_only
from harvesters.survey.respondents import GROUP_ROLES, joined
from harvesters.survey.rules import SURVEY
from harvesters.survey.waves import (
    WavePeriod,
    codebook_of,
    find_period,
    find_period_column,
    issued_at,
    of_file,
    split_by_period,
    without_sheet,
)
from harvesters.survey.weights import raked


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A table of answers, or the rows of it that are about one period."""

    #: name of its file
    file: str
    #: its period, and how it was found
    wave: WavePeriod
    #: reads it
    reader: RespondentReader

    @property
    def sheet(self) -> str | None:
        """Its sheet; None for a text file."""
        return self.reader.table.grid.sheet


class WaveRun:
    """One file on its way from rows to contributions: one wave, or several by a column or by sheets."""

    def __init__(self, context: Context, fetched: Fetched) -> None:
        self._context, self._fetched = context, fetched
        self._source, self._options, self._findings = context.source, context.source.options, context.findings
        self._name = fetched.object.name
        self._area = checked_area(context)
        self._groups = {
            role: GroupReader.of(role, context.reference, self._area, self._options["codes"]) for role in GROUP_ROLES
        }

    def contributions(self) -> list[Contribution]:
        """Return the indicators and the pairs of each wave of the file, and of the files that are parts of it."""
        parts = self._parts(self._name, self._fetched.path, self._findings, self._context.tally)
        if digest_of(self._fetched.path) != self._fetched.object.sha256:
            raise _changed(self._name)
        periods = sorted({one.wave.period for one in parts})
        found = []
        for period in periods:
            own = [one for one in parts if one.wave.period == period]
            together = self._with_siblings(own) if len(periods) == 1 else own
            if together and together[0].file == self._name:
                found += self._of_period(period, together, periods)
        return found

    def _of_period(self, period: Period, parts: Sequence[_Part], periods: Sequence[Period]) -> list[Contribution]:
        for detected in dict.fromkeys(one.wave.detected for one in parts if one.wave.detected):
            self._findings.extend([detected.finding])
        weighted = self._options["weights"] == "column"
        respondents = joined([one.reader.read(weighted=weighted) for one in parts])
        if self._options["weights"] == "rake":
            respondents = raked(respondents, self._source, self._groups, Place(file=self._name), self._findings)
        wave = self._wave(period, parts[0].reader.codebook, periods)
        indicators = survey_indicators(self._context.reference)
        dataset = describe_indicators(self._context, [self._groups[role].dimension() for role in DIMENSIONS])
        tables = [(dataset, observe(wave, respondents, indicators, self._findings))]
        by_id = {one.id: one for one in indicators}
        pairs = observe_pairs(wave, respondents, survey_pairs(self._context.reference), by_id)
        tables += [(describe_pairs(self._context), pairs)] if pairs else []
        issued = issued_at(period, of_file(self._options["published"], self._name, parts[0].sheet))
        return [
            Contribution(
                dataset=one,
                table=sort_by_key(one.structure.table(rows), one.structure),
                issued=issued,
                object=self._name,
                others=tuple(dict.fromkeys(part.file for part in parts if part.file != self._name)),
            )
            for one, rows in tables
        ]

    def _parts(self, name: str, path: Path, findings: Findings, tally: Tally) -> list[_Part]:
        """Return the tables of answers of a file, by period."""
        tables = open_tables(path, name=name, declared=Declared.of(self._options), findings=findings)
        quiet = [self._reader(name, one, None, Findings(), Tally()) for one in tables]
        usable = [one.table for one in quiet if one is not None and one.has_questions()] or [the_only(tables)]
        for other in (one for one in tables if one not in usable):
            if other.grid.file != self._book_name(name)[0]:
                findings.add(SURVEY["table-unused"], other.grid.place(other.header.start), other.title[:80] or None)
        found = []
        for table in usable:
            for wave, own in self._by_period(name, table, findings, tally, alone=len(usable) == 1):
                reader = self._reader(name, own, wave.period, findings, tally)
                found.append(_Part(file=name, wave=wave, reader=reader))
        return found

    def _reader(
        self, name: str, table: FoundTable, period: Period | None, findings: Findings, tally: Tally
    ) -> RespondentReader:
        options = self._options
        codebook = read_book(self._context, *self._book_name(name), findings, period=period)
        check_columns(self._source, [*OTHER_HEADINGS, *GROUP_ROLES, "period", *(one.id for one in codebook.questions)])
        return RespondentReader(
            table,
            codebook,
            self._groups_of(period),
            {role: heading for role, heading in (options["columns"] or {}).items() if role != "period"},
            findings,
            tally,
            area=self._area_of_name(name, table, period),
            chosen=frozenset(map(fold, options["chosen"] or ())),
            not_chosen=frozenset(map(fold, options["not_chosen"] or ())),
        )

    def _by_period(
        self, name: str, table: FoundTable, findings: Findings, tally: Tally, *, alone: bool
    ) -> list[tuple[WavePeriod, FoundTable]]:
        """Return the waves of a table with their rows: by a column, else one that title, sheet or file tell."""
        options = self._options
        declared = (options["columns"] or {}).get("period")
        column = table.get_column(declared) if declared else find_period_column(table)
        said = of_file(options["periods"], name, table.grid.sheet) is not None
        if column is not None and (declared or not said):
            split = split_by_period(table, column, (options["codes"] or {}).get("period", {}))
            if declared or (len(split.waves) > 1 and not split.unread) or (split.waves and not self._says_period(name)):
                for row in split.unread:
                    tally.read += 1
                    tally.rejected += 1
                    findings.add(SURVEY["period-unknown"], table.grid.place(row, column.index), table.text(row, column))
                return list(split.waves.items())
        titles = [(text, table.grid.place(row, 0)) for row, text in table.titles]
        sheet = table.grid.sheet if not alone or not self._says_period(name) else None
        try:
            wave = find_period(name, (), options["periods"], sheet or (table.grid.sheet if said else None))
        except InputError:
            wave = find_period(name, titles, options["periods"], sheet)
        return [(wave, table)]

    def _says_period(self, name: str) -> bool:
        return _period_or_none(name, self._options["periods"]) is not None

    def _groups_of(self, period: Period | None) -> dict[str, GroupReader]:
        """Return the readers, with that of areas for the areas of the period; the others learn from all waves."""
        areas = GroupReader.of("area", self._context.reference, self._area, self._options["codes"], period)
        return {**self._groups, "area": areas}

    def _area_of_name(self, name: str, table: FoundTable, period: Period | None) -> str | None:
        """Return the only area that the names of file and sheet mention; None if there are none or several."""
        return self._groups_of(period)["area"].find_mentioned(f"{name}#{table.grid.sheet or ''}")

    def _with_siblings(self, own: list[_Part]) -> list[_Part]:
        """Return the parts of a period from all files, by name; the own ones if they may be editions of each other."""
        period = own[0].wave.period
        everything = {self._name: own}
        for other in list_waves(self._source):
            if other.name != self._name and _period_or_none(other.name, self._options["periods"]) == period:
                path = self._context.fetcher.look(self._source, other, None).path
                parts = self._parts(other.name, path, Findings(), Tally())
                if {one.wave.period for one in parts} != {period}:
                    continue
                everything[other.name] = parts
        if len(everything) == 1 or not _are_disjoint(list(everything.values())):
            return own
        names = sorted(everything)
        if names[0] != self._name:
            return everything[names[0]]
        for name in names:
            self._findings.add(SURVEY["wave-in-parts"], Place(file=name), str(period))
        told = [
            replace(one, reader=replace(one.reader, findings=self._findings, tally=self._context.tally))
            for name in names[1:]
            for one in everything[name]
        ]
        return [*own, *told]

    def _book_name(self, wave: str) -> tuple[str, str | None]:
        return without_sheet(codebook_of(self._source, wave, listed_books(self._source)) or wave)

    def _wave(self, period: Period, codebook: CodeBook, periods: Sequence[Period]) -> Wave:
        options = self._options
        return Wave(
            file=self._name,
            area=self._area,
            period=str(period),
            design=Design(
                deff=options["deff"],
                population=options["population_size"],
                probability=options["sampling"] == "probability",
                threshold=options["suppress_below"],
                small_base=options["flag_below"],
            ),
            wordings={one.indicator: one.wording for one in codebook.questions if one.indicator},
            breaks=self._breaks(period, codebook, periods),
        )

    def _breaks(self, period: Period, codebook: CodeBook, periods: Sequence[Period]) -> dict[str, Label]:
        old = self._book_before(period, periods)
        changes = {}
        for question in codebook.questions if old is not None else ():
            earlier = old.find_question(question.indicator) if old and question.indicator else None
            if question.indicator and earlier is not None and not question.says_the_same(earlier):
                self._findings.add(SURVEY["wording-changed"], Place(file=codebook.file), question.id)
                changes[question.indicator] = _change(earlier.wording, question.wording)
        return changes

    def _book_before(self, period: Period, periods: Sequence[Period]) -> CodeBook | None:
        """Return the code book of the wave before, or None if this is the first."""
        earlier = [(one.end, one, self._name) for one in periods if one.end < period.end]
        for other in list_waves(self._source):
            found = _period_or_none(other.name, self._options["periods"])
            if other.name != self._name and found is not None and found.end < period.end:
                earlier.append((found.end, found, other.name))
        if not earlier:
            return None
        _, before, name = max(earlier)
        return read_book(self._context, *self._book_name(name), Findings(), period=before)


def _changed(name: str) -> FetchError:
    return FetchError(
        f"「{name}」が読んでいる間に変わりました",
        f"{name} changed while it was read",
        next_step=Label("書き込みが終わってからもう一度実行してください", "Run it again when it is written completely"),
        place=Place(file=name),
    )


def _are_disjoint(files: Sequence[Sequence[_Part]]) -> bool:
    """Return whether no two files have the same ward, or no two the same respondent, so that they are no editions."""
    for meant in (RespondentReader.areas, RespondentReader.ids):
        sets = [frozenset().union(*(meant(one.reader) for one in parts)) for parts in files]
        if all(sets) and len(frozenset().union(*sets)) == sum(map(len, sets)):
            return True
    return False


def _period_or_none(name: str, declared: Mapping[str, str] | None) -> Period | None:
    try:
        return find_period(name, (), declared).period
    except InputError:  # that wave's own transform tells
        return None


def _change(old: str, new: str) -> Label:
    if old == new:
        return Label("前回から選択肢が変わった", "the options changed since the wave before")
    return Label(f"前回の設問「{old}」から変わった", f"changed since the wave before, which asked: {old}")
