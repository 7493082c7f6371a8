"""We harvest a real CKAN: uploads with a mapping, our own releases without one, searches in pages, and what went."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.ckan import Catalogue, publish
from catalog.errors import FetchError, Label
from catalog.formats import read_parquet
from catalog.model import Agent
from catalog.reference import load_reference
from catalog.releases import BuiltRelease
from catalog.settings import Settings
from harvesters import Context, Findings, HarvestSource
from harvesters.base import NoProgress, Tally
from harvesters.ckan import listing
from harvesters.fetching.fetch import Fetcher
from harvesters.fetching.raw import RawStore
from harvesters.http import HttpClient
from harvesters.mapping import read_mapping
from harvesters.reading import Reading
from harvesters.registry import harvesters

pytestmark = pytest.mark.ckan

Harvest = Callable[..., Reading]

TABLE = "団体コード,年度,率（%）\n121002,2021,32.8\n122041,2021,30.0\n"
MAPPING = {
    "indicator": "kpi-12",
    "definition": "kpi-12.issued",
    "area": {"column": "団体コード"},
    "period": {"column": "年度", "as": "fiscal-year"},
    "value": {"column": "率（%）", "unit": "PT", "percent": "points"},
}


@pytest.fixture
def harvest(tmp_path: Path, ckan_url: str) -> Iterator[Harvest]:
    """Return a function that reads the real CKAN as a run does, up to the contributions."""
    public = Settings(home=tmp_path / "here", allow_private_addresses=True)
    client = HttpClient(public)

    def read(
        before: Reading | None = None,
        *,
        kind: str = "ckan",
        url: str = ckan_url,
        portal_token: str = "",
        **options: Any,
    ) -> Reading:
        settings = replace(public, portal_token=portal_token)
        harvester = harvesters()[kind]
        given = {"mapping": read_mapping(MAPPING), **options}
        source = HarvestSource(
            name="portal",
            kind=kind,
            title=Label("表", "Table"),
            path=None,
            url=url,
            publisher=Agent("chiba-city", Label("千葉市", "Chiba City"), "https://www.city.chiba.jp/"),
            options={one.name: one.default for one in harvester.options} | given,
            every=None,
            file=tmp_path / "harvest.yml",
        )
        context = Context(
            source=source,
            reference=load_reference(),
            fetcher=Fetcher(settings, RawStore(settings.home / "raw"), client),
            findings=Findings(),
            tally=Tally(),
        )
        known = {one.name: one for one in before.objects if one.sha256} if before else {}
        reading = Reading(harvester=harvester, context=context, known=known, progress=NoProgress())
        reading.fetch()
        reading.transform()
        return reading

    yield read
    client.close()


@pytest.fixture
def upload(action: Callable[..., Any], organization: str) -> Callable[..., dict[str, Any]]:
    """Return a function that publishes a dataset with one uploaded table."""

    def upload(name: str, year: int = 2021) -> dict[str, Any]:
        title = f"{organization}-{name}"
        made = action("package_create", name=title, title="交付枚数", owner_org=organization, license_id="cc-by")
        content = TABLE.replace("2021", str(year)).encode()
        action(
            "resource_create",
            files={"upload": ("cards.csv", content)},
            package_id=made["id"],
            name="交付枚数（CSV）",
            format="CSV",
        )
        shown: dict[str, Any] = action("package_show", id=title)
        return shown

    return upload


def _values(reading: Reading) -> list[tuple[str, str, float]]:
    tables = [one.table for each in reading.contributions.values() for one in each]
    rows = [row for table in tables for row in table.to_pylist()]
    return sorted((row["area_code"], row["period"], row["value"]) for row in rows)


def test_an_upload_becomes_observations_and_is_not_fetched_twice(upload: Any, harvest: Harvest) -> None:
    dataset = upload("cards")
    first = harvest(pick=(dataset["name"],))
    assert first.errors == {}
    assert _values(first) == [("121002", "FY2021", 32.8), ("122041", "FY2021", 30.0)]
    again = harvest(first, pick=(dataset["name"],))
    assert {str(one.state) for one in again.objects} == {"unchanged"}


@pytest.fixture
def member_token(action: Callable[..., Any], organization: str) -> Iterator[str]:
    """Return the token of somebody who may see what is private in the organisation, and nothing more."""
    user = f"reader-{organization}"
    action("user_create", name=user, email=f"{user}@example.com", password="long enough to be one")
    action("organization_member_create", id=organization, username=user, role="member")
    yield str(action("api_token_create", user=user, name="harvest")["token"])
    action("user_delete", id=user)


@pytest.mark.parametrize("searched", [False, True], ids=["by name", "searched"])
def test_a_private_dataset_is_read_with_the_token_of_a_member_and_not_without(
    upload: Any,
    harvest: Harvest,
    action: Callable[..., Any],
    organization: str,
    member_token: str,
    searched: bool,
) -> None:
    dataset = upload("private")
    action("package_patch", id=dataset["id"], private=True)
    asked = {"filter": f"organization:{organization}"} if searched else {"pick": (dataset["name"],)}
    with pytest.raises(FetchError, match="no dataset that fits"):
        harvest(**asked)
    found = harvest(**asked, token=True, portal_token=member_token)
    assert found.errors == {}
    assert _values(found) == [("121002", "FY2021", 32.8), ("122041", "FY2021", 30.0)]
    assert found.context.findings.counts["dataset-private"] == 1


def test_a_replaced_upload_is_fetched(upload: Any, harvest: Harvest, action: Callable[..., Any]) -> None:
    dataset = upload("cards")
    first = harvest(pick=(dataset["id"],))
    content = TABLE.replace("32.8", "33.9").encode()
    action("resource_patch", files={"upload": ("cards.csv", content)}, id=dataset["resources"][0]["id"])
    again = harvest(first, pick=(dataset["id"],))
    assert ("121002", "FY2021", 33.9) in _values(again)


def test_a_search_is_read_in_pages_and_then_only_what_changed(
    upload: Any, harvest: Harvest, action: Callable[..., Any], organization: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    datasets = [upload(f"d{number}", 2015 + number) for number in range(5)]
    question = {"filter": f"organization:{organization}"}
    first = harvest(**question)
    assert len(_values(first)) == 10
    action("package_patch", id=datasets[0]["id"], title="新しい題名")
    second = harvest(first, **question)
    assert {str(one.state) for one in second.objects if one.name != "datasets.json"} == {"unchanged"}
    action("package_delete", id=datasets[1]["id"])
    third = harvest(second, **question)
    assert [one.name for one in third.objects if one.state == "gone"] == [
        f"{datasets[1]['name']}/{datasets[1]['resources'][0]['id']}.csv"
    ]
    assert len(_values(third)) == 8


def test_a_deleted_dataset_is_absent_and_the_others_are_read(
    upload: Any, harvest: Harvest, action: Callable[..., Any]
) -> None:
    kept, deleted = upload("kept"), upload("deleted", 2020)
    action("package_delete", id=deleted["id"])
    reading = harvest(pick=(kept["name"], deleted["name"]))
    assert reading.context.findings.counts["dataset-absent"] == 1
    assert len(_values(reading)) == 2
    with pytest.raises(FetchError, match="no dataset that fits"):
        harvest(pick=(deleted["name"],))


def test_a_search_that_solr_does_not_understand_is_explained(harvest: Harvest, upload: Any) -> None:
    upload("cards")
    with pytest.raises(FetchError, match="does not understand the search"):
        harvest(filter="organization:(")


def test_our_release_on_a_real_ckan_is_taken_as_it_is(
    harvest: Harvest, catalogue: Catalogue, chain: list[BuiltRelease]
) -> None:
    for one in chain:
        publish(catalogue, one)
    last = chain[-1]
    reading = harvest(pick=(last.manifest.dataset.name,), mapping=None, dataset="copied")
    assert reading.errors == {}
    [[contribution]] = reading.contributions.values()
    assert contribution.table.equals(read_parquet(last.parquet))
    assert contribution.issued == last.manifest.issued
    assert contribution.dataset.title == last.manifest.dataset.title


# -- the same CKAN, as ckanext-dcat describes it


@pytest.mark.parametrize("suffix", ["ttl", "xml", "jsonld"])
def test_the_catalogue_of_ckanext_dcat_is_read_in_every_form(
    upload: Any, harvest: Harvest, organization: str, ckan_url: str, suffix: str
) -> None:
    dataset = upload("cards")
    url = f"{ckan_url}/catalog.{suffix}?fq=organization:{organization}"
    reading = harvest(kind="dcat", url=url)
    assert reading.errors == {}
    assert _values(reading) == [("121002", "FY2021", 32.8), ("122041", "FY2021", 30.0)]
    picked = harvest(kind="dcat", url=f"{ckan_url}/dataset/{dataset['id']}.{suffix}", pick=("交付枚数",))
    assert _values(picked) == _values(reading)


def test_our_release_as_ckanext_dcat_describes_it_is_taken_as_it_is(
    harvest: Harvest, catalogue: Catalogue, chain: list[BuiltRelease], ckan_url: str
) -> None:
    publish(catalogue, chain[0])
    name = chain[0].manifest.dataset.name
    reading = harvest(kind="dcat", url=f"{ckan_url}/dataset/{name}.ttl", mapping=None, dataset="copied")
    assert reading.errors == {}
    [[contribution]] = reading.contributions.values()
    assert contribution.table.equals(read_parquet(chain[0].parquet))


def test_all_pages_of_ckanext_dcat_are_read(
    upload: Any, harvest: Harvest, action: Callable[..., Any], organization: str, ckan_url: str
) -> None:
    for number in range(100):
        action("package_create", name=f"{organization}-aa-{number}", owner_org=organization)
    upload("cards")
    reading = harvest(kind="dcat", url=f"{ckan_url}/catalog.ttl?fq=organization:{organization}")
    pages = [one.name for one in reading.objects if one.name.startswith("catalog.ttl")]
    assert len(pages) == 2
    assert "count-differs" not in reading.context.findings.counts
    assert _values(reading) == [("121002", "FY2021", 32.8), ("122041", "FY2021", 30.0)]
