"""Leases, the queue of jobs, logs, schedules and deliveries; on SQLite, and on a real PostgreSQL where there is one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, text

from catalog.database import (
    Delivery,
    HarvestJournal,
    HarvestObject,
    JobStatus,
    Leases,
    LogLine,
    ObjectState,
    RunningJournal,
    Signs,
    open_database,
    schema_revision,
)
from catalog.database.harvests import LINES_KEPT, LOSSES_ALLOWED
from catalog.database.tables import metadata

SIGNS = Signs(attempt=1, stage="fetch", done=1, total=3, rows=10, rows_per_second=5.0, eta=None)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite:///{tmp_path / 'application.db'}"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_database(url)
    yield engine
    engine.dispose()


@pytest.fixture
def journal(engine: Engine) -> HarvestJournal:
    return HarvestJournal(engine)


def _take(leases: Leases, holder: str, home: str = "home") -> bool:
    return leases.take("source a", holder=holder, home=home, worker=holder)


def _tomorrow() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


def test_the_migrations_lead_to_the_declared_tables_in_every_database(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_many_processes_may_open_a_new_database_at_once(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        engines = list(pool.map(open_database, [url] * 4))
    revisions = {schema_revision(one) for one in engines}
    for one in engines:
        one.dispose()
    assert len(revisions) == 1


def test_a_lease_is_held_by_one(engine: Engine) -> None:
    leases = Leases(engine, 60)
    assert _take(leases, "one", "home 1")
    assert not _take(leases, "two", "home 2")
    found = leases.find("source a")
    assert found is not None
    assert (found.holder, found.home) == ("one", "home 1")


def test_of_many_who_want_a_free_lease_at_once_one_gets_it(engine: Engine) -> None:
    leases = Leases(engine, 60)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda number: _take(leases, f"{number}", f"home {number}"), range(8)))
    assert taken.count(True) == 1


def test_a_lease_that_was_given_back_or_ran_out_is_free(engine: Engine) -> None:
    leases = Leases(engine, 0.05)
    assert _take(leases, "one", "home 1")
    leases.release("source a", "one")
    assert leases.find("source a") is None
    assert _take(leases, "two", "home 2")
    time.sleep(0.1)
    assert _take(leases, "three", "home 3")
    assert not leases.renew("source a", "two")
    assert leases.renew("source a", "three")


def test_the_same_home_takes_over_at_once_because_its_file_lock_says_that_the_holder_is_dead(engine: Engine) -> None:
    leases = Leases(engine, 60)
    assert _take(leases, "killed", "home 1")
    assert _take(leases, "next", "home 1")
    leases.release("source a", "killed")
    assert leases.find("source a") is not None


def test_a_queued_job_is_claimed_by_one_worker(journal: HarvestJournal) -> None:
    job = journal.enqueue("a", "mynumber", force=True)
    assert journal.enqueue("a", "mynumber").id == job.id
    with ThreadPoolExecutor(4) as pool:
        claims = list(pool.map(lambda number: journal.claim(job.id, worker=f"w{number}"), range(4)))
    [claimed] = [one for one in claims if one]
    assert (claimed.status, claimed.force) == (JobStatus.RUNNING, True)
    assert journal.list_queued() == []


def test_a_queued_job_that_is_cancelled_is_never_claimed(journal: HarvestJournal) -> None:
    job = journal.enqueue("a", "mynumber")
    cancelled = journal.ask_cancel(job.id)
    assert cancelled is not None
    assert cancelled.status is JobStatus.CANCELLED
    assert journal.claim(job.id, worker="w") is None


def test_a_heartbeat_brings_progress_and_takes_home_the_wish_to_stop(journal: HarvestJournal) -> None:
    job = journal.start("a", "mynumber")
    assert not journal.beat(job.id, SIGNS)
    found = journal.find_job(job.id)
    assert found is not None
    assert (found.stage, found.done, found.total, found.rows_per_second) == ("fetch", 1, 3, 5.0)
    journal.ask_cancel(job.id)
    assert journal.beat(job.id, SIGNS)


def test_cancelling_an_ended_job_changes_nothing(journal: HarvestJournal) -> None:
    job = journal.finish(journal.start("a", "mynumber"), JobStatus.SUCCEEDED, {})
    asked = journal.ask_cancel(job.id)
    assert asked is not None
    assert (asked.status, asked.cancel) == (JobStatus.SUCCEEDED, None)
    assert journal.ask_cancel("no such job") is None


def test_the_log_keeps_its_newest_lines(journal: HarvestJournal) -> None:
    job = journal.start("a", "mynumber")
    for start in range(0, LINES_KEPT + 100, 100):
        lines = [LogLine(at="t", level="info", ja=f"{n}", en=f"{n}") for n in range(start, start + 100)]
        journal.beat(job.id, SIGNS, lines)
    kept = [int(one.ja) for one in journal.list_log(job.id)]
    assert kept == list(range(100, LINES_KEPT + 100))


def test_a_silent_job_is_lost_and_only_one_of_the_queue_comes_back(journal: HarvestJournal) -> None:
    by_hand = journal.start("a", "mynumber")
    queued = journal.enqueue("b", "mynumber", force=True)
    journal.claim(queued.id, worker="w")
    with ThreadPoolExecutor(4) as pool:
        lost = [one.id for jobs in pool.map(lambda _: journal.lose_silent(_tomorrow()), range(4)) for one in jobs]
    assert sorted(lost) == sorted([by_hand.id, queued.id])
    [again] = journal.list_queued()
    assert (again.source, again.follows, again.losses, again.force) == ("b", queued.id, 1, True)


def test_a_job_with_a_heartbeat_is_not_lost(journal: HarvestJournal) -> None:
    journal.start("a", "mynumber")
    assert journal.lose_silent(datetime.now(UTC) - timedelta(seconds=60)) == []


def test_a_lost_job_that_was_to_be_cancelled_does_not_come_back(journal: HarvestJournal) -> None:
    job = journal.enqueue("a", "mynumber")
    journal.claim(job.id, worker="w")
    journal.ask_cancel(job.id)
    assert len(journal.lose_silent(_tomorrow())) == 1
    assert journal.list_queued() == []


def test_a_job_that_kills_its_workers_does_not_come_back_for_ever(journal: HarvestJournal) -> None:
    job = journal.enqueue("a", "mynumber")
    runs = 0
    while waiting := journal.list_queued():
        journal.claim(waiting[0].id, worker="w")
        journal.lose_silent(_tomorrow())
        runs += 1
    assert runs == 1 + LOSSES_ALLOWED
    assert journal.find_job(job.id) is not None


def test_a_job_that_was_given_up_stays_lost_when_its_process_comes_back(journal: HarvestJournal) -> None:
    job = journal.start("a", "mynumber")
    journal.mark_lost("a")
    journal.finish(job, JobStatus.SUCCEEDED, {})
    found = journal.find_job(job.id)
    assert found is not None
    assert found.status is JobStatus.LOST


def test_the_last_job_is_found_by_status(journal: HarvestJournal) -> None:
    good = journal.finish(journal.start("a", "mynumber"), JobStatus.SUCCEEDED, {})
    bad = journal.finish(journal.start("a", "mynumber"), JobStatus.FAILED, {})
    assert journal.find_last("a") == bad
    assert journal.find_last("a", JobStatus.SUCCEEDED) == good
    assert journal.find_last("b") is None


def test_jobs_that_ended_in_between_are_listed(journal: HarvestJournal) -> None:
    job = journal.finish(journal.start("a", "mynumber"), JobStatus.SUCCEEDED, {})
    journal.start("b", "mynumber")
    assert job.finished is not None
    assert journal.list_ended("2000-01-01T00:00:00Z", job.finished) == [job]
    assert journal.list_ended(job.finished, "2100-01-01T00:00:00Z") == []


def test_a_schedule_is_remembered_until_it_changes(engine: Engine) -> None:
    running = RunningJournal(engine)
    assert running.schedule_since("a", "毎日 3:00") is None
    assert running.note_schedule("a", "毎日 3:00", "2026-01-01T00:00:00Z") == "2026-01-01T00:00:00Z"
    assert running.note_schedule("a", "毎日 3:00", "2026-01-02T00:00:00Z") == "2026-01-01T00:00:00Z"
    assert running.note_schedule("a", "毎日 4:00", "2026-01-03T00:00:00Z") == "2026-01-03T00:00:00Z"


def test_the_last_delivery_is_found_by_channel_and_status(engine: Engine) -> None:
    running = RunningJournal(engine)
    sent = Delivery(channel="mail", since="1", until="2", at="3", status="sent")
    failed = Delivery(channel="mail", since="2", until="4", at="4", status="failed", error="なぜか")
    running.record_delivery(sent)
    running.record_delivery(failed)
    assert running.find_delivery("mail") == failed
    assert running.find_delivery("mail", "sent") == sent
    assert running.find_delivery("webhook") is None


def test_jobs_objects_and_reports_survive_the_migration_of_an_older_database(tmp_path: Path) -> None:
    from alembic import command

    from catalog.database.engine import _config

    url = f"sqlite:///{tmp_path / 'application.db'}"
    engine = open_database(url)
    journal = HarvestJournal(engine)
    job = journal.start("a", "mynumber")
    journal.record_objects(job.id, [HarvestObject(name="x", location="x", state=ObjectState.NEW)])
    config = _config()
    for target in ("0002", "head"):
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            (command.downgrade if target == "0002" else command.upgrade)(config, target)
    assert [one.name for one in journal.list_objects(job.id)] == ["x"]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM harvest_job")).scalar() == 1
    engine.dispose()
