"""Times as CKAN writes them: naive UTC, ISO 8601, always six decimals, so that text order is time order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def as_text(moment: datetime) -> str:
    """Return ``2026-11-22T07:36:15.233798`` for a moment; a naive one is taken as UTC."""
    naive = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return naive.isoformat(timespec="microseconds")


def now() -> str:
    """Return the current time."""
    return as_text(datetime.now(UTC))


def after(previous: str | None) -> str:
    """Return the current time, or a microsecond after ``previous`` if that is later."""
    current = now()
    if previous is None or current > previous:
        return current
    return as_text(datetime.fromisoformat(previous) + timedelta(microseconds=1))
