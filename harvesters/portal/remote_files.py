"""Files that a catalogue names: which are wanted, where they are, and whether they are what the catalogue says.

Options of every kind that reads a catalogue::

    pick: [my-number-cards]      datasets, by id, name or title
    files: '*交付*.csv'           files, by id, title or the end of their URL; * stands for anything
    formats: [CSV, XLSX]
    checksums: refuse            what becomes of a file that is not what the catalogue states: refuse or report

A URL of a catalogue is the word of somebody else: it is http or https and leads to a public address, or its file fails.
A stated sha256, SHA-1, MD5 or size is compared with what came.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from catalog.database.jobs import HarvestObject
from catalog.errors import FetchError, ForbiddenAddress, IntegrityError, Label, Place
from harvesters.base import Context, Fetched
from harvesters.fetching.credentials import Credential
from harvesters.findings import Level, Rule
from harvesters.options import TEXT, TEXTS, Option

NOT_AS_STATED = Rule(
    "not-as-stated",
    Level.WARNING,
    Label(
        "目録が示すサイズやハッシュ値と違うファイル（options の checksums: report により読む）",
        "Files that are not what the catalogue states (read, as checksums: report says)",
    ),
    Label("提供元に知らせてください", "Tell the owner of the source"),
)

PICK = Option(
    name="pick",
    type=TEXTS,
    default=None,
    help=Label("読むデータセットのID、名前または題名", "Datasets to read: id, name or title"),
)
FILES = Option(
    name="files",
    type=TEXT,
    default="*",
    help=Label(
        "読むファイルのID、名前またはファイル名のパターン（* は任意の文字列）",
        "Files to read: pattern of the id, title or file name; * stands for anything",
    ),
)
FORMATS = Option(
    name="formats",
    type=TEXTS,
    default=("CSV", "TSV", "XLSX", "XLS", "ODS", "PARQUET", "ZIP"),
    help=Label("読むファイルの形式", "Formats of the files to read"),
)
CHECKSUMS = Option(
    name="checksums",
    type=TEXT,
    default="refuse",
    help=Label(
        "目録が示すサイズやハッシュ値と違うファイルを、受け取らない（refuse）か、報告して読む（report）か",
        "Whether a file that is not what the catalogue states is refused, or reported and read (report)",
    ),
    allowed=("refuse", "report"),
)

#: media type -> format, for files that state no format
_FORMATS = {
    "text/csv": "CSV",
    "text/tab-separated-values": "TSV",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
    "application/vnd.ms-excel": "XLS",
    "application/vnd.oasis.opendocument.spreadsheet": "ODS",
    "application/json": "JSON",
    "application/vnd.apache.parquet": "PARQUET",
    "application/zip": "ZIP",
    "application/x-zip-compressed": "ZIP",
}
#: hex digits of a digest -> algorithm
_ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_HEX = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Stated:
    """What a catalogue states about the bytes of a file."""

    #: algorithm of the digest: md5, sha1, sha256 or sha512; None if no digest is stated
    algorithm: str | None = None
    #: digest, hex in lower case
    digest: str | None = None
    #: size in bytes; None if it is not stated
    bytes: int | None = None

    @classmethod
    def of(cls, digest: Any, size: Any) -> Stated:
        """Read a digest (``sha256:<hex>`` or hex alone, told by its length) and a size; what is neither is ignored."""
        name, _, value = str(digest or "").strip().lower().rpartition(":")
        algorithm = _ALGORITHMS.get(len(value)) if _HEX.fullmatch(value) else None
        if algorithm is None or name.replace("-", "") not in {"", algorithm}:
            algorithm, value = None, ""
        return cls(algorithm, value or None, _size(size))

    def difference(self, fetched: Fetched) -> Label | None:
        """Return how a file differs from what is stated; None if it does not."""
        size = fetched.object.bytes
        if self.bytes is not None and size != self.bytes:
            return Label(
                f"{self.bytes}バイトのはずが{size}バイトです", f"It has {size} bytes and should have {self.bytes}"
            )
        if self.algorithm is None:
            return None
        with fetched.path.open("rb") as file:
            found = hashlib.file_digest(file, self.algorithm).hexdigest()
        if found == self.digest:
            return None
        return Label(
            f"{self.algorithm}が {found} で、示された {self.digest} と違います",
            f"Its {self.algorithm} is {found}, and {self.digest} is stated",
        )


def _size(raw: Any) -> int | None:
    text = "" if isinstance(raw, bool) else str(raw if raw is not None else "").strip()
    whole = re.fullmatch(r"([0-9]{1,15})(?:\.0+)?", text)
    return int(whole[1]) if whole and int(whole[1]) else None


@dataclass(frozen=True, slots=True)
class Written:
    """What a catalogue states about how a file is written; None where it says nothing."""

    #: character encoding
    encoding: str | None = None
    #: separator of columns
    delimiter: str | None = None
    #: rows of the header; 0 if there is none
    header_rows: int | None = None
    #: first row of the header, from 1
    first_row: int | None = None
    #: text -> what it says of a missing value
    missing: tuple[tuple[str, str], ...] = ()
    #: headings of the columns, as the schema has them; None if there is no schema
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file that a catalogue names."""

    #: name that is unique in the source and stays from run to run
    name: str
    #: URL, or path as declared
    location: str
    #: what people call it
    title: str
    #: format in upper case; empty if it is not known
    format: str = ""
    #: ids under which it can be asked for
    ids: tuple[str, ...] = ()
    #: when it last changed, ISO 8601 with offset; None if the catalogue does not say
    modified: str | None = None
    #: what is stated about its bytes
    stated: Stated = field(default_factory=Stated)
    #: how it is written
    written: Written = field(default_factory=Written)
    #: whether the catalogue says that it has not changed since the last run
    unchanged: bool = False
    #: names of the files that it is put together from; empty if it is one file
    parts: tuple[str, ...] = ()
    #: the secret that its host wants, or None
    credential: Credential | None = None

    @property
    def wanted(self) -> HarvestObject:
        """The object to be fetched."""
        return HarvestObject(name=self.name, location=self.location)


def format_of(stated: str, media_type: str, location: str) -> str:
    """Return the format of a file in upper case: as stated, else by its media type, else by the end of its URL.

    What is stated may be a text (``csv``, ``.xlsx``, ``Excel (xlsx)``), an IRI of an authority table or a media type.
    """
    words = [one.upper() for one in re.findall(r"[A-Za-z0-9]+", stated.rpartition("/")[2])]
    suffix = PurePosixPath(file_name(location)).suffix.lstrip(".").upper()
    candidates = (
        _by_media_type(stated),
        next((one for one in words if one in _FORMATS.values()), None),
        words[-1] if words else None,
        _by_media_type(media_type),
        suffix,
    )
    return next((one for one in candidates if one), "")


def _by_media_type(text: str) -> str | None:
    """Return the format of a media type, or of its IRI at IANA."""
    return _FORMATS.get("/".join(text.partition(";")[0].strip().lower().rsplit("/", 2)[-2:]))


def file_name(location: str) -> str:
    """Return the last part of the path of a URL, unescaped; without a path the host."""
    parts = urlsplit(location)
    return unquote(PurePosixPath(parts.path).name) or parts.hostname or location


def choose(found: Iterable[RemoteFile], pattern: str, formats: Sequence[str]) -> list[RemoteFile]:
    """Return the files that the options ask for."""
    wanted = {one.upper().lstrip(".") for one in formats}
    return [one for one in found if one.format in wanted and fits(pattern, (*one.ids, one.title, _last(one)))]


def _last(one: RemoteFile) -> str:
    return file_name(one.location)


def fits(pattern: str, texts: Iterable[str]) -> bool:
    """Return whether one of the texts is of the pattern; width, case and spaces around do not count."""
    wanted = fold(pattern)
    return any(fnmatch.fnmatchcase(fold(one), wanted) for one in texts)


def fold(text: str) -> str:
    """Return a text as it is compared with what people ask for."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def unique_names(files: Sequence[RemoteFile]) -> list[RemoteFile]:
    """Return the files with names of which no two are the same: those that share one are called by their URL."""
    times = Counter(one.name for one in files)
    named = [one if times[one.name] == 1 else replace(one, name=f"{one.name} <{one.location}>") for one in files]
    return list({one.name: one for one in named}.values())


def fetch_file(context: Context, file: RemoteFile, known: HarvestObject | None, *, limit: int | None = None) -> Fetched:
    """Get a file, and see to it that it is what the catalogue states.

    One that the catalogue says has not changed is not asked for if its bytes are at hand. ``limit`` is the largest
    size in bytes; ``max_download_mb`` if None.

    Raises
    ------
    IntegrityError
        If it has another size or digest than is stated.
    FetchError
        If it cannot be had.
    """
    source = context.source
    if source.path is None and not file.location.startswith(("http://", "https://")):
        raise _no_url(file)
    fetched = context.fetcher.reuse(file.wanted, known) if file.unchanged else None
    fetched = fetched or context.fetcher.fetch_once(source, file.wanted, known, limit=limit, credential=file.credential)
    difference = file.stated.difference(fetched)
    if difference is not None:
        if source.options["checksums"] == "refuse":
            raise _not_as_stated(file, difference)
        context.findings.add(NOT_AS_STATED, Place(file=file.name), detail=difference)
    return fetched


def _no_url(file: RemoteFile) -> ForbiddenAddress:
    return ForbiddenAddress(
        f"「{file.location}」は http か https のURLではありません",
        f"{file.location!r} is not an http or https URL",
        next_step=Label("提供元に知らせてください", "Tell the owner of the source"),
        place=Place(file=file.name),
        value=file.location,
    )


def _not_as_stated(file: RemoteFile, difference: Label) -> IntegrityError:
    return IntegrityError(
        f"目録が示すファイルと違うものが届きました。{difference.ja}",
        f"What came is not the file that the catalogue states. {difference.en}",
        next_step=Label(
            "提供元が差し替えの途中でなければ知らせてください。options の checksums: report で読むこともできます",
            "Unless the source is just replacing it, tell its owner; with checksums: report in the options it is read",
        ),
        place=Place(file=file.name),
        value=file.location,
    )


def nothing_chosen(context: Context, found: Sequence[RemoteFile], datasets: Sequence[str]) -> FetchError:
    """Return the error for options that fit no file; names what there is."""
    source = context.source
    names = [f"{one.title} ({one.format})" for one in found[:_NAMED]] or list(datasets[:_NAMED])
    listed = Label("、".join(names) or "なし", ", ".join(names) or "none")
    return FetchError(
        f"options に合うファイルがありません（データセット{len(datasets)}件、ファイル{len(found)}件の中）",
        f"No file fits the options (among {len(datasets)} datasets with {len(found)} files)",
        next_step=Label(
            f"options の pick、files、formats を直してください。あるもの: {listed.ja}。公開済みのデータは消しません",
            f"Correct pick, files and formats in the options. There are: {listed.en}. What is published stays",
        ),
        place=Place(file=source.file.name, cell=f"{source.name}.options"),
        value=source.options["files"],
        allowed=names,
    )


#: files or datasets that an error names
_NAMED = 10
