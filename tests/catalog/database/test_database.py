"""The application database: its schema and the journal of harvesting."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from catalog.database import (
    HarvestJournal,
    HarvestObject,
    JobStatus,
    ObjectState,
    SourceState,
    migrate,
    migrations,
    open_database,
    open_readonly,
    schema_revision,
)
from catalog.database.harvests import JOBS_KEPT
from catalog.database.jobs import count_states
from catalog.database.tables import metadata
from catalog.errors import DatabaseError, SettingError

#: the newest migration, by the names of their files
NEWEST = max(path.name[1:5] for path in Path(migrations.__file__).parent.glob("versions/v[0-9]*.py"))


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_database(f"sqlite:///{tmp_path / 'new folder' / 'application.db'}")


@pytest.fixture
def journal(engine: Engine) -> HarvestJournal:
    return HarvestJournal(engine)


def _object(name: str, state: ObjectState, **more: object) -> HarvestObject:
    return HarvestObject(name=name, location=f"/in/{name}", state=state, **more)  # type: ignore[arg-type]


def test_opening_makes_the_folder_and_brings_the_schema_to_the_newest_migration(engine: Engine) -> None:
    assert schema_revision(engine) == NEWEST
    assert set(metadata.tables) <= set(inspect(engine).get_table_names())


def test_the_migrations_lead_to_the_declared_tables(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    migrate(engine)
    assert schema_revision(engine) == NEWEST


def test_many_processes_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'application.db'}"
    with ThreadPoolExecutor(8) as pool:
        revisions = [schema_revision(one) for one in pool.map(open_database, [url] * 8)]
    assert revisions == [NEWEST] * 8


def test_a_schema_of_a_newer_version_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="9999"):
        migrate(engine)


@pytest.mark.parametrize("url", ["nonsense", "nosuchdatabase://host/x"])
def test_an_unusable_url_is_a_setting_error_that_does_not_show_it(url: str) -> None:
    with pytest.raises(SettingError) as caught:
        open_database(url)
    assert url not in str(caught.value)


def test_a_database_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "application.db").mkdir()
    with pytest.raises(DatabaseError, match="cannot be used"):
        open_database(f"sqlite:///{tmp_path / 'application.db'}")


def test_a_job_starts_running_and_ends_with_its_report(journal: HarvestJournal) -> None:
    job = journal.start("mynumber", "mynumber")
    assert journal.find_job(job.id) == job
    assert job.status is JobStatus.RUNNING
    done = journal.finish(job, JobStatus.SUCCEEDED, {"rows": 3, "語": "値"})
    found = journal.find_job(job.id)
    assert found == done
    assert found is not None
    assert found.report == {"rows": 3, "語": "値"}


def test_only_running_jobs_of_the_source_become_lost(journal: HarvestJournal) -> None:
    killed = journal.start("a", "mynumber")
    other = journal.start("b", "mynumber")
    ended = journal.finish(journal.start("a", "mynumber"), JobStatus.SUCCEEDED, {})
    assert journal.mark_lost("a") == [killed.id]
    statuses = {one.id: one.status for one in journal.list_jobs()}
    assert statuses == {killed.id: JobStatus.LOST, other.id: JobStatus.RUNNING, ended.id: JobStatus.SUCCEEDED}


def test_known_objects_are_those_of_the_last_conclusive_job(journal: HarvestJournal) -> None:
    first = journal.start("a", "mynumber")
    journal.record_objects(
        first.id, [_object("x", ObjectState.NEW, sha256="1" * 64, etag='"e"'), _object("y", ObjectState.GONE)]
    )
    journal.finish(first, JobStatus.PARTIAL, {})
    failed = journal.start("a", "mynumber")
    journal.record_objects(failed.id, [_object("z", ObjectState.FAILED)])
    journal.finish(failed, JobStatus.FAILED, {})
    known = journal.known_objects("a")
    assert list(known) == ["x"]
    assert known["x"].etag == '"e"'


def test_recording_objects_again_replaces_them(journal: HarvestJournal) -> None:
    job = journal.start("a", "mynumber")
    journal.record_objects(job.id, [_object("x", ObjectState.NEW)])
    journal.record_objects(job.id, [_object("x", ObjectState.FAILED)])
    assert [one.state for one in journal.list_objects(job.id)] == [ObjectState.FAILED]


def test_jobs_of_the_same_second_are_listed_newest_first(journal: HarvestJournal) -> None:
    started = [journal.start("a", "mynumber").id for _ in range(5)]
    assert [one.id for one in journal.list_jobs("a")] == started[::-1]


def test_the_state_of_a_source_is_kept_and_replaced(journal: HarvestJournal) -> None:
    assert journal.find_state("a") is None
    state = SourceState(fingerprint="f", digests={"d": "1"}, job_id="j", updated="2026-11-22T00:00:00Z")
    journal.save_state("a", state)
    journal.save_state("a", state)
    assert journal.find_state("a") == state


def test_old_jobs_and_their_objects_are_deleted(journal: HarvestJournal, engine: Engine) -> None:
    first = journal.start("a", "mynumber")
    journal.record_objects(first.id, [_object("x", ObjectState.NEW)])
    with engine.begin() as connection:
        connection.execute(text("UPDATE harvest_job SET started = '2000-01-01T00:00:00Z'"))
    for _ in range(JOBS_KEPT):
        journal.start("a", "mynumber")
    assert journal.find_job(first.id) is None
    assert journal.list_objects(first.id) == []
    assert len(journal.list_jobs("a", limit=1000)) == JOBS_KEPT


def test_counting_states_names_every_state() -> None:
    counts = count_states([_object("x", ObjectState.NEW), _object("y", ObjectState.NEW)])
    assert counts["new"] == 2
    assert set(counts) == {state.value for state in ObjectState}


_KILLED_WHILE_IT_WROTE = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
for number in range(5000):
    connection.execute("INSERT INTO left VALUES (?)", (f"{number:0200}",))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_half_written_is_rolled_back_before_a_reader_looks(tmp_path: Path) -> None:
    file = tmp_path / "application.db"
    url = f"sqlite:///{file}"
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE left (text TEXT)"))
    engine.dispose()
    subprocess.run([sys.executable, "-c", _KILLED_WHILE_IT_WROTE, str(file)], check=False)
    assert file.with_name("application.db-journal").stat().st_size
    with open_readonly(url) as readonly:
        assert readonly is not None
        with readonly.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM left")).scalar() == 0
