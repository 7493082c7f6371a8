"""One job: a source is read, and what is new of it is published.

:mod:`harvesters.runner` says in which order; it makes the job, holds the lock of the source and catches what comes out
of here.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from catalog.ckan import Catalogue, find_current, load_datastores, publish
from catalog.database import HarvestJob, HarvestJournal, JobStatus, ObjectState, SourceState
from catalog.database.holds import HoldJournal
from catalog.database.jobs import utc_now
from catalog.errors import CatalogueUnavailable
from catalog.reference import load_reference
from catalog.releases.build import Parent, build_release
from catalog.releases.diff import ReleaseDiff
from catalog.releases.local_copy import LocalCopy
from catalog.settings import Settings
from harvesters.base import Context, HarvestSource, Progress
from harvesters.fetching.fetch import Fetcher
from harvesters.fetching.raw import RawStore
from harvesters.guards.assessment import Assessment
from harvesters.http import HttpClient
from harvesters.publishing.chain import Step, iter_steps
from harvesters.publishing.changes import ChangeBook
from harvesters.publishing.gate import Approval, Gate, Passage, Verdict
from harvesters.publishing.identity import find_actor
from harvesters.publishing.proposal import Proposal
from harvesters.publishing.registering import (
    SERVICES,
    plan_services,
    publish_services,
    service_digests,
    services_digest,
    services_trips,
)
from harvesters.readability.inputs import Shelf, judge_inputs
from harvesters.reading import Reading
from harvesters.registry import harvesters
from harvesters.report import DatasetOutcome, JobReport, PublishedRelease, describe_error


class RunnerParts(Protocol):
    """What a job needs of the runner."""

    @property
    def settings(self) -> Settings:
        """Of this process."""

    @property
    def journal(self) -> HarvestJournal:
        """Keeps the jobs."""

    @property
    def holds(self) -> HoldJournal:
        """Keeps what guards hold, and decisions about it."""

    @property
    def approval(self) -> Approval | None:
        """What this run approves, or None."""

    @property
    def catalogue(self) -> Catalogue:
        """Where to publish."""

    @property
    def http(self) -> HttpClient:
        """Gets what is at URLs."""

    @property
    def progress(self) -> Progress:
        """Hears how far it is."""

    @property
    def force(self) -> bool:
        """Whether to transform and compare also what has not changed."""

    @property
    def book(self) -> ChangeBook | None:
        """Keeps what each proposal changes, or None."""


class SourceRun:
    """One job."""

    def __init__(self, runner: RunnerParts, source: HarvestSource, job: HarvestJob, report: JobReport) -> None:
        settings = runner.settings
        self._settings, self._journal, self._catalogue = settings, runner.journal, runner.catalogue
        self._progress, self._force = runner.progress, runner.force
        self._source, self._job, self._report = source, job, report
        self._builds = settings.home / "builds"
        self._copy = LocalCopy(settings.home / "copy")
        self._store = RawStore(settings.home / "raw")
        self._shelf = Shelf(settings.home, source.name)
        self._reading = Reading(
            harvester=harvesters()[source.kind],
            context=Context(
                source=source,
                reference=load_reference().with_areas(source.areas),
                fetcher=Fetcher(settings, self._store, runner.http),
                findings=report.findings,
                tally=report.rows,
            ),
            known=runner.journal.known_objects(source.name),
            progress=runner.progress,
        )
        self._assessment = Assessment(
            reading=self._reading,
            limits=source.guards,
            journal=runner.holds,
            catalogue=runner.catalogue,
            builds=self._builds,
            copy=self._copy,
            book=runner.book,
        )
        self._gate = Gate(
            journal=runner.holds,
            source=source.name,
            limits=source.guards,
            job_id=job.id,
            who=lambda: find_actor(runner.catalogue),
            approval=runner.approval,
        )

    def harvest(self) -> None:
        """Do everything, and set the status of the report."""
        reading = self._reading
        reading.fetch()
        self._note_raw()
        names = [one.name for one in reading.harvester.datasets(reading.context)]
        self._report.datasets = [DatasetOutcome(name) for name in names]
        fingerprint = reading.fingerprint()
        if not self._force and self._nothing_changed(fingerprint):
            self._report.skipped, self._report.status = True, JobStatus.SUCCEEDED
            self._gate.clear([*names, SERVICES])
            return
        reading.transform()
        self._report.readability = judge_inputs(reading.fetched, self._source.kind, self._shelf, write=True)
        self._assessment.prepare()
        for outcome in self._report.datasets:
            self._publish_dataset(outcome)
        self._publish_services()
        settled = [one.name for one in self._report.datasets if one.action not in {"held", "failed"}]
        self._assessment.save_shapes(settled, names)
        self._report.status = self._verdict()
        if self._report.status is JobStatus.SUCCEEDED:
            self._save_state(fingerprint)

    def load_datastore(self) -> None:
        """Bring CKAN's DataStore up to the current releases; what fails is reported and undoes nothing."""

        def report(stage: str, done: int, total: int | None) -> None:
            self._progress.update(self._source.name, stage, done, total)

        names = [one.name for one in self._report.datasets]
        tables = load_datastores(self._catalogue, names, progress=report)
        self._report.datastore = [one for one in tables if one.action in {"loaded", "unchanged", "failed"}]

    def settle(self) -> None:
        """Bring what became of the objects into the report."""
        self._report.objects, self._report.object_errors = self._reading.objects, self._reading.errors
        self._report.held_objects = self._reading.held

    def save(self) -> None:
        """Write the objects and the report."""
        report, reading = self._report, self._reading
        report.finished = utc_now()
        self._journal.record_objects(self._job.id, reading.objects)
        self._journal.finish(self._job, report.status, report.to_dict())

    def _nothing_changed(self, fingerprint: str) -> bool:
        state = self._journal.find_state(self._source.name)
        if state is None or state.fingerprint != fingerprint or self._reading.failed:
            return False
        return state.digests == self._current_digests()

    def _current_digests(self) -> dict[str, str]:
        manifests = [find_current(self._catalogue, one.name) for one in self._report.datasets]
        digests = {one.dataset.name: one.digest for one in manifests if one is not None}
        if self._reading.harvester.registers:
            digests |= service_digests(self._catalogue, self._source.name)
        return digests

    def _save_state(self, fingerprint: str) -> None:
        state = SourceState(
            fingerprint=fingerprint, digests=self._current_digests(), job_id=self._job.id, updated=utc_now()
        )
        self._journal.save_state(self._source.name, state)

    def _note_raw(self) -> None:
        for one in self._reading.objects:
            if one.state in {ObjectState.NEW, ObjectState.CHANGED}:
                self._store.note(self._source.name, one)

    def _publish_dataset(self, outcome: DatasetOutcome) -> None:
        total = len(self._reading.contributions.get(outcome.name, []))
        try:
            parent = self._assessment.find_parent(outcome.name)
            outcome.current = str(parent.manifest.version) if parent else None
            proposal = self._assessment.propose(outcome.name, parent)
            outcome.trips = [one.to_dict() for one in proposal.trips]
            verdict = self._gate.judge(proposal, self._reading)
            outcome.decision = verdict.decision.to_dict() if verdict.decision else None
            if verdict.passage is Passage.PUBLISH:
                self._publish_steps(proposal, parent, outcome, verdict)
            else:
                outcome.action = str(verdict.passage)
                outcome.hold = _brief(verdict)
        except CatalogueUnavailable:
            raise
        except Exception as error:  # the other datasets must get their turn
            outcome.action, outcome.error = "failed", describe_error(error)
        self._progress.update(self._source.name, f"publish {outcome.name}", total, total)

    def _publish_steps(
        self, proposal: Proposal, parent: Parent | None, outcome: DatasetOutcome, verdict: Verdict
    ) -> None:
        total = len(proposal.contributions)
        for done, (step, judged) in enumerate(self._steps(proposal, parent)):
            self._progress.update(self._source.name, f"publish {outcome.name}", done, total)
            parent, verdict = self._publish_step(step, judged, parent, outcome, verdict)
        self._gate.complete(verdict)

    def _steps(self, proposal: Proposal, parent: Parent | None) -> Iterator[tuple[Step, ReleaseDiff | None]]:
        """Yield the steps with what is known of them; a single one was made and judged already, with the proposal."""
        if len(proposal.releases) == 1 and proposal.last is not None:
            yield proposal.last, proposal.diff
        elif proposal.releases:
            now = datetime.now(UTC).replace(microsecond=0)
            for step in iter_steps(proposal.contributions, parent, self._reading.lineage(), now=now):
                yield step, None

    def _publish_services(self) -> None:
        """Publish the services, if the source is of a kind that registers them and could be read."""

        def notify(done: int, total: int) -> None:
            self._progress.update(self._source.name, "publish services", done, total)

        if not self._reading.services:
            return
        verdict = self._judge_services()
        if verdict.passage is Passage.PUBLISH:
            self._report.services = list(publish_services(self._catalogue, self._reading, notify))
            self._gate.complete(verdict)

    def _judge_services(self) -> Verdict:
        """Let the gate decide about the services as one; they have no guard but that of sources with approval."""
        if not self._source.guards.approval_required:
            return Verdict(passage=Passage.PUBLISH)
        planned = list(plan_services(self._catalogue, self._reading))
        trips = services_trips(planned)
        verdict = self._gate.judge_digest(
            SERVICES,
            lambda: services_digest(planned, self._reading),
            base=None,
            trips=trips,
            report={"services": [one.to_dict() for one in planned], "releases": []},
        )
        if verdict.passage is not Passage.PUBLISH:
            held = DatasetOutcome(SERVICES, action=str(verdict.passage), trips=trips, hold=_brief(verdict))
            held.decision = verdict.decision.to_dict() if verdict.decision else None
            self._report.held_services = held
            self._report.services = [replace(one, action=str(verdict.passage)) for one in planned if one.has_changed]
        return verdict

    def _publish_step(
        self,
        step: Step,
        judged: ReleaseDiff | None,
        parent: Parent | None,
        outcome: DatasetOutcome,
        verdict: Verdict,
    ) -> tuple[Parent | None, Verdict]:
        built = build_release(
            step.dataset,
            step.table,
            parent=parent,
            issued=step.issued,
            provenance=step.provenance,
            folder=self._builds,
            job=self._job.id,
            judged=judged,
        )
        if built is None:
            return parent, verdict
        verdict = self._gate.announce(verdict, built.digest)
        publish(self._catalogue, built)
        if not outcome.releases:
            outcome.action = "updated" if built.manifest.parent else "created"
        outcome.releases.append(PublishedRelease.of(built.manifest))
        self._drop_build(parent)
        return built, verdict

    def _drop_build(self, parent: Parent | None) -> None:
        """Remove the build before: the catalogue has it, and only the newest is built upon."""
        if parent is not None:
            shutil.rmtree(Path(self._builds / parent.manifest.digest), ignore_errors=True)

    def _verdict(self) -> JobStatus:
        report = self._report
        actions = [*(one.action for one in report.datasets), *(one.action for one in report.services)]
        failed = actions.count("failed")
        if not failed and not self._reading.failed:
            return JobStatus.HELD if "held" in actions else JobStatus.SUCCEEDED
        worked = failed < len(actions) and bool(self._reading.contributions or self._reading.services)
        return JobStatus.PARTIAL if worked else JobStatus.FAILED


def _brief(verdict: Verdict) -> dict[str, Any]:
    hold = verdict.hold
    return {"id": hold.id if hold else None, "lapsed": verdict.lapsed, **(hold.report if hold else {})}
