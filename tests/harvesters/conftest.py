"""What the tests of harvesting share: settings, sources, contexts and local HTTP servers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from catalog.ckan import open_catalogue
from catalog.errors import Label
from catalog.model import Agent
from catalog.reference import load_reference
from catalog.releases import Holdings, LocalCopy
from catalog.settings import Settings
from harvesters import Context, Findings, Harvester, HarvestSource
from harvesters.base import Tally
from harvesters.fetching.fetch import Fetcher
from harvesters.fetching.raw import RawStore
from harvesters.http import HttpClient
from harvesters.registry import harvesters

PUBLISHER = Agent("chiba-city", Label("千葉市", "Chiba City"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with a fresh home."""
    return Settings(home=tmp_path / "home", http_timeout=2, http_retries=2, http_total_timeout=8, max_download_mb=1)


@pytest.fixture
def make_source(tmp_path: Path) -> Callable[..., HarvestSource]:
    """Return a function that makes a source with the default options of its kind."""

    def make(
        kind: str = "mynumber", *, path: Path | None = None, url: str | None = None, **options: Any
    ) -> HarvestSource:
        defaults = {one.name: one.default for one in harvesters()[kind].options}
        return HarvestSource(
            name=kind,
            kind=kind,
            title=Label("試験", "Test"),
            path=path,
            url=url,
            publisher=PUBLISHER,
            options=defaults | options,
            every=None,
            file=tmp_path / "harvest.yml",
        )

    return make


@pytest.fixture
def make_context(settings: Settings) -> Iterator[Callable[[HarvestSource], Context]]:
    """Return a function that makes what a harvester is given."""
    client = HttpClient(settings)

    def make(source: HarvestSource) -> Context:
        return Context(
            source=source,
            reference=load_reference(),
            fetcher=Fetcher(settings, RawStore(settings.home / "raw"), client),
            findings=Findings(),
            tally=Tally(),
        )

    yield make
    client.close()


@pytest.fixture
def samples(root: Path) -> Path:
    """Return the folder of the samples that the project carries."""
    return root / "harvesters" / "samples"


@pytest.fixture
def specimens(root: Path) -> Path:
    """Return the folder of strange inputs."""
    return root / "tests" / "data"


@pytest.fixture
def holdings(settings: Settings) -> Callable[[], Holdings]:
    """Return a function that reads back what the catalogue of the settings has."""

    def read() -> Holdings:
        from catalog.ckan import Follower

        catalogue = open_catalogue(settings)
        try:
            return Follower(catalogue, LocalCopy(settings.home / "copy-of-test")).synchronise()
        finally:
            catalogue.close()

    return read


@pytest.fixture
def kinds() -> dict[str, Harvester]:
    """Return all harvesters."""
    return harvesters()


@dataclass
class Server:
    """A local HTTP server whose answers a test decides."""

    #: ``http://127.0.0.1:port``
    url: str
    #: takes the handler of each request and answers it
    answer: Callable[[BaseHTTPRequestHandler], None]
    #: the requests so far: (path, headers)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[BaseHTTPRequestHandler], None]], Server]]:
    """Return a function that starts a server on a free port of 127.0.0.1; all are stopped at the end."""
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(answer: Callable[[BaseHTTPRequestHandler], None]) -> Server:
        server = Server("", answer)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append((self.path, dict(self.headers)))
                try:
                    server.answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                pass

        listener = Quiet(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        running.append((listener, thread))
        server.url = f"http://127.0.0.1:{listener.server_port}"
        return server

    yield start
    for listener, thread in running:
        listener.shutdown()
        listener.server_close()
        thread.join()


def send(handler: BaseHTTPRequestHandler, body: bytes = b"", status: int = 200, **headers: str) -> None:
    """Send a whole answer; ``_`` in the names of headers is ``-``."""
    handler.send_response(status)
    for name, value in {"Content_Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def respond() -> Callable[..., None]:
    """Return :func:`send`."""
    return send
