"""Copying one catalogue into another: what arrives, what stays, what is never overwritten, and interruptions.

The source is an embedded catalogue in this process; the target one in this process, one behind HTTP, and a real CKAN.
"""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.ckan import Catalogue, Follower, open_catalogue, publish
from catalog.ckan.copy import copy_catalogue
from catalog.ckan.copy_journal import CopyJournal, Entry
from catalog.ckan.copy_report import CopyReport
from catalog.ckan.copy_sides import address_of, settings_of
from catalog.ckan.edits import find_edits
from catalog.ckan.listing import iter_packages
from catalog.embedded.errors import NotFound
from catalog.errors import CatalogueError, CatalogueUnavailable, PublishConflict, SettingError
from catalog.releases import BuiltRelease, LocalCopy
from catalog.settings import Settings

Chain = list[BuiltRelease]
Copy = Callable[..., CopyReport]

ON_A_REAL_CKAN = True

#: what other people have in these tests
THEIRS = (
    ("dataset_purge", "jobs"),
    ("dataset_purge", "bus"),
    ("dataset_purge", "parks"),
    ("organization_purge", "parks-office"),
    ("organization_purge", "statistics"),
    ("group_purge", "smart"),
)

CSV = "年,失業率\n2024,2.5\n".encode("cp932")


def _purge(site: Any) -> None:
    for action, name in THEIRS:
        try:
            site.call(action, id=name)
        except NotFound:
            continue


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Catalogue]:
    """Give an empty embedded catalogue to copy from."""
    made = open_catalogue(Settings(home=tmp_path / "source", site_url="http://source.example"))
    yield made
    made.close()


@pytest.fixture
def target(site: Any) -> Iterator[Catalogue]:
    """Give an empty catalogue to copy to, and leave nothing of other people's in it."""
    _purge(site)
    yield site.open("target")
    _purge(site)


@pytest.fixture
def journal(source: Catalogue, target: Catalogue, tmp_path: Path) -> CopyJournal:
    """Give what runs of this test write down."""
    return CopyJournal(tmp_path / "copies", address_of(source.settings), address_of(target.settings))


@pytest.fixture
def copy(source: Catalogue, target: Catalogue, journal: CopyJournal) -> Copy:
    """Return a function that copies."""
    return lambda **options: copy_catalogue(source, target, journal, **options)


@pytest.fixture
def others(source: Catalogue, tmp_path: Path) -> dict[str, Any]:
    """Make a dataset of other people with a file, a link and a group, and a service."""
    source.action("organization_create", name="statistics", title="統計課", extras=[{"key": "階", "value": "3"}])
    source.action("group_create", name="smart", title="スマート")
    links = [{"name": "説明", "url": "https://example.org/about.html", "format": "HTML"}]
    source.action(
        "package_create",
        name="jobs",
        title="失業率",
        notes="年次",
        owner_org="statistics",
        tags=[{"name": "労働"}],
        groups=[{"name": "smart"}],
        extras=[{"key": "担当", "value": "統計課"}],
        resources=links,
    )
    file = tmp_path / "失業率.csv"
    file.write_bytes(CSV)
    source.upload("resource_create", path=file, media_type="text/csv", package_id="jobs", name="失業率CSV", 列="年")
    source.action(
        "package_create", name="bus", type="service", title="バス", owner_org="statistics", private=True, version="1"
    )
    package = source.find_package("jobs")
    assert package is not None
    return package


def digests(catalogue: Catalogue, folder: Path) -> tuple[str, list[str]]:
    """Return what a fresh follower of a catalogue holds."""
    follower = Follower(catalogue, LocalCopy(folder))
    holdings = follower.synchronise()
    assert follower.broken == ()
    assert follower.copy.verify(holdings, all_releases=True) == []
    return holdings.digest, sorted(holdings.datasets)


def everything(catalogue: Catalogue) -> dict[str, Any]:
    """Return all that a catalogue holds, whoever put it there."""
    listed = {kind: catalogue.action(f"{kind}_list") for kind in ("organization", "group")}
    return {**listed, "packages": {one["name"]: one for one in iter_packages(catalogue, "+dataset_type:*")}}


def actions(report: CopyReport) -> dict[str, str]:
    return {one.name: one.action for one in report.items}


def failures(report: CopyReport) -> dict[str, str]:
    return {one.name: one.error.code for one in report.items if one.error}


def test_followers_of_the_copy_hold_the_same_releases(
    source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain, tmp_path: Path
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
def test_a_second_run_changes_nothing(
    source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain, journal: CopyJournal, tmp_path: Path
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
    source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain
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


@pytest.mark.usefixtures("others")
def test_what_the_target_holds_of_other_people_stays_as_it_is(
    source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain, tmp_path: Path
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


def test_a_dry_run_of_a_new_release_names_what_changes(source: Catalogue, copy: Copy, built_chain: Chain) -> None:
    publish(source, built_chain[0])
    copy()
    publish(source, built_chain[1])
    report = copy(dry_run=True)
    assert actions(report)["cards-r00002"] == "created"
    [dataset] = [one for one in report.items if one.name == "cards"]
    assert dataset.action == "updated"
    assert "extras.shihyo_release" in dataset.changes


@pytest.mark.usefixtures("others")
def test_only_the_named_datasets_are_copied_with_what_they_need(
    source: Catalogue, copy: Copy, built_chain: Chain
) -> None:
    publish(source, built_chain[0])
    assert set(actions(copy(datasets=["cards"]))) == {"chiba-city", "cards-r00001", "cards"}


def test_a_dataset_that_is_not_there_is_named(source: Catalogue, copy: Copy) -> None:
    with pytest.raises(CatalogueError, match="no-such"):
        copy(datasets=["no-such"])


def test_a_release_whose_publication_is_under_way_is_left_out(
    source: Catalogue, copy: Copy, built_chain: Chain
) -> None:
    publish(source, built_chain[0])

    def stop(stage: str, done: int, total: int | None) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish(source, built_chain[1], progress=stop)
    source.action("package_patch", id="cards-r00002", state="active")
    assert actions(copy())["cards-r00002"] == "skipped"


@pytest.mark.usefixtures("others")
def test_a_file_that_was_replaced_in_the_source_is_replaced_in_the_copy(
    source: Catalogue, target: Catalogue, copy: Copy, others: dict[str, Any], tmp_path: Path
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
    source: Catalogue, target: Catalogue, copy: Copy, others: dict[str, Any]
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
def test_a_dataset_that_was_deleted_in_the_copy_is_not_brought_back_unasked(target: Catalogue, copy: Copy) -> None:
    copy()
    target.action("package_delete", id="jobs")
    assert list(failures(copy())) == ["jobs"]
    assert not copy(overwrite=True).failed
    package = target.find_package("jobs")
    assert package is not None
    assert package["state"] == "active"


def test_a_newer_release_in_the_copy_stays(
    source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain, tmp_path: Path
) -> None:
    publish(source, built_chain[0])
    copy()
    publish(target, built_chain[1])
    report = copy()
    assert actions(report)["cards"] == "kept"
    assert not report.failed
    assert len(Follower(target, LocalCopy(tmp_path / "copy")).synchronise().get("cards").releases) == 2


def test_another_chain_of_releases_is_never_overwritten(
    source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain, other_second: BuiltRelease, tmp_path: Path
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
    source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain
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


def test_a_damaged_file_of_a_release_is_not_copied_and_the_dataset_stays_behind(
    source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain, tmp_path: Path
) -> None:
    publish(source, built_chain[0])
    copy()
    publish(source, built_chain[1])
    sha256 = built_chain[1].manifest.files[0].sha256
    [stored] = [one for one in (tmp_path / "source").rglob("*") if one.is_file() and sha256[4:] in one.name]
    stored.chmod(0o644)
    stored.write_bytes(b"damaged")
    report = copy()
    assert failures(report) == {"cards-r00002": "integrity", "cards": "catalogue-error"}
    assert len(Follower(target, LocalCopy(tmp_path / "copy")).synchronise().get("cards").releases) == 1


def test_a_catalogue_is_not_copied_into_itself(source: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="same"):
        copy_catalogue(source, source, CopyJournal(tmp_path / "copies", "a", "a"))


def test_two_runs_at_once_are_refused(
    source: Catalogue, target: Catalogue, copy: Copy, journal: CopyJournal, tmp_path: Path
) -> None:
    other = CopyJournal(tmp_path / "copies", address_of(source.settings), address_of(target.settings))
    with journal.alone(), pytest.raises(PublishConflict):
        copy_catalogue(source, target, other)


@pytest.mark.parametrize("site", ["in this process"], indirect=True)
def test_a_target_that_stops_answering_ends_the_run(
    source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    for built in built_chain[:4]:
        publish(source, built)
    real, asked = target.action, []

    def down(name: str, /, **data: Any) -> Any:
        if name == "package_create":
            asked.append(name)
            raise CatalogueUnavailable("応答なし", "no answer")
        return real(name, **data)

    monkeypatch.setattr(target, "action", down)
    with pytest.raises(CatalogueUnavailable):
        copy()
    assert len(asked) == 3
    monkeypatch.undo()
    assert not copy().failed


@pytest.mark.usefixtures("others")
def test_a_draft_that_a_killed_run_left_is_completed(source: Catalogue, target: Catalogue, copy: Copy) -> None:
    def stop(stage: str, done: int, total: int | None) -> None:
        if stage == "jobs" and done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy(progress=stop)
    package = target.find_package("jobs")
    assert package is not None
    assert (package["state"], package["private"], len(package["resources"])) == ("draft", True, 1)
    report = copy()
    [item] = [one for one in report.items if one.name == "jobs"]
    assert (item.action, item.files, item.lost) == ("created", (), ())
    package = target.find_package("jobs")
    assert package is not None
    assert (package["state"], package["private"]) == ("active", False)
    assert {"key": "担当", "value": "統計課"} in package["extras"]
    assert not any(one["key"] == "shihyo_copying" for one in package["extras"])


#: copies all of one home's catalogue into another place, and says each step
COPIER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from catalog.ckan import open_catalogue
    from catalog.ckan.copy import copy_catalogue
    from catalog.ckan.copy_journal import CopyJournal
    from catalog.ckan.copy_sides import address_of, settings_of
    from catalog.settings import Settings
    source, place, folder = sys.argv[1:]
    token = sys.stdin.readline().strip()
    settings = Settings(home=Path(folder))
    reading = settings_of(source, settings)
    writing = settings_of(place, settings, token)
    journal = CopyJournal(Path(folder) / "copies", address_of(reading), address_of(writing))
    report = copy_catalogue(
        open_catalogue(reading),
        open_catalogue(writing),
        journal,
        progress=lambda stage, done, total: print(stage, done, flush=True),
    )
    sys.exit(report.failed)
""")


@pytest.mark.slow
@pytest.mark.usefixtures("others")
def test_killed_at_any_file_the_next_run_completes_the_copy(
    source: Catalogue, target: Catalogue, built_chain: Chain, site: Any, root: Path, tmp_path: Path
) -> None:
    for built in built_chain[:3]:
        publish(source, built)
    (tmp_path / "home").mkdir()
    place = site.url or f"embedded:{tmp_path / 'target'}"
    if not site.url:
        (tmp_path / "target").mkdir(exist_ok=True)
        (tmp_path / "target" / "catalog").symlink_to(site.behind.folder)
    token = site.token() if site.url else ""
    command = [sys.executable, "-c", COPIER, f"embedded:{tmp_path / 'source'}", place, str(tmp_path / "home")]

    def run(kill_at: int | None) -> int:
        process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{token}\n")
        process.stdin.flush()
        for number, _ in enumerate(process.stdout):
            if number == kill_at:
                time.sleep(0.01)
                process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        return process.returncode

    codes = [run(kill_at) for kill_at in (3, 6, 8, 10)]
    assert -signal.SIGKILL in codes
    assert run(None) == 0
    assert digests(source, tmp_path / "one") == digests(target, tmp_path / "two")
    package = target.find_package("jobs")
    assert package is not None
    assert target.read_file(package["resources"][1], limit=1000) == CSV


@pytest.mark.parametrize("place", ["ftp://example.org", "nowhere", "embedded:/no/such/folder"])
def test_a_place_that_is_none_is_named(place: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        settings_of(place, Settings(home=tmp_path))
    assert caught.value.context["value"] == place


def test_the_token_of_the_own_catalogue_goes_to_no_other_one(tmp_path: Path) -> None:
    own = Settings(home=tmp_path, catalog_url="https://ckan.example.org", catalog_token="secret")
    assert settings_of("https://ckan.example.org/", own).catalog_token == "secret"
    assert settings_of("https://other.example.org", own).catalog_token == ""
    assert settings_of("https://other.example.org", own, "theirs").catalog_token == "theirs"
    assert settings_of("embedded", own) == replace(own, catalog_url="", catalog_token="")


def test_a_journal_with_a_torn_last_line_is_read_and_continued(tmp_path: Path) -> None:
    journal = CopyJournal(tmp_path, "a", "b")
    journal.record("package:one", Entry("1", "2", {"id": ["t", 3, ""]}))
    [file] = tmp_path.glob("*.jsonl")
    with file.open("ab") as stream:
        stream.write(b'{"key": "package:two", "sour')
    torn = CopyJournal(tmp_path, "a", "b")
    with torn.alone():
        torn.record("package:three", Entry("5", "6"))
    again = CopyJournal(tmp_path, "a", "b")
    assert again.find("package:one") == Entry("1", "2", {"id": ["t", 3, ""]}, [])
    assert again.find("package:two") is None
    assert again.find("package:three") == Entry("5", "6", {}, [])
