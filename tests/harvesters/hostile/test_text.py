"""Text files that mean harm: two gigabytes, a million columns, one endless cell, depth without end."""

from __future__ import annotations

from pathlib import Path

import pytest


def sparse(path: Path, start: bytes, size: int) -> None:
    """Write a file that is as long as it says and takes no room on the disk."""
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size)


def test_a_csv_of_two_gigabytes_is_refused_unread(desk, good):
    found = desk.attack("2022.csv", lambda path: sparse(path, good(2022), 2_000_000_000))
    found.says(
        "2022.csv: 上限の20MBを超えています → 正しいファイルか確かめ、必要なら SHIHYO_MAX_DOWNLOAD_MB を上げてください",
        "2022.csv: It is larger than the limit of 20 MB → Check that it is the right file; if it is, raise",
    )
    assert found.seconds < 10


def test_a_million_columns_are_refused_with_the_row(desk):
    found = desk.attack("2022.csv", b",".join(b"x%d" % one for one in range(1_000_000)) + b"\r\n1\r\n")
    found.says(
        "2022.csv / row 1: 1行目までのセルが多すぎます（この行は1000000列、上限16384列） → 区切り文字と",
        "2022.csv / row 1: It has too many cells up to line 1 (this row has 1000000 columns, the limit is 16384) →",
    )


@pytest.mark.parametrize("megabytes", [1, 15])
def test_an_endless_cell_is_refused_with_its_row(desk, good, megabytes):
    found = desk.attack("2022.csv", good(2022) + b'"' + b"x" * (megabytes * 1_000_000) + b'",2022,1\r\n')
    found.says(
        "2022.csv / row 5: 長すぎるセルがあります（上限32,767文字） → 閉じていない引用符がないか、",
        "2022.csv / row 5: A cell is too long (the limit is 32,767 characters) → Check whether a quote is left open,",
    )
    assert len(found.ja) < 5_000


def test_an_endless_heading_is_not_repeated_in_the_report(desk):
    desk.put("2022.csv", b"x" * 30_000 + b"," + b"y" * 30_000 + b"\r\n1,2\r\n")
    found = desk.run()
    found.says(
        "[schema-change] 2022.csv の形が前回（2020.csv）と違います。",
        "[schema-change] 2022.csv does not have the form of the",
    )
    assert len(found.ja) < 10_000
    assert desk.served() == {"FY2020": 40.0}


def test_quotes_that_never_close_are_refused_with_their_row(desk, good):
    found = desk.attack("2022.csv", good(2022) + b'"121002,2022,42\r\n' * 3)
    found.says("2022.csv / row ", "2022.csv / row ")


def test_a_gzip_bomb_in_the_folder_is_refused_while_it_unpacks(desk):
    import gzip

    found = desk.attack("2022.csv.gz", gzip.compress(b"0" * 50_000_000))
    found.says("200倍を超えて展開されます → ", "It unpacks to more than 200 times its size → ")


@pytest.mark.parametrize("start", [b"<!DOCTYPE html><html>", b"%PDF-1.7\n"], ids=["html", "pdf"])
def test_what_is_no_table_is_refused_by_its_kind(desk, start):
    found = desk.attack("2022.csv", start + b"x" * 1000)
    found.says("2022.csv: ", "2022.csv: ")
    assert "→" in found.ja.split("✗ 2022.csv")[1].splitlines()[0]
