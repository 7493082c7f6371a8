"""The same work on the embedded catalogue and on a real CKAN, each behind HTTP and each in its own processes.

Order of events: the stack of ``deploy/ckan`` is started in a folder of its own, and ``shihyo serve``; both are filled
with the same datasets; then each round does every piece of work on both, one after the other. At the end the stack is
stopped and its site removed; the installed software stays for the next time. CPU and memory are those of all processes
of a site: for CKAN also PostgreSQL, Solr and Redis. The caller's own are not counted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from benchmarks.load import free_port, running, wrk
from benchmarks.release import made_dataset, made_table
from benchmarks.report import Result, middle
from catalog.ckan import Catalogue, ensure_organization, open_catalogue, publish
from catalog.embedded import EmbeddedCatalog
from catalog.model import Origin, Provenance
from catalog.releases import BuiltRelease, build_release
from catalog.settings import Settings

ROUNDS = 5
UPLOADS_A_ROUND = 5
UPLOAD_BYTES = 20_000_000
OTHER_DATASETS = 300

_STACK = Path(__file__).parents[1] / "deploy" / "ckan" / "stack.py"
#: where the CKAN of the benchmarks is kept
CKAN_FOLDER = Path(__file__).parents[1] / ".ckan-benchmark"
_FACETS = '["organization","groups","tags","res_format","license_id"]'

READS = {
    "`package_show`": "/api/3/action/package_show?id=benchmark",
    "`package_search`, 10 rows, five facets": f"/api/3/action/package_search?q=失業率&facet.field={_FACETS}",
}
UPLOAD = "upload of 20 MB"
PUBLISH = "publishing a release of 60,935 rows"


@dataclass(frozen=True, slots=True)
class Site:
    """A catalogue that is served."""

    #: without a slash at the end
    url: str
    #: of a sysadmin
    token: str
    #: the processes that answer, without their children
    processes: tuple[psutil.Process, ...]
    #: home folder of who publishes to it
    home: Path

    def open(self) -> Catalogue:
        """Open it as publishing does, over HTTP."""
        return open_catalogue(Settings(home=self.home, catalog_url=self.url, catalog_token=self.token))

    def cpu(self) -> float:
        """Return the processor time of all its processes so far, the ended ones as well, in seconds."""
        return sum(sum(one.cpu_times()[:2]) for one in self._family()) + sum(
            sum(one.cpu_times()[2:4]) for one in self.processes
        )

    def memory(self) -> float:
        """Return the memory of all its processes, shared pages divided among those that share them, in MB."""
        return sum(one.memory_full_info().pss for one in self._family()) / 1e6

    def _family(self) -> list[psutil.Process]:
        return [member for one in self.processes for member in (one, *one.children(recursive=True))]


@dataclass(frozen=True, slots=True)
class Work:
    """What one piece of work cost in one round."""

    #: how often it was done in a second
    rate: float
    #: median and 99th percentile (of few: the longest) of its duration, milliseconds
    p50: float
    p99: float
    #: processor time of the site for each, milliseconds
    cpu_ms: float
    #: memory of the site afterwards, MB
    memory: float


def measure() -> Result:
    """Do all work, interleaved, and return the table of medians."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        sites = {
            "embedded": stack.enter_context(_embedded(Path(folder) / "embedded")),
            "CKAN 2.12": stack.enter_context(real_ckan(Path(folder) / "real")),
        }
        releases = list(_releases(Path(folder) / "builds"))
        (Path(folder) / "upload.csv").write_bytes(b"0123456789abcdef,1.5\r\n" * (UPLOAD_BYTES // 22))
        for site in sites.values():
            _fill(site, releases[0])
        rounds = [_round(sites, release, Path(folder) / "upload.csv") for release in _counted(releases[1:])]
    rows = tuple(_row(*key, [one[key] for one in rounds]) for key in rounds[0])
    return Result(
        "The same work on the embedded catalogue and on a real CKAN",
        "Both over HTTP with two worker processes (granian; gunicorn with PostgreSQL, Solr and Redis), "
        f"{OTHER_DATASETS} other datasets. Reads: wrk with 16 connections for 4 s. Uploads: {UPLOADS_A_ROUND} a round; "
        "publishing: one; both by one caller, so that the 99th percentile is the longest. "
        f"{ROUNDS} interleaved rounds, medians. CPU and memory of all processes of the site, without the caller's.",
        ("work", "catalogue", "per second", "p50 ms", "p99 ms", "CPU ms each", "memory MB"),
        rows,
    )


def _counted(releases: list[BuiltRelease]) -> Iterator[BuiltRelease]:
    for number, release in enumerate(releases, start=1):
        print(f"round {number} of {len(releases)}", file=sys.stderr)
        yield release


def _round(sites: dict[str, Site], release: BuiltRelease, file: Path) -> dict[tuple[str, str], Work]:
    done: dict[tuple[str, str], Work] = {}
    for work, path in READS.items():
        for name, site in sites.items():
            done[work, name] = _load(site, path)
    for name, site in sites.items():
        done[UPLOAD, name] = _repeat(site, UPLOADS_A_ROUND, lambda catalogue: _upload(catalogue, file))
    for name, site in sites.items():
        done[PUBLISH, name] = _repeat(site, 1, lambda catalogue: publish(catalogue, release))
    return done


def _load(site: Site, path: str) -> Work:
    before = site.cpu()
    load = wrk(site.url + quote(path, safe="/?=&"), site.processes[0])
    spent = site.cpu() - before
    return Work(load.rate, load.p50, load.p99, 1000 * spent / (load.rate * load.seconds), site.memory())


def _repeat(site: Site, times: int, work: Callable[[Catalogue], object]) -> Work:
    catalogue = site.open()
    before, seconds = site.cpu(), []
    for _ in range(times):
        begun = time.perf_counter()
        work(catalogue)
        seconds.append(time.perf_counter() - begun)
    spent = site.cpu() - before
    catalogue.close()
    return Work(times / sum(seconds), 1000 * middle(seconds), 1000 * max(seconds), 1000 * spent / times, site.memory())


def _upload(catalogue: Catalogue, file: Path) -> None:
    catalogue.upload("resource_create", path=file, media_type="text/csv", package_id="uploads", name="表")


def _row(work: str, catalogue: str, rounds: list[Work]) -> tuple[str, ...]:
    def of(field: str, digits: int) -> str:
        return f"{middle([getattr(one, field) for one in rounds]):,.{digits}f}"

    rate = middle([one.rate for one in rounds])
    return (
        work,
        catalogue,
        of("rate", 0 if rate >= 100 else 2),
        of("p50", 1),
        of("p99", 1),
        of("cpu_ms", 2),
        of("memory", 0),
    )


# -- the sites


@contextmanager
def _embedded(folder: Path) -> Iterator[Site]:
    port = free_port()
    url, home = f"http://127.0.0.1:{port}", folder / "site"
    catalog = EmbeddedCatalog(home / "catalog", site_url=url, max_upload_bytes=200_000_000)
    token = catalog.call("api_token_create", {"user": "admin", "name": "benchmark"}, as_system=True)["token"]
    catalog.close()
    environ = os.environ | {"SHIHYO_HOME": str(home), "SHIHYO_PORT": str(port), "SHIHYO_SITE_URL": url}
    command = [str(Path(sys.executable).with_name("shihyo")), "serve", "--workers", "2"]
    with running(command, f"{url}/healthz", environ) as server:
        yield Site(url, token, (server,), folder / "publisher")


@contextmanager
def real_ckan(folder: Path) -> Iterator[Site]:
    """Start a real CKAN, and remove its site at the end."""
    stack = [sys.executable, str(_STACK)]
    options = ["--folder", str(CKAN_FOLDER), "--json"]
    subprocess.run([*stack, "reset", *options], check=True, stdout=subprocess.DEVNULL)
    try:
        up = subprocess.run([*stack, "up", *options], check=True, stdout=subprocess.PIPE)
        address = json.loads(up.stdout)
        status = json.loads(subprocess.run([*stack, "status", *options], check=True, stdout=subprocess.PIPE).stdout)
        pids = [part["pid"] for part in status["components"].values()]
        yield Site(address["url"], address["token"], tuple(psutil.Process(pid) for pid in pids), folder)
    finally:
        subprocess.run([*stack, "reset", *options], check=True, stdout=subprocess.DEVNULL)


def _fill(site: Site, release: BuiltRelease) -> None:
    """Publish the first release and make the other datasets, so that there is something to search."""
    catalogue = site.open()
    publish(catalogue, release)
    organization = ensure_organization(catalogue, made_dataset().publisher)["name"]
    catalogue.action("package_create", name="uploads", owner_org=organization)
    for number in range(OTHER_DATASETS):
        catalogue.action(
            "package_create",
            name=f"other-{number:03d}",
            title=f"失業率 第{number}表",
            notes="労働力調査から作成した失業率の表。" * 5,
            owner_org=organization,
            license_id="cc-by",
            tags=[{"name": name} for name in ("労働", "統計", f"表{number % 20}")],
            resources=[
                {"url": f"https://example.org/{number}.{form}", "format": form, "name": form}
                for form in ("csv", "xlsx", "json")
            ],
        )
    catalogue.close()


def _releases(folder: Path) -> Iterator[BuiltRelease]:
    """Build a release for each round and one to begin with; in each, all values are revised."""
    dataset, parent = made_dataset(), None
    provenance = Provenance((Origin("made", "ab" * 32, 1, "2026-11-22T00:00:00Z"),), "benchmark", "benchmark 1")
    for number in range(ROUNDS + 1):
        parent = build_release(
            dataset,
            made_table(dataset.structure, number),
            parent=parent,
            issued=f"2026-01-{number + 1:02d}T00:00:00+09:00",
            provenance=provenance,
            folder=folder,
        )
        if parent is None:
            sys.exit("a release does not differ from the one before")
        yield parent
