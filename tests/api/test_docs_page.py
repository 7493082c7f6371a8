"""The documentation: the document, its page, and no other host."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from openapi import build_document


def test_the_served_document_is_the_built_one(api: FlaskClient) -> None:
    response = api.get("/openapi.json")
    assert response.get_json() == build_document()
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert api.get("/openapi.json", headers={"If-None-Match": response.headers["ETag"]}).status_code == 304


def test_the_page_and_its_files_come_from_here(api: FlaskClient) -> None:
    page = api.get("/docs")
    found = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(found) >= 5
    assert all(url.startswith("/") for url in found)
    for url in found:
        assert api.get(url).status_code == 200


def test_the_policy_of_the_page_names_no_other_host(api: FlaskClient) -> None:
    policy = api.get("/docs").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy


@pytest.mark.parametrize("name", ["x.js", "__init__.py", "..%2Fapplication.py", "../application.py"])
def test_nothing_else_is_served(api: FlaskClient, name: str) -> None:
    assert api.get(f"/docs/{name}").status_code == 404


def test_every_answer_forbids_guessing_its_type(api: FlaskClient) -> None:
    for url in ("/docs", "/openapi.json", "/api/v1", "/problems/query-invalid", "/nothing", "/healthz"):
        headers = api.get(url).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"]
