"""Run sources: the only place that catches, counts, saves and publishes.

Order of events for a source::

    lock and lease          one run of a source at a time, on this machine and on all of them; a job that is still
                            "running" was killed: lost
    job                     written as running, or claimed from the queue; from now on its heart beats
                            (harvesters.running.monitor)
    gather, fetch           objects with their states; bytes into the raw store
    anything changed?       fingerprint of inputs, options, descriptions and code, and what the catalogue has: if both
                            are as the last complete run left them, the job ends here
    transform               observations and findings
    for each dataset        what is known against what is published, judged by guards
                            (harvesters.publishing.proposal): held, or built and published, one release
                            after the other; next
    for each service        its record against the published one (harvesters.publishing.registering); publish; next
    DataStore               brought up to what is published, also when nothing changed: a failure is tried again
    again?                  a failure that may pass is tried again, as often as the source allows: here after a while,
                            a job of the queue by whatever worker is free then
    job                     succeeded, partial, held, failed or cancelled, with its report and its log

An error of one object or dataset is that one's; an error of a source is that source's. Ctrl-C ends the run between two
steps of publishing at the latest, with the job cancelled; what was published stays, and the next run goes on there. So
does ``shihyo harvest cancel`` from anywhere, and the time limit of a source.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from filelock import FileLock, Timeout
from sqlalchemy.exc import SQLAlchemyError

from catalog.ckan import Catalogue, open_catalogue
from catalog.database import HarvestJob, HarvestJournal, JobStatus, Leases, open_database
from catalog.database.holds import HoldJournal
from catalog.database.jobs import utc_now
from catalog.errors import Label, LeaseLost, ShihyoError, SourceBusy, TimedOut
from catalog.settings import Settings
from harvesters.base import HarvestSource, NoProgress, Progress
from harvesters.http import HttpClient
from harvesters.publishing.changes import ChangeBook
from harvesters.publishing.gate import Approval
from harvesters.report import JobReport, describe_error, error_line
from harvesters.running.monitor import Claim, JobMonitor, StopRun, this_process
from harvesters.running.patience import is_passing, iter_errors, iter_waits
from harvesters.source_run import SourceRun


def run_sources(
    settings: Settings,
    sources: Sequence[HarvestSource],
    *,
    progress: Progress | None = None,
    catalogue: Catalogue | None = None,
    http: HttpClient | None = None,
    force: bool = False,
    retries: int = 0,
    book: ChangeBook | None = None,
) -> list[JobReport]:
    """Harvest sources and publish what is new.

    Parameters
    ----------
    settings
        Of this process.
    sources
        In the order to be run; :func:`~harvesters.sources.load_sources` reads them.
    progress
        Hears how far it is.
    catalogue
        Where to publish; the one of the settings if None.
    http
        Gets what is at URLs; a client with the limits of the settings if None.
    force
        True to transform and compare also what has not changed since the last run.
    retries
        How often a run that failed for a passing reason is tried again, for sources that do not say so themselves.
    book
        Keeps what each proposal changes, for a page; None to keep nothing.

    Returns
    -------
    list of JobReport
        One a source. After Ctrl-C the last one is cancelled and the sources behind it are missing; a run that was
        cancelled from elsewhere has an error and ends alone. Errors are in the reports; ``exit_code`` of a report is 0
        only if everything was harvested.

    Raises
    ------
    DatabaseError
        If the application database cannot be used; nothing was harvested then.
    """
    reports = []
    with open_runner(settings, progress=progress, catalogue=catalogue, http=http, retries=retries) as runner:
        for source in sources:
            reports.append(replace(runner, book=book).run(source, force=force))
            if reports[-1].status is JobStatus.CANCELLED and reports[-1].error is None:
                break
    return reports


@contextmanager
def open_runner(
    settings: Settings,
    *,
    progress: Progress | None = None,
    catalogue: Catalogue | None = None,
    http: HttpClient | None = None,
    retries: int = 0,
) -> Iterator[Runner]:
    """Open what runs share; the parameters are those of :func:`run_sources`.

    Raises
    ------
    DatabaseError
        If the application database cannot be used.
    """
    engine = open_database(settings.application_database_url)
    target = catalogue or open_catalogue(settings)
    client = http or HttpClient(settings)
    leases = Leases(engine, settings.harvest_lease_seconds)
    try:
        journals = HarvestJournal(engine), HoldJournal(engine)
        yield Runner(settings, *journals, leases, target, client, progress or NoProgress(), retries)
    finally:
        engine.dispose()
        if http is None:
            client.close()
        if catalogue is None:
            target.close()


@contextmanager
def source_lock(settings: Settings, source: str) -> Iterator[None]:
    """Hold the lock of a source on this machine; a process that dies lets it go.

    Raises
    ------
    SourceBusy
        If another process holds it.
    """
    folder = settings.home / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"harvest-{source}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise _busy(source, Label("別のプロセス", "Another process")) from error
    try:
        yield
    finally:
        lock.release()


@dataclass(frozen=True, slots=True)
class Runner:
    """What runs share."""

    #: of this process
    settings: Settings
    #: keeps the jobs
    journal: HarvestJournal
    #: keeps what guards hold, and decisions about it
    holds: HoldJournal
    #: who may run which source
    leases: Leases
    #: where to publish
    catalogue: Catalogue
    #: gets what is at URLs
    http: HttpClient
    #: hears how far it is
    progress: Progress
    #: retries of sources that declare none
    retries: int
    #: whether to transform and compare also what has not changed
    force: bool = False
    #: what a person approves with this run, or None
    approval: Approval | None = None
    #: keeps what each proposal changes, or None
    book: ChangeBook | None = None
    #: whether a run that is to be tried again goes back to the queue, instead of waiting with its worker
    postpones: bool = False

    def run(self, source: HarvestSource, *, force: bool = False) -> JobReport:
        """Run one source; every error ends in its report."""
        start = time.monotonic()
        try:
            with self.holding(source.name) as claim:
                lost = self.journal.mark_lost(source.name)
                job = self.journal.start(source.name, source.kind, worker=this_process(), force=force)
                report = replace(self, force=force)._run_held(source, job, claim, lost)
        except (ShihyoError, SQLAlchemyError, OSError) as error:
            # What the job had written by then is repaired by the next run, which finds it lost.
            report = _report(source, utc_now())
            report.status, report.error = JobStatus.FAILED, describe_error(error)
        report.finished, report.seconds = utc_now(), time.monotonic() - start
        return report

    def run_queued(self, source: HarvestSource, job_id: str) -> JobReport | None:
        """Claim a queued job and run it; None if somebody else has it, it was cancelled, or it is not due yet.

        If it failed for a passing reason, it is queued again for its next attempt, and its report says so.

        Raises
        ------
        SourceBusy
            If another run of the source is under way; the job stays in the queue.
        """
        start = time.monotonic()
        with self.holding(source.name) as claim:
            lost = self.journal.mark_lost(source.name)
            job = self.journal.claim(job_id, worker=this_process())
            if job is None:
                return None
            report = replace(self, force=bool(job.force), postpones=True)._run_held(source, job, claim, lost)
        report.finished, report.seconds = utc_now(), time.monotonic() - start
        return report

    @contextmanager
    def holding(self, source: str) -> Iterator[Claim]:
        """Hold a source: by a file lock against this machine, by a lease against all others."""
        claim = Claim(self.leases, f"source {source}", secrets.token_hex(16))
        with source_lock(self.settings, source):
            home, worker = self.catalogue.publisher, this_process()
            if not self.leases.take(claim.name, holder=claim.holder, home=home, worker=worker):
                other = self.leases.find(claim.name)
                who = other.worker if other else "?"
                raise _busy(source, Label(f"別の機械のプロセス（{who}）", f"A process on another machine ({who})"))
            try:
                yield claim
            finally:
                self.leases.release(claim.name, claim.holder)

    def _run_held(self, source: HarvestSource, job: HarvestJob, claim: Claim, lost: list[str]) -> JobReport:
        lease = self.settings.harvest_lease_seconds
        monitor = JobMonitor(job, self.journal, claim, self.progress, lease_seconds=lease, timeout=source.timeout)
        with monitor:
            return replace(self, progress=monitor)._attempts(source, job, monitor, lost)

    def _attempts(self, source: HarvestSource, job: HarvestJob, monitor: JobMonitor, lost: list[str]) -> JobReport:
        retries = self.retries if source.retries is None else source.retries
        waits = iter_waits(retries, self.settings.harvest_retry_seconds)
        for attempt, wait in islice(enumerate(waits, start=1), (job.attempt or 1) - 1, None):
            report = _report(source, job.started, job.id, lost)
            monitor.begin(attempt, report.rows)
            run = SourceRun(self, source, job, report)
            _guarded(report, run)
            run.settle()
            if wait is None or not is_passing(report):
                break
            _log_errors(monitor, report)
            if not _waited(monitor, wait, attempt, retries, report, here=not self.postpones):
                break
            if self.postpones:
                monitor.beat()
                self.journal.postpone(job.id, attempt=attempt + 1, due=datetime.now(UTC) + timedelta(seconds=wait))
                report.status = JobStatus.QUEUED
                return report
        _log_summary(monitor, report)
        monitor.beat()
        run.save()
        return report


def _guarded(report: JobReport, run: SourceRun) -> None:
    """Run one attempt; whatever happens to it, the next source must get its turn."""
    try:
        run.harvest()
        run.load_datastore()
    except KeyboardInterrupt:
        report.status = JobStatus.CANCELLED
    except StopRun as stop:
        _note_stop(report, stop)
    except Exception as error:
        report.status, report.error = JobStatus.FAILED, describe_error(error)
    if report.status is JobStatus.RUNNING:
        report.status = JobStatus.FAILED


def _waited(monitor: JobMonitor, wait: float, attempt: int, retries: int, report: JobReport, *, here: bool) -> bool:
    try:
        monitor.pause(wait, attempt, retries, here=here)
    except KeyboardInterrupt:
        report.status = JobStatus.CANCELLED
        return False
    except StopRun as stop:
        _note_stop(report, stop)
        return False
    return True


def _note_stop(report: JobReport, stop: StopRun) -> None:
    statuses = {TimedOut: JobStatus.FAILED, LeaseLost: JobStatus.LOST}
    report.status = statuses.get(type(stop.reason), JobStatus.CANCELLED)
    report.error = describe_error(stop.reason)


def _report(source: HarvestSource, started: str, job: str | None = None, lost: Sequence[str] = ()) -> JobReport:
    return JobReport(source.name, source.kind, source.title, job=job, started=started, lost=list(lost))


def _log_errors(monitor: JobMonitor, report: JobReport) -> None:
    for error in iter_errors(report):
        monitor.log("error", Label(error_line(error, "ja"), error_line(error, "en")))


def _log_summary(monitor: JobMonitor, report: JobReport) -> None:
    level = "info" if report.exit_code == 0 else "error"
    for ja, en in zip(report.summary("ja"), report.summary("en"), strict=False):
        monitor.log(level, Label(ja.strip().removeprefix("✗ "), en.strip().removeprefix("✗ ")))


def _busy(source: str, who: Label) -> SourceBusy:
    return SourceBusy(
        f"収集元「{source}」は{who.ja}が収集中です",
        f"{who.en} is harvesting {source}",
        next_step=Label("終わってからもう一度実行してください", "Run it again when it has finished"),
        value=source,
    )
