"""The pages over real figures: releases of tests/data/portal, the API beside them, no network."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.application import create_application
from api.node import Node
from api.portal.site import Site
from catalog.errors import CatalogueUnavailable
from catalog.releases import Holdings
from catalog.settings import Settings

SITE = "http://shihyo.example"


class DownCatalogue:
    """A catalogue that never answers."""

    def action(self, name: str, /, **data: Any) -> Any:
        raise CatalogueUnavailable("カタログが応答しません", "The catalogue does not answer")


class AnsweringCatalogue:
    """A catalogue with fixed answers, which remembers what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def action(self, name: str, /, **data: Any) -> Any:
        self.asked.append((name, data))
        answer = self.answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(scope="session")
def specimen() -> ModuleType:
    """Return the module that builds the releases."""
    path = Path(__file__).parents[2] / "data" / "portal" / "specimen.py"
    spec = importlib.util.spec_from_file_location("portal_specimen", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the node."""
    return tmp_path_factory.mktemp("portal")


@pytest.fixture(scope="session")
def holdings(specimen: ModuleType, home: Path) -> Holdings:
    """Return four datasets."""
    built: Holdings = specimen.build_holdings(home)
    return built


Make = Callable[..., Flask]


@pytest.fixture(scope="session")
def make_application(home: Path) -> Iterator[Make]:
    """Return a function that makes an application of holdings and a catalogue."""
    nodes: list[Node] = []

    def make(holdings: Holdings, catalogue: Any = None) -> Flask:
        settings = Settings(home=home, site_url=SITE)
        node = Node.from_holdings(holdings, settings)
        nodes.append(node)
        application = create_application(settings, node)
        application.extensions["shihyo.portal"] = Site(node, catalogue or DownCatalogue())
        return application

    yield make
    for node in nodes:
        node.close()


@pytest.fixture(scope="session")
def application(make_application: Make, holdings: Holdings) -> Flask:
    """Return the application that no test changes; its catalogue is down."""
    return make_application(holdings)


@pytest.fixture
def client(application: Flask) -> FlaskClient:
    """Return a client of the application."""
    return application.test_client()


@pytest.fixture(scope="session")
def answering() -> type[AnsweringCatalogue]:
    """Return the catalogue with fixed answers."""
    return AnsweringCatalogue
