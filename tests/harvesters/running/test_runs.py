"""Runs that are tried again, cancelled, out of time, or taken over by another machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog.ckan import Catalogue
from catalog.database import HarvestJournal, JobStatus, Leases, open_database
from catalog.errors import CatalogueUnavailable
from catalog.settings import Settings
from harvesters import HarvestSource, run_sources
from harvesters.procedures.harvester import Procedures


def _fail(times: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let the catalogue not answer the first times that it is asked for a package; return the count of questions."""
    asked = [0]
    really = Catalogue.find_package

    def find(self: Catalogue, name: str) -> Any:
        asked[0] += 1
        if asked[0] <= times:
            raise CatalogueUnavailable("カタログが応答しません", "The catalogue does not answer")
        return really(self, name)

    monkeypatch.setattr(Catalogue, "find_package", find)
    return asked


def test_a_catalogue_that_answers_later_is_tried_again_in_the_same_job(
    settings: Settings, source: HarvestSource, journal: HarvestJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail(2, monkeypatch)
    [report] = run_sources(settings, [replace(source, retries=2)])
    assert report.status is JobStatus.SUCCEEDED
    [job] = journal.list_jobs()
    assert (job.id, job.attempt, job.status) == (report.job, 3, JobStatus.SUCCEEDED)
    said = [one.ja for one in journal.list_log(job.id)]
    assert [one for one in said if "再試行します" in one] == [
        "一時的な失敗のため、0秒後に再試行します（1/2回目）",
        "一時的な失敗のため、0秒後に再試行します（2/2回目）",
    ]
    assert "カタログが応答しません" in said


def test_the_number_of_retries_is_a_limit(
    settings: Settings, source: HarvestSource, journal: HarvestJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _fail(99, monkeypatch)
    [report] = run_sources(settings, [replace(source, retries=2)])
    assert (report.status, report.error and report.error["code"]) == (JobStatus.FAILED, "catalogue-unavailable")
    assert asked[0] == 3
    assert journal.list_jobs()[0].attempt == 3


def test_without_retries_a_failure_is_final(
    settings: Settings, source: HarvestSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _fail(1, monkeypatch)
    [report] = run_sources(settings, [source])
    assert (report.status, asked[0]) == (JobStatus.FAILED, 1)


def test_the_default_of_the_caller_does_not_override_the_source(
    settings: Settings, source: HarvestSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _fail(99, monkeypatch)
    run_sources(settings, [source], retries=1)
    assert asked[0] == 2
    run_sources(settings, [replace(source, retries=0)], retries=1)
    assert asked[0] == 3


def test_bad_input_is_never_tried_again(
    settings: Settings, source: HarvestSource, journal: HarvestJournal, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("何か\n1\n", "utf-8")
    [report] = run_sources(settings, [replace(source, path=bad, retries=5)])
    assert report.status is JobStatus.FAILED
    assert journal.list_jobs()[0].attempt == 1


def test_a_server_that_does_not_answer_is_tried_again_and_one_that_says_404_is_not(
    settings: Settings,
    make_source: Callable[..., HarvestSource],
    journal: HarvestJournal,
    serve: Callable[..., Any],
    respond: Callable[..., None],
) -> None:
    server = serve(lambda handler: respond(handler, status=503 if handler.path == "/busy.csv" else 404))
    for path, attempts in (("/busy.csv", 3), ("/gone.csv", 1)):
        source = replace(make_source("procedures", url=server.url + path), retries=2)
        [report] = run_sources(settings, [source])
        assert report.status is JobStatus.FAILED
        assert journal.list_jobs()[0].attempt == attempts


def _slow(monkeypatch: pytest.MonkeyPatch, seconds: float) -> threading.Event:
    """Let reading a file take its time; return what is set when it began."""
    began = threading.Event()
    really = Procedures.transform

    def transform(self: Procedures, *args: Any) -> Any:
        began.set()
        time.sleep(seconds)
        return really(self, *args)

    monkeypatch.setattr(Procedures, "transform", transform)
    return began


def _in_background(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    return thread, results


def test_a_person_cancels_a_running_job_from_elsewhere_and_the_next_source_runs(
    settings: Settings,
    named: Callable[..., HarvestSource],
    journal: HarvestJournal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began = _slow(monkeypatch, 0.7)
    thread, results = _in_background(lambda: run_sources(settings, [named("a"), named("b")]))
    assert began.wait(10)
    [job] = journal.list_jobs()
    assert journal.ask_cancel(job.id) is not None
    thread.join()
    first, second = results[0]
    assert (first.status, first.error["code"], first.published) == (JobStatus.CANCELLED, "cancelled", 0)
    assert second.status is JobStatus.SUCCEEDED
    found = journal.find_job(job.id)
    assert found is not None
    assert found.status is JobStatus.CANCELLED


def test_a_run_that_takes_too_long_ends_at_its_next_step(
    settings: Settings, source: HarvestSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    _slow(monkeypatch, 0.2)
    [report] = run_sources(settings, [replace(source, timeout=timedelta(seconds=0.1), retries=3)])
    assert (report.status, report.error and report.error["code"]) == (JobStatus.FAILED, "timed-out")
    assert "timeout" in report.error["next_step"]["ja"]
    assert report.published == 0


def test_a_running_job_tells_how_far_it_is(
    settings: Settings, source: HarvestSource, journal: HarvestJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = _slow(monkeypatch, 0.8)
    thread, _ = _in_background(lambda: run_sources(settings, [source]))
    assert began.wait(10)
    end = time.monotonic() + 5
    while (job := journal.list_jobs()[0]).stage != "transform" and time.monotonic() < end:
        time.sleep(0.02)
    thread.join()
    assert (job.stage, job.done, job.total, job.status) == ("transform", 0, 1, JobStatus.RUNNING)
    assert job.heartbeat is not None
    assert job.worker is not None
    done = journal.list_jobs()[0]
    assert done.stage == "publish procedures-online"
    assert (done.rows or 0) > 0


def test_another_machine_that_holds_the_source_is_named_and_nothing_runs(
    settings: Settings, source: HarvestSource, journal: HarvestJournal
) -> None:
    engine = open_database(settings.application_database_url)
    leases = Leases(engine, 60)
    assert leases.take(f"source {source.name}", holder="x", home="another home", worker="machine-2:77")
    [report] = run_sources(settings, [source])
    assert (report.status, report.error and report.error["code"]) == (JobStatus.FAILED, "source-busy")
    assert "machine-2:77" in report.error["what"]["ja"]
    assert journal.list_jobs() == []
    leases.release(f"source {source.name}", "x")
    engine.dispose()
    assert run_sources(settings, [source])[0].status is JobStatus.SUCCEEDED


def test_a_lease_that_was_taken_away_stops_the_run_before_it_publishes(
    settings: Settings, source: HarvestSource, journal: HarvestJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = _slow(monkeypatch, 0.8)
    thread, results = _in_background(lambda: run_sources(settings, [source]))
    assert began.wait(10)
    engine = open_database(settings.application_database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE harvest_lease SET holder = 'somebody else', home = 'elsewhere'")
    engine.dispose()
    thread.join()
    [report] = results[0]
    assert (report.status, report.error["code"], report.published) == (JobStatus.LOST, "lease-lost", 0)


def test_the_log_of_a_job_tells_its_stages_and_its_outcome_in_both_languages(
    settings: Settings, source: HarvestSource, journal: HarvestJournal
) -> None:
    [report] = run_sources(settings, [source])
    assert report.job is not None
    lines = journal.list_log(report.job)
    assert [one.ja for one in lines][:3] == ["一覧の取得", "取得（1件）", "読み取り（1件）"]
    assert any("procedures-online: created" in one.en for one in lines)
    assert {one.level for one in lines} == {"info"}
