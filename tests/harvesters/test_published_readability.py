"""What the demo publishes, judged; and what its runs say of what they read.

All sources of the demo are harvested once for this module, so it takes a while: 100 points are claimed for everything.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from catalog.settings import Settings
from harvesters import JobReport, load_sources, plan_sources, run_sources
from harvesters.notes import plain_note
from harvesters.readability import check_file, find_described

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, list[JobReport]]:
    """Return where all sources of the demo were harvested, and what their runs said."""
    root = Path(__file__).parents[2]
    settings = Settings(home=tmp_path_factory.mktemp("demo"))
    sources = load_sources(root / "harvest.yml", settings)
    return settings, run_sources(settings, sources)


@pytest.fixture
def published(demo: tuple[Settings, list[JobReport]]) -> list[Path]:
    """Return the CSVs of the newest release of each dataset."""
    return sorted((demo[0].home / "builds").glob("*/*.csv"))


def test_every_csv_has_100_points_at_each_level_with_its_description(published: list[Path]) -> None:
    reports = {one.name: check_file(one, described=find_described(one)) for one in published}

    assert len(reports) >= 16
    assert {name: report.lines("en") for name, report in reports.items() if not report.perfect} == {}


def test_every_csv_for_people_has_100_points_alone(published: list[Path]) -> None:
    reports = {one.name: check_file(one) for one in published if one.name.endswith("_excel.csv")}

    assert len(reports) >= 8
    assert {name: report.lines("en") for name, report in reports.items() if not report.perfect} == {}


def test_a_csv_for_programs_alone_lacks_only_the_unit_in_its_names(published: list[Path]) -> None:
    reports = [check_file(one) for one in published if not one.name.endswith("_excel.csv")]

    assert {rule for report in reports for rule in report.broken} <= {"L3-01", "L3-04"}
    assert min(report.scores for report in reports) >= (100, 100, 80)


def test_runs_say_how_well_machines_can_read_each_file(demo: tuple[Settings, list[JobReport]]) -> None:
    settings, reports = demo
    judged = {one.source: one for one in reports if one.readability}

    assert {"mynumber", "citizen-survey", "company-survey"} <= set(judged)
    for source, report in judged.items():
        assert [one.error for one in report.readability if one.error] == []
        assert any(line.strip().startswith("machine readability:") for line in report.lines("en"))
        pages = {one.page for one in report.readability}
        kept = {path.name for path in (settings.home / "reports" / source).glob("*.html")}
        assert pages == kept
    [survey] = [one for one in reports if one.source == "citizen-survey"]
    assert survey.to_dict()["readability"][0]["scores"]


def test_no_answer_of_a_respondent_stands_in_the_reports_of_a_survey(
    demo: tuple[Settings, list[JobReport]],
) -> None:
    folder = demo[0].home / "reports" / "citizen-survey"
    documents = [json.loads(path.read_text()) for path in folder.glob("*個票*.json")]

    assert documents
    said = [
        breach["説明"]
        for document in documents
        for sheet in document["sheets"]
        for table in sheet["評価対象エリア"]
        for result in table["評価内容"]
        for breach in result["違反"]
    ]
    assert said
    assert not [one for one in said if "値:" in one]
    assert not [sheet for document in documents for sheet in document["sheets"] if "others" in sheet]


def test_a_plan_says_it_too_and_writes_nothing(root: Path, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    [source] = [one for one in load_sources(root / "harvest.yml", settings) if one.name == "company-survey"]

    [plan] = plan_sources(settings, [source])

    assert plan.to_dict()["readability"]
    assert any(line.strip().startswith("機械可読性:") for line in plan.lines("ja"))
    assert not (settings.home / "reports").exists()


@pytest.mark.parametrize(
    ("note", "plain"),
    [
        ("From a sample, not the figure", "From a sample; not the figure"),
        ("1,234 of 5,678", "1234 of 5678"),
        ("「行った、見た、聞いた」", "「行った；見た；聞いた」"),
        ("A・B・C", "A／B／C"),
        ("一つ、だけ", "一つ、だけ"),
        (" 前後　と\n改行 ", "前後 と 改行"),
        ("ふつうの注", "ふつうの注"),
    ],
)
def test_a_note_is_one_plain_sentence(note: str, plain: str) -> None:
    assert plain_note(note) == plain
    assert plain_note(plain) == plain


def test_notes_in_the_csv_for_programs_are_plain(published: list[Path]) -> None:
    for one in published:
        if not one.name.endswith("_excel.csv"):
            with one.open(encoding="utf-8", newline="") as file:
                notes = {row["note"] for row in csv.DictReader(file)}
            assert notes == {plain_note(note) for note in notes}
