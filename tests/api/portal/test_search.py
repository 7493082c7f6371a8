"""The search page: what CKAN is asked and what is shown of its answer."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from api.portal.search import read_request, search_holdings
from catalog.embedded import NotFound, SearchError
from catalog.errors import CatalogueUnavailable, Label
from catalog.releases import Holdings

DATASETS = "+dataset_type:dataset -shihyo_release_of:* -shihyo_service_digest:*"
PACKAGE = {
    "name": "libraries",
    "title": "図書館一覧",
    "notes": "市内の図書館",
    "state": "active",
    "private": False,
    "type": "dataset",
    "organization": {"title": "教育委員会", "name": "edu"},
    "tags": [{"name": "図書館", "display_name": "図書館"}],
    "resources": [
        {"format": "CSV", "name": "一覧", "url": "https://example.org/a.csv"},
        {"format": "CSV"},
        {"format": ""},
    ],
    "metadata_modified": "2026-11-01T10:00:00.123456",
}
FACETS = {
    "tags": {
        "items": [
            {"name": "図書館", "display_name": "図書館", "count": 1},
            {"name": "指標", "display_name": "指標", "count": 4},
        ]
    },
    "organization": {"items": [{"name": "edu", "display_name": "教育委員会", "count": 1}]},
}


def answer(count: int = 1) -> dict[str, Any]:
    return {"count": count, "results": [PACKAGE], "search_facets": FACETS}


@pytest.fixture
def catalogue(answering: Any) -> Any:
    return answering(package_search=answer(), package_show=PACKAGE)


@pytest.fixture
def client(make_application: Any, holdings: Holdings, catalogue: Any) -> FlaskClient:
    built: FlaskClient = make_application(holdings, catalogue).test_client()
    return built


def asked(catalogue: Any) -> dict[str, Any]:
    [(name, data)] = catalogue.asked
    assert name == "package_search"
    given: dict[str, Any] = data
    return given


def test_the_words_go_to_the_catalogue_as_they_are(client: FlaskClient, catalogue: Any) -> None:
    client.get("/datasets?q=図書館 一覧")
    assert asked(catalogue)["q"] == "図書館 一覧"


def test_without_words_everything_is_asked_for(client: FlaskClient, catalogue: Any) -> None:
    client.get("/datasets")
    assert asked(catalogue)["q"] == "*:*"


def test_releases_are_not_searched(client: FlaskClient, catalogue: Any) -> None:
    client.get("/datasets")
    assert asked(catalogue)["fq"] == DATASETS


def test_filters_order_and_page_are_asked_for(client: FlaskClient, catalogue: Any) -> None:
    client.get("/datasets?tags=図書館&tags=指標&organization=edu&sort=modified&page=3")
    given = asked(catalogue)
    assert given["fq"] == f'{DATASETS} +organization:"edu" +tags:"図書館" +tags:"指標"'
    assert given["sort"] == "metadata_modified desc"
    assert given["start"] == 40


def test_a_quote_in_a_filter_stays_inside_its_quotes(client: FlaskClient, catalogue: Any) -> None:
    client.get("/datasets", query_string={"tags": 'a" OR private:true \\'})
    assert asked(catalogue)["fq"] == f'{DATASETS} +tags:"a\\" OR private:true \\\\"'


def test_a_result_shows_title_organisation_formats_and_tags(client: FlaskClient) -> None:
    html = client.get("/datasets").text
    for text in (
        "図書館一覧",
        "市内の図書館",
        "教育委員会",
        '<span class="badge">CSV</span>',
        "2026年11月1日更新",
        "1件",
    ):
        assert text in html
    assert html.count('<span class="badge">') == 1


def test_a_dataset_of_ours_is_shown_in_the_language_of_the_page(
    make_application: Any, holdings: Holdings, answering: Any
) -> None:
    found = {"count": 1, "results": [{"name": "mynumber-age-sex", "title": "日本語"}], "search_facets": {}}
    html = make_application(holdings, answering(package_search=found)).test_client().get("/en/datasets").text
    assert "My Number card issuance rate by age and sex, Japan" in html
    assert "version 1.0.0" in html


def test_facets_turn_filters_on_and_off_and_forget_the_page(client: FlaskClient) -> None:
    html = client.get("/datasets?tags=図書館&q=本&page=2").text
    assert 'href="/datasets?q=%E6%9C%AC"' in html
    assert 'href="/datasets?q=%E6%9C%AC&amp;tags=%E5%9B%B3%E6%9B%B8%E9%A4%A8&amp;tags=%E6%8C%87%E6%A8%99"' in html
    assert 'class="facet-chosen" aria-current="true"' in html
    assert '<input type="hidden" name="tags" value="図書館">' in html


def test_the_most_frequent_value_of_a_facet_comes_first(client: FlaskClient) -> None:
    html = client.get("/datasets").text
    assert html.index('指標 <span class="facet-count">4') < html.index('図書館 <span class="facet-count">1')


def test_pages_are_linked_around_the_current_one(make_application: Any, holdings: Holdings, answering: Any) -> None:
    client = make_application(holdings, answering(package_search=answer(1000))).test_client()
    html = client.get("/datasets?page=10&q=x").text
    for number in (1, 8, 9, 11, 12, 50):
        assert f">{number}</a>" in html
    assert ">7</a>" not in html
    assert 'page=10" aria-current="page">10</a>' in html


@pytest.mark.parametrize("page", ["0", "-1", "x", "１", "99999999999999999999", ""])
def test_a_strange_page_number_is_a_page_that_exists(page: str) -> None:
    assert 1 <= read_request({"page": [page]}).page <= 1000


def test_an_empty_result_helps(make_application: Any, holdings: Holdings, answering: Any) -> None:
    nothing = {"count": 0, "results": [], "search_facets": {}}
    html = (
        make_application(holdings, answering(package_search=nothing)).test_client().get("/datasets?q=zzz&tags=t").text
    )
    assert "「zzz」の検索結果 0件" in html
    assert "言葉を短くしてみてください" in html
    assert 'href="/datasets?q=zzz">絞り込みをすべて外す' in html


@pytest.mark.parametrize(
    "error", [CatalogueUnavailable("止", "down"), SearchError(Label("読めません", "cannot be read"))]
)
def test_while_the_catalogue_cannot_answer_the_datasets_of_the_node_are_shown(
    make_application: Any, holdings: Holdings, answering: Any, error: Exception
) -> None:
    client = make_application(holdings, answering(package_search=error)).test_client()
    html = client.get("/datasets?q=ﾏｲﾅﾝﾊﾞｰ").text
    assert "検索結果 3件" in html
    assert "procedures-online" not in html
    assert "絞り込みは使えません" in html


@pytest.mark.parametrize(
    ("q", "count"), [("男女", 1), ("ﾏｲﾅﾝﾊﾞｰ", 3), ("手続", 1), ("card SEX", 1), ("", 4), ("zzz", 0)]
)
def test_the_datasets_of_the_node_are_found_by_japanese_substrings(holdings: Holdings, q: str, count: int) -> None:
    assert search_holdings(read_request({"q": [q]}), holdings, "ja").count == count


def test_a_dataset_that_only_the_catalogue_has_gets_a_page(client: FlaskClient) -> None:
    html = client.get("/dataset/libraries").text
    assert "図書館一覧" in html
    assert 'href="https://example.org/a.csv"' in html


@pytest.mark.parametrize("change", [{"private": True}, {"state": "draft"}, {"state": "deleted"}, {"type": "release"}])
def test_a_package_that_is_not_for_everybody_has_no_page(
    make_application: Any, holdings: Holdings, answering: Any, change: dict[str, Any]
) -> None:
    client = make_application(holdings, answering(package_show=PACKAGE | change)).test_client()
    response = client.get("/dataset/libraries", headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert "図書館一覧" not in response.text


def test_an_unknown_dataset_has_no_page(make_application: Any, holdings: Holdings, answering: Any) -> None:
    client = make_application(holdings, answering(package_show=NotFound(Label("ない", "none")))).test_client()
    response = client.get("/dataset/mynumber-municipality", headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert 'href="/dataset/mynumber-municipalities"' in response.text


def test_a_dataset_that_cannot_be_looked_up_is_not_said_to_be_missing(
    make_application: Any, holdings: Holdings
) -> None:
    response = make_application(holdings).test_client().get("/dataset/libraries", headers={"Accept": "text/html"})
    assert response.status_code == 503
    assert "今は応答できません" in response.text
