"""Lists and single things: filters, counts, links, and the examples of the document."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from catalog.releases import Holdings
from openapi import OPERATIONS, Example, Operation, example_url

EXAMPLES = [(operation, example) for operation in OPERATIONS for example in operation.examples]


def get(api: FlaskClient, url: str) -> Any:
    """Return the JSON of an answer that must be a success."""
    with api.get(url) as response:
        assert response.status_code == 200, response.text
        return json.loads(response.data)


@pytest.mark.parametrize(
    ("operation", "example"), EXAMPLES, ids=[f"{one.id}-{example.name}" for one, example in EXAMPLES]
)
def test_every_example_of_the_document_works(api: FlaskClient, operation: Operation, example: Example) -> None:
    with api.get(example_url(operation, example)) as response:
        assert response.status_code == 200, response.text
        assert response.headers["Link"].startswith("<http://127.0.0.1:8000/")
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        if response.mimetype == "application/json" and operation.answer:
            body = json.loads(response.data)
            assert operation.answer().validate(body) == {}
            assert body["data"] or body["meta"]["availability"]


def test_every_link_of_the_api_leads_somewhere(api: FlaskClient) -> None:
    seen: set[str] = set()
    urls = ["/api/v1", "/api/v1/indicators/kpi-12", "/api/v1/datasets/mynumber-prefectures", "/api/v1/areas/121002"]
    urls += ["/api/v1/datasets/mynumber-prefectures/releases", "/api/v1/smarts/town"]
    for url in urls:
        seen |= {one for one in _links(get(api, url)) if one.startswith("http://127.0.0.1:8000/")}
    assert len(seen) > 20
    for link in sorted(seen):
        with api.get(link.removeprefix("http://127.0.0.1:8000")) as response:
            # a list of observations by itself asks for an indicator or a dataset
            assert response.status_code == (400 if link.endswith("/v1/observations") else 200), link


def _links(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = list(value.get("links", {}).values()) if isinstance(value.get("links"), dict) else []
        return own + [link for one in value.values() for link in _links(one)]
    return [link for one in value for link in _links(one)] if isinstance(value, list) else []


def test_the_kinds_of_indicators_are_counted_from_the_data(api: FlaskClient) -> None:
    meta = get(api, "/api/v1/indicators")["meta"]
    assert meta["total"] == 14
    assert meta["facets"]["kind"] == {"objective": 9, "subjective": 5}
    assert meta["facets"]["collection"] == {"citizen_survey": 11, "company_survey": 1, "register": 2}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("smart=cityhall", ["kpi-12", "kpi-13", "kpi-14"]),
        ("smart=cityhall&kind=subjective", []),
        ("smart=living,learning&kind=subjective", ["kpi-05", "kpi-09"]),
        ("collection=company_survey", ["kpi-07"]),
        ("q=ｶｰﾄﾞ", ["kpi-12"]),
        ("q=my%20number", ["kpi-12"]),
    ],
)
def test_indicators_are_filtered(api: FlaskClient, query: str, expected: list[str]) -> None:
    assert [one["id"] for one in get(api, f"/api/v1/indicators?{query}")["data"]] == expected


def test_an_indicator_names_the_datasets_that_hold_it_and_its_pairs(api: FlaskClient) -> None:
    card = get(api, "/api/v1/indicators/kpi-12")["data"]
    assert card["primary_dataset"] == "mynumber-municipalities"
    assert card["datasets"] == ["mynumber-age-sex", "mynumber-municipalities", "mynumber-prefectures"]
    assert card["pairs"] == []
    assert [one["id"] for one in get(api, "/api/v1/indicators/kpi-05")["data"]["pairs"]] == ["5-4"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("within=121002", ["121002", "121011", "121029", "121037", "121045", "121053", "121061"]),
        ("within=12100&level=designated_city", ["121002"]),
        ("q=ﾊﾅﾐｶﾞﾜ", ["121029"]),
        ("q=はなみがわ", ["121029"]),
        ("q=花見川", ["121029"]),
        ("level=country", ["000000"]),
    ],
)
def test_areas_are_filtered(api: FlaskClient, query: str, expected: list[str]) -> None:
    body = get(api, f"/api/v1/areas?{query}")
    assert [one["code"] for one in body["data"]] == expected
    assert sum(body["meta"]["facets"]["level"].values()) == body["meta"]["total"] == len(expected)


def test_the_municipalities_of_the_prefecture_are_54(api: FlaskClient) -> None:
    levels = get(api, "/api/v1/areas?within=120006")["meta"]["facets"]["level"]
    assert levels["municipality"] + levels["designated_city"] == 54


def test_an_area_names_what_is_below_it_and_reads_five_digits(api: FlaskClient) -> None:
    body = get(api, "/api/v1/areas/12100")["data"]
    assert (body["code"], body["name"]["en"], len(body["children"])) == ("121002", "Chiba City", 6)


def test_one_goes_from_a_smart_to_its_target_states_to_its_indicators(api: FlaskClient) -> None:
    smarts = get(api, "/api/v1/smarts")
    assert [len(one["target_states"]) for one in smarts["data"]] == [6, 3, 4, 6, 3]
    assert len(smarts["meta"]["themes"]) == 10
    hanging = {id for one in smarts["data"] for state in one["target_states"] for id in state["indicators"]}
    assert hanging <= {one["id"] for one in get(api, "/api/v1/indicators")["data"]}
    assert {id for one in smarts["data"] for id in one["indicators"]} >= hanging


def test_the_roadmap_has_three_tracks_and_three_steps(api: FlaskClient) -> None:
    body = get(api, "/api/v1/roadmap")["data"]
    assert (len(body["tracks"]), [one["years"] for one in body["horizons"]]) == (3, [0, 5, 10, 20])
    assert [one["number"] for one in body["steps"]] == [1, 2, 3]


def test_a_dataset_is_described_with_its_columns_and_codes(api: FlaskClient) -> None:
    body = get(api, "/api/v1/datasets/mynumber-age-sex")["data"]
    assert [one["id"] for one in body["dimensions"]] == ["sex", "age"]
    assert body["columns"][4]["name"] == "sex"
    assert body["license"]["id"] == "cc-by"
    assert body["current"]["version"] == "1.0.0"


def test_releases_come_newest_first_with_their_reasons(api: FlaskClient) -> None:
    releases = get(api, "/api/v1/datasets/mynumber-municipalities/releases")["data"]
    assert [one["version"] for one in releases] == ["1.2.0", "1.1.0", "1.0.0"]
    newest = get(api, "/api/v1/datasets/mynumber-municipalities/releases/1.2.0")["data"]
    assert newest["parent"] == releases[1]["digest"]
    assert newest["changes"]["added"] > 0
    assert newest["reasons"][0]["part"] == "minor"


FILES = "/api/v1/datasets/mynumber-municipalities/releases/{}/files/mynumber-municipalities.csv"


def test_a_file_is_the_one_that_was_published(api: FlaskClient, all_holdings: Holdings) -> None:
    file = all_holdings.get("mynumber-municipalities").current.manifest.get_file("mynumber-municipalities.csv")
    with api.get(FILES.format("latest")) as response:
        assert hashlib.sha256(response.data).hexdigest() == file.sha256
        assert response.headers["ETag"] == f'"{file.sha256}"'
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
        assert "mynumber-municipalities_v1.2.0.csv" in response.headers["Content-Disposition"]
        assert "immutable" not in response.headers["Cache-Control"]
        assert FILES.format("1.2.0") in response.headers["Link"]


def test_a_pinned_file_is_immutable_and_answers_304_and_ranges(api: FlaskClient) -> None:
    url = FILES.format("1.1.0")
    with api.get(url) as whole:
        assert "immutable" in whole.headers["Cache-Control"]
        content, tag = whole.data, whole.headers["ETag"]
    with api.get(url, headers={"If-None-Match": tag}) as response:
        assert (response.status_code, response.data) == (304, b"")
    with api.get(url, headers={"Range": "bytes=10-19"}) as part:
        assert (part.status_code, part.data) == (206, content[10:20])
        assert part.headers["Content-Range"] == f"bytes 10-19/{len(content)}"
    with api.get(url, headers={"Range": "bytes=10-19", "If-Range": '"other"'}) as again:
        assert (again.status_code, again.data) == (200, content)
    with api.head(url) as head:
        assert (head.data, head.headers["Content-Length"]) == (b"", str(len(content)))


@pytest.mark.parametrize("name", ["../manifest.json", "..%2Fmanifest.json", "x/../../y", "%00", ".csv", "a" * 300])
def test_no_other_file_can_be_reached(api: FlaskClient, name: str) -> None:
    url = FILES.format("latest").replace("mynumber-municipalities.csv", name)
    with api.get(url) as response:
        assert response.status_code == 404


def test_other_sites_may_ask_first(api: FlaskClient) -> None:
    response = api.options("/api/v1/indicators", headers={"Origin": "https://example.org"})
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "If-None-Match" in response.headers["Access-Control-Allow-Headers"]
    exposed = api.get("/api/v1/indicators").headers["Access-Control-Expose-Headers"]
    assert {"ETag", "Link", "X-Total-Rows", "Content-Disposition"} <= set(exposed.split(", "))


def test_the_status_says_what_is_held(api: FlaskClient, all_holdings: Holdings) -> None:
    body = get(api, "/api/v1/status")["data"]
    assert body["holdings"] == all_holdings.digest
    municipal = next(one for one in body["datasets"] if one["dataset"] == "mynumber-municipalities")
    assert (municipal["version"], municipal["releases"]) == ("1.2.0", 3)
    assert body["catalogue"]["reachable"] is None


def test_the_process_says_that_it_lives(api: FlaskClient) -> None:
    assert api.get("/healthz").data == b"ok\n"


def test_head_answers_like_get_without_a_body(api: FlaskClient) -> None:
    with api.head("/api/v1/indicators") as head, api.get("/api/v1/indicators") as whole:
        assert head.status_code == 200
        assert head.data == b""
        assert head.headers["Content-Length"] == str(len(whole.data))
        assert head.headers["ETag"] == whole.headers["ETag"]
