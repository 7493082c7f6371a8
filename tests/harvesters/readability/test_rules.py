"""Every rule has a file that breaks it and one that keeps it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font, PatternFill

from harvesters.readability import RULES, Described, ReadabilityReport, check_file, compare_layouts
from harvesters.readability.rules import DEDUCTIONS

Judge = Callable[..., ReadabilityReport]

#: a table without any fault: unique names with units, one area with its code, long format
GOOD = "団体コード,市区町村名,年度,人口（人）\r\n121002,千葉市,2021年度,974951\r\n122041,船橋市,2021年度,642907\r\n"
GOOD_ROWS = [list(row) for row in csv.reader(io.StringIO(GOOD))]
ROWS = [GOOD_ROWS[0], *([code, name, year, int(people)] for code, name, year, people in GOOD_ROWS[1:])]

CHOICES = "番号,回答\r\n" + "".join(f"{n},取組済\r\n" for n in range(1, 41))


def _breaks(report: ReadabilityReport, rule: str) -> bool:
    return any(one.rule_id == rule and not one.passed for one in report.results)


BROKEN_CSV = {
    "L1-02": GOOD + "\r\n\r\n" + GOOD,
    "L1-03": GOOD + "\r\n\r\n" + GOOD,
    "L1-04": GOOD + "※速報値,,,\r\n",
    "L1-05": GOOD.replace("市区町村名", ""),
    "L1-06": GOOD.replace("船橋市", "船　橋　市"),
    "L1-07": GOOD.replace("船橋市", '"船橋市,習志野市"'),
    "L1-09": "番号,件数（件）\r\n1,0\r\n2,\r\n3,0\r\n4,5\r\n",
    "L1-14": GOOD.replace("船橋市", '"船橋\n市"'),
    "L1-15": GOOD.replace("千葉市", "千葉市,中央区"),
    "L2-01": GOOD.replace("642907", "642907人"),
    "L2-02": GOOD.replace("船橋市", "〃"),
    "L2-03": GOOD.replace("市区町村名", "団体コード"),
    "L2-04": CHOICES + "41,取組済み\r\n",
    "L2-05": CHOICES + "41,その他\r\n42,その他（検討中）\r\n",
    "L3-01": "人口の表,,,\r\n" + GOOD,
    "L3-02": "番号,回答コード\r\n1,A01\r\n2,A02\r\n3,A01\r\n",
    "L3-03": GOOD.replace("642907", "X"),
    "L3-04": GOOD.replace("人口（人）", "大きさ"),
    "L3-05": GOOD.replace("2021年度", "令和3年", 1),
    "L3-06": GOOD.replace("千葉市", "千葉"),
    "L3-08": GOOD,
    "L3-09": "団体コード,2019年,2020年,2021年\r\n121002,1,2,3\r\n122041,4,5,6\r\n",
}


@pytest.mark.parametrize("rule", BROKEN_CSV)
def test_a_csv_that_breaks_the_rule_is_found(rule: str, judge_csv: Judge) -> None:
    assert _breaks(judge_csv(BROKEN_CSV[rule]), rule)


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"L3-08"}))
def test_a_faultless_csv_keeps_the_rule(rule: str, judge_csv: Judge) -> None:
    report = judge_csv(GOOD)

    assert not _breaks(report, rule), report.lines("en")
    assert report.perfect


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"L3-08"}))
def test_a_faultless_workbook_keeps_the_rule(rule: str, judge_workbook: Judge) -> None:
    report = judge_workbook(ROWS)

    assert not _breaks(report, rule), report.lines("en")
    assert report.perfect


def _picture(sheet: Any) -> None:
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=4, min_row=1, max_row=3), titles_from_data=True)
    sheet.add_chart(chart, "B2")


def _bold(sheet: Any) -> None:
    sheet["D3"].font = Font(bold=True)


def _colour(sheet: Any) -> None:
    sheet["D2"].font = Font(color="FFFF0000")


def _fill(sheet: Any) -> None:
    for cell, colour in (("D2", "FFFFFF00"), ("D3", "FF00FFFF")):
        sheet[cell].fill = PatternFill("solid", fgColor=colour)


def _merge(sheet: Any) -> None:
    sheet.merge_cells("C2:C3")


def _hide_row(sheet: Any) -> None:
    sheet.row_dimensions[3].hidden = True


def _hide_column(sheet: Any) -> None:
    sheet.column_dimensions["C"].hidden = True


def _formula(sheet: Any) -> None:
    sheet["D3"] = "=D2+1"


def _merge_header(sheet: Any) -> None:
    sheet.merge_cells("C1:D1")


BROKEN_WORKBOOKS: dict[str, tuple[str, Callable[[Any], None]]] = {
    "picture": ("L1-10", _picture),
    "bold": ("L1-11", _bold),
    "colour": ("L1-11", _colour),
    "fill": ("L1-11", _fill),
    "merge": ("L1-12", _merge),
    "hidden row": ("L1-13", _hide_row),
    "hidden column": ("L1-13", _hide_column),
    "formula": ("L2-06", _formula),
    "merged header": ("L2-03", _merge_header),
}


@pytest.mark.parametrize("fault", BROKEN_WORKBOOKS)
def test_a_workbook_that_breaks_the_rule_is_found(fault: str, judge_workbook: Judge) -> None:
    rule, change = BROKEN_WORKBOOKS[fault]

    assert _breaks(judge_workbook(ROWS, change), rule)


def test_a_file_that_no_program_reads_as_a_table_breaks_l1_01(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_bytes(b"%PDF-1.7\n")

    report = check_file(path)

    assert report.broken == ("L1-01",)
    assert report.scores == (0, None, None)


def test_circled_numbers_in_cp932_break_l1_08_and_in_utf_8_they_are_only_told(judge_csv: Judge) -> None:
    text = GOOD.replace("船橋市", "船橋市①")

    assert _breaks(judge_csv(text, encoding="cp932"), "L1-08")
    told = next(one for one in judge_csv(text).results if one.rule_id == "L1-08")
    assert (told.passed, told.total) == (True, 1)


def test_files_with_other_columns_break_l3_07_and_files_with_the_same_keep_it() -> None:
    columns = ("団体コード", "年度", "人口")

    assert compare_layouts([("R3.csv", columns), ("R4.csv", ("コード", "年", "総人口"))])
    assert compare_layouts([("R3.csv", columns), ("R4.csv", columns[::-1])])
    assert not compare_layouts([("R3.csv", columns), ("R4.csv", columns)])


def test_a_description_beside_the_file_answers_to_the_rules_that_ask_for_one(judge_csv: Judge) -> None:
    names = frozenset(GOOD_ROWS[0])
    described = Described(coded=names, symbols=frozenset({"X"}), defined=names, history=True)
    text = GOOD.replace("642907", "X")

    report = judge_csv(text, described=described)

    assert not [rule for rule in ("L3-02", "L3-03", "L3-08") if _breaks(report, rule)]


def test_a_described_unit_keeps_l3_04(judge_csv: Judge) -> None:
    text = GOOD.replace("人口（人）", "value")

    assert _breaks(judge_csv(text), "L3-04")
    assert not _breaks(judge_csv(text, described=Described(units=frozenset({"value"}))), "L3-04")


def test_every_rule_is_in_a_test_of_this_file() -> None:
    workbooks = {rule for rule, _ in BROKEN_WORKBOOKS.values()}

    assert set(BROKEN_CSV) | workbooks | {"L1-01", "L1-08", "L3-07"} == set(RULES)


def test_there_are_thirty_rules_with_the_published_levels_severities_and_deductions(shared_data: Path) -> None:
    table = shared_data.parent / "judges" / "machine_readability_scoring.csv"
    if not table.is_file():
        pytest.skip("the table of the published rules is not there")
    with table.open(encoding="utf-8-sig") as file:
        published = {row["id"]: row for row in csv.DictReader(file)}

    ours = {
        one.id: (
            str(one.level),
            str(one.severity),
            "forces 0" if one.severity == "fatal" else str(DEDUCTIONS[one.severity][one.level - 1]),
        )
        for one in RULES.values()
    }

    assert ours == {id: (row["level"], row["severity"], row["deduction"]) for id, row in published.items()}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_says_in_both_languages_what_to_do(rule: Any) -> None:
    assert all([rule.title.ja, rule.title.en, rule.advice.ja, rule.advice.en])
