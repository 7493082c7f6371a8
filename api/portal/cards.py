"""The card of an indicator: its newest value and its way, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from markupsafe import Markup

from api.portal.charts import draw_sparkline
from api.portal.figures import FigureReader, Series
from api.portal.writing import Writer
from catalog.errors import Label
from catalog.model.indicator import Indicator


@dataclass(frozen=True, slots=True)
class CardFigure:
    """The newest value of one definition."""

    #: the series that it ends
    series: Series
    #: name of the area
    area: Label
    #: name of the definition
    definition: Label
    #: the way of the values; empty with fewer than two
    sparkline: Markup


@dataclass(frozen=True, slots=True)
class Card:
    """What a page says of an indicator in a few lines."""

    #: the indicator
    indicator: Indicator
    #: one for each definition that has a value; empty if nothing is collected
    figures: tuple[CardFigure, ...]

    @property
    def collected(self) -> bool:
        """Whether there is a value."""
        return bool(self.figures)

    @property
    def synthetic(self) -> bool:
        """Whether the values are made up."""
        return any(one.series.dataset.synthetic for one in self.figures)


def make_card(indicator: Indicator, reader: FigureReader, write: Writer) -> Card:
    """Make the card of an indicator from its primary dataset."""
    holdings = reader.charted(indicator)
    if not holdings:
        return Card(indicator, ())
    area = reader.home_area(holdings[0])
    series = reader.series(holdings[0], indicator.id, area) if area else ()
    return Card(indicator, tuple(_card_figure(indicator, one, reader, write) for one in ordered(indicator, series)))


def ordered(indicator: Indicator, series: Iterable[Series]) -> list[Series]:
    """Return the series that have a value, in the order of the indicator's definitions."""
    places = {name: place for place, name in enumerate(indicator.definition_ids)}
    known = (one for one in series if one.latest is not None)
    return sorted(known, key=lambda one: (places.get(one.definition, len(places)), one.definition))


def _card_figure(indicator: Indicator, series: Series, reader: FigureReader, write: Writer) -> CardFigure:
    reference = reader.node.reference
    area = reference.areas.get(series.area).name
    first, last = series.known[0], series.known[-1]
    title = write.t(
        "card.sparkline",
        first=write.period(first.period),
        first_value=write.value(cast(float, first.value)) + write.unit(first.unit),
        last=write.period(last.period),
        last_value=write.value(cast(float, last.value)) + write.unit(last.unit),
    )
    line = draw_sparkline([(one.period.end, cast(float, one.value)) for one in series.known], title=title)
    return CardFigure(series, area, indicator.get_definition(series.definition).label, line)
