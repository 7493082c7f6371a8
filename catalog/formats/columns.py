"""Columns of large tables: in memory up to a size, beyond it in a temporary file that is mapped into memory.

A table of many millions of observations must not need memory for all of them at once. Its columns are made piece by
piece; a long one is written to a temporary file as Arrow IPC and mapped, so the system reads it when it is looked at
and takes the memory back when it is short. The result is an Arrow table like any other. A piece that equals the one
before it (columns without values, the one indicator of a dataset) is not kept twice.

The files have no names and go with the table. They lie where the system keeps temporary files; ``TMPDIR`` says where.

References
----------
Apache Arrow Columnar Format 1.5, IPC file format.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

#: rows of a piece: those of a row group of the Parquet file
ROWS = 65_536
#: columns of tables with more rows are kept in files
MOST_IN_MEMORY = 1_000_000


def is_large(rows: int) -> bool:
    """Return whether a table of so many rows is kept in files."""
    return rows > MOST_IN_MEMORY


def without_crumbs(table: pa.Table) -> pa.Table:
    """Return the table in few pieces; one that comes in pieces of a fair size stays as it is, for nothing is copied."""
    pieces = max((column.num_chunks for column in table.columns), default=0)
    return table if pieces <= 1 + table.num_rows // ROWS else table.combine_chunks()


def keep_column(type: pa.DataType, pieces: Iterable[pa.Array[Any]], rows: int) -> pa.ChunkedArray[Any]:
    """Return the column that pieces make.

    Parameters
    ----------
    type
        Of the column and of each piece.
    pieces
        The values, in order; taken one after the other.
    rows
        How many values there will be.
    """
    if not is_large(rows):
        kept: list[pa.Array[Any]] = []
        for piece in pieces:
            kept.append(kept[-1] if kept and _repeats(piece, kept[-1]) else piece)
        return pa.chunked_array(kept, type)
    schema = pa.schema([pa.field("", type)])
    with tempfile.TemporaryFile(prefix="shihyo-column-") as file:
        numbers = _write(schema, pieces, file)
        file.flush()
        reader = pa.ipc.open_file(pa.BufferReader(pa.py_buffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))))
    written = [reader.get_batch(number).column(0) for number in range(reader.num_record_batches)]
    return pa.chunked_array([written[number] for number in numbers], type)


def _write(schema: pa.Schema, pieces: Iterable[pa.Array[Any]], file: IO[bytes]) -> list[int]:
    """Write the different pieces, and return the number of the written one that stands for each."""
    numbers: list[int] = []
    before: pa.Array[Any] | None = None
    written = 0
    with pa.ipc.new_file(file, schema) as writer:
        for piece in pieces:
            if before is None or not _repeats(piece, before):
                writer.write_batch(pa.record_batch([piece], schema=schema))
                before, written = piece, written + 1
            numbers.append(written - 1)
    return numbers


def _repeats(piece: pa.Array[Any], before: pa.Array[Any]) -> bool:
    """Return whether a piece has exactly what is before it; numbers are not compared, since 0.0 equals -0.0."""
    if _is_same_memory(piece, before):
        return True
    comparable = pa.types.is_string(piece.type) or piece.null_count == len(piece)
    return comparable and bool(piece.equals(before))


def keep_table(schema: pa.Schema, column: Callable[[pa.Field[Any]], Iterable[pa.Array[Any]]], rows: int) -> pa.Table:
    """Return the table of the pieces of its columns; ``column`` makes those of a field."""
    return pa.Table.from_arrays([keep_column(field.type, column(field), rows) for field in schema], schema=schema)


def take_rows(table: pa.Table, order: NDArray[np.int64]) -> pa.Table:
    """Return the rows with these numbers, in this order."""
    if not is_large(len(order)):
        return table.combine_chunks().take(pa.array(order))
    return keep_table(table.schema, lambda field: _taken(table.column(field.name), order), len(order))


def _taken(column: pa.ChunkedArray[Any], order: NDArray[np.int64]) -> Iterator[pa.Array[Any]]:
    if not pa.types.is_string(column.type):
        whole = column.combine_chunks()
        yield from (whole.take(pa.array(order[start : start + ROWS])) for start in range(0, len(order), ROWS))
        return
    index, words = encode(column)
    for start in range(0, len(order), ROWS):
        some = index[order[start : start + ROWS]]
        yield words.take(pa.array(some, mask=some < 0))


def filter_rows(table: pa.Table, keep: pa.ChunkedArray[Any]) -> pa.Table:
    """Return the rows for which ``keep`` is true."""
    if not is_large(table.num_rows):
        return table.filter(keep)
    return take_rows(table, np.flatnonzero(np.concatenate([np.asarray(one) for one in keep.chunks])))


def encode(column: pa.ChunkedArray[Any]) -> tuple[NDArray[np.int32], pa.Array[Any]]:
    """Return for each row the number of its value, -1 for null, and the different values."""
    pieces, times = _different_pieces(column)
    encoded = pa.chunked_array(pieces, column.type).dictionary_encode()
    if not encoded.num_chunks:
        return np.zeros(0, np.int32), pa.array([], column.type)
    index = np.empty(len(column), np.int32)
    start = 0
    for piece, number in zip(encoded.chunks, times, strict=True):
        stop = start + number * len(piece)
        index[start:stop].reshape(number, len(piece))[:] = piece.indices.fill_null(-1)
        start = stop
    return index, encoded.chunk(encoded.num_chunks - 1).dictionary


def unique(column: pa.ChunkedArray[Any]) -> pa.Array[Any]:
    """Return the different values of a column, null among them, in the order in which they appear."""
    return pc.unique(pa.chunked_array(_different_pieces(column)[0], column.type))


def _different_pieces(column: pa.ChunkedArray[Any]) -> tuple[list[pa.Array[Any]], list[int]]:
    """Return the pieces of a column, one that is kept once only once, and how often each one stands there."""
    pieces: list[pa.Array[Any]] = []
    times: list[int] = []
    for piece in column.chunks:
        if pieces and _is_same_memory(piece, pieces[-1]):
            times[-1] += 1
        else:
            pieces.append(piece)
            times.append(1)
    return pieces, times


def _is_same_memory(one: pa.Array[Any], other: pa.Array[Any]) -> bool:
    if len(one) != len(other) or one.offset != other.offset:
        return False
    places = [[part and part.address for part in each.buffers()] for each in (one, other)]
    return places[0] == places[1]


def read_columns(file: pq.ParquetFile) -> pa.Table:
    """Return the table of a Parquet file, without the file's metadata."""
    schema, rows = file.schema_arrow.remove_metadata(), file.metadata.num_rows
    if not is_large(rows):
        return file.read().replace_schema_metadata(None)

    def pieces(field: pa.Field[Any]) -> Iterator[pa.Array[Any]]:
        for batch in file.iter_batches(ROWS, columns=[field.name], use_threads=False):
            yield batch.column(0)

    return keep_table(schema, pieces, rows)
