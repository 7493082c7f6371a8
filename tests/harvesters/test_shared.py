"""The whole shared files, against answers that were computed elsewhere."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from catalog.ckan import Follower, open_catalogue
from catalog.errors import Label
from catalog.model import Agent
from catalog.releases import Holdings, LocalCopy
from catalog.settings import Settings
from harvesters import HarvestSource, JobReport, plan_sources, run_sources
from harvesters.registry import harvesters

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def harvested(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    """Return settings, sources, reports and what the catalogue has after harvesting everything."""
    home = tmp_path_factory.mktemp("shared")
    settings = Settings(home=home)
    places = {"mynumber": "mynumber", "procedures": "procedures/procedures_2025-07-29.parquet"}
    sources = [
        HarvestSource(
            name=kind,
            kind=kind,
            title=Label(kind, kind),
            path=shared_data / place,
            url=None,
            publisher=Agent("chiba-city", Label("千葉市", "Chiba City")),
            options={one.name: one.default for one in harvesters()[kind].options},
            every=None,
            file=home / "harvest.yml",
        )
        for kind, place in places.items()
    ]
    reports = run_sources(settings, sources)
    catalogue = open_catalogue(settings)
    holdings = Follower(catalogue, LocalCopy(home / "copy-of-test")).synchronise()
    catalogue.close()
    return settings, sources, reports, holdings


@pytest.fixture(scope="module")
def holdings(harvested: tuple[Any, ...]) -> Holdings:
    return harvested[3]


@pytest.fixture(scope="module")
def reports(harvested: tuple[Any, ...]) -> dict[str, JobReport]:
    return {one.source: one for one in harvested[2]}


def test_all_35_publications_of_1741_municipalities_are_releases(holdings: Holdings) -> None:
    releases = holdings.get("mynumber-municipalities").releases
    assert [one.manifest.observations for one in releases] == [1741 * n for n in range(1, 36)]
    assert releases[-1].manifest.observations == 60_935


def test_no_guard_holds_anything_of_the_real_figures(reports: dict[str, JobReport]) -> None:
    assert {one.name: one.trips for report in reports.values() for one in report.datasets} == {
        "mynumber-municipalities": [],
        "mynumber-prefectures": [],
        "mynumber-age-sex": [],
        "procedures-online": [],
    }


def test_releases_are_in_the_order_of_time_with_latest_at_the_end(holdings: Holdings) -> None:
    issued = [one.manifest.issued for one in holdings.get("mynumber-municipalities").releases]
    assert issued == sorted(issued)
    assert (issued[0][:10], issued[-1][:10]) == ("2017-03-08", "2022-04-01")


def test_all_three_datasets_and_the_procedures_are_published(holdings: Holdings) -> None:
    assert {name: len(one.releases) for name, one in holdings.datasets.items()} == {
        "mynumber-municipalities": 35,
        "mynumber-prefectures": 35,
        "mynumber-age-sex": 34,
        "procedures-online": 1,
    }


def test_every_version_but_the_first_is_minor(holdings: Holdings) -> None:
    for name in ("mynumber-municipalities", "mynumber-prefectures", "mynumber-age-sex"):
        versions = [str(one.manifest.version) for one in holdings.get(name).releases]
        assert versions == [f"1.{n}.0" for n in range(len(versions))]


def test_chiba_city_agrees_with_the_figures_computed_elsewhere(holdings: Holdings, shared_data: Path) -> None:
    table = pq.read_table(holdings.get("mynumber-municipalities").current.parquet)
    ours = {row["period"]: row for row in table.filter(pc.equal(table["area_code"], "121002")).to_pylist()}
    with (shared_data / "figures" / "mynumber_chiba_city.csv").open(encoding="utf-8-sig") as file:
        theirs = [row for row in csv.DictReader(file) if row["refDate"] <= "2022-04-01"]
    assert len(theirs) > 30
    for row in theirs:
        mine = ours[row["refDate"]]
        assert (mine["numerator"], mine["denominator"]) == (int(row["cardsIssued"]), int(row["population"]))
        assert mine["value"] == float(row["publishedRatePct"])
        assert mine["denominator_date"].isoformat() == row["populationRefDate"]
    assert (ours["2021-04-01"]["numerator"], ours["2021-04-01"]["denominator"]) == (318610, 972516)
    assert ours["2021-04-01"]["value"] == 32.8


def test_municipalities_add_up_to_their_prefecture(holdings: Holdings) -> None:
    table = pq.read_table(holdings.get("mynumber-municipalities").current.parquet)
    whole = pq.read_table(holdings.get("mynumber-prefectures").current.parquet)
    sums: dict[tuple[str, str], float] = {}
    for code, period, cards in zip(
        table["area_code"].to_pylist(), table["period"].to_pylist(), table["numerator"].to_pylist(), strict=True
    ):
        sums[code[:2], period] = sums.get((code[:2], period), 0) + cards
    stated = {(row["area_code"][:2], row["period"]): row["numerator"] for row in whole.to_pylist()}
    assert sums == stated


def test_the_defects_are_counted_as_they_were_counted_elsewhere(reports: dict[str, JobReport]) -> None:
    counts = reports["mynumber"].findings.counts
    assert counts["byte-order-mark"] == 104
    assert counts["area-code-missing"] == 12
    assert counts["rate-differs"] == 3
    assert counts["sexes-differ"] == 1
    assert counts["file-missing"] == 1
    assert reports["mynumber"].rows.rejected == 0
    counts = reports["procedures"].findings.counts
    assert counts["online-exceeds-cases"] == 4
    assert counts["procedure-kind-missing"] == 2


def test_the_shares_of_procedures_are_those_computed_elsewhere(holdings: Holdings, shared_data: Path) -> None:
    raw = pq.read_table(
        shared_data / "procedures" / "procedures_2025-07-29.parquet",
        columns=["所管府省庁", "オンライン化の実施状況", "総手続件数", "オンライン手続件数"],
    ).to_pandas()
    possible = raw[raw["オンライン手続件数"] <= raw["総手続件数"]]
    known = raw[raw["オンライン化の実施状況"].notna()]
    rows = pq.read_table(holdings.get("procedures-online").current.parquet).to_pylist()
    totals = {
        row["definition_id"]: row
        for row in rows
        if row["ministry"] == row["procedure_kind"] == row["recipient"] == "_T"
    }
    available, done = totals["kpi-13.available"], totals["kpi-13.done"]
    assert available["numerator"] == (known["オンライン化の実施状況"] == "1 実施済").sum() == 36_315
    assert available["denominator"] == len(known) == 75_068
    assert done["numerator"] == possible["オンライン手続件数"].astype(int).sum()
    assert done["denominator"] == possible["総手続件数"].astype(int).sum()
    assert (available["value"], done["value"]) == (48.38, 79.47)


def test_each_breakdown_of_the_procedures_adds_up_but_for_what_is_reported(holdings: Holdings) -> None:
    rows = [
        row
        for row in pq.read_table(holdings.get("procedures-online").current.parquet).to_pylist()
        if row["definition_id"] == "kpi-13.available"
    ]
    sums = {
        name: sum(row["denominator"] for row in rows if row[name] != "_T")
        for name in ("ministry", "procedure_kind", "recipient")
    }
    assert sums == {"ministry": 75_068, "procedure_kind": 75_068 - 2, "recipient": 75_068 - 18}


def test_a_second_run_publishes_nothing_and_a_plan_agrees(harvested: tuple[Any, ...]) -> None:
    settings, sources, _, _ = harvested
    again = run_sources(settings, sources)
    assert [(one.skipped, one.published, one.exit_code) for one in again] == [(True, 0, 0), (True, 0, 0)]
    assert [one.exit_code for one in plan_sources(settings, sources)] == [0, 0]
