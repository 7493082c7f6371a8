"""schema.org: expanded to RDF with a context of our own, because the real one is on the network."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

import pytest
from rdflib import RDF, Graph, Literal, Namespace, URIRef

from catalog.metadata.schema_org import dataset_json_ld
from catalog.metadata.site import Site
from catalog.model import Agent, Label, Manifest
from catalog.reference import Reference

pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

SCHEMA = Namespace("https://schema.org/")
DATASET = URIRef("https://data.example.jp/dataset/mynumber-municipalities#dataset")
#: the parts of schema.org's context that our terms need: a vocabulary, and which terms are addresses
CONTEXT = {
    "@vocab": str(SCHEMA),
    **{name: {"@id": f"{SCHEMA}{name}", "@type": "@id"} for name in ("url", "license", "contentUrl", "isBasedOn")},
}


@pytest.fixture
def graph(site: Site, chain: Sequence[Manifest], reference: Reference) -> Graph:
    """Return the JSON-LD of the Japanese page as RDF."""
    described = dataset_json_ld(site, chain, reference)
    assert described["@context"] == "https://schema.org/"
    return Graph().parse(data=json.dumps({**described, "@context": CONTEXT}), format="json-ld")


def test_it_is_a_dataset_with_what_search_engines_ask_for(graph: Graph, chain: Sequence[Manifest]) -> None:
    assert (DATASET, RDF.type, SCHEMA.Dataset) in graph
    assert graph.value(DATASET, SCHEMA.name) == Literal("マイナンバーカード交付率")
    assert graph.value(DATASET, SCHEMA.license) == URIRef("https://creativecommons.org/licenses/by/4.0/")
    assert graph.value(DATASET, SCHEMA.version) == Literal(str(chain[-1].version))
    assert graph.value(DATASET, SCHEMA.temporalCoverage) == Literal("2020-04-01/2021-12-01")
    assert graph.value(DATASET, SCHEMA.isAccessibleForFree) == Literal(True)
    assert Literal("mynumber-municipalities") in set(graph.objects(DATASET, SCHEMA.identifier))


def test_every_term_is_one_of_schema_org(graph: Graph) -> None:
    unknown = {str(one) for one in graph.predicates() if not str(one).startswith(str(SCHEMA)) and one != RDF.type}

    assert unknown == set()


def test_places_and_variables_have_names(graph: Graph) -> None:
    place = graph.value(DATASET, SCHEMA.spatialCoverage)
    variable = graph.value(DATASET, SCHEMA.variableMeasured)

    assert graph.value(place, SCHEMA.name) == Literal("千葉市")
    assert graph.value(variable, SCHEMA.propertyID) == Literal("kpi-12")
    assert graph.value(variable, SCHEMA.unitText) == Literal("%")


def test_every_file_of_the_release_is_a_download(graph: Graph, chain: Sequence[Manifest]) -> None:
    downloads = set(graph.objects(DATASET, SCHEMA.distribution))
    sums = {str(graph.value(one, SCHEMA.sha256)) for one in downloads}

    assert sums == {one.sha256 for one in chain[-1].files}
    assert all("/releases/latest/files/" in str(graph.value(one, SCHEMA.contentUrl)) for one in downloads)


def test_the_english_page_has_english_texts_and_the_same_identity(
    site: Site, chain: Sequence[Manifest], reference: Reference
) -> None:
    described = dataset_json_ld(site, chain, reference, "en")

    assert described["@id"] == str(DATASET)
    assert described["url"] == "https://data.example.jp/en/dataset/mynumber-municipalities"
    assert described["name"] == "Issue rate of the My Number card"
    assert described["alternateName"] == "マイナンバーカード交付率"
    assert described["spatialCoverage"][0]["name"] == "Chiba City"


@pytest.mark.parametrize(("text", "shortest", "longest"), [("短い", 20, 100), ("長" * 6000, 5000, 5000)])
def test_a_description_has_a_length_that_search_engines_take(
    text: str, shortest: int, longest: int, site: Site, chain: Sequence[Manifest], reference: Reference
) -> None:
    dataset = dataclasses.replace(chain[0].dataset, description=Label(text, text))

    described = dataset_json_ld(site, [dataclasses.replace(chain[0], dataset=dataset)], reference)

    assert shortest <= len(described["description"]) <= longest


def test_an_empty_dataset_of_an_unknown_area_and_indicator_is_described(
    site: Site, chain: Sequence[Manifest], reference: Reference
) -> None:
    dataset = dataclasses.replace(
        chain[0].dataset, spatial=("999999",), indicators=("kpi-99",), creator=Agent("x", Label("某", "x"))
    )
    described = dataset_json_ld(site, [dataclasses.replace(chain[0], dataset=dataset, temporal=None)], reference)

    assert "temporalCoverage" not in described
    assert described["spatialCoverage"][0]["name"] == "999999"
    assert described["variableMeasured"] == []
    assert described["creator"] == {"@type": "Organization", "name": "某"}
