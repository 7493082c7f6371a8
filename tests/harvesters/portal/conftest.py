"""Portals on this machine: servers that answer like a CKAN, and a run of a source as far as its contributions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from catalog.database.jobs import HarvestObject
from catalog.errors import Label
from catalog.model import Agent
from catalog.reference import load_reference
from catalog.settings import Settings
from harvesters import Context, Findings, HarvestSource
from harvesters.base import NoProgress, Tally
from harvesters.fetching.fetch import Fetcher
from harvesters.fetching.raw import RawStore
from harvesters.http import HttpClient
from harvesters.mapping import read_mapping
from harvesters.reading import Reading
from harvesters.registry import harvesters

PUBLISHER = Agent("chiba-city", Label("千葉市", "Chiba City"), "https://www.city.chiba.jp/")

#: a table that a city hall might publish, and what its columns are
TABLE = "団体コード,年度,率（%）\r\n121002,2021,32.8\r\n121002,2022,45.1\r\n122041,2021,30.0\r\n".encode()
MAPPING = {
    "indicator": "kpi-12",
    "definition": "kpi-12.issued",
    "area": {"column": "団体コード"},
    "period": {"column": "年度", "as": "fiscal-year"},
    "value": {"column": "率（%）", "unit": "PT", "percent": "points"},
}


@pytest.fixture
def table() -> bytes:
    """Return a CSV of three observations."""
    return TABLE


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings of somebody who harvests from an own network."""
    return Settings(
        home=tmp_path / "home",
        http_timeout=2,
        http_retries=1,
        http_total_timeout=20,
        max_download_mb=40,
        allow_private_addresses=True,
    )


@pytest.fixture
def make_source(tmp_path: Path) -> Callable[..., HarvestSource]:
    """Return a function that makes a source of a kind; with a mapping unless it is given as None."""

    def make(kind: str, *, url: str | None = None, path: Path | None = None, **options: Any) -> HarvestSource:
        defaults = {one.name: one.default for one in harvesters()[kind].options}
        raw = options.pop("mapping", MAPPING)
        mapping = {"mapping": read_mapping(raw) if raw is not None else None} if "mapping" in defaults else {}
        given = {**mapping, **options}
        assert set(given) <= set(defaults)
        return HarvestSource(
            name="portal",
            kind=kind,
            title=Label("交付状況", "Cards issued"),
            path=path,
            url=url,
            publisher=PUBLISHER,
            options=defaults | given,
            every=None,
            file=tmp_path / "harvest.yml",
        )

    return make


@pytest.fixture
def waits() -> list[float]:
    """Return how long the client waited between attempts, in seconds."""
    return []


@pytest.fixture
def make_context(settings: Settings, waits: list[float]) -> Iterator[Callable[..., Context]]:
    """Return a function that makes what a harvester is given in one run."""
    clients: list[HttpClient] = []

    def make(source: HarvestSource, known: dict[str, HarvestObject] | None = None, **changes: Any) -> Context:
        permits = changes.pop("permits", None)
        client = HttpClient(replace(settings, **changes), permits=permits, sleep=waits.append)
        clients.append(client)
        return Context(
            source=source,
            reference=load_reference(),
            fetcher=Fetcher(settings, RawStore(settings.home / "raw"), client),
            findings=Findings(),
            tally=Tally(),
            known=known or {},
        )

    yield make
    for one in clients:
        one.close()


@dataclass
class Run:
    """What a run read, up to the contributions."""

    #: the reading
    reading: Reading

    @property
    def rows(self) -> list[tuple[str, str, float | None]]:
        """Area, period and value of every observation."""
        tables = [one.table for each in self.reading.contributions.values() for one in each]
        rows = [row for table in tables for row in table.to_pylist()]
        return sorted((row["area_code"], row["period"], row["value"]) for row in rows)

    @property
    def states(self) -> dict[str, str]:
        """Name of each object -> its state."""
        return {one.name: str(one.state) for one in self.reading.objects}

    @property
    def known(self) -> dict[str, HarvestObject]:
        """What the next run will know."""
        return {one.name: one for one in self.reading.objects if one.sha256}

    @property
    def counts(self) -> dict[str, int]:
        """Rule -> number of findings."""
        return dict(self.reading.context.findings.counts)

    @property
    def errors(self) -> dict[str, Any]:
        """Name of the object -> why it failed."""
        return self.reading.errors


@pytest.fixture
def run(make_context: Callable[..., Context]) -> Callable[..., Run]:
    """Return a function that gathers, fetches and transforms a source as a run does."""

    def harvest(source: HarvestSource, before: Run | None = None, **changes: Any) -> Run:
        context = make_context(source, **changes)
        reading = Reading(
            harvester=harvesters()[source.kind],
            context=context,
            known=before.known if before else {},
            progress=NoProgress(),
        )
        reading.fetch()
        reading.transform()
        return Run(reading)

    return harvest


# -- a server that answers like CKAN 2.12


def resource(id: str, url: str, **fields: Any) -> dict[str, Any]:
    """Return a resource as CKAN 2.12 shows an upload."""
    return {
        "cache_last_updated": None,
        "cache_url": None,
        "created": "2026-11-22T07:36:15.735023",
        "datastore_active": False,
        "description": None,
        "format": "CSV",
        "hash": "",
        "id": id,
        "last_modified": "2026-11-22T07:36:15.696261",
        "metadata_modified": "2026-11-22T07:36:15.721466",
        "mimetype": None,
        "mimetype_inner": None,
        "name": f"表 {id}",
        "package_id": "",
        "position": 0,
        "resource_type": None,
        "size": None,
        "state": "active",
        "url": url,
        "url_type": "upload",
        **fields,
    }


def package(name: str, resources: list[dict[str, Any]] | None = None, **fields: Any) -> dict[str, Any]:
    """Return a package as CKAN 2.12 shows it."""
    return {
        "author": None,
        "id": f"id-{name}",
        "isopen": True,
        "license_id": "cc-by",
        "license_url": "http://www.opendefinition.org/licenses/cc-by",
        "metadata_created": "2026-11-22T07:36:15.544412",
        "metadata_modified": "2026-11-22T07:36:15.741958",
        "name": name,
        "notes": "<script>alert(1)</script>",
        "private": False,
        "state": "active",
        "title": f"題名 {name}",
        "type": "dataset",
        "extras": [],
        "resources": resources or [],
        "tags": [],
        **fields,
    }


@dataclass
class FakeCkan:
    """A portal: its packages, its files, and how it lies."""

    #: packages by id
    packages: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: path -> content
    files: dict[str, bytes] = field(default_factory=dict)
    #: changes the result of a search before it is sent: (parameters, result) -> result
    lie: Callable[[dict[str, str], dict[str, Any]], dict[str, Any]] | None = None
    #: answers a request instead; returns whether it did
    instead: Callable[[BaseHTTPRequestHandler], bool] | None = None
    #: (action, parameters) of each call
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    #: paths of files that were sent whole, and that were told to be unchanged
    sent: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    #: its address
    url: str = ""

    def add(self, name: str, *files: tuple[str, bytes], **fields: Any) -> dict[str, Any]:
        """Publish a package with uploads."""
        resources = []
        for id, content in files:
            path = f"/dataset/id-{name}/resource/{id}/download/{id}.csv"
            self.files[path] = content
            resources.append(resource(id, self.url + path, size=len(content)))
        self.packages[f"id-{name}"] = package(name, resources, **fields)
        return self.packages[f"id-{name}"]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer a request."""
        if self.instead is not None and self.instead(handler):
            return
        parts = urlsplit(handler.path)
        parameters = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        action = parts.path.removeprefix("/api/3/action/")
        if action == "package_show":
            self.calls.append((action, parameters))
            self._show(handler, parameters["id"])
        elif action == "package_search":
            self.calls.append((action, parameters))
            self._send_json(handler, 200, {"success": True, "result": self._search(parameters)})
        else:
            self._send_file(handler, parts.path)

    def _show(self, handler: BaseHTTPRequestHandler, id: str) -> None:
        for one in self.packages.values():
            if id in {one["id"], one["name"]}:
                self._send_json(handler, 200, {"success": True, "result": one})
                return
        error = {"__type": "Not Found Error", "message": "Not found"}
        self._send_json(handler, 404, {"success": False, "error": error})

    def _search(self, parameters: dict[str, str]) -> dict[str, Any]:
        found = sorted(self.packages.values(), key=lambda one: str(one["id"]))
        since = parameters.get("fq", "").partition("metadata_modified:[")[2].partition(" TO")[0].rstrip("Z")
        found = [one for one in found if not since or one["metadata_modified"] >= since]
        start, rows = int(parameters.get("start", 0)), int(parameters.get("rows", 10))
        result = {"count": len(found), "results": found[start : start + rows], "sort": "id asc", "facets": {}}
        return self.lie(parameters, result) if self.lie else result

    def _send_json(self, handler: BaseHTTPRequestHandler, status: int, body: dict[str, Any]) -> None:
        self._send(handler, status, json.dumps({"help": "", **body}).encode())

    def _send_file(self, handler: BaseHTTPRequestHandler, path: str) -> None:
        content = self.files.get(path)
        if content is None:
            self._send(handler, 404, b"<html>not found</html>")
            return
        etag = f'"{hash(content)}"'
        if handler.headers.get("If-None-Match") == etag:
            self.unchanged.append(path)
            handler.send_response(304)
            handler.end_headers()
            return
        self.sent.append(path)
        self._send(handler, 200, content, ETag=etag)

    def _send(self, handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)


@pytest.fixture
def portal(serve: Callable[..., Any]) -> FakeCkan:
    """Return a portal without packages."""
    fake = FakeCkan()
    fake.url = serve(fake.answer).url
    return fake


@pytest.fixture
def pages(serve: Callable[..., Any], respond: Callable[..., None]) -> Callable[..., Any]:
    """Return a function that serves documents by path and query, with ETags and 304."""

    def start(documents: dict[str, bytes]) -> Any:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            content = documents.get(handler.path)
            if content is None:
                respond(handler, b"gone", 404)
                return
            etag = f'"{hash(content)}"'
            if handler.headers.get("If-None-Match") == etag:
                respond(handler, b"", 304, ETag=etag)
            else:
                respond(handler, content, ETag=etag)

        return serve(answer)

    return start


@pytest.fixture
def escape() -> Callable[[str], str]:
    """Return what writes a text into a URL."""
    return quote
