"""Columns of large tables in files instead of memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from catalog.formats import columns, read_parquet, sort_by_key, write_csv, write_parquet


@pytest.fixture
def few_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every column in a file, in pieces of three rows."""
    monkeypatch.setattr(columns, "MOST_IN_MEMORY", 0)
    monkeypatch.setattr(columns, "ROWS", 3)


def _kept(pieces: list[pa.Array[Any]], type: pa.DataType) -> pa.ChunkedArray[Any]:
    return columns.keep_column(type, pieces, sum(map(len, pieces)))


@pytest.mark.usefixtures("few_in_memory")
def test_a_column_in_a_file_has_the_values_of_its_pieces() -> None:
    pieces = [pa.array(["a", None]), pa.array(["ぶ"]), pa.array([], pa.string())]
    assert _kept(pieces, pa.string()).to_pylist() == ["a", None, "ぶ"]


@pytest.mark.usefixtures("few_in_memory")
def test_a_piece_that_repeats_the_one_before_is_kept_once() -> None:
    column = _kept([pa.array(["a", "b"]), pa.array(["a", "b"]), pa.array(["b", "b"])], pa.string())
    first, second, third = (chunk.buffers()[2].address for chunk in column.chunks)
    assert first == second != third
    assert column.to_pylist() == ["a", "b", "a", "b", "b", "b"]


@pytest.mark.usefixtures("few_in_memory")
def test_zero_and_minus_zero_are_not_taken_for_the_same() -> None:
    column = _kept([pa.array([0.0]), pa.array([-0.0])], pa.float64())
    assert np.signbit(column.to_numpy()).tolist() == [False, True]


@pytest.mark.usefixtures("few_in_memory")
def test_the_values_stay_when_the_file_is_closed() -> None:
    column = _kept([pa.array(np.arange(1000))], pa.int64())
    assert pc.sum(column).as_py() == 499500


@pytest.mark.usefixtures("few_in_memory")
def test_a_file_that_cannot_be_written_is_an_error_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns.tempfile, "tempdir", "/nowhere/at/all")
    with pytest.raises(OSError, match="nowhere"):
        _kept([pa.array([1])], pa.int64())


@pytest.mark.usefixtures("few_in_memory")
def test_a_table_in_files_becomes_the_same_bytes(
    golden_table: pa.Table, specimen: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered = sort_by_key(golden_table.take(pa.array([3, 0, 2, 1])), specimen.by_sex)
    write_parquet(ordered, specimen.by_sex, tmp_path / "files.parquet", {})
    write_csv(ordered, specimen.by_sex, tmp_path / "files.csv")
    monkeypatch.setattr(columns, "MOST_IN_MEMORY", 1000)
    write_parquet(golden_table, specimen.by_sex, tmp_path / "memory.parquet", {})
    write_csv(sort_by_key(golden_table, specimen.by_sex), specimen.by_sex, tmp_path / "memory.csv")
    assert (tmp_path / "files.parquet").read_bytes() == (tmp_path / "memory.parquet").read_bytes()
    assert (tmp_path / "files.csv").read_bytes() == (tmp_path / "memory.csv").read_bytes()


@pytest.mark.usefixtures("few_in_memory")
def test_a_large_parquet_file_is_read_into_files(golden_table: pa.Table, specimen: Any, tmp_path: Path) -> None:
    write_parquet(golden_table, specimen.by_sex, tmp_path / "a.parquet", {})
    assert read_parquet(tmp_path / "a.parquet").equals(sort_by_key(golden_table, specimen.by_sex))


@pytest.mark.usefixtures("few_in_memory")
def test_rows_of_a_large_table_are_chosen_by_flags(golden_table: pa.Table) -> None:
    keep = pa.chunked_array([[True, False], [False, True]])
    assert columns.filter_rows(golden_table, keep).to_pylist() == golden_table.filter(keep).to_pylist()


@pytest.mark.usefixtures("few_in_memory")
def test_a_table_in_whole_pieces_is_not_copied() -> None:
    table = pa.table({"a": pa.chunked_array([[1, 2, 3], [4]])})
    assert columns.without_crumbs(table) is table


@pytest.mark.usefixtures("few_in_memory")
def test_a_table_in_crumbs_is_put_together() -> None:
    table = pa.table({"a": pa.chunked_array([[1], [2], [3], [4]])})
    assert columns.without_crumbs(table).column("a").num_chunks == 1
    assert columns.without_crumbs(table).equals(table)


@pytest.mark.parametrize("most", [0, 1000], ids=["in-files", "in-memory"])
def test_a_piece_that_is_kept_once_is_looked_at_once(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(columns, "MOST_IN_MEMORY", most)
    pieces = [["b", None], ["b", None], ["a", "b"], ["b", None], ["a"]]
    column = _kept([pa.array(one) for one in pieces], pa.string())
    assert columns.unique(column).to_pylist() == pc.unique(column).to_pylist() == ["b", None, "a"]
    index, words = columns.encode(column)
    assert [words[i].as_py() if i >= 0 else None for i in index] == column.to_pylist()


def test_a_column_without_pieces_has_no_values() -> None:
    column = pa.chunked_array([], pa.string())
    assert columns.unique(column).to_pylist() == []
    assert columns.encode(column)[0].tolist() == []
