"""The CSV for programs: ``<dataset>.csv``.

UTF-8 without byte order mark, records end in CRLF, English physical names in the first record, a cell is quoted only
where it has to be. A null is an empty cell; a text that is empty (which no check lets into a release) is ``""``.
Texts are written as they are: a program that reads numbers must not find an apostrophe in a code. The CSV for people,
:mod:`catalog.formats.excel_csv`, guards against formulas.

References
----------
RFC 4180; RFC 7111 (``header=present``); machine-readability rule L1-14, L1-15, L3-01, L3-08 (STANDARDS 2.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.formats.cells import cell_texts
from catalog.formats.columns import ROWS
from catalog.model import DataStructure

#: media type of a CSV, as Content-Type and in the metadata
MEDIA_TYPE = "text/csv; charset=utf-8; header=present"


def write_csv(table: pa.Table, structure: DataStructure, target: Path) -> None:
    """Write the observation table for programs.

    Parameters
    ----------
    table
        An observation table; its columns are written in the order of ``structure``.
    structure
        The columns.
    target
        The file to write; an existing one is overwritten.
    """
    with target.open("wb") as file:
        file.writelines(iter_csv(table.select(list(structure.names))))


def iter_csv(table: pa.Table) -> Iterator[bytes]:
    """Yield the CSV of any table with unique column names: the header first, then some thousand records at a time."""
    yield from iter_records(table.column_names, iter_slices(table), quote_where_needed)


def iter_records(
    header: Sequence[str], tables: Iterable[pa.Table], quote: Callable[[pa.Array], pa.Array], nothing: str = ""
) -> Iterator[bytes]:
    """Yield header and records; ``quote`` says how distinct texts are quoted, ``nothing`` is written for null."""
    yield (",".join(quote(pa.array(header, pa.string())).to_pylist()) + "\r\n").encode()
    for one in tables:
        yield _records(one, quote, nothing)


def iter_slices(table: pa.Table) -> Iterator[pa.Table]:
    """Yield the rows of a table, as many at a time as become bytes together."""
    for start in range(0, table.num_rows, ROWS):
        yield table.slice(start, ROWS)


def _records(table: pa.Table, quote: Callable[[pa.Array], pa.Array], nothing: str) -> bytes:
    # A record of one empty cell would be an empty line, which readers skip.
    nothing = nothing or ('""' if table.num_columns == 1 else "")
    cells = [pc.fill_null(_cells(column, quote), nothing) for column in table.columns]
    ends = pc.binary_join_element_wise(cells.pop(), "\r\n", "")
    lines = pc.binary_join_element_wise(*cells, ends, ",")
    return _bytes_of(lines)


def _bytes_of(texts: pa.Array) -> bytes:
    """Return all texts one behind the other: they lie so in memory."""
    _, offsets, content = texts.buffers()
    numbers = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return memoryview(content)[numbers[0] : numbers[-1]].tobytes()


def _cells(column: pa.ChunkedArray, quote: Callable[[pa.Array], pa.Array]) -> pa.Array:
    value_type = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return cell_texts(column, quote if pa.types.is_string(value_type) else None)


def quote_where_needed(texts: pa.Array) -> pa.Array:
    """Quote the texts that have a comma, a quote or a line break, and the empty ones (RFC 4180, section 2)."""
    return pc.if_else(pc.match_substring_regex(texts, '[",\r\n]|^$'), quote_all(texts), texts)


def quote_all(texts: pa.Array) -> pa.Array:
    """Quote every text; null stays null."""
    doubled = pc.replace_substring(texts, '"', '""')
    return pc.binary_join_element_wise('"', doubled, '"', "")
