"""What is known of a table because somebody looked at all of it: tables do not change, so nobody has to look again.

Checks, comparisons and descriptions of a release ask the same table for its codes, and whether a key repeats. What was
found is kept as long as the table is.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from catalog.formats.columns import unique


@dataclass(slots=True)
class Known:
    """What is known of a table."""

    #: column -> its different values, null among them, in any order
    values: dict[str, pa.Array[Any]] = field(default_factory=dict)
    #: the columns of the key that is meant, and whether two rows have the same one; None if nobody has looked
    repeated_key: tuple[tuple[str, ...], bool] | None = None
    #: the columns of the key that its rows are in the order of; None if nobody has looked
    order: tuple[str, ...] | None = None


#: id of a table -> what is known of it; entries go with their tables
_KNOWN: dict[int, Known] = {}


def known_of(table: pa.Table) -> Known:
    """Return what is known of a table; may be added to."""
    number = id(table)
    if number not in _KNOWN:
        _KNOWN[number] = Known()
        weakref.finalize(table, _KNOWN.pop, number).atexit = False
    return _KNOWN[number]


def different(table: pa.Table, name: str) -> pa.Array[Any]:
    """Return the different values of a column, null among them, in any order."""
    values = known_of(table).values
    if name not in values:
        values[name] = unique(table.column(name))
    return values[name]
