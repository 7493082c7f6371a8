"""The version of a release, computed from the diff with the release before it.

Each row of :data:`_RULES` is one promise of ``docs/versions.md``: which part of the version moves, when, and what the
reader is told. The highest part that any rule asks for is moved; a person may raise the result, never lower it.

References
----------
Semantic Versioning 2.0.0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.errors import Label, VersionError
from catalog.model import Dataset, Manifest, Version
from catalog.releases.diff import ReleaseDiff

FIRST = Version(1, 0, 0)

#: parts of a version, the heaviest first
PARTS = ("major", "minor", "patch")

#: values that a reason names
_NAMED = 20


@dataclass(frozen=True, slots=True)
class _Change:
    """Everything a rule may look at."""

    parent: Dataset
    dataset: Dataset
    diff: ReleaseDiff


@dataclass(frozen=True, slots=True)
class _Rule:
    """One promise: what moves which part."""

    name: str
    part: str
    #: the values to name; empty if the rule does not apply
    find: Callable[[_Change], Sequence[str]]
    #: what readers are told; {count} and {values} are filled in
    text: Label


def next_version(
    parent: Manifest | None, diff: ReleaseDiff, dataset: Dataset, *, raise_to: Version | None = None
) -> tuple[Version, tuple[dict[str, Any], ...]]:
    """Return the version of the next release and why.

    Parameters
    ----------
    parent
        The release before, or None for the first one, which is 1.0.0.
    diff
        From the parent's observations to those of the new release.
    dataset
        The dataset as it is described now.
    raise_to
        A version that a person asks for.

    Returns
    -------
    version
        The version.
    reasons
        One for each rule that applied, the heaviest first: ``part``, ``rule``, ``ja``, ``en``, ``count``, ``values``
        (the first of them).

    Raises
    ------
    VersionError
        If ``raise_to`` is lower than what the diff demands.
    """
    if parent is None:
        reasons = [_reason("major", "first-release", Label("最初のリリース", "First release"), [])]
        version = FIRST
    else:
        reasons = _reasons(_Change(parent.dataset, dataset, diff))
        version = parent.version.bump(reasons[0]["part"])
    if raise_to is None or raise_to == version:
        return version, tuple(reasons)
    if raise_to < version:
        raise _too_low(raise_to, version, reasons)
    raised = Label(f"担当者が {version} から引き上げた", f"Raised from {version} by a person")
    return raise_to, (*reasons, _reason(reasons[0]["part"], "raised", raised, [str(raise_to)]))


def _reasons(change: _Change) -> list[dict[str, Any]]:
    found = []
    for rule in sorted(_RULES, key=lambda rule: PARTS.index(rule.part)):
        values = rule.find(change)
        if values:
            found.append(_reason(rule.part, rule.name, rule.text, values))
    return found or [_reason("patch", "same-content", Label("内容は同じ", "Same content"), [])]


def _reason(part: str, rule: str, text: Label, values: Sequence[str]) -> dict[str, Any]:
    named = list(values[:_NAMED])
    rest = Label(" ほか", ", ...") if len(values) > len(named) else Label("", "")
    filled = {"count": len(values)}
    return {
        "part": part,
        "rule": rule,
        "ja": text.ja.format(**filled, values="、".join(named) + rest.ja),
        "en": text.en.format(**filled, values=", ".join(named) + rest.en),
        "count": len(values),
        "values": named,
    }


def _too_low(raise_to: Version, version: Version, reasons: Sequence[dict[str, Any]]) -> VersionError:
    why = reasons[0]
    return VersionError(
        f"版 {raise_to} は低すぎます。差分からは {version} 以上になります（{why['ja']}）",
        f"Version {raise_to} is too low: the diff asks for {version} or more ({why['en']})",
        next_step=Label(
            f"{version} 以上を指定するか、指定をやめてください", f"Ask for {version} or more, or for nothing"
        ),
        value=str(raise_to),
        allowed=str(version),
    )


def _gone(*dimensions: str) -> Callable[[_Change], Sequence[str]]:
    return lambda change: [code for name in dimensions for code in change.diff.gone.get(name, ())]


def _new(*dimensions: str) -> Callable[[_Change], Sequence[str]]:
    return lambda change: [code for name in dimensions for code in change.diff.new.get(name, ())]


def _fixed(name: str) -> bool:
    return name in {"indicator_id", "definition_id", "area_code", "period"}


def _breakdown_codes_gone(change: _Change) -> Sequence[str]:
    used = {f"{name}={code}" for name, codes in change.diff.gone.items() if not _fixed(name) for code in codes}
    return sorted(used | (_declared(change.parent) - _declared(change.dataset)))


def _breakdown_codes_new(change: _Change) -> Sequence[str]:
    used = {f"{name}={code}" for name, codes in change.diff.new.items() if not _fixed(name) for code in codes}
    return sorted(used | (_declared(change.dataset) - _declared(change.parent)))


def _declared(dataset: Dataset) -> set[str]:
    return {f"{one.id}={code}" for one in dataset.structure.breakdowns for code in one.codes}


def _dimensions_new(change: _Change) -> Sequence[str]:
    return [name for name in change.diff.columns_new if name in change.dataset.structure.key]


def _attributes_new(change: _Change) -> Sequence[str]:
    return [name for name in change.diff.columns_new if name not in change.dataset.structure.key]


def _units(change: _Change) -> Sequence[str]:
    return [f"{definition}: {old} → {new}" for definition, old, new in change.diff.units]


def _breaks(change: _Change) -> Sequence[str]:
    return [f"{definition} {period}" for definition, period in change.diff.breaks]


def _many_revised(change: _Change) -> Sequence[str]:
    share = change.diff.revised_share
    return [f"{share:.1%}"] if share > change.dataset.revision_share else []


def _few_revised(change: _Change) -> Sequence[str]:
    share = change.diff.revised_share
    return [f"{share:.2%}"] if 0 < share <= change.dataset.revision_share else []


def _attributes_changed(change: _Change) -> Sequence[str]:
    number = change.diff.counts.changed - change.diff.counts.revised
    return [str(number)] if number else []


def _observations_new(change: _Change) -> Sequence[str]:
    return [str(change.diff.counts.added)] if change.diff.counts.added else []


def _description(change: _Change) -> Sequence[str]:
    old, new = change.parent.to_dict(), change.dataset.to_dict()
    return sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))


_RULES = (
    _Rule(
        "indicator-gone",
        "major",
        _gone("indicator_id"),
        Label("指標がなくなった: {values}", "Indicators gone: {values}"),
    ),
    _Rule(
        "definition-gone",
        "major",
        _gone("definition_id"),
        Label("定義が変わった（なくなった定義: {values}）", "Definition changed (gone: {values})"),
    ),
    _Rule(
        "area-gone",
        "major",
        _gone("area_code"),
        Label("地域がなくなった（{count}）: {values}", "Areas gone ({count}): {values}"),
    ),
    _Rule(
        "period-gone",
        "major",
        _gone("period"),
        Label("時点・期間がなくなった（{count}）: {values}", "Periods gone ({count}): {values}"),
    ),
    _Rule(
        "code-gone",
        "major",
        _breakdown_codes_gone,
        Label("コードがなくなった（{count}）: {values}", "Codes gone ({count}): {values}"),
    ),
    _Rule(
        "column-gone",
        "major",
        lambda change: change.diff.columns_gone,
        Label("次元か列がなくなった: {values}", "Dimensions or columns gone: {values}"),
    ),
    _Rule(
        "dimension-new",
        "major",
        _dimensions_new,
        Label(
            "次元が増え、1つの値だった所に内訳が並ぶ: {values}",
            "New dimensions, so that one value becomes several: {values}",
        ),
    ),
    _Rule("unit-changed", "major", _units, Label("単位が変わった: {values}", "Unit changed: {values}")),
    _Rule("series-break", "major", _breaks, Label("系列が断絶した: {values}", "Series break: {values}")),
    _Rule(
        "many-revised",
        "major",
        _many_revised,
        Label("過去の値の {values} を改訂・削除した", "{values} of the past values revised or removed"),
    ),
    _Rule("indicator-new", "minor", _new("indicator_id"), Label("指標が増えた: {values}", "New indicators: {values}")),
    _Rule(
        "definition-new", "minor", _new("definition_id"), Label("定義が増えた: {values}", "New definitions: {values}")
    ),
    _Rule(
        "period-new",
        "minor",
        _new("period"),
        Label("時点・期間が増えた（{count}）: {values}", "New periods ({count}): {values}"),
    ),
    _Rule(
        "area-new",
        "minor",
        _new("area_code"),
        Label("地域が増えた（{count}）: {values}", "New areas ({count}): {values}"),
    ),
    _Rule(
        "code-new",
        "minor",
        _breakdown_codes_new,
        Label("コードが増えた（{count}）: {values}", "New codes ({count}): {values}"),
    ),
    _Rule("column-new", "minor", _attributes_new, Label("列が増えた: {values}", "New columns: {values}")),
    _Rule(
        "few-revised",
        "patch",
        _few_revised,
        Label("過去の値の {values} を改訂・削除した", "{values} of the past values revised or removed"),
    ),
    _Rule(
        "observations-new",
        "patch",
        _observations_new,
        Label("観測値が増えた（{values}）", "New observations ({values})"),
    ),
    _Rule(
        "attributes-changed",
        "patch",
        _attributes_changed,
        Label("値以外の項目を直した（{values}行）", "Attributes corrected ({values} observations)"),
    ),
    _Rule(
        "description-changed",
        "patch",
        _description,
        Label("データセットの説明を直した: {values}", "Description changed: {values}"),
    ),
)
