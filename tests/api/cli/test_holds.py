"""``shihyo harvest`` approve, reject, holds, rollback and explain, as people type them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from api.cli import run
from api.cli.console import Exit


@pytest.fixture
def held(command: None, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """A source that a range of its own holds."""
    for publication in ("20210401", "20210801"):
        shutil.copytree(root / "harvesters/samples/mynumber" / publication, tmp_path / "in" / publication)
    file = tmp_path / "harvest.yml"
    file.write_text(
        f"""
version: 1
sources:
  - name: cards
    kind: mynumber
    title: {{ja: カード, en: Cards}}
    path: {tmp_path / "in"}
    guards: {{value-range: {{kpi-12: [0, 38]}}}}
    options: {{datasets: [prefectures]}}
""",
        "utf-8",
    )
    monkeypatch.setenv("SHIHYO_HARVEST_FILE", str(file))
    assert run(["harvest", "run"]) == Exit.UNKNOWN
    capsys.readouterr()


def test_what_waits_is_listed_with_the_commands_that_decide(held: None, capsys: Any) -> None:
    assert run(["harvest", "holds"]) == Exit.SUCCESS
    text = capsys.readouterr().out
    assert "cards / mynumber-prefectures: " in text
    assert "[value-range] kpi-12 の" in text
    assert "shihyo harvest approve cards --job " in text
    assert run(["harvest", "holds", "--json"]) == Exit.SUCCESS
    [hold] = json.loads(capsys.readouterr().out)
    assert (hold["source"], hold["trips"][0]["guard"]) == ("cards", "value-range")


def test_approving_publishes_and_tells_the_decision(held: None, capsys: Any) -> None:
    assert run(["harvest", "approve", "cards", "--reason", "確かめた"]) == Exit.SUCCESS
    out = capsys.readouterr().out
    assert "作成（2リリース" in out
    assert "承認: " in out
    assert run(["harvest", "run"]) == Exit.SUCCESS
    assert run(["harvest", "approve", "cards", "--reason", "もう一度"]) == Exit.FAILURE
    err = capsys.readouterr().err
    assert "nothing-held: 収集元「cards」に承認待ちのものはありません" in err
    assert "nothing-held: Nothing of cards waits for a decision" in err


def test_a_decision_needs_a_reason(held: None, capsys: Any) -> None:
    assert run(["harvest", "approve", "cards"]) == Exit.USAGE
    assert run(["harvest", "reject", "cards", "--reason", " "]) == Exit.FAILURE
    assert "approval-refused: 理由がありません" in capsys.readouterr().err


def test_rejecting_ends_the_waiting(held: None, capsys: Any) -> None:
    assert run(["harvest", "reject", "cards", "--reason", "試しだった", "--json"]) == Exit.SUCCESS
    [decision] = json.loads(capsys.readouterr().out)
    assert (decision["action"], decision["reason"]) == ("reject", "試しだった")
    assert run(["harvest", "plan"]) == Exit.SUCCESS
    assert run(["harvest", "run"]) == Exit.SUCCESS


def test_a_rollback_publishes_an_earlier_release_and_the_next_run_waits(held: None, capsys: Any) -> None:
    run(["harvest", "approve", "cards", "--reason", "確かめた"])
    capsys.readouterr()
    assert run(["harvest", "rollback", "mynumber-prefectures", "--reason", "桁の誤り"]) == Exit.SUCCESS
    out = capsys.readouterr().out
    assert "版 1.1.0 を取り下げ、版 1.0.0 の内容を版 2.0.0 として公開しました" in out
    assert run(["harvest", "run"]) == Exit.UNKNOWN
    assert "[rolled-back]" in capsys.readouterr().out
    assert run(["harvest", "rollback", "mynumber-prefectures", "--to", "7", "--reason", "x"]) == Exit.FAILURE
    assert "version-unknown" in capsys.readouterr().err


def test_an_id_is_explained_and_a_mistyped_one_corrected(command: None, capsys: Any) -> None:
    assert run(["harvest", "explain", "row-loss"]) == Exit.SUCCESS
    assert capsys.readouterr().out.startswith("row-loss [ガード]: 観測値が減りすぎている")
    assert run(["harvest", "explain", "check-failed", "--json"]) == Exit.SUCCESS
    [error] = json.loads(capsys.readouterr().out)
    assert error["sort"] == "error"
    assert run(["harvest", "explain", "row-lss"]) == Exit.FAILURE
    assert "「row-loss」のことではありませんか" in capsys.readouterr().err


def test_without_an_id_all_are_listed(command: None, capsys: Any) -> None:
    assert run(["harvest", "explain", "--json"]) == Exit.SUCCESS
    sorts = {one["sort"] for one in json.loads(capsys.readouterr().out)}
    assert sorts == {"guard", "error", "finding", "check", "readability", "obs-status", "job-status", "exit-code"}
