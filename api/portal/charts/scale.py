"""Scales: from values and days to coordinates, and the ticks that people read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

_STEPS = (1, 2, 2.5, 5, 10)
_MONTHS = (1, 3, 6)
#: a stretch of values that cannot be divided any more; ticks have ten decimals
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map from a domain to a range of coordinates; a domain of no width maps to the middle of the range."""

    #: lowest value of the domain
    low: float
    #: highest value of the domain
    high: float
    #: coordinate of ``low``
    start: float
    #: coordinate of ``high``
    end: float

    def __call__(self, value: float) -> float:
        """Return the coordinate of a value."""
        if self.high == self.low:
            return (self.start + self.end) / 2
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def value_ticks(low: float, high: float, count: int) -> tuple[float, ...]:
    """Return about ``count`` round values that enclose ``low`` to ``high``, zero among them."""
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < _NOTHING:
        high = 1.0
    step = _round_up((high - low) / max(count, 1))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(round(index * step, 10) for index in range(first, last + 1))


def _round_up(rough: float) -> float:
    magnitude = 10.0 ** math.floor(math.log10(rough))
    return next(step * magnitude for step in _STEPS if step * magnitude >= rough * (1 - 1e-9))


def day_ticks(first: date, last: date, count: int) -> tuple[date, ...]:
    """Return at most ``count`` first days of months or years between two days, both included, evenly spaced.

    A stretch without a first day of a month has its first day as the only tick.
    """
    months = (last.year - first.year) * 12 + last.month - first.month
    years = (12 * step for step in range(1, last.year - first.year + 2))
    for step in (*_MONTHS, *years):
        ticks = _every(first, last, months, step)
        if len(ticks) <= count:
            return ticks or (first,)
    return (first,)


def _every(first: date, last: date, months: int, step: int) -> tuple[date, ...]:
    start = first.year * 12 + first.month - 1
    days = (date(*_year_month(index), 1) for index in range(start, start + months + 1) if index % step == 0)
    return tuple(day for day in days if first <= day <= last)


def _year_month(index: int) -> tuple[int, int]:
    return index // 12, index % 12 + 1
