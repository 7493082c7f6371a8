"""What is due, what was missed, and the one process that sees to it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from catalog.database import HarvestJournal, JobStatus, Leases, RunningJournal, open_database
from catalog.errors import ConfigurationError, Label
from catalog.settings import Settings
from harvesters import HarvestSource, JobReport, job_status
from harvesters.running import scheduler
from harvesters.running.due import find_due
from harvesters.running.schedule import parse_schedule
from harvesters.running.scheduler import LEASE, Scheduler, run_schedule

TOKYO = ZoneInfo("Asia/Tokyo")
FILE = """
version: 1
sources:
  - name: a
    kind: procedures
    title: {{ja: 試験, en: Test}}
    path: {sample}
    schedule: {schedule}
    options: {{sample: true}}
  - name: by-hand
    kind: procedures
    title: {{ja: 手動, en: By hand}}
    path: {sample}
    options: {{sample: true}}
"""


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = open_database(settings.application_database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def write(tmp_path: Path, sample: Path) -> Callable[[str], Path]:
    def write(schedule: str) -> Path:
        file = tmp_path / "harvest.yml"
        file.write_text(FILE.format(schedule=schedule, sample=sample), "utf-8")
        return file

    return write


class Recorder:
    """Takes due sources, and lets their jobs succeed at a time."""

    def __init__(self, journal: HarvestJournal) -> None:
        self.journal = journal
        self.ran: list[str] = []

    def __call__(self, due: list[HarvestSource]) -> list[JobReport]:
        for one in due:
            self.ran.append(one.name)
            job = self.journal.start(one.name, one.kind)
            self.journal.finish(job, JobStatus.SUCCEEDED, {})
        return []


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO).astimezone(UTC)


def _started(engine: Engine, moment: datetime) -> None:
    """Move the newest job to a time."""
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE harvest_job SET started = :at WHERE id = (SELECT max(id) FROM harvest_job)"),
            {"at": moment.strftime("%Y-%m-%dT%H:%M:%SZ")},
        )


def test_a_schedule_that_is_new_waits_for_its_first_time_and_then_runs_once(
    settings: Settings, engine: Engine, write: Callable[[str], Path]
) -> None:
    run = Recorder(HarvestJournal(engine))
    here = replace(settings, harvest_file=write("毎月1日 3:00"))
    scheduler = Scheduler(here, engine, run=run, tell=lambda _: None)
    scheduler.tick(_at("2026-11-22 12:00"))
    assert run.ran == []
    scheduler.tick(_at("2026-12-01 03:00"))
    assert run.ran == ["a"]
    _started(engine, _at("2026-12-01 03:00"))
    scheduler.tick(_at("2026-12-01 03:01"))
    assert run.ran == ["a"]


def test_missed_times_are_caught_up_once(settings: Settings, engine: Engine, write: Callable[[str], Path]) -> None:
    run = Recorder(HarvestJournal(engine))
    here = replace(settings, harvest_file=write("毎日 3:00"))
    Scheduler(here, engine, run=run, tell=lambda _: None).tick(_at("2026-01-01 12:00"))
    later = Scheduler(here, engine, run=run, tell=lambda _: None)
    later.tick(_at("2026-01-20 12:00"))
    _started(engine, _at("2026-01-20 12:00"))
    later.tick(_at("2026-01-20 12:01"))
    later.tick(_at("2026-01-21 02:59"))
    assert run.ran == ["a"]
    later.tick(_at("2026-01-21 03:00"))
    assert run.ran == ["a", "a"]


def test_a_run_that_died_is_caught_up_but_not_for_ever(
    settings: Settings, engine: Engine, source: HarvestSource
) -> None:
    journal, running = HarvestJournal(engine), RunningJournal(engine)
    daily = replace(source, schedule=parse_schedule("毎日 3:00"))
    running.note_schedule(source.name, "毎日 3:00", "2026-01-01T00:00:00Z")
    due = []
    for _ in range(5):
        due.append(find_due(daily, journal, running, zone=TOKYO, now=_at("2026-01-02 04:00")).now)
        journal.start(source.name, source.kind)
        journal.mark_lost(source.name)
        _started(engine, _at("2026-01-02 03:00"))
    assert due == [True, True, True, True, False]


def test_a_source_that_waits_in_the_queue_is_not_due_again(
    settings: Settings, engine: Engine, write: Callable[[str], Path]
) -> None:
    journal = HarvestJournal(engine)
    here = replace(settings, harvest_file=write("毎日 3:00"))
    scheduler = Scheduler(here, engine, run=Recorder(journal), tell=lambda _: None)
    scheduler.find_due(_at("2026-01-01 12:00"))
    assert [one.name for one in scheduler.find_due(_at("2026-01-02 12:00"))] == ["a"]
    journal.enqueue("a", "procedures")
    assert scheduler.find_due(_at("2026-01-02 12:00")) == []


def test_a_changed_file_is_read_again_and_a_broken_one_leaves_the_former_sources(
    settings: Settings, engine: Engine, write: Callable[[str], Path]
) -> None:
    said: list[Label] = []
    file = write("毎日 3:00")
    scheduler = Scheduler(
        replace(settings, harvest_file=file), engine, run=Recorder(HarvestJournal(engine)), tell=said.append
    )
    assert str(scheduler.sources.current()[0].schedule) == "毎日 3:00"
    file.write_text("version: 1\nsources: nonsense\n", "utf-8")
    assert str(scheduler.sources.current()[0].schedule) == "毎日 3:00"
    scheduler.sources.current()
    assert [one.ja.partition(" →")[0] for one in said] == ["harvest.yml / sources: 収集元の並びがありません"]
    write("毎日 14:00")
    assert str(scheduler.sources.current()[0].schedule) == "毎日 14:00"
    file.unlink()
    assert str(scheduler.sources.current()[0].schedule) == "毎日 14:00"


def test_a_file_that_is_broken_from_the_beginning_is_an_error(settings: Settings, write: Callable[[str], Path]) -> None:
    here = replace(settings, harvest_file=write("毎曜 3:00"))
    with pytest.raises(ConfigurationError, match="毎曜"):
        run_schedule(here, stop=threading.Event(), tell=lambda _: None)


def test_silent_jobs_are_found_and_told(settings: Settings, engine: Engine, write: Callable[[str], Path]) -> None:
    said: list[Label] = []
    journal = HarvestJournal(engine)
    job = journal.start("a", "procedures")
    here = replace(settings, harvest_file=write("毎日 3:00"))
    scheduler = Scheduler(here, engine, run=Recorder(journal), tell=said.append)
    scheduler.tick(datetime.now(UTC) + timedelta(seconds=90))
    assert job.id in said[0].ja
    found = journal.find_job(job.id)
    assert found is not None
    assert found.status is JobStatus.LOST


def test_the_scheduler_sleeps_until_something_is_due(
    settings: Settings, engine: Engine, write: Callable[[str], Path]
) -> None:
    here = replace(settings, harvest_file=write("毎日 3:00"))
    scheduler = Scheduler(here, engine, run=Recorder(HarvestJournal(engine)), tell=lambda _: None)
    scheduler.tick(_at("2026-01-01 12:00"))
    assert scheduler.seconds_to_next(_at("2026-01-01 12:00")) == 30
    assert scheduler.seconds_to_next(_at("2026-01-02 02:59:50")) == 10


def test_a_due_source_is_really_harvested_and_the_schedule_ends_when_told(
    settings: Settings, engine: Engine, write: Callable[[str], Path]
) -> None:
    here = replace(settings, harvest_file=write("毎日 3:00"))
    RunningJournal(engine).note_schedule("a", "毎日 3:00", "2026-01-01T00:00:00Z")
    stop = threading.Event()
    said: list[Label] = []

    def tell(label: Label) -> None:
        said.append(label)
        stop.set()

    run_schedule(here, stop=stop, tell=tell)
    assert "procedures-online: created" in said[0].en
    assert Leases(engine, 60).find(LEASE) is None
    [status, _] = job_status(here)
    assert (status.due, status.schedule) == (False, "毎日 3:00")
    assert status.lines("ja")[0].endswith("03:00")


def test_a_second_scheduler_stands_by(settings: Settings, engine: Engine, write: Callable[[str], Path]) -> None:
    here = replace(settings, harvest_file=write("毎日 3:00"))
    RunningJournal(engine).note_schedule("a", "毎日 3:00", "2026-01-01T00:00:00Z")
    Leases(engine, 60).take(LEASE, holder="another", home="another", worker="machine-2:1")
    run, stop = Recorder(HarvestJournal(engine)), threading.Event()
    thread = threading.Thread(target=run_schedule, args=(here,), kwargs={"stop": stop, "tell": print, "run": run})
    thread.start()
    time.sleep(0.3)
    assert run.ran == []
    Leases(engine, 60).release(LEASE, "another")
    end = time.monotonic() + 10
    while not run.ran and time.monotonic() < end:
        time.sleep(0.02)
    stop.set()
    thread.join()
    assert run.ran == ["a"]


def test_who_schedules_instead_is_told_once(settings: Settings, engine: Engine, write: Callable[[str], Path]) -> None:
    here = replace(settings, harvest_file=write("毎日 3:00"), harvest_lease_seconds=0.05)
    Leases(engine, 60).take(LEASE, holder="another", home="another", worker="machine-2:17")
    stop, told = threading.Event(), []
    thread = threading.Thread(target=run_schedule, args=(here,), kwargs={"stop": stop, "tell": told.append})
    thread.start()
    time.sleep(0.5)
    stop.set()
    thread.join()
    [once] = told
    assert "別のプロセス（machine-2:17）が受け持っています" in once.ja
    assert "Another process (machine-2:17)" in once.en


def test_a_database_that_is_gone_for_a_while_is_told_and_the_schedule_goes_on(
    settings: Settings, engine: Engine, write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = replace(settings, harvest_file=write("毎日 3:00"))
    RunningJournal(engine).note_schedule("a", "毎日 3:00", "2026-01-01T00:00:00Z")
    monkeypatch.setattr(scheduler, "TICK_SECONDS", 0.05)
    stop, told, ran = threading.Event(), [], []

    def run(due: Sequence[HarvestSource]) -> list[JobReport]:
        ran.append([one.name for one in due])
        if len(ran) == 1:
            raise OperationalError("SELECT secret", {}, sqlite3.OperationalError("database or disk is full"))
        stop.set()
        return []

    run_schedule(here, stop=stop, tell=told.append, run=run)
    assert ran == [["a"], ["a"]]
    assert told[0].ja.startswith("業務データベースを使えません（database or disk is full）")
    assert "SELECT" not in told[0].ja + told[0].en


def test_clocks_that_go_back_repeat_nothing(settings: Settings, engine: Engine, write: Callable[[str], Path]) -> None:
    here = replace(settings, harvest_file=write("毎日 3:00"))
    run = Recorder(HarvestJournal(engine))
    made = Scheduler(here, engine, run=run, tell=print)
    made.tick(_at("2026-11-21 12:00"))
    made.tick(_at("2026-11-22 03:00"))
    _started(engine, _at("2026-11-22 03:00"))
    for back in ("2026-11-22 02:10", "2026-11-22 03:00", "2026-11-22 03:30"):
        made.tick(_at(back))
    assert run.ran == ["a"]
    made.tick(_at("2026-11-23 03:00"))
    assert run.ran == ["a", "a"]


def test_stopping_ends_a_run_under_way_at_its_next_step(
    settings: Settings, engine: Engine, write: Callable[[str], Path]
) -> None:
    here = replace(settings, harvest_file=write("毎日 3:00"))
    RunningJournal(engine).note_schedule("a", "毎日 3:00", "2026-01-01T00:00:00Z")
    stop = threading.Event()

    class Ear:
        def update(self, source: str, stage: str, done: int, total: int | None) -> None:
            if stage == "transform":
                stop.set()

    run_schedule(here, stop=stop, tell=lambda _: None, progress=Ear())
    [job] = HarvestJournal(engine).list_jobs("a")
    assert job.status is JobStatus.CANCELLED


def test_status_shows_the_next_time_without_writing_anything(settings: Settings, write: Callable[[str], Path]) -> None:
    [status, by_hand] = job_status(
        replace(settings, harvest_file=write("毎年4月1日 9:00")), now=_at("2026-11-22 12:00")
    )
    assert status.next == "2027-04-01T00:00:00Z"
    assert "次回: 2027-04-01 09:00" in status.lines("ja")[0]
    assert "手動" in by_hand.lines("ja")[0]
    assert not settings.home.exists()
