"""Reports: for people, as a page, and without values where rows are people."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.database.jobs import HarvestObject
from catalog.errors import InputError, ShihyoError
from harvesters.base import Fetched
from harvesters.readability import ReadabilityReport, check_file, find_described, write_page
from harvesters.readability.inputs import Shelf, judge_inputs, score_lines
from harvesters.readability.scan import scan_text

Judge = Callable[..., ReadabilityReport]

BAD = "団体名,人口（人）\r\n千葉,12人\r\n船橋市,34\r\n市川市,56\r\n"


def test_a_line_names_rule_cell_value_and_what_to_do(judge_csv: Judge) -> None:
    lines = judge_csv(BAD).lines("ja")

    assert lines[0] == "data.csv: 機械可読性 L1 100 / L2 0 / L3 85 (L2-01, L3-06)"
    assert any("B2" in one and "12人" in one for one in lines)
    assert any(one.strip().startswith("→") and "単位" in one for one in lines)
    assert "→ Take out units" in "\n".join(judge_csv(BAD).lines("en"))


def test_a_line_of_a_workbook_names_the_sheet(judge_workbook: Judge) -> None:
    report = judge_workbook([["団体名", "人口（人）"], ["船橋市", "12人"], ["市川市", 34], ["柏市", 5]])

    assert any("Sheet B2" in one for one in report.lines("en"))


def test_the_encoding_and_the_byte_order_mark_are_told(judge_csv: Judge) -> None:
    assert "UTF-8".lower() in str(judge_csv(BAD, encoding="utf-8-sig").lines("ja")[1]).lower()
    assert "BOMあり" in judge_csv(BAD, encoding="utf-8-sig").lines("ja")[1]
    assert "cp932" in judge_csv(BAD, encoding="cp932").lines("ja")[1]


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_shows_what_hostile_cells_and_names_say_and_runs_nothing(judge_csv: Judge) -> None:
    hostile = "<script>alert(1)</script>"
    report = judge_csv(BAD.replace("12人", f"{hostile}12人"), name="a&b.csv")
    page = write_page(report)
    seen = _Texts()
    seen.feed(page)

    assert "script" not in seen.tags
    assert hostile in "".join(seen.texts)
    assert "a&amp;b.csv" in page


def test_the_page_has_one_heading_scoped_header_cells_and_no_foreign_address(judge_csv: Judge) -> None:
    page = write_page(judge_csv(BAD))
    seen = _Texts()
    seen.feed(page)

    assert seen.tags.count("h1") == 1
    assert seen.tags.count("th") == page.count('scope="col"')
    assert "http" not in page


def test_a_report_about_people_has_places_and_no_value(judge_csv: Judge) -> None:
    secret = "ひみつの　回答"
    text = "回答者番号,問1\r\n" + "".join(f"{n},{secret}{n}\r\n" for n in range(1, 30)) + "※秘密の注,\r\n"
    report = judge_csv(text, values=False)
    said = "\n".join([*report.lines("ja"), *report.lines("en"), str(report.to_dict()), write_page(report)])

    assert "L1-06" in said
    assert "B2" in said
    assert "ひみつ" not in said
    assert "秘密の注" not in said


def _fetched(path: Path, name: str, sha256: str = "a" * 64) -> Fetched:
    return Fetched(HarvestObject(name=name, location=name, sha256=sha256), path)


def test_a_run_keeps_a_json_and_a_page_for_each_tabular_object(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(BAD)
    (tmp_path / "b.json").write_text("{}")
    shelf = Shelf(tmp_path / "home", "source")

    [score] = judge_inputs(
        [_fetched(tmp_path / "a.csv", "sub/a.csv"), _fetched(tmp_path / "b.json", "b.json")],
        "csv",
        shelf,
        write=True,
    )

    assert (score.object, score.scores, score.failed) == ("sub/a.csv", (100, 0, 85), ("L2-01", "L3-06"))
    kept = sorted(path.suffix for path in (tmp_path / "home/reports/source").iterdir())
    assert kept == [".html", ".json", ".json"]
    assert "12人" in (tmp_path / "home/reports/source" / str(score.page)).read_text()


def test_a_plan_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(BAD)

    [score] = judge_inputs([_fetched(tmp_path / "a.csv", "a.csv")], "csv", Shelf(tmp_path / "home", "s"), write=False)

    assert score.scores == (100, 0, 85)
    assert not (tmp_path / "home").exists()


def test_content_that_was_judged_is_not_judged_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(BAD)
    shelf = Shelf(tmp_path, "s")
    first = judge_inputs([_fetched(tmp_path / "a.csv", "a.csv")], "csv", shelf, write=True)
    (tmp_path / "a.csv").unlink()

    assert judge_inputs([_fetched(tmp_path / "a.csv", "a.csv")], "csv", shelf, write=True) == first


def test_new_content_replaces_the_report_of_the_object(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "s")
    for sha256, text in (("a" * 64, BAD), ("b" * 64, BAD.replace("12人", "12"))):
        (tmp_path / "a.csv").write_text(text)
        [score] = judge_inputs([_fetched(tmp_path / "a.csv", "a.csv", sha256)], "csv", shelf, write=True)

    assert score.scores == (100, 100, 85)
    assert len(list((tmp_path / "reports/s").iterdir())) == 3


def test_no_value_of_a_respondent_stands_in_what_a_survey_leaves_behind(tmp_path: Path) -> None:
    text = "回答者番号,問1\r\n" + "".join(f"{n},ひみつの　回答{n}\r\n" for n in range(1, 30))
    (tmp_path / "a.csv").write_text(text)
    judge_inputs([_fetched(tmp_path / "a.csv", "a.csv")], "survey", Shelf(tmp_path, "s"), write=True)

    left = [path.read_text() for path in (tmp_path / "reports/s").iterdir()]
    assert left
    assert not [one for one in left if "ひみつ" in one]


def test_an_object_name_cannot_leave_the_folder_of_reports(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(BAD)
    fetched = _fetched(tmp_path / "a.csv", "../../../etc/passwd.csv")

    [score] = judge_inputs([fetched], "csv", Shelf(tmp_path / "home", "s"), write=True)

    assert "/" not in str(score.page)
    assert {path.parent for path in (tmp_path / "home").rglob("*.*")} == {tmp_path / "home/reports/s"}


def test_the_line_of_a_run_names_the_worst_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(BAD)
    scores = judge_inputs([_fetched(tmp_path / "a.csv", "a.csv")], "csv", Shelf(tmp_path, "s"), write=False)

    assert score_lines(scores, "en") == [
        "machine readability: 0 of 1 files have 100 at each level; lowest L1 100 / L2 0 / L3 85 (a.csv)"
    ]
    assert score_lines([], "ja") == []


def test_a_fault_of_the_checker_is_told_and_does_not_end_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr("harvesters.readability.inputs.check_members", fail)
    (tmp_path / "a.csv").write_text(BAD)

    [score] = judge_inputs([_fetched(tmp_path / "a.csv", "a.csv")], "csv", Shelf(tmp_path, "s"), write=True)

    assert score.error == "ZeroDivisionError: a fault"
    assert "✗ a.csv: ZeroDivisionError: a fault" in score_lines([score], "en")


def test_an_empty_file_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()

    with pytest.raises(InputError, match="空"):
        check_file(tmp_path / "a.csv")


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<x/>" + b" " * 50_000_000)

    with pytest.raises(ShihyoError):
        check_file(path, largest=10_000_000)


def test_xml_entities_in_a_workbook_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "entities.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')

    with pytest.raises(ShihyoError):
        check_file(path)


def test_only_the_beginning_of_a_long_file_is_judged_and_the_report_says_so(judge_csv: Judge) -> None:
    text = "番号,件数（件）\r\n" + "".join(f"{n},{n}\r\n" for n in range(1, 5000))
    report = judge_csv(text, most_text=1000)

    assert report.cut
    assert report.sheets[0].rows < 200
    assert any("only its beginning" in one for one in report.lines("en"))


def test_utf_16_is_cut_between_characters(judge_csv: Judge) -> None:
    text = "番号\t件数（件）\r\n" + "".join(f"{n}\t{n}\r\n" for n in range(1, 5000))

    assert judge_csv(text, encoding="utf-16", name="data.tsv", most_text=1001).cut


def test_a_data_package_beside_the_file_is_read_only_for_files_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "datapackage.json").write_text(
        '{"created": "2026-01-01", "resources": [{"path": "a.csv", "encoding": "utf-8",'
        ' "schema": {"fields": [{"name": "value", "type": "number", "unit": {"column": "unit"}}]}}]}'
    )

    described = find_described(tmp_path / "a.csv")

    assert described is not None
    assert (described.units, described.history) == (frozenset({"value"}), True)
    assert find_described(tmp_path / "b.csv") is None


def test_a_data_package_that_is_no_json_describes_nothing(tmp_path: Path) -> None:
    (tmp_path / "datapackage.json").write_text("{")

    assert find_described(tmp_path / "a.csv") is None


_CELLS = st.text(alphabet='ab,"\n\r 1', max_size=5)


@given(st.lists(st.lists(_CELLS, min_size=3, max_size=3), min_size=1, max_size=6))
def test_a_csv_as_a_standard_writer_makes_it_has_no_broken_record_but_those_with_line_breaks(
    rows: list[list[str]],
) -> None:
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    scan = scan_text(file.getvalue(), ",", "utf-8", bom=False)
    broken_lines = sum(any("\n" in cell or "\r" in cell for cell in row) for row in rows)

    assert dict(scan.counts) == ({"multiline": broken_lines} if broken_lines else {})


@given(st.text(alphabet='a,"\n', max_size=60))
def test_any_text_is_scanned_to_its_end(text: str) -> None:
    scan = scan_text(text, ",", "utf-8", bom=False)

    assert all(one.first_line <= one.last_line for one in scan.broken)
