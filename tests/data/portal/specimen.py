"""Releases of real figures for the tests of the pages, built as the product builds them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from catalog.errors import Label
from catalog.model import TOTAL, Agent, Dataset, Dimension, Origin, Provenance
from catalog.model.service import parse_service
from catalog.reference import load_reference
from catalog.releases import DatasetHolding, Holdings, ReleaseHolding, ServiceHolding, build_release
from harvesters.describe import describe, read_yaml
from harvesters.services.registry import read_registry

FOLDER = Path(__file__).parent
PUBLISHER = Agent("chiba-city", Label("千葉市", "Chiba City"), "https://www.city.chiba.jp/", "opendata@example.jp")
PROVENANCE = Provenance(
    origins=(Origin("all_localgovs.csv", "0" * 64, 123_456, "2026-11-22T00:00:00+00:00"),),
    source="mynumber",
    activity="specimen",
    citation="出典：総務省",
)
Change = Callable[[Dataset], Dataset]


def _unchanged(dataset: Dataset) -> Dataset:
    return dataset


def rows_of(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a file."""
    with (FOLDER / name).open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _rate(row: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "indicator_id": "kpi-12",
        "definition_id": "kpi-12.issued",
        "area_code": row.get("area_code", "000000"),
        "period": row["period"],
        "value": float(row["value"]),
        "unit": "PT",
        "numerator": float(row["numerator"]),
        "denominator": float(row["denominator"]),
        "numerator_date": date.fromisoformat(row.get("numerator_date", row["period"])),
        "denominator_date": date.fromisoformat(row["denominator_date"]),
        "obs_status": "A",
        **more,
    }


def _codes(name: str) -> Dimension:
    found = load_reference().codelists[name]
    return Dimension(name, found.label, dict(found.labels))


def _procedure_dimensions() -> list[Dimension]:
    raw = read_yaml("procedures-codes")
    total = {TOTAL: Label("総数", "Total")}
    return [
        Dimension(
            name, Label(**one["label"]), total | {code["code"]: Label(code["ja"], code["en"]) for code in one["codes"]}
        )
        for name, one in raw.items()
    ]


def _procedure(row: dict[str, str], dimensions: list[Dimension]) -> dict[str, Any]:
    return {
        "indicator_id": "kpi-13",
        "definition_id": row["definition_id"],
        "area_code": "000000",
        "period": row["period"],
        "value": float(row["value"]),
        "unit": "PT",
        "numerator": float(row["numerator"]),
        "denominator": float(row["denominator"]),
        "obs_status": "A",
        **{one.id: row["code"] if one.id == row["dimension"] else TOTAL for one in dimensions},
    }


def _release(dataset: Dataset, rows: list[dict[str, Any]], issued: str, folder: Path, parent: Any) -> ReleaseHolding:
    table = dataset.structure.table(rows)
    built = build_release(dataset, table, parent=parent, issued=issued, provenance=PROVENANCE, folder=folder / "builds")
    assert built is not None
    return ReleaseHolding(built.manifest, {one.name: built.path(one.name) for one in built.manifest.files})


def _series(dataset: Dataset, rows: list[dict[str, Any]], cuts: Iterable[str], folder: Path) -> DatasetHolding:
    releases: list[ReleaseHolding] = []
    for cut in cuts:
        known = [row for row in rows if row["period"] <= cut]
        parent = releases[-1] if releases else None
        releases.append(_release(dataset, known, f"{cut}T00:00:00+09:00", folder, parent))
    return DatasetHolding(tuple(releases))


def build_holdings(folder: Path, change: Change = _unchanged) -> Holdings:
    """Build four datasets; ``change`` may alter their descriptions first."""
    rates = list(rows_of("mynumber.csv"))
    dimensions = _procedure_dimensions()
    municipal = [_rate(row) for row in rates if row["area_code"][2:5] != "000"]
    prefectural = [_rate(row) for row in rates if row["area_code"][2:5] == "000"]
    aged = [_rate(row, sex=row["sex"], age=row["age"]) for row in rows_of("age_sex.csv")]
    procedures = [_procedure(row, dimensions) for row in rows_of("procedures.csv")]
    made = (
        (describe("mynumber-municipalities", PUBLISHER), municipal, ("2019-12-31", "2020-12-31", "2022-04-01")),
        (describe("mynumber-prefectures", PUBLISHER), prefectural, ("2022-04-01",)),
        (describe("mynumber-age-sex", PUBLISHER, _codes("sex"), _codes("age")), aged, ("2022-04-01",)),
        (describe("procedures-online", PUBLISHER, *dimensions), procedures, ("FY2023",)),
    )
    held = {one.name: _held(change(one), rows, cuts, folder) for one, rows, cuts in made}
    return Holdings(MappingProxyType(dict(sorted(held.items()))), MappingProxyType(build_services()))


def build_services() -> dict[str, ServiceHolding]:
    """Read the services of the sample that the project carries."""
    path = FOLDER.parents[2] / "harvesters" / "samples" / "services" / "services.yml"
    entries = read_registry(path, path.name).entries
    services = [parse_service({**one.raw, "publisher": PUBLISHER.to_dict()}) for one in entries]
    return {
        one.id: ServiceHolding(one, "2026-11-22T00:00:00+00:00") for one in sorted(services, key=lambda one: one.id)
    }


def _held(dataset: Dataset, rows: list[dict[str, Any]], cuts: tuple[str, ...], folder: Path) -> DatasetHolding:
    if dataset.name == "procedures-online":
        return DatasetHolding((_release(dataset, rows, "2025-07-29T00:00:00+09:00", folder, None),))
    return _series(dataset, rows, cuts, folder)


def build_broken(folder: Path) -> Holdings:
    """Build a series with a missing value, a break and a note, as real ones have."""
    dataset = describe("mynumber-municipalities", PUBLISHER)
    first, second, third, fourth = [row for row in rows_of("mynumber.csv") if row["area_code"] == "121002"][-4:]
    rows = [
        _rate(first),
        _rate(second) | {"value": None, "obs_status": "L"},
        _rate(third) | {"obs_status": "B", "note": "保有枚数率に変更"},
        _rate(fourth),
    ]
    release = _release(dataset, rows, "2022-04-01T00:00:00+09:00", folder, None)
    return Holdings(MappingProxyType({dataset.name: DatasetHolding((release,))}))


def synthetic(dataset: Dataset) -> Dataset:
    """Return the dataset as one of made-up figures."""
    return replace(dataset, synthetic=True)


def hostile(dataset: Dataset) -> Dataset:
    """Return the dataset with markup in every text that a stranger could write."""
    markup = '<script>alert("x")</script><img src=x onerror=alert(1)>{{7*7}}</script>'
    text = Label(markup, markup)
    return replace(
        dataset,
        title=text,
        description=text,
        citation=text,
        keywords=(markup,),
        creator=replace(dataset.creator, label=text),
        contact=replace(dataset.contact, label=text),
    )
