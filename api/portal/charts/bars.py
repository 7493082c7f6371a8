"""One bar of a bar chart that is a table: the row names it, the next cell says its number."""

from __future__ import annotations

from markupsafe import Markup

from api.portal.charts.svg import element, number


def draw_bar(value: float | None, maximum: float, *, style: int = 1) -> Markup:
    """Draw a horizontal bar that fills its cell at ``maximum``.

    Parameters
    ----------
    value
        Length, cut to 0 and ``maximum``; None and a maximum of 0 draw the empty track.
    maximum
        Value of a full bar.
    style
        Class of the series, 1 to 6.
    """
    share = 0.0 if value is None or maximum <= 0 else 100 * min(max(value / maximum, 0.0), 1.0)
    return element(
        "svg",
        element("rect", x="0", y="0", width="100%", height="12", rx="2", class_="bar-track"),
        element(
            "rect", x="0", y="0", width=f"{number(share)}%", height="12", rx="2", class_=f"bar-fill series-{style}"
        ),
        class_="bar",
        width="100%",
        height="12",
        aria_hidden="true",
        focusable="false",
    )
