"""When each source was harvested last, how it went, and when it is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from catalog.database import HarvestJob, HarvestJournal, JobStatus, open_readonly
from catalog.errors import Label, SourceBusy
from catalog.settings import Settings
from harvesters.base import HarvestSource
from harvesters.report import status_label
from harvesters.runner import source_lock
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

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "source": self.source,
            "kind": self.kind,
            "title": self.title.to_dict(),
            "last": _brief(self.last),
            "last_success": _brief(self.last_success),
            "next": self.next,
            "due": self.due,
        }

    def lines(self, lang: str = "ja") -> list[str]:
        """Return it for people, on one line."""
        never = Label("未実行", "never run").in_language(lang)
        by_hand = Label("手動", "by hand").in_language(lang)
        last = f"{self.last.started} {status_label(self.last.status).in_language(lang)}" if self.last else never
        due = Label("次回", "next").in_language(lang)
        return [f"{self.title.in_language(lang)} ({self.source}): {last}  {due}: {self.next or by_hand}"]


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
    moment = now or datetime.now().astimezone()
    with open_readonly(settings.application_database_url) as engine:
        journal = HarvestJournal(engine) if engine is not None else None
        return [_status(settings, one, journal, moment) for one in listed]


def _status(settings: Settings, source: HarvestSource, journal: HarvestJournal | None, now: datetime) -> SourceStatus:
    jobs = journal.list_jobs(source.name, limit=200) if journal else []
    last = _really(settings, jobs[0]) if jobs else None
    success = next((one for one in jobs if one.status is JobStatus.SUCCEEDED), None)
    due = datetime.fromisoformat(last.started) + source.every if last and source.every else None
    return SourceStatus(
        source=source.name,
        kind=source.kind,
        title=source.title,
        last=last,
        last_success=success,
        next=due.strftime("%Y-%m-%dT%H:%M:%SZ") if due else None,
        due=source.every is not None and (due is None or due <= now),
    )


def _really(settings: Settings, job: HarvestJob) -> HarvestJob:
    """Return the job, as lost if it says that it runs and nobody holds the lock of its source."""
    if job.status is not JobStatus.RUNNING or not (settings.home / "locks").is_dir():
        return job
    try:
        with source_lock(settings, job.source):
            return replace(job, status=JobStatus.LOST)
    except SourceBusy:
        return job


def _brief(job: HarvestJob | None) -> dict[str, Any] | None:
    if job is None:
        return None
    report = job.report or {}
    return {
        "job": job.id,
        "status": str(job.status),
        "started": job.started,
        "finished": job.finished,
        "counts": report.get("counts"),
        "releases": report.get("releases"),
        "rows": report.get("rows"),
        "error": report.get("error"),
    }
