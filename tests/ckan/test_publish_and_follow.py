"""Publishing to a real CKAN and following it: what the embedded catalogue cannot prove about itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import requests

from catalog.ckan import Catalogue, Follower, find_current, open_catalogue, publish
from catalog.ckan.edits import find_edits
from catalog.errors import EditedByHand, PublishConflict
from catalog.model import CC_BY, Agent, Dataset, DataStructure, Label, Origin, Provenance
from catalog.releases import BuiltRelease, LocalCopy, build_release
from catalog.settings import Settings

pytestmark = pytest.mark.ckan

FILES = ["parquet", "csv", "_excel.csv", "datapackage.json", "manifest.json"]
COUNTS = (("121002", 33, 99), ("122041", 1, 40))


def dataset(organization: str) -> Dataset:
    agent = Agent(organization, Label("試験の組織", "Test organisation"), "https://www.city.chiba.jp/", "a@example.com")
    return Dataset(
        name=f"{organization}-cards",
        title=Label("マイナンバーカード交付状況（試験）", "My Number cards issued (test)"),
        description=Label("市区町村別の交付枚数率。", "Share of people with a card, by municipality."),
        publisher=agent,
        creator=agent,
        contact=agent,
        license=CC_BY,
        citation=Label("出典：総務省", "Source: MIC"),
        landing_page="https://www.soumu.go.jp/kojinbango_card/",
        keywords=("マイナンバーカード", "千葉県"),
        indicators=("kpi-12",),
        frequency="M",
        spatial=("120006",),
        structure=DataStructure(),
    )


def rates(*periods: str) -> pa.Table:
    return DataStructure().table(
        {
            "indicator_id": "kpi-12",
            "definition_id": "kpi-12.issued",
            "area_code": area,
            "period": period,
            "value": round(100 * (numerator + number) / denominator, 1),
            "unit": "PT",
            "numerator": float(numerator + number),
            "denominator": float(denominator),
            "obs_status": "A",
        }
        for number, period in enumerate(periods)
        for area, numerator, denominator in COUNTS
    )


@pytest.fixture
def chain(organization: str, tmp_path: Path) -> list[BuiltRelease]:
    """Return three releases of a dataset of this test alone."""
    releases: list[BuiltRelease] = []
    for last in (1, 2, 3):
        built = build_release(
            dataset(organization),
            rates(*(f"2021-M{month:02d}" for month in range(1, last + 1))),
            parent=releases[-1] if releases else None,
            issued=f"2021-{last + 1:02d}-01T00:00:00+09:00",
            provenance=Provenance((Origin("a.csv", "ab" * 32, 10, "2021-05-01T00:00:00Z"),), "test", "shihyo.test 1"),
            folder=tmp_path / "builds",
        )
        assert built is not None
        releases.append(built)
    return releases


@pytest.fixture
def settings(ckan_url: str, ckan_token: str, tmp_path: Path) -> Settings:
    """Return the settings of a publisher at the real CKAN."""
    return Settings(home=tmp_path / "home", catalog_url=ckan_url, catalog_token=ckan_token)


@pytest.fixture
def catalogue(settings: Settings) -> Iterator[Catalogue]:
    """Return the real CKAN."""
    made = open_catalogue(settings)
    yield made
    made.close()


@pytest.fixture
def reader(ckan_url: str, tmp_path: Path) -> Iterator[Follower]:
    """Return who follows the real CKAN without a token."""
    anonymous = open_catalogue(Settings(home=tmp_path / "reader", catalog_url=ckan_url))
    yield Follower(anonymous, LocalCopy(tmp_path / "reader" / "copy"))
    anonymous.close()


def test_releases_are_published_and_followed_with_every_byte(
    catalogue: Catalogue, reader: Follower, chain: list[BuiltRelease]
) -> None:
    name = chain[0].manifest.dataset.name
    for built in chain:
        assert not publish(catalogue, built).already
    assert publish(catalogue, chain[-1]).already
    assert find_current(catalogue, name) == chain[-1].manifest
    held = reader.synchronise().get(name)
    assert [one.digest for one in held.releases] == [one.digest for one in chain]
    for built, release in zip(chain, held.releases, strict=True):
        for file in built.manifest.files:
            assert release.path(file.name).read_bytes() == built.path(file.name).read_bytes()


def test_what_ckan_keeps_of_a_dataset_is_what_was_written(catalogue: Catalogue, chain: list[BuiltRelease]) -> None:
    publish(catalogue, chain[0])
    package = catalogue.find_package(chain[0].manifest.dataset.name)
    assert package is not None
    assert find_edits(package) == []
    assert len(package["resources"]) == len(FILES)


def test_the_latest_csv_is_downloaded_under_an_address_that_never_changes(
    catalogue: Catalogue, chain: list[BuiltRelease]
) -> None:
    addresses = []
    for built in chain[:2]:
        publish(catalogue, built)
        package = catalogue.find_package(built.manifest.dataset.name)
        assert package is not None
        resource = package["resources"][1]
        address = f"{catalogue.settings.catalog_url}/dataset/{package['id']}/resource/{resource['id']}/download"
        answer = requests.get(address, timeout=60)
        assert answer.content == built.path(f"{built.manifest.dataset.name}.csv").read_bytes()
        addresses.append(address)
    assert addresses[0] == addresses[1]


def test_a_stopped_publication_is_completed_by_the_next_run(
    catalogue: Catalogue, reader: Follower, chain: list[BuiltRelease]
) -> None:
    publish(catalogue, chain[0])

    def stop(stage: str, done: int, total: int | None) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish(catalogue, chain[1], progress=stop)
    name = chain[0].manifest.dataset.name
    assert reader.synchronise().get(name).current.digest == chain[0].digest
    assert len(publish(catalogue, chain[1]).skipped) == 3
    assert reader.synchronise().get(name).current.digest == chain[1].digest


def test_an_edit_in_ckan_is_noticed_and_an_addition_is_kept(catalogue: Catalogue, chain: list[BuiltRelease]) -> None:
    publish(catalogue, chain[0])
    name = chain[0].manifest.dataset.name
    package = catalogue.find_package(name)
    assert package is not None
    extras = [*package["extras"], {"key": "担当", "value": "情報統括課"}]
    catalogue.action("package_patch", id=name, extras=extras)
    publish(catalogue, chain[1])
    package = catalogue.find_package(name)
    assert package is not None
    assert {"key": "担当", "value": "情報統括課"} in package["extras"]
    catalogue.action("package_patch", id=name, title="手で直した題")
    with pytest.raises(EditedByHand) as caught:
        publish(catalogue, chain[2])
    assert caught.value.context["fields"] == ["title"]
    publish(catalogue, chain[2], overwrite=True)


def test_a_draft_of_another_home_is_theirs_until_its_lease_ends(
    catalogue: Catalogue, settings: Settings, chain: list[BuiltRelease], tmp_path: Path
) -> None:
    publish(catalogue, chain[0])
    manifest = chain[1].manifest
    other = build_release(
        replace(manifest.dataset, description=Label("別の説明", "Another description")),
        rates("2021-M01", "2021-M12"),
        parent=chain[0],
        issued=manifest.issued,
        provenance=manifest.provenance,
        folder=tmp_path / "other-builds",
    )
    assert other is not None

    def stop(stage: str, done: int, total: int | None) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish(catalogue, chain[1], progress=stop)
    theirs = open_catalogue(replace(settings, home=tmp_path / "theirs"))
    with pytest.raises(PublishConflict):
        publish(theirs, other)
    patient = open_catalogue(replace(settings, home=tmp_path / "theirs", publish_lease_seconds=0))
    assert not publish(patient, other).already
    for one in (theirs, patient):
        one.close()


def test_an_editor_who_is_no_sysadmin_may_publish(
    settings: Settings, reader: Follower, chain: list[BuiltRelease], action: Callable[..., Any], organization: str
) -> None:
    user = f"editor-{organization}"
    action("user_create", name=user, email=f"{user}@example.com", password="long enough to be one")
    action("organization_member_create", id=organization, username=user, role="editor")
    token = action("api_token_create", user=user, name="publishing")["token"]
    editor = open_catalogue(replace(settings, catalog_token=token))

    def stop(stage: str, done: int, total: int | None) -> None:
        if done == 2:
            raise KeyboardInterrupt

    publish(editor, chain[0])
    with pytest.raises(KeyboardInterrupt):
        publish(editor, chain[1], progress=stop)
    name = chain[0].manifest.dataset.name
    assert reader.synchronise().get(name).current.digest == chain[0].digest
    publish(editor, chain[1])
    assert reader.synchronise().get(name).current.digest == chain[1].digest
    editor.close()
    action("user_delete", id=user)


def test_a_dataset_made_private_is_let_go(
    catalogue: Catalogue, reader: Follower, chain: list[BuiltRelease], action: Callable[..., Any]
) -> None:
    publish(catalogue, chain[0])
    name = chain[0].manifest.dataset.name
    assert name in reader.synchronise().datasets
    action("package_patch", id=name, private=True)
    assert name not in reader.synchronise().datasets
