"""Figures for pages: observations read through the node, kept as long as the node serves the same releases.

Order of events: a page asks :class:`FigureReader` for the series of an indicator; the reader finds the datasets that
hold it, queries the node as the API does and turns rows into :class:`Figure` s. What it read is kept in a
:class:`Memory` under the digest of the holdings, so a release that becomes current is seen at once and nothing is read
twice.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Any, TypeVar, cast

from api.node import Node
from catalog.model import COUNTRY, TOTAL, Dataset, Period, parse_period
from catalog.model.indicator import Indicator
from catalog.releases import DatasetHolding, Holdings, ReleaseHolding

Kept = TypeVar("Kept")

#: things that a memory keeps at most
MOST_KEPT = 500


@dataclass(frozen=True, slots=True)
class Figure:
    """One observation."""

    #: what it refers to
    period: Period
    #: value in ``unit``, or None if it is missing
    value: float | None
    #: code of the unit
    unit: str
    #: counts over and under the line, with their reference days; None where the source does not say
    numerator: float | None
    denominator: float | None
    numerator_date: date | None
    denominator_date: date | None
    #: SDMX CL_OBS_STATUS
    status: str
    #: what a reader must know of this value
    note: str | None
    #: code of the area, and codes of the breakdown dimensions
    codes: Mapping[str, str]

    @property
    def broken(self) -> bool:
        """Whether the series breaks here."""
        return self.status == "B"


@dataclass(frozen=True, slots=True)
class Series:
    """The figures of one definition in one area, in the order of time."""

    #: the dataset
    dataset: Dataset
    #: the release that holds them
    release: ReleaseHolding
    #: id of the indicator
    indicator: str
    #: id of the definition
    definition: str
    #: six-digit code of the area
    area: str
    #: at least one figure
    figures: tuple[Figure, ...]

    @property
    def known(self) -> tuple[Figure, ...]:
        """The figures that have a value."""
        return tuple(one for one in self.figures if one.value is not None)

    @property
    def latest(self) -> Figure | None:
        """The newest figure with a value."""
        return self.known[-1] if self.known else None

    @property
    def previous(self) -> Figure | None:
        """The figure with a value before the newest one; None where the series breaks between the two."""
        if len(self.known) < 2 or self.known[-1].broken:
            return None
        return self.known[-2]

    @property
    def change(self) -> float | None:
        """Difference of the newest value and the one before it, in the unit of the values."""
        if self.latest is None or self.previous is None:
            return None
        return cast(float, self.latest.value) - cast(float, self.previous.value)


@dataclass(slots=True)
class Memory:
    """Keeps what was computed from one state of the holdings; forgets all of it when the state changes.

    At most :data:`MOST_KEPT` things are kept, those that were used last: addresses are endless.
    """

    #: digest of the holdings that the kept things belong to
    digest: str = ""
    #: what was kept, the last used last
    kept: OrderedDict[Any, Any] = field(default_factory=OrderedDict)
    #: guards the two above
    lock: Lock = field(default_factory=Lock)

    def recall(self, digest: str, key: Any, compute: Callable[[], Kept]) -> Kept:
        """Return what ``compute`` returned for this key and digest before, or call it."""
        with self.lock:
            if self.digest != digest:
                self.digest = digest
                self.kept.clear()
            if key in self.kept:
                self.kept.move_to_end(key)
                return cast(Kept, self.kept[key])
        computed = compute()
        with self.lock:
            if self.digest == digest:
                self.kept[key] = computed
                while len(self.kept) > MOST_KEPT:
                    self.kept.popitem(last=False)
        return computed


@dataclass(frozen=True, slots=True)
class FigureReader:
    """Reads figures of one state of the holdings."""

    #: where they are read
    node: Node
    #: the state
    holdings: Holdings
    #: what was read before
    memory: Memory

    def datasets_of(self, indicator: Indicator) -> tuple[DatasetHolding, ...]:
        """Return the datasets that hold an indicator, the one that answers for it first."""
        return self.holdings.holders(indicator)

    def charted(self, indicator: Indicator) -> tuple[DatasetHolding, ...]:
        """Return those of :meth:`datasets_of` whose totals make a series."""
        return tuple(one for one in self.datasets_of(indicator) if one.dataset.structure.has_totals)

    def areas_of(self, holding: DatasetHolding) -> frozenset[str]:
        """Return the codes of the areas that a dataset has observations of."""
        return frozenset(self.node.engine(holding.current).coverage.codes["area_code"])

    def home_area(self, holding: DatasetHolding) -> str | None:
        """Return the area that a page shows first: the city, else the country, else the first one."""
        areas = self.areas_of(holding)
        wanted = (self.node.settings.city, COUNTRY)
        return next((code for code in wanted if code in areas), min(areas, default=None))

    def series(self, holding: DatasetHolding, indicator: str, area: str) -> tuple[Series, ...]:
        """Return the totals of an indicator in an area, one series a definition."""
        totals = {one.id: TOTAL for one in holding.dataset.structure.breakdowns}
        rows = self._read(holding, {"indicator": indicator, "area": area, **totals})
        return tuple(
            Series(holding.dataset, holding.current, indicator, definition, area, tuple(figures))
            for definition, figures in rows.items()
        )

    def breakdown(
        self, holding: DatasetHolding, indicator: str, area: str, dimension: str
    ) -> Mapping[str, tuple[Figure, ...]]:
        """Return definition -> its newest figures by the codes of a dimension, the other dimensions in total."""
        totals = {one.id: TOTAL for one in holding.dataset.structure.breakdowns if one.id != dimension}
        return self._read(holding, {"indicator": indicator, "area": area, "time": "latest", **totals})

    def newest_by_area(
        self, holding: DatasetHolding, indicator: str, areas: Iterable[str]
    ) -> Mapping[str, tuple[Figure, ...]]:
        """Return definition -> its newest figures in each of the areas, all dimensions in total."""
        totals = {one.id: TOTAL for one in holding.dataset.structure.breakdowns}
        return self._read(holding, {"indicator": indicator, "area": ",".join(areas), "time": "latest", **totals})

    def _read(self, holding: DatasetHolding, params: Mapping[str, str]) -> Mapping[str, tuple[Figure, ...]]:
        key = (holding.dataset.name, tuple(params.items()))
        return self.memory.recall(self.holdings.digest, key, lambda: self._query(holding, params))

    def _query(self, holding: DatasetHolding, params: Mapping[str, str]) -> Mapping[str, tuple[Figure, ...]]:
        selection = self.node.observations(holding.dataset.name, params)
        breakdowns = [one.id for one in holding.dataset.structure.breakdowns]
        found: dict[str, list[Figure]] = {}
        for row in selection.rows:
            record = dict(zip(selection.columns, row, strict=True))
            found.setdefault(record["definition_id"], []).append(_figure(record, breakdowns))
        return {definition: tuple(sorted(figures, key=lambda one: one.period)) for definition, figures in found.items()}


def _figure(record: Mapping[str, Any], breakdowns: Iterable[str]) -> Figure:
    return Figure(
        period=parse_period(record["period"]),
        value=record["value"],
        unit=record["unit"],
        numerator=record["numerator"],
        denominator=record["denominator"],
        numerator_date=_day(record["numerator_date"]),
        denominator_date=_day(record["denominator_date"]),
        status=record["obs_status"],
        note=record["note"],
        codes={name: record[name] for name in ("area_code", *breakdowns)},
    )


def _day(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
