"""Everything that the guards need of a source that was read, for a run as for a plan.

Order of events: :meth:`Assessment.prepare` holds the inputs against their last form, and takes those that cannot be
read because their form has changed out of the failures; then :meth:`Assessment.propose` for each dataset.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from catalog.ckan import Catalogue
from catalog.database.holds import Action, Decision, HoldJournal, KnownShape
from catalog.model import Manifest
from catalog.releases.build import Parent
from catalog.releases.local_copy import LocalCopy
from harvesters.guards.declared import Limits, Trip
from harvesters.guards.inputs import SeenShape, changed_shapes, series_of
from harvesters.guards.withdrawn import Withdrawal
from harvesters.publishing.changes import ChangeBook
from harvesters.publishing.current import find_parent, find_release
from harvesters.publishing.proposal import Ground, Proposal, propose
from harvesters.reading import Reading


@dataclass(slots=True, kw_only=True)
class Assessment:
    """A source that was read, beside what is published of it."""

    #: the source
    reading: Reading
    #: the limits of its guards
    limits: Limits
    #: keeps shapes and decisions; None if there is no application database yet
    journal: HoldJournal | None
    #: what is published; None if there is no catalogue yet
    catalogue: Catalogue | None
    #: folders of this process
    builds: Path
    copy: LocalCopy
    #: keeps what each proposal changes, for a page; None if nobody wants to look
    book: ChangeBook | None = None
    _known: Mapping[str, KnownShape] = field(default_factory=dict, init=False)
    _trips: Mapping[str, Trip] = field(default_factory=dict, init=False)
    _seen: Mapping[str, SeenShape] = field(default_factory=dict, init=False)
    _series: Mapping[str, KnownShape] = field(default_factory=dict, init=False)

    def prepare(self) -> None:
        """Look at the forms of the inputs; must be called once, after the source was read."""
        self._known = self.journal.known_shapes(self.reading.context.source.name) if self.journal else {}
        self._series = {one.series: one for one in self._known.values()}
        self._seen = {one.object: one for one in self.reading.seen_shapes()}
        self._trips = changed_shapes(self._seen.values(), self._known, self.limits)
        self.reading.hold(name for name in self._trips if name in self.reading.errors)

    def find_parent(self, name: str) -> Parent | None:
        """Return the current release of a dataset, or None."""
        if self.catalogue is None:
            return None
        return find_parent(self.catalogue, name, builds=self.builds, copy=self.copy)

    def propose(self, name: str, parent: Parent | None) -> Proposal:
        """Return what would be published of a dataset, and what the guards say about it.

        Raises
        ------
        CheckFailed
            If a table breaks a rule of the observation schema, or a guard rejects it.
        """
        mine = {one: trip for one, trip in self._trips.items() if self._concerns(one, name)}
        ground = Ground(
            reading=self.reading,
            limits=self.limits,
            parent=parent,
            trips=tuple(mine.values()),
            held_objects=tuple(one for one in mine if one in self.reading.held),
            withdrawals=self._withdrawals(name, parent),
            now=datetime.now(UTC).replace(microsecond=0),
        )
        proposal = propose(name, ground)
        if self.book is not None:
            self.book.see(self.reading.context.source.name, proposal, parent)
        return proposal

    def save_shapes(self, settled: Iterable[str], names: Sequence[str]) -> None:
        """Keep the forms of the inputs whose datasets are all settled: published, unchanged, or approved."""
        done = set(settled)
        fresh = [one for one in self._seen.values() if self._is_news(one, done, names)]
        if fresh and self.journal:
            kept = (self._keep(one) for one in fresh)
            self.journal.save_shapes(self.reading.context.source.name, kept)

    def _is_news(self, seen: SeenShape, settled: set[str], names: Sequence[str]) -> bool:
        known = self._known.get(seen.object)
        if seen.object in self.reading.errors or (known is not None and known.sha256 == seen.sha256):
            return False
        return all(name in settled for name in names if self._concerns(seen.object, name))

    def _keep(self, seen: SeenShape) -> KnownShape:
        before = self._known.get(seen.object)
        datasets = seen.datasets or (before.datasets if before else ())
        series = series_of(seen.object)
        return KnownShape(object=seen.object, series=series, sha256=seen.sha256, shape=seen.shape, datasets=datasets)

    def _concerns(self, object_name: str, dataset: str) -> bool:
        """Return whether an object belongs to a dataset: it contributed, now or before; a code book to all."""
        seen = self._seen.get(object_name)
        known = self._known.get(object_name) or self._series.get(series_of(object_name))
        datasets = (seen.datasets if seen else ()) or (known.datasets if known else ())
        return not datasets or dataset in datasets

    def _withdrawals(self, name: str, parent: Parent | None) -> list[Withdrawal]:
        if parent is None or self.journal is None or self.catalogue is None:
            return []
        standing = self.journal.list_decisions(dataset=name, action=Action.ROLLBACK, state="stands")
        found = [self._withdrawal(one, parent.manifest, self.catalogue) for one in standing]
        return [one for one in found if one is not None]

    def _withdrawal(self, decision: Decision, current: Manifest, catalogue: Catalogue) -> Withdrawal | None:
        """Return what a rollback withdrew; None if it never took place, or its releases are gone from the catalogue."""
        withdrawn, restored = decision.details["withdrawn"], decision.details["restored"]
        if current.sequence <= withdrawn["sequence"]:
            return None
        name = current.dataset.name
        then = find_release(catalogue, name, withdrawn["sequence"], copy=self.copy)
        back = find_release(catalogue, name, restored["sequence"], copy=self.copy)
        if then is None or back is None:
            return None
        return Withdrawal(
            withdrawn_version=withdrawn["version"],
            restored_version=restored["version"],
            withdrawn=then.parquet,
            restored=back.parquet,
            described=then.manifest.dataset,
            by=decision.decided_by.name,
            decided=decision.decided,
            reason=decision.reason,
        )
