"""The page of a run, and of what waits for a decision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.harvest_pages import write_plan_page
from catalog.settings import Settings
from harvesters import HarvestSource, plan_sources
from harvesters.publishing.changes import ChangeBook

CHIBA = "121002"
YEARS = {(CHIBA, str(year)): 30 + year - 2015 for year in range(2015, 2023)}


@pytest.fixture
def held(office: Any) -> Any:
    """Return the page of a run that was held."""
    office.write("a.csv", YEARS)
    office.run()
    office.write("a.csv", {key: value * 0.01 for key, value in YEARS.items()})
    return office.run()


def test_a_run_says_what_it_published_and_how_to_undo_it(office: Any) -> None:
    office.write("a.csv", YEARS)
    report, page = office.run()
    assert report.published == 1
    assert "公開しました Published" in page.text
    assert "公開した（初回） published, the first 版 version ― → 1.0.0" in page.text
    assert "<code>shihyo harvest rollback cards --reason &#39;理由&#39;</code>" in page.html
    assert report.job in page.text
    assert "追加 added 8" in page.text


def test_a_run_links_the_readability_report_of_each_file(office: Any) -> None:
    office.write("a.csv", YEARS)
    _, page = office.run()
    [address] = [str(one["href"]) for tag, one in page.elements if tag == "a" and "reports" in str(one["href"])]
    assert (office.folder.parent / address).is_file()


def test_a_second_run_says_that_nothing_changed(office: Any) -> None:
    office.write("a.csv", YEARS)
    office.run()
    report, page = office.run()
    assert report.skipped
    assert "変わりませんでした Nothing changed" in page.text


def test_a_held_run_says_why_and_gives_the_commands_of_this_job(held: Any) -> None:
    report, page = held
    assert report.exit_code == 3
    assert "承認を待っています Held for approval" in page.text
    assert "[unit-jump]" not in page.text
    assert "値が約100倍か100分の1になっている" in page.text
    assert f"shihyo harvest approve cards --job {report.job} --reason" in page.html
    assert f"shihyo harvest reject cards --job {report.job} --reason" in page.html
    assert "変更 changed 8" in page.text


def test_what_is_held_is_shown_though_it_is_not_published(held: Any) -> None:
    _, page = held
    assert "kpi-12.issued 121002 FY2022 37 0.37 −36.63 ポイント points 0.01倍 0.01 times %" in page.text


def test_the_page_of_holds_says_since_when_and_why(held: Any, office: Any) -> None:
    report, _ = held
    page = office.holds()
    assert "承認を待っているもの What waits for approval" in page.text
    assert "値が約100倍か100分の1になっている" in page.text
    assert f"--job {report.job} --reason" in page.html
    assert "実行した人 Run by" in page.text
    assert "変更 changed 8" in page.text


def test_a_failed_run_says_that_what_is_published_stays(office: Any) -> None:
    office.write("a.csv", YEARS)
    office.run()
    (office.folder / "a.csv").unlink()
    report, page = office.run()
    assert report.exit_code == 1
    assert "失敗しました Failed" in page.text
    assert "公開中の内容はそのままです。" in page.text
    assert report.error["what"]["ja"] in page.text


def test_answers_of_people_are_not_on_the_page(settings: Settings, make_source: Any, tmp_path: Path) -> None:
    folder = tmp_path / "answers"
    folder.mkdir()
    rows = ["回答者番号,区,性別,問1", *(f"R6-{number:04},中央区,男性,{1 + number % 2}" for number in range(60))]
    rows[7] = "R6-0006,山田太郎様方,男性,7777"
    (folder / "R6_個票.csv").write_text("\n".join(rows) + "\n", "utf-8")
    book = [
        *("設問番号,設問文,選択肢番号,選択肢,肯定,指標番号", "問1,スマートシティを知っていますか,1,知っている,○,1"),
        "問1,スマートシティを知っていますか,2,知らない,,1",
    ]
    (folder / "R6_コード表.csv").write_text("\n".join(book) + "\n", "utf-8")
    source: HarvestSource = make_source("survey", path=folder, area="121002", codebook="R6_コード表.csv")
    book_of_changes = ChangeBook()
    [plan] = plan_sources(settings, [source], book=book_of_changes)
    page = write_plan_page(settings, [plan], book_of_changes)
    assert plan.findings.counts["answer-unknown"] == 1, plan.lines()
    assert "D8" in page
    assert "個票のため、セルの値は載せません" in page
    for private in ("7777", "山田", "R6-0006"):
        assert private not in page
