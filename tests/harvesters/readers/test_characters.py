"""Characters that look like others or like nothing, and numbers that say why they are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.findings import Findings
from harvesters.readers.cells import CellReader, Complaint, read_number
from harvesters.readers.characters import put_right
from harvesters.readers.markers import LEGENDS
from harvesters.readers.tables import fold

DEFAULT = LEGENDS["default"]


@pytest.mark.parametrize(
    ("text", "right", "ja"),
    [
        ("12.3\u200b", "12.3", "見えない文字（U+200B）を除いた"),
        ("\ufeff千葉\u2060市", "千葉市", "見えない文字（U+FEFF、U+2060）を除いた"),
        ("12\u2f08", "12人", "似た文字を直した（\u2f08→人）"),
        ("ﾎﾟｲﾝﾄ", "ポイント", "似た文字を直した（ﾎﾟｲﾝﾄ→ポイント）"),
        ("⼤阪\u200b", "大阪", "見えない文字（U+200B）を除いた、似た文字を直した（⼤→大）"),
    ],
)
def test_look_alikes_and_invisible_characters_are_put_right_and_told(text, right, ja):
    found, told = put_right(text)
    assert (found, told.ja) == (right, ja)


@pytest.mark.parametrize("text", ["①", "12¹", "１２％", "㊤", "12人", "千葉市", "ー"])
def test_notes_and_ordinary_characters_stay(text):
    assert put_right(text) == (text, None)


@given(st.text(max_size=30))
def test_putting_right_twice_is_as_once_and_what_is_told_was_done(text):
    right, told = put_right(text)
    assert (told is not None) == (right != text)
    assert put_right(right)[0] == right


@pytest.mark.parametrize(
    ("cell", "ja", "en"),
    [
        ("12.3*1", "数の後ろに注の印がある", "a note mark stands behind"),
        ("12.3注1", "数の後ろに注の印がある", "a note mark stands behind"),
        ("12.3(注2)", "数の後ろに注の印がある", "a note mark stands behind"),
        ("12.3¹", "数の後ろに注の印がある", "a note mark stands behind"),
        ("(12.3)", "かっこ付きの数は負の数とも注とも読める", "in brackets it may be negative or a note"),
        ("（12.3）", "かっこ付きの数は負の数とも注とも読める", "in brackets it may be negative or a note"),
        ("1E+05", "指数の形では下の桁が失われている", "with an exponent the last digits are lost"),
        ("1 234", "数の中に空白がある", "there is a space inside"),
        ("1\u00a0234", "数の中に空白がある", "there is a space inside"),
        ("約12", "概数や幅で、一つの数ではない", "it is approximate or a range"),
        ("12〜13", "概数や幅で、一つの数ではない", "it is approximate or a range"),
        ("5人未満", "概数や幅で、一つの数ではない", "it is approximate or a range"),
        ("l2.3", "数字の代わりに英字", "there is a letter in place of a digit"),
        ("O.5", "数字の代わりに英字", "there is a letter in place of a digit"),
        ("12，3", "桁区切りが3桁ごとでない", "separators are not between threes"),
        ("12。3", "桁区切りが3桁ごとでない", "separators are not between threes"),
    ],
)
def test_what_is_nearly_a_number_says_why_it_is_none(cell, ja, en):
    found = read_number(cell, DEFAULT)
    assert isinstance(found, Complaint)
    assert (found.rule.id, found.value) == ("cell-not-a-number", cell)
    assert found.detail.ja.startswith(ja)
    assert found.detail.en.startswith(en)


@pytest.mark.parametrize("text", ["1," * 50_000, "1" * 100_000 + "x", "1 " * 50_000, "約" * 100_000])
def test_a_long_text_is_refused_at_once(text):
    assert isinstance(read_number(text, DEFAULT), Complaint)


@pytest.mark.parametrize(
    ("cell", "number", "unit", "ja"),
    [
        ("12.3\u200b", "12.3", None, "見えない文字（U+200B）を除いた"),
        ("12\u2f08", "12", "人", "単位「人」、似た文字を直した（\u2f08→人）"),
        ("１２．３", "12.3", None, "全角"),
        ("12ﾊﾟｰｾﾝﾄ", "12", "%", "単位「パーセント」、似た文字を直した（ﾊﾟｰｾﾝﾄ→パーセント）"),
    ],
)
def test_a_number_with_such_characters_is_read_and_told(grid, cell, number, unit, ja):
    findings = Findings()
    read = CellReader(grid([cell]), DEFAULT, findings).number(0, 0)
    assert (str(read.value), read.unit) == (number, unit)
    [one] = findings.examples["cell-number-repaired"]
    assert (one.place.cell, one.detail.ja) == ("A1", ja)


def test_a_complaint_of_a_cell_says_why_in_both_languages(grid):
    findings = Findings()
    CellReader(grid(["", "(12.3)"]), DEFAULT, findings).number(0, 1)
    [one] = findings.examples["cell-not-a-number"]
    assert one.message("ja") == (
        "表.xlsx / 一 / B1: かっこ付きの数は負の数とも注とも読める。負なら -12.3 のように書いてください: (12.3)"
    )
    assert one.message("en").startswith("表.xlsx / 一 / B1: in brackets it may be negative or a note;")


def test_headings_are_compared_without_what_nobody_sees():
    assert fold("率\u200b（％）") == fold("率(%)")
