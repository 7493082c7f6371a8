"""Pictures of changes as SVG: a series before and after, and how many relative changes are spread.

A series is drawn with the published line dashed under the new one; what is new or revised is marked by shape as well as
by colour. Missing values are gaps, with a cross where there is an observation without a value; no line leads over a
break. Made-up figures carry their mark inside the picture, so that a picture that is cut out still says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from api.harvest_pages.words import Words, number, percent
from api.portal.charts.scale import Scale, day_ticks, value_ticks
from api.portal.charts.svg import element
from api.portal.charts.svg import number as at
from catalog.errors import Label
from harvesters.publishing.changes import ChangedFigure
from harvesters.publishing.spread import BINS, Spread
from harvesters.publishing.trends import Trend, TrendPoint

#: room of a numbered mark
_MARK = 20.0
#: points that the text of a picture names
_NAMED = 8
#: what the marks of changed points are called
POINTS = {
    "added": Label("新しい値", "new"),
    "revised": Label("改訂", "revised"),
    "changed": Label("付記の変更", "attributes changed"),
    "removed": Label("削除", "removed"),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a plot stands in its picture."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float

    @property
    def floor(self) -> float:
        """The lower edge of the plot."""
        return self.height - self.bottom

    @property
    def edge(self) -> float:
        """The right edge of the plot."""
        return self.width - self.right


TREND = Frame(340, 220, left=48, right=26, top=30, bottom=30)
WIDE = Frame(720, 250, left=56, right=16, top=30, bottom=58)
NARROW = Frame(340, 250, left=46, right=12, top=30, bottom=58)


def draw_trend(trend: Trend, words: Words, *, top: float, key: str, synthetic: bool) -> Markup:
    """Draw one series before and after; ``top`` is the greatest value that the axis must hold."""
    days = [one.period.start for one in trend.points]
    values = [value for one in trend.points for value in (one.before, one.after) if value is not None]
    if not values:
        return Markup("")
    ticks = value_ticks(min(values), max(*values, top), 4)
    frame = TREND
    x = Scale(min(days).toordinal(), max(days).toordinal(), frame.left + 10, frame.edge - 10)
    y = Scale(ticks[0], ticks[-1], frame.floor, frame.top)
    draw = _Trend(frame, x, y, words)
    text = _trend_text(trend, words)
    unit = words.unit(trend.unit)
    return element(
        "svg",
        element("title", f"{text.ja} / {text.en}", id=key),
        *_ground(frame, synthetic),
        *_values(frame, y, ticks, unit),
        *_days(frame, x, day_ticks(min(days), max(days), 4)),
        element("g", *draw.parts(trend.points), aria_hidden="true"),
        class_="plot",
        viewBox=f"0 0 {at(frame.width)} {at(frame.height)}",
        role="img",
        aria_labelledby=key,
    )


def _trend_text(trend: Trend, words: Words) -> Label:
    name = words.key(trend.key, period=False)
    told = [one for one in trend.points if one.kind != "same"]
    said = [_point_text(one, words) for one in told[-_NAMED:]]
    rest = len(told) - len(said)
    return Label(
        f"{name.ja}の推移。" + "、".join(one.ja for one in said) + (f"、ほか{rest}" if rest else ""),
        f"{name.en} over time. " + ", ".join(one.en for one in said) + (f", and {rest} more" if rest else ""),
    )


def _point_text(point: TrendPoint, words: Words) -> Label:
    period, what = words.period(point.period.text), POINTS.get(point.kind, Label("", ""))
    before, after = number(point.before) if point.before is not None else "", words.value(point.after, point.status)
    arrow = f"{before} → " if before else ""
    return Label(f"{period.ja} {what.ja} {arrow}{after.ja}", f"{period.en} {what.en} {arrow}{after.en}")


def _ground(frame: Frame, synthetic: bool) -> Iterator[Markup]:
    if synthetic:
        yield element("text", "合成データ synthetic", x=frame.edge, y=16, class_="made-up", aria_hidden="true")


def _values(frame: Frame, y: Scale, ticks: Sequence[float], unit: Label) -> Iterator[Markup]:
    shown = unit.ja if unit.ja == unit.en else f"{unit.ja} {unit.en}"
    parts = [element("text", shown, x=4, y=16, class_="unit")]
    for tick in ticks:
        where = y(tick)
        kind = "axis" if tick == 0 else "grid"
        parts.append(element("line", x1=frame.left, x2=frame.edge, y1=where, y2=where, class_=kind))
        parts.append(element("text", _short(tick), x=frame.left - 6, y=where + 4, class_="tick-value"))
    yield element("g", *parts, aria_hidden="true")


def _short(value: float) -> str:
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if sign == 'k' else size):,.4g}{sign}"
    return f"{value:,.4g}"


def _days(frame: Frame, x: Scale, ticks: Sequence[date]) -> Iterator[Markup]:
    parts = []
    for tick in ticks:
        where = x(tick.toordinal())
        text = f"{tick.year}" if (tick.month, tick.day) == (1, 1) else f"{tick.year}-{tick.month:02}"
        parts.append(element("line", x1=where, x2=where, y1=frame.floor, y2=frame.floor + 5, class_="axis"))
        parts.append(element("text", text, x=where, y=frame.floor + 20, class_="tick-day"))
    yield element("g", *parts, aria_hidden="true")


@dataclass(frozen=True, slots=True)
class _Trend:
    """Draws the points of one series."""

    frame: Frame
    x: Scale
    y: Scale
    words: Words

    def parts(self, points: Sequence[TrendPoint]) -> Iterator[Markup]:
        """Yield the lines, breaks first and marks last."""
        for one in points:
            if one.status == "B":
                where = self.x(one.period.start.toordinal())
                yield element("line", x1=where, x2=where, y1=self.frame.top, y2=self.frame.floor, class_="break")
        if any(one.before != one.after and one.before is not None for one in points):
            yield from self._lines(points, "before", "old")
        yield from self._lines(points, "after", "new")
        for index, one in enumerate(points):
            yield from self._marks(one, label=index >= len(points) - 2)

    def _lines(self, points: Sequence[TrendPoint], side: str, kind: str) -> Iterator[Markup]:
        stretch: list[str] = []
        for one in [*points, None]:
            value = getattr(one, side) if one is not None else None
            if one is None or value is None or (one.status == "B" and side == "after"):
                if len(stretch) > 1:
                    yield element("path", d="M" + "L".join(stretch), class_=f"line-{kind}")
                stretch = []
            if one is not None and value is not None:
                stretch.append(f"{at(self._across(one))} {at(self.y(value))}")

    def _across(self, point: TrendPoint) -> float:
        return self.x(point.period.start.toordinal())

    def _marks(self, point: TrendPoint, *, label: bool) -> Iterator[Markup]:
        x = self._across(point)
        if point.kind in {"revised", "removed"} and point.before is not None:
            yield element("circle", cx=x, cy=self.y(point.before), r=4, class_="point-old")
        if point.kind == "revised" and point.before is not None and point.after is not None:
            yield element("line", x1=x, x2=x, y1=self.y(point.before), y2=self.y(point.after), class_="moved")
        if point.is_gap:
            yield element("path", d=f"M{at(x - 5)} {at(self.frame.floor - 11)}l10 10m0 -10l-10 10", class_="gap")
        if point.after is None:
            return
        y = self.y(point.after)
        yield _symbol(point.kind, x, y)
        if point.kind in {"added", "revised"} and label:
            anchor = "label label-end" if x > (self.frame.left + self.frame.edge) / 2 else "label"
            yield element("text", number(round(point.after, 2)), x=x, y=y - 9, class_=anchor)


def _symbol(kind: str, x: float, y: float) -> Markup:
    if kind == "added":
        return element("path", d=f"M{at(x)} {at(y - 6)}l6 6l-6 6l-6 -6z", class_="point-added")
    if kind in {"revised", "changed"}:
        return element("rect", x=x - 4.5, y=y - 4.5, width=9, height=9, class_="point-revised")
    return element("circle", cx=x, cy=y, r=3, class_="point-same")


def draw_spread(
    spread: Spread, marked: Sequence[ChangedFigure], frame: Frame, *, key: str, name: Label, synthetic: bool
) -> Markup:
    """Draw a histogram of relative changes with the biggest ones as numbered marks under it."""
    ticks = [one for one in value_ticks(0, max(spread.bins), 4) if one == int(one)]
    x = Scale(-1, 1, frame.left, frame.edge)
    y = Scale(0, ticks[-1] if ticks[-1] >= max(spread.bins) else max(spread.bins), frame.floor, frame.top)
    text = Label(
        f"{name.ja}: 比べた{spread.compared:,}件のうち増加{spread.up:,}、減少{spread.down:,}、同じ{spread.equal:,}",
        f"{name.en}: {spread.compared:,} compared; {spread.up:,} greater, {spread.down:,} less, {spread.equal:,} equal",
    )
    width = (frame.edge - frame.left) / BINS
    bars = [
        element(
            "rect",
            x=frame.left + index * width + 0.75,
            y=min(y(count), frame.floor - 2),
            width=width - 1.5,
            height=max(frame.floor - y(count), 2),
            class_=f"bar-{'down' if index < BINS // 2 else 'up' if index > BINS // 2 else 'middle'}",
        )
        for index, count in enumerate(spread.bins)
        if count
    ]
    return element(
        "svg",
        element("title", f"{text.ja} / {text.en}", id=key),
        *_ground(frame, synthetic),
        *_values(frame, y, ticks, Label("件", "figures")),
        element("g", *bars, aria_hidden="true"),
        element("g", *_relative(spread, frame, x), aria_hidden="true"),
        element("g", *_numbered(spread, marked, frame, x), aria_hidden="true"),
        class_=f"plot plot-{'wide' if frame is WIDE else 'narrow'}",
        viewBox=f"0 0 {at(frame.width)} {at(frame.height)}",
        role="img",
        aria_labelledby=key,
    )


def _relative(spread: Spread, frame: Frame, x: Scale) -> Iterator[Markup]:
    for where, text in _relative_ticks(spread):
        place = x(where)
        css = "tick-day tick-first" if where == -1 else "tick-day tick-last" if where == 1 else "tick-day"
        yield element("line", x1=place, x2=place, y1=frame.floor, y2=frame.floor + 5, class_="axis")
        yield element("text", text, x=place, y=frame.floor + 20, class_=css)


def _relative_ticks(spread: Spread) -> list[tuple[float, str]]:
    if not spread.logarithmic:
        shares = (-1.0, -0.5, 0.0, 0.5, 1.0)
        return [(one, percent(1 + one * spread.limit).ja if one else "±0%") for one in shares]
    limit = math.exp(spread.limit)
    inner = 10.0 if limit > 20 else 2.0 if limit > 2 else 0.0
    ratios = sorted({1.0, limit, 1 / limit, *((inner, 1 / inner) if inner else ())})
    return [(spread.position(one), "±0%" if one == 1 else f"×{one:.3g}") for one in ratios]


def _numbered(spread: Spread, marked: Sequence[ChangedFigure], frame: Frame, x: Scale) -> Iterator[Markup]:
    wanted = sorted((x(spread.position(one.ratio)), index) for index, one in enumerate(marked, 1) if one.ratio)
    for where, (_, index) in zip(_apart([place for place, _ in wanted], frame), wanted, strict=True):
        yield element("circle", cx=where, cy=frame.floor + 41, r=9, class_="number-ground")
        yield element("text", str(index), x=where, y=frame.floor + 45, class_="number")


def _apart(wanted: Sequence[float], frame: Frame) -> list[float]:
    """Return places that do not lie on each other: groups that would are centred on where they belong."""
    groups: list[list[float]] = []
    for place in wanted:
        groups.append([place])
        while len(groups) > 1 and _start(groups[-1]) < _start(groups[-2]) + _MARK * len(groups[-2]):
            last = groups.pop()
            groups[-1] += last
    placed = [_start(group) + index * _MARK for group in groups for index in range(len(group))]
    over = max(0.0, placed[-1] - frame.edge) if placed else 0.0
    return [one - over for one in placed]


def _start(group: Sequence[float]) -> float:
    """Return where the first mark of a group stands."""
    return sum(group) / len(group) - _MARK * (len(group) - 1) / 2
