"""Read the dates of a query: ISO 8601 and Solr's date mathematics (``NOW-7DAYS/DAY``).

References
----------
Solr reference guide, "Date Formatting and Date Math".
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from catalog.embedded.clock import as_text

_STEP = re.compile(r"([+-])(\d{1,6})(YEAR|MONTH|DAY|HOUR|MINUTE|SECOND)S?|/(YEAR|MONTH|DAY|HOUR|MINUTE|SECOND)S?")
_LENGTH = {"DAY": "days", "HOUR": "hours", "MINUTE": "minutes", "SECOND": "seconds"}
_PARTS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
_WHOLE_YEAR_OR_MONTH = {4: "-01-01", 7: "-01"}


def read_date(text: str, moment: datetime | None = None) -> str:
    """Return a date of a query as the catalogue writes times: naive UTC, six decimals.

    Raises
    ------
    ValueError
        If it is no date.
    """
    if not text.startswith("NOW"):
        return as_text(datetime.fromisoformat(text + _WHOLE_YEAR_OR_MONTH.get(len(text), "")))
    current, rest = (moment or datetime.now(UTC)), text.removeprefix("NOW")
    while rest:
        step = _STEP.match(rest)
        if not step:
            raise ValueError(text)
        current, rest = _apply(current, step), rest[step.end() :]
    return as_text(current)


def _apply(moment: datetime, step: re.Match[str]) -> datetime:
    sign, amount, unit, rounded = step.groups()
    if rounded:
        return _round(moment, rounded)
    number = int(f"{sign}{amount}")
    try:
        if unit in _LENGTH:
            return moment + timedelta(**{_LENGTH[unit]: number})
        return _add_months(moment, number * (12 if unit == "YEAR" else 1))
    except OverflowError as error:
        raise ValueError(step.group()) from error


def _round(moment: datetime, unit: str) -> datetime:
    smaller = _PARTS[_PARTS.index(unit) + 1 :]
    start = {"MONTH": 1, "DAY": 1}
    parts = {part.lower(): start.get(part, 0) for part in smaller}
    return moment.replace(microsecond=0, **parts)  # type: ignore[arg-type]


def _add_months(moment: datetime, number: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + number, 12)
    day = min(moment.day, _days_in(year, month + 1))
    return moment.replace(year=year, month=month + 1, day=day)


def _days_in(year: int, month: int) -> int:
    following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return (following - timedelta(days=1)).day
