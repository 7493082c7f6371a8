"""The catalogue for other systems: DCAT, the list for aggregators, the sitemap.

===============================  ==================================================================
address                          what
===============================  ==================================================================
``/catalog.ttl .jsonld .rdf``    the catalogue in DCAT 3
``/dataset/<name>.ttl ...``      a dataset with all its releases in DCAT 3
``/services.ttl .jsonld .rdf``   the city services in CPSV-AP; ``/services/<id>.ttl ...`` one of them
``/data.json``                   all datasets as a list (DCAT-US 1.1)
``/sitemap.xml``                 all pages in both languages
===============================  ==================================================================

What a document says depends on what the node holds and on how the site is called, so its ETag is a hash of these two
and it is made once for each state: the response cache keeps it. The descriptions of releases (CSVW, Croissant) are
operations of the API, in :mod:`api.resources.descriptions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson
from flask import Blueprint, Response, current_app, request, url_for

from api.caching import cache_control, is_current, strong_etag
from api.node import Node
from api.portal.language import LANGUAGES
from api.resources import allow_every_origin
from api.site import chain_of, describe_site
from catalog.metadata.cpsv_ap import describe_services
from catalog.metadata.dcat import Chain, describe_catalogue, describe_dataset
from catalog.metadata.dcat_us import list_datasets
from catalog.metadata.graph import SERIALISATIONS, serialise
from catalog.metadata.site import Site
from catalog.metadata.sitemap import Page, write_sitemap
from catalog.releases import Holdings

#: pages of which there is one
_SINGLE_PAGES = ("home", "indicators", "services", "datasets", "roadmap")


def create_metadata_blueprint() -> Blueprint:
    """Return the blueprint; it reads ``current_app.extensions["shihyo"]``."""
    blueprint = Blueprint("metadata", __name__)
    for suffix in SERIALISATIONS:
        blueprint.add_url_rule(f"/catalog.{suffix}", "catalogue", catalogue, defaults={"suffix": suffix})
        blueprint.add_url_rule(f"/dataset/<name>.{suffix}", "dataset", dataset, defaults={"suffix": suffix})
        blueprint.add_url_rule(f"/services.{suffix}", "services", services, defaults={"suffix": suffix, "id": None})
        blueprint.add_url_rule(f"/services/<id>.{suffix}", "services", services, defaults={"suffix": suffix})
    blueprint.add_url_rule("/data.json", "data_json", data_json)
    blueprint.add_url_rule("/sitemap.xml", "sitemap", sitemap)
    blueprint.after_request(allow_every_origin)
    return blueprint


def catalogue(suffix: str) -> Response:
    """Answer the catalogue in DCAT."""

    def describe(node: Node, holdings: Holdings, site: Site) -> Any:
        registered = [one.service for one in holdings.services.values()]
        return describe_catalogue(site, _chains(holdings), node.reference, registered)

    return _graph(suffix, describe)


def services(suffix: str, id: str | None) -> Response:
    """Answer the city services, or one of them, in CPSV-AP."""

    def describe(node: Node, holdings: Holdings, site: Site) -> Any:
        only = holdings.get_service(id).id if id is not None else None
        published = [(one.service, one.published) for one in holdings.services.values()]
        return describe_services(site, published, node.reference, only=only)

    return _graph(suffix, describe)


def dataset(name: str, suffix: str) -> Response:
    """Answer a dataset with all its releases in DCAT."""
    return _graph(
        suffix,
        lambda node, holdings, site: describe_dataset(site, chain_of(holdings.get(name)), node.reference),
    )


def data_json() -> Response:
    """Answer the list of all datasets."""

    def write(node: Node, holdings: Holdings, site: Site) -> bytes:
        return orjson.dumps(list_datasets(site, _chains(holdings), node.reference))

    return _answer("application/json", write)


def sitemap() -> Response:
    """Answer the list of all pages."""
    return _answer("application/xml", lambda node, holdings, site: write_sitemap(_pages(node, holdings, site)))


def _chains(holdings: Holdings) -> list[Chain]:
    return [chain_of(one) for one in holdings.datasets.values()]


def _graph(suffix: str, describe: Callable[[Node, Holdings, Site], Any]) -> Response:
    _, media_type = SERIALISATIONS[suffix]
    return _answer(media_type, lambda node, holdings, site: serialise(describe(node, holdings, site), suffix))


def _answer(media_type: str, write: Callable[[Node, Holdings, Site], bytes]) -> Response:
    node: Node = current_app.extensions["shihyo"]
    holdings = node.holdings
    site = describe_site(node, holdings)
    etag = strong_etag(holdings.digest, repr(site), request.path)
    if is_current(request.headers.get("If-None-Match"), etag):
        response = Response(status=304)
    else:
        response = Response(write(node, holdings, site), content_type=media_type)
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = cache_control(pinned=False)
    return response


def _pages(node: Node, holdings: Holdings, site: Site) -> Iterator[Page]:
    for endpoint in _SINGLE_PAGES:
        yield _page(site, endpoint)
    for smart in node.reference.vision.smarts:
        yield _page(site, "smart", id=smart.id)
    for indicator in node.reference.indicator_set.indicators:
        yield _page(site, "indicator", id=indicator.id)
    for name, holding in holdings.datasets.items():
        yield _page(site, "dataset", modified=holding.current.manifest.built, name=name)
    for id, service in holdings.services.items():
        yield _page(site, "service", modified=service.published, id=id)


def _page(site: Site, endpoint: str, modified: str | None = None, **values: Any) -> Page:
    urls = {lang: site.url + url_for(f"portal.{endpoint}", lang=lang, **values) for lang in LANGUAGES}
    return Page(urls, modified)
