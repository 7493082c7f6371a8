"""The stack of ``deploy/ckan`` is a real CKAN with a real Solr, and its command touches nothing but its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

Action = Callable[..., Any]
Stack = Callable[..., subprocess.CompletedProcess[str]]


def _pids(stack: Stack) -> dict[str, int | None]:
    components = json.loads(stack("status", "--json").stdout)["components"]
    return {name: part["pid"] for name, part in components.items()}


# -- the command, without a CKAN


def test_a_folder_without_a_stack_is_reported_as_not_running(stack_in: Callable[[Path], Stack], tmp_path: Path) -> None:
    status = stack_in(tmp_path / "none")("status", "--json")

    assert status.returncode == 3
    assert {part["pid"] for part in json.loads(status.stdout)["components"].values()} == {None}
    assert not (tmp_path / "none").exists()


def test_stopping_where_nothing_runs_succeeds(stack_in: Callable[[Path], Stack], tmp_path: Path) -> None:
    down = stack_in(tmp_path / "none")("down", "--json")

    assert down.returncode == 0
    assert json.loads(down.stdout) == {"stopped": []}


def test_missing_packages_are_named_with_the_command_that_installs_them(
    stack_in: Callable[[Path], Stack], tmp_path: Path
) -> None:
    up = stack_in(tmp_path / "new")("up", PATH=str(tmp_path))

    assert up.returncode == 2
    assert "apt-get install -y --no-install-recommends " in up.stderr
    assert {"redis-server", "default-jre-headless", "maven", "libpq-dev"} <= set(up.stderr.split())
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("true", "1 error")])
def test_without_the_packages_the_tests_of_ckan_are_skipped_and_in_ci_they_fail(
    root: Path, tmp_path: Path, ci: str, outcome: str
) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SHIHYO_CKAN", "PYTEST"))}
    environ |= {"PATH": str(tmp_path), "SHIHYO_CKAN_FOLDER": str(tmp_path / "none"), "CI": ci}
    command = [
        sys.executable,
        "-m",
        "pytest",
        f"{Path(__file__)}::test_it_is_ckan_2_12_in_japanese",
        "-p",
        "no:cacheprovider",
    ]

    run = subprocess.run(command, env=environ, cwd=root, capture_output=True, text=True)

    assert outcome in run.stdout
    assert "apt-get install" in run.stdout
    assert not (tmp_path / "none").exists()


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """Return a process that is not the stack's."""
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def test_a_process_that_took_over_the_id_of_ours_is_not_stopped(
    stack_in: Callable[[Path], Stack], tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    record = tmp_path / "run" / "redis.json"
    record.parent.mkdir()
    record.write_text(json.dumps({"pid": stranger.pid, "started": 1, "configuration": ""}))

    down = stack_in(tmp_path)("down", "--json")

    assert json.loads(down.stdout) == {"stopped": []}
    assert stranger.poll() is None


# -- a running stack


@pytest.mark.ckan
def test_a_second_start_finds_everything_running_at_the_same_address(
    own_stack: Stack, ckan_url: str, ckan_token: str
) -> None:
    before = _pids(own_stack)
    again = json.loads(own_stack("up", "--json").stdout)

    assert (again["url"], again["token"]) == (ckan_url, ckan_token)
    assert _pids(own_stack) == before


@pytest.mark.ckan
def test_every_component_reports_its_version(own_stack: Stack) -> None:
    status = own_stack("status", "--json")
    versions = {name: part["version"] for name, part in json.loads(status.stdout)["components"].items()}

    assert status.returncode == 0
    assert versions["ckan"].startswith("2.12.")
    assert versions["solr"].startswith("9.")
    assert int(versions["postgresql"].split(".")[0]) >= 13
    assert int(versions["redis"].split(".")[0]) >= 6


@pytest.mark.ckan
def test_the_secrets_of_the_stack_are_readable_by_their_owner_alone(own_stack: Stack) -> None:
    folder = Path(json.loads(own_stack("up", "--json").stdout)["folder"])
    secrets = [folder / name for name in ("choices.json", "ckan.ini", "redis.conf", "data/token")]

    assert {oct(file.stat().st_mode & 0o777) for file in secrets} == {"0o600"}


@pytest.mark.ckan
def test_a_component_that_died_is_started_again_and_the_datasets_are_still_found(
    own_stack: Stack, undisturbed: None, action: Action, organization: str
) -> None:
    action("package_create", name=f"{organization}-kept", title="残る", owner_org=organization)
    before = json.loads(own_stack("status", "--json").stdout)["components"]
    os.kill(before["solr"]["pid"], signal.SIGKILL)

    up = own_stack("up", "--json")
    after = json.loads(own_stack("status", "--json").stdout)["components"]

    assert up.returncode == 0, up.stderr
    assert after["solr"]["pid"] != before["solr"]["pid"]
    assert after["postgresql"]["pid"] == before["postgresql"]["pid"]
    assert action("package_search", q=f"name:{organization}-kept")["count"] == 1


# -- CKAN


@pytest.mark.ckan
def test_it_is_ckan_2_12_in_japanese(action: Action) -> None:
    status = action("status_show")

    assert status["ckan_version"].startswith("2.12.")
    assert status["locale_default"] == "ja"


@pytest.mark.ckan
@pytest.mark.parametrize("plugin", ["activity", "datastore", "harvest", "ckan_harvester", "dcat", "dcat_rdf_harvester"])
def test_a_plugin_that_the_tests_need_is_loaded(action: Action, plugin: str) -> None:
    assert plugin in action("status_show")["extensions"]


@pytest.mark.ckan
def test_the_dcat_plugin_serves_the_catalogue_as_turtle(ckan_url: str) -> None:
    answer = requests.get(f"{ckan_url}/catalog.ttl", timeout=60)

    assert answer.headers["Content-Type"].startswith("text/turtle")
    assert "dcat:Catalog" in answer.text


@pytest.mark.ckan
def test_the_harvest_plugin_has_its_tables(action: Action) -> None:
    assert isinstance(action("harvest_source_list"), list)


@pytest.mark.ckan
def test_an_uploaded_file_comes_back_byte_for_byte(action: Action, organization: str) -> None:
    content = "\ufeff年,値\r\n2024,2.5\r\n".encode() * 10_000
    dataset = action("package_create", name=f"{organization}-file", owner_org=organization)
    resource = action(
        "resource_create",
        package_id=dataset["id"],
        name="値",
        format="CSV",
        files={"upload": ("values.csv", content)},
    )

    answer = requests.get(resource["url"], timeout=60)

    assert (resource["size"], resource["url_type"]) == (len(content), "upload")
    assert answer.content == content


@pytest.mark.ckan
def test_the_datastore_keeps_types_and_japanese_labels(action: Action, organization: str) -> None:
    dataset = action("package_create", name=f"{organization}-rows", owner_org=organization)
    created = action(
        "datastore_create",
        resource={"package_id": dataset["id"], "name": "行"},
        fields=[
            {"id": "period", "type": "text", "info": {"label": "期間"}},
            {"id": "value", "type": "numeric", "info": {"label": "値（%）"}},
        ],
        primary_key=["period"],
        records=[{"period": "2023", "value": 2.6}, {"period": "2024", "value": 2.5}],
    )

    found = action("datastore_search", resource_id=created["resource_id"], filters={"value": {"lt": 2.6}})

    assert [(row["period"], row["value"]) for row in found["records"]] == [("2024", 2.5)]
    assert [field.get("info", {}).get("label") for field in found["fields"]] == [None, "期間", "値（%）"]


# -- Solr


@pytest.mark.ckan
def test_solr_runs_with_the_schema_of_ckan(ckan_solr_url: str) -> None:
    answer = requests.get(f"{ckan_solr_url}/schema", timeout=30).json()

    assert answer["schema"]["name"] == "ckan-2.12"


@pytest.mark.ckan
def test_solr_is_apache_solr_9(ckan_solr_url: str) -> None:
    server = ckan_solr_url.rpartition("/")[0]
    lucene = requests.get(f"{server}/admin/info/system", timeout=30).json()["lucene"]

    assert lucene["solr-spec-version"].startswith("9.")
    assert lucene["lucene-spec-version"].startswith("9.")


@pytest.mark.ckan
def test_search_ranks_a_word_in_the_title_above_the_same_word_in_the_notes(action: Action, organization: str) -> None:
    for name, title, notes in [
        ("notes", "人口", "この資料は 失業率 の分母に使う"),
        ("title", "失業率 の推移", "労働力調査"),
        ("neither", "観光客", "入込数"),
    ]:
        action("package_create", name=f"{organization}-{name}", title=title, notes=notes, owner_org=organization)

    found = action("package_search", q="失業率", fq=f"organization:{organization}", sort="score desc")

    assert [dataset["name"] for dataset in found["results"]] == [f"{organization}-title", f"{organization}-notes"]


@pytest.fixture
def unemployment(action: Action, organization: str) -> str:
    """Return an organisation whose one dataset is 「完全失業率（年次）」 with a file 「失業率CSV」."""
    action(
        "package_create",
        name=f"{organization}-rate",
        title="完全失業率（年次）",
        owner_org=organization,
        resources=[{"name": "失業率CSV", "url": "https://example.org/rate.csv"}],
    )
    return organization


@pytest.mark.ckan
@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("完全失業率", 1),
        ("年次", 1),
        ("完全失業率（年次）", 1),
        ("失業率CSV", 1),
        ("失業率", 0),
        ("失業", 0),
        ("CSV", 0),
        ("*失業率*", 0),
        ("title:*失業率*", 1),
        ("title_ngram:失業率", 1),
    ],
)
def test_a_run_of_japanese_is_one_word_to_solr_and_its_parts_are_found_by_name_of_field_only(
    action: Action, unemployment: str, query: str, hits: int
) -> None:
    found = action("package_search", q=query, fq=f"organization:{unemployment}")

    assert found["count"] == hits


@pytest.mark.ckan
def test_autocomplete_finds_a_part_of_a_japanese_title(action: Action, unemployment: str) -> None:
    names = [match["name"] for match in action("package_autocomplete", q="失業率", limit=100)]

    assert f"{unemployment}-rate" in names
