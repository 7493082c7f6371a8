"""Fetching objects: states, conditions and the edges of the declared folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from catalog.database import HarvestObject, ObjectState
from catalog.errors import FetchError, ForbiddenAddress, TooLarge
from catalog.settings import Settings
from harvesters import HarvestSource
from harvesters.fetching.fetch import Fetcher, list_files
from harvesters.fetching.raw import RawStore
from harvesters.http import HttpClient

MakeSource = Callable[..., HarvestSource]


@pytest.fixture
def store(settings: Settings) -> RawStore:
    return RawStore(settings.home / "raw")


@pytest.fixture
def fetcher(settings: Settings, store: RawStore) -> Any:
    client = HttpClient(replace(settings, allow_private_addresses=True), sleep=lambda _: None)
    yield Fetcher(settings, store, client)
    client.close()


def test_a_file_is_new_then_unchanged_then_changed(fetcher: Fetcher, make_source: MakeSource, tmp_path: Path) -> None:
    source = make_source(path=Path("in"))
    file = tmp_path / "in" / "a.csv"
    file.parent.mkdir()
    file.write_text("1")
    [wanted] = list_files(source, "*.csv")
    first = fetcher.fetch(source, wanted, None).object
    second = fetcher.fetch(source, wanted, first).object
    file.write_text("2")
    third = fetcher.fetch(source, wanted, second).object
    assert [one.state for one in (first, second, third)] == [
        ObjectState.NEW,
        ObjectState.UNCHANGED,
        ObjectState.CHANGED,
    ]


def test_bytes_are_read_from_the_store_so_that_a_file_may_change_meanwhile(
    fetcher: Fetcher, make_source: MakeSource, tmp_path: Path
) -> None:
    source = make_source(path=Path("in"))
    file = tmp_path / "in" / "a.csv"
    file.parent.mkdir()
    file.write_text("1")
    [wanted] = list_files(source, "*.csv")
    fetched = fetcher.fetch(source, wanted, None)
    file.write_text("2")
    assert fetched.path.read_text() == "1"


def test_locations_are_as_declared_and_names_relative_to_the_folder(make_source: MakeSource, tmp_path: Path) -> None:
    folder = tmp_path / "in" / "sub"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("1")
    [found] = list_files(make_source(path=Path("in")), "*/*.csv")
    assert (found.name, found.location) == ("sub/a.csv", "in/sub/a.csv")


def test_a_link_that_leads_out_of_the_folder_is_listed_and_refused(
    fetcher: Fetcher, make_source: MakeSource, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "secret.csv").write_text("secret")
    (folder / "a.csv").symlink_to(tmp_path / "secret.csv")
    source = make_source(path=Path("in"))
    [wanted] = list_files(source, "*.csv")
    with pytest.raises(ForbiddenAddress, match="leads out"):
        fetcher.fetch(source, wanted, None)


def test_a_name_with_dots_does_not_lead_out_of_the_folder(
    fetcher: Fetcher, make_source: MakeSource, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.csv").write_text("secret")
    wanted = HarvestObject(name="x", location="in/../secret.csv")
    with pytest.raises(ForbiddenAddress):
        fetcher.fetch(make_source(path=Path("in")), wanted, None)


def test_a_folder_that_is_not_there_is_an_error_that_names_the_declaration(make_source: MakeSource) -> None:
    with pytest.raises(FetchError, match=r"harvest\.yml"):
        list_files(make_source(path=Path("nowhere")), "*")


def test_a_file_where_a_folder_is_expected_is_an_error(make_source: MakeSource, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("x")
    with pytest.raises(FetchError, match="cannot be read"):
        list_files(make_source(path=Path("in")), "*")


def test_a_file_above_the_limit_is_refused(fetcher: Fetcher, make_source: MakeSource, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(b"x" * 1_000_001)
    source = make_source(path=Path("in"))
    [wanted] = list_files(source, "*.csv")
    with pytest.raises(TooLarge, match="1 MB"):
        fetcher.fetch(source, wanted, None)


def _versioned(respond: Any) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("If-None-Match") == '"v1"':
            respond(handler, b"", 304)
        else:
            respond(handler, b"body", ETag='"v1"')

    return answer


def test_an_unchanged_url_costs_a_304_and_its_bytes_come_from_the_store(
    fetcher: Fetcher, make_source: MakeSource, serve: Any, respond: Any
) -> None:
    server = serve(_versioned(respond))
    source = make_source(url=server.url)
    wanted = HarvestObject(name="a", location=server.url)
    first = fetcher.fetch(source, wanted, None)
    second = fetcher.fetch(source, wanted, first.object)
    assert second.object.state is ObjectState.UNCHANGED
    assert second.object.etag == '"v1"'
    assert second.path.read_bytes() == b"body"
    assert server.requests[1][1]["If-None-Match"] == '"v1"'


def test_without_the_bytes_at_hand_the_request_is_unconditional(
    fetcher: Fetcher, make_source: MakeSource, serve: Any, respond: Any
) -> None:
    server = serve(_versioned(respond))
    wanted = HarvestObject(name="a", location=server.url)
    first = fetcher.fetch(make_source(url=server.url), wanted, None)
    first.path.unlink()
    second = fetcher.fetch(make_source(url=server.url), wanted, first.object)
    assert "If-None-Match" not in server.requests[1][1]
    assert second.path.read_bytes() == b"body"


def test_the_same_bytes_from_a_server_without_validators_are_unchanged(
    fetcher: Fetcher, make_source: MakeSource, serve: Any, respond: Any
) -> None:
    server = serve(lambda h: respond(h, b"body"))
    wanted = HarvestObject(name="a", location=server.url)
    first = fetcher.fetch(make_source(url=server.url), wanted, None)
    second = fetcher.fetch(make_source(url=server.url), wanted, first.object)
    assert second.object.state is ObjectState.UNCHANGED
    assert second.object.fetched == first.object.fetched
