"""Get the bytes of an object, over HTTP or from files, into the raw store.

An object that was seen before is fetched under conditions (ETag, Last-Modified); what comes is compared by sha256, so
a server that says nothing about changes costs a download and never a wrong answer. What an API hands out in pages is
asked for page by page and kept as one object.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.database.jobs import HarvestObject, ObjectState, utc_now
from catalog.errors import ConfigurationError, FetchError, ForbiddenAddress, Label, Place, TooLarge
from catalog.settings import PREFIX, Settings
from harvesters.base import Fetched, HarvestSource
from harvesters.fetching.credentials import Credential, Secret, hide_in_bytes, iter_without
from harvesters.fetching.raw import Kept, RawStore, read_chunks

if TYPE_CHECKING:
    from harvesters.http import HttpClient

#: largest document that lists what a source has, in bytes: JSON and RDF are parsed in memory
LARGEST_DOCUMENT = 32_000_000


class Fetcher:
    """Fetches objects into a raw store; one for each run of a source."""

    def __init__(self, settings: Settings, store: RawStore, http: HttpClient) -> None:
        self._settings = settings
        self._limit = settings.max_download_mb * 1_000_000
        self._store = store
        self._http = http
        self._once: dict[str, Fetched] = {}

    def fetch(self, source: HarvestSource, wanted: HarvestObject, known: HarvestObject | None) -> Fetched:
        """Get an object and say whether it is new, changed or unchanged.

        Raises
        ------
        FetchError
            If it cannot be had.
        """
        return self._get(source, wanted, known)

    def fetch_once(
        self,
        source: HarvestSource,
        wanted: HarvestObject,
        known: HarvestObject | None,
        *,
        accept: str | None = None,
        limit: int | None = LARGEST_DOCUMENT,
        credential: Credential | None = None,
    ) -> Fetched:
        """Do the same with a document that says what there is; in a run it is asked for once, whoever needs it.

        Parameters
        ----------
        source, wanted, known
            As in :meth:`fetch`.
        accept
            Media types that are asked for; any if None.
        limit
            Largest document, in bytes; None for ``max_download_mb``.
        credential
            The secret that goes with it, or None; a document that repeats it is refused.
        """
        if wanted.name not in self._once:
            self._once[wanted.name] = self._get(
                source, wanted, known, accept=accept, limit=limit, credential=credential
            )
        return self._once[wanted.name]

    def keep(self, made: HarvestObject, content: bytes, known: HarvestObject | None) -> Fetched:
        """Keep a document that was put together from several answers; :meth:`fetch_once` returns it from then on."""
        self._once[made.name] = self._compare(made, self._store.keep([content]), known)
        return self._once[made.name]

    def find(self, sha256: str | None) -> Path | None:
        """Return the file with these bytes if they are at hand, or None."""
        kept = self._store.find(sha256) if sha256 else None
        return kept.path if kept else None

    def reuse(self, wanted: HarvestObject, known: HarvestObject | None) -> Fetched | None:
        """Return the bytes of the last run without asking anybody; None if they are not at hand."""
        kept = self._store.find(known.sha256) if known and known.sha256 else None
        if known is None or kept is None:
            return None
        validated = replace(wanted, etag=known.etag, last_modified=known.last_modified)
        return self._compare(validated, kept, known)

    def ask_page(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        credential: Credential | None = None,
    ) -> tuple[bytes, Mapping[str, str]]:
        """Return one page of an API: its body, and the headers of the answer with their names in lower case.

        Parameters
        ----------
        url, headers
            What is asked, and how.
        credential
            The secret that goes with it; an answer that repeats the secret comes back without it.

        Raises
        ------
        FetchError
            If it cannot be had, or is larger than what is parsed in memory.
        ConfigurationError
            If the setting of the secret is empty, or no value that can be sent.
        """
        secret = self._secret(credential) if credential else None
        answer = self._http.download(
            url,
            lambda chunks: b"".join(_bounded(chunks, LARGEST_DOCUMENT, url)),
            headers=headers,
            secret=secret,
        )
        if answer.kept is None:
            raise AssertionError("unreachable: 304 is only an answer to a condition")
        return hide_in_bytes(answer.kept, [secret.value] if secret else []), answer.headers

    def _secret(self, credential: Credential) -> Secret:
        value: str = getattr(self._settings, credential.setting).strip()
        if re.fullmatch(r"[!-~]+", value):
            return Secret(credential, value)
        name = f"{PREFIX}{credential.setting.upper()}"
        what = Label(f"{name} に使えない文字があります", f"{name} has characters that cannot be sent")
        if not value:
            what = Label(f"環境変数 {name} がありません", f"The environment variable {name} is not set")
        raise ConfigurationError(
            what.ja,
            what.en,
            next_step=Label(
                f"{name} に、提供元が発行した値を設定してください。harvest.yml には書かないでください",
                f"Set {name} to what the provider issued; do not write it into harvest.yml",
            ),
            key=name,
        )

    def keep_pages(self, wanted: HarvestObject, known: HarvestObject | None, pages: Iterable[bytes]) -> Fetched:
        """Keep the pages of an API as one object: one a line, so a page is JSON without line breaks.

        Raises
        ------
        TooLarge
            If they are larger together than what is fetched.
        """
        lines = (piece for page in pages for piece in (page, b"\n"))
        return self._compare(wanted, self._store.keep(_bounded(lines, self._limit, wanted.name)), known)

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

    def _get(
        self,
        source: HarvestSource,
        wanted: HarvestObject,
        known: HarvestObject | None,
        *,
        accept: str | None = None,
        limit: int | None = None,
        credential: Credential | None = None,
    ) -> Fetched:
        if wanted.location.startswith(("http://", "https://")):
            return self._compare(*self._from_http(wanted, known, accept, limit, credential), known)
        return self._compare(*self._from_file(source, wanted, limit), known)

    def _compare(self, found: HarvestObject, kept: Kept, known: HarvestObject | None) -> Fetched:
        same = known is not None and known.sha256 == kept.sha256
        state = ObjectState.UNCHANGED if same else ObjectState.NEW if known is None else ObjectState.CHANGED
        fetched = known.fetched if known is not None and same else utc_now()
        seen = replace(found, state=state, sha256=kept.sha256, bytes=kept.bytes, fetched=fetched)
        return Fetched(seen, kept.path)

    def _from_http(
        self,
        wanted: HarvestObject,
        known: HarvestObject | None,
        accept: str | None,
        limit: int | None,
        credential: Credential | None,
    ) -> tuple[HarvestObject, Kept]:
        at_hand = self._store.find(known.sha256) if known and known.sha256 else None
        before = known if at_hand and known and known.location == wanted.location else None
        secret = self._secret(credential) if credential else None
        answer = self._http.download(
            wanted.location,
            lambda chunks: self._store.keep(
                iter_without(_bounded(chunks, limit, wanted.location), secret, wanted.location)
            ),
            etag=before.etag if before else None,
            last_modified=before.last_modified if before else None,
            headers={"Accept": accept} if accept else None,
            secret=secret,
        )
        kept = answer.kept or at_hand
        if kept is None:
            raise AssertionError("unreachable: 304 is only asked for with the bytes at hand")
        etag = answer.etag or (before.etag if before and answer.kept is None else None)
        modified = answer.last_modified or (before.last_modified if before and answer.kept is None else None)
        return replace(wanted, etag=etag, last_modified=modified), kept

    def _from_file(self, source: HarvestSource, wanted: HarvestObject, limit: int | None) -> tuple[HarvestObject, Kept]:
        try:
            with self._locate(source, wanted, limit).open("rb") as file:
                return wanted, self._store.keep(read_chunks(file))
        except OSError as error:
            raise unreadable(wanted.name, error) from error

    def _locate(self, source: HarvestSource, wanted: HarvestObject, limit: int | None = None) -> Path:
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
            most = min(self._limit, limit or self._limit)
            if path.stat().st_size > most:
                raise _too_large(wanted.name, most)
        except OSError as error:
            raise unreadable(wanted.name, error) from error
        return path


def _bounded(chunks: Iterable[bytes], limit: int | None, name: str) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if limit is not None and size > limit:
            raise _too_large(name, limit, _ASK_LESS)
        yield chunk


_RAISE_LIMIT = Label(
    "正しいファイルか確かめ、必要なら SHIHYO_MAX_DOWNLOAD_MB を上げてください",
    "Check that it is the right file; if it is, raise SHIHYO_MAX_DOWNLOAD_MB",
)
_ASK_LESS = Label(
    "正しいURLか確かめ、対象を絞ってください", "Check that it is the right URL, and ask for less of the source"
)


def _too_large(name: str, limit: int, next_step: Label = _RAISE_LIMIT) -> TooLarge:
    return TooLarge(
        f"上限の{limit // 1_000_000}MBを超えています",
        f"It is larger than the limit of {limit // 1_000_000} MB",
        next_step=next_step,
        place=Place(file=name),
        limit_mb=limit // 1_000_000,
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
