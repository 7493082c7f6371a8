"""Archives that mean harm: bombs, names that lead out, links, lies."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
ZEROS = b"0" * 1_000_000


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = DEFLATED) -> bytes:
    """Return an archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def bomb(megabytes: int) -> bytes:
    """Return a flat bomb: one member of zeros."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", DEFLATED) as archive, archive.open("2021.csv", "w", force_zip64=True) as file:
        for _ in range(megabytes):
            file.write(ZEROS)
    return out.getvalue()


def overlapping(files: int, content: bytes) -> bytes:
    """Return an archive whose directory has many members that are one and the same bytes (Fifield, 2019)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(content) + packer.flush()
    common = (20, 0, 8, 0, 33, zlib.crc32(content), len(body), len(content), 8, 0)
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", *common) + b"0000.csv" + body
    directory = b"".join(
        struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, *common, 0, 0, 0, 0, 0) + f"{one:04d}.csv".encode()
        for one in range(files)
    )
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, files, files, len(directory), len(local), 0)
    return local + directory + end


def test_a_flat_bomb_is_refused_by_its_ratio(desk):
    found = desk.attack("集計.zip", bomb(100))
    found.says(
        "集計.zip: 1028倍に展開されます（上限200倍） → 正しいファイルか確かめ、",
        "集計.zip: It unpacks to 1028 times its size, more than 200 → Check that it is the right file;",
    )


def test_a_bomb_inside_an_archive_is_refused_unopened(desk):
    found = desk.attack("集計.zip", zipped(("中身.zip", bomb(200)), method=STORED))
    found.says(
        "集計.zip/中身.zip: 圧縮ファイルの中に圧縮ファイルがあります → 中の圧縮ファイルを展開して入れ直してください",
        "集計.zip/中身.zip: It is an archive inside an archive → Unpack it and put its files in instead",
    )


def test_members_that_overlap_are_refused(desk, good):
    found = desk.attack("集計.zip", overlapping(15, good(2022)))
    found.says("集計.zip: 圧縮ファイルとして壊れています → ", "集計.zip: The archive is damaged → ")


def test_gigabytes_in_members_that_overlap_are_refused_by_what_the_directory_says(desk):
    found = desk.attack("集計.zip", overlapping(4_500, ZEROS))
    found.says(
        "集計.zip: 展開すると4500MBになります（上限4000MB） → 正しいファイルか確かめ、",
        "集計.zip: It unpacks to 4500 MB, more than 4000 MB → Check that it is the right file;",
    )


def test_a_member_longer_than_it_says_is_refused(desk):
    honest = zipped(("2022.csv", ZEROS))
    lie = honest.replace(struct.pack("<L", len(ZEROS)), struct.pack("<L", 1000))
    found = desk.attack("集計.zip", lie)
    found.says("集計.zip: 圧縮ファイルとして壊れています → ", "集計.zip: The archive is damaged → ")


@pytest.mark.parametrize(
    "name",
    [
        "../2022.csv",
        "/etc/cron.d/x.csv",
        "C:/2022.csv",
        "C:2022.csv",
        "..\\2022.csv",
        "a/../../2022.csv",
        "\\\\host\\x",
    ],
)
def test_a_name_that_leads_out_is_refused_and_nothing_is_written_there(desk, name, good):
    found = desk.attack("集計.zip", zipped((name, good(2022))))
    found.says("外のフォルダを指す名前「", "A member leads out of it: ")
    found.says("→ 出どころを確かめ、作り直してください", "→ Find out where it comes from and make it again")
    assert not list(desk.folder.parent.rglob("2022.csv"))


def test_a_symbolic_link_is_refused(desk):
    link = zipfile.ZipInfo("2022.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    found = desk.attack("集計.zip", zipped((link, b"/etc/passwd")))
    found.says(
        "「2022.csv」はファイルではなくリンクです → リンク先のファイルそのものを入れてください",
        "'2022.csv' is a link, not a file → Put the file itself in",
    )


def test_a_name_with_nul_ends_there_in_no_path(desk, good):
    raw = zipped(("2022.csvXpng", good(2022))).replace(b"csvXpng", b"csv\0png")
    path = desk.folder / "集計.zip"
    path.write_bytes(raw)
    found = desk.run()
    assert "内部エラー" not in found.ja
    assert {one.name for one in desk.folder.iterdir()} == {"2020.csv", "集計.zip"}


def test_a_name_in_cp932_whose_second_byte_is_a_backslash_is_a_name(desk, good):
    """表 and ソ end in 0x5C, which a careless reader takes for a folder."""
    name = "表ソ能.csv"
    marked = zipped(("X" * len(name.encode("cp932")), good(2022)))
    raw = marked.replace(b"X" * len(name.encode("cp932")), name.encode("cp932"))
    desk.put("集計.zip", raw)
    found = desk.run()
    assert found.report.to_dict()["status"] == "succeeded", found.ja
    assert desk.served() == {"FY2020": 40.0, "FY2022": 42.0}


def test_a_name_in_cp932_that_leads_out_is_refused(desk, good):
    name = "..\\表.csv".encode("cp932")
    raw = zipped(("X" * len(name), good(2022))).replace(b"X" * len(name), name)
    found = desk.attack("集計.zip", raw)
    found.says("外のフォルダを指す名前「", "A member leads out of it: ")


def test_what_a_link_in_the_folder_points_to_is_not_read(desk, good, tmp_path: Path):
    secret = tmp_path / "secret.csv"
    secret.write_bytes(good(2022))
    found = desk.attack("2022.csv", lambda path: path.symlink_to(secret))
    found.says("2022.csv", "2022.csv")
    assert "FY2022" not in desk.served()
