"""The Data Package descriptor of a release: ``datapackage.json``.

What it says beyond the standard's own properties, as custom properties (the standard allows them):

=================  =====================================================================================
property           meaning
=================  =====================================================================================
``titles``         the title in Japanese and English, where the standard has one text
``descriptions``   the description likewise
``bom``            whether the file starts with a byte order mark (machine-readability rule L3-08)
``temporal``       first and last period
``spatial``        codes of the areas it covers as a whole
``synthetic``      true if the figures are made up
``omitted``        files that other releases have and this one does not, each with the reason; only if there are any
``unit``           of a field with numbers: the ``column`` that has the unit of the row, or the ``code`` of the unit
                   (rule L3-04)
=================  =====================================================================================

The table schema of the CSV for programs is that of :mod:`catalog.model.observation`; that of the CSV for people has the
Japanese headers. ``missingValues`` says what an empty cell means (rule L3-03), ``categories`` are the code tables
(rule L3-02).

References
----------
Data Package v2.0, Data Resource, Table Dialect, Table Schema (datapackage.org, 2024-06-26).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from catalog.errors import Label
from catalog.formats import CodeLabels, readable_columns
from catalog.formats.excel_csv import NOTHING, ReadableColumn
from catalog.formats.labels import all_labels
from catalog.model import Agent, Column, Dataset, Distribution, License, Omission, Provenance, Version

NAME = "datapackage.json"

_PROFILE = "https://datapackage.org/profiles/2.0/{}.json"

#: CKAN licence id -> id of the Open Definition registry, which the standard asks for
_OPEN_DEFINITION = {"cc-by": "CC-BY-4.0"}

_NO_VALUE = {
    "value": "",
    "label": "値なし。欠測の理由は観測値の状態に示す / no value; obs_status says why it is missing",
}

_NOTHING_FOR_PEOPLE = {**_NO_VALUE, "value": NOTHING}

#: columns that are counts of people, cards, procedures ...: UCUM's code of a pure number
_COUNTS = frozenset({"numerator", "denominator", "n", "n_eff"})

_DIALECT = {
    "$schema": _PROFILE.format("tabledialect"),
    "header": True,
    "delimiter": ",",
    "lineTerminator": "\r\n",
    "quoteChar": '"',
    "doubleQuote": True,
}

#: the file for people, with Japanese headers
_PEOPLE = "_excel.csv"


def describe_datapackage(
    dataset: Dataset,
    *,
    version: Version,
    issued: str,
    files: Sequence[Distribution],
    provenance: Provenance,
    temporal: tuple[str, str] | None,
    unit: str | None,
    labels: CodeLabels,
    used: Mapping[str, Sequence[str]],
    omitted: Sequence[Omission] = (),
) -> dict[str, Any]:
    """Return the descriptor of a release.

    Parameters
    ----------
    dataset, version, issued, provenance, temporal
        As in the manifest; ``issued`` is the standard's ``created``.
    files
        The tabular files of the release, in order.
    unit
        Japanese name of the unit if all observations have the same, else None.
    labels
        Labels of codes.
    used
        Column -> codes that occur, in order; the code tables of columns without declared codes name only these.
    omitted
        As in the manifest.
    """
    known = all_labels(dataset.structure, labels)
    return {
        "$schema": _PROFILE.format("datapackage"),
        "name": dataset.name,
        "title": _both(dataset.title),
        "titles": dataset.title.to_dict(),
        "description": _both(dataset.description),
        "descriptions": dataset.description.to_dict(),
        "version": str(version),
        "created": issued,
        "keywords": list(dataset.keywords),
        "licenses": [_license(dataset.license)],
        "sources": [_source(dataset), *_origins(provenance)],
        "contributors": _contributors(dataset),
        "temporal": list(temporal) if temporal else None,
        "spatial": list(dataset.spatial),
        "synthetic": dataset.synthetic,
        "resources": [_resource(one, dataset, unit, known, used) for one in files],
        **({"areas": [one.to_dict() for one in dataset.areas]} if dataset.areas else {}),
        **({"omitted": [one.to_dict() for one in omitted]} if omitted else {}),
    }


def _both(label: Label) -> str:
    return label.ja if label.ja == label.en else f"{label.ja} / {label.en}"


def _license(one: License) -> dict[str, Any]:
    note = {"descriptions": one.note.to_dict()} if one.note else {}
    return {"name": _OPEN_DEFINITION[one.id], "path": one.url, "title": _both(one.label), **note}


def _source(dataset: Dataset) -> dict[str, Any]:
    return {"title": _both(dataset.citation), **({"path": dataset.source_page} if dataset.source_page else {})}


def _origins(provenance: Provenance) -> Iterable[dict[str, Any]]:
    for one in provenance.origins:
        yield {"title": one.name, "hash": f"sha256:{one.sha256}", "bytes": one.bytes}


def _contributors(dataset: Dataset) -> list[dict[str, Any]]:
    roles: dict[Agent, list[str]] = {}
    for role in ("publisher", "creator", "contact"):
        roles.setdefault(getattr(dataset, role), []).append(role)
    return [_contributor(agent, named) for agent, named in roles.items()]


def _contributor(agent: Agent, roles: list[str]) -> dict[str, Any]:
    optional = {"path": agent.url, "email": agent.email}
    return {"title": _both(agent.label), **{key: one for key, one in optional.items() if one}, "roles": roles}


def _resource(
    file: Distribution, dataset: Dataset, unit: str | None, labels: CodeLabels, used: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    described = {
        "$schema": _PROFILE.format("dataresource"),
        "name": _resource_name(file.name),
        "title": _both(file.title),
        "titles": file.title.to_dict(),
        "path": file.name,
        "format": file.format.lower(),
        "mediatype": file.media_type.partition(";")[0],
        "hash": f"sha256:{file.sha256}",
    }
    if file.encoding is None:
        # Parquet has its types in itself; frictionless reads its nulls as NaN and cannot count its bytes.
        return described
    text = {"encoding": file.encoding, "bom": file.bom, "dialect": _DIALECT, "bytes": file.bytes}
    return {**described, "type": "table", **text, "schema": _schema(file, dataset, unit, labels, used)}


def _schema(
    file: Distribution, dataset: Dataset, unit: str | None, labels: CodeLabels, used: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    people = file.name.endswith(_PEOPLE)
    if people:
        columns = readable_columns(dataset.structure, unit, synthetic=dataset.synthetic)
        fields = [_readable_field(one) for one in columns]
        key = [one.header for one in columns if one.is_key]
    else:
        fields = [_field(one, labels, used) for one in dataset.structure.columns]
        key = list(dataset.structure.key)
    return {
        "$schema": _PROFILE.format("tableschema"),
        "fields": fields,
        "fieldsMatch": "exact",
        "missingValues": [_NOTHING_FOR_PEOPLE if people else _NO_VALUE],
        "primaryKey": key,
    }


def _resource_name(file_name: str) -> str:
    return file_name.replace(".", "-").replace("_", "-")


def _field(column: Column, labels: CodeLabels, used: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    codes = column.constraints.get("enum") or used.get(column.name, ())
    categories = _categories(codes, labels.get(column.name, {}))
    return {
        "name": column.name,
        "type": column.type,
        "title": _both(column.label),
        "titles": column.label.to_dict(),
        "description": _both(column.description),
        "descriptions": column.description.to_dict(),
        **_unit(column),
        **({"example": column.example} if column.example is not None else {}),
        **({"constraints": column.constraints} if column.constraints else {}),
        **({"categories": categories} if categories else {}),
    }


def _unit(column: Column) -> dict[str, Any]:
    if column.type not in ("number", "integer"):
        return {}
    return {"unit": {"code": "1"} if column.name in _COUNTS else {"column": "unit"}}


def _categories(codes: Sequence[str], labels: Mapping[str, Label]) -> list[dict[str, str]]:
    return [{"value": code, "label": _both(labels[code])} for code in codes if code in labels]


def _readable_field(shown: ReadableColumn) -> dict[str, Any]:
    column = shown.column
    if column is None:
        return {
            "name": shown.header,
            "type": "string",
            "description": "架空のデータであること / The figures are made up",
        }
    meaning = {
        "value": _both(column.description),
        "label": f"{column.label.ja}の名称 / Label of {column.name}",
        "prefecture": "地域が属する都道府県 / Prefecture of the area",
    }[shown.content]
    own = shown.content == "value"
    return {
        "name": shown.header,
        "type": column.type if own else "string",
        "description": meaning,
        "physicalName": column.name,
        **(_unit(column) if own else {}),
        **({"constraints": column.constraints} if own and column.constraints else {}),
    }
