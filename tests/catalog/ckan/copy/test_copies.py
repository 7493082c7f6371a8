"""What a copy of a catalogue has."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog.ckan import Catalogue, publish
from catalog.ckan.copy_report import CopyReport
from catalog.ckan.edits import find_edits
from catalog.errors import CatalogueError
from catalog.releases import BuiltRelease

Chain = list[BuiltRelease]


Copy = Callable[..., CopyReport]


ON_A_REAL_CKAN = True


CSV = "年,失業率\n2024,2.5\n".encode("cp932")


def test_followers_of_the_copy_hold_the_same_releases(
    source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain, tmp_path: Path, digests: Any
) -> None:
    for built in built_chain[:3]:
        publish(source, built)
    report = copy()
    assert not report.failed
    assert report.counts["created"] == 5
    assert digests(source, tmp_path / "one") == digests(target, tmp_path / "two")


def test_the_report_has_the_sha256_of_every_file(source: Catalogue, copy: Copy, built_chain: Chain) -> None:
    publish(source, built_chain[0])
    [release] = [one for one in copy().items if one.kind == "release"]
    stated = {file.name: file.sha256 for file in built_chain[0].manifest.files}
    manifest = hashlib.sha256(built_chain[0].path("manifest.json").read_bytes()).hexdigest()
    assert {file.name: file.sha256 for file in release.files} == {**stated, "manifest.json": manifest}


def test_publishing_goes_on_in_the_copy(source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain) -> None:
    publish(source, built_chain[0])
    copy()
    package = target.find_package("cards")
    assert package is not None
    assert find_edits(package) == []
    assert not publish(target, built_chain[1]).already


def test_files_of_the_copied_dataset_are_linked_in_the_copy(
    source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain
) -> None:
    publish(source, built_chain[0])
    copy()
    package = target.find_package("cards")
    release = target.find_package("cards-r00001")
    assert package is not None
    assert release is not None
    assert [one["url"] for one in package["resources"]] == [one["url"] for one in release["resources"]]
    assert not any(one["url"].startswith("http://source.example") for one in package["resources"])


@pytest.mark.usefixtures("others")
def test_other_peoples_datasets_arrive_with_everything_that_is_said_of_them(
    source: Catalogue, target: Catalogue, copy: Copy
) -> None:
    report = copy()
    assert not report.failed
    assert [one.lost for one in report.items if one.lost] == []
    before, after = source.find_package("jobs"), target.find_package("jobs")
    assert before is not None
    assert after is not None
    for field in ("id", "title", "notes", "extras", "private", "state", "type", "url", "version"):
        assert after[field] == before[field]
    assert [one["name"] for one in after["tags"]] == ["労働"]
    assert [one["name"] for one in after["groups"]] == ["smart"]
    assert after["organization"]["title"] == "統計課"
    assert [(one["id"], one["name"]) for one in after["resources"]] == [
        (one["id"], one["name"]) for one in before["resources"]
    ]
    assert after["resources"][1]["列"] == "年"
    assert target.read_file(after["resources"][1], limit=1000) == CSV


@pytest.mark.usefixtures("others")
def test_a_private_service_stays_private_and_a_service(target: Catalogue, copy: Copy) -> None:
    copy()
    package = target.find_package("bus")
    assert package is not None
    assert (package["type"], package["private"]) == ("service", True)


@pytest.mark.usefixtures("others")
def test_only_the_named_datasets_are_copied_with_what_they_need(
    source: Catalogue, copy: Copy, built_chain: Chain, actions: Any
) -> None:
    publish(source, built_chain[0])
    assert set(actions(copy(datasets=["cards"]))) == {"chiba-city", "cards-r00001", "cards"}


def test_a_dataset_that_is_not_there_is_named(source: Catalogue, copy: Copy) -> None:
    with pytest.raises(CatalogueError, match="no-such"):
        copy(datasets=["no-such"])


def test_a_release_whose_publication_is_under_way_is_left_out(
    source: Catalogue, copy: Copy, built_chain: Chain, actions: Any
) -> None:
    publish(source, built_chain[0])

    def stop(stage: str, done: int, total: int | None) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish(source, built_chain[1], progress=stop)
    source.action("package_patch", id="cards-r00002", state="active")
    assert actions(copy())["cards-r00002"] == "skipped"
