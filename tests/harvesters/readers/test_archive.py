"""Archives that are not safe to unpack."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.errors import InputError, TooLarge
from harvesters.readers.archive import MOST_MEMBERS, check_archive

LARGEST = 50_000_000


@pytest.fixture
def make_archive(tmp_path: Path) -> Callable[..., Path]:
    def make(members: dict[str, bytes]) -> Path:
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path

    return make


def test_an_ordinary_archive_passes(make_archive):
    check_archive(make_archive({"xl/a.xml": b"<a/>", "b.bin": b"x" * 1000}), name="表.xlsx", largest=LARGEST)


def test_an_archive_that_unpacks_to_more_than_allowed_is_refused_unopened(make_archive):
    path = make_archive({"xl/a.xml": b"0" * 60_000_000})
    with pytest.raises(TooLarge, match="unpacks to 60 MB, more than 50 MB") as caught:
        check_archive(path, name="表.xlsx", largest=LARGEST)
    assert path.stat().st_size < 100_000
    assert caught.value.place.file == "表.xlsx"
    assert "シート" in caught.value.next_step.ja


def test_the_ratio_of_a_bomb_is_refused_below_the_size_too(make_archive):
    with pytest.raises(TooLarge, match="times its size"):
        check_archive(make_archive({"xl/a.xml": b"0" * 20_000_000}), name="f", largest=LARGEST)


def test_too_many_members_are_refused(make_archive):
    path = make_archive({f"{i}": b"" for i in range(MOST_MEMBERS + 1)})
    with pytest.raises(TooLarge, match="5001 members"):
        check_archive(path, name="f", largest=LARGEST)


@pytest.mark.parametrize("member", ["../../etc/passwd", "/etc/passwd", "a/../../b", "C:/x", "..\\x"])
def test_a_member_that_leads_out_is_refused_by_name(make_archive, member):
    with pytest.raises(InputError, match="leads out"):
        check_archive(make_archive({member: b""}), name="f", largest=LARGEST)


BOMB = b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize("before", [b"", b"<!--" + b" " * 300_000 + b"-->"])
def test_entity_declarations_are_refused_wherever_they_stand(make_archive, before):
    content = BOMB.replace(b"?><", b"?>" + before + b"<", 1)
    with pytest.raises(InputError, match=r"xl/workbook\.xml declares entities"):
        check_archive(make_archive({"xl/workbook.xml": content}), name="f", largest=LARGEST)


@pytest.mark.parametrize("split", range(1, 12))
def test_a_declaration_across_two_pieces_is_found(make_archive, split):
    content = b" " * ((1 << 18) - split) + b"<!DOCTYPE x>"
    with pytest.raises(InputError, match="declares entities"):
        check_archive(make_archive({"a.xml": content}), name="f", largest=LARGEST)


def test_xml_in_utf_16_which_would_hide_a_declaration_is_refused(make_archive):
    with pytest.raises(InputError, match="not UTF-8"):
        check_archive(make_archive({"a.xml": "<!DOCTYPE x>".encode("utf-16-le")}), name="f", largest=LARGEST)


def test_an_archive_that_lies_about_its_size_is_refused(make_archive):
    path = make_archive({"a.xml": b"<a>" + b"0" * 5_000_000 + b"</a>"})
    raw = path.read_bytes().replace(struct.pack("<I", 5_000_007), struct.pack("<I", 10))
    path.write_bytes(raw)
    with pytest.raises(InputError, match="damaged"):
        check_archive(path, name="f", largest=LARGEST)


def test_an_encrypted_archive_is_refused_with_what_to_do(make_archive):
    path = make_archive({"a.xml": b"<a/>"})
    raw = bytearray(path.read_bytes())
    place = raw.index(b"PK\x01\x02")
    raw[place + 8] |= 1
    path.write_bytes(bytes(raw))
    with pytest.raises(InputError, match="password") as caught:
        check_archive(path, name="f", largest=LARGEST)
    assert "パスワードを外して" in caught.value.next_step.ja


@pytest.mark.parametrize("cut", [4, 30, 60])
def test_a_truncated_archive_is_an_error_of_ours(make_archive, cut):
    path = make_archive({"a.xml": b"<a/>" * 1000})
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(InputError, match="damaged"):
        check_archive(path, name="f", largest=LARGEST)
