"""When a source is due next.

A source with ``every`` is due that long after its last run, and at once if it never ran. A source with ``schedule`` is
due at the first time of its schedule after its last run, or after its schedule was first seen. So however many times
were missed, it is caught up once. A run whose process died did not happen; one that dies again and again is not
repeated without end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from catalog.database import HarvestJob, HarvestJournal, JobStatus, RunningJournal
from catalog.database.harvests import LOSSES_ALLOWED
from catalog.errors import Label
from harvesters.base import HarvestSource


@dataclass(frozen=True, slots=True)
class Due:
    """When a source is due."""

    #: the moment; None if it is run by hand only, or was never run and is due at once
    at: datetime | None
    #: whether it is due now
    now: bool


def find_due(
    source: HarvestSource,
    journal: HarvestJournal | None,
    running: RunningJournal | None,
    *,
    zone: ZoneInfo,
    now: datetime,
) -> Due:
    """Return when a source is due; the journals are None where there is no application database yet."""
    last = _last_run(source.name, journal) if journal else None
    if source.schedule is not None:
        since = running.schedule_since(source.name, str(source.schedule)) if running else None
        known = [datetime.fromisoformat(one) for one in (since, last.started if last and since else None) if one]
        at = source.schedule.next_after(max(known, default=now), zone)
        return Due(at, at <= now)
    if source.every is None:
        return Due(None, False)
    if last is None:
        return Due(None, True)
    at = datetime.fromisoformat(last.started) + source.every
    return Due(at, at <= now)


def lost_label(job: HarvestJob) -> Label:
    """Return how people are told of a job that was lost."""
    return Label(f"ジョブ {job.id}（{job.source}）が途絶えました", f"Job {job.id} ({job.source}) was lost")


def _last_run(source: str, journal: HarvestJournal) -> HarvestJob | None:
    newest = journal.list_jobs(source, limit=LOSSES_ALLOWED + 1)
    if len(newest) > LOSSES_ALLOWED and all(one.status is JobStatus.LOST for one in newest):
        return newest[0]
    return journal.find_last(source, *(set(JobStatus) - {JobStatus.LOST}))
