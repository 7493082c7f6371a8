"""What the readers of SDMX formats have in common: observations as rows, and the columns that are worked out.

An observation is a row of component id -> cell: its dimensions, ``OBS_VALUE``, and all attributes that hold for it,
whichever level they stand on (dataset, group, series, observation). Three columns are added:

``value``
    ``OBS_VALUE`` times ten to the power of ``UNIT_MULT``; NaN, which SDMX writes for a missing value, is empty.
``period``
    ``TIME_PERIOD`` as a period of ours, if it is one: ``2021-04`` is ``2021-M04``; ``2021-A1`` with
    ``REPORTING_YEAR_START_DAY`` ``--04-01``, and ``2021-04-01/P1Y``, are ``FY2021``.
``area``
    ``REF_AREA`` (or ``GEO``); ISO 3166 codes of Japan and its prefectures (``JP``, ``JP-12``) as area codes of ours.

What cannot be worked out stands there as it is, so that a complaint shows it.

References
----------
SDMX 3.0, section 2 (Information Model), part 4.2.6 (TIME_PERIOD) and section 6, 4.2 (reporting time periods); SDMX
Content-Oriented Guidelines, Annex 1 (UNIT_MULT, OBS_STATUS).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from catalog.errors import InvalidAreaCode, InvalidPeriod, Place
from catalog.model import COUNTRY, parse_period
from catalog.model.area import check_digit
from harvesters.mapping.records import Cell, Records

VALUE, TIME, STATUS, UNIT, MULTIPLIER = "OBS_VALUE", "TIME_PERIOD", "OBS_STATUS", "UNIT_MEASURE", "UNIT_MULT"
#: columns that every message has here, empty if it lacks them
ALWAYS = (TIME, VALUE, STATUS, UNIT)
#: columns that are added
ADDED = ("area", "period", "value")

_AREAS = ("REF_AREA", "GEO", "GEO_AREA", "LOCATION")
_START_DAY = "REPORTING_YEAR_START_DAY"
_APRIL = "--04-01"
_PREFECTURE = re.compile(r"JP-(0[1-9]|[1-3]\d|4[0-7])")
_MONTH = re.compile(r"(\d{4})-M?(0[1-9]|1[0-2])")
_YEAR = re.compile(r"(\d{4})(?:-A1)?")
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T00:00:00(?:\.0+)?(?:Z|[+-]\d{2}:\d{2})?)?")
_RANGE = re.compile(r"(\d{4})-(\d{2})-01(?:T00:00:00)?/P(1Y|3M|1M)")
_LARGEST_POWER = 30


@dataclass(frozen=True, slots=True)
class Observations:
    """The observations of a message."""

    #: ids of the components, in the order of the message
    columns: tuple[str, ...]
    #: component id -> cell of each observation
    rows: Iterator[Mapping[str, Cell]]


def records_of_observations(found: Observations, name: str) -> Records:
    """Return observations as rows, with the columns that are worked out; they can be iterated once."""
    columns = tuple(dict.fromkeys((*found.columns, *ALWAYS, *ADDED)))
    return Records(name=name, columns=columns, rows=_rows(found, columns), place=_places(name, columns))


def _rows(found: Observations, columns: tuple[str, ...]) -> Iterator[tuple[int, list[Cell]]]:
    for number, row in enumerate(found.rows):
        added = {"area": read_area(row), "period": read_sdmx_period(row), "value": read_value(row)}
        cells = {**added, **row}
        yield number, [cells.get(column) for column in columns]


def _places(name: str, columns: tuple[str, ...]) -> Callable[[int | None, int | None], Place]:
    def place(row: int | None, column: int | None) -> Place:
        said = [] if row is None else [f"observation {row + 1}"]
        said += [] if column is None else [columns[column]]
        return Place(file=name, cell=", ".join(said) or None)

    return place


def read_value(row: Mapping[str, Cell]) -> Cell:
    """Return the value of an observation in its unit; None if it is missing."""
    value, power = row.get(VALUE), row.get(MULTIPLIER)
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return value
    if number.is_nan():
        return None
    if power in {None, "", "0", 0} or not number.is_finite():
        return value if isinstance(value, str | int | float) else number
    try:
        exponent = int(str(power))
    except ValueError:
        exponent = _LARGEST_POWER + 1
    if max(abs(exponent), abs(number.adjusted())) > _LARGEST_POWER:
        return f"{value} ({MULTIPLIER} {power})"
    return number.scaleb(exponent)


def read_area(row: Mapping[str, Cell]) -> Cell:
    """Return the area of an observation."""
    area = next((row[one] for one in _AREAS if row.get(one) is not None), None)
    text = str(area)
    if text in {"JP", "JPN"}:
        return COUNTRY
    if _PREFECTURE.fullmatch(text) is None:
        return area
    digits = f"{text[3:]}000"
    try:
        return digits + check_digit(digits)
    except InvalidAreaCode:
        return area


def read_sdmx_period(row: Mapping[str, Cell]) -> Cell:
    """Return the period of an observation; its TIME_PERIOD as it is if it is none of ours."""
    raw = row.get(TIME)
    if raw is None:
        return None
    text = str(raw).strip()
    fiscal = row.get(_START_DAY) == _APRIL
    try:
        return str(parse_period(_rewritten(text, fiscal)))
    except InvalidPeriod:
        return text


def _rewritten(text: str, fiscal: bool) -> str:
    if match := _YEAR.fullmatch(text):
        return f"FY{match[1]}" if fiscal and text.endswith("-A1") else match[1]
    if fiscal and re.search(r"-[QSTMW]", text):
        return ""  # a part of a reporting year is another stretch of time than the part of a calendar year
    if match := _MONTH.fullmatch(text):
        return f"{match[1]}-M{match[2]}"
    if match := _DAY.fullmatch(text):
        return match[1]
    if match := _RANGE.fullmatch(text):
        return _range(match[1], int(match[2]), match[3])
    return text


def _range(year: str, month: int, length: str) -> str:
    if length == "1Y":
        return {1: year, 4: f"FY{year}"}.get(month, "")
    if length == "3M":
        return f"{year}-Q{(month + 2) // 3}" if month % 3 == 1 else ""
    return f"{year}-M{month:02d}"
