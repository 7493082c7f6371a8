"""Publish an earlier release again.

History is never changed: a rollback is a new release with the observations and the description of an earlier one. Its
version comes from the diff as always, and its provenance says what was brought back, what was withdrawn, and why.

Order of events::

    lock, lease      of the source of the dataset: no run publishes in between
    build            the earlier observations upon the current release
    decision         written before anything is published: from then on what is withdrawn may not come back by itself
                     (:mod:`harvesters.guards.withdrawn`)
    publish          as any release
    DataStore        brought up to it, where there is one

Killed between the decision and the last call, the withdrawn release stays current and the decision has no effect; the
same command builds the same release again and finishes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from catalog.ckan import Catalogue, find_current, load_datastores, publish
from catalog.database.holds import Action, Actor, Decision, new_id
from catalog.database.jobs import utc_now
from catalog.errors import ApprovalRefused, Label, NoSuchDataset, NoSuchVersion
from catalog.formats import read_parquet
from catalog.model import Manifest, Rollback
from catalog.model.codelist import nearest
from catalog.releases.build import BuiltRelease, build_release, parse_issued
from catalog.releases.holdings import ReleaseHolding
from catalog.releases.local_copy import LocalCopy
from catalog.settings import Settings
from harvesters.publishing.current import find_parent, find_release, find_sequence
from harvesters.publishing.identity import find_actor
from harvesters.report import PublishedRelease, decision_line
from harvesters.runner import Runner, open_runner


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """What a rollback did."""

    #: name of the dataset
    dataset: str
    #: the new release
    release: PublishedRelease
    #: who, when, why; what was withdrawn and what was brought back
    decision: Decision

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "dataset": self.dataset,
            "release": self.release.to_dict(),
            "decision": self.decision.to_dict(),
        }

    def lines(self, lang: str = "ja") -> list[str]:
        """Return it for people."""
        details, release, changes = self.decision.details, self.release, self.release.changes
        withdrawn, restored = details["withdrawn"]["version"], details["restored"]["version"]
        figures = f"+{changes['added']} ~{changes['changed']} -{changes['removed']} = {release.observations}"
        said = Label(
            f"{self.dataset}: 版 {withdrawn} を取り下げ、版 {restored} の内容を版 {release.version} として公開しました"
            f"（{figures}）",
            f"{self.dataset}: version {withdrawn} is withdrawn; version {restored} is published again "
            f"as version {release.version} ({figures})",
        )
        next_step = Label(
            "次の収集が取り下げた値を持ってきたら、公開せずに承認を待ちます",
            "If the next run brings the withdrawn values, they are held and not published",
        )
        return [
            said.in_language(lang),
            f"  {decision_line(self.decision.to_dict(), lang)}",
            f"  → {next_step.in_language(lang)}",
        ]


def roll_back(
    settings: Settings, dataset: str, *, reason: str, to: str | None = None, catalogue: Catalogue | None = None
) -> RolledBack:
    """Publish an earlier release of a dataset again, as a new release.

    Parameters
    ----------
    settings, catalogue
        As for :func:`~harvesters.runner.run_sources`.
    dataset
        Name of the dataset.
    reason
        Why; it stands in the provenance of the new release, for everybody to read.
    to
        Version (``1.4.2``) or place in the chain (``36``) of the release; the one before the current one if None.

    Raises
    ------
    NoSuchDataset, NoSuchVersion
        If there is no such dataset or release, or the release says what is current.
    ApprovalRefused
        If there is no reason.
    SourceBusy
        If the source of the dataset is being harvested.
    """
    if not reason.strip():
        raise ApprovalRefused(
            "理由がありません",
            "There is no reason",
            next_step=Label(
                "--reason に、利用者が読んで分かる理由を書いてください", "Say why with --reason; readers see it"
            ),
        )
    with open_runner(settings, catalogue=catalogue) as runner:
        current = _get_current(runner.catalogue, dataset)
        with runner.holding(current.provenance.source):
            return _RollingBack(settings, runner, dataset, reason.strip()).run(to)


class _RollingBack:
    """One rollback, while the source is held."""

    def __init__(self, settings: Settings, runner: Runner, name: str, reason: str) -> None:
        self._catalogue, self._journal = runner.catalogue, runner.holds
        self._name, self._reason = name, reason
        self._builds, self._copy = settings.home / "builds", LocalCopy(settings.home / "copy")

    def run(self, to: str | None) -> RolledBack:
        current = _get_current(self._catalogue, self._name)
        restored = self._get_release(self._target(current, to), current, to)
        begun = self._find_begun(current, restored.manifest)
        decision = begun or self._decision(current, restored.manifest, find_actor(self._catalogue))
        built = self._build(current, restored, decision)
        self._journal.record(decision)
        publish(self._catalogue, built)
        self._lift_reinstated(decision, restored.manifest)
        load_datastores(self._catalogue, [self._name])
        return RolledBack(dataset=self._name, release=PublishedRelease.of(built.manifest), decision=decision)

    def _target(self, current: Manifest, to: str | None) -> int:
        if to is None:
            if current.provenance.rollback is not None:
                raise NoSuchVersion(
                    f"公開中の版 {current.version} は取り下げで公開されたものなので、戻す先を決められません",
                    f"The current version {current.version} is a rollback itself, so where to go back to is not clear",
                    next_step=Label(
                        "--to に版かリリース番号を指定してください", "Give a version or a sequence with --to"
                    ),
                    value=str(current.version),
                )
            return current.sequence - 1
        if to.isdecimal():
            return int(to)
        return find_sequence(self._catalogue, self._name, to, newest=current.sequence) or 0

    def _get_release(self, sequence: int, current: Manifest, to: str | None) -> ReleaseHolding:
        possible, now = 0 < sequence < current.sequence, f"{current.version}, {current.sequence}"
        found = find_release(self._catalogue, self._name, sequence, copy=self._copy) if possible else None
        if found is None:
            wanted = to or "―"
            raise NoSuchVersion(
                f"データセット {self._name} に、戻せるリリース「{wanted}」はありません（公開中: {now}）",
                f"{self._name} has no earlier release {wanted!r} (current: {now})",
                next_step=Label(
                    f"shihyo catalog sync で写しを新しくし、shihyo catalog show {self._name} で版を確かめてください",
                    f"Run shihyo catalog sync, then look the versions up with shihyo catalog show {self._name}",
                ),
                value=to,
            )
        return found

    def _find_begun(self, current: Manifest, restored: Manifest) -> Decision | None:
        """Return the decision of the same rollback that was killed before it was published, or None."""
        standing = self._journal.list_decisions(dataset=self._name, action=Action.ROLLBACK, state="stands")
        wanted = (current.digest, restored.digest, self._reason)
        for one in standing:
            if (one.details["withdrawn"]["digest"], one.details["restored"]["digest"], one.reason) == wanted:
                return one
        return None

    def _decision(self, current: Manifest, restored: Manifest, by: Actor) -> Decision:
        return Decision(
            id=new_id(),
            action=Action.ROLLBACK,
            source=current.provenance.source,
            dataset=self._name,
            hold_id=None,
            state="stands",
            decided=utc_now(),
            decided_by=by,
            reason=self._reason,
            details={"withdrawn": _named(current), "restored": _named(restored)},
        )

    def _build(self, current: Manifest, restored: ReleaseHolding, decision: Decision) -> BuiltRelease:
        was = restored.manifest
        rollback = Rollback(
            restored=was.digest,
            restored_sequence=was.sequence,
            restored_version=str(was.version),
            withdrawn=current.digest,
            withdrawn_sequence=current.sequence,
            withdrawn_version=str(current.version),
            reason=self._reason,
        )
        built = build_release(
            was.dataset,
            read_parquet(restored.parquet),
            parent=find_parent(self._catalogue, self._name, builds=self._builds, copy=self._copy),
            issued=max(current.issued, decision.decided, key=parse_issued),
            provenance=replace(was.provenance, rollback=rollback),
            folder=self._builds,
        )
        if built is None:
            raise NoSuchVersion(
                f"版 {was.version} の内容は公開中の版 {current.version} と同じで、戻すものがありません",
                f"Version {was.version} says the same as the current version {current.version}",
                next_step=Label("--to に別の版を指定してください", "Give another version with --to"),
                value=str(was.version),
            )
        return built

    def _lift_reinstated(self, decision: Decision, restored: Manifest) -> None:
        """End the rollbacks whose withdrawn release was brought back on purpose."""
        for one in self._journal.list_decisions(dataset=self._name, action=Action.ROLLBACK, state="stands"):
            if one.id != decision.id and one.details["withdrawn"]["digest"] == restored.digest:
                self._journal.record(replace(one, state="lifted"))


def _get_current(catalogue: Catalogue, name: str) -> Manifest:
    current = find_current(catalogue, name)
    if current is not None:
        return current
    known = list(catalogue.action("package_list"))
    near = nearest(name, known)
    raise NoSuchDataset(
        f"データセット「{name}」は公開されていません",
        f"No dataset {name!r} is published",
        next_step=Label(
            f"「{near}」ではありませんか" if near else "shihyo catalog list で名前を確かめてください",
            f"Did you mean {near}?" if near else "Look the names up with shihyo catalog list",
        ),
        value=name,
        nearest=near,
    )


def _named(manifest: Manifest) -> dict[str, Any]:
    return {"digest": manifest.digest, "sequence": manifest.sequence, "version": str(manifest.version)}
