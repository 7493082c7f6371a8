"""Our own application, served over HTTP and harvested by each kind: releases are taken as they are, unmapped."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from api.application import create_application
from api.node import Node
from catalog.ckan import Follower, open_catalogue
from catalog.database import JobStatus
from catalog.errors import Label
from catalog.formats import read_parquet
from catalog.model import Agent
from catalog.releases import LocalCopy, ReleaseHolding
from catalog.settings import Settings
from harvesters import HarvestSource, JobReport, plan_sources, run_sources
from harvesters.registry import harvesters

NAME = "mynumber-prefectures"


@dataclass
class Site:
    """Our application with what it publishes."""

    settings: Settings
    #: the publications of the source that it harvests itself
    folder: Path
    #: (method, path) of each request
    requests: list[str] = field(default_factory=list)
    _node: Node | None = None
    _server: BaseWSGIServer | None = None

    @property
    def url(self) -> str:
        return self.settings.site_url

    def publish(self, source: HarvestSource) -> None:
        """Harvest what is in the folder, and serve it."""
        _run(self.settings, source)
        self.follow()

    def follow(self) -> None:
        """Serve what is published."""
        if self._node is None:
            self._serve()
        catalogue = open_catalogue(self.settings)
        assert self._node is not None
        self._node.swap(Follower(catalogue, LocalCopy(self.settings.home / "copy")).synchronise())
        catalogue.close()

    def _serve(self) -> None:
        self._node = Node.from_settings(self.settings)
        app: Flask = create_application(self.settings, self._node)
        inner = app.wsgi_app

        def counted(environ: dict[str, Any], start: Any) -> Any:
            self.requests.append(environ["PATH_INFO"])
            return inner(environ, start)

        app.wsgi_app = counted  # type: ignore[method-assign, assignment]
        host, port = self.url.removeprefix("http://").split(":")
        self._server = make_server(host, int(port), app, threaded=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        if self._server is not None and self._node is not None:
            self._server.shutdown()
            self._server.server_close()
            self._node.close()


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """Return a folder with the publications of a source and the home of a site that published them, made once."""
    folder = tmp_path_factory.mktemp("published")
    for day in ("20210401", "20210801"):
        shutil.copytree(root / "harvesters" / "samples" / "mynumber" / day, folder / "publications" / day)
    _run(Settings(home=folder / "there"), _origin(folder / "publications"))
    return folder


@pytest.fixture
def site(tmp_path: Path, published: Path) -> Iterator[Site]:
    """Return our application with two releases of the prefectures, served."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    shutil.copytree(published, tmp_path, dirs_exist_ok=True)
    made = Site(Settings(home=tmp_path / "there", site_url=f"http://127.0.0.1:{port}"), tmp_path / "publications")
    made.follow()
    yield made
    made.close()


def _origin(folder: Path, *datasets: str) -> HarvestSource:
    """Return the source that the site harvests itself."""
    defaults = {one.name: one.default for one in harvesters()["mynumber"].options}
    return HarvestSource(
        name="origin",
        kind="mynumber",
        title=Label("交付状況", "Cards issued"),
        path=folder,
        url=None,
        publisher=Agent("chiba-city", Label("千葉市", "Chiba City"), "https://www.city.chiba.jp/"),
        options={**defaults, "datasets": datasets or ("prefectures",)},
        every=None,
        file=folder / "harvest.yml",
    )


@pytest.fixture(params=["ckan", "dcat", "dcat of one dataset", "datapackage"])
def source(request: pytest.FixtureRequest, make_source: Any, site: Site) -> HarvestSource:
    """Return a source of each kind that reads the site."""
    options = {"dataset": "copied-prefectures", "mapping": None}
    found: HarvestSource = {
        "ckan": lambda: make_source("ckan", url=site.url, pick=(NAME,), **options),
        "dcat": lambda: make_source("dcat", url=f"{site.url}/catalog.ttl", pick=(NAME,), **options),
        "dcat of one dataset": lambda: make_source(
            "dcat", url=f"{site.url}/dataset/{NAME}.jsonld", pick=(NAME,), **options
        ),
        "datapackage": lambda: make_source(
            "datapackage", url=f"{site.url}/api/v1/datasets/{NAME}/releases/latest/files/datapackage.json", **options
        ),
    }[request.param]()
    return found


def _current(settings: Settings, name: str) -> ReleaseHolding:
    catalogue = open_catalogue(settings)
    try:
        return Follower(catalogue, LocalCopy(settings.home / "copy-of-test")).synchronise().get(name).current
    finally:
        catalogue.close()


def _run(settings: Settings, source: HarvestSource) -> JobReport:
    [report] = run_sources(settings, [source])
    assert report.status is JobStatus.SUCCEEDED, report.to_dict()
    return report


def test_the_current_release_is_taken_as_it_is(site: Site, source: HarvestSource, settings: Settings) -> None:
    report = _run(settings, source)
    assert [one.action for one in report.datasets] == ["created"]
    there, here = _current(site.settings, NAME), _current(settings, "copied-prefectures")
    assert read_parquet(here.path("copied-prefectures.parquet")).equals(read_parquet(there.path(f"{NAME}.parquet")))
    theirs, ours = there.manifest.dataset, here.manifest.dataset
    assert here.manifest.issued == there.manifest.issued
    for same in ("title", "description", "citation", "landing_page", "keywords", "indicators", "spatial", "structure"):
        assert getattr(ours, same) == getattr(theirs, same), same
    assert ours.publisher.name == "chiba-city"
    assert ours.creator.label == theirs.creator.label


def test_an_unchanged_site_costs_few_requests_and_publishes_nothing(
    site: Site, source: HarvestSource, settings: Settings
) -> None:
    _run(settings, source)
    site.requests.clear()
    report = _run(settings, source)
    assert report.skipped
    assert len(site.requests) <= 3


def test_a_new_release_there_becomes_a_new_release_here(
    site: Site, source: HarvestSource, settings: Settings, samples: Path
) -> None:
    _run(settings, source)
    shutil.copytree(samples / "mynumber" / "20211201", site.folder / "20211201")
    site.publish(_origin(site.folder))
    [plan] = plan_sources(settings, [source])
    assert [one.changes["added"] for one in plan.datasets[0].releases] == [47]
    [released] = _run(settings, source).datasets[0].releases
    assert released.changes == {"added": 47, "changed": 0, "removed": 0, "revised": 0}
    there, here = _current(site.settings, NAME), _current(settings, "copied-prefectures")
    assert read_parquet(here.path("copied-prefectures.parquet")).equals(read_parquet(there.path(f"{NAME}.parquet")))


def test_a_table_that_is_mapped_gives_the_same_figures(site: Site, settings: Settings, make_source: Any) -> None:
    mapping = {
        "indicator": {"column": "indicator_id"},
        "definition": {"column": "definition_id"},
        "area": {"column": "area_code"},
        "period": {"column": "period"},
        "value": {"column": "value", "unit": "PT", "percent": "points"},
        "numerator": {"column": "numerator"},
        "denominator": {"column": "denominator"},
        "numerator_date": {"column": "numerator_date"},
        "denominator_date": {"column": "denominator_date"},
        "status": {"column": "obs_status"},
        "note": {"column": "note"},
    }
    source = make_source("ckan", url=site.url, pick=(NAME,), files=f"{NAME}.csv", dataset="mapped", mapping=mapping)
    _run(settings, source)
    there, here = _current(site.settings, NAME), _current(settings, "mapped")
    assert read_parquet(here.path("mapped.parquet")).equals(read_parquet(there.path(f"{NAME}.parquet")))


def test_when_several_datasets_are_in_our_form_one_must_be_named(
    site: Site, settings: Settings, make_source: Any
) -> None:
    site.publish(_origin(site.folder, "prefectures", "municipalities"))
    for kind, url, options in (("ckan", site.url, {"query": "マイナンバー"}), ("dcat", f"{site.url}/catalog.rdf", {})):
        [report] = run_sources(settings, [make_source(kind, url=url, mapping=None, **options)])
        assert report.error is not None
        assert NAME in report.error["what"]["en"] + report.error["next_step"]["en"]
