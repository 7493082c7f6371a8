"""What a cell says."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.findings import Findings
from harvesters.readers.cells import CellReader, Complaint, ReadNumber, read_number
from harvesters.readers.markers import LEGENDS, Legend, Meaning, fold_marker, is_marker

YEARBOOK = LEGENDS["yearbook"]


@pytest.mark.parametrize(
    ("cell", "number", "unit"),
    [
        ("1391", 1391, None),
        ("1,391", 1391, None),
        ("１，３９１", 1391, None),
        ("12人", 12, "人"),
        ("1,234件", 1234, "件"),
        ("1,391 人", 1391, "人"),
        ("▲3", -3, None),
        ("△3.5", "-3.5", None),
        ("－3", -3, None),
        ("50.2%", "50.2", "%"),
        ("５０．２％", "50.2", "%"),
        ("3百万円", 3, "百万円"),
        (" 7 ", 7, None),
        (38.800000000000004, "38.8", None),
        (0.1 + 0.2, "0.3", None),
        (38.0, 38, None),
    ],
)
def test_a_number_is_read_as_people_write_it(cell, number, unit):
    read = read_number(cell, YEARBOOK)
    assert (read.value, read.unit) == (Decimal(str(number)), unit)


def test_a_fraction_that_the_sheet_shows_as_percent_is_percent():
    read = read_number(0.502, YEARBOOK, shown_as_percent=True)
    assert (read.value, read.unit) == (Decimal("50.2"), "%")


@pytest.mark.parametrize(
    ("cell", "number", "status"),
    [
        ("X", None, "Q"),
        ("Ｘ", None, "Q"),
        ("χ", None, "Q"),
        ("×", None, "Q"),
        ("…", None, "O"),
        ("・・・", None, "O"),
        ("...", None, "O"),
        ("-", 0, "A"),
        ("―", 0, "A"),
        ("－", 0, "A"),
        ("123p", 123, "P"),
        ("ｐ123", 123, "P"),
        ("r45", 45, "A"),
    ],
)
def test_a_marker_says_what_the_legend_says(cell, number, status):
    read = read_number(cell, YEARBOOK)
    assert (read.value, read.status) == (number, status)


def test_the_same_dash_means_something_else_in_another_source():
    unknown = LEGENDS["default"].extended({"―": Meaning.NOT_COLLECTED})
    assert read_number("-", unknown).status == "L"


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("1,23", "cell-not-a-number"),
        ("12/3", "cell-not-a-number"),
        ("約100", "cell-not-a-number"),
        ("(3)", "cell-not-a-number"),
        ("①", "cell-not-a-number"),
        ("1 234", "cell-not-a-number"),
        ("未定", "cell-not-a-number"),
        (date(2024, 4, 1), "cell-not-a-number"),
        (True, "cell-not-a-number"),
        (math.nan, "cell-not-a-number"),
        ("-", "cell-marker-unknown"),
        ("*", "cell-marker-unknown"),
        ("3*", "cell-marker-unknown"),
        ("#N/A", "cell-formula-error"),
        ("#DIV/0!", "cell-formula-error"),
    ],
)
def test_what_is_no_number_is_a_complaint_and_no_zero(cell, rule):
    read = read_number(cell, LEGENDS["default"])
    assert isinstance(read, Complaint)
    assert read.rule.id == rule


@pytest.mark.parametrize("cell", [None, "", "  ", "　"])
def test_an_empty_cell_is_neither_zero_nor_a_marker(cell):
    assert read_number(cell, YEARBOOK).is_empty


@given(st.integers(-(10**12), 10**12), st.booleans(), st.booleans(), st.sampled_from(["", "人", "件", "％"]))
def test_every_way_to_write_a_whole_number_is_read_back(number, wide, separated, unit):
    text = f"{abs(number):,}" if separated else str(abs(number))
    text = ("▲" if number < 0 else "") + text + unit
    if wide:
        text = text.translate({ord(one): ord(one) + 0xFEE0 for one in "0123456789,"})
    assert read_number(text, YEARBOOK).value == number


@given(st.text(max_size=12))
def test_any_text_is_a_number_or_a_complaint(text):
    assert isinstance(read_number(text, YEARBOOK), ReadNumber | Complaint)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_of_the_spreadsheet_is_kept_to_15_digits(number):
    assert float(read_number(number, YEARBOOK).value) == pytest.approx(number, rel=1e-14)


@pytest.mark.parametrize("text", ["--", "――", "ーー"])
def test_a_repeated_dash_is_a_dash(text):
    assert fold_marker(text) == "-"


@pytest.mark.parametrize(("text", "expected"), [("-", True), ("※", True), ("P", True), ("あ", False), ("abc", False)])
def test_markers_are_told_from_words(text, expected):
    assert is_marker(text) is expected


def test_a_cell_reader_names_file_sheet_cell_value_and_what_to_do(grid):
    findings = Findings()
    reader = CellReader(grid(["", "約100"]), LEGENDS["default"], findings)
    assert reader.number(0, 1) is None
    [found] = findings.examples["cell-not-a-number"]
    assert (str(found.place), found.value) == ("表.xlsx / 一 / B1", "約100")
    assert findings.rules["cell-not-a-number"].next_step.en.startswith("Write a plain number")


def test_a_cell_reader_reports_repairs(grid):
    findings = Findings()
    assert CellReader(grid(["１２人"]), LEGENDS["default"], findings).number(0, 0).value == 12
    [found] = findings.examples["cell-number-repaired"]
    assert (found.value, found.detail.ja) == ("１２人", "全角、単位「人」")


def test_a_formula_that_was_never_computed_is_a_complaint_and_no_empty_cell(grid):
    findings = Findings()
    reader = CellReader(grid([None], uncomputed=frozenset({(0, 0)})), LEGENDS["default"], findings)
    assert reader.number(0, 0) is None
    assert findings.counts == {"cell-formula-uncomputed": 1}


def test_days_are_read_from_text_and_from_cells_that_are_dates(grid):
    findings = Findings()
    reader = CellReader(grid([date(2024, 4, 1), "R3.4.1", "", "未実施", "H31.5.1"]), LEGENDS["default"], findings)
    found = [reader.moment(0, column) for column in range(5)]
    assert [str(one.period) if one else None for one in found] == ["2024-04-01", "2021-04-01", None, None, "2019-05-01"]
    assert findings.counts == {"cell-not-a-date": 1, "cell-date-repaired": 1}


def test_a_legend_is_extended_without_changing_the_one_it_stands_on():
    more = LEGENDS["default"].extended({"－": Meaning.NIL})
    assert isinstance(more, Legend)
    assert LEGENDS["default"].find("-") is None
    assert more.find("―") is Meaning.NIL
