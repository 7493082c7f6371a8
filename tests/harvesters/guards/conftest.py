"""A source of the smallest kind, so that each guard can be tripped by a file of a few lines.

``a.csv`` and the like: columns 団体コード, 時点, 率 and, if there is one, 性別; each file is one contribution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from catalog.ckan import Catalogue, find_current, open_catalogue
from catalog.database import HarvestObject, open_database
from catalog.database.holds import HoldJournal
from catalog.errors import Label
from catalog.model import CC_BY, Agent, Dataset, DataStructure, Dimension, Manifest
from catalog.settings import Settings
from harvesters import Context, Contribution, Fetched, Harvester, HarvestSource, JobReport, plan_sources, run_sources
from harvesters.fetching.fetch import list_files
from harvesters.guards.declared import read_guards
from harvesters.plan import SourcePlan
from harvesters.readers import read_csv
from harvesters.registry import harvesters

AGENT = Agent("chiba-city", Label("千葉市", "Chiba City"))
SEXES = {"_T": Label("計", "Total"), "M": Label("男", "Male"), "F": Label("女", "Female")}
#: the prefectures from 北海道 to 長野県
AREAS = (
    *("010006", "020001", "030007", "040002", "050008", "060003", "070009", "080004", "090000", "100005"),
    *("110001", "120006", "130001", "140007", "150002", "160008", "170003", "180009", "190004", "200000"),
)


class Figures(Harvester):
    """Observations as they stand in CSV files."""

    kind = "figures"
    version = "1"
    title = Label("数値", "Figures")

    def datasets(self, context: Context) -> tuple[Dataset, ...]:
        return (_dataset("figures"), _dataset("others"))

    def gather(self, context: Context) -> Sequence[HarvestObject]:
        return list_files(context.source, "*.csv")

    def transform(self, context: Context, fetched: Fetched) -> Sequence[Contribution]:
        name = fetched.object.name
        table = read_csv(fetched.path, name=name, columns=("団体コード", "時点", "率"), largest=10_000_000)
        rows = list(table)
        context.tally.read += len(rows)
        context.tally.accepted += len(rows)
        dataset = _dataset("others" if name.startswith("other") else "figures", sexes="性別" in table.columns)
        return [
            Contribution(
                dataset=dataset,
                table=_observations(dataset, [one.cells for one in rows]),
                issued="2024-04-01T00:00:00+09:00",
                object=name,
            )
        ]


def _dataset(name: str, *, sexes: bool = False) -> Dataset:
    label = Label("試験", "Test")
    sex = (Dimension("sex", Label("性別", "Sex"), SEXES),) if sexes else ()
    return Dataset(
        name=name,
        title=label,
        description=label,
        publisher=AGENT,
        creator=AGENT,
        contact=AGENT,
        license=CC_BY,
        citation=label,
        landing_page="https://example.org/",
        keywords=(),
        indicators=("kpi-12",),
        frequency="A",
        spatial=("000000",),
        structure=DataStructure(sex),
    )


def _observations(dataset: Dataset, rows: Sequence[dict[str, str]]) -> pa.Table:
    observations = [
        {
            "indicator_id": "kpi-12",
            "definition_id": "kpi-12.issued",
            "area_code": one["団体コード"],
            "period": one["時点"],
            "sex": one.get("性別"),
            "value": float(one["率"]),
            "unit": "PT",
            "obs_status": one.get("状態") or "A",
        }
        for one in rows
    ]
    return pa.Table.from_pylist(observations, schema=dataset.structure.arrow_schema())


def csv(values: dict[tuple[str, str], float], *, extra: dict[str, str] | None = None) -> str:
    """Return a file: (area, period) -> value; ``extra`` columns have the same text in every row."""
    more = extra or {}
    head = ",".join(["団体コード", "時点", "率", *more])
    return "\n".join([head, *(",".join([*key, str(one), *more.values()]) for key, one in values.items())]) + "\n"


def year(period: str = "2023", *, value: float = 40.0, areas: Sequence[str] = AREAS) -> dict[tuple[str, str], float]:
    """Return a value for each area, each a little different."""
    return {(area, period): round(value + number * value / 1000, 6) for number, area in enumerate(areas)}


@dataclass
class Bench:
    """A source with its folder, and what can be done with it."""

    settings: Settings
    folder: Path
    source: HarvestSource

    def write(self, name: str, values: dict[tuple[str, str], float], **extra: Any) -> None:
        """Put a file into the folder."""
        (self.folder / name).write_text(csv(values, **extra), "utf-8")

    def run(self, **how: Any) -> JobReport:
        """Run the source."""
        [report] = run_sources(self.settings, [self.source], **how)
        return report

    def plan(self) -> SourcePlan:
        """Plan the source."""
        [plan] = plan_sources(self.settings, [self.source])
        return plan

    def guards(self, **limits: Any) -> None:
        """Give the source other limits; ``_`` in the names is ``-``."""
        from dataclasses import replace

        raw = {name.replace("_", "-"): value for name, value in limits.items() if name != "approval"}
        read = read_guards(raw, file="harvest.yml", key="guards", approval_required=bool(limits.get("approval")))
        self.source = replace(self.source, guards=read)

    def current(self, name: str = "figures") -> Manifest | None:
        """Return what is published."""
        catalogue = self.catalogue()
        try:
            return find_current(catalogue, name)
        finally:
            catalogue.close()

    def catalogue(self) -> Catalogue:
        """Open the catalogue."""
        return open_catalogue(self.settings)

    def holds(self) -> HoldJournal:
        """Open the journal of holds."""
        return HoldJournal(open_database(self.settings.application_database_url))


@pytest.fixture
def bench(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a source whose folder has one published file: 20 areas in 2023."""
    monkeypatch.setitem(harvesters(), "figures", Figures())
    folder = tmp_path / "figures"
    folder.mkdir()
    source = HarvestSource(
        name="figures",
        kind="figures",
        title=Label("数値", "Figures"),
        path=folder,
        url=None,
        publisher=AGENT,
        options={},
        every=None,
        file=tmp_path / "harvest.yml",
    )
    made = Bench(settings, folder, source)
    made.write("a.csv", year("2023"))
    assert made.run().published == 1
    return made


@pytest.fixture
def figures() -> Callable[..., dict[tuple[str, str], float]]:
    """Return :func:`year`."""
    return year
