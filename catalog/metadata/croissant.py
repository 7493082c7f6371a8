"""A release as Croissant describes it: files with their sha256, the columns of the CSV, the code lists.

Names and descriptions are in Japanese and English, which Croissant has since 1.1.

References
----------
Croissant Format Specification 1.1 (MLCommons), sections Dataset, FileObject, RecordSet, Field, and Enumerations.
"""

from __future__ import annotations

from typing import Any

from catalog.errors import Label
from catalog.metadata.schema_org import coverage
from catalog.metadata.site import Site
from catalog.model import Agent, Column, Dimension, Distribution, Manifest

MEDIA_TYPE = "application/ld+json"
CONFORMS_TO = "http://mlcommons.org/croissant/1.1"

#: id of the record set of all observations
OBSERVATIONS = "observations"

#: Data Package type -> data type of Croissant
_DATA_TYPES = {"string": "sc:Text", "number": "sc:Float", "integer": "sc:Integer", "date": "sc:Date"}

#: the standard's own context (appendix of the specification); consumers compare it key by key
_CONTEXT: dict[str, Any] = {
    "@language": "ja",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def describe_croissant(site: Site, manifest: Manifest) -> dict[str, Any]:
    """Return the description of a release."""
    dataset = manifest.dataset
    temporal = {"temporalCoverage": coverage(*manifest.temporal)} if manifest.temporal else {}
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "@id": site.release(manifest),
        "conformsTo": CONFORMS_TO,
        "name": dataset.title.to_dict(),
        "description": dataset.description.to_dict(),
        "url": site.page(dataset.name),
        "license": dataset.license.url,
        "version": str(manifest.version),
        "datePublished": manifest.issued,
        "isLiveDataset": False,
        "inLanguage": ["ja", "en"],
        "keywords": list(dataset.keywords),
        "citeAs": dataset.citation.ja,
        "creator": _organization(dataset.creator),
        "publisher": _organization(dataset.publisher),
        **temporal,
        "distribution": [_file(site, manifest, one) for one in manifest.files],
        "recordSet": [_observations(manifest), *(_code_list(one) for one in dataset.structure.breakdowns)],
    }


def _organization(agent: Agent) -> dict[str, Any]:
    url = {"url": agent.url} if agent.url else {}
    return {"@type": "sc:Organization", "name": agent.label.to_dict(), **url}


def _file(site: Site, manifest: Manifest, file: Distribution) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "description": file.title.to_dict(),
        "contentUrl": site.download(manifest.dataset.name, file.name, str(manifest.version)),
        "encodingFormat": file.media_type.partition(";")[0],
        "contentSize": f"{file.bytes} B",
        "sha256": file.sha256,
    }


def _observations(manifest: Manifest) -> dict[str, Any]:
    structure = manifest.dataset.structure
    coded = {one.id for one in structure.breakdowns}
    return {
        "@type": "cr:RecordSet",
        "@id": OBSERVATIONS,
        "name": Label("観測値", "Observations").to_dict(),
        "key": [{"@id": f"{OBSERVATIONS}/{name}"} for name in structure.key],
        "field": [_field(manifest, one, one.name in coded) for one in structure.columns],
    }


def _field(manifest: Manifest, column: Column, coded: bool) -> dict[str, Any]:
    references = {"references": {"field": {"@id": f"{column.name}/code"}}} if coded else {}
    return {
        "@type": "cr:Field",
        "@id": f"{OBSERVATIONS}/{column.name}",
        "name": column.label.to_dict(),
        "description": column.description.to_dict(),
        "dataType": _DATA_TYPES[column.type],
        "source": {
            "fileObject": {"@id": f"{manifest.dataset.name}.csv"},
            "extract": {"column": column.name},
        },
        **references,
    }


def _code_list(dimension: Dimension) -> dict[str, Any]:
    columns = {
        "code": Label("コード", "Code"),
        "label_ja": Label("日本語の名称", "Label in Japanese"),
        "label_en": Label("英語の名称", "Label in English"),
    }
    return {
        "@type": "cr:RecordSet",
        "@id": dimension.id,
        "name": dimension.label.to_dict(),
        "dataType": "sc:Enumeration",
        "key": {"@id": f"{dimension.id}/code"},
        "field": [
            {"@type": "cr:Field", "@id": f"{dimension.id}/{name}", "name": label.to_dict(), "dataType": "sc:Text"}
            for name, label in columns.items()
        ],
        "data": [
            {
                f"{dimension.id}/code": code,
                f"{dimension.id}/label_ja": label.ja,
                f"{dimension.id}/label_en": label.en,
            }
            for code, label in dimension.codes.items()
        ],
    }
