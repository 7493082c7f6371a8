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
from dataclasses import replace
from datetime import date
from typing import Any, ClassVar

import pyarrow as pa

from catalog.database.harvests import HarvestObject
from catalog.errors import FetchError, InputError, Label, Place
from catalog.formats import sort_by_key
from catalog.model import Dataset, Dimension, Period
from catalog.model.indicator import Indicator, IndicatorPair
from catalog.reference import Reference
from harvesters.base import Context, Contribution, Fetched, Harvester, HarvestSource
from harvesters.fetching.fetch import declared_path, digest_of
from harvesters.findings import Findings
from harvesters.options import DATE, INTEGER, TEXT, TEXTS, Option, OptionType
from harvesters.readers.declared import LAYOUT_OPTIONS, LAYOUT_RULES, Declared, open_tables
from harvesters.statistics import Margin, rake
from harvesters.survey.codebook import CodeBook, read_codebook
from harvesters.survey.dataset import MAPPING, OPTIONS, checked_area, dataset_option, describe_declared
from harvesters.survey.estimates import ANSWERS, Design, Wave, observe, observe_pairs, pair_dimension
from harvesters.survey.groups import UNKNOWN, GroupReader
from harvesters.survey.respondents import GROUP_ROLES, RespondentReader, Respondents, the_only
from harvesters.survey.rules import SURVEY
from harvesters.survey.waves import codebook_of, find_period, gather_file, gather_files, issued_at

TEMPLATE, PAIRS_TEMPLATE = "citizen-survey", "citizen-survey-pairs"
#: the breakdown dimensions, in column order
DIMENSIONS = ("sex", "age", "mode")


def _positive_number(raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not raw > 0:
        raise ValueError
    return float(raw)


def _population(raw: Any) -> dict[str, dict[str, float]]:
    if not isinstance(raw, Mapping) or not raw or not set(raw) <= set(GROUP_ROLES):
        raise TypeError
    return {
        role: {str(label): _positive_number(people) for label, people in margin.items()} for role, margin in raw.items()
    }


def _days(raw: Any) -> dict[str, date]:
    if not isinstance(raw, Mapping) or not raw:
        raise TypeError
    return {TEXT.parse(name): DATE.parse(day) for name, day in raw.items()}


NUMBER = OptionType("number", Label("0より大きい数", "a number above 0"), _positive_number)
POPULATION = OptionType(
    "population",
    Label("{area: {中央区: 220944}, age: {…}} の形", "people by group: {area: {中央区: 220944}, age: {...}}"),
    _population,
)
DAYS = OptionType("days", Label("{ファイル名: 日付} の形", "files and days: {name of the file: 2024-09-30}"), _days)

#: option of every kind whose files become known on a day of their own
PUBLISHED = Option(
    name="published",
    type=DAYS,
    default=None,
    help=Label(
        "ファイルごとの公表日。なければ時点の末日",
        "Day on which each file was published; the last day of its period if absent",
    ),
)
#: options of every kind that reads a code book
CODEBOOK_OPTIONS = (
    Option(
        name="codebook",
        type=TEXT,
        default=None,
        help=Label(
            "コード表のファイル名。なければ名前に「コード表」を含む唯一のファイル",
            "Name of the code book; the only file with コード表 in its name if absent",
        ),
    ),
    Option(
        name="codebooks",
        type=MAPPING,
        default=None,
        help=Label(
            "回によってコード表が違うとき、ファイルごとのコード表", "Code book of each file, where waves have their own"
        ),
    ),
    Option(
        name="codebook_columns",
        type=MAPPING,
        default=None,
        help=Label(
            "コード表の列の役割と見出しの対応（question, wording, form, option, label, positive, indicator）",
            "Headings of the code book by role (question, wording, form, option, label, positive, indicator)",
        ),
    ),
    Option(
        name="no_answer",
        type=TEXTS,
        default=None,
        help=Label(
            "単一回答の無回答の符号。なければコード表の注から判定",
            "Codes of no answer; found in the notes of the code book if absent",
        ),
    ),
    Option(
        name="no_answer_multiple",
        type=TEXTS,
        default=None,
        help=Label("複数回答の無回答の符号", "Codes of no answer in columns of multiple answers"),
    ),
)


class Survey(Harvester):
    """Answers of respondents: two datasets, one contribution a wave."""

    kind: ClassVar[str] = "survey"
    version: ClassVar[str] = "2"
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
    rules = (*SURVEY.values(), *LAYOUT_RULES)

    def datasets(self, context: Context) -> tuple[Dataset, ...]:
        """Return the indicators and the pairs, without the codes that only the answers tell."""
        empty = [GroupReader(role).dimension() for role in DIMENSIONS]
        return describe_indicators(context, empty), _describe_pairs(context)

    def gather(self, context: Context) -> Sequence[HarvestObject]:
        """Return the code books and the waves."""
        source = context.source
        waves, books = gather_files(source, source.options["files"]), listed_books(context.source)
        names = {book for wave in waves if (book := codebook_of(source, wave.name, books))}
        return [gather_file(source, name) for name in sorted(names)] + [one for one in waves if one.name not in names]

    def fetch(self, context: Context, wanted: HarvestObject, known: HarvestObject | None) -> Fetched:
        """Keep the bytes of code books; only look at answers, which stay where they are."""
        if _is_wave(context, wanted.name):
            return context.fetcher.look(context.source, wanted, known)
        return context.fetcher.fetch(context.source, wanted, known)

    def transform(self, context: Context, fetched: Fetched) -> Sequence[Contribution]:
        """Return the indicators and pairs of a wave; nothing for a code book."""
        if not _is_wave(context, fetched.object.name):
            return []
        return _WaveRun(context, fetched).contributions()


def _is_wave(context: Context, name: str) -> bool:
    books = listed_books(context.source)
    waves = [one.name for one in gather_files(context.source, context.source.options["files"])]
    return name in waves and name not in {codebook_of(context.source, wave, books) for wave in waves}


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


class _WaveRun:
    """One wave on its way from rows to contributions."""

    def __init__(self, context: Context, fetched: Fetched) -> None:
        self._context, self._fetched = context, fetched
        self._source, self._options, self._findings = context.source, context.source.options, context.findings
        self._name = fetched.object.name
        self._area = checked_area(context)
        self._groups = {
            role: GroupReader.of(role, context.reference, self._area, self._options["codes"]) for role in GROUP_ROLES
        }

    def contributions(self) -> list[Contribution]:
        period = self._period()
        codebook = read_book(self._context, self._book_name(self._name), self._findings)
        respondents = self._weighted(self._respondents(codebook))
        wave = self._wave(period, codebook)
        indicators = survey_indicators(self._context.reference)
        dataset = describe_indicators(self._context, [self._groups[role].dimension() for role in DIMENSIONS])
        tables = [(dataset, observe(wave, respondents, indicators, self._findings))]
        by_id = {one.id: one for one in indicators}
        pairs = observe_pairs(wave, respondents, _pairs(self._context.reference), by_id)
        tables += [(_describe_pairs(self._context), pairs)] if pairs else []
        issued = issued_at(period, (self._options["published"] or {}).get(self._name))
        return [
            Contribution(
                dataset=one,
                table=sort_by_key(one.structure.table(rows), one.structure),
                issued=issued,
                object=self._name,
            )
            for one, rows in tables
        ]

    def _period(self) -> Period:
        found = find_period(self._name, (), self._options["periods"])
        if found.detected is not None:
            self._findings.extend([found.detected.finding])
        return found.period

    def _book_name(self, wave: str) -> str:
        name = codebook_of(self._source, wave, listed_books(self._source))
        if name is None:
            raise InputError(
                "コード表がありません",
                "There is no code book",
                next_step=Label(
                    "名前に「コード表」を含むファイルを置くか、options の codebook で指定してください",
                    "Put a file with コード表 in its name beside it, or name it in the option codebook",
                ),
                place=Place(file=self._source.file.name, cell=f"{self._source.name}.options.codebook"),
            )
        return name

    def _respondents(self, codebook: CodeBook) -> Respondents:
        table = the_only(
            open_tables(
                self._fetched.path, name=self._name, declared=Declared.of(self._options), findings=self._findings
            )
        )
        if digest_of(self._fetched.path) != self._fetched.object.sha256:
            raise FetchError(
                f"「{self._name}」が読んでいる間に変わりました",
                f"{self._name} changed while it was read",
                next_step=Label(
                    "書き込みが終わってからもう一度実行してください", "Run it again when it is written completely"
                ),
                place=Place(file=self._name),
            )
        reader = RespondentReader(
            table, codebook, self._groups, self._options["columns"] or {}, self._findings, self._context.tally
        )
        return reader.read(weighted=self._options["weights"] == "column")

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

    def _wave(self, period: Period, codebook: CodeBook) -> Wave:
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
            breaks=self._breaks(period, codebook),
        )

    def _breaks(self, period: Period, codebook: CodeBook) -> dict[str, Label]:
        before = self._book_before(period)
        if before is None or before == codebook.file:
            return {}
        old = read_book(self._context, before, Findings())
        changes = {}
        for question in codebook.questions:
            earlier = old.find_question(question.indicator) if question.indicator else None
            if question.indicator and earlier is not None and not question.says_the_same(earlier):
                self._findings.add(SURVEY["wording-changed"], Place(file=codebook.file), question.id)
                changes[question.indicator] = _change(earlier.wording, question.wording)
        return changes

    def _book_before(self, period: Period) -> str | None:
        """Return the code book of the wave before, or None if this is the first."""
        waves = [one.name for one in gather_files(self._source, self._options["files"])]
        earlier = []
        for name in waves:
            if name != self._name and _is_wave(self._context, name):
                other = _period_or_none(name, self._options["periods"])
                if other is not None and other.end < period.end:
                    earlier.append((other.end, name))
        return self._book_name(max(earlier)[1]) if earlier else None


def _period_or_none(name: str, declared: Mapping[str, str] | None) -> Period | None:
    try:
        return find_period(name, (), declared).period
    except InputError:  # that wave's own transform tells
        return None


def _change(old: str, new: str) -> Label:
    if old == new:
        return Label("前回から選択肢が変わった", "the options changed since the wave before")
    return Label(f"前回の設問「{old}」から変わった", f"changed since the wave before, which asked: {old}")


def read_book(context: Context, name: str, findings: Findings) -> CodeBook:
    """Return the code book of a file in the source's folder.

    Raises
    ------
    FetchError, InputError
        If it is not there or cannot be read.
    """
    fetched = context.fetcher.fetch(context.source, gather_file(context.source, name), None)
    tables = open_tables(fetched.path, name=name, declared=Declared(), findings=findings)
    return read_codebook(tables, context.reference.indicator_set, context.source.options, findings)
