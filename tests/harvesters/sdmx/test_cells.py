"""Times, areas and values of SDMX as they become ours."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from harvesters.sdmx.cells import read_area, read_sdmx_period, read_value


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ({"OBS_VALUE": "32.8"}, "32.8"),
        ({"OBS_VALUE": 32.8, "UNIT_MULT": "0"}, 32.8),
        ({"OBS_VALUE": "1.5", "UNIT_MULT": "3"}, Decimal("1500")),
        ({"OBS_VALUE": "1.5", "UNIT_MULT": -1}, Decimal("0.15")),
        ({"OBS_VALUE": "NaN"}, None),
        ({"OBS_VALUE": None}, None),
        ({"OBS_VALUE": "n/a"}, "n/a"),
        ({"OBS_VALUE": "1", "UNIT_MULT": "many"}, "1 (UNIT_MULT many)"),
        ({"OBS_VALUE": "1", "UNIT_MULT": "999999999"}, "1 (UNIT_MULT 999999999)"),
    ],
)
def test_a_value_is_multiplied_by_its_power_of_ten(row: Mapping[str, Any], value: Any) -> None:
    assert read_value(row) == value


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("2021", "2021"),
        ("2021-A1", "2021"),
        ("2021-Q3", "2021-Q3"),
        ("2021-04", "2021-M04"),
        ("2021-M04", "2021-M04"),
        ("2021-04-01", "2021-04-01"),
        ("2021-04-01T00:00:00", "2021-04-01"),
        ("2021-04-01/P1Y", "FY2021"),
        ("2021-01-01/P1Y", "2021"),
        ("2021-04-01/P3M", "2021-Q2"),
        ("2021-05-01/P3M", "2021-05-01/P3M"),
        ("2021-07-01/P1Y", "2021-07-01/P1Y"),
        ("2021-S1", "2021-S1"),
        ("2021-W05", "2021-W05"),
    ],
)
def test_times_of_sdmx_are_periods_of_ours_if_they_can_be(text: str, period: str) -> None:
    assert read_sdmx_period({"TIME_PERIOD": text}) == period


@pytest.mark.parametrize(("text", "period"), [("2021-A1", "FY2021"), ("2021", "2021"), ("2021-Q1", "2021-Q1")])
def test_a_reporting_year_that_begins_in_april_is_a_fiscal_year_and_its_quarters_are_not_guessed(
    text: str, period: str
) -> None:
    found = read_sdmx_period({"TIME_PERIOD": text, "REPORTING_YEAR_START_DAY": "--04-01"})
    assert found == period


@pytest.mark.parametrize(
    ("code", "area"), [("JP", "000000"), ("JPN", "000000"), ("JP-12", "120006"), ("121002", "121002"), ("FR", "FR")]
)
def test_iso_codes_of_japan_become_area_codes(code: str, area: str) -> None:
    assert read_area({"REF_AREA": code}) == area
