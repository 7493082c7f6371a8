"""Text files whose encoding and delimiter nobody declared."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import InputError, TooLarge
from harvesters.readers.text import decode, read_text

TABLE = "区,人数,備考\n中央区,12,〜①髙\n緑区,3,\n"


def read(path, **options):
    return read_text(path, name=path.name, largest=10_000_000, **options)


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("cp932", "cp932"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
    ],
)
def test_an_encoding_is_found_and_told_with_its_evidence(text_file, encoding, found):
    text = TABLE.replace("〜", "～")
    grid, detected = read(text_file(text, encoding))
    assert [grid.text(1, column) for column in range(3)] == ["中央区", "12", "～①髙"]
    [encoded] = [one for one in detected if one.what == "encoding"]
    assert encoded.value == found
    assert encoded.evidence.en


def test_a_declared_encoding_is_used_and_nothing_is_told(text_file):
    grid, detected = read(text_file("区,人\n中央区,1\n", "euc-jp"), encoding="euc-jp", delimiter=",")
    assert grid.text(1, 0) == "中央区"
    assert detected == []


@pytest.mark.parametrize(("delimiter", "shown"), [(",", ","), ("\t", "TAB"), (";", ";"), ("|", "|")])
def test_a_delimiter_is_found_and_told_with_its_evidence(text_file, delimiter, shown):
    grid, detected = read(text_file(TABLE.replace(",", delimiter)))
    assert grid.width == 3
    [found] = [one for one in detected if one.what == "delimiter"]
    assert (found.value, found.evidence.ja.endswith("先頭の3行が3列にそろう")) == (shown, True)
    assert "delimiter" in found.finding.rule.next_step.ja


def test_thousands_separators_do_not_make_a_tab_file_a_comma_file(text_file):
    grid, _ = read(text_file("区\t人\n中央区\t1,391\n緑区\t2,100\n花見川区\t3,000\n"))
    assert grid.text(1, 1) == "1,391"


def test_a_title_above_does_not_hide_the_delimiter(text_file):
    grid, _ = read(text_file("令和5年度の集計\n\n区,人,計\n中央区,1,2\n"))
    assert grid.text(2, 2) == "計"


def test_bytes_that_are_no_text_are_refused_with_line_and_what_to_do(tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes("区,人\n中央区,".encode("cp932") + b"\xff\xff\n")
    with pytest.raises(InputError, match="Line 2 is not cp932") as caught:
        read(path)
    assert caught.value.place.cell == "row 2"
    assert "CSV UTF-8" in caught.value.next_step.en


@pytest.mark.parametrize("broken", ["区,人\n中央区".encode()[:-1], "区,人\n中".encode() + b"\xe4" + "央区\n".encode()])
def test_damaged_utf_8_is_refused_with_its_line_and_not_read_as_other_characters(broken):
    with pytest.raises(InputError, match="Line 2 has a broken UTF-8 character"):
        decode(broken, name="f")


def test_binary_content_is_refused():
    with pytest.raises(InputError, match="no text"):
        decode(b"a,b\n\0\0\0", name="f")


def test_an_encoding_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="no encoding 'utf-99'"):
        decode(b"a", name="f", encoding="utf-99")


def test_broken_quoting_is_refused_with_its_line(text_file):
    with pytest.raises(InputError, match="quoting") as caught:
        read(text_file('a,b\n1,"x"y\n'))
    assert caught.value.place.cell == "row 2"


def test_a_quoted_line_break_keeps_the_line_numbers_right(text_file):
    grid, _ = read(text_file('a,b\n"x\ny",1\nz,2\n'))
    assert grid.place(2, 0).cell == "A4"


def test_a_million_columns_are_refused(text_file):
    with pytest.raises(TooLarge, match="1000001 columns"):
        read(text_file("," * 1_000_000 + "\n"))


def test_a_field_without_end_is_refused(text_file):
    with pytest.raises(TooLarge, match="row 2: A cell is too long"):
        read(text_file('a,b\n"' + "x" * 300_000))


def test_a_file_larger_than_allowed_is_not_read(text_file):
    with pytest.raises(InputError, match="larger than"):
        read_text(text_file(TABLE), name="f", largest=10)


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_refused(raw):
    with suppress(InputError):
        text, detected = decode(raw, name="f")
        assert "\0" not in text
        assert detected
