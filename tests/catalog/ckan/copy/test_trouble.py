"""Copying that is refused, ends early or is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.ckan import Catalogue, Follower, publish
from catalog.ckan.copy import copy_catalogue
from catalog.ckan.copy_journal import CopyJournal, Entry
from catalog.ckan.copy_report import CopyReport
from catalog.ckan.copy_sides import address_of, settings_of
from catalog.errors import CatalogueError, CatalogueUnavailable, PublishConflict, SettingError
from catalog.releases import BuiltRelease, LocalCopy
from catalog.settings import Settings

Chain = list[BuiltRelease]


Copy = Callable[..., CopyReport]


ON_A_REAL_CKAN = True


CSV = "年,失業率\n2024,2.5\n".encode("cp932")


def test_a_damaged_file_of_a_release_is_not_copied_and_the_dataset_stays_behind(
    source: Catalogue, target: Catalogue, copy: Copy, built_chain: Chain, tmp_path: Path, failures: Any
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
    source: Catalogue, target: Catalogue, built_chain: Chain, site: Any, root: Path, tmp_path: Path, digests: Any
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
