"""A real CKAN harvests our catalogue: ckanext-harvest over the action API, ckanext-dcat over the DCAT document.

Our catalogue is served by a process of its own; CKAN's two queue consumers run as they do at an operator's.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from catalog.ckan import open_catalogue
from catalog.settings import Settings

pytestmark = pytest.mark.ckan

DATASETS = {"mynumber-municipalities", "mynumber-prefectures", "mynumber-age-sex"}

SOURCES = """
version: 1
sources:
  - {{name: mynumber, kind: mynumber, title: {{ja: 見本, en: sample}}, path: {path}, options: {{sample: true}}}}
  - {{name: services, kind: services, title: {{ja: 台帳, en: registry}}, path: {services}}}
"""

#: how often CKAN is told to look after its jobs; operators do it every few minutes
CRON_SECONDS = 4
#: kind of harvest source -> what it reads of our site
KINDS = {"ckan": "", "dcat_rdf": "/catalog.ttl"}


class OurSite:
    """Our catalogue with some of the sample releases and the services, which no CKAN must meet unasked; served."""

    def __init__(self, root: Path, folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.home, self._publications = folder / "home", folder / "mynumber"
        samples = root / "harvesters" / "samples"
        services = samples / "services" / "services.yml"
        self._coming = sorted(one for one in (samples / "mynumber").iterdir() if one.name.isdecimal())[-3:]
        (folder / "harvest.yml").write_text(SOURCES.format(path=self._publications, services=services), "utf-8")
        plain = {key: value for key, value in os.environ.items() if not key.startswith("SHIHYO_")}
        self.environ = plain | {
            "SHIHYO_HOME": str(self.home),
            "SHIHYO_HARVEST_FILE": str(folder / "harvest.yml"),
            "SHIHYO_SITE_URL": self.url,
            "SHIHYO_PORT": str(port),
            "SHIHYO_FOLLOW_SECONDS": "1",
        }

    def command(self, *arguments: str) -> list[str]:
        """Return the line of the command ``shihyo``."""
        return [str(Path(sys.executable).with_name("shihyo")), *arguments]

    def publish_next(self) -> None:
        """Publish what the ministry published next."""
        folder = self._coming.pop(0)
        shutil.copytree(folder, self._publications / folder.name)
        subprocess.run(self.command("harvest", "run", "--json"), env=self.environ, check=True, capture_output=True)

    def delete(self, name: str) -> None:
        """Delete a dataset."""
        catalogue = open_catalogue(Settings(home=self.home, site_url=self.url))
        catalogue.action("package_delete", id=name)
        catalogue.close()
        self.wait(lambda: name not in self.dcat())

    def dcat(self) -> str:
        """Return the DCAT document."""
        return requests.get(f"{self.url}/catalog.ttl", headers={"Cache-Control": "no-cache"}, timeout=30).text

    def package(self, name: str) -> dict[str, Any]:
        """Return a dataset as its CKAN package."""
        answer = requests.get(f"{self.url}/api/3/action/package_show?id={name}", timeout=30)
        return dict(answer.json()["result"])

    def wait(self, condition: Callable[[], Any]) -> None:
        """Wait until something is served."""
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, "it is not served"
            time.sleep(0.2)


@pytest.fixture
def ours(root: Path, tmp_path: Path, free_port: int) -> Iterator[OurSite]:
    """Serve our catalogue with one release of each dataset."""
    site = OurSite(root, tmp_path, free_port)
    site.publish_next()
    server = subprocess.Popen(site.command("serve"), env=site.environ, stdout=subprocess.DEVNULL)
    try:
        site.wait(lambda: _answers(site.url))
        yield site
    finally:
        server.terminate()
        server.wait(timeout=60)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def consumers(own_stack: Any) -> Iterator[None]:
    """Run the two consumers of CKAN's harvest queues."""
    folder = own_stack.folder.resolve()
    environ = os.environ | {"CKAN_INI": str(folder / "ckan.ini")}
    command = [folder / "venv" / "bin" / "ckan", "-c", folder / "ckan.ini", "harvester"]
    with (folder / "log" / "harvest.log").open("ab") as log:
        started = [
            subprocess.Popen([*command, name], env=environ, stdout=log, stderr=log)
            for name in ("gather-consumer", "fetch-consumer")
        ]
        yield
        for process in started:
            process.terminate()
            process.wait(timeout=30)


class Harvest:
    """A harvest source of the real CKAN, and what it brought."""

    def __init__(self, action: Callable[..., Any], organization: str, kind: str, url: str) -> None:
        self._action, self._organization = action, organization
        self.source = action(
            "harvest_source_create",
            name=f"source-{uuid.uuid4().hex[:10]}",
            title="指標カタログ",
            url=url,
            source_type=kind,
            owner_org=organization,
            frequency="MANUAL",
        )["id"]

    def run(self) -> dict[str, int]:
        """Harvest once; return how many datasets were added, updated, not modified, deleted or failed."""
        job = self._action("harvest_job_create", source_id=self.source, run=True)["id"]
        deadline = time.monotonic() + 120
        while not self._action("harvest_job_show", id=job)["gather_finished"]:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        while (found := self._action("harvest_job_show", id=job))["status"] != "Finished":
            assert time.monotonic() < deadline, found
            # asked while objects wait, it would put them into the queue a second time
            time.sleep(CRON_SECONDS)
            self._action("harvest_jobs_run", source_id=self.source)
        return {key: value for key, value in found["stats"].items() if value}

    def clear(self) -> None:
        """Remove what was harvested, and the source."""
        self._action("harvest_source_clear", id=self.source)
        self._action("dataset_purge", id=self.source)

    def datasets(self) -> dict[str, dict[str, Any]]:
        """Return the harvested datasets by their title."""
        query = {"fq": f"+organization:{self._organization} +dataset_type:* -dataset_type:harvest", "rows": 1000}
        found = self._action("package_search", **query)["results"]
        titles = {one["title"]: one for one in found}
        assert len(titles) == len(found), sorted(one["name"] for one in found)
        return titles


@pytest.fixture(params=KINDS)
def harvest(
    request: pytest.FixtureRequest, ours: OurSite, action: Callable[..., Any], organization: str, consumers: None
) -> Iterator[Harvest]:
    """Return a harvest source for our catalogue, of each kind."""
    made = Harvest(action, organization, request.param, ours.url + KINDS[request.param])
    yield made
    made.clear()


def version(package: dict[str, Any]) -> str:
    return str(package["version"])


def test_a_second_harvest_duplicates_nothing_and_a_new_release_arrives(harvest: Harvest, ours: OurSite) -> None:
    assert harvest.run() == {"added": len(DATASETS)}
    first = harvest.datasets()
    assert {title: version(one) for title, one in first.items()} == {
        package["title"]: package["version"] for package in map(ours.package, DATASETS)
    }

    again = harvest.run()
    assert set(again) <= {"updated", "not modified"}
    assert {title: one["id"] for title, one in harvest.datasets().items()} == {
        title: one["id"] for title, one in first.items()
    }

    before = ours.package("mynumber-prefectures")["version"]
    ours.publish_next()
    package = ours.package("mynumber-prefectures")
    assert package["version"] != before
    ours.wait(lambda: f'"{package["version"]}"' in ours.dcat())
    assert harvest.run().get("updated", 0) >= 1
    now = harvest.datasets()
    assert {title: one["id"] for title, one in now.items()} == {title: one["id"] for title, one in first.items()}
    assert version(now[package["title"]]) == package["version"]


def test_the_harvested_links_give_the_files_of_our_current_release(harvest: Harvest, ours: OurSite) -> None:
    harvest.run()
    package = ours.package("mynumber-prefectures")
    found = harvest.datasets()[package["title"]]
    links = {one["hash"]: one["url"] for one in found["resources"] if one.get("hash")}
    files = [one for one in package["resources"] if one["shihyo_file"] != "manifest.json"]
    assert len(files) == 4
    for file in files:
        assert hashlib.sha256(requests.get(links[file["hash"]], timeout=30).content).hexdigest() == file["hash"]


@pytest.mark.parametrize("suffix", ["ttl", "rdf", "jsonld"])
def test_every_form_of_the_dcat_document_is_harvested(
    suffix: str, ours: OurSite, action: Callable[..., Any], organization: str, consumers: None
) -> None:
    made = Harvest(action, organization, "dcat_rdf", f"{ours.url}/catalog.{suffix}")
    assert made.run() == {"added": len(DATASETS)}
    assert set(made.datasets()) == {ours.package(name)["title"] for name in DATASETS}
    made.clear()


@pytest.mark.parametrize(
    ("harvest", "stays"), [("ckan", True), ("dcat_rdf", False)], indirect=["harvest"], ids=["ckan", "dcat_rdf"]
)
def test_a_deleted_dataset_stays_with_the_ckan_harvester_and_goes_with_the_dcat_harvester(
    harvest: Harvest, ours: OurSite, stays: bool
) -> None:
    harvest.run()
    title = ours.package("mynumber-age-sex")["title"]
    ours.delete("mynumber-age-sex")
    said = harvest.run()
    assert (title in harvest.datasets()) == stays
    assert said.get("deleted", 0) == (0 if stays else 1)
    assert len(harvest.datasets()) == len(DATASETS) - (0 if stays else 1)


def test_the_ckan_harvester_keeps_names_and_ids(
    ours: OurSite, action: Callable[..., Any], organization: str, consumers: None
) -> None:
    made = Harvest(action, organization, "ckan", ours.url)
    made.run()
    assert {one["name"]: one["id"] for one in made.datasets().values()} == {
        name: ours.package(name)["id"] for name in DATASETS
    }
    made.clear()
