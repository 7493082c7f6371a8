"""Copying between a real CKAN and an embedded catalogue, in both directions, killed on the way, by an editor.

What holds for every pair of catalogues is in tests/catalog/ckan/copy; it runs on the real CKAN as well.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from catalog.ckan import Catalogue, Follower, open_catalogue, publish
from catalog.ckan.copy import copy_catalogue
from catalog.ckan.copy_journal import CopyJournal
from catalog.ckan.copy_sides import address_of
from catalog.ckan.edits import find_edits
from catalog.ckan.mapping import distribution_id
from catalog.releases import BuiltRelease, LocalCopy
from catalog.releases.holdings import DatasetHolding, Holdings
from catalog.settings import Settings

pytestmark = pytest.mark.ckan

JAPANESE = "失業率 2024.csv"
CSV = "年,失業率\n2024,2.5\n".encode("cp932")
#: how often a copy is killed before it may end
KILLS = 4


@pytest.fixture
def chain(build_chain: Callable[[int], list[BuiltRelease]]) -> list[BuiltRelease]:
    """Return four releases of a dataset of this test alone."""
    return build_chain(4)


@dataclass
class Pair:
    """A real CKAN and an embedded catalogue with the same organisation of this test alone."""

    ckan: Catalogue
    embedded: Catalogue
    #: names of everything that the test copies
    names: tuple[str, str, str]
    #: where readers keep their copies
    folder: Path

    def copy(self, source: Catalogue, target: Catalogue, **options: Any) -> Any:
        """Copy what belongs to this test."""
        journal = CopyJournal(self.folder / "copies", address_of(source.settings), address_of(target.settings))
        return copy_catalogue(source, target, journal, datasets=self.names, **options)

    def held(self, catalogue: Catalogue, reader: str) -> DatasetHolding:
        """Return what a fresh follower without a token holds of the dataset, every byte verified."""
        copy = LocalCopy(self.folder / reader)
        anonymous = open_catalogue(replace(catalogue.settings, catalog_token=""))
        holdings = Follower(anonymous, copy).synchronise()
        anonymous.close()
        assert copy.verify(holdings, all_releases=True) == []
        return holdings.get(self.names[0])


@pytest.fixture
def pair(
    ckan_url: str, ckan_token: str, organization: str, action: Callable[..., Any], tmp_path: Path
) -> Iterator[Pair]:
    """Give both, empty but for the organisation in the CKAN; purge what a copy brings into the CKAN."""
    names = (f"{organization}-cards", f"{organization}-jobs", f"{organization}-bus")
    home = Settings(home=tmp_path / "home")
    made = Pair(
        open_catalogue(replace(home, catalog_url=ckan_url, catalog_token=ckan_token)),
        open_catalogue(replace(home, home=tmp_path / "embedded")),
        names,
        tmp_path,
    )
    yield made
    query = f"+organization:{organization} +dataset_type:*"
    for drafts in (False, True):
        found = action("package_search", fq=query, include_private=True, include_drafts=drafts, rows=100)["results"]
        for one in found:
            action("dataset_purge", id=one["id"])
    made.ckan.close()
    made.embedded.close()


def fill(catalogue: Catalogue, pair: Pair, chain: list[BuiltRelease], organization: str) -> None:
    """Publish the releases, and make a dataset with a file of a Japanese name, and a service."""
    for built in chain:
        publish(catalogue, built)
    catalogue.action(
        "package_create",
        name=pair.names[1],
        title="失業率",
        owner_org=organization,
        tags=[{"name": "労働"}],
        extras=[{"key": "担当", "value": "統計課"}],
        resources=[{"name": "説明", "url": "https://example.org/about.html", "format": "HTML"}],
    )
    file = pair.folder / JAPANESE
    file.write_bytes(CSV)
    catalogue.upload("resource_create", path=file, media_type="text/csv", package_id=pair.names[1], name="失業率CSV")
    catalogue.action(
        "package_create", name=pair.names[2], type="service", title="バス", owner_org=organization, private=True
    )


def assert_same(pair: Pair, chain: list[BuiltRelease], target: Catalogue) -> None:
    """Compare both catalogues as readers see them."""
    held = [pair.held(one, f"reader-{number}") for number, one in enumerate((pair.ckan, pair.embedded))]
    digests = [Holdings({pair.names[0]: one}).digest for one in held]
    assert digests[0] == digests[1]
    assert [one.digest for one in held[0].releases] == [one.digest for one in chain]
    package, service = target.find_package(pair.names[1]), target.find_package(pair.names[2])
    assert package is not None
    assert service is not None
    assert target.read_file(package["resources"][1], limit=1000) == CSV
    assert [one["name"] for one in package["resources"]] == ["説明", "失業率CSV"]
    assert {"key": "担当", "value": "統計課"} in package["extras"]
    assert (service["type"], service["private"]) == ("service", True)


def test_an_embedded_catalogue_moves_to_ckan(
    pair: Pair, chain: list[BuiltRelease], organization: str, ckan_url: str
) -> None:
    fill_organization(pair, organization)
    fill(pair.embedded, pair, chain[:3], organization)
    report = pair.copy(pair.embedded, pair.ckan)
    assert [one.to_dict() for one in report.items if one.error or one.lost] == []
    assert_same(pair, chain[:3], pair.ckan)
    package = pair.ckan.find_package(pair.names[0])
    assert package is not None
    assert find_edits(package) == []
    assert all(one["url"].startswith(ckan_url) for one in package["resources"])
    assert {one.action for one in pair.copy(pair.embedded, pair.ckan).items} <= {"unchanged", "kept"}
    publish(pair.ckan, chain[3])


def test_a_ckan_moves_to_an_embedded_catalogue(pair: Pair, chain: list[BuiltRelease], organization: str) -> None:
    fill(pair.ckan, pair, chain[:3], organization)
    report = pair.copy(pair.ckan, pair.embedded)
    assert [one.to_dict() for one in report.items if one.error or one.lost] == []
    assert_same(pair, chain[:3], pair.embedded)
    package = pair.embedded.find_package(pair.names[0])
    assert package is not None
    assert find_edits(package) == []
    assert {one.action for one in pair.copy(pair.ckan, pair.embedded).items} == {"unchanged"}
    publish(pair.embedded, chain[3])


def fill_organization(pair: Pair, organization: str) -> None:
    """Make the organisation, which is in the CKAN already, in the embedded catalogue."""
    pair.embedded.action("organization_create", name=organization, title="試験の組織")


@pytest.mark.slow
@pytest.mark.parametrize("to_ckan", [True, False])
def test_killed_on_the_way_the_command_goes_on(
    pair: Pair, chain: list[BuiltRelease], organization: str, root: Path, to_ckan: bool
) -> None:
    fill_organization(pair, organization)
    source, target = (pair.embedded, pair.ckan) if to_ckan else (pair.ckan, pair.embedded)
    fill(source, pair, chain, organization)
    token = pair.folder / "token"
    token.write_text(f"{pair.ckan.settings.catalog_token}\n")
    places = [f"embedded:{pair.embedded.settings.home}", pair.ckan.settings.catalog_url]
    first, second = places if to_ckan else places[::-1]
    file = ["--to-token-file" if to_ckan else "--from-token-file", str(token)]
    names = [part for name in pair.names for part in ("--dataset", name)]
    code = "import sys; from api.cli import main; main(sys.argv[1:])"
    arguments = ["catalog", "copy", "--from", first, "--to", second, *file, *names, "--json"]
    line = [sys.executable, "-c", code, *arguments]
    environ = {key: value for key, value in os.environ.items() if not key.startswith("SHIHYO_")}
    environ["SHIHYO_HOME"] = str(pair.folder / "home")

    def files() -> int:
        """Return how many files have arrived."""
        found = [target.find_package(f"{pair.names[0]}-r{number:05d}") for number in range(1, 5)]
        return sum(len(one["resources"]) for one in found if one)

    killed = 0
    for wanted in range(3, 3 + 4 * KILLS, 4):
        process = subprocess.Popen(line, cwd=root, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and files() < wanted:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        killed += process.wait(timeout=60) == -signal.SIGKILL
    assert killed == KILLS
    ended = subprocess.run(line, cwd=root, env=environ, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["counts"]["failed"] == 0
    assert_same(pair, chain, target)
    for number in range(1, 5):
        release = target.find_package(f"{pair.names[0]}-r{number:05d}")
        assert release is not None
        assert len({one["id"] for one in release["resources"]}) == len(release["resources"]) == 5


def test_an_editor_copies_without_keeping_ids_of_packages(
    pair: Pair, chain: list[BuiltRelease], organization: str, action: Callable[..., Any]
) -> None:
    fill_organization(pair, organization)
    fill(pair.embedded, pair, chain[:2], organization)
    user = f"editor-{organization}"
    action("user_create", name=user, email=f"{user}@example.com", password="long enough to be one")
    action("organization_member_create", id=organization, username=user, role="editor")
    token = action("api_token_create", user=user, name="copying")["token"]
    editor = open_catalogue(replace(pair.ckan.settings, catalog_token=token))
    report = pair.copy(pair.embedded, editor)
    assert [one.to_dict() for one in report.items if one.error] == []
    assert_same(pair, chain[:2], pair.ckan)
    package, original = pair.ckan.find_package(pair.names[0]), pair.embedded.find_package(pair.names[0])
    assert package is not None
    assert original is not None
    assert package["id"] != original["id"]
    assert find_edits(package) == []
    editor.close()
    action("user_delete", id=user)


def test_a_japanese_file_name_stays_a_name_in_ckan(pair: Pair, chain: list[BuiltRelease], organization: str) -> None:
    fill_organization(pair, organization)
    fill(pair.embedded, pair, chain[:1], organization)
    pair.copy(pair.embedded, pair.ckan)
    package = pair.ckan.find_package(pair.names[1])
    assert package is not None
    resource = package["resources"][1]
    assert resource["url"].rpartition("/")[2] == f"{resource['id'][:8]}.csv"
    answer = requests.get(resource["url"], timeout=60)
    assert (answer.status_code, answer.content) == (200, CSV)


def test_the_copy_in_ckan_has_a_table_in_the_datastore(
    pair: Pair, chain: list[BuiltRelease], organization: str, ckan_url: str
) -> None:
    fill_organization(pair, organization)
    fill(pair.embedded, pair, chain[:2], organization)
    report = pair.copy(pair.embedded, pair.ckan)
    rows = chain[1].manifest.observations
    assert [(one.dataset, one.action, one.added) for one in report.datastore] == [(pair.names[0], "loaded", rows)]
    query = {"resource_id": distribution_id(pair.names[0], f"{pair.names[0]}.csv")}
    answer = requests.get(f"{ckan_url}/api/3/action/datastore_search", params=query, timeout=60).json()
    assert answer["result"]["total"] == rows


def test_what_the_token_may_not_write_is_reported(
    pair: Pair, chain: list[BuiltRelease], organization: str, action: Callable[..., Any]
) -> None:
    fill_organization(pair, organization)
    fill(pair.embedded, pair, chain[:1], organization)
    user = f"reader-{organization}"
    action("user_create", name=user, email=f"{user}@example.com", password="long enough to be one")
    token = action("api_token_create", user=user, name="copying")["token"]
    reader = open_catalogue(replace(pair.ckan.settings, catalog_token=token))
    report = pair.copy(pair.embedded, reader)
    assert {one.name: one.error.code for one in report.items if one.error} == {
        f"{pair.names[0]}-r00001": "not-authorized",
        pair.names[0]: "catalogue-error",
        pair.names[1]: "not-authorized",
        pair.names[2]: "not-authorized",
    }
    assert pair.ckan.find_package(pair.names[1]) is None
    reader.close()
    action("user_delete", id=user)
