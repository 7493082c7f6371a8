"""What people changed in the copy stays, and is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog.ckan import Catalogue, Follower, publish
from catalog.ckan.copy_report import CopyReport
from catalog.ckan.edits import find_edits
from catalog.releases import BuiltRelease, LocalCopy

Chain = list[BuiltRelease]


Copy = Callable[..., CopyReport]


ON_A_REAL_CKAN = True


CSV = "年,失業率\n2024,2.5\n".encode("cp932")


@pytest.mark.usefixtures("others")
def test_what_the_target_holds_of_other_people_stays_as_it_is(
    source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain, tmp_path: Path, everything: Any
) -> None:
    target.action("organization_create", name="parks-office", title="公園課")
    target.action(
        "package_create",
        name="parks",
        title="公園",
        owner_org="parks-office",
        private=True,
        extras=[{"key": "担当", "value": "公園課"}],
        resources=[{"name": "一覧", "url": "https://example.org/parks.html"}],
    )
    file = tmp_path / "parks.csv"
    file.write_bytes(CSV)
    target.upload("resource_create", path=file, media_type="text/csv", package_id="parks", name="公園CSV")
    before = everything(target)
    publish(source, built_chain[0])
    assert not copy().failed
    after = everything(target)
    assert {name: after["packages"][name] for name in before["packages"]} == before["packages"]
    assert set(before["organization"]) < set(after["organization"])
    assert {"cards", "cards-r00001", "jobs", "bus"} <= set(after["packages"]) - set(before["packages"])
    assert target.read_file(after["packages"]["parks"]["resources"][1], limit=1000) == CSV


@pytest.mark.usefixtures("others")
def test_an_edit_in_the_copy_is_reported_and_stays(source: Catalogue, target: Catalogue, copy: Copy) -> None:
    copy()
    target.action("package_patch", id="jobs", title="手で直した題")
    source.action("package_patch", id="jobs", notes="別の説明")
    report = copy()
    [item] = [one for one in report.items if one.error]
    assert item.error is not None
    assert (item.name, item.error.code) == ("jobs", "edited-by-hand")
    assert item.error.context["fields"] == ["notes", "title"]
    package = target.find_package("jobs")
    assert package is not None
    assert package["title"] == "手で直した題"
    assert not copy(overwrite=True).failed
    package = target.find_package("jobs")
    assert package is not None
    assert (package["title"], package["notes"]) == ("失業率", "別の説明")


def test_another_dataset_of_the_same_name_stays(
    source: Catalogue, target: Catalogue, copy: Copy, others: dict[str, Any], actions: Any
) -> None:
    target.action("organization_create", name="statistics", title="別の課")
    target.action("package_create", name="jobs", title="別のもの", owner_org="statistics")
    report = copy()
    assert actions(report) | {"bus": ""} == {"statistics": "kept", "smart": "created", "jobs": "failed", "bus": ""}
    package = target.find_package("jobs")
    assert package is not None
    assert package["title"] == "別のもの"
    assert package["id"] != others["id"]


@pytest.mark.usefixtures("others")
def test_a_dataset_that_was_deleted_in_the_copy_is_not_brought_back_unasked(
    target: Catalogue, copy: Copy, failures: Any
) -> None:
    copy()
    target.action("package_delete", id="jobs")
    assert list(failures(copy())) == ["jobs"]
    assert not copy(overwrite=True).failed
    package = target.find_package("jobs")
    assert package is not None
    assert package["state"] == "active"


def test_a_newer_release_in_the_copy_stays(
    source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain, tmp_path: Path, actions: Any
) -> None:
    publish(source, built_chain[0])
    copy()
    publish(target, built_chain[1])
    report = copy()
    assert actions(report)["cards"] == "kept"
    assert not report.failed
    assert len(Follower(target, LocalCopy(tmp_path / "copy")).synchronise().get("cards").releases) == 2


def test_another_chain_of_releases_is_never_overwritten(
    source: Catalogue,
    target: Catalogue,
    copy: Copy,
    built_chain: Chain,
    other_second: BuiltRelease,
    tmp_path: Path,
    digests: Any,
    failures: Any,
) -> None:
    publish(source, built_chain[0])
    copy()
    publish(source, built_chain[1])
    publish(target, other_second)
    before = digests(target, tmp_path / "before")
    report = copy(overwrite=True)
    assert failures(report) == {"cards-r00002": "publish-conflict", "cards": "catalogue-error"}
    assert digests(target, tmp_path / "after") == before


def test_an_edit_in_the_copy_of_a_published_dataset_is_reported(
    source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain
) -> None:
    publish(source, built_chain[0])
    copy()
    target.action("package_patch", id="cards", title="手で直した題")
    publish(source, built_chain[1])
    report = copy()
    [item] = [one for one in report.items if one.error]
    assert item.error is not None
    assert (item.name, item.error.context["fields"]) == ("cards", ["title"])


def test_an_addition_in_the_copy_of_a_published_dataset_is_kept(
    source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain, actions: Any
) -> None:
    publish(source, built_chain[0])
    copy()
    package = target.find_package("cards")
    assert package is not None
    target.action("package_patch", id="cards", extras=[*package["extras"], {"key": "担当", "value": "情報課"}])
    publish(source, built_chain[1])
    assert actions(copy())["cards"] == "updated"
    package = target.find_package("cards")
    assert package is not None
    assert {"key": "担当", "value": "情報課"} in package["extras"]
    assert find_edits(package) == []


def test_an_edit_and_an_addition_in_the_source_are_copied_as_they_are(
    source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain
) -> None:
    publish(source, built_chain[0])
    package = source.find_package("cards")
    assert package is not None
    extras = [*package["extras"], {"key": "担当", "value": "情報課"}]
    source.action("package_patch", id="cards", title="手で直した題", extras=extras)
    copy()
    package = target.find_package("cards")
    assert package is not None
    assert package["title"] == "手で直した題"
    assert {"key": "担当", "value": "情報課"} in package["extras"]
    assert find_edits(package) == ["title"]
