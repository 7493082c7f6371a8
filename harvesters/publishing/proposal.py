"""What a run would publish of one dataset, and what the guards say about it; a run and a plan ask the same question.

Order of events: the contributions are laid upon what is published, step by step (:mod:`harvesters.publishing.chain`);
each step is compared with the one before it; the last table is checked as a release is. Where the check finds what the
source allows to be left out, it is (:mod:`harvesters.guards.screen`), and the steps are made again. Nothing is written.

The digest of a proposal covers inputs, options, guards, the version of the code and the resulting observations with
their description: a decision about a proposal holds for exactly that.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import Label
from catalog.formats import read_parquet, write_csv
from catalog.model import DataStructure, Manifest, canonical_json
from catalog.releases.build import Parent
from catalog.releases.checks import check_table, require_passed
from catalog.releases.diff import ChangeExample, ReleaseDiff, diff_tables
from catalog.releases.version import next_version
from harvesters.base import Contribution
from harvesters.guards.compare import Comparison, compare
from harvesters.guards.declared import APPROVAL_REQUIRED, GuardExample, Limits, Trip
from harvesters.guards.inputs import empty_trip
from harvesters.guards.located import located
from harvesters.guards.screen import screen
from harvesters.guards.withdrawn import Withdrawal, withdrawn_trip
from harvesters.publishing.chain import Step, iter_steps
from harvesters.publishing.combine import periods_of
from harvesters.reading import Reading

#: examples of each kind of change that a proposal names
EXAMPLES_NAMED = 5
#: trips of one guard that are kept: the first releases that it holds
_TRIPS_OF_A_GUARD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRelease:
    """A release that would be published."""

    #: its place in the chain and its version
    sequence: int
    version: str
    #: when its figures became known
    issued: str
    #: observations added, changed, removed and revised against the release before
    changes: dict[str, int]
    #: observations in all
    observations: int
    #: why the version is what it is, in both languages
    reasons: tuple[dict[str, Any], ...]
    #: names of the objects that bring it
    objects: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "sequence": self.sequence,
            "version": self.version,
            "issued": self.issued,
            "changes": self.changes,
            "observations": self.observations,
            "reasons": list(self.reasons),
            "objects": list(self.objects),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a proposal stands on."""

    #: the source as it was read
    reading: Reading
    #: the limits of its guards
    limits: Limits
    #: the current release, or None
    parent: Parent | None
    #: what the guards say about the inputs of this dataset
    trips: Sequence[Trip] = ()
    #: objects of this dataset that cannot be read because their form has changed
    held_objects: Collection[str] = ()
    #: what was withdrawn of it by a rollback
    withdrawals: Sequence[Withdrawal] = ()
    #: the time, with offset
    now: datetime


@dataclass(slots=True, kw_only=True)
class Proposal:
    """What would be published of one dataset."""

    #: name of the dataset
    name: str
    #: the current release, or None
    parent: Manifest | None
    #: what is published if it is published: the contributions that were not left out
    contributions: list[Contribution] = field(default_factory=list)
    #: the releases, in order
    releases: list[PlannedRelease] = field(default_factory=list)
    #: what the guards say; empty if nothing is held
    trips: list[Trip] = field(default_factory=list)
    #: published observations that the source does not have any more (they stay)
    missing: int = 0
    #: published observations of which it cannot be told, because files could not be read
    unknown: int = 0
    #: examples of what would be added, changed or removed, and of what is missing or unknown
    examples: list[ChangeExample] = field(default_factory=list)
    #: the last step, or None, and its difference to the one before
    last: Step | None = None
    diff: ReleaseDiff | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Observations added, changed and removed by all releases together, missing and unknown ones."""
        sums = {kind: sum(one.changes[kind] for one in self.releases) for kind in ("added", "changed", "removed")}
        return {**sums, "missing": self.missing, "unknown": self.unknown}

    @property
    def base(self) -> str | None:
        """Digest of the release that it stands on."""
        return self.parent.digest if self.parent else None

    def digest(self, reading: Reading, limits: Limits) -> str:
        """Return the sha256 over inputs, options, guards and result, hex."""
        last = self.last
        content = {
            "dataset": self.name,
            "inputs": reading.fingerprint(),
            "guards": limits.to_dict(),
            "description": last.dataset.to_dict() if last else None,
            "observations": _table_digest(last.table, last.dataset.structure) if last else None,
        }
        return hashlib.sha256(canonical_json(content)).hexdigest()


def propose(name: str, ground: Ground) -> Proposal:
    """Return what would be published of a dataset, and what the guards say about it.

    Raises
    ------
    CheckFailed
        If a table breaks a rule of the observation schema, or a guard rejects it.
    """
    found = [one for one in ground.reading.contributions.get(name, []) if one.table.num_rows]
    proposal = Proposal(name=name, parent=ground.parent.manifest if ground.parent else None)
    if found:
        _lay(proposal, found, ground)
        if not _passes(proposal, ground):
            context = ground.reading.context
            left = [screen(one, context, ground.limits) for one in found]
            proposal = Proposal(name=name, parent=proposal.parent)
            _lay(proposal, [one for one in left if one.table.num_rows], ground)
            _require_passed(proposal, ground)
        proposal.trips += _withdrawn(proposal, ground)
    _count_absent(proposal, ground)
    _add_trips(proposal, ground)
    return proposal


def _lay(proposal: Proposal, contributions: list[Contribution], ground: Ground) -> None:
    """Make the steps one after the other and compare each with what is before it."""
    proposal.contributions = contributions
    periods: dict[str, frozenset[str]] = defaultdict(frozenset)
    for one in contributions:
        for name in one.objects:
            periods[name] |= periods_of(one.table)
    manifest = proposal.parent
    before: Path | pa.Table | None = ground.parent.parquet if ground.parent else None
    for step in iter_steps(contributions, ground.parent, ground.reading.lineage(), now=ground.now):
        diff = diff_tables(before, step.table, step.dataset.structure)
        if manifest and diff.is_empty and manifest.dataset.to_dict() == step.dataset.to_dict():
            continue
        comparison = Comparison(
            structure=step.dataset.structure,
            before=before,
            after=step.table,
            periods=tuple(sorted({period for name in step.objects for period in periods[name]})),
            objects=step.objects,
            diff=diff,
            revision_share=step.dataset.revision_share,
            now=ground.now,
        )
        brought = [one for one in contributions if not set(step.objects).isdisjoint(one.objects)]
        _keep(proposal.trips, located(compare(comparison, ground.limits), brought))
        manifest = _release(step, manifest, diff, proposal)
        before, proposal.last, proposal.diff = step.table, step, diff


def _keep(kept: list[Trip], trips: Sequence[Trip]) -> None:
    for one in trips:
        if sum(each.guard is one.guard for each in kept) < _TRIPS_OF_A_GUARD:
            kept.append(one)


def _release(step: Step, parent: Manifest | None, diff: ReleaseDiff, proposal: Proposal) -> Manifest:
    version, reasons = next_version(parent, diff, step.dataset)
    manifest = Manifest(
        dataset=step.dataset,
        sequence=parent.sequence + 1 if parent else 1,
        version=version,
        parent=parent.parent if parent else None,
        issued=step.issued,
        reasons=reasons,
        observations=step.table.num_rows,
        temporal=None,
        changes=diff.counts,
        files=(),
        provenance=step.provenance,
    )
    proposal.releases.append(
        PlannedRelease(
            sequence=manifest.sequence,
            version=str(version),
            issued=step.issued,
            changes=diff.counts.to_dict(),
            observations=manifest.observations,
            reasons=reasons,
            objects=step.objects,
        )
    )
    for one in diff.examples:
        if sum(each.kind == one.kind for each in proposal.examples) < EXAMPLES_NAMED:
            proposal.examples.append(one)
    return manifest


def _findings(proposal: Proposal, ground: Ground) -> list[Any]:
    last = proposal.last
    if last is None:
        return []
    reference = ground.reading.context.reference
    areas = frozenset(one.code for one in reference.areas)
    return check_table(last.dataset, last.table, reference.codelists, areas=areas)


def _passes(proposal: Proposal, ground: Ground) -> bool:
    return all(one.severity != "error" for one in _findings(proposal, ground))


def _require_passed(proposal: Proposal, ground: Ground) -> None:
    if proposal.last is not None:
        require_passed(proposal.last.dataset, _findings(proposal, ground))


def _withdrawn(proposal: Proposal, ground: Ground) -> list[Trip]:
    if proposal.last is None:
        return []
    found = (withdrawn_trip(proposal.last, one, ground.limits) for one in ground.withdrawals)
    return [one for one in found if one is not None]


def _count_absent(proposal: Proposal, ground: Ground) -> None:
    """Count what is published of periods that nothing was read for: missing, or unknown if a file failed."""
    if ground.parent is None:
        return
    published = read_parquet(ground.parent.parquet)
    covered = {period for one in proposal.contributions for period in periods_of(one.table)}
    absent = published.filter(pc.invert(pc.is_in(published["period"], pa.array(sorted(covered), pa.string()))))
    cannot_tell = ground.reading.failed or bool(ground.held_objects)
    kind = "unknown" if cannot_tell else "missing"
    setattr(proposal, kind, absent.num_rows)
    key = ground.parent.manifest.dataset.structure.key
    proposal.examples += [
        ChangeExample(kind=kind, key={one: row[one] for one in key}, before={"value": row["value"]}, after=None)
        for row in absent.slice(0, EXAMPLES_NAMED).to_pylist()
    ]


def _add_trips(proposal: Proposal, ground: Ground) -> None:
    """Add what the guards say about inputs, where it matters: something would be published, or was lost."""
    limits, changes = ground.limits, bool(proposal.releases)
    unreadable = [one for one in ground.trips if not one.figures.get("readable", True)]
    inputs = list(ground.trips) if changes else unreadable
    if not proposal.contributions and not ground.held_objects and not ground.reading.failed:
        gone = [one.name for one in ground.reading.objects if one.state == "gone"]
        published = proposal.parent.observations if proposal.parent else 0
        empty = empty_trip(proposal.name, published, gone, limits)
        inputs += [empty] if empty else []
    proposal.trips = [*inputs, *proposal.trips]
    if limits.approval_required and changes:
        proposal.trips.append(_approval_required(proposal))


def _approval_required(proposal: Proposal) -> Trip:
    counts = proposal.counts
    last = proposal.releases[-1].version
    return Trip(
        guard=APPROVAL_REQUIRED,
        what=Label(
            f"{len(proposal.releases)} リリース（版 {last} まで）が承認を待ちます: "
            f"追加 {counts['added']}、変更 {counts['changed']}、削除 {counts['removed']}",
            f"{len(proposal.releases)} releases (up to version {last}) wait for approval: "
            f"{counts['added']} added, {counts['changed']} changed, {counts['removed']} removed",
        ),
        figures={**counts, "releases": len(proposal.releases), "version": last},
        examples=tuple(
            GuardExample(key=one.key, before=(one.before or {}).get("value"), after=(one.after or {}).get("value"))
            for one in proposal.examples
            if one.kind in {"revised", "removed"}
        ),
        total=counts["changed"] + counts["removed"],
    )


def _table_digest(table: pa.Table, structure: DataStructure) -> str:
    with tempfile.TemporaryDirectory(prefix="shihyo-proposal-") as folder:
        target = Path(folder) / "observations.csv"
        write_csv(table, structure, target)
        with target.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def example_line(example: ChangeExample) -> str:
    """Return key, before and after of a change on one line."""
    key = " ".join(code for code in example.key.values() if code != "_T")
    return f"{key}: {_figures(example.before)} → {_figures(example.after)}"


def _figures(values: Mapping[str, Any] | None) -> str:
    """Return a value, or else the attributes; a value that is missing with its status: ``― (Q)``."""
    if not values:
        return "―"
    if "value" not in values:
        return ", ".join(f"{name}={'―' if one is None else one}" for name, one in values.items())
    if values["value"] is not None:
        return str(values["value"])
    return f"― ({values['obs_status']})" if values.get("obs_status") else "―"
