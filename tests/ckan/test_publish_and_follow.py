"""Publishing to a real CKAN as its users have it; what publishing promises is in ``tests/catalog/ckan``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests

from catalog.ckan import Catalogue, Follower, open_catalogue, publish
from catalog.ckan.edits import find_edits
from catalog.releases import BuiltRelease
from catalog.settings import Settings

pytestmark = pytest.mark.ckan

FILES = ["parquet", "csv", "_excel.csv", "datapackage.json", "manifest.json"]


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


def test_a_dataset_does_not_grow_with_its_releases_and_keeps_its_ids(
    catalogue: Catalogue, build_chain: Callable[[int], list[BuiltRelease]]
) -> None:
    shown = []
    for built in build_chain(8):
        publish(catalogue, built)
        shown.append(catalogue.action("package_show", id=built.manifest.dataset.name))
    sizes = [len(str(one)) for one in shown]
    assert max(sizes) - min(sizes) < 500
    ids = {(one["id"], *(file["id"] for file in one["resources"])) for one in shown}
    assert len(ids) == 1
    releases = catalogue.action("package_search", fq=f"shihyo_release_of:{shown[0]['name']}", sort="name asc")
    assert [one["name"] for one in releases["results"]] == [f"{shown[0]['name']}-r{one:05d}" for one in range(1, 9)]
