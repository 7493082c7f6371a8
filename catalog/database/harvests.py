"""The journal of harvesting: jobs, their objects, and what the last complete run of each source left.

Order of events of a job: :meth:`HarvestJournal.start` (``running``), or :meth:`~HarvestJournal.enqueue` (``queued``)
and :meth:`~HarvestJournal.claim` by one worker, which may :meth:`~HarvestJournal.postpone` it to a next attempt;
:meth:`~HarvestJournal.beat` while it runs, which brings its progress and takes home whether it should stop;
:meth:`~HarvestJournal.record_objects`; :meth:`~HarvestJournal.finish` with a final status. A job that was killed stays
``running`` until the next run of its source, which holds the source's lock and therefore knows
(:meth:`~HarvestJournal.mark_lost`), or until its heartbeat is too old (:meth:`~HarvestJournal.lose_silent`): then a job
of the queue is queued once more.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from catalog.database.jobs import (
    CONCLUSIVE,
    HarvestJob,
    HarvestObject,
    JobStatus,
    LogLine,
    ObjectState,
    Signs,
    SourceState,
    utc_now,
    utc_text,
)
from catalog.database.tables import harvest_job, harvest_log, harvest_object, harvest_source_state

#: jobs of one source that are kept; older ones are deleted when a new one starts
JOBS_KEPT = 200
#: lines of the log of one job that are kept, the newest
LINES_KEPT = 500
#: a job of the queue whose worker was lost is queued again this often; one that kills its worker must not go on forever
LOSSES_ALLOWED = 3
#: ids of one statement; SQLite takes no more than 999 values in old versions
_IDS_A_STATEMENT = 500


class HarvestJournal:
    """Reads and writes the harvest tables; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def start(self, source: str, kind: str, *, worker: str | None = None, force: bool | None = None) -> HarvestJob:
        """Write a running job and delete the oldest ones beyond :data:`JOBS_KEPT`."""
        job = replace(_new_job(source, kind, JobStatus.RUNNING), worker=worker, force=force, heartbeat=utc_now())
        with self._engine.begin() as connection:
            _delete_oldest(connection, source)
            connection.execute(insert(harvest_job).values(**_job_values(job)))
        return job

    def enqueue(self, source: str, kind: str, *, force: bool = False) -> HarvestJob:
        """Write a queued job; return the one of this source that is queued already, due now, if there is one."""
        waiting = select(harvest_job).where(harvest_job.c.source == source, harvest_job.c.status == JobStatus.QUEUED)
        job = replace(_new_job(source, kind, JobStatus.QUEUED), queued=utc_now(), force=force, losses=0)
        with self._engine.begin() as connection:
            row = connection.execute(waiting).first()
            if row is not None:
                connection.execute(update(harvest_job).where(harvest_job.c.id == row.id).values(due=None))
                return replace(_job(row), due=None)
            _delete_oldest(connection, source)
            connection.execute(insert(harvest_job).values(**_job_values(job)))
        return job

    def claim(self, job_id: str, *, worker: str) -> HarvestJob | None:
        """Make a queued job running and return it; None if it is not queued any more, or not due.

        Only one caller gets it.
        """
        due = harvest_job.c.due.is_(None) | (harvest_job.c.due <= utc_now())
        queued = (harvest_job.c.id == job_id) & (harvest_job.c.status == JobStatus.QUEUED) & due
        values = {
            "status": JobStatus.RUNNING,
            "started": utc_now(),
            "heartbeat": utc_now(),
            "worker": worker,
            "due": None,
        }
        with self._engine.begin() as connection:
            taken = connection.execute(update(harvest_job).where(queued).values(**values)).rowcount
        return self.find_job(job_id) if taken else None

    def postpone(self, job_id: str, *, attempt: int, due: datetime) -> None:
        """Put a running job back into the queue for its next attempt, which no worker begins before it is due."""
        idle = dict.fromkeys(("stage", "done", "total", "rows_per_second", "eta", "heartbeat", "worker"))
        values = {"status": JobStatus.QUEUED, "attempt": attempt, "due": utc_text(due), **idle}
        with self._engine.begin() as connection:
            connection.execute(update(harvest_job).where(_running(job_id)).values(**values))

    def beat(self, job_id: str, signs: Signs, lines: Sequence[LogLine] = ()) -> bool:
        """Write a sign of life, how far a job is and what it has to say; return whether it should stop."""
        with self._engine.begin() as connection:
            values = asdict(signs) | {"heartbeat": utc_now()}
            connection.execute(update(harvest_job).where(_running(job_id)).values(**values))
            _write_lines(connection, job_id, lines)
            asked = select(harvest_job.c.cancel).where(harvest_job.c.id == job_id)
            return connection.execute(asked).scalar() is not None

    def ask_cancel(self, job_id: str) -> HarvestJob | None:
        """Ask a running job to stop, or take a queued one out of the queue; return it as it is now, or None."""
        this = harvest_job.c.id == job_id
        ended = {"status": JobStatus.CANCELLED, "finished": utc_now(), "cancel": utc_now()}
        with self._engine.begin() as connection:
            connection.execute(update(harvest_job).where(this, harvest_job.c.status == "queued").values(**ended))
            running = update(harvest_job).where(_running(job_id), harvest_job.c.cancel.is_(None))
            connection.execute(running.values(cancel=utc_now()))
        return self.find_job(job_id)

    def list_log(self, job_id: str) -> list[LogLine]:
        """Return the log of a job, oldest line first."""
        wanted = select(harvest_log).where(harvest_log.c.job_id == job_id).order_by(harvest_log.c.id)
        with self._engine.connect() as connection:
            rows = connection.execute(wanted).all()
        return [LogLine(at=row.at, level=row.level, ja=row.ja, en=row.en) for row in rows]

    def list_queued(self) -> list[HarvestJob]:
        """Return the jobs that wait for a worker, oldest first."""
        wanted = select(harvest_job).where(harvest_job.c.status == JobStatus.QUEUED).order_by(harvest_job.c.id)
        with self._engine.connect() as connection:
            return [_job(row) for row in connection.execute(wanted)]

    def lose_silent(self, before: datetime) -> list[HarvestJob]:
        """Give every running job without a sign of life since a moment the status ``lost``.

        A job of the queue is queued again, at most :data:`LOSSES_ALLOWED` times in a row, unless somebody asked it to
        stop. However many processes do this at once, each lost job is replaced by one.

        Returns
        -------
        list of HarvestJob
            The lost jobs.
        """
        silent = (harvest_job.c.status == JobStatus.RUNNING) & (harvest_job.c.heartbeat < utc_text(before))
        with self._engine.connect() as connection:
            found = [_job(row) for row in connection.execute(select(harvest_job).where(silent))]
        return [job for job in found if self._lose(job, silent)]

    def _lose(self, job: HarvestJob, silent: Any) -> bool:
        values = {"status": JobStatus.LOST, "finished": utc_now()}
        with self._engine.begin() as connection:
            this = update(harvest_job).where(harvest_job.c.id == job.id, silent)
            lost = connection.execute(this.values(**values)).rowcount > 0
            if lost and job.queued and not job.cancel and (job.losses or 0) < LOSSES_ALLOWED:
                connection.execute(insert(harvest_job).values(**_job_values(_successor(job))))
        return lost

    def record_objects(self, job_id: str, objects: Iterable[HarvestObject]) -> None:
        """Write the objects of a job, replacing what was written for it before."""
        rows = [{"job_id": job_id, **asdict(one)} for one in objects]
        with self._engine.begin() as connection:
            connection.execute(delete(harvest_object).where(harvest_object.c.job_id == job_id))
            if rows:
                connection.execute(insert(harvest_object), rows)

    def finish(self, job: HarvestJob, status: JobStatus, report: dict[str, Any]) -> HarvestJob:
        """Give a running job its final status and report; return it. One that was given up as lost stays lost."""
        done = replace(job, status=status, finished=utc_now(), report=report)
        changed = {key: value for key, value in _job_values(done).items() if key in {"status", "finished", "report"}}
        with self._engine.begin() as connection:
            connection.execute(update(harvest_job).where(_running(job.id)).values(**changed))
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

    def find_last(self, source: str, *statuses: JobStatus) -> HarvestJob | None:
        """Return the newest job of a source, of one of some statuses if they are given, or None."""
        wanted = select(harvest_job).where(harvest_job.c.source == source)
        if statuses:
            wanted = wanted.where(harvest_job.c.status.in_(sorted(statuses)))
        newest = wanted.order_by(harvest_job.c.started.desc(), harvest_job.c.id.desc()).limit(1)
        with self._engine.connect() as connection:
            row = connection.execute(newest).first()
        return _job(row) if row else None

    def list_ended(self, since: str, until: str) -> list[HarvestJob]:
        """Return the jobs that ended after ``since`` and not after ``until``, in the order of their end."""
        ended = (harvest_job.c.finished > since) & (harvest_job.c.finished <= until)
        wanted = select(harvest_job).where(ended).order_by(harvest_job.c.finished, harvest_job.c.id)
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

    def find_old_jobs(self, before: datetime, *, needed: Iterable[str] = ()) -> list[str]:
        """Return the ids of the jobs that ended before a time and that nothing needs any more, by id.

        Beside ``needed``, the last job of each source, its last conclusive one (it knows what the source has) and that
        of its state are kept.
        """
        ended = harvest_job.c.finished.is_not(None) & (harvest_job.c.finished < utc_text(before))
        with self._engine.connect() as connection:
            kept = set(needed) | set(connection.execute(select(harvest_source_state.c.job_id)).scalars())
            for source in connection.execute(select(harvest_job.c.source).distinct()).scalars().all():
                this = select(harvest_job.c.id).where(harvest_job.c.source == source)
                newest = this.order_by(harvest_job.c.started.desc(), harvest_job.c.id.desc()).limit(1)
                kept |= set(connection.execute(newest).scalars())
                kept |= set(connection.execute(newest.where(harvest_job.c.status.in_(sorted(CONCLUSIVE)))).scalars())
            old = connection.execute(select(harvest_job.c.id).where(ended).order_by(harvest_job.c.id)).scalars()
            return [one for one in old if one not in kept]

    def delete_jobs(self, ids: Sequence[str]) -> None:
        """Remove jobs with their objects and logs."""
        with self._engine.begin() as connection:
            for start in range(0, len(ids), _IDS_A_STATEMENT):
                some = ids[start : start + _IDS_A_STATEMENT]
                connection.execute(delete(harvest_job).where(harvest_job.c.id.in_(some)))

    def known_digests(self) -> set[str]:
        """Return the sha256 of all that the last conclusive jobs of all sources saw."""
        with self._engine.connect() as connection:
            sources = connection.execute(select(harvest_job.c.source).distinct()).scalars().all()
        known = [self.known_objects(source).values() for source in sources]
        return {one.sha256 for objects in known for one in objects if one.sha256}

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


def _new_job(source: str, kind: str, status: JobStatus) -> HarvestJob:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    return HarvestJob(
        id=f"{stamp}-{secrets.token_hex(4)}", source=source, kind=kind, status=status, started=utc_now(), attempt=1
    )


def _successor(job: HarvestJob) -> HarvestJob:
    new = _new_job(job.source, job.kind, JobStatus.QUEUED)
    return replace(new, queued=utc_now(), force=job.force, follows=job.id, losses=(job.losses or 0) + 1)


def _running(job_id: str) -> Any:
    return (harvest_job.c.id == job_id) & (harvest_job.c.status == JobStatus.RUNNING)


def _delete_oldest(connection: Connection, source: str) -> None:
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


def _write_lines(connection: Connection, job_id: str, lines: Sequence[LogLine]) -> None:
    if not lines:
        return
    connection.execute(insert(harvest_log), [{"job_id": job_id, **asdict(one)} for one in lines])
    this = harvest_log.c.job_id == job_id
    newest = select(harvest_log.c.id).where(this).order_by(harvest_log.c.id.desc()).offset(LINES_KEPT - 1).limit(1)
    oldest_kept = connection.execute(newest).scalar()
    if oldest_kept is not None:
        connection.execute(delete(harvest_log).where(this, harvest_log.c.id < oldest_kept))


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
