"""Data Package descriptors from elsewhere, version 1 and 2.

=====================================  =====================================================================
property                               read as
=====================================  =====================================================================
``resources[].path``                   one file, or a list of files that are put together in order
``hash`` ``bytes``                     what the file is compared with; MD5 if no algorithm is named
``encoding``                           the encoding of the file
``dialect``                            ``delimiter``, ``header``, ``headerRows``; in place or by reference
``schema.fields``                      the columns that the file should have; in place or by reference
``schema.missingValues``               markers: texts, or ``{value, label}`` (version 2)
=====================================  =====================================================================

A path is relative to the descriptor and stays below it, or is an http(s) URL; ``..``, ``/`` at the start and a mixture
of both in one list are refused, as the standard demands. Data that stand in the descriptor itself are not read.

What a missing value means is in its label, which is free text: :data:`MEANINGS` is what is understood, the rest is
"missing".

References
----------
Data Package v2.0: Data Package, Data Resource (``path``, ``hash``), Table Dialect, Table Schema (``missingValues``,
``fieldsMatch``), datapackage.org, 2024-06-26; v1 at specs.frictionlessdata.io (``csvddfVersion``, ``profile``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin

from catalog.errors import Label
from harvesters.documents import JAPAN, mappings_of, read_json, read_moment, text_of, unexpected
from harvesters.portal.remote_files import RemoteFile, Stated, Written, format_of
from harvesters.readers.markers import Meaning

#: name of a descriptor
NAME = "datapackage.json"
#: resources of a package, files of one resource, and columns of a schema that are read
MOST_RESOURCES, MOST_PARTS, MOST_FIELDS = 5_000, 1_000, 2_000

#: part of the label of a missing value -> what it means; the first that fits
MEANINGS: tuple[tuple[str, Meaning], ...] = (
    ("秘匿", Meaning.SUPPRESSED),
    ("suppress", Meaning.SUPPRESSED),
    ("confidential", Meaning.SUPPRESSED),
    ("withheld", Meaning.SUPPRESSED),
    ("該当数字がない", Meaning.NIL),
    ("皆無", Meaning.NIL),
    ("未調査", Meaning.NOT_COLLECTED),
    ("調査していない", Meaning.NOT_COLLECTED),
    ("not collected", Meaning.NOT_COLLECTED),
    ("not asked", Meaning.NOT_COLLECTED),
    ("not applicable", Meaning.CANNOT_EXIST),
    ("該当なし", Meaning.CANNOT_EXIST),
    ("対象外", Meaning.CANNOT_EXIST),
)

#: reads a document that a descriptor refers to: its address as the descriptor has it
Dereference = Callable[[str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageResource:
    """A resource of a package."""

    #: its name; its number if it has none
    name: str
    #: what people call it
    title: str
    #: its files; several are put together in this order
    files: tuple[RemoteFile, ...]


def read_descriptor(content: bytes, name: str) -> Mapping[str, Any]:
    """Return the descriptor.

    Raises
    ------
    InputError
        If it is no JSON object with a list of resources.
    """
    raw = read_json(content, name)
    resources = raw.get("resources") if isinstance(raw, Mapping) else None
    if not isinstance(resources, list) or not resources or len(resources) > MOST_RESOURCES:
        what = Label("resources の並びのある記述子ではありません", "It is no descriptor with a list of resources")
        raise unexpected(name, "resources", what)
    assert isinstance(raw, Mapping)
    return raw


def read_resources(
    descriptor: Mapping[str, Any], name: str, base: str, dereference: Dereference
) -> list[PackageResource]:
    """Return the resources that have files.

    Parameters
    ----------
    descriptor, name
        The descriptor, and what people call it.
    base
        Its URL, or its path as declared.
    dereference
        Reads schemas and dialects that stand in files of their own.

    Raises
    ------
    InputError
        If a path leads out of the package, or a part is not what the standard says.
    """
    made = read_moment(text_of(descriptor.get("created")), JAPAN)
    found = []
    for number, raw in enumerate(mappings_of(descriptor.get("resources"))):
        where = text_of(raw.get("name")) or f"resource-{number + 1}"
        paths = paths_of(raw, name, where)
        if paths:
            written = _written(raw, name, where, dereference)
            files = tuple(_file(raw, where, path, base, written, made) for path in paths)
            found.append(PackageResource(name=where, title=text_of(raw.get("title")) or where, files=files))
    return found


def paths_of(raw: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
    """Return the paths of a resource; none if its data stand in the descriptor.

    Raises
    ------
    InputError
        If one leads out of the package.
    """
    stated = raw.get("path")
    paths = stated if isinstance(stated, list) else [stated] if stated is not None else []
    for one in paths:
        if not is_safe(one):
            what = Label("パッケージの外を指すか、パスとして使えません", "A path leads out of the package, or is none")
            raise unexpected(name, f"{where}.path", what, one)
    if len(paths) > MOST_PARTS or len({_is_url(one) for one in paths}) > 1 or len(set(paths)) != len(paths):
        what = Label("パスの並びが使えません（多すぎる、重複、URLとの混在）", "The list of paths cannot be used")
        raise unexpected(name, f"{where}.path", what, len(paths))
    return tuple(paths)


def is_safe(path: Any) -> bool:
    """Return whether a path is an http(s) URL, or leads to something below the descriptor (Data Resource, ``path``)."""
    if not isinstance(path, str) or not path or len(path) > 2_000 or re.search(r"[\x00-\x1f\\]", path):
        return False
    return _is_url(path) or not (path.startswith(("/", "~")) or ".." in path.split("/") or ":" in path.split("/")[0])


def _is_url(path: Any) -> bool:
    return isinstance(path, str) and path.lower().startswith(("http://", "https://"))


def locate(base: str, path: str) -> str:
    """Return where a path of a descriptor leads: a URL, or a path as declared."""
    if _is_url(path):
        return path
    if _is_url(base):
        return urljoin(base, quote(path, safe="/%"))
    folder = base.rpartition("/")[0]
    return f"{folder}/{path}" if folder else path


def _file(raw: Mapping[str, Any], where: str, path: str, base: str, written: Written, made: str | None) -> RemoteFile:
    alone = isinstance(raw.get("path"), str) or len(raw["path"]) == 1
    media_type = text_of(raw.get("mediatype"))
    return RemoteFile(
        name=path,
        location=locate(base, path),
        title=text_of(raw.get("title")) or where,
        format=format_of(text_of(raw.get("format")), media_type, path),
        ids=(where, path),
        modified=made,
        stated=_stated(raw) if alone else Stated(),
        written=written,
    )


def _stated(raw: Mapping[str, Any]) -> Stated:
    return Stated.of(raw.get("hash"), raw.get("bytes"))


def _written(raw: Mapping[str, Any], name: str, where: str, dereference: Dereference) -> Written:
    dialect = _in_place(raw.get("dialect"), name, f"{where}.dialect", dereference)
    schema = _in_place(raw.get("schema"), name, f"{where}.schema", dereference)
    header_rows, first_row = _header(dialect)
    fields = list(mappings_of(schema.get("fields")))
    if len(fields) > MOST_FIELDS:
        raise unexpected(name, f"{where}.schema", Label("列が多すぎます", "It has too many columns"), len(fields))
    return Written(
        encoding=text_of(raw.get("encoding")) or None,
        delimiter=text_of_delimiter(dialect),
        header_rows=header_rows,
        first_row=first_row,
        missing=_missing(schema.get("missingValues", raw.get("missingValues"))),
        columns=tuple(text_of(one.get("name")) for one in fields) or None,
    )


def _in_place(raw: Any, name: str, where: str, dereference: Dereference) -> Mapping[str, Any]:
    """Return an object that stands in the descriptor or in a file of its own."""
    if raw is None:
        return {}
    if isinstance(raw, str):
        if not is_safe(raw):
            what = Label("パッケージの外を指しています", "It leads out of the package")
            raise unexpected(name, where, what, raw)
        raw = read_json(dereference(raw), raw)
    if not isinstance(raw, Mapping):
        raise unexpected(name, where, Label("オブジェクトではありません", "It is no object"), raw)
    return raw


def text_of_delimiter(dialect: Mapping[str, Any]) -> str | None:
    """Return the separator of columns; None if it is not stated."""
    delimiter = dialect.get("delimiter")
    return delimiter if isinstance(delimiter, str) and len(delimiter) == 1 else None


def _header(dialect: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return how many rows the header has, and its first row; None where the dialect says nothing."""
    rows = dialect.get("headerRows")
    numbers = [one for one in rows if isinstance(one, int) and one > 0] if isinstance(rows, list) else []
    if dialect.get("header") is False:
        return 0, None
    return (max(numbers) - min(numbers) + 1, min(numbers)) if numbers else (None, None)


def _missing(raw: Any) -> tuple[tuple[str, str], ...]:
    """Return the missing values with their labels; the empty text needs no marker."""
    found: Sequence[Any] = raw if isinstance(raw, list) else ()
    pairs = [
        (text_of(one.get("value")), text_of(one.get("label"))) if isinstance(one, Mapping) else (text_of(one), "")
        for one in found
    ]
    return tuple(dict.fromkeys(one for one in pairs if one[0]))


def meaning_of(label: str) -> Meaning:
    """Return what a missing value means by its label."""
    folded = label.casefold()
    return next((meaning for text, meaning in MEANINGS if text in folded), Meaning.MISSING)
