"""Whole runs over portals: what is published, what a plan says, and that nothing is unpublished by a failure."""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from catalog.ckan import Follower, open_catalogue
from catalog.database import JobStatus
from catalog.releases import LocalCopy
from catalog.settings import Settings
from harvesters import HarvestSource, JobReport, plan_sources, run_sources


@pytest.fixture
def source(portal: Any, table: bytes, make_source: Callable[..., HarvestSource]) -> HarvestSource:
    """Return a source that finds two datasets in a portal."""
    portal.add("cards", ("t1", table))
    portal.add("older", ("t2", table.replace(b"2021", b"2019").replace(b"2022", b"2020")))
    return make_source("ckan", url=portal.url, query="交付", dataset="cards-copied")


@pytest.fixture
def published(settings: Settings) -> Callable[[], tuple[list[str], int]]:
    """Return a function that tells the versions that are published, and the observations of the newest."""

    def read() -> tuple[list[str], int]:
        catalogue = open_catalogue(settings)
        try:
            held = Follower(catalogue, LocalCopy(settings.home / "copy-of-test")).synchronise().get("cards-copied")
        finally:
            catalogue.close()
        return [str(one.manifest.version) for one in held.releases], held.current.manifest.observations

    return read


def _run(settings: Settings, source: HarvestSource) -> JobReport:
    [report] = run_sources(settings, [source])
    return report


def test_a_plan_tells_what_a_run_publishes_and_then_that_nothing_would_change(
    settings: Settings, source: HarvestSource, published: Any
) -> None:
    [plan] = plan_sources(settings, [source])
    assert plan.exit_code == 2
    assert sum(one.changes["added"] for one in plan.datasets[0].releases) == 6
    assert _run(settings, source).status is JobStatus.SUCCEEDED
    assert published()[1] == 6
    [after] = plan_sources(settings, [source])
    assert after.exit_code == 0


def test_every_file_that_a_portal_brings_gets_a_readability_report(
    settings: Settings, source: HarvestSource, table: bytes
) -> None:
    told = {one.object: one for one in _run(settings, source).readability}
    assert len(told) == 2
    folder = settings.home / "reports" / source.name
    assert all((folder / str(one.page)).exists() and one.scores[0] == 100 for one in told.values())
    [plan] = plan_sources(settings, [source])
    assert {one.object for one in plan.readability} == set(told)


def test_a_second_run_is_skipped_after_two_requests(settings: Settings, source: HarvestSource, portal: Any) -> None:
    _run(settings, source)
    portal.calls.clear()
    portal.sent.clear()
    report = _run(settings, source)
    assert report.skipped
    assert len(portal.calls) == 2
    assert portal.sent == []


def test_a_change_of_the_description_alone_publishes_nothing(
    settings: Settings, source: HarvestSource, portal: Any, published: Any
) -> None:
    _run(settings, source)
    before = published()
    portal.packages["id-cards"] |= {"title": "別の題名", "metadata_modified": "2026-11-23T00:00:00.000000"}
    report = _run(settings, source)
    assert (report.status, report.published) == (JobStatus.SUCCEEDED, 0)
    assert published() == before


def test_a_dataset_that_went_is_told_and_stays_published(
    settings: Settings, source: HarvestSource, portal: Any, published: Any
) -> None:
    _run(settings, source)
    before = published()
    del portal.packages["id-older"]
    report = _run(settings, source)
    assert [one.name for one in report.objects if one.state == "gone"] == ["older/t2.csv"]
    assert report.findings.counts["object-gone"] == 1
    assert published() == before


def _down(handler: BaseHTTPRequestHandler) -> bool:
    handler.send_error(503)
    return True


def _web_page(handler: BaseHTTPRequestHandler) -> bool:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"<!DOCTYPE html><html></html>")
    return True


def _empty(handler: BaseHTTPRequestHandler) -> bool:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b'{"success": true, "result": {"count": 0, "results": []}}')
    return True


def _failing(handler: BaseHTTPRequestHandler) -> bool:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b'{"success": false, "error": {"message": "Search error"}}')
    return True


@pytest.mark.parametrize("trouble", [_down, _web_page, _empty, _failing])
def test_a_portal_in_trouble_fails_the_run_and_what_is_published_stays(
    settings: Settings, source: HarvestSource, portal: Any, published: Any, trouble: Any
) -> None:
    _run(settings, source)
    before = published()
    portal.instead = trouble
    report = _run(settings, source)
    assert report.status is JobStatus.FAILED
    assert report.error is not None
    assert report.error["what"]["ja"] != report.error["what"]["en"]
    assert report.error["next_step"]
    assert published() == before
    portal.instead = None
    assert _run(settings, source).status is JobStatus.SUCCEEDED


def test_one_file_that_is_not_what_is_stated_does_not_stop_the_others(
    settings: Settings, source: HarvestSource, portal: Any, published: Any
) -> None:
    portal.packages["id-older"]["resources"][0]["hash"] = "0" * 64
    report = _run(settings, source)
    assert report.status is JobStatus.PARTIAL
    assert list(report.object_errors) == ["older/t2.csv"]
    assert published()[1] == 3
