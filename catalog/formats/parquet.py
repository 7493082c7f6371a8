"""The Parquet file of a release: ``<dataset>.parquet``, the truth from which every index and answer is derived.

Zstandard, sorted by the key, in row groups small enough to skip; the types are those of
:meth:`DataStructure.arrow_schema`. The same table and description give the same bytes with the same pyarrow. The file's
key-value metadata has one key, ``shihyo``: JSON with what a reader needs who has nothing but the file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.errors import IntegrityError
from catalog.formats.columns import ROWS, read_columns, take_rows, without_crumbs
from catalog.formats.keys import key_numbers, note_repeats
from catalog.formats.known import known_of
from catalog.model import DataStructure, canonical_json

MEDIA_TYPE = "application/vnd.apache.parquet"

_METADATA_KEY = b"shihyo"
_ZSTD_LEVEL = 6


def write_parquet(
    table: pa.Table, structure: DataStructure, target: Path, description: dict[str, Any], *, is_sorted: bool = False
) -> None:
    """Write the observation table, sorted by the key.

    Parameters
    ----------
    table
        An observation table in any order.
    structure
        The columns and the key.
    target
        The file to write; an existing one is overwritten.
    description
        JSON for the file's metadata: dataset, version, labels of the columns.
    is_sorted
        Whether :func:`sort_by_key` made the table.
    """
    ordered = table if is_sorted else sort_by_key(table, structure)
    schema = structure.arrow_schema().with_metadata({_METADATA_KEY: canonical_json(description)})
    with pq.ParquetWriter(
        target,
        schema,
        compression="zstd",
        compression_level=_ZSTD_LEVEL,
        version="2.6",
        data_page_version="1.0",
        write_page_index=True,
    ) as writer:
        for start in range(0, ordered.num_rows, ROWS) or [0]:
            writer.write_table(ordered.slice(start, ROWS).combine_chunks().cast(schema), row_group_size=ROWS)


def sort_by_key(table: pa.Table, structure: DataStructure) -> pa.Table:
    """Return the table with its columns in the structure's order, sorted by the key (byte order of UTF-8)."""
    chosen = table if tuple(table.column_names) == structure.names else table.select(list(structure.names))
    if known_of(chosen).order == structure.key:
        return chosen
    numbers = key_numbers(chosen, structure)
    if numbers is None:
        return chosen.sort_by([(name, "ascending") for name in structure.key]).combine_chunks()
    if (numbers[1:] >= numbers[:-1]).all():
        ordered = without_crumbs(chosen)
    else:
        order = np.argsort(numbers, kind="stable")
        ordered, numbers = take_rows(chosen, order), numbers[order]
    known_of(ordered).values.update(known_of(chosen).values)
    known_of(ordered).order = structure.key
    note_repeats(ordered, structure, numbers)
    return ordered


def read_parquet(path: Path) -> pa.Table:
    """Read the observation table of a release, without the file's metadata; a large one does not stay in memory.

    Raises
    ------
    IntegrityError
        If it is not a Parquet file.
    """
    try:
        with pq.ParquetFile(path) as file:
            return read_columns(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise IntegrityError(
            f"Parquetファイルを読めません（{path.name}）", f"{path.name} cannot be read as Parquet", value=path.name
        ) from error


def read_description(path: Path) -> dict[str, Any]:
    """Return the description that :func:`write_parquet` put in; empty if the file has none."""
    metadata = pq.read_schema(path).metadata or {}
    return dict(json.loads(metadata.get(_METADATA_KEY, b"{}")))
