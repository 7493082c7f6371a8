"""The dataset as schema.org describes it, for search engines (schema.org Dataset, DataDownload; JSON-LD 1.1)."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup

from api.portal.links import file_link
from catalog.model import Agent, Distribution
from catalog.releases import DatasetHolding


def describe_dataset(holding: DatasetHolding, page: str, site: str, lang: str) -> Markup:
    """Return JSON-LD to stand in a ``script`` element.

    Parameters
    ----------
    holding
        The dataset; its current release is described.
    page
        Absolute address of the page.
    site
        Absolute address of the site, without a slash at its end.
    lang
        Language of the texts.
    """
    dataset, manifest = holding.dataset, holding.current.manifest
    described: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": page,
        "url": page,
        "name": dataset.title.in_language(lang),
        "description": dataset.description.in_language(lang),
        "inLanguage": lang,
        "license": dataset.license.url,
        "isAccessibleForFree": True,
        "keywords": list(dataset.keywords),
        "creator": _agent(dataset.creator, lang),
        "publisher": _agent(dataset.publisher, lang),
        "version": str(manifest.version),
        "datePublished": manifest.issued,
        "spatialCoverage": list(dataset.spatial),
        "isBasedOn": dataset.landing_page,
        "distribution": [_download(dataset.name, one, site, lang) for one in manifest.files],
    }
    if manifest.temporal:
        described["temporalCoverage"] = "/".join(manifest.temporal)
    return embed(described)


def embed(value: Any) -> Markup:
    """Return JSON that cannot end the ``script`` element around it."""
    text = json.dumps(value, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - every character that HTML could read is escaped above


def _agent(agent: Agent, lang: str) -> dict[str, Any]:
    described = {"@type": "Organization", "name": agent.label.in_language(lang)}
    return described | ({"url": agent.url} if agent.url else {})


def _download(dataset: str, file: Distribution, site: str, lang: str) -> dict[str, Any]:
    return {
        "@type": "DataDownload",
        "name": file.title.in_language(lang),
        "encodingFormat": file.media_type,
        "contentUrl": site + file_link(dataset, "latest", file.name),
        "contentSize": str(file.bytes),
        "sha256": file.sha256,
    }
