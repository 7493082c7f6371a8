"""Many machines: real worker processes, a real Redis, one catalogue over HTTP, one application database."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from catalog.ckan import Follower, open_catalogue
from catalog.database import HarvestJob, HarvestJournal, JobStatus, Leases, open_database
from catalog.embedded import EmbeddedCatalog
from catalog.errors import Label, QueueError
from catalog.releases import Holdings, LocalCopy
from catalog.settings import Settings
from harvesters import load_sources
from harvesters.running.queue import enqueue_sources, open_tickets, recover, run_worker
from harvesters.running.tickets import NAME

SHIHYO = str(Path(sys.executable).with_name("shihyo"))
YEARS = (2020, 2021, 2022)
SOURCES = 4
SOURCE = """
  - name: n-{number:02}
    kind: csv
    title: {{ja: 小さな表, en: Small table}}
    path: in/n-{number:02}
    options:
      dataset: n-{number:02}
      dataset_title: {{ja: 小さな表, en: Small table}}
      dataset_description: {{ja: 小さな表, en: Small table}}
      landing_page: https://example.jp/
      citation: {{ja: 出典, en: Source}}
      license: cc-by
      mapping:
        indicator: {{const: kpi-12}}
        definition: {{const: kpi-12.issued}}
        area: {{column: 団体コード}}
        period: {{column: 年度, as: fiscal-year}}
        value: {{column: 率, unit: PT, percent: points}}
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def _redis(folder: Path, port: int, *, password: str = "") -> Iterator[None]:
    """Run a Redis that keeps nothing on disk."""
    program = shutil.which("redis-server")
    if program is None:
        _missing("redis-server is not on this machine (Debian: redis-server)")
    assert program is not None
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    secret = ["--requirepass", password] if password else []
    with subprocess.Popen([*command, *secret], stdout=subprocess.DEVNULL) as server:
        try:
            _wait_until(lambda: _answers(port))
            yield
        finally:
            server.terminate()


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """Start a Redis on a free port; end it afterwards."""
    port = _free_port()
    with _redis(tmp_path, port):
        yield f"redis://127.0.0.1:{port}/0"


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait_until(done: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)


@pytest.fixture
def catalogue_url(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Serve an embedded catalogue with the product's own server; give its address and a sysadmin's token."""
    home, port = tmp_path / "server", _free_port()
    url = f"http://127.0.0.1:{port}"
    environ = _environ({"SHIHYO_HOME": str(home), "SHIHYO_PORT": str(port), "SHIHYO_SITE_URL": url})
    catalog = EmbeddedCatalog(home / "catalog", site_url=url, max_upload_bytes=1_000_000)
    token = catalog.call("api_token_create", {"user": "admin", "name": "workers"}, as_system=True)["token"]
    catalog.close()
    with subprocess.Popen([SHIHYO, "serve"], env=environ, stdout=subprocess.DEVNULL) as server:
        try:
            _wait_until(lambda: _healthy(url))
            yield url, token
        finally:
            server.terminate()


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2):
            return True
    except OSError:
        return False


def _environ(own: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("SHIHYO_")} | own


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite:///{tmp_path / 'shared.db'}"


@dataclass
class Cluster:
    """Machines that share a harvest file, a catalogue, an application database and a queue."""

    #: what all of them have in common
    settings: Settings
    #: where the homes of the machines are
    folder: Path
    #: the workers so far
    started: list[subprocess.Popen[bytes]]

    def start(self, number: int, *more: str) -> subprocess.Popen[bytes]:
        """Start a worker on a machine of its own."""
        own = {
            "SHIHYO_HOME": str(self.folder / f"machine-{number}"),
            "SHIHYO_HARVEST_FILE": str(self.settings.harvest_file),
            "SHIHYO_CATALOG_URL": self.settings.catalog_url,
            "SHIHYO_CATALOG_TOKEN": self.settings.catalog_token,
            "SHIHYO_DATABASE_URL": self.settings.database_url,
            "SHIHYO_QUEUE_URL": self.settings.queue_url,
            "SHIHYO_HARVEST_LEASE_SECONDS": str(self.settings.harvest_lease_seconds),
            "SHIHYO_PUBLISH_LEASE_SECONDS": "1",
            "SHIHYO_HARVEST_RETRY_SECONDS": "1",
        }
        with (self.folder / f"worker-{number}.log").open("wb") as log:
            command = [SHIHYO, "harvest", "worker", *more]
            worker = subprocess.Popen(command, env=_environ(own), stdout=log, stderr=subprocess.STDOUT)
        self.started.append(worker)
        return worker

    def jobs(self) -> list[HarvestJob]:
        """Return all jobs, oldest first."""
        engine = open_database(self.settings.database_url)
        try:
            return HarvestJournal(engine).list_jobs(limit=500)[::-1]
        finally:
            engine.dispose()

    def holdings(self) -> Holdings:
        """Return what is published."""
        catalogue = open_catalogue(self.settings)
        try:
            return Follower(catalogue, LocalCopy(self.folder / "reader")).synchronise()
        finally:
            catalogue.close()


@pytest.fixture
def cluster(tmp_path: Path, redis_url: str, catalogue_url: tuple[str, str], database_url: str) -> Iterator[Cluster]:
    url, token = catalogue_url
    settings = Settings(
        home=tmp_path / "office",
        harvest_file=tmp_path / "harvest.yml",
        catalog_url=url,
        catalog_token=token,
        database_url=database_url,
        queue_url=redis_url,
        harvest_lease_seconds=2,
    )
    made = Cluster(settings, tmp_path, [])
    yield made
    for worker in made.started:
        if worker.poll() is None:
            worker.kill()
        worker.wait()


def _declare(folder: Path, count: int) -> None:
    sources = "".join(SOURCE.format(number=number) for number in range(count))
    (folder / "harvest.yml").write_text(f"version: 1\nsources:{sources}", "utf-8")
    for number in range(count):
        inside = folder / "in" / f"n-{number:02}"
        inside.mkdir(parents=True)
        for year in YEARS:
            (inside / f"{year}.csv").write_text(f"団体コード,年度,率\n121002,{year},{number}.5\n", "utf-8")


@pytest.mark.slow
def test_workers_share_the_work_and_one_that_is_killed_loses_nothing_and_doubles_nothing(
    cluster: Cluster, tmp_path: Path
) -> None:
    _declare(tmp_path, SOURCES)
    queued = enqueue_sources(cluster.settings, load_sources(cluster.settings.harvest_file, cluster.settings))
    assert len(queued) == SOURCES
    workers = {f"{number}": cluster.start(number) for number in range(3)}
    victim = _kill_one_that_publishes(cluster, list(workers.values()))
    _wait_until(lambda: all(one.status not in {JobStatus.QUEUED, JobStatus.RUNNING} for one in cluster.jobs()))
    jobs = cluster.jobs()
    statuses = Counter(one.status for one in jobs)
    assert statuses == {JobStatus.SUCCEEDED: SOURCES, JobStatus.LOST: 1}, [one.to_dict() for one in jobs]
    [lost] = [one for one in jobs if one.status is JobStatus.LOST]
    [again] = [one for one in jobs if one.follows == lost.id]
    assert (again.source, again.status) == (lost.source, JobStatus.SUCCEEDED)
    assert again.worker != lost.worker
    assert len({one.worker for one in jobs}) >= 2
    holdings = cluster.holdings()
    assert sorted(holdings.datasets) == [f"n-{number:02}" for number in range(SOURCES)]
    for number in range(SOURCES):
        releases = holdings.get(f"n-{number:02}").releases
        assert [one.manifest.sequence for one in releases] == list(range(1, len(YEARS) + 1))
        assert releases[-1].manifest.observations == len(YEARS)
    assert victim.wait() == -signal.SIGKILL


def _kill_one_that_publishes(cluster: Cluster, workers: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    by_pid = {one.pid: one for one in workers}
    engine = open_database(cluster.settings.database_url)
    found: list[HarvestJob] = []

    def look() -> bool:
        running = [one for one in HarvestJournal(engine).list_jobs(limit=500) if one.status is JobStatus.RUNNING]
        found[:] = [one for one in running if (one.stage or "").startswith("publish")]
        return bool(found)

    try:
        _wait_until(look)
    finally:
        engine.dispose()
    victim = by_pid[int((found[0].worker or "").rpartition(":")[2])]
    victim.send_signal(signal.SIGKILL)
    return victim


@pytest.mark.slow
def test_a_worker_ends_when_asked_and_in_burst_when_nothing_is_left(cluster: Cluster, tmp_path: Path) -> None:
    _declare(tmp_path, 1)
    [job] = enqueue_sources(cluster.settings, load_sources(cluster.settings.harvest_file, cluster.settings))
    assert cluster.start(1, "--burst").wait(60) == 0
    assert [(one.id, one.status) for one in cluster.jobs()] == [(job.id, JobStatus.SUCCEEDED)]
    waiting = cluster.start(2)
    redis = Redis.from_url(cluster.settings.queue_url)
    _wait_until(lambda: redis.smembers("rq:workers"))
    redis.close()
    time.sleep(0.5)
    waiting.terminate()
    assert waiting.wait(30) == 0


# -- the queue without worker processes


@pytest.fixture
def queue_settings(settings: Settings, tmp_path: Path, redis_url: str) -> Settings:
    _declare(tmp_path, 2)
    return replace(settings, harvest_file=tmp_path / "harvest.yml", queue_url=redis_url)


@pytest.fixture
def queue_journal(settings: Settings) -> Iterator[HarvestJournal]:
    engine = open_database(settings.application_database_url)
    yield HarvestJournal(engine)
    engine.dispose()


def test_a_source_that_waits_is_not_queued_twice(queue_settings: Settings) -> None:
    sources = load_sources(queue_settings.harvest_file, queue_settings)
    first, again = enqueue_sources(queue_settings, sources), enqueue_sources(queue_settings, sources)
    assert [one.id for one in first] == [one.id for one in again]
    with open_tickets(queue_settings) as tickets:
        assert tickets.waiting() == {one.id for one in first}


def test_a_ticket_that_comes_twice_is_worked_once(queue_settings: Settings, queue_journal: HarvestJournal) -> None:
    [job] = enqueue_sources(queue_settings, load_sources(queue_settings.harvest_file, queue_settings)[:1])
    with open_tickets(queue_settings) as tickets:
        tickets.put(job)
    said: list[Label] = []
    run_worker(queue_settings, tell=said.append, burst=True)
    assert [(one.id, one.status) for one in queue_journal.list_jobs()] == [(job.id, JobStatus.SUCCEEDED)]
    assert len(said) == 1


def test_tickets_that_redis_lost_are_written_again(queue_settings: Settings, queue_journal: HarvestJournal) -> None:
    job = queue_journal.enqueue("n-00", "csv")
    with open_tickets(queue_settings) as tickets:
        assert tickets.waiting() == set()
        assert recover(queue_settings, queue_journal, tickets) == []
        assert tickets.waiting() == {job.id}


@pytest.fixture
def busy(serve: Any, respond: Any, settings: Settings, tmp_path: Path, redis_url: str) -> tuple[Settings, Any]:
    """Return the settings of a queue with one source whose server is busy, and that server."""
    server = serve(lambda handler: respond(handler, b"busy", 503))
    source = SOURCE.format(number=0).replace("path: in/n-00", f"url: {server.url}/a.csv\n    retries: 2")
    (tmp_path / "harvest.yml").write_text(f"version: 1\nsources:{source}", "utf-8")
    return replace(settings, harvest_file=tmp_path / "harvest.yml", queue_url=redis_url), server


def test_a_job_that_is_to_be_tried_again_goes_back_into_the_queue_and_its_worker_is_free(
    busy: tuple[Settings, Any], queue_journal: HarvestJournal
) -> None:
    patient = replace(busy[0], harvest_retry_seconds=600)
    [job] = enqueue_sources(patient, load_sources(patient.harvest_file, patient))
    said: list[Label] = []
    start = time.monotonic()
    run_worker(patient, tell=said.append, burst=True)
    assert time.monotonic() - start < 60
    assert said[0].en.startswith("Small table (n-00): queued")
    [waiting] = queue_journal.list_queued()
    assert (waiting.id, waiting.attempt, waiting.finished, waiting.is_due) == (job.id, 2, None, False)
    assert any("tried again in" in line.en for line in queue_journal.list_log(job.id))
    with open_tickets(patient) as tickets:
        recover(patient, queue_journal, tickets)
        assert tickets.waiting() == set()
        tickets.put(waiting)
    run_worker(patient, tell=said.append, burst=True)
    assert queue_journal.list_queued() == [waiting], "a ticket that comes too early is not worked"


def test_attempts_are_counted_over_workers_and_the_last_one_ends_the_job(
    busy: tuple[Settings, Any], queue_journal: HarvestJournal
) -> None:
    settings, server = busy
    [job] = enqueue_sources(settings, load_sources(settings.harvest_file, settings))
    for attempt in (1, 2, 3):
        with open_tickets(settings) as tickets:
            recover(settings, queue_journal, tickets)
        run_worker(settings, tell=lambda _: None, burst=True)
        assert len(server.requests) == attempt
    found = queue_journal.find_job(job.id)
    assert found is not None
    assert (found.status, found.attempt, queue_journal.list_queued()) == (JobStatus.FAILED, 3, [])


def test_a_source_that_is_well_again_is_published_by_the_next_attempt(
    busy: tuple[Settings, Any], queue_journal: HarvestJournal, respond: Any
) -> None:
    settings, server = busy
    [job] = enqueue_sources(settings, load_sources(settings.harvest_file, settings))
    run_worker(settings, tell=lambda _: None, burst=True)
    server.answer = lambda handler: respond(handler, "団体コード,年度,率\n121002,2021,1.5\n".encode())
    with open_tickets(settings) as tickets:
        recover(settings, queue_journal, tickets)
    run_worker(settings, tell=lambda _: None, burst=True)
    assert [(one.id, one.status) for one in queue_journal.list_jobs()] == [(job.id, JobStatus.SUCCEEDED)]


def test_a_person_who_queues_the_source_again_does_not_wait_for_the_next_attempt(
    busy: tuple[Settings, Any], queue_journal: HarvestJournal
) -> None:
    patient = replace(busy[0], harvest_retry_seconds=600)
    sources = load_sources(patient.harvest_file, patient)
    enqueue_sources(patient, sources)
    run_worker(patient, tell=lambda _: None, burst=True)
    [again] = enqueue_sources(patient, sources)
    assert again.is_due
    run_worker(patient, tell=lambda _: None, burst=True)
    assert len(busy[1].requests) == 2


def test_a_job_that_waits_for_its_next_attempt_can_be_cancelled(
    busy: tuple[Settings, Any], queue_journal: HarvestJournal
) -> None:
    patient = replace(busy[0], harvest_retry_seconds=600)
    [job] = enqueue_sources(patient, load_sources(patient.harvest_file, patient))
    run_worker(patient, tell=lambda _: None, burst=True)
    cancelled = queue_journal.ask_cancel(job.id)
    assert cancelled is not None
    assert cancelled.status is JobStatus.CANCELLED


def test_a_source_that_is_busy_stays_in_the_queue(queue_settings: Settings, queue_journal: HarvestJournal) -> None:
    [job] = enqueue_sources(queue_settings, load_sources(queue_settings.harvest_file, queue_settings)[:1])
    engine = open_database(queue_settings.application_database_url)
    Leases(engine, 60).take("source n-00", holder="x", home="elsewhere", worker="machine-2:1")
    engine.dispose()
    said: list[Label] = []
    run_worker(queue_settings, tell=said.append, burst=True)
    assert "machine-2:1" in said[0].ja
    assert [one.id for one in queue_journal.list_queued()] == [job.id]


def test_a_source_that_this_machine_does_not_know_fails_its_job(
    queue_settings: Settings, queue_journal: HarvestJournal
) -> None:
    job = queue_journal.enqueue("unknown", "csv")
    with open_tickets(queue_settings) as tickets:
        tickets.put(job)
    run_worker(queue_settings, tell=lambda _: None, burst=True)
    found = queue_journal.find_job(job.id)
    assert found is not None
    assert found.status is JobStatus.FAILED
    assert found.report is not None
    assert found.report["error"]["code"] == "configuration-invalid"


def test_a_cancelled_job_is_not_worked(queue_settings: Settings, queue_journal: HarvestJournal) -> None:
    [job] = enqueue_sources(queue_settings, load_sources(queue_settings.harvest_file, queue_settings)[:1])
    queue_journal.ask_cancel(job.id)
    run_worker(queue_settings, tell=lambda _: None, burst=True)
    found = queue_journal.find_job(job.id)
    assert found is not None
    assert found.status is JobStatus.CANCELLED


def test_whatever_function_redis_names_a_worker_only_harvests(queue_settings: Settings, tmp_path: Path) -> None:
    connection = Redis.from_url(queue_settings.queue_url)
    hostile = Queue(NAME, connection=connection, serializer=JSONSerializer)
    hostile.enqueue_call("os.mkdir", args=[str(tmp_path / "owned")])
    run_worker(queue_settings, tell=lambda _: None, burst=True)
    connection.close()
    assert not (tmp_path / "owned").exists()


def test_lost_jobs_are_told_and_come_back(queue_settings: Settings, queue_journal: HarvestJournal) -> None:
    job = queue_journal.enqueue("n-00", "csv")
    queue_journal.claim(job.id, worker="dead:1")
    engine = open_database(queue_settings.application_database_url)
    long_ago = (datetime.now(UTC) - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE harvest_job SET heartbeat = '{long_ago}'")
    engine.dispose()
    with open_tickets(queue_settings) as tickets:
        assert [one.id for one in recover(queue_settings, queue_journal, tickets)] == [job.id]
        [again] = queue_journal.list_queued()
        assert tickets.waiting() == {again.id}


def test_without_a_url_the_queue_says_what_to_set(settings: Settings) -> None:
    with pytest.raises(QueueError) as caught, open_tickets(settings):
        pass
    assert "SHIHYO_QUEUE_URL" in caught.value.message("ja")


def test_without_the_libraries_the_queue_says_what_to_install(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "harvesters.running.tickets", raising=False)
    monkeypatch.setitem(sys.modules, "rq", None)
    with pytest.raises(QueueError) as caught, open_tickets(replace(settings, queue_url="redis://127.0.0.1:1/0")):
        pass
    assert "pip install 'shihyo[queue]'" in caught.value.message("ja")
    assert "pip install 'shihyo[queue]'" in caught.value.message("en")


def test_a_password_that_redis_refuses_is_told_and_never_printed(settings: Settings, tmp_path: Path) -> None:
    port = _free_port()
    with _redis(tmp_path, port, password="the-right-one"):
        for wrong in (":the-wrong-one@", ""):
            here = replace(settings, queue_url=f"redis://{wrong}127.0.0.1:{port}/0")
            with pytest.raises(QueueError) as caught, open_tickets(here) as tickets:
                tickets.waiting()
            assert "パスワードを受け付けません" in caught.value.message("ja")
            assert "refuses the user name or the password" in caught.value.message("en")
            assert "the-wrong-one" not in f"{caught.value} {caught.value.to_dict()}"


# RQ's own thread that listens for commands dies with its connection; the next worker has another one.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_redis_that_is_restarted_while_a_job_runs_ends_no_worker(settings: Settings, tmp_path: Path) -> None:
    port = _free_port()
    here = replace(settings, queue_url=f"redis://127.0.0.1:{port}/0")
    engine = open_database(here.application_database_url)
    jobs = [HarvestJournal(engine).enqueue(name, "csv") for name in ("a", "b")]
    engine.dispose()
    redis, done, told = [_redis(tmp_path, port), _redis(tmp_path, port)], [], list[Label]()

    def desk(job_id: str) -> None:
        done.append(job_id)
        if len(done) == 1:
            redis[0].__exit__(None, None, None)
        else:
            os.kill(os.getpid(), signal.SIGTERM)

    def come_back() -> None:
        _wait_until(lambda: told)
        redis[1].__enter__()
        with open_tickets(here) as other:
            other.put(jobs[1])

    redis[0].__enter__()
    thread = threading.Thread(target=come_back)
    try:
        with open_tickets(here) as tickets:
            tickets.put(jobs[0])
            thread.start()
            tickets.serve(desk, burst=False, tell=told.append)
    finally:
        thread.join()
        redis[1].__exit__(None, None, None)
    assert done == [one.id for one in jobs]
    assert ["応答しません" in told[0].ja, told[-1].en] == [True, "The queue (Redis) is back"]


def test_a_redis_that_is_down_is_an_error_that_keeps_the_jobs(settings: Settings, tmp_path: Path) -> None:
    _declare(tmp_path, 1)
    here = replace(settings, harvest_file=tmp_path / "harvest.yml", queue_url="redis://127.0.0.1:1/0")
    with pytest.raises(QueueError, match="does not answer"):
        enqueue_sources(here, load_sources(here.harvest_file, here))
    engine = open_database(here.application_database_url)
    assert [one.source for one in HarvestJournal(engine).list_queued()] == ["n-00"]
    engine.dispose()
    with pytest.raises(QueueError, match="does not answer"):
        run_worker(here, tell=lambda _: None, burst=True)


def test_the_command_queues_and_prints_the_jobs(queue_settings: Settings) -> None:
    own = {
        "SHIHYO_HOME": str(queue_settings.home),
        "SHIHYO_HARVEST_FILE": str(queue_settings.harvest_file),
        "SHIHYO_QUEUE_URL": queue_settings.queue_url,
    }
    done = subprocess.run(
        [SHIHYO, "harvest", "run", "--queue", "--json", "n-01"], env=_environ(own), capture_output=True, check=True
    )
    [job] = json.loads(done.stdout)
    assert (job["source"], job["status"]) == ("n-01", "queued")
