"""What other systems read, over HTTP: content types, validators, addresses that lead somewhere, other readers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from xml.dom import minidom

import pyshacl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from rdflib import RDF, Graph, Namespace
from rdflib.compare import isomorphic

from api.application import create_application
from api.node import Node
from api.portal.language import load_messages
from api.site import TITLE, describe_site
from catalog.metadata.graph import SERIALISATIONS
from catalog.releases import Holdings
from catalog.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

DCAT = Namespace("http://www.w3.org/ns/dcat#")
MUNICIPAL = "mynumber-municipalities"
RELEASE = f"/api/v1/datasets/{MUNICIPAL}/releases/latest"
DOCUMENTS = {
    **{f"/catalog.{suffix}": media_type for suffix, (_, media_type) in SERIALISATIONS.items()},
    **{f"/dataset/{MUNICIPAL}.{suffix}": media_type for suffix, (_, media_type) in SERIALISATIONS.items()},
    "/data.json": "application/json",
    "/sitemap.xml": "application/xml",
    f"{RELEASE}/csvw.json": "application/csvm+json",
    f"{RELEASE}/croissant.json": "application/ld+json",
}


def _graph(api: FlaskClient, path: str) -> Graph:
    name, _ = SERIALISATIONS[path.rpartition(".")[2]]
    return Graph().parse(data=api.get(path).data, format=name)


def _failing(api: FlaskClient, paths: set[str]) -> dict[str, int]:
    statuses = {}
    for path in paths:
        with api.get(path) as answer:
            statuses[path] = answer.status_code
    return {path: status for path, status in statuses.items() if status != 200}


@pytest.mark.parametrize(("path", "media_type"), DOCUMENTS.items())
def test_every_document_has_its_media_type_a_strong_etag_and_is_for_every_origin(
    path: str, media_type: str, api: FlaskClient
) -> None:
    answer = api.get(path)

    assert (answer.status_code, answer.content_type) == (200, media_type)
    assert answer.headers["ETag"].startswith('"')
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"].startswith("public, max-age=60")


@pytest.mark.parametrize("path", DOCUMENTS)
def test_who_has_a_document_already_gets_304(path: str, api: FlaskClient) -> None:
    etag = api.get(path).headers["ETag"]

    again = api.get(path, headers={"If-None-Match": etag})

    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("path", DOCUMENTS)
def test_harvesters_may_ask_with_head_first(path: str, api: FlaskClient) -> None:
    answer = api.head(path)

    assert answer.status_code == 200
    assert answer.data == b""
    assert int(answer.headers["Content-Length"]) == len(api.get(path).data)


@pytest.mark.parametrize("stem", ["/catalog", f"/dataset/{MUNICIPAL}"])
def test_the_three_serialisations_say_the_same(stem: str, api: FlaskClient) -> None:
    turtle, *others = [_graph(api, f"{stem}.{suffix}") for suffix in SERIALISATIONS]

    assert len(turtle) > 100
    for other in others:
        assert isomorphic(turtle, other)


def test_the_catalogue_has_every_dataset_of_the_node(api: FlaskClient, all_holdings: Holdings) -> None:
    found = {str(one) for one in _graph(api, "/catalog.ttl").subjects(RDF.type, DCAT.Dataset)}

    assert {urlsplit(one).path for one in found} == {f"/dataset/{name}" for name in all_holdings.datasets}


def test_every_address_of_ours_that_the_catalogue_names_answers(api: FlaskClient, node: Node) -> None:
    graph = _graph(api, "/catalog.ttl")
    site = node.settings.site_url
    named = {
        str(address).partition("#")[0]
        for property in (DCAT.downloadURL, DCAT.accessURL, DCAT.landingPage, DCAT.endpointDescription)
        for address in graph.objects(None, property)
        if str(address).startswith(site)
    }

    assert _failing(api, {one.removeprefix(site) for one in named}) == {}
    assert len(named) > 10


@pytest.mark.parametrize("shapes", ["shapes.ttl", "range.ttl"])
def test_what_is_served_conforms_to_the_official_shapes(
    shapes: str, api: FlaskClient, all_holdings: Holdings, shared: Path
) -> None:
    paths = ["/catalog.ttl", *(f"/dataset/{name}.ttl" for name in all_holdings.datasets)]
    judge = Graph().parse(shared / "judges" / "dcat-ap-3.0.1" / shapes)

    reports = {path: pyshacl.validate(_graph(api, path), shacl_graph=judge) for path in paths}

    assert {path: text for path, (conforms, _, text) in reports.items() if not conforms} == {}


def test_a_new_release_changes_the_etag(
    make_node: Callable[[Holdings], Node], older_holdings: Holdings, all_holdings: Holdings
) -> None:
    node = make_node(older_holdings)
    client = create_application(node.settings, node).test_client()
    before = client.get("/catalog.ttl")

    node.swap(all_holdings)

    after = client.get("/catalog.ttl", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.data != before.data


def test_a_dataset_that_is_not_held_is_not_found_and_the_nearest_is_named(api: FlaskClient) -> None:
    answer = api.get("/dataset/mynumber-municipality.ttl", headers={"Accept": "application/json"})

    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert MUNICIPAL in answer.get_data(as_text=True)


@pytest.mark.parametrize("file", ["csvw.json", "croissant.json"])
def test_a_version_that_does_not_exist_has_no_description(file: str, api: FlaskClient) -> None:
    assert api.get(f"/api/v1/datasets/{MUNICIPAL}/releases/9.9.9/{file}").status_code == 404


@pytest.mark.parametrize("file", ["csvw.json", "croissant.json"])
def test_the_description_of_the_latest_release_names_the_pinned_one(
    file: str, api: FlaskClient, all_holdings: Holdings
) -> None:
    version = all_holdings.datasets[MUNICIPAL].current.manifest.version

    link = api.get(f"{RELEASE}/{file}").headers["Link"]

    assert link.endswith(f'/api/v1/datasets/{MUNICIPAL}/releases/{version}/{file}>; rel="canonical"')


def test_the_csv_points_to_its_columns(api: FlaskClient) -> None:
    with api.get(f"{RELEASE}/files/{MUNICIPAL}.csv") as answer:
        links = answer.headers.getlist("Link")

    assert any(one.endswith('/csvw.json>; rel="describedby"; type="application/csvm+json"') for one in links)


def test_the_sitemap_has_every_page_in_both_languages_and_every_page_answers(
    api: FlaskClient, node: Node, all_holdings: Holdings
) -> None:
    document = minidom.parseString(api.get("/sitemap.xml").data)
    urls = [one.firstChild.data for one in document.getElementsByTagName("loc")]
    paths = [one.removeprefix(node.settings.site_url) for one in urls]

    assert len(paths) == len(set(paths))
    assert {f"/dataset/{name}" for name in all_holdings.datasets} <= set(paths)
    assert {f"/en/dataset/{name}" for name in all_holdings.datasets} <= set(paths)
    assert _failing(api, set(paths) - {"/datasets", "/en/datasets"}) == {}


def test_robots_are_told_where_the_sitemap_is(api: FlaskClient, node: Node) -> None:
    assert f"Sitemap: {node.settings.site_url}/sitemap.xml" in api.get("/robots.txt").get_data(as_text=True)


def test_the_page_of_a_dataset_says_in_json_ld_what_the_catalogue_says(api: FlaskClient) -> None:
    page = api.get(f"/dataset/{MUNICIPAL}").get_data(as_text=True)
    described = json.loads(page.partition('<script type="application/ld+json">')[2].partition("</script>")[0])

    assert described["@id"].endswith(f"/dataset/{MUNICIPAL}#dataset")
    assert described["variableMeasured"][0]["propertyID"] == "kpi-12"


def test_the_page_of_a_dataset_links_to_its_descriptions(api: FlaskClient) -> None:
    page = api.get(f"/dataset/{MUNICIPAL}").get_data(as_text=True)

    for suffix in SERIALISATIONS:
        assert f'/dataset/{MUNICIPAL}.{suffix}"' in page


def test_a_node_without_datasets_has_a_catalogue(make_node: Callable[[Holdings], Node]) -> None:
    node = make_node(Holdings())
    client = create_application(node.settings, node).test_client()

    assert client.get("/data.json").get_json()["dataset"] == []
    assert (None, RDF.type, DCAT.Catalog) in _graph(client, "/catalog.ttl")


def test_with_a_ckan_elsewhere_the_action_api_is_its(node: Node, all_holdings: Holdings, app: Flask) -> None:
    settings = Settings(home=node.settings.home, catalog_url="https://ckan.example.jp", site_title="見出し")
    elsewhere = Node.from_holdings(all_holdings, settings)
    try:
        site = describe_site(elsewhere, all_holdings)
    finally:
        elsewhere.close()

    assert site.action_api == "https://ckan.example.jp/api/3/action"
    assert (site.title.ja, site.title.en) == ("見出し", "見出し")


def test_the_catalogue_is_called_what_the_pages_call_it() -> None:
    assert load_messages()["site.title"] == TITLE
