"""What a ZIP file says of itself, before anything is unpacked: XLSX and ODS are such files.

A few kilobytes can unpack to terabytes, name files outside their folder, or hold XML that grows while it is parsed.
Order of events: the directory (members, sizes, ratio, names, encryption); then each XML member is unpacked once, in
pieces, against its stated size, and searched for entity declarations. Nothing is written to disk.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from catalog.errors import InputError, Label, Place, TooLarge

#: members that an archive may have; workbooks have tens
MOST_MEMBERS = 5_000
#: unpacked over packed size that an archive may have; workbooks reach 50, zeros 1000
HIGHEST_RATIO = 200
#: archives that unpack to less than this many bytes may have any ratio
SMALL = 10_000_000

_XML = (".xml", ".rels", ".vml")
_CHUNK = 1 << 18
_DECLARATIONS = (b"<!doctype", b"<!entity")
_OVERLAP = max(map(len, _DECLARATIONS)) - 1


def check_archive(path: Path, *, name: str, largest: int) -> None:
    """Refuse an archive that is not safe to unpack.

    Parameters
    ----------
    path, name
        The file, and what people call it.
    largest
        Bytes that it may unpack to.

    Raises
    ------
    TooLarge
        If it unpacks to more than ``largest``, or its ratio is that of a bomb.
    InputError
        If it is damaged or encrypted, names a path outside itself, or its XML declares entities.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            check_directory(members, name, largest)
            for one in members:
                if one.filename.lower().endswith(_XML):
                    _check_xml(archive, one, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise InputError(
            "圧縮ファイルとして壊れています",
            "The archive is damaged",
            next_step=Label("開いて保存し直してください", "Open it and save it again"),
            place=Place(file=name),
            reason=str(error)[:200],
        ) from error


def check_directory(members: list[zipfile.ZipInfo], name: str, largest: int) -> None:
    """Refuse what the directory of an archive says: too many or too large members, names that lead out, passwords.

    Raises
    ------
    TooLarge, InputError
        As :func:`check_archive`.
    """
    packed, unpacked = sum(one.compress_size for one in members), sum(one.file_size for one in members)
    if len(members) > MOST_MEMBERS:
        raise _bomb(
            name,
            Label(
                f"中のファイルが{len(members)}個あります（上限{MOST_MEMBERS}）",
                f"It has {len(members)} members, more than {MOST_MEMBERS}",
            ),
        )
    if unpacked > largest:
        raise _bomb(
            name,
            Label(
                f"展開すると{_mb(unpacked)}MBになります（上限{_mb(largest)}MB）",
                f"It unpacks to {_mb(unpacked)} MB, more than {_mb(largest)} MB",
            ),
        )
    if unpacked > SMALL and unpacked > HIGHEST_RATIO * max(packed, 1):
        ratio = unpacked // max(packed, 1)
        raise _bomb(
            name,
            Label(
                f"{ratio}倍に展開されます（上限{HIGHEST_RATIO}倍）",
                f"It unpacks to {ratio} times its size, more than {HIGHEST_RATIO}",
            ),
        )
    for one in members:
        _check_member(one, name)


def _check_member(member: zipfile.ZipInfo, name: str) -> None:
    parts = PurePosixPath(member.filename.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in "".join(parts.parts[:1]):
        raise _refused(
            name,
            Label(
                f"外のフォルダを指す名前「{member.filename}」があります",
                f"A member leads out of it: {member.filename!r}",
            ),
            Label("出どころを確かめ、作り直してください", "Find out where it comes from and make it again"),
        )
    if member.flag_bits & 0x1:
        raise encrypted(name)


def _check_xml(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> None:
    before = b""
    for number, chunk in enumerate(_chunks(archive, member)):
        if number == 0 and b"\0" in chunk[:4]:
            raise _refused(
                name,
                Label(f"「{member.filename}」がUTF-8ではありません", f"{member.filename} is not UTF-8"),
                Label("表計算ソフトで保存し直してください", "Save it again from your spreadsheet"),
            )
        window = (before + chunk).lower()
        if any(one in window for one in _DECLARATIONS):
            raise _refused(
                name,
                Label(
                    f"「{member.filename}」に実体宣言（DOCTYPE）があります",
                    f"{member.filename} declares entities (DOCTYPE)",
                ),
                Label(
                    "表計算ソフトが作るファイルにはないものです。出どころを確かめてください",
                    "No spreadsheet writes that; find out where the file comes from",
                ),
            )
        before = chunk[-_OVERLAP:]


def _chunks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the member unpacked; ``zipfile`` stops at the stated size and then finds the checksum wrong."""
    with archive.open(member) as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def encrypted(name: str) -> InputError:
    """Return the error for a file that is locked with a password."""
    return _refused(
        name,
        Label("パスワードで保護されています", "It is protected by a password"),
        Label("パスワードを外して保存し直してください", "Save it without the password"),
    )


def _bomb(name: str, what: Label) -> TooLarge:
    return TooLarge(
        what.ja,
        what.en,
        next_step=Label(
            "正しいファイルか確かめ、使わないシートや書式を消して保存し直してください",
            "Check that it is the right file; delete unused sheets and formatting and save it again",
        ),
        place=Place(file=name),
    )


def _refused(name: str, what: Label, next_step: Label) -> InputError:
    return InputError(what.ja, what.en, next_step=next_step, place=Place(file=name))


def _mb(size: int) -> int:
    return size // 1_000_000
