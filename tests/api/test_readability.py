"""The machine readability of what is published."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from catalog.releases import Holdings
from harvesters.readability import check_file, describe

MUNICIPAL = "mynumber-municipalities"
RELEASE = f"/api/v1/datasets/{MUNICIPAL}/releases/latest"


@pytest.mark.parametrize("dataset", ["mynumber-municipalities", "mynumber-prefectures", "procedures-online"])
def test_every_published_csv_has_100_points_at_each_level(dataset: str, api: FlaskClient) -> None:
    answer = api.get(f"/api/v1/datasets/{dataset}/releases/latest/readability.json").get_json()

    assert {one["name"]: one["scores"] for one in answer["files"]} == {
        f"{dataset}.csv": [100, 100, 100],
        f"{dataset}_excel.csv": [100, 100, 100],
    }


def test_the_csv_for_people_needs_no_description_for_its_100_points(api: FlaskClient) -> None:
    files = api.get(f"{RELEASE}/readability.json").get_json()["files"]
    bare = {one["name"]: one["bare"] for one in files}

    assert bare[f"{MUNICIPAL}_excel.csv"] == {"scores": [100, 100, 100], "failed": []}


def test_the_answer_says_what_the_bare_csv_for_programs_lacks(api: FlaskClient) -> None:
    files = api.get(f"{RELEASE}/readability.json").get_json()["files"]
    bare = {one["name"]: one["bare"] for one in files}[f"{MUNICIPAL}.csv"]

    assert bare["scores"][:2] == [100, 100]
    assert set(bare["failed"]) <= {"L3-01", "L3-04"}


@pytest.mark.parametrize("query", ["area=121002", "area=121002&time=2021", ""])
def test_an_answer_as_csv_for_people_has_100_points(query: str, api: FlaskClient, tmp_path: Path) -> None:
    path = tmp_path / "answer_excel.csv"
    path.write_bytes(api.get(f"/api/v1/indicators/kpi-12/observations?{query}&format=csv-excel").data)

    report = check_file(path)

    assert report.perfect, report.lines("en")


@pytest.mark.parametrize("query", ["area=121002", "area=121002&time=2021", "", "area=121002&labels=both"])
def test_an_answer_as_csv_for_programs_has_100_points_with_what_the_api_says_of_its_columns(
    query: str, api: FlaskClient, tmp_path: Path, all_holdings: Holdings
) -> None:
    path = tmp_path / "answer.csv"
    path.write_bytes(api.get(f"/api/v1/indicators/kpi-12/observations?{query}&format=csv").data)
    release = all_holdings.datasets[MUNICIPAL].current
    package = json.loads(release.path("datapackage.json").read_bytes())
    [resource] = [one for one in package["resources"] if one["path"] == f"{MUNICIPAL}.csv"]

    report = check_file(path, described=describe(resource, package))

    assert report.perfect, report.lines("en")


def test_the_page_is_one_file_in_both_languages_and_stands_alone(api: FlaskClient) -> None:
    answer = api.get(f"{RELEASE}/readability.html")
    page = answer.get_data(as_text=True)

    assert answer.content_type == "text/html; charset=utf-8"
    assert '<html lang="ja">' in page
    assert 'lang="en"' in page
    assert not re.search(r"<script|<link|<img|src=|@import|url\(", page)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_the_result_is_not_made_again_for_whoever_has_it(api: FlaskClient) -> None:
    etag = api.get(f"{RELEASE}/readability.json").headers["ETag"]

    assert api.get(f"{RELEASE}/readability.json", headers={"If-None-Match": etag}).status_code == 304


def test_the_page_of_a_dataset_leads_to_the_result_of_its_current_release(
    api: FlaskClient, all_holdings: Holdings
) -> None:
    version = all_holdings.datasets[MUNICIPAL].current.manifest.version
    page = api.get(f"/dataset/{MUNICIPAL}").get_data(as_text=True)
    link = f"/api/v1/datasets/{MUNICIPAL}/releases/{version}/readability.html"

    assert f'href="{link}"' in page
    assert api.get(link).status_code == 200
