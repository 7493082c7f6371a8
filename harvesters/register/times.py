"""Years and months in the headings and cells of registers."""

from __future__ import annotations

import re
import unicodedata

from catalog.errors import InvalidPeriod
from catalog.model import Period, parse_period
from harvesters.readers.eras import find_times, read_time
from harvesters.readers.tables import Column, fold

#: month that a fiscal year begins with
_FIRST_MONTH = 4
_MONTH = re.compile(r"(?<!\d)(\d{1,2})月|第([1-4])四半期|([上下])半?期")


def year_of(column: Column) -> Period | None:
    """Return the year that a heading mentions."""
    return time_of(column)[0]


def time_of(column: Column) -> tuple[Period | None, str | None]:
    """Return the year and the part of it that the headings of a column mention."""
    narrow = unicodedata.normalize("NFKC", column.name)
    years = {
        found: mention
        for mention, time in find_times(narrow, bare="fiscal_year") or find_times(_spaced(narrow), bare="fiscal_year")
        if (found := _as_fiscal_year(time.period, mention)) is not None
    }
    month = _MONTH.search(narrow)
    return (next(iter(years)) if len(years) == 1 else None), (month.group() if month else None)


def _spaced(text: str) -> str:
    """Return a heading with spaces between an era or year and what follows: ``R5件数`` is ``R5 件数``."""
    return re.sub(r"(\d年度?|[MTSHR]\d{1,2})(?=\D)", r"\1 ", text)


def without_time(column: Column) -> str:
    """Return the headings of a column without what says the time: ``令和5年度 / 件数`` is ``件数``."""
    narrow = unicodedata.normalize("NFKC", column.path[-1])
    rest = re.sub(
        r"(?:令和|平成|[RH])?\s*(?:\d+|元)年度?|\d{1,2}月分?|第[1-4]四半期|[上下]半?期|[RH]\d{1,2}(?=\D)|FY\d{4}",
        "",
        narrow,
    )
    return fold(re.sub(r"^[\s_・/\-のの(]+|[\s_・/\-()]+$", "", rest) if rest != narrow else narrow)


def fiscal_year(text: str, heading: str) -> Period | None:
    """Return the year that a cell says, as its heading means it; None if it says none."""
    try:
        period = read_time(text.removesuffix("T00:00:00").removesuffix(".0"), bare="fiscal_year").period
    except InvalidPeriod:  # the caller reports the row
        return None
    return _as_fiscal_year(period, heading)


def _as_fiscal_year(period: Period, heading: str) -> Period | None:
    """Return the year that cases of a time belong to: of a month or day the fiscal year, below 年度 any year is one."""
    if period.form in {"month", "day", "quarter"}:
        year = period.start.year - (period.start.month < _FIRST_MONTH)
        return parse_period(f"FY{year:04d}")
    return parse_period(f"FY{period}") if period.form == "year" and "年度" in heading else period
