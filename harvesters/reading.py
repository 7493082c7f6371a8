"""Read a source: gather, fetch and transform, for a run as for a plan.

What goes wrong with one object stays with that object: it is counted as failed, its error is kept, and the next one is
read. Nothing is written here but the raw bytes, into the store that the fetcher was given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from catalog.database.jobs import HarvestObject, ObjectState
from catalog.errors import FetchError, Label, Place
from catalog.model import Origin, canonical_json
from catalog.model.service import Service
from harvesters.base import Context, Contribution, Fetched, Harvester, Progress
from harvesters.findings import Level, Rule
from harvesters.guards.inputs import SeenShape
from harvesters.local_areas import with_areas
from harvesters.notes import with_plain_notes
from harvesters.publishing.chain import Lineage
from harvesters.publishing.combine import combine
from harvesters.readers.shape import Shape, watch_shapes
from harvesters.report import describe_error
from harvesters.synthetic import mark_synthetic

_LOOK = Label("どちらが正しいか確かめてください", "Find out which one is right")
PERIOD_TWICE = Rule(
    "period-twice",
    Level.NOTICE,
    Label(
        "同じ時点の同じ内容が2つのファイルにある（一方を使う）",
        "Two files with the same period and content (one is used)",
    ),
    Label("対応は要りません", "Nothing needs to be done"),
)
PERIOD_IN_PARTS = Rule(
    "period-in-parts",
    Level.NOTICE,
    Label(
        "同じ時点の別の部分（別の地域や区分）が複数のファイルにある（あわせて使う）",
        "Files with different parts of the same period, such as a file a ward (used together)",
    ),
    Label("対応は要りません", "Nothing needs to be done"),
)
PERIOD_DIFFERS = Rule(
    "period-differs",
    Level.WARNING,
    Label(
        "同じ時点の違う内容が2つのファイルにある（名前順で先のものを使う）",
        "Two files disagree on the same period (the first by name is used)",
    ),
    _LOOK,
)
OBJECT_GONE = Rule(
    "object-gone",
    Level.WARNING,
    Label("前回あったファイルがない（公開済みの値は残す）", "Files that were there before (what is published stays)"),
    Label(
        "提供元が消したのなら対応は要りません。誤って消えたのなら戻してください",
        "Nothing if the provider removed them; bring them back if it was a mistake",
    ),
)
SERVICE_TWICE = Rule(
    "service-twice",
    Level.REJECTED,
    Label(
        "同じIDのサービスが2度出てくる（先のものを使う）", "A service that is registered twice (the first one is used)"
    ),
    _LOOK,
)


@dataclass(slots=True)
class Reading:
    """A source while it is read."""

    #: its kind
    harvester: Harvester
    #: what the harvester is given
    context: Context
    #: what the last conclusive run saw, by name
    known: Mapping[str, HarvestObject]
    #: hears how far it is
    progress: Progress
    #: all objects with their states, gone ones last
    objects: list[HarvestObject] = field(default_factory=list)
    #: object name -> why it failed
    errors: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: dataset name -> contributions in the order of time
    contributions: dict[str, list[Contribution]] = field(default_factory=dict)
    #: id of a service -> its record
    services: dict[str, Service] = field(default_factory=dict)
    #: object name -> its sheets and headings
    shapes: dict[str, Shape] = field(default_factory=dict)
    #: object name -> why it could not be read; a person decides, because its form has changed
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    _contributed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _fetched: list[Fetched] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Let the harvester know what the last run saw."""
        self.context = replace(self.context, known=self.known)

    def fetch(self) -> None:
        """Gather the objects and get their bytes.

        Raises
        ------
        FetchError
            If the source cannot be listed, or has nothing: an empty source is a mistake, not a wish to delete.
        """
        name = self.context.source.name
        self.progress.update(name, "gather", 0, None)
        gathered = self.harvester.gather(self.context)
        if not gathered:
            raise _empty(self.context)
        for done, wanted in enumerate(gathered):
            self.progress.update(name, "fetch", done, len(gathered))
            try:
                fetched = self.harvester.fetch(self.context, wanted, self.known.get(wanted.name))
            except Exception as error:  # one object's trouble must not be another's
                self._fail(wanted, error)
            else:
                self.objects.append(fetched.object)
                self._fetched.append(fetched)
        self.progress.update(name, "fetch", len(gathered), len(gathered))
        self._add_gone({one.name for one in gathered})

    def transform(self) -> None:
        """Turn the fetched objects into contributions and services, and see what they look like together."""
        name, total = self.context.source.name, len(self._fetched)
        found: list[Contribution] = []
        for done, fetched in enumerate(self._fetched):
            self.progress.update(name, "transform", done, total)
            try:
                with watch_shapes(fetched.object.name) as self.shapes[fetched.object.name]:
                    own = with_areas(self.harvester.transform(self.context, fetched), self.context.source.areas)
                    marked = map(mark_synthetic, own)
                    found += map(with_plain_notes, marked)
                    self._register(self.harvester.services(self.context, fetched), fetched.object.name)
            except Exception as error:  # one object's trouble must not be another's
                self._fail(fetched.object, error)
        self.progress.update(name, "transform", total, total)
        self._note_datasets(found)
        for dataset in dict.fromkeys(one.dataset.name for one in found):
            kept = self._combine([one for one in found if one.dataset.name == dataset])
            self.contributions[dataset] = sorted(kept, key=lambda one: (one.issued, one.object))
            self.harvester.review(self.context, self.contributions[dataset])

    @property
    def fetched(self) -> Sequence[Fetched]:
        """The objects whose bytes are at hand."""
        return self._fetched

    @property
    def failed(self) -> bool:
        """Whether an object failed."""
        return bool(self.errors)

    def seen_shapes(self) -> list[SeenShape]:
        """Return the forms of the objects that had any, with the datasets that they contributed to."""
        errors = self.errors | self.held
        return [
            SeenShape(
                object=one.name,
                sha256=one.sha256,
                shape=self.shapes[one.name],
                datasets=self._contributed.get(one.name, ()),
                error=errors[one.name]["what"] if one.name in errors else None,
            )
            for one in self.objects
            if one.sha256 is not None and self.shapes.get(one.name)
        ]

    def hold(self, names: Iterable[str]) -> None:
        """Let a person decide about objects that failed: their error is no failure of the run."""
        for name in names:
            self.held[name] = self.errors.pop(name)
            self._replace(name, ObjectState.HELD)

    def fingerprint(self) -> str:
        """Return the sha256 over everything that decides what is published: inputs, options, descriptions, code."""
        content = {
            "objects": {one.name: one.sha256 for one in self.objects if one.state is not ObjectState.GONE},
            "kind": self.harvester.kind,
            "version": self.harvester.version,
            "options": self.context.source.to_dict()["options"],
            "areas": [one.to_dict() for one in self.context.source.areas],
            "publisher": self.context.source.publisher.to_dict(),
            "datasets": [one.to_dict() for one in self.harvester.datasets(self.context)],
        }
        return hashlib.sha256(canonical_json(content)).hexdigest()

    def lineage(self) -> Lineage:
        """Return where the contributions come from."""
        return Lineage(
            source=self.context.source.name,
            activity=f"shihyo.{self.harvester.kind} {self.harvester.version}",
            origins={one.name: _origin(one) for one in self.objects if one.sha256 is not None},
        )

    def _note_datasets(self, found: Sequence[Contribution]) -> None:
        for one in found:
            before = self._contributed.get(one.object, ())
            self._contributed[one.object] = tuple(dict.fromkeys([*before, one.dataset.name]))

    def _combine(self, found: list[Contribution]) -> list[Contribution]:
        combined = combine(found)
        for one in combined.kept:
            for name in one.objects if one.others else ():
                self.context.findings.add(PERIOD_IN_PARTS, Place(file=name))
        for one, same in combined.dropped:
            self.context.findings.add(PERIOD_TWICE if same else PERIOD_DIFFERS, Place(file=one.object))
            self._replace(one.object, ObjectState.SKIPPED)
        return combined.kept

    def _register(self, services: Sequence[Service], name: str) -> None:
        for one in services:
            if self.services.setdefault(one.id, one) is not one:
                self.context.findings.add(SERVICE_TWICE, Place(file=name), one.id)
                self.context.tally.accepted -= 1
                self.context.tally.rejected += 1

    def _add_gone(self, present: set[str]) -> None:
        for name, one in self.known.items():
            if name not in present:
                self.objects.append(replace(one, state=ObjectState.GONE))
                self.context.findings.add(OBJECT_GONE, Place(file=name))

    def _fail(self, one: HarvestObject, error: Exception) -> None:
        self.errors[one.name] = describe_error(error)
        if any(each.name == one.name for each in self.objects):
            self._replace(one.name, ObjectState.FAILED)
        else:
            self.objects.append(replace(one, state=ObjectState.FAILED))

    def _replace(self, name: str, state: ObjectState) -> None:
        self.objects = [replace(one, state=state) if one.name == name else one for one in self.objects]


def _origin(one: HarvestObject) -> Origin:
    over_http = one.location.startswith(("http://", "https://"))
    return Origin(
        name=one.location if over_http else one.name,
        sha256=one.sha256 or "",
        bytes=one.bytes or 0,
        fetched=one.fetched or "",
        etag=one.etag,
        last_modified=one.last_modified,
    )


def _empty(context: Context) -> FetchError:
    source = context.source
    return FetchError(
        f"収集元「{source.name}」に読むべきファイルがありません",
        f"The source {source.name} has nothing to read",
        next_step=Label(
            "path や url と options を確かめてください。公開済みのデータは消しません",
            "Check its path or url and its options; what is published stays",
        ),
        place=Place(file=source.file.name, cell=source.name),
        value=str(source.path or source.url),
    )
