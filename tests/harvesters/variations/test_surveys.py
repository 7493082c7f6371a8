"""Answers of surveys as other city halls hand them in, against figures that pandas computes from the same people."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

CHIBA = ("中央区", "花見川区", "稲毛区", "若葉区")
CHIBA_CODES = ("121011", "121029", "121037", "121045")
OSAKA = ("北区", "都島区", "福島区", "此花区")
OSAKA_CODES = ("271276", "271021", "271039", "271047")
AGES = ("18～29歳", "30～39歳", "40～49歳", "70歳以上")
AGE_CODES = ("Y18T29", "Y30T39", "Y40T49", "Y_GE70")
KNOWN = ("よく知っている", "ある程度知っている", "あまり知らない", "知らない")
USED = ("市のウェブサイト", "SNS", "広報紙", "使っていない")
HEADINGS = ("設問番号", "設問文", "回答形式", "選択肢番号", "選択肢", "肯定的回答", "指標No.")


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    """Return 900 people: groups by number, a weight, one answer to the first question, several to the second."""
    random = np.random.default_rng(20261122)
    size = 900
    table = pd.DataFrame(
        {
            "id": np.arange(1, size + 1),
            "ward": random.integers(0, 4, size),
            "age": random.integers(0, 4, size),
            "sex": random.integers(0, 2, size),
            "weight": random.uniform(0.3, 2.5, size).round(3),
            "first": random.choice([1, 2, 3, 4, -1], size, p=[0.2, 0.3, 0.25, 0.2, 0.05]),
        }
    )
    for option in range(1, 5):
        table[f"second{option}"] = random.random(size) < 0.35
    nothing = ~table[[f"second{one}" for one in range(1, 5)]].any(axis=1)
    table["answered"] = ~nothing
    return table


def expected(
    people: pd.DataFrame, question: str, group: pd.Series | None = None, *, weighted: bool
) -> dict[str, float]:
    """Return the share of positive answers with its interval, by the formulas of the textbook."""
    chosen = people if group is None else people[group]
    if question == "first":
        base = chosen[chosen["first"] > 0]
        yes = base["first"].isin([1, 2])
    else:
        base = chosen[chosen["answered"]]
        yes = base["second1"] | base["second2"] | base["second3"]
    weights = base["weight"] if weighted else pd.Series(1.0, base.index)
    share = float((weights * yes).sum() / weights.sum())
    size, z = float(weights.sum() ** 2 / (weights**2).sum()), 1.959963984540054
    middle = (share + z * z / (2 * size)) / (1 + z * z / size)
    half = z * math.sqrt(share * (1 - share) / size + z * z / (4 * size * size)) / (1 + z * z / size)
    return {"value": 100 * share, "n": len(base), "ci_lower": 100 * (middle - half), "ci_upper": 100 * (middle + half)}


def code_book(
    first: str = "問1",
    second: str = "問2",
    *,
    codes: tuple[str, ...] = ("1", "2", "3", "4"),
    headings: tuple[str, ...] = HEADINGS,
    mark: str = "○",
    note: str = "※無回答は99（複数回答は9）",
) -> list[list[Any]]:
    """Return a code book; the first question feeds kpi-01, the second one kpi-03."""
    rows: list[list[Any]] = [list(headings)]
    for number, (code, label) in enumerate(zip(codes, KNOWN, strict=True)):
        head = [first, "デジタル化の取組を知っていますか", "単一回答"] if number == 0 else ["", "", ""]
        rows.append([*head, code, label, mark if number < 2 else "", "1" if number == 0 else ""])
    for number, (code, label) in enumerate(zip(codes, USED, strict=True)):
        head = [second, "使うものはどれですか", "複数回答"] if number == 0 else ["", "", ""]
        rows.append([*head, code, label, mark if number < 3 else "", "4" if number == 0 else ""])
    return [*rows, [note]] if note else rows


class Form:
    """How the answers are written; each method may be another one in a variation."""

    headings = ("回答者番号", "区", "年代", "性別", "ウェイト", "問1")
    wards: tuple[str, ...] = CHIBA
    ages: tuple[str, ...] = AGES
    sexes: tuple[str, ...] = ("男性", "女性")
    weighted = True
    nobody: Any = 99
    codes: tuple[str, ...] = ("1", "2", "3", "4")

    def second_headings(self) -> list[str]:
        return [f"問2_{one}" for one in range(1, 5)]

    def second(self, one: Any) -> list[Any]:
        if not one.answered:
            return [9] * 4
        return [int(getattr(one, f"second{option}")) for option in range(1, 5)]

    def rows(self, people: pd.DataFrame) -> list[list[Any]]:
        head = [name for name in self.headings if self.weighted or name != self.headings[4]]
        rows: list[list[Any]] = [[*head, *self.second_headings()]]
        for one in people.itertuples():
            first = self.codes[one.first - 1] if one.first > 0 else self.nobody
            groups = [one.id, self.wards[one.ward], self.ages[one.age], self.sexes[one.sex]]
            rows.append([*groups, *([one.weight] if self.weighted else []), first, *self.second(one)])
        return rows


class Joined(Form):
    """Several answers in one cell."""

    separator = ","
    nobody = ""

    def second_headings(self) -> list[str]:
        return ["問2"]

    def second(self, one: Any) -> list[Any]:
        chosen = [self.codes[option - 1] for option in range(1, 5) if getattr(one, f"second{option}")]
        return [self.separator.join(chosen)]


@pytest.fixture
def compare(people) -> Callable[..., None]:
    """Return a function that holds every figure of a harvest against pandas."""

    def check(
        found: Any, *, weighted: bool = True, wards: tuple[str, ...] = CHIBA_CODES, period: str = "FY2024"
    ) -> None:
        groups: list[tuple[dict[str, str], pd.Series | None]] = [({}, None)]
        groups += [({"area_code": code}, people["ward"] == i) for i, code in enumerate(wards)]
        groups += [({"age": code}, people["age"] == i) for i, code in enumerate(AGE_CODES)]
        groups += [({"sex": code}, people["sex"] == i) for i, code in enumerate("MF")]
        for indicator, question in (("kpi-01", "first"), ("kpi-04", "second")):
            for key, group in groups:
                for measure, figure in expected(people, question, group, weighted=weighted).items():
                    got = found.value(indicator, measure=measure, period=period, **key)
                    assert got == pytest.approx(figure, abs=1e-6), (indicator, key, measure, found.told())
        assert not {"group-unknown", "answer-unknown", "column-missing", "respondent-twice"} & set(found.counts)

    return check


def test_the_usual_form(put, harvest, compare, people):
    put("令和6年度_個票.csv", Form().rows(people))
    put("コード表.xlsx", code_book())
    compare(harvest("survey"))


def test_tabs_in_utf16_with_other_headings_and_numbers_for_sexes(put, harvest, compare, people):
    form = Form()
    form.headings = ("SAMPLEID", "F3", "F2", "F1", "WT", "Q1")
    form.sexes = ("1", "2")
    form.second_headings = lambda: [f"Q2_{one}" for one in range(1, 5)]
    put("R6_個票.txt", form.rows(people), encoding="utf-16")
    put("コード表.csv", code_book("Q1", "Q2"), encoding="cp932")
    columns = {"id": "SAMPLEID", "area": "F3", "age": "F2", "sex": "F1", "weight": "WT"}
    compare(harvest("survey", columns=columns, codes={"sex": {"1": "M", "2": "F"}}))


def test_another_city_has_its_wards(put, harvest, compare, people):
    form = Form()
    form.wards = tuple(f"大阪市{one}" for one in OSAKA)
    put("令和6年度_個票.csv", form.rows(people), encoding="cp932")
    put("コード表.xlsx", code_book())
    compare(harvest("survey", area="271004"), wards=OSAKA_CODES)


def test_a_ward_of_the_same_name_in_another_city_is_not_meant(put, harvest, people):
    form = Form()
    form.wards = ("大阪市北区", "堺市北区", "北区", "千葉市緑区")
    put("令和6年度_個票.csv", form.rows(people))
    put("コード表.xlsx", code_book())
    found = harvest("survey", area="271004")
    north = people["ward"].isin([0, 2])
    for measure, figure in expected(people, "first", north, weighted=True).items():
        got = found.value("kpi-01", measure=measure, period="FY2024", area_code="271276")
        assert got == pytest.approx(figure, abs=1e-6)
    assert found.counts["group-unknown"] == int((~north).sum())


def test_no_weights(put, harvest, compare, people):
    form = Form()
    form.weighted = False
    put("令和6年度_個票.csv", form.rows(people))
    put("コード表.xlsx", code_book())
    compare(harvest("survey"), weighted=False)


@pytest.mark.parametrize("separator", [",", "、", ";", " ", "，", "／", "・"])
def test_several_answers_in_one_cell_and_blanks_for_no_answer(put, harvest, compare, people, separator):
    form = Joined()
    form.separator = separator
    put("令和6年度_個票.csv", form.rows(people))
    put("コード表.xlsx", code_book(note=""))
    compare(harvest("survey"))


def test_several_answers_joined_by_their_wording(put, harvest, compare, people):
    """Web forms write what was chosen in words."""
    form = Joined()
    form.separator = ";"
    form.codes = KNOWN
    rows = form.rows(people)
    words = dict(zip(KNOWN, USED, strict=True))
    rows = [rows[0], *([*row[:-1], ";".join(words[one] for one in row[-1].split(";") if one)] for row in rows[1:])]
    put("令和6年度_個票.csv", rows)
    put("コード表.xlsx", code_book(note=""))
    compare(harvest("survey"))


@pytest.mark.parametrize(
    "form_of", ["問2-{}", "問2（{}）", "問2.{}", "問2_0{}", "問2 {}", "問2：{}", "問２＿{}", "問2[{}]"]
)
def test_columns_of_options_in_other_writing(put, harvest, compare, people, form_of):
    form = Form()
    form.second_headings = lambda: [form_of.format(one) for one in range(1, 5)]
    put("令和6年度_個票.csv", form.rows(people))
    put("コード表.xlsx", code_book())
    compare(harvest("survey"))


def test_columns_headed_by_question_and_wording_of_the_option(put, harvest, compare, people):
    form = Form()
    form.second_headings = lambda: [f"問2_{one}" for one in USED]
    put("令和6年度_個票.csv", form.rows(people))
    put("コード表.xlsx", code_book())
    compare(harvest("survey"))


def test_circles_for_what_was_chosen_and_blanks_for_the_rest(put, harvest, compare, people):
    class Circles(Form):
        def second(self, one: Any) -> list[Any]:
            return ["○" if getattr(one, f"second{option}") else "" for option in range(1, 5)]

    put("令和6年度_個票.csv", Circles().rows(people))
    put("コード表.xlsx", code_book())
    compare(harvest("survey"))


def test_codes_in_the_columns_of_options(put, harvest, compare, people):
    """Each column has the number of its option where it was chosen: 1 in the first, 2 in the second."""

    class Numbers(Form):
        def second(self, one: Any) -> list[Any]:
            return [option if getattr(one, f"second{option}") else "" for option in range(1, 5)]

    put("令和6年度_個票.csv", Numbers().rows(people))
    put("コード表.xlsx", code_book())
    compare(harvest("survey"))


def test_letters_for_answers_and_other_marks_in_the_code_book(put, harvest, compare, people):
    form = Form()
    form.codes = ("A", "B", "C", "D")
    form.second_headings = lambda: [f"問2_{one}" for one in "ABCD"]
    form.nobody = "-"
    put("令和6年度_個票.csv", form.rows(people))
    put("コード表.xlsx", code_book(codes=form.codes, mark="はい", note=""))
    compare(harvest("survey", no_answer=["-"], no_answer_multiple=["9"]))


def test_the_wording_of_answers_instead_of_their_numbers(put, harvest, compare, people):
    form = Form()
    form.codes, form.nobody = KNOWN, "無回答"
    put("令和6年度_個票.csv", form.rows(people))
    put("コード表.xlsx", code_book(note=""))
    compare(harvest("survey", no_answer=["無回答"], no_answer_multiple=["9"]))


def test_ods_with_titles_above_renamed_sheets_and_other_headings_of_the_code_book(put, harvest, compare, people):
    headings = ("質問", "内容", "種別", "値", "値の意味", "集計", "KPI")
    title: list[list[Any]] = [["市民意識調査　回答データ"], ["令和6年9月実施"], []]
    put("2024年度_回答_個票.ods", {"回答データ": [*title, *Form().rows(people)]})
    put("設問一覧.ods", {"設問": [["設問の一覧（内部用）"], [], *code_book(headings=headings)]})
    columns = dict(
        zip(("question", "wording", "form", "option", "label", "positive", "indicator"), headings, strict=True)
    )
    compare(harvest("survey", codebook="設問一覧.ods", codebook_columns=columns))


def test_ages_in_years_are_put_into_the_declared_groups(put, harvest, compare, people):
    form = Form()
    rows = form.rows(people)
    years = (24, 35, 41, 88)
    rows = [rows[0], *([*row[:2], years[one], *row[3:]] for row, one in zip(rows[1:], people["age"], strict=True))]
    put("令和6年度_個票.csv", rows)
    put("コード表.xlsx", code_book())
    compare(
        harvest("survey", codes={"age": {"18-29": "Y18T29", "30-39": "Y30T39", "40-49": "Y40T49", "70-": "Y_GE70"}})
    )
