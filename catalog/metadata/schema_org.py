"""The dataset as schema.org describes it, for search engines: JSON-LD for the dataset's page.

References
----------
schema.org Dataset, DataDownload, DataCatalog; Google Search Central, Dataset structured data (a description has 50 to
5,000 characters; temporalCoverage is an ISO 8601 interval).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.metadata.site import LATEST, Site
from catalog.model import COUNTRY, Agent, Dataset, Distribution, Manifest, parse_period
from catalog.model.indicator import Indicator
from catalog.reference import Reference

CONTEXT = "https://schema.org/"

#: length of a description that search engines take
_SHORTEST, _LONGEST = 50, 5000


def dataset_json_ld(site: Site, chain: Sequence[Manifest], reference: Reference, lang: str = "ja") -> dict[str, Any]:
    """Return the JSON-LD of a dataset's page.

    Parameters
    ----------
    site
        The site.
    chain
        Manifests of all releases, the oldest first.
    reference
        Labels of areas, indicators and units.
    lang
        Language of the page.
    """
    manifest = chain[-1]
    dataset = manifest.dataset
    other = "ja" if lang == "en" else "en"
    temporal = {"temporalCoverage": coverage(*manifest.temporal)} if manifest.temporal else {}
    return {
        "@context": CONTEXT,
        "@type": "Dataset",
        "@id": site.dataset(dataset.name),
        "url": site.page(dataset.name, lang),
        "name": dataset.title.in_language(lang),
        "alternateName": dataset.title.in_language(other),
        "description": description(dataset, lang),
        "identifier": [dataset.name, f"sha256:{manifest.digest}"],
        "version": str(manifest.version),
        "datePublished": chain[0].issued,
        "dateModified": manifest.issued,
        "inLanguage": ["ja", "en"],
        "keywords": list(dataset.keywords),
        "license": dataset.license.url,
        "isAccessibleForFree": True,
        "creator": organization(dataset.creator, lang),
        "publisher": organization(dataset.publisher, lang),
        "citation": dataset.citation.in_language(lang),
        **({"isBasedOn": dataset.source_page} if dataset.source_page else {}),
        **temporal,
        "spatialCoverage": [_place(site, reference, code, lang) for code in dataset.spatial],
        "variableMeasured": _variables(site, reference, dataset, lang),
        "includedInDataCatalog": {
            "@type": "DataCatalog",
            "@id": site.named("catalogue"),
            "name": site.title.in_language(lang),
            "url": f"{site.url}/",
        },
        "distribution": [_download(site, dataset, one, lang) for one in manifest.files],
    }


def description(dataset: Dataset, lang: str) -> str:
    """Return the description in a length that search engines take: with the citation behind it where it is short."""
    text = dataset.description.in_language(lang)
    if len(text) < _SHORTEST:
        text = f"{text} {dataset.citation.in_language(lang)}"
    return text[:_LONGEST]


def coverage(first: str, last: str) -> str:
    """Return two periods as the ISO 8601 interval from the first day to the last."""
    return f"{parse_period(first).start.isoformat()}/{parse_period(last).end.isoformat()}"


def organization(agent: Agent, lang: str) -> dict[str, Any]:
    """Return an agent."""
    described: dict[str, Any] = {"@type": "Organization", "name": agent.label.in_language(lang)}
    if agent.url:
        described["url"] = agent.url
    if agent.email:
        described["contactPoint"] = {"@type": "ContactPoint", "email": agent.email}
    return described


def _place(site: Site, reference: Reference, code: str, lang: str) -> dict[str, Any]:
    found = reference.areas.find(code)
    kind = "Country" if code == COUNTRY else "AdministrativeArea"
    return {
        "@type": kind,
        "@id": site.area(code),
        "name": found.name.in_language(lang) if found else code,
        "identifier": code,
    }


def _variables(site: Site, reference: Reference, dataset: Dataset, lang: str) -> list[dict[str, Any]]:
    found = (reference.indicator_set.find_indicator(one) for one in dataset.indicators)
    measured = [_variable(site, reference, one, lang) for one in found if one]
    return [
        *measured,
        *({"@type": "PropertyValue", "name": one.label.in_language(lang)} for one in dataset.structure.breakdowns),
    ]


def _variable(site: Site, reference: Reference, indicator: Indicator, lang: str) -> dict[str, Any]:
    unit = reference.codelists["unit"].find(indicator.unit)
    return {
        "@type": "PropertyValue",
        "propertyID": indicator.id,
        "name": indicator.label.in_language(lang),
        "description": indicator.definition.in_language(lang),
        "unitText": unit.label.in_language(lang) if unit else indicator.unit,
        "url": f"{site.url}{'/en' if lang == 'en' else ''}/indicators/{indicator.id}",
    }


def _download(site: Site, dataset: Dataset, file: Distribution, lang: str) -> dict[str, Any]:
    return {
        "@type": "DataDownload",
        "name": file.title.in_language(lang),
        "encodingFormat": file.media_type.partition(";")[0],
        "contentUrl": site.download(dataset.name, file.name, LATEST),
        "contentSize": f"{file.bytes} B",
        "sha256": file.sha256,
        "license": dataset.license.url,
    }
