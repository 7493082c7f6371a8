"""Plan: what a run would publish, exactly, without writing anything.

It goes the way of a run (gather, fetch, transform, proposal, guards) with the raw bytes in a temporary folder, the
application database opened read-only and the catalogue only read. Exit codes: 0 nothing would change, 2 something
would, 3 it cannot be told (a source or the catalogue does not answer, a file cannot be read, a table breaks a rule, or
a guard would hold something, and then a person decides).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from catalog.ckan import Catalogue, open_catalogue
from catalog.database import HarvestJournal, HarvestObject, open_readonly
from catalog.database.holds import HoldJournal
from catalog.database.jobs import count_states
from catalog.errors import Label
from catalog.reference import load_reference
from catalog.releases.diff import ChangeExample
from catalog.releases.local_copy import LocalCopy
from catalog.settings import Settings
from harvesters.base import Context, HarvestSource, NoProgress, Progress, Tally
from harvesters.fetching.fetch import Fetcher
from harvesters.fetching.raw import RawStore
from harvesters.findings import Findings
from harvesters.guards.assessment import Assessment
from harvesters.guards.declared import trip_lines
from harvesters.http import HttpClient
from harvesters.publishing.changes import ChangeBook
from harvesters.publishing.gate import Gate, Passage
from harvesters.publishing.proposal import PlannedRelease, example_line
from harvesters.publishing.registering import SERVICES, plan_services, services_digest, services_trips
from harvesters.readability.inputs import InputScore, Shelf, judge_inputs, score_lines
from harvesters.reading import Reading
from harvesters.registry import harvesters
from harvesters.report import (
    CANNOT_TELL,
    CHANGES,
    SUCCESS,
    ServiceOutcome,
    decision_line,
    describe_error,
    error_line,
    service_lines,
)


@dataclass(slots=True)
class DatasetPlan:
    """What would become of one dataset."""

    #: its name
    name: str
    #: version that is current, or None if there is none
    current: str | None = None
    #: what would be published, in order
    releases: list[PlannedRelease] = field(default_factory=list)
    #: observations added, changed and removed by these releases; missing: published, and not in the source any more
    #: (they stay); unknown: published, and it cannot be told because files could not be read
    counts: dict[str, int] = field(default_factory=dict)
    #: the first of each, with key and values before and after
    examples: list[ChangeExample] = field(default_factory=list)
    #: publish, held or rejected: what a run would do with them
    passage: Passage = Passage.PUBLISH
    #: what the guards say, as JSON
    trips: list[dict[str, Any]] = field(default_factory=list)
    #: the decision that a run would go by, or None
    decision: dict[str, Any] | None = None
    #: why it cannot be told, or None
    error: dict[str, Any] | None = None

    @property
    def would_publish(self) -> bool:
        """Whether a run would publish something of it."""
        return bool(self.releases) and self.passage is Passage.PUBLISH

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "name": self.name,
            "current": self.current,
            "passage": str(self.passage),
            "releases": [one.to_dict() for one in self.releases],
            "counts": self.counts,
            "examples": [one.to_dict() for one in self.examples],
            "trips": self.trips,
            "decision": self.decision,
            "error": self.error,
        }


@dataclass(slots=True)
class SourcePlan:
    """What a run of one source would do."""

    #: name, kind and title of the source
    source: str
    kind: str
    title: Label
    #: the objects with their states
    objects: Sequence[HarvestObject] = ()
    #: object name -> why it cannot be read
    object_errors: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: rows of the source
    rows: Tally = field(default_factory=Tally)
    #: the datasets, in the order of the harvester
    datasets: list[DatasetPlan] = field(default_factory=list)
    #: the services, in the order of the source
    services: list[ServiceOutcome] = field(default_factory=list)
    #: what was found in the input
    findings: Findings = field(default_factory=Findings)
    #: what the services would be held for, as JSON
    service_trips: list[dict[str, Any]] = field(default_factory=list)
    #: how well machines can read its files
    readability: list[InputScore] = field(default_factory=list)
    #: why nothing can be told, or None
    error: dict[str, Any] | None = None

    @property
    def exit_code(self) -> int:
        """0 nothing would change, 2 something would, 3 it cannot be told, or a person would have to decide."""
        errors = [*(one.error for one in self.datasets), *(one.error for one in self.services)]
        if self.error or self.object_errors or any(errors) or self._would_hold:
            return CANNOT_TELL
        changes = any(one.would_publish for one in self.datasets) or any(one.has_changed for one in self.services)
        return CHANGES if changes else SUCCESS

    @property
    def _would_hold(self) -> bool:
        held = any(one.passage is Passage.HELD for one in self.datasets)
        return held or any(one.action == "held" for one in self.services)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON."""
        return {
            "source": self.source,
            "kind": self.kind,
            "title": self.title.to_dict(),
            "exit_code": self.exit_code,
            "objects": count_states(self.objects),
            "object_errors": self.object_errors,
            "rows": self.rows.to_dict(),
            "datasets": [one.to_dict() for one in self.datasets],
            "services": [one.to_dict() for one in self.services],
            "service_trips": self.service_trips,
            "findings": self.findings.to_dict(),
            "readability": [one.to_dict() for one in self.readability],
            "error": self.error,
        }

    def lines(self, lang: str = "ja") -> list[str]:
        """Return the plan for people, one line each."""
        only_held = self._would_hold and not (self.error or self.object_errors)
        verdict = (_WOULD_HOLD if only_held else _VERDICTS[self.exit_code]).in_language(lang)
        lines = [f"{self.title.in_language(lang)} ({self.source}): {verdict}"]
        for dataset in self.datasets:
            lines += [f"  {line}" for line in _dataset_lines(dataset, lang)]
        lines += service_lines(self.services, lang)
        lines += [f"    {line}" for trip in self.service_trips for line in trip_lines(trip, lang)]
        for name, error in self.object_errors.items():
            lines.append(f"  ✗ {error_line(error, lang, name)}")
        if self.error:
            lines.append(f"  ✗ {error_line(self.error, lang)}")
        lines += [f"  {line}" for line in score_lines(self.readability, lang)]
        return lines + [f"  {line}" for line in self.findings.lines(lang)]


_VERDICTS = {
    SUCCESS: Label("変わりません", "nothing would change"),
    CHANGES: Label("変わります", "would change"),
    CANNOT_TELL: Label("判断できません", "cannot tell"),
}
_WOULD_HOLD = Label("承認待ちになるものがあります", "something would be held for approval")


def _dataset_lines(dataset: DatasetPlan, lang: str) -> Iterator[str]:
    if dataset.error:
        yield f"{dataset.name}: ✗ {error_line(dataset.error, lang)}"
    elif not dataset.releases:
        yield f"{dataset.name}: {_VERDICTS[SUCCESS].in_language(lang)} ({dataset.current or '-'})"
    for one in dataset.releases:
        c = one.changes
        yield (
            f"{dataset.name}: → {one.version} ({one.issued[:10]}) +{c['added']} ~{c['changed']} -{c['removed']}"
            f" = {one.observations}"
        )
    yield from _absent_lines(dataset, lang)
    for change in dataset.examples:
        if change.kind in _MARKS:
            yield f"  {_MARKS[change.kind]} {example_line(change)}"
    if dataset.passage is not Passage.PUBLISH:
        yield f"  {_PASSAGES[dataset.passage].in_language(lang)}"
    yield from (f"  {line}" for trip in dataset.trips for line in trip_lines(trip, lang))
    if dataset.decision:
        yield f"  {decision_line(dataset.decision, lang)}"


def _absent_lines(dataset: DatasetPlan, lang: str) -> Iterator[str]:
    for kind, label in _ABSENT.items():
        if dataset.counts.get(kind):
            yield f"  {label.in_language(lang)}: {dataset.counts[kind]}"


#: kind of an example -> its mark; what is only added is told by its number
_MARKS = {"revised": "~", "changed": "~", "removed": "-", "missing": "?", "unknown": "?"}
_ABSENT = {
    "missing": Label("収集元にもうない公開済みの観測値（残す）", "published, not in the source any more (they stay)"),
    "unknown": Label(
        "読めないファイルがあり、判断できない公開済みの観測値",
        "published, and not to be told because of files that cannot be read",
    ),
}
_PASSAGES = {
    Passage.HELD: Label("実行すると承認待ちになります（公開されません）", "a run would hold this, not publish it"),
    Passage.REJECTED: Label("取りやめと決められています（公開されません）", "a person rejected this; not published"),
}


def plan_sources(
    settings: Settings,
    sources: Sequence[HarvestSource],
    *,
    progress: Progress | None = None,
    catalogue: Catalogue | None = None,
    http: HttpClient | None = None,
    book: ChangeBook | None = None,
) -> list[SourcePlan]:
    """Tell what :func:`~harvesters.runner.run_sources` would publish; writes nothing.

    Parameters
    ----------
    settings, sources, progress, catalogue, http, book
        As there.

    Returns
    -------
    list of SourcePlan
        One a source; the highest ``exit_code`` is that of the command.
    """
    with open_readonly(settings.application_database_url) as engine:
        journal = HarvestJournal(engine) if engine is not None else None
        holds = HoldJournal(engine) if engine is not None else None
        target = catalogue or (open_catalogue(settings) if _has_catalogue(settings) else None)
        client = http or HttpClient(settings)
        try:
            look = _Look(settings, journal, holds, target, client, progress or NoProgress(), book)
            return [_plan(one, look) for one in sources]
        finally:
            if http is None:
                client.close()
            if catalogue is None and target is not None:
                target.close()


def _has_catalogue(settings: Settings) -> bool:
    """Return whether there is a catalogue to read; opening the embedded one would make it."""
    return bool(settings.catalog_url) or (settings.home / "catalog").is_dir()


@dataclass(frozen=True, slots=True)
class _Look:
    """What the plans of one call share; all of it is only read."""

    settings: Settings
    journal: HarvestJournal | None
    holds: HoldJournal | None
    catalogue: Catalogue | None
    http: HttpClient
    progress: Progress
    book: ChangeBook | None


def _plan(source: HarvestSource, look: _Look) -> SourcePlan:
    plan = SourcePlan(source.name, source.kind, source.title)
    settings, journal = look.settings, look.journal
    with _scratch(settings) as (store, copy):
        reading = Reading(
            harvester=harvesters()[source.kind],
            context=Context(
                source=source,
                reference=load_reference().with_areas(source.areas),
                fetcher=Fetcher(settings, store, look.http),
                findings=plan.findings,
                tally=plan.rows,
            ),
            known=journal.known_objects(source.name) if journal else {},
            progress=look.progress,
        )
        assessment = Assessment(
            reading=reading,
            limits=source.guards,
            journal=look.holds,
            catalogue=look.catalogue,
            builds=settings.home / "builds",
            copy=copy,
            book=look.book,
        )
        gate = Gate(journal=look.holds, source=source.name, limits=source.guards)
        try:
            reading.fetch()
            reading.transform()
            plan.readability = judge_inputs(
                reading.fetched, source.kind, Shelf(settings.home, source.name), write=False
            )
            assessment.prepare()
            for dataset in reading.harvester.datasets(reading.context):
                plan.datasets.append(_plan_dataset(dataset.name, assessment, gate))
            _plan_services(plan, assessment, gate)
        except Exception as error:  # the next source must be planned, whatever happened to this one
            plan.error = describe_error(error)
        plan.objects, plan.object_errors = reading.objects, reading.errors
    return plan


@contextmanager
def _scratch(settings: Settings) -> Iterator[tuple[RawStore, LocalCopy]]:
    with tempfile.TemporaryDirectory(prefix="shihyo-plan-") as folder:
        beneath = RawStore(settings.home / "raw")
        yield RawStore(Path(folder) / "raw", beneath=beneath), LocalCopy(Path(folder) / "copy")


def _plan_dataset(name: str, assessment: Assessment, gate: Gate) -> DatasetPlan:
    plan = DatasetPlan(name)
    try:
        parent = assessment.find_parent(name)
        plan.current = str(parent.manifest.version) if parent else None
        proposal = assessment.propose(name, parent)
        plan.releases, plan.counts, plan.examples = proposal.releases, proposal.counts, proposal.examples
        plan.trips = [one.to_dict() for one in proposal.trips]
        verdict = gate.judge(proposal, assessment.reading)
        plan.passage = verdict.passage
        plan.decision = verdict.decision.to_dict() if verdict.decision else None
    except Exception as error:  # the other datasets must be planned too
        plan.error = describe_error(error)
    return plan


def _plan_services(plan: SourcePlan, assessment: Assessment, gate: Gate) -> None:
    reading = assessment.reading
    if not reading.services:
        return
    plan.services = list(plan_services(assessment.catalogue, reading))
    trips = services_trips(plan.services) if assessment.limits.approval_required else []
    verdict = gate.judge_digest(
        SERVICES, lambda: services_digest(plan.services, reading), base=None, trips=trips, report={}
    )
    if verdict.passage is not Passage.PUBLISH:
        plan.service_trips = trips
        plan.services = [replace(one, action=str(verdict.passage)) if one.has_changed else one for one in plan.services]


def exit_code(plans: Sequence[SourcePlan]) -> int:
    """Return the exit code over several plans: cannot tell before changes before nothing."""
    return max((one.exit_code for one in plans), default=SUCCESS)


def to_dict(plans: Sequence[SourcePlan]) -> Mapping[str, Any]:
    """Return several plans as one JSON document."""
    return {"exit_code": exit_code(plans), "sources": [one.to_dict() for one in plans]}
