"""Archives of tables: what is in them, and what is refused."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.errors import FetchError, InputError, TooLarge
from harvesters.readers.bundle import MOST_FILES, unpacked
from harvesters.readers.source_file import read_file

LARGEST = 50_000_000
TABLE = "区,人口\n中央区,100\n".encode()


@pytest.fixture
def make_zip(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes an archive of members."""

    def make(members: dict[str, bytes] | list[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
        path = tmp_path / "表.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items() if isinstance(members, dict) else members:
                archive.writestr(name, content)
        return path

    return make


def contents(path: Path, largest: int = LARGEST) -> dict[str, bytes]:
    with unpacked(path, name=path.name, largest=largest) as members:
        return {one.name: one.path.read_bytes() for one in members}


def refused(path: Path, largest: int = LARGEST) -> InputError | TooLarge | FetchError:
    with pytest.raises((InputError, FetchError)) as caught, unpacked(path, name=path.name, largest=largest):
        pass
    assert caught.value.place is not None
    assert str(caught.value.place.file).startswith(path.name)
    assert caught.value.next_step is not None
    return caught.value


def test_members_come_in_the_order_of_their_names(make_zip):
    path = make_zip({"b/２.csv": b"2", "a.csv": b"1", "b/": b""})
    assert contents(path) == {"表.zip/a.csv": b"1", "表.zip/b/２.csv": b"2"}
    assert list(contents(path)) == sorted(contents(path))


def test_a_file_that_holds_no_others_is_given_as_it_is(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(TABLE)
    with unpacked(path, name="a.csv", largest=LARGEST) as members:
        assert [(one.name, one.path) for one in members] == [("a.csv", path)]


def test_a_workbook_is_no_archive_of_tables(tmp_path):
    path = tmp_path / "a.xlsx"
    openpyxl.Workbook().save(path)
    with unpacked(path, name="a.xlsx", largest=LARGEST) as members:
        assert [one.path for one in members] == [path]


def test_gzip_gives_its_content_under_its_name_without_gz(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(TABLE) + gzip.compress("緑区,200\n".encode()))
    assert contents(path) == {"a.csv": TABLE + "緑区,200\n".encode()}


def test_nothing_is_left_on_the_disk(make_zip):
    with unpacked(make_zip({"a.csv": TABLE}), name="f", largest=LARGEST) as members:
        [path] = [one.path for one in members]
        assert path.exists()
    assert not path.exists()
    assert not path.parent.exists()


def _renamed(path: Path, old: bytes, new: bytes) -> Path:
    """Replace the name of a member in both directories, as an archiver with another encoding writes it."""
    assert len(old) == len(new)
    path.write_bytes(path.read_bytes().replace(old, new))
    return path


def test_names_that_windows_wrote_in_cp932_are_read(make_zip):
    raw = "令和3年度表.csv".encode("cp932")
    path = _renamed(make_zip({"x" * len(raw): TABLE}), b"x" * len(raw), raw)
    assert list(contents(path)) == ["表.zip/令和3年度表.csv"]


def test_names_in_utf8_without_the_flag_are_read(make_zip):
    raw = "区別.csv".encode()
    path = _renamed(make_zip({"x" * len(raw): TABLE}), b"x" * len(raw), raw)
    assert list(contents(path)) == ["表.zip/区別.csv"]


def test_decomposed_names_of_a_mac_are_composed(make_zip):
    assert list(contents(make_zip({"か\u3099くせい.csv": TABLE}))) == ["表.zip/がくせい.csv"]


def test_what_file_managers_leave_is_left_out(make_zip):
    path = make_zip(
        {"a.csv": TABLE, "__MACOSX/._a.csv": b"x", ".DS_Store": b"x", "b/~$a.xlsx": b"x", "Thumbs.db": b"x"}
    )
    assert list(contents(path)) == ["表.zip/a.csv"]


@pytest.mark.parametrize("name", ["../a.csv", "/etc/passwd", "a/../../b.csv", "C:/a.csv", "..\\a.csv"])
def test_a_name_that_leads_out_is_refused(make_zip, name):
    assert "leads out" in refused(make_zip({name: TABLE})).what.en


def test_a_link_is_refused(make_zip):
    link = zipfile.ZipInfo("a.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    error = refused(make_zip([(link, b"/etc/passwd")]))
    assert "is a link" in error.what.en
    assert "リンク" in error.what.ja


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(make_zip):
    assert "two members named 'a.csv'" in refused(make_zip([("a.csv", TABLE), ("a.csv", b"")])).what.en


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_names_that_are_one_when_composed_are_refused(make_zip):
    assert "two members" in refused(make_zip([("が.csv", TABLE), ("か\u3099.csv", TABLE)])).what.en


@pytest.mark.parametrize("inner", ["zip", "gzip"])
def test_an_archive_in_an_archive_is_refused_by_its_content(make_zip, inner):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", TABLE)
    content = packed.getvalue() if inner == "zip" else gzip.compress(TABLE)
    error = refused(make_zip({"b.csv": content}))
    assert "archive inside an archive" in error.what.en
    assert error.place.file == "表.zip/b.csv"


def test_an_encrypted_member_is_refused(make_zip):
    path = make_zip({"a.csv": TABLE})
    raw = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = raw.index(mark) + at
        raw[place : place + 2] = struct.pack("<H", 1)
    path.write_bytes(raw)
    error = refused(path)
    assert "password" in error.what.en
    assert "パスワード" in error.next_step.ja


def test_a_method_that_is_not_known_is_refused(make_zip):
    path = make_zip({"a.csv": TABLE})
    raw = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = raw.index(mark) + at
        raw[place : place + 2] = struct.pack("<H", 99)
    path.write_bytes(raw)
    assert "compressed in a way" in refused(path).what.en


def test_more_than_it_may_unpack_to_is_refused_unopened(make_zip):
    error = refused(make_zip({f"{i}.csv": b"0" * 30_000_000 for i in range(2)}))
    assert isinstance(error, TooLarge)
    assert "unpacks to 60 MB, more than 50 MB" in error.what.en


def test_the_ratio_of_a_bomb_is_refused(make_zip):
    assert "times its size" in refused(make_zip({"a.csv": b"0" * 20_000_000})).what.en


def test_a_gzip_bomb_is_refused_while_it_unpacks(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"0" * 60_000_000))
    assert isinstance(refused(path), TooLarge)
    assert "200 times" in refused(path).what.en


def test_a_gzip_that_is_only_large_is_refused_at_the_limit(tmp_path):
    import random

    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(random.Random(1).randbytes(3_000_000), 1))
    error = refused(path, 2_000_000)
    assert "unpacks to more than 2 MB" in error.what.en


def test_a_member_that_is_longer_than_it_says_is_refused(make_zip):
    path = make_zip({"a.csv": b"0123456789" * 1000})
    raw = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = raw.index(mark) + at
        raw[place : place + 4] = struct.pack("<L", 100)
    path.write_bytes(raw)
    assert "damaged" in refused(path).what.en


def test_a_member_whose_bytes_were_changed_is_refused(make_zip):
    path = make_zip({"a.csv": TABLE})
    raw = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16)):
        place = raw.index(mark) + at
        raw[place : place + 4] = struct.pack("<L", zlib.crc32(TABLE) ^ 1)
    path.write_bytes(raw)
    assert "damaged" in refused(path).what.en


@pytest.mark.parametrize("name", ["a.zip", "a.csv.gz"])
def test_what_is_cut_off_is_refused(tmp_path, make_zip, name):
    whole = make_zip({"a.csv": TABLE}).read_bytes() if name == "a.zip" else gzip.compress(TABLE * 100)
    path = tmp_path / name
    path.write_bytes(whole[: len(whole) // 2])
    assert "damaged" in refused(path).what.en


def test_an_archive_without_files_is_refused(make_zip):
    assert "no files in it" in refused(make_zip({})).what.en
    assert "no files in it" in refused(make_zip({"a/": b""})).what.en


def test_too_many_files_are_refused(make_zip):
    error = refused(make_zip({f"{i}.csv": b"" for i in range(MOST_FILES + 1)}))
    assert isinstance(error, TooLarge)
    assert "1001 files" in error.what.en


def test_a_file_that_is_not_there_is_a_fetch_error(tmp_path):
    assert isinstance(refused(tmp_path / "a.zip"), FetchError)


class TestOneDoor:
    """Every reader of files gets at what is inside."""

    def test_the_members_of_an_archive_are_sheets_with_their_own_names(self, make_zip, tmp_path):
        book, table = tmp_path / "b.xlsx", tmp_path / "c.parquet"
        openpyxl.Workbook().save(book)
        pq.write_table(pa.table({"区": ["中央区"], "人口": [100]}), table)
        members = {"a.csv": TABLE, "b.xlsx": book.read_bytes(), "c.parquet": table.read_bytes()}
        file = read_file(make_zip(members), name="表.zip", largest=LARGEST)
        assert [one.file for one in file.grids] == ["表.zip/a.csv", "表.zip/b.xlsx", "表.zip/c.parquet"]
        assert file.grids[0].rows == [["区", "人口"], ["中央区", "100"]]
        assert file.grids[2].rows == [["区", "人口"], ["中央区", 100.0]]

    def test_a_pdf_among_them_is_refused_by_name(self, make_zip):
        with pytest.raises(InputError, match="not a table") as caught:
            read_file(make_zip({"a.csv": b"%PDF-1.7"}), name="表.zip", largest=LARGEST)
        assert caught.value.place.file == "表.zip/a.csv"

    def test_parquet_is_a_sheet_headed_by_its_columns(self, tmp_path):
        path = tmp_path / "a.parquet"
        pq.write_table(pa.table({"区": ["中央区", None], "人口": [100, 2**60 + 1]}), path)
        [grid] = read_file(path, name="a.parquet", largest=LARGEST).grids
        assert grid.rows == [["区", "人口"], ["中央区", 100.0], [None, str(2**60 + 1)]]

    def test_parquet_with_lists_is_refused_by_the_name_of_the_column(self, tmp_path):
        path = tmp_path / "a.parquet"
        pq.write_table(pa.table({"区": [["中央区"]], "人口": [100]}), path)
        with pytest.raises(InputError, match="no single value: 区"):
            read_file(path, name="a.parquet", largest=LARGEST)

    def test_parquet_that_is_cut_off_is_refused(self, tmp_path):
        path = tmp_path / "a.parquet"
        pq.write_table(pa.table({"人口": list(range(1000))}), path)
        path.write_bytes(path.read_bytes()[:500])
        with pytest.raises(InputError, match="cannot be read as Parquet"):
            read_file(path, name="a.parquet", largest=LARGEST)

    def test_parquet_that_unpacks_to_more_than_allowed_is_refused(self, tmp_path):
        path = tmp_path / "a.parquet"
        pq.write_table(pa.table({"a": ["x" * 1000 + str(i) for i in range(2000)]}), path, use_dictionary=False)
        with pytest.raises(InputError, match="larger than 1 MB"):
            read_file(path, name="a.parquet", largest=1_000_000)
