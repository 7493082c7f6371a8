"""Harvest what is due, until stopped.

Order of events: one process at a time has the lease ``schedule``, the others stand by; every :data:`TICK_SECONDS`, or
when a source becomes due, a tick: ``harvest.yml`` is read again if it changed; jobs whose process died are marked lost;
what is due is run here, one source after the other, or handed to the queue; then the digest goes out, and maintenance
is done if it is due (:mod:`harvesters.running.maintenance`). A source that is busy, or a run that died, is due again at
the next tick.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from catalog.database import HarvestJournal, JobStatus, Leases, RunningJournal, find_trouble, open_database
from catalog.database.jobs import utc_text
from catalog.errors import Label, ShihyoError
from catalog.settings import Settings
from harvesters.base import HarvestSource, NoProgress, Progress
from harvesters.report import JobReport
from harvesters.runner import run_sources
from harvesters.running.due import find_due, lost_label
from harvesters.running.maintenance import check_schedule, maintain_if_due
from harvesters.running.monitor import this_process
from harvesters.running.patience import UNATTENDED_RETRIES
from harvesters.running.source_list import SourceList

#: longest time between two ticks, in seconds
TICK_SECONDS = 30.0
#: the lease of the one process that schedules
LEASE = "schedule"

Tell = Callable[[Label], None]
#: takes due sources to where they are run; returns the reports of those that ran here
RunDue = Callable[[Sequence[HarvestSource]], Sequence[JobReport]]


class Scheduler:
    """Finds what is due and has it run.

    Parameters
    ----------
    settings
        Of this process.
    engine
        The application database.
    run
        Runs due sources, or hands them to the queue.
    tell
        Takes what people should know.
    after
        Called after each tick.
    """

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        *,
        run: RunDue,
        tell: Tell,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings, self._run, self._tell, self._after = settings, run, tell, after
        self._journal, self._running = HarvestJournal(engine), RunningJournal(engine)
        self._zone = ZoneInfo(settings.time_zone)
        self.sources = SourceList(settings, tell)

    def tick(self, now: datetime) -> list[JobReport]:
        """Run what is due now; return the reports of what ran here."""
        self._find_lost(now)
        due = self.find_due(now)
        reports = list(self._run(due)) if due else []
        for report in reports:
            self._tell(Label("\n".join(report.summary("ja")), "\n".join(report.summary("en"))))
        self._after()
        maintain_if_due(self._settings, self._tell, now)
        return reports

    def _find_lost(self, now: datetime) -> None:
        """Mark jobs without a sign of life as lost, and tell of them."""
        for job in self._journal.lose_silent(now - timedelta(seconds=self._settings.harvest_lease_seconds)):
            self._tell(lost_label(job))

    def find_due(self, now: datetime) -> list[HarvestSource]:
        """Return the sources that are due, the longest due first; remembers schedules that are new."""
        waiting = {one.source for one in self._journal.list_queued()}
        due = []
        for source in self.sources.current():
            if source.schedule is not None:
                self._running.note_schedule(source.name, str(source.schedule), utc_text(now))
            found = find_due(source, self._journal, self._running, zone=self._zone, now=now)
            if found.now and source.name not in waiting:
                due.append((found.at or datetime.min.replace(tzinfo=UTC), source))
        return [source for _, source in sorted(due, key=lambda one: one[0])]

    def seconds_to_next(self, now: datetime) -> float:
        """Return how long nothing is due, at most :data:`TICK_SECONDS`."""
        times = [
            find_due(one, self._journal, self._running, zone=self._zone, now=now).at
            for one in self.sources.current()
            if one.schedule or one.every
        ]
        waits = [(at - now).total_seconds() for at in times if at is not None]
        return min([TICK_SECONDS, *(wait for wait in waits if wait > 0)])


def run_schedule(
    settings: Settings,
    *,
    stop: threading.Event,
    tell: Tell,
    progress: Progress | None = None,
    run: RunDue | None = None,
    after: Callable[[], None] = lambda: None,
) -> None:
    """Harvest what is due until ``stop`` is set.

    Parameters
    ----------
    settings
        Of this process.
    stop
        Set to end it; a run under way ends at its next step.
    tell
        Takes what people should know.
    progress
        Hears how far runs are.
    run
        Runs due sources; in this process if None.
    after
        Called after each tick.

    Raises
    ------
    ConfigurationError
        If the harvest file cannot be used from the beginning.
    ScheduleError
        If that of maintenance cannot be read.
    DatabaseError
        If the application database cannot be used.
    """
    check_schedule(settings)
    engine = open_database(settings.application_database_url)
    listening = _Listening(progress or NoProgress(), stop)

    def run_here(due: Sequence[HarvestSource]) -> list[JobReport]:
        reports: list[JobReport] = []
        for source in due:
            if stop.is_set() or (reports and reports[-1].status is JobStatus.CANCELLED and not reports[-1].error):
                break
            reports += run_sources(settings, [source], progress=listening, retries=UNATTENDED_RETRIES)
        return reports

    scheduler = Scheduler(settings, engine, run=run or run_here, tell=tell, after=after)
    try:
        scheduler.sources.current()
        standing_by = ""
        while not stop.is_set():
            with _telling(tell) as trouble, _lease(engine, settings) as held:
                if held:
                    standing_by = ""
                    _tick_on(scheduler, stop, held, tell)
                    continue
                standing_by = _tell_standing_by(engine, settings, tell, standing_by)
            stop.wait(TICK_SECONDS if trouble else min(TICK_SECONDS, settings.harvest_lease_seconds))
    finally:
        engine.dispose()


def _tick_on(scheduler: Scheduler, stop: threading.Event, held: threading.Event, tell: Tell) -> None:
    while held.is_set() and not stop.is_set():
        wait = TICK_SECONDS
        with _telling(tell):
            scheduler.tick(datetime.now(UTC))
            wait = scheduler.seconds_to_next(datetime.now(UTC))
        stop.wait(wait)


@contextmanager
def _telling(tell: Tell) -> Iterator[list[ShihyoError]]:
    """Tell of trouble and go on: the disk or the database may be back the next time; yields what there was."""
    met: list[ShihyoError] = []
    try:
        yield met
    except (ShihyoError, SQLAlchemyError, OSError) as error:
        trouble = find_trouble(error)
        if trouble is None:
            raise
        met.append(trouble)
        tell(Label(trouble.message("ja"), trouble.message("en")))


def _tell_standing_by(engine: Engine, settings: Settings, tell: Tell, before: str) -> str:
    """Tell once who schedules instead; return who it is."""
    lease = Leases(engine, settings.harvest_lease_seconds).find(LEASE)
    if lease is None or lease.worker == before:
        return before
    tell(
        Label(
            f"予定は別のプロセス（{lease.worker}）が受け持っています。止まったら引き継ぎます",
            f"Another process ({lease.worker}) schedules; this one takes over when it ends",
        )
    )
    return lease.worker


class _Listening:
    """Hands progress on, and ends the run at its next step when the scheduler is to stop."""

    def __init__(self, listener: Progress, stop: threading.Event) -> None:
        self._listener, self._stop = listener, stop

    def update(self, source: str, stage: str, done: int, total: int | None) -> None:
        self._listener.update(source, stage, done, total)
        if self._stop.is_set():
            raise KeyboardInterrupt


@contextmanager
def _lease(engine: Engine, settings: Settings) -> Iterator[threading.Event | None]:
    """Hold the lease of scheduling, renewed by a thread; yields an event that is set while it is held, or None."""
    leases, holder = Leases(engine, settings.harvest_lease_seconds), secrets.token_hex(16)
    if not leases.take(LEASE, holder=holder, home=holder, worker=this_process()):
        yield None
        return
    held, ended = threading.Event(), threading.Event()
    held.set()

    def renew() -> None:
        renewed = time.monotonic()
        while not ended.wait(settings.harvest_lease_seconds / 5):
            try:
                mine = leases.renew(LEASE, holder)
            except SQLAlchemyError:
                # The database may be back before the lease runs out; the next tick tells of it.
                mine = time.monotonic() - renewed < settings.harvest_lease_seconds
            else:
                renewed = time.monotonic()
            if not mine:
                held.clear()
                return

    thread = threading.Thread(target=renew, name="shihyo-schedule-lease", daemon=True)
    thread.start()
    try:
        yield held
    finally:
        ended.set()
        thread.join()
        leases.release(LEASE, holder)
