"""Arrays that wait in memory, as one value, or in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harvesters.mapping import scratch
from harvesters.mapping.scratch import Scratch


@pytest.fixture(autouse=True)
def every_array_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "_SHORT", 1)


@pytest.mark.parametrize("most", [0, 1_000_000], ids=["in-a-file", "in-memory"])
@pytest.mark.parametrize(
    "array",
    [
        np.array([3, 1, 2], np.int32),
        np.array([5, 6, 7], np.int64),
        np.array([5, 7, 7], np.int64),
        np.array([5, 4, 7], np.int64),
        np.array([1.5, np.nan, -0.0]),
        np.array([True, False]),
        np.full(4, -1, np.int32),
        np.zeros(0, np.int32),
    ],
    ids=repr,
)
def test_an_array_comes_back_as_it_was(
    array: np.ndarray, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "MOST_HELD", most)
    kept = Scratch(tmp_path / "arrays").keep(array)
    assert kept.length == len(array)
    assert kept.load().dtype == array.dtype
    assert kept.load().tobytes() == array.tobytes()


def test_arrays_stay_in_memory_until_they_are_too_large_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "MOST_HELD", 40)
    array, arrays = np.array([3, 1, 2]), Scratch(tmp_path / "arrays")
    assert arrays.keep(array).load() is array
    assert not (tmp_path / "arrays").exists()
    assert arrays.keep(array).load() is not array
    assert (tmp_path / "arrays").stat().st_size == array.nbytes


@pytest.mark.parametrize("array", [np.full(9, 2.5), np.arange(4, 13)], ids=["the-same", "counting-up"])
def test_an_array_that_one_value_tells_is_not_written(
    array: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "MOST_HELD", 0)
    assert Scratch(tmp_path / "arrays").keep(array).load().tolist() == array.tolist()
    assert not (tmp_path / "arrays").exists()
