"""What a kind knows of its columns goes below what harvest.yml says."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.errors import ConfigurationError
from harvesters.mapping.defaults import mapping_options, merge_mapping

DEFAULTS: dict[str, Any] = {
    "area": {"column": "area"},
    "period": {"column": "period"},
    "value": {"column": "value", "unit": {"column": "unit"}, "percent": "points"},
}


def test_what_the_source_says_goes_first_key_by_key() -> None:
    merged = merge_mapping(DEFAULTS, {"indicator": "kpi-02", "area": "121002", "value": {"unit": "PT"}})
    assert merged == {
        "indicator": "kpi-02",
        "area": "121002",
        "period": {"column": "period"},
        "value": {"column": "value", "unit": "PT", "percent": "points"},
    }


@pytest.mark.parametrize("placed", [{"column": "other"}, {"columns": ["a", "b"]}, {"const": 1}])
def test_a_source_that_places_its_values_elsewhere_loses_the_column_of_the_kind(placed: dict[str, Any]) -> None:
    value = merge_mapping(DEFAULTS, {"value": placed})["value"]
    assert value == {**placed, "unit": {"column": "unit"}, "percent": "points"}


def test_a_wide_table_loses_the_column_of_values_too() -> None:
    assert "column" not in merge_mapping(DEFAULTS, {"columns_as": [{"column": "a"}]})["value"]


def test_the_defaults_are_not_changed_by_a_source() -> None:
    merge_mapping(DEFAULTS, {"value": {"column": "x", "unit": "PT"}})["value"]["more"] = 1
    assert DEFAULTS["value"] == {"column": "value", "unit": {"column": "unit"}, "percent": "points"}


@pytest.mark.parametrize("raw", ["kpi-02", ["kpi-02"], {"value": "x", "indicator": "kpi-02"}, {"indicatr": "kpi-02"}])
def test_what_is_no_mapping_is_still_told(raw: Any) -> None:
    [option] = [one for one in mapping_options(DEFAULTS) if one.name == "mapping"]
    with pytest.raises(ConfigurationError):
        option.type.parse(raw)


def test_with_the_columns_of_the_kind_an_indicator_is_all_that_is_needed() -> None:
    [option] = [one for one in mapping_options(DEFAULTS) if one.name == "mapping"]
    mapping = option.type.parse({"indicator": "kpi-02"})
    assert mapping.fields["period"].columns == ("period",)
    assert mapping.value.source.columns == ("value",)
