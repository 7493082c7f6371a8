"""The parts of an indicator's page that show one period by the codes of a dimension, as tables whose cells are bars.

The wards of the area that the page shows first are such codes, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from api.portal.charts import draw_bar
from api.portal.figures import Figure, FigureReader
from api.portal.links import observations_of
from catalog.errors import Label
from catalog.model import TOTAL, Dataset, Dimension, Period
from catalog.model.area import LOCAL
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
    return tuple(part for holding in reader.charted(indicator) for part in _make_all(indicator, holding, reader))


def _make_all(indicator: Indicator, holding: DatasetHolding, reader: FigureReader) -> Iterator[Breakdown]:
    area = reader.home_area(holding)
    if area is None:
        return
    for within in _areas_within(area, holding, reader):
        by_area = reader.newest_by_area(holding, indicator.id, within.codes)
        yield from _make(indicator, holding, within, area, _of_one_period(by_area), reader)
    for dimension in holding.dataset.structure.breakdowns:
        found = reader.breakdown(holding, indicator.id, area, dimension.id)
        yield from _make(indicator, holding, dimension, area, found, reader)


#: most areas of a level that a page lists or charts; the API has them all
MOST_PARTS = 200

#: levels of areas that are charted below a city, each by itself
_PARTS = {"designated_ward": Label("区", "Ward"), LOCAL: Label("地区", "Local area")}


def _areas_within(area: str, holding: DatasetHolding, reader: FigureReader) -> Iterator[Dimension]:
    known, within = reader.areas_of(holding), reader.node.reference.areas.within(area)
    for level, title in _PARTS.items():
        parts = {one.code: one.name for one in within if one.level == level and one.code in known and one.code != area}
        if parts and len(parts) <= MOST_PARTS:
            yield Dimension("area_code", title, parts)


def _of_one_period(found: Mapping[str, Sequence[Figure]]) -> Mapping[str, Sequence[Figure]]:
    """Leave out areas whose newest figure is older than the others': they ended, and the heading names one period."""
    newest = {name: max(one.period for one in figures) for name, figures in found.items()}
    return {name: [one for one in figures if one.period == newest[name]] for name, figures in found.items()}


def _make(
    indicator: Indicator,
    holding: DatasetHolding,
    dimension: Dimension,
    area: str,
    found: Mapping[str, Sequence[Figure]],
    reader: FigureReader,
) -> Iterator[Breakdown]:
    definitions = [one for one in indicator.definitions if one.id in found]
    rows = _rows(dimension, [found[one.id] for one in definitions])
    if not rows:
        return
    by_area = dimension.id == "area_code"
    others = {one.id: TOTAL for one in holding.dataset.structure.breakdowns if one is not dimension}
    shown = ",".join(dimension.codes) if by_area else area
    asked = observations_of(holding.dataset.name, indicator, {"area": shown, "time": "latest", **others})
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
