"""What maintenance removes, what it never removes, and when it is done."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from sqlalchemy import Engine, text

from catalog.ckan import Follower, open_catalogue
from catalog.ckan.client import open_embedded
from catalog.database import HarvestJournal, JobStatus, open_database
from catalog.errors import Label, ScheduleError
from catalog.releases import LocalCopy
from catalog.settings import Settings
from harvesters import HarvestSource, run_sources
from harvesters.running.maintenance import NAME, maintain, maintain_if_due
from harvesters.running.scheduler import Scheduler, run_schedule

NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=3 * 365)


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = open_database(settings.application_database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def harvested(settings: Settings, source: HarvestSource) -> Settings:
    """Return the settings of a home where a source was harvested once."""
    [report] = run_sources(settings, [source])
    assert report.status is JobStatus.SUCCEEDED
    return settings


def cleared(settings: Settings, **more: Any) -> dict[str, int]:
    """Return what maintenance removes, by step; steps without anything are left out."""
    done = maintain(settings, **more)
    assert [one.error for one in done] == [None] * len(done)
    return {one.step: one.items for one in done if one.items}


def files(home: Path) -> set[Path]:
    return {one for one in home.rglob("*") if one.is_file() and one.name != NAME and ".db" not in one.name}


def published(settings: Settings) -> list[str]:
    catalogue = open_catalogue(settings)
    try:
        held = Follower(catalogue, LocalCopy(settings.home.parent / "reader")).synchronise().datasets.values()
        return [one.digest for dataset in held for one in dataset.releases]
    finally:
        catalogue.close()


def test_a_fresh_home_has_nothing_to_remove(harvested: Settings) -> None:
    before = files(harvested.home)
    assert cleared(harvested) == {}
    assert files(harvested.home) - {harvested.home / "copy" / ".lock"} == before


def test_a_home_without_anything_is_no_error(settings: Settings) -> None:
    assert cleared(settings) == {}


def test_old_builds_go_and_what_is_published_stays_and_can_be_built_upon(
    harvested: Settings, source: HarvestSource
) -> None:
    before = published(harvested)
    assert cleared(harvested, now=LATER)["builds"] == len(before) > 0
    assert list((harvested.home / "builds").glob("[0-9a-f]*")) == []
    assert published(harvested) == before
    [again] = run_sources(harvested, [source], force=True)
    assert (again.status, again.published) == (JobStatus.SUCCEEDED, 0)


def test_raw_inputs_stay_for_ever_unless_the_operator_says_otherwise_and_those_of_a_source_always(
    harvested: Settings,
) -> None:
    raw = harvested.home / "raw"
    kept = {one for one in raw.rglob("*") if one.is_file()}
    former = raw / "ab" / ("ab" * 32)
    former.parent.mkdir()
    former.write_bytes(b"of a file that the source had once")
    former.with_suffix(".json").write_text("{}")
    assert "raw" not in cleared(harvested, now=LATER)
    assert cleared(replace(harvested, keep_raw_days=30), now=LATER)["raw"] == 2
    assert {one for one in raw.rglob("*") if one.is_file()} == kept


def test_what_a_killed_run_left_in_the_raw_store_goes_after_a_day(harvested: Settings) -> None:
    for name, age in (("incoming-old", timedelta(days=2)), ("incoming-new", timedelta(hours=1))):
        path = harvested.home / "raw" / name
        path.write_bytes(b"half")
        os.utime(path, ((NOW - age).timestamp(),) * 2)
    assert cleared(harvested) == {"raw": 1}
    assert (harvested.home / "raw" / "incoming-new").exists()


def _job(journal: HarvestJournal, engine: Engine, source: str, status: JobStatus, days_ago: int) -> str:
    job = journal.finish(journal.start(source, "procedures"), status, {})
    moment = (NOW - timedelta(days=days_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE harvest_job SET started = :at, finished = :at WHERE id = :id"), {"at": moment, "id": job.id}
        )
    return job.id


def test_of_old_jobs_the_last_one_and_the_one_that_knows_the_source_stay(
    settings: Settings, journal: HarvestJournal, engine: Engine
) -> None:
    gone = _job(journal, engine, "a", JobStatus.SUCCEEDED, 900)
    knows = _job(journal, engine, "a", JobStatus.SUCCEEDED, 800)
    also_gone = _job(journal, engine, "a", JobStatus.FAILED, 700)
    last = _job(journal, engine, "a", JobStatus.FAILED, 600)
    young = _job(journal, engine, "b", JobStatus.SUCCEEDED, 10)
    assert cleared(settings) == {"jobs": 2}
    assert {one.id for one in journal.list_jobs()} == {knows, last, young}
    assert journal.find_job(gone) is journal.find_job(also_gone) is None


def test_days_of_zero_keep_everything(settings: Settings, journal: HarvestJournal, engine: Engine) -> None:
    for days in (900, 800):
        _job(journal, engine, "a", JobStatus.FAILED, days)
    assert cleared(replace(settings, keep_jobs_days=0)) == {}


def test_a_job_that_waits_for_a_decision_stays(settings: Settings, journal: HarvestJournal, engine: Engine) -> None:
    held = _job(journal, engine, "a", JobStatus.HELD, 900)
    for days in (800, 700):
        _job(journal, engine, "a", JobStatus.SUCCEEDED, days)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO harvest_hold (id, source, dataset, digest, job_id, state, held, held_by, report)"
                " VALUES ('h', 'a', 'd', 'x', :job, 'waiting', '2024-01-01T00:00:00Z', :by, '{}')"
            ),
            {"job": held, "by": json.dumps({"ckan": None, "os": "staff"})},
        )
    assert cleared(settings) == {"jobs": 1}
    assert journal.find_job(held) is not None


def test_the_audit_log_is_trimmed_after_its_time(harvested: Settings) -> None:
    assert "audit" not in cleared(harvested, now=LATER)
    short = replace(harvested, keep_audit_days=365)
    told = cleared(short, dry_run=True, now=LATER)["audit"]
    assert cleared(short, now=LATER)["audit"] == told > 0
    catalog = open_embedded(harvested)
    assert catalog.count_audit(LATER) == 0
    catalog.close()


def test_a_file_of_the_catalogue_without_a_dataset_goes(harvested: Settings) -> None:
    catalog = open_embedded(harvested)
    stray = catalog.store.folder / "ab" / ("c" * 62)
    catalog.close()
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"x")
    assert cleared(harvested) == {"files": 1}
    assert not stray.exists()


def test_a_dry_run_says_the_same_and_removes_nothing(harvested: Settings) -> None:
    short = replace(harvested, keep_audit_days=1, keep_raw_days=1)
    before = files(harvested.home)
    told = cleared(short, dry_run=True, now=LATER)
    assert {"builds", "audit"} <= set(told)
    assert files(harvested.home) - {harvested.home / "copy" / ".lock"} == before
    assert not (harvested.home / NAME).exists()
    assert cleared(short, now=LATER) == told


def test_a_step_that_fails_is_told_and_the_others_go_on(harvested: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("harvesters.running.maintenance.find_old_builds", fail)
    done = {one.step: one for one in maintain(replace(harvested, keep_audit_days=1), now=LATER)}
    assert done["builds"].error is not None
    assert "✗" in done["builds"].label.ja
    assert done["audit"].items > 0


# -- when


@pytest.fixture
def told() -> list[Label]:
    return []


def _tick(settings: Settings, told: list[Label], *hours: int) -> None:
    for one in hours:
        maintain_if_due(settings, told.append, NOW + timedelta(hours=one))


def test_the_first_time_is_after_the_schedule_was_first_seen(harvested: Settings, told: list[Label]) -> None:
    hourly = replace(harvested, maintenance="every hour", keep_builds_days=1)
    _tick(hourly, told, 0)
    assert told == []
    _tick(hourly, told, 30)
    assert [one.en.partition(":")[0] for one in told] == ["built releases"]
    note = json.loads((harvested.home / NAME).read_text("utf-8"))
    assert {one["step"]: one["items"] for one in note["cleared"]}["builds"] > 0


def test_off_is_never(harvested: Settings, told: list[Label]) -> None:
    _tick(replace(harvested, maintenance="off", keep_builds_days=1), told, 0, 10_000)
    assert told == []
    assert not (harvested.home / NAME).exists()


def test_only_one_process_of_a_home_does_it(harvested: Settings, told: list[Label]) -> None:
    hourly = replace(harvested, maintenance="every hour", keep_builds_days=1)
    _tick(hourly, told, 0)
    with FileLock(harvested.home / "locks" / "maintenance.lock"):
        _tick(hourly, told, 48)
    assert told == []


def test_a_damaged_note_begins_again(harvested: Settings, told: list[Label]) -> None:
    (harvested.home / NAME).write_text("{")
    _tick(replace(harvested, maintenance="every hour", keep_builds_days=1), told, 0, 48)
    assert len(told) == 1


def test_the_scheduler_does_it_when_it_is_due(harvested: Settings, engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "harvest.yml"
    file.write_text("version: 1\nsources: []\n")
    told: list[Label] = []
    here = replace(harvested, harvest_file=file, maintenance="毎日 4:20", keep_builds_days=1)
    scheduler = Scheduler(here, engine, run=lambda _: [], tell=told.append)
    scheduler.tick(NOW)
    assert told == []
    scheduler.tick(NOW + timedelta(days=2))
    assert [one.ja.partition(":")[0] for one in told] == ["組み立てたリリース"]


def test_a_schedule_of_maintenance_that_cannot_be_read_is_told_at_once(settings: Settings) -> None:
    with pytest.raises(ScheduleError):
        run_schedule(replace(settings, maintenance="ときどき"), stop=threading.Event(), tell=lambda _: None)
