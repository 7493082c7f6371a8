"""Leases: who may do something that one process at a time may do, on however many machines.

A lease is a row that its holder renews; one that is not renewed in time may be taken. Every method is one statement
that either changes the row or does not, so two processes never both hold it. Clocks of the machines must agree to a
part of the length of a lease (NTP).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from catalog.database.tables import harvest_lease


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A lease that somebody holds."""

    #: what it is about
    name: str
    #: who holds it: the id of a job
    holder: str
    #: id of the home folder of the holder
    home: str
    #: machine and process of the holder
    worker: str
    #: until when, ISO 8601 in UTC with milliseconds
    expires: str


class Leases:
    """Takes, renews and gives back leases.

    Parameters
    ----------
    engine
        The application database.
    seconds
        How long a lease lasts without being renewed.
    """

    def __init__(self, engine: Engine, seconds: float) -> None:
        self._engine = engine
        self._seconds = seconds

    def take(self, name: str, *, holder: str, home: str, worker: str) -> bool:
        """Take a lease that is free, has run out, or belongs to a process of the same home folder; say if it worked.

        The caller holds the file lock of the same name in its home folder, so another holder from there is dead.
        """
        values = {"holder": holder, "home": home, "worker": worker, "expires": self._expires()}
        free = or_(harvest_lease.c.expires < _now(), harvest_lease.c.home == home)
        with self._engine.begin() as connection:
            taken = update(harvest_lease).where(harvest_lease.c.name == name, free).values(**values)
            if connection.execute(taken).rowcount:
                return True
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(harvest_lease).values(name=name, **values))
        except IntegrityError:
            return False
        return True

    def renew(self, name: str, holder: str) -> bool:
        """Make a lease last; False if it is somebody else's by now."""
        mine = (harvest_lease.c.name == name) & (harvest_lease.c.holder == holder)
        with self._engine.begin() as connection:
            return connection.execute(update(harvest_lease).where(mine).values(expires=self._expires())).rowcount > 0

    def release(self, name: str, holder: str) -> None:
        """Give a lease back; does nothing if it is somebody else's by now."""
        mine = (harvest_lease.c.name == name) & (harvest_lease.c.holder == holder)
        with self._engine.begin() as connection:
            connection.execute(delete(harvest_lease).where(mine))

    def find(self, name: str) -> Lease | None:
        """Return a lease that has not run out, or None."""
        wanted = select(harvest_lease).where(harvest_lease.c.name == name, harvest_lease.c.expires >= _now())
        with self._engine.connect() as connection:
            row = connection.execute(wanted).first()
        return Lease(**row._mapping) if row else None

    def _expires(self) -> str:
        return _text(datetime.now(UTC) + timedelta(seconds=self._seconds))


def _now() -> str:
    return _text(datetime.now(UTC))


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
