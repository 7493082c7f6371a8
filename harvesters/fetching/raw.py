"""The raw store: every byte that was harvested, once, by sha256, with where it came from.

::

    home/raw/ab/abcdef...        the bytes
    home/raw/ab/abcdef....json   {"bytes": ..., "sightings": [{"source", "name", "location", "fetched", ...}]}

Writing is atomic: bytes stream into a temporary file and are renamed when they are complete. Identical bytes from two
places are kept once; both places are in the sightings.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from catalog.database.jobs import HarvestObject
from catalog.errors import FetchError, Label
from catalog.folders import is_older

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes in the store."""

    #: sha256, hex
    sha256: str
    #: their number
    bytes: int
    #: the file that has them
    path: Path


class RawStore:
    """A folder of raw bytes; reads also from a second store that it never writes to."""

    def __init__(self, folder: Path, *, beneath: RawStore | None = None) -> None:
        self._folder = folder
        self._beneath = beneath

    def find(self, sha256: str) -> Kept | None:
        """Return the bytes of this sha256 if they are here and still intact, or None."""
        path = self._path(sha256)
        if path.is_file() and _digest(path) == sha256:
            return Kept(sha256, path.stat().st_size, path)
        return self._beneath.find(sha256) if self._beneath else None

    def keep(self, chunks: Iterable[bytes]) -> Kept:
        """Write a stream and return what it was.

        Raises
        ------
        FetchError
            If it cannot be written.
        """
        digest, size = hashlib.sha256(), 0
        with self._incoming() as file:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                with self._explained():
                    file.write(chunk)
            path = self._path(digest.hexdigest())
            self._put(file, path)
        return Kept(digest.hexdigest(), size, path)

    def note(self, source: str, seen: HarvestObject) -> None:
        """Write down where bytes of the store came from; does nothing if it is known already."""
        path = self._path(str(seen.sha256)).with_suffix(".json")
        known: dict[str, Any] = {"bytes": seen.bytes, "sightings": []}
        if path.is_file():
            known = json.loads(path.read_text("utf-8"))
        sighting = {
            "source": source,
            "name": seen.name,
            "location": seen.location,
            "fetched": seen.fetched,
            "etag": seen.etag,
            "last_modified": seen.last_modified,
        }
        if all((one["source"], one["name"]) != (source, seen.name) for one in known["sightings"]):
            known["sightings"].append(sighting)
            with self._incoming() as file:
                with self._explained():
                    file.write(json.dumps(known, ensure_ascii=False, indent=1).encode())
                self._put(file, path)

    def find_old(self, *, before: float, needed: Collection[str] = ()) -> list[Path]:
        """Return the files of bytes that nobody fetched since a time (seconds of the epoch) and nobody needs."""
        kept = [one for one in sorted(self._folder.glob("[0-9a-f][0-9a-f]/*")) if one.suffix != ".json"]
        old = [one for one in kept if one.name not in needed and is_older(one, before)]
        return [file for one in old for file in (one, one.with_suffix(".json")) if file.exists()]

    def find_abandoned(self, *, before: float) -> list[Path]:
        """Return what runs that were killed before a time (seconds of the epoch) left of files that were arriving."""
        return [one for one in sorted(self._folder.glob("incoming-*")) if is_older(one, before)]

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def _put(self, file: IO[bytes], path: Path) -> None:
        with self._explained():
            file.flush()
            os.fsync(file.fileno())
            path.parent.mkdir(parents=True, exist_ok=True)
            Path(file.name).replace(path)

    @contextmanager
    def _incoming(self) -> Iterator[IO[bytes]]:
        with self._explained():
            self._folder.mkdir(parents=True, exist_ok=True)
            file = tempfile.NamedTemporaryFile(dir=self._folder, prefix="incoming-", delete=False)  # noqa: SIM115
        try:
            yield file
        finally:
            file.close()
            Path(file.name).unlink(missing_ok=True)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Translate errors of writing, and only of writing: the chunks may come from a network with its own."""
        try:
            yield
        except OSError as error:
            raise FetchError(
                "収集した生データを保存できません",
                "The raw bytes cannot be kept",
                next_step=Label(
                    "SHIHYO_HOME の空き容量と権限を確かめてください", "Check space and permissions of SHIHYO_HOME"
                ),
                reason=error.strerror,
            ) from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Read a file in pieces."""
    while chunk := file.read(_CHUNK):
        yield chunk
