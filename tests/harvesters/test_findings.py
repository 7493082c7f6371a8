"""Findings: everything is counted, a bounded number is named."""

from __future__ import annotations

from catalog.errors import Label, Place
from harvesters import Findings, Level, Rule
from harvesters.findings import EXAMPLES_KEPT, row_place

RULE = Rule("r", Level.REJECTED, Label("悪い行", "Bad rows"), Label("直す", "Repair it"))


def test_a_thousand_findings_are_counted_and_the_first_are_kept() -> None:
    findings = Findings()
    for number in range(1000):
        findings.add(RULE, row_place("a.csv", number, "列"), str(number))
    assert findings.counts["r"] == 1000
    assert [one.value for one in findings.examples["r"]] == [str(n) for n in range(EXAMPLES_KEPT)]


def test_merging_adds_counts_and_fills_up_examples() -> None:
    one, other = Findings(), Findings()
    for number in range(15):
        one.add(RULE, Place(file="a"), str(number))
        other.add(RULE, Place(file="b"), str(number))
    one.merge(other)
    assert one.counts["r"] == 30
    assert [each.place.file for each in one.examples["r"]] == ["a"] * 15 + ["b"] * 5


def test_levels_are_counted() -> None:
    findings = Findings()
    findings.add(RULE, Place())
    findings.add(Rule("n", Level.NOTICE, RULE.title, RULE.next_step), Place())
    assert (findings.count(Level.REJECTED), findings.count(Level.NOTICE), findings.count(Level.WARNING)) == (1, 1, 0)


def test_lines_name_the_rule_the_places_and_what_to_do() -> None:
    findings = Findings()
    for number in range(5):
        findings.add(RULE, row_place("a.csv", number + 2, "値"), "x")
    assert findings.lines("ja") == [
        "[除外] 悪い行: 5件",
        "    a.csv / row 2, column 値: x",
        "    a.csv / row 3, column 値: x",
        "    a.csv / row 4, column 値: x",
        "    ほか2件",
        "    → 直す",
    ]
    assert findings.lines("en")[0] == "[left out] Bad rows: 5"


def test_a_finding_shows_its_detail_in_the_language_asked_for() -> None:
    findings = Findings()
    findings.add(RULE, Place(file="a"), "v", detail=Label("詳しく", "in detail"))
    assert findings.examples["r"][0].message("en") == "a: in detail: v"


def test_findings_are_json() -> None:
    findings = Findings()
    findings.add(RULE, Place(file="a", cell="row 2"), "v")
    [rule] = findings.to_dict()
    assert (rule["id"], rule["level"], rule["count"]) == ("r", "rejected", 1)
    assert rule["examples"][0]["place"] == {"file": "a", "sheet": None, "cell": "row 2"}


def test_what_was_left_out_is_told_before_what_is_only_worth_knowing() -> None:
    findings = Findings()
    for level in (Level.NOTICE, Level.WARNING, Level.REJECTED):
        findings.add(Rule(level.value, level, Label(level.value, level.value), Label("→", "→")), Place(file="a.csv"))
    heads = [line for line in findings.lines("en") if line.startswith("[")]
    assert [head.split("] ")[1] for head in heads] == ["rejected: 1", "warning: 1", "notice: 1"]
