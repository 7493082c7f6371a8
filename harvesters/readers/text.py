"""Text files whose encoding and delimiter nobody declared, as a grid.

Order of events: the bytes are bounded; a byte order mark decides the encoding, else NUL bytes between letters tell
UTF-16, else UTF-8 if every byte fits, else CP932 (Windows' Shift_JIS); the delimiter is the one that cuts the first
rows into the same number of columns; RFC 4180 does the rest. Both findings are returned with their evidence.

For files with a known header and no title above it, :func:`harvesters.readers.read_csv` streams and is stricter.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from pathlib import Path

from catalog.errors import InputError, Label, Place, TooLarge
from harvesters.readers.detected import Detected
from harvesters.readers.grid import Grid
from harvesters.readers.table import too_large

#: columns that a text file may have; XLSX has as many
MOST_COLUMNS = 16_384
#: characters that a cell may have; XLSX has as many
MOST_CHARACTERS = 32_767
#: cells that a text file may have
MOST_CELLS = 50_000_000

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "BOM付きUTF-8", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF16_LE, "utf-16", "BOM付きUTF-16（LE）", "UTF-16LE with a byte order mark"),
    (codecs.BOM_UTF16_BE, "utf-16", "BOM付きUTF-16（BE）", "UTF-16BE with a byte order mark"),
)
_FITS_UTF8 = Label("全バイトがUTF-8として正しい", "Every byte fits UTF-8")
_DELIMITERS = {
    ",": ("コンマ", "commas"),
    "\t": ("タブ", "tabs"),
    ";": ("セミコロン", "semicolons"),
    "|": ("縦線", "bars"),
}
#: sound characters beyond ASCII for each broken one, from which on a text is UTF-8 that was damaged
_SOUND_TO_BROKEN = 3
#: records and characters that are looked at to find the delimiter
_SAMPLE_ROWS, _SAMPLE = 60, 200_000


def read_text(
    path: Path, *, name: str, largest: int, encoding: str | None = None, delimiter: str | None = None
) -> tuple[Grid, list[Detected]]:
    """Read a delimited text file as one grid.

    Parameters
    ----------
    path, name
        The file, and what people call it.
    largest
        Bytes that it may have.
    encoding, delimiter
        What is declared; found by looking if None.

    Returns
    -------
    tuple
        The grid, and what was found by looking.

    Raises
    ------
    TooLarge
        If it has more bytes, columns or cells than allowed.
    InputError
        If the bytes are no text, or the quoting is broken.
    """
    if path.stat().st_size > largest:
        raise too_large(name, largest)
    text, detected = decode(path.read_bytes(), name=name, encoding=encoding)
    if delimiter is None:
        delimiter, found = find_delimiter(text, name)
        detected.append(found)
    return _parse(text, name, delimiter), detected


def decode(raw: bytes, *, name: str, encoding: str | None = None) -> tuple[str, list[Detected]]:
    """Return the text of bytes, and how the encoding was found.

    Raises
    ------
    InputError
        If they are no text in any encoding that city halls use; names the line.
    """
    if encoding is not None:
        return _strictly(raw, encoding, name), []
    for mark, codec, ja, en in _BOMS:
        if raw.startswith(mark):
            found = _encoding(name, codec, Label(f"先頭が{ja}", f"It begins with {en}"))
            return _strictly(raw, codec, name), [found]
    if _looks_like_utf16(raw):
        evidence = Label("1バイトおきに0がある", "Every second byte is 0")
        return _strictly(raw, "utf-16-le", name), [_encoding(name, "utf-16-le", evidence)]
    try:
        text = raw.decode("utf-8")
        return _checked(text, raw, name), [_encoding(name, "utf-8", _FITS_UTF8)]
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        if _mostly_utf8(raw):
            what = Label(f"{line}行目にUTF-8として壊れた文字がある", f"Line {line} has a broken UTF-8 character")
            raise _undecodable(name, line, what, raw[error.start : error.start + 4]) from error
    text = _strictly(raw, "cp932", name)
    _refuse_private(text, name)
    evidence = Label(
        f"{line}行目がUTF-8として読めず、CP932（Shift_JIS）としては全バイトが正しい",
        f"Line {line} is not UTF-8, and every byte fits CP932 (Shift_JIS)",
    )
    return text, [_encoding(name, "cp932", evidence)]


def detected_utf8(path: Path, name: str) -> Detected:
    """Return how the encoding of a file was found whose bytes are UTF-8 throughout."""
    with path.open("rb") as file:
        start = file.read(len(codecs.BOM_UTF8))
    mark, codec, ja, en = _BOMS[0]
    evidence = Label(f"先頭が{ja}", f"It begins with {en}") if start == mark else _FITS_UTF8
    return _encoding(name, codec, evidence)


def _mostly_utf8(raw: bytes) -> bool:
    """Return whether it is UTF-8 with a few broken characters, which CP932 would turn into others unnoticed."""
    text = raw.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    return sum(1 for one in text if one > "\x7f") - broken > _SOUND_TO_BROKEN * broken


def _refuse_private(text: str, name: str) -> None:
    """Refuse the four bytes that Python's CP932 knows and Windows does not: they are no characters."""
    found = re.search("[\uf8f0-\uf8f3]", text)
    if found:
        line = text[: found.start()].count("\n") + 1
        what = Label(f"{line}行目にCP932にない文字がある", f"Line {line} is not cp932")
        raise _undecodable(name, line, what, found.group().encode("cp932"))


def _looks_like_utf16(raw: bytes) -> bool:
    start = raw[:2000]
    return len(start) >= 4 and start[1::2].count(0) > len(start) // 8 and start[0::2].count(0) == 0


def _strictly(raw: bytes, encoding: str, name: str) -> str:
    try:
        return _checked(raw.decode(encoding), raw, name)
    except LookupError as error:
        raise _undecodable(
            name, 0, Label(f"文字コード「{encoding}」はありません", f"There is no encoding {encoding!r}")
        ) from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        what = Label(f"{line}行目が{encoding}として読めません", f"Line {line} is not {encoding}")
        raise _undecodable(name, line, what, raw[error.start : error.start + 4]) from error


def _checked(text: str, raw: bytes, name: str) -> str:
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise _undecodable(name, line, Label("文字ではないバイトがあります", "It has bytes that are no text"), raw[:4])
    return text.removeprefix("\ufeff")


def _undecodable(name: str, line: int, what: Label, value: bytes = b"") -> InputError:
    return InputError(
        f"文字コードが読み取れません。{what.ja}",
        f"The character encoding cannot be read. {what.en}",
        next_step=Label(
            "表計算ソフトで「CSV UTF-8」として保存し直すか、options の encoding で指定してください",
            "Save it again as 'CSV UTF-8' from your spreadsheet, or give encoding in the options",
        ),
        place=Place(file=name, cell=f"row {line}" if line else None),
        value=value.hex(" "),
    )


def _encoding(name: str, codec: str, evidence: Label) -> Detected:
    return Detected(what="encoding", value=codec.removesuffix("-sig"), evidence=evidence, place=Place(file=name))


def find_delimiter(text: str, name: str) -> tuple[str, Detected]:
    """Return the separator that cuts the first rows of a text into the same number of columns, and on what grounds."""
    sample = text[:_SAMPLE]
    scores = {one: _score(sample, one) for one in _DELIMITERS}
    best = max(scores, key=lambda one: scores[one])
    rows, width = scores[best]
    if width < 2:
        best, evidence = ",", Label("どの区切りでも1列になる", "Every separator gives one column")
    else:
        ja, en = _DELIMITERS[best]
        evidence = Label(
            f"{ja}で切ると先頭の{rows}行が{width}列にそろう",
            f"Cut at {en}, {rows} of the first rows have {width} columns",
        )
    return best, Detected(
        what="delimiter", value="TAB" if best == "\t" else best, evidence=evidence, place=Place(file=name)
    )


def _score(sample: str, delimiter: str) -> tuple[int, int]:
    """Return how many of the first rows have the most common number of columns above one, and that number."""
    widths: Counter[int] = Counter()
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)):
            if number >= _SAMPLE_ROWS:
                break
            widths[len(cells)] += len(cells) > 1
    except csv.Error:  # a field longer than the parser allows: this is not how the file is cut
        return 0, 0
    if not widths:
        return 0, 0
    width, rows = widths.most_common(1)[0]
    return rows, width if rows else 1


def _parse(text: str, name: str, delimiter: str) -> Grid:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str | None]] = []
    lines: list[int] = []
    shared: dict[str, str] = {}
    cells, line = 0, 1
    try:
        for record in reader:
            cells += len(record)
            if len(record) > MOST_COLUMNS or cells > MOST_CELLS:
                raise _too_many(name, line, len(record))
            if max(map(len, record), default=0) > MOST_CHARACTERS:
                raise too_long(name, line)
            rows.append([shared.setdefault(cell, cell) or None for cell in record])
            lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        if "field limit" in str(error):
            raise too_long(name, line) from error
        raise _broken_quoting(name, line, error) from error
    return Grid(file=name, sheet=None, rows=rows, lines=lines)


def _too_many(name: str, line: int, columns: int) -> TooLarge:
    return TooLarge(
        f"{line}行目までのセルが多すぎます（この行は{columns}列、上限{MOST_COLUMNS}列）",
        f"It has too many cells up to line {line} (this row has {columns} columns, the limit is {MOST_COLUMNS})",
        next_step=Label(
            "区切り文字と正しいファイルかを確かめてください", "Check the separator and that it is the right file"
        ),
        place=Place(file=name, cell=f"row {line}"),
    )


def too_long(name: str, line: int) -> TooLarge:
    """Return the error for a cell that no spreadsheet could hold."""
    return TooLarge(
        f"長すぎるセルがあります（上限{MOST_CHARACTERS:,}文字）",
        f"A cell is too long (the limit is {MOST_CHARACTERS:,} characters)",
        next_step=Label(
            "閉じていない引用符がないか、正しいファイルかを確かめてください",
            "Check whether a quote is left open, and that it is the right file",
        ),
        place=Place(file=name, cell=f"row {line}"),
    )


def _broken_quoting(name: str, line: int, error: csv.Error) -> InputError:
    return InputError(
        f"引用符の使い方が正しくありません（{error}）",
        f"The quoting is broken ({error})",
        next_step=Label(
            '値の中の「"」は「""」と書き、値の全体を「"」で囲んでください',
            'Write a quote inside a value as "" and put the whole value in quotes',
        ),
        place=Place(file=name, cell=f"row {line}"),
    )
