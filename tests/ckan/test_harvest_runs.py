"""``shihyo harvest run`` with a real CKAN behind it: the samples, and once the whole shared data, killed on the way."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.ckan import Catalogue, find_current
from catalog.releases import LocalCopy

pytestmark = pytest.mark.ckan

SAMPLES = {"mynumber-municipalities", "mynumber-prefectures", "mynumber-age-sex", "procedures-online"}

#: the whole data, as benchmarks/harvest.py has it
WHOLE = """
version: 1
sources:
  - {{name: mynumber, kind: mynumber, title: {{ja: 全件, en: all}}, path: {data}/mynumber}}
  - {{name: procedures, kind: procedures, title: {{ja: 全件, en: all}},
     path: {data}/procedures/procedures_2025-07-29.parquet}}
  - {{name: services, kind: services, title: {{ja: 全件, en: all}},
     path: {root}/harvesters/samples/services/services.yml}}
"""


#: some of the sample
SAMPLE = """
version: 1
sources:
  - {{name: mynumber, kind: mynumber, title: {{ja: 見本, en: sample}}, path: {path}, options: {{sample: true}}}}
"""


class Command:
    """The command ``shihyo`` on a home folder of its own."""

    def __init__(self, root: Path, home: Path, **settings: str) -> None:
        self.root, self.home = root, home
        plain = {key: value for key, value in os.environ.items() if not key.startswith("SHIHYO_")}
        self.environ = plain | {"SHIHYO_HOME": str(home), **settings}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it."""
        line = [str(Path(sys.executable).with_name("shihyo")), *arguments]
        return subprocess.Popen(
            line, cwd=self.root, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def __call__(self, *arguments: str) -> Any:
        """Run it to its end and return the JSON that it prints."""
        process = self.start(*arguments, "--json")
        out, problems = process.communicate(timeout=1200)
        assert process.returncode == 0, problems
        return json.loads(out)

    def services(self) -> dict[str, str]:
        """Return each service that it holds, with the digest of its record; after a synchronisation."""
        found = LocalCopy(self.home / "copy").load().services
        return {id: one.service.digest for id, one in found.items()}

    def held(self) -> dict[str, list[dict[str, str]]]:
        """Return each dataset that it holds after a synchronisation: the digests of the files of each release."""
        self("catalog", "sync")
        copy = LocalCopy(self.home / "copy")
        holdings = copy.load()
        assert copy.verify(holdings, all_releases=True) == []
        return {
            name: [{file.name: file.sha256 for file in one.manifest.files} for one in dataset.releases]
            for name, dataset in holdings.datasets.items()
        }


@pytest.fixture
def city(action: Callable[..., Any], own_stack: Any, undisturbed: None) -> Iterator[str]:
    """Leave the real CKAN without anything of Chiba City before and after."""

    def empty() -> None:
        query = {"fq": "+organization:(chiba-city OR chiba-vision-trial) +dataset_type:*", "fl": "name", "rows": 1000}
        for one in action("package_search", **query, include_private=True, include_drafts=True)["results"]:
            action("dataset_purge", id=one["name"])

    empty()
    yield "chiba-city"
    empty()


@pytest.fixture
def on_ckan(root: Path, tmp_path: Path, ckan_url: str, ckan_token: str, city: str) -> Callable[..., Command]:
    """Return a function that gives the command with the real CKAN behind it."""
    behind = {"SHIHYO_CATALOG_URL": ckan_url, "SHIHYO_CATALOG_TOKEN": ckan_token}
    return lambda home="home", **settings: Command(root, tmp_path / home, **behind, **settings)


def test_the_samples_are_published_to_a_real_ckan_as_to_the_embedded_catalogue(
    root: Path, tmp_path: Path, on_ckan: Callable[..., Command]
) -> None:
    embedded, real = Command(root, tmp_path / "embedded"), on_ckan()
    embedded("harvest", "run")
    real("harvest", "run")
    held = real.held()
    assert set(held) >= SAMPLES
    assert held == embedded.held()


def test_a_second_run_changes_nothing_in_ckan(on_ckan: Callable[..., Command], action: Callable[..., Any]) -> None:
    def modified() -> dict[str, str]:
        query = {
            "fq": "+organization:(chiba-city OR chiba-vision-trial) +dataset_type:*",
            "fl": "name,metadata_modified",
            "rows": 1000,
        }
        return {one["name"]: one["metadata_modified"] for one in action("package_search", **query)["results"]}

    shihyo = on_ckan()
    shihyo("harvest", "run")
    before = modified()
    shihyo("harvest", "run", "--force")
    assert modified() == before
    on_ckan("another-home")("harvest", "run")
    assert modified() == before


def test_a_dataset_that_was_edited_in_ckan_stops_its_release_and_no_other(
    on_ckan: Callable[..., Command], action: Callable[..., Any], root: Path, tmp_path: Path
) -> None:
    samples = tmp_path / "mynumber"
    folders = sorted(one for one in (root / "harvesters" / "samples" / "mynumber").iterdir() if one.is_dir())
    samples.mkdir()
    for folder in folders[-3:-1]:
        shutil.copytree(folder, samples / folder.name)
    source = (
        "{name: mynumber, kind: mynumber, title: {ja: 見本, en: sample}, path: "
        + str(samples)
        + ", options: {sample: true}}"
    )
    (tmp_path / "harvest.yml").write_text(f"version: 1\nsources:\n  - {source}\n", "utf-8")
    shihyo = on_ckan(SHIHYO_HARVEST_FILE=str(tmp_path / "harvest.yml"))
    shihyo("harvest", "run")
    before = shihyo.held()
    action("package_patch", id="mynumber-municipalities", title="手で直した題")
    shutil.copytree(folders[-1], samples / folders[-1].name)

    process = shihyo.start("harvest", "run", "--json")
    said, _ = process.communicate(timeout=300)

    assert process.returncode == 1
    assert "edited-by-hand" in said
    assert action("package_show", id="mynumber-municipalities")["title"] == "手で直した題"
    after = shihyo.held()
    assert after["mynumber-municipalities"] == before["mynumber-municipalities"]
    assert len(after["mynumber-prefectures"]) == len(before["mynumber-prefectures"]) + 1


@pytest.mark.shared
@pytest.mark.slow
def test_the_whole_shared_data_is_published_though_killed_on_the_way(
    shared_data: Path, root: Path, tmp_path: Path, on_ckan: Callable[..., Command], action: Callable[..., Any]
) -> None:
    (tmp_path / "harvest.yml").write_text(WHOLE.format(data=shared_data, root=root), "utf-8")
    file = {"SHIHYO_HARVEST_FILE": str(tmp_path / "harvest.yml")}
    embedded, real = Command(root, tmp_path / "embedded", **file), on_ckan(**file)
    embedded("harvest", "run")
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(3):
        process = real.start("harvest", "run", "--json")
        time.sleep(chance.uniform(8, 25))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        found = action("package_search", fq="+organization:chiba-city +dataset_type:release", rows=0)
        print(f"killed with {found['count']} releases in CKAN")
    begun = time.monotonic()
    real("harvest", "run")
    print(f"the last run took {time.monotonic() - begun:.0f} s")
    held = real.held()
    assert {name: len(releases) for name, releases in held.items()} == {
        "mynumber-municipalities": 35,
        "mynumber-prefectures": 35,
        "mynumber-age-sex": 34,
        "procedures-online": 1,
    }
    assert held == embedded.held()
    services = {one["serviceId"] for one in json.loads((shared_data / "figures" / "services.json").read_text("utf-8"))}
    assert real.services() == embedded.services()
    assert set(real.services()) == services


def test_the_current_manifest_is_read_from_ckan(on_ckan: Callable[..., Command], catalogue: Catalogue) -> None:
    on_ckan()("harvest", "run", "procedures")
    current = find_current(catalogue, "procedures-online")
    assert current is not None
    assert current.sequence == 1
