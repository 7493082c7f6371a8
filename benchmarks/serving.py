"""Answers of the served API beside a raw WSGI application with the same bytes on the same server.

The demo's sample sources are harvested into a temporary folder first. Each round measures every case once, so a
drift of the machine falls on all of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil

from benchmarks.load import Load, free_port, running, wrk
from benchmarks.report import Result, middle

ROUNDS = 5
SERIES = "/api/v1/indicators/kpi-12/observations?area=121002"


@dataclass(frozen=True, slots=True)
class Case:
    """A request that is measured."""

    #: path and query as people write them
    path: str
    #: headers that every request carries
    headers: dict[str, str] = field(default_factory=dict)
    #: whether the request carries the ETag of the answer
    conditional: bool = False

    @property
    def url_path(self) -> str:
        """The path as it goes over the wire."""
        return quote(self.path, safe="/?=&")


CASES = {
    "one series, cached": Case(SERIES),
    "one series, 304": Case(SERIES, conditional=True),
    "one series, CSV, cached": Case(f"{SERIES}&format=csv"),
    "one series, past the cache": Case(SERIES, {"Cache-Control": "no-cache"}),
    "the indicator, cached": Case("/api/v1/indicators/kpi-12"),
    "home page": Case("/"),
    "indicator page": Case("/indicators/kpi-12"),
    "package_show": Case("/api/3/action/package_show?id=mynumber-municipalities"),
    "package_search with facets": Case('/api/3/action/package_search?q=交付&facet.field=["tags","organization"]'),
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where load goes."""

    #: URL
    url: str
    #: the process that answers, with its children
    server: psutil.Process
    #: headers of every request
    headers: dict[str, str]

    def load(self) -> Load:
        """Send load for one round."""
        return wrk(self.url, self.server, headers=self.headers)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered once."""

    #: bytes of the body
    body: bytes
    #: media type with parameters
    media_type: str
    #: strong ETag, or empty
    etag: str


@dataclass(frozen=True, slots=True)
class Site:
    """The served product."""

    #: where shihyo listens
    url: str
    #: its process
    server: psutil.Process
    #: folder for the prepared bytes
    folder: Path


def measure() -> Result:
    """Measure all cases, interleaved, and return the table of medians."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        site = stack.enter_context(_serving(Path(folder)))
        targets = {name: (_ours(site, case), stack.enter_context(_raw(site, case))) for name, case in CASES.items()}
        rounds = [{name: (ours.load(), raw.load()) for name, (ours, raw) in targets.items()} for _ in _counted(ROUNDS)]
    rows = tuple(_row(name, [one[name] for one in rounds]) for name in CASES)
    return Result(
        "Serving",
        f"granian with one worker, wrk with 16 connections for 4 s a case, {ROUNDS} interleaved rounds, medians. "
        "The raw application returns the same bytes (or 304) from the same server.",
        ("case", "req/s", "CPU µs/req", "p50 ms", "p99 ms", "raw req/s", "ratio to raw"),
        rows,
    )


def _counted(rounds: int) -> Iterator[int]:
    for one in range(rounds):
        print(f"round {one + 1} of {rounds}", file=sys.stderr)
        yield one


def _row(name: str, pairs: list[tuple[Load, Load]]) -> tuple[str, ...]:
    ours = [one for one, _ in pairs]
    rate, limit = middle([one.rate for one in ours]), middle([one.rate for _, one in pairs])
    return (
        name,
        f"{rate:,.0f}",
        f"{middle([one.cpu_us for one in ours]):,.0f}",
        f"{middle([one.p50 for one in ours]):.2f}",
        f"{middle([one.p99 for one in ours]):.2f}",
        f"{limit:,.0f}",
        f"{middle([one.rate / other.rate for one, other in pairs]):.2f}",
    )


@contextmanager
def _serving(folder: Path) -> Iterator[Site]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environ = os.environ | {"SHIHYO_HOME": str(folder / "home"), "SHIHYO_PORT": str(port), "SHIHYO_SITE_URL": url}
    command = str(Path(sys.executable).with_name("shihyo"))
    subprocess.run([command, "harvest", "run", "--json"], env=environ, check=True, stdout=subprocess.DEVNULL)
    with running([command, "serve", "--workers", "1"], f"{url}/healthz", environ) as server:
        yield Site(url, server, folder)


@contextmanager
def _raw(site: Site, case: Case) -> Iterator[Target]:
    """Serve the bytes that shihyo answers a case with."""
    answer = _get(site.url + case.url_path)
    body = site.folder / f"{abs(hash(case.path))}.body"
    body.write_bytes(answer.body)
    port = free_port()
    environ = os.environ | {"RAW_BODY": str(body), "RAW_TYPE": answer.media_type}
    options = ["--interface", "wsgi", "--port", str(port), "--workers", "1", "benchmarks.raw:application"]
    url = f"http://127.0.0.1:{port}/"
    with running([sys.executable, "-m", "granian", *options], url, environ) as server:
        yield Target(url, server, {"If-None-Match": '"raw"'} if case.conditional else {})


def _ours(site: Site, case: Case) -> Target:
    etag = {"If-None-Match": _get(site.url + case.url_path).etag} if case.conditional else {}
    return Target(site.url + case.url_path, site.server, case.headers | etag)


def _get(url: str) -> Answer:
    with urllib.request.urlopen(url) as answer:
        return Answer(answer.read(), answer.headers["Content-Type"], answer.headers.get("ETag", ""))
