"""The sparkline of a card: the way of the values, without axes; the card says the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from markupsafe import Markup

from api.portal.charts.scale import Scale
from api.portal.charts.svg import element, number

WIDTH, HEIGHT, MARGIN = 220.0, 56.0, 6.0


def draw_sparkline(points: Sequence[tuple[date, float]], *, title: str) -> Markup:
    """Draw values over time.

    Parameters
    ----------
    points
        Days and values in the order of time, without missing values.
    title
        What the line says, in one sentence.

    Returns
    -------
    Markup
        One ``svg`` element; empty markup with fewer than two points, which show no way.
    """
    if len(points) < 2:
        return Markup("")
    days = [day.toordinal() for day, _ in points]
    values = [value for _, value in points]
    x = Scale(days[0], days[-1], MARGIN, WIDTH - MARGIN)
    y = Scale(min(*values, 0.0), max(values), HEIGHT - MARGIN, MARGIN)
    places = [f"{number(x(day))} {number(y(value))}" for day, value in zip(days, values, strict=True)]
    line = "M" + "L".join(places)
    floor = number(HEIGHT - MARGIN)
    area = f"{line}L{number(WIDTH - MARGIN)} {floor}L{number(MARGIN)} {floor}z"
    return element(
        "svg",
        element("title", title),
        element("path", d=area, class_="sparkline-area"),
        element("path", d=line, class_="sparkline-line"),
        element("circle", cx=x(days[-1]), cy=y(values[-1]), r=4, class_="sparkline-end"),
        class_="sparkline",
        viewBox=f"0 0 {number(WIDTH)} {number(HEIGHT)}",
        preserveAspectRatio="xMinYMid",
        role="img",
        aria_label=title,
    )
