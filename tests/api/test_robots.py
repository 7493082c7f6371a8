"""What crawlers may read: pages, files and metadata; not the queries, of which there is no end."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from api.portal.blueprint import _PAGES
from catalog.releases import Holdings

DATASET = "mynumber-municipalities"
RELEASE = f"/api/v1/datasets/{DATASET}/releases/latest"


@pytest.fixture
def may_read(api: FlaskClient) -> Any:
    """Return a function that reads robots.txt as RFC 9309 says: the longest rule that fits counts."""
    rules = []
    for line in api.get("/robots.txt").get_data(as_text=True).splitlines():
        kind, _, path = line.partition(": ")
        if kind in {"Allow", "Disallow"}:
            rules.append((path, kind == "Allow"))

    def ask(path: str) -> bool:
        fitting = [
            rule for rule in rules if re.match(re.escape(rule[0]).replace(r"\*", ".*").replace(r"\$", "$"), path)
        ]
        return max(fitting, key=lambda rule: (len(rule[0]), rule[1]), default=("", True))[1]

    return ask


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/en/",
        f"/dataset/{DATASET}",
        f"/dataset/{DATASET}.ttl",
        "/catalog.jsonld",
        "/data.json",
        "/sitemap.xml",
        "/openapi.json",
        f"{RELEASE}/files/{DATASET}.csv",
        f"{RELEASE}/csvw.json",
        f"{RELEASE}/croissant.json",
        "/dataset/4c2f/resource/9a1b/download/a.csv",
    ],
)
def test_pages_files_and_metadata_may_be_read(may_read: Any, path: str) -> None:
    assert may_read(path)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/indicators/kpi-12/observations?area=121002",
        "/api/v1/observations?dataset=x",
        "/api/3/action/package_search?q=x",
        "/indicators/kpi-12?area=121002",
    ],
)
def test_queries_are_left_alone(may_read: Any, path: str) -> None:
    assert not may_read(path)


def _urls(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [url for one in value.values() for url in _urls(one)]
    if isinstance(value, list):
        return [url for one in value for url in _urls(one)]
    return [value] if isinstance(value, str) and value.startswith("http") else []


def test_what_the_json_ld_of_a_dataset_offers_for_download_may_be_read(api: FlaskClient, may_read: Any) -> None:
    page = api.get(f"/dataset/{DATASET}").get_data(as_text=True)
    described = json.loads(page.partition('<script type="application/ld+json">')[2].partition("</script>")[0])
    downloads = _urls([one["contentUrl"] for one in described["distribution"] if "contentUrl" in one])
    assert downloads
    assert [url for url in downloads if not may_read(urlsplit(url).path)] == []


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_the_page_of_a_dataset_shows_links_to_all_its_metadata_and_they_answer(
    api: FlaskClient, may_read: Any, all_holdings: Holdings, prefix: str
) -> None:
    page = api.get(f"{prefix}/dataset/{DATASET}").get_data(as_text=True)
    section = page.partition('<h2 id="metadata">')[2].partition("</section>")[0]
    links = re.findall(r'href="([^"]+)"', section)
    version = all_holdings.datasets[DATASET].current.manifest.version
    pinned = f"/api/v1/datasets/{DATASET}/releases/{version}"
    assert links == [
        *(f"/dataset/{DATASET}.{suffix}" for suffix in ("ttl", "jsonld", "rdf")),
        f"{pinned}/csvw.json",
        f"{pinned}/croissant.json",
        f"{pinned}/files/datapackage.json",
    ]
    for link in links:
        with api.get(link) as answer:
            assert answer.status_code == 200
        assert may_read(link)


def test_the_sitemap_has_a_page_of_every_kind(api: FlaskClient) -> None:
    sitemap = api.get("/sitemap.xml").get_data(as_text=True)
    paths = [urlsplit(url).path for url in re.findall(r"<loc>([^<]+)</loc>", sitemap)]
    kinds = {re.compile(re.sub(r"<\w+>", "[^/]+", rule)) for rule in _PAGES}
    assert [kind.pattern for kind in kinds if not any(kind.fullmatch(path) for path in paths)] == []
