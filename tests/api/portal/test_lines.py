"""The line chart as SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from markupsafe import Markup

from api.portal.charts import NARROW, WIDE, Frame, Line, Mark, Point, draw_line_chart
from api.portal.charts.lines import stretches
from api.portal.charts.svg import element, number

SVG = "{http://www.w3.org/2000/svg}"
GOLDEN = Path(__file__).parent / "golden"
DAYS = [date(2019, 4, 1), date(2020, 4, 1), date(2021, 4, 1), date(2022, 4, 1)]


def point(day: date, value: float | None, *, broken: bool = False) -> Point:
    return Point(day, value, f"{day} {value}", broken=broken)


def line(name: str, *values: float | None) -> Line:
    return Line(name, tuple(point(day, value) for day, value in zip(DAYS, values, strict=False)))


def draw(*lines: Line, frame: Frame = WIDE, marks: tuple[Mark, ...] = ()) -> ET.Element:
    markup = draw_line_chart(
        lines, frame, key="k", title="題", description="説明", unit="%", day_text=date.isoformat, marks=marks
    )
    return ET.fromstring(markup)


def points_of(root: ET.Element, series: int = 1) -> list[ET.Element]:
    return root.findall(f"g[@class='chart-series series-{series}']/g[@class='chart-point']")


def path_of(root: ET.Element, series: int = 1) -> str:
    found = root.find(f"g[@class='chart-series series-{series}']/path[@class='chart-line']")
    assert found is not None
    return found.attrib["d"]


def test_the_drawing_is_that_of_the_golden_file() -> None:
    lines = (line("千葉市", 16.3, 19.5, 32.8, 48.2), line("横浜市", 17.1, None, 31.6, 47.6))
    markup = draw_line_chart(
        lines,
        WIDE,
        key="k",
        title="取得率の推移",
        description="2019年から2022年まで",
        unit="%",
        day_text=lambda day: f"{day.year}年",
        marks=(Mark(DAYS[2], "分母の基準日が変わった"),),
    )
    golden = GOLDEN / "line_chart.svg"
    assert str(markup).replace("><", ">\n<") + "\n" == golden.read_text("utf-8")


def test_every_value_is_a_point_with_its_text() -> None:
    root = draw(line("千葉市", 16.3, 19.5, None, 48.2))
    assert [one.attrib["aria-label"] for one in points_of(root)] == [
        "2019-04-01 16.3",
        "2020-04-01 19.5",
        "2022-04-01 48.2",
    ]


def test_only_the_first_point_of_a_series_is_in_the_tab_order() -> None:
    root = draw(line("千葉市", 1, 2, 3), line("横浜市", 2, 3, 4))
    for series in (1, 2):
        assert [one.attrib["tabindex"] for one in points_of(root, series)] == ["0", "-1", "-1"]


def test_points_lie_within_the_plot_and_higher_values_lie_higher() -> None:
    root = draw(line("千葉市", 10, 20, 40, 30))
    circles = [one.find("circle") for one in points_of(root)]
    xs = [float(one.attrib["cx"]) for one in circles if one is not None]
    ys = [float(one.attrib["cy"]) for one in circles if one is not None]
    assert xs == sorted(xs)
    assert ys[2] < ys[3] < ys[1] < ys[0]
    assert all(WIDE.left <= x <= WIDE.edge for x in xs)
    assert all(WIDE.top <= y <= WIDE.floor for y in ys)


def test_a_missing_value_is_a_gap_in_the_line() -> None:
    assert path_of(draw(line("千葉市", 1, 2, None, 4))).count("M") == 2


def test_no_line_leads_over_a_break_and_the_break_is_marked() -> None:
    points = (point(DAYS[0], 1), point(DAYS[1], 2), point(DAYS[2], 3, broken=True), point(DAYS[3], 4))
    root = draw(Line("千葉市", points))
    assert path_of(root).count("M") == 2
    assert len(root.findall(".//line[@class='chart-break']")) == 1


def test_stretches_are_empty_for_a_series_without_values() -> None:
    assert list(stretches([point(DAYS[0], None)])) == []


def test_a_mark_is_a_triangle_that_says_what_happened() -> None:
    root = draw(line("千葉市", 1, 2, 3), marks=(Mark(DAYS[1], "基準日"),))
    found = root.find(".//path[@class='chart-mark']/title")
    assert found is not None
    assert found.text == "基準日"


def test_title_and_description_are_tied_to_the_drawing() -> None:
    root = draw(line("千葉市", 1, 2))
    assert root.attrib["role"] == "group"
    for attribute, tag, text in (("aria-labelledby", "title", "題"), ("aria-describedby", "desc", "説明")):
        found = root.find(tag)
        assert found is not None
        assert found.attrib["id"] == root.attrib[attribute]
        assert found.text == text


def test_two_sizes_on_one_page_have_different_ids() -> None:
    ids = [
        {one.attrib["id"] for one in draw(line("a", 1, 2), frame=frame).iter() if "id" in one.attrib}
        for frame in (WIDE, NARROW)
    ]
    assert ids[0].isdisjoint(ids[1])


def test_series_differ_in_marker_shape_and_not_only_in_colour() -> None:
    root = draw(*(line(str(index), index, index + 1) for index in range(6)))
    shapes = set()
    for series in range(1, 7):
        symbol = points_of(root, series)[0].find("*[@class='chart-symbol']")
        assert symbol is not None
        shapes.add(re.sub(r"^M[-\d. ]+", "", symbol.attrib.get("d", symbol.tag)))
    assert len(shapes) == 6


def test_names_at_the_ends_of_lines_do_not_lie_on_each_other() -> None:
    root = draw(*(line(str(index), 10, 40 + index / 10) for index in range(6)))
    heights = sorted(float(one.attrib["y"]) for one in root.iter("text") if "chart-name" in one.attrib["class"])
    assert len(heights) == 6
    assert all(after - before >= 16.9 for before, after in pairwise(heights))
    assert heights[-1] <= WIDE.floor + 5


def test_the_narrow_drawing_has_no_names_beside_the_plot() -> None:
    root = draw(line("千葉市", 1, 2), frame=NARROW)
    assert not [one for one in root.iter("text") if "chart-name" in one.attrib["class"]]


def test_nothing_is_drawn_without_values() -> None:
    markup = draw_line_chart([line("a", None, None)], WIDE, key="k", title="t", description="d", unit="%", day_text=str)
    assert markup == ""


def test_text_from_outside_is_escaped() -> None:
    hostile = '"><script>alert(1)</script>'
    markup = draw_line_chart(
        [Line(hostile, (Point(DAYS[0], 1, hostile), Point(DAYS[1], 2, hostile)))],
        WIDE,
        key="k",
        title=hostile,
        description=hostile,
        unit=hostile,
        day_text=str,
    )
    assert "<script" not in markup
    assert ET.fromstring(markup).find("title").text == hostile  # type: ignore[union-attr]


@pytest.mark.parametrize(("value", "text"), [(1.0, "1"), (0.126, "0.13"), (-0.001, "0"), (12.5, "12.5")])
def test_coordinates_have_two_decimals_at_most(value: float, text: str) -> None:
    assert number(value) == text


def test_an_element_without_children_is_closed_at_once() -> None:
    assert element("rect", x=1, class_="a", data_x=None) == Markup('<rect x="1" class="a"/>')
