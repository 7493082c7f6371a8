"""What the tests of running share: quick settings, tiny sources, a harvester whose steps a test decides."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from catalog.database import HarvestJournal, open_database
from catalog.settings import Settings
from harvesters import HarvestSource


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with a fresh home and short waits."""
    return Settings(
        home=tmp_path / "home",
        http_timeout=2,
        http_retries=0,
        http_total_timeout=5,
        max_download_mb=1,
        harvest_retry_seconds=0,
        harvest_lease_seconds=1,
        watch_seconds=0,
        allow_private_addresses=True,
    )


@pytest.fixture
def journal(settings: Settings) -> Iterator[HarvestJournal]:
    """Return the journal of the settings."""
    engine = open_database(settings.application_database_url)
    yield HarvestJournal(engine)
    engine.dispose()


@pytest.fixture
def sample(samples: Path) -> Path:
    """Return a file that a small source reads."""
    return samples / "procedures" / "procedures_2025-07-29_sample.csv"


@pytest.fixture
def source(make_source: Callable[..., HarvestSource], sample: Path) -> HarvestSource:
    """Return a small source that is a file."""
    return make_source("procedures", path=sample, sample=True)


@pytest.fixture
def named(source: HarvestSource) -> Callable[..., HarvestSource]:
    """Return a function that gives the small source another name and other keys."""

    def make(name: str, **changes: Any) -> HarvestSource:
        return replace(source, name=name, **changes)

    return make


@pytest.fixture
def serve_posts() -> Iterator[Callable[[Callable[[BaseHTTPRequestHandler], None]], str]]:
    """Return a function that starts a server for POST on 127.0.0.1 and returns its URL; all are stopped at the end."""
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(answer: Callable[[BaseHTTPRequestHandler], None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                try:
                    answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/hook"

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()
