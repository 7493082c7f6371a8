"""A folder of staff with one published year, in which something hostile arrives together with the next good file.

:class:`Desk` runs what ``shihyo harvest run`` runs, watches memory and time, and asks the application afterwards.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.application import create_application
from api.node import Node
from catalog.ckan import Follower, open_catalogue
from catalog.errors import ShihyoError
from catalog.releases import LocalCopy
from catalog.settings import Settings
from harvesters import JobReport, load_sources, run_sources

#: what a source may take: hostile input must not need more than an ordinary file
SECONDS, MEMORY = 30.0, 400_000_000

LANDING_PAGE = "https://www.example.jp/cards"
COLUMNS = "団体コード,年度,率（%）"
MAPPING: dict[str, Any] = {
    "indicator": {"const": "kpi-12"},
    "definition": {"const": "kpi-12.issued"},
    "area": {"column": "団体コード"},
    "period": {"column": "年度", "as": "fiscal-year"},
    "value": {"column": "率（%）", "unit": "PT", "percent": "points"},
}


def good_file(year: int) -> bytes:
    """Return a table of three observations of a year."""
    rows = [
        f"{area},{year},{value + (year - 2020)}" for area, value in (("121002", 40), ("122041", 30), ("122068", 20))
    ]
    return "\r\n".join([COLUMNS, *rows, ""]).encode()


def _status(name: str) -> int:
    text = Path("/proc/self/status").read_text("ascii")
    return 1024 * int(next(line.split()[1] for line in text.splitlines() if line.startswith(name)))


@dataclass
class Outcome:
    """What a run with something hostile came to."""

    #: the report of the run
    report: JobReport
    #: time that it took, and memory beyond what was in use before
    seconds: float
    memory: int

    @property
    def ja(self) -> str:
        """The report as Japanese staff read it."""
        return "\n".join(self.report.lines("ja"))

    @property
    def en(self) -> str:
        """The report in English."""
        return "\n".join(self.report.lines("en"))

    def says(self, ja: str, en: str) -> None:
        """Assert that both reports have a line that says so, and hold a bound on memory and time."""
        assert any(ja in line for line in self.ja.splitlines()), self.ja
        assert any(en in line for line in self.en.splitlines()), self.en
        assert "内部エラー" not in self.ja
        assert self.seconds < SECONDS, f"{self.seconds:.1f} s"
        assert self.memory < MEMORY, f"{self.memory / 1e6:.0f} MB"


@dataclass
class Desk:
    """A source over a folder, with the year 2020 published."""

    #: the folder that the source reads
    folder: Path
    #: harvest.yml
    file: Path
    #: settings of the runs
    settings: Settings
    #: what harvest.yml says
    declared: dict[str, Any] = field(default_factory=dict)

    def declare(self, kind: str = "csv", **changes: Any) -> None:
        """Write harvest.yml; options and keys of the source are replaced by ``changes``."""
        source: dict[str, Any] = {
            "name": "cards",
            "kind": kind,
            "title": {"ja": "交付状況", "en": "Cards issued"},
            "path": self.folder.name,
            "options": {"mapping": MAPPING, "files": "*", "max_rejected": 0.5, "landing_page": LANDING_PAGE},
        }
        source |= (
            {"options": source["options"] | (changes.pop("options", {}) or {})} if changes.get("options", 1) else {}
        )
        source = {key: one for key, one in (source | changes).items() if one is not None}
        self.write({"version": 1, "sources": [source]})

    def write(self, declared: dict[str, Any]) -> None:
        """Write harvest.yml as it is given."""
        self.declared = declared
        self.file.write_text(yaml.safe_dump(declared, allow_unicode=True), "utf-8")

    def put(self, name: str, content: bytes) -> Path:
        """Put a file into the folder."""
        path = self.folder / name
        path.write_bytes(content)
        return path

    def run(self) -> Outcome:
        """Harvest."""
        Path("/proc/self/clear_refs").write_text("5", "ascii")  # resets VmHWM, the peak (proc(5))
        before, started = _status("VmRSS"), time.monotonic()
        [report] = run_sources(self.settings, load_sources(self.file, self.settings))
        return Outcome(report, time.monotonic() - started, _status("VmHWM") - before)

    def attack(self, name: str, content: bytes | Callable[[Path], Any], *, status: str = "partial") -> Outcome:
        """Put something hostile beside the good file of the next year, harvest, and see that only that one arrives."""
        path = self.folder / name
        path.write_bytes(content) if isinstance(content, bytes) else content(path)
        self.put("2021.csv", good_file(2021))
        found = self.run()
        assert found.report.to_dict()["status"] == status, found.ja
        assert self.served() == {"FY2020": 40.0, "FY2021": 41.0}
        return found

    def served(self, area: str = "121002", dataset: str = "cards") -> dict[str, float]:
        """Return what readers get from the application: period -> value."""
        query = f"/api/v1/indicators/kpi-12/observations?area={area}&dataset={dataset}"
        with self.application() as client:
            answer = client.get(query)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return {one["period"]: one["value"] for one in json.loads(answer.get_data())["data"]}

    def application(self) -> Application:
        """Return the application over what is published now."""
        return Application(self.settings)


@dataclass
class Application:
    """The application on the catalogue of the settings."""

    settings: Settings

    def __enter__(self) -> Any:
        """Follow the catalogue and return a client."""
        catalogue = open_catalogue(self.settings)
        self._node = Node.from_settings(self.settings)
        self._node.swap(Follower(catalogue, LocalCopy(self.settings.home / "copy")).synchronise())
        catalogue.close()
        return create_application(self.settings, self._node).test_client()

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._node.close()


def _settings(folder: Path) -> Settings:
    return Settings(
        home=folder / "home",
        http_timeout=1,
        http_retries=1,
        http_total_timeout=3,
        max_download_mb=20,
        harvest_file=folder / "harvest.yml",
    )


@pytest.fixture(scope="session")
def first_year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a desk with the year 2020 published, to be copied."""
    folder = tmp_path_factory.mktemp("first-year")
    (folder / "files").mkdir()
    desk = Desk(folder / "files", folder / "harvest.yml", _settings(folder))
    desk.declare()
    desk.put("2020.csv", good_file(2020))
    first = desk.run()
    assert first.report.to_dict()["status"] == "succeeded", first.ja
    assert desk.served() == {"FY2020": 40.0}
    return folder


@pytest.fixture
def desk(tmp_path: Path, first_year: Path) -> Desk:
    """Return a source over a folder whose first file is published; settings are those of a small machine."""
    folder = tmp_path / "desk"
    shutil.copytree(first_year, folder)
    return Desk(folder / "files", folder / "harvest.yml", _settings(folder))


@pytest.fixture
def private_network(desk: Desk) -> Desk:
    """Let a desk fetch from this machine, as an operator with an own network may."""
    desk.settings = replace(desk.settings, allow_private_addresses=True)
    return desk


@pytest.fixture
def refused() -> Callable[..., ShihyoError]:
    """Return a function that loads a harvest.yml which must be refused."""

    def load(desk: Desk, text: str) -> ShihyoError:
        desk.file.write_text(text, "utf-8")
        with pytest.raises(ShihyoError) as caught:
            load_sources(desk.file, desk.settings)
        return caught.value

    return load


@pytest.fixture
def good() -> Callable[[int], bytes]:
    """Return :func:`good_file`."""
    return good_file
