"""Plan: what a run would publish, exactly, without writing anything.

It goes the way of a run (gather, fetch, transform, chain, diff, version) with the raw bytes in a temporary folder, the
application database opened read-only and the catalogue only read. Exit codes: 0 nothing would change, 2 something
would, 3 it cannot be told (a source or the catalogue does not answer, a file cannot be read, a table breaks a rule).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalog.ckan import Catalogue, open_catalogue
from catalog.database import HarvestJournal, HarvestObject, open_readonly
from catalog.database.harvests import count_states
from catalog.errors import Label
from catalog.model import Manifest
from catalog.reference import load_reference
from catalog.releases.build import Parent
from catalog.releases.checks import check_table, require_passed
from catalog.releases.diff import diff_tables
from catalog.releases.local_copy import LocalCopy
from catalog.releases.version import next_version
from catalog.settings import Settings
from harvesters.base import Context, HarvestSource, NoProgress, Progress, Tally
from harvesters.chain import Step, iter_steps
from harvesters.current import find_parent
from harvesters.fetch import Fetcher
from harvesters.findings import Findings
from harvesters.http import HttpClient
from harvesters.raw import RawStore
from harvesters.reading import Reading
from harvesters.registering import plan_services
from harvesters.registry import harvesters
from harvesters.report import CANNOT_TELL, CHANGES, SUCCESS, ServiceOutcome, describe_error, error_line, service_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRelease:
    """A release that a run would publish."""

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


@dataclass(slots=True)
class DatasetPlan:
    """What would become of one dataset."""

    #: its name
    name: str
    #: version that is current, or None if there is none
    current: str | None = None
    #: what would be published, in order
    releases: list[PlannedRelease] = field(default_factory=list)
    #: why it cannot be told, or None
    error: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "name": self.name,
            "current": self.current,
            "releases": [one.to_dict() for one in self.releases],
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
    #: why nothing can be told, or None
    error: dict[str, Any] | None = None

    @property
    def exit_code(self) -> int:
        """0 nothing would change, 2 something would, 3 it cannot be told."""
        if (
            self.error
            or self.object_errors
            or any(one.error for one in self.datasets)
            or any(one.error for one in self.services)
        ):
            return CANNOT_TELL
        changes = any(one.releases for one in self.datasets) or any(one.action != "unchanged" for one in self.services)
        return CHANGES if changes else SUCCESS

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
            "findings": self.findings.to_dict(),
            "error": self.error,
        }

    def lines(self, lang: str = "ja") -> list[str]:
        """Return the plan for people, one line each."""
        verdict = _VERDICTS[self.exit_code].in_language(lang)
        lines = [f"{self.title.in_language(lang)} ({self.source}): {verdict}"]
        for dataset in self.datasets:
            lines += [f"  {line}" for line in _dataset_lines(dataset, lang)]
        lines += service_lines(self.services, lang)
        for name, error in self.object_errors.items():
            lines.append(f"  ✗ {name}: {error_line(error, lang)}")
        if self.error:
            lines.append(f"  ✗ {error_line(self.error, lang)}")
        return lines + [f"  {line}" for line in self.findings.lines(lang)]


_VERDICTS = {
    SUCCESS: Label("変わりません", "nothing would change"),
    CHANGES: Label("変わります", "would change"),
    CANNOT_TELL: Label("判断できません", "cannot tell"),
}


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


def plan_sources(
    settings: Settings,
    sources: Sequence[HarvestSource],
    *,
    progress: Progress | None = None,
    catalogue: Catalogue | None = None,
    http: HttpClient | None = None,
) -> list[SourcePlan]:
    """Tell what :func:`~harvesters.runner.run_sources` would publish; writes nothing.

    Parameters
    ----------
    settings, sources, progress, catalogue, http
        As there.

    Returns
    -------
    list of SourcePlan
        One a source; the highest ``exit_code`` is that of the command.
    """
    with open_readonly(settings.application_database_url) as engine:
        journal = HarvestJournal(engine) if engine is not None else None
        target = catalogue or (open_catalogue(settings) if _has_catalogue(settings) else None)
        client = http or HttpClient(settings)
        try:
            heard = progress or NoProgress()
            return [_plan(settings, one, journal, target, client, heard) for one in sources]
        finally:
            if http is None:
                client.close()
            if catalogue is None and target is not None:
                target.close()


def _has_catalogue(settings: Settings) -> bool:
    """Return whether there is a catalogue to read; opening the embedded one would make it."""
    return bool(settings.catalog_url) or (settings.home / "catalog").is_dir()


def _plan(
    settings: Settings,
    source: HarvestSource,
    journal: HarvestJournal | None,
    catalogue: Catalogue | None,
    http: HttpClient,
    progress: Progress,
) -> SourcePlan:
    plan = SourcePlan(source.name, source.kind, source.title)
    with _scratch(settings) as (store, copy):
        reading = Reading(
            harvester=harvesters()[source.kind],
            context=Context(
                source=source,
                reference=load_reference(),
                fetcher=Fetcher(settings, store, http),
                findings=plan.findings,
                tally=plan.rows,
            ),
            known=journal.known_objects(source.name) if journal else {},
            progress=progress,
        )
        try:
            reading.fetch()
            reading.transform()
            for dataset in reading.harvester.datasets(reading.context):
                plan.datasets.append(_plan_dataset(settings, reading, dataset.name, catalogue, copy))
            plan.services = list(plan_services(catalogue, reading)) if reading.services else []
        except Exception as error:  # the next source must be planned, whatever happened to this one
            plan.error = describe_error(error)
        plan.objects, plan.object_errors = reading.objects, reading.errors
    return plan


@contextmanager
def _scratch(settings: Settings) -> Iterator[tuple[RawStore, LocalCopy]]:
    with tempfile.TemporaryDirectory(prefix="shihyo-plan-") as folder:
        beneath = RawStore(settings.home / "raw")
        yield RawStore(Path(folder) / "raw", beneath=beneath), LocalCopy(Path(folder) / "copy")


def _plan_dataset(
    settings: Settings, reading: Reading, name: str, catalogue: Catalogue | None, copy: LocalCopy
) -> DatasetPlan:
    plan = DatasetPlan(name)
    contributions = reading.contributions.get(name, [])
    try:
        parent = find_parent(catalogue, name, builds=settings.home / "builds", copy=copy) if catalogue else None
        plan.current = str(parent.manifest.version) if parent else None
        now = datetime.now(UTC).replace(microsecond=0)
        manifest, before = _start(parent)
        last: Step | None = None
        for last in iter_steps(contributions, parent, reading.lineage(), now=now):
            manifest = _plan_step(last, manifest, before, plan)
            before = last.table
        if last is not None:
            reference = reading.context.reference
            areas = frozenset(one.code for one in reference.areas)
            require_passed(last.dataset, check_table(last.dataset, last.table, reference.codelists, areas=areas))
    except Exception as error:  # the other datasets must be planned too
        plan.error = describe_error(error)
    return plan


def _start(parent: Parent | None) -> tuple[Manifest | None, Path | pa.Table | None]:
    return (parent.manifest, parent.parquet) if parent else (None, None)


def _plan_step(step: Step, parent: Manifest | None, before: Path | pa.Table | None, plan: DatasetPlan) -> Manifest:
    diff = diff_tables(before, step.table, step.dataset.structure, examples=0)
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
    plan.releases.append(
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
    return manifest


def exit_code(plans: Sequence[SourcePlan]) -> int:
    """Return the exit code over several plans: cannot tell before changes before nothing."""
    return max((one.exit_code for one in plans), default=SUCCESS)


def to_dict(plans: Sequence[SourcePlan]) -> Mapping[str, Any]:
    """Return several plans as one JSON document."""
    return {"exit_code": exit_code(plans), "sources": [one.to_dict() for one in plans]}
