"""Remove what is not needed any more, on each machine for itself.

Order of events: the scheduler and each worker ask at every tick whether maintenance is due (``SHIHYO_MAINTENANCE``, a
schedule as sources have them); one process of a ``SHIHYO_HOME`` does it; each step of :data:`STEPS` finds what is older
than its setting says, and removes it; what was removed is told and kept in ``maintenance.json`` of the home, which also
says when it was. A step that fails is told, and the others go on.

Nothing goes that is published, that a source has, or that waits for a decision; builds, the local copy and what is left
of killed runs can be made again. Raw inputs are evidence: they are kept for ever unless the operator says otherwise.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from filelock import FileLock, Timeout
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from catalog.ckan.client import open_embedded
from catalog.database import HarvestJournal, open_database
from catalog.database.holds import HoldJournal, HoldState
from catalog.database.jobs import utc_text
from catalog.embedded import EmbeddedCatalog
from catalog.errors import Label, ShihyoError
from catalog.releases import LocalCopy, find_old_builds, remove_build
from catalog.settings import Settings
from harvesters.fetching.raw import RawStore
from harvesters.running.schedule import Schedule, parse_schedule

#: what the last maintenance did, and when
NAME = "maintenance.json"
#: value of the setting that turns it off
OFF = "off"
#: files of killed runs are left alone so long: a run may be writing them
_ARRIVING = timedelta(days=1)

Tell = Callable[[Label], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """What one step removed, or would remove."""

    #: name of the step
    step: str
    #: how many releases, files, jobs or entries
    items: int = 0
    #: what the files among them free, in bytes
    bytes: int = 0
    #: why it failed, or None
    error: Label | None = None

    @property
    def label(self) -> Label:
        """What it says to people."""
        named = STEPS[self.step].label
        if self.error is not None:
            return Label(f"{named.ja}: ✗ {self.error.ja}", f"{named.en}: ✗ {self.error.en}")
        freed = f" ({self.bytes / 1_000_000:.1f} MB)" if self.bytes else ""
        return Label(f"{named.ja}: {self.items}件{freed}", f"{named.en}: {self.items}{freed}")

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        error = self.error.to_dict() if self.error else None
        return {"step": self.step, "items": self.items, "bytes": self.bytes, "error": error}


@dataclass(frozen=True, slots=True)
class _Site:
    """What the steps work on."""

    settings: Settings
    engine: Engine
    now: datetime
    dry_run: bool

    def before(self, days: int) -> datetime | None:
        """Return the time before which things go; None if they are kept for ever."""
        return self.now - timedelta(days=days) if days else None

    def remove(self, step: str, paths: Sequence[Path], by: Callable[[Path], None] = Path.unlink) -> Cleared:
        """Remove files or folders, unless this is a dry run."""
        freed = sum(_size(one) for one in paths)
        for one in () if self.dry_run else paths:
            by(one)
        return Cleared(step=step, items=len(paths), bytes=freed)


def _size(path: Path) -> int:
    return sum(_size(one) for one in path.iterdir()) if path.is_dir() else path.stat().st_size


def _builds(site: _Site) -> Cleared:
    before = site.before(site.settings.keep_builds_days)
    old = find_old_builds(site.settings.home / "builds", before=before.timestamp()) if before else []
    return site.remove("builds", old, remove_build)


def _copy(site: _Site) -> Cleared:
    copy = LocalCopy(site.settings.home / "copy")
    if not copy.folder.is_dir():
        return Cleared(step="copy")
    with copy.locked():
        return site.remove("copy", copy.find_garbage())


def _jobs(site: _Site) -> Cleared:
    before = site.before(site.settings.keep_jobs_days)
    if before is None:
        return Cleared(step="jobs")
    waiting = HoldJournal(site.engine).list_holds(states=(HoldState.WAITING, HoldState.APPROVED))
    journal = HarvestJournal(site.engine)
    old = journal.find_old_jobs(before, needed=[one.job_id for one in waiting])
    if not site.dry_run:
        journal.delete_jobs(old)
    return Cleared(step="jobs", items=len(old))


def _raw(site: _Site) -> Cleared:
    store = RawStore(site.settings.home / "raw")
    old = store.find_abandoned(before=(site.now - _ARRIVING).timestamp())
    before = site.before(site.settings.keep_raw_days)
    if before is not None:
        needed = HarvestJournal(site.engine).known_digests()
        old += store.find_old(before=before.timestamp(), needed=needed)
    return site.remove("raw", old)


def _files(site: _Site) -> Cleared:
    with _embedded(site.settings) as catalog:
        garbage = catalog.find_garbage() if catalog else []
        freed = sum(_size(one) for one in garbage)
        if catalog and not site.dry_run:
            garbage = catalog.collect_garbage()
    return Cleared(step="files", items=len(garbage), bytes=freed)


def _audit(site: _Site) -> Cleared:
    before = site.before(site.settings.keep_audit_days)
    with _embedded(site.settings) as catalog:
        if before is None or catalog is None:
            return Cleared(step="audit")
        return Cleared(step="audit", items=catalog.count_audit(before) if site.dry_run else catalog.trim_audit(before))


@contextmanager
def _embedded(settings: Settings) -> Iterator[EmbeddedCatalog | None]:
    """Give the embedded catalogue of this home; None if there is none or another catalogue is used."""
    if settings.catalog_url or not (settings.home / "catalog").is_dir():
        yield None
        return
    catalog = open_embedded(settings)
    try:
        yield catalog
    finally:
        catalog.close()


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of thing that maintenance removes."""

    #: what it removes
    label: Label
    #: does it
    clear: Callable[[_Site], Cleared]


#: name -> step, in the order in which they are done: jobs go before the raw inputs that they know
STEPS = {
    "builds": Step(Label("組み立てたリリース", "built releases"), _builds),
    "copy": Step(Label("手元の写しにある、どのリリースにもないファイル", "files of the copy without a release"), _copy),
    "jobs": Step(Label("収集ジョブの報告と記録", "reports and logs of harvest jobs"), _jobs),
    "raw": Step(Label("生データ", "raw inputs"), _raw),
    "files": Step(Label("カタログにある、どのデータセットにもないファイル", "unneeded catalogue files"), _files),
    "audit": Step(Label("監査記録", "entries of the audit log"), _audit),
}


def maintain(settings: Settings, *, dry_run: bool = False, now: datetime | None = None) -> list[Cleared]:
    """Remove what is not needed any more; with ``dry_run``, say only what it would be.

    Raises
    ------
    DatabaseError
        If the application database cannot be used.
    """
    engine = open_database(settings.application_database_url)
    moment = now or datetime.now(UTC)
    try:
        site = _Site(settings, engine, moment, dry_run)
        done = [_step(name, site) for name in STEPS]
    finally:
        engine.dispose()
    if not dry_run:
        _note(settings, moment, done)
    return done


def _step(name: str, site: _Site) -> Cleared:
    try:
        return STEPS[name].clear(site)
    except ShihyoError as error:
        return Cleared(step=name, error=Label(error.message("ja"), error.message("en")))
    except (OSError, SQLAlchemyError, Timeout) as error:
        return Cleared(step=name, error=Label(str(error), str(error)))


def check_schedule(settings: Settings) -> Schedule | None:
    """Return when maintenance is done; None if never.

    Raises
    ------
    ScheduleError
        If the setting ``maintenance`` is no schedule.
    """
    return None if settings.maintenance == OFF else parse_schedule(settings.maintenance)


def is_due(settings: Settings, now: datetime) -> bool:
    """Return whether maintenance is due; the first time that this is asked begins the schedule."""
    schedule = check_schedule(settings)
    if schedule is None:
        return False
    try:
        last = datetime.fromisoformat(json.loads((settings.home / NAME).read_text("utf-8"))["at"])
    except (OSError, ValueError, KeyError, TypeError):  # never done, or its note is damaged: begin again
        _note(settings, now, [])
        return False
    return schedule.next_after(last, ZoneInfo(settings.time_zone)) <= now


def maintain_if_due(settings: Settings, tell: Tell, now: datetime) -> None:
    """Do maintenance if it is due and no other process of this home is at it; tell what came of it."""
    if not is_due(settings, now):
        return
    folder = settings.home / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "maintenance.lock", timeout=0):
            if is_due(settings, now):
                for one in maintain(settings, now=now):
                    if one.items or one.error:
                        tell(one.label)
    except Timeout:
        return


def _note(settings: Settings, now: datetime, done: Sequence[Cleared]) -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    note = {"at": utc_text(now), "cleared": [one.to_dict() for one in done]}
    written = settings.home / f"{NAME}.{os.getpid()}"
    written.write_text(json.dumps(note, ensure_ascii=False, indent=1), "utf-8")
    written.replace(settings.home / NAME)
