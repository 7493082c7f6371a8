"""The cells that the observations of mapped tables come from: a number each, in the order of the observation table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalog.errors import Place
from catalog.formats.columns import ROWS, keep_column
from harvesters.mapping.parts import KeptPart, KeptRows
from harvesters.places import ObservationPlaces


def observation_places(
    keys: pa.Table, parts: Sequence[KeptPart], tables: Sequence[KeptRows], order: NDArray[np.int64]
) -> ObservationPlaces:
    """Return where observations stand.

    Parameters
    ----------
    keys
        Key of each observation, in their order.
    parts, tables
        What they were made of.
    order
        Their numbers when the parts are joined.
    """
    numbers = [_numbers(one, i, len(parts), tables) for i, one in enumerate(parts)]
    joined = np.concatenate(numbers) if numbers else np.zeros(0, np.int64)

    def pieces() -> Iterator[pa.Array[Any]]:
        for start in range(0, len(order) or 1, ROWS):
            yield pa.array(joined[order[start : start + ROWS]])

    cells = [(tables[one.table].plan.records.place, one.column) for one in parts]
    return ObservationPlaces(keys, keep_column(pa.int64(), pieces(), len(order)), _place_of(cells))


def _numbers(part: KeptPart, number: int, parts: int, tables: Sequence[KeptRows]) -> NDArray[np.int64]:
    """Return for each observation of a part the key of its row and the number of the part, as one number."""
    found: NDArray[np.int64] = np.asarray(tables[part.table].keys.load())[part.rows.load()].astype(np.int64)
    return found * parts + number


def _place_of(
    cells: Sequence[tuple[Callable[[int | None, int | None], Place], int | None]],
) -> Callable[[int], Place]:
    def place(number: int) -> Place:
        key, part = divmod(number, len(cells))
        where, column = cells[part]
        return where(key, column)

    return place
