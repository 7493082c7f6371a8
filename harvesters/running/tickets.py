"""Tickets in Redis: who takes which job next. The only module that uses RQ.

The application database knows what is to be done; a ticket only names a job of it. So a ticket that is lost is written
again, and one that comes twice finds its job taken. Tickets are JSON, and whatever function Redis names, a worker does
one thing: who can write to Redis must not be able to run code on the workers.

A Redis that goes away does not end a worker: the job under way is finished, for the application database keeps it, and
the worker waits until Redis answers again.

A worker does its jobs in its own process, one after the other (:class:`rq.SimpleWorker`): a fork would take over the
threads of DuckDB and Arrow without their threads.

References
----------
RQ 3.0.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from redis import Redis
from redis.exceptions import AuthenticationError, AuthorizationError, NoPermissionError, RedisError
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from catalog.database import HarvestJob
from catalog.errors import Label, QueueError

#: name of the queue in Redis
NAME = "shihyo-harvest"
#: seconds that Redis keeps a ticket that failed
_FAILED_SECONDS = 3600
#: seconds to wait for Redis
_PATIENCE = 5
#: seconds between two looks whether Redis is back
_AWAY_SECONDS = 2.0
_REFUSALS = (AuthenticationError, AuthorizationError, NoPermissionError)

#: does the job of a ticket
_DESK: ContextVar[Callable[[str], None]] = ContextVar("desk")


def work(job_id: str) -> None:
    """Do the job that a ticket names; what every ticket means."""
    _DESK.get()(job_id)


class Ticket(Job):
    """A ticket: RQ's job, which names a job of ours."""

    @property
    def func(self) -> Callable[[str], None]:
        """What a ticket means, whatever Redis says."""
        return work


class _Worker(SimpleWorker):
    """RQ's worker, which may be asked to stop while Redis is away."""

    def set_shutdown_requested_date(self) -> None:
        """Tell Redis that the worker will stop, if it listens; an error here would end up in the job under way."""
        with contextlib.suppress(RedisError):
            super().set_shutdown_requested_date()  # type: ignore[no-untyped-call]

    @property
    def is_to_stop(self) -> bool:
        """Whether somebody asked it to stop."""
        return self._stop_requested


def _is_ours_to_tell(record: logging.LogRecord) -> bool:
    """Return whether RQ may log something: that Redis went is told by us, without fifty lines of Python."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, RedisError | OSError)


class Tickets:
    """The tickets of one Redis.

    Parameters
    ----------
    url
        Of the Redis.
    """

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_connect_timeout=_PATIENCE)
        self._queue = Queue(NAME, connection=self._redis, job_class=Ticket, serializer=JSONSerializer)

    def put(self, job: HarvestJob) -> None:
        """Write a ticket for a job.

        Raises
        ------
        QueueError
            If Redis does not take it; the job waits in the application database.
        """
        with _explained():
            self._queue.enqueue_call(
                work,
                args=[job.id],
                job_id=f"{job.id}-{secrets.token_hex(4)}",
                timeout=-1,
                result_ttl=0,
                failure_ttl=_FAILED_SECONDS,
                description=job.source,
            )

    def waiting(self) -> set[str]:
        """Return the ids of the jobs whose tickets no worker has taken yet.

        Raises
        ------
        QueueError
            If Redis does not answer.
        """
        with _explained():
            return {ticket.rpartition("-")[0] for ticket in self._queue.get_job_ids()}

    def serve(self, desk: Callable[[str], None], *, burst: bool, tell: Callable[[Label], None]) -> None:
        """Take tickets and do their jobs until SIGTERM or Ctrl-C, which let the job under way finish.

        Parameters
        ----------
        desk
            Does a job by its id; what it raises is RQ's to log.
        burst
            True to end when there are no tickets.
        tell
            Takes what people should know.

        Raises
        ------
        QueueError
            If Redis does not answer from the beginning, or not any more with ``burst``.
        """
        logging.getLogger("rq.worker").addFilter(_is_ours_to_tell)
        token = _DESK.set(desk)
        try:
            with _explained():
                self._redis.ping()
            while self._work(burst=burst, tell=tell) and self._is_back():
                tell(Label("待ち行列（Redis）が戻りました", "The queue (Redis) is back"))
        finally:
            _DESK.reset(token)

    def _work(self, *, burst: bool, tell: Callable[[Label], None]) -> bool:
        """Work until asked to stop; True if Redis went away before."""
        worker: _Worker | None = None
        try:
            with _explained():
                worker = _Worker([self._queue], connection=self._redis, job_class=Ticket, serializer=JSONSerializer)
                worker.work(burst=burst, logging_level="WARNING")
        except QueueError as error:
            if burst:
                raise
            tell(Label(error.message("ja"), error.message("en")))
            return worker is None or not worker.is_to_stop
        return False

    def _is_back(self) -> bool:
        """Wait until Redis answers; False if asked to stop before."""
        with _asked_to_stop() as asked:
            while not asked.wait(_AWAY_SECONDS):
                with contextlib.suppress(RedisError, OSError):
                    self._redis.ping()
                    return True
        return False

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Yield an event that SIGTERM and Ctrl-C set; only the main thread hears them."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = {one: signal.signal(one, lambda *_: asked.set()) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for one, action in before.items():
            signal.signal(one, action)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except _REFUSALS as error:
        raise QueueError(
            "ジョブの待ち行列（Redis）が、利用者名かパスワードを受け付けません",
            "The queue of jobs (Redis) refuses the user name or the password",
            next_step=Label(
                "SHIHYO_QUEUE_URL を redis://利用者名:パスワード@ホスト:ポート/0 の形で確かめてください",
                "Check SHIHYO_QUEUE_URL, written as redis://user:password@host:port/0",
            ),
            reason=type(error).__name__,
        ) from error
    except (RedisError, OSError) as error:
        raise QueueError(
            "ジョブの待ち行列（Redis）が応答しません",
            "The queue of jobs (Redis) does not answer",
            next_step=Label(
                "SHIHYO_QUEUE_URL と、Redisが動いていることを確かめてください。ジョブは業務データベースに残っています",
                "Check SHIHYO_QUEUE_URL and that Redis runs; the jobs are still in the application database",
            ),
            reason=str(error),
        ) from error
