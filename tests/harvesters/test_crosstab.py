"""Published cross tables become the observations that they print."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from catalog.errors import InputError
from harvesters import Context, Contribution, HarvestSource, run_sources
from harvesters.crosstab.tables import split_title
from harvesters.registry import harvesters

AREA = {"area": "121002", "synthetic": True}


@pytest.fixture
def harvest(make_source, make_context) -> Callable[..., tuple[list[Contribution], Context]]:
    """Return a function that harvests a folder or file of cross tables."""

    def run(path: Path, **options: Any) -> tuple[list[Contribution], Context]:
        context = make_context(make_source("crosstab", path=path, **{**AREA, **options}))
        kind = harvesters()["crosstab"]
        found = [kind.fetch(context, one, None) for one in kind.gather(context)]
        return [one for each in found for one in kind.transform(context, each)], context

    return run


def rows_of(contributions: list[Contribution]) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return the observations by indicator, area, period, sex and age."""
    keys = ("indicator_id", "area_code", "period", "sex", "age")
    return {tuple(row[key] for key in keys): row for one in contributions for row in one.table.to_pylist()}


TITLE = "令和4年度 集計表"
QUESTION = "問1 知っていますか。"
HEAD = [["区分", "総数", "性別", None], [None, None, "男性", "女性"]]
QUESTIONS = {"問1": ("kpi-01", ("はい",))}


@pytest.fixture
def make_tables(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a workbook of cross tables, from the row of bases on."""

    def make(*rows: list[Any], title: str = TITLE, question: str = QUESTION, head: list[list[Any]] = HEAD) -> Path:
        book = openpyxl.Workbook()
        for row in ([title], [], [question], *head, *rows):
            book.active.append(row)
        book.active.merge_cells("C4:D4")
        path = tmp_path / "集計表.xlsx"
        book.save(path)
        return path

    return make


class TestTruth:
    """The city hall's table, against answers that were computed elsewhere."""

    def test_every_printed_figure_equals_the_truth_to_its_digit(self, shared_data, harvest):
        truth = json.loads((shared_data / "cityhall" / "truth.json").read_text("utf-8"))
        rows = rows_of(harvest(shared_data / "cityhall")[0])
        wards = {
            "中央区": "121011",
            "花見川区": "121029",
            "稲毛区": "121037",
            "若葉区": "121045",
            "緑区": "121053",
            "美浜区": "121061",
        }
        sexes = {"男性": "M", "女性": "F", "その他・回答しない": "_O"}
        keys = [key for key in truth if key.startswith("cross/")]
        for key in keys:
            _, year, number, role, label = key.split("/")
            ends = re.match(r"(\d+)～(\d+)", label)
            row = rows[
                f"kpi-{int(number):02d}",
                wards[label] if role == "区" else "121002",
                f"FY{year}",
                sexes[label] if role == "性別" else "_T",
                "_T" if role != "年代" else f"Y{ends[1]}T{ends[2]}" if ends else "Y_GE70",
            ]
            assert {name: row[name] for name in truth[key]} == truth[key], key
        assert len(keys) == len(rows) == 64

    def test_answers_and_tables_of_three_waves_make_one_dataset_that_settles(
        self, shared_data, make_source, settings, holdings
    ):
        def sources() -> list[HarvestSource]:
            return [make_source(kind, path=shared_data / "cityhall", **AREA) for kind in ("survey", "crosstab")]

        first = run_sources(settings, sources())
        assert {str(one.status) for one in first} == {"succeeded"}
        current = holdings().get("citizen-survey").current.manifest
        assert current.temporal == ("FY2022", "FY2024")
        again = run_sources(settings, sources(), force=True)
        assert [one.releases for report in again for one in report.datasets] == [[], [], []]


class TestFigures:
    """Percentages and counts as tables print them."""

    def test_percentages_of_positive_answers_are_added_up_to_the_printed_digit(self, make_tables, harvest):
        path = make_tables(
            ["回答者数(n)", 1000, 400, 600],
            ["はい", 19.6, "１９．１", "19.9%"],
            ["聞いた", 17.3, 20, 15],
            ["いいえ", 63.1, 60.9, 65.1],
        )
        rows = rows_of(harvest(path, questions={"問1": ("kpi-01", ("はい", "聞いた"))})[0])
        assert rows["kpi-01", "121002", "FY2022", "_T", "_T"]["value"] == 36.9
        assert rows["kpi-01", "121002", "FY2022", "M", "_T"]["value"] == 39.1
        assert rows["kpi-01", "121002", "FY2022", "F", "_T"]["n"] == 600

    def test_counts_become_percentages_with_their_counts_beside(self, make_tables, harvest):
        path = make_tables(["回答者数", 200, 80, 120], ["はい", 50, 30, 20], ["いいえ", 150, 50, 100])
        row = rows_of(harvest(path, questions=QUESTIONS)[0])["kpi-01", "121002", "FY2022", "M", "_T"]
        assert (row["value"], row["numerator"], row["denominator"]) == (37.5, 30, 80)

    def test_each_observation_is_found_in_the_cell_of_its_first_positive_answer(self, make_tables, harvest):
        path = make_tables(["回答者数", 200, 80, 120], ["はい", 50, 30, 20], ["いいえ", 150, 50, 100])
        [found] = harvest(path, questions=QUESTIONS)[0]
        cells = found.places[0].find([{"sex": "M"}, {"sex": "_T"}, {"sex": "X"}])
        assert {i: str(place) for i, place in cells.items()} == {
            0: "集計表.xlsx / Sheet / C7",
            1: "集計表.xlsx / Sheet / B7",
        }

    def test_fractions_are_found_and_told(self, make_tables, harvest):
        path = make_tables(["n", 200, 80, 120], ["はい", 0.25, 0.375, 0.167], ["いいえ", 0.75, 0.625, 0.833])
        found, context = harvest(path, questions=QUESTIONS)
        assert rows_of(found)["kpi-01", "121002", "FY2022", "M", "_T"]["value"] == 37.5
        assert context.findings.examples["detected-percent"][0].value == "0.502"

    def test_a_withheld_figure_is_withheld_and_keeps_its_base(self, make_tables, harvest):
        path = make_tables(["n", 200, 180, 20], ["はい", 25, 24, "X"], ["いいえ", 75, 76, "X"])
        row = rows_of(harvest(path, questions=QUESTIONS)[0])["kpi-01", "121002", "FY2022", "F", "_T"]
        assert (row["value"], row["obs_status"], row["n"]) == (None, "Q", 20)

    def test_a_group_that_is_withheld_alone_is_reported(self, make_tables, harvest):
        path = make_tables(["n", 200, 180, 20], ["はい", 25, 24, "X"], ["いいえ", 75, 76, "X"])
        [one] = harvest(path, questions=QUESTIONS)[1].findings.examples["withheld-alone"]
        assert (one.place.cell, one.value) == ("D6", "性別 / 女性")

    def test_a_marker_that_the_legend_lacks_is_a_complaint_and_no_figure(self, make_tables, harvest):
        path = make_tables(["n", 200, 180, 20], ["はい", 25, 24, "-"], ["いいえ", 75, 76, 100])
        found, context = harvest(path, questions=QUESTIONS)
        row = rows_of(found)["kpi-01", "121002", "FY2022", "F", "_T"]
        assert (row["value"], row["obs_status"]) == (None, "O")
        assert context.findings.examples["cell-marker-unknown"][0].place.cell == "D7"

    def test_the_note_says_if_the_base_includes_no_answer(self, make_tables, harvest):
        path = make_tables(["n", 200, 80, 120], ["はい", 25, 40, 15], ["いいえ", 70, 55, 80], ["無回答", 5, 5, 5])
        row = rows_of(harvest(path, questions=QUESTIONS)[0])["kpi-01", "121002", "FY2022", "_T", "_T"]
        assert "分母に無回答を含む" in row["note"]

    def test_the_base_can_be_the_people_who_answered_which_makes_an_estimate(self, make_tables, harvest):
        path = make_tables(["n", 200, 80, 120], ["はい", 25, 40, 15], ["いいえ", 55, 55, 80], ["無回答", 20, 5, 5])
        row = rows_of(harvest(path, questions=QUESTIONS, base="answered")[0])["kpi-01", "121002", "FY2022", "_T", "_T"]
        assert (row["value"], row["denominator"], row["obs_status"]) == (31.3, 160, "E")

    def test_percentages_that_do_not_add_up_are_reported(self, make_tables, harvest):
        path = make_tables(["n", 200, 80, 120], ["はい", 25, 40, 15], ["いいえ", 75, 50, 85])
        [one] = harvest(path, questions=QUESTIONS)[1].findings.examples["sum-differs"]
        assert (one.place.cell, one.value) == ("C7", "90")

    def test_a_small_base_is_flagged(self, make_tables, harvest):
        path = make_tables(["n", 200, 180, 20], ["はい", 25, 24, 30], ["いいえ", 75, 76, 70])
        rows = rows_of(harvest(path, questions=QUESTIONS)[0])
        assert rows["kpi-01", "121002", "FY2022", "F", "_T"]["obs_status"] == "U"
        assert rows["kpi-01", "121002", "FY2022", "M", "_T"]["obs_status"] == "A"

    @pytest.mark.parametrize(
        ("rows", "cell", "value", "ja"),
        [
            (
                (["n", 200, 80, 120], ["はい", 25, "12人", 15], ["いいえ", 75, 60, 85]),
                "C7",
                "12人",
                "セルの単位は「人」、列の単位は「%」（割合の列）",
            ),
            (
                (["n", 200, 80, 120], ["はい", "50人", "30人", "16.7%"], ["いいえ", "150人", "50人", "100人"]),
                "D7",
                "16.7%",
                "セルの単位は「%」、列の単位は「件・人などの数」（人数・件数の列）",
            ),
            (
                (["n", 200, "50%", 120], ["はい", 25, 40, 15], ["いいえ", 75, 60, 85]),
                "C6",
                "50%",
                "セルの単位は「%」、列の単位は「件・人などの数」（人数・件数の列）",
            ),
        ],
    )
    def test_a_unit_that_is_not_that_of_its_table_is_refused(self, make_tables, harvest, rows, cell, value, ja):
        _, context = harvest(make_tables(*rows), questions=QUESTIONS)
        [one] = context.findings.examples["unit-contradicts"]
        assert (one.place.cell, one.value, one.detail.ja) == (cell, value, ja)


class TestTables:
    """Which table belongs to which question."""

    ROWS = (["n", 200, 80, 120], ["はい", 25, 40, 15], ["いいえ", 75, 60, 85])

    def test_a_table_without_its_positive_answer_is_left_out_and_named(self, make_tables, harvest):
        found, context = harvest(make_tables(*self.ROWS), questions={"問1": ("kpi-01", ("ええ",))})
        assert found[0].table.num_rows == 0
        assert context.findings.examples["option-missing"][0].value == "ええ"

    def test_a_table_of_no_indicator_is_told(self, make_tables, harvest):
        _, context = harvest(make_tables(*self.ROWS, question="問9 その他"), questions=QUESTIONS)
        assert context.findings.examples["table-unused"][0].value == "問9 その他"

    def test_a_group_that_is_not_understood_is_left_out_and_named(self, make_tables, harvest):
        head = [["区分", "総数", "性別", None], [None, None, "男性", "犬"]]
        found, context = harvest(make_tables(*self.ROWS, head=head), questions=QUESTIONS)
        assert found[0].table.num_rows == 2
        assert context.findings.examples["group-unknown"][0].value == "性別 / 犬"

    def test_the_period_is_found_in_the_title_and_told(self, make_tables, harvest):
        _, context = harvest(make_tables(*self.ROWS), questions=QUESTIONS)
        [one] = context.findings.examples["detected-period"]
        assert (one.value, one.place.cell) == ("FY2022", "A1")

    def test_a_table_that_says_no_period_is_an_error(self, make_tables, harvest):
        with pytest.raises(InputError, match="which year"):
            harvest(make_tables(*self.ROWS, title="集計表"), questions=QUESTIONS)

    def test_another_wording_than_the_code_book_s_is_reported(self, root, harvest):
        folder = root / "tests/data/survey/cityhall"
        _, context = harvest(folder, codebook="R4_コード表.xlsx")
        assert "知っていますか" in context.findings.examples["wording-differs"][0].value

    def test_the_specimen_has_two_indicators_and_a_table_of_none(self, root, harvest):
        found, context = harvest(root / "tests/data/survey/cityhall", codebook="R3_コード表.xlsx")
        assert {key[0] for key in rows_of(found)} == {"kpi-01", "kpi-04"}
        assert context.findings.examples["table-unused"][0].value == "問7 広報紙を読んでいますか。"


class TestComparison:
    """Tables against the answers of the same wave."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Callable[[float], Path]:
        def make(printed: float) -> Path:
            home = tmp_path / "both"
            home.mkdir(exist_ok=True)
            book = openpyxl.Workbook()
            for row in (
                ["設問番号", "設問文", "回答形式", "選択肢番号", "選択肢", "肯定的回答", "指標No."],
                ["問1", "知っていますか。", "単一回答", 1, "はい", "○", 1],
                [None, None, None, 2, "いいえ", None, None],
                [],
                ["※無回答は99"],
            ):
                book.active.append(row)
            book.save(home / "コード表.xlsx")
            answers = ["1"] * 24 + ["2"] * 56 + ["99"] * 20
            lines = [f"{number},男性,{answer}" for number, answer in enumerate(answers)]
            (home / "個票_R4.csv").write_text("\n".join(["回答者番号,性別,問1", *lines, ""]), "utf-8")
            tables = openpyxl.Workbook()
            for row in (
                ["令和4年度"],
                [],
                ["問1 知っていますか。"],
                ["区分", "総数", "男性"],
                ["n", 100, 100],
                ["はい", printed, 24.0],
                ["いいえ", 80 - printed, 56.0],
                ["無回答", 20.0, 20.0],
            ):
                tables.active.append(row)
            tables.save(home / "集計表.xlsx")
            return home

        return make

    def test_figures_that_the_answers_bear_out_are_not_reported(self, folder, harvest):
        assert not harvest(folder(24.0), compare="*個票*")[1].findings.counts["differs-from-answers"]

    def test_a_figure_that_they_do_not_bear_out_is_reported_with_both(self, folder, harvest):
        [one] = harvest(folder(26.0), compare="*個票*")[1].findings.examples["differs-from-answers"]
        assert (one.place.cell, one.detail.en) == ("B6", "printed 26, from the answers 24.0")

    def test_a_computed_figure_of_few_people_is_not_shown(self, folder, harvest):
        [one] = harvest(folder(26.0), compare="*個票*", suppress_below=25)[1].findings.examples["differs-from-answers"]
        assert one.detail.en == "printed 26, from the answers Q"

    def test_without_answers_of_that_wave_nothing_is_compared(self, folder, harvest):
        home = folder(26.0)
        (home / "個票_R4.csv").rename(home / "個票_R3.csv")
        assert not harvest(home, compare="*個票*")[1].findings.counts["differs-from-answers"]


def test_a_question_that_begins_with_a_quotation_mark_keeps_it():
    assert split_title("問１　「スマートシティ」を知っていますか。") == ("問1", "「スマートシティ」を知っていますか。")
    assert split_title("【問2】 使っていますか。") == ("問2", "使っていますか。")
