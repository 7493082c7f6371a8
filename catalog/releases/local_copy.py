"""The local copy: files of releases by their sha256, and the list of what is held.

::

    copy/
      objects/ab/cdef...     every file once, named by its sha256, never changed
      incoming/              downloads under way
      holdings.json          dataset -> releases (digest, sha256 of the manifest), service -> sha256 of its record;
                             swapped as a whole

Order of events for a release: each missing file is downloaded to ``incoming/``, its size and sha256 verified while it
arrives, then renamed into ``objects/``; then the manifest likewise; last, ``holdings.json`` is replaced. A process that
dies leaves files that nothing refers to, never a list that refers to files that are not there. Several processes may do
this at once: equal objects are equal bytes, and the list is replaced under a lock.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import filelock

from catalog.errors import InputError, IntegrityError, Label
from catalog.folders import is_older
from catalog.model import MANIFEST_NAME, Manifest, parse_manifest
from catalog.model.service import Service, parse_service
from catalog.releases.build import sha256_of
from catalog.releases.holdings import DatasetHolding, Holdings, ReleaseHolding, ServiceHolding

#: opens a file of the release by name, for reading from the start
Fetch = Callable[[str], AbstractContextManager[BinaryIO]]

_CHUNK = 1 << 20
_FORMAT = 1

#: what ``holdings.json`` has: "datasets" -> name -> entries of releases, "services" -> id -> entry
_Listed = dict[str, dict[str, Any]]
#: objects and downloads that nothing refers to are kept so long, in seconds: a reader may still be on its way to them
KEEP_UNREFERENCED = 24 * 3600


class LocalCopy:
    """The local copy in a folder; safe for several threads and processes.

    Parameters
    ----------
    folder
        Where it is kept; made when the first release arrives.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._objects = folder / "objects"
        self._incoming = folder / "incoming"
        self._list = folder / "holdings.json"
        self._manifests: dict[str, Manifest] = {}
        self._loaded: tuple[tuple[int, int, int], Holdings] | None = None
        self._memory_lock = threading.Lock()

    def load(self) -> Holdings:
        """Return what is held, from disk alone; the same object as before if nothing changed.

        A release of which a file is missing or has another size is left out: :meth:`add_release` brings it back.

        Raises
        ------
        IntegrityError
            If ``holdings.json`` cannot be read.
        """
        with self._memory_lock:
            stamp = self._stamp()
            if stamp is None:
                return Holdings()
            if self._loaded is None or self._loaded[0] != stamp:
                self._loaded = (stamp, self._holdings(self._read_list()))
            return self._loaded[1]

    def add_release(self, manifest: Manifest, fetch: Fetch) -> ReleaseHolding:
        """Bring the files of a release here and put it on the list.

        Parameters
        ----------
        manifest
            The release.
        fetch
            Opens a file of the release; asked only for files that are not here yet.

        Raises
        ------
        IntegrityError
            If a file arrives with other bytes than the manifest states; the list stays as it was.
        """
        held = self.store(manifest, fetch)
        with self.locked():
            listed = self._read_list()
            name = manifest.dataset.name
            entries = [one for one in listed["datasets"].get(name, []) if one["sequence"] != manifest.sequence]
            entries.append(_entry(held))
            self._write_list({**listed["datasets"], name: entries}, listed["services"])
        return held

    def store(self, manifest: Manifest, fetch: Fetch) -> ReleaseHolding:
        """Bring the files of a release here without putting it on the list; see :meth:`add_release`."""
        for file in manifest.files:
            if self._is_whole(file.sha256, file.bytes):
                os.utime(self._path(file.sha256))
                continue
            with fetch(file.name) as stream:
                self._receive(stream, file.sha256, file.bytes, file.name)
        raw = manifest.to_bytes()
        self._place(raw, hashlib.sha256(raw).hexdigest())
        return self._release(manifest)

    def store_service(self, service: Service) -> None:
        """Bring the record of a service here without putting it on the list."""
        raw = service.to_bytes()
        path = self._path(service.digest)
        if not path.is_file() or path.read_bytes() != raw:
            self._write(raw, service.digest)
        os.utime(path)

    def replace(
        self, datasets: Mapping[str, DatasetHolding], services: Mapping[str, ServiceHolding] = MappingProxyType({})
    ) -> Holdings:
        """Make this the list of what is held: one atomic step. Everything must have been stored before."""
        with self.locked():
            self._write_list(
                {name: [_entry(one) for one in each.releases] for name, each in datasets.items()},
                {id: {"sha256": one.service.digest, "published": one.published} for id, one in services.items()},
            )
        return self.load()

    def verify(self, holdings: Holdings, *, all_releases: bool = False) -> list[Path]:
        """Read the files of the current releases (or of all), remove those with wrong bytes and return them.

        What was removed is missing from the next :meth:`load` and is fetched again.
        """
        wrong = []
        for dataset in holdings.datasets.values():
            for release in dataset.releases if all_releases else dataset.releases[-1:]:
                for file in release.manifest.files:
                    path = release.path(file.name)
                    if path.exists() and sha256_of(path) != file.sha256:
                        path.unlink()
                        wrong.append(path)
        if wrong:
            self._forget()
        return wrong

    def collect_garbage(self, *, older_than: float = KEEP_UNREFERENCED) -> int:
        """Remove objects and downloads that no held release refers to; return how many bytes that freed.

        Parameters
        ----------
        older_than
            Only what was written so many seconds ago: younger ones may belong to a release that is arriving.
        """
        with self.locked():
            garbage = self.find_garbage(older_than=older_than)
            freed = sum(path.stat().st_size for path in garbage)
            for path in garbage:
                path.unlink()
            return freed

    def find_garbage(self, *, older_than: float = KEEP_UNREFERENCED) -> list[Path]:
        """Return the files that :meth:`collect_garbage` would remove."""
        needed, before = self._needed(), time.time() - older_than
        files = [*self._objects.glob("*/*"), *self._incoming.glob("*")]
        return [one for one in files if one.parent.name + one.name not in needed and is_older(one, before)]

    @contextmanager
    def locked(self, timeout: float = 60.0) -> Iterator[None]:
        """Hold the lock of the list, among threads and processes; a process that dies lets it go.

        Raises
        ------
        filelock.Timeout
            If another one holds it for longer than ``timeout`` seconds.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(self.folder / ".lock", timeout=timeout):
            yield

    @contextmanager
    def following(self, timeout: float) -> Iterator[bool]:
        """Be the one who brings this copy up to a catalogue; gives False if another is, for ``timeout`` seconds."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self.folder / ".following", timeout=timeout)
        try:
            lock.acquire()
        except filelock.Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._list.stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _forget(self) -> None:
        with self._memory_lock:
            self._loaded = None

    def _read_list(self) -> _Listed:
        try:
            raw = json.loads(self._list.read_bytes())
            datasets = {name: list(entries) for name, entries in raw["datasets"].items()}
            return {"datasets": datasets, "services": dict(raw.get("services", {}))}
        except FileNotFoundError:
            return {"datasets": {}, "services": {}}
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise IntegrityError(
                "手元の写しの一覧（holdings.json）を読めません",
                "The list of the local copy (holdings.json) cannot be read",
                next_step=Label(
                    "このファイルを消すと、カタログから取り直します",
                    "Remove it; it is fetched from the catalogue again",
                ),
                value=self._list.name,
            ) from error

    def _write_list(self, datasets: Mapping[str, list[dict[str, Any]]], services: Mapping[str, Any]) -> None:
        ordered = {name: sorted(entries, key=_sequence) for name, entries in sorted(datasets.items()) if entries}
        listed = {"format": _FORMAT, "datasets": ordered, "services": dict(sorted(services.items()))}
        raw = json.dumps(listed, indent=1).encode()
        temporary = self.folder / f".holdings-{secrets.token_hex(8)}"
        temporary.write_bytes(raw)
        temporary.replace(self._list)
        self._forget()

    def _holdings(self, listed: _Listed) -> Holdings:
        held = {}
        for name, entries in sorted(listed["datasets"].items()):
            releases = tuple(one for entry in entries if (one := self._find_release(entry)) is not None)
            if releases:
                held[name] = DatasetHolding(releases)
        found = {id: self._find_service(entry) for id, entry in sorted(listed["services"].items())}
        services = {id: one for id, one in found.items() if one is not None}
        return Holdings(MappingProxyType(held), MappingProxyType(services))

    def _find_service(self, entry: Mapping[str, str]) -> ServiceHolding | None:
        try:
            service = parse_service(json.loads(self._path(entry["sha256"]).read_bytes()))
        except (OSError, ValueError, InputError):
            # Left out like a release that is not whole; the next look at the catalogue brings it again.
            return None
        return ServiceHolding(service, entry["published"]) if service.digest == entry["sha256"] else None

    def _find_release(self, entry: Mapping[str, Any]) -> ReleaseHolding | None:
        manifest = self._find_manifest(entry["manifest"])
        if manifest is None or manifest.digest != entry["digest"]:
            return None
        whole = all(self._is_whole(file.sha256, file.bytes) for file in manifest.files)
        return self._release(manifest, entry["manifest"]) if whole else None

    def _find_manifest(self, sha256: str) -> Manifest | None:
        if sha256 not in self._manifests:
            try:
                self._manifests[sha256] = parse_manifest(self._path(sha256).read_bytes())
            except (OSError, IntegrityError):
                # Left out like any release that is not whole; the next look at the catalogue fetches it again.
                return None
        return self._manifests[sha256]

    def _release(self, manifest: Manifest, sha256: str | None = None) -> ReleaseHolding:
        paths = {file.name: self._path(file.sha256) for file in manifest.files}
        own = sha256 or hashlib.sha256(manifest.to_bytes()).hexdigest()
        return ReleaseHolding(manifest, MappingProxyType({**paths, MANIFEST_NAME: self._path(own)}))

    def _path(self, sha256: str) -> Path:
        return self._objects / sha256[:2] / sha256[2:]

    def _is_whole(self, sha256: str, size: int) -> bool:
        try:
            return self._path(sha256).stat().st_size == size
        except FileNotFoundError:
            return False

    def _receive(self, stream: BinaryIO, sha256: str, size: int, name: str) -> None:
        self._incoming.mkdir(parents=True, exist_ok=True)
        temporary = self._incoming / secrets.token_hex(16)
        digest, received = hashlib.sha256(), 0
        try:
            with temporary.open("wb") as file:
                while received <= size and (chunk := stream.read(_CHUNK)):
                    received += len(chunk)
                    digest.update(chunk)
                    file.write(chunk)
            if received != size or digest.hexdigest() != sha256:
                raise _damaged(name, sha256, size, received, digest.hexdigest())
            self._adopt(temporary, sha256)
        finally:
            temporary.unlink(missing_ok=True)

    def _place(self, raw: bytes, sha256: str) -> None:
        if not self._is_whole(sha256, len(raw)):
            self._write(raw, sha256)

    def _write(self, raw: bytes, sha256: str) -> None:
        self._incoming.mkdir(parents=True, exist_ok=True)
        temporary = self._incoming / secrets.token_hex(16)
        temporary.write_bytes(raw)
        self._adopt(temporary, sha256)

    def _adopt(self, temporary: Path, sha256: str) -> None:
        path = self._path(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(path)

    def _needed(self) -> set[str]:
        listed = self._read_list()
        needed = {entry["sha256"] for entry in listed["services"].values()}
        for entries in listed["datasets"].values():
            for entry in entries:
                needed.add(entry["manifest"])
                manifest = self._find_manifest(entry["manifest"])
                if manifest is not None:
                    needed.update(file.sha256 for file in manifest.files)
        return needed


def _entry(held: ReleaseHolding) -> dict[str, Any]:
    path = held.path(MANIFEST_NAME)
    return {"sequence": held.manifest.sequence, "digest": held.digest, "manifest": path.parent.name + path.name}


def _sequence(entry: Mapping[str, Any]) -> int:
    return int(entry["sequence"])


def _damaged(name: str, sha256: str, size: int, received: int, computed: str) -> IntegrityError:
    what = "途中で切れている" if received < size else "中身が違う"
    english = "is cut off" if received < size else "has other bytes than stated"
    return IntegrityError(
        f"取得したファイル {name} は目録と一致しません（{what}）",
        f"The fetched file {name} {english}",
        next_step=Label("次の同期で取り直します", "The next synchronisation fetches it again"),
        value=name,
        stated={"sha256": sha256, "bytes": size},
        computed={"sha256": computed, "bytes": received},
    )
