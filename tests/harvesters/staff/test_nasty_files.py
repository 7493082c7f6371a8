"""Files that are plausible and nasty: what ``shihyo harvest plan`` says names every cell, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from catalog.settings import Settings
from harvesters import load_sources, plan_sources

HARVEST = """\
version: 1
organisations:
  chiba-city: {{title: {{ja: 千葉市, en: Chiba City}}, url: "https://www.city.chiba.jp/"}}
sources:
  - name: satisfaction
    kind: excel
    title: {{ja: 満足度の推移, en: Satisfaction over time}}
    path: 満足度
    organisation: chiba-city
    options:
      area: "121002"
      max_rejected: 1
      mapping:
        indicator: kpi-03
        area: {{column: 区}}
        period: {{column: 年度, as: {form}}}
        value: {{column: {value}, unit: PT, percent: points}}
"""
HEAD = ["区", "年度", "率"]

Plan = Callable[..., str]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return a function that hands in a sheet and returns what the plan says."""

    def make(
        rows: Sequence[Sequence[Any]],
        change: Callable[[Any], None] = lambda _: None,
        *,
        form: str = "fiscal-year",
        value: str = "率",
        lang: str = "ja",
    ) -> str:
        (tmp_path / "満足度").mkdir(exist_ok=True)
        (tmp_path / "harvest.yml").write_text(HARVEST.format(form=form, value=value), "utf-8")
        book = openpyxl.Workbook()
        book.active.title = "表"
        for row in rows:
            book.active.append(list(row))
        change(book.active)
        book.save(tmp_path / "満足度" / "a.xlsx")
        settings = Settings(home=tmp_path / "home", harvest_file=tmp_path / "harvest.yml")
        [found] = plan_sources(settings, load_sources(settings.harvest_file, settings))
        return "\n".join(found.lines(lang))

    return make


def test_a_header_merged_over_three_rows_is_read(plan: Plan) -> None:
    def merge(sheet: Any) -> None:
        for one in ("A1:A3", "B1:B3", "C1:D1", "C2:D2"):
            sheet.merge_cells(one)

    rows = [
        ["区", "年度", "満足度", None],
        [None, None, "満足した人", None],
        [None, None, "男", "女"],
        ["121011", "R5", 12, 13],
        ["121029", "R5", 14, 15],
    ]
    said = plan(rows, merge, value="満足度 / 満足した人 / 女")
    assert "+2 ~0 -0 = 2" in said
    assert "a.xlsx / 表 / row 1: 結合セルがあり、4行目から値が始まる: 1-3" in said


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("ja", "当てはまる列: 区 (A1)、区 (E1)。表が横に並んでいるなら、別のシートか縦一つの表に分けてください"),
        ("en", "These fit: 区 (A1), 区 (E1). If tables stand side by side, give each a sheet or make one of them"),
    ],
)
def test_tables_side_by_side_are_named_with_their_cells(plan: Plan, lang: str, expected: str) -> None:
    said = plan([[*HEAD, None, *HEAD], ["121011", "R5", 12, None, "121045", "R5", 30]], lang=lang)
    assert expected in said


def test_a_hidden_row_with_a_total_is_told_twice_and_left_out(plan: Plan) -> None:
    def hide(sheet: Any) -> None:
        sheet.row_dimensions[4].hidden = True

    said = plan([HEAD, ["121011", "R5", 12], ["121029", "R5", 13], ["合計", "R5", 25]], hide)
    assert "a.xlsx / 表 / row 4: 非表示の行・列がある" in said
    assert "a.xlsx / 表 / row 4: 合計" in said
    assert "+2 ~0 -0 = 2" in said


def test_a_blank_row_and_notes_below_lose_no_figure(plan: Plan) -> None:
    rows = [HEAD, ["121011", "R5", 12], [], ["121029", "R5", 13], [], ["※速報値"], ["資料: 市民課"]]
    said = plan(rows)
    assert "a.xlsx / 表 / row 4: 表の途中に空白行か見出しのない続きがある" in said
    assert "+2 ~0 -0 = 2" in said


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("ja", "は時点・期間として読めません（as: date）。表計算ソフトの日付の通し番号なら 2023-04-01 です"),
        ("en", " is no period (as: date); if it is the serial number of a date in a spreadsheet, it is 2023-04-01"),
    ],
)
def test_the_serial_number_of_a_date_is_refused_with_the_day_that_it_may_be(
    plan: Plan, lang: str, expected: str
) -> None:
    said = plan([HEAD, ["121011", 45017, 12], ["121029", "2023-04-01", 13]], form="date", lang=lang)
    shown = {"ja": "「45017」", "en": "'45017'"}[lang]
    assert f"a.xlsx / 表 / B2: {shown}{expected}" in said


def test_half_a_year_is_refused_with_what_to_write(plan: Plan) -> None:
    said = plan([HEAD, ["121011", "令和5年度上期", 12], ["121029", "R5", 13]])
    assert (
        "a.xlsx / 表 / B2: 「令和5年度上期」は時点・期間として読めません（as: fiscal-year）。半期は表せません" in said
    )


def test_cells_of_failed_formulas_and_numbers_with_notes_are_named(plan: Plan) -> None:
    cells = ["#REF!", "#N/A", "12.3*1", "(12.3)", "1E+05", 12]
    wards = ["121011", "121029", "121037", "121045", "121053", "121061"]
    said = plan([HEAD, *([ward, "R5", cell] for ward, cell in zip(wards, cells, strict=True))])
    assert "a.xlsx / 表 / C2: #REF!" in said
    assert "a.xlsx / 表 / C3: #N/A" in said
    assert "a.xlsx / 表 / C4: 数の後ろに注の印がある" in said
    assert "a.xlsx / 表 / C5: かっこ付きの数は負の数とも注とも読める" in said
    assert "a.xlsx / 表 / C6: 指数の形では下の桁が失われている" in said
    assert "+1 ~0 -0 = 1" in said


def test_look_alike_and_invisible_characters_are_told_as_repairs(plan: Plan) -> None:
    said = plan([HEAD, ["中央区\u200b", "R5\u200b", "12\u200b"], ["花⾒川区", "R5", 13]])
    assert "a.xlsx / 表 / A2: 121011 千葉市中央区（見えない文字（U+200B）を除いた）" in said
    assert "a.xlsx / 表 / B2: 見えない文字（U+200B）を除いた" in said
    assert "a.xlsx / 表 / C2: 見えない文字（U+200B）を除いた" in said
    assert "a.xlsx / 表 / A3: 121029 千葉市花見川区（似た文字を直した（⾒→見））" in said
    assert "+2 ~0 -0 = 2" in said


def test_a_heading_with_an_invisible_character_is_found(plan: Plan) -> None:
    assert "+1 ~0 -0 = 1" in plan([["区", "年度\u200b", "率"], ["121011", "R5", 12]])


def test_codes_that_lost_their_form_are_repaired_visibly_or_refused(plan: Plan) -> None:
    said = plan([HEAD, [12101.0, "R5", 12], ["121 011", "R4", 13], ["1.21E+05", "R3", 13]])
    assert "a.xlsx / 表 / A2: 5桁の標準地域コードに検査数字を付けました: 12101" in said
    assert "a.xlsx / 表 / A3: 「121 011」は全国地方公共団体コードではありません" in said
    assert "a.xlsx / 表 / A4: 「1.21E+05」は全国地方公共団体コードではありません" in said
