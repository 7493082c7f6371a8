"""Plain tables of any size, in batches of columns: text with one header row and nothing else, or Parquet.

A *plain* text file has its headings in the first row, one line a row, the same number of cells in each, no titles and
no notes. Whether it is plain is found by looking at its first rows and told in the same words as for any other file;
what only shows further down (a note at the end, a blank row, a line break in a cell) ends the reading with
:class:`Untidy`, and the file is read as people lay out tables, if it is not too large for that.

Order of events: the encoding is found over all bytes, in pieces; text that is not UTF-8 is rewritten as UTF-8 into a
temporary file; the first rows are laid out as a grid; pyarrow reads the rest.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from catalog.errors import InputError, Label, Place
from harvesters.readers import parquet, text
from harvesters.readers.detected import Detected
from harvesters.readers.grid import Grid, cell_address
from harvesters.readers.source_file import find_other_kind
from harvesters.readers.tables import Layout, find_tables
from harvesters.readers.workbook import OLE_MAGIC, ZIP_MAGIC

#: characters at the start of a text file that are laid out to see whether it is plain
SAMPLE = 40_000
#: text files of another encoding than UTF-8 that are rewritten, in bytes
LARGEST_FOREIGN = 200_000_000
#: bytes that are parsed at once
BLOCK = 8_000_000
_CHUNK = 1 << 18
_PARQUET_ROWS = 131_072
_REPLACED = ("utf-8", "utf8", "utf-8-sig")


class Untidy(Exception):
    """What only showed while reading: the file is no plain table."""

    def __init__(self, error: InputError) -> None:
        super().__init__(str(error))
        #: what to tell if the file is too large to be read in another way
        self.error = error


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainTable:
    """A plain table in a file."""

    #: what people call the file
    name: str
    #: the file, UTF-8 or Parquet
    path: Path
    #: headings, from left to right
    columns: tuple[str, ...]
    #: separator of the columns; None for Parquet
    delimiter: str | None
    #: line breaks of a text file, the last line counted; 0 for Parquet
    lines: int = 0
    #: what was found by looking
    detected: tuple[Detected, ...] = ()

    def place(self, row: int | None, column: int | None) -> Place:
        """Return the place of a cell; ``row`` 0 or None is the header."""
        number = row or 0
        cell = f"row {number + 1}" if column is None else cell_address(number, column)
        return Place(file=self.name, cell=cell)

    def iter_batches(self, columns: Sequence[int], coded: Collection[int]) -> Iterator[pa.RecordBatch]:
        """Yield the rows, batch by batch, with these columns in this order.

        Parameters
        ----------
        columns
            Numbers of the columns.
        coded
            Those of them that are wanted dictionary-encoded, because few different texts are in them.

        Yields
        ------
        pyarrow.RecordBatch
            Columns of text (empty cells are ``""``), or for Parquet of the file's own types.

        Raises
        ------
        Untidy
            If the file turns out to be no plain table.
        InputError
            If a Parquet file is damaged.
        TooLarge
            If a cell has more characters than a spreadsheet can hold.
        """
        rows = 0
        for batch in self._text(columns, coded) if self.delimiter is not None else self._parquet(columns, coded):
            _check_lengths(batch, self.name, rows)
            rows += batch.num_rows
            yield batch

    def _text(self, columns: Sequence[int], coded: Collection[int]) -> Iterator[pa.RecordBatch]:
        names = [str(i) for i in range(len(self.columns))]
        words = pa.dictionary(pa.int32(), pa.string())
        options = pacsv.ConvertOptions(
            include_columns=[names[one] for one in columns],
            column_types={names[one]: words if one in coded else pa.string() for one in columns},
            strings_can_be_null=False,
        )
        rows = 0
        try:
            with pacsv.open_csv(
                self.path,
                read_options=pacsv.ReadOptions(block_size=BLOCK, column_names=names, skip_rows=1),
                parse_options=pacsv.ParseOptions(delimiter=self.delimiter, ignore_empty_lines=False),
                convert_options=options,
            ) as reader:
                for batch in reader:
                    rows += batch.num_rows
                    yield batch
        except (pa.ArrowException, OSError) as error:
            raise Untidy(must_be_plain(self.name, str(error))) from error
        if rows + 1 != self.lines:
            raise Untidy(must_be_plain(self.name, "line breaks inside cells"))

    def _parquet(self, columns: Sequence[int], coded: Collection[int]) -> Iterator[pa.RecordBatch]:
        names = [self.columns[one] for one in columns]
        words = [self.columns[one] for one in coded]
        try:
            with pq.ParquetFile(self.path, read_dictionary=words) as file:
                for batch in file.iter_batches(_PARQUET_ROWS, columns=names):
                    yield batch.select(names)
        except (pa.ArrowException, OSError) as error:
            raise parquet.unreadable(self.name, error) from error


def _check_lengths(batch: pa.RecordBatch, name: str, before: int) -> None:
    for column in batch.columns:
        words = column.dictionary if pa.types.is_dictionary(column.type) else column
        if not pa.types.is_string(words.type) and not pa.types.is_large_string(words.type):
            continue
        longest = pc.max(pc.binary_length(words)).as_py()
        if longest is None or longest <= text.MOST_CHARACTERS:
            continue
        over = pc.greater(pc.utf8_length(column.cast(words.type)), text.MOST_CHARACTERS)
        row = pc.index(over, True).as_py()
        if row >= 0:
            raise text.too_long(name, before + row + 2)


def must_be_plain(name: str, reason: str) -> InputError:
    """Return the error for a file that is too large for anything but a plain table."""
    return InputError(
        "この大きさのファイルは、見出し1行と、1行に1件の値だけの表でなければなりません",
        "A file of this size must be a plain table: one row of headings, one line a row, nothing else",
        next_step=Label(
            "表題・注・空白行・セルの中の改行を除いて保存し直すか、分けて置いてください",
            "Save it without titles, notes, blank rows and line breaks in cells, or hand it in in parts",
        ),
        place=Place(file=name),
        reason=reason[:200],
    )


def is_parquet(path: Path) -> bool:
    """Return whether a file begins as Parquet does."""
    return _start(path).startswith(parquet.MAGIC)


def is_text(path: Path) -> bool:
    """Return whether the first bytes of a file are none of a workbook, an archive, a PDF or a web page."""
    start = _start(path)
    others = (ZIP_MAGIC, OLE_MAGIC, parquet.MAGIC)
    return bool(start) and not start.startswith(others) and find_other_kind(start) is None


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(OLE_MAGIC))


def open_plain(
    path: Path,
    *,
    name: str,
    folder: Path,
    layout: Layout | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> PlainTable | None:
    """Return the plain table in a file, or None if its first rows say that it is none.

    Parameters
    ----------
    path, name
        The file, and what people call it.
    folder
        Where a copy in UTF-8 may be written.
    layout
        What is declared of the header.
    encoding, delimiter
        Of a text file, if declared.

    Raises
    ------
    InputError
        If it is text in no known encoding, or Parquet with columns that hold more than one value.
    """
    if is_parquet(path):
        return _open_parquet(path, name)
    found = _as_utf8(path, name, folder, encoding)
    if found is None:
        return None
    readable, lines, detected = found
    with readable.open("rb") as file:
        sample = file.read(4 * SAMPLE).decode("utf-8-sig", errors="ignore")[:SAMPLE]
    if delimiter is None:
        delimiter, how = text.find_delimiter(sample, name)
        detected.append(how)
    columns, how_header = _header(sample, delimiter, name, layout or Layout(), readable.stat().st_size)
    if columns is None:
        return None
    return PlainTable(
        name=name,
        path=readable,
        columns=columns,
        delimiter=delimiter,
        lines=lines,
        detected=(*detected, *how_header),
    )


def _open_parquet(path: Path, name: str) -> PlainTable:
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise parquet.unreadable(name, error) from error
    parquet.check_flat(schema, name)
    return PlainTable(name=name, path=path, columns=tuple(schema.names), delimiter=None)


def _as_utf8(path: Path, name: str, folder: Path, encoding: str | None) -> tuple[Path, int, list[Detected]] | None:
    """Return the file in UTF-8, its lines and how its encoding was found; None if it is too large to be rewritten."""
    if encoding is None or encoding.lower() in _REPLACED:
        lines = _lines_of_utf8(path)
        if lines is not None:
            return path, lines, [] if encoding else [text.detected_utf8(path, name)]
    if path.stat().st_size > LARGEST_FOREIGN:
        return None
    content, detected = text.decode(path.read_bytes(), name=name, encoding=encoding)
    copy = folder / f"{path.name}.utf-8"
    copy.write_text(content, "utf-8", newline="")
    lines = content.count("\n") + (not content.endswith("\n"))
    return copy, lines, detected


def _lines_of_utf8(path: Path) -> int | None:
    """Return how many lines a file has, or None if it is not UTF-8 text."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, last = 0, b""
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                if b"\0" in chunk:
                    return None
                if not chunk.isascii() or decoder.getstate()[0]:
                    decoder.decode(chunk)
                lines, last = lines + chunk.count(b"\n"), chunk[-1:]
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return lines + (last != b"\n")


def _header(
    sample: str, delimiter: str, name: str, layout: Layout, size: int
) -> tuple[tuple[str, ...] | None, list[Detected]]:
    """Return the headings if the first rows look like a plain table, and how the header was found."""
    whole = size <= len(sample.encode())
    lines = sample.splitlines(keepends=True)
    kept = lines if whole else lines[:-1]
    try:
        rows: list[list[str | None]] = [
            [cell or None for cell in row]
            for row in csv.reader(io.StringIO("".join(kept), newline=""), delimiter=delimiter, strict=True)
        ]
    except csv.Error:
        return None, []
    if len(rows) != len(kept) or len({len(row) for row in rows}) != 1:
        return None, []
    found = find_tables(Grid(file=name, sheet=None, rows=rows), layout)
    if len(found.tables) != 1 or found.findings:
        return None, []
    [table] = found.tables
    plain = table.header == range(1) and not table.notes and len(table.rows) == len(rows) - 1
    headings = tuple(one.name for one in table.columns)
    if not plain or len(headings) != len(rows[0]) or not all(rows[0]) or len(set(headings)) != len(headings):
        return None, []
    return headings, found.detected
