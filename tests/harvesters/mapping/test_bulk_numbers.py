"""Numbers of a column: all at once where they are plain, one by one where they are not."""

from __future__ import annotations

import math
import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.mapping.bulk import _cast, _find_floats

_PLAIN = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")
_TEXTS = st.text("0123456789.", min_size=1, max_size=17) | st.text("0123456789.+-e ,inaf０", max_size=6)


@given(st.lists(_TEXTS, max_size=6))
def test_a_cell_is_a_plain_number_exactly_if_it_looks_like_one(texts: list[str]) -> None:
    numbers, messy = _cast(pa.array(["skipped", *texts], pa.string()).slice(1))
    for text, number, is_messy in zip(texts, numbers.tolist(), messy.tolist(), strict=True):
        assert is_messy == (_PLAIN.fullmatch(text) is None)
        assert math.isnan(number) if is_messy else number == float(text)


def test_digits_are_read_without_a_pattern() -> None:
    found = _find_floats(pa.array(["0", "12.5", "318610"]))
    assert found is not None
    assert found.tolist() == [0.0, 12.5, 318610.0]


@pytest.mark.parametrize("text", ["", ".5", "5.", "-5", "1.2.3", "1e5", "nan", " 5", "1234567890.123456", None])
def test_one_cell_that_is_not_plain_digits_ends_the_short_way(text: str | None) -> None:
    assert _find_floats(pa.array(["12.5", text], pa.string())) is None
