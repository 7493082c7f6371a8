from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from catalog.errors import CheckFailed
from catalog.formats import CodeLabels, write_excel_csv
from catalog.model import DataStructure, Dimension, Label

Write = Callable[..., list[list[str]]]


@pytest.fixture
def write(labels: CodeLabels) -> Write:
    def written(table: pa.Table, structure: DataStructure, target: Path, **options: Any) -> list[list[str]]:
        write_excel_csv(table, structure, labels, target, **options)
        with target.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.reader(file))

    return written


def test_the_bytes_are_those_of_the_golden_file(
    write: Write, golden_table: pa.Table, specimen: Any, tmp_path: Path, expected: Path
) -> None:
    write(golden_table, specimen.by_sex, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == (expected / "cards_excel.csv").read_bytes()


def test_the_file_starts_with_one_byte_order_mark(
    write: Write, golden_table: pa.Table, specimen: Any, tmp_path: Path
) -> None:
    write(golden_table, specimen.by_sex, tmp_path / "a.csv")
    raw = (tmp_path / "a.csv").read_bytes()
    assert raw.startswith(b'\xef\xbb\xbf"')
    assert raw.count(b"\xef\xbb\xbf") == 1


def test_headers_are_japanese_unique_and_name_the_unit(
    write: Write, golden_table: pa.Table, specimen: Any, tmp_path: Path
) -> None:
    header = write(golden_table, specimen.by_sex, tmp_path / "a.csv")[0]
    assert len(set(header)) == len(header)
    assert {"値（%）", "信頼区間の下限値（%）", "性別コード", "性別", "都道府県名", "地方公共団体名"} <= set(header)
    assert not [name for name in header if name != name.strip() or "\n" in name]


def test_labels_stand_beside_their_codes(write: Write, golden_table: pa.Table, specimen: Any, tmp_path: Path) -> None:
    header, *rows = write(golden_table, specimen.by_sex, tmp_path / "a.csv")
    first = dict(zip(header, rows[0], strict=True))
    assert (first["全国地方公共団体コード"], first["都道府県名"], first["地方公共団体名"]) == (
        "121002",
        "千葉県",
        "千葉市",
    )
    assert (first["性別コード"], first["性別"]) == ("_T", "総数")
    assert (first["単位コード"], first["単位"]) == ("PT", "%")


def test_the_country_has_no_prefecture(write: Write, golden_table: pa.Table, specimen: Any, tmp_path: Path) -> None:
    header, *rows = write(golden_table, specimen.by_sex, tmp_path / "a.csv")
    japan = dict(zip(header, rows[2], strict=True))
    assert (japan["都道府県名"], japan["地方公共団体名"]) == ("…", "日本")


def test_a_header_does_not_name_a_unit_when_rows_differ_in_it(write: Write, specimen: Any, tmp_path: Path) -> None:
    table = specimen.table([specimen.row(), specimen.row(period="2021-05-01", unit="PS", value=3.0)])
    assert "指標の値（単位の列による）" in write(table, specimen.structure, tmp_path / "a.csv")[0]


def test_no_cell_is_blank(write: Write, golden_table: pa.Table, specimen: Any, tmp_path: Path) -> None:
    header, *rows = write(golden_table, specimen.by_sex, tmp_path / "a.csv")
    assert all(cell for row in rows for cell in row)
    assert dict(zip(header, rows[2], strict=True))["値（%）"] == "…"


@pytest.mark.parametrize(
    "formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "－1", "＠x", "＋1"]
)
def test_a_text_that_a_spreadsheet_would_run_is_marked_as_text(
    write: Write, formula: str, specimen: Any, tmp_path: Path
) -> None:
    rows = write(specimen.table([specimen.row(note=formula)]), specimen.structure, tmp_path / "a.csv")
    assert rows[1][-1] == "'" + formula


def test_a_negative_number_stays_a_number(write: Write, specimen: Any, tmp_path: Path) -> None:
    header, row = write(specimen.table([specimen.row(value=-3.2)]), specimen.structure, tmp_path / "a.csv")
    assert dict(zip(header, row, strict=True))["値（%）"] == "-3.2"


def test_texts_are_quoted_and_numbers_are_not(write: Write, specimen: Any, tmp_path: Path) -> None:
    write(specimen.table([specimen.row(area_code="011002")]), specimen.structure, tmp_path / "a.csv")
    raw = (tmp_path / "a.csv").read_text("utf-8-sig")
    assert '"011002"' in raw
    assert ",32.8," in raw


def test_pandas_reads_numbers_as_numbers_and_codes_as_texts(
    write: Write, golden_table: pa.Table, specimen: Any, tmp_path: Path
) -> None:
    write(golden_table, specimen.by_sex, tmp_path / "a.csv")
    frame = pd.read_csv(
        tmp_path / "a.csv", encoding="utf-8-sig", na_values=["…"], dtype={"全国地方公共団体コード": str}
    )
    assert frame["値（%）"].dtype == "float64"
    assert frame["全国地方公共団体コード"].tolist()[1] == "011002"


def test_made_up_figures_say_so_in_every_row(
    write: Write, golden_table: pa.Table, specimen: Any, tmp_path: Path
) -> None:
    header, *rows = write(golden_table, specimen.by_sex, tmp_path / "a.csv", synthetic=True)
    assert header[-1] == "データの種別"
    assert {row[-1] for row in rows} == {"架空のデータ（実際の値ではありません）"}


def test_a_code_without_a_label_has_the_mark_of_no_value(write: Write, specimen: Any, tmp_path: Path) -> None:
    table = specimen.table([specimen.row(definition_id="kpi-12.unheard")])
    header, row = write(table, specimen.structure, tmp_path / "a.csv")
    assert dict(zip(header, row, strict=True))["定義名"] == "…"


def test_two_columns_with_the_same_header_are_refused(write: Write, specimen: Any, tmp_path: Path) -> None:
    structure = DataStructure((Dimension("kind", Label("備考", "Kind"), {"_T": Label("計", "Total")}),))
    with pytest.raises(CheckFailed, match="備考"):
        write(structure.table([specimen.row(kind="_T")]), structure, tmp_path / "a.csv")
