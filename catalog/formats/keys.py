"""The key of observations as one whole number each, so that a million of them are compared in a blink.

Every dimension is replaced by the place of its code in byte order (UTF-8), and the places are written one behind the
other, as digits are. Two observations have the same number exactly if they have the same key, and the numbers are in
the order of the keys.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from catalog.formats.columns import encode
from catalog.formats.known import known_of
from catalog.model import DataStructure

#: numbers of keys that fit into 64 bits
_MOST_KEYS = 2**62


def key_numbers(table: pa.Table, structure: DataStructure) -> NDArray[np.int64] | None:
    """Return the number of the key of each row; None if there are more possible keys than numbers, or a key has nulls.

    Parameters
    ----------
    table
        An observation table in any order.
    structure
        Its key.
    """
    total = 1
    numbers = np.zeros(table.num_rows, np.int64)
    for name in structure.key:
        column = table.column(name)
        if column.null_count:
            return None
        index, codes = encode(column)
        known_of(table).values[name] = codes
        total *= max(1, len(codes))
        if total >= _MOST_KEYS:
            return None
        if len(codes) > 1:
            numbers *= len(codes)
            numbers += _ranks(codes)[index]
    return numbers


def has_repeated_key(table: pa.Table, structure: DataStructure) -> bool | None:
    """Return whether two rows have the same key; None if that cannot be told quickly."""
    known = known_of(table)
    if known.repeated_key is None or known.repeated_key[0] != structure.key:
        numbers = key_numbers(table, structure)
        if numbers is None:
            return None
        if (numbers[1:] <= numbers[:-1]).any():
            numbers = np.sort(numbers)
        note_repeats(table, structure, numbers)
    return known.repeated_key is not None and known.repeated_key[1]


def note_repeats(table: pa.Table, structure: DataStructure, ordered: NDArray[np.int64]) -> None:
    """Keep what the sorted numbers of the keys of a table say: whether two rows have the same key."""
    known_of(table).repeated_key = (structure.key, bool((ordered[1:] == ordered[:-1]).any()))


def _ranks(codes: pa.Array[Any]) -> NDArray[np.int64]:
    """Return for each code its place in byte order."""
    ranks = np.empty(len(codes), np.int64)
    ranks[np.asarray(pc.sort_indices(codes))] = np.arange(len(codes))
    return ranks
