"""What the bytes of a CSV say that its cells do not: records over several lines, quotes, rows of another width.

References
----------
RFC 4180, section 2; machine-readability rule L1-14 and L1-15.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from harvesters.readability.sheet import Broken, TextScan

#: broken records that are kept with their place, of each kind and in all
_KEPT_OF_A_KIND, _KEPT = 50, 100
#: broken records after which the search ends
MOST_BROKEN = 1_000

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(slots=True)
class _Scanner:
    delimiter: str
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[Broken] = field(default_factory=list)
    expected: int = 0
    row: int = 0

    @property
    def ended(self) -> bool:
        return self.counts.total() > MOST_BROKEN

    def note(self, what: str, column: int | None, lines: tuple[int, int], fields: int) -> None:
        self.counts[what] += 1
        if len(self.broken) < _KEPT and self.counts[what] <= _KEPT_OF_A_KIND:
            self.broken.append(Broken(what, self.row, column, *lines, fields, self.expected))

    def record(self, text: str, lines: tuple[int, int], *, closed: bool, fields: int, quotes: list[int]) -> None:
        """Take one record; ``quotes`` are the columns with a quote inside an unquoted value."""
        self.expected = self.expected or fields
        if not closed:
            last = lines[1] - 1 if text.endswith(("\n", "\r")) and lines[1] > lines[0] else lines[1]
            self.note("unclosed", None, (lines[0], last), fields)
        elif lines[1] > lines[0]:
            self.note("multiline", None, lines, fields)
        for column in quotes:
            self.note("quote", column, lines, fields)
        if self.row and fields != self.expected:
            self.note("width", None, lines, fields)
        self.row += 1


def scan_text(text: str, delimiter: str, encoding: str, *, bom: bool) -> TextScan:
    """Return what is broken in a delimited text.

    Quoted values without line breaks are taken out of the whole text at once. If no quote is left, a record is a line;
    else the records that still have one are read character by character.
    """
    scanner = _Scanner(delimiter)
    cut = re.escape(delimiter)
    whole = re.compile(rf'(?:^|(?<={cut}))"(?:[^"\r\n]|"")*"(?={cut}|\r|\n|\Z)', re.MULTILINE)
    bare = whole.sub("", text) if '"' in text else text
    if '"' in bare:
        _scan_records(text, whole, scanner)
    else:
        _scan_lines(bare, scanner)
    return TextScan(delimiter, encoding, bom, dict(scanner.counts), tuple(scanner.broken), scanner.ended)


def _scan_lines(bare: str, scanner: _Scanner) -> None:
    lines = _LINE_END.split(bare)
    if lines[-1] == "":
        lines.pop()
    for number, line in enumerate(lines, start=1):
        scanner.record(line, (number, number), closed=True, fields=line.count(scanner.delimiter) + 1, quotes=[])
        if scanner.ended:
            return


def _scan_records(text: str, whole: re.Pattern[str], scanner: _Scanner) -> None:
    position, line = 0, 1
    while position < len(text) and not scanner.ended:
        found = _LINE_END.search(text, position)
        end, after = (found.start(), found.end()) if found else (len(text), len(text))
        record = text[position:end]
        bare = whole.sub("", record) if '"' in record else record
        if '"' in bare:
            after, line = _read_slowly(text, position, line, scanner)
        else:
            scanner.record(record, (line, line), closed=True, fields=bare.count(scanner.delimiter) + 1, quotes=[])
            line += 1
        position = after


def _read_slowly(text: str, start: int, line: int, scanner: _Scanner) -> tuple[int, int]:
    """Read one record character by character; return where the next one begins, and its line."""
    position, last, fields = start, line, 1
    quoted, opened, fresh = False, False, True
    quotes: list[int] = []

    def odd() -> None:
        if fields - 1 not in quotes:
            quotes.append(fields - 1)

    while position < len(text):
        one = text[position]
        width = 2 if text.startswith("\r\n", position) else 1
        if quoted:
            if one == '"' and text.startswith('""', position):
                width = 2
            elif one == '"':
                quoted, opened = False, True
            elif one in "\r\n":
                last += 1
        elif one == scanner.delimiter:
            fields, opened, fresh = fields + 1, False, True
        elif one in "\r\n":
            scanner.record(text[start:position], (line, last), closed=True, fields=fields, quotes=quotes)
            return position + width, last + 1
        elif one == '"' and fresh:
            quoted, fresh = True, False
        else:
            if one == '"' or (opened and not one.isspace()):
                odd()
            fresh = False
        position += width
    scanner.record(text[start:], (line, last), closed=not quoted, fields=fields, quotes=quotes)
    return position, last + 1
