"""Watch a folder where staff drop files, and take in each that is complete.

The folder is looked at every second or so (docs/adr/0159): network folders of a city hall tell nobody of changes. One
process watches a folder. What a process left behind when it was killed is taken up first; a source that is busy gets
its file later; a file that is for no source is put aside with a report that names the sources there are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy.exc import SQLAlchemyError

from catalog.database import find_trouble
from catalog.errors import ConfigurationError, InputError, Label, Place, ShihyoError
from catalog.settings import Settings
from harvesters.base import HarvestSource, Progress
from harvesters.running.dropped import RESERVED, Settling, find_dropped, find_links, match_source
from harvesters.running.intake import Intake, Taken, name_of
from harvesters.running.source_list import SourceList

#: longest time between two looks, in seconds
LOOK_SECONDS = 1.0
#: how long a file waits for a source that is busy before it is tried again, in seconds
BUSY_SECONDS = 10.0

Tell = Callable[[Label], None]


class Watcher:
    """Takes in what is dropped into a folder.

    Parameters
    ----------
    settings
        Of this process.
    folder
        The watched folder; folders of the sources are made in it.
    tell
        Takes what people should know.
    progress
        Hears how far runs are.
    clock
        Seconds that only grow.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        *,
        tell: Tell,
        progress: Progress | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._tell, self._clock = folder, tell, clock
        self._sources = SourceList(settings, tell)
        self._intake = Intake(settings, folder, progress)
        self._settling = Settling(settings.watch_seconds)
        self._waiting: dict[Path, float] = {}
        self._links: set[Path] = set()

    def prepare(self) -> None:
        """Make the folders of the sources.

        Raises
        ------
        ConfigurationError
            If a source is called like one of our folders, or reads the watched folder itself.
        """
        for source in self._sources.current():
            if source.path is None:
                continue
            self._check(source)
            (self._folder / source.name).mkdir(parents=True, exist_ok=True)

    def look(self) -> list[Taken]:
        """Take in what was left behind and what is complete now; return what became of it."""
        left = [(working, name) for working, name in self._intake.unfinished() if self._is_ready(working)]
        taken = [one for working, name in left if (one := self._go_on(working, name)) is not None]
        for file in self._settling.complete(find_dropped(self._folder), self._clock()):
            one = self._take(file.path)
            taken += [one] if one else []
        for one in taken:
            self._tell(Label(one.line("ja"), one.line("en")))
        self._tell_links()
        return taken

    def _tell_links(self) -> None:
        """Tell once of each link, which is passed over."""
        links = set(find_links(self._folder))
        for path in sorted(links - self._links):
            self._tell(
                Label(
                    f"{path.name}: リンク（ショートカット）のため取り込みません → ファイルそのものを置いてください",
                    f"{path.name} is a link and is not taken in → Put the file itself there",
                )
            )
        self._links = links

    def _take(self, path: Path) -> Taken | None:
        fitting = match_source(path, self._folder, self._sources.current())
        source = fitting[0] if len(fitting) == 1 else None
        try:
            working = self._intake.claim(path, source)
        except OSError as error:
            # Somebody took it away, or may not let it go; if it is still there it is seen again.
            self._tell(
                Label(f"{path.name}: 移せません（{error.strerror}）", f"{path.name} cannot be moved ({error.strerror})")
            )
            return None
        if source is None:
            return self._intake.refuse(working, _for_none(path.name, fitting, self._sources.current()))
        return self._run(working, source)

    def _go_on(self, working: Path, name: str | None) -> Taken | None:
        source = self._sources.find(name) if name else None
        if source is None:
            return self._intake.refuse(working, _for_none(name_of(working), [], self._sources.current()))
        return self._run(working, source)

    def _run(self, working: Path, source: HarvestSource) -> Taken | None:
        taken = self._intake.take_in(working, source)
        if taken is None:
            self._waiting[working] = self._clock() + BUSY_SECONDS
        return taken

    def _is_ready(self, working: Path) -> bool:
        return self._clock() >= self._waiting.get(working, 0.0)

    def _check(self, source: HarvestSource) -> None:
        declared = (source.folder / str(source.path)).resolve()
        watched = self._folder.resolve()
        if source.name in RESERVED:
            what = Label(
                f"監視フォルダでは「{source.name}」という収集元は使えません",
                f"A watched folder cannot have a source named {source.name}",
            )
        elif watched == declared or watched in declared.parents:
            what = Label(
                f"収集元「{source.name}」の path が監視フォルダの中にあります",
                f"The path of the source {source.name} lies in the watched folder",
            )
        else:
            return
        raise ConfigurationError(
            what.ja,
            what.en,
            next_step=Label("名前か場所を変えてください", "Change its name or its place"),
            place=Place(file=source.file.name, cell=source.name),
            value=source.name,
        )


def run_watch(
    settings: Settings, folder: Path, *, stop: threading.Event, tell: Tell, progress: Progress | None = None
) -> None:
    """Watch a folder until ``stop`` is set.

    Raises
    ------
    ConfigurationError
        If the harvest file cannot be used, or another process watches the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    watcher = Watcher(settings, folder, tell=tell, progress=_Listening(progress, stop))
    with _only_one(folder):
        watcher.prepare()
        while not stop.is_set():
            try:
                watcher.look()
            except KeyboardInterrupt:
                return
            except (ShihyoError, SQLAlchemyError, OSError) as error:
                # The database or the disk may be back at the next look; the files wait where they are.
                trouble = find_trouble(error)
                if trouble is None:
                    raise
                tell(Label(trouble.message("ja"), trouble.message("en")))
                stop.wait(BUSY_SECONDS)
            stop.wait(min(LOOK_SECONDS, max(0.05, settings.watch_seconds / 2)))


class _Listening:
    """Hands progress on, and ends the run at its next step when the watch is to stop."""

    def __init__(self, listener: Progress | None, stop: threading.Event) -> None:
        self._listener, self._stop = listener, stop

    def update(self, source: str, stage: str, done: int, total: int | None) -> None:
        if self._listener is not None:
            self._listener.update(source, stage, done, total)
        if self._stop.is_set():
            raise KeyboardInterrupt


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    lock = FileLock(folder / ".shihyo-watch.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise ConfigurationError(
            f"フォルダ「{folder.name}」は別のプロセスが見ています",
            f"Another process watches {folder.name}",
            next_step=Label("片方を止めてください", "Stop one of them"),
            value=folder.name,
        ) from error
    try:
        yield
    finally:
        lock.release()


def _for_none(name: str, fitting: list[HarvestSource], sources: list[HarvestSource]) -> InputError:
    names = [one.name for one in sources if one.path is not None]
    many = "、".join(one.name for one in fitting)
    what = (
        Label(f"「{name}」は複数の収集元（{many}）に当てはまります", f"{name} fits several sources ({many})")
        if fitting
        else Label(f"「{name}」がどの収集元のものか分かりません", f"It is not clear which source {name} is for")
    )
    return InputError(
        what.ja,
        what.en,
        next_step=Label(
            f"収集元の名前のフォルダに置いてください: {'、'.join(names)}",
            f"Put it into the folder of its source: {', '.join(names)}",
        ),
        place=Place(file=name),
        value=name,
        allowed=names,
    )
