"""Cross tables whose groups stand in rows say the same as those whose groups stand in columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from harvesters import Context
from harvesters.registry import harvesters

AREA = "121002"
QUESTIONS = {"問1": ("kpi-01", ("知っている", "少し知っている"))}
ANSWERS = ["知っている", "少し知っている", "知らない", "無回答"]
#: label of a group -> people, then percentages of the answers
FIGURES: dict[str, list[float]] = {
    "総数": [1000, 20.1, 30.2, 45.2, 4.5],
    "男性": [480, 25.0, 30.0, 41.0, 4.0],
    "女性": [510, 15.5, 30.4, 49.1, 5.0],
    "18～29歳": [100, 40.0, 20.0, 39.0, 1.0],
    "30代": [20, 30.0, 25.0, 45.0, 0.0],
    "中央区": [300, 21.3, 30.3, 44.4, 4.0],
}
HEADINGS = {"男性": "性別", "女性": "性別", "18～29歳": "年齢", "30代": "年齢", "中央区": "居住区"}
#: area, sex, age -> people, and the sum of the first two percentages, by hand
BY_HAND = {
    (AREA, "_T", "_T"): (1000, 50.3),
    (AREA, "M", "_T"): (480, 55.0),
    (AREA, "F", "_T"): (510, 45.9),
    (AREA, "_T", "Y18T29"): (100, 60.0),
    (AREA, "_T", "Y30T39"): (20, 55.0),
    ("121011", "_T", "_T"): (300, 51.6),
}


@pytest.fixture
def make_book(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a workbook with one table below a title and a question."""

    def make(*rows: list[Any], merges: tuple[str, ...] = ()) -> Path:
        book = openpyxl.Workbook()
        for row in (["令和4年度 集計表"], [], ["問1 ことばを知っていますか。"], *rows):
            book.active.append(row)
        for one in merges:
            book.active.merge_cells(one)
        path = tmp_path / "集計表.xlsx"
        book.save(path)
        return path

    return make


@pytest.fixture
def harvest(make_source, make_context) -> Callable[..., tuple[dict[tuple[str, ...], Any], Context]]:
    """Return a function that harvests a workbook: area, sex, age -> people and value; and the context."""

    def run(path: Path, **options: Any) -> tuple[dict[tuple[str, ...], Any], Context]:
        context = make_context(make_source("crosstab", path=path, area=AREA, questions=QUESTIONS, **options))
        kind = harvesters()["crosstab"]
        [wanted] = kind.gather(context)
        [found] = kind.transform(context, kind.fetch(context, wanted, None))
        rows = found.table.to_pylist()
        return {(one["area_code"], one["sex"], one["age"]): (one["n"], one["value"]) for one in rows}, context

    return run


def rounded(rows: dict[tuple[str, ...], Any]) -> dict[tuple[str, ...], Any]:
    return {key: (n, round(value, 6)) for key, (n, value) in rows.items()}


def test_groups_in_rows_give_the_figures_added_by_hand(make_book, harvest):
    path = make_book(["区分", "回答者数", *ANSWERS], *([label, *row] for label, row in FIGURES.items()))
    assert rounded(harvest(path)[0]) == BY_HAND


def test_groups_in_columns_give_the_same(make_book, harvest):
    labels = list(FIGURES)
    rows = [[name, *(FIGURES[one][i] for one in labels)] for i, name in enumerate(["回答者数", *ANSWERS])]
    head = [["区分", "総数", "性別", None, "年齢", None, "居住区"], [None, None, *labels[1:]]]
    path = make_book(*head, *rows, merges=("C4:D4", "E4:F4"))
    assert rounded(harvest(path)[0]) == BY_HAND


@pytest.mark.parametrize("merges", [("A6:A7", "A8:A9"), ()], ids=["merged", "written once"])
def test_headings_may_stand_in_a_column_of_their_own(make_book, harvest, merges):
    seen: set[str] = set()
    rows = []
    for label, row in FIGURES.items():
        heading = HEADINGS.get(label, label)
        own = label if label in HEADINGS else None
        rows.append([None if heading in seen else heading, own, *row])
        seen.add(heading)
    path = make_book(["区分", None, "回答者数", *ANSWERS], *rows, merges=merges)
    assert rounded(harvest(path)[0]) == BY_HAND


def test_headings_may_stand_in_rows_of_their_own(make_book, harvest):
    rows: list[list[Any]] = []
    for label, row in FIGURES.items():
        heading = [f"【{HEADINGS[label]}】"] if label in HEADINGS else []
        rows += [heading, [label, *row]] if heading and heading not in rows else [[label, *row]]
    path = make_book(["区分", "回答者数", *ANSWERS], *rows)
    assert rounded(harvest(path)[0]) == BY_HAND


def test_of_people_and_percent_the_percentages_count(make_book, harvest):
    head = ["区分", "回答者数", *(one for each in ANSWERS for one in (each, None))]
    units = [None, None, *(["人", "％"] * len(ANSWERS))]
    rows = [
        [label, n, *(one for share in shares for one in (round(n * share / 100), share))]
        for label, (n, *shares) in FIGURES.items()
    ]
    path = make_book(head, units, *rows, merges=("C4:D4", "E4:F4", "G4:H4", "I4:J4", "A4:A5", "B4:B5"))
    assert rounded(harvest(path)[0]) == BY_HAND


def test_counts_alone_are_divided_by_the_base(make_book, harvest):
    rows = [["全体", 200, 50, 60, 80, 10], ["男性", 100, 10, 20, 65, 5], ["女性", 100, 40, 40, 15, 5]]
    found, _ = harvest(make_book(["区分", "回答者数", *ANSWERS], *rows))
    assert rounded(found) == {
        (AREA, "_T", "_T"): (200, 55.0),
        (AREA, "M", "_T"): (100, 30.0),
        (AREA, "F", "_T"): (100, 80.0),
    }


def test_the_side_of_the_groups_is_told_with_its_evidence(make_book, harvest):
    _, context = harvest(make_book(["区分", "回答者数", *ANSWERS], *([label, *row] for label, row in FIGURES.items())))
    [told] = context.findings.examples["detected-groups"]
    assert (told.value, str(told.place)) == ("rows", "集計表.xlsx / Sheet / row 4")
    assert "5 labels of groups in the rows, 0 on the other side" in told.detail.en
    assert "groups" in told.rule.next_step.ja


def test_a_declared_side_is_not_detected(make_book, harvest):
    path = make_book(["区分", "回答者数", *ANSWERS], *([label, *row] for label, row in FIGURES.items()))
    found, context = harvest(path, groups="rows")
    assert rounded(found) == BY_HAND
    assert "detected-groups" not in context.findings.examples


def test_findings_name_the_cell_of_the_file_and_not_of_the_turned_table(make_book, harvest):
    rows = [[label, *row] for label, row in FIGURES.items()]
    rows[1][2], rows[4][0] = "二割", "火星人"
    _, context = harvest(make_book(["区分", "回答者数", *ANSWERS], *rows))
    places = {rule: [str(one.place) for one in found] for rule, found in context.findings.examples.items()}
    assert places["cell-not-a-number"] == ["集計表.xlsx / Sheet / C6"]
    assert places["group-unknown"] == ["集計表.xlsx / Sheet / A9"]


def test_a_cell_shown_as_percent_is_read_as_shown(make_book, harvest):
    rows = [[label, n, *(round(one / 100, 6) for one in shares)] for label, (n, *shares) in FIGURES.items()]
    path = make_book(["区分", "回答者数", *ANSWERS], *rows)
    book = openpyxl.load_workbook(path)
    for row in book.active.iter_rows(min_row=5, min_col=3):
        for cell in row:
            cell.number_format = "0.0%"
    book.save(path)
    assert rounded(harvest(path)[0]) == BY_HAND
