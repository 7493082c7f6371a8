"""A register of the city's procedures -> how many cases are made online, and how many procedures can be.

One row a procedure: its name, its department, cases a year, cases online, and since when it is online. Both shares are
computed over all procedures and over those of each department.

A dash or a blank under "online" means what the legend says of the dash, and what the date says of the blank: a
procedure that is not online has no online cases (0, counted as a notice); one that is online and whose cases are blank
is left out of the share of cases, because blank is not zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from catalog.database.harvests import HarvestObject
from catalog.errors import Label
from catalog.formats import sort_by_key
from catalog.model import TOTAL, Dataset, Period
from harvesters.base import Context, Contribution, Fetched, Harvester
from harvesters.options import TEXT, TEXTS, Option
from harvesters.readers.cells import CellReader
from harvesters.readers.declared import (
    FIGURE_OPTIONS,
    FIGURE_RULES,
    LAYOUT_OPTIONS,
    LAYOUT_RULES,
    Declared,
    open_tables,
)
from harvesters.readers.markers import fold_marker
from harvesters.readers.tables import Column, FoundTable, fold
from harvesters.readers.units import COUNTS
from harvesters.survey.dataset import OPTIONS, checked_area, dataset_option, describe_declared
from harvesters.survey.estimates import DIGITS
from harvesters.survey.groups import HEADINGS as GROUP_HEADINGS
from harvesters.survey.groups import GroupReader
from harvesters.survey.harvester import PUBLISHED
from harvesters.survey.rules import REGISTER
from harvesters.survey.waves import find_period, gather_files, issued_at

TEMPLATE = "procedures-register"
INDICATOR, AVAILABLE, DONE = "kpi-13", "kpi-13.available", "kpi-13.done"
ROLE = "department"
#: role of a column -> headings that it is found by
HEADINGS = {
    "name": ("手続名", "手続名称", "手続", "名称", "事務名"),
    "department": GROUP_HEADINGS["department"],
    "cases": ("年間件数", "件数", "総件数", "年間申請件数", "申請件数", "総手続件数"),
    "online": ("うちオンライン", "オンライン件数", "うちオンライン件数", "電子申請件数", "オンライン申請件数"),
    "since": ("オンライン化年月日", "オンライン開始日", "オンライン化日", "開始年月日", "電子化年月日"),
}


class Register(Harvester):
    """A register of procedures: one dataset, one contribution a file."""

    kind: ClassVar[str] = "register"
    version: ClassVar[str] = "1"
    title: ClassVar[Label] = Label("手続の台帳（庁内データ）", "Register of procedures")
    options: ClassVar[tuple[Option, ...]] = (
        dataset_option("procedures-register"),
        *OPTIONS,
        Option(
            name="files",
            type=TEXT,
            default="*手続*",
            help=Label("台帳のファイル名のパターン", "Pattern of the names of the files"),
        ),
        Option(
            name="not_online",
            type=TEXTS,
            default=("未実施", "未対応", "なし", "予定なし", "-"),
            help=Label(
                "オンライン化年月日の欄で、オンライン化されていないことを示す語",
                "What stands for 'not online' where the date of going online should be",
            ),
        ),
        PUBLISHED,
        *LAYOUT_OPTIONS,
        *FIGURE_OPTIONS,
    )
    rules = (*REGISTER.values(), *LAYOUT_RULES, *FIGURE_RULES)

    def datasets(self, context: Context) -> tuple[Dataset, ...]:
        """Return the dataset, without the departments that only the register tells."""
        return (_describe(context, GroupReader(ROLE)),)

    def gather(self, context: Context) -> Sequence[HarvestObject]:
        """Return the registers."""
        return gather_files(context.source, context.source.options["files"])

    def transform(self, context: Context, fetched: Fetched) -> Sequence[Contribution]:
        """Return both shares of a register."""
        return [_FileRun(context, fetched).contribution()]


def _describe(context: Context, departments: GroupReader) -> Dataset:
    return describe_declared(context.source, TEMPLATE, [departments.dimension()], [INDICATOR])


@dataclass(slots=True)
class _Counts:
    """Counts over a group of procedures."""

    #: procedures
    procedures: int = 0
    #: of these, the ones that can be done online
    online: int = 0
    #: cases, and cases made online, of procedures that say both
    cases: Decimal = Decimal(0)
    cases_online: Decimal = Decimal(0)


class _FileRun:
    """One register on its way to a contribution."""

    def __init__(self, context: Context, fetched: Fetched) -> None:
        self._context, self._fetched = context, fetched
        self._options, self._findings = context.source.options, context.findings
        self._name, self._area = fetched.object.name, checked_area(context)
        self._declared = Declared.of(self._options)
        self._departments = GroupReader.of(ROLE, context.reference, self._area, self._options["codes"])
        self._not_online = {fold_marker(one) for one in self._options["not_online"]}
        self._units = [COUNTS]

    def contribution(self) -> Contribution:
        tables = open_tables(self._fetched.path, name=self._name, declared=self._declared, findings=self._findings)
        table = tables[0]
        columns = self._columns(table)
        period = self._period(table)
        quiet = CellReader(table.grid, self._declared.legend, type(self._findings)())
        numbers = (columns["cases"].index, columns["online"].index)
        self._units = quiet.with_usual(table.iter_data(), numbers, COUNTS)
        counts = self._count(table, columns)
        self._check_totals(table, columns, counts[TOTAL])
        dataset = _describe(self._context, self._departments)
        rows = [row for code, one in counts.items() for row in self._rows(code, one, period)]
        return Contribution(
            dataset=dataset,
            table=sort_by_key(dataset.structure.table(rows), dataset.structure),
            issued=issued_at(period, (self._options["published"] or {}).get(self._name)),
            object=self._name,
        )

    def _columns(self, table: FoundTable) -> dict[str, Column]:
        declared: Mapping[str, str] = self._options["columns"] or {}
        found = {}
        for role, names in HEADINGS.items():
            column = (
                None if role in declared else next((one for name in names if (one := table.find_column(name))), None)
            )
            required = role in {"name", "cases", "online"}
            if column is None and (required or role in declared):
                column = table.get_column(declared.get(role, names[0]))
            if column is not None:
                found[role] = column
        return found

    def _period(self, table: FoundTable) -> Period:
        texts = [(text, table.grid.place(row, 0)) for row, text in (*table.titles, *table.notes)]
        found = find_period(self._name, texts, self._options["periods"])
        if found.detected is not None:
            self._findings.extend([found.detected.finding])
        return found.period

    def _count(self, table: FoundTable, columns: Mapping[str, Column]) -> dict[str, _Counts]:
        counts = {TOTAL: _Counts()}
        seen: set[str] = set()
        tally = self._context.tally
        for row in table.iter_data():
            tally.read += 1
            name = fold(table.text(row, columns["name"]))
            if not name or name in seen:
                tally.rejected += 1
                place = table.grid.place(row, columns["name"].index)
                self._findings.add(REGISTER["name-twice" if name else "name-missing"], place, name or None)
                continue
            tally.accepted += 1
            seen.add(name)
            self._add(table, columns, row, [counts[TOTAL], *self._department(table, columns, row, counts)])
        return counts

    def _department(
        self, table: FoundTable, columns: Mapping[str, Column], row: int, counts: dict[str, _Counts]
    ) -> list[_Counts]:
        if ROLE not in columns:
            return []
        group = self._departments.find(table.text(row, columns[ROLE]))
        return [counts.setdefault(group.code, _Counts())] if group else []

    def _add(self, table: FoundTable, columns: Mapping[str, Column], row: int, groups: Sequence[_Counts]) -> None:
        is_online = self._is_online(table, columns, row)
        cases = self._cases(table, columns, row, is_online)
        online = is_online or bool(is_online is None and cases and cases[1] > 0)
        for one in groups:
            one.procedures += 1
            one.online += online
            if cases is not None:
                one.cases += cases[0]
                one.cases_online += cases[1]

    def _is_online(self, table: FoundTable, columns: Mapping[str, Column], row: int) -> bool | None:
        """Return whether a procedure can be done online; None if the register has no such column."""
        if "since" not in columns:
            return None
        text = table.text(row, columns["since"])
        if not text or fold_marker(text) in self._not_online:
            return False
        reader = CellReader(table.grid, self._declared.legend, self._findings)
        return reader.moment(row, columns["since"].index) is not None

    def _cases(
        self, table: FoundTable, columns: Mapping[str, Column], row: int, is_online: bool | None
    ) -> tuple[Decimal, Decimal] | None:
        """Return cases and online cases; None if they are not both known or contradict each other."""
        reader = CellReader(table.grid, self._declared.legend, self._findings)
        cases = reader.number(row, columns["cases"].index, *self._units)
        online = reader.number(row, columns["online"].index, *self._units)
        place = table.grid.place(row, columns["online"].index)
        if cases is None or online is None:
            return None
        if cases.value is None:
            self._findings.add(REGISTER["cases-missing"], table.grid.place(row, columns["cases"].index))
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

    def _check_totals(self, table: FoundTable, columns: Mapping[str, Column], counts: _Counts) -> None:
        quiet = CellReader(table.grid, self._declared.legend, type(self._findings)())
        for row in table.iter_totals():
            for role, whole in (("cases", counts.cases), ("online", counts.cases_online)):
                total = quiet.number(row, columns[role].index)
                if total is not None and total.value is not None and total.value != whole:
                    place = table.grid.place(row, columns[role].index)
                    self._findings.add(REGISTER["total-differs"], place, f"{total.value} ≠ {whole}")

    def _rows(self, code: str, one: _Counts, period: Period) -> Iterator[dict[str, Any]]:
        common = {"indicator_id": INDICATOR, "area_code": self._area, "period": str(period), ROLE: code, "unit": "PT"}
        yield {**common, "definition_id": DONE, **_share(one.cases_online, one.cases)}
        yield {
            **common,
            "definition_id": AVAILABLE,
            **_share(Decimal(one.online), Decimal(one.procedures)),
            "numerator_date": period.end,
            "denominator_date": period.end,
        }


def _share(part: Decimal, whole: Decimal) -> dict[str, Any]:
    known = {"numerator": float(part), "denominator": float(whole)}
    if not whole:
        return {**known, "obs_status": "M", "note": "分母が0のため割合はない / No share of 0"}
    return {**known, "value": round(float(100 * part / whole), DIGITS), "obs_status": "A"}
