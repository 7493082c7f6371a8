"""What the journal of harvesting is about: jobs with their signs of life, their objects, the state of a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class JobStatus(StrEnum):
    """What became of a job."""

    #: a worker will take it
    QUEUED = "queued"
    RUNNING = "running"
    #: everything was harvested
    SUCCEEDED = "succeeded"
    #: some objects failed, the others were harvested
    PARTIAL = "partial"
    #: everything could be read, and something waits for a person to approve it
    HELD = "held"
    #: nothing could be harvested
    FAILED = "failed"
    #: a person stopped it
    CANCELLED = "cancelled"
    #: its process went away without a word
    LOST = "lost"


#: statuses after which the objects of a job tell what the source had
CONCLUSIVE = frozenset({JobStatus.SUCCEEDED, JobStatus.PARTIAL, JobStatus.HELD})
#: statuses of jobs that have not ended
OPEN = frozenset({JobStatus.QUEUED, JobStatus.RUNNING})


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
    #: its columns are not those of the last time, and a person must decide
    HELD = "held"
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
    #: which attempt this is or was, from 1
    attempt: int | None = field(default=None, compare=False)
    #: how far it is: the stage and its steps; total is None while it is unknown
    stage: str | None = field(default=None, compare=False)
    done: int | None = field(default=None, compare=False)
    total: int | None = field(default=None, compare=False)
    #: rows of the source that were read so far, and how many a second
    rows: int | None = field(default=None, compare=False)
    rows_per_second: float | None = field(default=None, compare=False)
    #: when the stage will be done if it goes on like this, ISO 8601 in UTC
    eta: str | None = field(default=None, compare=False)
    #: its last sign of life, ISO 8601 in UTC
    heartbeat: str | None = field(default=None, compare=False)
    #: machine and process that runs it
    worker: str | None = field(default=None, compare=False)
    #: when it was handed to the queue; None for jobs that never were there
    queued: str | None = field(default=None, compare=False)
    #: the lost job that it replaces, and how many were lost in a row
    follows: str | None = field(default=None, compare=False)
    losses: int | None = field(default=None, compare=False)
    #: whether it reads also what has not changed
    force: bool | None = field(default=None, compare=False)
    #: when a person asked it to stop
    cancel: str | None = field(default=None, compare=False)
    #: before when no worker takes it, ISO 8601 in UTC; None for at once
    due: str | None = field(default=None, compare=False)

    @property
    def is_due(self) -> bool:
        """Whether a worker may take it."""
        return self.due is None or self.due <= utc_now()

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


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of the log of a job."""

    #: ISO 8601 in UTC
    at: str
    #: info, warning or error
    level: str
    #: the same in both languages
    ja: str
    en: str

    def to_dict(self) -> dict[str, str]:
        """Return the line as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What a running job says of itself with each heartbeat; the columns of the same names."""

    attempt: int
    stage: str | None
    done: int | None
    total: int | None
    rows: int
    rows_per_second: float | None
    eta: str | None


def utc_text(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC with seconds: ``2026-11-22T09:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_now() -> str:
    """Return the time of the clock as :func:`utc_text`."""
    return utc_text(datetime.now(UTC))


def count_states(objects: Sequence[HarvestObject]) -> dict[str, int]:
    """Count objects by state; every state is named, also with 0."""
    return {state.value: sum(one.state is state for one in objects) for state in ObjectState}
