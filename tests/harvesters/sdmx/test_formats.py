"""SDMX-CSV, SDMX-JSON and SDMX-ML say the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from harvesters import Context, Findings
from harvesters.sdmx.cells import records_of_observations
from harvesters.sdmx.harvester import Sdmx, read_message

FORMATS = (
    "csv-1.0.csv",
    "csv-1.0-labels.csv",
    "csv-2.0.csv",
    "json-1.0.json",
    "json-2.0.json",
    "generic-2.1.xml",
    "structure-specific-2.1.xml",
    "structure-specific-3.0.xml",
)


#: area, sex, period, value, status, unit
WHAT_ALL_SAY = [
    ("121002", "_T", "2021", Decimal("88.2"), "A", "PT"),
    ("121002", "_T", "2022", Decimal("89.9"), "P", "PT"),
    ("121002", "_T", "2023", None, "Q", "PT"),
    ("121011", "F", "2021", Decimal("45.4"), "A", "PT"),
    ("121011", "F", "2022", Decimal("46.1"), "E", "PT"),
]


def _rows(path: Path, findings: Findings | None = None) -> list[dict[str, Any]]:
    records = records_of_observations(read_message(path, path.name, findings or Findings()), path.name)
    return [dict(zip(records.columns, cells, strict=True)) for _, cells in records.rows]


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_the_same(folder: Path, name: str) -> None:
    found = [
        (row["area"], row["SEX"], row["period"], _number(row["value"]), row["OBS_STATUS"], row["UNIT_MEASURE"])
        for row in _rows(folder / name)
    ]
    assert sorted(found, key=lambda one: one[:3]) == WHAT_ALL_SAY


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_becomes_observations_with_the_status_of_the_source(
    folder: Path, name: str, source_of: Any, make_context: Callable[..., Context]
) -> None:
    context, harvester = make_context(source_of(path=folder / name)), Sdmx()
    [wanted] = harvester.gather(context)
    [found] = harvester.transform(context, harvester.fetch(context, wanted, None))
    rows = {(one["area_code"], one["sex"], one["period"]): one for one in found.table.to_pylist()}
    assert len(rows) == 5
    assert (rows["121002", "_T", "2022"]["value"], rows["121002", "_T", "2022"]["obs_status"]) == (89.9, "P")
    assert (rows["121002", "_T", "2023"]["value"], rows["121002", "_T", "2023"]["obs_status"]) == (None, "Q")
    assert rows["121011", "F", "2021"]["value"] == 45.4
    assert found.issued == "2023-12-31T00:00:00+09:00"


def test_the_library_reads_sdmx_json_of_one_level_as_we_do(folder: Path, tmp_path: Path) -> None:
    """An independent reader; it takes what it understands: attributes of observations."""
    sdmx = pytest.importorskip("sdmx")
    raw = json.loads((folder / "json-1.0.json").read_text("utf-8"))
    flat = {"header": raw["meta"], **raw["data"]}
    path = tmp_path / "flat.json"
    path.write_text(json.dumps(flat), "utf-8")
    with path.open("rb") as file:
        message = sdmx.read_sdmx(file, format="JSON")
    theirs = {
        tuple(str(one.value) for one in seen.key.values.values()): (seen.value, seen.attrib["OBS_STATUS"].value.id)
        for seen in message.data[0].obs
    }
    ours = {
        (row["FREQ"], row["REF_AREA"], row["SEX"], row["TIME_PERIOD"]): (row["OBS_VALUE"], row["OBS_STATUS"])
        for row in _rows(path)
    }
    assert ours == theirs


def test_a_deleted_row_is_no_observation_and_is_told(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "deleted.csv"
    path.write_text((folder / "csv-2.0.csv").read_text("utf-8").replace(";I;A;121011;F;2022", ";D;A;121011;F;2022"))
    findings = Findings()
    assert len(_rows(path, findings)) == 4
    assert findings.counts["sdmx-deleted"] == 1


def test_a_row_with_too_few_cells_is_left_out_and_told(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.csv"
    path.write_text((folder / "csv-1.0.csv").read_text("utf-8").removesuffix(",1,PT\n"), newline="")
    findings = Findings()
    assert len(_rows(path, findings)) == 4
    assert findings.counts["sdmx-row-width"] == 1


def test_a_data_set_of_deletions_is_left_out_and_told(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "deleted.xml"
    text = (folder / "structure-specific-2.1.xml").read_text("utf-8")
    path.write_text(text.replace('ss:action="Replace"', 'ss:action="Delete"'), "utf-8")
    findings = Findings()
    assert _rows(path, findings) == []
    assert findings.counts["sdmx-deleted"] == 1
