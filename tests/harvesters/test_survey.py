"""Surveys: answers and a code book become indicators, and the answers stay where they are."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.compute as pc
import pytest

from catalog.errors import ConfigurationError, FetchError, InputError
from catalog.model import DataStructure
from harvesters import Context, Contribution, load_sources, run_sources
from harvesters.registry import harvesters
from harvesters.statistics import PairCounts, paired_difference_interval

AREA = {"area": "121002", "synthetic": True}
DATASET, PAIRS = "citizen-survey", "citizen-survey-pairs"


@pytest.fixture
def harvest(make_source, make_context) -> Callable[..., tuple[list[Contribution], Context]]:
    """Return a function that harvests a folder with the options of a survey."""

    def run(folder: Path, **options: Any) -> tuple[list[Contribution], Context]:
        source = make_source("survey", path=folder, **{**AREA, **options})
        context = make_context(source)
        survey = harvesters()["survey"]
        found = [survey.fetch(context, one, None) for one in survey.gather(context)]
        return [one for each in found for one in survey.transform(context, each)], context

    return run


def rows_of(contributions: list[Contribution], dataset: str = DATASET) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return the observations by indicator, period and codes."""
    tables = [one for one in contributions if one.dataset.name == dataset]
    keys = tables[0].dataset.structure.key
    return {
        tuple(row[key] for key in keys if key != "definition_id"): row
        for one in tables
        for row in one.table.to_pylist()
    }


def age_code(label: str) -> str:
    ends = re.match(r"(\d+)～(\d+)", label)
    return f"Y{ends[1]}T{ends[2]}" if ends else "Y_GE70"


class TestTruth:
    """The city hall's files, against answers that were computed elsewhere."""

    @pytest.fixture
    def truth(self, shared_data: Path) -> dict[str, Any]:
        return json.loads((shared_data / "cityhall" / "truth.json").read_text("utf-8"))

    @pytest.fixture
    def found(self, shared_data: Path, harvest) -> list[Contribution]:
        return harvest(shared_data / "cityhall")[0]

    @pytest.mark.parametrize("figure", ["value", "ci_lower", "ci_upper", "n"])
    def test_every_figure_equals_the_truth_to_a_millionth(self, truth, found, figure):
        rows, compared = rows_of(found), 0
        for key, expected in truth.items():
            if not key.startswith("micro/"):
                continue
            _, year, number, *group = key.split("/")
            area = group[1] if group[0] == "ward" else "121002"
            age = age_code(group[1]) if group[0] == "age" else "_T"
            row = rows[f"kpi-{int(number):02d}", area, f"FY{year}", "_T", age, "_T"]
            assert row[figure] == pytest.approx(expected[figure], abs=1e-6), key
            compared += 1
        assert compared == sum(key.startswith("micro/") for key in truth) > 200

    def test_effective_sizes_equal_the_truth_to_its_last_digit(self, truth, found):
        rows = rows_of(found)
        for key, expected in truth.items():
            if re.fullmatch(r"micro/\d+/\d+/total", key):
                _, year, number, _ = key.split("/")
                row = rows[f"kpi-{int(number):02d}", "121002", f"FY{year}", "_T", "_T", "_T"]
                assert row["n_eff"] == pytest.approx(expected["n_eff"], abs=5.1e-5)

    def test_the_four_counts_of_a_pair_equal_the_truth(self, truth, found):
        rows = rows_of(found, PAIRS)
        codes = {"n": "_T", "n11": "BOTH", "n10": "OBJECTIVE_ONLY", "n01": "SUBJECTIVE_ONLY", "n00": "NEITHER"}
        keys = [key for key in truth if key.startswith("pair/")]
        for key in keys:
            _, year, pair = key.split("/")
            for name, code in codes.items():
                assert rows["kpi-05", "121002", f"FY{year}", pair, code]["value"] == truth[key][name]
        assert len(keys) == 2

    def test_unweighted_numerators_are_the_positive_answers(self, truth, found):
        rows = rows_of(found)
        for number in (1, 14):
            row = rows[f"kpi-{number:02d}", "121002", "FY2023", "_T", "_T", "_T"]
            assert row["numerator"] == truth[f"micro/2023/{number}/total"]["positive_n"]

    def test_the_note_of_a_weighted_figure_has_the_unweighted_count(self, truth, found):
        row = rows_of(found)["kpi-01", "121002", "FY2024", "_T", "_T", "_T"]
        expected = truth["micro/2024/1/total"]
        assert f"{expected['positive_n']}/{expected['n']}" in row["note"]


class TestPublished:
    """A whole run over the specimens, into the embedded catalogue."""

    @pytest.fixture
    def run(self, root, settings, tmp_path) -> tuple[Any, Path]:
        folder = tmp_path / "survey"
        shutil.copytree(root / "tests/data/survey", folder)
        [source] = [one for one in load_sources(folder / "harvest.yml", settings) if one.kind == "survey"]
        [report] = run_sources(settings, [source])
        return report, folder

    def test_both_datasets_are_published_wave_by_wave_and_marked_as_synthetic(self, run, holdings):
        report, _ = run
        assert report.to_dict()["status"] == "succeeded"
        found = holdings()
        assert {name: len(one.releases) for name, one in found.datasets.items()} == {DATASET: 2, PAIRS: 2}
        for one in found.datasets.values():
            assert one.dataset.synthetic
            assert "合成データ" in one.dataset.title.ja
            assert one.dataset.description.en.startswith("[Synthetic]")

    def test_a_second_run_publishes_nothing(self, run, settings):
        _, folder = run
        [source] = [one for one in load_sources(folder / "harvest.yml", settings) if one.kind == "survey"]
        [report] = run_sources(settings, [source])
        assert report.skipped

    def test_a_changed_code_book_is_noticed(self, run, settings, root):
        _, folder = run
        book = openpyxl.load_workbook(folder / "cityhall/R3_コード表.xlsx")
        book.active["F4"] = "○"
        book.save(folder / "cityhall/R3_コード表.xlsx")
        [source] = [one for one in load_sources(folder / "harvest.yml", settings) if one.kind == "survey"]
        [report] = run_sources(settings, [source])
        assert not report.skipped
        assert report.datasets[0].action == "held"
        assert "revision" in [one["guard"] for one in report.datasets[0].trips]

    def test_no_row_of_a_respondent_is_anywhere_but_in_its_file(self, run, settings):
        report, folder = run
        written = [path for path in settings.home.rglob("*") if path.is_file()]
        told = json.dumps(report.to_dict(), ensure_ascii=False).encode()
        for wave, encoding in (("R3", "cp932"), ("R4", "utf-8-sig")):
            text = (folder / f"cityhall/市民アンケート_{wave}_個票.csv").read_bytes().decode(encoding)
            rows = text.splitlines()[1:]
            assert len(rows) == 240
            for content in [told, *(path.read_bytes() for path in written)]:
                assert not any(row.split(",")[0].encode() in content for row in rows)

    def test_the_raw_store_has_the_code_books_and_of_the_answers_the_checksum_only(self, run, settings):
        report, _ = run
        objects = {one.name: one.sha256 for one in report.objects}
        kept = {path.name for path in (settings.home / "raw").rglob("*") if path.is_file() and not path.suffix}
        assert {name for name, sha256 in objects.items() if sha256 in kept} == {"R3_コード表.xlsx", "R4_コード表.xlsx"}
        assert all(sha256 and re.fullmatch("[0-9a-f]{64}", sha256) for sha256 in objects.values())

    def test_the_provenance_names_the_file_by_its_checksum(self, run, holdings):
        origins = holdings().get(DATASET).current.manifest.provenance.origins
        assert [one.name for one in origins] == ["市民アンケート_R3_個票.csv", "市民アンケート_R4_個票.csv"]
        assert all(len(one.sha256) == 64 for one in origins)


OPTIONS: dict[str, Any] = {
    "codebook": "R3_コード表.xlsx",
    "codebooks": {"市民アンケート_R4_個票.csv": "R4_コード表.xlsx"},
    "suppress_below": 5,
}


class TestSpecimens:
    """What the specimens show."""

    @pytest.fixture
    def folder(self, root: Path) -> Path:
        return root / "tests/data/survey/cityhall"

    def test_another_wording_is_a_break_that_says_what_was_asked_before(self, folder, harvest):
        found, context = harvest(folder, **OPTIONS)
        rows = rows_of(found)
        changed = rows["kpi-01", "121002", "FY2022", "_T", "_T", "_T"]
        assert changed["obs_status"] == "B"
        assert "前回の設問「「スマートシティ」という言葉を知っていますか。」から変わった" in changed["note"]
        assert rows["kpi-01", "121002", "FY2021", "_T", "_T", "_T"]["obs_status"] == "A"
        assert rows["kpi-05", "121002", "FY2022", "_T", "_T", "_T"]["obs_status"] == "A"
        assert context.findings.examples["wording-changed"][0].value == "問1"

    def test_the_wording_of_each_wave_is_kept(self, folder, harvest):
        rows = rows_of(harvest(folder, **OPTIONS)[0])
        assert "知っていますか" in rows["kpi-01", "121002", "FY2021", "_T", "_T", "_T"]["note"]
        assert (
            "設問「「スマートシティ」という言葉を見聞き" in rows["kpi-01", "121002", "FY2022", "_T", "_T", "_T"]["note"]
        )

    def test_small_groups_and_their_neighbours_are_withheld_without_any_figure(self, folder, harvest):
        found, _ = harvest(folder, **{**OPTIONS, "suppress_below": 10})
        [table] = [
            one.table for one in found if one.dataset.name == DATASET and "FY2021" in one.table["period"].to_pylist()
        ]
        withheld = table.filter(pc.equal(table["obs_status"], "Q"))
        assert withheld.num_rows > 0
        for column in ("value", "numerator", "denominator", "n", "n_eff", "ci_lower", "ci_upper"):
            assert withheld[column].null_count == withheld.num_rows

    def test_no_withheld_count_follows_from_the_total(self, folder, harvest):
        found, _ = harvest(folder, **{**OPTIONS, "suppress_below": 10})
        for one in found:
            if one.dataset.name != DATASET:
                continue
            rows = one.table.to_pylist()
            for indicator in {row["indicator_id"] for row in rows}:
                own = [row for row in rows if row["indicator_id"] == indicator]
                for role in ("sex", "age", "mode"):
                    hidden = [row for row in own if row[role] != "_T" and row["obs_status"] == "Q"]
                    assert len(hidden) != 1
                assert sum(row["area_code"] != "121002" and row["obs_status"] == "Q" for row in own) != 1

    def test_a_base_below_thirty_is_flagged(self, folder, harvest):
        found, _ = harvest(folder, **{**OPTIONS, "suppress_below": 1})
        small = [row for row in rows_of(found).values() if row["n"] is not None and row["n"] < 30]
        assert small
        assert {row["obs_status"] for row in small if row["period"] == "FY2021"} == {"U"}

    def test_volunteers_have_no_interval(self, folder, harvest):
        found, _ = harvest(folder, **OPTIONS, sampling="nonprobability")
        assert all(one.table["ci_lower"].null_count == one.table.num_rows for one in found)

    def test_a_design_effect_widens_the_interval(self, folder, harvest):
        key = "kpi-05", "121002", "FY2021", "_T", "_T", "_T"
        plain = rows_of(harvest(folder, **OPTIONS)[0])[key]
        wide = rows_of(harvest(folder, **OPTIONS, deff=2.0)[0])[key]
        assert wide["value"] == plain["value"]
        assert wide["ci_upper"] - wide["ci_lower"] > 1.3 * (plain["ci_upper"] - plain["ci_lower"])

    def test_the_difference_of_a_pair_has_the_paired_interval(self, folder, harvest):
        rows = rows_of(harvest(folder, **OPTIONS)[0], PAIRS)
        names = {"both": "BOTH", "first_only": "SUBJECTIVE_ONLY", "second_only": "OBJECTIVE_ONLY", "neither": "NEITHER"}
        key = "kpi-05", "121002", "FY2021", "5-4"
        counts = PairCounts(**{name: rows[*key, code]["value"] for name, code in names.items()})
        expected = paired_difference_interval(counts)
        row = rows["kpi-05", "121002", "FY2021", "5-4", "DIFFERENCE"]
        assert (row["unit"], row["ci_method"]) == ("PP", "newcombe-10")
        assert (row["ci_lower"], row["ci_upper"]) == pytest.approx(
            (100 * expected.lower, 100 * expected.upper), abs=1e-6
        )

    def test_pairs_with_a_small_count_are_withheld_together(self, folder, harvest):
        rows = rows_of(harvest(folder, **{**OPTIONS, "suppress_below": 40})[0], PAIRS)
        own = {key[-1]: row for key, row in rows.items() if key[2:4] == ("FY2021", "5-4")}
        assert {code: row["obs_status"] for code, row in own.items()} == {
            "_T": "A",
            **dict.fromkeys(("BOTH", "SUBJECTIVE_ONLY", "OBJECTIVE_ONLY", "NEITHER", "DIFFERENCE"), "Q"),
        }

    def test_raking_makes_the_wards_count_as_the_population_does(self, folder, harvest):
        wards = ["中央区", "花見川区", "稲毛区", "若葉区", "緑区", "美浜区"]
        population = {
            "area": dict(zip(wards, [22.0, 18, 16, 14, 13, 17], strict=True)),
            "age": {"18～39歳": 3.0, "40～64歳": 4.0, "65歳以上": 3.0},
        }
        found, context = harvest(folder, **OPTIONS, weights="rake", population=population)
        assert context.findings.counts["raked"] == 2
        rows = rows_of(found)
        own = [row for key, row in rows.items() if key[0] == "kpi-05" and key[2] == "FY2021"]
        total = next(
            row for row in own if row["area_code"] == "121002" and row["sex"] == row["age"] == row["mode"] == "_T"
        )
        assert total["n_eff"] < total["n"]
        assert "回で最大差" in context.findings.examples["raked"][0].detail.ja

    def test_a_population_that_the_answers_do_not_have_is_an_error(self, folder, harvest):
        with pytest.raises(InputError, match="is no age"):
            harvest(folder, **OPTIONS, weights="rake", population={"age": {"若者": 1.0}})

    def test_the_structure_has_the_groups_that_were_met(self, folder, harvest):
        [dataset, *_] = [one.dataset for one in harvest(folder, **OPTIONS)[0]]
        structure: DataStructure = dataset.structure
        assert list(structure.get_breakdown("age").codes) == ["_T", "Y18T39", "Y40T64", "Y_GE65"]
        assert list(structure.get_breakdown("sex").codes) == ["_T", "F", "M", "_O"]
        assert set(structure.get_breakdown("mode").codes) == {"_T", "MAIL", "WEB"}


BOOK = [
    ["設問番号", "設問文", "回答形式", "選択肢番号", "選択肢", "肯定的回答", "指標No."],
    ["問1", "知っていますか。", "単一回答", 1, "はい", "○", 1],
    [None, None, None, 2, "いいえ", None, None],
    ["問2", "お持ちですか。", "複数回答", 1, "スマホ", "○", 2],
    [None, None, None, 2, "ない", None, None],
    [],
    ["※無回答は99（複数回答は9）"],
]
HEADER = "回答者番号,区,性別,問1,問2_1,問2_2"


@pytest.fixture
def make_folder(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a wave and its code book."""

    def make(*rows: str, header: str = HEADER, book: list[list[Any]] = BOOK, name: str = "個票_令和5年度.csv") -> Path:
        folder = tmp_path / "survey"
        folder.mkdir(exist_ok=True)
        workbook = openpyxl.Workbook()
        for row in book:
            workbook.active.append(row)
        workbook.save(folder / "コード表.xlsx")
        (folder / name).write_text("\n".join([header, *rows, ""]), "utf-8")
        return folder

    return make


def plain(**options: Any) -> dict[str, Any]:
    return {"suppress_below": 0, "flag_below": 0, **options}


def total(found: list[Contribution], indicator: str) -> dict[str, Any]:
    rows = rows_of(found)
    return next(row for key, row in rows.items() if key[:2] == (indicator, "121002") and set(key[3:]) == {"_T"})


class TestAnswers:
    """Answers as people type them."""

    def test_no_answer_is_not_in_the_base(self, make_folder, harvest):
        found, _ = harvest(make_folder("1,中央区,男性,1,1,0", "2,緑区,女性,2,0,1", "3,緑区,女性,99,9,9"), **plain())
        assert (total(found, "kpi-01")["n"], total(found, "kpi-01")["value"]) == (2, 50.0)
        assert (total(found, "kpi-02")["n"], total(found, "kpi-02")["value"]) == (2, 50.0)

    def test_an_answer_that_is_no_option_is_left_out_and_named_by_its_cell(self, make_folder, harvest):
        found, context = harvest(make_folder("1,中央区,男性,7,1,0", "2,緑区,女性,1,1,0"), **plain())
        assert total(found, "kpi-01")["n"] == 1
        [one] = context.findings.examples["answer-unknown"]
        assert (str(one.place), one.value) == ("個票_令和5年度.csv / D2", "7")

    def test_free_text_in_an_answer_is_not_repeated_in_the_report(self, make_folder, harvest):
        _, context = harvest(make_folder("1,中央区,男性,山田太郎です,1,0", "2,緑区,女性,1,1,0"), **plain())
        [one] = context.findings.examples["answer-unknown"]
        assert (one.place.cell, one.value) == ("D2", None)

    def test_answers_in_full_width_and_as_words_are_understood(self, make_folder, harvest):
        found, context = harvest(
            make_folder("1,中央区,男性,１,1,0", "2,緑区,女性,はい,1,0", "3,緑区,女性,2.0,1,0"), **plain()
        )
        assert (total(found, "kpi-01")["n"], total(found, "kpi-01")["numerator"]) == (3, 2)
        assert context.findings.counts["answer-repaired"] == 1

    def test_multiple_answers_with_no_answer_in_some_columns_only_are_left_out(self, make_folder, harvest):
        found, context = harvest(make_folder("1,中央区,男性,1,9,1", "2,緑区,女性,1,1,0"), **plain())
        assert total(found, "kpi-02")["n"] == 1
        assert context.findings.examples["answer-mixed"][0].place.cell == "E2"

    def test_multiple_answers_with_nothing_chosen_are_no_answer(self, make_folder, harvest):
        found, context = harvest(make_folder("1,中央区,男性,1,0,0", "2,緑区,女性,1,1,0"), **plain())
        assert total(found, "kpi-02")["n"] == 1
        assert context.findings.counts["answer-nothing-chosen"] == 1

    def test_multiple_answers_in_one_cell_are_taken_apart(self, make_folder, harvest):
        folder = make_folder(
            '1,中央区,男性,1,"1,2"', "2,緑区,女性,1,2", "3,緑区,女性,1,", header="回答者番号,区,性別,問1,問2"
        )
        assert (total(harvest(folder, **plain())[0], "kpi-02")["numerator"]) == 1

    def test_circles_are_answers_too(self, make_folder, harvest):
        found, _ = harvest(make_folder("1,中央区,男性,1,○,", "2,緑区,女性,1,,○"), **plain())
        assert (total(found, "kpi-02")["n"], total(found, "kpi-02")["numerator"]) == (2, 1)

    def test_the_second_row_of_a_respondent_is_left_out_without_naming_them(self, make_folder, harvest):
        found, context = harvest(make_folder("881234,中央区,男性,1,1,0", "881234,緑区,女性,1,1,0"), **plain())
        assert total(found, "kpi-01")["n"] == 1
        [one] = context.findings.examples["respondent-twice"]
        assert (one.place.cell, one.value) == ("row 3", None)
        assert (context.tally.read, context.tally.accepted, context.tally.rejected) == (2, 1, 1)

    def test_a_row_with_another_number_of_cells_is_left_out(self, make_folder, harvest):
        found, context = harvest(make_folder("1,中央区,男性,1,1", "2,緑区,女性,1,1,0"), **plain())
        assert total(found, "kpi-01")["n"] == 1
        assert context.findings.examples["row-width"][0].place.cell == "row 2"

    def test_a_weight_that_is_no_positive_number_leaves_the_row_out(self, make_folder, harvest):
        folder = make_folder("1,0,1,1,0", "2,x,1,1,0", "3,1.5,1,1,0", header="回答者番号,ウェイト,問1,問2_1,問2_2")
        found, context = harvest(folder, **plain())
        assert total(found, "kpi-01")["n"] == 1
        assert context.findings.counts["weight-invalid"] == 2

    def test_a_weight_with_a_unit_is_no_weight(self, make_folder, harvest):
        folder = make_folder("1,150%,1,1,0", "2,2人,1,1,0", "3,1.5,1,1,0", header="回答者番号,ウェイト,問1,問2_1,問2_2")
        found, context = harvest(folder, **plain())
        assert total(found, "kpi-01")["n"] == 1
        assert context.findings.counts["weight-invalid"] == 2

    def test_a_ward_that_is_misspelt_is_named_and_left_out_of_the_wards_only(self, make_folder, harvest):
        found, context = harvest(make_folder("1,中央,男性,1,1,0", "2,緑区,女性,1,1,0"), **plain())
        assert total(found, "kpi-01")["n"] == 2
        [one] = context.findings.examples["group-unknown"]
        assert (one.place.cell, one.value) == ("B2", "中央")

    def test_something_personal_where_the_ward_should_be_is_not_repeated(self, make_folder, harvest):
        _, context = harvest(make_folder("1,山田太郎 090-1234-5678,男性,1,1,0", "2,緑区,女性,1,1,0"), **plain())
        assert context.findings.examples["group-unknown"][0].value is None

    def test_labels_of_ones_own_are_declared(self, make_folder, harvest):
        folder = make_folder("1,若者,1,1,0", "2,年配,1,1,0", header="回答者番号,年代,問1,問2_1,問2_2")
        found, context = harvest(folder, **plain(codes={"age": {"若者": "Y_LT30", "年配": "Y_GE30"}}))
        assert {key[4] for key in rows_of(found)} == {"_T", "Y_LT30", "Y_GE30"}
        assert not context.findings.counts["group-unknown"]

    def test_columns_of_ones_own_are_declared(self, make_folder, harvest):
        folder = make_folder("1,男性,1,1,0", "2,女性,2,1,0", header="回答者番号,F1,問1,問2_1,問2_2")
        found, _ = harvest(folder, **plain(columns={"sex": "F1"}))
        assert {key[3] for key in rows_of(found)} == {"_T", "F", "M"}

    def test_a_declared_column_that_is_not_there_is_an_error_with_the_headings(self, make_folder, harvest):
        with pytest.raises(InputError, match="'F9'"):
            harvest(make_folder("1,中央区,男性,1,1,0"), **plain(columns={"sex": "F9"}))

    def test_a_question_without_a_column_is_reported_and_the_others_are_computed(self, make_folder, harvest):
        found, context = harvest(make_folder("1,中央区,男性,1", header="回答者番号,区,性別,問1"), **plain())
        assert total(found, "kpi-01")["n"] == 1
        assert context.findings.examples["column-missing"][0].value == "問2"


class TestCodeBook:
    """Code books as people write them."""

    def test_a_missing_column_is_an_error_that_names_it(self, make_folder, harvest):
        book = [[cell for i, cell in enumerate(row) if i != 5] for row in BOOK]
        with pytest.raises(InputError, match="肯定的回答") as caught:
            harvest(make_folder("1,中央区,男性,1,1,0", book=book), **plain())
        assert "codebook_columns" in caught.value.next_step.en

    def test_columns_of_ones_own_are_declared(self, make_folder, harvest):
        book = [["Q", "文", "形", "値", "名", "＋", "K"], *BOOK[1:]]
        names = {
            "question": "Q",
            "wording": "文",
            "form": "形",
            "option": "値",
            "label": "名",
            "positive": "＋",
            "indicator": "K",
        }
        found, _ = harvest(make_folder("1,中央区,男性,1,1,0", book=book), **plain(codebook_columns=names))
        assert total(found, "kpi-01")["value"] == 100

    def test_an_indicator_that_does_not_exist_is_reported(self, make_folder, harvest):
        book = [BOOK[0], [*BOOK[1][:6], 99], *BOOK[2:]]
        _, context = harvest(make_folder("1,中央区,男性,1,1,0", book=book), **plain())
        assert (
            context.findings.examples["indicator-unknown"][0].place.cell,
            context.findings.examples["indicator-unknown"][0].value,
        ) == ("G2", "99")

    def test_a_question_without_a_positive_answer_is_reported(self, make_folder, harvest):
        book = [BOOK[0], [*BOOK[1][:5], None, 1], *BOOK[2:]]
        _, context = harvest(make_folder("1,中央区,男性,1,1,0", book=book), **plain())
        assert context.findings.examples["question-without-positive"][0].value == "問1"

    def test_repeated_question_cells_are_one_question(self, make_folder, harvest):
        book = [BOOK[0], BOOK[1], [*BOOK[1][:3], 2, "いいえ", None, 1], *BOOK[3:]]
        found, _ = harvest(make_folder("1,中央区,男性,1,1,0", "2,緑区,女性,2,1,0", book=book), **plain())
        assert total(found, "kpi-01")["value"] == 50

    def test_codes_of_no_answer_can_be_declared(self, make_folder, harvest):
        folder = make_folder("1,中央区,男性,88,8,8", "2,緑区,女性,1,1,0", book=BOOK[:5])
        found, context = harvest(folder, **plain(no_answer=("88",), no_answer_multiple=("8",)))
        assert (total(found, "kpi-01")["n"], total(found, "kpi-02")["n"]) == (1, 1)
        assert not context.findings.counts["answer-unknown"]

    def test_the_codes_of_no_answer_that_were_found_are_told(self, make_folder, harvest):
        _, context = harvest(make_folder("1,中央区,男性,1,1,0"), **plain())
        assert context.findings.examples["detected-no-answer"][0].value == "99、9"

    def test_without_a_code_book_nothing_is_computed_and_it_is_said_how_to_name_one(self, make_folder, harvest):
        folder = make_folder("1,中央区,男性,1,1,0")
        (folder / "コード表.xlsx").unlink()
        with pytest.raises(InputError, match="no code book"):
            harvest(folder, **plain())

    def test_two_code_books_are_not_guessed_between(self, make_folder, harvest):
        folder = make_folder("1,中央区,男性,1,1,0")
        shutil.copy(folder / "コード表.xlsx", folder / "旧コード表.xlsx")
        with pytest.raises(ConfigurationError, match="2 code books"):
            harvest(folder, **plain())


class TestPeriods:
    """What a wave is about."""

    @pytest.mark.parametrize(
        ("name", "period"), [("個票_令和5年度.csv", "FY2023"), ("個票_R5.csv", "FY2023"), ("2023年_個票.csv", "2023")]
    )
    def test_the_period_is_found_in_the_name_of_the_file_and_told(self, make_folder, harvest, name, period):
        found, context = harvest(make_folder("1,中央区,男性,1,1,0", name=name), **plain())
        assert {key[2] for key in rows_of(found)} == {period}
        assert context.findings.examples["detected-period"][0].value == period

    def test_a_declared_period_is_taken_and_nothing_is_told(self, make_folder, harvest):
        found, context = harvest(
            make_folder("1,中央区,男性,1,1,0", name="個票.csv"), **plain(periods={"個票.csv": "2024-M04"})
        )
        assert {key[2] for key in rows_of(found)} == {"2024-M04"}
        assert not context.findings.counts["detected-period"]

    def test_a_file_that_says_no_period_is_an_error_that_says_how_to_declare_it(self, make_folder, harvest):
        with pytest.raises(InputError, match="which year") as caught:
            harvest(make_folder("1,中央区,男性,1,1,0", name="個票.csv"), **plain())
        assert "periods" in caught.value.next_step.ja

    def test_a_wave_is_issued_on_the_last_day_of_its_period_or_on_the_declared_day(
        self, make_folder, harvest, make_source
    ):
        from datetime import date

        folder = make_folder("1,中央区,男性,1,1,0")
        assert harvest(folder, **plain())[0][0].issued == "2024-03-31T00:00:00+09:00"
        declared = plain(published={"個票_令和5年度.csv": date(2024, 6, 1)})
        assert harvest(folder, **declared)[0][0].issued == "2024-06-01T00:00:00+09:00"


class TestSource:
    """What a source must say, and where answers may come from."""

    def test_without_an_area_it_is_refused(self, make_folder, harvest):
        with pytest.raises(ConfigurationError, match="lack area"):
            harvest(make_folder("1,中央区,男性,1,1,0"), **plain(area=None))

    def test_answers_never_come_from_a_url(self, settings, tmp_path):
        path = tmp_path / "harvest.yml"
        path.write_text(
            "version: 1\nsources:\n- {name: s, kind: survey, title: {ja: あ, en: a}, url: 'https://example.org/x'}\n",
            "utf-8",
        )
        with pytest.raises(ConfigurationError, match="url"):
            load_sources(path, settings)

    def test_a_file_that_changes_while_it_is_read_is_refused(self, make_folder, make_source, make_context):
        folder = make_folder("1,中央区,男性,1,1,0")
        context = make_context(make_source("survey", path=folder, **AREA))
        survey = harvesters()["survey"]
        [wave] = [one for one in survey.gather(context) if one.name.endswith(".csv")]
        fetched = survey.fetch(context, wave, None)
        (folder / wave.name).write_text(f"{HEADER}\n1,緑区,女性,2,0,1\n", "utf-8")
        with pytest.raises(FetchError, match="changed while it was read"):
            survey.transform(context, fetched)

    def test_lock_files_of_spreadsheets_are_no_waves(self, make_folder, make_source, make_context):
        folder = make_folder("1,中央区,男性,1,1,0")
        (folder / "~$個票_令和5年度.csv").write_text("x", "utf-8")
        context = make_context(make_source("survey", path=folder, **AREA))
        assert [one.name for one in harvesters()["survey"].gather(context)] == ["コード表.xlsx", "個票_令和5年度.csv"]

    def test_a_table_of_figures_beside_the_answers_is_not_guessed_between(self, make_folder, harvest):
        folder = make_folder("1,中央区,男性,1,1,0")
        book = openpyxl.Workbook()
        for row in (["a", "b"], [1, 2], ["※注"], [], ["題"], ["c", "d"], [3, 4]):
            book.active.append(row)
        book.save(folder / "個票_令和4年度.xlsx")
        (folder / "個票_令和5年度.csv").unlink()
        with pytest.raises(InputError, match="more than one table"):
            harvest(folder, **plain())
