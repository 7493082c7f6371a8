"""Fixtures of the tests that need a real CKAN: its sysadmin, releases to publish, a proxy that makes trouble."""

from __future__ import annotations

import http.client
import http.server
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pytest
import requests

from catalog.ckan import Catalogue, Follower, open_catalogue
from catalog.model import CC_BY, Agent, Dataset, DataStructure, Label, Origin, Provenance
from catalog.releases import BuiltRelease, LocalCopy, build_release
from catalog.settings import Settings

Action = Callable[..., Any]

#: area, numerator and denominator of two municipalities
COUNTS = (("121002", 33, 99), ("122041", 1, 40))


@pytest.fixture(scope="session")
def action(ckan_url: str, ckan_token: str) -> Action:
    """Return a function that calls an action as the sysadmin and returns its result."""

    def call(name: str, /, files: dict[str, Any] | None = None, **parameters: Any) -> Any:
        body: dict[str, Any] = {"data": parameters, "files": files} if files else {"json": parameters}
        answer = requests.post(
            f"{ckan_url}/api/3/action/{name}", headers={"Authorization": ckan_token}, timeout=120, **body
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    return call


@pytest.fixture
def organization(action: Action) -> Iterator[str]:
    """Return the name of an organisation of this test alone; its datasets are purged with it."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    action("organization_create", name=name, title="試験の組織")
    yield name
    query = f"+organization:{name} +dataset_type:*"
    found = action("package_search", fq=query, include_private=True, include_drafts=True, rows=1000)["results"]
    for dataset in found:
        action("dataset_purge", id=dataset["id"])
    action("organization_purge", id=name)


# -- releases


def _dataset(organization: str) -> Dataset:
    agent = Agent(organization, Label("試験の組織", "Test organisation"), "https://www.city.chiba.jp/", "a@example.com")
    return Dataset(
        name=f"{organization}-cards",
        title=Label("マイナンバーカード交付状況（試験）", "My Number cards issued (test)"),
        description=Label("市区町村別の交付枚数率。", "Share of people with a card, by municipality."),
        publisher=agent,
        creator=agent,
        contact=agent,
        license=CC_BY,
        citation=Label("出典：総務省", "Source: MIC"),
        landing_page="https://www.soumu.go.jp/kojinbango_card/",
        keywords=("マイナンバーカード", "千葉県"),
        indicators=("kpi-12",),
        frequency="M",
        spatial=("120006",),
        structure=DataStructure(),
    )


def _rates(periods: list[str]) -> pa.Table:
    return DataStructure().table(
        {
            "indicator_id": "kpi-12",
            "definition_id": "kpi-12.issued",
            "area_code": area,
            "period": period,
            "value": round(100 * (numerator + number) / denominator, 1),
            "unit": "PT",
            "numerator": float(numerator + number),
            "denominator": float(denominator),
            "obs_status": "A",
        }
        for number, period in enumerate(periods)
        for area, numerator, denominator in COUNTS
    )


@pytest.fixture
def describe(organization: str) -> Callable[..., Dataset]:
    """Return a function that describes a dataset of this test alone; what is given replaces fields."""
    return lambda **changes: replace(_dataset(organization), **changes)


@pytest.fixture
def build_chain(organization: str, tmp_path: Path) -> Callable[[int], list[BuiltRelease]]:
    """Return a function that builds so many releases of a dataset of this test alone, one month more each."""

    def build(number: int) -> list[BuiltRelease]:
        months = [f"{2001 + month // 12}-M{month % 12 + 1:02d}" for month in range(number)]
        releases: list[BuiltRelease] = []
        for last, month in enumerate(months, start=1):
            built = build_release(
                _dataset(organization),
                _rates(months[:last]),
                parent=releases[-1] if releases else None,
                issued=f"{month[:4]}-{month[-2:]}-28T00:00:00+09:00",
                provenance=Provenance((Origin("a.csv", "ab" * 32, 10, "2021-05-01T00:00:00Z"),), "test", "test 1"),
                folder=tmp_path / "builds",
            )
            assert built is not None
            releases.append(built)
        return releases

    return build


@pytest.fixture
def chain(build_chain: Callable[[int], list[BuiltRelease]]) -> list[BuiltRelease]:
    """Return three releases of a dataset of this test alone."""
    return build_chain(3)


@pytest.fixture
def settings(ckan_url: str, ckan_token: str, tmp_path: Path) -> Settings:
    """Return the settings of a publisher at the real CKAN."""
    return Settings(home=tmp_path / "home", catalog_url=ckan_url, catalog_token=ckan_token)


@pytest.fixture
def open_as(settings: Settings) -> Iterator[Callable[[Settings], Catalogue]]:
    """Return a function that opens the catalogue with other settings."""
    opened: list[Catalogue] = []

    def open_as(changed: Settings) -> Catalogue:
        opened.append(open_catalogue(changed))
        return opened[-1]

    yield open_as
    for one in opened:
        one.close()


@pytest.fixture
def catalogue(settings: Settings, open_as: Callable[[Settings], Catalogue]) -> Catalogue:
    """Return the real CKAN."""
    return open_as(settings)


@pytest.fixture
def reader(ckan_url: str, tmp_path: Path, open_as: Callable[[Settings], Catalogue]) -> Follower:
    """Return who follows the real CKAN without a token."""
    anonymous = open_as(Settings(home=tmp_path / "reader", catalog_url=ckan_url))
    return Follower(anonymous, LocalCopy(tmp_path / "reader" / "copy"))


@pytest.fixture
def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


# -- trouble


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a proxy does instead of passing a call on, or before it."""

    #: part of the path of the calls that it concerns; empty for all
    path: str = ""
    #: seconds until the call is passed on
    delay: float = 0
    #: status of the answer that is given without passing the call on; 0 passes it on
    status: int = 0
    #: whether the call is passed on and its answer thrown away for that status
    after: bool = False


class TroubleProxy(http.server.ThreadingHTTPServer):
    """Stands before a CKAN on a port of its own."""

    daemon_threads = True
    trouble: Trouble | None = None

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.target = urlsplit(target)
        #: paths of the calls that were troubled
        self.troubled: list[str] = []

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that gave up waiting."""


class _Passing(http.server.BaseHTTPRequestHandler):
    server: TroubleProxy

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        trouble = self.server.trouble
        if trouble is None or trouble.path not in self.path:
            return self._answer(*self._passed_on(body))
        self.server.troubled.append(self.path)
        time.sleep(trouble.delay)
        if trouble.after or not trouble.status:
            answer = self._passed_on(body)
        if trouble.status:
            answer = trouble.status, [("Content-Type", "text/html")], b"<h1>trouble</h1>"
        return self._answer(*answer)

    def do_POST(self) -> None:
        self.do_GET()

    def _passed_on(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        link = http.client.HTTPConnection(self.server.target.netloc, timeout=120)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
            link.request(self.command, self.path, body or None, headers)
            answer = link.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            link.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def proxy(ckan_url: str) -> Iterator[TroubleProxy]:
    """Return a proxy before the real CKAN that makes no trouble yet."""
    made = TroubleProxy(ckan_url)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def trouble() -> Callable[..., Trouble]:
    """Return how trouble is described."""
    return Trouble
