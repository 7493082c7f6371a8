"""``shihyo catalog copy`` and ``shihyo catalog datastore``: options, exit codes, and where tokens come from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.cli import run
from api.cli.console import Exit
from catalog.ckan import open_catalogue
from catalog.settings import Settings


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Give two home folders; the first has a dataset, and is that of the command."""
    first, second = tmp_path / "first", tmp_path / "second"
    second.mkdir()
    monkeypatch.setenv("SHIHYO_HOME", str(first))
    catalogue = open_catalogue(Settings(home=first))
    catalogue.action("organization_create", name="statistics", title="統計課")
    catalogue.action("package_create", name="jobs", title="失業率", owner_org="statistics")
    catalogue.close()
    return first, second


@pytest.fixture
def copied(homes: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, Any]]:
    """Return a function that copies to the second home and gives the exit code and the document."""

    def call(*options: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = run(["catalog", "copy", "--from", "embedded", "--to", f"embedded:{homes[1]}", "--json", *options])
        return code, json.loads(capsys.readouterr().out)

    return call


def test_a_dry_run_exits_with_2_while_there_is_something_to_copy(copied: Callable[..., tuple[int, Any]]) -> None:
    code, planned = copied("--dry-run")
    assert (code, planned["counts"]["created"], planned["dry_run"]) == (Exit.CHANGES, 2, True)
    assert copied()[0] == Exit.SUCCESS
    assert copied("--dry-run")[0] == Exit.SUCCESS


def test_what_could_not_be_copied_exits_with_1(
    copied: Callable[..., tuple[int, Any]], homes: tuple[Path, Path]
) -> None:
    other = open_catalogue(Settings(home=homes[1]))
    other.action("organization_create", name="statistics", title="統計課")
    other.action("package_create", name="jobs", title="別のもの", owner_org="statistics")
    other.close()
    code, report = copied()
    assert (code, report["counts"]["failed"]) == (Exit.FAILURE, 1)
    [error] = [one["error"] for one in report["items"] if one["error"]]
    assert error["fields"] == ["title"]
    assert copied("--overwrite")[0] == Exit.SUCCESS


@pytest.mark.parametrize(("lang", "said"), [("ja", "作成: jobs (dataset)"), ("en", "created: jobs (dataset)")])
def test_people_get_lines_in_their_language(
    homes: tuple[Path, Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    lang: str,
    said: str,
) -> None:
    monkeypatch.setenv("SHIHYO_LANG", lang)
    assert run(["catalog", "copy", "--from", "embedded", "--to", f"embedded:{homes[1]}"]) == Exit.SUCCESS
    assert said in capsys.readouterr().out.splitlines()


def test_a_place_that_is_none_is_explained(homes: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "copy", "--from", "embedded", "--to", "ckan.example.org"]) == Exit.FAILURE
    assert "ckan.example.org" in capsys.readouterr().err


def test_there_is_no_option_that_takes_a_token_itself(capsys: pytest.CaptureFixture[str]) -> None:
    run(["catalog", "copy", "--help"])
    words = capsys.readouterr().out.split()
    assert [word for word in words if word.startswith("--") and "token" in word] == [
        "--from-token-file",
        "--to-token-file",
    ]


@pytest.mark.usefixtures("homes")
def test_the_datastore_of_a_catalogue_that_has_none_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "datastore", "--json"]) == Exit.SUCCESS
    assert json.loads(capsys.readouterr().out) == []
    assert run(["catalog", "datastore", "jobs"]) == Exit.SUCCESS
    assert "DataStoreなし" in capsys.readouterr().out


@pytest.mark.usefixtures("homes")
def test_a_datastore_that_is_wanted_and_missing_exits_with_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIHYO_DATASTORE", "on")
    assert run(["catalog", "datastore", "jobs"]) == Exit.FAILURE
    assert "SHIHYO_DATASTORE" in capsys.readouterr().err
