"""Cross tables, company surveys and registers laid out in other ways, against what they were made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

QUESTIONS = {"問7": {"indicator": "kpi-01", "positive": ["とても知っている", "まあ知っている"]}}
ANSWERS = ("とても知っている", "まあ知っている", "知らない", "無回答")
#: heading, label, code; the first one is everybody
GROUPS = (
    ("総数", "総数", {}),
    ("性別", "男性", {"sex": "M"}),
    ("性別", "女性", {"sex": "F"}),
    ("年代", "20～39歳", {"age": "Y20T39"}),
    ("年代", "40歳以上", {"age": "Y_GE40"}),
    ("居住区", "中央区", {"area_code": "121011"}),
    ("居住区", "緑区", {"area_code": "121053"}),
)
TITLE = ["問7 市の取組を知っていますか。（1つに○）"]


@pytest.fixture(scope="module")
def figures() -> pd.DataFrame:
    """Return counts by answer (rows) and group (columns), with the number of people."""
    random = np.random.default_rng(7)
    table = pd.DataFrame(
        {i: random.multinomial(n, [0.25, 0.3, 0.4, 0.05]) for i, n in enumerate([1000, 480, 520, 450, 550, 610, 390])},
        index=list(ANSWERS),
    )
    return table


def percent(figures: pd.DataFrame, *, places: int = 1) -> pd.DataFrame:
    """Return the percentages as they are printed."""
    return (100 * figures / figures.sum()).round(places)


@pytest.fixture
def compare(figures) -> Callable[..., None]:
    """Return a function that holds a harvest against the printed percentages."""

    def check(found: Any, *, period: str = "FY2024", exact: bool = False, absent: Sequence[int] = ()) -> None:
        shares = percent(figures, places=6 if exact else 1)
        for i, (_, _, key) in enumerate(GROUPS):
            if i in absent:
                continue
            expected = shares[i][:2].sum()
            got = found.value("kpi-01", period=period, **key)
            assert got == pytest.approx(expected, abs=2e-6), (key, found.told())
            assert found.value("kpi-01", measure="n", period=period, **key) == figures[i].sum(), (key, found.told())
        assert not {"group-unknown", "option-missing", "rate-differs"} & set(found.counts), found.told()

    return check


def columns(figures: pd.DataFrame, order: Sequence[int], *, base: str | None = "回答者数") -> list[list[Any]]:
    """Return a table with the groups in columns under headings in two rows."""
    rows: list[list[Any]] = [["", *(GROUPS[i][0] for i in order)], ["", *(GROUPS[i][1] for i in order)]]
    rows += [[base, *(int(figures[i].sum()) for i in order)]] if base else []
    shares = percent(figures)
    return [*rows, *([answer, *(float(shares[i][answer]) for i in order)] for answer in ANSWERS)]


EVERY = tuple(range(len(GROUPS)))


def test_the_usual_form(put, harvest, compare, figures):
    put("令和6年度_集計表.xlsx", [TITLE, *columns(figures, EVERY)])
    compare(harvest("crosstab", questions=QUESTIONS))


@pytest.mark.parametrize("order", [(5, 6, 3, 4, 1, 2, 0), (0, 3, 4, 5, 6, 1, 2)], ids=["all last", "ages first"])
def test_headings_in_another_order(put, harvest, compare, figures, order):
    put("令和6年度_集計表.xlsx", [TITLE, *columns(figures, order)])
    compare(harvest("crosstab", questions=QUESTIONS))


def test_merged_headings_in_ods_below_more_titles(put, harvest, compare, figures):
    table = columns(figures, EVERY)
    table[0] = ["", "総数", "性別", "", "年代", "", "居住区", ""]
    put("R6_集計表.ods", {"単純・クロス": [["市民意識調査"], ["集計結果"], [], TITLE, *table]})
    compare(harvest("crosstab", questions=QUESTIONS))


def test_tabs_in_utf16(put, harvest, compare, figures):
    put("令和6年度_集計表.tsv", [TITLE, *columns(figures, EVERY)], encoding="utf-16")
    compare(harvest("crosstab", questions=QUESTIONS))


def test_percent_as_fractions(put, harvest, compare, figures):
    shares = (figures / figures.sum()).round(3)
    table = columns(figures, EVERY)
    table[3:] = [[answer, *(float(shares[i][answer]) for i in EVERY)] for answer in ANSWERS]
    put("令和6年度_集計表.xlsx", [TITLE, *table])
    compare(harvest("crosstab", questions=QUESTIONS, percent="fraction"))
    compare(harvest("crosstab", questions=QUESTIONS))


def test_counts_instead_of_percentages(put, harvest, compare, figures):
    table = columns(figures, EVERY)
    table[3:] = [[answer, *(int(figures[i][answer]) for i in EVERY)] for answer in ANSWERS]
    put("令和6年度_集計表.xlsx", [TITLE, *table])
    compare(harvest("crosstab", questions=QUESTIONS), exact=True)


@pytest.mark.parametrize("form", ["{}（n={:,}）", "{}(N={})", "{} n={}", "{}（{}人）"])
def test_numbers_of_people_in_the_headings(put, harvest, compare, figures, form):
    table = columns(figures, EVERY, base=None)
    table[1] = ["", *(form.format(GROUPS[i][1], int(figures[i].sum())) for i in EVERY)]
    put("令和6年度_集計表.xlsx", [TITLE, *table])
    compare(harvest("crosstab", questions=QUESTIONS))


def test_numbers_of_people_in_a_row_of_the_header(put, harvest, compare, figures):
    table = columns(figures, EVERY, base=None)
    table.insert(2, ["", *(f"n={int(figures[i].sum())}" for i in EVERY)])
    put("令和6年度_集計表.xlsx", [TITLE, *table])
    compare(harvest("crosstab", questions=QUESTIONS))


@pytest.mark.parametrize("base", ["n", "調査数", "サンプル数", "該当数", "有効回答数（n）", "回答者数（人）", "件数"])
def test_other_words_for_the_number_of_people(put, harvest, compare, figures, base):
    put("令和6年度_集計表.xlsx", [TITLE, *columns(figures, EVERY, base=base)])
    compare(harvest("crosstab", questions=QUESTIONS))


def turned(figures: pd.DataFrame, *, heading: bool) -> list[list[Any]]:
    """Return a table with the groups in rows."""
    shares = percent(figures)
    head = ["区分", "", "回答者数", *ANSWERS] if heading else ["区分", "回答者数", *ANSWERS]
    rows: list[list[Any]] = [head]
    for i, (role, label, _) in enumerate(GROUPS):
        labels = [role, "" if role == label else label] if heading else [label]
        rows.append([*labels, int(figures[i].sum()), *(float(shares[i][one]) for one in ANSWERS)])
    return rows


@pytest.mark.parametrize("heading", [True, False])
def test_groups_in_rows(put, harvest, compare, figures, heading):
    put("令和6年度_集計表.xlsx", [TITLE, *turned(figures, heading=heading)])
    compare(harvest("crosstab", questions=QUESTIONS))


def test_several_questions_on_a_sheet_with_other_numbers_and_a_code_book(put, harvest, compare, figures):
    other = [["問8 別の質問"], *columns(figures.iloc[::-1].set_axis(ANSWERS), EVERY)]
    put("令和6年度_集計表.xlsx", {"結果": [TITLE, *columns(figures, EVERY), [], *other]})
    head = ["設問番号", "設問文", "回答形式", "選択肢番号", "選択肢", "肯定的回答", "指標No."]
    book = [
        ["問7", TITLE[0].removeprefix("問7 "), "単一回答", i + 1, one, "○" if i < 2 else "", "1" if i == 0 else ""]
        for i, one in enumerate(ANSWERS[:3])
    ]
    put("コード表.xlsx", [head, *book])
    found = harvest("crosstab")
    compare(found)
    assert found.counts["table-unused"] == 1


# -- companies

INDUSTRIES = (("製造業", "E"), ("卸売業・小売業", "I"), ("情報通信業", "G"))
SIZES = (("1～19人", "E1T19"), ("20人以上", "E_GE20"))


def companies() -> list[tuple[str, str, str, str, int, int, int]]:
    """Return industry, its code, size, its code, companies, yes, in preparation."""
    random = np.random.default_rng(3)
    rows = []
    for industry, code in INDUSTRIES:
        for size, size_code in SIZES:
            n = int(random.integers(60, 300))
            yes = int(n * random.uniform(0.2, 0.6))
            rows.append((industry, code, size, size_code, n, yes, int((n - yes) * 0.4)))
    return rows


def company_rows(cells: Callable[[int, int, int], Sequence[Any]]) -> list[list[Any]]:
    """Return the rows of a table: one for all, one a group."""
    rows = companies()
    n, yes, soon = (sum(one[i] for one in rows) for i in (4, 5, 6))
    return [["全体", "", *cells(n, yes, soon)], *([one[0], one[2], *cells(*one[4:])] for one in rows)]


def check_companies(found: Any, *, parts: Sequence[int] = (5,), places: int = 1) -> None:
    rows = companies()
    whole = 100 * sum(one[i] for one in rows for i in parts) / sum(one[4] for one in rows)
    assert found.value("kpi-07", period="FY2024") == pytest.approx(whole, abs=0.6 * 10**-places * len(parts))
    for one in rows:
        share = 100 * sum(one[i] for i in parts) / one[4]
        got = found.value("kpi-07", period="FY2024", industry=one[1], size=one[3])
        assert got == pytest.approx(share, abs=0.6 * 10**-places * len(parts)), found.told()
        assert found.value("kpi-07", measure="n", period="FY2024", industry=one[1], size=one[3]) == one[4]
    assert not {"group-unknown", "rate-differs"} & set(found.counts), found.told()


def test_companies_with_percent_as_fractions_and_other_headings(put, harvest):
    rows = company_rows(lambda n, yes, soon: [n, yes, round(yes / n, 3), soon, round(soon / n, 3)])
    table = [
        ["令和6年度 企業調査"],
        ["業種（大分類）", "従業者の規模", "回答社数", "実施中", "", "準備中", ""],
        ["", "", "", "社数", "割合", "社数", "割合"],
        *rows,
    ]
    put("企業アンケート結果.ods", {"集計": table})
    options = {
        "columns": {"industry": "業種（大分類）", "size": "従業者の規模"},
        "base": "回答社数",
        "positive": ["実施中"],
    }
    check_companies(harvest("company_survey", percent="fraction", **options))


def test_companies_with_counts_alone_and_two_positive_answers(put, harvest):
    table = [["業種", "規模", "n", "実施中", "準備中"], *company_rows(lambda n, yes, soon: [n, yes, soon])]
    put("企業アンケート_R6.csv", table, encoding="cp932")
    check_companies(harvest("company_survey", positive=["実施中", "準備中"]), parts=(5, 6), places=6)


def test_companies_with_percent_alone(put, harvest):
    table = [["業種", "規模", "回答数", "実施中"], *company_rows(lambda n, yes, _: [n, f"{100 * yes / n:.1f}%"])]
    put("企業アンケート_R6.xlsx", {"表1": table})
    check_companies(harvest("company_survey", positive=["実施中"]))


# -- registers

PROCEDURES = (
    ("住民票の写し", "市民課", 12000, 4200, "令和3年4月1日"),
    ("転出届", "市民課", 8000, 5100, "R5.2.6"),
    ("保育所の申込", "保育課", 3000, 0, "未着手"),
    ("がん検診", "健康課", 5000, 2500, "令和元年10月1日"),
)


def check_register(found: Any, period: str = "FY2024") -> None:
    table = pd.DataFrame(PROCEDURES, columns=["name", "department", "cases", "online", "since"])
    done = 100 * table["online"].sum() / table["cases"].sum()
    available = 100 * (table["since"] != "未着手").mean()
    key = {"period": period}
    assert found.value("kpi-13", definition_id="kpi-13.done", **key) == pytest.approx(done, abs=1e-6), found.told()
    assert found.value("kpi-13", definition_id="kpi-13.available", **key) == pytest.approx(available, abs=1e-6)


def test_a_register_in_ods_with_other_headings_dates_of_reiwa_and_a_total(put, harvest):
    total = ["合計", "", sum(one[2] for one in PROCEDURES), sum(one[3] for one in PROCEDURES), ""]
    head = ["事務の名前", "どの課", "1年間の受付", "ネット受付", "ネット受付を始めた日"]
    table = [["令和6年度 手続の状況"], [], head, *PROCEDURES, total]
    put("手続一覧.ods", {"一覧": table})
    columns = dict(zip(("name", "department", "cases", "online", "since"), head, strict=True))
    check_register(harvest("register", columns=columns, not_online=["未着手"]))


def test_a_register_in_tabs_with_commas_and_units_in_its_numbers(put, harvest):
    rows = [[a, b, f"{c:,}件", f"{d:,}件", e] for a, b, c, d, e in PROCEDURES]
    put("手続.tsv", [["手続名", "担当課", "件数", "電子申請件数", "オンライン開始日"], *rows], encoding="utf-16")
    found = harvest("register", files="手続.tsv", periods={"手続.tsv": "FY2024"}, not_online=["未着手"])
    check_register(found)
