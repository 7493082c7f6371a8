"""The dates of a query."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from catalog.embedded.search.dates import read_date

MOMENT = datetime(2024, 3, 31, 12, 30, 45, 678, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01T00:00:00.123456Z", "2026-01-01T00:00:00.123456"),
        ("2026-01-01T09:00:00+09:00", "2026-01-01T00:00:00.000000"),
        ("2026-01-01T00:00:00", "2026-01-01T00:00:00.000000"),
        ("2026-01-01", "2026-01-01T00:00:00.000000"),
        ("2026-01", "2026-01-01T00:00:00.000000"),
        ("2026", "2026-01-01T00:00:00.000000"),
        ("NOW", "2024-03-31T12:30:45.000678"),
        ("NOW/DAY", "2024-03-31T00:00:00.000000"),
        ("NOW-7DAYS/DAY", "2024-03-24T00:00:00.000000"),
        ("NOW-1MONTH", "2024-02-29T12:30:45.000678"),
        ("NOW+1YEAR/YEAR", "2025-01-01T00:00:00.000000"),
        ("NOW+90MINUTES", "2024-03-31T14:00:45.000678"),
    ],
)
def test_a_date_is_read_as_naive_utc(text, expected):
    assert read_date(text, MOMENT) == expected


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "NOW-", "NOW-1FORTNIGHT", "NOW+999999YEARS", ""])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(ValueError):
        read_date(text, MOMENT)
