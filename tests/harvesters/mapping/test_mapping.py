"""What a mapping makes of tables: figures computed by hand, and what the user is told."""

from __future__ import annotations

import gzip
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from catalog.errors import InputError, TooLarge
from catalog.releases import check_table
from harvesters.mapping import mapper as mapper_module

LONG = "団体コード,年度,率\n121002,令和3年度,50.2\n121002,令和4年度,60\n"


def cells(rows: list[list[Any]], path: Path, *, sheet: str = "Sheet", merges: tuple[str, ...] = ()) -> Path:
    """Write a sheet into a workbook, which is made if it is not there."""
    book = openpyxl.load_workbook(path) if path.exists() else openpyxl.Workbook()
    if sheet not in book.sheetnames:
        book.create_sheet(sheet)
    if not path.exists() and sheet != "Sheet":
        del book["Sheet"]
    for row in rows:
        book[sheet].append(row)
    for one in merges:
        book[sheet].merge_cells(one)
    book.save(path)
    return path


class TestLong:
    """One value column."""

    def test_each_row_is_an_observation(self, write, map_file, cards):
        assert map_file(write(LONG), cards).values == {("121002", "FY2021"): 50.2, ("121002", "FY2022"): 60.0}

    def test_the_table_passes_the_checks_of_a_release(self, write, map_file, cards):
        found = map_file(write(LONG), cards)
        one, reference = found.contribution, found.context.reference
        assert (
            check_table(one.dataset, one.table, reference.codelists, areas={each.code for each in reference.areas})
            == []
        )

    def test_the_only_definition_of_an_indicator_need_not_be_named(self, write, map_file, cards):
        del cards["definition"]
        rows = map_file(write(LONG), {**cards, "indicator": "kpi-03"}).rows
        assert {row["definition_id"] for row in rows} == {"kpi-03.draft"}

    def test_a_rate_keeps_its_parts_and_their_dates(self, write, map_file, cards):
        text = "団体コード,年度,率,枚数,人口,基準日\n121002,R3,50,5,10,R3.1.1\n"
        parts = {
            "numerator": {"column": "枚数"},
            "denominator": {"column": "人口"},
            "numerator_date": {"const": "2021-04-01"},
            "denominator_date": {"column": "基準日"},
        }
        [row] = map_file(write(text), {**cards, **parts}).rows
        assert (row["numerator"], row["denominator"]) == (5.0, 10.0)
        assert (row["numerator_date"], row["denominator_date"]) == (date(2021, 4, 1), date(2021, 1, 1))

    def test_without_a_value_column_the_rate_is_computed(self, write, map_file, cards):
        text = "団体コード,年度,枚数,人口\n121002,R3,1,3\n121002,R4,0,0\n"
        mapping = {**cards, "value": {"unit": "PT"}, "numerator": {"column": "枚数"}, "denominator": {"column": "人口"}}
        found = map_file(write(text), mapping)
        assert [(row.get("value"), row["obs_status"]) for row in found.rows] == [(33.333333, "A"), (None, "M")]
        assert found.found("rate-without-whole") == [("D3", "0")]

    def test_a_ratio_that_is_no_percentage_is_not_multiplied(self, write, map_file, cards):
        text = "団体コード,年度,枚数,人口\n121002,R3,1,4\n"
        mapping = {**cards, "value": {"unit": "PS"}, "numerator": {"column": "枚数"}, "denominator": {"column": "人口"}}
        assert map_file(write(text), mapping).values == {("121002", "FY2021"): 0.25}

    @pytest.mark.parametrize(
        ("percent", "cell", "value"),
        [
            ("points", "50.2", 50.2),
            ("points", "0.502", 0.502),
            ("fraction", "0.502", 50.2),
            ("fraction", "0.07", 7.0),
            ("fraction", "50.2%", 50.2),
            ("points", "50.2%", 50.2),
            ("points", "５０．２％", 50.2),
        ],
    )
    def test_percent_is_read_as_declared(self, write, map_file, cards, percent, cell, value):
        mapping = {**cards, "value": {"column": "率", "unit": "PT", "percent": percent}}
        assert list(map_file(write(f"団体コード,年度,率\n121002,R3,{cell}\n"), mapping).values.values()) == [value]

    def test_how_percent_is_written_is_found_by_looking_and_told(self, write, map_file, cards):
        text = "団体コード,年度,率\n121002,R3,0.502\n121002,R4,0.61\n121002,R5,0.7\n"
        found = map_file(write(text), {**cards, "value": {"column": "率", "unit": "PT"}})
        assert list(found.values.values()) == [50.2, 61.0, 70.0]
        [told] = found.context.findings.examples["percent-detected"]
        assert (told.value, told.place.cell) == ("0.502", "C2")
        assert "percent" in told.rule.next_step.ja

    def test_figures_in_thousands_are_multiplied_exactly(self, write, map_file, cards):
        mapping = {**cards, "value": {"column": "率", "unit": "PS", "multiply": 1000}}
        assert list(map_file(write("団体コード,年度,率\n121002,R3,2.3\n"), mapping).values.values()) == [2300.0]

    def test_markers_mean_what_the_legend_says(self, write, map_file, cards):
        text = "団体コード,年度,率\n121002,R3,x\n121002,R4,-\n121002,R5,50p\n121002,R6,…\n"
        rows = map_file(write(text), cards, legend="yearbook").rows
        assert [(row.get("value"), row["obs_status"]) for row in rows] == [
            (None, "Q"),
            (0.0, "A"),
            (50.0, "P"),
            (None, "O"),
        ]

    def test_a_status_column_says_why_a_value_is_missing(self, write, map_file, cards):
        text = "団体コード,年度,率,注\n121002,R3,,秘匿\n121002,R4,,\n121002,R5,5,速報\n"
        status = {"column": "注", "codes": {"秘匿": "Q", "速報": "P"}}
        found = map_file(write(text), {**cards, "status": status})
        assert [(row.get("value"), row["obs_status"]) for row in found.rows] == [(None, "Q"), (None, "O"), (5.0, "P")]
        assert found.found("value-blank") == [("C3", None)]

    def test_units_may_differ_by_row(self, write, map_file, cards):
        text = "団体コード,年度,率,単位\n121002,R3,0.5,％\n121002,R4,1000,人\n"
        unit = {"column": "単位", "codes": {"％": "PT", "人": "PS"}}
        value = {"column": "率", "unit": unit, "percent": "fraction"}
        rows = map_file(write(text), {**cards, "value": value}).rows
        assert [(row["value"], row["unit"]) for row in rows] == [(50.0, "PT"), (1000.0, "PS")]

    def test_indicators_may_differ_by_row(self, write, map_file, cards):
        text = "団体コード,年度,率,指標\n121002,R3,1,認知度\n121002,R3,2,保有率\n"
        indicator = {"column": "指標", "codes": {"認知度": "kpi-01", "保有率": "kpi-02"}}
        del cards["definition"]
        found = map_file(write(text), {**cards, "indicator": indicator})
        assert [(row["indicator_id"], row["definition_id"]) for row in found.rows] == [
            ("kpi-01", "kpi-01.draft"),
            ("kpi-02", "kpi-02.draft"),
        ]
        assert found.contribution.dataset.indicators == ("kpi-01", "kpi-02")

    def test_only_the_rows_that_are_wanted_are_read_and_the_others_counted(self, write, map_file, cards):
        text = "団体コード,年度,率,項目\n121002,R3,1,人口\n121002,R3,2,交付率\n121002,R4,3,交付率（速報）\n"
        found = map_file(write(text), {**cards, "only": {"column": "項目", "values": ["交付率*"]}})
        assert list(found.values.values()) == [2.0, 3.0]
        assert (found.context.tally.read, found.counts) == (2, {"row-not-wanted": 1})
        refused = map_file(write(text), {**cards, "only": {"column": "項目", "except": ["人口"]}})
        assert refused.values == found.values

    def test_times_of_e_stat_are_read(self, write, map_file, cards):
        text = (
            "団体コード,年度,率\n121002,2020100000,1\n121002,2021000000,2\n121002,2021000103,3\n121002,2021000404,4\n"
        )
        found = map_file(write(text), {**cards, "period": {"column": "年度", "as": "estat"}})
        assert [period for _, period in found.values] == ["2021", "2021-M04", "2021-Q1", "FY2020"]

    def test_a_column_of_the_wrong_form_is_refused_row_by_row(self, write, map_file, cards):
        found = map_file(write("団体コード,年度,率\n121002,R3,1\n121002,2021-M04,2\n"), cards)
        assert found.found("period-invalid") == [("B3", "2021-M04")]


class TestAreas:
    """Codes and names."""

    def test_names_within_the_declared_area_are_read(self, write, map_file, cards):
        found = map_file(write("団体コード,年度,率\n中央区,R3,1\n千葉市美浜区,R3,2\n"), cards, area="121002")
        assert found.values == {("121011", "FY2021"): 1.0, ("121061", "FY2021"): 2.0}
        assert found.found("area-by-name") == [("A2", "中央区"), ("A3", "千葉市美浜区")]

    def test_a_short_name_of_many_areas_is_refused_without_a_declared_one(self, write, map_file, cards):
        found = map_file(write("団体コード,年度,率\n中央区,R3,1\n千葉県千葉市中央区,R3,2\n"), cards)
        assert found.found("area-invalid") == [("A2", "中央区")]
        assert list(found.values) == [("121011", "FY2021")]

    def test_prefecture_and_municipality_in_two_columns_are_joined(self, write, map_file, cards):
        text = "県,市,年度,率\n千葉県,千葉市,R3,1\n東京都,府中市,R3,2\n広島県,府中市,R3,3\n"
        found = map_file(write(text), {**cards, "area": {"columns": ["県", "市"]}})
        assert [area for area, _ in found.values] == ["121002", "132063", "342084"]

    def test_five_digits_that_can_be_read_in_two_ways_need_a_word(self, write, map_file, cards):
        text = "団体コード,年度,率\n12106,R3,1\n121002,R3,1\n"
        assert map_file(write(text), cards).found("area-invalid") == [("A2", "12106")]
        standard = map_file(write(text), {**cards, "area": {"column": "団体コード", "digits": "standard"}})
        assert ("121061", "FY2021") in standard.values

    def test_without_a_column_the_declared_area_is_that_of_every_row(self, write, map_file, cards):
        del cards["area"]
        assert list(map_file(write(LONG), cards, area="121002").values) == [("121002", "FY2021"), ("121002", "FY2022")]

    def test_rows_of_totals_are_skipped_and_counted(self, write, map_file, cards):
        found = map_file(write("団体コード,年度,率\n121011,R3,1\n合　計,R3,2\n"), cards)
        assert found.found("row-total") == [("row 3", "合　計")]
        assert found.context.tally.read == 1

    def test_a_total_whose_code_is_declared_is_an_observation(self, write, map_file, cards):
        area = {"column": "団体コード", "codes": {"合計": "121002"}}
        found = map_file(write("団体コード,年度,率\n121011,R3,1\n合計,R3,2\n"), {**cards, "area": area})
        assert found.values[("121002", "FY2021")] == 2.0

    def test_the_dataset_covers_the_smallest_area_around_all(self, write, map_file, cards):
        assert map_file(
            write("団体コード,年度,率\n121011,R3,1\n121029,R3,2\n"), cards
        ).contribution.dataset.spatial == ("121002",)
        assert map_file(
            write("団体コード,年度,率\n121011,R3,1\n131016,R3,2\n"), cards
        ).contribution.dataset.spatial == ("000000",)


class TestBreakdowns:
    """Dimensions of the dataset's own."""

    def test_labels_of_known_dimensions_are_understood(self, write, map_file, cards):
        text = "団体コード,年度,率,性別,年代\n121002,R3,1,男,18～29歳\n121002,R3,2,女性,70歳以上\n121002,R3,3,計,総数\n"
        breakdowns = {"sex": {"column": "性別"}, "age": {"column": "年代"}}
        found = map_file(write(text), {**cards, "breakdowns": breakdowns})
        assert [key[2:] for key in found.values] == [("F", "Y_GE70"), ("M", "Y18T29"), ("_T", "_T")]
        sex = found.contribution.dataset.structure.get_breakdown("sex")
        assert {code: label.en for code, label in sex.codes.items()} == {"_T": "Total", "M": "Male", "F": "Female"}

    def test_own_dimensions_have_declared_codes_titles_and_labels(self, write, map_file, cards):
        text = "団体コード,年度,率,手段\n121002,R3,1,窓口\n121002,R3,2,郵送\n"
        channel = {
            "column": "手段",
            "codes": {"窓口": "DESK", "郵送": "POST"},
            "title": {"ja": "申請の手段", "en": "Channel"},
            "labels": {"DESK": {"ja": "窓口", "en": "Counter"}},
        }
        found = map_file(write(text), {**cards, "breakdowns": {"channel": channel}})
        dimension = found.contribution.dataset.structure.get_breakdown("channel")
        assert dimension.label.en == "Channel"
        assert {code: (one.ja, one.en) for code, one in dimension.codes.items()} == {
            "_T": ("総数", "Total"),
            "DESK": ("窓口", "Counter"),
            "POST": ("郵送", "郵送"),
        }

    def test_a_label_without_a_code_is_refused_with_the_codes_that_are_there(self, write, map_file, cards):
        text = "団体コード,年度,率,手段\n121002,R3,1,窓口\n121002,R3,2,ドローン\n"
        found = map_file(
            write(text), {**cards, "breakdowns": {"channel": {"column": "手段", "codes": {"窓口": "DESK"}}}}
        )
        [told] = found.context.findings.examples["code-not-mapped"]
        assert (told.place.cell, told.value) == ("D3", "ドローン")
        assert "DESK" in told.detail.en

    def test_an_empty_cell_of_a_breakdown_is_refused_unless_it_has_a_code(self, write, map_file, cards):
        text = "団体コード,年度,率,性別\n121002,R3,1,男\n121002,R3,2,\n"
        assert map_file(write(text), {**cards, "breakdowns": {"sex": {"column": "性別"}}}).found("field-blank") == [
            ("D3", None)
        ]
        known = map_file(write(text), {**cards, "breakdowns": {"sex": {"column": "性別", "codes": {"": "_T"}}}})
        assert ("121002", "FY2021", "_T") in known.values


class TestWide:
    """Several value columns."""

    def test_columns_one_by_one(self, write, map_file, cards):
        text = "団体コード,年度,男,女,計\n121002,R3,1,2,3\n"
        mapping = {
            **cards,
            "value": {"unit": "PT", "percent": "points"},
            "breakdowns": {"sex": {"column": "年度"}},
            "columns_as": [
                {"column": "男", "breakdowns": {"sex": "M"}},
                {"column": "女", "breakdowns": {"sex": "F"}},
                {"column": "計", "breakdowns": {"sex": "_T"}},
            ],
        }
        assert map_file(write(text), mapping).values == {
            ("121002", "FY2021", "F"): 2.0,
            ("121002", "FY2021", "M"): 1.0,
            ("121002", "FY2021", "_T"): 3.0,
        }

    def test_years_in_columns_and_the_next_year_needs_no_configuration(self, write, map_file, cards):
        del cards["period"]
        mapping = {
            **cards,
            "value": {"unit": "PT", "percent": "points"},
            "columns_as": {"columns": "*年度", "period": {"from": "heading", "as": "fiscal-year"}},
        }
        text = "団体コード,備考,令和3年度,令和4年度{}\n121002,,1,2{}\n"
        assert list(map_file(write(text.format("", "")), mapping).values) == [
            ("121002", "FY2021"),
            ("121002", "FY2022"),
        ]
        assert ("121002", "FY2023") in map_file(write(text.format(",令和5年度", ",3")), mapping).values

    def test_a_heading_that_fits_and_is_no_period_is_told_and_left_out(self, write, map_file, cards):
        del cards["period"]
        mapping = {
            **cards,
            "value": {"unit": "PT", "percent": "points"},
            "columns_as": {"columns": "*年度", "period": {"from": "heading", "as": "fiscal-year"}},
        }
        found = map_file(write("団体コード,令和3年度,前年度\n121002,1,2\n"), mapping)
        assert list(found.values) == [("121002", "FY2021")]
        assert found.found("period-invalid") == [("C1", "前年度")]

    def test_headings_in_two_rows_give_period_value_and_parts(self, tmp_path, map_file, cards):
        rows = [
            ["交付状況"],
            [],
            ["団体コード", "令和3年度", None, None, "令和4年度", None, None],
            [None, "交付枚数", "人口", "交付率", "交付枚数", "人口", "交付率"],
            ["121002", 300, 1000, 30.0, 450, 1000, 45.0],
            ["合計", 300, 1000, 30.0, 450, 1000, 45.0],
            ["※住民基本台帳による"],
        ]
        path = cells(rows, tmp_path / "表.xlsx", merges=("A3:A4", "B3:D3", "E3:G3"))
        del cards["period"]
        mapping = {
            **cards,
            "value": {"unit": "PT", "percent": "points"},
            "columns_as": {
                "columns": "* / 交付率",
                "period": {"from": "heading", "level": 1, "as": "fiscal-year"},
                "numerator": {"column": "{1} / 交付枚数"},
                "denominator": {"column": "{1} / 人口"},
            },
        }
        found = map_file(path, mapping, kind="excel")
        rows = [(row["period"], row["value"], row["numerator"], row["denominator"]) for row in found.rows]
        assert rows == [("FY2021", 30.0, 300.0, 1000.0), ("FY2022", 45.0, 450.0, 1000.0)]
        assert found.counts == {"row-total": 1}

    def test_columns_of_several_indicators_have_their_own_units(self, write, map_file, cards):
        del cards["definition"]
        mapping = {
            **cards,
            "value": {"unit": "PT", "percent": "points"},
            "columns_as": [
                {"column": "認知度", "indicator": "kpi-01"},
                {"column": "保有", "indicator": "kpi-02", "unit": "PS", "multiply": 1000},
            ],
        }
        del mapping["indicator"]
        rows = map_file(write("団体コード,年度,認知度,保有\n121002,R3,12,3.5\n"), mapping).rows
        assert [(row["indicator_id"], row["value"], row["unit"]) for row in rows] == [
            ("kpi-01", 12.0, "PT"),
            ("kpi-02", 3500.0, "PS"),
        ]

    def test_a_bad_cell_costs_its_own_observation_only(self, write, map_file, cards):
        mapping = {
            **cards,
            "value": {"unit": "PT", "percent": "points"},
            "breakdowns": {"sex": {"column": "年度"}},
            "columns_as": [{"column": "男", "breakdowns": {"sex": "M"}}, {"column": "女", "breakdowns": {"sex": "F"}}],
        }
        found = map_file(write("団体コード,年度,男,女\n121002,R3,？,2\n"), mapping)
        assert list(found.values) == [("121002", "FY2021", "F")]
        assert found.context.tally.to_dict() == {"read": 1, "accepted": 1, "rejected": 0}
        assert found.found("cell-marker-unknown") == [("C2", "？")]


class TestWorkbooks:
    """Sheets."""

    def test_one_sheet_a_period(self, tmp_path, map_file, cards):
        path = tmp_path / "表.xlsx"
        for year, value in (("令和3年度", 0.502), ("令和4年度", 0.61), ("メモ", 1)):
            cells([["団体コード", "率"], ["121002", value]], path, sheet=year)
        cards["period"] = {"from": "sheet", "as": "fiscal-year"}
        cards["value"] = {"column": "率", "unit": "PT", "percent": "fraction"}
        found = map_file(path, cards, kind="excel", sheet="令和*年度")
        assert found.values == {("121002", "FY2021"): 50.2, ("121002", "FY2022"): 61.0}

    def test_a_sheet_that_is_no_period_stops_the_file_and_says_which(self, tmp_path, map_file, cards):
        path = tmp_path / "表.xlsx"
        for name in ("令和3年度", "メモ"):
            cells([["団体コード", "率"], ["121002", 1]], path, sheet=name)
        cards["period"] = {"from": "sheet", "as": "fiscal-year"}
        found = map_file(path, cards, kind="excel")
        [told] = found.context.findings.examples["table-unused"]
        assert (told.place.sheet, "メモ" in told.detail.ja) == ("メモ", True)

    def test_percentages_that_the_sheet_shows_are_read_as_shown(self, tmp_path, map_file, cards):
        path = cells([["団体コード", "年度", "率"], ["121002", "R3", 0.502]], tmp_path / "表.xlsx")
        book = openpyxl.load_workbook(path)
        book.active["C2"].number_format = "0.0%"
        book.save(path)
        assert list(map_file(path, cards, kind="excel").values.values()) == [50.2]

    def test_a_formula_that_was_never_computed_is_told(self, tmp_path, map_file, cards):
        rows = [["団体コード", "年度", "率"], ["121002", "R3", "=1+1"], ["121002", "R4", 2]]
        found = map_file(cells(rows, tmp_path / "表.xlsx"), cards, kind="excel")
        assert found.found("cell-formula-uncomputed") == [("C2", None)]

    def test_a_date_cell_is_a_date(self, tmp_path, map_file, cards):
        rows = [["団体コード", "年度", "率"], ["121002", datetime(2021, 4, 1), 5]]  # noqa: DTZ001 - a spreadsheet has no zone
        cards["period"] = {"column": "年度", "as": "date"}
        assert list(map_file(cells(rows, tmp_path / "表.xlsx"), cards, kind="excel").values) == [
            ("121002", "2021-04-01")
        ]

    def test_the_title_above_a_table_may_say_the_period(self, tmp_path, map_file, cards):
        rows = [["令和3年度 交付率"], [], ["団体コード", "率"], ["121002", 5], ["121011", 6]]
        cards["period"] = {"from": "title", "as": "fiscal-year"}
        found = map_file(cells(rows, tmp_path / "表.xlsx"), cards, kind="excel")
        assert {period for _, period in found.values} == {"FY2021"}

    def test_five_planted_mistakes_are_found_with_their_cells(self, tmp_path, map_file, cards):
        rows: list[list[Any]] = [["団体コード", "年度", "率", "枚数", "人口"]]
        rows += [["121002", f"令和{year}年度", 50, 5, 10] for year in range(2, 8)]
        rows[1][0], rows[2][1], rows[3][2], rows[4][3], rows[5][2] = "121003", "令和3年どこか", "約50", 50, 150
        parts = {"numerator": {"column": "枚数"}, "denominator": {"column": "人口"}}
        found = map_file(cells(rows, tmp_path / "表.xlsx"), {**cards, **parts}, kind="excel")
        assert {rule: found.found(rule)[0] for rule in found.counts} == {
            "area-invalid": ("A2", "121003"),
            "period-invalid": ("B3", "令和3年どこか"),
            "cell-not-a-number": ("C4", "約50"),
            "part-exceeds-whole": ("D5", "50"),
            "percent-out-of-range": ("C6", "150"),
        }
        assert found.context.tally.to_dict() == {"read": 6, "accepted": 1, "rejected": 5}


class TestRows:
    """Rows that come from no file."""

    def test_answers_of_an_interface_are_mapped_as_they_are(self, map_rows, cards):
        rows = [["121002", 2021, 50.2], ["121011", "2021", Decimal("40.1")], ["121029", 2021.0, None], [None, 2021, 7]]
        found = map_rows(["団体コード", "年度", "率"], rows, cards)
        assert found.values == {("121002", "FY2021"): 50.2, ("121011", "FY2021"): 40.1, ("121029", "FY2021"): None}
        assert found.found("field-blank") == [("row 4, column 団体コード", None)]

    def test_rows_that_are_too_short_lack_their_last_cells(self, map_rows, cards):
        found = map_rows(["団体コード", "年度", "率"], [["121002", 2021], ["121002", 2022, 5]], cards)
        assert found.values == {("121002", "FY2021"): None, ("121002", "FY2022"): 5.0}


class TestWholeFiles:
    """What stops a file."""

    def test_a_column_that_is_not_there_names_the_nearest_and_all(self, write, map_file, cards):
        with pytest.raises(InputError) as caught:
            map_file(
                write("団体コード,年度,交付率（％）\n121002,R3,1\n"),
                {**cards, "value": {"column": "交付率", "unit": "PT"}},
            )
        assert caught.value.context["nearest"] == "交付率（％）"
        assert caught.value.context["allowed"] == ["団体コード", "年度", "交付率（％）"]
        assert caught.value.place.cell == "row 1"
        assert "交付率（％）" in caught.value.next_step.ja

    def test_a_heading_of_two_columns_names_both(self, write, map_file, cards):
        with pytest.raises(InputError, match=r"These fit: 率A \(C1\), 率B \(D1\)\. If tables stand side by side"):
            map_file(
                write("団体コード,年度,率A,率B\n121002,R3,1,2\n"), {**cards, "value": {"column": "率*", "unit": "PT"}}
            )

    def test_more_bad_rows_than_allowed_stop_the_file(self, write, map_file, cards):
        text = "団体コード,年度,率\n121002,R3,1\n999,R3,1\n"
        with pytest.raises(InputError, match="1 of 2 rows cannot be used, more than 5%"):
            map_file(write(text), cards, max_rejected=0.05)

    def test_a_file_without_one_observation_is_an_error(self, write, map_file, cards):
        with pytest.raises(InputError, match="Not one row"):
            map_file(write("団体コード,年度,率\n999,R3,1\n"), cards)

    def test_of_several_tables_those_with_the_columns_are_used(self, tmp_path, map_file, cards):
        path = tmp_path / "表.xlsx"
        cells([["団体コード", "年度", "率"], ["121002", "R3", 1]], path, sheet="値")
        cells([["用語", "説明"], ["率", "割合"], ["枚数", "数"]], path, sheet="説明")
        found = map_file(path, cards, kind="excel")
        assert len(found.values) == 1
        [told] = found.context.findings.examples["table-unused"]
        assert told.place.sheet == "説明"

    def test_second_values_of_a_key_are_refused_across_sheets(self, tmp_path, map_file, cards):
        path = tmp_path / "表.xlsx"
        for sheet, value in (("甲", 1), ("乙", 2)):
            cells([["団体コード", "年度", "率"], ["121002", "R3", value]], path, sheet=sheet)
        found = map_file(path, cards, kind="excel")
        assert found.values == {("121002", "FY2021"): 1.0}
        [told] = found.context.findings.examples["observation-twice"]
        assert (told.place.sheet, told.place.cell) == ("乙", "C2")

    def test_a_large_file_that_is_no_plain_table_is_refused_with_what_to_do(self, write, map_file, cards, monkeypatch):
        monkeypatch.setattr(mapper_module, "LARGEST_FILE", 10)
        path = write(LONG + "\n※注\n")
        with pytest.raises(InputError, match="must be a plain table"):
            map_file(path, cards, bulk=True)

    def test_what_unpacks_to_too_much_is_refused(self, tmp_path, map_file, cards, monkeypatch):
        monkeypatch.setattr(mapper_module, "LARGEST_PLAIN", 1000)
        path = tmp_path / "表.csv.gz"
        path.write_bytes(gzip.compress(LONG.encode() * 1000))
        with pytest.raises(TooLarge):
            map_file(path, cards)


class TestArchives:
    """Files inside files."""

    def test_the_parts_of_a_period_in_one_archive_are_one_contribution(self, tmp_path, map_file, cards):
        path = tmp_path / "区別.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("中央区.csv", "団体コード,年度,率\n121011,R3,1\n".encode("cp932"))
            archive.writestr("緑区.tsv", "団体コード\t年度\t率\n121053\tR3\tx！\n121053\tR4\t2\n")
            archive.writestr("README.pdf", b"%PDF-1.7")
        found = map_file(path, cards)
        assert found.values == {("121011", "FY2021"): 1.0, ("121053", "FY2022"): 2.0}
        assert [one.place.file for one in found.context.findings.examples["member-unused"]] == ["区別.zip/README.pdf"]
        assert [one.place.file for one in found.context.findings.examples["cell-not-a-number"]] == ["区別.zip/緑区.tsv"]

    def test_a_name_of_a_member_may_say_the_period(self, tmp_path, map_file, cards):
        path = tmp_path / "年度別.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for year in (3, 4):
                archive.writestr(f"令和{year}年度.csv", f"団体コード,率\n121002,{year}\n")
        cards["period"] = {"from": "file", "as": "fiscal-year"}
        assert map_file(path, cards).values == {("121002", "FY2021"): 3.0, ("121002", "FY2022"): 4.0}
