"""The page of a plan: the verdict first, then what would change, what is the matter, and what to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from harvesters.readers.detected import DETECTIONS

CHIBA, FUNABASHI = "121002", "122041"
YEARS = {(CHIBA, "2021"): 30, (CHIBA, "2022"): 35, (FUNABASHI, "2021"): 28, (FUNABASHI, "2022"): 33}


def test_a_first_plan_says_that_it_would_publish_and_how(office: Any) -> None:
    office.write("a.csv", YEARS)
    plan, _, page = office.plan()
    assert plan.exit_code == 2
    assert "公開されます Would publish" in page.text
    assert "まだ何も書き換えていません。" in page.text
    assert "<pre><code>shihyo harvest run cards</code></pre>" in page.html
    assert page.text.index("公開されます") < page.text.index("次にすること") < page.text.index("この収集について")


def test_a_plan_without_changes_says_that_nothing_needs_to_be_done(office: Any) -> None:
    office.write("a.csv", YEARS)
    office.run()
    plan, _, page = office.plan()
    assert plan.exit_code == 0
    assert "変わりません Nothing would change" in page.text
    assert "何もする必要はありません Nothing needs to be done" in page.text
    assert "<svg" not in page.html.split("<main>")[1]


def test_changes_stand_in_words_with_before_after_difference_and_unit(office: Any) -> None:
    office.write("a.csv", YEARS)
    office.run()
    office.write("a.csv", {**YEARS, (CHIBA, "2022"): 38.5, (CHIBA, "2023"): 40, (FUNABASHI, "2023"): 33})
    _, _, page = office.plan()
    assert (
        "交付枚数率、千葉市、2022年度（2022年4月～2023年3月） Cards ever issued, Chiba City, fiscal year 2022 "
        "(April 2022 to March 2023) kpi-12.issued 121002 FY2022 35 38.5 +3.5 ポイント points +10.0% %"
    ) in page.text
    assert (
        "kpi-12.issued 121002 FY2023 38.5 2022年度（2022年4月～2023年3月） fiscal year 2022 (April 2022 to March 2023) "
        "40 +1.5 ポイント points +3.9% %"
    ) in page.text
    assert "kpi-12.issued 122041 FY2023 33 2022年度" in page.text
    assert "±0 ポイント points +0.0% %" in page.text


def test_counts_are_those_of_the_plan(office: Any) -> None:
    office.write("a.csv", YEARS)
    office.run()
    office.write("a.csv", {**YEARS, (CHIBA, "2023"): 40})
    plan, _, page = office.plan()
    assert plan.datasets[0].counts == {"added": 1, "changed": 0, "removed": 0, "missing": 0, "unknown": 0}
    found = re.findall(r'<div class="count-(\w+)[^"]*"><dt>.*?</dt><dd>([\d,]+)</dd>', page.html)
    assert found == [("added", "1"), ("changed", "0"), ("removed", "0"), ("missing", "0"), ("unknown", "0")]


def test_what_a_guard_would_hold_is_told_with_its_reason_and_the_command_to_approve(office: Any) -> None:
    office.write("a.csv", YEARS)
    office.run()
    office.write("a.csv", {key: value * 0.01 for key, value in YEARS.items()})
    plan, _, page = office.plan()
    assert plan.exit_code == 3
    assert "承認待ちになります Would be held" in page.text
    assert "値が約100倍か100分の1になっている" in page.text
    assert "守っていること: 割合（0.446）と百分率（44.6）、人と百人などの単位の取り違え" in page.text
    assert "交付枚数率、千葉市、2021年度（2021年4月～2022年3月）: 30.0 → 0.3" in page.text
    assert "shihyo harvest approve cards --reason &#39;理由&#39;" in page.html


def test_a_file_that_cannot_be_read_is_the_verdict_and_named_with_what_to_do(office: Any) -> None:
    office.write("a.csv", YEARS)
    office.run()
    (office.folder / "b.csv").write_bytes(b"\x00\x01\x02")
    plan, _, page = office.plan()
    assert plan.exit_code == 3
    assert "判断できません Cannot tell" in page.text
    assert "読めなかったもの What could not be read" in page.text
    [name] = plan.object_errors
    error = plan.object_errors[name]
    assert error["what"]["ja"] in page.text
    assert error["next_step"]["ja"] in page.text
    assert "<pre><code>shihyo harvest plan cards</code></pre>" in page.html


def test_complaints_name_file_cell_value_and_the_next_step_the_gravest_first(office: Any) -> None:
    office.write("a.csv", {**YEARS, (CHIBA, "2023"): "四十", ("12100", "2023"): "41"})
    plan, _, page = office.plan()
    levels = [attributes["class"] for _, attributes in page.having("complaint")]
    order = ["rejected", "partly", "warning", "repaired", "notice"]
    found = [order.index(str(one).split("level-")[1]) for one in levels]
    assert found == sorted(found)
    told = {rule.id: rule for rule in plan.findings.rules.values()}
    assert "a.csv ― C6 四十" in page.text
    for rule in told.values():
        assert rule.next_step.ja in page.text
        assert rule.next_step.en in page.text


def test_what_was_detected_stands_by_file_with_the_option_that_corrects_it(office: Any) -> None:
    (office.folder / "a.csv").write_bytes("団体コード,年度,率,備考\n121002,2021,30,平成ではない\n".encode("cp932"))
    _, _, page = office.plan()
    assert "ファイルから自動で判定したこと" in page.text
    assert "cp932" in page.text
    assert DETECTIONS["encoding"].next_step.ja in page.text
    assert "encoding" in DETECTIONS["encoding"].next_step.ja


def test_input_files_stand_with_their_sha256_and_the_software_with_its_version(office: Any) -> None:
    office.write("a.csv", YEARS)
    plan, _, page = office.plan()
    assert plan.objects[0].sha256 in page.text
    assert "shihyo 0.1.0" in page.text


def test_a_page_needs_nothing_from_elsewhere_and_has_no_script(office: Any) -> None:
    office.write("a.csv", YEARS)
    _, _, page = office.plan()
    names = {tag for tag, _ in page.elements}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert "url(" not in page.html
    assert "@import" not in page.html
    assert all((attributes.get("href") or "#").startswith("#") for _, attributes in page.elements)


def test_hostile_titles_file_names_and_cells_stay_text(office: Any) -> None:
    office.title = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    name = '"><svg onload=alert(3)>{{7*7}}.csv'
    office.write(name, {**YEARS, (CHIBA, "<b onmouseover=alert(4)>2023"): "<iframe src=//example.org>"})
    _, _, page = office.plan()
    assert not {tag for tag, _ in page.elements} & {"script", "img", "iframe"}
    assert not [key for _, attributes in page.elements for key in attributes if key.startswith("on")]
    assert "<script>alert(1)</script>" in page.text
    assert name in page.text
    assert "<iframe src=//example.org>" in page.text
    assert "49.csv" not in page.text


def test_few_series_are_drawn_over_time_with_the_new_points_marked(office: Any) -> None:
    office.write("a.csv", YEARS)
    office.run()
    office.write("a.csv", {**YEARS, (CHIBA, "2022"): 35.2, (CHIBA, "2023"): 40})
    _, changes, page = office.plan()
    [trend] = changes.trends
    assert [(one.period.text, one.kind, one.before, one.after) for one in trend.points] == [
        ("FY2021", "same", 30.0, 30.0),
        ("FY2022", "revised", 35.0, 35.2),
        ("FY2023", "added", None, 40.0),
    ]
    assert len(page.having("point-added")) == 2, "one in the legend, one in the picture"
    assert "千葉市の推移。2022年度（2022年4月～2023年3月） 改訂 35 → 35.2、2023年度" in page.text


def test_the_axis_of_values_begins_at_zero(office: Any) -> None:
    office.write("a.csv", YEARS)
    _, _, page = office.plan()
    plots = re.findall(r'<svg[^>]*class="plot".*?</svg>', page.html, re.DOTALL)
    assert len(plots) == 2
    assert all('class="tick-value">0</text>' in one for one in plots)


def test_a_missing_value_is_a_gap_with_a_cross_and_its_reason(office: Any) -> None:
    office.options["markers"] = {"X": "suppressed"}
    office.write("a.csv", {(CHIBA, "2020"): 29, (CHIBA, "2021"): 30, (CHIBA, "2022"): "X", (CHIBA, "2023"): 41})
    _, changes, page = office.plan()
    [trend] = changes.trends
    assert [one.is_gap for one in trend.points] == [False, False, True, False]
    assert "値なし（欠測（秘匿））" in page.text
    [lines] = [one for one in page.having("line-new") if "M0 7h34" not in str(one)]
    assert str(lines[1]["d"]).count("L") == 1, "the line joins 2020 and 2021 and leads no further"


def test_made_up_figures_say_so_in_text_and_inside_every_picture(office: Any) -> None:
    office.options["synthetic"] = True
    office.write("a.csv", YEARS)
    _, _, page = office.plan()
    assert "合成データです。実際の値ではありません。" in page.text
    plots = re.findall(r'<svg[^>]*class="plot.*?</svg>', page.html, re.DOTALL)
    assert plots
    assert all("合成データ synthetic" in one for one in plots)


def test_values_that_are_not_there_any_more_are_listed_as_missing_and_stay(office: Any) -> None:
    office.write("a.csv", YEARS)
    office.run()
    office.write("a.csv", {key: value for key, value in YEARS.items() if key[1] == "2022"})
    plan, _, page = office.plan()
    assert plan.datasets[0].counts["missing"] == 2
    assert "公開済みで、今回は来なかった観測値（消えません）" in page.text
    assert "交付枚数率、千葉市、2021年度（2021年4月～2022年3月）: 30" in page.text


def test_languages_are_marked_up(office: Any) -> None:
    office.write("a.csv", YEARS)
    _, _, page = office.plan()
    assert ("html", {"lang": "ja"}) in page.elements
    assert '<span lang="en">Would publish</span>' in page.html


def test_a_page_without_sources_says_so(office: Any, parse: Any) -> None:
    assert "ここに示すものはありません" in office.holds().text


def test_a_fault_in_looking_stops_neither_plan_nor_page(office: Any, monkeypatch: Any, tmp_path: Path) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("harvesters.publishing.changes.find_changes", fail)
    office.write("a.csv", YEARS)
    plan, changes, page = office.plan()
    assert plan.exit_code == 2
    assert changes.error["code"] == "internal"
    assert "ソフトウェアの内部エラー: RuntimeError: broken" in page.text
