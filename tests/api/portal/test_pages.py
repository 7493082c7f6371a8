"""What stands on the pages, in both languages, and that it is what the API says."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catalog.reference import load_reference
from catalog.releases import Holdings

REFERENCE = load_reference()
PAGES = [
    "/",
    "/indicators",
    *(f"/indicators/{one.id}" for one in REFERENCE.indicator_set.indicators),
    "/indicators/kpi-12?area=121002&area=120006&area=000000",
    *(f"/smarts/{one.id}" for one in REFERENCE.vision.smarts),
    "/roadmap",
    "/datasets",
    "/dataset/mynumber-municipalities",
    "/dataset/mynumber-prefectures",
    "/dataset/mynumber-age-sex",
    "/dataset/procedures-online",
]
LANGUAGES = {"ja": "", "en": "/en"}


BLOCKS = {"p", "div", "li", "td", "th", "dt", "dd", "br", "h1", "h2", "h3", "caption", "summary", "section"}


class Page(HTMLParser):
    """Tags and text of a page."""

    inside = ""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.parts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag
        if tag in BLOCKS:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if self.inside != "script":
            self.parts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.parts))

    def find(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [
            found
            for name, found in self.tags
            if name == tag and all(found.get(key) == value for key, value in wanted.items())
        ]


def read(client: FlaskClient, path: str) -> Page:
    response = client.get(path, headers={"Accept": "text/html"})
    assert response.status_code == 200, path
    return Page(response.text)


def api(client: FlaskClient, path: str) -> list[dict[str, Any]]:
    response = client.get(f"/api/v1{path}", headers={"Accept": "application/json"})
    assert response.status_code == 200, response.text
    data: list[dict[str, Any]] = response.json["data"]  # type: ignore[index]
    return data


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_a_page_in_its_language(client: FlaskClient, path: str, lang: str) -> None:
    page = read(client, f"{LANGUAGES[lang]}{path}")
    assert page.find("html", lang=lang)
    assert len(page.find("h1")) == 1
    assert len(page.find("main", id="main")) == 1
    assert page.find("a", **{"class": "skip", "href": "#main"})
    alternates = {one.get("hreflang") for one in page.find("link", rel="alternate")}
    assert {"ja", "en", "x-default"} <= alternates
    assert "{" not in page.text.split("curl")[0]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_an_inline_script_a_style_or_an_event(client: FlaskClient, path: str) -> None:
    page = read(client, path)
    for tag, attributes in page.tags:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        assert tag != "style"
        if tag == "script" and attributes.get("type") != "application/ld+json":
            assert attributes.get("src")


@pytest.mark.parametrize("path", PAGES)
def test_no_page_loads_anything_from_another_host(client: FlaskClient, path: str) -> None:
    page = read(client, path)
    loaded = [
        found.get("src") or found.get("href")
        for tag, found in page.tags
        if tag in {"script", "img", "iframe", "source"}
        or (tag == "link" and found.get("rel") in {"stylesheet", "icon"})
    ]
    assert loaded
    assert all(not urlsplit(one or "").netloc for one in loaded)


@pytest.mark.parametrize("path", PAGES)
def test_headings_do_not_skip_a_level_and_ids_are_unique(client: FlaskClient, path: str) -> None:
    page = read(client, path)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels
    ids = [found["id"] for _, found in page.tags if "id" in found]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", PAGES)
def test_every_table_has_a_caption_and_every_head_a_scope(client: FlaskClient, path: str) -> None:
    page = read(client, path)
    assert len(page.find("caption")) == len(page.find("table"))
    assert all(found.get("scope") in {"col", "row"} for found in page.find("th"))


@pytest.mark.parametrize(("lang", "prefix"), LANGUAGES.items())
def test_the_language_switch_keeps_the_page_and_what_it_shows(client: FlaskClient, lang: str, prefix: str) -> None:
    page = read(client, f"{prefix}/indicators/kpi-12?area=121002&area=141003")
    other = "" if prefix else "/en"
    assert page.find("a", href=f"{other}/indicators/kpi-12?area=121002&area=141003", **{"class": "language"})


def test_home_counts_what_the_reference_data_hold(client: FlaskClient) -> None:
    kinds = REFERENCE.indicator_set.count_kinds()
    text = read(client, "/").text
    assert f"指標 {len(REFERENCE.indicator_set.indicators)}" in text
    assert f"客観 : 主観 {kinds.objective}:{kinds.subjective}" in text
    assert f"目指す姿 {len(REFERENCE.vision.target_states)}" in text
    for one in REFERENCE.vision.smarts:
        assert one.label.ja in text
        assert f"目指す姿（{len(one.target_states)}件）" in text
    for indicator in REFERENCE.indicator_set.indicators:
        assert indicator.label.ja in text


def test_home_shows_the_latest_values_of_the_api(client: FlaskClient) -> None:
    [latest] = api(client, "/indicators/kpi-12/observations?area=121002&time=latest")
    page = read(client, "/")
    assert page.find("data", value=repr(latest["value"]))
    assert "2022年4月1日・千葉市" in page.text
    for one in api(client, "/indicators/kpi-13/observations?ministry=_T&procedure_kind=_T&recipient=_T&time=latest"):
        assert page.find("data", value=repr(one["value"]))


def test_home_says_of_an_indicator_without_figures_that_and_why_it_has_none(client: FlaskClient) -> None:
    text = read(client, "/").text
    empty = [one for one in REFERENCE.indicator_set.indicators if one.no_data_reason]
    assert text.count("未収集 ") == len(empty) == 12
    for one in empty:
        assert one.no_data_reason is not None
        assert one.no_data_reason.ja in text


@pytest.mark.parametrize("prefix", LANGUAGES.values())
def test_the_page_of_an_indicator_has_all_values_of_the_api(client: FlaskClient, prefix: str) -> None:
    observations = api(client, "/indicators/kpi-12/observations?area=121002")
    assert len(observations) == 35
    page = read(client, f"{prefix}/indicators/kpi-12")
    written = [found["value"] for found in page.find("data")]
    for one in observations:
        assert repr(one["value"]) in written
        assert f"{one['numerator']:,.0f}" in page.text
    points = page.find("g", **{"class": "chart-point"})
    assert len(points) == 2 * len(observations)


def test_the_figure_of_april_2021_stands_on_the_page(client: FlaskClient) -> None:
    text = read(client, "/indicators/kpi-12").text
    assert "2021年4月1日 32.8% 318,610 972,516 2020-01-01" in text


def test_areas_are_compared_with_the_values_of_the_api(client: FlaskClient) -> None:
    page = read(client, "/indicators/kpi-12?area=121002,141003&area=120006")
    for area, dataset in (("141003", ""), ("120006", "&dataset=mynumber-prefectures")):
        for one in api(client, f"/indicators/kpi-12/observations?area={area}{dataset}"):
            assert page.find("data", value=repr(one["value"]))
    for name in ("千葉市", "横浜市", "千葉県"):
        assert f"{name} (%)" in page.text
    assert len(page.find("input", name="area", checked="")) == 0
    checked = [found["value"] for found in page.find("input", name="area") if "checked" in found]
    assert sorted(checked) == ["120006", "121002", "141003"]


def test_an_area_without_figures_is_told_and_not_ignored(client: FlaskClient) -> None:
    page = read(client, "/indicators/kpi-12?area=999999&area=121002")
    assert "地域コード「999999」の値はありません" in page.text
    assert page.find("p", role="alert")


def test_more_areas_than_the_chart_can_tell_apart_are_told(client: FlaskClient) -> None:
    areas = "121002,122041,122033,122076,141003,111007,120006"
    page = read(client, f"/indicators/kpi-12?area={areas}")
    assert "地域は6つまで選べます" in page.text
    assert len([found for found in page.find("input", name="area") if "checked" in found]) == 6


def test_the_reference_day_of_the_denominator_is_told_where_it_moves(client: FlaskClient) -> None:
    text = read(client, "/indicators/kpi-12").text
    assert "分母の基準日が変わった時点（5回）" in text
    for day in ("2017年8月31日", "2018年7月1日", "2019年9月16日", "2020年9月1日", "2021年8月1日"):
        assert day in text


def test_the_national_context_shows_every_ministry_kind_and_recipient_with_the_values_of_the_api(
    client: FlaskClient, holdings: Holdings
) -> None:
    page = read(client, "/indicators/kpi-13")
    structure = holdings.get("procedures-online").dataset.structure
    shown = 0
    for dimension in structure.breakdowns:
        others = "&".join(f"{one.id}=_T" for one in structure.breakdowns if one is not dimension)
        for one in api(client, f"/indicators/kpi-13/observations?time=latest&{others}"):
            assert page.find("data", value=repr(one["value"]))
            if one[dimension.id] != "_T":
                assert dimension.codes[one[dimension.id]].ja in page.text
                shown += 1
    assert shown == 82
    assert "市の値は未収集です" in page.text


def test_the_downloads_give_exactly_the_figures_shown(client: FlaskClient) -> None:
    page = read(client, "/indicators/kpi-12?area=121002&area=141003")
    links = [str(found["href"]) for found in page.find("a", **{"class": "button"})]
    assert len(links) == 3
    answers = [client.get(link) for link in links]
    assert [one.mimetype for one in answers] == ["text/csv", "text/csv", "application/json"]
    assert answers[0].data.startswith(b"\xef\xbb\xbf")
    assert not answers[1].data.startswith(b"\xef\xbb\xbf")
    rows = answers[2].json["data"]  # type: ignore[index]
    assert len(rows) == len(answers[1].text.strip().splitlines()) - 1 == 70
    assert {one["area_code"] for one in rows} == {"121002", "141003"}
    assert sorted(repr(one["value"]) for one in rows) == sorted(
        str(found["value"]) for found in page.find("data")[1:71]
    )


def test_the_csv_of_a_breakdown_has_the_rows_of_its_table(client: FlaskClient) -> None:
    page = read(client, "/indicators/kpi-12")
    [link] = [
        str(one["href"]) for one in page.find("a") if "sex=_T" in str(one["href"]) and "age=" not in str(one["href"])
    ]
    rows = client.get(link).text.strip().splitlines()
    assert len(rows) == 1 + 20
    assert all(row.startswith("kpi-12") or row.startswith('"kpi-12') for row in rows[1:])


def test_every_figure_names_its_dataset_and_version(client: FlaskClient, holdings: Holdings) -> None:
    text = read(client, "/indicators/kpi-12").text
    for name in ("mynumber-municipalities", "mynumber-age-sex"):
        holding = holdings.get(name)
        assert f"出典：{holding.dataset.title.ja} 版 {holding.current.manifest.version}" in text
        assert holding.dataset.citation.ja in text


def test_pairs_say_whether_they_can_be_compared(client: FlaskClient) -> None:
    for pair in REFERENCE.indicator_set.pairs:
        text = read(client, f"/indicators/{pair.subjective}").text
        assert REFERENCE.indicator_set.get_indicator(pair.objective).label.ja in text
        assert REFERENCE.codelists["comparability"].get(pair.comparability).label.ja in text
        assert pair.note.ja in text


def test_a_smart_shows_its_target_states_directions_and_indicators(client: FlaskClient) -> None:
    for smart in REFERENCE.vision.smarts:
        text = read(client, f"/smarts/{smart.id}").text
        for state in smart.target_states:
            assert state.summary.ja in text
            assert state.direction.ja in text
            for name in state.indicators:
                assert REFERENCE.indicator_set.get_indicator(name).label.ja in text


def test_the_roadmap_shows_every_item_horizon_and_step(client: FlaskClient) -> None:
    text = read(client, "/en/roadmap").text
    roadmap = REFERENCE.vision.roadmap
    items = [item for track in roadmap.tracks for item in track.items] + list(roadmap.shared)
    for item in items:
        assert item.summary.en in text
    for step in REFERENCE.vision.steps:
        assert f"STEP {step.number} {step.label.en}" in text
        for row in step.rows:
            assert row.summary.en in text


def test_a_dataset_shows_its_releases_with_reasons_and_changes(client: FlaskClient, holdings: Holdings) -> None:
    page = read(client, "/dataset/mynumber-municipalities")
    for release in holdings.get("mynumber-municipalities").releases:
        manifest = release.manifest
        assert page.find("a", href=f"/api/v1/datasets/mynumber-municipalities/releases/{manifest.version}")
        assert f"+{manifest.changes.added} ~{manifest.changes.changed} −{manifest.changes.removed}" in page.text
        for reason in manifest.reasons:
            assert reason["ja"] in page.text


def test_a_dataset_shows_files_columns_codes_and_origins(client: FlaskClient, holdings: Holdings) -> None:
    holding = holdings.get("procedures-online")
    text = read(client, "/dataset/procedures-online").text
    for file in holding.current.manifest.files:
        assert file.name in text
        assert file.sha256 in text
    for column in holding.dataset.structure.columns:
        assert column.name in text
        assert column.description.ja in text
    for dimension in holding.dataset.structure.breakdowns:
        assert f"{dimension.label.ja}のコード（{len(dimension.codes)}件）" in text
    for origin in holding.current.manifest.provenance.origins:
        assert origin.name in text
        assert origin.sha256 in text
    assert holding.dataset.license.note is not None
    assert holding.dataset.license.note.ja in text
    assert "UTF-8 (BOMあり)" in text
    assert "UTF-8 (BOMなし)" in text


def test_the_two_csvs_of_a_dataset_are_what_their_doors_say(client: FlaskClient) -> None:
    page = read(client, "/dataset/mynumber-municipalities")
    excel, programs = (str(found["href"]) for found in page.find("a", **{"class": "button button-main"}))
    with client.get(excel) as response:
        assert response.data.startswith(b"\xef\xbb\xbf")
    with client.get(programs) as response:
        first = response.text.splitlines()[0].replace('"', "")
        assert first.startswith("indicator_id,definition_id,area_code")


def test_the_preview_has_the_first_rows_of_the_csv(client: FlaskClient) -> None:
    text = read(client, "/dataset/mynumber-municipalities").text
    assert "210件の観測値のうち先頭の10件" in text
    assert "111007 さいたま市 2017-03-08 8.4 PT % 106349 1270476 2017-03-08 2016-01-01" in text


def test_the_preview_names_the_codes_of_breakdowns(client: FlaskClient) -> None:
    text = read(client, "/en/dataset/mynumber-age-sex").text
    assert "_T Total" in text


def test_breaks_missing_values_and_notes_are_told_in_words(make_application: Any, specimen: Any, home: Any) -> None:
    page = read(make_application(specimen.build_broken(home)).test_client(), "/indicators/kpi-12")
    assert "2021年12月1日に測り方が変わりました（千葉市）" in page.text
    assert "2021年11月1日の値はありません（千葉市）：欠測（収集していない）" in page.text
    assert "2021年12月1日（千葉市）：保有枚数率に変更" in page.text
    assert "縦の破線は測り方が変わった時点" in page.text
    assert len(page.find("line", **{"class": "chart-break"})) == 2
    assert len(page.find("g", **{"class": "chart-point"})) == 2 * 3


def test_after_a_break_the_change_is_against_the_value_since_then(
    make_application: Any, specimen: Any, home: Any
) -> None:
    holdings = specimen.build_broken(home)
    text = read(make_application(holdings).test_client(), "/").text
    assert "2021年12月1日から +3.6ポイント" in text


def test_synthetic_figures_say_so_wherever_they_stand(make_application: Any, specimen: Any, home: Any) -> None:
    application: Flask = make_application(specimen.build_holdings(home, specimen.synthetic))
    client = application.test_client()
    for path in ("/", "/indicators/kpi-12", "/dataset/mynumber-municipalities", "/datasets"):
        assert "合成データ" in read(client, path).text
    assert "動作を示すために作られた合成データです" in read(client, "/indicators/kpi-12").text


def test_without_any_release_every_page_still_answers(make_application: Any) -> None:
    client = make_application(Holdings()).test_client()
    for path in (one for one in PAGES if "/dataset/" not in one):
        read(client, path)
    assert "まだ公開された版がありません" in read(client, "/indicators/kpi-12").text


def test_a_release_that_becomes_current_is_seen_at_once(make_application: Any, holdings: Holdings) -> None:
    application: Flask = make_application(holdings)
    client, node = application.test_client(), application.extensions["shihyo"]
    assert "版 1.2.0" in read(client, "/indicators/kpi-12").text
    older = {name: type(one)(one.releases[:1]) for name, one in holdings.datasets.items()}
    node.swap(Holdings(older))
    page = read(client, "/indicators/kpi-12")
    assert "版 1.0.0" in page.text
    assert "2019年11月1日" in page.text
    assert "2022年4月1日 48.2" not in page.text
