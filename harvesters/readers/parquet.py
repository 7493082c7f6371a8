"""Parquet: as text rows with only the columns that are wanted, as a grid, or in batches.

Text columns stay dictionary-encoded until a row is asked for, so a file that says one long text a million times does
not fill the memory. Numbers become their plain decimal text; null becomes ``""``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalog.errors import InputError, Label, Place
from harvesters.readers.grid import Grid, Value
from harvesters.readers.shape import note_shape
from harvesters.readers.table import Row, SourceTable, check_header, too_large

#: the bytes that every Parquet file begins with
MAGIC = b"PAR1"
#: rows that are read at most
MOST_ROWS = 10_000_000
#: cells that are read as a grid
MOST_GRID_CELLS = 20_000_000
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
        raise unreadable(name, error) from error
    note_shape(name, None, found)
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
        raise unreadable(name, error) from error


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def read_parquet_grid(path: Path, *, name: str, largest: int) -> Grid:
    """Read a whole Parquet file as a sheet whose first row has the names of the columns.

    Raises
    ------
    InputError
        If it is not Parquet, has lists or records in a column, or is larger than ``largest`` bytes unpacked or
        :data:`MOST_GRID_CELLS`.
    """
    try:
        with pq.ParquetFile(path) as file:
            schema, metadata = file.schema_arrow, file.metadata
            check_flat(schema, name)
            cells = metadata.num_rows * metadata.num_columns
            if cells > MOST_GRID_CELLS or _unpacked_size(metadata, schema.names) > largest:
                raise too_large(name, largest)
            columns = [[_cell(value) for value in one.to_pylist()] for one in file.read().columns]
    except (pa.ArrowException, OSError) as error:
        raise unreadable(name, error) from error
    rows: list[list[Value]] = [list(schema.names), *(list(row) for row in zip(*columns, strict=True))]
    return Grid(file=name, sheet=None, rows=rows)


def read_first_rows(path: Path, *, name: str, rows: int, columns: int) -> tuple[Grid, bool]:
    """Read the beginning of a Parquet file as a sheet whose first row has the names, and whether there is more of it.

    Parameters
    ----------
    path, name
        The file, and what people call it.
    rows, columns
        That are read at most, the row of names included.

    Raises
    ------
    InputError
        If it is not Parquet, or has lists or records in a column.
    """
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            check_flat(schema, name)
            wanted = schema.names[:columns]
            batch = next(file.iter_batches(rows - 1, columns=wanted), None)
            values = [[_cell(one) for one in each.to_pylist()] for each in batch.columns] if batch is not None else []
            more = file.metadata.num_rows > rows - 1 or len(schema.names) > columns
    except (pa.ArrowException, OSError) as error:
        raise unreadable(name, error) from error
    body: list[list[Value]] = [list(row) for row in zip(*values, strict=True)]
    return Grid(file=name, sheet=None, rows=[list(wanted), *body]), more


def check_flat(schema: pa.Schema, name: str) -> None:
    """Refuse columns that hold more than one value a row, and columns of the same name.

    Raises
    ------
    InputError
        Naming them.
    """
    nested = [one.name for one in schema if pa.types.is_nested(one.type) or pa.types.is_binary(one.type)]
    if nested:
        raise InputError(
            f"一つの値ではない列があります: {'、'.join(nested)}",
            f"Columns that hold no single value: {', '.join(nested)}",
            next_step=Label("列に分けて書き出してください", "Write them as columns of their own"),
            place=Place(file=name),
            value=nested,
        )
    check_header(schema.names, (), name)


def _cell(value: object) -> Value:
    """Return a value as a sheet holds it; whole numbers that a float cannot hold stay text."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | Decimal):
        return float(value) if float(value) == value else str(value)
    return value if isinstance(value, str | float | date | datetime | time) else str(value)


def unreadable(name: str, error: Exception) -> InputError:
    """Return the error for bytes that are no Parquet."""
    return InputError(
        "Parquetとして読めません",
        "It cannot be read as Parquet",
        next_step=Label("ファイルが途中で切れていないか確かめてください", "Check whether the file is complete"),
        place=Place(file=name),
        reason=str(error)[:200],
    )
