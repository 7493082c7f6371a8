"""Which files of a survey are answers and which are code books, and the code book that explains a wave."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.database.jobs import HarvestObject
from catalog.errors import InputError, Label, Place
from catalog.model import Period
from harvesters.base import Context, HarvestSource
from harvesters.fetching.fetch import declared_path
from harvesters.findings import Findings
from harvesters.readers.declared import Declared, open_tables
from harvesters.survey.codebook import CodeBook
from harvesters.survey.codebook_reader import read_codebook
from harvesters.survey.waves import codebook_of, gather_file, gather_files, without_sheet

#: the kind of source whose folder has answers
KIND = "survey"


def list_waves(source: HarvestSource) -> list[HarvestObject]:
    """Return the files of answers of a source: those that match ``files`` and are no code book of another file."""
    found, books = gather_files(source, source.options["files"]), listed_books(source)
    others = {book for one in found if (book := book_file(source, one.name, books)) != one.name}
    return [one for one in found if one.name not in others]


def book_file(source: HarvestSource, wave: str, books: Sequence[HarvestObject]) -> str:
    """Return the file of the code book of a wave: the wave's own file if there is no other."""
    return without_sheet(codebook_of(source, wave, books) or wave)[0]


def listed_books(source: HarvestSource) -> list[HarvestObject]:
    """Return the files in the folder of a source that are code books by their name; none if it is no folder."""
    if source.path is None or declared_path(source).is_file():
        return []
    return gather_files(source, "*コード表*")


def read_book(
    context: Context, name: str, sheet: str | None, findings: Findings, *, period: Period | None = None
) -> CodeBook:
    """Return the code book of a file in the source's folder; a file of answers that has it is only looked at.

    Raises
    ------
    FetchError, InputError
        If it is not there or cannot be read.
    """
    source = context.source
    waves = {one.name: one for one in list_waves(source)} if source.kind == KIND else {}
    if name in waves:
        path = context.fetcher.look(source, waves[name], None).path
    else:
        path = context.fetcher.fetch(source, gather_file(source, name), None).path
    try:
        tables = open_tables(
            path, name=name, declared=Declared(), findings=findings if name not in waves else Findings()
        )
        return read_codebook(
            tables, context.reference.indicator_set, source.options, findings, sheet=sheet, period=period
        )
    except InputError as error:
        if name in waves:
            raise _no_book(source) from error
        raise


def _no_book(source: HarvestSource) -> InputError:
    return InputError(
        "コード表がありません",
        "There is no code book",
        next_step=Label(
            "名前に「コード表」を含むファイルを置くか、options の codebook で指定してください",
            "Put a file with コード表 in its name beside it, or name it in the option codebook",
        ),
        place=Place(file=source.file.name, cell=f"{source.name}.options.codebook"),
    )
