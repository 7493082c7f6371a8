"""A small dataset with releases, for the tests of formats, releases, metadata and the gateway to CKAN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from catalog.model import (
    CC_BY,
    Agent,
    Dataset,
    DataStructure,
    Dimension,
    Label,
    Origin,
    Provenance,
    Version,
)
from catalog.reference import load_reference
from catalog.releases import BuiltRelease, build_release

CITY = Agent("chiba-city", Label("千葉市", "Chiba City"), "https://www.city.chiba.jp/", "opendata@city.chiba.example")
MIC = Agent("mic", Label("総務省", "Ministry of Internal Affairs and Communications"), "https://www.soumu.go.jp/")

SEX = Dimension("sex", Label("性別", "Sex"), load_reference().codelists["sex"].labels)

#: area, numerator and denominator of three municipalities
COUNTS = (("011002", 20, 80), ("121002", 33, 99), ("122041", 1, 40))


class Specimen:
    """Makes datasets, tables and releases; every method takes what differs from the plain ones."""

    structure = DataStructure()
    by_sex = DataStructure((SEX,))

    def dataset(self, **changes: Any) -> Dataset:
        """Return a dataset of rates by municipality."""
        plain = Dataset(
            name="cards",
            title=Label("マイナンバーカード交付状況", "My Number cards issued"),
            description=Label("市区町村別の交付枚数率。", "Share of people with a card, by municipality."),
            publisher=CITY,
            creator=MIC,
            contact=CITY,
            license=CC_BY,
            citation=Label("出典：総務省", "Source: MIC"),
            landing_page="https://www.soumu.go.jp/kojinbango_card/",
            keywords=("マイナンバーカード", "千葉県"),
            indicators=("kpi-12",),
            frequency="M",
            spatial=("120006",),
            structure=self.structure,
        )
        return replace(plain, **changes)

    def row(self, **changes: Any) -> dict[str, Any]:
        """Return one observation: Chiba City on 2021-04-01."""
        plain = {
            "indicator_id": "kpi-12",
            "definition_id": "kpi-12.issued",
            "area_code": "121002",
            "period": "2021-04-01",
            "value": 32.8,
            "unit": "PT",
            "numerator": 318610.0,
            "denominator": 972516.0,
            "obs_status": "A",
        }
        return plain | changes

    def table(self, rows: Sequence[dict[str, Any]], structure: DataStructure | None = None) -> pa.Table:
        """Return a table of rows."""
        return (structure or self.structure).table(rows)

    def rates(self, *periods: str, extra: int = 0) -> pa.Table:
        """Return the rates of three municipalities at each period; ``extra`` is added to every numerator."""
        rows = [
            self.row(
                area_code=area,
                period=period,
                numerator=float(numerator + number + extra),
                denominator=float(denominator),
                value=round(100 * (numerator + number + extra) / denominator, 1),
            )
            for number, period in enumerate(periods)
            for area, numerator, denominator in COUNTS
        ]
        return self.table(rows)

    @property
    def provenance(self) -> Provenance:
        """Where it all came from."""
        origin = Origin("all_localgovs.csv", "ab" * 32, 1234, "2021-05-01T00:00:00Z")
        return Provenance((origin,), "mynumber", "shihyo.mynumber 0.1.0", "出典：総務省")

    def build(
        self,
        folder: Path,
        table: pa.Table,
        parent: Any = None,
        *,
        issued: str = "2021-05-01T00:00:00+09:00",
        dataset: Dataset | None = None,
        raise_to: Version | None = None,
        job: str | None = None,
    ) -> BuiltRelease:
        """Build a release that must differ from its parent."""
        built = build_release(
            dataset or self.dataset(),
            table,
            parent=parent,
            issued=issued,
            provenance=self.provenance,
            folder=folder,
            raise_to=raise_to,
            job=job,
        )
        assert built is not None
        return built

    def chain(self, folder: Path, number: int) -> list[BuiltRelease]:
        """Build so many releases, each with one month more than the one before."""
        releases: list[BuiltRelease] = []
        for last in range(1, number + 1):
            months = [f"2021-M{month:02d}" for month in range(1, last + 1)]
            parent = releases[-1] if releases else None
            issued = f"2021-{last + 1:02d}-01T00:00:00+09:00"
            releases.append(self.build(folder, self.rates(*months), parent, issued=issued))
        return releases


@pytest.fixture(scope="session")
def specimen() -> Specimen:
    """Return the maker of small datasets, tables and releases."""
    return Specimen()


@pytest.fixture(scope="session")
def expected(root: Path) -> Path:
    """Return the folder of the golden files of formats."""
    return root / "tests" / "expected" / "formats"
