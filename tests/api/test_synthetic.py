"""Made-up figures say so wherever the site shows them, and real ones never do."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from rdflib import Graph
from rdflib.namespace import DCAT, DCTERMS, RDF, RDFS

from api.application import create_application
from api.node import Node
from catalog.ckan import Follower, open_catalogue
from catalog.releases import LocalCopy
from catalog.settings import Settings
from harvesters import load_sources, run_sources

SYNTHETIC = ("citizen-survey", "citizen-survey-pairs", "company-survey", "procedures-register")
SURVEYED = [f"kpi-{number:02d}" for number in (*range(1, 12), 14)]
NOTE = "【合成データ：実際の値ではない / synthetic: not a real value】"
WORDS = {"": "合成データ", "/en": "ynthetic"}


@pytest.fixture(scope="module")
def site(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """Harvest the made-up sources of the project and the national procedures, and serve them."""
    settings = Settings(home=tmp_path_factory.mktemp("site"), site_url="http://shihyo.example")
    sources = [one for one in load_sources(root / "harvest.yml", settings) if one.name not in {"mynumber", "services"}]
    assert {one.exit_code for one in run_sources(settings, sources)} == {0}
    catalogue = open_catalogue(settings)
    Follower(catalogue, LocalCopy(settings.home / "copy")).synchronise()
    catalogue.close()
    node = Node.from_settings(settings)
    yield create_application(settings, node).test_client()
    node.close()


def _read(site: FlaskClient, path: str) -> str:
    with site.get(path, base_url="http://shihyo.example", follow_redirects=True) as answer:
        assert answer.status_code == 200, path
        return answer.get_data(as_text=True)


def _json(site: FlaskClient, path: str) -> Any:
    return json.loads(_read(site, path))


def _text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def _section(html: str, id: str) -> str:
    """Return the part of a page that is labelled by a heading."""
    found = re.search(rf'<section[^>]*aria-labelledby="{id}".*?</section>', html, re.DOTALL)
    assert found is not None, id
    return found[0]


@pytest.mark.parametrize("lang", WORDS)
@pytest.mark.parametrize("indicator", SURVEYED)
def test_each_part_of_a_page_of_made_up_figures_says_so(site: FlaskClient, indicator: str, lang: str) -> None:
    html, word = _read(site, f"{lang}/indicators/{indicator}"), WORDS[lang]
    head, figures = (
        html.split('<section class="wrap key-figures"')[0],
        html.split('<section class="wrap key-figures"')[1],
    )
    assert word in _text(head)
    assert word in _text(figures.split("</section>")[0])
    trend = _section(html, "trend")
    for part in ("title", "desc", "figcaption", "caption"):
        [*told] = re.findall(rf"<{part}\b[^>]*>(.*?)</{part}>", trend, re.DOTALL)
        assert told
        assert word in told[0]
    assert word in re.findall(r'<th scope="col">(.*?)</th>', trend, re.DOTALL)[1]
    assert word in re.findall(r'class="chart-name[^>]*>(.*?)<', trend)[0]
    breakdowns = re.findall(r'aria-labelledby="(by-\d+)"', html)
    assert breakdowns
    for id in breakdowns:
        assert word in _text(_section(html, id).split("<table")[0])
    assert word in _text(_section(html, "downloads"))
    assert word in _text(_section(html, "sources"))


def test_a_page_of_made_up_figures_says_that_no_real_ones_are_published(site: FlaskClient) -> None:
    assert "公表された値はまだありません（未収集）" in _text(_read(site, "/indicators/kpi-05"))


@pytest.mark.parametrize("indicator", ["kpi-01", "kpi-05", "kpi-10"])
def test_wards_are_a_table_and_can_be_compared(site: FlaskClient, indicator: str) -> None:
    html = _read(site, f"/indicators/{indicator}?area=121002&area=121011&area=121061")
    assert "千葉市中央区（合成データ）" in _text(_section(html, "trend"))
    wards = _section(html, "by-1")
    assert all(name in wards for name in ("中央区", "花見川区", "稲毛区", "若葉区", "緑区", "美浜区"))


def test_real_and_made_up_series_stand_beside_each_other_and_are_never_one(site: FlaskClient) -> None:
    html = _read(site, "/indicators/kpi-13?area=000000&area=121002")
    chips = re.findall(r'class="chip series-\d">(.*?)</span>', html, re.DOTALL)
    names = [_text(one).removesuffix("×").strip() for one in chips]
    assert [name.startswith("日本") for name in names] == ["（合成データ）" not in name for name in names]
    assert len(names) == 4
    assert "このページには合成データの系列もあります" in _text(html)


def test_the_national_figures_come_first_and_carry_no_mark(site: FlaskClient) -> None:
    html = _read(site, "/indicators/kpi-13")
    figures = html.split('<section class="wrap key-figures"')[1].split("</section>")[0]
    assert "合成データ" not in figures
    assert "日本" in figures
    assert "市の値は未収集です" in _text(html)
    meta = _json(site, "/api/v1/indicators/kpi-13/observations?limit=1")["meta"]
    assert (meta["dataset"], meta["synthetic"]) == ("procedures-online", False)


@pytest.mark.parametrize("lang", WORDS)
def test_every_card_of_a_made_up_indicator_says_so(site: FlaskClient, lang: str) -> None:
    for path in ("/", "/smarts/living"):
        cards = re.findall(r'<article class="card .*?</article>', _read(site, lang + path), re.DOTALL)
        marked = {re.search(r"indicators/(kpi-\d\d)", one)[1]: WORDS[lang] in _text(one) for one in cards}  # type: ignore[index]
        assert marked
        assert {id for id, made_up in marked.items() if made_up} == marked.keys() & set(SURVEYED)


def test_the_home_page_features_a_real_figure_and_counts_made_up_ones_apart(site: FlaskClient) -> None:
    facts = re.search(r'<dl class="facts">(.*?)</dl>', _read(site, "/"), re.DOTALL)
    assert facts is not None
    assert "合成データだけの指標 12 / 14" in _text(facts[1])
    assert "実際の値のある指標 1 / 14" in _text(facts[1])  # the cards are not harvested here


@pytest.mark.parametrize("lang", WORDS)
def test_lists_say_it_beside_each_made_up_figure(site: FlaskClient, lang: str) -> None:
    rows = re.findall(r"<tr>.*?</tr>", _read(site, f"{lang}/indicators"), re.DOTALL)
    for row in rows[1:]:
        found = re.search(r"indicators/(kpi-\d\d)", row)
        assert found is not None
        assert (WORDS[lang] in _text(row)) is (found[1] in SURVEYED)
    assert WORDS[lang] in _text(_read(site, f"{lang}/smarts/living").split('class="tree"')[1].split("</ol>")[0])


@pytest.mark.parametrize("lang", WORDS)
@pytest.mark.parametrize("name", SYNTHETIC)
def test_the_page_of_a_made_up_dataset_says_so_and_names_no_source(site: FlaskClient, name: str, lang: str) -> None:
    html = _read(site, f"{lang}/dataset/{name}")
    assert WORDS[lang] in re.search(r"<h1>(.*?)</h1>", html)[1]  # type: ignore[index]
    assert "notice-warning" in html
    described = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)[1])  # type: ignore[index]
    assert WORDS[lang] in described["name"]
    assert described["description"].startswith(("【合成データ】", "[Synthetic]"))
    assert "合成データ" in described["keywords"]
    assert "isBasedOn" not in described
    facts = html.split('<aside class="dataset-side"')[1].split("</aside>")[0]
    assert "city.chiba.jp" not in facts


def test_a_search_result_that_is_made_up_says_so(site: FlaskClient) -> None:
    results = re.findall(r"<h3>.*?</h3>", _read(site, "/datasets?q=指標"), re.DOTALL)
    marked = {
        one.split("/dataset/")[1].split('"')[0]: "badge-synthetic" in one for one in results if "/dataset/" in one
    }
    assert marked["citizen-survey"]
    assert all(made_up is (name in SYNTHETIC) for name, made_up in marked.items())


@pytest.mark.parametrize("indicator", SURVEYED)
def test_the_api_answers_for_an_indicator_without_real_figures_and_says_what_they_are(
    site: FlaskClient, indicator: str
) -> None:
    body = _json(site, f"/api/v1/indicators/{indicator}/observations?limit=1000")
    assert body["meta"]["synthetic"] is True
    assert body["meta"]["citation"]["ja"].startswith("出典：見本のために作った合成データ")
    assert body["data"]
    assert all(one["note"].startswith(NOTE) for one in body["data"])
    about = _json(site, f"/api/v1/indicators/{indicator}")["data"]
    assert about["synthetic"] is True
    assert about["no_data_reason"]["en"].endswith("(not collected).")


def test_the_api_takes_made_up_indicators_of_one_dataset_together(site: FlaskClient) -> None:
    meta = _json(site, "/api/v1/observations?indicator=kpi-04,kpi-05&time=FY2024&limit=1")["meta"]
    assert (meta["dataset"], meta["synthetic"]) == ("citizen-survey", True)
    refused = site.get("/api/v1/observations?indicator=kpi-05,kpi-07")
    assert refused.status_code == 400
    assert "kpi-07: company-survey" in refused.get_data(as_text=True)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_both_csvs_say_it_in_every_row(site: FlaskClient, name: str) -> None:
    canonical = list(csv.DictReader(io.StringIO(_read(site, f"/api/v1/observations?dataset={name}&format=csv"))))
    people = list(
        csv.DictReader(
            io.StringIO(_read(site, f"/api/v1/observations?dataset={name}&format=csv-excel").lstrip("\ufeff"))
        )
    )
    assert len(canonical) == len(people) > 30
    assert all(one["note"].startswith(NOTE) for one in canonical)
    assert {one["データの種別"] for one in people} == {"架空のデータ（実際の値ではありません）"}
    file = _read(site, f"/api/v1/datasets/{name}/releases/latest/files/{name}.csv")
    assert all(one["note"].startswith(NOTE) for one in csv.DictReader(io.StringIO(file)))


@pytest.mark.parametrize("name", [*SYNTHETIC, "procedures-online"])
def test_metadata_of_every_kind_say_it(site: FlaskClient, name: str) -> None:
    made_up, release = name in SYNTHETIC, f"/api/v1/datasets/{name}/releases/latest"
    assert _json(site, f"/api/v1/datasets/{name}")["data"]["synthetic"] is made_up
    package = _json(site, f"{release}/files/datapackage.json")
    assert package["synthetic"] is made_up
    assert ("path" in package["sources"][0]) is not made_up
    for path in (f"{release}/csvw.json", f"{release}/croissant.json"):
        text = json.dumps(_json(site, path), ensure_ascii=False)
        assert all((word in text) is made_up for word in ("合成データ", "(synthetic)", "synthetic data"))
    listed = next(one for one in _json(site, "/data.json")["dataset"] if f"/{name}#" in one["identifier"])
    assert ("合成データ" in listed["title"]) is ("合成データ" in listed["keyword"]) is made_up


@pytest.mark.parametrize("name", SYNTHETIC)
def test_dcat_says_it_in_title_description_keywords_and_provenance(site: FlaskClient, name: str) -> None:
    graph = Graph().parse(data=_read(site, f"/dataset/{name}.ttl"), format="turtle")
    datasets = list(graph.subjects(RDF.type, DCAT.Dataset))
    assert len(datasets) >= 4  # the dataset and its releases
    for dataset in datasets:
        told = {one.language: str(one) for one in graph.objects(dataset, DCTERMS.title)}
        assert told["ja"].endswith("（合成データ）")
        assert told["en"].endswith("(synthetic)")
        assert any(str(one) == "synthetic data" for one in graph.objects(dataset, DCAT.keyword))
    statements = {
        str(one) for node in graph.objects(None, DCTERMS.provenance) for one in graph.objects(node, RDFS.label)
    }
    assert statements
    assert all(one.startswith(("架空のデータです。", "The figures are made up.")) for one in statements)


def test_the_action_api_says_it_in_extras_title_notes_tags_and_files(site: FlaskClient) -> None:
    found = _json(site, "/api/3/action/package_search?q=指標&rows=50")["result"]["results"]
    names = {one["name"] for one in found}
    assert {"citizen-survey", "company-survey"} <= names
    for one in found:
        extras = {each["key"]: each["value"] for each in one["extras"]}
        made_up = one["name"] in SYNTHETIC
        assert extras["shihyo_synthetic"] == ("true" if made_up else "false")
        assert ("合成データ" in one["title"]) is made_up
        assert one["notes"].startswith("架空のデータであり") is made_up
        assert ("合成データ" in {tag["name"] for tag in one["tags"]}) is made_up
        if made_up:
            assert one["url"] == ""
            described = [each["description"] for each in one["resources"] if each.get("description")]
            assert all("架空のデータ" in each for each in described)


def test_nobody_takes_the_catalogue_for_the_city_s(site: FlaskClient) -> None:
    [owner] = _json(site, "/api/3/action/organization_list?all_fields=true")["result"]
    assert owner["name"] == "chiba-vision-trial"
    assert owner["title"] == "千葉市のビジョンの試用カタログ（千葉市の公式ではない）"
    for name in SYNTHETIC:
        about = _json(site, f"/api/v1/datasets/{name}")["data"]
        assert {about[role]["label"]["en"] for role in ("publisher", "creator", "contact")} == {
            "Trial catalogue on Chiba City's vision (not official)"
        }
    real = _json(site, "/api/v1/datasets/procedures-online")["data"]
    assert real["creator"]["label"]["ja"] == "デジタル庁"


@pytest.mark.parametrize("name", SYNTHETIC)
def test_made_up_figures_have_their_own_page_in_place_of_that_of_a_source(site: FlaskClient, name: str) -> None:
    page = _json(site, f"/api/v1/datasets/{name}")["data"]["landing_page"]
    assert page == f"http://shihyo.example/dataset/{name}"
    assert WORDS[""] in _text(_read(site, page.removeprefix("http://shihyo.example")))


def test_real_figures_have_the_page_of_their_source(site: FlaskClient) -> None:
    page = _json(site, "/api/v1/datasets/procedures-online")["data"]["landing_page"]
    assert page == "https://www.digital.go.jp/resources/procedures-survey-results"
