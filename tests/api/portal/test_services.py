"""The pages of the services."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from catalog.reference import load_reference
from catalog.releases import Holdings


def text(page: str) -> str:
    """Return what a page says, without its tags."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def titles(client: FlaskClient, query: str = "") -> list[str]:
    """Return the headings of the services that a query finds."""
    page = client.get(f"/services{query}")
    assert page.status_code == 200
    return [html.unescape(one) for one in re.findall(r'<h3><a href="/services/[^"]+">([^<]+)</a></h3>', page.text)]


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_the_list_names_every_service_in_the_language(lang: str, client: FlaskClient, holdings: Holdings) -> None:
    page = client.get("/services" if lang == "ja" else "/en/services").text
    for one in holdings.services.values():
        assert html.escape(one.service.name.in_language(lang), quote=False) in page
    assert f'<html lang="{lang}">' in page


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 4), ("?smart=town", 2), ("?step=3&phase=rolled_out", 1), ("?area=121061", 4), ("?phase=", 4)],
)
def test_the_filters_narrow_the_list(query: str, count: int, client: FlaskClient) -> None:
    assert len(titles(client, query)) == count


def test_the_form_offers_only_what_finds_something_and_keeps_what_is_chosen(client: FlaskClient) -> None:
    page = client.get("/services?step=1").text
    options = set(re.findall(r'<option value="([^"]+)"', page))
    assert options == {"living", "town", "cityhall", "1", "3", "implemented", "pilot", "rolled_out", "121002", "121061"}
    assert re.findall(r'<option value="([^"]+)" selected', page) == ["1"]


def test_a_filter_that_finds_nothing_leads_back_to_everything(client: FlaskClient) -> None:
    page = client.get("/services?smart=living&step=1").text
    assert "条件に合うサービスはありません" in page
    assert 'href="/services">すべてのサービスを見る' in page


def test_a_value_that_does_not_exist_is_a_page_that_says_so(client: FlaskClient) -> None:
    assert client.get("/services?smart=sea", headers={"Accept": "text/html"}).status_code == 400


def test_the_data_map_is_turned_to_the_side_of_the_data(client: FlaskClient) -> None:
    page = client.get("/services").text
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", page, re.DOTALL)
    said = {text(row).split()[0]: text(row) for row in rows}
    assert "あなたが使える制度お知らせサービス" in said["住民基本台帳"]
    assert "ちばレポ" in said["ちばレポレポートデータ"]
    assert len(said) == 5


def test_a_service_says_whose_classification_it_is_and_where_it_is_from(client: FlaskClient) -> None:
    page = client.get("/services/foryou").text
    assert "千葉市によるものではありません" in page
    assert 'href="https://www.chibanippo.co.jp/news/local/755517"' in page
    assert "第三者による" in page


def test_the_figures_of_a_service_are_shown_with_their_time_and_what_is_about(client: FlaskClient) -> None:
    said = text(client.get("/services/chibarepo").text)
    assert "2014年10月16日：約 1,100 人" in said
    assert "2016年2月29日： 3,615 人" in said
    assert "2023年6月： 27" in said


def test_the_step_stands_beside_what_is_recorded_and_what_does_not_fit(client: FlaskClient) -> None:
    step = load_reference().vision.get_step(1)
    ja, en = client.get("/services/ideabox").text, client.get("/en/services/ideabox").text
    for row in step.rows:
        assert html.escape(row.summary.ja, quote=False) in ja
    assert "STEP1だが、提供エリアは「市の全体」" in ja
    assert "STEP 1, but Where it is offered: in the whole city" in en
    assert "notice-warning" not in client.get("/services/foryou").text


def test_what_is_not_recorded_is_said_to_be_so(client: FlaskClient) -> None:
    assert "記録なし" in client.get("/services/makuhari-drone").text
    assert "not recorded" in client.get("/en/services/makuhari-drone").text


def test_a_japanese_name_on_an_english_page_is_marked_as_japanese(client: FlaskClient) -> None:
    assert '<span lang="ja">千葉市総務局情報経営部業務改革推進課</span>' in client.get("/en/services/foryou").text


def test_a_service_leads_to_its_smarts_target_states_and_descriptions(client: FlaskClient) -> None:
    page = client.get("/services/foryou").text
    for link in ("/smarts/cityhall", "/smarts/cityhall#cityhall-2", "/api/v1/services/foryou", "/services/foryou.ttl"):
        assert f'href="{link}"' in page


def test_a_service_that_does_not_exist_is_not_found_and_the_nearest_is_offered(client: FlaskClient) -> None:
    page = client.get("/services/for-you", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert 'href="/services/foryou"' in page.text


def test_the_navigation_leads_to_the_services_and_marks_them(client: FlaskClient) -> None:
    assert '<a href="/services">都市サービス</a>' in client.get("/").text
    assert '<a href="/services" aria-current="page">' in client.get("/services").text
    assert '<a href="/en/services" aria-current="true">' in client.get("/en/services/foryou").text


def test_without_services_the_page_says_so(make_application: Any) -> None:
    page = make_application(Holdings()).test_client().get("/services")
    assert page.status_code == 200
    assert "登録されたサービスはまだありません" in page.text
    assert "<form" not in page.text
