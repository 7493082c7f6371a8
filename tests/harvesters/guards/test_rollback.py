"""Rollbacks: an earlier release again, as a new one, and what is withdrawn stays away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from api.application import create_application
from api.node import Node
from catalog.ckan import Follower
from catalog.database import JobStatus
from catalog.database.holds import Action
from catalog.errors import ApprovalRefused, NoSuchDataset, NoSuchVersion
from catalog.formats import read_parquet
from catalog.releases import LocalCopy
from harvesters.publishing.approval import approve
from harvesters.publishing.rollback import roll_back

Year = Callable[..., dict[tuple[str, str], float]]


@pytest.fixture
def grown(bench: Any, figures: Year) -> Any:
    """Return a source with two releases: 2023, and 2024 upon it."""
    bench.write("b.csv", figures("2024", value=41))
    assert bench.run().published == 1
    return bench


def _back(bench: Any, **how: Any) -> Any:
    return roll_back(bench.settings, "figures", **{"reason": "桁の誤りが見つかった", **how})


def _releases(bench: Any) -> Any:
    catalogue = bench.catalogue()
    try:
        copy = LocalCopy(bench.settings.home / "copy-of-test")
        return Follower(catalogue, copy).synchronise().get("figures").releases
    finally:
        catalogue.close()


def test_the_earlier_observations_are_current_again_and_history_stays(grown: Any) -> None:
    done = _back(grown)
    first, second, third = _releases(grown)
    assert read_parquet(third.parquet).equals(read_parquet(first.parquet))
    assert third.manifest.parent == second.digest
    assert done.release.digest == third.digest
    assert (done.release.version, done.release.changes["removed"]) == ("2.0.0", 20)


def test_the_provenance_says_what_was_brought_back_what_was_withdrawn_and_why(grown: Any) -> None:
    _back(grown)
    first, second, third = _releases(grown)
    rollback = third.manifest.provenance.rollback
    assert (rollback.restored, rollback.restored_version) == (first.digest, "1.0.0")
    assert (rollback.withdrawn, rollback.withdrawn_version) == (second.digest, "1.1.0")
    assert rollback.reason == "桁の誤りが見つかった"
    assert "rollback" not in first.manifest.to_dict()["provenance"]


def test_the_decision_tells_who_when_and_why(grown: Any) -> None:
    done = _back(grown)
    [decision] = grown.holds().list_decisions(action=Action.ROLLBACK)
    assert decision == done.decision
    assert (decision.state, decision.source, decision.dataset) == ("stands", "figures", "figures")
    assert "版 1.1.0 を取り下げ、版 1.0.0 の内容を版 2.0.0 として公開しました（+0 ~0 -20 = 20）" in done.lines("ja")[0]
    assert "version 1.1.0 is withdrawn; version 1.0.0 is published again as version 2.0.0" in done.lines("en")[0]
    assert "桁の誤りが見つかった" in done.lines("ja")[1]


def test_the_next_run_holds_the_withdrawn_figures(grown: Any) -> None:
    _back(grown)
    before = grown.current()
    assert grown.plan().exit_code == 3
    report = grown.run()
    assert (report.status, report.published) == (JobStatus.HELD, 0)
    assert [one["guard"] for one in report.datasets[0].trips] == ["rolled-back"]
    ja, en = "\n".join(report.lines("ja")), "\n".join(report.lines("en"))
    assert "[rolled-back] 取り下げた版 1.1.0 の値 20 個のうち 20 個が、もう一度公開されます" in ja
    assert "桁の誤りが見つかった" in ja
    assert "[rolled-back] 20 of 20 values of the withdrawn version 1.1.0 would be published again" in en
    assert grown.current() == before


def test_corrected_figures_are_published_after_a_rollback(grown: Any, figures: Year) -> None:
    _back(grown)
    grown.write("b.csv", figures("2024", value=43))
    report = grown.run()
    assert (report.status, report.published) == (JobStatus.SUCCEEDED, 1)


def test_a_file_that_brings_even_one_withdrawn_value_back_is_held(grown: Any, figures: Year) -> None:
    _back(grown)
    grown.write("b.csv", figures("2024", value=43) | {("010006", "2024"): 41.0})
    report = grown.run()
    assert [one["guard"] for one in report.datasets[0].trips] == ["rolled-back"]
    assert report.datasets[0].trips[0]["figures"]["after"] == 1


def test_a_new_file_beside_the_withdrawn_one_does_not_let_it_slip_through(grown: Any, figures: Year) -> None:
    _back(grown)
    grown.write("c.csv", figures("2025", value=44))
    assert grown.run().status is JobStatus.HELD
    assert grown.current().temporal == ("2023", "2023")


def test_what_a_faulty_release_lost_may_not_get_lost_again(grown: Any, figures: Year) -> None:
    grown.guards(row_loss=False, revision=False)
    grown.write("b.csv", dict(list(figures("2024", value=41).items())[:10]))
    assert grown.run().published == 1
    _back(grown)
    report = grown.run()
    assert [one["guard"] for one in report.datasets[0].trips] == ["rolled-back"]


def test_an_approval_publishes_the_withdrawn_figures_and_ends_the_withdrawal(grown: Any) -> None:
    _back(grown)
    grown.run()
    report = approve(grown.settings, grown.source, reason="誤りではなかった")
    assert report.published == 1
    assert [one.state for one in grown.holds().list_decisions(action=Action.ROLLBACK)] == ["lifted"]
    assert grown.run().skipped


def test_a_withdrawal_stands_also_after_later_releases(grown: Any, figures: Year) -> None:
    _back(grown)
    grown.write("b.csv", figures("2024", value=43))
    grown.run()
    grown.guards(revision=False)
    grown.write("b.csv", figures("2024", value=41))
    assert [one["guard"] for one in grown.run().datasets[0].trips] == ["rolled-back"]


def test_a_rollback_of_a_rollback_brings_the_withdrawn_release_back_on_purpose(grown: Any) -> None:
    _back(grown)
    with pytest.raises(NoSuchVersion, match="--to"):
        _back(grown)
    _back(grown, to="1.1.0", reason="取り下げが誤りだった")
    assert grown.current().observations == 40
    assert grown.run().status is JobStatus.SUCCEEDED


@pytest.mark.parametrize("to", ["1.0.0", "1"])
def test_the_release_is_named_by_version_or_sequence(grown: Any, to: str) -> None:
    assert _back(grown, to=to).decision.details["restored"]["sequence"] == 1


@pytest.mark.parametrize("to", ["1.1.0", "2", "9.9.9", "0", "99"])
def test_a_release_that_is_current_or_not_there_is_refused(grown: Any, to: str) -> None:
    with pytest.raises(NoSuchVersion, match=to) as caught:
        _back(grown, to=to)
    assert "shihyo catalog sync" in str(caught.value)
    assert grown.current().sequence == 2


def test_the_first_release_cannot_be_rolled_back(bench: Any) -> None:
    with pytest.raises(NoSuchVersion):
        _back(bench)


def test_a_dataset_that_is_not_published_is_named_with_the_nearest(grown: Any) -> None:
    with pytest.raises(NoSuchDataset, match="figures"):
        roll_back(grown.settings, "figurs", reason="x")


def test_a_rollback_needs_a_reason(grown: Any) -> None:
    with pytest.raises(ApprovalRefused):
        _back(grown, reason=" ")


_KILLED = """
import os, signal, sys
from pathlib import Path
from catalog.settings import Settings
from harvesters.publishing import rollback

real = rollback.publish

def publish(catalogue, built, **more):
    if sys.argv[2] == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    real(catalogue, built, **more)
    os.kill(os.getpid(), signal.SIGKILL)

rollback.publish = publish
rollback.roll_back(Settings(home=Path(sys.argv[1])), "figures", reason="桁の誤りが見つかった")
"""


def _kill(bench: Any, root: Any, moment: str) -> None:
    command = [sys.executable, "-c", _KILLED, str(bench.settings.home), moment]
    done = subprocess.run(command, cwd=root, check=False, env={**os.environ, "PYTHONPATH": str(root)})
    assert done.returncode == -signal.SIGKILL


def test_killed_before_publishing_nothing_is_withdrawn_and_the_same_command_finishes_it(grown: Any, root: Any) -> None:
    _kill(grown, root, "before")
    assert grown.current().sequence == 2
    assert grown.run(force=True).status is JobStatus.SUCCEEDED
    _back(grown)
    assert grown.current().sequence == 3
    assert len(grown.holds().list_decisions(action=Action.ROLLBACK)) == 1


def test_killed_after_publishing_the_withdrawal_stands(grown: Any, root: Any) -> None:
    _kill(grown, root, "after")
    assert grown.current().sequence == 3
    assert grown.run().status is JobStatus.HELD


def test_catalogue_api_and_metadata_tell_the_rollback_to_readers(grown: Any) -> None:
    _back(grown)
    catalogue = grown.catalogue()
    node = Node.from_settings(grown.settings)
    node.swap(Follower(catalogue, LocalCopy(grown.settings.home / "copy")).synchronise())
    client = create_application(grown.settings, node).test_client()
    release = client.get("/api/v1/datasets/figures/releases/2.0.0").get_json()
    turtle = client.get("/catalog.ttl").get_data(as_text=True)
    node.close()
    assert release["data"]["provenance"]["rollback"]["reason"] == "桁の誤りが見つかった"
    assert "版 1.1.0 を取り下げ、版 1.0.0 の内容を再び公開" in turtle
    extras = {one["key"]: one["value"] for one in catalogue.action("package_show", id="figures")["extras"]}
    catalogue.close()
    assert "Version 1.1.0 is withdrawn, version 1.0.0 published again" in extras["provenance"]
