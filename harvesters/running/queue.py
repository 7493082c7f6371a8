"""Many machines: the same runs, done by workers.

Order of events: :func:`enqueue_sources` writes jobs as ``queued`` into the application database and a ticket for each
into Redis; a worker (:func:`run_worker`) takes a ticket, holds the source, claims the job and runs it as ever. Every
few seconds each worker, and the scheduler, sees to it that nothing is lost (:func:`recover`): a job without a heartbeat
is lost and queued again, a queued job without a ticket gets one. A worker that dies therefore costs a lease and no job;
a job that comes twice is claimed once; and what was published is not published again. A job that failed for a passing
reason goes back into the queue and gets its ticket when its next attempt is due, so no worker waits with it.

Workers need the same ``harvest.yml``, catalogue and application database, and must reach the files of sources by path.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from catalog.database import HarvestJob, HarvestJournal, JobStatus, find_trouble, open_database
from catalog.errors import ConfigurationError, Label, Place, QueueError, ShihyoError, SourceBusy
from catalog.settings import Settings
from harvesters.base import HarvestSource, Progress
from harvesters.report import JobReport, describe_error
from harvesters.runner import Runner, open_runner
from harvesters.running.due import lost_label
from harvesters.running.maintenance import check_schedule, maintain_if_due
from harvesters.running.monitor import this_process
from harvesters.running.patience import UNATTENDED_RETRIES
from harvesters.running.source_list import SourceList

if TYPE_CHECKING:
    from harvesters.running.tickets import Tickets

Tell = Callable[[Label], None]


@contextmanager
def open_tickets(settings: Settings) -> Iterator[Tickets]:
    """Open the queue that the settings name.

    Raises
    ------
    QueueError
        If there is none, or the libraries for it are not installed.
    """
    if not settings.queue_url:
        raise QueueError(
            "ジョブの待ち行列が設定されていません",
            "No queue of jobs is set up",
            next_step=Label(
                "SHIHYO_QUEUE_URL に redis://… を設定してください", "Set SHIHYO_QUEUE_URL to a redis://... URL"
            ),
        )
    try:
        from harvesters.running.tickets import Tickets
    except ModuleNotFoundError as error:
        raise QueueError(
            f"待ち行列に要るライブラリー「{error.name}」が入っていません",
            f"The library {error.name}, which the queue needs, is not installed",
            next_step=Label("pip install 'shihyo[queue]' で入れてください", "Install it: pip install 'shihyo[queue]'"),
            value=error.name,
        ) from error
    tickets = Tickets(settings.queue_url)
    try:
        yield tickets
    finally:
        tickets.close()


def enqueue_sources(settings: Settings, sources: Sequence[HarvestSource], *, force: bool = False) -> list[HarvestJob]:
    """Hand sources to the workers; return their jobs. A source that waits already keeps its job.

    Raises
    ------
    QueueError
        If the queue cannot be used. Jobs that were written get their ticket when it is back.
    """
    engine = open_database(settings.application_database_url)
    try:
        with open_tickets(settings) as tickets:
            journal = HarvestJournal(engine)
            jobs = [journal.enqueue(one.name, one.kind, force=force) for one in sources]
            waiting = tickets.waiting()
            for job in jobs:
                if job.id not in waiting:
                    tickets.put(job)
            return jobs
    finally:
        engine.dispose()


def recover(settings: Settings, journal: HarvestJournal, tickets: Tickets) -> list[HarvestJob]:
    """Queue lost jobs again and write tickets that are missing; return the lost jobs.

    Raises
    ------
    QueueError
        If Redis does not answer.
    """
    lost = journal.lose_silent(datetime.now(UTC) - timedelta(seconds=settings.harvest_lease_seconds))
    queued = [one for one in journal.list_queued() if one.is_due]
    waiting = tickets.waiting() if queued else set()
    for job in queued:
        if job.id not in waiting:
            tickets.put(job)
    return lost


def run_worker(settings: Settings, *, tell: Tell, progress: Progress | None = None, burst: bool = False) -> None:
    """Take jobs from the queue and run them, until SIGTERM or Ctrl-C.

    Parameters
    ----------
    settings
        Of this process.
    tell
        Takes what people should know.
    progress
        Hears how far runs are.
    burst
        True to end when the queue is empty.

    Raises
    ------
    QueueError
        If the queue cannot be used from the beginning.
    ScheduleError
        If the schedule of maintenance cannot be read.
    DatabaseError
        If the application database cannot be used.
    """
    check_schedule(settings)
    with (
        open_tickets(settings) as tickets,
        open_runner(settings, progress=progress, retries=UNATTENDED_RETRIES) as runner,
        _recovering(settings, tell),
    ):
        desk = _Desk(runner, SourceList(settings, tell), tell)
        tickets.serve(desk.do, burst=burst, tell=tell)


class _Desk:
    """Where a worker does its jobs."""

    def __init__(self, runner: Runner, sources: SourceList, tell: Tell) -> None:
        self._runner, self._sources, self._tell = runner, sources, tell

    def do(self, job_id: str) -> None:
        """Do a job, if it is still to be done."""
        job = self._runner.journal.find_job(job_id)
        if job is None or job.status is not JobStatus.QUEUED:
            return
        source = self._sources.find(job.source)
        report = self._refuse(job) if source is None else self._run(source, job)
        if report is not None:
            self._tell(Label("\n".join(report.summary("ja")), "\n".join(report.summary("en"))))

    def _run(self, source: HarvestSource, job: HarvestJob) -> JobReport | None:
        try:
            return self._runner.run_queued(source, job.id)
        except SourceBusy as busy:
            # Its ticket is used up; it gets another one.
            self._tell(Label(busy.message("ja"), busy.message("en")))
            return None

    def _refuse(self, job: HarvestJob) -> JobReport | None:
        claimed = self._runner.journal.claim(job.id, worker=this_process())
        if claimed is None:
            return None
        report = JobReport(job.source, job.kind, Label(job.source, job.source), job=job.id, started=claimed.started)
        report.status, report.error = JobStatus.FAILED, describe_error(_undeclared(job, self._runner.settings))
        self._runner.journal.finish(claimed, report.status, report.to_dict())
        return report


@contextmanager
def _recovering(settings: Settings, tell: Tell) -> Iterator[None]:
    """See to it in a thread that nothing is lost, and that this machine is kept clean."""
    ended = threading.Event()
    engine = open_database(settings.application_database_url)

    def see_to_it() -> None:
        journal = HarvestJournal(engine)
        with open_tickets(settings) as tickets:
            while not ended.wait(settings.harvest_lease_seconds / 2):
                try:
                    for job in recover(settings, journal, tickets):
                        tell(lost_label(job))
                    maintain_if_due(settings, tell, datetime.now(UTC))
                except (ShihyoError, SQLAlchemyError, OSError) as error:
                    # Redis, the disk or the database may be back the next time.
                    trouble = find_trouble(error)
                    if trouble is None:
                        raise
                    tell(Label(trouble.message("ja"), trouble.message("en")))

    thread = threading.Thread(target=see_to_it, name="shihyo-recover", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        engine.dispose()


def _undeclared(job: HarvestJob, settings: Settings) -> ConfigurationError:
    file = settings.harvest_file.name
    return ConfigurationError(
        f"この機械の {file} に収集元「{job.source}」がありません",
        f"{file} of this machine has no source {job.source!r}",
        next_step=Label("すべての機械に同じ定義ファイルを置いてください", "Give all machines the same harvest file"),
        place=Place(file=file),
        value=job.source,
    )
