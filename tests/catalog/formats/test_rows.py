"""Rows of a query as bytes."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import Label
from catalog.formats.rows import iter_csv_rows, name_columns, rows_table, with_names, write_json
from catalog.model import DataStructure

STRUCTURE = DataStructure()
LABELS = {"area_code": {"121002": Label("千葉市", "Chiba City")}, "unit": {"PT": Label("%", "%")}}


def test_json_is_one_object_a_row() -> None:
    body = write_json(("area_code", "value"), [("121002", 32.8), ("121011", None)], {"total": 2}, {"self": "u"})
    assert json.loads(body) == {
        "data": [{"area_code": "121002", "value": 32.8}, {"area_code": "121011", "value": None}],
        "meta": {"total": 2},
        "links": {"self": "u"},
    }


def test_the_csv_is_written_like_the_files_of_a_release() -> None:
    rows = [("121002", 318610.0, "2021-04-01", None), ("121011", 32.8, None, 'a "quote", and comma')]
    body = b"".join(iter_csv_rows(("area_code", "value", "numerator_date", "note"), [rows], STRUCTURE))
    assert body == (
        b'area_code,value,numerator_date,note\r\n121002,318610,2021-04-01,\r\n121011,32.8,,"a ""quote"", and comma"\r\n'
    )


def test_the_header_comes_without_rows_and_once_with_many_lists() -> None:
    assert list(iter_csv_rows(("area_code", "value"), [], STRUCTURE)) == [b"area_code,value\r\n"]
    body = b"".join(iter_csv_rows(("value",), [[(1.0,)], [], [(None,), (2.5,)]], STRUCTURE))
    assert body == b'value\r\n1\r\n""\r\n2.5\r\n'


def test_a_table_has_the_types_of_the_structure() -> None:
    table = rows_table(("period", "numerator_date", "n", "area_name"), [("2021", "2021-04-01", 3, "千葉市")], STRUCTURE)
    assert [str(one) for one in table.schema.types] == ["string", "date32[day]", "int64", "string"]
    assert rows_table(("value",), [], STRUCTURE).schema.field("value").type == pa.float64()


def test_names_stand_behind_their_codes() -> None:
    columns = ("area_code", "value", "unit")
    assert name_columns(columns, LABELS) == ("area_code", "area_name", "value", "unit", "unit_name")
    assert with_names(columns, [("121002", 1.0, "PT")], LABELS, "ja") == [("121002", "千葉市", 1.0, "PT", "%")]
    assert with_names(columns, [("121002", 1.0, "PT")], LABELS, "en")[0][1] == "Chiba City"


def test_a_code_without_a_name_has_none() -> None:
    assert with_names(("area_code",), [("999999",), (None,)], LABELS, "ja") == [("999999", None), (None, None)]


@pytest.mark.parametrize(
    ("column", "name"), [("area_code", "area_name"), ("indicator_id", "indicator_name"), ("sex", "sex_name")]
)
def test_the_column_of_names_is_named_after_the_column_of_codes(column: str, name: str) -> None:
    assert name_columns((column,), {column: {}}) == (column, name)


cells = st.tuples(
    st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1)),
    st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
)


@given(st.lists(cells))
def test_an_independent_reader_reads_back_what_was_written(rows: list[tuple[Any, ...]]) -> None:
    body = b"".join(iter_csv_rows(("note", "value"), [rows], STRUCTURE)).decode()
    _, *records = csv.reader(io.StringIO(body, newline=""))
    found = [(note or None, float(value) if value else None) for note, value in records]
    assert found == rows
