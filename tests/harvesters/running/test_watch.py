"""The watched folder: what staff drop is published, or put aside with a report; never lost, never overwritten."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.errors import ConfigurationError, Label
from catalog.releases import Holdings
from catalog.settings import Settings
from harvesters import load_sources, run_sources
from harvesters.runner import source_lock
from harvesters.running import intake, watch
from harvesters.running.dropped import Dropped, Settling, is_open, is_temporary
from harvesters.running.intake import NOTE, Taken
from harvesters.running.watch import Watcher, run_watch

SHIHYO = str(Path(sys.executable).with_name("shihyo"))
SOURCE = """
  - name: {name}
    kind: csv
    title: {{ja: 表, en: Table}}
    {place}
    options:
      dataset: {name}
      dataset_title: {{ja: 小さな表, en: Small table}}
      dataset_description: {{ja: 小さな表, en: Small table}}
      landing_page: https://example.jp/
      citation: {{ja: 出典, en: Source}}
      license: cc-by
      mapping:
        indicator: {{const: kpi-12}}
        definition: {{const: kpi-12.issued}}
        area: {{column: 団体コード}}
        period: {{column: 年度, as: fiscal-year}}
        value: {{column: 率, unit: PT, percent: points}}
"""
PLACES = {
    "rates": "path: in/rates\n    watch: '交付率*.csv'",
    "one": "path: in/one.csv",
    "remote": "url: https://example.jp/x.csv",
}
HARVEST = "version: 1\nsources:" + "".join(SOURCE.format(name=name, place=place) for name, place in PLACES.items())


def _table(year: int, rate: float = 30.5) -> str:
    return f"団体コード,年度,率\n121002,{year},{rate}\n131016,{year},{rate}\n"


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    return tmp_path / "drop"


@pytest.fixture
def here(settings: Settings, tmp_path: Path) -> Settings:
    (tmp_path / "harvest.yml").write_text(HARVEST, "utf-8")
    (tmp_path / "in" / "rates").mkdir(parents=True)
    return replace(settings, harvest_file=tmp_path / "harvest.yml")


@pytest.fixture
def watcher(here: Settings, watched: Path) -> Watcher:
    made = Watcher(here, watched, tell=lambda _: None)
    made.prepare()
    return made


def _drop(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def _report(taken: Taken) -> str:
    raw = (taken.folder / f"{taken.name}.報告.txt").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    return raw.decode("utf-8-sig")


def _releases(holdings: Callable[[], Holdings], name: str = "rates") -> list[int]:
    found = holdings().find(name)
    return [one.manifest.observations for one in found.releases] if found else []


def test_a_dropped_file_is_published_and_lies_in_done_with_its_reports(
    watcher: Watcher, watched: Path, tmp_path: Path, holdings: Callable[[], Holdings]
) -> None:
    _drop(watched / "rates", "2022.csv", _table(2022))
    [taken] = watcher.look()
    assert (taken.name, taken.source, taken.outcome) == ("2022.csv", "rates", "done")
    assert taken.folder.parent == watched / "rates" / "done"
    assert sorted(one.name for one in taken.folder.iterdir()) == [
        "2022.csv",
        "2022.csv.report.json",
        "2022.csv.報告.txt",
        "2022.csv.機械可読性.html",
    ]
    assert _report(taken).startswith("結果: 公開しました\r\n")
    assert "Result: Published" in _report(taken)
    assert json.loads((taken.folder / "2022.csv.report.json").read_bytes())["run"]["releases"] == 1
    assert (tmp_path / "in" / "rates" / "2022.csv").read_text("utf-8") == _table(2022)
    assert _releases(holdings) == [2]
    assert watcher.look() == []


def test_a_file_that_cannot_be_used_changes_nothing_and_its_report_says_why(
    watcher: Watcher, watched: Path, tmp_path: Path, holdings: Callable[[], Holdings]
) -> None:
    _drop(watched / "rates", "2023.csv", "番号,年度,率\n1,2023,30\n")
    [taken] = watcher.look()
    assert taken.outcome == "failed"
    assert "団体コード" in _report(taken)
    assert list((tmp_path / "in" / "rates").iterdir()) == []
    assert (taken.folder / "2023.csv").exists()
    assert _releases(holdings) == []


def test_a_file_of_the_same_name_keeps_what_it_replaces(
    watcher: Watcher, watched: Path, tmp_path: Path, holdings: Callable[[], Holdings]
) -> None:
    more = _table(2022) + "141003,2022,20.5\n"
    _drop(watched / "rates", "2022.csv", _table(2022))
    [first] = watcher.look()
    _drop(watched / "rates", "2022.csv", more)
    [second] = watcher.look()
    assert (first.outcome, second.outcome) == ("done", "done")
    assert first.folder != second.folder
    assert (second.folder / "replaced" / "2022.csv").read_text("utf-8") == _table(2022)
    assert (tmp_path / "in" / "rates" / "2022.csv").read_text("utf-8") == more
    assert _releases(holdings) == [2, 3]


def test_what_a_guard_holds_lies_in_held_and_stays_in_the_source(
    watcher: Watcher, watched: Path, tmp_path: Path
) -> None:
    _drop(watched / "rates", "2022.csv", _table(2022, 30.5))
    watcher.look()
    _drop(watched / "rates", "2023.csv", _table(2023, 0.305))
    [taken] = watcher.look()
    assert taken.outcome == "held"
    assert taken.folder.parent.name == "held"
    assert "shihyo harvest approve rates" in _report(taken)
    assert (tmp_path / "in" / "rates" / "2023.csv").exists()


def test_a_source_that_is_one_file_gets_a_new_one_under_its_own_name(
    watcher: Watcher, watched: Path, tmp_path: Path
) -> None:
    _drop(watched / "one", "新しい.csv", _table(2022))
    [taken] = watcher.look()
    assert taken.outcome == "done"
    assert (tmp_path / "in" / "one.csv").read_text("utf-8") == _table(2022)
    _drop(watched / "one", "別の形.xlsx", "PK")
    [refused] = watcher.look()
    assert refused.outcome == "failed"
    assert ".csv のファイルを読みます" in _report(refused)


def test_a_file_at_the_top_finds_its_source_by_its_pattern_however_its_name_is_written(
    watcher: Watcher, watched: Path, tmp_path: Path
) -> None:
    _drop(watched, unicodedata.normalize("NFD", "交付率データ2022.csv"), _table(2022))
    [taken] = watcher.look()
    assert (taken.source, taken.outcome) == ("rates", "done")
    assert (tmp_path / "in" / "rates" / "交付率データ2022.csv").exists()


def test_a_file_for_no_source_is_put_aside_with_the_names_of_the_sources(watcher: Watcher, watched: Path) -> None:
    _drop(watched, "なぞ.csv", "1")
    (watched / "unknown").mkdir()
    _drop(watched / "unknown", "x.csv", "1")
    taken = watcher.look()
    assert [(one.outcome, one.source, one.folder.parent) for one in taken] == [
        ("failed", None, watched / "failed"),
        ("failed", None, watched / "failed"),
    ]
    assert "rates、one" in _report(taken[0])
    assert {one.name for one in taken} == {"なぞ.csv", "x.csv"}


def test_a_source_that_reads_a_url_takes_no_files(watcher: Watcher, watched: Path) -> None:
    (watched / "remote").mkdir()
    _drop(watched / "remote", "x.csv", _table(2022))
    [taken] = watcher.look()
    assert taken.outcome == "failed"
    assert "URLから読む" in _report(taken)


def test_a_catalogue_that_does_not_answer_leaves_the_source_as_it_was(
    here: Settings, watched: Path, tmp_path: Path
) -> None:
    away = replace(here, catalog_url="http://127.0.0.1:9", catalog_timeout=1)
    watcher = Watcher(away, watched, tell=lambda _: None)
    watcher.prepare()
    _drop(watched / "rates", "2022.csv", _table(2022))
    [taken] = watcher.look()
    assert taken.outcome == "failed"
    assert list((tmp_path / "in" / "rates").iterdir()) == []
    assert (taken.folder / "2022.csv").exists()


def test_a_busy_source_gets_its_file_later(here: Settings, watched: Path) -> None:
    now = [0.0]
    watcher = Watcher(here, watched, tell=lambda _: None, clock=lambda: now[0])
    watcher.prepare()
    _drop(watched / "rates", "2022.csv", _table(2022))
    with source_lock(here, "rates"):
        assert watcher.look() == []
    assert watcher.look() == []
    now[0] = 11.0
    [taken] = watcher.look()
    assert taken.outcome == "done"


def test_a_file_whose_name_or_format_the_source_does_not_read_is_refused_and_not_called_published(
    watcher: Watcher, watched: Path, tmp_path: Path, holdings: Callable[[], Holdings]
) -> None:
    _drop(watched / "rates", "2022.csv", _table(2022))
    watcher.look()
    _drop(watched / "rates", "2023.xlsx", _table(2023))
    [taken] = watcher.look()
    assert taken.outcome == "failed"
    assert taken.error is not None
    assert "options の files: *.csv" in _report(taken)
    assert "reads no file of this name" in _report(taken)
    assert [one.name for one in (tmp_path / "in" / "rates").iterdir()] == ["2022.csv"]
    assert _releases(holdings) == [2]


def test_what_is_not_published_is_told_with_the_place_of_its_report(here: Settings, watched: Path) -> None:
    told: list[Label] = []
    watcher = Watcher(here, watched, tell=told.append)
    watcher.prepare()
    _drop(watched / "rates", "empty.csv", "")
    [taken] = watcher.look()
    assert told[0].ja == (
        f"empty.csv (rates): 使えませんでした → 次の報告を読んでください: {taken.folder / 'empty.csv.報告.txt'}"
    )
    assert (taken.folder / "empty.csv.報告.txt").is_file()


def test_a_link_is_told_once_and_not_followed(here: Settings, watched: Path, tmp_path: Path) -> None:
    told: list[Label] = []
    watcher = Watcher(here, watched, tell=told.append)
    watcher.prepare()
    _drop(tmp_path, "outside.csv", _table(2022))
    (watched / "rates" / "link.csv").symlink_to(tmp_path / "outside.csv")
    (watched / "folder").symlink_to(tmp_path)
    assert watcher.look() == watcher.look() == []
    assert [one.ja.split(":")[0] for one in told] == ["folder", "link.csv"]
    assert "is a link" in told[1].en


def test_a_disk_without_room_is_told_and_the_file_is_taken_in_when_there_is_some(
    here: Settings, watched: Path, monkeypatch: pytest.MonkeyPatch, holdings: Callable[[], Holdings]
) -> None:
    stop, told = threading.Event(), []
    copies: list[bool] = []

    def full(*arguments: object) -> None:
        copies.append(True)
        if len(copies) == 1:
            raise OSError(errno.ENOSPC, "No space left on device", "in/rates")
        copy(*arguments)  # type: ignore[arg-type]

    def tell(text: Label) -> None:
        told.append(text)
        if "公開しました" in text.ja:
            stop.set()

    copy = intake._copy_whole
    monkeypatch.setattr(intake, "_copy_whole", full)
    monkeypatch.setattr(watch, "BUSY_SECONDS", 0.05)
    (watched / "rates").mkdir(parents=True)
    _drop(watched / "rates", "2022.csv", _table(2022))
    run_watch(here, watched, stop=stop, tell=tell)
    assert "空きがありません" in told[0].ja
    assert "no room" in told[0].en
    assert _releases(holdings) == [2]


# -- which files are complete


def _dropped(path: Path, size: int = 1) -> Dropped:
    return Dropped(path, size, 1)


def test_a_file_that_grows_is_waited_for(tmp_path: Path) -> None:
    settling, path = Settling(5), tmp_path / "x.csv"
    assert settling.complete([_dropped(path, 1)], 0) == []
    assert settling.complete([_dropped(path, 2)], 4) == []
    assert settling.complete([_dropped(path, 2)], 8) == []
    assert settling.complete([_dropped(path, 2)], 9) == [_dropped(path, 2)]


def test_a_file_that_went_away_and_came_back_is_waited_for_again(tmp_path: Path) -> None:
    settling, path = Settling(5), tmp_path / "x.csv"
    settling.complete([_dropped(path)], 0)
    settling.complete([], 3)
    assert settling.complete([_dropped(path)], 6) == []


@pytest.mark.parametrize(
    "name", ["~$x.xlsx", ".x.csv", ".~lock.x.ods#", "x.csv.part", "x.tmp", "X.CRDOWNLOAD", "Thumbs.db", "x.csv~"]
)
def test_files_that_programs_make_for_themselves_are_passed_over(name: str) -> None:
    assert is_temporary(name)
    assert not is_temporary("市民アンケート.xlsx")


@pytest.mark.parametrize("owner", ["~$調査票.xlsx", "~$票.xlsx", ".~lock.調査票.xlsx#"])
def test_a_file_that_is_open_in_a_program_is_waited_for(watcher: Watcher, watched: Path, owner: str) -> None:
    path = _drop(watched / "rates", "調査票.xlsx", "PK")
    lock = _drop(watched / "rates", owner, "")
    assert is_open(path)
    assert watcher.look() == []
    lock.unlink()
    assert [one.name for one in watcher.look()] == ["調査票.xlsx"]


def test_links_are_not_followed(watcher: Watcher, watched: Path, tmp_path: Path) -> None:
    secret = _drop(tmp_path, "secret.csv", _table(2022))
    (watched / "rates" / "link.csv").symlink_to(secret)
    assert watcher.look() == []
    assert secret.exists()


# -- kills, and who may watch


def test_whatever_a_killed_process_left_behind_is_taken_up(
    watcher: Watcher, here: Settings, watched: Path, holdings: Callable[[], Holdings]
) -> None:
    working = watched / "rates" / "working"
    for stamp, note in (("1", b'{"name": "2021.csv", "source": "rates"}'), ("2", b""), ("3", b"{")):
        (working / stamp).mkdir(parents=True)
        (working / stamp / NOTE).write_bytes(note)
        _drop(working / stamp, f"{2020 + int(stamp)}.csv", _table(2020 + int(stamp)))
    (working / "4").mkdir()
    taken = watcher.look()
    assert sorted((one.name, one.outcome) for one in taken) == [
        ("2021.csv", "done"),
        ("2022.csv", "done"),
        ("2023.csv", "done"),
    ]
    assert list(working.iterdir()) == []
    assert _releases(holdings) == [2, 4, 6]


@pytest.mark.slow
def test_killed_at_any_moment_no_file_is_lost_and_nothing_is_published_twice(
    here: Settings, watched: Path, tmp_path: Path, holdings: Callable[[], Holdings]
) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    moments = random.Random(seed)
    environ = {key: value for key, value in os.environ.items() if not key.startswith("SHIHYO_")}
    environ |= {
        "SHIHYO_HOME": str(here.home),
        "SHIHYO_HARVEST_FILE": str(here.harvest_file),
        "SHIHYO_WATCH_SECONDS": "0",
    }
    (watched / "rates").mkdir(parents=True)
    for year in (2021, 2022):
        _drop(watched / "rates", f"{year}.csv", _table(year))
    done = watched / "rates" / "done"
    for _ in range(5):
        with subprocess.Popen([SHIHYO, "harvest", "watch", str(watched)], env=environ, stdout=subprocess.PIPE) as watch:
            assert watch.stdout is not None
            watch.stdout.readline()
            time.sleep(moments.uniform(0, 0.8))
            watch.send_signal(signal.SIGKILL)
    watcher = Watcher(here, watched, tell=lambda _: None)
    watcher.prepare()
    watcher.look()
    assert sorted(one.name for one in done.glob("*/*.csv")) == ["2021.csv", "2022.csv"]
    assert sorted(one.name for one in (tmp_path / "in" / "rates").iterdir()) == ["2021.csv", "2022.csv"]
    assert list((watched / "rates").glob("working/*")) == []
    assert _releases(holdings)[-1] == 4
    assert len(_releases(holdings)) == 2


def test_the_watch_ends_when_asked_and_a_second_one_is_refused(here: Settings, watched: Path) -> None:
    stop, said = threading.Event(), list[Label]()
    thread = threading.Thread(target=run_watch, args=(here, watched), kwargs={"stop": stop, "tell": said.append})
    thread.start()
    end = time.monotonic() + 20
    while not (watched / "rates").is_dir() and time.monotonic() < end:
        time.sleep(0.02)
    with pytest.raises(ConfigurationError, match="Another process watches"):
        run_watch(here, watched, stop=threading.Event(), tell=print)
    _drop(watched / "rates", "2022.csv", _table(2022))
    while not said and time.monotonic() < end:
        time.sleep(0.02)
    stop.set()
    thread.join()
    assert [one.ja for one in said] == ["2022.csv (rates): 公開しました"]


def test_a_file_that_says_what_is_published_is_not_called_published(watcher: Watcher, watched: Path) -> None:
    _drop(watched / "rates", "2022.csv", _table(2022))
    watcher.look()
    _drop(watched / "rates", "2022.csv", _table(2022))
    [taken] = watcher.look()
    assert taken.outcome == "done"
    assert taken.line("ja") == "2022.csv (rates): 公開済みと同じ内容です。新しい版はありません"
    assert _report(taken).startswith("結果: 公開済みと同じ内容です。新しい版はありません\r\n")
    assert "Result: Published already: no new release" in _report(taken)


def test_a_source_whose_path_lies_in_the_watched_folder_is_refused(here: Settings, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="lies in the watched folder"):
        Watcher(here, tmp_path / "in", tell=print).prepare()


def test_a_source_that_is_called_like_a_folder_of_ours_is_refused(here: Settings, watched: Path) -> None:
    here.harvest_file.write_text(HARVEST.replace("name: rates", "name: done"), "utf-8")
    with pytest.raises(ConfigurationError, match="named done"):
        Watcher(here, watched, tell=print).prepare()


def test_a_run_by_hand_sees_what_was_taken_in_as_unchanged(watcher: Watcher, here: Settings, watched: Path) -> None:
    _drop(watched / "rates", "2022.csv", _table(2022))
    watcher.look()
    [report] = run_sources(here, load_sources(here.harvest_file, here)[:1])
    assert report.skipped
