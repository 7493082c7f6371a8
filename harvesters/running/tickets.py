"""Tickets in Redis: who takes which job next. The only module that uses RQ.

The application database knows what is to be done; a ticket only names a job of it. So a ticket that is lost is written
again, and one that comes twice finds its job taken. Tickets are JSON, and whatever function Redis names, a worker does
one thing: who can write to Redis must not be able to run code on the workers.

A worker does its jobs in its own process, one after the other (:class:`rq.SimpleWorker`): a fork would take over the
threads of DuckDB and Arrow without their threads.

References
----------
RQ 3.0.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from redis import Redis
from redis.exceptions import RedisError
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

    def serve(self, desk: Callable[[str], None], *, burst: bool) -> None:
        """Take tickets and do their jobs until SIGTERM or Ctrl-C, which let the job under way finish.

        Parameters
        ----------
        desk
            Does a job by its id; what it raises is RQ's to log.
        burst
            True to end when there are no tickets.

        Raises
        ------
        QueueError
            If Redis does not answer from the beginning.
        """
        token = _DESK.set(desk)
        try:
            with _explained():
                self._redis.ping()
                worker = SimpleWorker(
                    [self._queue], connection=self._redis, job_class=Ticket, serializer=JSONSerializer
                )
                worker.work(burst=burst, logging_level="WARNING")
        finally:
            _DESK.reset(token)

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
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
