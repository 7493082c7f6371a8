"""Tables of a company survey."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from catalog.errors import InputError, UnknownCode
from harvesters import Context, Contribution
from harvesters.registry import harvesters

AREA = {"area": "121002", "synthetic": True}


@pytest.fixture
def harvest(make_source, make_context) -> Callable[..., tuple[Contribution, Context]]:
    """Return a function that harvests one file."""

    def run(path: Path, **options: Any) -> tuple[Contribution, Context]:
        context = make_context(make_source("company_survey", path=path, **{**AREA, **options}))
        kind = harvesters()["company_survey"]
        [wanted] = kind.gather(context)
        [found] = kind.transform(context, kind.fetch(context, wanted, None))
        return found, context

    return run


def rows_of(contribution: Contribution) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the observations by industry and size."""
    return {(row["industry"], row["size"]): row for row in contribution.table.to_pylist()}


HEAD = [["業種", "規模", "回答企業数", "取り組んでいる", None], [None, None, "社", "社", "％"]]


@pytest.fixture
def make_table(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a table of companies."""

    def make(*rows: list[Any], merged: str = "D3:E3", head: list[list[Any]] = HEAD) -> Path:
        book = openpyxl.Workbook()
        for row in (["令和5年度 企業アンケート"], [], *head, *rows):
            book.active.append(row)
        book.active.merge_cells(merged)
        path = tmp_path / "企業アンケート.xlsx"
        book.save(path)
        return path

    return make


def test_every_printed_figure_equals_the_truth(shared_data, harvest):
    truth = json.loads((shared_data / "cityhall" / "truth.json").read_text("utf-8"))
    found, _ = harvest(shared_data / "cityhall" / "企業アンケート_R5.xlsx")
    industries = {"製造業": "E", "建設業": "D", "卸売・小売業": "I", "情報通信業": "G", "医療・福祉": "P"}
    sizes = {"1～19人": "E1T19", "20～99人": "E20T99", "100人以上": "E_GE100"}
    rows, keys = rows_of(found), [key for key in truth if key.startswith("company/")]
    for key in keys:
        group = key.split("/")[2:]
        other = next(code for code in found.dataset.structure.get_breakdown("industry").codes if code.startswith("X"))
        row = rows["_T", "_T"] if group == ["total"] else rows[industries.get(group[0], other), sizes[group[1]]]
        assert {name: row[name] for name in truth[key]} == truth[key], key
        assert row["period"] == "FY2023"
    assert len(keys) == len(rows) == 19


def test_what_the_table_withholds_is_withheld(shared_data, harvest):
    rows = rows_of(harvest(shared_data / "cityhall" / "企業アンケート_R5.xlsx")[0])
    assert {row["n"] for row in rows.values() if row["obs_status"] == "Q"} == {7, 9}


def test_counts_stand_beside_the_percentage(make_table, harvest):
    row = rows_of(harvest(make_table(["製造業", "1～19人", 71, 30, 42.3]))[0])["E", "E1T19"]
    assert (row["value"], row["numerator"], row["denominator"], row["n"]) == (42.3, 30, 71, 71)


def test_each_observation_is_found_in_its_cell(make_table, harvest):
    found, _ = harvest(make_table(["製造業", "1～19人", 71, 30, 42.3], ["建設業", "1～19人", 50, 10, 20.0]))
    [places] = found.places
    cells = places.find([{"industry": "D"}, {"industry": "E", "size": "E1T19"}, {"industry": "P"}])
    assert {i: str(place) for i, place in cells.items()} == {
        0: "企業アンケート.xlsx / Sheet / E6",
        1: "企業アンケート.xlsx / Sheet / E5",
    }


def test_a_percentage_that_its_counts_contradict_is_reported(make_table, harvest):
    _, context = harvest(make_table(["製造業", "1～19人", 71, 30, 48.3]))
    [one] = context.findings.examples["rate-differs"]
    assert (one.place.cell, one.value) == ("E5", "48.3 ≠ 30/71 = 42.25")


def test_a_total_that_is_not_the_sum_of_the_rows_is_reported(make_table, harvest):
    _, context = harvest(
        make_table(
            ["製造業", "1～19人", 70, 35, 50.0], ["建設業", "1～19人", 30, 15, 50.0], ["合計", None, "101", 50, 50.0]
        )
    )
    [one] = context.findings.examples["total-differs"]
    assert (one.place.cell, one.value) == ("C7", "101 ≠ 100")


def test_without_percentages_they_are_computed_from_the_counts(make_table, harvest):
    head = [["業種", "規模", "回答企業数", "取り組んでいる", "予定なし"], [None, None, "社", "社", "社"]]
    row = rows_of(harvest(make_table(["製造業", "1～19人", 80, 30, 50], head=head, merged="A3:A4"))[0])["E", "E1T19"]
    assert (row["value"], row["numerator"]) == (37.5, 30)


def test_several_positive_answers_are_added_up(make_table, harvest):
    head = [["業種", "規模", "回答企業数", "実施", "検討中"], [None, None, "社", "％", "％"]]
    path = make_table(["製造業", "1～19人", 80, 37.5, 10.1], head=head, merged="A3:A4")
    assert rows_of(harvest(path, positive=("実施", "検討中"))[0])["E", "E1T19"]["value"] == 47.6


def test_a_size_that_is_not_understood_leaves_the_row_out_and_is_named(make_table, harvest):
    found, context = harvest(make_table(["製造業", "大企業", 71, 30, 42.3], ["製造業", "1～19人", 71, 30, 42.3]))
    assert list(rows_of(found)) == [("E", "E1T19")]
    assert context.findings.examples["group-unknown"][0].value == "大企業"
    assert (context.tally.accepted, context.tally.rejected) == (1, 1)


def test_sizes_of_ones_own_are_declared(make_table, harvest):
    found, _ = harvest(make_table(["製造業", "大企業", 71, 30, 42.3]), codes={"size": {"大企業": "E_GE300"}})
    assert list(rows_of(found)) == [("E", "E_GE300")]


def test_an_answer_that_is_not_there_is_an_error_with_the_headings(make_table, harvest):
    with pytest.raises(InputError, match="no column '実施'") as caught:
        harvest(make_table(["製造業", "1～19人", 71, 30, 42.3]), positive=("実施",))
    assert "取り組んでいる / 社" in caught.value.next_step.ja


def test_an_indicator_that_does_not_exist_is_an_error(make_table, harvest):
    with pytest.raises(UnknownCode, match="kpi-77"):
        harvest(make_table(["製造業", "1～19人", 71, 30, 42.3]), indicator="kpi-77")


def test_small_groups_are_flagged_if_that_is_asked_for(make_table, harvest):
    path = make_table(["製造業", "1～19人", 20, 10, 50.0], ["建設業", "1～19人", 40, 10, 25.0])
    rows = rows_of(harvest(path, flag_below=30)[0])
    assert (rows["E", "E1T19"]["obs_status"], rows["D", "E1T19"]["obs_status"]) == ("U", "A")


def test_subtotals_are_totals_of_their_industry_or_size_and_do_not_count_twice(make_table, harvest):
    found, context = harvest(
        make_table(
            ["全業種", "1～19人", 90, 45, 50.0],
            ["製造業", "計", 100, 55, 55.0],
            ["製造業", "1～19人", 60, 30, 50.0],
            ["製造業", "20人以上", 40, 25, 62.5],
            ["建設業", "1～19人", 30, 15, 50.0],
            ["合計", None, 130, 70, 53.8],
        )
    )
    rows = rows_of(found)
    assert {key: rows[key]["value"] for key in (("E", "_T"), ("_T", "E1T19"), ("_T", "_T"), ("E", "E1T19"))} == {
        ("E", "_T"): 55.0,
        ("_T", "E1T19"): 50.0,
        ("_T", "_T"): 53.8,
        ("E", "E1T19"): 50.0,
    }
    assert "total-differs" not in context.findings.counts
    assert "group-unknown" not in context.findings.counts


@pytest.mark.parametrize(
    ("cells", "place", "value", "en"),
    [
        ((71, 30, "12社"), "E5", "12社", "the cell says 社, the column is in % (a column of percentages)"),
        ((71, "42.3%", 42.3), "D5", "42.3%", "the cell says %, the column is in 件・人などの数 (a column of counts)"),
        (("7.1千社", 30, 42.3), "C5", "7.1千社", "the cell says 千社, the column is in 件・人などの数"),
    ],
)
def test_a_unit_that_is_not_that_of_its_column_is_refused(make_table, harvest, cells, place, value, en):
    _, context = harvest(make_table(["製造業", "1～19人", *cells], ["建設業", "1～19人", 71, 30, 42.3]))
    [one] = context.findings.examples["unit-contradicts"]
    assert (one.place.sheet, one.place.cell, one.value) == ("Sheet", place, value)
    assert one.detail.en.startswith(en)
