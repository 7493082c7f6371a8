"""Approving and rejecting what is held: exactly that, by whom, once, and killed on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

import harvesters.publishing.approval as approving
from catalog.database import JobStatus
from catalog.database.holds import Action, Actor, HoldState
from catalog.errors import ApprovalRefused, NothingHeld
from harvesters import source_run
from harvesters.publishing.approval import approve, list_waiting, reject

Year = Callable[..., dict[tuple[str, str], float]]

ANNA, BEN = Actor(ckan=None, os="anna"), Actor(ckan=None, os="ben")


@pytest.fixture
def held(bench: Any, figures: Year) -> Any:
    """Return a source of which the file of 2099 is held."""
    bench.write("b.csv", figures("2099"))
    assert bench.run().status is JobStatus.HELD
    return bench


def _approve(bench: Any, **how: Any) -> Any:
    return approve(bench.settings, bench.source, **{"reason": "確かめた", **how})


def _as(monkeypatch: pytest.MonkeyPatch, actor: Actor) -> None:
    monkeypatch.setattr(approving, "find_actor", lambda _: actor)
    monkeypatch.setattr(source_run, "find_actor", lambda _: actor)


def test_what_was_held_is_published_with_who_when_and_why(held: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _as(monkeypatch, ANNA)
    report = _approve(held, reason="  将来推計と確かめた ")
    assert (report.status, report.exit_code, report.published) == (JobStatus.SUCCEEDED, 0, 1)
    [decision] = held.holds().list_decisions()
    assert (decision.action, decision.decided_by, decision.reason) == (Action.APPROVE, ANNA, "将来推計と確かめた")
    assert decision.state == "done"
    assert decision.details["released"] == [held.current().digest]
    assert report.datasets[0].decision["decided_by"]["known_by"] == "os"
    assert "承認: anna (OSのアカウント)" in "\n".join(report.lines("ja"))
    assert "approved: anna (system account)" in "\n".join(report.lines("en"))


def test_after_an_approval_nothing_waits_and_the_next_run_has_nothing_to_do(held: Any) -> None:
    _approve(held)
    assert list_waiting(held.settings) == []
    assert held.run().skipped


def test_a_run_without_approval_leaves_it_waiting(held: Any) -> None:
    first = list_waiting(held.settings)
    held.run()
    again = list_waiting(held.settings)
    assert [(one.id, one.held) for one in again] == [(one.id, one.held) for one in first]
    assert again[0].job_id != first[0].job_id


def test_an_approval_does_not_apply_to_a_file_that_changed_since(
    held: Any, figures: Year, monkeypatch: pytest.MonkeyPatch
) -> None:
    held.write("b.csv", figures("2099", value=41))
    report = _approve(held)
    assert (report.status, report.published) == (JobStatus.HELD, 0)
    assert report.datasets[0].hold["lapsed"]
    assert "承認は使えません" in "\n".join(report.lines("ja"))
    assert "The approval does not apply" in "\n".join(report.lines("en"))
    assert held.holds().list_decisions() == []
    assert held.current().observations == 20


def test_an_approval_does_not_apply_to_other_options(held: Any) -> None:
    held.guards(row_loss=0.5)
    report = _approve(held)
    assert report.datasets[0].hold["lapsed"]


def test_an_approval_does_not_apply_to_another_release_below_it(held: Any, figures: Year) -> None:
    held.guards(future_period=False)
    held.write("a.csv", figures("2023") | {("010006", "2023"): 40.5})
    (held.folder / "b.csv").rename(held.folder / "b.kept")
    assert held.run().published == 1
    held.guards()
    (held.folder / "b.kept").rename(held.folder / "b.csv")
    held.write("a.csv", figures("2023"))
    held.run()
    report = _approve(held)
    assert report.published == 2


def test_rejected_proposals_are_not_published_as_long_as_nothing_changes(held: Any, figures: Year) -> None:
    [decision] = reject(held.settings, "figures", reason="入力の誤り")
    assert (decision.action, decision.reason) == (Action.REJECT, "入力の誤り")
    plan = held.plan()
    assert (plan.exit_code, str(plan.datasets[0].passage)) == (0, "rejected")
    report = held.run()
    assert (report.status, report.exit_code, report.datasets[0].action) == (JobStatus.SUCCEEDED, 0, "rejected")
    assert "取りやめ: " in "\n".join(report.lines("ja"))
    assert held.run().skipped
    held.write("b.csv", figures("2098"))
    assert held.run().status is JobStatus.HELD


def test_nothing_to_approve_is_said_with_the_last_decision(held: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _as(monkeypatch, ANNA)
    _approve(held)
    with pytest.raises(NothingHeld) as caught:
        _approve(held)
    assert "承認: anna" in str(caught.value)
    assert "approved: anna" in str(caught.value)
    assert "取りやめたものは、ファイルか harvest.yml の設定が変わるまで公開されません" in str(caught.value)
    assert "What was rejected stays away until" in str(caught.value)


def test_several_holds_need_a_job_or_all(held: Any, figures: Year) -> None:
    held.write("other.csv", figures("2099"))
    held.guards(future_period=False)
    (held.folder / "b.csv").rename(held.folder / "b.kept")
    held.run()
    (held.folder / "b.kept").rename(held.folder / "b.csv")
    held.guards()
    held.write("other.csv", figures("2098"))
    report = held.run()
    assert len(list_waiting(held.settings)) == 2
    with pytest.raises(NothingHeld, match="--all"):
        _approve(held)
    with pytest.raises(NothingHeld, match="Nothing of job 19990101"):
        _approve(held, job="19990101")
    assert _approve(held, job=report.job).published == 2


def test_a_reason_is_needed(held: Any) -> None:
    with pytest.raises(ApprovalRefused, match="理由"):
        _approve(held, reason="  ")
    with pytest.raises(ApprovalRefused, match="理由"):
        reject(held.settings, "figures", reason="")


class TestSecondPairOfEyes:
    """Sources with ``approval: required``."""

    @pytest.fixture
    def waiting(self, bench: Any, figures: Year, monkeypatch: pytest.MonkeyPatch) -> Any:
        _as(monkeypatch, ANNA)
        bench.guards(approval=True)
        bench.write("b.csv", figures("2024", value=41))
        report = bench.run()
        assert [one["guard"] for one in report.datasets[0].trips] == ["approval-required"]
        return bench

    def test_everything_waits_and_the_figures_are_told(self, waiting: Any) -> None:
        text = "\n".join(waiting.run().lines("ja"))
        assert "1 リリース（版 1.1.0 まで）が承認を待ちます: 追加 20、変更 0、削除 0" in text
        assert "1 releases (up to version 1.1.0) wait for approval: 20 added" in "\n".join(waiting.run().lines("en"))

    def test_who_ran_it_cannot_approve_it(self, waiting: Any) -> None:
        with pytest.raises(ApprovalRefused) as caught:
            _approve(waiting)
        assert "実行した人と承認する人が同じです: anna" in str(caught.value)
        assert "system account" in str(caught.value)
        assert waiting.current().observations == 20

    def test_another_person_can(self, waiting: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        _as(monkeypatch, BEN)
        assert _approve(waiting).published == 1

    def test_running_it_again_does_not_make_another_person_of_who_ran_it_first(
        self, waiting: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _as(monkeypatch, BEN)
        waiting.run()
        _as(monkeypatch, ANNA)
        with pytest.raises(ApprovalRefused):
            _approve(waiting)

    def test_a_source_without_changes_is_not_held(self, bench: Any) -> None:
        bench.guards(approval=True)
        assert bench.run(force=True).status is JobStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Actor(ckan="a", os="x"), Actor(ckan="a", os="y"), True),
        (Actor(ckan="a", os="x"), Actor(ckan="b", os="x"), False),
        (Actor(ckan="a", os="x"), Actor(ckan=None, os="x"), True),
        (Actor(ckan=None, os="x"), Actor(ckan=None, os="y"), False),
    ],
)
def test_people_differ_if_what_is_known_of_both_differs(one: Actor, other: Actor, same: bool) -> None:
    assert one.is_same(other) is same
    assert other.is_same(one) is same


def test_of_two_who_approve_at_once_one_decision_stands(held: Any) -> None:
    def attempt(_: int) -> str:
        try:
            return str(_approve(held).status)
        except NothingHeld as error:
            return error.code

    with ThreadPoolExecutor(2) as pool:
        results = sorted(pool.map(attempt, range(2)))
    assert len(held.holds().list_decisions()) == 1
    assert "succeeded" in results
    assert set(results) <= {"succeeded", "failed", "nothing-held"}
    assert held.current().sequence == 2


def test_of_two_decisions_about_a_hold_only_the_first_is_written(held: Any) -> None:
    journal = held.holds()
    [hold] = journal.list_holds("figures")
    assert journal.decide(hold, Action.APPROVE, by=ANNA, reason="x") is not None
    assert journal.decide(hold, Action.REJECT, by=BEN, reason="y") is None
    assert [one.decided_by for one in journal.list_decisions()] == [ANNA]


_KILLED = """
import os, signal, sys
from pathlib import Path
import pytest
from catalog.settings import Settings
from harvesters import source_run
from harvesters.publishing.approval import approve
from harvesters.sources import load_sources

real, moment, seen = source_run.publish, int(sys.argv[3]), []

def publish(*args, **more):
    seen.append(1)
    if len(seen) == moment:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **more)

source_run.publish = publish
settings = Settings(home=Path(sys.argv[1]))
[source] = load_sources(Path(sys.argv[2]), settings)
approve(settings, source, reason="確かめた")
"""


@pytest.mark.parametrize("moment", [1, 2])
def test_an_approval_that_was_killed_is_finished_by_the_next_ordinary_run(
    settings: Any, tmp_path: Any, samples: Any, root: Any, moment: int
) -> None:
    import shutil

    from harvesters import load_sources, run_sources

    for publication in ("20210401", "20210801"):
        shutil.copytree(samples / "mynumber" / publication, tmp_path / "in" / publication)
    file = tmp_path / "harvest.yml"
    file.write_text(
        textwrap.dedent(f"""
            version: 1
            sources:
              - name: mynumber
                kind: mynumber
                title: {{ja: 試験, en: Test}}
                path: {tmp_path / "in"}
                guards: {{value-range: {{kpi-12: [0, 1]}}}}
                options: {{datasets: [prefectures]}}
        """),
        "utf-8",
    )
    [source] = load_sources(file, settings)
    [report] = run_sources(settings, [source])
    assert report.status is JobStatus.HELD
    command = [sys.executable, "-c", _KILLED, str(settings.home), str(file), str(moment)]
    done = subprocess.run(command, cwd=root, check=False, env={**os.environ, "PYTHONPATH": str(root)})
    assert done.returncode == -signal.SIGKILL
    [report] = run_sources(settings, [source])
    assert (report.status, report.published) == (JobStatus.SUCCEEDED, 3 - moment)
    assert report.datasets[0].decision["reason"] == "確かめた"


def test_a_hold_as_json_has_everything_a_person_needs(held: Any) -> None:
    [hold] = list_waiting(held.settings, ["figures"])
    told = json.loads(json.dumps(hold.to_dict()))
    assert (told["source"], told["dataset"], told["state"]) == ("figures", "figures", "waiting")
    assert told["base"] == held.current().digest
    assert told["trips"][0]["guard"] == "future-period"
    assert told["releases"][0]["changes"]["added"] == 20
    assert told["held_by"]["known_by"] == "os"


def test_accepting_an_unreadable_file_publishes_the_others_without_it(held: Any, figures: Year) -> None:
    held.guards(future_period=False)
    held.run()
    text = (held.folder / "b.csv").read_text("utf-8")
    (held.folder / "b.csv").write_text(text.replace("率", "交付率"), "utf-8")
    held.write("c.csv", figures("2024", value=41))
    assert held.run().status is JobStatus.HELD
    report = _approve(held)
    assert report.published == 1
    assert held.current().observations == 60


def test_superseded_holds_cannot_be_approved(held: Any, figures: Year) -> None:
    [old] = held.holds().list_holds("figures")
    held.write("b.csv", figures("2098"))
    held.run()
    states = {one.id: one.state for one in held.holds().list_holds("figures")}
    assert states[old.id] is HoldState.SUPERSEDED
    with pytest.raises(NothingHeld):
        _approve(held, job=old.job_id)
    assert held.holds().decide(replace(old), Action.APPROVE, by=ANNA, reason="x") is None
