"""CPSV-AP: every class has what the profile's shapes (release 3.2.0) ask for, in every serialisation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyshacl
import pytest
from rdflib import DCTERMS, FOAF, RDF, RDFS, SKOS, Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic

from catalog.metadata.cpsv_ap import Published, describe_services
from catalog.metadata.dcat import describe_catalogue
from catalog.metadata.graph import SERIALISATIONS, serialise
from catalog.metadata.site import Site
from catalog.model import Manifest
from catalog.model.service import Service, parse_service
from catalog.reference import Reference

#: rdflib's own JSON-LD parser uses a class that rdflib deprecates
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

ADMS = Namespace("http://www.w3.org/ns/adms#")
CPSV = Namespace("http://purl.org/vocab/cpsv#")
CV = Namespace("http://data.europa.eu/m8g/")
DCAT = Namespace("http://www.w3.org/ns/dcat#")
FULL = URIRef("https://data.example.jp/services/full#service")
TEXT = {"ja": "名", "en": "name"}
CITY = {"name": "chiba-city", "label": {"ja": "千葉市", "en": "Chiba City"}, "url": "https://www.city.chiba.jp/"}

#: class -> properties that each of its members has at least once
NEEDED: dict[URIRef, tuple[URIRef, ...]] = {
    CPSV.PublicService: (DCTERMS.identifier, DCTERMS.title, DCTERMS.description, CV.hasCompetentAuthority),
    CV.PublicOrganisation: (SKOS.prefLabel, DCTERMS.spatial),
    CV.Channel: (DCTERMS.identifier,),
    CV.Cost: (DCTERMS.identifier,),
    CV.Evidence: (DCTERMS.identifier, DCTERMS.title),
    CV.Output: (DCTERMS.identifier, DCTERMS.title),
    CV.Participation: (DCTERMS.identifier, DCTERMS.description, CV.role, CV.hasParticipant),
    FOAF.Agent: (DCTERMS.identifier, DCTERMS.title),
}
#: property -> class of everything that it leads to
RANGES: dict[URIRef, URIRef] = {
    CV.hasCompetentAuthority: CV.PublicOrganisation,
    CV.hasChannel: CV.Channel,
    CV.hasCost: CV.Cost,
    CV.hasParticipation: CV.Participation,
    CV.hasParticipant: FOAF.Agent,
    CV.contactPoint: CV.ContactPoint,
    CV.contactPage: FOAF.Document,
    CV.relatedService: CPSV.PublicService,
    CV.role: SKOS.Concept,
    CV.thematicArea: SKOS.Concept,
    CV.isClassifiedBy: SKOS.Concept,
    CPSV.hasInput: CV.Evidence,
    CPSV.produces: CV.Output,
    ADMS.status: SKOS.Concept,
    DCTERMS.audience: SKOS.Concept,
    DCTERMS.type: SKOS.Concept,
    DCTERMS.language: DCTERMS.LinguisticSystem,
    DCTERMS.spatial: DCTERMS.Location,
}
#: properties that a subject has at most once
SINGLE = (DCTERMS.identifier, ADMS.status, CV.hasParticipant)
#: texts that have a language
IN_A_LANGUAGE = (DCTERMS.title, DCTERMS.description, DCAT.keyword, SKOS.prefLabel)


def record(id: str = "least", **members: Any) -> Service:
    """Return a record."""
    return parse_service({"id": id, "name": TEXT, "description": TEXT, "publisher": CITY, "phase": "pilot", **members})


ALL_MEMBERS: dict[str, Any] = {
    "smarts": ["cityhall", "overall"],
    "target_states": ["cityhall-1"],
    "step": 2,
    "areas": ["121061"],
    "users": {"scope": "all"},
    "governance": {"architect": "設計", "team": [{"name": {"ja": "千葉大学", "en": "University"}, "role": "academia"}]},
    "owner": "広報広聴課",
    "operator": {"ja": "運営", "en": "Operator"},
    "contact": {"email": "a@example.jp", "telephone": "043", "url": "https://example.jp/contact"},
    "start": "2014-M09",
    "end": "FY2024",
    "data": {
        "inputs": [{"name": "台帳"}],
        "outputs": [{"name": "投稿", "dataset": "mynumber-municipalities", "note": TEXT}],
    },
    "linked_services": ["least", "nowhere"],
    "interfaces": [
        {
            "endpoint": "https://api.example.jp/",
            "openapi": "https://api.example.jp/o.json",
            "datasets": ["mynumber-municipalities"],
        }
    ],
    "channels": [{"kind": "web", "url": "https://example.jp/"}, {"kind": "line"}],
    "cost": {"ja": "無料", "en": "free"},
    "url": "https://example.jp/",
    "sources": [{"url": "https://example.jp/news"}],
    "note": {"ja": "分類は編集者", "en": "Our classification"},
}


@pytest.fixture(scope="session")
def published() -> list[Published]:
    """Return a record with every member, one with the least, and one that nothing leads to."""
    moment = "2026-11-22T00:00:00+00:00"
    return [(record("full", **ALL_MEMBERS), moment), (record(), moment), (record("alone"), moment)]


@pytest.fixture(scope="session")
def graph(site: Site, published: list[Published], reference: Reference) -> Graph:
    """Return the description of all of them."""
    return describe_services(site, published, reference)


@pytest.mark.parametrize("kind", NEEDED, ids=lambda kind: kind.rpartition("/")[2])
def test_everything_has_what_the_profile_needs_of_its_class(kind: URIRef, graph: Graph) -> None:
    members = list(graph.subjects(RDF.type, kind))
    assert members
    assert [(one, path) for one in members for path in NEEDED[kind] if (one, path, None) not in graph] == []


@pytest.mark.parametrize("path", RANGES, ids=lambda path: path.rpartition("/")[2])
def test_everything_that_a_property_leads_to_is_described_with_its_class(path: URIRef, graph: Graph) -> None:
    values = list(graph.objects(None, path))
    assert values
    assert [one for one in values if (one, RDF.type, RANGES[path]) not in graph] == []


def test_what_the_profile_allows_once_is_said_once(graph: Graph) -> None:
    for path in SINGLE:
        subjects = list(graph.subjects(path))
        assert len(subjects) == len(set(subjects))


def test_texts_for_people_have_a_language(graph: Graph) -> None:
    texts = [one for path in IN_A_LANGUAGE for one in graph.objects(None, path)]
    assert {one.language for one in texts if isinstance(one, Literal)} == {"ja", "en"}


def test_a_service_says_what_its_record_says(graph: Graph, reference: Reference) -> None:
    site = "https://data.example.jp"
    assert graph.value(FULL, DCTERMS.identifier) == Literal("full")
    assert set(graph.objects(FULL, CV.thematicArea)) == {
        URIRef(f"{site}/#smart-{one}") for one in ("cityhall", "overall")
    }
    assert set(graph.objects(FULL, CV.isClassifiedBy)) == {URIRef(f"{site}/#cityhall-1"), URIRef(f"{site}/#step-2")}
    assert graph.value(FULL, ADMS.status) == URIRef(f"{site}/#service_phase-pilot")
    assert graph.value(FULL, DCTERMS.source) == URIRef("https://example.jp/news")
    assert Literal("Our classification", lang="en") in set(graph.objects(FULL, SKOS.editorialNote))
    time = graph.value(FULL, DCTERMS.temporal)
    assert (str(graph.value(time, DCAT.startDate)), str(graph.value(time, DCAT.endDate))) == (
        "2014-09-01",
        "2025-03-31",
    )
    [output] = graph.objects(FULL, CPSV.produces)
    assert graph.value(output, RDFS.seeAlso) == URIRef(f"{site}/dataset/mynumber-municipalities#dataset")


def test_an_organisation_is_of_the_municipality_and_not_of_a_ward(graph: Graph) -> None:
    [place] = graph.objects(URIRef("https://data.example.jp/services/full#owner"), DCTERMS.spatial)
    assert str(place).endswith("/areas/121002")


def test_a_name_without_english_is_said_in_japanese_alone(graph: Graph) -> None:
    owner = URIRef("https://data.example.jp/services/full#owner")
    assert list(graph.objects(owner, SKOS.prefLabel)) == [Literal("広報広聴課", lang="ja")]


def test_links_lead_only_to_services_that_are_published(graph: Graph) -> None:
    assert list(graph.objects(FULL, CV.relatedService)) == [URIRef("https://data.example.jp/services/least#service")]


def test_one_service_is_described_with_those_that_it_is_linked_with(
    site: Site, published: list[Published], reference: Reference
) -> None:
    def described(id: str) -> set[str]:
        found = describe_services(site, published, reference, only=id)
        return {str(one).split("/")[-1] for one in found.subjects(RDF.type, CPSV.PublicService)}

    assert described("full") == {"full#service", "least#service"}
    assert described("alone") == {"alone#service"}


def test_services_that_are_linked_in_a_ring_are_described_once(site: Site, reference: Reference) -> None:
    ring = [(record("a", linked_services=["b"]), ""), (record("b", linked_services=["a"]), "")]
    found = describe_services(site, ring, reference, only="a")
    assert len(list(found.subjects(RDF.type, CPSV.PublicService))) == 2


def test_codes_of_another_city_are_said_as_they_are(site: Site, reference: Reference) -> None:
    strange = record(phase="dreaming", smarts=["sea"], target_states=["sea-1"], areas=["999999"], users={"scope": "x"})
    found = describe_services(site, [(strange, "")], reference)
    assert Literal("sea", lang="ja") in set(found.objects(URIRef("https://data.example.jp/#smart-sea"), SKOS.prefLabel))
    assert (None, ADMS.status, URIRef("https://data.example.jp/#service_phase-dreaming")) in found


@pytest.mark.parametrize("suffix", list(SERIALISATIONS))
def test_every_serialisation_reads_back_as_the_same_graph(suffix: str, graph: Graph) -> None:
    read = Graph().parse(data=serialise(graph, suffix), format=SERIALISATIONS[suffix][0])
    assert isomorphic(read, graph)


def test_hostile_texts_stay_texts(site: Site, reference: Reference) -> None:
    bad = '</script><b>\u2028" . <urn:x> a <urn:y> .'
    hostile = record(name={"ja": bad, "en": bad}, owner=bad, url='https://example.jp/<>"{}|^`')
    found = describe_services(site, [(hostile, "")], reference)
    for suffix, (name, _) in SERIALISATIONS.items():
        read = Graph().parse(data=serialise(found, suffix), format=name)
        assert isomorphic(read, found)
        assert (URIRef("urn:x"), None, None) not in read


# ---- APIs of services in DCAT


@pytest.fixture(scope="session")
def catalogue(
    site: Site, chains: Sequence[Sequence[Manifest]], published: list[Published], reference: Reference
) -> Graph:
    """Return the catalogue with the services."""
    return describe_catalogue(site, chains, reference, [service for service, _ in published])


def test_the_api_of_a_service_is_a_data_service_of_the_catalogue(catalogue: Graph) -> None:
    api = URIRef("https://data.example.jp/services/full#api-0")
    assert (URIRef("https://data.example.jp/#catalogue"), DCAT.service, api) in catalogue
    assert (api, RDF.type, DCAT.DataService) in catalogue
    assert catalogue.value(api, DCAT.endpointURL) == URIRef("https://api.example.jp/")
    assert catalogue.value(api, DCAT.endpointDescription) == URIRef("https://api.example.jp/o.json")
    served = URIRef("https://data.example.jp/dataset/mynumber-municipalities#dataset")
    assert catalogue.value(api, DCAT.servesDataset) == served


def test_a_service_without_an_api_is_no_data_service(catalogue: Graph) -> None:
    assert not [one for one in catalogue.subjects(RDF.type, DCAT.DataService) if "/services/least" in str(one)]


@pytest.mark.parametrize("name", ["shapes.ttl", "range.ttl"])
def test_the_official_shapes_of_dcat_ap_find_nothing(name: str, catalogue: Graph, shared: Path) -> None:
    judge = Graph().parse(shared / "judges" / "dcat-ap-3.0.1" / name)
    conforms, _, text = pyshacl.validate(catalogue, shacl_graph=judge)
    assert conforms, text


def test_a_catalogue_without_services_says_nothing_of_them(
    site: Site, chains: Sequence[Sequence[Manifest]], reference: Reference
) -> None:
    assert b"services.ttl" not in serialise(describe_catalogue(site, chains, reference), "ttl")
