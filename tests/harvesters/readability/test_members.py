"""Archives and Parquet: each table in an archive by itself, typed columns by the rules that can apply to them."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.database.jobs import HarvestObject
from catalog.errors import InputError
from harvesters.base import Fetched
from harvesters.readability import check_file, check_members, write_page
from harvesters.readability.inputs import Shelf, judge_inputs
from harvesters.readability.members import is_tabular

GOOD = "団体コード,団体名,年度,人口（人）\r\n121002,千葉市,2021年度,970000\r\n122033,市川市,2021年度,490000\r\n"
BAD = GOOD.replace("970000", "970000人")


def book() -> bytes:
    """Return a workbook with a title above its table."""
    made = openpyxl.Workbook()
    for row in (["人口の表"], [], ["団体コード", "団体名", "人口（人）"], ["121002", "千葉市", 970000]):
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def archive(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write a ZIP."""
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def parquet(path: Path, **columns: Any) -> Path:
    """Write a Parquet file."""
    pq.write_table(pa.table(columns), path)
    return path


PEOPLE = {"団体コード": ["121002", "122033"], "団体名": ["千葉市", "市川市"], "人口（人）": [970000, 490000]}


class TestArchives:
    """ZIP and gzip."""

    def test_each_table_is_judged_as_a_file_of_its_own(self, tmp_path):
        path = archive(tmp_path / "集計.zip", {"a.csv": GOOD.encode(), "b.csv": BAD.encode(), "c.xlsx": book()})
        found = {one.name: (one.format, one.scores) for one in check_members(path).reports}
        assert found["集計.zip/a.csv"] == ("csv", (100, 100, 100))
        assert found["集計.zip/b.csv"] == ("csv", (100, 0, 100))
        assert found["集計.zip/c.xlsx"] == ("xlsx", check_book(tmp_path).scores)

    def test_what_is_no_table_is_named_and_not_judged(self, tmp_path):
        path = archive(tmp_path / "集計.zip", {"a.csv": GOOD.encode(), "説明.pdf": b"%PDF-1.7", "meta.json": b"{}"})
        found = check_members(path)
        assert [one.name for one in found.reports] == ["集計.zip/a.csv"]
        assert found.lines("ja") == [
            "集計.zip/meta.json: 圧縮ファイルの中の、表でないファイル（点検しない）",
            "集計.zip/説明.pdf: 圧縮ファイルの中の、表でないファイル（点検しない）",
        ]
        assert found.lines("en")[0] == "集計.zip/meta.json: no table in the archive (not judged)"

    def test_an_archive_without_any_table_breaks_the_first_rule(self, tmp_path):
        [found] = check_members(archive(tmp_path / "集計.zip", {"説明.pdf": b"%PDF-1.7"})).reports
        assert (found.name, found.scores, found.broken) == ("集計.zip/説明.pdf", (0, None, None), ("L1-01",))

    def test_a_member_that_cannot_be_opened_is_told_beside_the_others(self, tmp_path):
        found = check_members(archive(tmp_path / "集計.zip", {"a.csv": GOOD.encode(), "b.csv": b""}))
        assert [one.name for one in found.reports] == ["集計.zip/a.csv"]
        [error] = found.errors
        assert (error.place.file, error.what.ja) == ("集計.zip/b.csv", "ファイルが空です")

    def test_a_damaged_archive_is_an_error(self, tmp_path):
        path = archive(tmp_path / "集計.zip", {"a.csv": GOOD.encode() * 100})
        path.write_bytes(path.read_bytes()[:200])
        with pytest.raises(InputError, match="damaged"):
            check_members(path)

    def test_a_packed_table_is_judged_under_its_own_name(self, tmp_path):
        path = tmp_path / "a.csv.gz"
        path.write_bytes(gzip.compress(BAD.encode()))
        [found] = check_members(path).reports
        assert (found.name, found.scores) == ("a.csv.gz", (100, 0, 100))


def check_book(folder: Path) -> Any:
    """Return the report of the workbook alone."""
    (folder / "c.xlsx").write_bytes(book())
    return check_file(folder / "c.xlsx")


class TestParquet:
    """Typed columns."""

    def test_what_applies_is_judged_and_what_cannot_apply_is_said(self, tmp_path):
        found = check_file(parquet(tmp_path / "a.parquet", **PEOPLE))
        assert (found.format, found.scores, found.columns) == ("parquet", (100, 100, 100), tuple(PEOPLE))
        listed = "L1-02, L1-03, L1-04, L1-08, L1-10, L1-11, L1-12, L1-13, L1-14, L1-15, L2-03, L2-06, L3-01"
        assert f"  この形式には当てはまらない規則（採点外）: {listed}" in found.lines("ja")
        assert f"  Rules that cannot apply to this format (not scored): {listed}" in found.lines("en")
        assert found.to_dict()["対象外ルール"] == listed.split(", ")
        assert listed in write_page(found)

    @pytest.mark.parametrize(
        ("columns", "rule", "place"),
        [
            ({"団体コード": ["121002"] * 9, "値": [1.5] * 9}, "L3-04", "B1"),
            ({"団体コード": ["121002"] * 9, "人口（人）": ["1人"] + ["2"] * 8}, "L2-01", "B2"),
            ({"団体コード": ["121002"] * 9, "": ["a"] * 9}, "L1-05", None),
            ({"団体コード": ["121002"] * 9, "備考": ["　東京都 "] * 9}, "L1-06", "B2"),
            ({"団体コード": ["121002"] * 9, "2021": [1] * 9, "2022": [1] * 9, "2023": [1] * 9}, "L3-09", None),
        ],
    )
    def test_names_values_units_and_long_format_are_judged(self, tmp_path, columns, rule, place):
        found = check_file(parquet(tmp_path / "a.parquet", **columns))
        assert rule in found.broken
        places = [breach.where for one in found.results if one.rule_id == rule for breach in one.breaches]
        assert place is None or place in places

    def test_of_many_rows_the_first_are_judged_and_the_report_says_so(self, tmp_path):
        found = check_file(
            parquet(tmp_path / "a.parquet", **{"人口（人）": list(range(50_000)), "年": [2020] * 50_000})
        )
        assert found.cut
        assert "  Large: only its beginning was judged" in found.lines("en")

    def test_a_file_without_rows_is_judged_by_its_names(self, tmp_path):
        empty = parquet(tmp_path / "a.parquet", a=pa.array([], pa.int64()), b=pa.array([], pa.string()))
        assert check_file(empty).columns == ("a", "b")

    def test_a_damaged_file_is_an_error_that_names_it(self, tmp_path):
        path = parquet(tmp_path / "a.parquet", **PEOPLE)
        path.write_bytes(path.read_bytes()[:100])
        with pytest.raises(InputError, match=r"a\.parquet: It cannot be read as Parquet|a\.parquet.*Parquet"):
            check_file(path)

    def test_columns_of_lists_are_an_error_that_names_them(self, tmp_path):
        with pytest.raises(InputError, match="no single value: xs"):
            check_file(parquet(tmp_path / "a.parquet", xs=[[1, 2]]))


class TestInputs:
    """What a run brings in."""

    def test_a_run_keeps_a_report_of_each_table_and_does_not_judge_it_again(self, tmp_path):
        path = archive(tmp_path / "集計.zip", {"a.csv": GOOD.encode(), "b.csv": BAD.encode()})
        fetched = [Fetched(HarvestObject(name="集計.zip", location="集計.zip", sha256="a" * 64), path)]
        shelf = Shelf(tmp_path, "s")
        scores = judge_inputs(fetched, "csv", shelf, write=True)
        assert [(one.object, one.scores) for one in scores] == [
            ("集計.zip/a.csv", (100, 100, 100)),
            ("集計.zip/b.csv", (100, 0, 100)),
        ]
        assert all((tmp_path / "reports/s" / str(one.page)).exists() for one in scores)
        path.unlink()
        assert judge_inputs(fetched, "csv", shelf, write=True) == scores

    def test_parquet_is_judged_in_a_run(self, tmp_path):
        path = parquet(tmp_path / "a.parquet", **PEOPLE)
        fetched = [Fetched(HarvestObject(name="a.parquet", location="a", sha256="a" * 64), path)]
        [score] = judge_inputs(fetched, "datapackage", Shelf(tmp_path, "s"), write=False)
        assert score.scores == (100, 100, 100)

    @pytest.mark.parametrize(
        ("name", "content", "tabular"),
        [
            ("data/人口.csv", b"a", True),
            ("人口.csv <https://example.org/x/人口.csv>", b"a", True),
            ("pkg/download?file=1", GOOD.encode(), True),
            ("pkg/download", b"PK\x03\x04", True),
            ("pkg/0f1e", b"PAR1", True),
            ("data", b'{"header": {}}', False),
            ("data", b"<message:StructureSpecificData>", False),
            ("getStatsData", b'{"GET_STATS_DATA": [1, 2]}', False),
            ("catalog.ttl", b"@prefix a, b", False),
            ("page", b"<!DOCTYPE html>", False),
            ("package.json", b"a,b", False),
        ],
    )
    def test_a_table_is_told_by_its_name_or_by_its_first_bytes(self, tmp_path, name, content, tabular):
        (tmp_path / "x").write_bytes(content)
        assert is_tabular(name, tmp_path / "x") is tabular
