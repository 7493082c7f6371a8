"""A catalogue, a place to copy it to, and what other people have in both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.ckan import Catalogue, Follower, open_catalogue
from catalog.ckan.copy import copy_catalogue
from catalog.ckan.copy_journal import CopyJournal
from catalog.ckan.copy_report import CopyReport
from catalog.ckan.copy_sides import address_of
from catalog.ckan.listing import iter_packages
from catalog.embedded.errors import NotFound
from catalog.releases import LocalCopy
from catalog.settings import Settings

Copy = Callable[..., CopyReport]


#: what other people have in these tests
THEIRS = (
    ("dataset_purge", "jobs"),
    ("dataset_purge", "bus"),
    ("dataset_purge", "parks"),
    ("organization_purge", "parks-office"),
    ("organization_purge", "statistics"),
    ("group_purge", "smart"),
)


CSV = "年,失業率\n2024,2.5\n".encode("cp932")


def _purge(site: Any) -> None:
    for action, name in THEIRS:
        try:
            site.call(action, id=name)
        except NotFound:
            continue


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Catalogue]:
    """Give an empty embedded catalogue to copy from."""
    made = open_catalogue(Settings(home=tmp_path / "source", site_url="http://source.example"))
    yield made
    made.close()


@pytest.fixture
def target(site: Any) -> Iterator[Catalogue]:
    """Give an empty catalogue to copy to, and leave nothing of other people's in it."""
    _purge(site)
    yield site.open("target")
    _purge(site)


@pytest.fixture
def journal(source: Catalogue, target: Catalogue, tmp_path: Path) -> CopyJournal:
    """Give what runs of this test write down."""
    return CopyJournal(tmp_path / "copies", address_of(source.settings), address_of(target.settings))


@pytest.fixture
def copy(source: Catalogue, target: Catalogue, journal: CopyJournal) -> Copy:
    """Return a function that copies."""
    return lambda **options: copy_catalogue(source, target, journal, **options)


@pytest.fixture
def others(source: Catalogue, tmp_path: Path) -> dict[str, Any]:
    """Make a dataset of other people with a file, a link and a group, and a service."""
    source.action("organization_create", name="statistics", title="統計課", extras=[{"key": "階", "value": "3"}])
    source.action("group_create", name="smart", title="スマート")
    links = [{"name": "説明", "url": "https://example.org/about.html", "format": "HTML"}]
    source.action(
        "package_create",
        name="jobs",
        title="失業率",
        notes="年次",
        owner_org="statistics",
        tags=[{"name": "労働"}],
        groups=[{"name": "smart"}],
        extras=[{"key": "担当", "value": "統計課"}],
        resources=links,
    )
    file = tmp_path / "失業率.csv"
    file.write_bytes(CSV)
    source.upload("resource_create", path=file, media_type="text/csv", package_id="jobs", name="失業率CSV", 列="年")
    source.action(
        "package_create", name="bus", type="service", title="バス", owner_org="statistics", private=True, version="1"
    )
    package = source.find_package("jobs")
    assert package is not None
    return package


def _digests(catalogue: Catalogue, folder: Path) -> tuple[str, list[str]]:
    """Return what a fresh follower of a catalogue holds."""
    follower = Follower(catalogue, LocalCopy(folder))
    holdings = follower.synchronise()
    assert follower.broken == ()
    assert follower.copy.verify(holdings, all_releases=True) == []
    return holdings.digest, sorted(holdings.datasets)


@pytest.fixture
def digests() -> Callable[..., Any]:
    """Return a function that tells what a fresh follower of a catalogue holds."""
    return _digests


def _everything(catalogue: Catalogue) -> dict[str, Any]:
    """Return all that a catalogue holds, whoever put it there."""
    listed = {kind: catalogue.action(f"{kind}_list") for kind in ("organization", "group")}
    return {**listed, "packages": {one["name"]: one for one in iter_packages(catalogue, "+dataset_type:*")}}


@pytest.fixture
def everything() -> Callable[..., Any]:
    """Return a function that tells all that a catalogue holds, whoever put it there."""
    return _everything


def _actions(report: CopyReport) -> dict[str, str]:
    return {one.name: one.action for one in report.items}


@pytest.fixture
def actions() -> Callable[..., Any]:
    """Return a function that tells what became of each dataset of a report."""
    return _actions


def _failures(report: CopyReport) -> dict[str, str]:
    return {one.name: one.error.code for one in report.items if one.error}


@pytest.fixture
def failures() -> Callable[..., Any]:
    """Return a function that tells the errors of a report."""
    return _failures
