"""Tables of files that a catalogue names -> observations, with what the catalogue says of how they are written.

What is declared in the options wins over what the catalogue states; what neither says is found by looking, and told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from catalog.database.jobs import HarvestObject
from catalog.errors import InputError, Label, Place, TooLarge
from harvesters.base import Context, Contribution, Fetched
from harvesters.datapackage.descriptor import meaning_of
from harvesters.mapping import Mapper, Records, records_of_table
from harvesters.portal.remote_files import RemoteFile, fetch_file
from harvesters.portal.rules import MISSING_VALUE, SCHEMA_DIFFERS, TELL
from harvesters.readers.declared import LARGEST_FILE, Declared, open_tables
from harvesters.readers.markers import Meaning, fold_marker
from harvesters.readers.shape import Shape, note_shape, watch_shapes
from harvesters.readers.workbook import OLE_MAGIC, ZIP_MAGIC


def put_together(
    context: Context, files: Mapping[str, RemoteFile], file: RemoteFile, known: HarvestObject | None
) -> Fetched:
    """Return the parts of a file as one: the header of the first, and the rows of all.

    Raises
    ------
    InputError
        If they are no text.
    TooLarge
        If they are larger together than a table that is read.
    """
    parts = [fetch_file(context, files[name], context.known.get(name)) for name in file.parts]
    if sum(one.object.bytes or 0 for one in parts) > LARGEST_FILE:
        raise _too_large(file)
    pieces: list[bytes] = []
    for one in parts:
        piece = one.path.read_bytes()
        if piece.startswith((ZIP_MAGIC, OLE_MAGIC)) or b"\0" in piece[:1024]:
            raise _no_text(file, one.object.name)
        pieces.append(_without_header(piece, pieces[0]) if pieces else piece)
    whole = b"".join(piece if piece.endswith(b"\n") else piece + b"\n" for piece in pieces)
    return context.fetcher.keep(file.wanted, whole, known)


def _without_header(part: bytes, first: bytes) -> bytes:
    bom = b"\xef\xbb\xbf"
    header = first.removeprefix(bom).partition(b"\n")[0].rstrip(b"\r")
    start, end, rest = part.removeprefix(bom).partition(b"\n")
    return rest if start.rstrip(b"\r") == header else start + end + rest


def mapped(context: Context, fetched: Fetched, file: RemoteFile) -> list[Contribution]:
    """Return the observations of a file as the mapping declares them.

    Raises
    ------
    InputError
        If it cannot be read, or no row of it can be used.
    """
    described = _as_written(context, file)
    declared, mapper = Declared.of(described.source.options), Mapper(described)
    if file.written.header_rows == 0 and file.written.columns is not None:
        tables = open_tables(fetched.path, name=file.name, declared=declared, findings=context.findings)
        records = [_with_columns(records_of_table(one, name=file.name), file.written.columns) for one in tables]
        found = mapper.contributions(records, object=file.name, issued=file.modified)
    else:
        with _headings_told(context, file):
            found = mapper.file_contributions(
                fetched.path, name=file.name, declared=declared, object=file.name, issued=file.modified
            )
    return [replace(one, issued=fetched.not_after(one.issued)) for one in found]


@contextmanager
def _headings_told(context: Context, file: RemoteFile) -> Iterator[None]:
    """Tell if the headings that are read are not those of the schema; whoever watches the shape sees it as well."""
    shape: Shape = {}
    try:
        with watch_shapes(file.name) as shape:
            yield
    finally:
        for sheet, headings in shape.items():
            note_shape(file.name, sheet or None, headings)
        found = [one for headings in shape.values() for one in headings]
        if file.written.columns is not None and found:
            _compare(context, file, file.written.columns, found)


def _compare(context: Context, file: RemoteFile, columns: Sequence[str], found: Sequence[str]) -> None:
    absent = [one for one in columns if one not in found]
    more = [one for one in found if one not in columns]
    if absent or more:
        said = Label(
            f"定義にだけある: {'、'.join(absent) or 'なし'}。ファイルにだけある: {'、'.join(more) or 'なし'}",
            f"only in the schema: {', '.join(absent) or 'none'}; only in the file: {', '.join(more) or 'none'}",
        )
        context.findings.add(SCHEMA_DIFFERS, Place(file=file.name), detail=said)


def _with_columns(records: Records, columns: tuple[str, ...]) -> Records:
    """Return records without a header with the names of the schema."""
    if len(columns) != len(records.columns):
        raise _other_width(records, columns)
    return replace(records, columns=columns, headings=tuple((one,) for one in columns))


def _as_written(context: Context, file: RemoteFile) -> Context:
    """Return the context with what the catalogue states of a file where the options say nothing."""
    written, options = file.written, dict(context.source.options)
    for name in ("encoding", "delimiter", "header_rows", "first_row"):
        stated = getattr(written, name)
        if options[name] is None and stated is not None:
            options[name] = stated
    if written.missing:
        options["markers"] = {**_markers(context, file, options["markers"] or {}), **(options["markers"] or {})}
    return replace(context, source=replace(context.source, options=options))


def _markers(context: Context, file: RemoteFile, given: Mapping[str, Meaning]) -> dict[str, Meaning]:
    found = {}
    for value, label in file.written.missing:
        marker = fold_marker(value)
        if marker not in given:
            found[marker] = meaning_of(label)
            told = Label(f"{label or '説明なし'} → {found[marker]}", f"{label or 'no label'} → {found[marker]}")
            context.findings.add(MISSING_VALUE, Place(file=file.name), value, detail=told)
    return found


def _other_width(records: Records, columns: Sequence[str]) -> InputError:
    return InputError(
        f"見出しのない表の列が{len(records.columns)}で、定義は{len(columns)}列です",
        f"The table has no header and {len(records.columns)} columns; its schema has {len(columns)}",
        next_step=TELL,
        place=records.place(None, None),
        value=len(records.columns),
    )


def _no_text(file: RemoteFile, part: str) -> InputError:
    return InputError(
        f"「{part}」はUTF-8などのテキストではないので、つなげて一つの表にできません",
        f"{part} is no text in UTF-8 or the like, so it cannot be put together with others",
        next_step=TELL,
        place=Place(file=file.name),
        value=part,
    )


def _too_large(file: RemoteFile) -> TooLarge:
    megabytes = LARGEST_FILE // 1_000_000
    return TooLarge(
        f"つなげると上限の{megabytes}MBを超えます",
        f"Put together it is larger than the limit of {megabytes} MB",
        next_step=Label("options の files で絞ってください", "Ask for less with files in the options"),
        place=Place(file=file.name),
        limit_mb=megabytes,
    )
