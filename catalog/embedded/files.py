"""Uploaded files, kept once for each content under the name of their SHA-256.

Order of events: :meth:`FileStore.stage` copies an upload to a temporary file while it counts and hashes, and forces
it to disk; :meth:`FileStore.place`, inside the write transaction that will refer to the file, renames it to
``ab/cdef...``. A process that is killed in between leaves a temporary file that nothing refers to;
:meth:`FileStore.collect` removes those and the files that no resource needs any more.

``place`` and ``collect`` both run under the database's write lock, so a file cannot be collected between being
placed and being referred to.
"""

from __future__ import annotations

import codecs
import hashlib
import mimetypes
import os
import re
import tempfile
import time
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

from catalog.embedded.errors import ValidationError
from catalog.errors import Label
from catalog.folders import is_older

CHUNK = 1 << 20
#: a temporary file older than this, in seconds, belongs to nobody
ABANDONED_AFTER = 24 * 3600
#: longest file name that is kept, in UTF-8 bytes; file systems take 255
MAX_NAME_BYTES = 200

#: what the standard library's table does not know, or knows in another form
MEDIA_TYPES = {
    ".csv": "text/csv",
    ".geojson": "application/geo+json",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".parquet": "application/vnd.apache.parquet",
    ".tsv": "text/tab-separated-values",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".ttl": "text/turtle",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}


@cache
def _types() -> mimetypes.MimeTypes:
    """Return an own table: the shared one of the library depends on the machine's mime.types."""
    return mimetypes.MimeTypes()


@dataclass(frozen=True, slots=True)
class StagedFile:
    """An upload that is on disk and belongs to no resource yet."""

    #: the temporary file
    path: Path
    #: file name without path tricks, in the script the person wrote it
    filename: str
    #: guessed from the name, else as the client stated; None if unknown
    mimetype: str | None
    #: bytes
    size: int
    #: lower-case hexadecimal
    sha256: str
    #: ``utf-8`` if the bytes are text in UTF-8, else None
    encoding: str | None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a resource, ready to be read."""

    #: where the bytes are
    path: Path
    #: name for the person who downloads it
    filename: str
    #: media type without parameters; None if unknown
    mimetype: str | None
    #: bytes
    size: int
    #: lower-case hexadecimal
    sha256: str
    #: character encoding if it is known, else None
    encoding: str | None = None


def clean_filename(raw: str) -> str:
    """Return ``raw`` as a plain file name: no folders, control or direction characters, leading dots; not too long."""
    name = unicodedata.normalize("NFC", raw).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(char for char in name if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"})
    name = re.sub(r"\s+", " ", re.sub(r'[<>:"|?*]', "_", name)).strip(" ").lstrip(".")
    stem, dot, suffix = name.rpartition(".")
    if len(name.encode()) > MAX_NAME_BYTES:
        suffix = suffix[:20] if dot else ""
        keep = MAX_NAME_BYTES - len((dot + suffix).encode())
        name = (stem or name).encode()[:keep].decode(errors="ignore") + dot + suffix
    return name or "file"


def guess_mimetype(filename: str, stated: str | None = None) -> str | None:
    """Return the media type for a file name, else the stated one, without parameters."""
    known = MEDIA_TYPES.get(Path(filename).suffix.lower()) or _types().guess_type(filename)[0]
    if known or not stated:
        return known
    plain = stated.partition(";")[0].strip().lower()
    return None if plain in {"", "application/octet-stream"} else plain


class _EncodingProbe:
    """Finds out, chunk by chunk, whether bytes are UTF-8 text."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.possible = True

    def feed(self, chunk: bytes, *, final: bool = False) -> None:
        if not self.possible:
            return
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            self.possible = False
        if b"\0" in chunk:
            self.possible = False


def too_large(limit: int) -> ValidationError:
    """Return CKAN's refusal of an upload over the limit, naming it."""
    megabytes = limit / 1_000_000
    return ValidationError(
        {
            "upload": [
                Label(
                    f"ファイルが大きすぎます（上限 {megabytes:g} MB）",
                    f"File upload too large (limit {megabytes:g} MB)",
                )
            ]
        }
    )


class FileStore:
    """A folder of files named by their content."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    def path_of(self, sha256: str) -> Path:
        """Return where the bytes with this digest are, or would be."""
        return self.folder / sha256[:2] / sha256[2:]

    def stage(self, filename: str, source: BinaryIO, content_type: str | None, limit: int) -> StagedFile:
        """Copy an upload to a temporary file.

        Raises
        ------
        ValidationError
            Under ``upload``, as soon as more than ``limit`` bytes have come.
        """
        handle, temporary = tempfile.mkstemp(dir=self._incoming)
        path = Path(temporary)
        try:
            with os.fdopen(handle, "wb") as target:
                digest, size, encoding = _copy(source, target, limit)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        name = clean_filename(filename)
        return StagedFile(path, name, guess_mimetype(name, content_type), size, digest, encoding)

    def place(self, staged: StagedFile) -> None:
        """Move a staged file to its place; the same bytes are kept once."""
        target = self.path_of(staged.sha256)
        if target.is_file():
            staged.path.unlink(missing_ok=True)
            return
        target.parent.mkdir(exist_ok=True)
        staged.path.rename(target)
        for folder in (target.parent, self.folder):
            _force_to_disk(folder)

    def discard(self, staged: StagedFile) -> None:
        """Remove a staged file that was not placed."""
        staged.path.unlink(missing_ok=True)

    def find_garbage(self, needed: Collection[str], *, clock: Callable[[], float] = time.time) -> list[Path]:
        """Return the files whose digest is not in ``needed``, and abandoned uploads."""
        garbage = [path for path in self._iter_files() if path.parent.name + path.name not in needed]
        return garbage + [path for path in self._incoming.iterdir() if is_older(path, clock() - ABANDONED_AFTER)]

    def remove(self, garbage: list[Path]) -> list[Path]:
        """Remove files, and return them."""
        for path in garbage:
            path.unlink(missing_ok=True)
        return garbage

    def _iter_files(self) -> Iterator[Path]:
        for folder in self.folder.iterdir():
            if len(folder.name) == 2:
                yield from folder.iterdir()


def _copy(source: BinaryIO, target: BinaryIO, limit: int) -> tuple[str, int, str | None]:
    digest, probe, size = hashlib.sha256(), _EncodingProbe(), 0
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        digest.update(chunk)
        probe.feed(chunk)
        target.write(chunk)
    probe.feed(b"", final=True)
    target.flush()
    os.fsync(target.fileno())
    return digest.hexdigest(), size, "utf-8" if probe.possible else None


def _force_to_disk(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
