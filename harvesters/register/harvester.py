"""A register of the city's procedures -> how many cases are made online, and how many procedures can be.

One row a procedure: its name, its department, cases a year, cases online, and since when it is online. Both shares are
computed over all procedures and over those of each department. All sheets with such a table are read; where no column
says the department, a sheet is one. Cases may stand in one column, in one a month (added up) or in one a year (a
contribution each), or in rows by month or year.

A dash or a blank under "online" means what the legend says of the dash, and what the date says of the blank: a
procedure that is not online has no online cases (0, counted as a notice); one that is online and whose cases are blank
is left out of the share of cases, because blank is not zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any, ClassVar

from catalog.database.jobs import HarvestObject
from catalog.errors import InputError, Label
from catalog.formats import sort_by_key
from catalog.model import TOTAL, Dataset, Period
from harvesters.base import Context, Contribution, Fetched, Harvester
from harvesters.options import TEXTS, Option
from harvesters.readers.cells import CellReader
from harvesters.readers.declared import (
    FIGURE_OPTIONS,
    FIGURE_RULES,
    LAYOUT_OPTIONS,
    LAYOUT_RULES,
    Declared,
    open_tables,
)
from harvesters.readers.detected import Detected, detections_of
from harvesters.readers.eras import find_times
from harvesters.readers.markers import fold_marker
from harvesters.readers.tables import Column, FoundTable, fold
from harvesters.readers.units import COUNTS
from harvesters.register.times import fiscal_year, time_of, without_time, year_of
from harvesters.survey.dataset import (
    OPTIONS,
    check_columns,
    checked_area,
    dataset_option,
    describe_declared,
    files_option,
)
from harvesters.survey.estimates import DIGITS
from harvesters.survey.groups import HEADINGS as GROUP_HEADINGS
from harvesters.survey.groups import GroupReader
from harvesters.survey.options import PUBLISHED
from harvesters.survey.rules import REGISTER
from harvesters.survey.waves import find_period, gather_files, issued_at, of_file

TEMPLATE = "procedures-register"
INDICATOR, AVAILABLE, DONE = "kpi-13", "kpi-13.available", "kpi-13.done"
ROLE = "department"
#: role of a column -> headings that it is found by
HEADINGS = {
    "name": ("手続名", "手続名称", "手続の名称", "手続", "名称", "事務名"),
    "department": GROUP_HEADINGS["department"],
    "cases": ("年間件数", "件数", "総件数", "年間申請件数", "申請件数", "総手続件数", "受付件数", "処理件数"),
    "online": (
        *("うちオンライン", "オンライン件数", "うちオンライン件数", "電子申請件数", "オンライン申請件数"),
        *("うち電子申請", "うち電子申請件数", "オンライン"),
    ),
    "since": (
        *("オンライン化年月日", "オンライン開始日", "オンライン化日", "開始年月日", "電子化年月日"),
        *("オンライン化", "オンライン化状況", "オンライン対応", "オンライン可否"),
    ),
    "id": ("手続ID", "手続コード", "手続番号"),
    "month": ("月", "対象月", "受付月"),
    "period": ("年度", "対象年度", "年月", "対象年月", "受付年月"),
}
_VALUES = ("cases", "online")
_SUBTOTAL = re.compile(r"(?:.*(?:小計|合計|総計)|.*課計|計)")


class Register(Harvester):
    """A register of procedures: one dataset, one contribution a file and year."""

    kind: ClassVar[str] = "register"
    version: ClassVar[str] = "2"
    title: ClassVar[Label] = Label("手続の台帳（庁内データ）", "Register of procedures")
    options: ClassVar[tuple[Option, ...]] = (
        dataset_option("procedures-register"),
        *OPTIONS,
        files_option("*手続*", Label("台帳", "registers")),
        Option(
            name="not_online",
            type=TEXTS,
            default=("未実施", "未対応", "なし", "予定なし", "-", "×", "無", "不可", "未", "検討中"),
            help=Label(
                "オンライン化年月日の欄で、オンライン化されていないことを示す語",
                "What stands for 'not online' where the date of going online should be",
            ),
        ),
        Option(
            name="online",
            type=TEXTS,
            default=("○", "済", "実施済", "対応済", "実施", "対応", "可", "有", "あり"),
            help=Label(
                "オンライン化年月日の欄で、日付の代わりにオンライン化されていることを示す語",
                "What stands for 'online' instead of the date of going online",
            ),
        ),
        PUBLISHED,
        *LAYOUT_OPTIONS,
        *FIGURE_OPTIONS,
    )
    rules = (*REGISTER.values(), *LAYOUT_RULES, *FIGURE_RULES, *detections_of(options))

    def datasets(self, context: Context) -> tuple[Dataset, ...]:
        """Return the dataset, without the departments that only the register tells."""
        return (_describe(context, GroupReader(ROLE)),)

    def gather(self, context: Context) -> Sequence[HarvestObject]:
        """Return the registers."""
        return gather_files(context.source, context.source.options["files"])

    def transform(self, context: Context, fetched: Fetched) -> Sequence[Contribution]:
        """Return both shares of a register, by year."""
        return _FileRun(context, fetched).contributions()


def _describe(context: Context, departments: GroupReader) -> Dataset:
    return describe_declared(context.source, TEMPLATE, [departments.dimension()], [INDICATOR])


@dataclass(slots=True)
class _Counts:
    """Counts over a group of procedures."""

    #: procedures, and those of them that can be done online
    procedures: set[str] = field(default_factory=set)
    online: set[str] = field(default_factory=set)
    #: cases, and cases made online, of procedures that say both
    cases: Decimal = Decimal(0)
    cases_online: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class _Figures:
    """The columns of one figure of a procedure: of a year, or of one month of it."""

    #: the year if the headings say it
    period: Period | None
    #: cases, and cases online
    cases: Column
    online: Column


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """A table of procedures."""

    #: the table
    table: FoundTable
    #: role -> column, of the roles that are no figures
    columns: Mapping[str, Column]
    #: the figures; their numbers add up within a year
    figures: tuple[_Figures, ...]
    #: the year of rows and headings that say none; None if all say one
    period: Period | None
    #: what stands for the department where no column says it
    department: str | None

    def period_of(self, row: int, figures: _Figures) -> Period | None:
        """Return the year of a figure; None if the row has one that cannot be read."""
        if "period" in self.columns:
            return fiscal_year(self.table.text(row, self.columns["period"]), self.columns["period"].name)
        return figures.period or self.period


class _FileRun:
    """One register on its way to contributions."""

    def __init__(self, context: Context, fetched: Fetched) -> None:
        self._context, self._fetched = context, fetched
        self._options, self._findings = context.source.options, context.findings
        self._name, self._area = fetched.object.name, checked_area(context)
        self._declared = Declared.of(self._options)
        self._departments = GroupReader.of(ROLE, context.reference, self._area, self._options["codes"])
        self._online = {fold_marker(one) for one in self._options["online"]}
        self._not_online = {fold_marker(one) for one in self._options["not_online"]}
        self._units = [COUNTS]
        check_columns(context.source, HEADINGS)

    def contributions(self) -> list[Contribution]:
        tables = open_tables(self._fetched.path, name=self._name, declared=self._declared, findings=self._findings)
        counts: dict[Period, dict[str, _Counts]] = {}
        seen: set[tuple[Any, ...]] = set()
        for layout in self._layouts(tables):
            self._count(layout, counts, seen)
        dataset = _describe(self._context, self._departments)
        return [
            Contribution(
                dataset=dataset,
                table=sort_by_key(
                    dataset.structure.table(
                        [row for code, one in own.items() for row in self._rows(code, one, period)]
                    ),
                    dataset.structure,
                ),
                issued=issued_at(period, of_file(self._options["published"], self._name)),
                object=self._name,
            )
            for period, own in sorted(counts.items())
        ]

    def _layouts(self, tables: Sequence[FoundTable]) -> list[_Layout]:
        """Return the tables of procedures; the others are reported, unless there is none, which is an error."""
        found = [
            (table, columns, figures)
            for table in tables
            if (columns := self._columns(table)) and (figures := self._figures(table))
        ]
        if not found:
            self._require(tables[0])
        for table in tables:
            if table not in [one for one, _, _ in found]:
                place = table.grid.place(table.header.start)
                self._findings.add(REGISTER["table-unused"], place, table.title[:80] or None)
        several = len({table.grid.sheet for table, _, _ in found}) > 1
        return [self._layout(*one, several=several) for one in found]

    def _layout(
        self, table: FoundTable, columns: Mapping[str, Column], figures: Sequence[_Figures], *, several: bool
    ) -> _Layout:
        said = "period" in columns or all(one.period is not None for one in figures)
        sheet = table.grid.sheet if several else None
        dated = bool(find_times(sheet or "", bare="fiscal_year"))
        department = sheet if sheet and not dated and ROLE not in columns else None
        if department:
            evidence = Label("シートごとに表があり、所管の列がない", "A table a sheet, and no column of departments")
            found = Detected(what="column", value=f"{sheet} → {ROLE}", evidence=evidence, place=table.grid.place())
            self._findings.extend([found.finding])
        period = None if said else self._period(table, sheet if dated else None)
        return _Layout(table=table, columns=columns, figures=tuple(figures), period=period, department=department)

    def _columns(self, table: FoundTable) -> dict[str, Column]:
        """Return the columns that are no figures; nothing if the table has no names of procedures."""
        declared: Mapping[str, str] = self._options["columns"] or {}
        found = {}
        for role, names in HEADINGS.items():
            tried = (declared[role],) if role in declared else names
            column = next((one for name in tried if (one := table.find_column(name))), None)
            if role not in _VALUES and column is not None:
                found[role] = column
        if any(role in declared and role not in found for role in HEADINGS if role not in _VALUES):
            return {}
        return found if "name" in found else {}

    def _figures(self, table: FoundTable) -> list[_Figures]:
        """Return the figures: one, or one a month or year; nothing if they are not there or do not fit each other."""
        cases, online = (self._columns_of(table, role) for role in _VALUES)
        if len(cases) == len(online) == 1:
            return [_Figures(year_of(cases[0]), cases[0], online[0])]
        by_time = {time_of(one): one for one in online}
        pairs = [(one, by_time[time_of(one)]) for one in cases if time_of(one) in by_time]
        fits = len(pairs) == len(cases) == len(online) == len(by_time) and (None, None) not in by_time
        return [_Figures(year_of(one), one, other) for one, other in pairs] if fits else []

    def _columns_of(self, table: FoundTable, role: str) -> list[Column]:
        declared = (self._options["columns"] or {}).get(role)
        if declared:
            pattern = fold(declared)
            alone = None if "*" in pattern else table.find_column(declared)
            whole = [one for one in table.columns if one.path and fnmatchcase(fold(one.name), pattern)]
            ends = [one for one in table.columns if one.path and fold(one.path[-1]) == pattern]
            return [alone] if alone else whole or ends
        for name in HEADINGS[role]:
            alone = table.find_column(name)
            if alone is not None:
                return [alone]
            ends = [one for one in table.columns if one.path and without_time(one) == fold(name)]
            if len(ends) > 1 and all(time_of(one) != (None, None) for one in ends):
                return ends
        return []

    def _require(self, table: FoundTable) -> None:
        """Raise for the first column that is needed and not there."""
        declared: Mapping[str, str] = self._options["columns"] or {}
        for role in HEADINGS:
            missing = (
                role in declared and not self._columns_of(table, role) and table.find_column(declared[role]) is None
            )
            names = (declared[role],) if role in declared else HEADINGS[role]
            absent = not self._columns_of(table, role) and not any(table.find_column(one) for one in names)
            if missing or (role in {"name", *_VALUES} and absent):
                table.get_column(names[0])
        raise InputError(
            "件数の列とオンライン件数の列が月・年ごとに対応していません",
            "The columns of cases and of online cases do not match by month or year",
            next_step=Label(
                "options の columns で指定してください（例: {cases: '* / 件数', online: '* / オンライン'}）",
                "Name them in the option columns, such as {cases: '* / 件数', online: '* / オンライン'}",
            ),
            place=table.grid.place(table.header.start),
            value="、".join(one.name for one in table.columns),
        )

    def _period(self, table: FoundTable, sheet: str | None) -> Period:
        texts = [(text, table.grid.place(row, 0)) for row, text in (*table.titles, *table.notes)]
        found = find_period(self._name, texts, self._options["periods"], sheet)
        if found.detected is not None:
            self._findings.extend([found.detected.finding])
        return found.period

    def _count(self, layout: _Layout, counts: dict[Period, dict[str, _Counts]], seen: set[tuple[Any, ...]]) -> None:
        table, columns, tally = layout.table, layout.columns, self._context.tally
        numbers = [column.index for one in layout.figures for column in (one.cases, one.online)]
        quiet = CellReader(table.grid, self._declared.legend, type(self._findings)())
        self._units = quiet.with_usual(table.iter_data(), numbers, COUNTS)
        whole: dict[Column, Decimal] = {}
        departments = self._department_names(layout)
        for row in table.iter_data():
            name = fold(table.text(row, columns["name"]))
            place = table.grid.place(row, columns["name"].index)
            if _SUBTOTAL.fullmatch(name):
                self._findings.add(REGISTER["row-total"], place, name)
                continue
            tally.read += 1
            key = self._key(layout, row, name, departments.get(row, ""))
            if layout.period_of(row, layout.figures[0]) is None:
                tally.rejected += 1
                self._findings.add(REGISTER["period-unknown"], table.grid.place(row, columns["period"].index))
                continue
            if not name or key in seen:
                tally.rejected += 1
                self._findings.add(REGISTER["name-twice" if name else "name-missing"], place, name or None)
                continue
            tally.accepted += 1
            seen.add(key)
            self._add(layout, row, departments.get(row), counts, whole)
        self._check_totals(layout, whole)

    @staticmethod
    def _key(layout: _Layout, row: int, name: str, department: str) -> tuple[Any, ...]:
        """Return what tells a row from all others: procedure, department, year and month."""
        id = layout.table.text(row, layout.columns["id"]) if "id" in layout.columns else ""
        times = [layout.table.text(row, layout.columns[one]) for one in ("period", "month") if one in layout.columns]
        return (id or name, fold(department), layout.period, *times)

    def _department_names(self, layout: _Layout) -> dict[int, str]:
        """Return the department of each row; below a department written once, in the first column, the same."""
        table, column = layout.table, layout.columns.get(ROLE)
        if column is None:
            return dict.fromkeys(table.iter_data(), layout.department) if layout.department else {}
        found: dict[int, str] = {}
        above = ""
        for row in table.iter_data():
            text = table.text(row, column)
            if not text and above and column == table.columns[0]:
                self._findings.add(REGISTER["label-filled"], table.grid.place(row, column.index), above)
                text = above
            found[row] = above = text
        return found

    def _add(
        self,
        layout: _Layout,
        row: int,
        department: str | None,
        counts: dict[Period, dict[str, _Counts]],
        whole: dict[Column, Decimal],
    ) -> None:
        group = None if department is None else self._departments.find(department)
        name = self._key(layout, row, fold(layout.table.text(row, layout.columns["name"])), department or "")[:2]
        for figures in layout.figures:
            period = layout.period_of(row, figures)
            if period is None:
                continue
            own = counts.setdefault(period, {TOTAL: _Counts()})
            is_online = self._is_online(layout.table, layout.columns, row, period)
            cases = self._cases(layout.table, figures, row, is_online)
            online = is_online or bool(is_online is None and cases and cases[1] > 0)
            for one in [own[TOTAL], *([own.setdefault(group.code, _Counts())] if group else [])]:
                one.procedures.add(str(name))
                one.online |= {str(name)} if online else set()
                if cases is not None:
                    one.cases += cases[0]
                    one.cases_online += cases[1]
            for column, number in zip((figures.cases, figures.online), cases or (), strict=False):
                whole[column] = whole.get(column, Decimal(0)) + number

    def _is_online(self, table: FoundTable, columns: Mapping[str, Column], row: int, period: Period) -> bool | None:
        """Return whether a procedure can be done online in a period; None if the register has no such column."""
        if "since" not in columns:
            return None
        text = table.text(row, columns["since"])
        if not text or fold_marker(text) in self._not_online:
            return False
        if fold_marker(text) in self._online:
            return True
        reader = CellReader(table.grid, self._declared.legend, self._findings)
        moment = reader.moment(row, columns["since"].index)
        return moment is not None and moment.period.start <= period.end

    def _cases(
        self, table: FoundTable, figures: _Figures, row: int, is_online: bool | None
    ) -> tuple[Decimal, Decimal] | None:
        """Return cases and online cases; None if they are not both known or contradict each other."""
        reader = CellReader(table.grid, self._declared.legend, self._findings)
        cases = reader.number(row, figures.cases.index, *self._units)
        online = reader.number(row, figures.online.index, *self._units)
        place = table.grid.place(row, figures.online.index)
        if cases is None or online is None:
            return None
        if cases.value is None:
            self._findings.add(REGISTER["cases-missing"], table.grid.place(row, figures.cases.index))
            return None
        if online.is_empty and not is_online:
            self._findings.add(REGISTER["online-blank"], place)
            return cases.value, Decimal(0)
        if online.value is None:
            self._findings.add(REGISTER["online-missing"], place)
            return None
        if online.value > cases.value:
            self._findings.add(REGISTER["online-exceeds-cases"], place, f"{online.value} > {cases.value}")
            return None
        if online.value and is_online is False:
            self._findings.add(REGISTER["online-before-start"], place, str(online.value))
        return cases.value, online.value

    def _check_totals(self, layout: _Layout, whole: Mapping[Column, Decimal]) -> None:
        table = layout.table
        quiet = CellReader(table.grid, self._declared.legend, type(self._findings)())
        for row in table.iter_totals():
            if any(fold(table.text(row, one)).endswith("小計") for one in table.columns):
                continue
            for column, known in whole.items():
                total = quiet.number(row, column.index)
                if total is not None and total.value is not None and total.value != known:
                    place = table.grid.place(row, column.index)
                    self._findings.add(REGISTER["total-differs"], place, f"{total.value} ≠ {known}")

    def _rows(self, code: str, one: _Counts, period: Period) -> Iterator[dict[str, Any]]:
        common = {"indicator_id": INDICATOR, "area_code": self._area, "period": str(period), ROLE: code, "unit": "PT"}
        yield {**common, "definition_id": DONE, **_share(one.cases_online, one.cases)}
        yield {
            **common,
            "definition_id": AVAILABLE,
            **_share(Decimal(len(one.online)), Decimal(len(one.procedures))),
            "numerator_date": period.end,
            "denominator_date": period.end,
        }


def _share(part: Decimal, whole: Decimal) -> dict[str, Any]:
    known = {"numerator": float(part), "denominator": float(whole)}
    if not whole:
        return {**known, "obs_status": "M", "note": "分母が0のため割合はない / No share of 0"}
    return {**known, "value": round(float(100 * part / whole), DIGITS), "obs_status": "A"}
