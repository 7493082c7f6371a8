"""Open a file as sheets, through the reader layer where it can: its limits and its guards hold here too.

==========================  =========================================================================
what it is                  how it is judged
==========================  =========================================================================
XLSX                        all rules for workbooks; the first 10,000 rows and 500 columns of a sheet
ODS                         the same, without those that its reader cannot tell (looks, formulas, ...)
CSV, TSV                    all rules for text
Parquet                     the rules on names, values, units, codes and long format; its first 10,000 rows
ZIP, gzip                   each file in it by itself (:mod:`.members`)
XLS, PDF, HTML, ...         fails L1-01 and nothing else is judged
==========================  =========================================================================
"""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path, PurePosixPath

from catalog.errors import InputError, Label, Place
from harvesters.readability.marks import read_marks
from harvesters.readability.scan import scan_text
from harvesters.readability.sheet import Marks, Sheet
from harvesters.readers.grid import Grid, Value
from harvesters.readers.parquet import MAGIC as PARQUET_MAGIC
from harvesters.readers.parquet import read_first_rows
from harvesters.readers.table import too_large
from harvesters.readers.text import MOST_CELLS, MOST_COLUMNS, decode
from harvesters.readers.workbook import OLE_MAGIC, ZIP_MAGIC, read_workbook

#: rows and columns of a workbook's sheet that are judged
MOST_SHEET_ROWS, MOST_SHEET_COLUMNS = 10_000, 500

#: bytes of a text file that are judged
MOST_TEXT = 256_000_000

#: first bytes -> a format that machines cannot read as a table
_UNREADABLE = {
    OLE_MAGIC: "xls",
    b"%PDF": "pdf",
    b"<htm": "html",
    b"<!do": "html",
    b"\x1f\x8b": "gzip",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as sheets."""

    #: ``xlsx``, ``csv``, ``tsv``, ``ods``, or what it is instead
    format: str
    #: its sheets, hidden ones too; none if it is no table
    sheets: tuple[Sheet, ...]
    #: whether it was cut: there is more of it
    cut: bool = False

    @property
    def readable(self) -> bool:
        """Whether machines can read it as tables (L1-01)."""
        return bool(self.sheets)


def open_sheets(path: Path, *, name: str, largest: int, most_text: int = MOST_TEXT) -> Opened:
    """Open a file as sheets; of a longer text file the first ``most_text`` bytes, cut at the end of a line.

    Raises
    ------
    InputError
        If it is empty, damaged, or no text in any known encoding.
    TooLarge
        If it is larger than a limit.
    """
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise InputError(
            "ファイルが空です",
            "The file is empty",
            next_step=Label("正しいファイルか確かめてください", "Check that it is the right file"),
            place=Place(file=name),
        )
    for magic, kind in _UNREADABLE.items():
        if start.lower().startswith(magic.lower()):
            return Opened(kind, ())
    if start.startswith(ZIP_MAGIC):
        return _open_archive(path, name, largest)
    if start.startswith(PARQUET_MAGIC):
        return _open_parquet(path, name)
    size = path.stat().st_size
    if size > largest:
        raise too_large(name, largest)
    with path.open("rb") as file:
        raw = file.read(most_text)
    return _open_text(_whole_lines(raw) if len(raw) < size else raw, name, cut=len(raw) < size)


def _whole_lines(raw: bytes) -> bytes:
    end = raw.rfind(b"\n") + 1
    wide = b"\0" in raw[:200]  # UTF-16: a character has two bytes
    return raw[: end + end % 2] if wide else raw[:end]


def _open_archive(path: Path, name: str, largest: int) -> Opened:
    kind = _archive_kind(path)
    if kind not in ("xlsx", "ods"):
        return Opened(kind, ())
    grids = read_workbook(path, name=name, largest=largest)
    marks = read_marks(path, MOST_SHEET_ROWS)
    return Opened(kind, tuple(_sheet(one, marks.get(one.sheet or "")) for one in grids))


def _open_parquet(path: Path, name: str) -> Opened:
    grid, cut = read_first_rows(path, name=name, rows=MOST_SHEET_ROWS, columns=MOST_SHEET_COLUMNS)
    return Opened("parquet", (replace(_sheet(grid, None), name=PurePosixPath(name).stem),), cut)


def _archive_kind(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            members = set(archive.namelist())
    except zipfile.BadZipFile:
        return "xlsx"  # the reader of workbooks says what is wrong
    if "xl/workbook.xml" in members:
        return "xlsx"
    return "ods" if "content.xml" in members else "docx" if "word/document.xml" in members else "zip"


def _sheet(grid: Grid, marks: Marks | None) -> Sheet:
    rows = [[_as_openpyxl(one) for one in row[:MOST_SHEET_COLUMNS]] for row in grid.rows[:MOST_SHEET_ROWS]]
    return Sheet(
        name=grid.sheet or "",
        rows=rows,
        merges=grid.merges,
        hidden_rows=grid.hidden_rows,
        hidden_columns=grid.hidden_columns,
        hidden=not grid.visible,
        marks=marks,
    )


def _as_openpyxl(value: Value) -> Value:
    """A date without time is a moment at midnight in a workbook."""
    return datetime.combine(value, time()) if type(value) is date else value


def _open_text(raw: bytes, name: str, *, cut: bool) -> Opened:
    text, detected = decode(raw, name=name)
    encoding = next(one.value for one in detected if one.what == "encoding")
    tabbed = name.lower().endswith(".tsv") or ("\t" in text.partition("\n")[0] and "," not in text.partition("\n")[0])
    delimiter = "\t" if tabbed else ","
    scan = scan_text(text, delimiter, encoding, bom=raw.startswith(b"\xef\xbb\xbf"))
    stem = PurePosixPath(name).stem
    sheet = Sheet(name=stem, rows=_rows(text, delimiter, name), scan=scan)
    return Opened("tsv" if tabbed else "csv", (sheet,), cut)


def _rows(text: str, delimiter: str, name: str) -> list[list[Value]]:
    shared: dict[str, str] = {}
    rows: list[list[Value]] = []
    cells = 0
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            cells += len(record)
            if len(record) > MOST_COLUMNS or cells > MOST_CELLS:
                raise too_large(name, len(text))
            rows.append([shared.setdefault(one, one) or None for one in record])
    except csv.Error as error:
        raise InputError(
            f"CSVとして読めません（{error}）",
            f"It cannot be read as CSV ({error})",
            next_step=Label("区切りと引用符を確かめてください", "Check separators and quotes"),
            place=Place(file=name, cell=f"row {len(rows) + 1}"),
        ) from error
    return rows
