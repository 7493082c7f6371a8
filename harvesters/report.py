"""What a run did: one report a source, for people, for ``--json`` and for the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from catalog.database import find_trouble
from catalog.database.jobs import HarvestObject, JobStatus, ObjectState, count_states
from catalog.errors import Label, Place
from catalog.model import Manifest
from harvesters.base import Tally
from harvesters.findings import Findings
from harvesters.guards.declared import trip_lines

if TYPE_CHECKING:
    from catalog.ckan.datastore import Loaded
    from harvesters.readability.inputs import InputScore

#: exit codes of the command
SUCCESS, FAILURE, CHANGES, CANNOT_TELL = 0, 1, 2, 3
#: a run held something, and a person must decide; a plan that would hold something cannot tell either
UNDECIDED = CANNOT_TELL

#: objects of each state that are named; all are counted
_NAMED = 100


@dataclass(frozen=True, slots=True)
class PublishedRelease:
    """A release that the run published."""

    #: its place in the chain, version and digest
    sequence: int
    version: str
    digest: str
    #: when its figures became known
    issued: str
    #: observations added, changed, removed and revised
    changes: dict[str, int]
    #: observations in all
    observations: int

    @classmethod
    def of(cls, manifest: Manifest) -> PublishedRelease:
        """Return what the report says of a release."""
        return cls(
            manifest.sequence,
            str(manifest.version),
            manifest.digest,
            manifest.issued,
            manifest.changes.to_dict(),
            manifest.observations,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "sequence": self.sequence,
            "version": self.version,
            "digest": self.digest,
            "issued": self.issued,
            "changes": self.changes,
            "observations": self.observations,
        }


@dataclass(slots=True)
class DatasetOutcome:
    """What became of one dataset."""

    #: name of the dataset
    name: str
    #: created, updated, unchanged, held, rejected (a person dropped the proposal) or failed
    action: str = "unchanged"
    #: what was published, in order
    releases: list[PublishedRelease] = field(default_factory=list)
    #: why it failed, or None
    error: dict[str, Any] | None = None
    #: version that is current, or None if there is none; what is held leaves it so
    current: str | None = None
    #: what the guards say, as JSON
    trips: list[dict[str, Any]] = field(default_factory=list)
    #: what is held: ``id``, ``lapsed``, and the releases that it would publish; or None
    hold: dict[str, Any] | None = None
    #: the decision that was gone by, or None
    decision: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "name": self.name,
            "action": self.action,
            "releases": [one.to_dict() for one in self.releases],
            "error": self.error,
            "current": self.current,
            "trips": self.trips,
            "hold": self.hold,
            "decision": self.decision,
        }


@dataclass(slots=True)
class ServiceOutcome:
    """What became, or would become, of the record of one service."""

    #: id of the service
    id: str
    #: created, updated, unchanged, held, rejected or failed
    action: str = "unchanged"
    #: sha256 of the record
    digest: str = ""
    #: why it failed, or None
    error: dict[str, Any] | None = None

    @property
    def has_changed(self) -> bool:
        """Whether its record is, or would be, another than before."""
        return self.action in {"created", "updated"}

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"id": self.id, "action": self.action, "digest": self.digest, "error": self.error}


@dataclass(slots=True)
class JobReport:
    """What one run of one source did."""

    #: name, kind and title of the source
    source: str
    kind: str
    title: Label
    #: id of the job; None if it could not start
    job: str | None = None
    #: what became of it
    status: JobStatus = JobStatus.RUNNING
    #: ISO 8601 in UTC
    started: str = ""
    finished: str = ""
    #: duration
    seconds: float = 0.0
    #: True if nothing had changed since the last run, so that nothing was read
    skipped: bool = False
    #: the objects
    objects: Sequence[HarvestObject] = ()
    #: object name -> why it failed
    object_errors: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: rows of the source
    rows: Tally = field(default_factory=Tally)
    #: the datasets, in the order of the harvester
    datasets: list[DatasetOutcome] = field(default_factory=list)
    #: the services, in the order of the source
    services: list[ServiceOutcome] = field(default_factory=list)
    #: what became of their tables in CKAN's DataStore; empty where there is none
    datastore: list[Loaded] = field(default_factory=list)
    #: what was found in the input
    findings: Findings = field(default_factory=Findings)
    #: how well machines can read its files
    readability: list[InputScore] = field(default_factory=list)
    #: ids of jobs of this source that were found dead
    lost: list[str] = field(default_factory=list)
    #: what the services of the source are held for, as that of a dataset; None if they are not held
    held_services: DatasetOutcome | None = None
    #: object name -> why it cannot be read, where that is for a person to decide
    held_objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: why the run as a whole failed, or None
    error: dict[str, Any] | None = None

    @property
    def exit_code(self) -> int:
        """0 if all was harvested and is in the DataStore where there is one, 3 if a person must decide, else 1."""
        if any(one.error for one in self.datastore):
            return FAILURE
        return {JobStatus.SUCCEEDED: SUCCESS, JobStatus.HELD: UNDECIDED}.get(self.status, FAILURE)

    @property
    def published(self) -> int:
        """Number of releases that were published."""
        return sum(len(one.releases) for one in self.datasets)

    @property
    def has_published(self) -> bool:
        """Whether the run published a release or the record of a service."""
        return bool(self.published) or any(one.action in {"created", "updated"} for one in self.services)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON."""
        actions = [*(one.action for one in self.datasets), *(one.action for one in self.services)]
        counts = count_states(self.objects)
        return {
            "source": self.source,
            "kind": self.kind,
            "title": self.title.to_dict(),
            "job": self.job,
            "status": str(self.status),
            "exit_code": self.exit_code,
            "started": self.started,
            "finished": self.finished,
            "seconds": round(self.seconds, 3),
            "skipped": self.skipped,
            "counts": {
                "created": actions.count("created"),
                "updated": actions.count("updated"),
                "unchanged": actions.count("unchanged"),
                "held": actions.count("held"),
                "rejected": actions.count("rejected"),
                "gone": counts[ObjectState.GONE],
                "failed": actions.count("failed") + counts[ObjectState.FAILED],
            },
            "releases": self.published,
            "objects": {**counts, "named": self._named()},
            "rows": self.rows.to_dict(),
            "datasets": [one.to_dict() for one in self.datasets],
            "services": [one.to_dict() for one in self.services],
            "held_services": self.held_services.to_dict() if self.held_services else None,
            "held_objects": self.held_objects,
            "datastore": [one.to_dict() for one in self.datastore],
            "findings": self.findings.to_dict(),
            "readability": [one.to_dict() for one in self.readability],
            "lost": self.lost,
            "error": self.error,
        }

    def lines(self, lang: str = "ja") -> list[str]:
        """Return the report for people, one line each: the summary and what was found in the input."""
        return self.summary(lang) + [f"  {line}" for line in self.findings.lines(lang)]

    def summary(self, lang: str = "ja") -> list[str]:
        """Return what became of the job, one line each, without what was found in the input."""
        ja = lang != "en"
        lines = [f"{self.title.in_language(lang)} ({self.source}): {_STATUSES[self.status].in_language(lang)}"]
        if self.skipped:
            lines.append(
                "  前回から変わっていないため、何も公開しません" if ja else "  Nothing changed since the last run"
            )
        for one in self.datasets:
            lines.append(f"  {one.name}: {_dataset_line(one, ja=ja)}")
            lines += held_lines(one, self.source, self.job, lang)
        lines += service_lines(self.services, lang)
        lines += held_lines(self.held_services, self.source, self.job, lang) if self.held_services else []
        lines += [f"  DataStore {one.dataset}: {_datastore_line(one, lang)}" for one in self.datastore]
        lines.append("  " + _object_line(count_states(self.objects), ja=ja))
        if self.readability:
            from harvesters.readability.inputs import score_lines

            lines += [f"  {line}" for line in score_lines(self.readability, lang)]
        if self.rows.read:
            read, accepted, rejected = self.rows.read, self.rows.accepted, self.rows.rejected
            lines.append(
                f"  行: 読込{read} 採用{accepted} 除外{rejected}"
                if ja
                else f"  rows: {read} read, {accepted} accepted, {rejected} rejected"
            )
        for name, error in self.object_errors.items():
            lines.append(f"  ✗ {error_line(error, lang, name)}")
        if self.error:
            lines.append(f"  ✗ {error_line(self.error, lang)}")
        return lines

    def _named(self) -> list[dict[str, Any]]:
        telling = [one for one in self.objects if one.state is not ObjectState.UNCHANGED]
        return [one.to_dict() | {"error": self.object_errors.get(one.name)} for one in telling[:_NAMED]]


_STATUSES = {
    JobStatus.QUEUED: Label("待機中", "queued"),
    JobStatus.RUNNING: Label("実行中", "running"),
    JobStatus.SUCCEEDED: Label("完了", "done"),
    JobStatus.PARTIAL: Label("一部失敗", "done in part"),
    JobStatus.HELD: Label("承認待ち", "held for approval"),
    JobStatus.FAILED: Label("失敗", "failed"),
    JobStatus.CANCELLED: Label("中止", "cancelled"),
    JobStatus.LOST: Label("途絶", "lost"),
}
_ACTIONS = {
    "created": Label("作成", "created"),
    "updated": Label("更新", "updated"),
    "unchanged": Label("変更なし", "unchanged"),
    "held": Label("承認待ち（公開していません）", "held, not published"),
    "rejected": Label("取りやめ（公開していません）", "rejected, not published"),
    "failed": Label("失敗", "failed"),
}


def status_label(status: JobStatus) -> Label:
    """Return what people call a status."""
    return _STATUSES[status]


def _dataset_line(one: DatasetOutcome, *, ja: bool) -> str:
    action = _ACTIONS[one.action].in_language("ja" if ja else "en")
    if one.error:
        return f"{action}: {error_line(one.error, 'ja' if ja else 'en')}"
    if one.action in {"held", "rejected"} and one.current:
        return f"{action}。公開中の版 {one.current} のまま" if ja else f"{action}; version {one.current} stays"
    if not one.releases:
        return action
    first, last = one.releases[0], one.releases[-1]
    versions = first.version if first is last else f"{first.version} - {last.version}"
    return (
        f"{action}（{len(one.releases)}リリース、版 {versions}、{last.observations}観測値）"
        if ja
        else f"{action} ({len(one.releases)} releases, version {versions}, {last.observations} observations)"
    )


def held_lines(one: DatasetOutcome, source: str, job: str | None, lang: str) -> list[str]:
    """Return what the guards say about a dataset for people: figures, examples, what to do, and how to approve."""
    ja = lang != "en"
    lines = [f"    {line}" for trip in one.trips for line in trip_lines(trip, lang)]
    if one.hold and one.hold.get("lapsed"):
        lines.append(
            "    承認は使えません: 承認した後で内容が変わりました。もう一度確かめてください"
            if ja
            else "    The approval does not apply: it is not what was approved any more; look at it again"
        )
    if one.action == "held":
        options = f"{source}{f' --job {job}' if job else ''}"
        lines += [
            f"    承認するには: shihyo harvest approve {options} --reason '理由'"
            if ja
            else f"    To approve: shihyo harvest approve {options} --reason 'why'",
            f"    取りやめるには: shihyo harvest reject {options} --reason '理由'"
            if ja
            else f"    To drop it: shihyo harvest reject {options} --reason 'why'",
        ]
    if one.decision:
        lines.append(f"    {decision_line(one.decision, lang)}")
    return lines


def hold_lines(hold: dict[str, Any], lang: str) -> list[str]:
    """Return a hold, as JSON, for people: what waits since when, whose run it was, and what the guards said."""
    who = hold["held_by"]
    known = _KNOWN_BY[who["known_by"]].in_language(lang)
    since = {"ja": f"{hold['held']} から、実行 {who['name']}（{known}）"}.get(
        lang, f"since {hold['held']}, run by {who['name']} ({known})"
    )
    outcome = DatasetOutcome(hold["dataset"], action="held", trips=hold["trips"])
    return [f"{hold['source']} / {hold['dataset']}: {since}", *held_lines(outcome, hold["source"], hold["job"], lang)]


def decision_line(decision: dict[str, Any], lang: str) -> str:
    """Return a decision for people: what, who (and how that is known), when, why."""
    who = decision["decided_by"]
    known = _KNOWN_BY[who["known_by"]].in_language(lang)
    what = _DECISIONS[decision["action"]].in_language(lang)
    return f"{what}: {who['name']} ({known}), {decision['decided']}: {decision['reason']}"


_DECISIONS = {
    "approve": Label("承認", "approved"),
    "reject": Label("取りやめ", "rejected"),
    "rollback": Label("取り下げ", "rolled back"),
}
_KNOWN_BY = {"ckan": Label("CKANのユーザー", "CKAN user"), "os": Label("OSのアカウント", "system account")}


def exit_code(reports: Sequence[JobReport]) -> int:
    """Return the exit code over several runs: failed before undecided before done."""
    codes = {one.exit_code for one in reports}
    return FAILURE if FAILURE in codes else max(codes, default=SUCCESS)


def _datastore_line(one: Loaded, lang: str) -> str:
    if one.error:
        return f"✗ {one.error.message(lang)}"
    if one.action == "unchanged":
        return _ACTIONS["unchanged"].in_language(lang)
    return f"+{one.added} ~{one.changed} -{one.removed}"


def service_lines(services: Sequence[ServiceOutcome], lang: str) -> list[str]:
    """Return what became of services for people, one line each."""
    said = [(one, _ACTIONS[one.action].in_language(lang)) for one in services]
    return [f"  {one.id}: {action}{f': {error_line(one.error, lang)}' if one.error else ''}" for one, action in said]


def _object_line(counts: dict[str, int], *, ja: bool) -> str:
    said = " ".join(f"{_STATES[name].in_language('ja' if ja else 'en')} {n}" for name, n in counts.items() if n)
    return f"ファイル: {said or 0}" if ja else f"files: {said or 0}"


_STATES = {
    "new": Label("新規", "new"),
    "changed": Label("変更", "changed"),
    "unchanged": Label("同じ", "unchanged"),
    "skipped": Label("対象外", "skipped"),
    "held": Label("承認待ち", "held"),
    "failed": Label("失敗", "failed"),
    "gone": Label("消失", "gone"),
}


def error_line(error: dict[str, Any], lang: str, name: str = "") -> str:
    """Return a described error for people: where, what is wrong and what to do, in one language, on one line.

    ``name`` is what the error is about, said once where its place begins with it.
    """
    place, step = str(Place(**(error.get("place") or {}))), error.get("next_step")
    where = [place] if place.startswith(name) else [name, place]
    what = ": ".join([*filter(None, where), str(error["what"][lang])])
    return f"{what} → {step[lang]}" if step else what


def describe_error(error: Exception) -> dict[str, Any]:
    """Return an error as reports show it; one that is not ours is a fault of the software and says so."""
    known = find_trouble(error)
    if known is not None:
        return known.to_dict()
    return {
        "code": "internal",
        "what": {
            "ja": f"ソフトウェアの内部エラー: {type(error).__name__}: {error}",
            "en": f"Internal error of the software: {type(error).__name__}: {error}",
        },
        "next_step": {
            "ja": "この報告と収集元のファイルを添えて開発者に知らせてください",
            "en": "Tell the developers, with this report and the file of the source",
        },
        "place": None,
    }
