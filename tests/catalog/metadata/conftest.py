"""Two datasets with their releases, built by the product itself from a little table."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from catalog.metadata.site import Site
from catalog.model import CC_BY, Agent, Dataset, DataStructure, Dimension, Label, Manifest, Origin, Provenance
from catalog.reference import Reference, load_reference
from catalog.releases import BuiltRelease, build_release

CITY = Agent("chiba-city", Label("千葉市", "Chiba City"), "https://www.city.chiba.jp/", "opendata@example.jp")
MINISTRY = Agent(
    "soumu", Label("総務省", "Ministry of Internal Affairs and Communications"), "https://www.soumu.go.jp/"
)
SEX = Dimension(
    "sex", Label("性別", "Sex"), {"_T": Label("計", "Total"), "M": Label("男", "Male"), "F": Label("女", "Female")}
)


def _dataset(name: str, structure: DataStructure, **changes: Any) -> Dataset:
    described: dict[str, Any] = {
        "name": name,
        "title": Label("マイナンバーカード交付率", "Issue rate of the My Number card"),
        "description": Label(
            "人口に対する交付枚数の割合です。<b>太字ではない</b>", "Cards issued per inhabitant. <b>Not bold</b>"
        ),
        "publisher": CITY,
        "creator": MINISTRY,
        "contact": CITY,
        "license": CC_BY,
        "citation": Label("出典：総務省「マイナンバーカード交付状況」", "Source: MIC, My Number card statistics"),
        "landing_page": "https://www.soumu.go.jp/kojinbango_card/",
        "keywords": ("マイナンバーカード", "スマートシティ", "kpi-12"),
        "indicators": ("kpi-12",),
        "frequency": "M",
        "spatial": ("121002",),
        "structure": structure,
    }
    return Dataset(**(described | changes))


def _row(period: str, value: float | None, **more: Any) -> dict[str, Any]:
    return {
        "indicator_id": "kpi-12",
        "definition_id": "kpi-12.issued",
        "area_code": "121002",
        "period": period,
        "value": value,
        "unit": "PT",
        "obs_status": "A" if value is not None else "O",
        **more,
    }


ROWS = [
    _row("2020-04-01", 19.5, numerator=189512.0, denominator=970049.0, denominator_date=date(2019, 1, 1)),
    _row("2021-04-01", 32.8, numerator=318610.0, denominator=972516.0, denominator_date=date(2020, 1, 1)),
    _row("2021-12-01", None, note='備考に,コンマと"引用符"'),
]


@pytest.fixture(scope="session")
def reference() -> Reference:
    """Return the reference data of the product."""
    return load_reference()


@pytest.fixture(scope="session")
def site() -> Site:
    """Return a site."""
    return Site(
        url="https://data.example.jp",
        title=Label("指標カタログ", "Indicator catalogue"),
        description=Label("千葉市の指標", "Indicators of Chiba City"),
        publisher=CITY,
        action_api="https://data.example.jp/api/3/action",
    )


@pytest.fixture(scope="session")
def releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[BuiltRelease, ...]:
    """Return three releases of a dataset without breakdowns, the oldest first."""
    return _build(
        _dataset("mynumber-municipalities", DataStructure()), [ROWS[:1], ROWS[:2], ROWS], tmp_path_factory.mktemp("one")
    )


@pytest.fixture(scope="session")
def by_sex(tmp_path_factory: pytest.TempPathFactory) -> tuple[BuiltRelease, ...]:
    """Return the one release of a made-up dataset that is broken down by sex."""
    structure = DataStructure((SEX,))
    rows = [row | {"sex": sex} for row in ROWS for sex in SEX.codes]
    dataset = _dataset(
        "mynumber-age-sex", structure, synthetic=True, spatial=("000000",), frequency="N", title=Label("性別", "By sex")
    )
    return _build(dataset, [rows], tmp_path_factory.mktemp("two"))


def _build(dataset: Dataset, tables: list[list[dict[str, Any]]], folder: Path) -> tuple[BuiltRelease, ...]:
    built: list[BuiltRelease] = []
    for month, rows in enumerate(tables, 1):
        origin = Origin(f"交付状況 R3.{month}.1.xlsx", "ab" * 32, 1000, f"2021-0{month}-02T00:00:00Z")
        release = build_release(
            dataset,
            dataset.structure.table(rows),
            parent=built[-1] if built else None,
            issued=f"2021-0{month}-01T09:00:00+09:00",
            provenance=Provenance((origin,), "mynumber", "shihyo.mynumber 0.1.0"),
            folder=folder,
        )
        assert release is not None
        built.append(release)
    return tuple(built)


@pytest.fixture(scope="session")
def chain(releases: tuple[BuiltRelease, ...]) -> tuple[Manifest, ...]:
    """Return the manifests of the three releases."""
    return tuple(one.manifest for one in releases)


@pytest.fixture(scope="session")
def chains(chain: tuple[Manifest, ...], by_sex: tuple[BuiltRelease, ...]) -> tuple[tuple[Manifest, ...], ...]:
    """Return the manifests of both datasets."""
    return (chain, tuple(one.manifest for one in by_sex))
