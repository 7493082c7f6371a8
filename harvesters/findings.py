"""Findings: what a harvest met in its input that someone should know of.

Every kind of finding is a :class:`Rule`, declared as data by the harvester, with what to do about it in two languages.
A :class:`Findings` counts all findings and keeps the first ones of each rule, so that a report of a million broken rows
is as short as one of ten and still says how many there were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from catalog.errors import Label, Place, clip

#: findings of each rule that are kept with their place; all are counted
EXAMPLES_KEPT = 20
#: characters of a value that are shown
VALUE_SHOWN = 200


class Level(StrEnum):
    """What a finding did to the row or object that it is about."""

    #: left out
    REJECTED = "rejected"
    #: left out of some figures and used in others
    PARTLY = "partly"
    #: kept, and a person should look at it
    WARNING = "warning"
    #: kept after a repair that cannot be wrong
    REPAIRED = "repaired"
    #: kept as it is; worth knowing
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of finding."""

    #: stable id, such as ``area-code-missing``
    id: str
    #: what it does to the row
    level: Level
    #: what is the matter, in general
    title: Label
    #: what a person can do about it
    next_step: Label

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as JSON."""
        return {
            "id": self.id,
            "level": str(self.level),
            "title": self.title.to_dict(),
            "next_step": self.next_step.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a harvest met."""

    #: the rule that it falls under
    rule: Rule
    #: where: file, row and column
    place: Place
    #: the value as it stands in the source, or None
    value: str | None = None
    #: what is the matter here, if it says more than the rule's title
    detail: Label | None = None

    def message(self, lang: str = "ja") -> str:
        """Return place, matter and value on one line."""
        said = [self.detail.in_language(lang)] if self.detail else []
        said += [self.value] if self.value is not None else []
        return ": ".join([str(self.place), *(said or [self.rule.title.in_language(lang)])])

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON; the rule by its id."""
        place = self.place
        return {
            "rule": self.rule.id,
            "place": {"file": place.file, "sheet": place.sheet, "cell": place.cell},
            "value": self.value,
            "detail": self.detail.to_dict() if self.detail else None,
        }


def row_place(file: str, row: int, column: str | None = None) -> Place:
    """Return the place of a row (counted from 1, the header included) or of one of its cells."""
    return Place(file=file, cell=f"row {row}" if column is None else f"row {row}, column {column}")


@dataclass(slots=True)
class Findings:
    """A collection that counts everything and keeps a bounded number of examples."""

    #: rule id -> rule, in the order of first appearance
    rules: dict[str, Rule] = field(default_factory=dict)
    #: rule id -> number of findings
    counts: Counter[str] = field(default_factory=Counter)
    #: rule id -> the first findings
    examples: dict[str, list[Finding]] = field(default_factory=dict)

    def add(
        self,
        rule: Rule,
        place: Place,
        value: str | None = None,
        *,
        detail: Label | None = None,
    ) -> None:
        """Count one finding and keep it if it is among the first of its rule."""
        self.rules.setdefault(rule.id, rule)
        self.counts[rule.id] += 1
        kept = self.examples.setdefault(rule.id, [])
        if len(kept) < EXAMPLES_KEPT:
            shown = value if value is None else clip(value, VALUE_SHOWN)
            kept.append(Finding(rule, place.clipped(VALUE_SHOWN), shown, detail.clipped() if detail else None))

    def count_more(self, rule: Rule, number: int) -> None:
        """Count findings of a rule whose first ones were added."""
        if number > 0:
            self.rules.setdefault(rule.id, rule)
            self.counts[rule.id] += number
            self.examples.setdefault(rule.id, [])

    def extend(self, others: Iterable[Finding]) -> None:
        """Add findings that were made elsewhere."""
        for one in others:
            self.add(one.rule, one.place, one.value, detail=one.detail)

    def merge(self, other: Findings) -> None:
        """Add all counts and, as far as there is room, the examples of another collection."""
        for rule_id, rule in other.rules.items():
            self.rules.setdefault(rule_id, rule)
            self.counts[rule_id] += other.counts[rule_id]
            kept = self.examples.setdefault(rule_id, [])
            kept.extend(other.examples[rule_id][: EXAMPLES_KEPT - len(kept)])

    def count(self, level: Level) -> int:
        """Return how many findings have a level."""
        return sum(self.counts[rule.id] for rule in self.rules.values() if rule.level is level)

    def lines(self, lang: str = "ja") -> list[str]:
        """Return one line a rule, and below it its examples and what to do; what was left out comes first."""
        lines = []
        for rule in sorted(self.rules.values(), key=lambda one: _GRAVEST_FIRST.index(one.level)):
            total, kept = self.counts[rule.id], self.examples[rule.id]
            unit = {"ja": f"{total}件"}.get(lang, f"{total}")
            lines.append(f"[{LEVEL_LABELS[rule.level].in_language(lang)}] {rule.title.in_language(lang)}: {unit}")
            lines += [f"    {one.message(lang)}" for one in kept[:_EXAMPLES_SHOWN]]
            if total > _EXAMPLES_SHOWN:
                rest = total - min(len(kept), _EXAMPLES_SHOWN)
                lines.append({"ja": f"    ほか{rest}件"}.get(lang, f"    and {rest} more"))
            lines.append(f"    → {rule.next_step.in_language(lang)}")
        return lines

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the rules with their counts and examples as JSON."""
        return [
            {
                **rule.to_dict(),
                "count": self.counts[rule.id],
                "examples": [one.to_dict() for one in self.examples[rule.id]],
            }
            for rule in self.rules.values()
        ]


_EXAMPLES_SHOWN = 3
_GRAVEST_FIRST = tuple(Level)
#: what people call a level
LEVEL_LABELS = {
    Level.REJECTED: Label("除外", "left out"),
    Level.PARTLY: Label("一部で除外", "left out in part"),
    Level.WARNING: Label("要確認", "look at"),
    Level.REPAIRED: Label("補正", "repaired"),
    Level.NOTICE: Label("参考", "note"),
}
