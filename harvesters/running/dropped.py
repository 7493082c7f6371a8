"""Files in the watched folder: which are complete, and which source they are for.

::

    drop/
      <source>/            staff put files here, or where the pattern of a source fits: right into drop/
        working/<time>/    a file that is being taken in
        done/<time>/       it was published
        held/<time>/       a person must approve it
        failed/<time>/     it could not be used
      failed/<time>/       files that are for no source

A file is complete when its size and time have not changed for a while, and no program says that it has it open
(``~$name`` of Excel and Word, ``.~lock.name#`` of LibreOffice). Names are compared as NFC: a Mac writes ``が`` in two.
"""

from __future__ import annotations

import stat
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from harvesters.base import HarvestSource

WORKING, DONE, HELD, FAILED = "working", "done", "held", "failed"
#: folders that are ours
RESERVED = frozenset({WORKING, DONE, HELD, FAILED})
#: names of files that programs make for themselves
_TEMPORARY = (
    *("~$*", ".*", "*.tmp", "*.temp", "*.part", "*.partial", "*.crdownload", "*.download", "*.swp", "*.lock"),
    *("thumbs.db", "desktop.ini", "*~"),
)


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file that lies in the watched folder."""

    #: where it lies
    path: Path
    #: size in bytes and time of its last change, in nanoseconds
    size: int
    changed: int


@dataclass(slots=True)
class _Sighting:
    file: Dropped
    since: float


class Settling:
    """Knows since when each file has been as it is.

    Parameters
    ----------
    seconds
        How long a file must stay as it is to be complete.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen: dict[Path, _Sighting] = {}

    def complete(self, found: Sequence[Dropped], now: float) -> list[Dropped]:
        """Return those of the files that have not changed for long enough, oldest change first."""
        here = {one.path: one for one in found}
        self._seen = {path: one for path, one in self._seen.items() if path in here}
        for path, file in here.items():
            seen = self._seen.get(path)
            if seen is None or seen.file != file:
                self._seen[path] = _Sighting(file, now)
        settled = [one.file for one in self._seen.values() if now - one.since >= self._seconds]
        return sorted((one for one in settled if not is_open(one.path)), key=lambda one: (one.changed, one.path))


def find_dropped(folder: Path) -> list[Dropped]:
    """Return the files that staff dropped, wherever below the folder; links and temporary files are passed over."""
    return [one for path in _walk(folder) if (one := _look(path)) is not None]


def find_links(folder: Path) -> list[Path]:
    """Return the links that lie where files are looked for; they are not followed, wherever they lead."""
    return [path for path in _walk(folder) if path.is_symlink()]


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_symlink():
            yield path
        elif path.is_dir():
            if path.name not in RESERVED and not path.name.startswith("."):
                yield from _walk(path)
        elif not is_temporary(path.name):
            yield path


def _look(path: Path) -> Dropped | None:
    try:
        found = path.lstat()
    except OSError:
        # It was taken away in between.
        return None
    return Dropped(path, found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


def is_temporary(name: str) -> bool:
    """Return whether a name is one that a program gives to files of its own."""
    return any(fnmatchcase(name.casefold(), pattern) for pattern in _TEMPORARY)


def is_open(path: Path) -> bool:
    """Return whether a program says that it has a file open."""
    name, beside = path.name, path.parent
    owners = (f"~${name}", f"~${name[2:]}", f".~lock.{name}#")
    return any((beside / one).exists() for one in owners if one != "~$")


def match_source(path: Path, folder: Path, sources: Sequence[HarvestSource]) -> list[HarvestSource]:
    """Return the sources that a file is for: that of its folder, else those whose pattern fits its name."""
    inside = path.relative_to(folder).parts
    if len(inside) == 2:
        return [one for one in sources if one.name == inside[0]]
    if len(inside) > 2:
        return []
    name = unicodedata.normalize("NFC", path.name)
    return [one for one in sources if one.watch and fnmatchcase(name, unicodedata.normalize("NFC", one.watch))]
