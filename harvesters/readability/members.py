"""Files inside files: every table in an archive is judged as a file of its own, under ``集計.zip/令和3年度.csv``.

What the archive may hold, and how it is unpacked, is the reader layer's (:mod:`harvesters.readers.bundle`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from catalog.errors import Label, ShihyoError
from harvesters.readability.check import LARGEST, check_file
from harvesters.readability.report import ReadabilityReport
from harvesters.readability.result import Described
from harvesters.readability.sheets import MOST_TEXT
from harvesters.readers.bundle import GZIP_MAGIC, Member, unpacked
from harvesters.readers.parquet import MAGIC as PARQUET_MAGIC
from harvesters.readers.workbook import OLE_MAGIC, ZIP_MAGIC

#: ends of the names of files that people hand in as tables
TABULAR = frozenset(
    {".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xlsm", ".xls", ".ods", ".pdf", ".parquet", ".pq", ".zip", ".gz"}
)
#: ends of the names of what machines send each other, and of explanations
_NO_TABLES = frozenset(
    {".json", ".jsonld", ".xml", ".rdf", ".ttl", ".nt", ".n3", ".yml", ".yaml", ".html", ".htm", ".md", ".geojson"}
)
_TABLE_MAGIC = (PARQUET_MAGIC, GZIP_MAGIC, OLE_MAGIC, ZIP_MAGIC, b"%PDF")
_SUFFIX = re.compile(r"\.[a-z0-9]+(?=>?$|[?#])")


@dataclass(slots=True)
class Checked:
    """What was judged of one file that was handed in."""

    #: of the file, or of each table in the archive
    reports: list[ReadabilityReport] = field(default_factory=list)
    #: why members could not be opened
    errors: list[ShihyoError] = field(default_factory=list)
    #: members that are no tables, by name
    skipped: list[str] = field(default_factory=list)

    def lines(self, lang: str = "ja") -> list[str]:
        """Return what people are told of members that were not judged."""
        label = Label("圧縮ファイルの中の、表でないファイル（点検しない）", "no table in the archive (not judged)")
        return [f"{one}: {label.in_language(lang)}" for one in self.skipped]


def suffix_of(name: str) -> str:
    """Return the end of a name or address, such as ``.csv``; empty if it has none."""
    found = _SUFFIX.findall(name.lower())
    return found[-1] if found else ""


def is_tabular(name: str, path: Path) -> bool:
    """Return whether an object is a table: by its name, or by its first bytes where the name does not tell."""
    suffix = suffix_of(name)
    if suffix in TABULAR | _NO_TABLES:
        return suffix in TABULAR
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(_TABLE_MAGIC):
        return True
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    first = text.partition(b"\n")[0]
    return not text.startswith((b"{", b"[", b"<", b"@", b"%")) and any(one in first for one in (b",", b"\t"))


def check_members(
    path: Path,
    *,
    name: str | None = None,
    largest: int = LARGEST,
    values: bool = True,
    described: Described | None = None,
    most_text: int = MOST_TEXT,
) -> Checked:
    """Judge a file, or every table in it if it is an archive; parameters as :func:`~.check.check_file` has them.

    Raises
    ------
    InputError
        If it is empty, damaged or locked. Of an archive, members that cannot be opened are told beside the others.
    TooLarge
        If it is larger than a limit.
    """
    called = name or path.name
    checked = Checked()
    with unpacked(path, name=called, largest=largest) as members:
        if len(members) == 1 and members[0].path == path:
            options = {"largest": largest, "values": values, "most_text": most_text}
            checked.reports.append(check_file(path, name=called, described=described, **options))  # type: ignore[arg-type]
            return checked
        for one in _tables(members, checked):
            shown = one.name if one.name.startswith(f"{called}/") else called
            try:
                report = check_file(one.path, name=one.name, largest=largest, values=values, most_text=most_text)
                checked.reports.append(replace(report, name=shown))
            except ShihyoError as error:
                checked.errors.append(error)
    if len(checked.errors) == 1 and not checked.reports:
        raise checked.errors[0]
    return checked


def _tables(members: Sequence[Member], checked: Checked) -> Sequence[Member]:
    """Return the members that are tables, or all if none is; the others are noted."""
    tables = [one for one in members if suffix_of(one.name) != ".pdf" and is_tabular(one.name, one.path)]
    if tables:
        checked.skipped = [one.name for one in members if one not in tables]
    return tables or members
