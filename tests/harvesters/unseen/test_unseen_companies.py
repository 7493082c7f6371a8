"""Company surveys of other industries, sizes and layouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

INDUSTRIES = ("製造業", "運輸業，郵便業", "宿泊業、飲食サービス業", "IT・ソフトウェア", "農林漁業")
CODES = {"製造業": "E", "運輸業，郵便業": "H", "宿泊業、飲食サービス業": "M"}
SIZES = ("5人以下", "6～20名", "21～300人", "301人以上")
SIZE_CODES = ("E_LT6", "E6T20", "E21T300", "E_GE301")


def companies(seed: int) -> dict[tuple[str, str], tuple[int, int]]:
    """Return (companies, of them active) by industry and size."""
    draw = np.random.default_rng(seed)
    bases = {(one, size): int(draw.integers(12, 90)) for one in INDUSTRIES for size in SIZES}
    return {key: (n, int(draw.integers(1, n))) for key, n in bases.items()}


def total(
    of: dict[tuple[str, str], tuple[int, int]], industry: str | None = None, size: str | None = None
) -> tuple[int, int]:
    rows = [one for key, one in of.items() if industry in {None, key[0]} and size in {None, key[1]}]
    return sum(n for n, _ in rows), sum(yes for _, yes in rows)


def printed(n: int, yes: int) -> float:
    return float(f"{100 * yes / n + 1e-9:.1f}")


@pytest.fixture
def figures(harvest) -> Callable[..., tuple[dict[tuple[str, str, str], Any], Any]]:
    """Return a function that harvests tables: observation by period, industry and size as they are called here."""

    def run(folder: Any, **options: Any) -> tuple[dict[tuple[str, str, str], Any], Any]:
        import hashlib
        import unicodedata

        found, context = harvest("company_survey", folder, **{"files": "*", "positive": ["実施している"], **options})
        made = {
            one: CODES.get(one)
            or f"X{hashlib.sha256(unicodedata.normalize('NFKC', one).lower().encode()).hexdigest()[:8].upper()}"
            for one in INDUSTRIES
        }
        names = {code: one for one, code in made.items()} | dict(zip(SIZE_CODES, SIZES, strict=True)) | {"_T": "計"}
        return {(row["period"], names[row["industry"]], names[row["size"]]): row for row in found.values()}, context

    return run


def check(
    found: dict[tuple[str, str, str], Any], expected: dict[tuple[str, str, str], tuple[int, int]], room: float = 1e-9
) -> None:
    assert sorted(found) == sorted(expected)
    for key, (n, yes) in expected.items():
        assert found[key]["n"] == n, key
        assert found[key]["value"] == pytest.approx(printed(n, yes), abs=room), key


def all_cells(of: dict[tuple[str, str], tuple[int, int]], period: str) -> dict[tuple[str, str, str], tuple[int, int]]:
    return {(period, *key): one for key, one in of.items()} | {(period, "計", "計"): total(of)}


HEAD = ["業種", "従業員規模", "回答企業数", "実施している（社）", "実施している（％）", "していない（％）"]


def line(*labels: Any, of: tuple[int, int], fraction: bool = False) -> list[Any]:
    n, yes = of
    share = round(printed(n, yes) / 100, 3) if fraction else printed(n, yes)
    return [*labels, n, yes, share, round((1 if fraction else 100) - share, 3)]


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("企業調査R6.csv", "cp932"), ("企業調査R6.tsv", "utf-16"), ("企業調査R6.xlsx", ""), ("企業調査R6.ods", "")],
)
def test_industries_written_once_without_merged_cells(write, figures, name, encoding):
    of = companies(1)
    rows = [line(one if i == 0 else "", size, of=of[one, size]) for one in INDUSTRIES for i, size in enumerate(SIZES)]
    table = [["企業アンケート"], [], HEAD, *rows, line("合計", "", of=total(of))]
    found, context = figures(write(name, table, encoding=encoding))
    check(found, all_cells(of, "FY2024"))
    assert context.findings.counts["label-filled"] == 15
    assert not context.findings.counts["total-differs"]


@pytest.mark.parametrize("share", ["fraction", "text"])
def test_shares_as_fractions_or_texts(write, figures, share):
    of = companies(2)
    rows = [line(*key, of=one, fraction=share == "fraction") for key, one in of.items()]
    if share == "text":
        rows = [[*row[:4], f"{row[4]:.1f}%", f"{row[5]:.1f}%"] for row in rows]
    table = [
        ["企業アンケート（2024年度）"],
        HEAD,
        line("全体", "全体", of=total(of), fraction=share == "fraction"),
        *rows,
    ]
    check(figures(write("集計.xlsx", table))[0], all_cells(of, "FY2024"))


def test_subtotals_of_industries_with_blank_sizes(write, figures):
    of = companies(3)
    table = [HEAD]
    for industry in INDUSTRIES:
        table += [
            line(industry, "", of=total(of, industry)),
            *(line(industry, size, of=of[industry, size]) for size in SIZES),
        ]
    table += [line("全業種", size, of=total(of, None, size)) for size in SIZES]
    table.append(line("全業種", "", of=total(of)))
    expected = all_cells(of, "FY2024")
    expected |= {("FY2024", one, "計"): total(of, one) for one in INDUSTRIES}
    expected |= {("FY2024", "計", size): total(of, None, size) for size in SIZES}
    check(figures(write("企業R6.csv", table))[0], expected)


def test_one_table_by_industry_and_one_by_size(write, figures):
    of = companies(4)
    head = ["回答企業数", "実施している（％）"]
    part = lambda label, one: [label, one[0], printed(*one)]  # noqa: E731
    table = [
        ["表1 業種別（令和6年度）"],
        ["業種", *head],
        part("全体", total(of)),
        *(part(one, total(of, one)) for one in INDUSTRIES),
        [],
        ["表2 規模別（令和6年度）"],
        ["規模", *head],
        part("全体", total(of)),
        *(part(one, total(of, None, one)) for one in SIZES),
        [],
        ["表3 課題（令和6年度）"],
        ["課題", "割合（％）"],
        ["人材", 30.1],
        ["資金", 20.2],
    ]
    expected = {("FY2024", "計", "計"): total(of)} | {("FY2024", one, "計"): total(of, one) for one in INDUSTRIES}
    expected |= {("FY2024", "計", one): total(of, None, one) for one in SIZES}
    found, context = figures(write("企業.xlsx", table))
    check(found, expected)
    assert context.findings.counts["table-unused"] == 1
    assert not context.findings.counts["group-twice"]


def test_sizes_above_the_answers(write, figures):
    of = companies(5)
    groups = (*SIZES, "全体")
    head = [
        ["業種", *(one if i == 0 else None for one in groups for i in (0, 1))],
        [None, *(["回答企業数", "実施している（％）"] * 5)],
    ]
    rows = [
        [
            one,
            *(
                cell
                for size in groups
                for n, yes in [total(of, one, None if size == "全体" else size)]
                for cell in (n, printed(n, yes))
            ),
        ]
        for one in INDUSTRIES
    ]
    last = [
        "合計",
        *(
            cell
            for size in groups
            for n, yes in [total(of, None, None if size == "全体" else size)]
            for cell in (n, printed(n, yes))
        ),
    ]
    expected = all_cells(of, "FY2024") | {("FY2024", one, "計"): total(of, one) for one in INDUSTRIES}
    expected |= {("FY2024", "計", one): total(of, None, one) for one in SIZES}
    check(figures(write("企業R6.xlsx", [*head, *rows, last]))[0], expected)


def test_a_sheet_a_year(write, figures):
    years = {"R5": companies(6), "R6": companies(7)}
    sheets = {
        name: [HEAD, *(line(*key, of=one) for key, one in of.items()), line("合計", "", of=total(of))]
        for name, of in years.items()
    }
    check(figures(write("企業.xlsx", sheets))[0], all_cells(years["R5"], "FY2023") | all_cells(years["R6"], "FY2024"))


def test_what_is_withheld_is_withheld_with_any_marker(write, figures):
    of = companies(8)
    hidden = ("製造業", "5人以下")
    rows = [[*key, one[0], "＊", "＊", "＊"] if key == hidden else line(*key, of=one) for key, one in of.items()]
    found, _ = figures(write("企業R6.xlsx", [HEAD, *rows]), markers={"*": "suppressed"})
    row = found["FY2024", "製造業", "5人以下"]
    assert (row["value"], row["obs_status"], row["n"]) == (None, "Q", of[hidden][0])


def test_answers_added_up_and_headings_of_ones_own(write, figures):
    of = companies(9)
    head = ["業態", "人員", "N", "既に実施％", "一部実施％", "未実施％"]
    rows = [[*key, one[0], printed(*one) - 0.1, 0.1, round(100 - printed(*one), 1)] for key, one in of.items()]
    options = {"columns": {"industry": "業態", "size": "人員"}, "base": "N", "positive": ["既に実施％", "一部実施％"]}
    found, _ = figures(write("企業.csv", [head, *rows]), periods={"企業.csv": "2024"}, **options)
    check(found, {("2024", *key): one for key, one in of.items()}, room=1e-6)
