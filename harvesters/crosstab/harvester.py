"""Published cross tables of a survey -> the same observations as from its answers, as far as rounding allows.

One table a question: the question above it, groups in the columns (everybody, sex, age, ward under headings in two
rows), a row of bases, one row an answer, and a row of people who did not answer; or the same with groups in the rows
(:mod:`harvesters.crosstab.turned`). Which answers are positive says the code book, or the option ``questions``. The
value is the sum of the printed percentages of the positive answers.

The base of a printed table usually includes those who did not answer; the note says so, because the share among the
answers is higher. With ``base: answered`` the figures are taken over the people who answered, and are estimates (E).

With ``compare`` naming the files of answers of the same folder, every figure is held against the answers of its wave.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from catalog.database.jobs import HarvestObject
from catalog.errors import InputError, Label, Place
from catalog.model import TOTAL, Dataset, Period
from catalog.model.indicator import Indicator
from harvesters.base import Context, Contribution, Fetched, Harvester
from harvesters.crosstab.compare import compare
from harvesters.crosstab.figures import Column, Figures, read_figures
from harvesters.crosstab.tables import ColumnGroup, CrossTable, read_cross_table, split_questions
from harvesters.options import INTEGER, TEXT, Option, OptionType
from harvesters.places import placed
from harvesters.readers.declared import (
    FIGURE_OPTIONS,
    FIGURE_RULES,
    LAYOUT_OPTIONS,
    LAYOUT_RULES,
    Declared,
    open_tables,
)
from harvesters.readers.detected import detections_of
from harvesters.readers.tables import FoundTable, fold
from harvesters.statistics import wilson_interval
from harvesters.survey.codebook import AnswerOption, CodeBook, Question
from harvesters.survey.dataset import OPTIONS, checked_area, dataset_option, files_option
from harvesters.survey.estimates import DIGITS, WILSON, note
from harvesters.survey.files import listed_books, read_book
from harvesters.survey.groups import GroupReader
from harvesters.survey.indicators import DIMENSIONS, describe_indicators, survey_indicators
from harvesters.survey.options import CODEBOOK_OPTIONS, NUMBER, PUBLISHED
from harvesters.survey.respondent_reader import plain_id
from harvesters.survey.respondents import GROUP_ROLES
from harvesters.survey.rules import TABLES
from harvesters.survey.waves import (
    WavePeriod,
    codebook_of,
    find_period,
    gather_file,
    gather_files,
    issued_at,
    of_file,
    without_sheet,
)


def _questions(raw: Any) -> dict[str, tuple[str, tuple[str, ...]]]:
    if not isinstance(raw, Mapping) or not raw:
        raise TypeError
    found = {}
    for id, one in raw.items():
        if not isinstance(one, Mapping) or set(one) != {"indicator", "positive"} or not one["positive"]:
            raise TypeError
        found[TEXT.parse(id)] = (TEXT.parse(one["indicator"]), tuple(TEXT.parse(label) for label in one["positive"]))
    return found


QUESTIONS = OptionType(
    "questions",
    Label(
        "{問1: {indicator: kpi-01, positive: [よく知っている]}} の形",
        "questions with indicator and positive answers: {問1: {indicator: kpi-01, positive: [よく知っている]}}",
    ),
    _questions,
)


class CrossTables(Harvester):
    """Cross tables: one dataset, one contribution a file and period."""

    kind: ClassVar[str] = "crosstab"
    version: ClassVar[str] = "4"
    title: ClassVar[Label] = Label("アンケートの集計表", "Cross tables of a survey")
    options: ClassVar[tuple[Option, ...]] = (
        dataset_option("citizen-survey"),
        *OPTIONS,
        files_option("*集計表*", Label("集計表", "tables")),
        *CODEBOOK_OPTIONS,
        Option(
            name="questions",
            type=QUESTIONS,
            default=None,
            help=Label(
                "設問ごとの指標と肯定的回答。コード表がないとき、または違うとき",
                "Indicator and positive answers of each question, without a code book or against it",
            ),
        ),
        PUBLISHED,
        Option(
            name="base",
            type=TEXT,
            default="all",
            help=Label(
                "割合の分母: all（印刷のまま、無回答を含む）か answered（答えた人）",
                "Base of the shares: all (as printed) or answered (without those who did not answer)",
            ),
            allowed=("all", "answered"),
        ),
        Option(
            name="groups",
            type=TEXT,
            default=None,
            help=Label(
                "区分（性別・年代など）が並ぶ向き: columns（列）か rows（行）。なければ自動判定",
                "Where groups (sexes, ages) stand: columns or rows; found by looking if absent",
            ),
            allowed=("columns", "rows"),
        ),
        Option(
            name="figures",
            type=TEXT,
            default=None,
            help=Label(
                "セルの値: counts（人数）か shares（割合）。なければ、足すと回答者数になるかどうかで判定",
                "What cells have: counts (people) or shares; if absent, they are counts if they add up to the base",
            ),
            allowed=("counts", "shares"),
        ),
        Option(
            name="compare",
            type=TEXT,
            default=None,
            help=Label(
                "同じ回の個票のファイル名のパターン。あれば値を突き合わせる",
                "Pattern of the files of answers to compare with",
            ),
        ),
        Option(
            name="deff",
            type=NUMBER,
            default=1.0,
            help=Label("標本設計によるデザイン効果", "Design effect of the sample"),
        ),
        Option(
            name="suppress_below",
            type=INTEGER,
            default=10,
            help=Label(
                "個票と突き合わせるとき、肯定的回答がこの人数に満たない区分は示さない",
                "When comparing, groups with fewer positive answers are not shown",
            ),
        ),
        Option(
            name="flag_below",
            type=INTEGER,
            default=30,
            help=Label("回答者がこの人数に満たない区分を状態 U とする", "Groups with fewer respondents get status U"),
        ),
        *LAYOUT_OPTIONS,
        *FIGURE_OPTIONS,
    )
    rules = (*TABLES.values(), *LAYOUT_RULES, *FIGURE_RULES, *detections_of(options))

    def datasets(self, context: Context) -> tuple[Dataset, ...]:
        """Return the dataset, without the codes that only the tables tell."""
        return (describe_indicators(context, [GroupReader(role).dimension() for role in DIMENSIONS]),)

    def gather(self, context: Context) -> Sequence[HarvestObject]:
        """Return the code books and the files of tables."""
        source = context.source
        files, books = gather_files(source, source.options["files"]), listed_books(source)
        names = {without_sheet(book)[0] for one in files if (book := codebook_of(source, one.name, books))}
        return [gather_file(source, name) for name in sorted(names)] + [one for one in files if one.name not in names]

    def transform(self, context: Context, fetched: Fetched) -> Sequence[Contribution]:
        """Return the indicators of a file of tables; nothing for a code book."""
        books = listed_books(context.source)
        files = [one.name for one in gather_files(context.source, context.source.options["files"])]
        if fetched.object.name in {without_sheet(codebook_of(context.source, one, books) or "")[0] for one in files}:
            return []
        return _FileRun(context, fetched).contributions()


class _FileRun:
    """One file of tables on its way to a contribution."""

    def __init__(self, context: Context, fetched: Fetched) -> None:
        self._context, self._fetched = context, fetched
        self._options, self._findings = context.source.options, context.findings
        self._name, self._area = fetched.object.name, checked_area(context)
        self._declared = Declared.of(self._options)
        self._readers = {
            role: GroupReader.of(role, context.reference, self._area, self._options["codes"]) for role in GROUP_ROLES
        }
        self._indicators = {one.id: one for one in survey_indicators(context.reference)}

    def contributions(self) -> list[Contribution]:
        tables = open_tables(self._fetched.path, name=self._name, declared=self._declared, findings=self._findings)
        by_period: dict[Period, list[FoundTable]] = {}
        for table, period in self._dated(tables):
            by_period.setdefault(period, []).append(table)
        figures = {period: self._read(own, period) for period, own in by_period.items()}
        dataset = describe_indicators(self._context, [self._readers[role].dimension() for role in DIMENSIONS])
        found = [self._contribution(dataset, own, period) for period, own in sorted(figures.items())]
        used = [one for one in found if one.table.num_rows]
        return used or found[:1]

    def _contribution(self, dataset: Dataset, figures: Sequence[Figures], period: Period) -> Contribution:
        table, places = placed(dataset.structure, self._of_period(figures, period))
        return Contribution(
            dataset=dataset,
            table=table,
            issued=issued_at(period, of_file(self._options["published"], self._name)),
            object=self._name,
            places=(places,),
        )

    def _read(self, tables: Sequence[FoundTable], period: Period) -> list[Figures]:
        options = self._options
        self._readers["area"] = GroupReader.of("area", self._context.reference, self._area, options["codes"], period)
        codebook = self._codebook(period)
        parts = [part for one in tables for part in split_questions(one)]
        figures = [found for one in parts if (found := self._figures(one, codebook))]
        if options["compare"]:
            compare(self._context, figures, period, self._readers)
        return figures

    def _of_period(self, figures: Sequence[Figures], period: Period) -> list[tuple[Place, dict[str, Any]]]:
        """Return the observations; of a group that several tables have the first, and a different one is reported."""
        rows: dict[tuple[Any, ...], tuple[Place, dict[str, Any]]] = {}
        for one in figures:
            for group, row in self._rows(one, str(period)):
                key = tuple(row[name] for name in ("indicator_id", "area_code", *DIMENSIONS))
                _, first = rows.setdefault(key, (one.place(group), row))
                if (first.get("value"), first.get("n")) != (row.get("value"), row.get("n")):
                    said = f"{row.get('value')} (n={row.get('n')}) ≠ {first.get('value')} (n={first.get('n')})"
                    self._findings.add(TABLES["group-twice"], one.cross.base_place(group.column), said)
        return list(rows.values())

    def _dated(self, tables: Sequence[FoundTable]) -> list[tuple[FoundTable, Period]]:
        """Return the tables with their periods: of their sheets where these have different ones, else of the file."""
        sheets = list(dict.fromkeys(one.grid.sheet for one in tables))
        found: dict[str | None, WavePeriod] = {}
        for sheet in sheets if len(sheets) > 1 else ():
            own = [one for one in tables if one.grid.sheet == sheet]
            try:
                found[sheet] = find_period("-", _titles(own), None, sheet)
            except InputError:  # the file may say it
                continue
        if len({one.period for one in found.values()}) < 2 or not self._declares_sheets(found):
            period = self._period(tables)
            return [(one, period) for one in tables]
        for sheet, wave in found.items():
            if wave.detected is not None:
                place = Place(file=self._name, sheet=sheet)
                self._findings.extend([replace(wave.detected, place=place).finding])
        for one in tables:
            if one.grid.sheet not in found:
                self._findings.add(TABLES["table-unused"], one.grid.place(one.header.start), one.title[:80])
        return [(one, found[one.grid.sheet].period) for one in tables if one.grid.sheet in found]

    def _declares_sheets(self, found: Mapping[str | None, WavePeriod]) -> bool:
        """Return whether sheets may have periods of their own, because the file is not declared to have one."""
        return bool(found) and of_file(self._options["periods"], self._name) is None

    def _period(self, tables: Sequence[FoundTable]) -> Period:
        found = find_period(self._name, _titles(tables), self._options["periods"])
        if found.detected is not None:
            self._findings.extend([found.detected.finding])
        return found.period

    def _codebook(self, period: Period) -> CodeBook | None:
        name = codebook_of(self._context.source, self._name, listed_books(self._context.source))
        return read_book(self._context, *without_sheet(name), self._findings, period=period) if name else None

    def _figures(self, table: FoundTable, codebook: CodeBook | None) -> Figures | None:
        """Return the figures of a table, or None if it feeds no indicator or cannot be used, which is reported."""
        cross = read_cross_table(table, self._readers, self._findings, self._options["groups"])
        question = self._question(cross, codebook) if cross else None
        place = table.grid.place(table.header.start)
        if cross is None or question is None or question.indicator not in self._indicators:
            self._findings.add(TABLES["table-unused"], place, table.title[:80])
            return None
        lacking = [one.label for one in question.options if one.positive and fold(one.label) not in cross.answers]
        if lacking:
            self._findings.add(TABLES["option-missing"], place, "、".join(lacking))
            return None
        counted = {"counts": True, "shares": False}.get(self._options["figures"] or "")
        return read_figures(cross, question, self._declared, self._findings, self._context.tally, counted=counted)

    def _question(self, cross: CrossTable, codebook: CodeBook | None) -> Question | None:
        declared: Mapping[str, tuple[str, tuple[str, ...]]] = self._options["questions"] or {}
        for id, (indicator, positive) in declared.items():
            if fold(id) == fold(cross.id) or (plain_id(id) and plain_id(id) == plain_id(cross.id)):
                options = tuple(AnswerOption(label, label, True) for label in positive)
                return Question(
                    id=cross.id, wording=cross.wording, multiple=False, options=options, indicator=indicator
                )
        if codebook is None:
            return None
        wordings = {fold(one) for one in (cross.wording, *cross.wordings)}
        same = [one for one in codebook.questions if one.wording and fold(one.wording) in wordings]
        if same:
            return same[0]
        found = self._by_id(cross.id, codebook) if cross.id else None
        if found is not None and found.wording:
            self._findings.add(TABLES["wording-differs"], cross.title_place, cross.wording[:80])
        return found

    @staticmethod
    def _by_id(id: str, codebook: CodeBook) -> Question | None:
        """Return the question of a number, which may be written in another way (``Q1`` for 問1)."""
        found = codebook.find_by_id(id)
        same = [one for one in codebook.questions if plain_id(one.id) and plain_id(one.id) == plain_id(id)]
        return found or (same[0] if len(same) == 1 else None)

    def _rows(self, figures: Figures, period: str) -> Iterator[tuple[ColumnGroup, dict[str, Any]]]:
        indicator = self._indicators[str(figures.question.indicator)]
        for group in figures.cross.groups:
            yield group, self._row(figures, group, figures.column(group), indicator, period)

    def _row(
        self, figures: Figures, group: ColumnGroup, column: Column, indicator: Indicator, period: str
    ) -> dict[str, Any]:
        row: dict[str, Any] = {
            "indicator_id": indicator.id,
            "definition_id": indicator.definitions[0].id,
            "area_code": group.code if group.role == "area" else self._area,
            "period": period,
            **dict.fromkeys(DIMENSIONS, TOTAL),
            "unit": indicator.unit,
        }
        if group.role in row:
            row[group.role] = group.code
        answered = self._options["base"] == "answered"
        value, base = column.share(answered=answered), column.base(answered=answered)
        common = {"n": None if base is None else int(base), "denominator": None if base is None else float(base)}
        if value is None:
            return {**row, **common, "obs_status": column.missing or "O", "note": note(_MISSING[column.missing or "O"])}
        return {
            **row,
            **common,
            **self._interval(value, base),
            "value": float(value),
            "numerator": None if column.positive_count is None else float(column.positive_count),
            "obs_status": self._status(figures, group, column, answered),
            "note": self._note(figures, group, column, answered),
        }

    def _interval(self, value: Decimal, base: Decimal | None) -> dict[str, Any]:
        if not base:
            return {}
        found = wilson_interval(float(min(value, Decimal(100))) / 100, float(base), deff=self._options["deff"])
        lower, upper = round(100 * found.lower, DIGITS), round(100 * found.upper, DIGITS)
        return {"ci_lower": lower, "ci_upper": upper, "ci_method": WILSON}

    def _status(self, figures: Figures, group: ColumnGroup, column: Column, answered: bool) -> str:
        if column.n is not None and column.n < self._options["flag_below"]:
            place = figures.cross.base_place(group.column)
            self._findings.add(TABLES["base-small"], place, str(column.n))
            return "U"
        return "E" if answered and column.no_answer else "A"

    def _note(self, figures: Figures, group: ColumnGroup, column: Column, answered: bool) -> str | None:
        parts = []
        if group.role == "" and figures.question.wording:
            wording = figures.cross.wording or figures.question.wording
            parts.append(Label(f"設問「{wording}」", f"Question: {wording}"))
        if group.role == "":
            parts.append(Label("公表された構成比の和", "sum of the published percentages"))
        if column.no_answer is not None and not answered:
            parts.append(Label("分母に無回答を含む", "the base includes no answer"))
        return note(*parts)


def _titles(tables: Sequence[FoundTable]) -> list[tuple[str, Place]]:
    return [(text, one.grid.place(row, 0)) for one in tables for row, text in one.titles]


_MISSING = {
    "Q": Label("集計表で秘匿", "withheld in the table"),
    "O": Label("集計表に値がない", "no figure in the table"),
    "L": Label("集計表で未集計", "not collected"),
    "M": Label("集計表で該当なし", "cannot exist"),
}
