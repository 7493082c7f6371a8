"""Times as columns write them, by the form that the mapping declares.

================  ===========================================  ====================
form              text                                         period
================  ===========================================  ====================
``date``          2021/4/1, R3.4.1, 20210401, a date cell      ``2021-04-01``
``month``         2021-04, 202104, 令和3年4月                   ``2021-M04``
``quarter``       2021Q1, 2021-Q1, 令和3年第1四半期              ``2021-Q1``
``fiscal-quarter`` 2021Q1, 令和3年度第1四半期                    ``2021-Q2``
``year``          2021, R3, 令和3, 2021年                       ``2021``
``fiscal-year``   2021, R3, 令和3, 2021年度                     ``FY2021``
``estat``         2021100000, 2021000000, 2021000406, 2021000404  ``FY2021`` ``2021`` ``2021-Q2`` ``2021-M04``
none              as people write it, ``R3`` refused; FY2021, 2021-M04 as we write it
================  ===========================================  ====================

References
----------
e-Stat, time codes of the statistics database (時間軸コード): YYYY, 00 or 10 (fiscal year), first and last month.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, timedelta

from catalog.errors import InvalidPeriod, Label
from catalog.model import Period, parse_period
from harvesters.readers.eras import Bare, ReadTime, find_times, read_moment, read_time

_ESTAT = re.compile(r"(?P<year>\d{4})(?P<kind>00|10)(?P<first>\d{2})(?P<last>\d{2})")
_MONTHS_IN_QUARTER = 3
_FIRST_MONTH_OF_FISCAL_YEAR = 4


def _own_form(text: str) -> ReadTime | None:
    """Return a time that is written as the product writes it: FY2021, 2021-Q1, 2021-M04."""
    try:
        return ReadTime(parse_period(text))
    except InvalidPeriod:
        return None


def _any(text: str) -> ReadTime:
    return _own_form(text) or read_time(text)


def _date(text: str) -> ReadTime:
    return _as_form(text, read_time(re.sub(r"[T ]00:00(:00(\.0+)?)?(Z|[+-]\d{2}:?\d{2})?$", "", text)), "day")


def _month(text: str) -> ReadTime:
    compact = re.fullmatch(r"(\d{4})(\d{2})", text)
    found = read_time(f"{compact[1]}-{compact[2]}") if compact else _any(text)
    if found.period.form == "day" and found.period.start.day == 1:
        return ReadTime(parse_period(f"{found.period.start:%Y-M%m}"), found.repair)
    return _as_form(text, found, "month")


def _quarter(text: str) -> ReadTime:
    compact = re.fullmatch(r"(\d{4})\s*[-/]?\s*(?:Q|第)?([1-4])(?:Q|四半期)?", text, re.IGNORECASE)
    return ReadTime(parse_period(f"{compact[1]}-Q{compact[2]}")) if compact else _as_form(text, _any(text), "quarter")


def _fiscal_quarter(text: str) -> ReadTime:
    found = _quarter(re.sub(r"年度", "年", text)).period
    year, quarter = found.start.year, (found.start.month - 1) // _MONTHS_IN_QUARTER + 1
    year, quarter = (year + 1, 1) if quarter == 4 else (year, quarter + 1)
    return ReadTime(parse_period(f"{year}-Q{quarter}"))


def _year(text: str) -> ReadTime:
    return _as_form(text, _own_form(text) or read_time(text, bare="year"), "year")


def _fiscal_year(text: str) -> ReadTime:
    if re.fullmatch(r"\d{4}", text):
        return ReadTime(parse_period(f"FY{text}"))
    return _as_form(text, _own_form(text) or read_time(text, bare="fiscal_year"), "fiscal_year")


def _estat(text: str) -> ReadTime:
    match = _ESTAT.fullmatch(text)
    if match is None:
        raise _no_time(text, "estat")
    year, first, last = match["year"], int(match["first"]), int(match["last"])
    if (first, last) == (0, 0):
        return ReadTime(parse_period(f"FY{year}" if match["kind"] == "10" else year))
    if first == last:
        return ReadTime(parse_period(f"{year}-M{first:02d}"))
    if match["kind"] == "00" and first % _MONTHS_IN_QUARTER == 1 and last == first + _MONTHS_IN_QUARTER - 1:
        return ReadTime(parse_period(f"{year}-Q{last // _MONTHS_IN_QUARTER}"))
    raise _no_time(text, "estat")


#: form -> how its texts are read; the texts are NFKC without spaces around
FORMS: dict[str, Callable[[str], ReadTime]] = {
    "date": _date,
    "month": _month,
    "quarter": _quarter,
    "fiscal-quarter": _fiscal_quarter,
    "year": _year,
    "fiscal-year": _fiscal_year,
    "estat": _estat,
}
#: form -> SDMX CL_FREQ code of its periods
FREQUENCIES = {
    "date": "I",
    "month": "M",
    "quarter": "Q",
    "fiscal-quarter": "Q",
    "year": "A",
    "fiscal-year": "A",
}
_BARE: dict[str, Bare] = {"fiscal-year": "fiscal_year", "year": "year"}


def read_column_time(value: object, form: str | None) -> ReadTime:
    """Read a cell as a time.

    Parameters
    ----------
    value
        A text, or the moment that the source holds.
    form
        A key of :data:`FORMS`, or None to read what people write.

    Raises
    ------
    InvalidPeriod
        If it is no time of this form.
    """
    if isinstance(value, date | datetime):
        moment = read_moment(value)
        return moment if form in {None, "date"} else FORMS[str(form)](f"{moment.period}")
    text = unicodedata.normalize("NFKC", str(value)).strip()
    try:
        return FORMS[form](text) if form else _any(text)
    except InvalidPeriod as error:
        raise _no_time(str(value), form) if form or _why(text).ja else error from error


def find_time(text: str, form: str | None) -> ReadTime:
    """Return the one time that a running text mentions, such as the name of a sheet or a title.

    Raises
    ------
    InvalidPeriod
        If it mentions none or several.
    """
    try:
        return read_column_time(text, form)
    except InvalidPeriod:
        found = {
            time.period: time
            for _, time in find_times(text, bare=_BARE.get(form or ""))
            if _has_form(time.period, form)
        }
    if len(found) != 1:
        raise _no_time(text, form)
    return next(iter(found.values()))


_FORM_OF = {"date": "day", "month": "month", "quarter": "quarter", "year": "year", "fiscal-year": "fiscal_year"}


def _has_form(period: Period, form: str | None) -> bool:
    return form is None or _FORM_OF.get(form) == period.form


def _as_form(text: str, found: ReadTime, form: str) -> ReadTime:
    if found.period.form != form:
        raise _no_time(text, form)
    return found


#: days from 1900 on that spreadsheets count, for the years 1982 to 2064
_SERIALS = range(30_000, 60_000)
#: day 0 of the count, where 1900 has a 29 February that never was
_DAY_ZERO = date(1899, 12, 30)


_HALF = re.compile("上半?期|下半?期|前期|後期|半期")
_NO_HALVES = Label(
    "。半期は表せません。四半期か年度で書くか、mapping の codes で期間に対応させてください",
    "; there are no halves of years: write quarters or fiscal years, or map it to a period in codes of the mapping",
)


def _why(text: str) -> Label:
    """Return what a text may be that is no time: half a year, or the day of a spreadsheet's count; else nothing."""
    if _HALF.search(text):
        return _NO_HALVES
    plain = text.strip().removesuffix(".0")
    if not plain.isdecimal() or int(plain) not in _SERIALS:
        return Label("", "")
    day = _DAY_ZERO + timedelta(days=int(plain))
    return Label(
        f"。表計算ソフトの日付の通し番号なら {day} です。セルの書式を日付にしてください",
        f"; if it is the serial number of a date in a spreadsheet, it is {day}: format the cell as a date",
    )


def _no_time(text: str, form: str | None) -> InvalidPeriod:
    shown = f"（as: {form}）" if form else ""
    why = _why(text)
    return InvalidPeriod(
        f"「{text}」は時点・期間として読めません{shown}{why.ja}",
        f"{text!r} is no period" + (f" (as: {form})" if form else "") + why.en,
        next_step=Label("書き方を直すか、mapping の as を直してください", "Correct it, or correct as in the mapping"),
        value=text,
    )
