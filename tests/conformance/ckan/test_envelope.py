"""How requests are read and answers wrapped."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest


def test_the_api_tells_its_version(site):
    response = site.get("/api/3")
    assert (response.status_code, response.json()) == (200, {"version": 3})


@pytest.mark.parametrize("path", ["/api/3/action/package_list", "/api/action/package_list"])
def test_an_action_is_served_with_and_without_the_version(site, shapes, path):
    response = site.get(path)
    assert response.status_code == 200
    assert sorted(response.json()) == shapes["keys"]["envelope_success"]
    assert response.headers["Content-Type"] == "application/json;charset=utf-8"


def test_the_help_of_an_answer_can_be_fetched(site):
    address = site.post("package_list").body["help"]
    assert "package_list" in address
    response = site.get(address[address.index("/api/") :])
    assert response.status_code == 200
    assert response.json()["result"]


def test_an_error_has_the_keys_of_ckan(site, shapes):
    assert sorted(site.post("package_show", {"id": "nope"}).body) == shapes["keys"]["envelope_error"]


def test_status_show_has_the_keys_of_ckan(site, shapes):
    assert sorted(site.post("status_show").result) == shapes["keys"]["status"]


def _raw(site: Any, body: bytes, content_type: str, action: str = "package_search") -> Any:
    return site.session.post(
        f"{site.base_url}/api/3/action/{action}", data=body, headers={"Content-Type": content_type}, timeout=60
    )


@pytest.mark.parametrize("body", [b'{"q": ', b"[1]", b'"text"'])
def test_a_body_that_is_no_json_object_is_a_bad_request_with_a_bare_text(site, body):
    response = _raw(site, body, "application/json")
    assert response.status_code == 400
    assert response.json().startswith("Bad request: ")


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_action_is_a_bad_request_that_names_it(site, method):
    response = getattr(site.session, method)(f"{site.base_url}/api/3/action/no_such_action", timeout=60)
    assert response.status_code == 400
    assert "no_such_action" in response.json()


def test_a_write_by_get_is_a_bad_request(site):
    response = site.get("/api/3/action/package_create?name=x", token=None)
    assert response.status_code == 400
    assert response.json().startswith("Bad request: ")


def test_an_unknown_version_of_the_api_is_not_found(site):
    assert site.get("/api/9/action/package_list").status_code == 404


def test_put_is_not_allowed(site):
    response = site.session.put(f"{site.base_url}/api/3/action/package_list", timeout=60)
    assert response.status_code == 405


def test_options_is_answered(site):
    response = site.session.options(f"{site.base_url}/api/3/action/package_list", timeout=60)
    assert response.status_code == 200


def test_parameters_may_come_as_a_form(site):
    response = _raw(site, b"q=*:*&rows=0", "application/x-www-form-urlencoded")
    assert response.status_code == 200
    assert response.json()["result"]["results"] == []


def test_json_may_come_with_the_content_type_of_a_form(site):
    response = _raw(site, b'{"q":"*:*","rows":0}', "application/x-www-form-urlencoded")
    assert response.status_code == 200
    assert response.json()["result"]["results"] == []


def test_an_empty_body_is_no_parameters(site):
    response = site.session.post(f"{site.base_url}/api/3/action/package_list", timeout=60)
    assert response.status_code == 200


def test_a_repeated_parameter_of_a_query_string_is_a_list(site, dataset: Callable[..., dict[str, Any]]):
    name = dataset(tags=[{"name": "repeat one"}, {"name": "repeat two"}])["name"]
    query = '?fq_list=tags:"repeat one"&fq_list=tags:"repeat two"&rows=1000'
    found = site.get(f"/api/3/action/package_search{query}").json()["result"]["results"]
    assert name in [item["name"] for item in found]


def test_a_callback_wraps_the_answer_in_javascript(site):
    response = site.get("/api/3/action/package_list?callback=cb&limit=1")
    assert response.headers["Content-Type"].startswith("application/javascript")
    assert response.text.startswith("cb({")
    assert json.loads(response.text.removeprefix("cb(").removesuffix(");"))["success"] is True


def test_an_unknown_token_is_an_anonymous_caller(site, shapes):
    assert site.post("package_list", token="garbage").status == 200
    expected = shapes["errors"]["403 bad token"]
    found = site.post("package_create", {"name": "x1", "owner_org": "x"}, token="garbage")
    assert found.error == (expected["status"], expected["type"], expected["keys"])


def test_license_list_has_the_keys_of_ckan(site, shapes):
    licenses = site.post("license_list").result
    assert {tuple(sorted(item)) for item in licenses} == {tuple(shapes["keys"]["license"])}
    assert {"cc-by", "cc-zero", "notspecified", "other-at"} <= {item["id"] for item in licenses}


def test_help_show_explains_an_action_and_knows_which_there_are(site):
    assert site.post("help_show", {"name": "package_show"}).result
    assert site.post("help_show", {"name": "no_such"}).error[:2] == (404, "Not Found Error")
    assert site.post("help_show").error == (409, "Validation Error", ["name"])
