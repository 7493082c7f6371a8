"""CSV and its relatives, in the encodings that city halls use.

Encoding: a UTF-8 byte order mark decides; else UTF-8 if every byte fits, else CP932 (Windows' Shift_JIS, which unlike
``shift_jis`` knows ～ and ①). Anything else is an error that names the byte. RFC 4180 with any line end; a quote in the
middle of a field or a quote that never closes is an error with its row, not a guess.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from catalog.errors import InputError, Label, Place
from harvesters.readers.shape import note_shape
from harvesters.readers.table import Row, SourceTable, check_header, too_large

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_csv(
    path: Path,
    *,
    name: str,
    columns: Sequence[str],
    largest: int,
    delimiter: str = ",",
    encoding: str | None = None,
) -> SourceTable:
    """Read a delimited text file whose first row is the header.

    Parameters
    ----------
    path, name
        The file, and what people call it.
    columns
        Columns that must be there; others may be.
    largest
        Size in bytes that is not exceeded.
    delimiter
        One character.
    encoding
        Name of the encoding, if it is known; found by looking otherwise.

    Returns
    -------
    SourceTable
        Cells are stripped of the spaces around them. Rows without any content are left out and keep their number.

    Raises
    ------
    InputError
        If the bytes are no text, the header lacks a column, or (while iterating) the quoting is broken.
    """
    if path.stat().st_size > largest:
        raise too_large(name, largest)
    raw = path.read_bytes()
    text, found = _decode(raw, name, encoding)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header = [cell.strip() for cell in next(_numbered(rows, name), (1, []))[1]]
    note_shape(name, None, header)
    _check_delimiter(header, columns, delimiter, name)
    check_header(header, columns, name)
    bom = raw.startswith(codecs.BOM_UTF8)
    return SourceTable(name, tuple(header), found, bom, _rows(rows, header, name))


def _rows(rows: Iterator[list[str]], header: list[str], name: str) -> Iterator[Row]:
    for number, cells in _numbered(rows, name):
        if any(cells):
            stripped = [cell.strip() for cell in cells]
            yield Row(number, dict(zip(header, stripped, strict=False)), len(cells) != len(header))


def _numbered(rows: Iterator[list[str]], name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the records with the number of the line they begin on, and translate the errors of the parser."""
    reader = rows
    while True:
        start = reader.line_num + 1  # type: ignore[attr-defined]
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(
                f"引用符の使い方が正しくありません（{error}）",
                f"The quoting is broken ({error})",
                next_step=Label(
                    '値の中の「"」は「""」と書き、値の全体を「"」で囲んでください',
                    'Write a quote inside a value as "" and put the whole value in quotes',
                ),
                place=Place(file=name, cell=f"row {start}"),
            ) from error
        yield start, cells


def _decode(raw: bytes, name: str, encoding: str | None) -> tuple[str, str]:
    if raw.startswith(_UTF16):
        raise _undecodable(name, raw, 0, Label("UTF-16のテキストです", "It is UTF-16 text"))
    candidates = [encoding] if encoding else ["utf-8"] if raw.startswith(codecs.BOM_UTF8) else ["utf-8", "cp932"]
    failure: UnicodeDecodeError | None = None
    for candidate in candidates:
        try:
            text = raw.removeprefix(codecs.BOM_UTF8).decode(candidate)
        except UnicodeDecodeError as error:
            failure = failure or error
        else:
            if "\0" in text:
                raise _undecodable(name, raw, raw.index(b"\0"), Label("文字ではないバイトがあります", "It is not text"))
            return text, candidate
    place = failure.start if failure else 0
    raise _undecodable(
        name,
        raw,
        place,
        Label(f"{'と'.join(candidates)} として読めません", f"It is not {' or '.join(candidates)}"),
    ) from failure


def _undecodable(name: str, raw: bytes, place: int, what: Label) -> InputError:
    line = raw[:place].count(b"\n") + 1
    return InputError(
        f"文字コードが読み取れません。{what.ja}（{line}行目）",
        f"The character encoding cannot be read. {what.en} (line {line})",
        next_step=Label(
            "表計算ソフトで「CSV UTF-8」として保存し直してください",
            "Save it again as 'CSV UTF-8' from your spreadsheet",
        ),
        place=Place(file=name, cell=f"row {line}"),
        value=raw[place : place + 4].hex(" "),
    )


def _check_delimiter(header: list[str], columns: Sequence[str], delimiter: str, name: str) -> None:
    if len(header) == 1 and len(columns) > 1:
        for other, ja, en in (("\t", "タブ", "tabs"), (";", "セミコロン", "semicolons"), (",", "コンマ", "commas")):
            if other != delimiter and other in header[0]:
                raise InputError(
                    f"列の区切りが{ja}のようです",
                    f"The columns seem to be separated by {en}",
                    next_step=Label(
                        f"「{delimiter}」区切りで保存し直してください",
                        f"Save it again with {delimiter!r} between columns",
                    ),
                    place=Place(file=name, cell="row 1"),
                    value=header[0][:80],
                )
