"""Registers of procedures laid out in other ways: sheets, months, years, eras, marks, subtotals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

DEPARTMENTS = ("市民課", "保険年金課", "道路管理課")


@dataclass(frozen=True)
class Procedure:
    """One procedure of a year."""

    name: str
    department: str
    cases: int
    online: int
    since: int | None


def procedures(seed: int, number: int = 40) -> list[Procedure]:
    """Return made-up procedures of a fixed seed; ``since`` is the year of going online."""
    draw = np.random.default_rng(seed)
    found = []
    for i in range(number):
        cases = int(draw.integers(5, 40000))
        since = int(draw.integers(2017, 2023)) if draw.random() < 0.6 else None
        online = int(cases * draw.random()) if since else 0
        found.append(Procedure(f"手続{i + 1:03d}", DEPARTMENTS[i % 3], cases, online, since))
    return found


def truth(of: list[Procedure], period: str) -> dict[str, tuple[float, float]]:
    """Return numerator and denominator by (definition, period, department)."""
    found = {}
    for department in (None, *DEPARTMENTS):
        own = [one for one in of if department in {None, one.department}]
        label = department or "総数"
        found[f"kpi-13.done/{period}/{label}"] = (sum(one.online for one in own), sum(one.cases for one in own))
        found[f"kpi-13.available/{period}/{label}"] = (sum(one.since is not None for one in own), len(own))
    return found


@pytest.fixture
def figures(harvest) -> Callable[..., tuple[dict[str, Any], Any]]:
    """Return a function that harvests a register: numerator and denominator by definition, period and department."""
    import hashlib

    names = {f"X{hashlib.sha256(one.encode()).hexdigest()[:8].upper()}": one for one in DEPARTMENTS} | {"_T": "総数"}

    def run(folder: Any, **options: Any) -> tuple[dict[str, Any], Any]:
        found, context = harvest("register", folder, files="*", **options)
        rows = {
            f"{row['definition_id']}/{row['period']}/{names[row['department']]}": (row["numerator"], row["denominator"])
            for row in found.values()
        }
        for row in found.values():
            assert row["value"] == pytest.approx(100 * row["numerator"] / row["denominator"], abs=1e-6)
        return rows, context

    return run


def era(year: int | None) -> str:
    return (
        "未実施"
        if year is None
        else f"H{year - 1988}.7.1"
        if year < 2019
        else f"令和{'元' if year == 2019 else year - 2018}年10月1日"
    )


HEAD = ["手続名", "所管課", "年間件数", "うちオンライン", "オンライン化年月日"]


def plain(of: list[Procedure]) -> list[list[Any]]:
    return [[one.name, one.department, one.cases, one.online, era(one.since)] for one in of]


@pytest.mark.parametrize(
    ("name", "encoding"), [("台帳R5.csv", "cp932"), ("台帳R5.tsv", "utf-16"), ("台帳R5.xlsx", ""), ("台帳R5.ods", "")]
)
def test_a_register_in_every_format(write, figures, name, encoding):
    of = procedures(1)
    rows = [
        ["手続台帳（令和5年度）"],
        [],
        HEAD,
        *plain(of),
        ["合計", None, sum(one.cases for one in of), sum(one.online for one in of)],
    ]
    found, context = figures(write(name, rows, encoding=encoding))
    assert found == truth(of, "FY2023")
    assert not context.findings.counts["total-differs"]


def test_other_columns_and_units_in_the_cells(write, figures):
    of = procedures(2)
    rows = [
        ["担当部署", "事務の名称", "電子", "受付総数", "開始"],
        *([one.department, one.name, f"{one.online:,}件", f"{one.cases:,} 件", era(one.since)] for one in of),
    ]
    columns = {"department": "担当部署", "name": "事務の名称", "online": "電子", "cases": "受付総数", "since": "開始"}
    assert figures(write("一覧.csv", rows), columns=columns, periods={"一覧.csv": "FY2022"})[0] == truth(of, "FY2022")


def test_a_sheet_for_each_department(write, figures):
    of = procedures(3)
    sheets = {
        department: [
            [f"{department}　手続一覧"],
            ["手続名", "年間件数", "うちオンライン", "オンライン化年月日"],
            *([row[0], *row[2:]] for row in plain([one for one in of if one.department == department])),
            [
                "小計",
                sum(one.cases for one in of if one.department == department),
                sum(one.online for one in of if one.department == department),
            ],
        ]
        for department in DEPARTMENTS
    }
    found, context = figures(write("手続_R5.xlsx", {**sheets, "凡例": [["記号", "意味"], ["-", "なし"]]}))
    assert found == truth(of, "FY2023")
    assert context.findings.counts["table-unused"] == 1
    assert context.tally.accepted == 40


def test_departments_written_once_with_subtotals_between(write, figures):
    of = sorted(procedures(4), key=lambda one: DEPARTMENTS.index(one.department))
    rows = [["所管課", "手続名", "件数", "オンライン件数", "オンライン化"]]
    for department in DEPARTMENTS:
        own = [one for one in of if one.department == department]
        rows += [
            [department if i == 0 else "", one.name, one.cases, one.online, "○" if one.since else "×"]
            for i, one in enumerate(own)
        ]
        rows.append([department, "小計", sum(one.cases for one in own), sum(one.online for one in own), ""])
    found, context = figures(write("R5手続.csv", rows))
    assert found == truth(of, "FY2023")
    assert context.findings.counts["row-total"] == 3
    assert context.findings.counts["label-filled"] == 37


def months(total: int, seed: int) -> list[int]:
    return [int(one) for one in np.random.default_rng(seed).multinomial(total, [1 / 12] * 12)]


CALENDAR = [f"{month}月" for month in (*range(4, 13), 1, 2, 3)]


@pytest.mark.parametrize("form", ["two-rows", "one-row", "rows"])
def test_cases_by_month_are_added_up(write, figures, form):
    of = procedures(5, 12)
    cut = [(one, months(one.cases - one.online, i), months(one.online, 100 + i)) for i, one in enumerate(of)]
    start = ["手続名", "所管課", "オンライン化年月日"]
    if form == "rows":
        rows = [[*start, "月", "件数", "うちオンライン"]]
        rows += [
            [one.name, one.department, era(one.since), month, rest[i] + done[i], done[i]]
            for one, rest, done in cut
            for i, month in enumerate(CALENDAR)
        ]
    else:
        heads = [
            [*start, *(month if i == 0 else None for month in CALENDAR for i in (0, 1))],
            [None] * 3 + ["件数", "うちオンライン"] * 12,
        ]
        one_row = [[*start, *(f"{month}{what}" for month in CALENDAR for what in ("件数", "うちオンライン"))]]
        rows = one_row if form == "one-row" else heads
        rows = rows + [
            [one.name, one.department, era(one.since), *(n for i in range(12) for n in (rest[i] + done[i], done[i]))]
            for one, rest, done in cut
        ]
    assert figures(write("手続_令和5年度.xlsx", rows))[0] == truth(of, "FY2023")


@pytest.mark.parametrize("form", ["two-rows", "one-row", "rows", "months", "sheets"])
def test_several_years_in_a_file(write, figures, form):
    years = {
        year: [
            Procedure(*(getattr(one, part) for part in ("name", "department", "cases", "online", "since")))
            for one in procedures(year, 15)
        ]
        for year in (2022, 2023)
    }
    years[2023] = [
        Procedure(one.name, one.department, other.cases, int(other.cases * 0.3) if one.since else 0, one.since)
        for one, other in zip(years[2022], years[2023], strict=True)
    ]
    expected = truth(years[2022], "FY2022") | truth(years[2023], "FY2023")
    start = lambda one: [one.name, one.department, era(one.since)]  # noqa: E731
    head = ["手続名", "所管課", "オンライン化年月日"]
    pairs = list(zip(*years.values(), strict=True))
    if form == "two-rows":
        rows = [[*head, "令和4年度", None, "令和5年度", None], [None] * 3 + ["年間件数", "うちオンライン"] * 2]
        rows += [[*start(a), a.cases, a.online, b.cases, b.online] for a, b in pairs]
    elif form == "one-row":
        rows = [[*head, "R4件数", "R4オンライン件数", "R5件数", "R5オンライン件数"]]
        rows += [[*start(a), a.cases, a.online, b.cases, b.online] for a, b in pairs]
    elif form == "sheets":
        folder = write("手続.xlsx", {f"R{year - 2018}": [HEAD, *plain(of)] for year, of in years.items()})
        assert figures(folder)[0] == expected
        return
    else:
        when = {"rows": ("年度", ("令和4年度", 2023)), "months": ("年月", ("2023年3月", "2023年4月"))}[form]
        rows = [[*head, when[0], "件数", "オンライン件数"]]
        rows += [[*start(one), when[1][i], one.cases, one.online] for pair in pairs for i, one in enumerate(pair)]
    assert figures(write("手続.xlsx", rows))[0] == expected


def test_the_same_name_in_two_departments_is_two_procedures(write, figures):
    of = [Procedure("証明書の交付", one, 100 + i, 10 * i, 2021) for i, one in enumerate(DEPARTMENTS)]
    found, context = figures(write("手続R5.csv", [HEAD, *plain(of)]))
    assert found == truth(of, "FY2023")
    assert not context.findings.counts["name-twice"]


def test_columns_of_months_that_do_not_match_are_refused(write, figures):
    rows = [["手続名", "4月件数", "5月件数", "4月オンライン件数", "6月オンライン件数"], ["転入届", 10, 20, 3, 4]]
    with pytest.raises(Exception, match="do not match by month or year") as caught:
        figures(write("手続R5.csv", rows))
    assert "cases" in str(caught.value)
