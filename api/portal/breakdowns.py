"""The parts of an indicator's page that show one period by the codes of a dimension, as tables whose cells are bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from api.portal.charts import draw_bar
from api.portal.figures import Figure, FigureReader
from api.portal.links import observations_of
from catalog.errors import Label
from catalog.model import TOTAL, Dataset, Dimension, Period
from catalog.model.indicator import Indicator, IndicatorDefinition
from catalog.releases import DatasetHolding, ReleaseHolding

#: units whose full bar is a fixed value
_FULL = {"PT": 100.0}


@dataclass(frozen=True, slots=True)
class BarRow:
    """One code."""

    #: its name
    label: Label
    #: bar and figure of each definition; None where there is no figure
    bars: tuple[tuple[Markup, Figure | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """One dimension of one dataset."""

    #: the dataset and the release
    dataset: Dataset
    release: ReleaseHolding
    #: name of the area
    area: Label
    #: the dimension
    dimension: Dimension
    #: definition with the period that is shown; one column of bars each
    columns: tuple[tuple[IndicatorDefinition, Period], ...]
    #: one for each code that has a figure, in the order of the dimension
    rows: tuple[BarRow, ...]
    #: address of the same figures as CSV
    csv: str


def make_breakdowns(indicator: Indicator, reader: FigureReader) -> tuple[Breakdown, ...]:
    """Return all breakdowns of an indicator at the newest period of each definition, totals left out."""
    return tuple(
        part
        for holding in reader.datasets_of(indicator)
        for dimension in holding.dataset.structure.breakdowns
        for part in _make(indicator, holding, dimension, reader)
    )


def _make(
    indicator: Indicator, holding: DatasetHolding, dimension: Dimension, reader: FigureReader
) -> Iterator[Breakdown]:
    area = reader.home_area(holding)
    found = reader.breakdown(holding, indicator.id, area, dimension.id) if area else {}
    definitions = [one for one in indicator.definitions if one.id in found]
    rows = _rows(dimension, [found[one.id] for one in definitions])
    if not rows or area is None:
        return
    others = {one.id: TOTAL for one in holding.dataset.structure.breakdowns if one is not dimension}
    asked = observations_of(holding.dataset.name, indicator, {"area": area, "time": "latest", **others})
    yield Breakdown(
        dataset=holding.dataset,
        release=holding.current,
        area=reader.node.reference.areas.get(area).name,
        dimension=dimension,
        columns=tuple((one, found[one.id][0].period) for one in definitions),
        rows=rows,
        csv=asked.link("csv"),
    )


def _rows(dimension: Dimension, columns: Sequence[Sequence[Figure]]) -> tuple[BarRow, ...]:
    by_code = [{figure.codes[dimension.id]: figure for figure in figures} for figures in columns]
    codes = [code for code in dimension.codes if code != TOTAL and any(code in figures for figures in by_code)]
    fulls = [_full(figures) for figures in columns]
    return tuple(
        BarRow(dimension.codes[code], tuple(_bars([figures.get(code) for figures in by_code], fulls))) for code in codes
    )


def _full(figures: Sequence[Figure]) -> float:
    values = [one.value for one in figures if one.value is not None]
    return _FULL.get(figures[0].unit, max(values, default=0.0))


def _bars(group: Sequence[Figure | None], fulls: Sequence[float]) -> Iterator[tuple[Markup, Figure | None]]:
    for place, (figure, full) in enumerate(zip(group, fulls, strict=True), 1):
        yield draw_bar(figure.value if figure else None, full, style=place), figure
