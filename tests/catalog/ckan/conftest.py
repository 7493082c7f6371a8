"""A catalogue to publish to and to follow: the embedded one in this process, the same behind HTTP, and a real CKAN."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import pytest

from catalog.ckan import Catalogue, Follower, open_catalogue
from catalog.embedded import EmbeddedCatalog
from catalog.releases import BuiltRelease, LocalCopy
from catalog.settings import Settings

_numbers = itertools.count()


class Behind(Protocol):
    """A catalogue as its sysadmin has it, with the folder of its files."""

    def call(self, action: str, given: dict[str, Any], *, as_system: bool) -> Any:
        """Call an action."""

    def open_file(self, resource_id: str, *, as_system: bool) -> Any:
        """Return something whose ``path`` is the uploaded file."""

    def close(self) -> None:
        """Close connections."""


@dataclass
class RealCkan:
    """The stack of ``deploy/ckan``."""

    #: as its sysadmin
    catalogue: Catalogue
    #: of its uploaded files
    storage: Path

    def call(self, action: str, given: dict[str, Any], *, as_system: bool) -> Any:
        """Call an action."""
        return self.catalogue.action(action, **given)

    def open_file(self, resource_id: str, *, as_system: bool) -> Any:
        """Return where CKAN keeps a file."""
        return SimpleNamespace(path=self.storage / "resources" / resource_id[:3] / resource_id[3:6] / resource_id[6:])

    def empty(self) -> None:
        """Remove what the tests here make."""
        given = {"fq": "+organization:chiba-city +dataset_type:*", "fl": "name", "rows": 1000}
        found = self.catalogue.action("package_search", **given, include_private=True, include_drafts=True)["results"]
        names = {one["name"] for one in found}
        # a deleted dataset is not in CKAN's index
        ours = {"cards", "service-ideabox"}
        ours |= {name for name in names if name.startswith(("cards", "others", "pretender", "service-"))}
        for name in ours:
            if self.catalogue.find_package(name) is not None:
                self.catalogue.action("dataset_purge", id=name)
        if "statistics" in self.catalogue.action("group_list"):
            self.catalogue.action("group_purge", id="statistics")
        if names <= ours and "chiba-city" in self.catalogue.action("organization_list"):
            self.catalogue.action("organization_purge", id="chiba-city")

    def close(self) -> None:
        """Close connections."""
        self.catalogue.close()


@dataclass
class Site:
    """A catalogue with several who publish to it and follow it, each with a home folder of their own."""

    #: the catalogue itself, for what a test does behind the back of publishing
    behind: Behind
    #: where homes are made
    folder: Path
    #: its address; empty if it is reached in this process
    url: str
    #: everything that was opened
    opened: list[Catalogue] = field(default_factory=list)

    def settings(self, home: str = "home", **changes: Any) -> Settings:
        """Return the settings of one publisher or follower."""
        return Settings(
            home=self.folder / home,
            catalog_url=self.url,
            catalog_token=self.token() if self.url else "",
            site_url=self.url or "http://127.0.0.1:8000",
            **changes,
        )

    def token(self, user: str = "admin") -> str:
        """Return a new token."""
        name = f"token-{next(_numbers)}"
        return str(self.behind.call("api_token_create", {"user": user, "name": name}, as_system=True)["token"])

    def open(self, home: str = "home", **changes: Any) -> Catalogue:
        """Open the catalogue as one publisher or follower sees it."""
        made = open_catalogue(self.settings(home, **changes), embedded=None if self.url else self.behind)
        self.opened.append(made)
        return made

    def follower(self, home: str = "reader") -> Follower:
        """Return who follows, with a local copy of its own."""
        return Follower(self.open(home), LocalCopy(self.folder / home / "copy"))

    def call(self, action: str, **data: Any) -> Any:
        """Do something to the catalogue as its sysadmin."""
        return self.behind.call(action, data, as_system=True)

    def package(self, name: str = "cards") -> dict[str, Any]:
        """Return a package."""
        return dict(self.call("package_show", id=name))

    def extras(self, name: str = "cards") -> dict[str, str]:
        """Return the extras of a package."""
        return {one["key"]: one["value"] for one in self.package(name)["extras"]}

    def releases(self) -> list[str]:
        """Return the names of all release packages, drafts as well, sorted."""
        query = "+dataset_type:release +organization:chiba-city"
        found = self.call("package_search", fq=query, rows=1000, include_drafts=True)
        return sorted(one["name"] for one in found["results"])


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[tuple[str, Path]]:
    """Serve any number of embedded catalogues with granian; give the address and the folder of them all."""
    folder = tmp_path_factory.mktemp("served")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {**os.environ, "MANY_CATALOGUES": str(folder), "PYTHONPATH": f"{root}{os.pathsep}{Path(__file__).parent}"}
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--no-access-log"]
    process = subprocess.Popen([*command, "many_catalogues:app"], env=environ, cwd=root)
    try:
        _wait_until_it_answers(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}", folder
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "granian ended"
        try:
            with urllib.request.urlopen(f"{url}/probe/api/3", timeout=5) as answer:
                assert answer.status == 200
                return
        except urllib.error.URLError:
            time.sleep(0.1)
    pytest.fail("granian does not answer")


@pytest.fixture(scope="session")
def real_ckan(ckan_site: Any, own_stack: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCkan]:
    """Return the stack of ``deploy/ckan``."""
    settings = Settings(
        home=tmp_path_factory.mktemp("sysadmin"), catalog_url=ckan_site.url, catalog_token=ckan_site.token
    )
    made = RealCkan(open_catalogue(settings), ckan_site.folder / "data" / "storage")
    yield made
    made.close()


@pytest.fixture
def on_ckan(real_ckan: RealCkan, ckan_site: Any, undisturbed: None, tmp_path: Path) -> Iterator[Site]:
    """Give a real CKAN without datasets of ours; nobody else uses it meanwhile, as followers see all datasets."""
    real_ckan.empty()
    yield Site(real_ckan, tmp_path, ckan_site.url)
    real_ckan.empty()


@pytest.fixture
def on_embedded(tmp_path: Path) -> Iterator[Site]:
    """Give an empty embedded catalogue in this process."""
    catalog = _embedded(tmp_path / "catalogue", "http://127.0.0.1:8000")
    yield Site(catalog, tmp_path, "")
    catalog.close()


@pytest.fixture
def over_http(served: tuple[str, Path], tmp_path: Path) -> Iterator[Site]:
    """Give an empty embedded catalogue behind HTTP."""
    host, folder = served
    name = f"catalogue-{next(_numbers)}"
    catalog = _embedded(folder / name, f"{host}/{name}")
    yield Site(catalog, tmp_path, f"{host}/{name}")
    catalog.close()


#: how a catalogue is reached -> the fixture that gives an empty one
BACKENDS = {"in this process": "on_embedded", "over HTTP": "over_http", "a real CKAN": "on_ckan"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test of a ``site`` on the embedded catalogue; a module with ``ON_A_REAL_CKAN`` also on a real one."""
    chosen = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if "site" not in metafunc.fixturenames or "site" in chosen:
        return
    backends: list[Any] = list(BACKENDS)[:2]
    if getattr(metafunc.module, "ON_A_REAL_CKAN", False):
        backends.append(pytest.param("a real CKAN", marks=pytest.mark.ckan))
    metafunc.parametrize("site", backends, indirect=True)


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """Give an empty catalogue."""
    made: Site = request.getfixturevalue(BACKENDS[request.param])
    yield made
    for one in made.opened:
        one.close()


def _embedded(folder: Path, url: str) -> EmbeddedCatalog:
    return EmbeddedCatalog(folder, site_url=url, max_upload_bytes=10_000_000)


@pytest.fixture(scope="session")
def built_chain(specimen: Any, tmp_path_factory: pytest.TempPathFactory) -> list[BuiltRelease]:
    """Return twelve releases of the dataset ``cards``; the last is of 2022-01."""
    releases: list[BuiltRelease] = []
    for last in range(1, 13):
        months = [f"2021-M{month:02d}" for month in range(1, last + 1)]
        issued = f"2021-{last:02d}-28T00:00:00+09:00"
        parent = releases[-1] if releases else None
        folder = tmp_path_factory.getbasetemp() / "ckan-builds"
        releases.append(specimen.build(folder, specimen.rates(*months), parent, issued=issued))
    return releases


@pytest.fixture(scope="session")
def other_second(
    specimen: Any, built_chain: list[BuiltRelease], tmp_path_factory: pytest.TempPathFactory
) -> BuiltRelease:
    """Return another second release than that of the chain, on the same first one."""
    table = specimen.rates("2021-M01", "2021-M12")
    folder: Path = tmp_path_factory.mktemp("other")
    return specimen.build(folder, table, built_chain[0], issued="2021-02-27T00:00:00+09:00")  # type: ignore[no-any-return]
