"""The line chart: values of one or more series over time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from markupsafe import Markup

from api.portal.charts.names import fit, text_width
from api.portal.charts.scale import Scale, day_ticks, value_ticks
from api.portal.charts.svg import element, number

#: vertical space between two labels at the ends of lines
_LABEL_HEIGHT = 17.0
#: the most room that names take from the plot
_LONGEST_NAME = 190.0
#: series that the style sheet tells apart
STYLES = 6


@dataclass(frozen=True, slots=True)
class Point:
    """One observation of a series."""

    #: day that the value refers to
    day: date
    #: value in the unit of the chart, or None if it is missing (a gap in the line)
    value: float | None
    #: what a reader of this point is told: period, value, series
    text: str
    #: True if the series breaks before this point, so that no line leads to it
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One series."""

    #: name, written at its end
    name: str
    #: points in the order of time
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a day, shown as a tick under the plot."""

    #: the day
    day: date
    #: what happened
    text: str


@dataclass(frozen=True, slots=True)
class Frame:
    """Size of a chart in user units, with the room around its plot."""

    #: name, part of the ids of the elements
    name: str
    #: whole width
    width: float
    #: whole height
    height: float
    #: room for the labels of the values
    left: float
    #: room for the names of the series
    right: float
    #: room for the unit
    top: float
    #: room for the labels of the days
    bottom: float
    #: at most so many labels of days
    days: int
    #: radius of a point
    radius: float = 3.5

    @property
    def names(self) -> bool:
        """Whether the names of the series are written at their ends."""
        return self.right > 60

    @property
    def floor(self) -> float:
        """Return the y coordinate of the plot's lower edge."""
        return self.height - self.bottom

    @property
    def edge(self) -> float:
        """Return the x coordinate of the plot's right edge."""
        return self.width - self.right


#: for screens of a tablet or a computer
WIDE = Frame("wide", width=600, height=350, left=44, right=92, top=30, bottom=46, days=6)
#: for screens of a telephone, where a scaled-down chart could not be read
NARROW = Frame("narrow", width=340, height=300, left=34, right=16, top=30, bottom=46, days=4, radius=3)


def draw_line_chart(
    lines: Sequence[Line],
    frame: Frame,
    *,
    key: str,
    title: str,
    description: str,
    unit: str,
    day_text: Callable[[date], str],
    marks: Iterable[Mark] = (),
) -> Markup:
    """Draw series over time.

    Parameters
    ----------
    lines
        Series, each in the order of time; with a missing value the line has a gap.
    frame
        Size and margins.
    key
        Start of the ids inside, unique on the page.
    title, description
        What the chart shows, for people who cannot see it.
    unit
        Written over the axis of values.
    day_text
        How a tick of the time axis is written.
    marks
        Days at which something happened, such as another reference date of the denominator.

    Returns
    -------
    Markup
        One ``svg`` element; empty markup if there is no value at all.
    """
    days = [point.day for line in lines for point in line.points]
    values = [point.value for line in lines for point in line.points if point.value is not None]
    if not values:
        return Markup("")
    frame = _with_room(frame, lines)
    ticks = value_ticks(min(values), max(values), 5)
    x = Scale(min(days).toordinal(), max(days).toordinal(), frame.left + 8, frame.edge - 8)
    y = Scale(ticks[0], ticks[-1], frame.floor, frame.top)
    plot = _Plot(frame, x, y)
    ids = [f"{key}-{frame.name}-{part}" for part in ("title", "description")]
    return element(
        "svg",
        element("title", title, id=ids[0]),
        element("desc", description, id=ids[1]),
        _draw_values(plot, ticks, unit),
        _draw_days(plot, day_ticks(min(days), max(days), frame.days), day_text),
        _draw_marks(plot, marks),
        _draw_breaks(plot, lines),
        *(_draw_series(plot, line, index % STYLES) for index, line in reversed(list(enumerate(lines)))),
        *(_draw_names(plot, lines) if frame.names else ()),
        class_=f"chart chart-{frame.name}",
        viewBox=f"0 0 {number(frame.width)} {number(frame.height)}",
        role="group",
        aria_labelledby=ids[0],
        aria_describedby=ids[1],
    )


def _with_room(frame: Frame, lines: Sequence[Line]) -> Frame:
    """Return the frame with as much room for names as they need, within bounds."""
    widest = max((text_width(line.name) for line in lines), default=0.0)
    right = max(frame.right, min(widest + 4, _LONGEST_NAME))
    if not frame.names or right == frame.right:
        return frame
    days = int(frame.days * (frame.width - frame.left - right) / (frame.edge - frame.left))
    return replace(frame, right=right, days=days)


@dataclass(frozen=True, slots=True)
class _Plot:
    """A frame with its scales."""

    #: size and margins
    frame: Frame
    #: ordinal of a day -> x
    x: Scale
    #: value -> y
    y: Scale

    def place(self, point: Point) -> tuple[float, float]:
        """Return the coordinates of a point that has a value."""
        return self.x(point.day.toordinal()), self.y(point.value or 0.0)


def _draw_values(plot: _Plot, ticks: Sequence[float], unit: str) -> Markup:
    frame = plot.frame
    parts = [element("text", unit, x=4, y=16, class_="chart-unit")]
    for tick in ticks:
        y = plot.y(tick)
        kind = "chart-axis" if tick == 0 else "chart-grid"
        parts.append(element("line", x1=frame.left, x2=frame.edge, y1=y, y2=y, class_=kind))
        parts.append(element("text", f"{tick:,g}", x=frame.left - 6, y=y + 4, class_="chart-value"))
    return element("g", *parts, aria_hidden="true")


def _draw_days(plot: _Plot, ticks: Sequence[date], day_text: Callable[[date], str]) -> Markup:
    floor = plot.frame.floor
    parts: list[Markup] = []
    for tick in ticks:
        x = plot.x(tick.toordinal())
        parts.append(element("line", x1=x, x2=x, y1=floor, y2=floor + 5, class_="chart-axis"))
        parts.append(element("text", day_text(tick), x=x, y=floor + 32, class_="chart-day"))
    return element("g", *parts, aria_hidden="true")


def _draw_marks(plot: _Plot, marks: Iterable[Mark]) -> Markup:
    floor = plot.frame.floor
    parts: list[Markup] = []
    for mark in marks:
        x = plot.x(mark.day.toordinal())
        triangle = f"M{number(x)} {number(floor + 6)}l4 8h-8z"
        parts.append(element("path", element("title", mark.text), d=triangle, class_="chart-mark"))
    return element("g", *parts, aria_hidden="true") if parts else Markup("")


def _draw_breaks(plot: _Plot, lines: Sequence[Line]) -> Markup:
    days = sorted({point.day for line in lines for point in line.points if point.broken})
    parts = [
        element("line", x1=x, x2=x, y1=plot.frame.top, y2=plot.frame.floor, class_="chart-break")
        for x in (plot.x(day.toordinal()) for day in days)
    ]
    return element("g", *parts, aria_hidden="true") if parts else Markup("")


def _draw_series(plot: _Plot, line: Line, style: int) -> Markup:
    path = "".join(_path(plot, stretch) for stretch in stretches(line.points))
    symbols = [
        _draw_point(plot, point, style, first=index == 0)
        for index, point in enumerate(point for point in line.points if point.value is not None)
    ]
    return element(
        "g",
        element("path", d=path, class_="chart-line"),
        *symbols,
        class_=f"chart-series series-{style + 1}",
    )


def _path(plot: _Plot, stretch: Sequence[Point]) -> str:
    places = [f"{number(x)} {number(y)}" for x, y in map(plot.place, stretch)]
    return "M" + "L".join(places)


def stretches(points: Sequence[Point]) -> Iterator[Sequence[Point]]:
    """Yield the points that a line connects: cut at missing values and before points that break the series."""
    stretch: list[Point] = []
    for point in points:
        if stretch and (point.value is None or point.broken):
            yield stretch
            stretch = []
        if point.value is not None:
            stretch.append(point)
    if stretch:
        yield stretch


def _draw_point(plot: _Plot, point: Point, style: int, *, first: bool) -> Markup:
    x, y = plot.place(point)
    return element(
        "g",
        element("circle", cx=x, cy=y, r=11, class_="chart-target"),
        _symbol(x, y, plot.frame.radius, style),
        class_="chart-point",
        role="img",
        aria_label=point.text,
        tabindex="0" if first else "-1",
        data_text=point.text,
    )


def _symbol(x: float, y: float, r: float, style: int) -> Markup:
    """Return the marker of a series; its shape tells series apart where colour cannot."""
    at = f"M{number(x)} {number(y)}"
    size = number(r)
    wide = number(1.3 * r)
    twice, double = number(2 * r), number(2.6 * r)
    shapes = (
        None,
        f"{at}m-{size} -{size}h{twice}v{twice}h-{twice}z",
        f"{at}m0 -{wide}l{wide} {double}h-{double}z",
        f"{at}m0 -{wide}l{wide} {wide}l-{wide} {wide}l-{wide} -{wide}z",
        f"{at}m0 {wide}l{wide} -{double}h-{double}z",
        f"{at}m-{size} -{size}l{twice} {twice}m0 -{twice}l-{twice} {twice}",
    )
    shape = shapes[style]
    if shape is None:
        return element("circle", cx=x, cy=y, r=r, class_="chart-symbol")
    return element("path", d=shape, class_="chart-symbol")


def _draw_names(plot: _Plot, lines: Sequence[Line]) -> Iterator[Markup]:
    """Write the names at the ends of the lines, moved apart where they would lie on each other."""
    ends = [
        (index, line, [point for point in line.points if point.value is not None]) for index, line in enumerate(lines)
    ]
    wanted = sorted((plot.place(points[-1])[1], index, line.name) for index, line, points in ends if points)
    for y, (_, index, name) in zip(_apart([y for y, _, _ in wanted], plot.frame), wanted, strict=True):
        style = index % STYLES + 1
        yield element(
            "text",
            fit(name, plot.frame.right - 2),
            x=plot.frame.edge + 2,
            y=y + 4,
            class_=f"chart-name series-{style}",
            aria_hidden="true",
        )


def _apart(heights: Sequence[float], frame: Frame) -> list[float]:
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + _LABEL_HEIGHT) if placed else height)
    over = placed[-1] - frame.floor if placed else 0
    if over > 0:
        placed = [height - over for height in placed]
    for index in range(len(placed) - 2, -1, -1):
        placed[index] = min(placed[index], placed[index + 1] - _LABEL_HEIGHT)
    return placed


def changes(days: Sequence[tuple[date, date | None]]) -> Iterator[tuple[date, date, date]]:
    """Yield (day, before, after) wherever the second of consecutive pairs differs and both are known."""
    for (_, before), (day, after) in pairwise(days):
        if before is not None and after is not None and before != after:
            yield day, before, after
