"""Copying again, with and without changes in the source, and dry runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog.ckan import Catalogue, publish
from catalog.ckan.copy import copy_catalogue
from catalog.ckan.copy_journal import CopyJournal
from catalog.ckan.copy_report import CopyReport
from catalog.ckan.edits import find_edits
from catalog.releases import BuiltRelease

Chain = list[BuiltRelease]


Copy = Callable[..., CopyReport]


ON_A_REAL_CKAN = True


CSV = "年,失業率\n2024,2.5\n".encode("cp932")


@pytest.mark.usefixtures("others")
def test_a_second_run_changes_nothing(
    source: Catalogue,
    target: Catalogue,
    copy: Copy,
    built_chain: Chain,
    journal: CopyJournal,
    tmp_path: Path,
    actions: Any,
    failures: Any,
) -> None:
    publish(source, built_chain[0])
    copy()
    before = target.action("package_search", include_private=True)["results"]
    again = copy()
    assert failures(again) == {}
    assert set(actions(again).values()) == {"unchanged"}
    assert again.to_dict()["files"] == 0
    without_journal = CopyJournal(tmp_path / "elsewhere", "a", "b")
    assert set(actions(copy_catalogue(source, target, without_journal)).values()) == {"unchanged"}
    assert target.action("package_search", include_private=True)["results"] == before


@pytest.mark.usefixtures("others")
def test_a_dry_run_says_what_would_be_copied_and_writes_nothing(
    source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain, everything: Any, actions: Any
) -> None:
    publish(source, built_chain[0])
    before = everything(target)
    planned = copy(dry_run=True)
    assert everything(target) == before
    assert not {one.name for one in planned.items} & set(before["packages"])
    done = copy()
    assert actions(planned) == actions(done)
    assert [(file.id, file.bytes) for one in planned.items for file in one.files] == [
        (file.id, file.bytes) for one in done.items for file in one.files
    ]
    assert not copy(dry_run=True).changes


def test_a_dataset_that_comes_back_is_as_it_was(
    source: Catalogue, target: Catalogue, built_chain: Chain, tmp_path: Path
) -> None:
    publish(source, built_chain[0])
    before = source.find_package("cards")
    copy_catalogue(source, target, CopyJournal(tmp_path / "forth", "source", "target"))
    back = copy_catalogue(target, source, CopyJournal(tmp_path / "back", "target", "source"), datasets=["cards"])
    assert not back.failed
    after = source.find_package("cards")
    assert before is not None
    assert after is not None
    assert [one["url"] for one in after["resources"]] == [one["url"] for one in before["resources"]]
    assert find_edits(after) == []
    assert not publish(source, built_chain[1]).already


def test_a_dry_run_of_a_new_release_names_what_changes(
    source: Catalogue, copy: Copy, built_chain: Chain, actions: Any
) -> None:
    publish(source, built_chain[0])
    copy()
    publish(source, built_chain[1])
    report = copy(dry_run=True)
    assert actions(report)["cards-r00002"] == "created"
    [dataset] = [one for one in report.items if one.name == "cards"]
    assert dataset.action == "updated"
    assert "extras.shihyo_release" in dataset.changes


@pytest.mark.usefixtures("others")
def test_a_file_that_was_replaced_in_the_source_is_replaced_in_the_copy(
    source: Catalogue, target: Catalogue, copy: Copy, others: dict[str, Any], tmp_path: Path, actions: Any
) -> None:
    copy()
    file = tmp_path / "新しい.csv"
    file.write_bytes(CSV * 2)
    source.upload("resource_patch", path=file, media_type="text/csv", id=others["resources"][1]["id"])
    report = copy()
    assert actions(report)["jobs"] == "updated"
    package = target.find_package("jobs")
    assert package is not None
    assert target.read_file(package["resources"][1], limit=1000) == CSV * 2


@pytest.mark.usefixtures("others")
def test_what_changed_in_the_source_changes_in_the_copy(source: Catalogue, target: Catalogue, copy: Copy) -> None:
    copy()
    source.action("package_patch", id="jobs", title="新しい題", notes="", tags=[])
    report = copy()
    [item] = [one for one in report.items if one.name == "jobs"]
    assert (item.action, item.changes) == ("updated", ("notes", "tags.労働", "title"))
    package = target.find_package("jobs")
    assert package is not None
    assert (package["title"], package["notes"] or "", package["tags"]) == ("新しい題", "", [])
