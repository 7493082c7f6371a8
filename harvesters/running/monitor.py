"""A job under way: how far it is, its heartbeat, and whether it should stop.

Order of events: entering starts a thread that beats. Each beat writes stage, steps, rows a second, the time when the
stage will be done and the new lines of the log, renews the lease of the source, and brings back whether a person asked
the job to stop. The run itself calls :meth:`JobMonitor.update` at every step; that is where it stops, by
:class:`StopRun`: cancelled, out of time, or because the lease went to somebody else. A run that hangs beyond its time
beats no more, so that it counts as lost and others may go on.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType

from sqlalchemy.exc import SQLAlchemyError

from catalog.database import HarvestJob, HarvestJournal, Leases, LogLine, Signs
from catalog.database.harvests import LINES_KEPT
from catalog.database.jobs import utc_now, utc_text
from catalog.errors import Cancelled, Label, LeaseLost, TimedOut
from harvesters.base import Progress, Tally

#: longest time between two beats, in seconds
_LONGEST_BEAT = 2.0
#: beats in the length of a lease
_BEATS = 5

_STAGES = {
    "gather": Label("一覧の取得", "listing"),
    "fetch": Label("取得", "fetching"),
    "transform": Label("読み取り", "reading"),
    "publish": Label("公開", "publishing"),
    "wait": Label("再試行待ち", "waiting to try again"),
}


class StopRun(BaseException):
    """Ends a run from within; no ``except Exception`` on the way takes it for the trouble of one object."""

    def __init__(self, reason: Cancelled) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Claim:
    """The lease that a run holds."""

    #: who gives and takes leases
    leases: Leases
    #: name of the lease
    name: str
    #: its holder
    holder: str

    def renew(self) -> bool:
        """Make it last; False if it is somebody else's by now."""
        return self.leases.renew(self.name, self.holder)


@dataclass(frozen=True, slots=True)
class _Steps:
    stage: str | None = None
    done: int | None = None
    total: int | None = None
    #: clock and number of rows when the stage began
    began: float = 0.0
    rows: int = 0


class JobMonitor:
    """Hears how far a run is, tells the application database, and stops the run when it must.

    Parameters
    ----------
    job
        The running job.
    journal
        Keeps it.
    claim
        The lease that lets it run.
    listener
        Hears everything too.
    lease_seconds
        How long others wait for a sign of life.
    timeout
        How long the job may take; None for as long as it likes.
    """

    def __init__(
        self,
        job: HarvestJob,
        journal: HarvestJournal,
        claim: Claim,
        listener: Progress,
        *,
        lease_seconds: float,
        timeout: timedelta | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._job, self._journal, self._claim, self._listener = job, journal, claim, listener
        self._lease_seconds, self._timeout, self._clock = lease_seconds, timeout, clock
        self._began = self._heard = clock()
        self._attempt, self._tally, self._steps = 1, Tally(), _Steps(began=self._began)
        self._lines: list[LogLine] = []
        self._lock = threading.Lock()
        self._ended, self._woken = threading.Event(), threading.Event()
        self._stop: Cancelled | None = None
        self._thread = threading.Thread(target=self._beat_on, name=f"shihyo-heart-{job.source}", daemon=True)

    def __enter__(self) -> JobMonitor:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()
        if self._lines:
            self.beat()

    def begin(self, attempt: int, tally: Tally) -> None:
        """Hear of an attempt, and of the rows that it counts."""
        self._attempt, self._tally = attempt, tally
        self._steps = _Steps(began=self._clock())

    def update(self, source: str, stage: str, done: int, total: int | None) -> None:
        """Hear that ``done`` of ``total`` steps of a stage are done.

        Raises
        ------
        StopRun
            If the run should not go on.
        """
        steps = self._steps
        if stage != steps.stage:
            steps = _Steps(stage=stage, began=self._clock(), rows=self._tally.read)
            self.log("info", _stage_label(stage, total))
        self._steps = _Steps(stage, done, total, steps.began, steps.rows)
        self._listener.update(source, stage, done, total)
        self.check()

    def check(self) -> None:
        """Raise :class:`StopRun` if the run should not go on."""
        if self._stop is not None:
            raise StopRun(self._stop)
        if self._timeout is not None and self._clock() - self._began > self._timeout.total_seconds():
            raise StopRun(_timed_out(self._timeout))

    def log(self, level: str, text: Label) -> None:
        """Add a line to the log of the job."""
        with self._lock:
            self._lines.append(LogLine(at=utc_now(), level=level, ja=text.ja, en=text.en))
            del self._lines[:-LINES_KEPT]

    def pause(self, seconds: float, attempt: int, retries: int, *, here: bool = True) -> None:
        """Tell of the next attempt, and wait for it unless that is done elsewhere.

        Raises
        ------
        StopRun
            If the run should not go on.
        """
        self.log(
            "warning",
            Label(
                f"一時的な失敗のため、{seconds:.0f}秒後に再試行します（{attempt}/{retries}回目）",
                f"It failed for a passing reason and is tried again in {seconds:.0f} seconds ({attempt} of {retries})",
            ),
        )
        self.update(self._job.source, "wait", 0, None)
        end = self._clock() + (seconds if here else 0)
        while (left := end - self._clock()) > 0:
            self._woken.wait(min(left, _LONGEST_BEAT))
            self.check()

    def beat(self) -> None:
        """Write how the job stands, renew the lease, and hear whether to stop."""
        with self._lock:
            lines, self._lines = self._lines, []
        try:
            asked = self._journal.beat(self._job.id, self._signs(), lines)
            held = self._claim.renew()
        except SQLAlchemyError:
            # The database may be back before the lease runs out; until then the lines wait.
            with self._lock:
                self._lines = lines + self._lines
            held, asked = self._clock() - self._heard < self._lease_seconds, False
        else:
            self._heard = self._clock()
        if asked or not held:
            self._stop = _cancelled() if asked else _lease_lost(self._job.source)
            self._woken.set()

    def _beat_on(self) -> None:
        interval = min(_LONGEST_BEAT, self._lease_seconds / _BEATS)
        while not self._ended.wait(interval):
            if self._hangs():
                return
            self.beat()

    def _hangs(self) -> bool:
        if self._timeout is None:
            return False
        return self._clock() - self._began > self._timeout.total_seconds() + self._lease_seconds

    def _signs(self) -> Signs:
        steps, rows = self._steps, self._tally.read
        elapsed = max(self._clock() - steps.began, 1e-6)
        left = elapsed * (steps.total - steps.done) / steps.done if steps.total and steps.done else None
        return Signs(
            attempt=self._attempt,
            stage=steps.stage,
            done=steps.done,
            total=steps.total,
            rows=rows,
            rows_per_second=round((rows - steps.rows) / elapsed, 1) if rows > steps.rows else None,
            eta=utc_text(datetime.now(UTC) + timedelta(seconds=left)) if left else None,
        )


def this_process() -> str:
    """Return the machine and process for people: ``host:1234``."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _stage_label(stage: str, total: int | None) -> Label:
    first, _, rest = stage.partition(" ")
    known = _STAGES.get(first, Label(first, first))
    ja, en = (f"（{total}件）", f" ({total})") if total else ("", "")
    return Label(f"{known.ja} {rest}".strip() + ja, f"{known.en} {rest}".strip() + en)


def _cancelled() -> Cancelled:
    return Cancelled(
        "人が止めました",
        "A person stopped it",
        next_step=Label("続けるには、もう一度実行してください", "Run it again to go on"),
    )


def _timed_out(timeout: timedelta) -> TimedOut:
    minutes = timeout.total_seconds() / 60
    return TimedOut(
        f"{minutes:g}分以内に終わりませんでした",
        f"It did not finish within {minutes:g} minutes",
        next_step=Label(
            "収集元が動いているか確かめ、必要なら harvest.yml の timeout を延ばしてください",
            "Check that the source is well; if it is, raise timeout in harvest.yml",
        ),
        minutes=minutes,
    )


def _lease_lost(source: str) -> LeaseLost:
    return LeaseLost(
        f"応答が途絶えたとみなされ、収集元「{source}」は別のプロセスが引き継げるようになりました",
        f"There was no sign of life, so another process may have taken over {source}",
        next_step=Label(
            "この機械の負荷と業務データベースへの接続を確かめてください。公開済みのものは変わりません",
            "Check the load of this machine and its connection to the application database; what is published stays",
        ),
        value=source,
    )
