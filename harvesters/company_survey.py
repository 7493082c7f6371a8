"""Published tables of a company survey -> an indicator by industry and size.

One row a group of companies (merged labels of industries in the first column), one row for all; one column with the
companies that answered, and for each answer companies and percent under a heading in two rows. The value is the printed
percentage of the positive answers; the counts stand beside it and are checked against it. What the table withholds is
withheld. All tables with such columns are used (one by industry and one by size; a sheet a year), and groups may stand
above the answers instead of in rows (sizes in the header).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, ClassVar

from catalog.database.jobs import HarvestObject
from catalog.errors import InputError, Label, Place
from catalog.model import TOTAL, Dataset, Period
from catalog.model.indicator import Indicator
from harvesters.base import Context, Contribution, Fetched, Harvester
from harvesters.options import INTEGER, TEXT, TEXTS, Option
from harvesters.places import placed
from harvesters.readers.cells import CellReader, ReadNumber
from harvesters.readers.declared import (
    FIGURE_OPTIONS,
    FIGURE_RULES,
    LAYOUT_OPTIONS,
    LAYOUT_RULES,
    Declared,
    open_tables,
)
from harvesters.readers.detected import detections_of
from harvesters.readers.percent import Scale, detect_scale, to_percent
from harvesters.readers.tables import Column, FoundTable, fold
from harvesters.readers.units import COUNTS, PERCENTAGES
from harvesters.statistics import wilson_interval
from harvesters.survey.dataset import (
    OPTIONS,
    check_columns,
    checked_area,
    dataset_option,
    describe_declared,
    files_option,
)
from harvesters.survey.estimates import DIGITS, WILSON, note
from harvesters.survey.groups import HEADINGS, UNKNOWN, GroupReader, fold_label
from harvesters.survey.options import PUBLISHED
from harvesters.survey.rules import TABLES
from harvesters.survey.waves import find_period, gather_files, issued_at, of_file

TEMPLATE = "company-survey"
#: the breakdown dimensions, in column order
DIMENSIONS = ("industry", "size")
_BASES = (
    *("回答企業数", "回答数", "回答事業所数", "回答事業者数", "企業数", "事業所数", "集計企業数", "有効回答数"),
    *("回答企業", "標本数", "n", "n数", "母数"),
)
_PERCENT = frozenset({"%", "割合", "構成比", "割合(%)", "構成比(%)", "(%)"})
#: what stands for all groups where a row is a total of others
_ALL = frozenset(
    map(
        fold,
        (
            *("計", "小計", "合計", "総計", "全体", "総数", "全業種", "全産業", "業種計", "産業計", "全規模", "規模計"),
            *("業種合計", "規模合計", "全企業", "全社", "total"),
        ),
    )
)
_HALF = Decimal("0.5")


class CompanySurvey(Harvester):
    """Tables of a company survey: one dataset, one contribution a file and period."""

    kind: ClassVar[str] = "company_survey"
    version: ClassVar[str] = "3"
    title: ClassVar[Label] = Label("企業アンケートの集計表", "Tables of a company survey")
    options: ClassVar[tuple[Option, ...]] = (
        dataset_option("company-survey"),
        *OPTIONS,
        files_option("*企業アンケート*", Label("集計表", "tables")),
        Option(name="indicator", type=TEXT, default="kpi-07", help=Label("指標のID", "Id of the indicator")),
        Option(
            name="positive",
            type=TEXTS,
            default=("取り組んでいる",),
            help=Label("肯定的回答の見出し", "Headings of the positive answers"),
        ),
        Option(
            name="base",
            type=TEXT,
            default=None,
            help=Label(
                "回答企業数の見出し。なければ見出しから判定",
                "Heading of the companies that answered; found by its heading if absent",
            ),
        ),
        PUBLISHED,
        Option(
            name="flag_below",
            type=INTEGER,
            default=0,
            help=Label(
                "回答企業がこの数に満たない区分を状態 U とする（0ならしない）",
                "Groups with fewer companies get status U; 0 for none",
            ),
        ),
        *LAYOUT_OPTIONS,
        *FIGURE_OPTIONS,
    )
    rules = (*TABLES.values(), *LAYOUT_RULES, *FIGURE_RULES, *detections_of(options))

    def datasets(self, context: Context) -> tuple[Dataset, ...]:
        """Return the dataset, without the codes that only the tables tell."""
        return (_describe(context, {role: GroupReader(role) for role in DIMENSIONS}),)

    def gather(self, context: Context) -> Sequence[HarvestObject]:
        """Return the files of tables."""
        return gather_files(context.source, context.source.options["files"])

    def transform(self, context: Context, fetched: Fetched) -> Sequence[Contribution]:
        """Return the indicator of a file, by period."""
        return _FileRun(context, fetched).contributions()


def _describe(context: Context, readers: Mapping[str, GroupReader]) -> Dataset:
    dimensions = [readers[role].dimension() for role in DIMENSIONS]
    return describe_declared(context.source, TEMPLATE, dimensions, [context.source.options["indicator"]])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """The columns of a table that are used."""

    groups: Mapping[str, Column]
    base: Column
    counts: tuple[Column, ...]
    percents: tuple[Column, ...]


class _FileRun:
    """One file on its way to a contribution."""

    def __init__(self, context: Context, fetched: Fetched) -> None:
        self._context, self._fetched = context, fetched
        self._options, self._findings = context.source.options, context.findings
        self._name, self._area = fetched.object.name, checked_area(context)
        self._declared = Declared.of(self._options)
        self._readers = {
            role: GroupReader.of(role, context.reference, self._area, self._options["codes"]) for role in DIMENSIONS
        }
        self._units = [COUNTS]
        #: sheet, first row and columns of a table cut out of one -> the groups above it
        self._fixed: dict[tuple[Any, ...], dict[str, str]] = {}
        check_columns(context.source, DIMENSIONS)
        self._indicator: Indicator = context.reference.indicator_set.get_indicator(self._options["indicator"])

    def contributions(self) -> list[Contribution]:
        found = open_tables(self._fetched.path, name=self._name, declared=self._declared, findings=self._findings)
        tables = [part for one in found for part in self._by_heading(one) if self._is_usable(part)] or found[:1]
        used = {(one.grid.sheet, one.header.start) for one in tables}
        for other in found:
            if (other.grid.sheet, other.header.start) not in used:
                self._findings.add(TABLES["table-unused"], other.grid.place(other.header.start), other.title[:80])
        several = len({one.grid.sheet for one in tables}) > 1
        rows: dict[Period, dict[tuple[str, ...], tuple[Place, dict[str, Any]]]] = {}
        for table in tables:
            period = self._period(table, several=several)
            for place, row in self._rows(table, str(period)):
                self._put(rows.setdefault(period, {}), row, place)
        dataset = _describe(self._context, self._readers)
        return [self._contribution(dataset, period, list(own.values())) for period, own in sorted(rows.items())]

    def _contribution(
        self, dataset: Dataset, period: Period, rows: Sequence[tuple[Place, dict[str, Any]]]
    ) -> Contribution:
        table, places = placed(dataset.structure, rows)
        return Contribution(
            dataset=dataset,
            table=table,
            issued=issued_at(period, of_file(self._options["published"], self._name)),
            object=self._name,
            places=(places,),
        )

    def _put(
        self, rows: dict[tuple[str, ...], tuple[Place, dict[str, Any]]], row: dict[str, Any], place: Place
    ) -> None:
        """Add an observation; a second one of the same groups is left out, and reported if it says something else."""
        key = tuple(row[role] for role in DIMENSIONS)
        _, first = rows.setdefault(key, (place, row))
        if first.get("value") != row.get("value") or first.get("n") != row.get("n"):
            said = f"{row.get('value')} (n={row.get('n')}) ≠ {first.get('value')} (n={first.get('n')})"
            self._findings.add(TABLES["group-twice"], place, said)

    def _is_usable(self, table: FoundTable) -> bool:
        return self._find_base(table) is not None and all(
            self._own_columns(table, label) for label in self._options["positive"]
        )

    def _by_heading(self, table: FoundTable) -> list[FoundTable]:
        """Return a table with groups above its answers as one table a group; any other as it is."""
        label = self._named(table)
        above = {one.path[0] for one in table.columns if len(one.path) > 1 and self._headed(one.path[0])}
        if not above or label is None:
            return [table]
        role, reader = self._headed_role(above)
        cut = []
        for text in dict.fromkeys(one.path[0] for one in table.columns if one.path and one.path[0] in above):
            group = None if fold(text) in _ALL else reader.find(text)
            columns = tuple(
                Column(one.index, one.path[1:]) if one.path and one.path[0] == text and len(one.path) > 1 else one
                for one in table.columns
                if one.path and (one.path[0] == text or one.path[0] not in above)
            )
            part = replace(table, columns=columns)
            self._fixed[part.grid.sheet, part.header.start, columns] = {role: group.code if group else TOTAL}
            cut.append(part)
        return cut

    def _named(self, table: FoundTable) -> Column | None:
        return next((found for role in DIMENSIONS if (found := self._group_column(table, role))), None)

    def _headed(self, text: str) -> bool:
        return fold(text) in _ALL or any(self._is_known(role, text) for role in DIMENSIONS)

    def _headed_role(self, texts: Iterable[str]) -> tuple[str, GroupReader]:
        role = "size" if any(self._is_known("size", one) for one in texts) else "industry"
        return role, self._readers[role]

    def _is_known(self, role: str, text: str) -> bool:
        """Return whether a text is a group by the standard lists or the configuration; nothing is remembered."""
        found = replace(self._readers[role], met={}).find(text)
        return found is not None and found.code != UNKNOWN and not found.code.startswith("X")

    def _period(self, table: FoundTable, *, several: bool) -> Period:
        titles = [(text, table.grid.place(row, 0)) for row, text in (*table.titles, *table.notes)]
        sheet = table.grid.sheet if several else None
        found = find_period(self._name, titles, self._options["periods"], sheet)
        if found.detected is not None:
            self._findings.extend([found.detected.finding])
        return found.period

    def _find_base(self, table: FoundTable) -> Column | None:
        names = (self._options["base"],) if self._options["base"] else _BASES
        return next((column for name in names if (column := table.find_column(name))), None)

    def _columns(self, table: FoundTable) -> _Columns:
        base = self._find_base(table) or table.get_column(self._options["base"] or _BASES[0])
        answers = [self._answer_columns(table, label) for label in self._options["positive"]]
        return _Columns(
            groups={role: column for role in DIMENSIONS if (column := self._group_column(table, role))},
            base=base,
            counts=tuple(count for count, _ in answers if count is not None),
            percents=tuple(percent for _, percent in answers if percent is not None),
        )

    def _group_column(self, table: FoundTable, role: str) -> Column | None:
        declared = (self._options["columns"] or {}).get(role)
        if declared:
            return table.get_column(declared)
        names = [fold_label(one) for one in HEADINGS[role]]
        return next((one for one in table.columns if one.path and fold_label(one.path[0]) in names), None)

    def _answer_columns(self, table: FoundTable, label: str) -> tuple[Column | None, Column | None]:
        """Return the columns of counts and of percentages of an answer."""
        own = self._own_columns(table, label)
        percents = [one for one in own if self._is_percent(table, one)]
        counts = [one for one in own if one not in percents]
        if not own:
            now = [one.name for one in table.columns]
            raise InputError(
                f"「{label}」の列がありません",
                f"There is no column {label!r}",
                next_step=Label(
                    f"options の positive を直してください（今の見出し: {'、'.join(now)}）",
                    f"Correct positive in the options (now: {', '.join(now)})",
                ),
                place=table.grid.place(table.header.start),
                value=label,
            )
        return (counts[0] if counts else None), (percents[0] if percents else None)

    @staticmethod
    def _own_columns(table: FoundTable, label: str) -> list[Column]:
        names = {fold(label), *(fold(f"{label}{unit}") for unit in ("(%)", "(社)", "(件)", "%", "率", "割合"))}
        return [one for one in table.columns if one.path and names & {fold(one.path[0]), fold(one.path[-1])}]

    def _is_percent(self, table: FoundTable, column: Column) -> bool:
        """Return whether a column has percentages: by its heading, or by the cells, which say so themselves."""
        heading = fold(column.path[-1])
        if heading in _PERCENT or heading.endswith(("(%)", "%", "率", "割合")):
            return True
        quiet = CellReader(table.grid, self._declared.legend, type(self._findings)())
        units = [read.unit for row in table.rows if (read := quiet.number(row, column.index)) and read.value]
        return 2 * units.count("%") > len(units)

    def _rows(self, table: FoundTable, period: str) -> Iterator[tuple[Place, dict[str, Any]]]:
        columns = self._columns(table)
        reader = CellReader(table.grid, self._declared.legend, self._findings)
        scale = self._scale(table, columns, reader)
        numbers = [one.index for one in (columns.base, *columns.counts)]
        self._units = reader.with_usual(table.rows, numbers, COUNTS)
        fixed = self._fixed.get((table.grid.sheet, table.header.start, table.columns), {})
        above: dict[str, str] = {}
        for row in table.rows:
            self._context.tally.read += 1
            total = self._is_grand_total(table, columns, row)
            groups = dict.fromkeys(DIMENSIONS, TOTAL) if total else self._groups(table, columns, row, above)
            if groups is None:
                self._context.tally.rejected += 1
                continue
            self._context.tally.accepted += 1
            figures = self._figures(table, columns, row, scale)
            figure = (*columns.percents, *columns.counts)[0]
            yield table.grid.place(row, figure.index), {**self._common(period), **groups, **fixed, **figures}
        if not fixed:
            self._check_totals(table, columns)

    def _common(self, period: str) -> dict[str, Any]:
        return {
            "indicator_id": self._indicator.id,
            "definition_id": self._indicator.definitions[0].id,
            "area_code": self._area,
            "period": period,
            "unit": self._indicator.unit,
            **dict.fromkeys(DIMENSIONS, TOTAL),
        }

    def _groups(self, table: FoundTable, columns: _Columns, row: int, above: dict[str, str]) -> dict[str, str] | None:
        """Return the groups of a row; an empty first label is the one above, another empty one is all of them."""
        texts = {role: table.text(row, column) for role, column in columns.groups.items()}
        first = min(columns.groups, key=lambda role: columns.groups[role].index, default="")
        found = {}
        for role, column in columns.groups.items():
            text = texts[role]
            if not text and role == first and above.get(role) and any(texts.values()):
                self._findings.add(TABLES["label-filled"], table.grid.place(row, column.index), above[role])
                text = above[role]
            above[role] = text
            if fold(text) in _ALL or (not text and role != first):
                found[role] = TOTAL
                continue
            group = self._readers[role].find(text)
            if group is None:
                self._findings.add(TABLES["group-unknown"], table.grid.place(row, column.index), text)
                return None
            found[role] = group.code
        return found

    def _scale(self, table: FoundTable, columns: _Columns, reader: CellReader) -> Scale:
        if self._declared.percent is not None or not columns.percents:
            return self._declared.percent or "points"
        quiet = CellReader(reader.grid, reader.legend, type(self._findings)())
        cells = [quiet.number(row, column.index) for row in table.rows for column in columns.percents]
        place = table.grid.place(table.header.stop - 1, columns.percents[0].index)
        scale, detected = detect_scale([one for one in cells if one is not None], place)
        self._findings.extend([detected.finding])
        return scale

    def _figures(self, table: FoundTable, columns: _Columns, row: int, scale: Scale) -> dict[str, Any]:
        reader = CellReader(table.grid, self._declared.legend, self._findings)
        base = reader.number(row, columns.base.index, *self._units)
        counts = [reader.number(row, one.index, *self._units) for one in columns.counts]
        percents = [reader.number(row, one.index, PERCENTAGES) for one in columns.percents]
        n = base.value if base is not None else None
        count, percent = _sum(counts), _sum_percent(percents, scale)
        missing = _missing([*(percents or counts)])
        known = {"n": None if n is None else int(n), "denominator": None if n is None else float(n)}
        if percent is None and count is not None and n:
            percent = (100 * count / n).quantize(Decimal("0.000001"))
        if percent is None:
            status = missing or "O"
            return {**known, "obs_status": status, "note": _WITHHELD if status == "Q" else _NO_FIGURE}
        self._check_rate(table, columns, row, percent, count, n)
        small = n is not None and n < self._options["flag_below"]
        if small:
            self._findings.add(TABLES["base-small"], table.grid.place(row, columns.base.index), str(n))
        return {
            **known,
            **_interval(percent, n),
            "value": float(percent),
            "numerator": None if count is None else float(count),
            "obs_status": "U" if small else "A",
        }

    def _check_rate(
        self, table: FoundTable, columns: _Columns, row: int, percent: Decimal, count: Decimal | None, n: Decimal | None
    ) -> None:
        if count is None or not n or not columns.percents:
            return
        exponent = percent.as_tuple().exponent
        room = _HALF * Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0) * len(columns.percents)
        computed = 100 * count / n
        if abs(computed - percent) > max(room, Decimal("0.05")):
            place = table.grid.place(row, columns.percents[0].index)
            self._findings.add(TABLES["rate-differs"], place, f"{percent} ≠ {count}/{n} = {computed:.2f}")

    def _check_totals(self, table: FoundTable, columns: _Columns) -> None:
        """Report totals that are not the sum of the rows, where all of them are shown."""
        quiet = CellReader(table.grid, self._declared.legend, type(self._findings)())
        rows = [row for row in table.iter_data() if not self._is_subtotal(table, columns, row)]
        for column in (columns.base, *columns.counts):
            parts = [quiet.number(row, column.index) for row in rows]
            if any(one is None or one.value is None for one in parts):
                continue
            whole = _sum(parts)
            for row in (one for one in table.iter_totals() if self._is_grand_total(table, columns, one)):
                total = quiet.number(row, column.index)
                if total is not None and total.value is not None and total.value != whole:
                    self._findings.add(
                        TABLES["total-differs"], table.grid.place(row, column.index), f"{total.value} ≠ {whole}"
                    )

    @staticmethod
    def _is_grand_total(table: FoundTable, columns: _Columns, row: int) -> bool:
        """Return whether a row of totals names no group beside the word for all."""
        texts = {fold(table.text(row, one)) for one in columns.groups.values()}
        return row in table.totals and texts <= _ALL | {""}

    @staticmethod
    def _is_subtotal(table: FoundTable, columns: _Columns, row: int) -> bool:
        return any(fold(table.text(row, column)) in _ALL for column in columns.groups.values())


_WITHHELD = note(Label("集計表で秘匿", "withheld in the table"))
_NO_FIGURE = note(Label("集計表に値がない", "no figure in the table"))


def _sum(cells: Sequence[ReadNumber | None]) -> Decimal | None:
    values = [one.value for one in cells if one is not None and one.value is not None]
    return sum(values, Decimal(0)) if cells and len(values) == len(cells) else None


def _sum_percent(cells: Sequence[ReadNumber | None], scale: Scale) -> Decimal | None:
    values = [to_percent(one, scale) for one in cells if one is not None]
    known = [one for one in values if one is not None]
    return sum(known, Decimal(0)) if cells and len(known) == len(cells) else None


def _missing(cells: Sequence[ReadNumber | None]) -> str | None:
    statuses = [one.status for one in cells if one is not None and one.value is None]
    return next((one for one in statuses if one), None)


def _interval(percent: Decimal, n: Decimal | None) -> dict[str, Any]:
    if not n:
        return {}
    found = wilson_interval(float(min(percent, Decimal(100))) / 100, float(n))
    return {
        "ci_lower": round(100 * found.lower, DIGITS),
        "ci_upper": round(100 * found.upper, DIGITS),
        "ci_method": WILSON,
    }
