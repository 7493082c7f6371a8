"""Run sources: the only place that catches, counts, saves and publishes.

Order of events for a source::

    lock                    one run of a source at a time; a job that is still "running" was killed: lost
    job                     written as running
    gather, fetch           objects with their states; bytes into the raw store
    anything changed?       fingerprint of inputs, options, descriptions and code, and what the catalogue has: if both
                            are as the last complete run left them, the job ends here
    transform               observations and findings
    for each dataset        what is known against what is published (harvesters.chain); build; publish; next
    for each service        its record against the published one (harvesters.registering); publish; next
    DataStore               brought up to what is published, also when nothing changed: a failure is tried again
    job                     succeeded, partial, failed or cancelled, with its report

An error of one object or dataset is that one's; an error of a source is that source's. Ctrl-C ends the run between two
steps of publishing at the latest, with the job cancelled; what was published stays, and the next run goes on there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from filelock import FileLock, Timeout

from catalog.ckan import Catalogue, open_catalogue
from catalog.database import HarvestJournal, JobStatus, open_database
from catalog.database.harvests import utc_now
from catalog.errors import Label, SourceBusy
from catalog.settings import Settings
from harvesters.base import HarvestSource, NoProgress, Progress
from harvesters.http import HttpClient
from harvesters.report import JobReport, describe_error
from harvesters.source_run import SourceRun


def run_sources(
    settings: Settings,
    sources: Sequence[HarvestSource],
    *,
    progress: Progress | None = None,
    catalogue: Catalogue | None = None,
    http: HttpClient | None = None,
    force: bool = False,
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

    Returns
    -------
    list of JobReport
        One a source. After Ctrl-C the last one is cancelled and the sources behind it are missing. Errors are in the
        reports; ``exit_code`` of a report is 0 only if everything was harvested.

    Raises
    ------
    DatabaseError
        If the application database cannot be used; nothing was harvested then.
    """
    engine = open_database(settings.application_database_url)
    target = catalogue or open_catalogue(settings)
    client = http or HttpClient(settings)
    runner = _Runner(settings, HarvestJournal(engine), target, client, progress or NoProgress(), force)
    reports = []
    try:
        for source in sources:
            reports.append(runner.run(source))
            if reports[-1].status is JobStatus.CANCELLED:
                break
    finally:
        engine.dispose()
        if http is None:
            client.close()
        if catalogue is None:
            target.close()
    return reports


@contextmanager
def source_lock(settings: Settings, source: str) -> Iterator[None]:
    """Hold the lock of a source; a process that dies lets it go.

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
        raise SourceBusy(
            f"収集元「{source}」は別のプロセスが収集中です",
            f"Another process is harvesting {source}",
            next_step=Label("終わってからもう一度実行してください", "Run it again when it has finished"),
            value=source,
        ) from error
    try:
        yield
    finally:
        lock.release()


@dataclass(frozen=True, slots=True)
class _Runner:
    """What every run of a source shares."""

    settings: Settings
    journal: HarvestJournal
    catalogue: Catalogue
    http: HttpClient
    progress: Progress
    force: bool

    def run(self, source: HarvestSource) -> JobReport:
        """Run one source; every error ends in its report."""
        report = JobReport(source.name, source.kind, source.title, started=utc_now())
        start = time.monotonic()
        try:
            with source_lock(self.settings, source.name):
                report.lost = self.journal.mark_lost(source.name)
                self._run_locked(source, report)
        except SourceBusy as error:
            report.status, report.error = JobStatus.FAILED, describe_error(error)
        report.finished, report.seconds = utc_now(), time.monotonic() - start
        return report

    def _run_locked(self, source: HarvestSource, report: JobReport) -> None:
        job = self.journal.start(source.name, source.kind)
        report.job, report.started = job.id, job.started
        run = SourceRun(self, source, job, report)
        try:
            run.harvest()
            run.load_datastore()
        except KeyboardInterrupt:
            report.status = JobStatus.CANCELLED
        except Exception as error:  # the next source must get its turn, whatever happened to this one
            report.status, report.error = JobStatus.FAILED, describe_error(error)
        finally:
            if report.status is JobStatus.RUNNING:
                report.status = JobStatus.FAILED
            run.save()
