"""Numbers, dates, periods and sizes as people read them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.portal.language import Translator
from api.portal.writing import Writer
from catalog.reference import load_reference

UNITS = load_reference().codelists["unit"]
JA, EN = (Writer(Translator(lang), UNITS) for lang in ("ja", "en"))


@pytest.mark.parametrize(
    ("value", "text"), [(32.8, "32.8"), (48.0, "48.0"), (79.4698, "79.5"), (0.25, "0.3"), (1234.5, "1,234.5")]
)
def test_a_value_has_one_decimal_rounded_half_up(value: float, text: str) -> None:
    assert JA.value(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_exact_value_reads_back(value: float) -> None:
    assert float(JA.exact(value)) == value


@pytest.mark.parametrize(
    ("change", "text"), [(3.6, "+3.6"), (-0.3, "−0.3"), (0.0, "±0.0"), (0.04, "±0.0"), (44.6 - 41.0, "+3.6")]
)
def test_a_change_has_its_sign(change: float, text: str) -> None:
    assert JA.change(change) == text


@pytest.mark.parametrize(
    ("period", "ja", "en"),
    [
        ("2021-04-01", "2021年4月1日", "1 April 2021"),
        ("2024", "2024年", "2024"),
        ("FY2023", "2023年度（2023年4月～2024年3月）", "fiscal year 2023 (April 2023 to March 2024)"),
        ("2024-Q3", "2024年第3四半期", "quarter 3 of 2024"),
        ("2024-M12", "2024年12月", "December 2024"),
    ],
)
def test_a_period_is_written_in_words(period: str, ja: str, en: str) -> None:
    assert (JA.period(period), EN.period(period)) == (ja, en)


def test_a_tick_is_short() -> None:
    assert [JA.tick(date(2021, 1, 1)), JA.tick(date(2021, 4, 1)), EN.tick(date(2021, 4, 1))] == [
        "2021年",
        "2021年4月",
        "2021-04",
    ]


@pytest.mark.parametrize(
    ("count", "text"), [(318610.0, "318,610"), (0, "0"), (12.5, "12.5"), (4307176937.0, "4,307,176,937")]
)
def test_a_count_has_thousands_separators_and_keeps_its_digits(count: float, text: str) -> None:
    assert JA.count(count) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1536, "1.5 KB"), (3 * 1024**2, "3.0 MB"), (5 * 1024**3, "5.0 GB")]
)
def test_a_size_is_in_the_largest_fitting_unit(size: int, text: str) -> None:
    assert JA.size(size) == text


@pytest.mark.parametrize(
    ("code", "unit", "change"), [("PT", "%", "ポイント"), ("PS", "人", "人"), ("unheard", "unheard", "unheard")]
)
def test_a_unit_has_a_sign_a_name_or_its_code(code: str, unit: str, change: str) -> None:
    assert (JA.unit(code), JA.change_unit(code)) == (unit, change)


def test_a_moment_is_written_as_its_day() -> None:
    assert EN.moment("2022-04-01T00:00:00+09:00") == "1 April 2022"
