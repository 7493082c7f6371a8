from __future__ import annotations

import re
from pathlib import Path

from catalog.reference import load_reference
from catalog.releases import checks, version


def test_every_rule_of_versions_is_documented_with_its_part(root: Path) -> None:
    text = (root / "docs" / "versions.md").read_text("utf-8")
    documented = dict(re.findall(r"^\| `([a-z-]+)` \| (major|minor|patch|–) \|", text, re.MULTILINE))
    assert {rule.name: rule.part for rule in version._RULES} == {
        name: part for name, part in documented.items() if name not in {"raised", "first-release", "same-content"}
    }


def test_every_rule_of_checks_is_documented_with_its_severity(root: Path) -> None:
    text = (root / "docs" / "releases.md").read_text("utf-8")
    documented = {
        name: severity
        for names, severity in re.findall(r"^\| ((?:`[a-z-]+` ?)+)\| (error|warning) \|", text, re.MULTILINE)
        for name in re.findall(r"`([a-z-]+)`", names)
    }
    statuses = load_reference().codelists["obs_status"]
    rules = [*checks._status_rules(statuses), *checks._RATE_RULES]
    assert {rule.name: rule.severity for rule in rules}.items() <= documented.items()
    source = Path(checks.__file__).read_text("utf-8")
    used = set(re.findall(r'name="([a-z-]+)"', source)) | set(re.findall(r'_column_finding\("([a-z-]+)"', source))
    assert used == set(documented)
