"""Status: when a source was harvested last and when it is due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from catalog.database import HarvestJournal, JobStatus, open_database
from catalog.settings import Settings
from harvesters import HarvestSource, job_status, run_sources
from harvesters.runner import source_lock


@pytest.fixture
def source(make_source: Callable[..., HarvestSource], samples: Path) -> HarvestSource:
    source = make_source("procedures", path=samples / "procedures" / "procedures_2025-07-29_sample.csv", sample=True)
    return replace(source, every=timedelta(days=1))


def test_a_source_that_was_never_run_is_due(settings: Settings, source: HarvestSource) -> None:
    [status] = job_status(settings, [source])
    assert (status.last, status.next, status.due) == (None, None, True)
    assert not settings.home.exists()


def test_after_a_run_the_next_one_is_due_after_the_interval(settings: Settings, source: HarvestSource) -> None:
    [report] = run_sources(settings, [source])
    [status] = job_status(settings, [source])
    assert status.last is not None
    assert (status.last.id, status.last.status) == (report.job, JobStatus.SUCCEEDED)
    assert status.next is not None
    assert datetime.fromisoformat(status.next) == datetime.fromisoformat(report.started) + timedelta(days=1)
    assert not status.due
    [later] = job_status(settings, [source], now=datetime.now(UTC) + timedelta(days=2))
    assert later.due


def test_a_source_without_an_interval_is_never_due(settings: Settings, source: HarvestSource) -> None:
    [status] = job_status(settings, [replace(source, every=None)])
    assert not status.due
    assert "手動" in status.lines("ja")[0]


def test_a_failure_does_not_hide_the_last_success(settings: Settings, source: HarvestSource, tmp_path: Path) -> None:
    run_sources(settings, [source])
    run_sources(settings, [replace(source, path=tmp_path / "nothing.csv")])
    [status] = job_status(settings, [source])
    assert status.last is not None
    assert status.last_success is not None
    assert (status.last.status, status.last_success.status) == (JobStatus.FAILED, JobStatus.SUCCEEDED)


def test_a_running_job_without_a_process_is_shown_as_lost(settings: Settings, source: HarvestSource) -> None:
    run_sources(settings, [source])
    engine = open_database(settings.application_database_url)
    HarvestJournal(engine).start(source.name, source.kind)
    engine.dispose()
    [status] = job_status(settings, [source])
    assert status.last is not None
    assert status.last.status is JobStatus.LOST
    with source_lock(settings, source.name):
        [status] = job_status(settings, [source])
        assert status.last is not None
        assert status.last.status is JobStatus.RUNNING


def test_the_sources_of_the_harvest_file_are_taken_if_none_are_given(settings: Settings, root: Path) -> None:
    statuses = job_status(replace(settings, harvest_file=root / "harvest.yml"))
    assert [one.source for one in statuses][:3] == ["mynumber", "procedures", "services"]


def test_status_is_json(settings: Settings, source: HarvestSource) -> None:
    run_sources(settings, [source])
    [status] = job_status(settings, [source])
    assert status.to_dict()["last"]["counts"]["created"] == 1


def test_people_read_one_clock(settings: Settings, source: HarvestSource) -> None:
    engine = open_database(settings.application_database_url)
    journal = HarvestJournal(engine)
    job = journal.start(source.name, source.kind)
    journal.finish(job, JobStatus.SUCCEEDED, {})
    engine.dispose()
    for zone in ("Asia/Tokyo", "America/New_York"):
        [status] = job_status(replace(settings, time_zone=zone), [source])
        shown = datetime.fromisoformat(job.started).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
        assert f": {shown} 完了" in status.lines("ja")[0]
    assert status.to_dict()["last"]["started"] == job.started
