"""How numbers, dates, periods and sizes are written on a page, in each language.

Years are Western and dates have month and day by name (やさしい日本語 guideline: ○月○日, never 3/4). A number is
rounded to :data:`DECIMALS`; the exact one stands beside it in the ``value`` of a ``data`` element.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from api.portal.language import Translator
from catalog.model import Period, parse_period
from catalog.model.codelist import CodeList

#: most decimals of a value on a page
DECIMALS = 1
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_UNIT_SIZE = 1024


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes numbers and dates in one language."""

    #: the messages in that language
    t: Translator
    #: names of the units by code
    units: CodeList

    def value(self, value: float) -> str:
        """Return a value with thousands separators, rounded half up to :data:`DECIMALS`."""
        return f"{_rounded(value):,.{DECIMALS}f}"

    def exact(self, value: float) -> str:
        """Return a value as the API's JSON writes it."""
        return repr(float(value))

    def count(self, value: float) -> str:
        """Return a count with thousands separators."""
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:,}"

    def change(self, change: float) -> str:
        """Return a difference with its sign."""
        rounded = _rounded(change)
        sign = "+" if rounded > 0 else "−" if rounded < 0 else "±"
        return f"{sign}{abs(rounded):,.{DECIMALS}f}"

    def unit(self, code: str) -> str:
        """Return the sign of a unit, such as %, or its name."""
        return self.t.find("unit_sign", code) or self._unit_name(code)

    def change_unit(self, code: str) -> str:
        """Return the unit of a difference: that of two percentages is a number of points."""
        return self.t.find("unit_change", code) or self._unit_name(code)

    def _unit_name(self, code: str) -> str:
        found = self.units.find(code)
        return code if found is None else self.t.label(found.label)

    def day(self, day: date) -> str:
        """Return 2021年4月1日 or 1 April 2021."""
        return self.t("date.day", year=day.year, month=day.month, day=day.day, name=_MONTHS[day.month - 1])

    def tick(self, day: date) -> str:
        """Return 2021 for a first of January, else 2021年4月 or 2021-04, as short as an axis needs it."""
        if (day.month, day.day) == (1, 1):
            return self.t("date.year", year=day.year)
        return self.t("date.tick", year=day.year, month=day.month)

    def period(self, period: Period | str) -> str:
        """Return a period in words: 2023年度 (2023年4月～2024年3月) for ``FY2023``."""
        found = parse_period(period) if isinstance(period, str) else period
        if found.form == "day":
            return self.day(found.start)
        start = found.start
        return self.t(
            {
                "year": "date.year",
                "fiscal_year": "date.fiscal_year",
                "quarter": "date.quarter",
                "month": "date.month",
            }[found.form],
            year=start.year,
            month=start.month,
            name=_MONTHS[start.month - 1],
            quarter=(start.month + 2) // 3,
            next=start.year + 1,
        )

    def moment(self, text: str) -> str:
        """Return the day of an ISO 8601 date or date and time."""
        return self.day(datetime.fromisoformat(text).date())

    def size(self, size: int) -> str:
        """Return a size of a file in B, kB or MB."""
        amount = float(size)
        for unit in ("B", "KB", "MB"):
            if amount < _UNIT_SIZE:
                return f"{amount:,.0f} {unit}" if unit == "B" else f"{amount:,.1f} {unit}"
            amount /= _UNIT_SIZE
        return f"{amount:,.1f} GB"


def _rounded(value: float) -> Decimal:
    return Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-DECIMALS), rounding=ROUND_HALF_UP)
