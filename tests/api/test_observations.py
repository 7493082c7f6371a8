"""Observations: the figures, the release that they come from, and why an answer is empty."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from flask.testing import FlaskClient

from api.application import create_application
from api.node import Node
from catalog.releases import Holdings

PATH = "/api/v1/indicators/kpi-12/observations"


def get(api: FlaskClient, url: str, **headers: str) -> Any:
    """Return the JSON of an answer that must be a success."""
    response = api.get(url, headers=headers)
    assert response.status_code == 200, response.text
    return json.loads(response.data)


def canonical(response: Any) -> str:
    """Return path and query of the pinned URL."""
    link: str = response.headers.getlist("Link")[0]
    assert link.partition(";")[2].startswith(' rel="canonical"')
    return link.partition(">")[0].removeprefix("<http://127.0.0.1:8000")


def test_the_csv_of_chiba_city_in_2021_is_the_golden_one(api: FlaskClient, root: Path) -> None:
    response = api.get(f"{PATH}?area=121002&time=2021&format=csv")
    assert response.data == (root / "tests/expected/kpi-12_121002_2021.csv").read_bytes()
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert response.headers["X-Total-Rows"] == "12"
    assert response.headers["Content-Disposition"] == (
        "attachment; filename=\"kpi-12_v1.2.0.csv\"; filename*=UTF-8''kpi-12_v1.2.0.csv"
    )


def test_chiba_city_had_32_8_percent_on_2021_04_01(api: FlaskClient) -> None:
    [row] = get(api, f"{PATH}?area=121002&time=2021-04-01")["data"]
    assert (row["value"], row["numerator"], row["denominator"]) == (32.8, 318610, 972516)
    assert row["denominator_date"] == "2020-01-01"


def test_pandas_reads_the_csv_as_it_is(api: FlaskClient) -> None:
    frame = pd.read_csv(io.BytesIO(api.get(f"{PATH}?format=csv").data), dtype={"area_code": str})
    assert len(frame) == 210
    assert frame.query("area_code == '121002' and period == '2021-04-01'")["value"].tolist() == [32.8]


def test_json_and_csv_have_the_same_rows(api: FlaskClient) -> None:
    rows = get(api, f"{PATH}?time=latest")["data"]
    records = list(csv.DictReader(io.StringIO(api.get(f"{PATH}?time=latest&format=csv").text)))
    assert [(one["area_code"], str(one["value"])) for one in rows] == [
        (one["area_code"], f"{float(one['value'])}") for one in records
    ]
    assert set(rows[0]) == set(records[0])


def test_accept_chooses_csv_and_format_wins_over_it(api: FlaskClient) -> None:
    assert api.get(PATH, headers={"Accept": "text/csv"}).mimetype == "text/csv"
    assert api.get(f"{PATH}?format=json", headers={"Accept": "text/csv"}).mimetype == "application/json"
    assert "Accept" in api.get(PATH).headers["Vary"]


def test_the_csv_for_people_has_a_byte_order_mark_and_japanese_names(api: FlaskClient) -> None:
    response = api.get(f"{PATH}?area=121002&time=2021-04-01&format=csv-excel")
    assert response.data.startswith(b"\xef\xbb\xbf")
    assert "値（%）" in response.text
    assert "千葉市" in response.text
    assert "kpi-12_v1.2.0_excel.csv" in response.headers["Content-Disposition"]


def test_the_csv_for_people_has_fixed_columns(api: FlaskClient) -> None:
    response = api.get(f"{PATH}?fields=value&format=csv-excel&lang=en")
    assert response.status_code == 400
    assert "fixed" in response.get_json()["detail"]


def test_labels_stand_beside_their_codes_in_the_language_that_is_asked(api: FlaskClient) -> None:
    query = f"{PATH}?area=121002&time=latest&labels=both&fields=area_code,value,unit"
    assert get(api, query)["data"] == [
        {"area_code": "121002", "area_name": "千葉市", "value": 48.2, "unit": "PT", "unit_name": "%"}
    ]
    assert get(api, f"{query}&lang=en")["data"][0]["area_name"] == "Chiba City"
    assert api.get(f"{query}&format=csv").text.splitlines()[0] == "area_code,area_name,value,unit,unit_name"


def test_the_meta_says_which_release_it_is_and_how_to_cite_it(api: FlaskClient, all_holdings: Holdings) -> None:
    meta = get(api, f"{PATH}?area=121002")["meta"]
    manifest = all_holdings.get("mynumber-municipalities").current.manifest
    assert (meta["dataset"], meta["version"], meta["digest"]) == (
        "mynumber-municipalities",
        "1.2.0",
        manifest.digest,
    )
    assert meta["license"]["id"] == "cc-by"
    assert meta["citation"]["ja"].startswith("出典")
    assert meta["synthetic"] is False
    assert meta["total"] == meta["returned"] == 35


def test_a_repaired_code_is_told(api: FlaskClient) -> None:
    body = get(api, f"{PATH}?area=12100&time=2021-04-01")
    assert body["meta"]["repairs"] == [
        {
            "parameter": "area",
            "given": "12100",
            "used": "121002",
            "reason": {
                "ja": "5桁の標準地域コードに検査数字を付けました",
                "en": "check digit added to a five-digit standard area code",
            },
        }
    ]
    assert body["data"][0]["value"] == 32.8


def test_a_breakdown_that_is_not_named_is_not_restricted(api: FlaskClient) -> None:
    everything = get(api, f"{PATH}?dataset=mynumber-age-sex&time=latest")["data"]
    assert {"_T", "M", "F"} == {one["sex"] for one in everything}
    men = get(api, f"{PATH}?dataset=mynumber-age-sex&time=latest&sex=M")["data"]
    assert {one["sex"] for one in men} == {"M"}


def test_an_indicator_is_asked_across_its_definitions(api: FlaskClient) -> None:
    rows = get(api, "/api/v1/observations?indicator=kpi-13&ministry=_T&procedure_kind=_T&recipient=_T")["data"]
    assert {one["definition_id"] for one in rows} == {"kpi-13.available", "kpi-13.done"}


def test_a_dataset_is_asked_by_name(api: FlaskClient) -> None:
    body = get(api, "/api/v1/observations?dataset=mynumber-prefectures&area=120006&time=latest")
    assert [one["area_code"] for one in body["data"]] == ["120006"]


def test_something_has_to_be_named(api: FlaskClient) -> None:
    body = api.get("/api/v1/observations?lang=en").get_json()
    assert body["detail"] == "Name an indicator or a dataset"
    assert "kpi-12" in body["errors"][0]["allowed"]


def test_indicators_of_two_datasets_do_not_come_in_one_answer(api: FlaskClient) -> None:
    body = api.get("/api/v1/observations?indicator=kpi-12,kpi-13&lang=en").get_json()
    assert body["status"] == 400
    assert "kpi-13: procedures-online" in body["detail"]


def test_a_dataset_that_does_not_hold_the_indicator_is_refused(api: FlaskClient) -> None:
    body = api.get(f"{PATH}?dataset=procedures-online").get_json()
    assert body["errors"][0]["allowed"] == ["mynumber-age-sex", "mynumber-municipalities", "mynumber-prefectures"]


def test_an_indicator_that_is_not_collected_is_empty_and_says_why(api: FlaskClient) -> None:
    body = get(api, "/api/v1/indicators/kpi-01/observations")
    assert body["data"] == []
    assert body["meta"]["dataset"] is None
    assert body["meta"]["availability"]["reason"]["ja"]


@pytest.mark.parametrize("form", ["csv", "csv-excel"])
def test_an_indicator_that_is_not_collected_has_a_csv_with_its_header(api: FlaskClient, form: str) -> None:
    response = api.get(f"/api/v1/indicators/kpi-01/observations?format={form}")
    assert response.status_code == 200
    assert len(response.text.splitlines()) == 1


def test_an_empty_answer_says_where_there_are_observations(api: FlaskClient) -> None:
    body = get(api, f"{PATH}?area=121002&time=1999")
    found = body["meta"]["availability"]
    assert body["meta"]["total"] == 0
    assert found["periods"][0] == "2017-03-08"
    [obstacle] = found["obstacles"]
    assert (obstacle["dimension"], obstacle["asked"], obstacle["count"]) == ("period", ["1999"], 35)
    assert "1999" in found["reason"]["en"]


def test_an_answer_with_rows_has_no_availability(api: FlaskClient) -> None:
    assert get(api, f"{PATH}?area=121002")["meta"]["availability"] is None


def test_an_older_version_has_what_was_known_then(api: FlaskClient) -> None:
    body = get(api, f"{PATH}?area=121002&time=latest&version=1.0.0")
    assert body["meta"]["version"] == "1.0.0"
    assert body["data"][0]["period"] < "2020-01-01"
    assert get(api, f"{PATH}?version=1.1.*")["meta"]["version"] == "1.1.0"


def test_as_of_asks_what_was_known_at_a_moment(api: FlaskClient) -> None:
    assert get(api, f"{PATH}?as_of=2021-06-01T00:00:00%2B09:00")["meta"]["version"] == "1.1.0"
    body = api.get(f"{PATH}?as_of=2001-01-01&lang=en").get_json()
    assert (body["status"], body["code"]) == (404, "version-unknown")
    assert body["errors"][0]["parameter"] == "as_of"


def test_the_pinned_url_gives_the_same_bytes(api: FlaskClient) -> None:
    for query in ("area=121011,12100&time=latest", "time=2021&format=csv&sort=-value", "labels=both&lang=en&limit=3"):
        response = api.get(f"{PATH}?{query}")
        again = api.get(canonical(response))
        if "12100&" not in query:
            assert again.data == response.data
        assert again.headers["ETag"] == response.headers["ETag"]
        assert "immutable" in again.headers["Cache-Control"]
        assert "immutable" not in response.headers["Cache-Control"]


def test_the_pinned_url_gives_the_same_bytes_after_a_new_release(
    make_node: Callable[[Holdings], Node], older_holdings: Holdings, all_holdings: Holdings
) -> None:
    node = make_node(older_holdings)
    api = create_application(node.settings, node).test_client()
    for query in ("area=121002", "area=121002&format=csv", "labels=both&time=latest:2&limit=4", "format=csv-excel"):
        before = api.get(f"{PATH}?{query}")
        node.swap(all_holdings)
        after, pinned = api.get(f"{PATH}?{query}"), api.get(canonical(before))
        assert pinned.data == before.data
        assert pinned.headers["ETag"] == before.headers["ETag"]
        assert after.data != before.data
        node.swap(older_holdings)


def follow(api: FlaskClient, url: str) -> Iterator[Any]:
    """Yield the pages of a list."""
    while url:
        body = get(api, url)
        yield body
        url = body["links"].get("next", "").removeprefix("http://127.0.0.1:8000")


@pytest.mark.parametrize("query", ["limit=7", "limit=50&sort=-value,period", "limit=33&fields=note,value&sort=note"])
def test_pages_are_complete_and_in_order(api: FlaskClient, query: str) -> None:
    pages = list(follow(api, f"{PATH}?{query}"))
    whole = get(api, f"{PATH}?{query}&limit=1000".replace(query.split("&")[0] + "&", "") if "&" in query else PATH)
    rows = [row for page in pages for row in page["data"]]
    assert rows == whole["data"]
    assert {page["meta"]["total"] for page in pages} == {210}


def test_a_client_that_pages_never_sees_two_releases_mixed(
    make_node: Callable[[Holdings], Node], older_holdings: Holdings, all_holdings: Holdings
) -> None:
    node = make_node(older_holdings)
    api = create_application(node.settings, node).test_client()
    whole = get(api, PATH)["data"]
    pages = follow(api, f"{PATH}?limit=20")
    rows = next(pages)["data"]
    node.swap(all_holdings)
    rest = list(pages)
    assert {page["meta"]["version"] for page in rest} == {"1.1.0"}
    assert rows + [row for page in rest for row in page["data"]] == whole


def test_a_page_of_csv_names_the_next_one_in_its_link_header(api: FlaskClient) -> None:
    response = api.get(f"{PATH}?format=csv&limit=100")
    links = response.headers.getlist("Link")
    [following] = [one for one in links if 'rel="next"' in one]
    url = following.partition(">")[0].removeprefix("<http://127.0.0.1:8000")
    second = api.get(url)
    third = [one for one in second.headers.getlist("Link") if 'rel="next"' in one]
    assert len(response.text.splitlines()) == len(second.text.splitlines()) == 101
    assert third


def test_a_cursor_whose_release_is_gone_says_so(
    make_node: Callable[[Holdings], Node], older_holdings: Holdings, all_holdings: Holdings
) -> None:
    node = make_node(all_holdings)
    api = create_application(node.settings, node).test_client()
    following = get(api, f"{PATH}?limit=20")["links"]["next"].removeprefix("http://127.0.0.1:8000")
    node.swap(older_holdings)
    body = api.get(f"{following}&lang=en").get_json()
    assert body["status"] == 400
    assert "no longer here" in body["detail"]


def test_more_rows_than_a_page_are_streamed_whole(api: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = api.get(f"{PATH}?format=csv&labels=both").data
    monkeypatch.setattr("api.representation.MOST_ROWS", 50)
    monkeypatch.setattr("api.representation._BATCH", 40)
    streamed = api.get(f"{PATH}?format=csv&labels=both&sort=indicator_id")
    assert streamed.data == whole
    assert streamed.headers["X-Total-Rows"] == "210"
    assert "Content-Length" not in streamed.headers


def test_the_csv_for_people_is_whole_too(api: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = api.get(f"{PATH}?format=csv-excel").data
    monkeypatch.setattr("api.representation.MOST_ROWS", 50)
    assert api.get(f"{PATH}?format=csv-excel&sort=indicator_id").data == whole
    assert len(whole.decode("utf-8-sig").splitlines()) == 211


def test_a_parameter_that_comes_twice_means_or(api: FlaskClient) -> None:
    twice = get(api, f"{PATH}?area=121002&area=121011&time=latest")
    assert twice["data"] == get(api, f"{PATH}?area=121002,121011&time=latest")["data"]
