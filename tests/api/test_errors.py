"""Problems: what is wrong, what would do, in the language of the reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.problems import PROBLEMS, problem_of
from catalog import errors
from openapi.components import ProblemSchema

PATH = "/api/v1/indicators/kpi-12/observations"


def problem(api: FlaskClient, url: str, **headers: str) -> Any:
    """Return the problem document of an answer; it must have the documented form."""
    response = api.get(url, headers=headers)
    assert response.mimetype == "application/problem+json"
    body = response.get_json()
    assert ProblemSchema().validate(body) == {}
    assert body["status"] == response.status_code
    return body


def every_error(kind: type[errors.ShihyoError]) -> Iterator[type[errors.ShihyoError]]:
    """Yield all classes of errors in the tree of the product."""
    for one in kind.__subclasses__():
        if one.__module__ == "catalog.errors":
            yield one
            yield from every_error(one)


def test_an_unknown_parameter_names_the_nearest_and_the_corrected_url(api: FlaskClient) -> None:
    body = problem(api, f"{PATH}?aera=121002&time=2021&lang=en")
    [item] = body["errors"]
    assert (item["parameter"], item["did_you_mean"]) == ("aera", "area")
    assert body["corrected"] == f"http://127.0.0.1:8000{PATH}?area=121002&time=2021&lang=en"
    assert api.get(body["corrected"]).status_code == 200


def test_all_that_is_wrong_is_corrected_at_once(api: FlaskClient) -> None:
    body = problem(api, f"{PATH}?area=121003,121011&tme=2024-04&sort=-valeu")
    assert len(body["errors"]) == 3
    assert body["corrected"].endswith("?area=121002,121011&time=2024-04&sort=-value")


def test_what_cannot_be_corrected_wholly_is_not_corrected_by_half(api: FlaskClient) -> None:
    assert problem(api, f"{PATH}?aera=121002&limit=x")["corrected"] is None


def test_the_language_is_that_of_lang_else_of_the_browser_else_japanese(api: FlaskClient) -> None:
    url = f"{PATH}?limit=0"
    assert problem(api, url)["title"] == "パラメーターが使えません"
    assert problem(api, url, **{"Accept-Language": "en-GB,en;q=0.9"})["title"] == "A parameter cannot be used"
    assert problem(api, f"{url}&lang=ja", **{"Accept-Language": "en"})["title"] == "パラメーターが使えません"
    response = api.get(url, headers={"Accept-Language": "en"})
    assert response.headers["Content-Language"] == "en"
    assert "Accept-Language" in response.headers["Vary"]


def test_a_problem_is_never_kept(api: FlaskClient) -> None:
    assert api.get(f"{PATH}?limit=0").headers["Cache-Control"] == "no-store"


def test_the_type_of_a_problem_opens_a_page_that_explains_it(api: FlaskClient) -> None:
    page = api.get(problem(api, f"{PATH}?limit=0")["type"], headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert page.mimetype == "text/html"
    assert "A parameter cannot be used" in page.text


@pytest.mark.parametrize(
    ("url", "status", "code", "meant"),
    [
        ("/api/v1/indicators/kpi-99", 404, "code-unknown", "/api/v1/indicators/kpi-09"),
        ("/api/v1/smarts/livin", 404, "code-unknown", "/api/v1/smarts/living"),
        ("/api/v1/datasets/mynumber", 404, "dataset-unknown", None),
        ("/api/v1/datasets/mynumber-prefecture", 404, "dataset-unknown", "/api/v1/datasets/mynumber-prefectures"),
        ("/api/v1/datasets/procedures-online/releases/2.0.0", 404, "version-unknown", None),
        ("/api/v1/datasets/procedures-online/releases/x", 400, "version-invalid", None),
        ("/api/v1/datasets/procedures-online/releases/latest/files/x.exe", 404, "code-unknown", None),
        ("/api/v1/areas/121003", 400, "area-code-invalid", "/api/v1/areas/121002"),
        ("/api/v1/areas/129992", 404, "code-unknown", None),
        ("/api/v1/areas?within=x", 400, "area-code-invalid", None),
        ("/api/v1/indicators?smart=livng", 400, "query-invalid", "/api/v1/indicators?smart=living"),
        ("/api/v1/indicators?kind=objectiv", 400, "query-invalid", "/api/v1/indicators?kind=objective"),
        ("/api/v1/status?x=1", 400, "query-invalid", None),
        ("/api/v1/nothing", 404, "not-found", None),
        (f"{PATH}?version=9.9.9", 404, "version-unknown", None),
        (f"{PATH}?version=1.4.2&as_of=2022-01-01", 400, "query-invalid", None),
        (f"{PATH}?lang=de", 400, "query-invalid", None),
        (f"{PATH}?format=xml", 400, "query-invalid", None),
        ("/api/v1/indicators/kpi-01/observations?aera=1", 400, "query-invalid", None),
    ],
)
def test_each_wrong_request_has_its_status_and_code(
    api: FlaskClient, url: str, status: int, code: str, meant: str | None
) -> None:
    body = problem(api, url)
    assert (body["status"], body["code"]) == (status, code)
    if meant:
        assert body["corrected"] == f"http://127.0.0.1:8000{meant}"


def test_a_representation_that_does_not_exist_is_a_406_that_names_those_that_do(api: FlaskClient) -> None:
    body = problem(api, PATH, Accept="application/xml")
    assert (body["status"], body["errors"][0]["allowed"]) == (406, ["application/json", "text/csv"])
    assert problem(api, "/api/v1/areas", Accept="text/csv")["status"] == 406


def test_another_method_is_a_405_with_the_methods_that_are_allowed(api: FlaskClient) -> None:
    response = api.post(PATH)
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert response.get_json()["code"] == "method-not-allowed"


def test_a_body_that_is_too_large_is_a_413(app: Flask) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 10
    response = app.test_client().post("/api/v1/status", data=b"x" * 100)
    assert response.status_code in {405, 413}


def test_a_fault_inside_says_nothing_of_the_inside(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("api.resources.answer_call", fail)
    response = app.test_client().get("/api/v1/status")
    assert response.status_code == 500
    assert response.get_json()["code"] == "internal"
    assert b"secret" not in response.data
    assert "secret detail" in caplog.text


def test_markup_in_a_parameter_comes_back_as_data_only(api: FlaskClient) -> None:
    response = api.get(f"{PATH}?area=<script>alert(1)</script>")
    assert response.mimetype == "application/problem+json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    page = api.get("/problems/<script>", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert "<script>alert" not in page.text


def test_a_browser_gets_a_page_and_a_program_a_problem(api: FlaskClient) -> None:
    assert api.get("/nothing", headers={"Accept": "text/html,*/*;q=0.8"}).mimetype == "text/html"
    assert api.get("/nothing").mimetype == "application/problem+json"
    assert api.get("/api/v1/nothing", headers={"Accept": "text/html"}).mimetype == "application/problem+json"


@pytest.mark.parametrize("kind", sorted(every_error(errors.ShihyoError), key=lambda one: one.__name__))
def test_every_error_of_ours_has_a_problem(kind: type[errors.ShihyoError]) -> None:
    found = problem_of(kind("日本語", "English"))
    assert 400 <= found.status < 600
    assert found.code == kind.code


def test_the_page_of_errors_is_the_table(root: Path) -> None:
    text = (root / "docs/errors.md").read_text("utf-8")
    for one in PROBLEMS.values():
        assert (
            f"| `{one.code}` | {one.status} | {one.title.ja} / {one.title.en} | {one.help.ja} / {one.help.en} |" in text
        )
