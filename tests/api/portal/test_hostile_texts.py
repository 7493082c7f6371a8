"""Markup in texts that strangers write is shown as text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from catalog.releases import Holdings

MARKUP = '<script>alert("x")</script><img src=x onerror=alert(1)>{{7*7}}'
PACKAGE = {
    "name": "strange",
    "title": MARKUP,
    "notes": MARKUP,
    "state": "active",
    "private": False,
    "type": "dataset",
    "license_title": MARKUP,
    "organization": {"title": MARKUP, "name": "strange"},
    "tags": [{"name": MARKUP, "display_name": MARKUP}],
    "metadata_modified": "2026-11-22T00:00:00",
    "resources": [
        {"name": MARKUP, "format": MARKUP, "url": "javascript:alert(1)"},
        {"name": "ok", "format": "CSV", "url": 'https://example.org/a.csv?x=1&y="><script>alert(2)</script>'},
    ],
}
FOUND = {
    "count": 1,
    "results": [PACKAGE],
    "search_facets": {"tags": {"items": [{"name": MARKUP, "display_name": MARKUP, "count": 1}]}},
}


@pytest.fixture(scope="module")
def client(make_application: Any, specimen: Any, tmp_path_factory: Any, answering: Any) -> FlaskClient:
    holdings: Holdings = specimen.build_holdings(tmp_path_factory.mktemp("hostile"), specimen.hostile)
    catalogue = answering(package_search=FOUND, package_show=PACKAGE)
    built: FlaskClient = make_application(holdings, catalogue).test_client()
    return built


def harmless(html: str) -> bool:
    """Return whether no script but ours and no element of the stranger is in the page."""
    scripts = re.findall(r"<script[^>]*>", html)
    ours = all("src=" in one or 'type="application/ld+json"' in one for one in scripts)
    return ours and "<img src=x" not in html and not re.search(r'href="\s*javascript:', html) and html != "49"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/indicators",
        "/indicators/kpi-12",
        "/indicators/kpi-13",
        "/dataset/mynumber-municipalities",
        "/datasets",
        "/dataset/strange",
    ],
)
@pytest.mark.parametrize("prefix", ["", "/en"])
def test_markup_from_the_catalogue_is_text(client: FlaskClient, path: str, prefix: str) -> None:
    html = client.get(f"{prefix}{path}").text
    assert harmless(html)
    assert "&lt;script&gt;" in html or path == "/indicators" or "\\u003cscript" in html


def test_braces_are_not_evaluated(client: FlaskClient) -> None:
    assert "{{7*7}}" in client.get("/dataset/strange").text


def test_words_from_the_address_are_text(client: FlaskClient) -> None:
    html = client.get("/datasets", query_string={"q": MARKUP, "tags": MARKUP, "sort": MARKUP, "page": MARKUP}).text
    assert harmless(html)
    assert "&lt;script&gt;alert(&#34;x&#34;)" in html


def test_an_area_from_the_address_is_text(client: FlaskClient) -> None:
    html = client.get("/indicators/kpi-12", query_string={"area": MARKUP}).text
    assert harmless(html)
    assert "&lt;script&gt;" in html


def test_a_path_is_text_on_the_page_that_says_that_it_does_not_exist(client: FlaskClient) -> None:
    response = client.get("/indicators/<script>alert(1)</script>", headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert harmless(response.text)


def test_an_address_that_is_not_of_the_web_is_no_link(client: FlaskClient) -> None:
    html = client.get("/dataset/strange").text
    assert "javascript:" not in html
    assert 'href="https://example.org/a.csv?x=1&amp;y=&#34;&gt;&lt;script&gt;' in html


def test_the_description_for_search_engines_cannot_be_left(client: FlaskClient) -> None:
    html = client.get("/dataset/mynumber-municipalities").text
    block = html.split('<script type="application/ld+json">')[1].split("</script>")[0]
    described = json.loads(block)
    assert described["name"].startswith("<script>")
    assert "<" not in block


def test_the_templates_never_switch_escaping_off() -> None:
    import api.portal

    folder = Path(api.portal.__file__).parent / "templates"
    for template in folder.rglob("*.html"):
        text = template.read_text("utf-8")
        assert "|safe" not in text.replace(" ", "")
        assert "autoescape" not in text
