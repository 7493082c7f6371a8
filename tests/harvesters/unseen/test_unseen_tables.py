"""Cross tables laid out in other ways: counts, shares, sheets, several questions in a table, two-level headers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

WARDS = dict(
    zip(
        ("中央区", "花見川区", "稲毛区", "若葉区", "緑区", "美浜区"),
        ("121011", "121029", "121037", "121045", "121053", "121061"),
        strict=True,
    )
)
SEXES = {"男性": "M", "女性": "F"}
AGES = {"20歳代以下": "Y_LT30", "30歳代": "Y30T39", "40～64歳": "Y40T64", "65歳以上": "Y_GE65"}
ROLES = {"性別": SEXES, "年齢": AGES, "居住区": WARDS}
GROUPS = [("総数", "総数"), *((role, label) for role, labels in ROLES.items() for label in labels)]
QUESTIONS = (
    ("問1", "「スマートシティ」を知っていますか。", ("よく知っている", "少し知っている", "知らない"), 2, "kpi-01"),
    ("問4", "ネットのサービスを使いますか。", ("はい", "いいえ"), 1, "kpi-04"),
    ("問5", "便利になったと感じますか。", ("そう思う", "どちらともいえない", "そう思わない"), 1, "kpi-05"),
)
NO_ANSWER = "無回答"
BOOK = [
    ["設問番号", "設問文", "回答形式", "選択肢番号", "選択肢", "肯定的回答", "指標No."],
    *(
        [
            id if i == 0 else None,
            wording if i == 0 else None,
            "単一回答" if i == 0 else None,
            i + 1,
            one,
            "○" if i < yes else None,
            indicator if i == 0 else None,
        ]
        for id, wording, options, yes, indicator in QUESTIONS
        for i, one in enumerate(options)
    ),
]
Counts = dict[tuple[str, str], dict[tuple[str, str], list[int]]]


def counts(seed: int) -> Counts:
    """Return, per question and group, how many people gave each answer; the last number is no answer."""
    draw = np.random.default_rng(seed)
    bases = {group: int(draw.integers(60, 400)) for group in GROUPS[1:]}
    bases[GROUPS[0]] = 1391
    return {
        (id, wording): {
            group: [int(one) for one in draw.multinomial(n, [*([0.94 / len(options)] * len(options)), 0.06])]
            for group, n in bases.items()
        }
        for id, wording, options, _, _ in QUESTIONS
    }


def share(part: int, whole: int, digits: int = 1) -> float:
    return float(f"{100 * part / whole + 1e-9:.{digits}f}")


def truth(of: Counts, period: str, *, exact: bool = False, fraction: bool = False) -> dict[str, tuple[float, int]]:
    """Return value (sum of the printed shares, or of the counts) and people by key."""
    found = {}
    for (id, _), groups in of.items():
        _, _, _, yes, indicator = next(one for one in QUESTIONS if one[0] == id)
        for (_, label), numbers in groups.items():
            n = sum(numbers)
            value = 100 * sum(numbers[:yes]) / n if exact else sum(share(one, n) for one in numbers[:yes])
            area = WARDS.get(label, "121002")
            sex, age = SEXES.get(label, "_T"), AGES.get(label, "_T")
            found[f"{indicator}/{area}/{period}/{sex}/{age}/_T"] = (value, n)
    return found


@pytest.fixture
def figures(harvest) -> Callable[..., tuple[dict[str, Any], Any]]:
    def run(folder: Any, **options: Any) -> tuple[dict[str, Any], Any]:
        found, context = harvest("crosstab", folder, **{"files": "*集計*", **options})
        return {"/".join([row["indicator_id"], *key.split("/")[1:]]): row for key, row in found.items()}, context

    return run


def check(found: dict[str, Any], expected: dict[str, tuple[float, int]], room: float = 1e-6) -> None:
    assert sorted(found) == sorted(expected)
    for key, (value, n) in expected.items():
        assert found[key]["n"] == n, key
        assert found[key]["value"] == pytest.approx(value, abs=room), key


def options_of(id: str) -> Sequence[str]:
    return (*next(one[2] for one in QUESTIONS if one[0] == id), NO_ANSWER)


def header(first: str = "区分") -> list[list[Any]]:
    tops = [role if i == 0 or GROUPS[i - 1][0] != role else None for i, (role, _) in enumerate(GROUPS)]
    return [[first, *tops], [None, *(None if role == "総数" else label for role, label in GROUPS)]]


def in_columns(
    id: str, groups: Any, cell: Callable[[int, int], Any], base: str = "回答者数", *, base_last: bool = False
) -> list[list[Any]]:
    base_row = [base, *(sum(groups[one]) for one in GROUPS)]
    rows = [
        [label, *(cell(groups[one][i], sum(groups[one])) for one in GROUPS)] for i, label in enumerate(options_of(id))
    ]
    return [*header(), *([*rows, base_row] if base_last else [base_row, *rows])]


def in_rows(
    id: str, groups: Any, cell: Callable[[int, int], Any], base: str = "回答者数", *, base_last: bool = False
) -> list[list[Any]]:
    rows = []
    for role, label in GROUPS:
        own = groups[role, label]
        first = role if (role, label) == next(one for one in GROUPS if one[0] == role) else None
        figures = [cell(one, sum(own)) for one in own]
        rows.append(
            [first, None if role == "総数" else label, *([*figures, sum(own)] if base_last else [sum(own), *figures])]
        )
    head = [*options_of(id), base] if base_last else [base, *options_of(id)]
    return [["区分", None, *head], *rows]


def stacked(
    of: Counts,
    table: Callable[[str, Any], list[list[Any]]],
    title: Callable[[str, str], str] = lambda id, wording: f"{id} {wording}",
) -> list[list[Any]]:
    rows: list[list[Any]] = [["令和4年度 市民意識調査 集計表"], []]
    for (id, wording), groups in of.items():
        rows += [[title(id, wording)], *table(id, groups), ["※構成比は四捨五入のため100にならないことがある。"], []]
    return rows


CELLS: dict[str, Callable[[int, int], Any]] = {
    "points": lambda part, whole: share(part, whole),
    "fraction": lambda part, whole: round(share(part, whole) / 100, 3),
    "text": lambda part, whole: f"{share(part, whole):.1f}%",
    "full-width": lambda part, whole: f"{share(part, whole):.1f}".translate(
        str.maketrans("0123456789.", "０１２３４５６７８９．")
    ),
    "counts": lambda part, _: part,
}


@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.parametrize("layout", [in_columns, in_rows], ids=["columns", "rows"])
def test_shares_and_counts_with_groups_on_either_side(write, figures, cells, layout):
    of = counts(1)
    write("コード表.csv", BOOK)
    folder = write("集計表.xlsx", stacked(of, lambda id, groups: layout(id, groups, CELLS[cells])))
    check(figures(folder)[0], truth(of, "FY2022", exact=cells == "counts"))


@pytest.mark.parametrize(("name", "encoding"), [("R4集計.csv", "cp932"), ("R4集計.tsv", "utf-16"), ("R4集計.ods", "")])
@pytest.mark.parametrize("base_last", [True, False])
def test_text_files_without_merged_cells(write, figures, name, encoding, base_last):
    of = counts(2)
    write("コード表.csv", BOOK)
    folder = write(
        name,
        stacked(of, lambda id, groups: in_columns(id, groups, CELLS["points"], "n", base_last=base_last)),
        encoding=encoding,
    )
    check(figures(folder)[0], truth(of, "FY2022"))


TITLES = {
    "brackets": lambda id, wording: f"【{id}】{wording}",
    "table-number": lambda id, wording: f"表{id[1:]}-1　{id}　{wording}",
    "q": lambda id, wording: f"Q{id[1:]}．{wording}",
    "setsumon": lambda id, wording: f"＜設問{id[1:]}＞ {wording}",
    "number-only": lambda id, _: id,
    "wording-only": lambda _, wording: wording,
    "wording-first": lambda id, wording: f"{wording}（{id}）",
}


@pytest.mark.parametrize("title", TITLES)
def test_titles_in_every_style(write, figures, title):
    of = counts(3)
    write("コード表.csv", BOOK)
    folder = write(
        "集計表.xlsx", stacked(of, lambda id, groups: in_columns(id, groups, CELLS["points"]), TITLES[title])
    )
    check(figures(folder)[0], truth(of, "FY2022"))


def test_lines_between_the_question_and_its_table(write, figures):
    of = counts(4)
    rows: list[list[Any]] = [["令和4年度 集計"], []]
    for (id, wording), groups in of.items():
        rows += [[f"{id} {wording}"], ["単一回答"], ["（％）"], *in_columns(id, groups, CELLS["points"]), []]
    write("コード表.csv", BOOK)
    check(figures(write("集計表.xlsx", rows))[0], truth(of, "FY2022"))


@pytest.mark.parametrize("titled", [True, False])
def test_a_sheet_for_each_question(write, figures, titled):
    of = counts(5)
    sheets = {
        id: [*([[wording]] if titled else []), *in_rows(id, groups, CELLS["points"], "全体")]
        for (id, wording), groups in of.items()
    }
    write("コード表.csv", BOOK)
    check(figures(write("集計結果.xlsx", sheets), periods={"*": "FY2022"})[0], truth(of, "FY2022"))


def test_all_questions_in_one_table(write, figures):
    of = counts(6)
    [top, low] = header("設問")
    rows: list[list[Any]] = [["令和4年度 集計"], [top[0], "選択肢", *top[1:]], [None, None, *low[1:]]]
    for (id, wording), groups in of.items():
        rows.append([f"{id} {wording}", "回答者数", *(sum(groups[one]) for one in GROUPS)])
        rows += [
            [None, label, *(share(groups[one][i], sum(groups[one])) for one in GROUPS)]
            for i, label in enumerate(options_of(id))
        ]
    write("コード表.csv", BOOK)
    check(figures(write("集計表.xlsx", rows))[0], truth(of, "FY2022"))


def test_people_and_percent_of_every_answer_one_above_the_other(write, figures):
    of = counts(7)

    def table(id: str, groups: Any) -> list[list[Any]]:
        rows = [["回答者数", *(sum(groups[one]) for one in GROUPS)]]
        for i, label in enumerate(options_of(id)):
            rows.append([label, *(groups[one][i] for one in GROUPS)])
            rows.append([None, *(share(groups[one][i], sum(groups[one])) for one in GROUPS)])
        return [*header(), *rows]

    write("コード表.csv", BOOK)
    folder = write("集計表.xlsx", stacked(of, table))
    check(figures(folder)[0], truth(of, "FY2022", exact=True), room=0.1)


def test_people_and_percent_of_every_group_side_by_side(write, figures):
    of = counts(8)

    def table(id: str, groups: Any) -> list[list[Any]]:
        tops = [
            cell
            for i, (role, _) in enumerate(GROUPS)
            for cell in (role if i == 0 or GROUPS[i - 1][0] != role else None, None)
        ]
        labels = [cell for role, label in GROUPS for cell in (None if role == "総数" else label, None)]
        units = ["人数", "％"] * len(GROUPS)
        rows = [["回答者数", *(cell for one in GROUPS for cell in (sum(groups[one]), 100.0))]]
        for i, label in enumerate(options_of(id)):
            rows.append(
                [label, *(cell for one in GROUPS for cell in (groups[one][i], share(groups[one][i], sum(groups[one]))))]
            )
        return [["区分", *tops], [None, *labels], [None, *units], *rows]

    write("コード表.csv", BOOK)
    check(figures(write("集計表.xlsx", stacked(of, table)))[0], truth(of, "FY2022"))


def test_answers_with_their_numbers_and_subtotals(write, figures):
    of = counts(9)

    def table(id: str, groups: Any) -> list[list[Any]]:
        rows = in_columns(id, groups, CELLS["points"])
        at = len(header()) + 1
        for i in range(len(options_of(id)) - 1):
            rows[at + i][0] = f"{i + 1}．{rows[at + i][0]}"
        return rows

    write("コード表.csv", BOOK)
    check(figures(write("集計表.xlsx", stacked(of, table)))[0], truth(of, "FY2022"))


def test_questions_declared_without_a_code_book(write, figures):
    of = counts(10)
    questions = {
        id: {"indicator": indicator, "positive": list(options[:yes])} for id, _, options, yes, indicator in QUESTIONS
    }
    folder = write("集計表.xlsx", stacked(of, lambda id, groups: in_columns(id, groups, CELLS["points"])))
    check(figures(folder, questions=questions)[0], truth(of, "FY2022"))


@pytest.mark.parametrize("marker", ["＊", "-", "…", "秘"])
def test_groups_that_are_withheld(write, figures, marker):
    of = counts(11)
    hidden = {("居住区", "緑区"), ("居住区", "美浜区")}

    def table(id: str, groups: Any) -> list[list[Any]]:
        rows = in_columns(id, groups, CELLS["points"])
        for row in rows[3:]:
            for one in hidden:
                row[1 + GROUPS.index(one)] = marker
        return rows

    write("コード表.csv", BOOK)
    found, _ = figures(write("集計表.xlsx", stacked(of, table)), markers={marker: "suppressed"})
    withheld = {key for key, row in found.items() if row["obs_status"] == "Q"}
    assert withheld == {f"{one[4]}/{code}/FY2022/_T/_T/_T" for one in QUESTIONS for code in ("121053", "121061")}
    check(
        {key: row for key, row in found.items() if key not in withheld},
        {key: one for key, one in truth(of, "FY2022").items() if key not in withheld},
    )


def test_crossed_groups_are_reported_and_never_taken_for_one_of_them(write, figures):
    of = counts(12)

    def table(id: str, groups: Any) -> list[list[Any]]:
        [top, low, *rows] = in_columns(id, groups, CELLS["points"])
        crossed = [("男性", "30歳代"), (None, "65歳以上"), ("女性", "30歳代"), (None, "65歳以上")]
        return [
            [*top, *(one for one, _ in crossed)],
            [*low, *(one for _, one in crossed)],
            *([*row, *(row[1] for _ in crossed)] for row in rows),
        ]

    write("コード表.csv", BOOK)
    found, context = figures(write("集計表.xlsx", stacked(of, table)))
    check(found, truth(of, "FY2022"))
    assert context.findings.counts["group-unknown"] == 12


def test_files_of_several_years_with_their_own_code_books(write, figures):
    waves = {"R3": counts(13), "R4": counts(14)}
    write(
        "コード表.xlsx",
        {
            "R3": BOOK,
            "R4": [
                [*row[:4], "とてもよく知っている" if row[4] == "よく知っている" else row[4], *row[5:]] for row in BOOK
            ],
        },
    )
    expected = {}
    for name, of in waves.items():
        rows = stacked(of, lambda id, groups: in_columns(id, groups, CELLS["points"]))[2:]
        if name == "R4":
            rows = [["とてもよく知っている", *row[1:]] if row and row[0] == "よく知っている" else row for row in rows]
        folder = write(f"{name}集計表.xlsx", rows)
        expected |= truth(of, f"FY{2018 + int(name[1])}")
    check(figures(folder)[0], expected)


def test_a_sheet_a_year(write, figures):
    waves = {"R3": counts(15), "R4": counts(16)}
    write("コード表.csv", BOOK)
    sheets = {
        name: stacked(of, lambda id, groups: in_columns(id, groups, CELLS["points"]))[2:] for name, of in waves.items()
    }
    expected = truth(waves["R3"], "FY2021") | truth(waves["R4"], "FY2022")
    check(figures(write("集計表.xlsx", sheets))[0], expected)


def test_multiple_answers_as_counts_are_not_taken_for_percentages(write, figures):
    book = [
        BOOK[0],
        ["問2", "お持ちの機器はどれですか。", "複数回答", 1, "スマートフォン", "○", "kpi-02"],
        [None, None, None, 2, "持っていない", None, None],
    ]
    rows = [
        ["問2 お持ちの機器はどれですか。"],
        ["区分", "総数", "男性", "女性"],
        ["回答者数", 90, 40, 50],
        ["スマートフォン", 72, 30, 42],
        ["持っていない", 15, 8, 7],
    ]
    write("コード表.csv", book)
    found, _ = figures(write("R4集計表.xlsx", rows), figures="counts")
    assert {key.split("/")[3]: row["value"] for key, row in found.items()} == {"_T": 80.0, "M": 75.0, "F": 84.0}


@pytest.mark.parametrize("crossed", [True, False])
def test_a_table_for_each_kind_of_group(write, figures, crossed):
    of = counts(17)
    rows: list[list[Any]] = [["令和4年度 集計"], []]
    for (id, wording), groups in of.items():
        for role in ROLES:
            own = [("総数", "総数"), *(one for one in GROUPS if one[0] == role)]
            rows.append([f"{id}×{role}" if crossed else f"{id} {wording}（{role}別）"])
            rows.append(["", "回答者数", *options_of(id)])
            for one in own:
                n = sum(groups[one])
                rows.append([one[1], n, *(share(part, n) for part in groups[one])])
            rows.append([])
    write("コード表.csv", BOOK)
    found, context = figures(write("集計表.csv", rows))
    check(found, truth(of, "FY2022"))
    assert not context.findings.counts["group-twice"]


@pytest.mark.parametrize("depth", [1, 2])
def test_questions_in_rows_of_their_own_below_one_header(write, figures, depth):
    of = counts(18)
    head = header() if depth == 2 else [["区分", *(label for _, label in GROUPS)]]
    rows: list[list[Any]] = [["令和4年度 集計"], [], *head]
    for (id, wording), groups in of.items():
        rows.append([f"{id} {wording}"])
        rows.append(["回答者数", *(sum(groups[one]) for one in GROUPS)])
        rows += [
            [label, *(share(groups[one][i], sum(groups[one])) for one in GROUPS)]
            for i, label in enumerate(options_of(id))
        ]
    write("コード表.csv", BOOK)
    check(figures(write("集計表.xlsx", rows))[0], truth(of, "FY2022"))


def test_figures_of_answers_by_wave_in_a_table_of_years_are_not_taken_for_groups(write, figures):
    rows = [
        ["令和4年度 集計"],
        ["問4 ネットのサービスを使いますか。"],
        ["", "令和3年度", "令和4年度"],
        ["回答者数", 100, 120],
        ["はい", 60.0, 65.0],
        ["いいえ", 40.0, 35.0],
    ]
    write("コード表.csv", BOOK)
    found, context = figures(write("集計表.xlsx", rows))
    assert not found
    assert context.findings.counts["group-unknown"] == 2
