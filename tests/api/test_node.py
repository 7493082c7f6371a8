"""The node: engines for current and older releases, and what the pages ask of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from api.node import Node
from catalog.errors import InputError, NoSuchDataset, QueryError
from catalog.query.duckdb import DuckDBEngine
from catalog.query.sqlite import SqliteEngine
from catalog.releases import Holdings
from catalog.settings import Settings

NAME = "mynumber-municipalities"


def test_current_releases_have_an_index_and_older_ones_are_read_from_parquet(node: Node) -> None:
    releases = node.holdings.get(NAME).releases
    assert isinstance(node.engine(releases[-1]), SqliteEngine)
    assert isinstance(node.engine(releases[0]), DuckDBEngine)
    assert node.engine(releases[0]) is node.engine(releases[0])


def test_both_engines_give_the_same_answer_for_one_release(
    make_node: Callable[[Holdings], Node], older_holdings: Holdings, all_holdings: Holdings
) -> None:
    node = make_node(older_holdings)
    indexed = node.observations(NAME, {"area": "121002"})
    node.swap(all_holdings)
    again = node.observations(NAME, {"area": "121002", "version": str(indexed.release.manifest.version)})
    assert isinstance(node.engine(again.release), DuckDBEngine)
    assert (again.columns, again.rows) == (indexed.columns, indexed.rows)


def test_observations_are_all_of_them_unless_a_limit_is_given(node: Node) -> None:
    found = node.observations(NAME, {"fields": "period,value", "sort": "-period"})
    assert found.columns == ("period", "value")
    assert len(found.rows) == found.release.manifest.observations == 210
    assert len(node.observations(NAME, {"limit": "3"}).rows) == 3


def test_what_cannot_be_answered_is_an_error_of_ours(node: Node) -> None:
    with pytest.raises(NoSuchDataset):
        node.observations("mynumber", {})
    with pytest.raises(QueryError):
        node.observations(NAME, {"aera": "121002"})


def test_a_swap_keeps_the_engines_of_releases_that_stay(
    make_node: Callable[[Holdings], Node], older_holdings: Holdings, all_holdings: Holdings
) -> None:
    node = make_node(older_holdings)
    other = node.holdings.get("procedures-online").current
    before = node.engine(other)
    node.swap(all_holdings)
    assert node.engine(other) is before


def test_a_swap_that_cannot_build_its_index_leaves_what_was_served(
    older_holdings: Holdings, all_holdings: Holdings, tmp_path: Path
) -> None:
    node = Node.from_holdings(older_holdings, Settings(home=tmp_path))
    shutil.rmtree(tmp_path / "index")
    (tmp_path / "index").write_text("a file where the folder should be")
    with pytest.raises((InputError, OSError)):
        node.swap(all_holdings)
    assert node.holdings is older_holdings
    node.close()


def test_many_older_releases_do_not_keep_many_engines(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.node._OLDER_ENGINES", 1)
    releases = node.holdings.get(NAME).releases
    first, second = node.engine(releases[0]), node.engine(releases[1])
    assert node.engine(releases[1]) is second
    assert node.engine(releases[0]) is not first


def test_an_empty_node_serves_nothing_and_lives(make_node: Callable[[Holdings], Node]) -> None:
    from api.application import create_application

    node = make_node(Holdings())
    api = create_application(node.settings, node).test_client()
    assert api.get("/api/v1/datasets").get_json()["data"] == []
    body = api.get("/api/v1/indicators/kpi-12/observations").get_json()
    assert "has not reached this server" in body["meta"]["availability"]["reason"]["en"]
    assert api.get("/api/v1/status").status_code == 200


def test_the_index_of_a_release_outlives_the_process(node: Node, node_home: Path) -> None:
    names = {one.name.split(".")[0] for one in (node_home / "index").iterdir()}
    assert {one.current.digest for one in node.holdings.datasets.values()} <= names
    assert os.access(node_home / "index", os.R_OK)
