"""The grammar of ``time=``.

======================  ===============================================================================
text                    what it selects
======================  ===============================================================================
``2021``                every period that lies within 2021: the year itself, its quarters, months, days
``FY2023``              every period within the fiscal year, April 2023 to March 2024
``2019:2021``           from the first day of 2019 to the last day of 2021
``2024-Q1:2024-Q4``     the same with quarters; the two ends may differ in form
``2019:`` ``:2021``     open ranges
``latest``              the last period of each indicator and definition that the release holds
``latest:3``            the last three
``2017,2019:,latest``   a comma means *or*
======================  ===============================================================================

Periods themselves are written as :mod:`catalog.model.period` says. A term selects whole periods only: ``2021`` does
not select ``FY2021``, which ends in March 2022.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from catalog.errors import InvalidPeriod, Label
from catalog.model.period import Period, parse_period

#: ``latest:N`` takes at most this many periods
MOST_LATEST = 1000

_LATEST = re.compile(r"latest(?::(?P<count>[1-9][0-9]{0,3}))?")


@dataclass(frozen=True, slots=True)
class Latest:
    """The last periods of each series."""

    #: how many
    count: int = 1

    def __str__(self) -> str:
        return "latest" if self.count == 1 else f"latest:{self.count}"

    def select(self, periods: Sequence[Period]) -> Sequence[Period]:
        """Return the selected ones of ``periods``, which are in order of time."""
        return periods[-self.count :]


@dataclass(frozen=True, slots=True)
class Between:
    """All periods that lie wholly between two days."""

    #: as it was written, without spaces
    text: str
    #: first day, or the first there is
    first: date = date.min
    #: last day, or the last there is
    last: date = date.max

    def __str__(self) -> str:
        return self.text

    def select(self, periods: Sequence[Period]) -> Sequence[Period]:
        """Return the selected ones of ``periods``."""
        return [one for one in periods if one.within(self.first, self.last)]


@dataclass(frozen=True, slots=True)
class TimeFilter:
    """What ``time=`` asks for: the union of its terms; no term at all selects everything."""

    #: sorted by their text, without repetition
    terms: tuple[Latest | Between, ...] = ()

    def __str__(self) -> str:
        return ",".join(str(term) for term in self.terms)

    def select(self, periods: Sequence[Period]) -> tuple[Period, ...]:
        """Return the selected ones of the periods of one series, which are in order of time (:func:`chronological`)."""
        if not self.terms:
            return tuple(periods)
        chosen = {period for term in self.terms for period in term.select(periods)}
        return tuple(one for one in periods if one in chosen)


def chronological(period: Period) -> tuple[date, date, str]:
    """Sort key by which the last period is the one that ends last; of two that end together, the shorter one."""
    return (period.end, period.start, period.text)


def parse_time(text: str) -> TimeFilter:
    """Parse the value of ``time=``.

    Raises
    ------
    InvalidPeriod
        If a term is not of the grammar; ``context`` has ``value``, the term alone, and ``nearest`` where one is known.
    """
    terms = {str(term): term for term in (_parse_term(part.strip()) for part in text.split(","))}
    return TimeFilter(tuple(terms[key] for key in sorted(terms)))


def _parse_term(text: str) -> Latest | Between:
    match = _LATEST.fullmatch(text)
    if match and int(match["count"] or 1) <= MOST_LATEST:
        return Latest(int(match["count"] or 1))
    if text.startswith("latest"):
        raise _invalid(text, "latest")
    if ":" in text:
        return _parse_range(text)
    period = _parse_end(text, text)
    return Between(text, period.start, period.end)


def _parse_range(text: str) -> Between:
    ends = [part.strip() for part in text.split(":")]
    if len(ends) != 2 or ends == ["", ""]:
        raise _invalid(text, None)
    first, last = (_parse_end(end, text) if end else None for end in ends)
    if first and last and first.start > last.end:
        raise _invalid(text, f"{ends[1]}:{ends[0]}")
    return Between(":".join(ends), first.start if first else date.min, last.end if last else date.max)


def _parse_end(text: str, term: str) -> Period:
    try:
        return parse_period(text)
    except InvalidPeriod as error:
        meant = _nearest(text)
        raise _invalid(term, meant and term.replace(text, meant, 1)) from error


#: how people write periods -> how they are written here
_HABITS = (
    (re.compile(r"(\d{4})[-/](0?[1-9]|1[0-2])"), lambda m: f"{m[1]}-M{int(m[2]):02}"),
    (re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})"), lambda m: f"{m[1]}-{int(m[2]):02}-{int(m[3]):02}"),
    (re.compile(r"(\d{4})-?[Mm](\d{1,2})"), lambda m: f"{m[1]}-M{int(m[2]):02}"),
    (re.compile(r"(\d{4})-?[Qq]([1-4])"), lambda m: f"{m[1]}-Q{m[2]}"),
    (re.compile(r"(?:[Ff][Yy])?(\d{4})(?:年度|[Ff][Yy])?"), lambda m: f"FY{m[1]}"),
    (re.compile(r"(\d{4})年"), lambda m: m[1]),
)


def _nearest(text: str) -> str | None:
    """Return what was probably meant, or None."""
    for pattern, write in _HABITS:
        match = pattern.fullmatch(text)
        if match and _is_period(write(match)):
            return write(match)
    return None


def _is_period(text: str) -> bool:
    try:
        parse_period(text)
    except InvalidPeriod:
        return False
    return True


def _invalid(text: str, nearest: str | None) -> InvalidPeriod:
    return InvalidPeriod(
        f"「{text}」は期間の指定として読めません",
        f"{text!r} does not select periods",
        next_step=Label(
            "2021、2019:2021、2019:、latest、latest:3、FY2023、2024-Q1:2024-Q4 のように書いてください",
            "Write it like 2021, 2019:2021, 2019:, latest, latest:3, FY2023 or 2024-Q1:2024-Q4",
        ),
        value=text,
        nearest=nearest,
    )
