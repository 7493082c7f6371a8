"""From contributions to releases: what was known by when.

Every release holds everything known by then, so contributions are laid one upon the other in the order of time, and
each becomes a release of its own. What the catalogue has already is the beginning of the chain:

- a contribution whose periods all lie behind the newest period of the current release is *past*. If the past
  contributions say exactly what the current release says, nothing is published for them; if not (a revised or late
  file, a better harvester), one release corrects the past, issued now, because only now is it known;
- the others are *new*: one release each, issued when the source issued it, but never before the release before.

Observations of objects that are no longer there stay: a source that cleans up does not unpublish anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import Label
from catalog.formats import read_parquet, sort_by_key
from catalog.formats.columns import filter_rows
from catalog.formats.known import different
from catalog.model import Dataset, DataStructure, Dimension, Origin, Provenance, parse_period
from catalog.releases.build import Parent
from catalog.releases.diff import diff_tables
from harvesters.base import Contribution
from harvesters.local_areas import areas_used
from harvesters.publishing.combine import periods_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One release to be made."""

    #: the dataset as it is described by then
    dataset: Dataset
    #: all observations that were known by then
    table: pa.Table
    #: when they became known: ISO 8601 with offset
    issued: str
    #: names of the objects that made the difference
    objects: tuple[str, ...]
    #: where all observations came from
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """What the provenance of every step of a source says."""

    #: name of the harvest source
    source: str
    #: name and version of the code
    activity: str
    #: object name -> its raw bytes
    origins: Mapping[str, Origin]

    def provenance(self, dataset: Dataset, origins: Iterable[Origin]) -> Provenance:
        """Return the provenance of a step."""
        return Provenance(tuple(origins), self.source, self.activity, dataset.citation.ja)


def iter_steps(
    contributions: Sequence[Contribution], parent: Parent | None, lineage: Lineage, *, now: datetime
) -> Iterator[Step]:
    """Yield the releases that bring a dataset from what is published to what is known.

    Parameters
    ----------
    contributions
        All of one dataset, no two with the same period, in any order.
    parent
        The current release in the catalogue, or None.
    lineage
        Where the contributions came from.
    now
        The time, with offset: when corrections become known.

    Yields
    ------
    Step
        In the order of publication. Only one table is held at a time, so memory stays flat however long the series is.
    """
    ordered = sorted(contributions, key=lambda one: (one.issued, one.object))
    known = _last_day(parent)
    past = [one for one in ordered if known is not None and _end(one) <= known]
    new = [one for one in ordered if known is None or _end(one) > known]
    base = _Base(parent, lineage)
    yield from base.correct(past, now)
    for one in new:
        yield base.add(one)


class _Base:
    """The release that the next step stands on."""

    def __init__(self, parent: Parent | None, lineage: Lineage) -> None:
        self._lineage = lineage
        self._parent = parent
        self._issued = parent.manifest.issued if parent else None
        self._dataset = parent.manifest.dataset if parent else None
        self._table = read_parquet(parent.parquet) if parent else None
        origins = parent.manifest.provenance.origins if parent else ()
        self._origins = {one.name: one for one in origins}

    def correct(self, past: Sequence[Contribution], now: datetime) -> Iterator[Step]:
        """Yield one step if the past contributions, or their description, differ from what is published."""
        parent = self._parent
        if parent is None or not past:
            return
        described = past[-1].dataset
        table = self._merge(past, described.structure)
        dataset = self._describe(described, table)
        diff = diff_tables(parent.parquet, table, dataset.structure, examples=0)
        if diff.is_empty and dataset.to_dict() == parent.manifest.dataset.to_dict():
            self._table, self._dataset = table, dataset
            return
        issued = parent.manifest.issued if diff.is_empty else _later(parent.manifest.issued, now.isoformat())
        yield self._step(dataset, table, issued, tuple(name for one in past for name in one.objects))

    def add(self, one: Contribution) -> Step:
        """Return the step that adds one contribution."""
        table = self._merge([one], one.dataset.structure)
        issued = _later(self._issued, one.issued)
        return self._step(self._describe(one.dataset, table), table, issued, one.objects)

    def _step(self, dataset: Dataset, table: pa.Table, issued: str, objects: tuple[str, ...]) -> Step:
        self._table, self._dataset, self._issued = table, dataset, issued
        named = [self._lineage.origins[name] for name in objects]
        self._origins.update({origin.name: origin for origin in named})
        provenance = self._lineage.provenance(dataset, self._origins.values())
        return Step(dataset=dataset, table=table, issued=issued, objects=objects, provenance=provenance)

    def _merge(self, contributions: Sequence[Contribution], structure: DataStructure) -> pa.Table:
        """Return the table with the periods of the contributions replaced or added; later contributions come last.

        A base with other columns is left behind: its observations do not fit the new structure.
        """
        tables = list(_lay(contributions))
        if self._table is not None and tuple(self._table.column_names) == structure.names:
            replaced = sorted(frozenset().union(*map(periods_of, tables)))
            stays = pc.invert(_is_of(self._table, replaced))
            tables.insert(0, filter_rows(self._table, stays).cast(structure.arrow_schema()))
        return sort_by_key(pa.concat_tables(tables) if len(tables) > 1 else tables[0], structure)

    def _describe(self, dataset: Dataset, table: pa.Table) -> Dataset:
        """Return the dataset with the codes and local areas that the table has, also those that only the base knows."""
        before = self._dataset.structure if self._dataset else DataStructure()
        known = {one.id: one for one in before.breakdowns}
        breakdowns = tuple(_with_used(one, known.get(one.id), table) for one in dataset.structure.breakdowns)
        areas = (*dataset.areas, *(self._dataset.areas if self._dataset else ()))
        return replace(dataset, structure=DataStructure(breakdowns), areas=areas_used(areas, table, dataset.spatial))


def _with_used(dimension: Dimension, before: Dimension | None, table: pa.Table) -> Dimension:
    labels: Mapping[str, Label] = before.codes if before else {}
    used = different(table, dimension.id).to_pylist()
    more = {code: labels[code] for code in sorted(used) if code not in dimension.codes and code in labels}
    return replace(dimension, codes={**dimension.codes, **more}) if more else dimension


def _lay(contributions: Sequence[Contribution]) -> Iterator[pa.Table]:
    """Yield the tables, the last one first, each without the periods of the later ones."""
    later: set[str] = set()
    for one in reversed(contributions):
        periods = periods_of(one.table)
        hidden = sorted(later & periods)
        yield one.table.filter(pc.invert(_is_of(one.table, hidden))) if hidden else one.table
        later |= periods


def _is_of(table: pa.Table, periods: Sequence[str]) -> pa.ChunkedArray[Any]:
    return pc.is_in(table["period"], value_set=pa.array(periods, pa.string()))


def _end(contribution: Contribution) -> date:
    return max(parse_period(one).end for one in periods_of(contribution.table))


def _last_day(parent: Parent | None) -> date | None:
    if parent is None or parent.manifest.temporal is None:
        return None
    return parse_period(parent.manifest.temporal[1]).end


def _later(first: str | None, second: str) -> str:
    if first is None or datetime.fromisoformat(first) <= datetime.fromisoformat(second):
        return second
    return first
