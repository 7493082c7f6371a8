from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from catalog.errors import UnknownCode
from catalog.model import TOTAL, DataStructure, base_columns


def test_breakdowns_stand_behind_the_fixed_dimensions(specimen: Any) -> None:
    names = specimen.by_sex.names
    assert names[:6] == ("indicator_id", "definition_id", "area_code", "period", "sex", "value")
    assert specimen.by_sex.key == names[:5]


def test_every_column_is_named_and_described_in_both_languages(specimen: Any) -> None:
    for column in specimen.by_sex.columns:
        assert column.label.ja
        assert column.label.en
        assert column.description.ja != column.description.en


def test_only_required_columns_forbid_null(specimen: Any) -> None:
    schema = specimen.by_sex.arrow_schema()
    required = {column.name for column in specimen.by_sex.columns if column.required}
    assert {field.name for field in schema if not field.nullable} == required
    assert {"sex", "obs_status", "unit"} <= required
    assert "value" not in required


def test_a_structure_is_read_back_from_its_json(specimen: Any) -> None:
    assert DataStructure.from_dict(specimen.by_sex.to_dict()) == specimen.by_sex


def test_a_row_may_lack_what_is_not_known(specimen: Any) -> None:
    table = specimen.table([specimen.row()])
    assert table.schema == specimen.structure.arrow_schema()
    assert table.column("ci_lower").to_pylist() == [None]


def test_a_row_with_an_unknown_column_is_refused(specimen: Any) -> None:
    with pytest.raises(UnknownCode, match="vlaue"):
        specimen.table([specimen.row(vlaue=1.0)])


def test_a_breakdown_that_does_not_exist_is_refused_with_those_that_do(specimen: Any) -> None:
    with pytest.raises(UnknownCode) as caught:
        specimen.by_sex.get_breakdown("age")
    assert caught.value.context["allowed"] == ["sex"]


def test_the_codes_of_a_breakdown_have_a_total(specimen: Any) -> None:
    assert TOTAL in specimen.by_sex.get_breakdown("sex").codes


def test_types_are_those_that_every_format_can_write() -> None:
    types = {pa.string(), pa.float64(), pa.int64(), pa.date32()}
    assert {field.type for field in DataStructure().arrow_schema()} <= types
    assert len({column.name for column in base_columns()}) == len(base_columns())
