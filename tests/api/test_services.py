"""``/services``: filters, problems, what is said of a service, RDF."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest
from flask.testing import FlaskClient
from rdflib import RDF, Graph, Namespace

from api.application import create_application
from api.following import FollowState
from api.node import Node
from api.services import FILTERS, known_values, values_of
from catalog.ckan import BrokenService
from catalog.errors import IntegrityError
from catalog.metadata.graph import SERIALISATIONS
from catalog.model.service import parse_service
from catalog.reference import load_reference
from catalog.releases import Holdings, ServiceHolding
from openapi.operations import get_operation

#: rdflib's own JSON-LD parser uses a class that rdflib deprecates
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

CPSV = Namespace("http://purl.org/vocab/cpsv#")
EVERYTHING = {"chibarepo", "foryou", "ideabox", "makuhari-drone"}


def found(api: FlaskClient, query: str = "") -> set[str]:
    """Return the ids of the services that a query finds."""
    answer = api.get(f"/api/v1/services{query}")
    assert answer.status_code == 200, answer.text
    ids = [one["id"] for one in answer.get_json()["data"]]
    assert ids == sorted(ids)
    assert answer.get_json()["meta"]["total"] == len(ids)
    return set(ids)


def service(api: FlaskClient, id: str) -> Any:
    return api.get(f"/api/v1/services/{id}").get_json()["data"]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", EVERYTHING),
        ("?smart=cityhall", {"chibarepo", "foryou", "ideabox"}),
        ("?smart=living,town", {"chibarepo", "foryou", "makuhari-drone"}),
        ("?smart=overall", set()),
        ("?step=1", {"ideabox", "makuhari-drone"}),
        ("?phase=implemented", {"foryou", "ideabox"}),
        ("?phase=ended", set()),
        ("?smart=cityhall&step=3&phase=implemented", {"foryou"}),
        ("?smart=living&smart=town", {"chibarepo", "foryou", "makuhari-drone"}),
    ],
)
def test_filters_are_combined(query: str, ids: set[str], api: FlaskClient) -> None:
    assert found(api, query) == ids


@pytest.mark.parametrize(
    ("area", "ids"),
    [
        ("121002", EVERYTHING),
        ("12100", EVERYTHING),
        ("120006", EVERYTHING),
        ("000000", EVERYTHING),
        ("121061", EVERYTHING),
        ("121011", EVERYTHING - {"makuhari-drone"}),
        ("131016", set()),
        ("131016,121061", EVERYTHING),
    ],
)
def test_an_area_finds_what_is_offered_in_it_around_it_and_in_a_part_of_it(
    area: str, ids: set[str], api: FlaskClient
) -> None:
    assert found(api, f"?area={area}") == ids


@pytest.mark.parametrize(
    ("query", "parameter", "nearest"),
    [
        ("smart=city_hall", "smart", "cityhall"),
        ("smart=living,twon", "smart", "town"),
        ("step=4", "step", None),
        ("phase=pilots", "phase", "pilot"),
        ("area=1210021", "area", None),
        ("area=121022", "area", None),
        ("area=千葉市", "area", None),
        ("phases=pilot", "phases", "phase"),
        ("smart=", "smart", None),
    ],
)
def test_what_does_not_exist_is_a_problem_that_names_the_nearest(
    query: str, parameter: str, nearest: str | None, api: FlaskClient
) -> None:
    answer = api.get(f"/api/v1/services?{query}")
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    [item] = answer.get_json()["errors"]
    assert item["parameter"] == parameter
    if nearest is not None:
        assert item["did_you_mean"] == nearest


def test_everything_that_is_wrong_with_smart_and_area_is_said_at_once(api: FlaskClient) -> None:
    errors = api.get("/api/v1/services?smart=twon,livin&area=999999").get_json()["errors"]
    assert [one["parameter"] for one in errors] == ["smart", "smart", "area"]


def test_facets_count_what_was_found(api: FlaskClient) -> None:
    facets = api.get("/api/v1/services?smart=cityhall").get_json()["meta"]["facets"]
    assert facets["smart"] == {"cityhall": 3, "living": 1, "town": 1}
    assert facets["step"] == {"1": 1, "3": 2}
    assert facets["phase"] == {"implemented": 2, "rolled_out": 1}
    assert facets["area"] == {"121002": 3}


def test_a_service_is_answered_with_everything_that_is_recorded(api: FlaskClient, all_holdings: Holdings) -> None:
    held = all_holdings.services["foryou"]
    answered = service(api, "foryou")
    ours = {key: answered[key] for key in held.service.to_dict()}
    assert ours == held.service.to_dict()
    assert (answered["digest"], answered["published"]) == (held.service.digest, held.published)
    assert answered["others"] == {}


def test_a_fact_that_does_not_fit_the_step_is_said(api: FlaskClient) -> None:
    assert service(api, "foryou")["step_findings"] == []
    [finding] = service(api, "ideabox")["step_findings"]
    assert (finding["row"], finding["fact"], finding["value"], finding["fits"]) == ("services", "coverage", "city", [3])
    assert finding["message"]["ja"] != finding["message"]["en"]


def test_an_unknown_service_is_not_found_and_the_nearest_is_named(api: FlaskClient) -> None:
    answer = api.get("/api/v1/services/for-you")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "code-unknown")
    assert answer.get_json()["errors"][0]["did_you_mean"] == "foryou"


def test_every_link_of_a_service_answers(api: FlaskClient, node: Node) -> None:
    for id in EVERYTHING:
        for link in service(api, id)["links"].values():
            with api.get(link.removeprefix(node.settings.site_url)) as answer:
                assert answer.status_code == 200, link


def test_members_that_are_not_declared_are_answered_by_their_place(
    make_node: Callable[[Holdings], Node],
) -> None:
    text = {"ja": "名", "en": "name"}
    raw = {"id": "x", "name": text, "description": text, "phase": "dreaming", "smarts": ["sea"], "budget": {"2024": 1}}
    publisher = {"name": "chiba-city", "label": text}
    strange = parse_service({**raw, "publisher": publisher, "governance": {"chair": "<b>"}, "linked_services": ["y"]})
    held = Holdings(services=MappingProxyType({"x": ServiceHolding(strange, "2026-11-22T00:00:00+00:00")}))
    node = make_node(held)
    client = create_application(node.settings, node).test_client()
    assert service(client, "x")["others"] == {"/budget": {"2024": 1}, "/governance/chair": "<b>"}
    assert client.get("/services/x.ttl").status_code == 200
    for page in ("/services", "/services/x", "/en/services/x"):
        shown = client.get(page)
        assert shown.status_code == 200
        assert "<b>" not in shown.text
    assert "dreaming" in shown.text
    assert "&lt;b&gt;" in shown.text


def test_a_changed_service_changes_the_etag_and_what_is_answered(
    make_node: Callable[[Holdings], Node], all_holdings: Holdings
) -> None:
    node = make_node(all_holdings)
    client = create_application(node.settings, node).test_client()
    paths = ("/api/v1/services", "/api/v1/services/foryou", "/services", "/services/foryou", "/services.ttl")
    before = {path: client.get(path).headers["ETag"] for path in paths}
    assert {client.get(path, headers={"If-None-Match": tag}).status_code for path, tag in before.items()} == {304}
    kept = {id: one for id, one in all_holdings.services.items() if id != "ideabox"}
    node.swap(Holdings(all_holdings.datasets, MappingProxyType(kept)))
    for path, tag in before.items():
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 200
    assert client.get("/api/v1/services/ideabox").status_code == 404


def test_a_node_without_services_answers_with_none(make_node: Callable[[Holdings], Node]) -> None:
    node = make_node(Holdings())
    client = create_application(node.settings, node).test_client()
    assert found(client) == set()
    assert client.get("/services").status_code == 200
    assert client.get("/services.ttl").status_code == 200


@pytest.mark.parametrize("suffix", list(SERIALISATIONS))
def test_services_are_described_in_every_serialisation(suffix: str, api: FlaskClient) -> None:
    name, media_type = SERIALISATIONS[suffix]
    for path, ids in ((f"/services.{suffix}", EVERYTHING), (f"/services/ideabox.{suffix}", {"ideabox"})):
        answer = api.get(path)
        assert (answer.status_code, answer.content_type) == (200, media_type)
        graph = Graph().parse(data=answer.data, format=name)
        described = {str(one).rpartition("/")[2] for one in graph.subjects(RDF.type, CPSV.PublicService)}
        assert described == {f"{id}#service" for id in ids}


def test_the_description_of_an_unknown_service_is_not_found(api: FlaskClient) -> None:
    answer = api.get("/services/for-you.ttl", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert "foryou" in answer.text


def test_the_state_of_the_node_counts_services_and_names_broken_ones(node: Node, api: FlaskClient) -> None:
    class Link:
        state = FollowState(broken_services=(BrokenService("service-x", IntegrityError("壊れています", "broken")),))

        def stop(self) -> None:
            """Nothing runs."""

    node.following = Link()  # type: ignore[assignment]
    data = api.get("/api/v1/status").get_json()["data"]
    assert data["services"] == 4
    assert data["catalogue"]["broken_services"] == [
        {"package": "service-x", "error": {"ja": "壊れています", "en": "broken"}}
    ]


def test_the_documented_choices_are_the_values_that_there_are() -> None:
    declared = get_operation("listServices").parameters().fields
    known = known_values(load_reference())
    for name in ("step", "phase"):
        [rule] = declared[name].validators
        assert list(rule.choices) == known[name]  # type: ignore[attr-defined]
    assert set(declared) == set(FILTERS)


def test_every_filter_looks_at_something(all_holdings: Holdings) -> None:
    for one in all_holdings.services.values():
        assert all(values_of(one.service)[name] for name in FILTERS)
