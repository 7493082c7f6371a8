"""CSVW metadata of the CSV for programs: what its columns are, for validators and for making RDF of it.

A row becomes a ``qb:Observation``; columns that SDMX knows have SDMX's property, the others the standard's default. A
header cell is matched by the title without a language (``und``), which is the physical name.

References
----------
Metadata Vocabulary for Tabular Data (W3C, 2015-12-17), sections 5.3, 5.6, 5.9, 5.11; Generating RDF from Tabular Data
on the Web (W3C, 2015-12-17); RDF Data Cube Vocabulary (W3C, 2014-01-16).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from catalog.errors import Label
from catalog.metadata.site import Site
from catalog.metadata.vocabulary import CSVW
from catalog.model import Column, Dataset, Manifest

#: media type of the metadata (section 8)
MEDIA_TYPE = "application/csvm+json"

_CUBE = "http://purl.org/linked-data/cube#"
_SDMX = "http://purl.org/linked-data/sdmx/2009/"

#: column -> property of SDMX in RDF
_PROPERTIES = {
    "area_code": f"{_SDMX}dimension#refArea",
    "period": f"{_SDMX}dimension#refPeriod",
    "sex": f"{_SDMX}dimension#sex",
    "age": f"{_SDMX}dimension#age",
    "value": f"{_SDMX}measure#obsValue",
    "unit": f"{_SDMX}attribute#unitMeasure",
    "obs_status": f"{_SDMX}attribute#obsStatus",
    "note": f"{_SDMX}attribute#comment",
}

_DIALECT = {
    "encoding": "utf-8",
    "delimiter": ",",
    "quoteChar": '"',
    "doubleQuote": True,
    "lineTerminators": ["\r\n"],
    "header": True,
    "headerRowCount": 1,
}


def describe_csvw(site: Site, manifest: Manifest, *, url: str | None = None) -> dict[str, Any]:
    """Return the metadata of a release's ``<dataset>.csv``.

    Parameters
    ----------
    site
        The site.
    manifest
        The release.
    url
        Where the CSV is; None means its pinned address.
    """
    dataset, version = manifest.dataset, str(manifest.version)
    file = f"{dataset.name}.csv"
    return {
        "@context": [CSVW, {"@language": "ja"}],
        "@id": site.distribution(manifest, file, pinned=True),
        "@type": "Table",
        "url": url or site.download(dataset.name, file, version),
        "dc:title": _texts(dataset.title),
        "dc:description": _texts(dataset.description),
        "dc:license": {"@id": dataset.license.url},
        "dc:publisher": _texts(dataset.publisher.label),
        **({"dc:source": {"@id": dataset.source_page}} if dataset.source_page else {}),
        "dc:issued": {"@value": manifest.issued, "@type": "xsd:dateTime"},
        "dcat:keyword": list(dataset.keywords),
        "schema:version": version,
        "dialect": _DIALECT,
        "tableSchema": {
            "aboutUrl": _about(site, dataset),
            "primaryKey": list(dataset.structure.key),
            "columns": [*(_column(one, site) for one in dataset.structure.columns), *_virtual(site, dataset)],
        },
    }


def _texts(label: Label) -> list[dict[str, str]]:
    return [{"@value": label.ja, "@language": "ja"}, {"@value": label.en, "@language": "en"}]


def _about(site: Site, dataset: Dataset) -> str:
    key = "/".join(f"{{{name}}}" for name in dataset.structure.key)
    return f"{site.page(dataset.name)}#observation/{key}"


def _column(column: Column, site: Site) -> dict[str, Any]:
    described = {
        "name": column.name,
        "titles": {"und": column.name, "ja": column.label.ja, "en": column.label.en},
        "dc:description": _texts(column.description),
        "datatype": _DATATYPES[column.type](column),
        "null": [""],
        "required": column.required,
    }
    if column.name in _PROPERTIES:
        described["propertyUrl"] = _PROPERTIES[column.name]
    if column.name == "area_code":
        described["valueUrl"] = f"{site.api}/areas/{{area_code}}"
    return described


def _virtual(site: Site, dataset: Dataset) -> list[dict[str, Any]]:
    """Return columns that are in no file and state what a row is and belongs to."""
    facts = {
        "row_type": ("rdf:type", f"{_CUBE}Observation"),
        "dataset": (f"{_CUBE}dataSet", site.dataset(dataset.name)),
    }
    return [
        {"name": name, "virtual": True, "propertyUrl": is_a, "valueUrl": what} for name, (is_a, what) in facts.items()
    ]


def _string(column: Column) -> dict[str, Any]:
    codes, pattern = column.constraints.get("enum"), column.constraints.get("pattern")
    if codes:
        pattern = "|".join(re.escape(code) for code in codes)
    return {"base": "string", **({"format": f"^(?:{pattern})$"} if pattern else {})}


def _number(column: Column) -> dict[str, Any]:
    limits = {key: limit for key, limit in column.constraints.items() if key in {"minimum", "maximum"}}
    return {"base": {"number": "double", "integer": "integer"}[column.type], **limits}


#: Data Package type -> datatype of CSVW
_DATATYPES: dict[str, Callable[[Column], dict[str, Any]]] = {
    "string": _string,
    "number": _number,
    "integer": _number,
    "date": lambda _: {"base": "date", "format": "yyyy-MM-dd"},
}
