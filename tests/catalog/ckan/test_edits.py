from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from catalog.ckan.edits import WRITTEN, find_edits, merged, with_written
from catalog.ckan.mapping import dataset_package, extras_of
from catalog.releases import BuiltRelease


@pytest.fixture
def package(built_chain: list[BuiltRelease]) -> dict[str, Any]:
    """Return a dataset package as it is published, with what a catalogue adds to it."""
    return published(built_chain[1])


def published(built: BuiltRelease) -> dict[str, Any]:
    url = "http://example.org/dataset/x/resource/y/download/{}"
    names = [*(one.name for one in built.manifest.files), "manifest.json"]
    files = {name: {"url": url.format(name), "size": 1, "hash": "ab" * 32} for name in names}
    sent = with_written(dataset_package(built.manifest, files))
    resources = [{**one, "created": "2021-05-01T00:00:00", "position": 0} for one in sent["resources"]]
    return {**sent, "id": "1", "private": False, "groups": [], "num_tags": 2, "resources": resources}


def set_extra(package: dict[str, Any], key: str, value: str) -> None:
    package["extras"] = [one for one in package["extras"] if one["key"] != key] + [{"key": key, "value": value}]


def test_what_we_wrote_is_not_an_edit(package: dict[str, Any]) -> None:
    assert find_edits(package) == []


@pytest.mark.parametrize(
    "field", ["title", "notes", "license_id", "version", "url", "author", "maintainer_email", "state"]
)
def test_a_changed_field_is_an_edit(package: dict[str, Any], field: str) -> None:
    assert find_edits({**package, field: "他の値"}) == [field]


def test_a_changed_and_a_removed_extra_are_edits(package: dict[str, Any]) -> None:
    set_extra(package, "frequency", "daily")
    package["extras"] = [one for one in package["extras"] if one["key"] != "provenance"]
    assert find_edits(package) == ["extras.frequency", "extras.provenance"]


def test_a_removed_tag_is_an_edit_and_an_added_one_is_not(package: dict[str, Any]) -> None:
    package["tags"] = [{"name": "千葉県"}, {"name": "統計"}]
    assert find_edits(package) == ["tags.マイナンバーカード"]


def test_a_changed_file_link_is_an_edit(package: dict[str, Any]) -> None:
    changed = copy.deepcopy(package)
    changed["resources"][1]["url"] = "http://example.org/dataset/x/resource/z/download/cards.csv"
    assert find_edits(changed) == [f"resources.{changed['resources'][1]['id']}.url"]


@pytest.mark.parametrize(
    "address", ["https://data.city.example/dataset/", "http://example.org/data/dataset/", "http://example.org/release/"]
)
def test_another_address_of_the_same_site_is_no_edit(package: dict[str, Any], address: str) -> None:
    moved = copy.deepcopy(package)
    for one in moved["resources"]:
        assert one["url"].startswith("http://example.org/dataset/")
        one["url"] = one["url"].replace("http://example.org/dataset/", address)
    assert find_edits(moved) == []


def test_what_the_catalogue_adds_is_no_edit(package: dict[str, Any]) -> None:
    package["resources"][0]["metadata_modified"] = "2022-01-01T00:00:00"
    set_extra(package, "担当", "情報統括課")
    assert find_edits(package) == []


@pytest.mark.parametrize("raw", ["{", "[]", "1", '"x"'])
def test_a_list_of_what_we_wrote_that_was_edited_is_an_edit_itself(package: dict[str, Any], raw: str) -> None:
    set_extra(package, WRITTEN, raw)
    assert find_edits(package) == [f"extras.{WRITTEN}"]


def test_a_list_that_is_gone_finds_no_edits(package: dict[str, Any]) -> None:
    """Who removes it takes the whole dataset over; nothing is left to compare with."""
    package["extras"] = [one for one in package["extras"] if one["key"] != WRITTEN]
    assert find_edits(package) == []


def test_merging_keeps_what_others_added_and_drops_what_we_wrote_before(
    package: dict[str, Any], built_chain: list[BuiltRelease]
) -> None:
    set_extra(package, "担当", "情報統括課")
    package["tags"] += [{"name": "統計"}]
    package["resources"] += [{"id": "guide", "url": "https://example.com/guide.pdf"}]
    package["groups"] = [{"name": "statistics"}]
    new = published(built_chain[2])
    new["tags"] = [{"name": "千葉県"}]
    after = merged(package, new)
    assert extras_of(after)["担当"] == "情報統括課"
    assert extras_of(after)["shihyo_sequence"] == "3"
    assert [one["name"] for one in after["tags"]] == ["千葉県", "統計"]
    assert [one["id"] for one in after["resources"]][-1] == "guide"
    assert len(after["resources"]) == 6
    assert json.loads(extras_of(after)[WRITTEN]) == json.loads(extras_of(new)[WRITTEN])
