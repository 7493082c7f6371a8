"""CSV files as city halls hand them in."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.errors import InputError
from harvesters.readers import SourceTable, read_csv, read_table

TEXT = "団体コード,名称\n121002,千葉市\n"


def _read(
    tmp_path: Path, raw: bytes, *, columns: tuple[str, ...] = ("団体コード", "名称"), **more: object
) -> SourceTable:
    file = tmp_path / "in.csv"
    file.write_bytes(raw)
    return read_csv(file, name="in.csv", columns=columns, largest=1_000_000, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("raw", "encoding", "bom"),
    [
        (TEXT.encode(), "utf-8", False),
        (b"\xef\xbb\xbf" + TEXT.encode(), "utf-8", True),
        (TEXT.encode("cp932"), "cp932", False),
        (TEXT.replace("\n", "\r\n").encode(), "utf-8", False),
        (TEXT.replace("\n", "\r").encode(), "utf-8", False),
        (TEXT.rstrip("\n").encode(), "utf-8", False),
    ],
    ids=["utf-8", "bom", "cp932", "crlf", "cr", "no last line end"],
)
def test_encodings_and_line_ends_are_found(tmp_path: Path, raw: bytes, encoding: str, bom: bool) -> None:
    table = _read(tmp_path, raw)
    assert (table.encoding, table.bom) == (encoding, bom)
    assert [row.cells for row in table] == [{"団体コード": "121002", "名称": "千葉市"}]


def test_cp932_knows_what_shift_jis_does_not(tmp_path: Path) -> None:
    [row] = _read(tmp_path, "団体コード,名称\n1,①～㈱\n".encode("cp932"))
    assert row.cells["名称"] == "①～㈱"


def test_an_encoding_that_is_told_is_used(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="utf-8"):
        list(_read(tmp_path, TEXT.encode("cp932"), encoding="utf-8"))


@pytest.mark.parametrize(
    "raw",
    [TEXT.encode("utf-16"), b"\xff\xfe\x00", b"a,b\n\x81\x00\n", b"PK\x03\x04\x00\x00", b"a,b\n\x81\n"],
    ids=["utf-16", "bom only", "nul", "zip", "truncated"],
)
def test_bytes_that_are_no_text_are_refused_with_what_to_do(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(InputError, match="CSV UTF-8"):
        _read(tmp_path, raw)


def test_rows_are_numbered_as_a_spreadsheet_does_and_blank_ones_keep_their_number(tmp_path: Path) -> None:
    table = _read(tmp_path, "団体コード,名称\n1,a\n\n,\n2,b\n".encode())
    assert [row.number for row in table] == [2, 5]


def test_a_cell_with_a_line_break_does_not_shift_the_numbers_behind_it(tmp_path: Path) -> None:
    table = _read(tmp_path, '団体コード,名称\n1,"a\nb"\n2,c\n'.encode())
    assert [(row.number, row.cells["名称"]) for row in table] == [(2, "a\nb"), (4, "c")]


def test_spaces_around_cells_and_headings_are_stripped(tmp_path: Path) -> None:
    [row] = _read(tmp_path, "　団体コード , 名称\n 1 ,　a\n".encode())
    assert row.cells == {"団体コード": "1", "名称": "a"}


def test_rows_of_another_width_are_marked(tmp_path: Path) -> None:
    rows = list(_read(tmp_path, "団体コード,名称\n1\n2,b,c\n3,d\n".encode()))
    assert [row.ragged for row in rows] == [True, True, False]


def test_missing_columns_are_named_with_similar_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="団体コード ← 団体コート") as caught:
        _read(tmp_path, "団体コート,名称\n1,a\n".encode())
    assert caught.value.context["missing"] == ["団体コード"]


def test_columns_of_the_same_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="名称"):
        _read(tmp_path, "団体コード,名称,名称\n1,a,b\n".encode())


@pytest.mark.parametrize(("delimiter", "said"), [("\t", "tabs"), (";", "semicolons")])
def test_another_delimiter_is_recognised(tmp_path: Path, delimiter: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        _read(tmp_path, TEXT.replace(",", delimiter).encode())


def test_tabs_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    [row] = _read(tmp_path, TEXT.replace(",", "\t").encode(), delimiter="\t")
    assert row.cells["名称"] == "千葉市"


@pytest.mark.parametrize("body", ['1,"a', '1,"a"b'], ids=["never closed", "text behind"])
def test_broken_quoting_is_an_error_with_its_row(tmp_path: Path, body: str) -> None:
    with pytest.raises(InputError, match="row 3") as caught:
        list(_read(tmp_path, f"団体コード,名称\n0,z\n{body}\n".encode()))
    assert caught.value.next_step is not None


def test_a_cell_of_a_megabyte_is_an_error_and_not_a_crash(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="field"):
        list(_read(tmp_path, f"団体コード,名称\n1,{'x' * 200_000}\n".encode()))


def test_a_file_above_the_limit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_bytes(TEXT.encode() * 1000)
    with pytest.raises(InputError, match="larger than"):
        read_csv(file, name="in.csv", columns=(), largest=1000)


def test_an_empty_file_lacks_its_columns(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Columns are missing"):
        _read(tmp_path, b"")


def test_a_table_is_told_apart_by_its_first_bytes(tmp_path: Path) -> None:
    file = tmp_path / "no_ending"
    file.write_bytes(TEXT.encode())
    assert read_table(file, name="x", columns=("名称",), largest=1000).encoding == "utf-8"
