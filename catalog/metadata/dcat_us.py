"""The list of all datasets as one JSON document, ``/data.json``, for aggregators that read no RDF.

The form is DCAT-US 1.1. Beside its own members a dataset has the id of its licence in CKAN's list, which Japanese
aggregators filter by (they take ``cc-by``, ``cc-by-sa`` and ``cc-zero``), and both languages.

References
----------
Project Open Data Metadata Schema 1.1 (resources.data.gov/resources/dcat-us).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from catalog.metadata.schema_org import coverage
from catalog.metadata.site import Site
from catalog.metadata.vocabulary import INTERVALS
from catalog.model import Agent, Dataset, Distribution, Manifest
from catalog.reference import Reference

_SCHEMA = "https://project-open-data.cio.gov/v1.1/schema"


def list_datasets(site: Site, chains: Iterable[Sequence[Manifest]], reference: Reference) -> dict[str, Any]:
    """Return the list.

    Parameters
    ----------
    site
        The site.
    chains
        Manifests of all releases of each dataset, the oldest first.
    reference
        Names of areas and indicators.
    """
    return {
        "@context": f"{_SCHEMA}/catalog.jsonld",
        "@id": site.named("catalogue"),
        "@type": "dcat:Catalog",
        "conformsTo": _SCHEMA,
        "describedBy": f"{_SCHEMA}/catalog.json",
        "dataset": [_dataset(site, chain, reference) for chain in chains],
    }


def _dataset(site: Site, chain: Sequence[Manifest], reference: Reference) -> dict[str, Any]:
    manifest = chain[-1]
    dataset = manifest.dataset
    optional = {
        "temporal": coverage(*manifest.temporal) if manifest.temporal else None,
        "accrualPeriodicity": INTERVALS.get(dataset.frequency, "irregular"),
    }
    return {
        "@type": "dcat:Dataset",
        "identifier": site.dataset(dataset.name),
        "title": dataset.title.ja,
        "title_en": dataset.title.en,
        "description": dataset.description.ja,
        "description_en": dataset.description.en,
        "keyword": list(dataset.keywords),
        "issued": chain[0].issued,
        "modified": manifest.issued,
        "version": str(manifest.version),
        "publisher": {"@type": "org:Organization", "name": dataset.publisher.label.ja},
        "contactPoint": _contact(dataset.contact),
        "accessLevel": "public",
        "license": dataset.license.url,
        "license_id": dataset.license.id,
        "license_title": dataset.license.label.ja,
        "rights": dataset.citation.ja,
        "landingPage": site.page(dataset.name),
        "language": ["ja", "en"],
        "spatial": "、".join(_area(reference, code) for code in dataset.spatial),
        "spatial_codes": list(dataset.spatial),
        **{key: value for key, value in optional.items() if value},
        "theme": [_indicator(reference, one) for one in dataset.indicators],
        "distribution": [_distribution(site, dataset, one) for one in manifest.files],
    }


def _area(reference: Reference, code: str) -> str:
    found = reference.areas.find(code)
    return found.name_ja if found else code


def _indicator(reference: Reference, id: str) -> str:
    found = reference.indicator_set.find_indicator(id)
    return found.label.ja if found else id


def _contact(agent: Agent) -> dict[str, str]:
    email = {"hasEmail": f"mailto:{agent.email}"} if agent.email else {}
    return {"@type": "vcard:Contact", "fn": agent.label.ja, **email}


def _distribution(site: Site, dataset: Dataset, file: Distribution) -> dict[str, Any]:
    schema = {"describedBy": site.csvw(dataset.name), "describedByType": "application/csvm+json"}
    return {
        "@type": "dcat:Distribution",
        "title": file.title.ja,
        "format": file.format,
        "mediaType": file.media_type.partition(";")[0],
        "downloadURL": site.download(dataset.name, file.name),
        "byteSize": file.bytes,
        "sha256": file.sha256,
        **({"encoding": file.encoding, "bom": file.bom} if file.encoding else {}),
        **(schema if file.name == f"{dataset.name}.csv" else {}),
    }
