"""Tried as staff would: files with planted mistakes are corrected cell by cell from what the report says, no more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from catalog.settings import Settings
from harvesters import load_sources, plan_sources, run_sources

WARDS = ("中央区", "花見川区", "稲毛区", "若葉区", "緑区", "美浜区")
HARVEST = """\
version: 1
organisations:
  chiba-city: {title: {ja: 千葉市, en: Chiba City}, url: "https://www.city.chiba.jp/"}
sources:
  - name: satisfaction
    kind: excel
    title: {ja: 満足度の推移, en: Satisfaction over time}
    path: 満足度
    organisation: chiba-city
    options:
      area: "121002"
      mapping:
        indicator: kpi-03
        area: {column: 区名}
        period: {column: 年度, as: fiscal-year}
        value: {column: 満足している（%）, unit: PT}
        numerator: {column: 満足した人}
        denominator: {column: 回答者数}
  - name: tables
    kind: crosstab
    title: {ja: 集計表, en: Cross tables}
    path: 集計
    organisation: chiba-city
    options:
      area: "121002"
      synthetic: true
      questions: {問1: {indicator: kpi-01, positive: [よく知っている, 少し知っている]}}
"""
#: cell -> what was planted there, what is right, what the report says and the step that it names
PLANTED: dict[str, tuple[Any, Any, str, str]] = {
    "C4": ("二百十", 210, "C4: 二百十", "数字だけにしてください"),
    "D12": ("121人くらい", 121, "D12: 121人くらい", "数字だけにしてください"),
    "A7": ("緑い区", "緑区", "A7: 「緑区」のことではありませんか: 緑い区", "正式な名称にするか"),
    "E9": (0.5, 50.0, "E9: 0.5", "0.5 は 50% のことではありませんか"),
    "B14": ("令和16年度", "令和6年度", "B14: 2034-04-01 に始まる: 令和16年度", "書き誤りなら直してください"),
    "C16": (2790, 2700, "C16: 2790 ≠ 2700", "合計か明細のどちらが正しいか"),
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings of staff with two sources."""
    for folder in ("満足度", "集計"):
        (tmp_path / folder).mkdir()
    (tmp_path / "harvest.yml").write_text(HARVEST, "utf-8")
    return Settings(home=tmp_path / "home", harvest_file=tmp_path / "harvest.yml")


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """Write the workbook with its mistakes: those of PLANTED, a repeated row and a merged cell."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "満足度"
    sheet.append(["行政サービスの満足度"])
    sheet.append(["区名", "年度", "回答者数", "満足した人", "満足している（%）"])
    for year in ("令和5年度", "令和6年度"):
        for i, ward in enumerate(WARDS):
            people, satisfied = 200 + 10 * i, 100 + 7 * i
            sheet.append([ward, year, people, satisfied, round(100 * satisfied / people, 1)])
    sheet.append([cell.value for cell in sheet[5]])
    sheet.append(["合計", "", 2700, 1410, 52.2])
    for cell, (wrong, _, _, _) in PLANTED.items():
        sheet[cell] = wrong
    sheet.merge_cells("C5:C6")
    path = tmp_path / "満足度" / "満足度_R5R6.xlsx"
    book.save(path)
    return path


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Open a workbook, change its first sheet and save it."""
    book = openpyxl.load_workbook(path)
    change(book.worksheets[0])
    book.save(path)


def planned(settings: Settings, name: str = "satisfaction") -> str:
    """Return what ``shihyo harvest plan`` says."""
    [source] = [one for one in load_sources(settings.harvest_file, settings) if one.name == name]
    [plan] = plan_sources(settings, [source])
    return "\n".join(plan.lines("ja"))


def step_below(report: str, said: str) -> str:
    """Return the step that stands below a finding."""
    lines = report.splitlines()
    at = next(i for i, line in enumerate(lines) if said in line)
    return next(line for line in lines[at:] if "→" in line)


def test_a_workbook_is_corrected_from_its_report_alone(settings, workbook):
    report = planned(settings)
    assert "13行のうち5行が使えません" in report
    del_row = "E15: kpi-03, kpi-03.draft, 121037, FY2023"
    assert "重複した行を消す" in step_below(report, del_row)
    assert "結合を解除し、それぞれの行の値を書いてください" in step_below(report, "C5: C5:C6: 220")

    def unmerge(sheet: Any) -> None:
        sheet.unmerge_cells("C5:C6")
        sheet["C6"] = 230

    edit(workbook, unmerge)
    edit(workbook, lambda sheet: sheet.delete_rows(15))
    moved = {cell: cell if cell != "C16" else "C15" for cell in PLANTED}
    for cell, (_, right, said, step) in PLANTED.items():
        report = planned(settings)
        said = said.replace(cell, moved[cell])
        assert said in report, report
        assert step in step_below(report, said)

        def correct(sheet: Any, cell: str = moved[cell], right: Any = right) -> None:
            sheet[cell] = right

        edit(workbook, correct)
        assert said not in planned(settings)
    report = planned(settings)
    assert "[除外]" not in report
    assert "[要確認]" not in report
    [done, _] = run_sources(settings, load_sources(settings.harvest_file, settings))
    assert done.to_dict()["status"] == "succeeded", done.lines()
    assert done.datasets[0].releases[-1].observations == 12


def test_a_mistake_that_is_left_in_is_not_published_unnoticed(settings, workbook):
    [report, _] = run_sources(settings, load_sources(settings.harvest_file, settings))
    assert report.to_dict()["status"] == "failed"
    assert report.published == 0


# -- the survey's cross table

GROUPS = (("総数", 1000), ("男性", 480), ("女性", 520), ("18～29歳", 400), ("30歳以上", 600))
SHARES = {
    "よく知っている": (20.0, 21.0, 19.1, 25.0, 16.7),
    "少し知っている": (30.0, 31.0, 29.1, 28.0, 31.3),
    "知らない": (45.0, 44.0, 45.9, 43.0, 46.3),
    "無回答": (5.0, 4.0, 5.9, 4.0, 5.7),
}
TABLE: dict[str, tuple[Any, Any, str, str]] = {
    "C4": ("二一・○", 21.0, "C4: 二一・○", "数字だけにしてください"),
    "E2": ("若い人", "18～29歳", "E2: 若い人", "表記を直すか、options の codes で"),
    "D5": (92.1, 29.1, "163.0", "資料の作成者に確かめてください"),
    "A5": ("すこし知ってる", "少し知っている", "少し知っている", "選択肢の名前をコード表に合わせるか"),
    "B3": ("千人", 1000, "B3: 千人", "数字だけにしてください"),
}


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Write a cross table with its mistakes."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["問1 市の取組を知っていますか"])
    sheet.append(["", *(label for label, _ in GROUPS)])
    sheet.append(["回答者数", *(people for _, people in GROUPS)])
    for answer, shares in SHARES.items():
        sheet.append([answer, *shares])
    for cell, (wrong, _, _, _) in TABLE.items():
        sheet[cell] = wrong
    path = tmp_path / "集計" / "R6_集計表.xlsx"
    book.save(path)
    return path


def test_a_cross_table_is_corrected_from_its_report_alone(settings, tables):
    left = dict(TABLE)
    rounds = 0
    while left:
        report = planned(settings, "tables")
        named = [cell for cell, (_, _, said, _) in left.items() if said in report]
        assert named, report
        for cell in named:
            _, right, said, step = left.pop(cell)
            assert step in step_below(report, said), report

            def correct(sheet: Any, cell: str = cell, right: Any = right) -> None:
                sheet[cell] = right

            edit(tables, correct)
        rounds += 1
    assert rounds <= 3
    report = planned(settings, "tables")
    assert "[除外]" not in report
    assert "[要確認]" not in report
    assert "[一部で除外]" not in report
