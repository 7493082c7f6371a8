"""Files inside files: the members of a ZIP archive and the content of a gzip file, unpacked one by one.

Order of events: the directory is checked (:func:`~harvesters.readers.archive.check_directory`); names are read, because
Windows writes them in CP932; links, names that occur twice and archives in archives are refused; every member is
unpacked into a folder of its own, counted while it comes, under a name of ours. Workbooks are archives too and pass
through as they are. The folder is gone when the caller is done.

References
----------
PKWARE APPNOTE 6.3.10, 4.4.4 (bit 11: names in UTF-8) and appendix D; RFC 1952 (gzip).
"""

from __future__ import annotations

import gzip
import stat
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from catalog.errors import FetchError, InputError, Label, Place, TooLarge
from harvesters.readers.archive import HIGHEST_RATIO, SMALL, check_directory
from harvesters.readers.workbook import ZIP_MAGIC

#: what gzip files begin with
GZIP_MAGIC = b"\x1f\x8b"
#: what an archive without members begins with
EMPTY_ZIP_MAGIC = b"PK\x05\x06"
#: members of an archive that are read
MOST_FILES = 1_000

_CHUNK = 1 << 20
_UTF8_NAMES = 0x800
#: what file managers put beside the files; no one hands it in on purpose
_LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini", "~$")
_WORKBOOK_MEMBERS = frozenset({"[Content_Types].xml", "mimetype", "content.xml"})


@dataclass(frozen=True, slots=True)
class Member:
    """A file to be read: a member of an archive, or the file itself."""

    #: what people call it: ``集計.zip/令和3年度.csv``
    name: str
    #: where its bytes are while the archive is open
    path: Path


@contextmanager
def unpacked(path: Path, *, name: str, largest: int) -> Iterator[Sequence[Member]]:
    """Give the files inside a file, in the order of their names; a file that holds none is given as it is.

    Parameters
    ----------
    path, name
        The file, and what people call it.
    largest
        Bytes that all members together may have.

    Raises
    ------
    TooLarge
        If it unpacks to more, or its ratio is that of a bomb.
    InputError
        If it is damaged, encrypted or empty, or a member is a link, leads out, is itself an archive, or has the name of
        another.
    FetchError
        If it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise FetchError(
            f"「{name}」を読めません",
            f"{name} cannot be read",
            next_step=Label("場所と権限を確かめてください", "Check where it is and who may read it"),
            place=Place(file=name),
            reason=error.strerror,
        ) from error
    if start.startswith(GZIP_MAGIC):
        with tempfile.TemporaryDirectory(prefix="shihyo-") as folder:
            yield [_gunzip(path, name, largest, Path(folder) / "0")]
    elif start.startswith((ZIP_MAGIC, EMPTY_ZIP_MAGIC)) and not _is_workbook(path, name):
        with tempfile.TemporaryDirectory(prefix="shihyo-") as folder:
            yield _unzip(path, name, largest, Path(folder))
    else:
        yield [Member(name, path)]


def _is_workbook(path: Path, name: str) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return not _WORKBOOK_MEMBERS.isdisjoint(one.filename for one in archive.infolist())
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise _damaged(name, error) from error


def _unzip(path: Path, name: str, largest: int, folder: Path) -> list[Member]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            check_directory(members, name, largest)
            named = [(_name(one), one) for one in members if not one.is_dir()]
            wanted = sorted(((text, one) for text, one in named if not _is_litter(text)), key=lambda each: each[0])
            _check_names(wanted, name)
            return [
                Member(f"{name}/{text}", _extract(archive, one, folder / str(i), f"{name}/{text}"))
                for i, (text, one) in enumerate(wanted)
            ]
    except NotImplementedError as error:
        raise _refused(
            name,
            Label("読めない方式で圧縮されています", "It is compressed in a way that cannot be read"),
            Label("普通のZIP（Deflate）で圧縮し直してください", "Make it again as an ordinary ZIP (Deflate)"),
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise _damaged(name, error) from error


def _name(member: zipfile.ZipInfo) -> str:
    """Return the name of a member: UTF-8 if it says so or is, else CP932, which Windows in Japan writes."""
    if member.flag_bits & _UTF8_NAMES:
        return unicodedata.normalize("NFC", member.filename)
    raw = member.filename.encode("cp437", errors="surrogateescape")
    for encoding in ("utf-8", "cp932"):
        try:
            return unicodedata.normalize("NFC", raw.decode(encoding))
        except UnicodeDecodeError:
            continue
    return member.filename


def _is_litter(name: str) -> bool:
    return name.startswith(_LITTER[0]) or PurePosixPath(name).name.startswith(_LITTER[1:])


def _check_names(members: Sequence[tuple[str, zipfile.ZipInfo]], name: str) -> None:
    if not members:
        raise _refused(
            name,
            Label("中にファイルがありません", "It has no files in it"),
            Label("正しいファイルか確かめてください", "Check that it is the right file"),
        )
    if len(members) > MOST_FILES:
        raise _too_large(
            name,
            Label(
                f"中のファイルが{len(members)}個あります（上限{MOST_FILES}）",
                f"It has {len(members)} files, more than {MOST_FILES}",
            ),
        )
    seen: set[str] = set()
    for text, member in members:
        if text in seen:
            raise _refused(
                name,
                Label(f"「{text}」が2つ入っています", f"It has two members named {text!r}"),
                Label("一つにして作り直してください", "Make it again with one of them"),
            )
        seen.add(text)
        if stat.S_ISLNK(member.external_attr >> 16):
            raise _refused(
                name,
                Label(f"「{text}」はファイルではなくリンクです", f"{text!r} is a link, not a file"),
                Label("リンク先のファイルそのものを入れてください", "Put the file itself in"),
            )


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, name: str) -> Path:
    """Unpack a member; ``zipfile`` stops at its stated size and then finds the checksum wrong."""
    with archive.open(member) as file, target.open("wb") as out:
        while chunk := file.read(_CHUNK):
            out.write(chunk)
    with target.open("rb") as file:
        start = file.read(4)
    if start.startswith(GZIP_MAGIC) or (
        start.startswith((ZIP_MAGIC, EMPTY_ZIP_MAGIC)) and not _is_workbook(target, name)
    ):
        raise _refused(
            name,
            Label("圧縮ファイルの中に圧縮ファイルがあります", "It is an archive inside an archive"),
            Label("中の圧縮ファイルを展開して入れ直してください", "Unpack it and put its files in instead"),
        )
    return target


def _gunzip(path: Path, name: str, largest: int, target: Path) -> Member:
    inner = name[: -len(".gz")] if name.lower().endswith(".gz") else name
    try:
        with gzip.open(path) as file, target.open("wb") as out:
            _copy(file, out, name, largest, path.stat().st_size)
    except (gzip.BadGzipFile, zlib.error, EOFError, OSError) as error:
        raise _damaged(name, error) from error
    return Member(inner, target)


def _copy(file: BinaryIO | gzip.GzipFile, out: BinaryIO, name: str, largest: int, packed: int) -> None:
    size = 0
    while chunk := file.read(_CHUNK):
        size += len(chunk)
        if size > largest:
            megabytes = largest // 1_000_000
            raise _too_large(
                name,
                Label(f"展開すると{megabytes}MBを超えます", f"It unpacks to more than {megabytes} MB"),
            )
        if size > SMALL and size > HIGHEST_RATIO * packed:
            raise _too_large(
                name,
                Label(
                    f"{HIGHEST_RATIO}倍を超えて展開されます", f"It unpacks to more than {HIGHEST_RATIO} times its size"
                ),
            )
        out.write(chunk)


def _damaged(name: str, error: Exception) -> InputError:
    return InputError(
        "圧縮ファイルとして壊れています",
        "The archive is damaged",
        next_step=Label(
            "途中で切れていないか確かめ、作り直してください", "Check whether it is complete; make it again"
        ),
        place=Place(file=name),
        reason=str(error)[:200],
    )


def _too_large(name: str, what: Label) -> TooLarge:
    return TooLarge(
        what.ja,
        what.en,
        next_step=Label(
            "正しいファイルか確かめ、必要なら分けて置いてください",
            "Check that it is the right file; if it is, hand it in in parts",
        ),
        place=Place(file=name),
    )


def _refused(name: str, what: Label, next_step: Label) -> InputError:
    return InputError(what.ja, what.en, next_step=next_step, place=Place(file=name))
