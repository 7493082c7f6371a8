"""Periods: how time is written, so that neither people nor Excel mistake it.

======================  ===========================  =======================================
text                    what                         e.g.
======================  ===========================  =======================================
``YYYY``                calendar year                ``2024``
``FYYYYY``              Japanese fiscal year,        ``FY2023`` is 2023-04-01 to 2024-03-31
                        April to March
``YYYY-Qn``             calendar quarter             ``2024-Q1``
``YYYY-Mnn``            month                        ``2024-M04`` (never ``2024-04``, which Excel
                                                     turns into a date)
``YYYY-MM-DD``          day (a reference date)       ``2022-12-31``
======================  ===========================  =======================================

The forms are those of SDMX TIME_PERIOD (SDMX 3.0 section 2, part 4) except the fiscal year, which SDMX writes
``2023-A1`` with a REPORTING_YEAR_START_DAY; ``FY`` is said in Japanese statistics.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from catalog.errors import InvalidPeriod, Label

#: SDMX CL_FREQ code of each form
FREQUENCIES = {"year": "A", "fiscal_year": "A", "quarter": "Q", "month": "M", "day": "D"}

_FORMS = (
    ("year", re.compile(r"(?P<year>[0-9]{4})")),
    ("fiscal_year", re.compile(r"FY(?P<year>[0-9]{4})")),
    ("quarter", re.compile(r"(?P<year>[0-9]{4})-Q(?P<part>[1-4])")),
    ("month", re.compile(r"(?P<year>[0-9]{4})-M(?P<part>0[1-9]|1[0-2])")),
    ("day", re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})")),
)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A stretch of time with the text that names it; ordered by start, then end."""

    #: first day
    start: date
    #: last day, included
    end: date
    #: the text, in the grammar of this module
    text: str
    #: year, fiscal_year, quarter, month or day
    form: str

    def __str__(self) -> str:
        return self.text

    def within(self, first: date, last: date) -> bool:
        """Return whether the whole period lies between two days, both included."""
        return first <= self.start and self.end <= last


@lru_cache(maxsize=65536)
def parse_period(text: str) -> Period:
    """Parse a period.

    Raises
    ------
    InvalidPeriod
        If the text is not of the grammar, or no such day exists.
    """
    for form, pattern in _FORMS:
        match = pattern.fullmatch(text)
        if match and match.group("year") != "0000":
            try:
                start, end = _bounds(form, {key: int(part) for key, part in match.groupdict().items()})
            except (ValueError, OverflowError) as error:
                raise _invalid(text) from error
            return Period(start, end, text, form)
    raise _invalid(text)


def _bounds(form: str, parts: dict[str, int]) -> tuple[date, date]:
    year, part = parts["year"], parts.get("part", 1)
    if form == "day":
        day = date(year, parts["month"], parts["day"])
        return day, day
    first_month, months = {
        "year": (1, 12),
        "fiscal_year": (4, 12),
        "quarter": (3 * part - 2, 3),
        "month": (part, 1),
    }[form]
    years, month = divmod(first_month - 1 + months, 12)
    return date(year, first_month, 1), date(year + years, month + 1, 1) - timedelta(days=1)


def _invalid(text: str) -> InvalidPeriod:
    return InvalidPeriod(
        f"「{text}」は期間として読めません",
        f"{text!r} is not a period",
        next_step=Label(
            "2024、FY2023、2024-Q1、2024-M04、2022-12-31 のように書いてください",
            "Write it like 2024, FY2023, 2024-Q1, 2024-M04 or 2022-12-31",
        ),
        value=text,
    )
