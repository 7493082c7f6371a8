"""CKAN's DataStore: the current release as a table of the CSV resource, in step, whatever happened before."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests

from catalog.ckan import Catalogue, load_datastore, open_catalogue, publish
from catalog.ckan import datastore as module
from catalog.ckan.datastore import RELEASE
from catalog.ckan.edits import find_edits
from catalog.ckan.mapping import distribution_id
from catalog.model import Dataset, DataStructure, Dimension, Label, Origin, Provenance
from catalog.releases import BuiltRelease, build_release
from catalog.settings import Settings

pytestmark = pytest.mark.ckan

SEX = Dimension("sex", Label("性別", "Sex"), {"_T": Label("計", "Total"), "F": Label("女", "Female")})
AREAS = ("011002", "121002", "122041")


def rates(periods: int, *, revised: int = 0, **more: Any) -> list[dict[str, Any]]:
    """Return the rows of so many months; the first ``revised`` ones have another value."""
    rows = [
        {
            "indicator_id": "kpi-12",
            "definition_id": "kpi-12.issued",
            "area_code": area,
            "period": f"{2015 + month // 12}-M{month % 12 + 1:02d}",
            "value": round(100 * (month + 1) / (number + 700), 1),
            "unit": "PT",
            "numerator": float(month + 1),
            "denominator": float(number + 700),
            "obs_status": "A",
            "note": "注: 速報" if month == 0 else None,
            **more,
        }
        for month in range(periods)
        for number, area in enumerate(AREAS)
    ]
    return [{**row, "value": row["value"] + 0.5} if place < revised else row for place, row in enumerate(rows)]


Build = Callable[..., BuiltRelease]
Describe = Callable[..., Dataset]


@pytest.fixture
def build(describe: Describe, tmp_path: Path) -> Build:
    """Return a function that builds the next release of a dataset of this test alone."""
    return builder(describe, tmp_path / "builds")


@pytest.fixture
def build_anew(describe: Describe, tmp_path: Path) -> Build:
    """Return the same function, which begins with a first release of its own."""
    return builder(describe, tmp_path / "builds-anew")


def builder(describe: Describe, folder: Path) -> Build:
    built: list[BuiltRelease] = []

    def next_release(rows: list[dict[str, Any]], structure: DataStructure | None = None) -> BuiltRelease:
        plain = structure or DataStructure()
        made = build_release(
            describe(structure=plain),
            plain.table(rows),
            parent=built[-1] if built else None,
            issued=f"2021-{len(built) + 1:02d}-01T00:00:00+09:00",
            provenance=Provenance((Origin("a.csv", "ab" * 32, 10, "2021-05-01T00:00:00Z"),), "test", "shihyo.test 1"),
            folder=folder,
        )
        assert made is not None
        built.append(made)
        return made

    return next_release


@pytest.fixture
def settings(ckan_url: str, ckan_token: str, tmp_path: Path) -> Settings:
    """Return the settings of a publisher at the real CKAN."""
    return Settings(home=tmp_path / "home", catalog_url=ckan_url, catalog_token=ckan_token)


@pytest.fixture
def catalogue(settings: Settings) -> Iterator[Catalogue]:
    """Return the real CKAN."""
    made = open_catalogue(settings)
    yield made
    made.close()


def csv_id(built: BuiltRelease) -> str:
    name = built.manifest.dataset.name
    return distribution_id(name, f"{name}.csv")


def table_of(ckan_url: str, built: BuiltRelease) -> dict[str, Any]:
    """Return what CKAN answers to anybody who asks for the table of the CSV resource."""
    query = {"resource_id": csv_id(built), "limit": 32000, "sort": ",".join(built.manifest.dataset.structure.key)}
    answer = requests.get(f"{ckan_url}/api/3/action/datastore_search", params=query, timeout=60)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()["result"]
    return result


def assert_table_is(ckan_url: str, built: BuiltRelease) -> None:
    """Compare the table that CKAN answers with the Parquet file of a release, row by row."""
    answer = table_of(ckan_url, built)
    structure = built.manifest.dataset.structure
    held = [{key: value for key, value in row.items() if key != "_id"} for row in answer["records"]]
    order = [(name, "ascending") for name in structure.key]
    wanted = pq.read_table(built.parquet).sort_by(order).to_pylist()
    assert held == json.loads(json.dumps(wanted, default=str))
    assert answer["fields"][1]["info"][RELEASE] == built.digest


def test_the_current_release_is_the_table_of_the_csv_resource(
    catalogue: Catalogue, ckan_url: str, build: Build
) -> None:
    built = build(rates(5))
    publish(catalogue, built)
    loaded = load_datastore(catalogue, built.manifest.dataset.name)
    assert (loaded.action, loaded.added, loaded.error) == ("loaded", 15, None)
    assert_table_is(ckan_url, built)
    package = catalogue.find_package(built.manifest.dataset.name)
    assert package is not None
    assert {one["shihyo_file"]: one["datastore_active"] for one in package["resources"]}[
        f"{built.manifest.dataset.name}.csv"
    ]
    assert find_edits(package) == []


def test_columns_have_types_and_japanese_titles(catalogue: Catalogue, build: Build) -> None:
    built = build(rates(1, sex="_T", n=1000, numerator_date=None), DataStructure((SEX,)))
    publish(catalogue, built)
    assert load_datastore(catalogue, built.manifest.dataset.name).error is None
    fields = catalogue.action("datastore_info", resource_id=csv_id(built), id=csv_id(built))["fields"]
    types = {one["id"]: one["type"] for one in fields}
    assert [types[name] for name in ("area_code", "sex", "value", "n", "numerator_date")] == [
        "text",
        "text",
        "float8",
        "int8",
        "date",
    ]
    labels = {one["id"]: one["info"]["label"] for one in fields}
    assert (labels["area_code"], labels["sex"], labels["value"]) == ("全国地方公共団体コード", "性別", "値")
    assert {one["id"] for one in fields if one["schema"]["is_index"]} >= {"area_code", "period"}


def test_filters_and_ranges_work(catalogue: Catalogue, ckan_url: str, build: Build) -> None:
    built = build(rates(12))
    publish(catalogue, built)
    load_datastore(catalogue, built.manifest.dataset.name)
    filters = {"area_code": "121002", "value": {"gt": 1.0}}
    query = {"resource_id": csv_id(built), "filters": json.dumps(filters)}
    answer = requests.get(f"{ckan_url}/api/3/action/datastore_search", params=query, timeout=60).json()["result"]
    wanted = [row for row in rates(12) if row["area_code"] == "121002" and row["value"] > 1.0]
    assert answer["total"] == len(wanted) > 0


def test_a_second_call_writes_nothing(catalogue: Catalogue, build: Build) -> None:
    built = build(rates(2))
    publish(catalogue, built)
    name = built.manifest.dataset.name
    load_datastore(catalogue, name)
    before = catalogue.find_package(name)
    assert load_datastore(catalogue, name).action == "unchanged"
    assert catalogue.find_package(name) == before


def test_the_next_release_changes_only_what_differs(catalogue: Catalogue, ckan_url: str, build: Build) -> None:
    name = ""
    for rows, wanted in (
        (rates(4), (12, 0, 0)),
        (rates(5, revised=2), (3, 2, 0)),
        (rates(3), (0, 2, 6)),
    ):
        built = build(rows)
        name = built.manifest.dataset.name
        publish(catalogue, built)
        loaded = load_datastore(catalogue, name)
        assert (loaded.added, loaded.changed, loaded.removed) == wanted
        assert_table_is(ckan_url, built)


def test_ids_stay_and_the_preview_stays_when_a_release_is_published(catalogue: Catalogue, build: Build) -> None:
    first = build(rates(1))
    publish(catalogue, first)
    load_datastore(catalogue, first.manifest.dataset.name)
    second = build(rates(2))
    publish(catalogue, second)
    resource = catalogue.action("resource_show", id=csv_id(second))
    assert resource["datastore_active"]
    assert csv_id(first) == csv_id(second)


def test_other_columns_make_another_table(catalogue: Catalogue, ckan_url: str, build: Build) -> None:
    publish(catalogue, first := build(rates(2)))
    load_datastore(catalogue, first.manifest.dataset.name)
    second = build(rates(2, sex="_T"), DataStructure((SEX,)))
    publish(catalogue, second)
    assert load_datastore(catalogue, second.manifest.dataset.name).added == 6
    assert_table_is(ckan_url, second)


def test_a_table_that_others_made_of_the_csv_is_replaced(catalogue: Catalogue, ckan_url: str, build: Build) -> None:
    built = build(rates(2))
    publish(catalogue, built)
    records = [{"indicator_id": "kpi-12", "value": "1.5"}]
    catalogue.action("datastore_create", resource_id=csv_id(built), force=True, records=records)
    assert load_datastore(catalogue, built.manifest.dataset.name).action == "loaded"
    assert_table_is(ckan_url, built)


def test_rows_changed_by_hand_are_repaired_with_the_next_release(
    catalogue: Catalogue, ckan_url: str, build: Build
) -> None:
    publish(catalogue, first := build(rates(2)))
    load_datastore(catalogue, first.manifest.dataset.name)
    catalogue.action("datastore_records_delete", resource_id=csv_id(first), force=True, filters={"area_code": "121002"})
    publish(catalogue, second := build(rates(3)))
    loaded = load_datastore(catalogue, second.manifest.dataset.name)
    assert (loaded.added, loaded.changed, loaded.removed) == (5, 0, 0)
    assert_table_is(ckan_url, second)


@pytest.mark.parametrize("revised", [0, 2], ids=["the same release", "another release"])
def test_a_dataset_that_was_purged_has_its_table_and_its_previews_again_when_it_is_published(
    catalogue: Catalogue, ckan_url: str, build: Build, build_anew: Build, monkeypatch: pytest.MonkeyPatch, revised: int
) -> None:
    publish(catalogue, first := build(rates(3)))
    name = first.manifest.dataset.name
    load_datastore(catalogue, name)
    for package in (name, f"{name}-r00001"):
        catalogue.action("dataset_purge", id=package)
    assert catalogue.action("datastore_search", resource_id=csv_id(first), limit=0)["total"] == 9, (
        "CKAN keeps the table"
    )
    again = build_anew(rates(3, revised=revised)) if revised else first
    publish(catalogue, again)
    called: list[str] = []
    real = catalogue.action

    def noted(action: str, /, **data: Any) -> Any:
        called.append(action)
        return real(action, **data)

    monkeypatch.setattr(catalogue, "action", noted)
    loaded = load_datastore(catalogue, name)
    assert (loaded.action, loaded.added, loaded.changed, loaded.removed) == ("loaded", 0, revised, 0)
    assert_table_is(ckan_url, again)
    assert real("resource_show", id=csv_id(again))["datastore_active"]
    assert "resource_create_default_resource_views" in called
    assert load_datastore(catalogue, name).action == "unchanged"


LOADER = textwrap.dedent("""
    import os, signal, sys
    from pathlib import Path
    from catalog.ckan import datastore, open_catalogue
    from catalog.settings import Settings
    home, url, name, calls = sys.argv[1:]
    token = sys.stdin.readline().strip()
    catalogue = open_catalogue(Settings(home=Path(home), catalog_url=url, catalog_token=token))
    datastore.ROWS_A_CALL = 10
    written, real = 0, catalogue.action
    def action(called, /, **data):
        global written
        if called == "datastore_upsert":
            if written == int(calls):
                os.kill(os.getpid(), signal.SIGKILL)
            written += 1
        return real(called, **data)
    catalogue.action = action
    print(datastore.load_datastore(catalogue, name).action)
""")


def test_killed_while_loading_the_next_run_goes_on_where_it_stopped(
    catalogue: Catalogue, ckan_url: str, ckan_token: str, build: Build, root: Path, tmp_path: Path
) -> None:
    built = build(rates(30))
    publish(catalogue, built)
    name = built.manifest.dataset.name
    command = [sys.executable, "-c", LOADER, str(tmp_path / "home"), ckan_url, name, "4"]
    killed = subprocess.run(command, cwd=root, input=f"{ckan_token}\n", text=True, capture_output=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    answer = table_of(ckan_url, built)
    assert (answer["total"], answer["fields"][1]["info"][RELEASE]) == (40, "")
    loaded = load_datastore(catalogue, name)
    assert (loaded.added, loaded.changed, loaded.removed) == (50, 0, 0)
    assert_table_is(ckan_url, built)


def test_a_change_of_several_calls_says_that_it_is_under_way(
    catalogue: Catalogue, ckan_url: str, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(catalogue, first := build(rates(10)))
    load_datastore(catalogue, first.manifest.dataset.name)
    publish(catalogue, second := build(rates(20)))
    monkeypatch.setattr(module, "ROWS_A_CALL", 10)
    seen: list[str] = []

    def look(stage: str, done: int, total: int | None) -> None:
        seen.append(table_of(ckan_url, second)["fields"][1]["info"][RELEASE])

    load_datastore(catalogue, second.manifest.dataset.name, progress=look)
    assert set(seen) == {""}
    assert_table_is(ckan_url, second)


def test_an_editor_who_is_no_sysadmin_may_load(
    settings: Settings, ckan_url: str, build: Build, action: Callable[..., Any], organization: str
) -> None:
    user = f"editor-{organization}"
    action("user_create", name=user, email=f"{user}@example.com", password="long enough to be one")
    action("organization_member_create", id=organization, username=user, role="editor")
    token = action("api_token_create", user=user, name="publishing")["token"]
    editor = open_catalogue(replace(settings, catalog_token=token))
    publish(editor, built := build(rates(2)))
    assert load_datastore(editor, built.manifest.dataset.name).error is None
    assert_table_is(ckan_url, built)
    editor.close()
    action("user_delete", id=user)


def test_a_refusal_is_reported_and_the_publication_stands(
    catalogue: Catalogue, settings: Settings, ckan_url: str, build: Build
) -> None:
    built = build(rates(1))
    publish(catalogue, built)
    anonymous = open_catalogue(replace(settings, catalog_token=""))
    loaded = load_datastore(anonymous, built.manifest.dataset.name)
    assert loaded.action == "failed"
    assert loaded.error is not None
    assert loaded.error.code == "not-authorized"
    package = catalogue.find_package(built.manifest.dataset.name)
    assert package is not None
    assert package["state"] == "active"
    assert load_datastore(catalogue, built.manifest.dataset.name).action == "loaded"
    anonymous.close()


def test_off_asks_nothing(settings: Settings, build: Build) -> None:
    nowhere = open_catalogue(replace(settings, catalog_url="http://127.0.0.1:1", datastore="off"))
    assert load_datastore(nowhere, "anything").action == "off"
    nowhere.close()


def test_a_dataset_that_is_not_published_is_named_so(catalogue: Catalogue) -> None:
    assert load_datastore(catalogue, "no-such-dataset").action == "unpublished"


def test_floats_come_back_as_they_were_sent(catalogue: Catalogue, ckan_url: str, build: Build) -> None:
    values = (0.1 + 0.2, 1e-9, 12.345678912345678, 100.0, 0.0, 33.3)
    rows = [{**row, "value": values[place % len(values)]} for place, row in enumerate(rates(20))]
    publish(catalogue, built := build(rows))
    load_datastore(catalogue, built.manifest.dataset.name)
    assert_table_is(ckan_url, built)
    publish(catalogue, second := build(rows[:-1]))
    loaded = load_datastore(catalogue, second.manifest.dataset.name)
    assert (loaded.added, loaded.changed, loaded.removed) == (0, 0, 1)
    assert pa.types.is_float64(pq.read_table(second.parquet).schema.field("value").type)
