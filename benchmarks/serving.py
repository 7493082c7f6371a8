"""Answers of the served API beside a raw WSGI application on the same server with the same settings.

Two limits: the raw application with the same body and the three headers it needs, and with the same body and all
headers that we send, whose cost is the server's. The demo's sample sources are harvested into a temporary folder first.
Each round measures every case once, so a drift of the machine falls on all of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from urllib.parse import quote

import psutil

from api.server import THREADS
from benchmarks.load import Load, free_port, running, wrk
from benchmarks.report import Result, middle

ROUNDS = 5
#: of load, for a case in a round
SECONDS = 3
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
        return wrk(self.url, self.server, seconds=SECONDS, headers=self.headers)


Headers = list[tuple[str, str]]

#: headers that belong to the server or the connection
_OF_THE_SERVER = frozenset({"server", "date", "connection"})
#: headers that an answer cannot do without
_NEEDED = frozenset({"content-type", "content-length", "etag"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered once."""

    #: bytes of the body
    body: bytes
    #: names in lower case, with values
    headers: Headers
    #: headers of the 304 to a request that has the answer already
    not_modified: Headers

    @property
    def etag(self) -> str:
        """Its entity tag, or empty."""
        return dict(self.headers).get("etag", "")

    @property
    def bare(self) -> Answer:
        """The same body with the headers that it cannot do without."""
        needed = [[one for one in part if one[0] in _NEEDED] for part in (self.headers, self.not_modified)]
        return Answer(self.body, *needed)


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
        targets = {name: _targets(site, case, stack) for name, case in CASES.items()}
        rounds = [{name: [one.load() for one in trio] for name, trio in targets.items()} for _ in _counted(ROUNDS)]
    rows = tuple(_row(name, [one[name] for one in rounds]) for name in CASES)
    return Result(
        "Serving",
        f"granian with one worker of {THREADS} threads, wrk with 16 connections for {SECONDS} s a case, {ROUNDS} "
        "interleaved rounds, medians. The raw application returns the same body (or 304) from the same server with the "
        "same settings: with the three headers that it needs (*body*), and with all headers that we send (*answer*), "
        f"whose cost is the server's. Load of the machine at the end: {os.getloadavg()[1]:.1f}.",
        ("case", "req/s", "CPU µs/req", "p50 ms", "p99 ms", "raw body req/s", "ratio", "raw answer req/s", "ratio"),
        rows,
    )


def _counted(rounds: int) -> Iterator[int]:
    for one in range(rounds):
        print(f"round {one + 1} of {rounds}", file=sys.stderr)
        yield one


def _row(name: str, rounds: list[list[Load]]) -> tuple[str, ...]:
    ours, bare, full = zip(*rounds, strict=True)
    return (
        name,
        f"{middle([one.rate for one in ours]):,.0f}",
        f"{middle([one.cpu_us for one in ours]):,.0f}",
        f"{middle([one.p50 for one in ours]):.2f}",
        f"{middle([one.p99 for one in ours]):.2f}",
        *_limit(ours, bare),
        *_limit(ours, full),
    )


def _limit(ours: Sequence[Load], raw: Sequence[Load]) -> tuple[str, str]:
    ratios = [one.rate / other.rate for one, other in zip(ours, raw, strict=True)]
    return f"{middle([one.rate for one in raw]):,.0f}", f"{middle(ratios):.2f}"


@contextmanager
def _serving(folder: Path) -> Iterator[Site]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environ = os.environ | {"SHIHYO_HOME": str(folder / "home"), "SHIHYO_PORT": str(port), "SHIHYO_SITE_URL": url}
    command = str(Path(sys.executable).with_name("shihyo"))
    subprocess.run([command, "harvest", "run", "--json"], env=environ, check=True, stdout=subprocess.DEVNULL)
    with running([command, "serve", "--workers", "1"], f"{url}/healthz", environ) as server:
        yield Site(url, server, folder)


def _targets(site: Site, case: Case, stack: ExitStack) -> tuple[Target, Target, Target]:
    """Return where load goes for a case: our server, and the raw one with bare and with full headers."""
    url = site.url + case.url_path
    answer = get_answer(url)
    headers = case.headers | ({"If-None-Match": answer.etag} if case.conditional else {})
    bare, full = (stack.enter_context(_raw(site.folder, one, headers)) for one in (answer.bare, answer))
    return Target(url, site.server, headers), bare, full


@contextmanager
def _raw(folder: Path, answer: Answer, headers: dict[str, str]) -> Iterator[Target]:
    """Serve an answer again."""
    port = free_port()
    body, described = folder / f"{port}.body", folder / f"{port}.json"
    body.write_bytes(answer.body)
    etag = [] if answer.etag else [("etag", '"raw"')]
    described.write_text(
        json.dumps({"body": str(body), "headers": answer.headers + etag, "not_modified": answer.not_modified})
    )
    options = ["--interface", "wsgi", "--port", str(port), "--workers", "1", "--blocking-threads", str(THREADS)]
    url = f"http://127.0.0.1:{port}/"
    command = [sys.executable, "-m", "granian", *options, "benchmarks.raw:application"]
    with running(command, url, os.environ | {"RAW_ANSWER": str(described)}) as server:
        yield Target(url, server, headers)


def get_answer(url: str) -> Answer:
    """Return what a server answers, and the headers with which it says that nothing changed."""
    with urllib.request.urlopen(url) as answer:
        body, headers = answer.read(), _headers(answer.headers)
    etag = dict(headers).get("etag", "")
    try:
        urllib.request.urlopen(urllib.request.Request(url, headers={"If-None-Match": etag or "none"})).close()
    except urllib.error.HTTPError as unchanged:
        return Answer(body, headers, _headers(unchanged.headers))
    return Answer(body, headers, [])


def _headers(message: Message) -> Headers:
    return [(name.lower(), value) for name, value in message.items() if name.lower() not in _OF_THE_SERVER]
