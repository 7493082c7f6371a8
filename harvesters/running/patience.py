"""Which failures are worth another attempt, and when.

A network or a catalogue that does not answer may answer later; bad input stays bad, so it is never tried again. Waiting
grows exponentially and has jitter, so that many sources that failed together do not come back together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tenacity

from catalog.database import JobStatus
from harvesters.report import JobReport

#: codes of errors that may pass by themselves
PASSING = frozenset({"source-unavailable", "catalogue-unavailable", "publish-conflict"})
#: longest wait, in seconds
LONGEST_WAIT = 900.0
#: retries of sources that declare none, when nobody is waiting for the run
UNATTENDED_RETRIES = 3


def is_passing(report: JobReport) -> bool:
    """Return whether a run failed, and an error of it may pass by itself."""
    if report.status not in {JobStatus.FAILED, JobStatus.PARTIAL}:
        return False
    return any(error["code"] in PASSING for error in iter_errors(report))


def iter_errors(report: JobReport) -> Iterator[dict[str, Any]]:
    """Yield every error of a report as :func:`~harvesters.report.describe_error` describes it."""
    if report.error:
        yield report.error
    yield from report.object_errors.values()
    yield from (one.error for one in report.datasets if one.error)
    yield from (one.error for one in report.services if one.error)


def iter_waits(retries: int, first: float) -> Iterator[float | None]:
    """Yield how many seconds to wait after each attempt; None after the last one."""
    wait = tenacity.wait_exponential_jitter(multiplier=first, max=LONGEST_WAIT, jitter=first)
    state = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
    for attempt in range(1, retries + 1):
        state.attempt_number = attempt
        yield wait(state)
    yield None
