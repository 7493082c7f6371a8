"""Where observations stand in the files that they come from, kept until the guards have spoken.

A guard looks at a table of observations and knows their keys; a person who is to correct one needs file, sheet and
cell. Each observation keeps one number (of its row in the file and of the column that it was read from), in a file
beside the table if there are many, and the few observations that are shown are looked up by their key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import Place
from catalog.formats import sort_by_key
from catalog.model import DataStructure


@dataclass(frozen=True, slots=True)
class ObservationPlaces:
    """The places of the observations of one object."""

    #: the key of each observation; shares its columns with the observation table
    keys: pa.Table
    #: number of the place of each, int64
    numbers: pa.ChunkedArray[Any]
    #: number -> place
    place: Callable[[int], Place]

    def find(self, keys: Sequence[Mapping[str, Any]]) -> dict[int, Place]:
        """Return number of a key -> where its first observation stands; keys that are not there are left out.

        Parameters
        ----------
        keys
            Column -> code; columns that are left out may have any code.
        """
        found: dict[int, Place] = {}
        wanted = {i: key for i, key in enumerate(keys) if set(key) <= set(self.keys.column_names) and key}
        start = 0
        for batch in self.keys.to_batches():
            if not wanted:
                break
            for row in _candidates(batch, list(wanted.values())):
                codes = {name: batch.column(name)[row].as_py() for name in batch.schema.names}
                for i in [i for i, key in wanted.items() if all(codes[name] == code for name, code in key.items())]:
                    found[i] = self.place(self.numbers[start + row].as_py())
                    del wanted[i]
                if not wanted:
                    break
            start += batch.num_rows
        return found


def _candidates(batch: pa.RecordBatch, keys: Sequence[Mapping[str, Any]]) -> Sequence[int]:
    """Return the rows that may have one of some keys."""
    columns = set.intersection(*(set(key) for key in keys))
    masks = [
        pc.is_in(batch.column(name), value_set=pa.array(sorted({key[name] for key in keys}), pa.string()))
        for name in columns
        if pa.types.is_string(batch.column(name).type)
    ]
    mask = masks[0] if masks else pa.array([True] * batch.num_rows)
    for one in masks[1:]:
        mask = pc.and_(mask, one)
    rows: list[int] = pc.indices_nonzero(mask).to_pylist()
    return rows


def placed(
    structure: DataStructure, rows: Sequence[tuple[Place, dict[str, Any]]]
) -> tuple[pa.Table, ObservationPlaces]:
    """Return observations in the order of the key, and the cells that they were read from.

    Parameters
    ----------
    structure
        Columns of the table.
    rows
        The cell and the columns of each observation; few enough to be held as rows.
    """
    table = structure.table([row for _, row in rows])
    cells = [place for place, _ in rows]
    numbers = pa.chunked_array([pa.array(range(len(cells)), pa.int64())])
    return sort_by_key(table, structure), ObservationPlaces(
        table.select(list(structure.key)), numbers, cells.__getitem__
    )
