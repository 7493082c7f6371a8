"""Parquet files as sources."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.errors import InputError
from harvesters.readers import read_parquet, read_table

TABLE = pa.table(
    {
        "名称": pa.array(["千葉市", None, " 銚子市 "]),
        "種別": pa.array(["市", "市", "市"]).dictionary_encode(),
        "件数": pa.array([1, None, 3_000_000_000], pa.uint32()),
        "要らない": pa.array([[1], [2], [3]]),
    }
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "in.parquet"
    pq.write_table(TABLE, path)
    return path


def test_values_become_text_and_null_becomes_empty(file: Path) -> None:
    rows = list(read_parquet(file, name="in.parquet", columns=("名称", "種別", "件数"), largest=1_000_000))
    assert [row.cells for row in rows] == [
        {"名称": "千葉市", "種別": "市", "件数": "1"},
        {"名称": "", "種別": "市", "件数": ""},
        {"名称": "銚子市", "種別": "市", "件数": "3000000000"},
    ]


def test_rows_are_numbered_as_if_there_were_a_header(file: Path) -> None:
    assert [row.number for row in read_parquet(file, name="x", columns=("名称",), largest=1_000_000)] == [2, 3, 4]


def test_a_missing_column_is_an_error(file: Path) -> None:
    with pytest.raises(InputError, match="件数2"):
        read_parquet(file, name="x", columns=("件数2",), largest=1_000_000)


def test_a_file_that_is_cut_off_is_an_error(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(InputError, match="Parquet"):
        read_parquet(file, name="x", columns=("名称",), largest=1_000_000)


def test_damage_inside_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"名称": ["x" * 50] * 1000}), path, use_dictionary=False, compression="snappy")
    raw = bytearray(path.read_bytes())
    raw[40:200] = b"\xff" * 160
    path.write_bytes(bytes(raw))
    with pytest.raises(InputError, match="Parquet"):
        list(read_parquet(path, name="x", columns=("名称",), largest=1_000_000))


def test_what_unpacks_to_more_than_the_limit_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"名称": ["0" * 1000 + str(i) for i in range(10_000)]}), path, compression="zstd")
    assert path.stat().st_size < 1_000_000
    with pytest.raises(InputError, match="larger than"):
        read_parquet(path, name="x", columns=("名称",), largest=1_000_000)


def test_a_parquet_file_is_told_apart_by_its_first_bytes(file: Path) -> None:
    assert read_table(file, name="x", columns=("名称",), largest=1_000_000).encoding is None
