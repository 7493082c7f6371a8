"""What the configuration says about a file, and what is found by looking."""

from __future__ import annotations

import pytest

from catalog.errors import ConfigurationError, FetchError, InputError
from harvesters.findings import Findings
from harvesters.options import read_options
from harvesters.readers.declared import OPTIONS, Declared, open_tables
from harvesters.readers.markers import Meaning


def declared(**given):
    return Declared.of(read_options(OPTIONS, given, file="harvest.yml", key="sources[0].options"))


def open_file(path, findings=None, **given):
    return open_tables(path, name=path.name, declared=declared(**given), findings=findings or Findings())


def test_the_tables_of_a_text_file_are_found_and_the_guesses_told(text_file):
    findings = Findings()
    [table] = open_file(text_file("区,人\n中央区,3\n", "cp932"), findings)
    assert [one.name for one in table.columns] == ["区", "人"]
    assert set(findings.counts) == {"detected-encoding", "detected-delimiter", "detected-header"}


def test_what_is_declared_is_not_told_as_a_guess(text_file):
    findings = Findings()
    open_file(text_file("区;人\n中央区;3\n"), findings, encoding="utf-8", delimiter=";", header_rows=1)
    assert not findings.counts


def test_all_sheets_that_are_shown_are_read_and_that_is_told(make_workbook):
    def hide(workbook):
        workbook["三"].sheet_state = "hidden"

    findings = Findings()
    rows = [["区", "人"], ["中央区", 3]]
    tables = open_file(make_workbook({"一": rows, "二": rows, "三": rows}, change=hide), findings)
    assert [one.grid.sheet for one in tables] == ["一", "二"]
    assert findings.examples["detected-sheet"][0].value == "一、二"
    assert findings.examples["hidden-sheet"][0].value == "三"


def test_a_sheet_can_be_named_even_if_it_is_hidden(make_workbook):
    def hide(workbook):
        workbook["二"].sheet_state = "hidden"

    rows = [["区", "人"], ["中央区", 3]]
    [table] = open_file(make_workbook({"一": rows, "二": rows}, change=hide), sheet="二")
    assert table.grid.sheet == "二"


def test_a_sheet_that_is_not_there_is_an_error_that_names_those_that_are(make_workbook):
    with pytest.raises(InputError, match="no sheet '三'") as caught:
        open_file(make_workbook({"一": [[1]], "二": [[2]]}), sheet="三")
    assert caught.value.context["allowed"] == ["一", "二"]


def test_hidden_rows_are_told_without_their_content(make_workbook):
    def hide(workbook):
        workbook["一"].row_dimensions[2].hidden = True
        workbook["一"].column_dimensions["B"].hidden = True

    findings = Findings()
    open_file(make_workbook({"一": [["区", "人"], ["中央区", 3], ["緑区", 4]]}, change=hide), findings)
    assert [(one.place.cell, one.value) for one in findings.examples["hidden-rows"]] == [("row 2", None), ("B1", "B")]


def test_a_format_that_does_not_tell_hidden_rows_says_so(root):
    findings = Findings()
    open_file(root / "tests/data/survey/old.xls", findings)
    assert findings.counts["hidden-rows-unknown"] == 1


def test_markers_are_declared_with_their_meaning():
    assert declared(legend="yearbook", markers={"―": "missing"}).legend.find("-") is Meaning.MISSING


@pytest.mark.parametrize("wrong", [{"-": "zero"}, {}, "x", ["-"]])
def test_a_marker_with_a_meaning_that_does_not_exist_is_refused(wrong):
    with pytest.raises(ConfigurationError, match="markers") as caught:
        declared(markers=wrong)
    assert "suppressed" in caught.value.next_step.en


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"%PDF-1.7", "a PDF"),
        (b"<html>", "a web page"),
        (b"<!DOCTYPE html>", "a web page"),
        (b"", "empty"),
        (b"\n\n", "no table"),
    ],
)
def test_what_is_no_table_is_told_by_what_it_is(tmp_path, content, what):
    path = tmp_path / "f.xls"
    path.write_bytes(content)
    with pytest.raises(InputError, match=what):
        open_file(path)


def test_a_file_that_is_not_there_is_an_error_of_ours(tmp_path):
    with pytest.raises(FetchError, match="cannot be read"):
        open_file(tmp_path / "nowhere.csv")


def test_a_workbook_named_csv_is_read_as_what_it_is(make_workbook, tmp_path):
    path = make_workbook({"一": [["区", "人"], ["中央区", 3]]}).rename(tmp_path / "実はxlsx.csv")
    [table] = open_file(path)
    assert table.text(1, table.columns[0]) == "中央区"
