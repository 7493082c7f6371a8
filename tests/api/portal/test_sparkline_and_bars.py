"""Sparklines and bars as SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import date

import pytest

from api.portal.charts import draw_bar, draw_sparkline

DAYS = [date(2019, 4, 1), date(2020, 4, 1), date(2021, 4, 1)]


def test_a_sparkline_leads_through_all_values_and_says_what_it_shows() -> None:
    root = ET.fromstring(draw_sparkline(list(zip(DAYS, (1.0, 3.0, 2.0), strict=True)), title="推移"))
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == "推移"
    line = root.find("path[@class='sparkline-line']")
    assert line is not None
    assert line.attrib["d"].count("L") == 2


def test_a_sparkline_starts_from_zero_so_that_small_changes_stay_small() -> None:
    root = ET.fromstring(draw_sparkline([(DAYS[0], 90.0), (DAYS[1], 91.0)], title="t"))
    line = root.find("path[@class='sparkline-line']")
    assert line is not None
    start, end = (float(part.split()[1]) for part in line.attrib["d"][1:].split("L"))
    assert start - end < 2


@pytest.mark.parametrize("points", [[], [(DAYS[0], 1.0)]])
def test_a_sparkline_needs_two_values(points: list[tuple[date, float]]) -> None:
    assert draw_sparkline(points, title="t") == ""


@pytest.mark.parametrize(
    ("value", "maximum", "width"),
    [(48.4, 100, "48.4%"), (120, 100, "100%"), (-3, 100, "0%"), (None, 100, "0%"), (3, 0, "0%")],
)
def test_a_bar_is_as_long_as_its_share_of_the_maximum(value: float | None, maximum: float, width: str) -> None:
    root = ET.fromstring(draw_bar(value, maximum, style=2))
    fill = root.find("rect[@class='bar-fill series-2']")
    assert fill is not None
    assert fill.attrib["width"] == width


def test_a_bar_is_hidden_from_readers_of_the_number_beside_it() -> None:
    assert ET.fromstring(draw_bar(1, 2)).attrib["aria-hidden"] == "true"
