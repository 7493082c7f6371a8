"""The part of an indicator's page that shows series over time: chart, table, areas to compare, notes.

Order of events: :func:`choose_areas` reads which areas were asked for, :func:`make_trend` reads their series and draws
them. What is asked and cannot be shown is told, never dropped silently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from markupsafe import Markup

from api.portal.breakdowns import MOST_PARTS
from api.portal.cards import ordered
from api.portal.charts import NARROW, WIDE, Frame, Line, Mark, Point, draw_line_chart
from api.portal.charts.lines import STYLES, changes
from api.portal.figures import Figure, FigureReader, Series
from api.portal.writing import Writer
from catalog.errors import Label
from catalog.model import Period
from catalog.model.area import LOCAL, Area
from catalog.model.area_names import distinct_names
from catalog.model.indicator import Indicator
from catalog.releases import DatasetHolding

#: levels with so many areas that only those of the prefecture are offered
_NEAR = frozenset({"designated_ward", "municipality", LOCAL})


@dataclass(frozen=True, slots=True)
class AreaGroup:
    """Areas of one level that can be compared."""

    #: code of the list ``level``
    level: str
    #: the areas, by code
    areas: tuple[Area, ...]
    #: code -> name that tells it from the others
    names: Mapping[str, Label]


@dataclass(frozen=True, slots=True)
class AreaChoice:
    """Which areas are shown."""

    #: their codes, at most :data:`STYLES`
    codes: tuple[str, ...]
    #: what was asked and cannot be shown, for people
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A line of the chart."""

    #: its name
    name: str
    #: address of the page without its area
    without: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: one period."""

    #: the period
    period: Period
    #: one for each line; None where a line has no figure
    figures: tuple[Figure | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """What the page shows."""

    #: the series, in the order of their lines
    series: tuple[Series, ...]
    #: the lines
    chosen: tuple[Chosen, ...]
    #: codes of the areas
    codes: tuple[str, ...]
    #: what could not be shown
    problems: tuple[str, ...]
    #: the table, newest period first
    rows: tuple[Row, ...]
    #: the chart in two sizes; empty if no series has two values
    chart_wide: Markup
    chart_narrow: Markup
    #: what the chart shows, in sentences
    description: str
    #: day, reference date before and after, where the denominator's reference date moves; of a single series only
    reference_days: tuple[tuple[date, date, date], ...]
    #: whether a series breaks
    broken: bool
    #: breaks, missing values and notes of the source
    notes: tuple[str, ...]

    @property
    def synthetic(self) -> bool:
        """Whether a series is made up."""
        return any(one.dataset.synthetic for one in self.series)

    @property
    def mixed(self) -> bool:
        """Whether real and made-up series stand beside each other; no series is of both."""
        return len({one.dataset.synthetic for one in self.series}) > 1

    @property
    def single(self) -> Series | None:
        """The series, if there is only one: its counts fit beside its values."""
        return self.series[0] if len(self.series) == 1 else None


def sources_of_areas(indicator: Indicator, reader: FigureReader) -> dict[str, DatasetHolding]:
    """Return area code -> the first dataset that has it: the one that answers, real ones, those without breakdowns."""
    holdings = reader.charted(indicator)
    rank = sorted(
        holdings,
        key=lambda one: (one is not holdings[0], one.dataset.synthetic, bool(one.dataset.structure.breakdowns)),
    )
    found: dict[str, DatasetHolding] = {}
    for holding in rank:
        for code in reader.areas_of(holding):
            found.setdefault(code, holding)
    return found


def choose_areas(asked: Sequence[str], known: Mapping[str, DatasetHolding], home: str, write: Writer) -> AreaChoice:
    """Return the areas to show.

    Parameters
    ----------
    asked
        Codes as the address gives them, repeated or joined by commas; none means ``home``.
    known
        Areas that have figures.
    home
        The area that is shown where no other can be.
    write
        The language of the problems.
    """
    codes = list(dict.fromkeys(code.strip() for text in asked for code in text.split(",") if code.strip()))
    problems = [write.t("compare.unknown", code=code) for code in codes if code not in known]
    found = [code for code in codes if code in known] or [home]
    if len(found) > STYLES:
        problems.append(write.t("compare.too_many", count=STYLES))
    return AreaChoice(tuple(found[:STYLES]), tuple(problems))


def group_areas(known: Mapping[str, DatasetHolding], home: str, reader: FigureReader) -> tuple[AreaGroup, ...]:
    """Return the areas to choose from: country, prefectures, designated cities, and the neighbours of ``home``.

    Wards and local areas are those of the prefecture, too. More local areas than a page can list are left to the API.
    """
    areas = reader.node.reference.areas
    prefecture = home[:2]
    groups = []
    for level in ("country", "prefecture", "designated_city", "designated_ward", "municipality", LOCAL):
        near = (one for one in areas.at_level(level) if level not in _NEAR or one.code[:2] == prefecture)
        here = tuple(one for one in near if one.code in known)
        if here and (level != LOCAL or len(here) <= MOST_PARTS):
            groups.append(AreaGroup(level, here, distinct_names(here, areas)))
    return tuple(groups)


def make_trend(
    indicator: Indicator,
    choice: AreaChoice,
    known: Mapping[str, DatasetHolding],
    reader: FigureReader,
    write: Writer,
    address: Callable[[Sequence[str]], str],
) -> Trend:
    """Read the series of the chosen areas and draw them.

    Parameters
    ----------
    indicator
        The indicator.
    choice, known
        The areas, and where each is read.
    reader, write
        Where figures come from and how they are written.
    address
        Area codes -> address of the page that shows them.
    """
    series = tuple(
        one for code in choice.codes for one in ordered(indicator, reader.series(known[code], indicator.id, code))
    )[:STYLES]
    names = _names(indicator, series, reader, write)
    description = _describe(series, names, write)
    moves = tuple(_reference_days(series[0])) if len(series) == 1 else ()
    drawn = [_draw(frame, indicator, series, names, description, moves, write) for frame in (WIDE, NARROW)]
    return Trend(
        series=series,
        chosen=tuple(
            Chosen(name, address([code for code in choice.codes if code != one.area]))
            for name, one in zip(names, series, strict=True)
        ),
        codes=choice.codes,
        problems=choice.problems,
        rows=_rows(series),
        chart_wide=drawn[0],
        chart_narrow=drawn[1],
        description=description,
        reference_days=moves,
        broken=any(figure.broken for one in series for figure in one.figures),
        notes=tuple(_notes(series, names, reader, write)),
    )


def _names(indicator: Indicator, series: Sequence[Series], reader: FigureReader, write: Writer) -> tuple[str, ...]:
    known = reader.node.reference.areas
    titles = distinct_names([known.get(code) for code in dict.fromkeys(one.area for one in series)], known)
    areas = [write.t.label(titles[one.area]) for one in series]
    definitions = [write.t.label(indicator.get_definition(one.definition).label) for one in series]
    if len(set(definitions)) < 2:
        names = areas
    elif len(set(areas)) < 2:
        names = definitions
    else:
        names = [f"{area} {definition}" for area, definition in zip(areas, definitions, strict=True)]
    return tuple(
        write.t("synthetic.name", name=name) if one.dataset.synthetic else name
        for name, one in zip(names, series, strict=True)
    )


def _rows(series: Sequence[Series]) -> tuple[Row, ...]:
    by_period = [{figure.period: figure for figure in one.figures} for one in series]
    periods = sorted({period for figures in by_period for period in figures}, reverse=True)
    return tuple(Row(period, tuple(figures.get(period) for figures in by_period)) for period in periods)


def _reference_days(series: Series) -> Iterator[tuple[date, date, date]]:
    return changes([(one.period.end, one.denominator_date) for one in series.figures])


def _written(figure: Figure, write: Writer) -> str:
    return write.value(cast(float, figure.value)) + write.unit(figure.unit)


def _describe(series: Sequence[Series], names: Sequence[str], write: Writer) -> str:
    if not series:
        return ""
    ends = [
        write.t(
            "chart.end",
            name=name,
            first=_written(one.known[0], write),
            last=_written(one.known[-1], write),
        )
        for name, one in zip(names, series, strict=True)
    ]
    periods = sorted({figure.period for one in series for figure in one.known})
    return write.t(
        "chart.description",
        first=write.period(periods[0]),
        last=write.period(periods[-1]),
        count=len(periods),
        ends=write.t("punctuation.list").join(ends),
    )


def _draw(
    frame: Frame,
    indicator: Indicator,
    series: Sequence[Series],
    names: Sequence[str],
    description: str,
    moves: Sequence[tuple[date, date, date]],
    write: Writer,
) -> Markup:
    if not any(len(one.known) > 1 for one in series):
        return Markup("")
    areas = write.t("punctuation.list").join(names)
    return draw_line_chart(
        [_line(one, name, write) for one, name in zip(series, names, strict=True)],
        frame,
        key="trend",
        title=write.t("chart.title", name=write.t.label(indicator.label), areas=areas),
        description=description,
        unit=write.t("chart.axis_unit", unit=write.unit(indicator.unit)),
        day_text=write.tick,
        marks=[Mark(day, _mark_text(before, after, write)) for day, before, after in moves],
    )


def _mark_text(before: date, after: date, write: Writer) -> str:
    return write.t("chart.mark", before=write.day(before), after=write.day(after))


def _line(series: Series, name: str, write: Writer) -> Line:
    return Line(name, tuple(_point(figure, name, write) for figure in series.figures))


def _point(figure: Figure, name: str, write: Writer) -> Point:
    text = ""
    if figure.value is not None:
        text = write.t("chart.point", name=name, period=write.period(figure.period), value=_written(figure, write))
    return Point(figure.period.end, figure.value, text, broken=figure.broken)


def _notes(series: Sequence[Series], names: Sequence[str], reader: FigureReader, write: Writer) -> Iterator[str]:
    statuses = reader.node.reference.codelists["obs_status"]
    for one, name in zip(series, names, strict=True):
        for figure in one.figures:
            told = {"period": write.period(figure.period), "area": name}
            if figure.broken:
                yield write.t("notes.break", **told)
            if figure.value is None:
                yield write.t("notes.missing", **told, status=write.t.label(statuses.get(figure.status).label))
            if figure.note:
                yield write.t("notes.note", **told, note=figure.note)
