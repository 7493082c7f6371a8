"""Contributions of several files to one dataset: which belong together, and which say the same twice.

Two contributions that share a period are one of these, by the keys of their observations:

==================  =======================================  ==========================================================
keys                for example                              what becomes of them
==================  =======================================  ==========================================================
none in common      a file a ward                            parts of one contribution: joined
some, same periods  the same file in two folders             the first by name is used, the other is dropped and told
some, others        editions that each go some years back    both stay: in the chain, the later one revises the earlier
==================  =======================================  ==========================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pyarrow as pa

from catalog.formats import sort_by_key
from catalog.formats.known import different
from catalog.model import DataStructure
from harvesters.base import Contribution


@dataclass(slots=True)
class Combined:
    """The contributions to one dataset, sorted out."""

    #: what the chain is made of; joined ones name all their objects
    kept: list[Contribution] = field(default_factory=list)
    #: what was dropped, each with whether it says the same as the one that was kept
    dropped: list[tuple[Contribution, bool]] = field(default_factory=list)


def combine(contributions: Sequence[Contribution]) -> Combined:
    """Sort out contributions to one dataset; their order does not matter."""
    combined = Combined()
    for one in sorted(contributions, key=lambda each: each.object):
        _add(combined, one)
    return combined


def periods_of(table: pa.Table) -> frozenset[str]:
    """Return the periods of an observation table."""
    return frozenset(different(table, "period").to_pylist())


def _add(combined: Combined, one: Contribution) -> None:
    periods = periods_of(one.table)
    kept = combined.kept
    met = [i for i, other in enumerate(kept) if not periods.isdisjoint(periods_of(other.table))]
    apart = [i for i in met if _are_parts(kept[i], one)]
    twin = next((i for i in met if i not in apart and periods_of(kept[i].table) == periods), None)
    if twin is not None:
        combined.dropped.append((one, kept[twin].table.equals(one.table)))
    elif apart:
        nearest = min(apart, key=lambda i: _time_between(kept[i], one))
        kept[nearest] = _join(kept[nearest], one)
    else:
        kept.append(one)


def _are_parts(first: Contribution, second: Contribution) -> bool:
    """Return whether the two have the same columns and no key in common."""
    structure = first.dataset.structure
    if structure.names != second.dataset.structure.names:
        return False
    keys = list(structure.key)
    common = first.table.select(keys).join(second.table.select(keys), keys, join_type="inner")
    return not common.num_rows


def _time_between(first: Contribution, second: Contribution) -> float:
    moments = (datetime.fromisoformat(one.issued) for one in (first, second))
    return abs(next(moments).timestamp() - next(moments).timestamp())


def _join(first: Contribution, second: Contribution) -> Contribution:
    structure = _with_codes_of(first.dataset.structure, second.dataset.structure)
    tables = [one.table.cast(structure.arrow_schema()) for one in (first, second)]
    return replace(
        first,
        dataset=replace(first.dataset, structure=structure),
        table=sort_by_key(pa.concat_tables(tables), structure),
        issued=max(first.issued, second.issued, key=datetime.fromisoformat),
        others=(*first.others, *second.objects),
        places=(*first.places, *second.places),
    )


def _with_codes_of(first: DataStructure, second: DataStructure) -> DataStructure:
    codes = {one.id: one.codes for one in second.breakdowns}
    return DataStructure(tuple(replace(one, codes={**codes.get(one.id, {}), **one.codes}) for one in first.breakdowns))
