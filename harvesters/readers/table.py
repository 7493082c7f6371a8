"""A table as it stands in a file: rows of text with their numbers, and what was noticed while reading."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.errors import InputError, Label, Place
from catalog.model.codelist import nearest


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file."""

    #: its number as people count it: the header is row 1
    number: int
    #: column -> text; empty cells are ``""``. A row that is too short lacks its last columns
    cells: dict[str, str]
    #: True if it has more or fewer cells than the header
    ragged: bool = False


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table of a file; iterates over its rows in the order of the file."""

    #: name of the file, for places
    file: str
    #: the header
    columns: tuple[str, ...]
    #: character encoding that was found; None for binary formats
    encoding: str | None
    #: whether a byte order mark stood at the start; None for binary formats
    bom: bool | None
    #: the rows below the header; can be iterated once
    rows: Iterator[Row]

    def __iter__(self) -> Iterator[Row]:
        return self.rows

    def unknown_columns(self, expected: Collection[str]) -> list[str]:
        """Return the columns that nobody expected."""
        return [one for one in self.columns if one not in expected]


def read_table(path: Path, *, name: str, columns: Sequence[str], largest: int) -> SourceTable:
    """Read a CSV or Parquet file, told apart by its first bytes.

    Parameters
    ----------
    path, name
        The file, and what people call it.
    columns
        Columns that must be there; others may be.
    largest
        Size in bytes that is not exceeded, unpacked.

    Raises
    ------
    InputError
        If it cannot be read, or a column is missing.
    """
    from harvesters.readers.delimited import read_csv
    from harvesters.readers.parquet import MAGIC, read_parquet

    with path.open("rb") as file:
        start = file.read(len(MAGIC))
    reader = read_parquet if start == MAGIC else read_csv
    return reader(path, name=name, columns=columns, largest=largest)


def check_header(found: Sequence[str], expected: Sequence[str], file: str) -> None:
    """Refuse a header that lacks a column or has one twice.

    Raises
    ------
    InputError
        Naming the columns that are missing and, for each, the most similar one that is there.
    """
    twice = sorted({one for one in found if found.count(one) > 1})
    if twice:
        raise InputError(
            f"同じ見出しの列があります: {', '.join(twice)}",
            f"Columns with the same heading: {', '.join(twice)}",
            next_step=Label("見出しが重ならないようにしてください", "Give every column its own heading"),
            place=Place(file=file, cell="row 1"),
            value=twice,
        )
    missing = [one for one in expected if one not in found]
    if missing:
        similar = {one: nearest(one, [name for name in found if name not in expected]) for one in missing}
        guesses = [f"{one} ← {near}" for one, near in similar.items() if near]
        hint_ja = f"似た見出し: {', '.join(guesses)}。" if guesses else ""
        hint_en = f"Similar headings: {', '.join(guesses)}. " if guesses else ""
        raise InputError(
            f"必要な列がありません: {', '.join(missing)}",
            f"Columns are missing: {', '.join(missing)}",
            next_step=Label(
                f"{hint_ja}1行目の見出しを確かめてください（今の見出し: {', '.join(found)}）",
                f"{hint_en}Check the headings in row 1 (now: {', '.join(found)})",
            ),
            place=Place(file=file, cell="row 1"),
            value=list(found),
            missing=missing,
        )


def too_large(file: str, largest: int) -> InputError:
    """Return the error for a table that is larger than what is read."""
    megabytes = largest // 1_000_000
    return InputError(
        f"表が大きすぎます（上限{megabytes}MB）",
        f"The table is larger than {megabytes} MB",
        next_step=Label(
            "正しいファイルか確かめてください。正しければ分けて置いてください",
            "Check that it is the right file; if it is, hand it in in parts",
        ),
        place=Place(file=file),
        limit_mb=megabytes,
    )
