"""Take in one dropped file: plan, install, run, report, and put it where it belongs.

Order of events, each of which may be the last before a kill; whoever starts next goes on from the beginning, and
nothing is done twice::

    claim       the file moves to working/<time>/, with intake.json beside it; from now on staff may go home
    plan        a copy of the source's files with this one among them; what cannot be read ends here
    install     the file goes into the source's folder; one of the same name is kept in replaced/
    run         as ``shihyo harvest run`` does
    take back   if the run failed and published nothing, the source's folder is as it was
    report      for people (txt), for programs (JSON) and the page of its machine-readability (HTML)
    move        working/<time>/ becomes done/, held/ or failed/<time>/, in one step
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
import tempfile
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from catalog.database import JobStatus
from catalog.errors import InputError, Label, Place, ShihyoError
from catalog.settings import Settings
from harvesters.base import HarvestSource, NoProgress, Progress
from harvesters.plan import SourcePlan, plan_sources
from harvesters.readability import check_file, write_page
from harvesters.report import JobReport
from harvesters.runner import run_sources
from harvesters.running.dropped import DONE, FAILED, HELD, WORKING
from harvesters.running.patience import PASSING, UNATTENDED_RETRIES

#: what a working folder knows about its file
NOTE = "intake.json"
_INPUT, _REPLACED = "input", "replaced"
#: kinds whose files have answers of people: no value of a cell stands in a report
_PRIVATE = frozenset({"survey"})
_OUTCOMES = {
    DONE: Label("公開しました", "Published"),
    HELD: Label("承認を待っています", "Waiting for approval"),
    FAILED: Label("使えませんでした", "It could not be used"),
}
_NOTHING_NEW = Label("公開済みと同じ内容です。新しい版はありません", "Published already: no new release")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a dropped file."""

    #: name of the file
    name: str
    #: name of the source; None if it is for none
    source: str | None
    #: done, held or failed
    outcome: str
    #: where it lies now, with its reports
    folder: Path
    #: why it could not be used, or None
    error: ShihyoError | None = None
    #: whether the run published anything
    is_news: bool = False

    @property
    def result(self) -> Label:
        """What became of it, in words."""
        return _NOTHING_NEW if self.outcome == DONE and not self.is_news else _OUTCOMES[self.outcome]

    def line(self, lang: str) -> str:
        """Return it for people, on one line."""
        said = f"{self.name} ({self.source or '-'}): {self.result.in_language(lang)}"
        if self.error:
            return f"{said}: {self.error.message(lang)}"
        if self.outcome == DONE:
            return said
        see = Label("次の報告を読んでください", "Read the report")
        return f"{said} → {see.in_language(lang)}: {self.folder / _report_name(self.name)}"


class Intake:
    """Takes files in.

    Parameters
    ----------
    settings
        Of this process.
    folder
        The watched folder.
    progress
        Hears how far runs are.
    """

    def __init__(self, settings: Settings, folder: Path, progress: Progress | None = None) -> None:
        self._settings, self._folder, self._progress = settings, folder, progress or NoProgress()

    def claim(self, path: Path, source: HarvestSource | None) -> Path:
        """Move a file to a working folder and return that."""
        place = self._folder / source.name if source else self._folder
        working = _new_folder(place / WORKING, self._stamp())
        note = {"name": path.name, "source": source.name if source else None}
        (working / NOTE).write_bytes(orjson.dumps(note))
        path.rename(working / path.name)
        return working

    def unfinished(self) -> list[tuple[Path, str | None]]:
        """Return the working folders that a process left behind, each with the name of its source.

        One whose file never arrived is removed: the file still lies where it was dropped.
        """
        folders = sorted([*self._folder.glob(f"{WORKING}/*"), *self._folder.glob(f"*/{WORKING}/*")])
        return [(working, _mend_note(working, self._folder)["source"]) for working in folders if _has_file(working)]

    def take_in(self, working: Path, source: HarvestSource) -> Taken | None:
        """Do everything for a claimed file; None if the source is busy or the run was stopped: then again later."""
        name = name_of(working)
        plan: SourcePlan | None = None
        report: JobReport | None = None
        try:
            target = _target(source, name)
            plan = self._plan(working, source, target)
            if not _is_refused(plan, target.name):
                _check_is_read(plan, source, target)
                _install(working, name, target)
                [report] = run_sources(self._settings, [source], progress=self._progress, retries=UNATTENDED_RETRIES)
                if _is_unfinished(report):
                    return None
                _take_back(working, target, report)
        except ShihyoError as trouble:
            return self._finish(working, source, FAILED, error=trouble)
        return self._finish(working, source, _outcome(report), plan=plan, report=report)

    def refuse(self, working: Path, error: ShihyoError) -> Taken:
        """Put a file aside that is for no source."""
        return self._finish(working, None, FAILED, error=error)

    def _plan(self, working: Path, source: HarvestSource, target: Path) -> SourcePlan:
        """Plan with the file among those of the source, without touching them."""
        stage = working / _INPUT
        shutil.rmtree(stage, ignore_errors=True)
        whole = source.folder / str(source.path) != target
        if whole:
            shutil.copytree(target.parent, stage, copy_function=_link_or_copy, symlinks=True)
        else:
            stage.mkdir()
        staged = stage / target.name
        staged.unlink(missing_ok=True)
        _link_or_copy(working / name_of(working), staged)
        place = stage if whole else staged
        try:
            [plan] = plan_sources(self._settings, [replace(source, path=place.resolve())], progress=self._progress)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
        return plan

    def _finish(
        self,
        working: Path,
        source: HarvestSource | None,
        outcome: str,
        *,
        plan: SourcePlan | None = None,
        report: JobReport | None = None,
        error: ShihyoError | None = None,
    ) -> Taken:
        name = name_of(working)
        is_news = report is not None and report.has_published
        taken = Taken(name, source.name if source else None, outcome, working, error, is_news)
        _write_report(working, taken, plan, report, self._now())
        _write_readability(working, name, private=source is not None and source.kind in _PRIVATE)
        final = _move(working, working.parents[1] / outcome)
        (final / NOTE).unlink()
        return replace(taken, folder=final)

    def _now(self) -> datetime:
        return datetime.now(ZoneInfo(self._settings.time_zone))

    def _stamp(self) -> str:
        return self._now().strftime("%Y%m%d-%H%M%S")


# -- where the file goes


def _target(source: HarvestSource, name: str) -> Path:
    """Return where a file goes in its source: into its folder, or in the place of its one file."""
    if source.path is None:
        raise _unusable(
            name,
            Label(
                f"収集元「{source.name}」はURLから読むため、ファイルを受け取りません",
                f"The source {source.name} reads a URL and takes no files",
            ),
            Label(
                "ファイルを受け取る収集元のフォルダに置いてください",
                "Put it into the folder of a source that takes files",
            ),
        )
    declared = _place(source.folder / source.path)
    if declared.is_dir():
        return declared / unicodedata.normalize("NFC", name)
    if declared.suffix.casefold() != Path(name).suffix.casefold():
        raise _unusable(
            name,
            Label(f"この収集元は {declared.suffix} のファイルを読みます", f"This source reads {declared.suffix} files"),
            Label(
                f"{declared.suffix} で保存し直して置いてください", f"Save it as {declared.suffix} and put it in again"
            ),
        )
    return declared


def _place(declared: Path) -> Path:
    """Return the path of a source; the first file of a source finds its folder made."""
    if not declared.exists():
        (declared.parent if declared.suffix else declared).mkdir(parents=True, exist_ok=True)
    return declared


def _install(working: Path, name: str, target: Path) -> None:
    """Put the file into the source; what it replaces is kept, once."""
    if target.exists():
        if filecmp.cmp(working / name, target, shallow=False):
            return
        kept = working / _REPLACED / target.name
        if not kept.exists():
            kept.parent.mkdir(exist_ok=True)
            _copy_whole(target, kept)
    _copy_whole(working / name, target)


def _take_back(working: Path, target: Path, report: JobReport) -> None:
    """Undo the installation if the run used nothing of it."""
    if report.status not in {JobStatus.FAILED, JobStatus.PARTIAL} or report.published:
        return
    kept = working / _REPLACED / target.name
    if kept.exists():
        _copy_whole(kept, target)
    else:
        target.unlink(missing_ok=True)


def _copy_whole(source: Path, target: Path) -> None:
    """Copy a file so that its name never stands for half of it."""
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".incoming-", suffix=".tmp")
    os.close(handle)
    try:
        shutil.copy2(source, temporary)
        with Path(temporary).open("rb") as written:
            os.fsync(written.fileno())
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _link_or_copy(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target)


def _new_folder(parent: Path, stamp: str) -> Path:
    """Make a folder of a name that was not there."""
    parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, 10_000):
        with contextlib.suppress(FileExistsError):
            made = parent / (stamp if number == 1 else f"{stamp}-{number}")
            made.mkdir()
            return made
    raise AssertionError("unreachable: ten thousand files in one second")


def _move(working: Path, parent: Path) -> Path:
    """Move a folder into another one under a name that was not there."""
    parent.mkdir(parents=True, exist_ok=True)
    final = _new_folder(parent, working.name)
    # An empty folder of its own may be replaced; one with files would be an error.
    working.rename(final)
    return final


def _read_note(working: Path) -> dict[str, Any] | None:
    try:
        note: dict[str, Any] = orjson.loads((working / NOTE).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    return note


def _has_file(working: Path) -> bool:
    """Return whether a file arrived; a folder without one is removed."""
    note = _read_note(working)
    if note is not None and (working / note["name"]).is_file():
        return True
    if any(one.name != NOTE for one in working.iterdir()):
        return True
    shutil.rmtree(working)
    return False


def _mend_note(working: Path, folder: Path) -> dict[str, Any]:
    """Return the note of a working folder; one that a power cut left empty is written again."""
    note = _read_note(working)
    if note is None:
        place = working.parents[1]
        [name] = [one.name for one in working.iterdir() if one.is_file() and one.name != NOTE]
        note = {"name": name, "source": None if place == folder else place.name}
        (working / NOTE).write_bytes(orjson.dumps(note))
    return note


def name_of(working: Path) -> str:
    """Return the name of the file of a working folder."""
    note = _read_note(working)
    if note is None:
        raise AssertionError("unreachable: a working folder has its note")
    return str(note["name"])


# -- what became of it


def _is_refused(plan: SourcePlan, name: str) -> bool:
    """Return whether the plan shows that the file cannot be used; trouble that may pass is for the run to see."""
    errors = [plan.error, plan.object_errors.get(name), *(one.error for one in plan.datasets)]
    errors += [one.error for one in plan.services]
    return any(one is not None and one["code"] not in PASSING for one in errors)


def _check_is_read(plan: SourcePlan, source: HarvestSource, target: Path) -> None:
    """Refuse a file that the source passes over: nothing of it would ever be published, and nobody would say so."""
    read = [unicodedata.normalize("NFC", Path(one.location).name) for one in plan.objects]
    if plan.error is not None or target.name in read:
        return
    pattern = source.options.get("files")
    seen = f"options の files: {pattern}" if pattern else "、".join(read[:5])
    seen_en = f"files: {pattern} in its options" if pattern else ", ".join(read[:5])
    raise _unusable(
        target.name,
        Label(
            f"収集元「{source.name}」はこの名前のファイルを読みません（読むもの: {seen}）",
            f"The source {source.name} reads no file of this name (it reads {seen_en})",
        ),
        Label(
            "読む名前と形式に直して、もう一度置いてください。置く場所を誤ったのなら、正しい収集元のフォルダに置いてください",
            "Give it a name and format that is read and put it in again, or put it into the folder of the right source",
        ),
    )


def _is_unfinished(report: JobReport) -> bool:
    if report.status is JobStatus.LOST or (report.status is JobStatus.CANCELLED and report.error is None):
        return True
    return report.error is not None and report.error["code"] == "source-busy"


def _outcome(report: JobReport | None) -> str:
    if report is None:
        return FAILED
    return {JobStatus.SUCCEEDED: DONE, JobStatus.HELD: HELD}.get(report.status, FAILED)


def _write_report(
    working: Path, taken: Taken, plan: SourcePlan | None, report: JobReport | None, now: datetime
) -> None:
    """Write the report for people, which Excel and Notepad open right, and for programs."""
    lines = [line for lang in ("ja", "en") for line in [*_lines(taken, plan, report, now, lang), ""]]
    (working / _report_name(taken.name)).write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    document = {
        "file": taken.name,
        "source": taken.source,
        "outcome": taken.outcome,
        "at": now.isoformat(timespec="seconds"),
        "error": taken.error.to_dict() if taken.error else None,
        "plan": plan.to_dict() if plan else None,
        "run": report.to_dict() if report else None,
    }
    (working / f"{taken.name}.report.json").write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))


def _report_name(name: str) -> str:
    return f"{name}.報告.txt"


def _lines(taken: Taken, plan: SourcePlan | None, report: JobReport | None, now: datetime, lang: str) -> list[str]:
    heads = (
        (Label("結果", "Result"), taken.result.in_language(lang)),
        (Label("ファイル", "File"), taken.name),
        (Label("収集元", "Source"), taken.source or "-"),
        (Label("日時", "Time"), now.strftime("%Y-%m-%d %H:%M")),
    )
    lines = [f"{label.in_language(lang)}: {text}" for label, text in heads]
    if taken.error:
        lines += ["", taken.error.message(lang)]
    told = report or plan
    return [*lines, "", *told.lines(lang)] if told else lines


def _write_readability(working: Path, name: str, *, private: bool) -> None:
    try:
        page = write_page(check_file(working / name, values=not private))
    except ShihyoError:
        # A file that no table can be found in has no such report; its own report says why it failed.
        return
    (working / f"{name}.機械可読性.html").write_text(page, "utf-8")


def _unusable(name: str, what: Label, step: Label) -> InputError:
    return InputError(what.ja, what.en, next_step=step, place=Place(file=name), value=name)
