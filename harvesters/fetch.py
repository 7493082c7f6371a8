"""Get the bytes of an object, over HTTP or from files, into the raw store.

An object that was seen before is fetched under conditions (ETag, Last-Modified); what comes is compared by sha256, so
a server that says nothing about changes costs a download and never a wrong answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from catalog.database.harvests import HarvestObject, ObjectState, utc_now
from catalog.errors import FetchError, ForbiddenAddress, Label, Place, TooLarge
from catalog.settings import Settings
from harvesters.base import Fetched, HarvestSource
from harvesters.http import HttpClient
from harvesters.raw import Kept, RawStore, read_chunks


class Fetcher:
    """Fetches objects into a raw store; one for each run of a source."""

    def __init__(self, settings: Settings, store: RawStore, http: HttpClient) -> None:
        self._limit = settings.max_download_mb * 1_000_000
        self._store = store
        self._http = http

    def fetch(self, source: HarvestSource, wanted: HarvestObject, known: HarvestObject | None) -> Fetched:
        """Get an object and say whether it is new, changed or unchanged.

        Raises
        ------
        FetchError
            If it cannot be had.
        """
        over_http = wanted.location.startswith(("http://", "https://"))
        get: Callable[[HarvestSource, HarvestObject, HarvestObject | None], tuple[HarvestObject, Kept]]
        get = self._from_http if over_http else self._from_file
        return self._compare(*get(source, wanted, known), known)

    def look(self, source: HarvestSource, wanted: HarvestObject, known: HarvestObject | None) -> Fetched:
        """Do the same with a file that must stay where it is: its checksum is taken and nothing is kept.

        The file can change before it is read; whoever reads it compares the checksum.

        Raises
        ------
        FetchError
            If it cannot be had.
        """
        path = self._locate(source, wanted)
        try:
            return self._compare(wanted, Kept(digest_of(path), path.stat().st_size, path), known)
        except OSError as error:
            raise unreadable(wanted.name, error) from error

    def _compare(self, found: HarvestObject, kept: Kept, known: HarvestObject | None) -> Fetched:
        same = known is not None and known.sha256 == kept.sha256
        state = ObjectState.UNCHANGED if same else ObjectState.NEW if known is None else ObjectState.CHANGED
        fetched = known.fetched if known is not None and same else utc_now()
        seen = replace(found, state=state, sha256=kept.sha256, bytes=kept.bytes, fetched=fetched)
        return Fetched(seen, kept.path)

    def _from_http(
        self, _: HarvestSource, wanted: HarvestObject, known: HarvestObject | None
    ) -> tuple[HarvestObject, Kept]:
        at_hand = self._store.find(known.sha256) if known and known.sha256 else None
        before = known if at_hand and known and known.location == wanted.location else None
        answer = self._http.download(
            wanted.location,
            self._store.keep,
            etag=before.etag if before else None,
            last_modified=before.last_modified if before else None,
        )
        kept = answer.kept or at_hand
        if kept is None:
            raise AssertionError("unreachable: 304 is only asked for with the bytes at hand")
        etag = answer.etag or (before.etag if before and answer.kept is None else None)
        modified = answer.last_modified or (before.last_modified if before and answer.kept is None else None)
        return replace(wanted, etag=etag, last_modified=modified), kept

    def _from_file(
        self, source: HarvestSource, wanted: HarvestObject, _: HarvestObject | None
    ) -> tuple[HarvestObject, Kept]:
        try:
            with self._locate(source, wanted).open("rb") as file:
                return wanted, self._store.keep(read_chunks(file))
        except OSError as error:
            raise unreadable(wanted.name, error) from error

    def _locate(self, source: HarvestSource, wanted: HarvestObject) -> Path:
        """Return the file of an object, which lies in the source's folder and is not too large."""
        root = declared_path(source).resolve()
        path = (source.folder / wanted.location).resolve()
        if path != root and root not in path.parents:
            raise ForbiddenAddress(
                f"「{wanted.name}」は収集元のフォルダの外を指しています",
                f"{wanted.name} leads out of the folder of the source",
                next_step=Label(
                    "リンクではなくファイルそのものを置いてください", "Put the file itself there, not a link"
                ),
                place=Place(file=wanted.name),
                value=wanted.name,
            )
        try:
            if path.stat().st_size > self._limit:
                raise self._too_large(wanted.name)
        except OSError as error:
            raise unreadable(wanted.name, error) from error
        return path

    def _too_large(self, name: str) -> TooLarge:
        return TooLarge(
            f"上限の{self._limit // 1_000_000}MBを超えています",
            f"It is larger than the limit of {self._limit // 1_000_000} MB",
            next_step=Label(
                "必要なら SHIHYO_MAX_DOWNLOAD_MB を上げてください", "If it must be, raise SHIHYO_MAX_DOWNLOAD_MB"
            ),
            place=Place(file=name),
            limit_mb=self._limit // 1_000_000,
        )


def declared_path(source: HarvestSource) -> Path:
    """Return the path of a source, from the folder of its harvest file.

    Raises
    ------
    FetchError
        If it does not exist.
    """
    if source.path is None:
        raise AssertionError("unreachable: only asked for sources with a path")
    path = source.folder / source.path
    if not path.exists():
        raise FetchError(
            f"収集元「{source.path}」がありません",
            f"There is nothing at {source.path}",
            next_step=Label(
                f"{source.file.name} の path を確かめてください。相対パスはそのファイルのフォルダが起点です",
                f"Check path in {source.file.name}; relative paths start at its folder",
            ),
            place=Place(file=source.file.name, cell=f"{source.name}.path"),
            value=str(source.path),
        )
    return path


def list_files(source: HarvestSource, pattern: str) -> list[HarvestObject]:
    """Return the files of a source's folder that match a pattern, by name.

    Names are relative to the folder with ``/`` between; a link that leads out of the folder is listed, and refused when
    it is fetched.

    Raises
    ------
    FetchError
        If the folder does not exist.
    """
    root = declared_path(source)
    if not root.is_dir():
        raise unreadable(str(source.path), NotADirectoryError("not a folder"))
    names = sorted(path.relative_to(root).as_posix() for path in root.glob(pattern) if not path.is_dir())
    return [HarvestObject(name=name, location=str(Path(str(source.path)) / name)) for name in names]


def unreadable(name: str, error: OSError) -> FetchError:
    """Return the error for a file that cannot be read."""
    return FetchError(
        f"「{name}」を読めません",
        f"{name} cannot be read",
        next_step=Label("場所と権限を確かめてください", "Check where it is and who may read it"),
        place=Place(file=name),
        reason=error.strerror or str(error),
    )


def digest_of(path: Path) -> str:
    """Return the sha256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
