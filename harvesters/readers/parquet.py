"""Parquet, as text rows, reading only the columns that are wanted.

Text columns stay dictionary-encoded until a row is asked for, so a file that says one long text a million times does
not fill the memory. Numbers become their plain decimal text; null becomes ``""``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalog.errors import InputError, Label, Place
from harvesters.readers.shape import note_shape
from harvesters.readers.table import Row, SourceTable, check_header, too_large

#: the bytes that every Parquet file begins with
MAGIC = b"PAR1"
#: rows that are read at most
MOST_ROWS = 10_000_000
_BATCH = 8192


def read_parquet(path: Path, *, name: str, columns: Sequence[str], largest: int) -> SourceTable:
    """Read columns of a Parquet file; row 2 is the first one, as if there were a header.

    Raises
    ------
    InputError
        If it is not Parquet, lacks a column, or is larger than ``largest`` bytes or :data:`MOST_ROWS` rows.
    """
    try:
        with pq.ParquetFile(path) as file:
            found, metadata = file.schema_arrow.names, file.metadata
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(name, error) from error
    note_shape(None, found)
    check_header(found, columns, name)
    if metadata.num_rows > MOST_ROWS or _unpacked_size(metadata, columns) > largest:
        raise too_large(name, largest)
    return SourceTable(name, tuple(found), None, None, _rows(path, columns, name))


def _unpacked_size(metadata: pq.FileMetaData, columns: Sequence[str]) -> int:
    wanted = [i for i in range(metadata.num_columns) if metadata.schema.column(i).path.split(".")[0] in columns]
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    return sum(group.column(i).total_uncompressed_size for group in groups for i in wanted)


def _rows(path: Path, columns: Sequence[str], name: str) -> Iterator[Row]:
    number = 2
    try:
        with pq.ParquetFile(path, read_dictionary=list(columns)) as file:
            for batch in file.iter_batches(_BATCH, columns=list(columns)):
                texts = [[_text(value) for value in batch.column(one).to_pylist()] for one in columns]
                for cells in zip(*texts, strict=True):
                    yield Row(number, dict(zip(columns, cells, strict=True)))
                    number += 1
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(name, error) from error


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _unreadable(name: str, error: Exception) -> InputError:
    return InputError(
        "Parquetとして読めません",
        "It cannot be read as Parquet",
        next_step=Label("ファイルが途中で切れていないか確かめてください", "Check whether the file is complete"),
        place=Place(file=name),
        reason=str(error)[:200],
    )
