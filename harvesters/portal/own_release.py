"""Releases of a catalogue like ours: observations that are taken as they are, without a mapping.

What such a catalogue publishes is a Data Package whose table has the columns of our observation table; its descriptor
names the columns, the codes of the breakdowns with their labels, and the sha256 of the file. Order of events: find the
table in the descriptor; make the data structure of its fields; read the CSV in these types; what the dataset is called,
who made it and how it is cited stays as it was published, and the publisher is the organisation of the source.

Nothing of the descriptor is believed unseen: names, codes and links have the form that ours have, or the release is
refused. Whether codes, periods and rates are right is asked by the checks of a release, as of any other table.

References
----------
Data Package v2, Table Schema (``categories``, ``constraints.enum``); :mod:`catalog.metadata.datapackage`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from catalog.errors import InputError, Label, Place
from catalog.formats import sort_by_key
from catalog.model import CC_BY, TOTAL, Agent, Dataset, DataStructure, Dimension, base_columns
from harvesters.base import Context, Contribution, Fetched, HarvestSource
from harvesters.documents import JAPAN, mappings_of, read_moment, text_of, unexpected
from harvesters.findings import Level, Rule
from harvesters.local_areas import read_described_areas
from harvesters.readers.shape import note_shape

#: columns that make a table one of ours; the others are null if they are missing
_NEEDED = frozenset({"indicator_id", "definition_id", "area_code", "period", "value", "unit", "obs_status"})
_ID = re.compile(r"[a-z][a-z0-9_]{0,60}")
_CODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,60}")
#: breakdowns that a table may have, and codes of one
_MOST_BREAKDOWNS, _MOST_CODES = 20, 5_000
#: longest title, and longest text in bytes of a descriptor that becomes part of a dataset
_LONGEST_TITLE, _LONGEST_TEXT = 300, 5_000
#: SDMX CL_FREQ code of what is read from elsewhere: irregular
_FREQUENCY = "I"

_FREE = ("dataset_title", "dataset_description", "citation", "landing_page")

FIELD_UNKNOWN = Rule(
    "own-field-unknown",
    Level.WARNING,
    Label("こちらにない列（使わない）", "Columns that our observations do not have (not used)"),
    Label(
        "提供元の版を確かめ、こちらのソフトウェアを更新してください",
        "Update this software to the version of the source",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTable:
    """The table of observations of a release, as its descriptor has it."""

    #: path of the file, as the descriptor has it
    path: str
    #: names of the columns of the file, in order
    columns: tuple[str, ...]
    #: columns that our observations do not have
    unknown: tuple[str, ...]
    #: the structure of the table
    structure: DataStructure
    #: texts that stand for null
    missing: tuple[str, ...]
    #: what the descriptor states: digest and size
    hash: Any
    bytes: Any


def find_own_table(descriptor: Mapping[str, Any], name: str) -> OwnTable | None:
    """Return the table of a descriptor that has the columns of our observations; None if there is none.

    Raises
    ------
    InputError
        If there is one, and its breakdowns, codes or path cannot be ours.
    """
    for resource in mappings_of(descriptor.get("resources")):
        schema = resource.get("schema")
        fields = list(mappings_of(schema.get("fields"))) if isinstance(schema, Mapping) else []
        columns = tuple(text_of(one.get("name")) for one in fields)
        if set(columns) >= _NEEDED and isinstance(resource.get("path"), str):
            return _table(resource, schema if isinstance(schema, Mapping) else {}, fields, columns, name)
    return None


def _table(
    resource: Mapping[str, Any],
    schema: Mapping[str, Any],
    fields: Sequence[Mapping[str, Any]],
    columns: tuple[str, ...],
    name: str,
) -> OwnTable:
    if len(set(columns)) != len(columns):
        raise unexpected(name, "schema.fields", Label("同じ名前の列が2つあります", "Two columns have the same name"))
    base = {one.name for one in base_columns()}
    own = [one for one in fields if text_of(one["name"]) not in base]
    breakdowns = [_breakdown(one, name) for one in own if _is_breakdown(one)]
    if len(breakdowns) > _MOST_BREAKDOWNS:
        raise unexpected(name, "schema.fields", Label("区分の列が多すぎます", "It has too many breakdowns"))
    missing = schema.get("missingValues", [""])
    return OwnTable(
        path=str(resource["path"]),
        columns=columns,
        unknown=tuple(text_of(one["name"]) for one in own if not _is_breakdown(one)),
        structure=DataStructure(tuple(breakdowns)),
        missing=tuple(str(one["value"] if isinstance(one, Mapping) and "value" in one else one) for one in missing),
        hash=resource.get("hash"),
        bytes=resource.get("bytes"),
    )


def _is_breakdown(field: Mapping[str, Any]) -> bool:
    constraints = field.get("constraints")
    return isinstance(constraints, Mapping) and bool(constraints.get("required")) and bool(constraints.get("enum"))


def _breakdown(field: Mapping[str, Any], name: str) -> Dimension:
    id = text_of(field["name"])
    labels = {str(one.get("value")): _both(text_of(one.get("label"))) for one in mappings_of(field.get("categories"))}
    codes = [str(one) for one in field["constraints"]["enum"]]
    bad = [one for one in codes if not _CODE.fullmatch(one)]
    if not _ID.fullmatch(id) or bad or len(codes) > _MOST_CODES or TOTAL not in codes:
        what = Label(f"区分「{id[:60]}」の名前かコードが使えません", f"Name or codes of {id[:60]!r} cannot be used")
        raise unexpected(name, f"schema.fields.{id[:60]}", what, bad[0] if bad else id)
    title = _label(field.get("titles"), field.get("title"), id)
    return Dimension(id, title, {code: labels.get(code) or Label(code, code) for code in codes})


def _both(text: str, longest: int = _LONGEST_TITLE) -> Label | None:
    ja, _, en = text[:longest].partition(" / ")
    return Label(ja, en or ja) if ja else None


def _label(labels: Any, text: Any, fallback: str, longest: int = _LONGEST_TITLE) -> Label:
    raw = labels if isinstance(labels, Mapping) else {}
    one = text_of(text) or fallback
    return Label((text_of(raw.get("ja")) or one)[:longest], (text_of(raw.get("en")) or one)[:longest])


def describe_own(
    source: HarvestSource, descriptor: Mapping[str, Any], table: OwnTable, indicators: Sequence[str] = ()
) -> Dataset:
    """Return the dataset that a release becomes: described as there, unless the options say otherwise."""
    options, publisher = source.options, source.publisher
    description = text_of(descriptor.get("description"))
    dataset = Dataset(
        name=options["dataset"],
        title=_label(descriptor.get("titles"), descriptor.get("title"), options["dataset"]),
        description=_label(descriptor.get("descriptions"), description, options["dataset"], _LONGEST_TEXT),
        publisher=publisher,
        creator=_creator(descriptor, publisher),
        contact=publisher,
        license=CC_BY,
        citation=_citation(descriptor, publisher),
        landing_page=_landing_page(descriptor) or publisher.url or source.url or "",
        keywords=_texts(descriptor.get("keywords")),
        indicators=tuple(indicators),
        frequency=_FREQUENCY,
        spatial=tuple(one for one in _texts(descriptor.get("spatial")) if re.fullmatch(r"[0-9]{6}", one)),
        structure=table.structure,
        synthetic=bool(descriptor.get("synthetic")) or bool(options["synthetic"]),
    )
    given = {key: options[key] for key in _FREE if options.get(key)}
    renamed = {key.removeprefix("dataset_"): value for key, value in given.items()}
    return replace(dataset, **renamed)


def _texts(raw: Any) -> tuple[str, ...]:
    found = [text_of(one)[:100] for one in raw] if isinstance(raw, list) else []
    return tuple(dict.fromkeys(one for one in found if one))


def _creator(descriptor: Mapping[str, Any], publisher: Agent) -> Agent:
    for one in mappings_of(descriptor.get("contributors")):
        title = _both(text_of(one.get("title")))
        if title and "creator" in (one.get("roles") or ()):
            url = text_of(one.get("path"))
            return Agent("creator", title, url if _is_web(url) else None)
    return publisher


def _citation(descriptor: Mapping[str, Any], publisher: Agent) -> Label:
    sources = mappings_of(descriptor.get("sources"))
    stated = next((_both(text_of(one.get("title")), _LONGEST_TEXT) for one in sources), None)
    if stated is not None and stated.ja.startswith("出典："):
        return stated
    title = _label(descriptor.get("titles"), descriptor.get("title"), publisher.name)
    return Label(f"出典：{title.ja}", f"Source: {title.en}")


def _landing_page(descriptor: Mapping[str, Any]) -> str | None:
    pages = [text_of(one.get("path")) for one in mappings_of(descriptor.get("sources"))]
    return next((one for one in pages if _is_web(one)), None)


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and len(url) <= 2000
    except ValueError:
        return False


def own_contribution(
    context: Context, fetched: Fetched, descriptor: Mapping[str, Any], table: OwnTable
) -> Contribution:
    """Return the observations of a release.

    Raises
    ------
    InputError
        If the file is not the table that its descriptor describes.
    """
    name = fetched.object.name
    for column in table.unknown:
        context.findings.add(FIELD_UNKNOWN, Place(file=name), column)
    found = read_observations(fetched.path, table, name=name)
    context.tally.read += found.num_rows
    context.tally.accepted += found.num_rows
    indicators = sorted(pc.unique(found["indicator_id"]).to_pylist())
    created = read_moment(text_of(descriptor.get("created")), JAPAN)
    described = describe_own(context.source, descriptor, table, indicators)
    areas = read_described_areas(descriptor.get("areas"), name, context.reference.areas)
    return Contribution(
        dataset=replace(described, areas=areas),
        table=sort_by_key(found, table.structure),
        issued=fetched.not_after(created) if created else str(fetched.object.fetched),
        object=name,
    )


def read_observations(path: Path, table: OwnTable, *, name: str) -> pa.Table:
    """Read the CSV of a release: columns and types of the structure, null where a text of ``missing`` stands.

    Raises
    ------
    InputError
        If it has other columns, a value that is not of its type, or a null where none may be.
    """
    schema = table.structure.arrow_schema()
    types = {one.name: one.type for one in schema if one.name in table.columns}
    try:
        found = pyarrow.csv.read_csv(
            path,
            pyarrow.csv.ReadOptions(use_threads=False),
            pyarrow.csv.ParseOptions(newlines_in_values=True),
            pyarrow.csv.ConvertOptions(
                column_types=types,
                null_values=list(table.missing),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise _unlike(name, Label("列の型か行の形が違う", "types or rows differ"), str(error)) from error
    note_shape(name, None, found.column_names)
    if tuple(found.column_names) != table.columns:
        raise _unlike(name, Label("列が違う", "columns differ"), ", ".join(found.column_names))
    columns = [found[one.name] if one.name in table.columns else pa.nulls(found.num_rows, one.type) for one in schema]
    for one, column in zip(schema, columns, strict=True):
        if not one.nullable and column.null_count:
            raise _unlike(name, Label(f"列 {one.name} に空欄がある", f"column {one.name} has empty cells"), one.name)
    if not found.num_rows:
        raise _unlike(name, Label("観測値が一つもない", "there are no observations"), "")
    return pa.table(columns, schema=schema)


def _unlike(name: str, how: Label, value: str) -> InputError:
    return InputError(
        f"目録が示す観測値の表と違います（{how.ja}）",
        f"It is not the table that its descriptor describes ({how.en})",
        next_step=Label("提供元に知らせてください", "Tell the owner of the source"),
        place=Place(file=name),
        value=value[:200],
    )
