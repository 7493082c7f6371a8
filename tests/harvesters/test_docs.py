"""docs/harvesting.md tells every kind, option and rule as the code declares them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harvesters import Harvester
from harvesters.guards.declared import GUARDS
from harvesters.known_rules import COMMON_RULES
from harvesters.publishing import registering
from harvesters.reading import OBJECT_GONE, PERIOD_DIFFERS, PERIOD_IN_PARTS, PERIOD_TWICE, SERVICE_TWICE


@pytest.fixture
def page(root: Path) -> str:
    return (root / "docs" / "harvesting.md").read_text("utf-8")


def test_every_kind_and_option_is_documented(page: str, kinds: dict[str, Harvester]) -> None:
    for kind, harvester in kinds.items():
        section = page.partition(f"### {kind}: ")[2].partition("\n### ")[0]
        assert section.startswith(f"{harvester.title.ja} / {harvester.title.en}")
        for option in harvester.options:
            assert f"| `{option.name}` | {option.type.name} |" in section
            assert f"{option.help.ja} / {option.help.en} |" in section


def test_every_rule_is_documented_with_what_to_do(page: str, kinds: dict[str, Harvester]) -> None:
    rules = [rule for harvester in kinds.values() for rule in harvester.rules]
    for rule in [*rules, PERIOD_TWICE, PERIOD_IN_PARTS, PERIOD_DIFFERS, OBJECT_GONE, SERVICE_TWICE, *registering.RULES]:
        assert f"| `{rule.id}` |" in page
        assert f"{rule.title.ja} / {rule.title.en} | {rule.next_step.ja} / {rule.next_step.en} |" in page


def test_every_guard_is_documented_with_limit_and_what_to_do(page: str) -> None:
    section = page.partition("## Guards")[2].partition("\n## ")[0]
    for one in GUARDS:
        assert f"| `{one.id}` | {one.severity} |" in section
        for text in (one.title, one.protects, one.limit, one.next_step):
            assert f"{text.ja} / {text.en} |" in section


def test_every_rule_that_any_run_may_report_is_documented(page: str) -> None:
    for rule in COMMON_RULES:
        assert f"| `{rule.id}` |" in page


def test_rule_ids_are_unique_within_a_kind(kinds: dict[str, Harvester]) -> None:
    for harvester in kinds.values():
        ids = [rule.id for rule in harvester.rules]
        assert len(set(ids)) == len(ids)
