"""Units behind numbers: one table of words, and whether a cell fits its column."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.reference import load_reference
from harvesters.findings import Findings
from harvesters.readers.cells import CellReader, ReadNumber, read_number
from harvesters.readers.markers import LEGENDS
from harvesters.readers.units import (
    COUNTS,
    PERCENTAGES,
    SCALES,
    Unit,
    declared_unit,
    find_unit,
    heading_unit,
    unit_in_heading,
    usual_unit,
)


@pytest.mark.parametrize(
    ("word", "unit"),
    [
        ("人", Unit("PS")),
        ("名", Unit("PS")),
        ("%", Unit("PT")),
        ("パーセント", Unit("PT")),
        ("ポイント", Unit("PP")),
        ("pt", Unit("PP")),
        ("千人", Unit("PS", Decimal(1000))),
        ("百万円", Unit("円", Decimal(1_000_000))),
        ("億円", Unit("円", Decimal(100_000_000))),
        ("万", Unit("", Decimal(10_000))),
        ("箇所", Unit("か所")),
        ("犬", None),
        ("", None),
    ],
)
def test_a_word_of_a_unit_has_one_meaning(word, unit):
    assert find_unit(word) == unit


def test_every_unit_of_the_product_s_list_is_known_by_its_own_label():
    units = load_reference().codelists["unit"].labels
    assert {code: find_unit(label.ja) for code, label in units.items()} == {code: Unit(code) for code in units}


@given(st.sampled_from(sorted(SCALES)), st.sampled_from(["人", "円", "世帯"]), st.integers(0, 999))
def test_a_number_with_a_scale_keeps_it_in_its_unit_and_is_not_multiplied(scale, word, number):
    read = read_number(f"{number}{scale}{word}", LEGENDS["default"])
    assert isinstance(read, ReadNumber)
    assert (read.value, read.unit) == (number, scale + word)


@pytest.mark.parametrize("text", ["12パーセント", "12㌫", "12％", "12 ％"])
def test_whatever_means_percent_is_percent(text):
    assert read_number(text, LEGENDS["default"]).unit == "%"


@pytest.mark.parametrize(
    ("path", "word"),
    [
        (("人口（千人）",), "千人"),
        (("率(%)",), "%"),
        (("率［％］",), "%"),
        (("人口 [単位：人]",), "人"),
        (("交付", "枚"), "枚"),
        (("世帯",), None),
        (("人口（令和5年）",), None),
        ((), None),
    ],
)
def test_the_unit_of_a_heading_stands_in_brackets_or_alone_in_its_last_row(path, word):
    assert unit_in_heading(path) == word


@pytest.mark.parametrize(
    ("column", "word", "agrees"),
    [
        (declared_unit("PS"), "人", True),
        (declared_unit("PS"), None, True),
        (declared_unit("PS"), "千人", False),
        (declared_unit("PS", factor=Decimal(1000)), "千人", True),
        (declared_unit("PS", factor=Decimal(1000)), "千", True),
        (declared_unit("PS", factor=Decimal(1000)), "人", False),
        (declared_unit("PS", factor=Decimal(12)), "人", True),
        (declared_unit("PS"), "%", False),
        (PERCENTAGES, "%", True),
        (PERCENTAGES, "ポイント", False),
        (COUNTS, "社", True),
        (COUNTS, "%", False),
        (COUNTS, "千人", False),
        (heading_unit(("人口（千人）",)), "人", False),
    ],
)
def test_a_unit_agrees_with_its_column_or_contradicts_it(column, word, agrees):
    assert (column.contradiction(word) is None) is agrees


def test_the_unit_of_a_column_is_that_of_most_of_its_cells():
    found = usual_unit({"人": 1, "件": 3, "名": 1})
    assert (found.id, found.grounds.ja, found.grounds.en) == (
        "CASE",
        "同じ列の3個のセルが「件」",
        "3 cells of the column say 件",
    )


def test_words_of_one_meaning_do_not_differ():
    assert usual_unit({"人": 1, "名": 3}) is None


def test_a_cell_reader_refuses_a_unit_with_file_sheet_cell_value_and_both_units(grid):
    findings = Findings()
    assert CellReader(grid(["", "１２人"]), LEGENDS["default"], findings).number(0, 1, PERCENTAGES) is None
    [found] = findings.examples["unit-contradicts"]
    assert found.message("ja") == ("表.xlsx / 一 / B1: セルの単位は「人」、列の単位は「%」（割合の列）: １２人")
    assert found.message("en") == (
        "表.xlsx / 一 / B1: the cell says 人, the column is in % (a column of percentages): １２人"
    )
    assert "cell-number-repaired" not in findings.counts
