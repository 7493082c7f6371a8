"""The digest: what runs created, updated, found gone, failed or held since the last one, and what to do about it.

It is made from the journal of jobs. Of findings it has the rule, the count and the next step, never a place or a value:
a digest leaves the building by mail, and what people wrote into a file does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.database import HarvestJob, JobStatus
from catalog.errors import Label
from harvesters.findings import Level

#: actions of datasets and services -> part of the digest
_PARTS = {"created": "created", "updated": "updated", "failed": "failed", "held": "held"}
_TITLES = {
    "created": Label("新しく公開", "Created"),
    "updated": Label("更新", "Updated"),
    "gone": Label(
        "収集元から消えたファイル（公開済みのものは残ります）", "Gone from the source (what is published stays)"
    ),
    "held": Label("承認待ち", "Held for approval"),
    "failed": Label("失敗", "Failed"),
    "left_out": Label("使えなかった行", "Rows that could not be used"),
}
#: items of a part that are named
_NAMED = 20


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that happened."""

    #: created, updated, gone, held, failed or left_out
    part: str
    #: name of the source
    source: str
    #: what it happened to: a dataset, a service, a file, or the run
    name: str
    #: what happened, and what to do; None if the part says it all
    what: Label | None = None
    next_step: Label | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "source": self.source,
            "name": self.name,
            "what": self.what.to_dict() if self.what else None,
            "next_step": self.next_step.to_dict() if self.next_step else None,
        }

    def line(self, lang: str) -> str:
        """Return it for people, on one line."""
        text = f"{self.name}（{self.source}）" if lang != "en" else f"{self.name} ({self.source})"
        what = f": {self.what.in_language(lang)}" if self.what else ""
        step = f" → {self.next_step.in_language(lang)}" if self.next_step else ""
        return f"{text}{what}{step}"


@dataclass(frozen=True, slots=True)
class Digest:
    """What happened in a time."""

    #: jobs that ended after ``since`` and not after ``until``, ISO 8601 in UTC
    since: str
    until: str
    #: number of jobs
    jobs: int
    #: what happened, in the order of the jobs
    items: tuple[Item, ...] = field(default=())

    @property
    def problems(self) -> bool:
        """Whether somebody has to do something."""
        return any(one.part in {"failed", "held"} for one in self.items)

    def is_wanted(self, when: str) -> bool:
        """Return whether it should be sent, by the setting ``digest``."""
        wanted = {"changes": bool(self.items), "problems": self.problems, "always": self.jobs > 0, "off": False}
        return wanted[when]

    def part(self, name: str) -> list[Item]:
        """Return what belongs to a part; what happened more than once is there once."""
        return list(dict.fromkeys(one for one in self.items if one.part == name))

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "since": self.since,
            "until": self.until,
            "jobs": self.jobs,
            **{name: [one.to_dict() for one in self.part(name)] for name in _TITLES},
        }

    def subject(self) -> str:
        """Return the subject of a mail, Japanese and English."""
        counts = {name: len(self.part(name)) for name in _TITLES}
        ja = "・".join(f"{_SHORT[name].ja}{n}" for name, n in counts.items() if n) or "変更なし"
        en = ", ".join(f"{n} {_SHORT[name].en}" for name, n in counts.items() if n) or "no changes"
        return f"収集の報告: {ja} / Harvest: {en}"

    def lines(self, lang: str = "ja") -> list[str]:
        """Return it for people."""
        head = Label(
            f"{self.since} から {self.until} までの収集 {self.jobs}回",
            f"{self.jobs} runs from {self.since} to {self.until}",
        )
        lines = [head.in_language(lang)]
        for name, title in _TITLES.items():
            items = self.part(name)
            if items:
                lines += ["", f"■ {title.in_language(lang)}: {len(items)}"]
                lines += [f"  ・{one.line(lang)}" for one in items[:_NAMED]]
                lines += ["  …"] if len(items) > _NAMED else []
        if not self.items:
            lines.append(Label("変わったことはありません。", "Nothing has changed.").in_language(lang))
        return lines


_SHORT = {
    "created": Label("作成", "created"),
    "updated": Label("更新", "updated"),
    "gone": Label("消失", "gone"),
    "held": Label("承認待ち", "held"),
    "failed": Label("失敗", "failed"),
    "left_out": Label("除外", "left out"),
}


def make_digest(jobs: Sequence[HarvestJob], *, since: str, until: str) -> Digest:
    """Make the digest of jobs that have ended.

    Parameters
    ----------
    jobs
        In the order of their end.
    since, until
        The time that they ended in, ISO 8601 in UTC.
    """
    items = tuple(item for job in jobs for item in _items(job))
    return Digest(since, until, len(jobs), items)


def _items(job: HarvestJob) -> Iterator[Item]:
    report: Mapping[str, Any] = job.report or {}
    outcomes = [*report.get("datasets", ()), *report.get("services", ()), report.get("held_services")]
    for one in filter(None, outcomes):
        part = _PARTS.get(one["action"])
        if part:
            what, step = _said(one.get("error"))
            yield Item(part, job.source, str(one.get("name") or one.get("id")), what, step or _step(part, job))
    for one in report.get("objects", {}).get("named", ()):
        part = _OBJECT_PARTS.get(one["state"])
        if part:
            yield Item(part, job.source, one["name"], *_said(one.get("error")))
    for name, error in (report.get("held_objects") or {}).items():
        what, step = _said(error)
        yield Item("held", job.source, name, what, step or _step("held", job))
    yield from _whole(job, report)
    if not report.get("skipped"):
        yield from (_finding(job, one) for one in report.get("findings", ()) if one["level"] in _LEFT_OUT)


def _whole(job: HarvestJob, report: Mapping[str, Any]) -> Iterator[Item]:
    """Yield what is to be said of the run as a whole."""
    if job.status is JobStatus.LOST:
        yield Item("failed", job.source, job.source, Label("途絶えました", "It was lost"), _LOST)
    elif report.get("error") and job.status is not JobStatus.CANCELLED:
        yield Item("failed", job.source, job.source, *_said(report["error"]))


def _step(part: str, job: HarvestJob) -> Label | None:
    if part != "held":
        return None
    command = f"shihyo harvest approve {job.source} --job {job.id} --reason "
    return Label(f"確かめて承認してください: {command}'理由'", f"Look at it and approve it: {command}'why'")


_LOST = Label(
    "次の予定でやり直します。続くようなら機械を確かめてください",
    "It is done again when it is due; if this stays, look at the machine",
)
_OBJECT_PARTS = {"gone": "gone", "failed": "failed"}
_LEFT_OUT = frozenset({str(Level.REJECTED), str(Level.PARTLY)})


def _finding(job: HarvestJob, one: Mapping[str, Any]) -> Item:
    title, count = Label.from_dict(one["title"]), one["count"]
    what = Label(f"{title.ja}: {count}件", f"{title.en}: {count}")
    return Item("left_out", job.source, one["id"], what, Label.from_dict(one["next_step"]))


def _said(error: Mapping[str, Any] | None) -> tuple[Label | None, Label | None]:
    if not error:
        return None, None
    step = error.get("next_step")
    return Label.from_dict(error["what"]), Label.from_dict(step) if step else None
