"""The API over real figures: the releases of tests/data/portal, in process, without network."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.application import create_application
from api.node import Node
from catalog.releases import DatasetHolding, Holdings
from catalog.settings import Settings

MUNICIPAL = "mynumber-municipalities"


@pytest.fixture(scope="session")
def node_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the node."""
    return tmp_path_factory.mktemp("node")


@pytest.fixture(scope="session")
def all_holdings(node_home: Path) -> Holdings:
    """Return four datasets; the municipal one has three releases."""
    path = Path(__file__).parents[1] / "data" / "portal" / "specimen.py"
    spec = importlib.util.spec_from_file_location("portal_specimen", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    built: Holdings = module.build_holdings(node_home)
    return built


@pytest.fixture(scope="session")
def older_holdings(all_holdings: Holdings) -> Holdings:
    """Return the holdings before the newest municipal release came."""
    releases = all_holdings.datasets[MUNICIPAL].releases
    return Holdings(MappingProxyType({**all_holdings.datasets, MUNICIPAL: DatasetHolding(releases[:-1])}))


@pytest.fixture
def make_node(node_home: Path) -> Iterator[Callable[[Holdings], Node]]:
    """Return a function that makes a node of holdings."""
    nodes: list[Node] = []

    def make(holdings: Holdings) -> Node:
        nodes.append(Node.from_holdings(holdings, Settings(home=node_home)))
        return nodes[-1]

    yield make
    for one in nodes:
        one.close()


@pytest.fixture
def node(make_node: Callable[[Holdings], Node], all_holdings: Holdings) -> Node:
    """Return a node that serves all releases."""
    return make_node(all_holdings)


@pytest.fixture
def app(node: Node) -> Flask:
    """Return the application over the node."""
    return create_application(node.settings, node)


@pytest.fixture
def api(app: Flask) -> FlaskClient:
    """Return a client of the application."""
    return app.test_client()
