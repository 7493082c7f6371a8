"""``shihyo check``."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from api.cli import run
from api.cli.console import Exit

GOOD = "団体コード,市区町村名,年度,人口（人）\r\n121002,千葉市,2021年度,974951\r\n122041,船橋市,2021年度,642907\r\n"

pytestmark = pytest.mark.usefixtures("command")


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.csv"
    path.write_bytes(GOOD.encode())
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.csv"
    path.write_bytes(GOOD.replace("642907", "642907人").encode())
    return path


def test_a_faultless_file_ends_with_0(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(good)]) == Exit.SUCCESS
    assert "L1 100 / L2 100 / L3 100" in capsys.readouterr().out


def test_a_file_with_something_to_mend_ends_with_2_and_names_the_cell(
    bad: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", str(bad)]) == Exit.CHANGES
    said = capsys.readouterr().out
    assert "D3" in said
    assert "642907人" in said
    assert "→" in said


def test_a_file_that_cannot_be_opened_ends_with_1_and_the_others_get_their_turn(
    tmp_path: Path, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.csv").touch()

    assert run(["check", str(tmp_path / "empty.csv"), str(good)]) == Exit.FAILURE
    told = capsys.readouterr()
    assert "good.csv" in told.out
    assert "input" in told.err.lower()


def test_json_has_the_keys_of_the_sample_checker(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "--json", str(bad)])

    document = json.loads(capsys.readouterr().out)
    level = document["レベル別スコア"]["2"]
    assert (level["スコア"], level["強制0点"]) == (0, True)
    assert level["失敗ルール"] == level["強制0点ルール"] == [{"ルールID": "L2-01", "重大度": "fatal"}]


def test_files_of_several_years_are_compared(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.csv"
    other.write_bytes(GOOD.replace("団体コード,市区町村名", "コード,団体コード", 1).encode())

    run(["check", "--json", str(good), str(other)])
    document = json.loads(capsys.readouterr().out)
    assert document["ファイル数"] == 2
    assert not document["ファイル横断チェック"]["L3-07"]["合否"]


def test_the_page_is_written(bad: Path, tmp_path: Path) -> None:
    run(["check", str(bad), "--html", str(tmp_path / "report.html")])

    assert "642907人" in (tmp_path / "report.html").read_text("utf-8")


def test_values_can_be_left_out(bad: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", str(bad), "--no-values", "--html", str(tmp_path / "report.html")])

    said = capsys.readouterr().out + (tmp_path / "report.html").read_text("utf-8")
    assert "D3" in said
    assert "642907人" not in said


def test_the_description_beside_a_file_can_be_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(GOOD.replace("人口（人）", "value").encode())
    field = {"name": "value", "type": "number", "unit": {"code": "1"}}
    package = {"resources": [{"path": "a.csv", "schema": {"fields": [field]}}]}
    (tmp_path / "datapackage.json").write_text(json.dumps(package))

    assert run(["check", str(path)]) == Exit.SUCCESS
    assert run(["check", str(path), "--bare"]) == Exit.CHANGES
    assert "L3-04" in capsys.readouterr().out


def test_each_table_of_an_archive_is_judged_and_what_was_left_out_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "集計.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", GOOD.encode())
        archive.writestr("b.csv", GOOD.replace("642907", "642907人").encode())
        archive.writestr("説明.json", "{}")
    assert run(["check", str(path)]) == Exit.CHANGES
    said = capsys.readouterr().out
    assert "集計.zip/a.csv: 機械可読性 L1 100 / L2 100 / L3 100" in said
    assert "集計.zip/b.csv: 機械可読性 L1 100 / L2 0 / L3 100 (L2-01)" in said
    assert "集計.zip/説明.json: 圧縮ファイルの中の、表でないファイル（点検しない）" in said
