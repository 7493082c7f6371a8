"""What earlier runs of ``catalog copy`` left, so that the next one knows what changed since, and on which side.

A file of JSON lines in the home folder for each pair of catalogues, one line for each thing that was copied; the last
line of a thing holds. A process that dies can only leave a torn last line, which is not read. The journal may be
deleted: the next run then compares everything with what is there, files byte by byte, and overwrites nothing that
differs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import filelock

from catalog.errors import Label, PublishConflict


@dataclass(frozen=True, slots=True)
class Entry:
    """How one thing was left."""

    #: fingerprint of it in the catalogue that is read
    source: str
    #: fingerprint of it in the catalogue that is written
    target: str
    #: id of a resource -> stamp of its file in the catalogue that is read
    files: Mapping[str, list[Any]] = field(default_factory=dict)
    #: what the catalogue that is written did not keep
    lost: Sequence[str] = ()


class CopyJournal:
    """The journal of one pair of catalogues.

    Parameters
    ----------
    folder
        Where journals are kept.
    source, target
        Addresses of the two.
    """

    def __init__(self, folder: Path, source: str, target: str) -> None:
        pair = hashlib.sha256(f"{source}\n{target}".encode()).hexdigest()[:16]
        self._path = folder / f"{pair}.jsonl"
        self._entries = dict(self._iter_entries())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from copying the same pair at once.

        Raises
        ------
        PublishConflict
            If one is doing it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self._path.with_suffix(".lock"), timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout as error:
            raise PublishConflict(
                "別のプロセスが同じカタログの間で写しています",
                "Another process is copying between the same catalogues",
                next_step=Label("終わってからもう一度実行してください", "Run it again when it has finished"),
            ) from error
        try:
            self._entries = dict(self._iter_entries())
            self._end_torn_line()
            yield
        finally:
            lock.release()

    def find(self, key: str) -> Entry | None:
        """Return how a thing was left, or None if it was not copied before."""
        return self._entries.get(key)

    def record(self, key: str, entry: Entry) -> None:
        """Write down how a thing is left."""
        if self._entries.get(key) == entry:
            return
        self._entries[key] = entry
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            file.write(json.dumps({"key": key, **asdict(entry)}).encode() + b"\n")

    def _end_torn_line(self) -> None:
        """End the line that a process left when it died, so that it does not swallow the next one."""
        if self._path.exists() and not self._path.read_bytes().endswith(b"\n"):
            with self._path.open("ab") as file:
                file.write(b"\n")

    def _iter_entries(self) -> Iterator[tuple[str, Entry]]:
        if not self._path.exists():
            return
        for line in self._path.read_bytes().splitlines():
            try:
                raw = json.loads(line)
                yield raw.pop("key"), Entry(**raw)
            except (ValueError, KeyError, TypeError):
                # What a dying process left; the thing is compared again.
                continue
