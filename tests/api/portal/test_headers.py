"""Headers of pages and assets: content security, validators, languages."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from api.portal.site import load_asset
from catalog.releases import Holdings

LASTING = [
    "/",
    "/en/indicators",
    "/indicators/kpi-12?area=121002",
    "/smarts/town",
    "/roadmap",
    "/dataset/procedures-online",
]


@pytest.mark.parametrize("path", [*LASTING, "/datasets", "/no-such-page"])
def test_every_page_allows_only_what_comes_from_here(client: FlaskClient, path: str) -> None:
    headers = client.get(path, headers={"Accept": "text/html"}).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["object-src"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", LASTING)
def test_a_page_that_the_reader_has_is_not_sent_again(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    etag = first.headers["ETag"]
    assert etag.startswith('"')
    assert first.headers["Cache-Control"].startswith("public, max-age=")
    again = client.get(path, headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["ETag"] == etag


def test_pages_have_different_etags_by_address_language_and_holdings(
    client: FlaskClient, make_application: Any, holdings: Holdings
) -> None:
    older = Holdings({name: type(one)(one.releases[:1]) for name, one in holdings.datasets.items()})
    other = make_application(older).test_client()
    answers = [client.get("/"), client.get("/en/"), client.get("/roadmap"), client.get("/?x=1"), other.get("/")]
    assert len({one.headers["ETag"] for one in answers}) == 5


def test_the_search_is_asked_anew_each_time(client: FlaskClient) -> None:
    headers = client.get("/datasets").headers
    assert headers["Cache-Control"] == "no-cache"
    assert "ETag" not in headers


@pytest.mark.parametrize(("path", "lang"), [("/", "ja"), ("/en/", "en"), ("/en", "en"), ("/en/datasets", "en")])
def test_the_language_of_a_page_is_that_of_its_address(client: FlaskClient, path: str, lang: str) -> None:
    response = client.get(path, headers={"Accept-Language": "fr"})
    assert response.headers["Content-Language"] == lang
    assert f'<html lang="{lang}">' in response.text


def test_a_page_names_its_address_and_that_in_the_other_language(client: FlaskClient) -> None:
    html = client.get("/en/indicators/kpi-12?area=121002").text
    assert '<link rel="canonical" href="http://shihyo.example/en/indicators/kpi-12?area=121002">' in html
    assert 'hreflang="ja" href="http://shihyo.example/indicators/kpi-12?area=121002"' in html


@pytest.mark.parametrize(
    ("name", "mimetype"),
    [("portal.css", "text/css"), ("portal.js", "text/javascript"), ("favicon.svg", "image/svg+xml")],
)
def test_assets_are_served_for_ever_under_their_version(client: FlaskClient, name: str, mimetype: str) -> None:
    html = client.get("/").text
    address = next(part for part in html.split('"') if part.startswith(f"/assets/{name}?v="))
    response = client.get(address)
    assert response.data == load_asset(name)
    assert response.mimetype == mimetype
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "immutable" not in client.get(f"/assets/{name}?v=old").headers["Cache-Control"]


@pytest.mark.parametrize("name", ["nope.css", "..%2Fmessages.yml", "../messages.yml", "..", "%2e%2e/site.py"])
def test_nothing_but_assets_is_an_asset(client: FlaskClient, name: str) -> None:
    assert client.get(f"/assets/{name}").status_code == 404


def test_the_icon_is_where_browsers_look_for_it(client: FlaskClient) -> None:
    assert client.get("/favicon.ico").mimetype == "image/svg+xml"


def test_robots_may_read_the_pages(client: FlaskClient) -> None:
    response = client.get("/robots.txt")
    assert response.mimetype == "text/plain"
    assert "User-agent: *" in response.text
    assert "Disallow: /\n" not in response.text


def test_the_style_sheet_and_the_script_name_no_other_host() -> None:
    for name in ("portal.css", "portal.js"):
        content = load_asset(name)
        assert content is not None
        assert b"//" not in content.replace(b"// What", b"").replace(b"\n//", b"") or b"http" not in content
        assert b"@import" not in content
        assert b"url(" not in content


@pytest.mark.parametrize("path", ["/nope", "/indicators/kpi-99", "/smarts/overall", "/en/smarts/nope", "/en/nope/nope"])
def test_a_page_that_does_not_exist_says_so_in_the_language_of_the_address(client: FlaskClient, path: str) -> None:
    response = client.get(path, headers={"Accept": "text/html"})
    assert response.status_code == 404
    lang = "en" if path.startswith("/en") else "ja"
    assert f'<html lang="{lang}">' in response.text
    assert {"ja": "ページが見つかりません", "en": "Page not found"}[lang] in response.text
    assert "noindex" in response.text


def test_a_misspelt_address_names_the_nearest_page(client: FlaskClient) -> None:
    html = client.get("/indicators/kpi12", headers={"Accept": "text/html"}).text
    assert 'お探しのページはこちらではありませんか： <a href="/indicators/kpi-12">マイナンバーカード取得率</a>' in html


def test_an_error_of_ours_is_a_page_and_says_nothing_of_the_inside(make_application: Any, holdings: Holdings) -> None:
    application = make_application(holdings)
    application.view_functions["portal.roadmap"] = lambda: 1 / 0
    for path, title in (("/roadmap", "ページを表示できません"), ("/en/roadmap", "The page cannot be shown")):
        response = application.test_client().get(path, headers={"Accept": "text/html"})
        assert response.status_code == 500
        assert title in response.text
        assert "ZeroDivision" not in response.text


def test_programs_get_problems_and_not_pages(client: FlaskClient) -> None:
    assert client.get("/nope", headers={"Accept": "application/json"}).mimetype == "application/problem+json"
    assert client.get("/api/v1/nope", headers={"Accept": "text/html"}).mimetype == "application/problem+json"
