"""The parts of the page of each source, out of its plan, its run or its holds: what the template writes.

What the reports say as JSON (guards, findings, errors) stays as it is; keys of observations get words, changes get
tables and pictures.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from api.harvest_pages.changes import DatasetChanges, show_changes
from api.harvest_pages.verdicts import (
    HELD,
    Step,
    Verdict,
    passage_label,
    steps_of_hold,
    steps_of_plan,
    steps_of_run,
    verdict_of_plan,
    verdict_of_run,
)
from api.harvest_pages.words import Words
from catalog.database.holds import Hold
from catalog.database.jobs import HarvestObject, ObjectState
from catalog.errors import Label, Place
from catalog.reference import Reference
from harvesters.findings import LEVEL_LABELS, Findings, Level
from harvesters.plan import SourcePlan
from harvesters.publishing.changes import ChangeBook
from harvesters.readability.inputs import PRIVATE_KINDS, InputScore
from harvesters.report import DatasetOutcome, JobReport, ServiceOutcome, decision_line, status_label

#: input files, services, detections and examples of a guard that are named; all are counted
FILES_NAMED, SERVICES_NAMED, DETECTIONS_NAMED, EXAMPLES_NAMED = 60, 60, 40, 5
#: numbers of a dataset, in the order in which they are told
COUNTS = ("added", "changed", "removed", "missing", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetPart:
    """One dataset."""

    #: its id on the page, name and title (None if nothing says it)
    anchor: str
    name: str
    title: Label | None
    synthetic: bool
    #: what becomes of it
    passage: Label
    #: version that is current, and the last one that would be, or was, published; None if there is none
    current: str | None
    next: str | None
    #: observations by :data:`COUNTS`
    counts: Mapping[str, int]
    #: as JSON; examples of trips have ``words``
    releases: Sequence[Mapping[str, Any]]
    trips: Sequence[Mapping[str, Any]]
    error: Mapping[str, Any] | None
    #: the decision that was gone by, in words
    decision: Label | None
    #: whether an approval did not fit
    lapsed: bool
    #: what changes; None if nobody looked
    changes: DatasetChanges | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """The findings of one rule."""

    #: the rule, as JSON with ``examples`` and ``count``
    rule: Mapping[str, Any]
    #: what it did to the rows
    level: Label
    #: of examples that are not named
    rest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectedFile:
    """What was found out about one file."""

    #: its name
    name: str
    #: what, value, evidence, place, what to do
    items: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePart:
    """One source."""

    #: its id on the page, name, kind and title
    anchor: str
    source: str
    kind: str
    title: Label
    verdict: Verdict
    steps: Sequence[Step]
    datasets: Sequence[DatasetPart] = ()
    services: Sequence[ServiceOutcome] = ()
    services_rest: int = 0
    #: what the services are held for, as JSON
    service_trips: Sequence[Mapping[str, Any]] = ()
    #: (name or empty, error as JSON) of what could not be read
    errors: Sequence[tuple[str, Mapping[str, Any]]] = ()
    complaints: Sequence[Complaint] = ()
    #: whether values of cells are left out, because they are answers of people
    private: bool = False
    detected: Sequence[DetectedFile] = ()
    detected_rest: int = 0
    #: score of each file with the address of its report, if it was written
    readability: Sequence[tuple[InputScore, str | None]] = ()
    #: the files that were read, and how many are not named
    files: Sequence[HarvestObject] = ()
    files_rest: int = 0
    #: read, accepted, rejected
    rows: Mapping[str, int] = field(default_factory=dict)
    #: what else is known of the run
    facts: Sequence[tuple[Label, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What all parts of a page are made with."""

    #: indicators, areas and code lists
    reference: Reference
    #: what the proposals change
    book: ChangeBook
    #: folder of the readability reports, and the folder of the page; None to link nothing
    reports: Path | None = None
    folder: Path | None = None

    def part_of_plan(self, number: int, plan: SourcePlan) -> SourcePart:
        """Return the part of a source that was planned."""
        verdict, anchor = verdict_of_plan(plan), f"s{number}"
        datasets = []
        for index, one in enumerate(plan.datasets, 1):
            raw = one.to_dict()
            passage = "unknown" if one.error else str(one.passage) if one.releases or one.trips else "unchanged"
            datasets.append(self._dataset(f"{anchor}-d{index}", plan.source, raw, passage))
        return SourcePart(
            anchor=anchor,
            source=plan.source,
            kind=plan.kind,
            title=plan.title,
            verdict=verdict,
            steps=steps_of_plan(plan.source, verdict),
            datasets=datasets,
            service_trips=plan.service_trips,
            errors=_errors(plan.error, plan.object_errors),
            rows=plan.rows.to_dict(),
            **self._common((plan.source, plan.kind), plan.findings, plan.readability, plan.objects, plan.services),
        )

    def part_of_run(self, number: int, report: JobReport) -> SourcePart:
        """Return the part of a source that was run."""
        verdict, anchor = verdict_of_run(report), f"s{number}"
        facts = [
            (Label("状態", "Status"), "{0.ja} / {0.en}".format(status_label(report.status))),
            (Label("ジョブ", "Job"), report.job or "―"),
            (Label("開始・終了（UTC）", "Began and ended (UTC)"), f"{report.started} ― {report.finished}"),
            (Label("所要時間（秒）", "Seconds"), f"{report.seconds:,.1f}"),
        ]
        return SourcePart(
            anchor=anchor,
            source=report.source,
            kind=report.kind,
            title=report.title,
            verdict=verdict,
            steps=steps_of_run(report, verdict),
            datasets=[
                self._dataset(f"{anchor}-d{index}", report.source, _outcome(one), one.action)
                for index, one in enumerate(report.datasets, 1)
            ],
            service_trips=report.held_services.trips if report.held_services else (),
            errors=_errors(report.error, {**report.object_errors, **report.held_objects}),
            rows=report.rows.to_dict(),
            facts=facts,
            **self._common(
                (report.source, report.kind), report.findings, report.readability, report.objects, report.services
            ),
        )

    def part_of_hold(self, number: int, hold: Hold) -> SourcePart:
        """Return the part of what waits for a decision."""
        raw = {"name": hold.dataset, "current": None, "error": None, "decision": None, **hold.report}
        facts = [
            (Label("止めた日時（UTC）", "Held since (UTC)"), hold.held),
            (Label("実行した人", "Run by"), hold.held_by.name),
            (Label("ジョブ", "Job"), hold.job_id),
            (Label("承認の対象（sha256）", "What is approved (sha256)"), hold.digest),
        ]
        return SourcePart(
            anchor=f"s{number}",
            source=hold.source,
            kind="",
            title=Label(hold.source, hold.source),
            verdict=HELD,
            steps=steps_of_hold(hold.source, hold.job_id),
            datasets=[self._dataset(f"s{number}-d1", hold.source, raw, "held")],
            facts=facts,
        )

    def _common(
        self,
        source: tuple[str, str],
        findings: Findings,
        scores: Sequence[InputScore],
        objects: Sequence[HarvestObject],
        services: Sequence[ServiceOutcome],
    ) -> dict[str, Any]:
        name, kind = source
        detected, complaints = _split(findings, private=kind in PRIVATE_KINDS)
        files = sorted(objects, key=lambda one: (_STATES.index(one.state or ObjectState.UNCHANGED), one.name))
        telling = [one for one in services if one.action != "unchanged"]
        worst = sorted(scores, key=lambda one: sum(point or 0 for point in one.scores))
        return {
            "services": telling[:SERVICES_NAMED],
            "services_rest": len(services) - min(len(telling), SERVICES_NAMED),
            "complaints": complaints,
            "private": kind in PRIVATE_KINDS,
            "detected": list(_by_file(detected[:DETECTIONS_NAMED])),
            "detected_rest": max(0, sum(one["count"] for one in findings.to_dict() if _is_detection(one)))
            - min(len(detected), DETECTIONS_NAMED),
            "readability": [(one, self._report(name, one)) for one in worst[:FILES_NAMED]],
            "files": files[:FILES_NAMED],
            "files_rest": max(0, len(files) - FILES_NAMED),
        }

    def _report(self, source: str, score: InputScore) -> str | None:
        """Return the address of a readability report, as seen from the page."""
        if score.page is None or self.reports is None or self.folder is None:
            return None
        path = self.reports / source / score.page
        return quote(Path(os.path.relpath(path, self.folder)).as_posix()) if path.is_file() else None

    def _dataset(self, anchor: str, source: str, raw: Mapping[str, Any], passage: str) -> DatasetPart:
        seen = self.book.find(source, raw["name"])
        dataset = (seen.dataset or (seen.parent.dataset if seen.parent else None)) if seen else None
        words = Words(self.reference, dataset)
        releases, decision = raw.get("releases") or [], raw.get("decision")
        held = raw.get("hold") or {}
        return DatasetPart(
            anchor=anchor,
            name=raw["name"],
            title=dataset.title if dataset else None,
            synthetic=dataset.synthetic if dataset else False,
            passage=passage_label(passage),
            current=raw.get("current"),
            next=releases[-1]["version"] if releases else None,
            counts=_counts(raw),
            releases=releases,
            trips=[_with_words(one, words) for one in raw["trips"]],
            error=raw["error"],
            decision=Label(decision_line(decision, "ja"), decision_line(decision, "en")) if decision else None,
            lapsed=bool(held.get("lapsed")),
            changes=show_changes(seen, words, anchor) if seen else None,
        )


#: states of files, the telling ones first
_STATES = (
    *(ObjectState.FAILED, ObjectState.HELD, ObjectState.NEW, ObjectState.CHANGED, ObjectState.GONE),
    *(one for one in ObjectState if one.name not in {"FAILED", "HELD", "NEW", "CHANGED", "GONE"}),
)


def _outcome(one: DatasetOutcome) -> dict[str, Any]:
    """Return the outcome of a run as a plan says it: what is held has the releases that it would publish."""
    raw = one.to_dict()
    held = one.hold or {}
    releases = raw["releases"] or held.get("releases", [])
    return {**raw, "releases": releases, "counts": held.get("counts", {})}


def _counts(raw: Mapping[str, Any]) -> dict[str, int]:
    sums = {kind: sum(one["changes"].get(kind, 0) for one in raw.get("releases") or []) for kind in COUNTS}
    return {**sums, **{kind: number for kind, number in (raw.get("counts") or {}).items() if kind in sums}}


def _errors(error: Mapping[str, Any] | None, named: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, Any]]:
    return [*([("", error)] if error else []), *named.items()]


def _with_words(trip: Mapping[str, Any], words: Words) -> dict[str, Any]:
    examples = [
        {**one, "place": str(Place(**one["place"])), "words": words.key(one["key"]), "codes": words.codes(one["key"])}
        for one in trip["examples"][:EXAMPLES_NAMED]
    ]
    return {**trip, "examples": examples, "rest": max(0, trip["total"] - len(examples)) if examples else 0}


def _is_detection(rule: Mapping[str, Any]) -> bool:
    return str(rule["id"]).startswith("detected-")


def _split(findings: Findings, *, private: bool) -> tuple[list[dict[str, Any]], list[Complaint]]:
    """Return what was found out of the files, and the complaints, the gravest and most frequent first."""
    rules = findings.to_dict()
    levels = list(Level)
    told = sorted(
        (one for one in rules if not _is_detection(one)), key=lambda one: (levels.index(one["level"]), -one["count"])
    )
    detected = [
        {**example, "title": one["title"], "next_step": one["next_step"]}
        for one in rules
        if _is_detection(one)
        for example in one["examples"]
    ]
    if private:
        told = [{**one, "examples": [_without_answer(each) for each in one["examples"]]} for one in told]
    complaints = [
        Complaint(rule=one, level=LEVEL_LABELS[Level(one["level"])], rest=one["count"] - len(one["examples"]))
        for one in told
    ]
    return detected, complaints


def _without_answer(example: Mapping[str, Any]) -> dict[str, Any]:
    """Return an example without what stands in its cell: the page may be passed on, the answers of people may not."""
    return {**example, "value": None if example["place"]["cell"] else example["value"]}


def _by_file(detected: Iterable[Mapping[str, Any]]) -> Iterable[DetectedFile]:
    files: dict[str, list[Mapping[str, Any]]] = {}
    for one in detected:
        files.setdefault(one["place"]["file"] or "", []).append(one)
    return [DetectedFile(name=name, items=items) for name, items in files.items()]
