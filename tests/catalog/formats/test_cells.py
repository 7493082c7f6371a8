from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.formats import cell_texts, number_texts


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (318610.0, "318610"),
        (32.8, "32.8"),
        (0.1 + 0.2, "0.30000000000000004"),
        (-0.0, "0"),
        (-3.2, "-3.2"),
        (1e10, "10000000000"),
        (12345678901.5, "12345678901.5"),
        (123456789012345.0, "123456789012345"),
        (1e-7, "0.0000001"),
        (1e22, "10000000000000000000000"),
    ],
)
def test_a_number_is_written_in_its_shortest_form_without_exponent(number: float, text: str) -> None:
    assert number_texts(pa.array([number])).to_pylist() == [text]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_every_number_reads_back_as_itself(numbers: list[float]) -> None:
    texts = number_texts(pa.array(numbers, pa.float64())).to_pylist()
    assert [float(text) for text in texts] == numbers
    assert not any("e" in text for text in texts)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_no_format_can_write_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="missing value is null"):
        number_texts(pa.array([1.0, number]))


def test_dates_are_iso_8601_and_null_stays_null() -> None:
    column = pa.chunked_array([pa.array([date(2021, 4, 1), None], pa.date32())])
    assert cell_texts(column).to_pylist() == ["2021-04-01", None]


def test_a_column_in_several_chunks_is_one_column() -> None:
    assert cell_texts(pa.chunked_array([["a"], ["b", None]])).to_pylist() == ["a", "b", None]


def test_an_empty_column_has_no_texts() -> None:
    assert cell_texts(pa.chunked_array([], pa.float64())).to_pylist() == []


def test_a_dictionary_encoded_column_is_written_like_its_values() -> None:
    assert cell_texts(pa.chunked_array([pa.array(["x", None, "x"]).dictionary_encode()])).to_pylist() == [
        "x",
        None,
        "x",
    ]
