"""Guards that leave observations out, or reject the dataset: what can never be published.

The observation schema decides (:mod:`catalog.releases.checks`). Where ``harvest.yml`` declares how many observations
with an unknown code or a repeated key may be left out, so many are, each with a finding; one more rejects the dataset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from catalog.errors import CheckFailed, Label, Place
from catalog.releases.checks import NAMED_ROWS, Finding, check_table
from harvesters.base import Context, Contribution
from harvesters.findings import Level, Rule
from harvesters.guards.declared import CODE_NOT_IN_LIST, DUPLICATE_KEY, Guard, Limits
from harvesters.guards.located import find_places

OBSERVATION_LEFT_OUT = Rule(
    "observation-left-out",
    Level.REJECTED,
    Label(
        "公開できない観測値（guards の設定により外した）",
        "Observations that cannot be published (left out as guards of the source say)",
    ),
    Label("元の表を直してください", "Correct the table that they come from"),
)

#: rule of the observation schema -> the guard that may leave its rows out
_GUARDS: Mapping[str, Guard] = {"duplicate-key": DUPLICATE_KEY, "code-unknown": CODE_NOT_IN_LIST}


def screen(contribution: Contribution, context: Context, limits: Limits) -> Contribution:
    """Return the contribution without the observations that its source allows to be left out.

    Raises
    ------
    CheckFailed
        If there are more of them than it allows, or a rule is broken for which nothing may be left out; names the
        guard, the number of observations, the limit and what to do.
    """
    findings = check_table(contribution.dataset, contribution.table, context.reference.codelists, areas=_areas(context))
    errors = [one for one in findings if one.severity == "error"]
    left_out: dict[int, Finding] = {}
    for guard in dict.fromkeys(_GUARDS[one.rule] for one in errors if one.rule in _GUARDS):
        mine = [one for one in errors if _GUARDS.get(one.rule) is guard]
        rows = _rows_to_leave_out(contribution.table, mine)
        allowed = limits.limit(guard) if limits.is_on(guard) else NAMED_ROWS
        if len(rows) > allowed or any(one.total > NAMED_ROWS for one in mine):
            raise _too_many(guard, mine, len(rows), allowed, contribution)
        left_out |= rows
    others = [one for one in errors if one.rule not in _GUARDS and one.row not in left_out]
    if others or not left_out:
        return contribution
    return _without(contribution, left_out, context)


def _areas(context: Context) -> frozenset[str]:
    return frozenset(one.code for one in context.reference.areas)


def _rows_to_leave_out(table: pa.Table, findings: Sequence[Finding]) -> dict[int, Finding]:
    """Return row, from 1, -> why it cannot be published; of rows that are equal throughout the first stays."""
    rows = {one.row: one for one in findings if one.row is not None}
    alike: dict[tuple[object, ...], list[tuple[int, tuple[object, ...]]]] = {}
    for number, one in rows.items():
        if one.rule == "duplicate-key":
            content = tuple(table.slice(number - 1, 1).to_pylist()[0].values())
            alike.setdefault(tuple(one.key.values()), []).append((number, content))
    for group in alike.values():
        if len({content for _, content in group}) == 1:
            del rows[group[0][0]]
    return rows


def _without(contribution: Contribution, left_out: Mapping[int, Finding], context: Context) -> Contribution:
    found = list(left_out.values())
    places = find_places([contribution], [one.key for one in found])
    for number, one in enumerate(found):
        key = " ".join(str(code) for code in one.key.values())
        place = places.get(number, Place(file=contribution.object))
        context.findings.add(OBSERVATION_LEFT_OUT, place, key, detail=one.what)
    stays = [number not in left_out for number in range(1, contribution.table.num_rows + 1)]
    return replace(contribution, table=contribution.table.filter(pa.array(stays, pa.bool_())))


def _too_many(
    guard: Guard, findings: Sequence[Finding], found: int, allowed: int, contribution: Contribution
) -> CheckFailed:
    first = findings[0]
    key = " ".join(str(code) for code in first.key.values())
    return CheckFailed(
        f"[{guard.id}] {guard.title.ja}: {found}個（外してよい数 {allowed}）。"
        f"データセット {contribution.dataset.name}、{key}: {first.what.ja}",
        f"[{guard.id}] {guard.title.en}: {found} (may be left out: {allowed}). "
        f"Dataset {contribution.dataset.name}, {key}: {first.what.en}",
        next_step=guard.next_step,
        place=find_places([contribution], [first.key]).get(0, Place(file=contribution.object)),
        guard=guard.id,
        rule=first.rule,
        value=first.value,
        limit=allowed,
        findings=[one.to_dict() for one in findings[:20]],
    )
