"""Services of a source that needs approval are held as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.database import JobStatus
from catalog.database.holds import Actor
from catalog.settings import Settings
from harvesters import HarvestSource, plan_sources, run_sources
from harvesters.guards.declared import Limits
from harvesters.publishing import approval


@pytest.fixture
def source(make_source: Callable[..., HarvestSource], samples: Path) -> HarvestSource:
    made = make_source("services", path=samples / "services" / "services.yml")
    return replace(made, guards=Limits(approval_required=True))


def test_they_wait_are_told_and_are_published_when_another_person_approves(
    settings: Settings, source: HarvestSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    [plan] = plan_sources(settings, [source])
    assert plan.exit_code == 3
    [report] = run_sources(settings, [source])
    assert (report.status, report.exit_code) == (JobStatus.HELD, 3)
    assert {one.action for one in report.services} == {"held"}
    assert "[approval-required]" in "\n".join(report.lines("ja"))
    assert "services wait for approval" in "\n".join(report.lines("en"))
    monkeypatch.setattr(approval, "find_actor", lambda _: Actor(ckan=None, os="somebody-else"))
    done = approval.approve(settings, source, reason="確かめた")
    assert done.status is JobStatus.SUCCEEDED
    assert {one.action for one in done.services} == {"created"}
    [again] = run_sources(settings, [source])
    assert again.skipped


def test_rejected_services_are_not_published(settings: Settings, source: HarvestSource) -> None:
    run_sources(settings, [source])
    approval.reject(settings, source.name, reason="試し")
    [report] = run_sources(settings, [source])
    assert (report.status, {one.action for one in report.services}) == (JobStatus.SUCCEEDED, {"rejected"})
