"""Following: what is published comes to the node; the catalogue may be down."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.application import create_application
from api.following import Following
from api.node import Node
from catalog.ckan import Follower, ensure_organization, open_catalogue, publish
from catalog.errors import CatalogueUnavailable
from catalog.releases import Holdings, LocalCopy, load_built
from catalog.settings import Settings

NAME = "mynumber-municipalities"


@pytest.fixture
def publish_release(all_holdings: Holdings, node_home: Path, tmp_path: Path) -> Callable[[int], None]:
    """Return a function that publishes one release to the catalogue of ``tmp_path``."""
    releases = all_holdings.get(NAME).releases

    def publish_release(number: int) -> None:
        catalogue = open_catalogue(Settings(home=tmp_path))
        built = load_built(node_home / "builds" / releases[number].digest)
        ensure_organization(catalogue, built.manifest.dataset.publisher)
        publish(catalogue, built)

    return publish_release


def wait_until(condition: Callable[[], Any]) -> None:
    """Wait a little for something that a thread does."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_a_release_that_is_published_is_served_soon(publish_release: Callable[[int], None], tmp_path: Path) -> None:
    publish_release(0)
    settings = Settings(home=tmp_path, follow_seconds=1)
    node = Node.from_settings(settings)
    api = create_application(settings, node).test_client()
    assert api.get("/api/v1/datasets").get_json()["meta"]["total"] == 0
    node.start()
    try:
        wait_until(lambda: node.holdings.find(NAME))
        publish_release(1)
        wait_until(lambda: len(node.holdings.get(NAME).releases) == 2)
        assert api.get("/api/v1/indicators/kpi-12/observations").headers["X-Data-Version"] == "1.1.0"
        state = api.get("/api/v1/status").get_json()["data"]["catalogue"]
        assert (state["reachable"], state["error"]) == (True, None)
        assert state["followed"]
    finally:
        node.close()


def test_what_was_published_before_the_start_is_there_from_the_first_request(
    publish_release: Callable[[int], None], tmp_path: Path
) -> None:
    publish_release(0)
    publish_release(1)
    settings = Settings(home=tmp_path, follow_seconds=60)
    nodes = [Node.from_settings(settings) for _ in range(2)]
    try:
        for node in nodes:
            node.start()
            assert len(node.holdings.get(NAME).releases) == 2
    finally:
        for node in nodes:
            node.close()


def test_a_catalogue_that_hangs_delays_the_start_only_a_little(tmp_path: Path) -> None:
    class Hanging:
        copy, broken, broken_services = LocalCopy(tmp_path), (), ()
        go = threading.Event()

        def synchronise(self, *, wait: float) -> None:
            self.go.wait(20)

    follower: Any = Hanging()
    following = Following(lambda: follower, lambda _: None, seen=Holdings().digest, seconds=1)
    following.start()
    begin = time.monotonic()
    following.wait(0.1)
    assert time.monotonic() - begin < 5
    follower.go.set()
    following.stop()


def test_a_node_starts_with_what_it_held_while_the_catalogue_is_down(
    publish_release: Callable[[int], None], tmp_path: Path
) -> None:
    publish_release(0)
    Follower(open_catalogue(Settings(home=tmp_path)), LocalCopy(tmp_path / "copy")).synchronise()
    settings = Settings(home=tmp_path, catalog_url="http://127.0.0.1:9", follow_seconds=1)
    node = Node.from_settings(settings)
    api = create_application(settings, node).test_client()
    node.start()
    try:
        wait_until(lambda: node.follow_state.checked)
        state = api.get("/api/v1/status").get_json()["data"]["catalogue"]
        assert state["reachable"] is False
        assert state["error"]["ja"]
        assert api.get("/api/v1/indicators/kpi-12/observations").headers["X-Data-Version"] == "1.0.0"
    finally:
        node.close()


class Stumbling:
    """A follower that fails as it is told, then succeeds."""

    def __init__(self, copy: LocalCopy, errors: list[Exception]) -> None:
        self.copy, self.errors, self.broken, self.broken_services = copy, errors, (), ()

    def synchronise(self, *, wait: float) -> None:
        if self.errors:
            raise self.errors.pop(0)


def test_the_loop_survives_any_fault_and_tries_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    down = CatalogueUnavailable("カタログが応答しません", "The catalogue does not answer")
    follower: Any = Stumbling(LocalCopy(tmp_path), [down, RuntimeError("odd"), OSError("disk")])
    following = Following(lambda: follower, lambda _: None, seen=Holdings().digest, seconds=0.01)
    following.start()
    try:
        wait_until(lambda: following.state.followed)
    finally:
        following.stop()
    assert following.state.reachable is True
    assert "The catalogue does not answer" in caplog.text
    assert "odd" in caplog.text


def test_follow_seconds_0_starts_no_thread(tmp_path: Path) -> None:
    node = Node.from_settings(Settings(home=tmp_path, follow_seconds=0))
    node.start()
    assert node.follow_state.checked is None
    node.close()
