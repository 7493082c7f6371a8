"""Surveys of people: respondents' answers and a code book -> indicators, by wave.

A source is a folder. Order of events for a wave (one file of answers):

1. *look*: its checksum is taken; the file is not copied, and its rows go no further than this module's memory;
2. the code book says which questions feed which indicators, and which answers are positive;
3. rows become arrays (:mod:`harvesters.survey.respondents`);
4. weights: the column, or raked to the population, or none;
5. arrays become observations, small groups withheld (:mod:`harvesters.survey.estimates`).

Two datasets: the indicators, and the 2x2 counts of paired questions. Where the code book of a wave says something else
than that of the wave before, the series breaks there (status B). docs/surveys.md has the formulas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from catalog.database.harvests import HarvestObject
from catalog.errors import FetchError, InputError, Label, Place
from catalog.formats import sort_by_key
from catalog.model import Dataset, Dimension, Period
from catalog.model.indicator import Indicator, IndicatorPair
from catalog.reference import Reference
from harvesters.base import Context, Contribution, Fetched, Harvester, HarvestSource, Tally
from harvesters.fetching.fetch import declared_path, digest_of
from harvesters.findings import Findings
from harvesters.options import INTEGER, TEXT, Option
from harvesters.readers.declared import LAYOUT_OPTIONS, LAYOUT_RULES, Declared, open_tables
from harvesters.readers.detected import detections_of
from harvesters.readers.tables import FoundTable, fold
from harvesters.statistics import Margin, rake
from harvesters.survey.codebook import CodeBook, read_codebook
from harvesters.survey.dataset import OPTIONS, check_columns, checked_area, dataset_option, describe_declared
from harvesters.survey.estimates import ANSWERS, Design, Wave, observe, observe_pairs, pair_dimension
from harvesters.survey.groups import UNKNOWN, GroupReader
from harvesters.survey.options import ANSWERS_OF, CODEBOOK_OPTIONS, DECLARED_QUESTIONS, NUMBER, POPULATION, PUBLISHED
from harvesters.survey.respondents import GROUP_ROLES, OTHER_HEADINGS, RespondentReader, Respondents, joined, the_only
from harvesters.survey.rules import SURVEY
from harvesters.survey.waves import (
    WavePeriod,
    codebook_of,
    find_period,
    find_period_column,
    gather_file,
    gather_files,
    issued_at,
    of_file,
    split_by_period,
    without_sheet,
)

TEMPLATE, PAIRS_TEMPLATE = "citizen-survey", "citizen-survey-pairs"
#: the breakdown dimensions, in column order
DIMENSIONS = ("sex", "age", "mode")


class Survey(Harvester):
    """Answers of respondents: two datasets, one contribution a wave."""

    kind: ClassVar[str] = "survey"
    version: ClassVar[str] = "3"
    title: ClassVar[Label] = Label("アンケートの個票", "Survey answers")
    places: ClassVar[tuple[str, ...]] = ("path",)
    options: ClassVar[tuple[Option, ...]] = (
        dataset_option("citizen-survey"),
        *OPTIONS,
        Option(
            name="files",
            type=TEXT,
            default="*個票*",
            help=Label("個票のファイル名のパターン", "Pattern of the names of the files of answers"),
        ),
        *CODEBOOK_OPTIONS,
        Option(
            name="questions",
            type=DECLARED_QUESTIONS,
            default=None,
            help=Label(
                "設問ごとの指標と肯定的回答（番号か選択肢）。コード表にその列がないとき、または違うとき",
                "Indicator and positive answers (codes or labels) of questions, without the code book or against it",
            ),
        ),
        Option(
            name="chosen",
            type=ANSWERS_OF,
            default=None,
            help=Label(
                "複数回答の列で、選んだことを示す値。なければ 1、○、選択肢の番号など",
                "What stands for a chosen option of multiple answers; 1, ○, its number and the like if absent",
            ),
        ),
        Option(
            name="not_chosen",
            type=ANSWERS_OF,
            default=None,
            help=Label(
                "複数回答の列で、選ばなかったことを示す値（1が選択・2が非選択なら chosen: [1]、not_chosen: [2]）",
                "What stands for a not chosen one; with 1 for chosen and 2 for not: chosen: [1], not_chosen: [2]",
            ),
        ),
        PUBLISHED,
        Option(
            name="weights",
            type=TEXT,
            default="column",
            help=Label(
                "ウェイト: column（列があれば使う）、rake（population に合わせて計算）、none",
                "Weights: column (if there is one), rake (to population), none",
            ),
            allowed=("column", "rake", "none"),
        ),
        Option(
            name="population",
            type=POPULATION,
            default=None,
            help=Label("weights: rake のときの母集団の人数（区分ごと）", "For weights: rake, the people of each group"),
        ),
        Option(
            name="population_size",
            type=INTEGER,
            default=None,
            help=Label(
                "調査対象の総人数。標本誤差の有限母集団修正に使う",
                "People that the sample was drawn from, for the sampling error",
            ),
        ),
        Option(
            name="deff",
            type=NUMBER,
            default=1.0,
            help=Label("標本設計によるデザイン効果", "Design effect of the sample"),
        ),
        Option(
            name="sampling",
            type=TEXT,
            default="probability",
            help=Label(
                "無作為抽出（probability）か公募など（nonprobability。区間を示さない）",
                "Random sample (probability), or volunteers (nonprobability: no intervals)",
            ),
            allowed=("probability", "nonprobability"),
        ),
        Option(
            name="suppress_below",
            type=INTEGER,
            default=10,
            help=Label(
                "肯定的回答がこの人数に満たない区分を秘匿する", "Groups with fewer positive answers are withheld"
            ),
        ),
        Option(
            name="flag_below",
            type=INTEGER,
            default=30,
            help=Label("回答者がこの人数に満たない区分を状態 U とする", "Groups with fewer respondents get status U"),
        ),
        *LAYOUT_OPTIONS,
    )
    rules = (*SURVEY.values(), *LAYOUT_RULES, *detections_of(options))

    def datasets(self, context: Context) -> tuple[Dataset, ...]:
        """Return the indicators and the pairs, without the codes that only the answers tell."""
        empty = [GroupReader(role).dimension() for role in DIMENSIONS]
        return describe_indicators(context, empty), _describe_pairs(context)

    def gather(self, context: Context) -> Sequence[HarvestObject]:
        """Return the code books and the waves."""
        source = context.source
        waves, books = list_waves(source), listed_books(source)
        names = {_book_file(source, one.name, books) for one in waves} - {one.name for one in waves}
        return [gather_file(source, name) for name in sorted(names)] + waves

    def fetch(self, context: Context, wanted: HarvestObject, known: HarvestObject | None) -> Fetched:
        """Keep the bytes of code books; only look at answers, which stay where they are."""
        if _is_wave(context, wanted.name):
            return context.fetcher.look(context.source, wanted, known)
        return context.fetcher.fetch(context.source, wanted, known)

    def transform(self, context: Context, fetched: Fetched) -> Sequence[Contribution]:
        """Return the indicators and pairs of the waves of a file; nothing for a code book."""
        if not _is_wave(context, fetched.object.name):
            return []
        return _WaveRun(context, fetched).contributions()


def _is_wave(context: Context, name: str) -> bool:
    return name in {one.name for one in list_waves(context.source)}


def list_waves(source: HarvestSource) -> list[HarvestObject]:
    """Return the files of answers of a source: those that match ``files`` and are no code book of another file."""
    found, books = gather_files(source, source.options["files"]), listed_books(source)
    others = {book for one in found if (book := _book_file(source, one.name, books)) != one.name}
    return [one for one in found if one.name not in others]


def _book_file(source: HarvestSource, wave: str, books: Sequence[HarvestObject]) -> str:
    """Return the file of the code book of a wave: the wave's own file if there is no other."""
    return without_sheet(codebook_of(source, wave, books) or wave)[0]


def listed_books(source: HarvestSource) -> list[HarvestObject]:
    """Return the files in the folder of a source that are code books by their name; none if it is no folder."""
    if source.path is None or declared_path(source).is_file():
        return []
    return gather_files(source, "*コード表*")


def describe_indicators(context: Context, breakdowns: Sequence[Dimension]) -> Dataset:
    """Return the dataset of the indicators that citizens are asked for."""
    indicators = [one.id for one in survey_indicators(context.reference)]
    return describe_declared(context.source, TEMPLATE, breakdowns, indicators)


def survey_indicators(reference: Reference) -> list[Indicator]:
    """Return the indicators that are collected by asking citizens, by number."""
    return [one for one in reference.indicator_set.indicators if one.collection == "citizen_survey"]


def _pairs(reference: Reference) -> list[IndicatorPair]:
    return [one for one in reference.indicator_set.pairs if one.same_respondents]


def _describe_pairs(context: Context) -> Dataset:
    pairs = _pairs(context.reference)
    name = f"{context.source.options['dataset']}-pairs"
    breakdowns = (pair_dimension(pairs), ANSWERS)
    return describe_declared(context.source, PAIRS_TEMPLATE, breakdowns, [one.subjective for one in pairs], name=name)


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


class _WaveRun:
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
        respondents = self._weighted(joined([one.reader.read(weighted=weighted) for one in parts]))
        wave = self._wave(period, parts[0].reader.codebook, periods)
        indicators = survey_indicators(self._context.reference)
        dataset = describe_indicators(self._context, [self._groups[role].dimension() for role in DIMENSIONS])
        tables = [(dataset, observe(wave, respondents, indicators, self._findings))]
        by_id = {one.id: one for one in indicators}
        pairs = observe_pairs(wave, respondents, _pairs(self._context.reference), by_id)
        tables += [(_describe_pairs(self._context), pairs)] if pairs else []
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

    def _weighted(self, respondents: Respondents) -> Respondents:
        if self._options["weights"] != "rake":
            return respondents
        raked = rake(self._margins(respondents))
        gap = f"{100 * raked.largest_gap:.2g}"
        told = Label(
            f"{raked.rounds}回で最大差{gap}ポイント、最大÷最小ウェイト{raked.spread:.1f}",
            f"{raked.rounds} rounds, largest gap {gap} points, largest over smallest weight {raked.spread:.1f}",
        )
        rule = SURVEY["raked" if raked.converged else "raking-open"]
        self._findings.add(rule, Place(file=self._name), detail=told)
        return replace(respondents, weights=raked.weights) if raked.converged else respondents

    def _margins(self, respondents: Respondents) -> list[Margin]:
        population: Mapping[str, Mapping[str, float]] = self._options["population"] or {}
        margins = []
        for role, people in population.items():
            if role not in respondents.groups:
                raise InputError(
                    f"population に {role} がありますが、回答にその列がありません",
                    f"The population has {role}, and the answers have no such column",
                    next_step=Label(
                        "options の columns か population を直してください",
                        "Correct columns or population in the options",
                    ),
                    place=Place(file=self._name),
                    value=role,
                )
            targets = {self._code(role, label): number for label, number in people.items()}
            codes = [code if code != UNKNOWN else None for code in respondents.groups[role].to_pylist()]
            margins.append(Margin(name=role, codes=pa.array(codes, pa.string()), targets=targets))
        return margins

    def _code(self, role: str, label: str) -> str:
        group = self._groups[role].find(label)
        if group is None:
            raise InputError(
                f"population の「{label}」が {role} として読めません",
                f"{label!r} of the population is no {role}",
                next_step=Label(
                    "回答と同じ表記にするか、options の codes で指定してください",
                    "Write it as the answers do, or give it in the option codes",
                ),
                place=Place(file=self._source.file.name, cell=f"{self._source.name}.options.population.{role}"),
                value=label,
            )
        return group.code

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


def read_book(
    context: Context, name: str, sheet: str | None, findings: Findings, *, period: Period | None = None
) -> CodeBook:
    """Return the code book of a file in the source's folder; a file of answers that has it is only looked at.

    Raises
    ------
    FetchError, InputError
        If it is not there or cannot be read.
    """
    source = context.source
    waves = {one.name: one for one in list_waves(source)} if source.kind == Survey.kind else {}
    if name in waves:
        path = context.fetcher.look(source, waves[name], None).path
    else:
        path = context.fetcher.fetch(source, gather_file(source, name), None).path
    try:
        tables = open_tables(
            path, name=name, declared=Declared(), findings=findings if name not in waves else Findings()
        )
        return read_codebook(
            tables, context.reference.indicator_set, source.options, findings, sheet=sheet, period=period
        )
    except InputError as error:
        if name in waves:
            raise _no_book(source) from error
        raise


def _no_book(source: HarvestSource) -> InputError:
    return InputError(
        "コード表がありません",
        "There is no code book",
        next_step=Label(
            "名前に「コード表」を含むファイルを置くか、options の codebook で指定してください",
            "Put a file with コード表 in its name beside it, or name it in the option codebook",
        ),
        place=Place(file=source.file.name, cell=f"{source.name}.options.codebook"),
    )
