"""``shihyo catalog status``, ``edits`` and ``overwrite``: what they print and with which code they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.cli import run
from api.cli.console import Exit
from catalog.ckan import open_catalogue
from catalog.ckan.restore import LOG_NAME
from catalog.settings import Settings


@pytest.fixture
def published(command: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Publish the registry of services of the samples; give the catalogue."""
    assert run(["harvest", "run", "services"]) == Exit.SUCCESS
    capsys.readouterr()
    made = open_catalogue(Settings(home=tmp_path / "home"))
    yield made
    made.close()


@pytest.mark.usefixtures("published")
def test_status_has_what_the_catalogue_says_and_the_checks(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "status", "--json"]) == Exit.SUCCESS
    answer = json.loads(capsys.readouterr().out)
    assert answer["ckan_version"].startswith("2.")
    assert {one["name"] for one in answer["checks"]} == {"version", "datasets"}


def test_status_ends_with_1_where_there_is_no_ckan(
    command: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHIHYO_CATALOG_URL", "http://127.0.0.1:9")
    assert run(["catalog", "status"]) == Exit.FAILURE
    assert "SHIHYO_CATALOG_URL" in capsys.readouterr().err


def test_edits_ends_with_2_when_something_was_edited_and_says_what(
    published: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["catalog", "edits", "--json"]) == Exit.SUCCESS
    assert json.loads(capsys.readouterr().out) == []
    published.action("package_patch", id="service-ideabox", title="手で直した題")
    assert run(["catalog", "edits", "--json"]) == Exit.CHANGES
    assert json.loads(capsys.readouterr().out) == [
        {"name": "service-ideabox", "fields": {"title": "手で直した題"}, "needs_harvest": False}
    ]
    assert run(["catalog", "edits"]) == Exit.CHANGES
    assert "手で直した題" in capsys.readouterr().out


def test_overwrite_puts_back_what_is_named_and_says_where_the_rest_is(
    published: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("service-ideabox", "service-foryou"):
        published.action("package_patch", id=name, title="手で直した題")
    assert run(["catalog", "overwrite", "ideabox"]) == Exit.SUCCESS
    told = capsys.readouterr()
    assert "手で直した題" in told.out
    assert LOG_NAME in told.err
    assert (tmp_path / "home" / LOG_NAME).is_file()
    assert run(["catalog", "edits", "--json"]) == Exit.CHANGES
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == ["service-foryou"]


@pytest.mark.usefixtures("published")
def test_overwrite_wants_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "overwrite"]) == Exit.USAGE
    assert run(["catalog", "overwrite", "no-such-dataset"]) == Exit.FAILURE
    assert "no-such-dataset" in capsys.readouterr().err


@pytest.fixture
def rewritten(published: Any) -> Any:
    """Rewrite the record of a service by hand, behind the back of publishing."""
    extras = published.action("package_show", id="service-ideabox")["extras"]
    changed = [{**one, "value": "{}"} if one["key"] == "shihyo_service" else one for one in extras]
    published.action("package_patch", id="service-ideabox", extras=changed)
    return published


@pytest.mark.usefixtures("rewritten")
def test_a_run_that_meets_an_edit_names_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # a source that has not changed is not even read while its last job is known
    (tmp_path / "home" / "application.db").unlink()
    assert run(["harvest", "run", "services"]) == Exit.FAILURE
    assert "shihyo catalog overwrite service-ideabox" in capsys.readouterr().out


@pytest.mark.usefixtures("rewritten")
def test_after_overwrite_the_next_run_writes_a_record_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "overwrite", "service-ideabox"]) == Exit.SUCCESS
    assert "shihyo harvest run" in capsys.readouterr().err
    assert run(["harvest", "run", "services"]) == Exit.SUCCESS
    assert run(["catalog", "edits"]) == Exit.SUCCESS
    assert run(["harvest", "run", "services"]) == Exit.SUCCESS


def test_a_file_that_holds_no_token_is_named_and_not_shown(
    command: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "token"
    file.write_text("very secret")
    other = f"embedded:{tmp_path}"
    assert run(["catalog", "copy", "--from", "embedded", "--to", other, "--to-token-file", str(file)]) == Exit.FAILURE
    told = capsys.readouterr().err
    assert str(file) in told
    assert "very secret" not in told
