from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.errors import IntegrityError
from catalog.formats import read_description, read_parquet, write_parquet


@pytest.fixture
def written(golden_table: pa.Table, specimen: Any, tmp_path: Path) -> Path:
    target = tmp_path / "cards.parquet"
    write_parquet(golden_table, specimen.by_sex, target, {"dataset": "cards", "version": "1.0.0"})
    return target


def test_the_same_table_gives_the_same_bytes_in_any_row_order(
    written: Path, golden_table: pa.Table, specimen: Any, tmp_path: Path
) -> None:
    again = tmp_path / "again.parquet"
    rows = golden_table.take([3, 1, 0, 2])
    write_parquet(rows, specimen.by_sex, again, {"version": "1.0.0", "dataset": "cards"})
    assert again.read_bytes() == written.read_bytes()


def test_rows_are_sorted_by_the_key(written: Path, specimen: Any) -> None:
    keys = list(zip(*(read_parquet(written).column(name).to_pylist() for name in specimen.by_sex.key), strict=True))
    assert keys == sorted(keys)


def test_types_and_nulls_survive(written: Path, golden_table: pa.Table, specimen: Any) -> None:
    read = read_parquet(written)
    assert read.schema.equals(specimen.by_sex.arrow_schema())
    assert read.num_rows == golden_table.num_rows
    assert read.column("value").null_count == 1


def test_duckdb_reads_the_same_values(written: Path) -> None:
    sql = f"SELECT value, numerator_date FROM '{written}' WHERE area_code = '121002' AND sex = '_T'"
    value, day = duckdb.sql(sql).fetchall()[0]
    assert (value, day.isoformat()) == (32.8, "2021-04-01")


def test_the_file_says_what_it_is(written: Path) -> None:
    assert read_description(written) == {"dataset": "cards", "version": "1.0.0"}


def test_columns_are_compressed_with_zstandard(written: Path) -> None:
    group = pq.ParquetFile(written).metadata.row_group(0)
    assert {group.column(number).compression for number in range(group.num_columns)} == {"ZSTD"}


def test_bytes_that_are_no_parquet_are_an_integrity_error(tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"not parquet at all")
    with pytest.raises(IntegrityError, match=r"bad\.parquet"):
        read_parquet(tmp_path / "bad.parquet")
