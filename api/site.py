"""The site as other systems are told of it: what it is called, where it is, who answers for it."""

from __future__ import annotations

from api.node import Node
from catalog.errors import Label
from catalog.metadata.dcat import Chain
from catalog.metadata.site import Site
from catalog.model import Agent
from catalog.releases import DatasetHolding, Holdings

#: title of a site that has none in its settings
TITLE = Label("指標カタログ", "Indicator Catalogue")
DESCRIPTION = Label(
    "スマートシティの進み具合を確かめるための指標とオープンデータのカタログです。",
    "A catalogue of indicators and open data that show how a smart city comes true.",
)


def describe_site(node: Node, holdings: Holdings) -> Site:
    """Return how the site is called and who answers for it."""
    settings = node.settings
    title = settings.site_title
    return Site(
        url=settings.site_url,
        title=Label(title, title) if title else TITLE,
        description=DESCRIPTION,
        publisher=_publisher(holdings, settings.organization),
        action_api=f"{settings.catalog_url or settings.site_url}/api/3/action",
    )


def _publisher(holdings: Holdings, name: str) -> Agent:
    """Return the organisation of this name as the datasets describe it."""
    known = {one.dataset.publisher.name: one.dataset.publisher for one in holdings.datasets.values()}
    return known.get(name, Agent(name, Label(name, name)))


def chain_of(holding: DatasetHolding) -> Chain:
    """Return the manifests of all releases, the oldest first."""
    return tuple(one.manifest for one in holding.releases)
