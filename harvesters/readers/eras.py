"""Time as Japanese documents write it: eras, fiscal years, full-width digits -> :class:`~catalog.model.Period`.

===========================================  ==================
text                                         period
===========================================  ==================
``令和5年度`` ``R5年度`` ``2023年度``         ``FY2023``
``令和5年`` ``2023年`` ``2023``              ``2023``
``令和5年4月`` ``2023/4`` ``2023-04``        ``2023-M04``
``令和5年第2四半期``                         ``2023-Q2``
``令和元年5月7日`` ``R3.4.1`` ``H31.4.1``    a day
``2021/7/1`` ``2023-04-01`` ``20230401``     a day
===========================================  ==================

A fiscal year is never taken for a year. ``R5`` alone says neither; it is refused unless the caller knows which it is.
A date behind the end of its era (``H31.5.1``) is understood, because offices had forms printed, and is reported as
repaired. A date that does not exist (``H31.41``, ``令和5年2月30日``) is refused.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from catalog.errors import InvalidPeriod, Label
from catalog.model import Period, parse_period

#: what a bare ``R5`` or ``令和5`` is
Bare = Literal["fiscal_year", "year"]


@dataclass(frozen=True, slots=True)
class Era:
    """A Japanese era."""

    #: its name
    name: str
    #: its letter
    letter: str
    #: first day
    start: date
    #: last day; None if it goes on
    end: date | None

    def year(self, number: int) -> int:
        """Return the calendar year of a year of the era."""
        return self.start.year + number - 1


ERAS = (
    Era("明治", "M", date(1868, 1, 25), date(1912, 7, 29)),
    Era("大正", "T", date(1912, 7, 30), date(1926, 12, 24)),
    Era("昭和", "S", date(1926, 12, 25), date(1989, 1, 7)),
    Era("平成", "H", date(1989, 1, 8), date(2019, 4, 30)),
    Era("令和", "R", date(2019, 5, 1), None),
)
#: the first calendar day that may be written in the Gregorian way in Japan
_EARLIEST_YEAR, _LATEST_YEAR = 1873, 2200

_ERA = "(?P<era>" + "|".join([*(one.name for one in ERAS), *(one.letter for one in ERAS)]) + ")"
_YEAR = rf"(?:(?P<western>\d{{4}})|{_ERA}\s*\.?\s*(?P<number>\d{{1,3}}|元))"
_FORMS = (
    ("fiscal_year", re.compile(rf"{_YEAR}\s*年度")),
    ("fiscal_year", re.compile(r"FY\s*(?P<western>\d{4})")),
    ("quarter", re.compile(rf"{_YEAR}\s*年?\s*第?\s*(?P<quarter>[1-4])\s*四半期")),
    ("day", re.compile(rf"{_YEAR}\s*年\s*(?P<month>\d{{1,2}})\s*月\s*(?P<day>\d{{1,2}})\s*日")),
    ("day", re.compile(rf"{_YEAR}\s*[./-]\s*(?P<month>\d{{1,2}})\s*[./-]\s*(?P<day>\d{{1,2}})")),
    ("day", re.compile(r"(?P<western>\d{4})(?P<month>\d{2})(?P<day>\d{2})")),
    ("month", re.compile(rf"{_YEAR}\s*年\s*(?P<month>\d{{1,2}})\s*月(?!\s*\d)")),
    ("month", re.compile(rf"{_YEAR}\s*[./-]\s*(?P<month>\d{{1,2}})(?!\s*[.\d])")),
    ("year", re.compile(rf"{_YEAR}\s*年(?![度\s]*\d)")),
    ("year", re.compile(r"(?P<western>\d{4})")),
    ("bare", re.compile(rf"{_ERA}\s*(?P<number>\d{{1,3}}|元)")),
)
#: as they are searched in running text and names of files: the surest first, no bare digits
_IN_TEXT = tuple((form, pattern) for form, pattern in _FORMS if "年" in pattern.pattern or form == "bare")


@dataclass(frozen=True, slots=True)
class ReadTime:
    """A period with how it was written."""

    #: the period
    period: Period
    #: what had to be repaired to read it; None if nothing
    repair: Label | None = None


def read_time(text: str, *, bare: Bare | None = None) -> ReadTime:
    """Read a whole text as a period.

    Parameters
    ----------
    text
        As it stands in the source; width of digits and spaces around do not count.
    bare
        What ``R5`` without 年 or 年度 is.

    Raises
    ------
    InvalidPeriod
        If it is no time, no such day exists, or ``R5`` may be either; names the value.
    """
    narrow = unicodedata.normalize("NFKC", text).strip()
    for form, pattern in _FORMS:
        match = pattern.fullmatch(narrow)
        if match:
            return _read(text, form, match, bare)
    raise _invalid(text)


def read_moment(value: date | datetime) -> ReadTime:
    """Return the day of a cell that the spreadsheet holds as a date."""
    return ReadTime(parse_period(f"{value:%Y-%m-%d}"))


def find_times(text: str, *, bare: Bare | None = None) -> list[tuple[str, ReadTime]]:
    """Return the times that a text mentions, such as a title or the name of a file, surest form first.

    Mentions that lie within a longer one are left out, and so are bare eras unless ``bare`` says what they are.
    """
    narrow = unicodedata.normalize("NFKC", text)
    found: list[tuple[tuple[int, int], str, ReadTime]] = []
    for form, pattern in _IN_TEXT:
        for match in re.finditer(rf"(?<![A-Za-z0-9])(?:{pattern.pattern})(?![A-Za-z0-9])", narrow):
            inside = any(low <= match.start() and match.end() <= high for (low, high), _, _ in found)
            time = None if inside or (form == "bare" and bare is None) else _find(form, match, bare)
            if time is not None:
                found.append((match.span(), match.group(), time))
    return [(mention, time) for _, mention, time in found]


def _find(form: str, match: re.Match[str], bare: Bare | None) -> ReadTime | None:
    try:
        return _read(match.group(), form, match, bare)
    except InvalidPeriod:  # running text may have 13月 in it; only whole cells are held to be times
        return None


def _read(text: str, form: str, match: re.Match[str], bare: Bare | None) -> ReadTime:
    parts = match.groupdict()
    year = _year(text, parts)
    if form == "bare":
        if bare is None:
            raise _ambiguous(text)
        form = bare
    written = {
        "fiscal_year": f"FY{year:04d}",
        "year": f"{year:04d}",
        "quarter": f"{year:04d}-Q{parts.get('quarter')}",
        "month": f"{year:04d}-M{int(parts.get('month') or 0):02d}",
        "day": f"{year:04d}-{int(parts.get('month') or 0):02d}-{int(parts.get('day') or 0):02d}",
    }[form]
    try:
        period = parse_period(written)
    except InvalidPeriod as error:
        raise _invalid(text) from error
    return ReadTime(period, _overrun(parts, period))


def _year(text: str, parts: dict[str, str | None]) -> int:
    if parts.get("western"):
        year = int(parts["western"] or 0)
    else:
        number = 1 if parts["number"] == "元" else int(parts["number"] or 0)
        year = _era(parts).year(number)
        if number == 0:
            raise _invalid(text)
    if not _EARLIEST_YEAR <= year <= _LATEST_YEAR:
        raise _invalid(text)
    return year


def _era(parts: dict[str, str | None]) -> Era:
    return next(one for one in ERAS if parts["era"] in {one.name, one.letter})


def _overrun(parts: dict[str, str | None], period: Period) -> Label | None:
    if not parts.get("era"):
        return None
    era = _era(parts)
    if era.end is None or period.start <= era.end:
        return None
    return Label(
        f"{era.name}は{era.end:%Y-%m-%d}に終わっているため {period} と読みました",
        f"{era.name} ended on {era.end:%Y-%m-%d}; read as {period}",
    )


def _ambiguous(text: str) -> InvalidPeriod:
    return InvalidPeriod(
        f"「{text}」は年か年度か分かりません",
        f"{text!r} may be a calendar year or a fiscal year",
        next_step=Label(
            "「令和5年度」または「令和5年」と書くか、設定の period で指定してください",
            "Write 令和5年度 or 令和5年, or give the period in the configuration",
        ),
        value=text,
    )


def _invalid(text: str) -> InvalidPeriod:
    return InvalidPeriod(
        f"「{text}」は年月日として読めません",
        f"{text!r} is not a date or period",
        next_step=Label(
            "令和5年4月1日、R5.4.1、2023-04-01、令和5年度 のように書いてください",
            "Write it like 令和5年4月1日, R5.4.1, 2023-04-01 or 令和5年度",
        ),
        value=text,
    )
