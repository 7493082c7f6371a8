"""The journal of harvesting: jobs, their objects, and what the last complete run of each source left.

Order of events of a job: :meth:`HarvestJournal.start` (``running``), :meth:`~HarvestJournal.record_objects`,
:meth:`~HarvestJournal.finish` with a final status. A job that was killed stays ``running`` until the next run of its
source, which holds the source's lock and therefore knows: :meth:`~HarvestJournal.mark_lost`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, select, update

from catalog.database.tables import harvest_job, harvest_object, harvest_source_state

#: jobs of one source that are kept; older ones are deleted when a new one starts
JOBS_KEPT = 200


class JobStatus(StrEnum):
    """What became of a job."""

    RUNNING = "running"
    #: everything was harvested
    SUCCEEDED = "succeeded"
    #: some objects failed, the others were harvested
    PARTIAL = "partial"
    #: nothing could be harvested
    FAILED = "failed"
    #: a person stopped it
    CANCELLED = "cancelled"
    #: its process went away without a word
    LOST = "lost"


#: statuses after which the objects of a job tell what the source had
CONCLUSIVE = frozenset({JobStatus.SUCCEEDED, JobStatus.PARTIAL})


class ObjectState(StrEnum):
    """What a run found out about one remote record."""

    #: not seen before
    NEW = "new"
    #: seen before with other bytes
    CHANGED = "changed"
    #: seen before with the same bytes
    UNCHANGED = "unchanged"
    #: not wanted by the options of the source
    SKIPPED = "skipped"
    #: could not be fetched or read
    FAILED = "failed"
    #: seen before, and no longer there
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestObject:
    """One remote record in one run."""

    #: name that is unique in its source and stays from run to run, such as ``20210401/all_localgovs.csv``
    name: str
    #: where its bytes are: a URL, or a path as declared
    location: str
    #: what the run found out; None before it was fetched
    state: ObjectState | None = None
    #: sha256 of its bytes, hex; None if they could not be had
    sha256: str | None = None
    #: their number; None if they could not be had
    bytes: int | None = None
    #: ETag and Last-Modified as the server gave them
    etag: str | None = None
    last_modified: str | None = None
    #: when these bytes were first fetched, ISO 8601 in UTC
    fetched: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the object as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestJob:
    """One run of one source."""

    #: sorts by time, to the microsecond
    id: str
    #: name of the source
    source: str
    #: kind of the source
    kind: str
    #: what became of it
    status: JobStatus
    #: when it started and ended, ISO 8601 in UTC; ended is None while it runs
    started: str
    finished: str | None = None
    #: its report as JSON; None while it runs
    report: dict[str, Any] | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the job as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What the last complete run of a source left."""

    #: sha256 over all inputs, options, descriptions and the version of the code
    fingerprint: str
    #: dataset name -> digest of the release that was current then
    digests: dict[str, str]
    #: id of the job
    job_id: str
    #: when, ISO 8601 in UTC
    updated: str


def utc_now() -> str:
    """Return the time as ISO 8601 in UTC with seconds: ``2026-11-22T09:00:00Z``."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class HarvestJournal:
    """Reads and writes the harvest tables; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def start(self, source: str, kind: str) -> HarvestJob:
        """Write a running job and delete the oldest ones beyond :data:`JOBS_KEPT`."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        job = HarvestJob(
            id=f"{stamp}-{secrets.token_hex(4)}",
            source=source,
            kind=kind,
            status=JobStatus.RUNNING,
            started=utc_now(),
        )
        with self._engine.begin() as connection:
            kept = (
                select(harvest_job.c.id)
                .where(harvest_job.c.source == source)
                .order_by(harvest_job.c.started.desc(), harvest_job.c.id.desc())
                .offset(JOBS_KEPT - 1)
                .limit(10_000)
            )
            old = [row.id for row in connection.execute(kept)]
            if old:
                connection.execute(delete(harvest_job).where(harvest_job.c.id.in_(old)))
            connection.execute(insert(harvest_job).values(**_job_values(job)))
        return job

    def record_objects(self, job_id: str, objects: Iterable[HarvestObject]) -> None:
        """Write the objects of a job, replacing what was written for it before."""
        rows = [{"job_id": job_id, **asdict(one)} for one in objects]
        with self._engine.begin() as connection:
            connection.execute(delete(harvest_object).where(harvest_object.c.job_id == job_id))
            if rows:
                connection.execute(insert(harvest_object), rows)

    def finish(self, job: HarvestJob, status: JobStatus, report: dict[str, Any]) -> HarvestJob:
        """Give a job its final status and report; return it as it is now."""
        done = replace(job, status=status, finished=utc_now(), report=report)
        with self._engine.begin() as connection:
            connection.execute(update(harvest_job).where(harvest_job.c.id == job.id).values(**_job_values(done)))
        return done

    def mark_lost(self, source: str) -> list[str]:
        """Give every running job of a source the status ``lost``; return their ids.

        The caller holds the lock of the source, so none of them is really running.
        """
        running = (harvest_job.c.source == source) & (harvest_job.c.status == JobStatus.RUNNING)
        with self._engine.begin() as connection:
            lost = [row.id for row in connection.execute(select(harvest_job.c.id).where(running))]
            if lost:
                values = {"status": JobStatus.LOST, "finished": utc_now()}
                connection.execute(update(harvest_job).where(running).values(**values))
        return lost

    def find_job(self, job_id: str) -> HarvestJob | None:
        """Return a job, or None."""
        with self._engine.connect() as connection:
            row = connection.execute(select(harvest_job).where(harvest_job.c.id == job_id)).first()
        return _job(row) if row else None

    def list_jobs(self, source: str | None = None, *, limit: int = 20) -> list[HarvestJob]:
        """Return the newest jobs, newest first, of one source or of all."""
        wanted = select(harvest_job).order_by(harvest_job.c.started.desc(), harvest_job.c.id.desc()).limit(limit)
        if source is not None:
            wanted = wanted.where(harvest_job.c.source == source)
        with self._engine.connect() as connection:
            return [_job(row) for row in connection.execute(wanted)]

    def list_objects(self, job_id: str) -> list[HarvestObject]:
        """Return the objects of a job, by name."""
        wanted = select(harvest_object).where(harvest_object.c.job_id == job_id).order_by(harvest_object.c.name)
        with self._engine.connect() as connection:
            return [_object(row) for row in connection.execute(wanted)]

    def known_objects(self, source: str) -> dict[str, HarvestObject]:
        """Return name -> object as the last conclusive job of a source saw them; gone ones are left out."""
        last = (
            select(harvest_job.c.id)
            .where(harvest_job.c.source == source, harvest_job.c.status.in_(sorted(CONCLUSIVE)))
            .order_by(harvest_job.c.started.desc(), harvest_job.c.id.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            job_id = connection.execute(last).scalar()
        if job_id is None:
            return {}
        return {one.name: one for one in self.list_objects(job_id) if one.state is not ObjectState.GONE}

    def find_state(self, source: str) -> SourceState | None:
        """Return what the last complete run of a source left, or None."""
        wanted = select(harvest_source_state).where(harvest_source_state.c.source == source)
        with self._engine.connect() as connection:
            row = connection.execute(wanted).first()
        if row is None:
            return None
        return SourceState(
            fingerprint=row.fingerprint, digests=json.loads(row.digests), job_id=row.job_id, updated=row.updated
        )

    def save_state(self, source: str, state: SourceState) -> None:
        """Write what a complete run of a source left."""
        values = asdict(state) | {"digests": json.dumps(state.digests, sort_keys=True)}
        with self._engine.begin() as connection:
            connection.execute(delete(harvest_source_state).where(harvest_source_state.c.source == source))
            connection.execute(insert(harvest_source_state).values(source=source, **values))


def _job_values(job: HarvestJob) -> dict[str, Any]:
    report = None if job.report is None else json.dumps(job.report, ensure_ascii=False)
    return asdict(job) | {"report": report, "status": str(job.status)}


def _job(row: Row[Any]) -> HarvestJob:
    values = dict(row._mapping)
    values["status"] = JobStatus(values["status"])
    values["report"] = json.loads(values["report"]) if values["report"] else None
    return HarvestJob(**values)


def _object(row: Row[Any]) -> HarvestObject:
    values: dict[str, Any] = {key: value for key, value in row._mapping.items() if key != "job_id"}
    values["state"] = ObjectState(values["state"])
    return HarvestObject(**values)


def count_states(objects: Sequence[HarvestObject]) -> dict[str, int]:
    """Count objects by state; every state is named, also with 0."""
    return {state.value: sum(one.state is state for one in objects) for state in ObjectState}
