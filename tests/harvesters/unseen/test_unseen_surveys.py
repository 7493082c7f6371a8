"""Surveys of other cities' making: other names, layouts, codes, code books, weights and waves."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pytest

WARDS = ("中央区", "花見川区", "稲毛区", "若葉区", "緑区", "美浜区")
WARD_CODES = ("121011", "121029", "121037", "121045", "121053", "121061")
BANDS = ("18～29歳", "30～39歳", "40～49歳", "50～59歳", "60～69歳", "70歳以上")
AGE_CODES = ("Y18T29", "Y30T39", "Y40T49", "Y50T59", "Y60T69", "Y_GE70")
AGE_BOUNDS = ((18, 29), (30, 39), (40, 49), (50, 59), (60, 69), (70, 92))
KNOW = ("よく知っている", "ある程度知っている", "聞いたことはある", "知らない")
DEVICES = ("スマートフォン", "パソコン", "テレビ・ゲーム機", "持っていない")
YES_NO = ("はい", "いいえ")
FEEL = ("そう思う", "ややそう思う", "どちらともいえない", "あまり思わない", "思わない")
NONE = -1


@dataclass(frozen=True)
class People:
    """Who was asked and what they said; answers are places in the lists above, NONE for no answer."""

    ward: np.ndarray
    sex: np.ndarray
    age: np.ndarray
    years: np.ndarray
    mode: np.ndarray
    weight: np.ndarray
    know: np.ndarray
    devices: np.ndarray
    devices_asked: np.ndarray
    net: np.ndarray
    better: np.ndarray

    def __len__(self) -> int:
        return len(self.ward)

    def take(self, mask: np.ndarray) -> People:
        return People(**{name: getattr(self, name)[mask] for name in self.__dataclass_fields__})


def people(seed: int, number: int = 260) -> People:
    """Return people of a fixed seed."""
    draw = np.random.default_rng(seed)
    age = draw.integers(0, 6, number)
    low, high = np.array(AGE_BOUNDS).T
    devices = draw.random((number, 4)) < np.array([0.8, 0.5, 0.3, 0.0])
    devices[:, 3] = ~devices.any(axis=1)

    def with_gaps(values: np.ndarray, share: float = 0.05) -> np.ndarray:
        return np.where(draw.random(number) < share, NONE, values)

    return People(
        ward=draw.integers(0, 6, number),
        sex=draw.choice(3, number, p=[0.47, 0.47, 0.06]),
        age=age,
        years=draw.integers(low[age], high[age] + 1),
        mode=draw.integers(0, 2, number),
        weight=np.round(draw.uniform(0.4, 2.2, number), 4),
        know=with_gaps(draw.choice(4, number, p=[0.2, 0.3, 0.2, 0.3])),
        devices=devices,
        devices_asked=draw.random(number) > 0.04,
        net=with_gaps(draw.choice(2, number, p=[0.7, 0.3])),
        better=with_gaps(draw.choice(5, number, p=[0.25, 0.3, 0.2, 0.15, 0.1])),
    )


def yes_of(who: People) -> dict[str, np.ndarray]:
    """Return per indicator 1, 0, or nan for no answer."""

    def single(values: np.ndarray, positive: Sequence[int]) -> np.ndarray:
        return np.where(values == NONE, np.nan, np.isin(values, positive).astype(float))

    return {
        "kpi-01": single(who.know, (0, 1)),
        "kpi-02": np.where(who.devices_asked, who.devices[:, :3].any(axis=1).astype(float), np.nan),
        "kpi-04": single(who.net, (0,)),
        "kpi-05": single(who.better, (0, 1)),
    }


def groups_of(who: People) -> Iterator[tuple[str, str, str, str, np.ndarray]]:
    """Yield (area, sex, age, mode, mask) of everybody and of each group."""
    everybody = np.ones(len(who), bool)
    yield "121002", "_T", "_T", "_T", everybody
    for i, code in enumerate(WARD_CODES):
        yield code, "_T", "_T", "_T", who.ward == i
    for i, code in enumerate(("M", "F", "_O")):
        yield "121002", code, "_T", "_T", who.sex == i
    for i, code in enumerate(AGE_CODES):
        yield "121002", "_T", code, "_T", who.age == i
    for i, code in enumerate(("MAIL", "WEB")):
        yield "121002", "_T", "_T", code, who.mode == i


def wilson(share: float, size: float) -> tuple[float, float]:
    """Return the interval of Wilson in percent."""
    z2 = 1.959963984540054**2
    middle, half = share + z2 / (2 * size), math.sqrt(z2 * (share * (1 - share) / size + z2 / (4 * size**2)))
    return tuple(100 * (middle + sign * half) / (1 + z2 / size) for sign in (-1, 1))  # type: ignore[return-value]


def truth(
    who: People, period: str, *, weights: np.ndarray | None = None, roles: str = "area sex age mode"
) -> dict[str, Any]:
    """Return value, n, n_eff and interval by key, computed by numpy."""
    weights = np.ones(len(who)) if weights is None else weights
    found = {}
    for indicator, yes in yes_of(who).items():
        for area, sex, age, mode, mask in groups_of(who):
            role = next(
                (name for name, code in zip(("sex", "age", "mode"), (sex, age, mode), strict=True) if code != "_T"),
                "area",
            )
            here = mask & ~np.isnan(yes)
            if not here.any() or (role not in roles.split() and not mask.all()):
                continue
            w = weights[here]
            share, size = float(np.sum(w * yes[here]) / w.sum()), float(w.sum() ** 2 / np.sum(w**2))
            key = f"{indicator}/{area}/{period}/{sex}/{age}/{mode}"
            found[key] = {"value": 100 * share, "n": int(here.sum()), "n_eff": size, "ci": wilson(share, size)}
    return found


def check(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Compare every expected observation to a millionth, and see that there are no others of these indicators."""
    by_key = {
        "/".join([row["indicator_id"], *key.split("/")[1:]]): row for key, row in found.items() if "answers" not in row
    }
    assert sorted(by_key) == sorted(expected)
    for key, want in expected.items():
        row = by_key[key]
        assert row["value"] == pytest.approx(want["value"], abs=1e-6), key
        assert row["n"] == want["n"], key
        assert row["n_eff"] == pytest.approx(want["n_eff"], abs=1e-5), key
        assert (row["ci_lower"], row["ci_upper"]) == pytest.approx(want["ci"], abs=2e-6), key


Cell = Callable[[int], Any]


def numbers(missing: Any) -> Cell:
    return lambda place: missing if place == NONE else place + 1


def labels(names: Sequence[str], missing: Any) -> Cell:
    return lambda place: missing if place == NONE else names[place]


def numbered(names: Sequence[str], missing: Any, between: str = ":") -> Cell:
    return lambda place: missing if place == NONE else f"{place + 1}{between}{names[place]}"


def per_option(who: People, chosen: Callable[[int], Any], other: Any, missing: Any) -> list[list[Any]]:
    """Return one column an option."""
    return [
        [(chosen(i) if mark else other) if asked else missing for i, mark in enumerate(marks)]
        for marks, asked in zip(who.devices, who.devices_asked, strict=True)
    ]


def in_one_cell(who: People, between: str, missing: Any, names: Sequence[str] | None = None) -> list[list[Any]]:
    return [
        [between.join((names[i] if names else str(i + 1)) for i in range(4) if marks[i]) if asked else missing]
        for marks, asked in zip(who.devices, who.devices_asked, strict=True)
    ]


@dataclass(frozen=True, kw_only=True)
class Style:
    """How somebody writes a file of answers."""

    ids: str = "id"
    heads: tuple[str, str, str, str] = ("区", "性別", "年代", "回答方法")
    wards: Sequence[Any] = WARDS
    sexes: Sequence[Any] = ("男性", "女性", "その他")
    ages: Sequence[Any] | None = BANDS
    modes: Sequence[Any] = ("郵送", "WEB")
    weight: str | None = None
    questions: tuple[str, ...] = ("問1", "問2_1", "問2_2", "問2_3", "問2_4", "問4", "問5")
    single: Callable[[Sequence[str]], Cell] = field(default=lambda names: numbers(99))
    devices: Callable[[People], list[list[Any]]] = field(default=lambda who: per_option(who, lambda _: 1, 0, 9))


def render(who: People, style: Style = Style(), *, start: int = 1) -> list[list[Any]]:
    """Return header and rows."""
    ages = who.years if style.ages is None else [style.ages[i] for i in who.age]
    devices = style.devices(who)
    know, net, better = (style.single(names) for names in (KNOW, YES_NO, FEEL))
    rows = [
        [
            start + i,
            style.wards[who.ward[i]],
            style.sexes[who.sex[i]],
            ages[i] if style.ages is not None else int(ages[i]),
            style.modes[who.mode[i]],
            *([float(who.weight[i])] if style.weight else []),
            know(who.know[i]),
            *devices[i],
            net(who.net[i]),
            better(who.better[i]),
        ]
        for i in range(len(who))
    ]
    return [[style.ids, *style.heads, *([style.weight] if style.weight else []), *style.questions], *rows]


QUESTIONS = (
    ("問1", "「スマートシティ」を知っていますか。", "SA", KNOW, 2, 1),
    ("問2", "持っている機器はどれですか。", "MA", DEVICES, 3, 2),
    ("問4", "ネットのサービスを使っていますか。", "SA", YES_NO, 1, 4),
    ("問5", "便利になったと感じますか。", "SA", FEEL, 2, 5),
)
BOOK_HEAD = ["設問番号", "設問文", "回答形式", "選択肢番号", "選択肢", "肯定的回答", "指標No."]
NOTE = ["※無回答は99（複数回答は9）"]


def book(*, head: Sequence[str] = BOOK_HEAD, ids: Sequence[str] | None = None, note: bool = True) -> list[list[Any]]:
    """Return a code book with one row an option."""
    rows: list[list[Any]] = [list(head)]
    for number, (id, wording, form, options, positive, indicator) in enumerate(QUESTIONS):
        for i, option in enumerate(options):
            first = [ids[number] if ids else id, wording, form] if i == 0 else [None, None, None]
            rows.append([*first, i + 1, option, "○" if i < positive else None, indicator if i == 0 else None])
    return [*rows, [], NOTE] if note else rows


def one_row_a_question(positive: Callable[[int, Sequence[str]], str]) -> list[list[Any]]:
    """Return a code book whose options stand in one cell."""
    head = ["質問No", "質問内容", "回答タイプ", "選択肢", "肯定的選択肢", "対応指標"]
    rows = [
        [
            id,
            wording,
            form,
            "\n".join(f"{i + 1}．{one}" for i, one in enumerate(options)),
            positive(number, options),
            f"指標{indicator}",
        ]
        for id, wording, form, options, number, indicator in QUESTIONS
    ]
    return [head, *rows]


PLAIN = {"suppress_below": 0, "flag_below": 0}


class TestAnswers:
    """One wave, written in different ways."""

    @pytest.fixture
    def who(self) -> People:
        return people(20261)

    @pytest.mark.parametrize(
        ("name", "encoding"),
        [
            ("R5_個票.csv", "cp932"),
            ("R5_個票.csv", "utf-8-sig"),
            ("R5_個票.csv", "utf-16"),
            ("R5_個票.tsv", "utf-16"),
            ("R5_個票.txt", "cp932"),
            ("R5_個票.xlsx", ""),
            ("R5_個票.ods", ""),
        ],
    )
    def test_files_of_every_format_and_encoding(self, write, harvest, who, name, encoding):
        write("コード表.csv", book())
        folder = write(name, render(who), encoding=encoding)
        check(harvest("survey", folder, **PLAIN)[0], truth(who, "FY2023"))

    STYLES = {  # noqa: RUF012
        "labels": (Style(single=lambda names: labels(names, "無回答")), {}),
        "labels-and-blanks": (Style(single=lambda names: labels(names, "")), {}),
        "numbers-with-labels": (Style(single=lambda names: numbered(names, "")), {}),
        "numbers-with-labels-and-dots": (Style(single=lambda names: numbered(names, "99：無回答", "．")), {}),
        "missing-999": (Style(single=lambda _: numbers(999)), {"no_answer": [999], "no_answer_multiple": [9]}),
        "missing-unknown-code": (Style(single=lambda _: numbers("不明")), {}),
        "circles": (Style(devices=lambda who: per_option(who, lambda _: "○", "", "")), {}),
        "ones-and-blanks": (Style(devices=lambda who: per_option(who, lambda _: 1, "", "")), {}),
        "numbers-of-options": (Style(devices=lambda who: per_option(who, lambda i: i + 1, "", "")), {}),
        "wording-of-options": (Style(devices=lambda who: per_option(who, lambda i: DEVICES[i], "", "")), {}),
        "true-false": (Style(devices=lambda who: per_option(who, lambda _: "TRUE", "FALSE", "")), {}),
        "chosen-not-chosen": (Style(devices=lambda who: per_option(who, lambda _: "選択", "非選択", "無回答")), {}),
        "one-and-two": (
            Style(devices=lambda who: per_option(who, lambda _: 1, 2, 9)),
            {"chosen": [1], "not_chosen": [2]},
        ),
        "ward-numbers": (
            Style(wards=(1, 2, 3, 4, 5, 6), sexes=(1, 2, 3), modes=("1", "2"), ages=(1, 2, 3, 4, 5, 6)),
            {
                "codes": {
                    "area": dict(zip(map(str, range(1, 7)), WARD_CODES, strict=True)),
                    "sex": {1: "M", 2: "F", 3: "_O"},
                    "age": dict(zip(range(1, 7), AGE_CODES, strict=True)),
                    "mode": {1: "MAIL", 2: "WEB"},
                }
            },
        ),
        "codes-as-names": (
            Style(wards=(1, 2, 3, 4, 5, 6), sexes=(1, 2, 9), modes=("1", "2"), ages=(1, 2, 3, 4, 5, 6)),
            {
                "codes": {
                    "area": dict(zip(range(1, 7), WARDS, strict=True)),
                    "sex": {1: "男性", 2: "女性", 9: "その他"},
                    "age": dict(zip(range(1, 7), BANDS, strict=True)),
                    "mode": {1: "郵送", 2: "インターネット"},
                }
            },
        ),
        "area-codes": (
            Style(wards=WARD_CODES, ages=("18-29", "30代", "40歳代", "50～59", "60歳代", "70代以上")),
            {"codes": {"age": {"30代": "Y30T39"}}},
        ),
        "five-digit-codes": (
            Style(wards=tuple(one[:5] for one in WARD_CODES), sexes=("男", "女", "回答しない")),
            {"codes": {"sex": {"回答しない": "_O"}}},
        ),
        "full-names": (
            Style(wards=tuple(f"千葉市{one}" for one in WARDS), modes=("紙の調査票", "インターネット回答")),
            {"codes": {"mode": {"紙の調査票": "MAIL", "インターネット回答": "WEB"}}},
        ),
        "age-in-years": (
            Style(ages=None),
            {
                "codes": {
                    "age": {
                        "18-29": "Y18T29",
                        "30-39": "Y30T39",
                        "40-49": "Y40T49",
                        "50-59": "Y50T59",
                        "60-69": "Y60T69",
                        "70-": "Y_GE70",
                    }
                }
            },
        ),
        "years-of-birth": (
            Style(ages=[f"{year}年" for year in (2000, 1990, 1980, 1970, 1960, 1950)]),
            {
                "codes": {
                    "age": {
                        "1995-": "Y18T29",
                        "1985-1994": "Y30T39",
                        "1975-1984": "Y40T49",
                        "1965-1974": "Y50T59",
                        "1955-1964": "Y60T69",
                        "-1954": "Y_GE70",
                    }
                }
            },
        ),
        "other-headings": (
            Style(heads=("F3居住地", "F1性別", "F2年齢", "回収"), ids="SampleID"),
            {"columns": {"area": "F3居住地", "sex": "F1性別", "age": "F2年齢", "mode": "回収", "id": "SampleID"}},
        ),
        "wording-behind-numbers": (
            Style(
                questions=(
                    "問1 「スマートシティ」を知っていますか。",
                    *(f"問2_{i + 1} {one}" for i, one in enumerate(DEVICES)),
                    "問4．ネットのサービスを使っていますか。",
                    "問5：便利になったと感じますか。",
                )
            ),
            {},
        ),
        "q-for-mon": (Style(questions=("Q1", "Q2_1", "Q2_2", "Q2_3", "Q2_4", "Q4", "Q5")), {}),
        "full-width-numbers": (
            Style(questions=("問１", "問２－１", "問２－２", "問２－３", "問２－４", "問４", "問５")),
            {},
        ),
        "brackets": (Style(questions=("設問1", "設問2(1)", "設問2(2)", "設問2(3)", "設問2(4)", "設問4", "設問5")), {}),
        "options-by-wording": (Style(questions=("問1", *(f"問2：{one}" for one in DEVICES), "問4", "問5")), {}),
        "names-of-columns": (
            Style(questions=("know", "dev1", "dev2", "dev3", "dev4", "net", "better")),
            {"columns": {"問1": "know", "問2": "dev", "問4": "net", "問5": "better"}},
        ),
    }

    @pytest.mark.parametrize("style", STYLES)
    def test_answers_and_groups_in_every_style(self, write, harvest, who, style):
        written, options = self.STYLES[style]
        write("コード表.csv", book())
        folder = write("R5_個票.csv", render(who, written))
        check(harvest("survey", folder, **PLAIN, **options)[0], truth(who, "FY2023"))

    CELLS = {  # noqa: RUF012
        "commas": (",", None),
        "semicolons": (";", None),
        "ideographic-commas": ("、", None),
        "spaces": (" ", None),
        "labels": (";", DEVICES),
        "labels-with-commas": ("、", DEVICES),
    }

    @pytest.mark.parametrize("cell", CELLS)
    def test_multiple_answers_in_one_cell(self, write, harvest, who, cell):
        between, names = self.CELLS[cell]
        style = Style(questions=("問1", "問2", "問4", "問5"), devices=lambda who: in_one_cell(who, between, "", names))
        write("コード表.csv", book())
        check(harvest("survey", write("R5_個票.csv", render(who, style)), **PLAIN)[0], truth(who, "FY2023"))

    @pytest.mark.parametrize("heading", ["ウェイト", "WT", "補正ウエイト値"])
    def test_weights_of_any_name(self, write, harvest, who, heading):
        write("コード表.csv", book())
        folder = write("R5_個票.csv", render(who, Style(weight=heading)))
        options = {"columns": {"weight": heading}} if heading == "補正ウエイト値" else {}
        check(harvest("survey", folder, **PLAIN, **options)[0], truth(who, "FY2023", weights=who.weight))

    def test_weights_that_shall_not_be_used(self, write, harvest, who):
        write("コード表.csv", book())
        folder = write("R5_個票.csv", render(who, Style(weight="ウェイト")))
        check(harvest("survey", folder, **PLAIN, weights="none")[0], truth(who, "FY2023"))

    def test_weights_raked_to_wards_and_ages(self, write, harvest, who):
        write("コード表.csv", book())
        folder = write("R5_個票.csv", render(who))
        wards, ages = [2.2e5, 1.8e5, 1.6e5, 1.5e5, 1.3e5, 1.5e5], [1.4e5, 1.1e5, 1.4e5, 1.5e5, 1.1e5, 2.1e5]
        weights = np.ones(len(who))
        for _ in range(400):
            for place, people_of in ((who.ward, wards), (who.age, ages)):
                for i, wanted in enumerate(people_of):
                    weights[place == i] *= wanted / sum(people_of) / (weights[place == i].sum() / weights.sum())
        population = {"area": dict(zip(WARDS, wards, strict=True)), "age": dict(zip(BANDS, ages, strict=True))}
        found, _ = harvest("survey", folder, **PLAIN, weights="rake", population=population)
        check(found, truth(who, "FY2023", weights=weights))

    def test_header_in_the_third_row_with_blank_rows_and_columns_behind(self, write, harvest, who):
        header, *rows = render(who)
        table = [
            ["市民意識調査（令和5年度）"],
            [],
            [*header, None, None],
            *([*row, None, None] for row in rows),
            [None] * 14,
            [],
        ]
        write("コード表.csv", book())
        check(harvest("survey", write("回答データ_個票.xlsx", table), **PLAIN)[0], truth(who, "FY2023"))

    def test_text_with_superfluous_separators_behind_some_rows(self, write, harvest, who):
        header, *rows = render(who)
        table = [header, *([*row, "", ""] if i % 7 == 0 else row for i, row in enumerate(rows)), [""] * 12]
        write("コード表.csv", book())
        check(harvest("survey", write("R5_個票.csv", table), **PLAIN)[0], truth(who, "FY2023"))

    def test_codes_out_of_range_and_people_who_come_twice(self, write, harvest, who):
        header, *rows = render(who)
        at = header.index("問1")
        wrong = [[*rows[i][:at], 7, *rows[i][at + 1 :]] if i in {3, 50} else rows[i] for i in range(len(rows))]
        know = who.know.copy()
        know[[3, 50]] = NONE
        write("コード表.csv", book())
        found, context = harvest("survey", write("R5_個票.csv", [header, *wrong, wrong[10], wrong[20]]), **PLAIN)
        expected = People(**{**{name: getattr(who, name) for name in who.__dataclass_fields__}, "know": know})
        check(found, truth(expected, "FY2023"))
        assert (context.findings.counts["answer-unknown"], context.findings.counts["respondent-twice"]) == (2, 2)


class TestCodeBooks:
    """What explains the answers."""

    @pytest.fixture
    def who(self) -> People:
        return people(20262)

    @pytest.mark.parametrize(
        "positive",
        [
            lambda number, _: ",".join(str(i + 1) for i in range(number)),
            lambda number, _: "、".join(str(i + 1) for i in range(number)),
            lambda number, _: f"1-{number}",
            lambda number, _: f"1～{number}",
            lambda number, options: "、".join(options[:number]),
            lambda number, options: "\n".join(f"{i + 1}．{one}" for i, one in enumerate(options[:number])),
        ],
        ids=["commas", "ideographic-commas", "span", "wave-dash", "labels", "numbers-with-labels"],
    )
    def test_one_row_a_question_with_positive_answers_listed(self, write, harvest, who, positive):
        write("コード表.xlsx", one_row_a_question(positive))
        options = {"no_answer": [99], "no_answer_multiple": [9]}
        check(harvest("survey", write("R5_個票.csv", render(who)), **PLAIN, **options)[0], truth(who, "FY2023"))

    @pytest.mark.parametrize("positive", ["1,2", "1-2", "1、2"])
    def test_one_row_an_option_with_positive_answers_listed_once(self, write, harvest, who, positive):
        rows = book()
        listed = {2: positive, 1: "1", 3: "1,2,3"}
        table = [rows[0]]
        for id, wording, form, options, number, indicator in QUESTIONS:
            for i, option in enumerate(options):
                table.append([id, wording, form, i + 1, option, listed[number] if i == 0 else None, indicator])
        write("コード表.csv", [*table, NOTE], encoding="cp932")
        check(harvest("survey", write("R5_個票.csv", render(who)), **PLAIN)[0], truth(who, "FY2023"))

    @pytest.mark.parametrize(("yes", "no"), [("○", "×"), ("1", "0"), ("肯定", "否定"), ("Yes", "No"), ("該当", "")])
    def test_marks_of_positive_answers(self, write, harvest, who, yes, no):
        table = [
            [*row[:5], {"○": yes}.get(row[5], no), *row[6:]] if len(row) == 7 and row[3] != "選択肢番号" else row
            for row in book()
        ]
        write("コード表.xlsx", table)
        check(harvest("survey", write("R5_個票.csv", render(who)), **PLAIN)[0], truth(who, "FY2023"))

    def test_no_answer_as_an_option_of_the_code_book(self, write, harvest, who):
        table = [BOOK_HEAD]
        for id, wording, form, options, number, indicator in QUESTIONS:
            for i, option in enumerate(options):
                table.append([id, wording, form, i + 1, option, "○" if i < number else "", indicator])
            table.append([id, wording, form, 9 if form == "MA" else 99, "無回答", "", indicator])
        write("コード表.xlsx", table)
        check(harvest("survey", write("R5_個票.csv", render(who)), **PLAIN)[0], truth(who, "FY2023"))

    def test_answers_of_labels_explained_without_numbers(self, write, harvest, who):
        table = [[cell for i, cell in enumerate(row) if i != 3] for row in book(note=False)]
        style = Style(
            single=lambda names: labels(names, ""),
            devices=lambda who: in_one_cell(who, ";", "", DEVICES),
            questions=("問1", "問2", "問4", "問5"),
        )
        write("コード表.xlsx", table)
        check(harvest("survey", write("R5_個票.csv", render(who, style)), **PLAIN)[0], truth(who, "FY2023"))

    def test_positive_answers_that_are_no_options_are_told(self, write, harvest, who):
        table = one_row_a_question(
            lambda number, _: "1,2,8" if number == 2 else ",".join(str(i + 1) for i in range(number))
        )
        table[1][4] = date(2026, 1, 2)
        write("コード表.xlsx", table)
        found, context = harvest(
            "survey", write("R5_個票.csv", render(who)), **PLAIN, no_answer=99, no_answer_multiple=9
        )
        assert [one.value for one in context.findings.examples["positive-unknown"]] == ["2026-01-02", "1,2,8"]
        assert {row["indicator_id"] for row in found.values() if "answers" not in row} == {"kpi-02", "kpi-04", "kpi-05"}

    def test_other_headings_are_declared(self, write, harvest, who):
        head = ["項目", "問い", "型", "数値", "意味", "＋", "KPI-No"]
        roles = ("question", "wording", "form", "option", "label", "positive", "indicator")
        write("データ定義書.xlsx", book(head=head))
        options = {"codebook": "データ定義書.xlsx", "codebook_columns": dict(zip(roles, head, strict=True))}
        check(harvest("survey", write("R5_個票.csv", render(who)), **PLAIN, **options)[0], truth(who, "FY2023"))

    @pytest.mark.parametrize("indicator", ["kpi-{:02d}", "KPI{}", "指標{}", "No.{}", "{:02d}"])
    def test_indicators_named_in_other_ways(self, write, harvest, who, indicator):
        table = [
            [*row[:6], indicator.format(row[6])] if len(row) == 7 and isinstance(row[6], int) else row for row in book()
        ]
        write("コード表.xlsx", table)
        check(harvest("survey", write("R5_個票.csv", render(who)), **PLAIN)[0], truth(who, "FY2023"))

    def test_a_code_book_without_positive_answers_and_indicators(self, write, harvest, who):
        write("コード表.xlsx", [row[:5] for row in book()])
        questions = {
            "問1": {"indicator": "kpi-01", "positive": [1, 2]},
            "問2": {"indicator": "kpi-02", "positive": list(DEVICES[:3])},
            "問4": {"indicator": 4, "positive": ["はい"]},
            "問5": {"indicator": "kpi-05", "positive": ["1-2"]},
        }
        check(
            harvest("survey", write("R5_個票.csv", render(who)), **PLAIN, questions=questions)[0], truth(who, "FY2023")
        )

    def test_answers_and_code_book_in_one_workbook(self, write, harvest, who):
        folder = write(
            "市民調査_R5.xlsx", {"個票": render(who), "コード": book(), "概要": [["調査の概要", "値"], ["回収数", 260]]}
        )
        check(harvest("survey", folder, files="*.xlsx", **PLAIN)[0], truth(who, "FY2023"))

    @pytest.mark.parametrize(
        ("ids", "questions"),
        [
            (
                ("問12(1)", "問12(2)", "問12(3)", "問12(4)"),
                ("Q12_1", "Q12_2_1", "Q12_2_2", "Q12_2_3", "Q12_2_4", "Q12_3", "Q12_4"),
            ),
            (
                ("Q1", "Q2", "Q3", "Q4"),
                ("問１", "問２（１）", "問２（２）", "問２（３）", "問２（４）", "問３", "問４"),
            ),
            (
                ("問3-1", "問3-2", "問3-3", "問3-4"),
                ("問3(1)", "問3(2)-1", "問3(2)-2", "問3(2)-3", "問3(2)-4", "問3(3)", "問3(4)"),
            ),
        ],
    )
    def test_numbers_of_questions_written_in_two_ways(self, write, harvest, who, ids, questions):
        write("コード表.xlsx", book(ids=ids))
        check(
            harvest("survey", write("R5_個票.csv", render(who, Style(questions=questions))), **PLAIN)[0],
            truth(who, "FY2023"),
        )


class TestWaves:
    """Several waves and parts of waves."""

    def merged(self, *expected: dict[str, Any]) -> dict[str, Any]:
        return {key: one for each in expected for key, one in each.items()}

    def test_one_file_for_all_waves(self, write, harvest):
        waves = {f"令和{year}年度": people(300 + year, 180) for year in (3, 4, 5, 6)}
        tables = [[[label, *row] for row in render(who)[1:]] for label, who in waves.items()]
        header = ["調査年度", *render(people(1, 2))[0]]
        header[1] = "番号"
        write("コード表.csv", book())
        folder = write(
            "市民アンケート_個票_全回.csv", [header, *(row for table in tables for row in table)], encoding="cp932"
        )
        expected = self.merged(*(truth(who, f"FY{2018 + int(label[2])}") for label, who in waves.items()))
        check(harvest("survey", folder, **PLAIN)[0], expected)

    def test_waves_that_are_numbered(self, write, harvest):
        waves = [people(400 + i, 160) for i in range(2)]
        table = [
            ["回", *render(waves[0])[0]],
            *([f"第{i + 1}回", *row] for i, who in enumerate(waves) for row in render(who)[1:]),
        ]
        write("コード表.csv", book())
        options = {"columns": {"period": "回"}, "codes": {"period": {"第1回": "2024-M06", "第2回": "2024-M12"}}}
        expected = self.merged(*(truth(who, f"2024-M{month}") for who, month in zip(waves, ("06", "12"), strict=True)))
        check(harvest("survey", write("個票.csv", table), **PLAIN, **options)[0], expected)

    def test_a_sheet_a_wave_and_a_code_book_a_sheet(self, write, harvest):
        waves = {f"R{year}": people(500 + year, 150) for year in (4, 5, 6)}
        changed = [["問1", "新しい設問文", *row[2:]] if row and row[0] == "問1" else row for row in book()]
        write("コード表.xlsx", {"R4": book(), "R5": changed, "R6": changed})
        folder = write("個票まとめ.xlsx", {f"{name}年度": render(who) for name, who in waves.items()})
        found, context = harvest("survey", folder, **PLAIN)
        check(found, self.merged(*(truth(who, f"FY{2018 + int(name[1])}") for name, who in waves.items())))
        status = {
            row["period"]: row["obs_status"]
            for row in found.values()
            if row["indicator_id"] == "kpi-01"
            and row["area_code"] == "121002"
            and row.get("sex") == row.get("age") == row.get("mode") == "_T"
        }
        assert status == {"FY2022": "A", "FY2023": "B", "FY2024": "A"}
        assert context.findings.counts["wording-changed"] == 1

    @pytest.mark.parametrize("column", [True, False], ids=["with-ward", "ward-in-name-only"])
    def test_a_file_for_each_wave_and_ward(self, write, harvest, column):
        expected = []
        write("コード表.csv", book())
        for year in (4, 5):
            who = people(600 + year, 240)
            expected.append(truth(who, f"FY{2018 + year}"))
            for i, ward in enumerate(WARDS):
                rows = render(who.take(who.ward == i))
                if not column:
                    rows = [[cell for at, cell in enumerate(row) if at != 1] for row in rows]
                folder = write(f"R{year}/{ward}_個票.csv", rows, encoding="cp932")
        found, context = harvest("survey", folder, files="**/*個票*.csv", **PLAIN)
        check(found, self.merged(*expected))
        assert context.findings.counts["wave-in-parts"] == 12
        assert context.tally.read == 480

    def test_a_sheet_for_each_ward(self, write, harvest):
        who = people(700)
        write("コード表.csv", book())
        folder = write("個票_R5.xlsx", {ward: render(who.take(who.ward == i)) for i, ward in enumerate(WARDS)})
        check(harvest("survey", folder, **PLAIN)[0], truth(who, "FY2023"))

    def test_two_editions_of_a_wave_are_not_added_up(self, write, harvest):
        who = people(701)
        write("コード表.csv", book())
        write("R5_個票.csv", render(who))
        folder = write("R5_個票_修正.csv", render(who))
        check(harvest("survey", folder, **PLAIN)[0], truth(who, "FY2023"))

    def test_half_years_are_declared_by_the_month(self, write, harvest):
        waves = {"R6上期_個票.csv": people(800, 150), "R6下期_個票.csv": people(801, 150)}
        write("コード表.csv", book())
        for name, who in waves.items():
            folder = write(name, render(who))
        periods = dict(zip(waves, ("2024-M06", "2024-M12"), strict=True))
        found, _ = harvest("survey", folder, **PLAIN, periods=periods)
        check(found, self.merged(*(truth(who, periods[name]) for name, who in waves.items())))

    def test_half_years_that_are_not_declared_are_refused_and_not_added_up(self, write, harvest):
        write("コード表.csv", book())
        folder = write("R6上期_個票.csv", render(people(800, 20)))
        with pytest.raises(Exception, match="which year") as caught:
            harvest("survey", folder, **PLAIN)
        assert "2023-M06" in str(caught.value)

    def test_changed_options_are_a_break_of_that_indicator_alone(self, write, harvest):
        who = people(900, 200)
        write("R5コード表.xlsx", book())
        write(
            "R6コード表.xlsx",
            [
                [*row[:4], "まったく知らない", *row[5:]] if row and len(row) > 4 and row[4] == "知らない" else row
                for row in book()
            ],
        )
        write("R5_個票.csv", render(who))
        folder = write("R6_個票.csv", render(who))
        found, _ = harvest("survey", folder, **PLAIN, codebooks={"*R5*": "R5コード表.xlsx", "*R6*": "R6コード表.xlsx"})
        check(found, self.merged(truth(who, "FY2023"), truth(who, "FY2024")))
        broken = {(row["indicator_id"], row["period"]) for row in found.values() if row["obs_status"] == "B"}
        assert broken == {("kpi-01", "FY2024")}

    def test_the_paired_questions_are_counted(self, write, harvest):
        who = people(901)
        write("コード表.csv", book())
        found, _ = harvest("survey", write("R5_個票.csv", render(who)), **PLAIN)
        yes = yes_of(who)
        both = ~np.isnan(yes["kpi-05"]) & ~np.isnan(yes["kpi-04"])
        feels, does = yes["kpi-05"][both] == 1, yes["kpi-04"][both] == 1
        counts = {row["answers"]: row["value"] for row in found.values() if row.get("pair") == "5-4"}
        expected = {
            "_T": both.sum(),
            "BOTH": (feels & does).sum(),
            "SUBJECTIVE_ONLY": (feels & ~does).sum(),
            "OBJECTIVE_ONLY": (~feels & does).sum(),
            "NEITHER": (~feels & ~does).sum(),
        }
        assert {key: counts[key] for key in expected} == expected
        assert counts["DIFFERENCE"] == pytest.approx(100 * (feels.mean() - does.mean()), abs=1e-6)


class TestLayouts:
    """Headings in two rows, lines that are no respondents, no groups, another city."""

    @pytest.fixture
    def who(self) -> People:
        return people(20263)

    def test_options_below_their_question_in_a_header_of_two_rows(self, write, harvest, who):
        _, *rows = render(who)
        top = ["No", "区", "性別", "年代", "回答方法", "問1", "問2", None, None, None, "問4", "問5"]
        low = [None] * 6 + [f"{i + 1}.{one}" for i, one in enumerate(DEVICES)] + [None, None]
        write("コード表.csv", book())
        check(harvest("survey", write("R5_個票.xlsx", [top, low, *rows]), **PLAIN)[0], truth(who, "FY2023"))

    def test_without_groups_there_is_the_total_alone(self, write, harvest, who):
        rows = [[row[0], *row[5:]] for row in render(who)]
        write("コード表.csv", book())
        check(harvest("survey", write("R5_個票.csv", rows), **PLAIN)[0], truth(who, "FY2023", roles=""))

    def test_lines_that_are_no_answers_are_left_out_and_told(self, write, harvest, who):
        header, *rows = render(who)
        rest = [""] * (len(header) - 1)
        table = [header, *rows[:100], [9001, *rest], *rows[100:], ["合計", 260, *rest[1:]]]
        write("コード表.csv", book())
        found, context = harvest("survey", write("R5_個票.csv", table), **PLAIN)
        check(found, truth(who, "FY2023"))
        counts = context.findings.counts
        assert (counts["row-total"], counts["row-empty"], context.tally.accepted) == (1, 1, 260)

    def test_the_wards_of_another_city(self, write, harvest, who):
        wards = dict(zip(WARD_CODES, ("141011", "141020", "141038", "141046", "141054", "141062"), strict=True))
        style = Style(wards=("鶴見区", "神奈川区", "西区", "中区", "南区", "保土ケ谷区"))
        write("コード表.csv", book())
        found, _ = harvest("survey", write("横浜市_R5_個票.csv", render(who, style)), **PLAIN, area="141003")
        codes = wards | {"121002": "141003"}
        check(
            found,
            {
                "/".join(codes.get(part, part) for part in key.split("/")): one
                for key, one in truth(who, "FY2023").items()
            },
        )


class TestMistakes:
    """What the configuration gets wrong is said."""

    def test_a_role_that_does_not_exist_is_named_with_those_that_do(self, write, harvest):
        write("コード表.csv", book())
        folder = write("R5_個票.csv", render(people(1, 20)))
        with pytest.raises(Exception, match="gender") as caught:
            harvest("survey", folder, **PLAIN, columns={"gender": "性別"})
        assert "sex" in str(caught.value)
