"""Scores: what a broken rule costs, and the same figures as the Digital Agency's sample checker."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harvesters.readability import ReadabilityReport

Judge = Callable[..., ReadabilityReport]

GOOD = "団体コード,団体名,年度,人口（人）\r\n121002,千葉市,2021年度,974951\r\n122041,船橋市,2021年度,642907\r\n"


def test_points_are_taken_for_each_broken_rule(judge_csv: Judge) -> None:
    report = judge_csv(GOOD.replace("船橋市", "船　橋　市").replace("人口（人）", "大きさ"))

    assert report.broken == ("L1-06", "L3-04")
    assert report.scores == (90, 100, 90)


def test_a_fatal_rule_forces_its_level_to_0(judge_csv: Judge) -> None:
    report = judge_csv(GOOD.replace("642907", "642907人"))

    score = report.score(2)
    assert score is not None
    assert (score.score, score.forced) == (0, True)
    assert report.scores == (100, 0, 100)


def test_merged_cells_in_the_body_force_0_though_the_rule_is_critical(judge_workbook: Judge) -> None:
    rows = [["団体コード", "人口（人）"], ["121002", 974951], ["122041", 642907]]

    assert judge_workbook(rows, lambda sheet: sheet.merge_cells("A2:A3")).scores[0] == 0


def test_three_header_rows_cost_less_than_a_title(judge_workbook: Judge) -> None:
    rows = [["人口", "人口（人）"], ["総数", "男"], ["計", "計（人）"], [1, 974951], [2, 642907], [3, 5]]
    header = judge_workbook(rows)

    [result] = [one for one in header.results if one.rule_id == "L3-01"]
    assert (result.passed, str(result.counts_as)) == (False, "major")


def test_rules_that_were_not_judged_cost_nothing_and_are_not_counted(judge_csv: Judge) -> None:
    score = judge_csv(GOOD).score(3)

    assert score is not None
    assert (score.passed, score.total) == (5, 5)


def test_a_file_without_a_table_has_no_scores(judge_csv: Judge) -> None:
    assert judge_csv("一\r\n二\r\n").scores == (None, None, None)


def test_the_same_mistake_in_two_tables_costs_twice(judge_csv: Judge) -> None:
    table = "名称,大きさ（人）,備考\r\n{}　い,5,う\r\nえ,6,お\r\n"
    one, two = judge_csv(table.format("あ")), judge_csv(table.format("あ") + "\r\n\r\n" + table.format("か"))

    spaces = [[r.rule_id for r in report.results if not r.passed].count("L1-06") for report in (one, two)]
    assert spaces == [1, 2]


#: file -> scores by the rules of the sample checker (digital-go-jp/machine_readability_rule, sample_app at
#: 3a764843, AI off, mode thorough), worked out from its published source by hand
EXPECTED = json.loads((Path(__file__).parents[2] / "expected" / "readability.json").read_text("utf-8"))


@pytest.mark.parametrize("name", EXPECTED)
def test_the_scores_are_those_that_the_sample_checker_gives(name: str, judge_csv: Judge, judge_workbook: Judge) -> None:
    specimen = EXPECTED[name]
    report = (
        judge_csv(specimen["text"], encoding=specimen.get("encoding", "utf-8"))
        if "text" in specimen
        else judge_workbook(specimen["rows"], lambda sheet: _apply(sheet, specimen))
    )

    assert list(report.scores) == specimen["scores"], report.lines("en")
    assert list(report.broken) == specimen["failed"]


def _apply(sheet: Any, specimen: dict[str, Sequence[str]]) -> None:
    for merge in specimen.get("merges", ()):
        sheet.merge_cells(merge)


#: the structure of the sample checker's JSON output, in our words
_FAILED: dict[str, Any] = {
    "type": "object",
    "required": ["ルールID", "重大度"],
    "properties": {
        "ルールID": {"pattern": r"^L[1-3]-\d{2}$"},
        "重大度": {"enum": ["fatal", "critical", "major", "minor", "info"]},
    },
    "additionalProperties": False,
}
_LEVEL = {
    "type": ["object", "null"],
    "required": ["スコア", "合格", "合計", "強制0点", "強制0点ルール", "失敗ルール"],
    "properties": {
        "スコア": {"type": "integer", "minimum": 0, "maximum": 100},
        "合格": {"type": "integer", "minimum": 0},
        "合計": {"type": "integer", "minimum": 0},
        "強制0点": {"type": "boolean"},
        "強制0点ルール": {"type": "array", "items": _FAILED},
        "失敗ルール": {"type": "array", "items": _FAILED},
    },
    "additionalProperties": False,
}
_BREACH = {
    "type": "object",
    "required": ["シート", "セル範囲", "説明", "違反重大度"],
    "properties": {
        **{key: {"type": "string"} for key in ("シート", "セル範囲", "説明")},
        "違反重大度": {"enum": ["error", "warning", "info"]},
    },
    "additionalProperties": False,
}
_GROUPS = {
    "type": "object",
    "required": ["合計件数", "グループ"],
    "properties": {
        "合計件数": {"type": "integer"},
        "グループ": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["シート", "重大度", "件数", "代表セル範囲"],
                "properties": {
                    "シート": {"type": "string"},
                    "重大度": {"enum": ["error", "warning", "info"]},
                    "件数": {"type": "integer", "minimum": 1},
                    "代表セル範囲": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
_RESULT = {
    "type": "object",
    "required": ["ルールID", "合否", "判定対象外", "重大度", "信頼度", "違反", "メッセージ"],
    "properties": {
        **_FAILED["properties"],
        "合否": {"type": "boolean"},
        "判定対象外": {"type": "boolean"},
        "信頼度": {"type": "number", "minimum": 0, "maximum": 1},
        "違反": {"type": "array", "items": _BREACH},
        "違反グループ": _GROUPS,
        "メッセージ": {"type": "string"},
    },
    "additionalProperties": False,
}
_TABLE = {
    "type": "object",
    "required": ["範囲", "信頼度", "ヘッダー行", "ヘッダー範囲", "列数", "評価内容"],
    "properties": {
        "範囲": {"type": "string"},
        "信頼度": {"type": "number", "minimum": 0, "maximum": 1},
        "ヘッダー行": {"type": "array", "items": {"type": "integer", "minimum": 1}},
        "ヘッダー範囲": {"type": ["string", "null"]},
        "列数": {"type": "integer", "minimum": 0},
        "評価内容": {"type": "array", "items": _RESULT},
    },
    "additionalProperties": False,
}
_SHEET = {
    "type": "object",
    "required": ["シート名", "使用範囲", "非表示", "評価対象エリア"],
    "properties": {
        "シート名": {"type": "string"},
        "使用範囲": {"type": "string"},
        "非表示": {"type": "boolean"},
        "評価対象エリア": {"type": "array", "items": _TABLE},
        "others": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["row", "col", "value", "regionType"],
                "properties": {
                    "row": {"type": "integer"},
                    "col": {"type": "integer"},
                    "value": {},
                    "regionType": {"type": "string"},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
OUTPUT = {
    "type": "object",
    "required": ["inputファイル名", "ファイルサイズ", "フォーマット", "Sheet数", "レベル別スコア", "sheets"],
    "properties": {
        "inputファイル名": {"type": "string"},
        "ファイルサイズ": {"type": "integer", "minimum": 0},
        "フォーマット": {"enum": ["xlsx", "csv", "tsv"]},
        "Sheet数": {"type": "integer", "minimum": 0},
        "レベル別スコア": {
            "type": "object",
            "required": ["1", "2", "3"],
            "properties": dict.fromkeys("123", _LEVEL),
            "additionalProperties": False,
        },
        "sheets": {"type": "array", "items": _SHEET},
    },
    "additionalProperties": False,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_json_has_the_structure_of_the_sample_checkers_output(
    name: str, judge_csv: Judge, judge_workbook: Judge
) -> None:
    specimen = EXPECTED[name]
    report = (
        judge_csv(specimen["text"], encoding=specimen.get("encoding", "utf-8"))
        if "text" in specimen
        else judge_workbook(specimen["rows"], lambda sheet: _apply(sheet, specimen))
    )

    document = json.loads(json.dumps(report.to_dict()))

    assert [error.message for error in Draft202012Validator(OUTPUT).iter_errors(document)] == []


def test_a_rule_with_many_places_is_grouped_and_counted_in_full(judge_csv: Judge) -> None:
    text = "番号,名称,件数（件）\r\n" + "".join(f"{n},あ　い,{n}\r\n" for n in range(1, 501))
    [table] = judge_csv(text).to_dict()["sheets"][0]["評価対象エリア"]
    [spaces] = [one for one in table["評価内容"] if one["ルールID"] == "L1-06"]

    assert spaces["違反グループ"]["合計件数"] == 500
    assert len(spaces["違反"]) <= 200
