from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.formats import iter_csv, write_csv


@pytest.fixture
def written(golden_table: pa.Table, specimen: Any, tmp_path: Path) -> Path:
    target = tmp_path / "cards.csv"
    write_csv(golden_table, specimen.by_sex, target)
    return target


def test_the_bytes_are_those_of_the_golden_file(written: Path, expected: Path) -> None:
    assert written.read_bytes() == (expected / "cards.csv").read_bytes()


def test_the_file_has_no_byte_order_mark(written: Path) -> None:
    assert written.read_bytes().startswith(b"indicator_id,")


def test_every_record_ends_in_crlf(written: Path) -> None:
    raw = written.read_bytes()
    assert raw.endswith(b"\r\n")
    assert raw.count(b"\r\n") == raw.count(b"\n") == 5


def test_python_reads_the_same_cells(written: Path, golden_table: pa.Table) -> None:
    with written.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == golden_table.column_names
    assert [row["area_code"] for row in rows] == ["121002", "011002", "000000", "121002"]
    assert [row["value"] for row in rows] == ["32.8", "0.30000000000000004", "", "50"]
    assert rows[1]["note"] == '"引用", 改行なし'


def test_pandas_reads_the_same_table(written: Path, golden_table: pa.Table) -> None:
    frame = pd.read_csv(written, dtype={"area_code": str}, keep_default_na=False, na_values=[""])
    assert frame["value"].tolist()[:2] == [32.8, 0.1 + 0.2]
    assert frame["value"].isna().tolist() == [False, False, True, False]
    assert frame["area_code"].tolist() == golden_table.column("area_code").to_pylist()


def test_duckdb_reads_the_same_table(written: Path, golden_table: pa.Table) -> None:
    read = duckdb.sql(f"SELECT * FROM read_csv('{written}', all_varchar=true, header=true)").fetchall()
    assert len(read) == golden_table.num_rows
    assert read[0][4] == "_T"
    assert read[3][5] == "50"


@given(st.lists(st.tuples(st.text(), st.text()), max_size=20))
def test_any_text_survives_the_way_through_the_file(cells: list[tuple[str, str]]) -> None:
    table = pa.table(
        {"a": [one for one, _ in cells], "b,": [two for _, two in cells]}, pa.schema([("a", "str"), ("b,", "str")])
    )
    raw = b"".join(iter_csv(table)).decode()
    rows = list(csv.reader(io.StringIO(raw, newline="")))
    assert rows == [["a", "b,"], *([one, two] for one, two in cells)]


def test_a_table_without_rows_is_its_header(specimen: Any, tmp_path: Path) -> None:
    write_csv(specimen.table([]), specimen.structure, tmp_path / "empty.csv")
    assert (tmp_path / "empty.csv").read_text().splitlines() == [",".join(specimen.structure.names)]


def test_a_single_column_with_a_missing_value_has_no_empty_line() -> None:
    table = pa.table({"value": pa.array([1.5, None])})
    assert b"".join(iter_csv(table)) == b'value\r\n1.5\r\n""\r\n'


def test_columns_stand_in_the_order_of_the_structure(golden_table: pa.Table, specimen: Any, tmp_path: Path) -> None:
    shuffled = golden_table.select(sorted(golden_table.column_names))
    write_csv(shuffled, specimen.by_sex, tmp_path / "shuffled.csv")
    assert (tmp_path / "shuffled.csv").read_bytes().startswith(",".join(specimen.by_sex.names).encode())


def test_a_formula_is_left_alone_in_the_file_for_programs(written: Path) -> None:
    assert b",=1+1\r\n" in written.read_bytes()


def test_no_row_of_a_large_table_is_lost(specimen: Any, tmp_path: Path) -> None:
    table = pa.concat_tables([specimen.rates("2021-M01")] * 33_334)
    write_csv(table, specimen.structure, tmp_path / "large.csv")
    assert (tmp_path / "large.csv").read_bytes().count(b"\r\n") == table.num_rows + 1
