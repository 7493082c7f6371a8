"""Whether a column says 50.2, 0.502 or 50.2%."""

from __future__ import annotations

from decimal import Decimal

import pytest

from catalog.errors import Place
from harvesters.readers.cells import read_number
from harvesters.readers.markers import LEGENDS
from harvesters.readers.percent import detect_scale, to_percent

HERE = Place(file="表.xlsx", sheet="一", cell="B2")


def numbers(*cells):
    return [read_number(cell, LEGENDS["default"]) for cell in cells]


@pytest.mark.parametrize(
    ("cells", "scale", "evidence"),
    [
        (("50.2", "0.9"), "points", "1を超える値がある（最大50.2）"),
        ((0.502, 0.31, 0.9, "X"), "fraction", "3個の値がすべて0以上1以下（最大0.9）"),
        (("50.2%", "3%"), "points", "すべてに%が付いている"),
        ((0.8,), "points", "値が1個しかなく、%とみなした"),
    ],
)
def test_the_scale_is_found_with_its_evidence(cells, scale, evidence):
    found, detected = detect_scale(numbers(*cells), HERE)
    assert found == scale
    assert detected.evidence.ja == evidence
    assert detected.finding.place == HERE


def test_fractions_become_percent_and_what_has_a_sign_stays():
    plain, signed, missing = numbers(0.502, "3.1%", "X")
    assert to_percent(plain, "fraction") == Decimal("50.2")
    assert to_percent(signed, "fraction") == Decimal("3.1")
    assert to_percent(missing, "fraction") is None
    assert to_percent(plain, "points") == Decimal("0.502")
