"""What becomes of entities, in each representation of NGSIv2 and NGSI-LD."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import InputError
from catalog.model import parse_period
from harvesters.ngsi.entities import KeptEntities, flatten, read_span

SPECIMENS = (
    "v2-normalized.json",
    "v2-key-values.json",
    "ld-normalized.json",
    "ld-concise.json",
    "ld-expanded.json",
)


MAPPING = {"indicator": "kpi-02"}


def _figures(contribution: Any) -> dict[tuple[str, str], tuple[float, str]]:
    rows = contribution.table.to_pylist()
    return {(one["area_code"], one["period"]): (one["value"], one["unit"]) for one in rows}


WHAT_ALL_SAY = {
    ("121002", "FY2023"): (88.2, "PT"),
    ("121002", "FY2022"): (86.1, "PT"),
    ("121011", "FY2023"): (90.4, "PT"),
}


@pytest.mark.parametrize("name", SPECIMENS)
def test_every_representation_says_the_same(
    broker: Any, source_of: Any, read: Any, entities_of: Callable[[str], list[Any]], name: str
) -> None:
    _, found = read(source_of(broker(entities_of(name)), api=name[:2]))
    assert _figures(found) == WHAT_ALL_SAY
    assert found.issued == "2024-05-10T00:00:00+09:00"


def test_attributes_of_the_brokers_own_are_columns_that_the_mapping_names(
    broker: Any, source_of: Any, read: Any, entities_of: Callable[[str], list[Any]]
) -> None:
    mapping = {**MAPPING, "n": {"column": "kpiValue.respondents"}, "note": {"column": "name.ja"}}
    _, found = read(source_of(broker(entities_of("ld-normalized.json")), api="ld", mapping=mapping))
    assert set(found.table.column("n").to_pylist()) == {1200}
    assert set(found.table.column("note").to_pylist()) == {"利用率"}


def test_the_mapping_may_choose_the_indicator_by_the_name_of_the_entity(
    broker: Any, source_of: Any, read: Any, entities_of: Callable[[str], list[Any]]
) -> None:
    mapping = {"indicator": {"column": "name", "codes": {"usage": "kpi-02"}}}
    _, found = read(source_of(broker(entities_of("v2-normalized.json")), mapping=mapping))
    assert _figures(found) == WHAT_ALL_SAY


def test_an_attribute_that_is_given_twice_is_the_one_without_a_dataset_id(
    entities_of: Callable[[str], list[Any]],
) -> None:
    cells = flatten(entities_of("ld-expanded.json")[0])
    assert cells["kpiValue"] == 88.2
    assert cells["kpiValue[urn:ngsi-ld:Dataset:estimate]"] == 89.2


@pytest.mark.parametrize(
    ("attribute", "cells"),
    [
        ({"kpiValue": "32.8%"}, {"kpiValue": "32.8%"}),
        ({"kpiValue": None}, {"kpiValue": None}),
        ({"kpiValue": True}, {"kpiValue": True}),
        ({"kpiValue": {"share": 32.8, "count": 4}}, {"kpiValue.share": 32.8, "kpiValue.count": 4}),
        ({"kpiValue": [1, 2]}, {"kpiValue": "1, 2"}),
        ({"kpiValue": [{"a": 1}]}, {"kpiValue": '[{"a":1}]'}),
        ({"kpiValue": []}, {"kpiValue": ""}),
        ({"organization": {"type": "Relationship", "object": "urn:x"}}, {"organization": "urn:x"}),
        ({"https://a.example/x#kpiValue": {"type": "Property", "value": 1}}, {"kpiValue": 1}),
        ({"kpiValue": 1, "https://a.example/kpiValue": 2}, {"kpiValue": 1, "https://a.example/kpiValue": 2}),
    ],
)
def test_a_value_of_any_type_becomes_cells(attribute: Any, cells: dict[str, Any]) -> None:
    found = flatten({"id": "urn:x", "type": "K", **attribute})
    assert {key: found[key] for key in cells} == cells


def test_a_value_that_is_no_number_is_left_out_with_the_id_of_its_entity(
    broker: Any, source_of: Any, read: Any, entities_of: Callable[[str], list[Any]]
) -> None:
    entities = entities_of("v2-key-values.json")
    entities[1]["kpiValue"] = {"broken": True}
    entities[2]["kpiValue"] = "たくさん"
    context, found = read(source_of(broker(entities), max_rejected=0.9))
    assert context.findings.examples["cell-not-a-number"][0].place.cell == f"{entities[2]['id']}, kpiValue"
    assert _figures(found)["121002", "FY2023"] == (88.2, "PT")


def test_an_entity_of_a_stretch_that_is_no_period_is_left_out_and_its_days_are_shown(
    broker: Any, source_of: Any, read: Any, entities_of: Callable[[str], list[Any]]
) -> None:
    entities = entities_of("v2-key-values.json")
    entities[1]["calculationPeriod"] = {"from": "2023-04-01", "to": "2023-08-15"}
    context, found = read(source_of(broker(entities), max_rejected=0.5))
    assert context.findings.examples["period-invalid"][0].value == "2023-04-01/2023-08-15"
    assert len(_figures(found)) == 2


@pytest.mark.parametrize(
    ("first", "last", "period"),
    [
        ("2023-04-01", "2024-03-31", "FY2023"),
        ("2023-01-01", "2023-12-31", "2023"),
        ("2023-07-01", "2023-09-30", "2023-Q3"),
        ("2024-02-01", "2024-02-29", "2024-M02"),
        ("2024-02-10", "2024-02-10", "2024-02-10"),
        ("2023-04-01T00:00:00Z", "2024-03-31T00:00:00Z", "FY2023"),
        ("2023-04-01T00:00:00Z", "2024-04-01T00:00:00Z", "FY2023"),
        ("2023-03-31T15:00:00Z", "2024-03-31T14:59:59Z", "FY2023"),
        ("2023-03-31T15:00:00Z", "2024-03-31T15:00:00Z", "FY2023"),
        ("2023-04-01T00:00:00+09:00", "2023-04-30T23:59:59+09:00", "2023-M04"),
        ("2023-04-01", "2023-06-15", "2023-04-01/2023-06-15"),
        ("2024-03-31", "2023-04-01", "2024-03-31/2023-04-01"),
        ("soon", "later", "soon/later"),
        ("0001-01-01", "0001-12-31", "0001-01-01/0001-12-31"),
    ],
)
def test_a_calculation_period_is_one_of_ours_or_stays_as_it_is(first: str, last: str, period: str) -> None:
    assert read_span(first, last) == period


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_every_whole_period_is_found_by_its_two_days(day: date) -> None:
    for text in (f"{day:%Y}", f"FY{day:%Y}", f"{day:%Y}-Q{(day.month + 2) // 3}", f"{day:%Y-M%m}", day.isoformat()):
        period = parse_period(text)
        assert read_span(period.start.isoformat(), period.end.isoformat()) == text


def test_without_a_calculation_period_the_day_of_the_observation_counts() -> None:
    cells = flatten({"id": "x", "type": "K", "kpiValue": {"value": 1, "observedAt": "2024-04-30T15:30:00Z"}})
    assert cells["period"] == "2024-05-01"


def test_entities_with_attributes_without_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "entities"
    path.write_text("\n".join(json.dumps({"id": f"{i}", "type": "K", f"a{i}": 1}) for i in range(2001)))
    with pytest.raises(InputError, match="more than 2000"):
        KeptEntities(path, "K").records()
