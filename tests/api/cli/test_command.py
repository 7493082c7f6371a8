"""What the command prints and with which code it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.cli import run
from api.cli.console import Exit
from catalog.settings import describe_settings

pytestmark = pytest.mark.usefixtures("command")

DATASETS = {
    "mynumber-municipalities",
    "mynumber-prefectures",
    "mynumber-age-sex",
    "procedures-online",
    "citizen-survey",
    "citizen-survey-pairs",
    "company-survey",
    "procedures-register",
}


def _json(capsys: pytest.CaptureFixture[str]) -> object:
    return json.loads(capsys.readouterr().out)


def test_an_unknown_option_ends_with_the_usage_code() -> None:
    assert run(["harvest", "plan", "--bogus"]) == Exit.USAGE


def test_an_unknown_setting_is_explained_in_both_languages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHIHYO_PROT", "9000")

    assert run(["settings"]) == Exit.FAILURE
    told = capsys.readouterr().err
    assert "SHIHYO_PROT という設定はありません" in told
    assert "There is no setting SHIHYO_PROT" in told


def test_settings_lists_every_setting_and_hides_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHIHYO_CATALOG_TOKEN", "very-secret")

    assert run(["settings", "--json"]) == Exit.SUCCESS
    printed = capsys.readouterr().out
    assert [one["name"] for one in json.loads(printed)] == [one.name for one in describe_settings()]
    assert "very-secret" not in printed


def test_plan_says_changes_before_and_nothing_after_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["harvest", "plan", "procedures"]) == Exit.CHANGES
    assert run(["harvest", "run", "procedures"]) == Exit.SUCCESS
    assert run(["harvest", "plan", "procedures"]) == Exit.SUCCESS
    assert "procedures-online" in capsys.readouterr().out


def test_plan_leaves_no_trace(environ: dict[str, str]) -> None:
    run(["harvest", "plan", "procedures", "--json"])

    assert not Path(environ["SHIHYO_HOME"]).exists()


def test_plan_cannot_tell_when_the_source_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "harvest.yml"
    file.write_text(
        "version: 1\nsources:\n- {name: lost, kind: mynumber, title: {ja: 無い, en: none}, path: nowhere}\n", "utf-8"
    )
    monkeypatch.setenv("SHIHYO_HARVEST_FILE", str(file))

    assert run(["harvest", "plan", "--json"]) == Exit.UNKNOWN
    [plan] = json.loads(capsys.readouterr().out)
    assert plan["exit_code"] == Exit.UNKNOWN


def test_a_mistyped_source_gets_the_nearest_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["harvest", "run", "mynumbre"]) == Exit.FAILURE
    assert "Did you mean mynumber?" in capsys.readouterr().err


def test_status_knows_what_never_ran(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["harvest", "status", "--json"]) == Exit.SUCCESS
    assert {one["last"] for one in _json(capsys)} == {None}


def test_sync_and_list_show_what_was_published(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["harvest", "run", "--json"]) == Exit.SUCCESS
    capsys.readouterr()

    assert run(["catalog", "sync", "--json"]) == Exit.SUCCESS
    synchronised = _json(capsys)
    assert run(["catalog", "list", "--json"]) == Exit.SUCCESS
    assert _json(capsys) == synchronised
    assert {one["name"] for one in synchronised} == DATASETS

    assert run(["catalog", "show", "mynumber-municipalities", "--json"]) == Exit.SUCCESS
    releases = _json(capsys)
    assert [one["sequence"] for one in releases] == list(range(len(releases), 0, -1))


def test_a_token_is_shown_once_and_can_be_revoked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["token", "create", "harvester", "--new-user", "--name", "laptop", "--json"]) == Exit.SUCCESS
    token = _json(capsys)["token"]
    assert run(["token", "list", "harvester", "--json"]) == Exit.SUCCESS
    printed = capsys.readouterr().out
    [listed] = json.loads(printed)
    assert listed["name"] == "laptop"
    assert token not in printed

    assert run(["token", "revoke", listed["id"]]) == Exit.SUCCESS
    assert run(["token", "list", "harvester", "--json"]) == Exit.SUCCESS
    assert _json(capsys) == []


def test_a_source_that_fails_ends_the_run_with_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "20210401"
    broken.mkdir()
    (broken / "all_localgovs.csv").write_text("これは,表,では,ない\n1,2,3,4\n", "utf-8")
    file = tmp_path / "harvest.yml"
    file.write_text("version: 1\nsources:\n- {name: bad, kind: mynumber, title: {ja: 壊, en: bad}, path: .}\n", "utf-8")
    monkeypatch.setenv("SHIHYO_HARVEST_FILE", str(file))

    assert run(["harvest", "run", "bad"]) == Exit.FAILURE
    assert "all_localgovs.csv" in capsys.readouterr().out
