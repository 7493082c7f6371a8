"""When each source was harvested last, how it went or how far it is, and when it is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from catalog.database import HarvestJob, HarvestJournal, JobStatus, Leases, RunningJournal, open_readonly
from catalog.database.jobs import utc_text
from catalog.errors import Label, SourceBusy
from catalog.settings import Settings
from harvesters.base import HarvestSource
from harvesters.report import status_label
from harvesters.running.due import find_due
from harvesters.sources import load_sources


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """How one source stands."""

    #: name, kind and title of the source
    source: str
    kind: str
    title: Label
    #: its last job, or None
    last: HarvestJob | None
    #: its last job that harvested everything, or None
    last_success: HarvestJob | None
    #: when it is due, ISO 8601 in UTC; None if it is run by hand only or was never run
    next: str | None
    #: whether it is due now
    due: bool
    #: its schedule as it is written; None if it has none
    schedule: str | None = None
    #: when it is due, as the clocks of the settings' time zone show it
    next_local: str | None = None
    #: when its last job began, as these clocks show it
    last_local: str | None = None
    #: the time zone of the settings
    zone: str = "Asia/Tokyo"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "source": self.source,
            "kind": self.kind,
            "title": self.title.to_dict(),
            "last": brief_job(self.last),
            "last_success": brief_job(self.last_success),
            "schedule": self.schedule,
            "next": self.next,
            "due": self.due,
        }

    def lines(self, lang: str = "ja") -> list[str]:
        """Return it for people, on one line."""
        never = Label("未実行", "never run").in_language(lang)
        by_hand = Label("手動", "by hand").in_language(lang)
        at_once = Label("いま", "now").in_language(lang)
        last = f"{self.last_local} {job_line(self.last, lang, ZoneInfo(self.zone))}" if self.last else never
        due = Label("次回", "next").in_language(lang)
        following = at_once if self.due else self.next_local or by_hand
        return [f"{self.title.in_language(lang)} ({self.source}): {last}  {due}: {following}"]


def job_status(
    settings: Settings, sources: Sequence[HarvestSource] | None = None, *, now: datetime | None = None
) -> list[SourceStatus]:
    """Return how the sources stand; writes nothing.

    Parameters
    ----------
    settings
        Of this process.
    sources
        The sources; those of ``settings.harvest_file`` if None.
    now
        The time, with offset; that of the clock if None.

    Raises
    ------
    ConfigurationError
        If the harvest file cannot be used.
    """
    listed = load_sources(settings.harvest_file, settings) if sources is None else sources
    moment = now or datetime.now(UTC)
    with open_readonly(settings.application_database_url) as engine:
        if engine is None:
            return [_status(settings, one, None, None, None, moment) for one in listed]
        journals = HarvestJournal(engine), RunningJournal(engine), Leases(engine, settings.harvest_lease_seconds)
        return [_status(settings, one, *journals, moment) for one in listed]


def list_jobs(settings: Settings, source: str | None = None, *, limit: int = 20) -> list[HarvestJob]:
    """Return the newest jobs, newest first, of one source or of all; writes nothing."""
    with open_readonly(settings.application_database_url) as engine:
        if engine is None:
            return []
        leases = Leases(engine, settings.harvest_lease_seconds)
        return [_really(settings, one, leases) for one in HarvestJournal(engine).list_jobs(source, limit=limit)]


def _status(
    settings: Settings,
    source: HarvestSource,
    journal: HarvestJournal | None,
    running: RunningJournal | None,
    leases: Leases | None,
    now: datetime,
) -> SourceStatus:
    zone = ZoneInfo(settings.time_zone)
    last = journal.find_last(source.name) if journal else None
    due = find_due(source, journal, running, zone=zone, now=now)
    return SourceStatus(
        source=source.name,
        kind=source.kind,
        title=source.title,
        last=_really(settings, last, leases) if last and leases else last,
        last_success=journal.find_last(source.name, JobStatus.SUCCEEDED) if journal else None,
        next=utc_text(due.at) if due.at else None,
        next_local=local_time(due.at, zone) if due.at else None,
        last_local=local_time(last.started, zone) if last else None,
        zone=settings.time_zone,
        due=due.now,
        schedule=str(source.schedule) if source.schedule else None,
    )


def _really(settings: Settings, job: HarvestJob, leases: Leases) -> HarvestJob:
    """Return the job, as lost if it says that it runs and neither a process here nor another machine has its source."""
    if job.status is not JobStatus.RUNNING or not (settings.home / "locks").is_dir():
        return job
    lease = leases.find(f"source {job.source}")
    if lease is not None and lease.home != _home_id(settings):
        return job
    from harvesters.runner import source_lock  # a runner knows all of publishing

    try:
        with source_lock(settings, job.source):
            return replace(job, status=JobStatus.LOST)
    except SourceBusy:
        return job


def _home_id(settings: Settings) -> str | None:
    path = settings.home / "publisher-id"
    return path.read_text("ascii").strip() if path.is_file() else None


def local_time(moment: str | datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """Return a time as the clocks of a zone show it: people read one clock, programs read UTC."""
    parsed = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return parsed.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def job_line(job: HarvestJob, lang: str, zone: ZoneInfo) -> str:
    """Return how a job stands, for people: its status, and how far it is while it runs."""
    status = status_label(job.status).in_language(lang)
    if job.status is not JobStatus.RUNNING or job.stage is None:
        return status
    steps = f" {job.done}/{job.total}" if job.total else ""
    rows = (
        Label(f" {job.rows_per_second:,.0f}行/秒", f" {job.rows_per_second:,.0f} rows/s")
        if job.rows_per_second
        else None
    )
    at = local_time(job.eta, zone, seconds=True) if job.eta else None
    eta = Label(f" 見込み {at}", f" until about {at}") if at else None
    return f"{status} {job.stage}{steps}" + "".join(one.in_language(lang) for one in (rows, eta) if one)


def brief_job(job: HarvestJob | None) -> dict[str, Any] | None:
    """Return a job as JSON without the whole of its report."""
    if job is None:
        return None
    report = job.report or {}
    left_out = {"id", "report"}
    return {
        "job": job.id,
        **{key: value for key, value in job.to_dict().items() if key not in left_out},
        "status": str(job.status),
        "counts": report.get("counts"),
        "releases": report.get("releases"),
        "row_counts": report.get("rows"),
        "error": report.get("error"),
    }
