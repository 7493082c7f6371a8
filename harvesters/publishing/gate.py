"""The gate between a proposal and the catalogue: published, held, or dropped.

=========================================  =====================================================================
what the guards and the journal say        what becomes of the proposal
=========================================  =====================================================================
no guard trips                             published; what waited of the dataset before is superseded
a guard trips, nobody decided              held: it waits, and what is published stays
held, and this run approves exactly it     approved, then published
approved, and the run was killed           published: the decision stands until all of it is out
rejected, and nothing changed              dropped
anything changed after a decision          held again: a decision holds for exactly what was looked at
=========================================  =====================================================================

"Exactly" means the digest of inputs, options, guards and result, and the release that it stands on. Of an approval that
was interrupted the releases that it published itself count as that too: their digests are written down before each is
published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from catalog.database.holds import Action, Actor, Decision, Hold, HoldJournal, HoldState
from harvesters.guards.declared import Limits
from harvesters.publishing.proposal import Proposal
from harvesters.reading import Reading


class Passage(StrEnum):
    """What becomes of a proposal."""

    PUBLISH = "publish"
    HELD = "held"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What a person approves: some holds, each by dataset and digest."""

    #: dataset -> the hold that was looked at
    holds: Mapping[str, Hold]
    #: who approves, and why
    by: Actor
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a proposal, and on what grounds."""

    #: what becomes of it
    passage: Passage
    #: the hold; None if no guard tripped, or if nothing may be written
    hold: Hold | None = None
    #: the decision that it goes by, or None
    decision: Decision | None = None
    #: the approval of this run did not fit, because the proposal is not what was looked at
    lapsed: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "passage": str(self.passage),
            "hold": self.hold.id if self.hold else None,
            "decision": self.decision.to_dict() if self.decision else None,
            "lapsed": self.lapsed,
        }


@dataclass(slots=True, kw_only=True)
class Gate:
    """Decides about the proposals of one job.

    Parameters
    ----------
    journal
        Keeps holds and decisions; None if there is no application database yet, or it may not be written.
    source, limits
        The source, and the limits of its guards.
    job_id
        The job; None for a plan, which writes nothing.
    who
        Says who runs the job; asked only if a proposal is held.
    approval
        What this run approves, or None.
    """

    journal: HoldJournal | None
    source: str
    limits: Limits
    job_id: str | None = None
    who: Callable[[], Actor] | None = None
    approval: Approval | None = None
    _actor: Actor | None = field(default=None, init=False)

    def judge(self, proposal: Proposal, reading: Reading) -> Verdict:
        """Say what becomes of a proposal; a hold is written down, unless this is a plan."""
        return self.judge_digest(
            proposal.name,
            lambda: proposal.digest(reading, self.limits),
            base=proposal.base,
            trips=[one.to_dict() for one in proposal.trips],
            report={"releases": [one.to_dict() for one in proposal.releases], "counts": proposal.counts},
        )

    def judge_digest(
        self,
        dataset: str,
        digest: Callable[[], str],
        *,
        base: str | None,
        trips: list[dict[str, Any]],
        report: Mapping[str, Any],
    ) -> Verdict:
        """Say what becomes of a proposal that is known by its digest; see :meth:`judge`."""
        if not trips:
            if self.journal and self.job_id:
                self.journal.supersede(self.source, dataset)
            return Verdict(passage=Passage.PUBLISH)
        wanted = digest()
        hold = self.journal.find_hold(self.source, dataset, wanted) if self.journal else None
        decided = self._decided(hold, base) if hold else None
        if decided is not None:
            return decided
        approved = self._approve(dataset, wanted, base)
        if approved is not None:
            return approved
        lapsed = self.approval is not None and dataset in self.approval.holds
        if self.journal is None or self.job_id is None:
            return Verdict(passage=Passage.HELD, hold=hold, lapsed=lapsed)
        held = self.journal.hold(
            self.source,
            dataset,
            wanted,
            job_id=self.job_id,
            by=self._whoever(),
            report={"base": base, "trips": trips, **report},
        )
        return Verdict(passage=Passage.HELD, hold=held, lapsed=lapsed)

    def clear(self, datasets: Iterable[str]) -> None:
        """Supersede what waits of datasets: the source is again as its last complete run left it."""
        for one in datasets:
            if self.journal and self.job_id:
                self.journal.supersede(self.source, one)

    def announce(self, verdict: Verdict, digest: str) -> Verdict:
        """Write down, before a release of an approved proposal is published, that it is one of them."""
        if verdict.decision is None or self.journal is None or verdict.decision.state != "open":
            return verdict
        details = {**verdict.decision.details, "released": [*verdict.decision.details["released"], digest]}
        decision = replace(verdict.decision, details=details)
        self.journal.record(decision)
        return replace(verdict, decision=decision)

    def complete(self, verdict: Verdict) -> None:
        """Write down that an approved proposal is published as a whole, and that it ends what withdrew it."""
        if verdict.decision is None or verdict.hold is None or self.journal is None:
            return
        self.journal.complete(verdict.hold, verdict.decision)
        if any(one["guard"] == "rolled-back" for one in verdict.hold.report["trips"]):
            for one in self.journal.list_decisions(
                dataset=verdict.hold.dataset, action=Action.ROLLBACK, state="stands"
            ):
                self.journal.record(replace(one, state="lifted"))

    def _decided(self, hold: Hold, base: str | None) -> Verdict | None:
        """Return the verdict that an earlier decision about exactly this proposal gives."""
        decision = self.journal.find_decision(hold.id) if self.journal else None
        if decision is None:
            return None
        if hold.state is HoldState.REJECTED and hold.report.get("base") == base:
            return Verdict(passage=Passage.REJECTED, hold=hold, decision=decision)
        known = {decision.details.get("base"), *decision.details.get("released", ())}
        if hold.state in {HoldState.APPROVED, HoldState.PUBLISHED} and base in known:
            return Verdict(passage=Passage.PUBLISH, hold=hold, decision=decision)
        return None

    def _approve(self, dataset: str, digest: str, base: str | None) -> Verdict | None:
        approval, journal = self.approval, self.journal
        looked_at = approval.holds.get(dataset) if approval else None
        if approval is None or journal is None or looked_at is None or looked_at.digest != digest:
            return None
        if looked_at.report.get("base") != base:
            return None
        decision = journal.decide(looked_at, Action.APPROVE, by=approval.by, reason=approval.reason)
        hold = journal.find_hold(self.source, dataset, digest)
        if hold is None:
            return None
        if decision is None:
            return self._decided(hold, base)
        return Verdict(passage=Passage.PUBLISH, hold=hold, decision=decision)

    def _whoever(self) -> Actor:
        if self._actor is None:
            if self.who is None:
                raise AssertionError("unreachable: a job knows who runs it")
            self._actor = self.who()
        return self._actor
