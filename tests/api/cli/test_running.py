"""``shihyo harvest jobs | log | cancel | digest | schedule``, and the schedule beside the server."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from api.cli import run
from api.cli.console import Exit
from catalog.database import HarvestJournal, JobStatus, RunningJournal, open_database

SHIHYO = str(Path(sys.executable).with_name("shihyo"))
FILE = """
version: 1
sources:
  - name: procedures
    kind: procedures
    title: {{ja: 手続, en: Procedures}}
    path: {sample}
    schedule: 毎日 3:00
    options: {{sample: true}}
"""


@pytest.fixture
def here(environ: dict[str, str], root: Path, tmp_path: Path) -> dict[str, str]:
    """Return an environment whose one source was due long ago."""
    file = tmp_path / "harvest.yml"
    sample = root / "harvesters" / "samples" / "procedures" / "procedures_2025-07-29_sample.csv"
    file.write_text(FILE.format(sample=sample), "utf-8")
    changed = environ | {"SHIHYO_HARVEST_FILE": str(file)}
    engine = open_database(f"sqlite:///{changed['SHIHYO_HOME']}/application.db")
    RunningJournal(engine).note_schedule("procedures", "毎日 3:00", "2026-01-01T00:00:00Z")
    engine.dispose()
    return changed


def _journal(environ: dict[str, str]) -> HarvestJournal:
    return HarvestJournal(open_database(f"sqlite:///{environ['SHIHYO_HOME']}/application.db"))


def _shihyo(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SHIHYO, *arguments], env=environ, capture_output=True, text=True)


def test_jobs_and_their_logs_are_listed_after_a_run(here: dict[str, str]) -> None:
    assert _shihyo(here, "harvest", "run").returncode == 0
    [job] = json.loads(_shihyo(here, "harvest", "jobs", "--json").stdout)
    assert (job["source"], job["status"], job["attempt"]) == ("procedures", "succeeded", 1)
    assert job["job"] in _shihyo(here, "harvest", "jobs").stdout
    log = _shihyo(here, "harvest", "log", job["job"]).stdout
    assert "一覧の取得" in log
    assert "procedures-online: 作成" in log
    digest = json.loads(_shihyo(here, "harvest", "digest", "--since", "2000-01-01", "--json").stdout)
    assert [one["name"] for one in digest["created"]] == ["procedures-online"]
    assert digest["deliveries"] == []


@pytest.mark.usefixtures("command")
def test_a_job_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("log", "cancel"):
        assert run(["harvest", verb, "nonsense"]) == Exit.FAILURE
        assert "ジョブ「nonsense」はありません" in capsys.readouterr().err


@pytest.mark.usefixtures("command")
def test_cancelling_tells_what_becomes_of_a_job(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    journal = _journal(environ)
    queued, running = journal.enqueue("a", "csv"), journal.start("b", "csv")
    ended = journal.finish(journal.start("c", "csv"), JobStatus.SUCCEEDED, {})
    said = {}
    for job in (queued, running, ended):
        code = run(["harvest", "cancel", job.id])
        said[job.source] = (code, capsys.readouterr().err)
    assert (said["a"][0], said["b"][0], said["c"][0]) == (Exit.SUCCESS, Exit.SUCCESS, Exit.FAILURE)
    assert "取り消しました" in said["a"][1]
    assert "次の区切りで止まります" in said["b"][1]
    assert "もう終わっています（完了）" in said["c"][1]
    found = journal.find_job(running.id)
    assert found is not None
    assert found.cancel is not None


@pytest.mark.usefixtures("command")
def test_sending_a_digest_without_a_channel_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["harvest", "digest", "--send"]) == Exit.FAILURE
    assert "SHIHYO_MAIL_HOST" in capsys.readouterr().err


@pytest.mark.usefixtures("command")
def test_a_mail_that_cannot_be_sent_does_not_fail_the_run(
    here: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHIHYO_HARVEST_FILE", here["SHIHYO_HARVEST_FILE"])
    for key, value in {"HOST": "127.0.0.1", "PORT": "1", "FROM": "a@example.jp", "TO": "b@example.jp"}.items():
        monkeypatch.setenv(f"SHIHYO_MAIL_{key}", value)
    assert run(["harvest", "run"]) == Exit.SUCCESS
    assert "メールサーバー 127.0.0.1:1 から送れません" in capsys.readouterr().err
    assert run(["harvest", "digest"]) == Exit.SUCCESS
    assert "前回は送れませんでした（mail" in capsys.readouterr().out


def test_the_schedule_runs_what_is_due_and_ends_cleanly(here: dict[str, str]) -> None:
    with subprocess.Popen(
        [SHIHYO, "harvest", "schedule"], env=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert "手続 (procedures): 完了" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in err


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_the_server_harvests_what_is_due_when_the_setting_says_so(here: dict[str, str], ending: signal.Signals) -> None:
    own = here | {"SHIHYO_SCHEDULE": "true"}
    with subprocess.Popen([SHIHYO, "serve"], env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _wait_for(f"{here['SHIHYO_SITE_URL']}/api/v1/datasets/procedures-online")
        [job] = _journal(here).list_jobs()
        scheduler = int((job.worker or "").rpartition(":")[2])
        assert scheduler != process.pid
        process.send_signal(ending)
        process.wait(30)
    _wait_until_gone(scheduler)


def _wait_for(url: str) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"{url} did not answer")


def _wait_until_gone(pid: int) -> None:
    end = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
        assert time.monotonic() < end
        time.sleep(0.05)
