"""What schedules and digests remember: since when a schedule is what it is, and what was sent to whom."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from catalog.database.tables import harvest_delivery, harvest_schedule

SENT, FAILED = "sent", "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to send a digest."""

    #: mail or webhook
    channel: str
    #: the jobs that it told of ended after ``since`` and not after ``until``, ISO 8601 in UTC
    since: str
    until: str
    #: when it was sent
    at: str
    #: ``sent`` or ``failed``
    status: str
    #: why it failed, or None
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


class RunningJournal:
    """Reads and writes these tables; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def schedule_since(self, source: str, schedule: str) -> str | None:
        """Return since when a source has this schedule, ISO 8601 in UTC; None if it was not seen before."""
        this = (harvest_schedule.c.source == source) & (harvest_schedule.c.schedule == schedule)
        with self._engine.connect() as connection:
            return connection.execute(select(harvest_schedule.c.since).where(this)).scalar()

    def note_schedule(self, source: str, schedule: str, now: str) -> str:
        """Write down that a source has this schedule, and return since when."""
        known = self.schedule_since(source, schedule)
        if known is not None:
            return known
        values = {"schedule": schedule, "since": now}
        this = update(harvest_schedule).where(harvest_schedule.c.source == source)
        try:
            with self._engine.begin() as connection:
                if not connection.execute(this.values(**values)).rowcount:
                    connection.execute(insert(harvest_schedule).values(source=source, **values))
        except IntegrityError:
            # Another process noted it in between.
            return self.schedule_since(source, schedule) or now
        return now

    def record_delivery(self, delivery: Delivery) -> None:
        """Write what became of sending a digest."""
        with self._engine.begin() as connection:
            connection.execute(insert(harvest_delivery).values(**asdict(delivery)))

    def find_delivery(self, channel: str, status: str | None = None) -> Delivery | None:
        """Return the newest delivery over a channel, of one status if it is given, or None."""
        wanted = select(harvest_delivery).where(harvest_delivery.c.channel == channel)
        if status is not None:
            wanted = wanted.where(harvest_delivery.c.status == status)
        with self._engine.connect() as connection:
            row = connection.execute(wanted.order_by(harvest_delivery.c.id.desc()).limit(1)).first()
        return _delivery(row) if row else None


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(**{key: value for key, value in row._mapping.items() if key != "id"})
