"""Charts as SVG, drawn on the server: pure functions from values to markup, no library and no script needed.

Order of events: the page turns observations into :class:`Line` s of :class:`Point` s, :func:`draw_line_chart` lays them
out in a :class:`Frame` and returns markup. Colours, dashes and sizes of text are classes of ``static/portal.css``, so
that the content security policy needs no inline styles and a chart follows dark mode and print.

Accessibility (WCAG 2.2: 1.1.1, 1.4.1, 2.1.1): title and description, series told apart by dash and marker as well as by
colour, every point a graphics symbol with a text; the page puts the table with the same numbers beside it.
"""

from api.portal.charts.bars import draw_bar
from api.portal.charts.lines import NARROW, WIDE, Frame, Line, Mark, Point, draw_line_chart
from api.portal.charts.sparkline import draw_sparkline

__all__ = [
    "NARROW",
    "WIDE",
    "Frame",
    "Line",
    "Mark",
    "Point",
    "draw_bar",
    "draw_line_chart",
    "draw_sparkline",
]
