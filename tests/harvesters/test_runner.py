"""Runs: what they publish, skip, survive and report."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.ckan import open_catalogue
from catalog.database import HarvestJournal, HarvestObject, JobStatus, ObjectState, open_database
from catalog.errors import CatalogueUnavailable, Label
from catalog.model import Dataset
from catalog.releases import Holdings
from catalog.settings import Settings
from harvesters import Context, Contribution, Fetched, Harvester, HarvestSource, load_sources, run_sources
from harvesters.mynumber.harvester import MyNumber
from harvesters.registry import harvesters
from harvesters.runner import source_lock

MakeSource = Callable[..., HarvestSource]
Read = Callable[[], Holdings]


@pytest.fixture
def folder(samples: Path, tmp_path: Path) -> Path:
    """Return a folder with three publications of the sample."""
    for publication in ("20210401", "20210801", "20211201"):
        shutil.copytree(samples / "mynumber" / publication, tmp_path / "in" / publication)
    return tmp_path / "in"


@pytest.fixture
def source(make_source: MakeSource, folder: Path) -> HarvestSource:
    return make_source(path=folder, datasets=("prefectures",))


@pytest.fixture
def journal(settings: Settings) -> Any:
    engine = open_database(settings.application_database_url)
    yield HarvestJournal(engine)
    engine.dispose()


def _versions(holdings: Holdings, name: str) -> list[str]:
    return [str(one.manifest.version) for one in holdings.get(name).releases]


def test_one_release_is_published_for_each_publication(
    settings: Settings, source: HarvestSource, holdings: Read
) -> None:
    [report] = run_sources(settings, [source])
    assert report.status is JobStatus.SUCCEEDED
    assert report.exit_code == 0
    assert [one.action for one in report.datasets] == ["created"]
    assert _versions(holdings(), "mynumber-prefectures") == ["1.0.0", "1.1.0", "1.2.0"]
    last = holdings().get("mynumber-prefectures").current.manifest
    assert (last.observations, last.issued, last.job) == (141, "2021-12-01T00:00:00+09:00", report.job)


def test_the_provenance_names_source_code_citation_and_raw_bytes(
    settings: Settings, source: HarvestSource, holdings: Read
) -> None:
    run_sources(settings, [source])
    made = holdings().get("mynumber-prefectures").current.manifest.provenance
    assert (made.source, made.activity) == ("mynumber", "shihyo.mynumber 1")
    assert made.citation.startswith("出典：総務省")
    assert [one.name for one in made.origins] == [
        f"{day}/all_prefectures.csv" for day in (20210401, 20210801, 20211201)
    ]
    raw = settings.home / "raw" / made.origins[0].sha256[:2] / made.origins[0].sha256
    assert raw.stat().st_size == made.origins[0].bytes


def test_a_second_run_transforms_and_publishes_nothing(
    settings: Settings, source: HarvestSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_sources(settings, [source])
    monkeypatch.setattr(MyNumber, "transform", _must_not_be_called)
    [report] = run_sources(settings, [source])
    assert report.skipped
    assert (report.status, report.published) == (JobStatus.SUCCEEDED, 0)
    assert [one.action for one in report.datasets] == ["unchanged"]
    assert {one.state for one in report.objects} == {ObjectState.UNCHANGED}


def _must_not_be_called(*_: Any) -> Any:
    raise AssertionError("nothing has changed")


def test_a_lost_application_database_publishes_nothing_twice(settings: Settings, source: HarvestSource) -> None:
    run_sources(settings, [source])
    (settings.home / "application.db").unlink()
    [report] = run_sources(settings, [source])
    assert not report.skipped
    assert (report.status, report.published) == (JobStatus.SUCCEEDED, 0)


def test_lost_builds_are_fetched_back_from_the_catalogue(settings: Settings, source: HarvestSource) -> None:
    run_sources(settings, [source])
    shutil.rmtree(settings.home / "builds")
    [report] = run_sources(settings, [source], force=True)
    assert (report.status, report.published) == (JobStatus.SUCCEEDED, 0)


def test_a_damaged_build_is_not_built_upon(settings: Settings, source: HarvestSource, folder: Path) -> None:
    run_sources(settings, [source])
    [parquet] = (settings.home / "builds").glob("*/*.parquet")
    parquet.write_bytes(b"PAR1")
    (folder / "20211201").rename(folder / "somewhere")
    [report] = run_sources(settings, [source])
    assert (report.status, report.published) == (JobStatus.SUCCEEDED, 0)


def test_an_emptied_catalogue_is_filled_again(settings: Settings, source: HarvestSource, holdings: Read) -> None:
    run_sources(settings, [source])
    shutil.rmtree(settings.home / "catalog")
    [report] = run_sources(settings, [source])
    assert not report.skipped
    assert report.published == 3
    assert len(holdings().get("mynumber-prefectures").releases) == 3


def test_a_new_publication_is_one_more_release(
    settings: Settings, source: HarvestSource, samples: Path, folder: Path, holdings: Read
) -> None:
    run_sources(settings, [source])
    shutil.copytree(samples / "mynumber" / "latest", folder / "latest")
    [report] = run_sources(settings, [source])
    assert report.published == 1
    assert [one.action for one in report.datasets] == ["updated"]
    assert _versions(holdings(), "mynumber-prefectures")[-1] == "1.3.0"
    assert [one.name for one in report.objects if one.state is ObjectState.NEW] == ["latest/all_prefectures.csv"]


def test_a_revised_publication_is_a_correction_with_its_reason(
    settings: Settings, source: HarvestSource, folder: Path, holdings: Read
) -> None:
    run_sources(settings, [source])
    file = folder / "20210401" / "all_prefectures.csv"
    text = file.read_text("utf-8-sig")
    assert "1311001,24.9" in text
    file.write_text(text.replace("1311001,24.9", "1311002,24.9"), "utf-8-sig")
    [report] = run_sources(settings, [source])
    [release] = report.datasets[0].releases
    assert release.changes == {"added": 0, "changed": 1, "removed": 0, "revised": 0}
    assert _versions(holdings(), "mynumber-prefectures")[-1] == "1.2.1"


def test_a_file_that_is_gone_is_reported_and_its_figures_stay(
    settings: Settings, source: HarvestSource, folder: Path, holdings: Read
) -> None:
    run_sources(settings, [source])
    shutil.rmtree(folder / "20210401")
    [report] = run_sources(settings, [source])
    assert report.to_dict()["counts"]["gone"] == 1
    assert report.findings.examples["object-gone"][0].place.file == "20210401/all_prefectures.csv"
    assert report.published == 0
    assert holdings().get("mynumber-prefectures").current.manifest.observations == 141


def test_the_same_period_in_two_folders_is_used_once(settings: Settings, source: HarvestSource, folder: Path) -> None:
    shutil.copytree(folder / "20211201", folder / "latest")
    [report] = run_sources(settings, [source])
    assert report.published == 3
    assert report.findings.examples["period-twice"][0].place.file == "latest/all_prefectures.csv"
    assert [one.name for one in report.objects if one.state is ObjectState.SKIPPED] == ["latest/all_prefectures.csv"]


def test_a_broken_file_fails_alone_and_is_tried_again(
    settings: Settings, source: HarvestSource, folder: Path, holdings: Read
) -> None:
    good = (folder / "20210801" / "all_prefectures.csv").read_bytes()
    (folder / "20210801" / "all_prefectures.csv").write_bytes(b"\x00\x01")
    [report] = run_sources(settings, [source])
    assert (report.status, report.exit_code, report.published) == (JobStatus.PARTIAL, 1, 2)
    assert list(report.object_errors) == ["20210801/all_prefectures.csv"]
    assert "文字コード" in "\n".join(report.lines("ja"))
    (folder / "20210801" / "all_prefectures.csv").write_bytes(good)
    [again] = run_sources(settings, [source])
    assert (again.status, again.published) == (JobStatus.SUCCEEDED, 1)
    assert holdings().get("mynumber-prefectures").current.manifest.observations == 141


def test_an_empty_source_fails_and_takes_nothing_away(
    settings: Settings, source: HarvestSource, folder: Path, holdings: Read
) -> None:
    run_sources(settings, [source])
    for publication in list(folder.iterdir()):
        shutil.rmtree(publication)
    [report] = run_sources(settings, [source])
    assert report.status is JobStatus.FAILED
    assert report.error is not None
    assert "公開済みのデータは消しません" in report.error["next_step"]["ja"]
    assert holdings().get("mynumber-prefectures").current.manifest.observations == 141


def test_a_source_that_fails_does_not_keep_the_next_one_from_its_turn(
    settings: Settings, source: HarvestSource, make_source: MakeSource, tmp_path: Path
) -> None:
    missing = make_source("procedures", path=tmp_path / "nothing.csv")
    first, second = run_sources(settings, [missing, source])
    assert (first.status, second.status) == (JobStatus.FAILED, JobStatus.SUCCEEDED)


class _Buggy(Harvester):
    """A harvester with a bug."""

    kind = "buggy"
    version = "1"
    title = Label("欠陥", "Buggy")

    def datasets(self, context: Context) -> tuple[Dataset, ...]:
        return ()

    def gather(self, context: Context) -> Sequence[HarvestObject]:
        return [HarvestObject(name="a", location="a")]

    def fetch(self, context: Context, wanted: HarvestObject, known: HarvestObject | None) -> Fetched:
        raise ZeroDivisionError("bug")

    def transform(self, context: Context, fetched: Fetched) -> Sequence[Contribution]:
        raise AssertionError("is not reached")


def test_a_bug_in_a_harvester_is_caught_counted_and_reported(
    settings: Settings, source: HarvestSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(harvesters(), "buggy", _Buggy())
    buggy = replace(source, name="buggy", kind="buggy", options={})
    first, second = run_sources(settings, [buggy, source])
    assert first.status is JobStatus.FAILED
    assert first.object_errors["a"]["code"] == "internal"
    assert "ZeroDivisionError" in first.object_errors["a"]["what"]["en"]
    assert second.status is JobStatus.SUCCEEDED


def test_a_table_that_breaks_a_rule_fails_its_dataset_alone(
    settings: Settings, make_source: MakeSource, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = MyNumber.transform

    def doubled(self: MyNumber, context: Context, fetched: Fetched) -> list[Contribution]:
        [one] = real(self, context, fetched)
        twice = one.table.slice(0, 1)
        import pyarrow as pa

        bad = pa.concat_tables([one.table, twice]) if "prefectures" in one.dataset.name else one.table
        return [replace(one, table=bad)]

    monkeypatch.setattr(MyNumber, "transform", doubled)
    [report] = run_sources(settings, [make_source(path=folder, datasets=("prefectures", "age-sex"))])
    assert report.status is JobStatus.PARTIAL
    assert {one.name: one.action for one in report.datasets} == {
        "mynumber-prefectures": "failed",
        "mynumber-age-sex": "created",
    }
    assert report.datasets[0].error is not None
    assert report.datasets[0].error["code"] == "check-failed"


def test_a_catalogue_that_does_not_answer_fails_the_job_and_the_next_run_catches_up(
    settings: Settings, source: HarvestSource
) -> None:
    remote = replace(settings, catalog_url="http://127.0.0.1:9", catalog_timeout=1)
    [report] = run_sources(remote, [source])
    assert report.status is JobStatus.FAILED
    assert report.error is not None
    assert report.error["code"] == CatalogueUnavailable.code
    [again] = run_sources(settings, [source])
    assert (again.status, again.published) == (JobStatus.SUCCEEDED, 3)


def test_two_runs_of_one_source_do_not_overlap(
    settings: Settings, source: HarvestSource, journal: HarvestJournal
) -> None:
    with source_lock(settings, source.name):
        [report] = run_sources(settings, [source])
    assert report.status is JobStatus.FAILED
    assert report.error is not None
    assert report.error["code"] == "source-busy"
    assert journal.list_jobs() == []


class _Interrupt:
    """Presses Ctrl-C at a step."""

    def __init__(self, stage: str, done: int) -> None:
        self._at = (stage, done)

    def update(self, source: str, stage: str, done: int, total: int | None) -> None:
        if (stage, done) == self._at:
            raise KeyboardInterrupt


def test_ctrl_c_ends_the_run_with_the_job_cancelled_and_the_next_run_completes_it(
    settings: Settings, source: HarvestSource, journal: HarvestJournal, holdings: Read
) -> None:
    reports = run_sources(settings, [source, source], progress=_Interrupt("publish mynumber-prefectures", 1))
    assert [one.status for one in reports] == [JobStatus.CANCELLED]
    assert reports[0].exit_code == 1
    assert [one.status for one in journal.list_jobs()] == [JobStatus.CANCELLED]
    [again] = run_sources(settings, [source])
    assert (again.status, again.published) == (JobStatus.SUCCEEDED, 2)
    assert len(holdings().get("mynumber-prefectures").releases) == 3


_KILLED = """
import sys
from pathlib import Path
from catalog.settings import Settings
from harvesters import load_sources, run_sources

class Loud:
    def update(self, source, stage, done, total):
        print(stage, done, flush=True)

settings = Settings(home=Path(sys.argv[1]))
run_sources(settings, load_sources(Path(sys.argv[2]), settings), progress=Loud())
"""


@pytest.mark.parametrize(
    "moment", ["fetch 1", "transform 2", "publish mynumber-prefectures 1", "publish mynumber-prefectures 2"]
)
def test_a_killed_run_is_marked_lost_and_the_next_run_publishes_the_same_releases(
    settings: Settings, folder: Path, tmp_path: Path, holdings: Read, root: Path, moment: str
) -> None:
    file = tmp_path / "harvest.yml"
    file.write_text(
        textwrap.dedent(f"""
            version: 1
            organisations: {{chiba-city: {{title: {{ja: 千葉市, en: Chiba City}}}}}}
            sources:
              - name: mynumber
                kind: mynumber
                title: {{ja: 試験, en: Test}}
                path: {folder}
                options: {{datasets: [prefectures]}}
        """),
        "utf-8",
    )
    command = [sys.executable, "-c", _KILLED, str(settings.home), str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == moment:
                os.kill(process.pid, signal.SIGKILL)
                break
        process.wait()
    assert process.returncode == -signal.SIGKILL
    sources = load_sources(file, settings)
    [report] = run_sources(settings, sources)
    assert len(report.lost) == 1
    assert report.status is JobStatus.SUCCEEDED
    killed = [one.digest for one in holdings().get("mynumber-prefectures").releases]
    untouched = replace(settings, home=tmp_path / "untouched")
    [clean] = run_sources(untouched, sources)
    assert killed == [one.digest for one in clean.datasets[0].releases]


def test_only_the_newest_build_of_a_dataset_is_kept(settings: Settings, source: HarvestSource) -> None:
    [report] = run_sources(settings, [source])
    kept = [one.name for one in (settings.home / "builds").iterdir()]
    assert kept == [report.datasets[0].releases[-1].digest]


def test_the_journal_has_job_objects_and_report(
    settings: Settings, source: HarvestSource, journal: HarvestJournal
) -> None:
    [report] = run_sources(settings, [source])
    [job] = journal.list_jobs()
    assert (job.id, job.status) == (report.job, JobStatus.SUCCEEDED)
    assert job.report is not None
    assert {name: count for name, count in job.report["counts"].items() if count} == {"created": 1}
    assert job.report["rows"] == {"read": 141, "accepted": 141, "rejected": 0}
    assert len(journal.list_objects(job.id)) == 3


def test_a_new_option_makes_an_unchanged_source_be_read_again(
    settings: Settings, make_source: MakeSource, folder: Path
) -> None:
    run_sources(settings, [make_source(path=folder, datasets=("prefectures",))])
    [report] = run_sources(settings, [make_source(path=folder, datasets=("prefectures",), sample=True)])
    assert not report.skipped
    [release] = report.datasets[0].releases
    assert release.version == "1.2.1"


def test_a_dataset_that_was_edited_by_hand_is_not_overwritten(
    settings: Settings, source: HarvestSource, samples: Path, folder: Path
) -> None:
    run_sources(settings, [source])
    catalogue = open_catalogue(settings)
    catalogue.action("package_patch", id="mynumber-prefectures", title="手で直した題名")
    catalogue.close()
    shutil.copytree(samples / "mynumber" / "latest", folder / "latest")
    [report] = run_sources(settings, [source])
    assert report.status is JobStatus.FAILED
    assert report.datasets[0].error is not None
    assert report.datasets[0].error["code"] == "edited-by-hand"


def test_a_source_over_http_costs_304s_the_second_time(
    settings: Settings, make_source: MakeSource, folder: Path, serve: Any, respond: Any
) -> None:
    def answer(handler: Any) -> None:
        body = (folder / handler.path.removeprefix("/")).read_bytes()
        tag = f'"{len(body)}"'
        if handler.headers.get("If-None-Match") == tag:
            respond(handler, b"", 304)
        else:
            respond(handler, body, ETag=tag)

    server = serve(answer)
    local = replace(settings, allow_private_addresses=True)
    source = make_source(url=server.url, folders=("20210401", "20210801"), datasets=("prefectures",))
    [first] = run_sources(local, [source])
    [second] = run_sources(local, [source])
    assert (first.published, second.skipped) == (2, True)
    assert [bool(headers.get("If-None-Match")) for _, headers in server.requests] == [False, False, True, True]


def test_reports_speak_both_languages(settings: Settings, source: HarvestSource) -> None:
    [report] = run_sources(settings, [source])
    assert report.lines("ja")[0] == "試験 (mynumber): 完了"
    assert report.lines("en")[1] == (
        "  mynumber-prefectures: created (3 releases, version 1.0.0 - 1.2.0, 141 observations)"
    )


def test_progress_hears_every_stage(settings: Settings, source: HarvestSource) -> None:
    heard: list[tuple[str, int, int | None]] = []

    class Ear:
        def update(self, source: str, stage: str, done: int, total: int | None) -> None:
            heard.append((stage, done, total))

    run_sources(settings, [source], progress=Ear())
    stages = list(dict.fromkeys(stage for stage, _, _ in heard))
    assert stages == ["gather", "fetch", "transform", "publish mynumber-prefectures"]
    assert all((stage, 3, 3) in heard for stage in stages[1:])
