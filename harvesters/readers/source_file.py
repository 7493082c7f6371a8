"""One door for every kind of file: told apart by its first bytes, never by its name alone.

==================  ==========================  ===================================
first bytes         what it is                  read by
==================  ==========================  ===================================
``PK 03 04``        XLSX or ODS                 :mod:`harvesters.readers.workbook`
``PK 03 04``        ZIP of any of these         :mod:`harvesters.readers.bundle`
``1F 8B``           gzip of any of these        :mod:`harvesters.readers.bundle`
``PAR1``            Parquet                     :mod:`harvesters.readers.parquet`
``D0 CF 11 E0``     XLS, or a locked XLSX       :mod:`harvesters.readers.workbook`
``%PDF`` ``<html``  no table; an error says so
anything else       text with delimiters        :mod:`harvesters.readers.text`
==================  ==========================  ===================================
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalog.errors import InputError, Label, Place
from harvesters.findings import Findings, Level, Rule
from harvesters.readers.bundle import Member, unpacked
from harvesters.readers.detected import Detected, as_findings
from harvesters.readers.grid import Grid, column_letters
from harvesters.readers.parquet import MAGIC as PARQUET_MAGIC
from harvesters.readers.parquet import read_parquet_grid
from harvesters.readers.text import read_text
from harvesters.readers.workbook import OLE_MAGIC, ZIP_MAGIC, read_workbook

#: first bytes -> what people call such a file, and what to save it as
_NOT_TABLES = {
    b"%PDF": Label("PDF", "a PDF"),
    b"<htm": Label("Webページ（HTML）", "a web page (HTML)"),
    b"<!do": Label("Webページ（HTML）", "a web page (HTML)"),
}

HIDDEN_ROWS = Rule(
    "hidden-rows",
    Level.WARNING,
    Label("非表示の行・列がある（値は読む）", "Hidden rows or columns (they are read)"),
    Label(
        "要らない行なら消し、要る行なら再表示してください。options の hidden: skip で読み飛ばせます",
        "Delete or unhide them; with hidden: skip in the options they are left out",
    ),
)
HIDDEN_UNKNOWN = Rule(
    "hidden-rows-unknown",
    Level.NOTICE,
    Label(
        "この形式では非表示の行・列が分からない（すべて読む）", "This format does not tell hidden rows (all are read)"
    ),
    Label("xlsx形式で保存し直すと確かめられます", "Saved as xlsx, they can be told"),
)
HIDDEN_SHEET = Rule(
    "hidden-sheet",
    Level.WARNING,
    Label("非表示のシートがある（読まない）", "Hidden sheets (not read)"),
    Label(
        "読むべきものなら再表示するか options の sheet で指定してください", "Unhide it or name it in the option sheet"
    ),
)
RULES = (HIDDEN_ROWS, HIDDEN_UNKNOWN, HIDDEN_SHEET)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file with its sheets."""

    #: what people call it
    name: str
    #: all its sheets, hidden ones too
    grids: tuple[Grid, ...]
    #: what was found by looking
    detected: tuple[Detected, ...]

    def iter_visible(self) -> Iterator[Grid]:
        """Yield the sheets that are shown."""
        return (one for one in self.grids if one.visible)

    def get_grid(self, sheet: str) -> Grid:
        """Return the sheet of this name, shown or hidden.

        Raises
        ------
        InputError
            If there is none; names those that are there.
        """
        for one in self.grids:
            if one.sheet == sheet:
                return one
        names = [one.sheet or "" for one in self.grids]
        raise InputError(
            f"シート「{sheet}」がありません",
            f"There is no sheet {sheet!r}",
            next_step=Label(f"あるシート: {'、'.join(names)}", f"Sheets: {', '.join(names)}"),
            place=Place(file=self.name),
            value=sheet,
            allowed=names,
        )

    def report(self, findings: Findings) -> None:
        """Report what was detected, and what is hidden."""
        findings.extend(as_findings(self.detected))
        for one in self.grids:
            if not one.visible:
                findings.add(HIDDEN_SHEET, one.place(), one.sheet)
            else:
                _report_hidden(one, findings)


def read_file(
    path: Path, *, name: str, largest: int, encoding: str | None = None, delimiter: str | None = None
) -> SourceFile:
    """Read a file of any kind as grids; those of all files in an archive, in the order of their names.

    Parameters
    ----------
    path, name
        The file, and what people call it.
    largest
        Bytes that it may have, packed and unpacked.
    encoding, delimiter
        Of a text file, if declared.

    Raises
    ------
    InputError
        If it is no table, damaged or locked.
    TooLarge
        If it is larger than a limit.
    FetchError
        If it cannot be opened.
    """
    with unpacked(path, name=name, largest=largest) as members:
        files = [_read(one, largest, encoding, delimiter) for one in members]
    grids = tuple(grid for one in files for grid in one.grids)
    return SourceFile(name, grids, tuple(found for one in files for found in one.detected))


def _read(member: Member, largest: int, encoding: str | None, delimiter: str | None) -> SourceFile:
    path, name = member.path, member.name
    with path.open("rb") as file:
        start = file.read(len(OLE_MAGIC))
    _check_kind(start, name)
    if start.startswith((ZIP_MAGIC, OLE_MAGIC)):
        return SourceFile(name, tuple(read_workbook(path, name=name, largest=largest)), ())
    if start.startswith(PARQUET_MAGIC):
        return SourceFile(name, (read_parquet_grid(path, name=name, largest=largest),), ())
    grid, detected = read_text(path, name=name, largest=largest, encoding=encoding, delimiter=delimiter)
    return SourceFile(name, (grid,), tuple(detected))


def find_other_kind(start: bytes) -> Label | None:
    """Return what people call a file that is no table, by its first bytes; None if it may be one."""
    return next((kind for magic, kind in _NOT_TABLES.items() if start.lower().startswith(magic.lower())), None)


def _check_kind(start: bytes, name: str) -> None:
    kind = find_other_kind(start)
    if kind is not None:
        raise InputError(
            f"中身は{kind.ja}で、表のファイルではありません",
            f"It is {kind.en}, not a table",
            next_step=Label("xlsxかCSVで保存し直してください", "Save it as xlsx or CSV"),
            place=Place(file=name),
        )
    if not start:
        raise InputError(
            "ファイルが空です",
            "The file is empty",
            next_step=Label("正しいファイルか確かめてください", "Check that it is the right file"),
            place=Place(file=name),
        )


def _report_hidden(grid: Grid, findings: Findings) -> None:
    if grid.hidden_rows is None or grid.hidden_columns is None:
        findings.add(HIDDEN_UNKNOWN, grid.place())
        return
    for row in sorted(grid.hidden_rows):
        if row < grid.height and not grid.is_blank(row):
            findings.add(HIDDEN_ROWS, grid.place(row))
    for column in sorted(grid.hidden_columns):
        if any(grid.own_value(row, column) is not None for row in range(grid.height)):
            findings.add(HIDDEN_ROWS, grid.place(0, column), column_letters(column))
