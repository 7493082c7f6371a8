"""What a harvester is: a few facts about one kind of source.

A kind declares its options and rules as data and says how to

1. ``gather`` what the source has, without its content;
2. ``fetch`` one object (inherited: HTTP and files);
3. ``transform`` the bytes of one object into observations, or read the ``services`` that it registers.

It never catches, counts, saves or publishes: :mod:`harvesters.runner` alone does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import pyarrow as pa

from catalog.database.jobs import HarvestObject
from catalog.errors import Label
from catalog.model import Agent, Dataset
from catalog.model.area import Area
from catalog.model.service import Service
from catalog.reference import Reference
from harvesters.findings import Findings, Rule
from harvesters.guards.declared import Limits
from harvesters.options import Option
from harvesters.places import ObservationPlaces

if TYPE_CHECKING:
    from harvesters.fetching.fetch import Fetcher
    from harvesters.running.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestSource:
    """Where to harvest: one entry of ``harvest.yml``, validated."""

    #: name, unique in the file: ``[a-z0-9][a-z0-9-]*``
    name: str
    #: name of the harvester
    kind: str
    #: what people call it
    title: Label
    #: the file or folder to read, as declared; None if ``url`` is given
    path: Path | None
    #: the URL to read; None if ``path`` is given
    url: str | None
    #: who publishes: the CKAN organisation that owns the datasets
    publisher: Agent
    #: value of every option of the kind
    options: Mapping[str, Any]
    #: how often it should be harvested; None if by hand only
    every: timedelta | None
    #: the file that declares it; relative paths start at its folder
    file: Path
    #: the times at which it should be harvested; None if there are none
    schedule: Schedule | None = None
    #: how long a run may take; None if there is no limit
    timeout: timedelta | None = None
    #: how often a run that failed for a passing reason is tried again; None if that depends on who started it
    retries: int | None = None
    #: names of dropped files that are for it (``*`` and ``?`` are wildcards); None if its folder alone says so
    watch: str | None = None
    #: what is held instead of published
    guards: Limits = Limits()  # noqa: RUF009 - it is immutable
    #: local areas that the file declares, for all its sources
    areas: tuple[Area, ...] = ()

    @property
    def folder(self) -> Path:
        """The folder of the file that declares it."""
        return self.file.parent

    def to_dict(self) -> dict[str, Any]:
        """Return the source as JSON; the file by its name."""
        return {
            "name": self.name,
            "kind": self.kind,
            "title": self.title.to_dict(),
            "path": str(self.path) if self.path else None,
            "url": self.url,
            "organisation": self.publisher.name,
            "options": {key: _plain(value) for key, value in self.options.items()},
            "every_hours": self.every.total_seconds() / 3600 if self.every else None,
            "schedule": str(self.schedule) if self.schedule else None,
            "timeout_minutes": self.timeout.total_seconds() / 60 if self.timeout else None,
            "retries": self.retries,
            "watch": self.watch,
            "guards": self.guards.to_dict(),
            "file": self.file.name,
        }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An object with its bytes at hand."""

    #: the object with state and checksum
    object: HarvestObject
    #: a file with exactly these bytes
    path: Path

    def not_after(self, issued: str) -> str:
        """Return when figures became known: as stated, and at the latest when they were fetched."""
        seen = self.object.fetched
        if seen is None or datetime.fromisoformat(issued) <= datetime.fromisoformat(seen):
            return issued
        return seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one object, or several together, add to one dataset: all observations of some periods."""

    #: the dataset as it is described by now
    dataset: Dataset
    #: its observations, schema and order of ``dataset.structure``; the object's periods entirely
    table: pa.Table
    #: when the figures became known: ISO 8601 with offset
    issued: str
    #: name of the object
    object: str
    #: names of the other objects that have parts of it
    others: tuple[str, ...] = ()
    #: where its observations stand in files; empty if they stand in no cells
    places: tuple[ObservationPlaces, ...] = ()

    @property
    def objects(self) -> tuple[str, ...]:
        """Names of all objects that it comes from."""
        return (self.object, *self.others)


@dataclass(slots=True)
class Tally:
    """How many rows of the source were read, accepted and rejected."""

    #: rows below the header
    read: int = 0
    #: rows that became observations
    accepted: int = 0
    #: rows that were left out, each with a finding
    rejected: int = 0

    def to_dict(self) -> dict[str, int]:
        """Return the counts as JSON."""
        return {"read": self.read, "accepted": self.accepted, "rejected": self.rejected}

    def add(self, other: Tally) -> None:
        """Add the counts of another tally."""
        self.read += other.read
        self.accepted += other.accepted
        self.rejected += other.rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the runner hands to a harvester."""

    #: the source that is harvested
    source: HarvestSource
    #: indicators, areas and code lists
    reference: Reference
    #: gets bytes
    fetcher: Fetcher
    #: takes what should be known
    findings: Findings
    #: takes the number of rows
    tally: Tally
    #: what the last conclusive run saw, by name of the object
    known: Mapping[str, HarvestObject] = field(default_factory=dict)


class Progress(Protocol):
    """Hears how far a run is; the command draws bars of it."""

    def update(self, source: str, stage: str, done: int, total: int | None) -> None:
        """Hear that ``done`` of ``total`` steps of a stage are done.

        Stages in order: ``gather``, ``fetch``, ``transform``, ``publish``; ``total`` is None while it is unknown.
        """


class NoProgress:
    """Hears and says nothing."""

    def update(self, source: str, stage: str, done: int, total: int | None) -> None:
        """Do nothing."""


class Harvester(ABC):
    """One kind of source."""

    #: name in ``harvest.yml``
    kind: ClassVar[str]
    #: raise it when the same bytes give other observations; then unchanged sources are transformed again
    version: ClassVar[str]
    #: what it harvests
    title: ClassVar[Label]
    #: whether the source may be a path, a URL, or both
    places: ClassVar[tuple[str, ...]] = ("path", "url")
    #: whether its objects register services
    registers: ClassVar[bool] = False
    #: its options
    options: ClassVar[tuple[Option, ...]] = ()
    #: its kinds of findings
    rules: ClassVar[tuple[Rule, ...]] = ()

    @abstractmethod
    def datasets(self, context: Context) -> tuple[Dataset, ...]:
        """Return the datasets that the source makes, as they are described before any object is read."""

    @abstractmethod
    def gather(self, context: Context) -> Sequence[HarvestObject]:
        """Return what the source has, each with a name that stays from run to run, without state and checksum."""

    def fetch(self, context: Context, wanted: HarvestObject, known: HarvestObject | None) -> Fetched:
        """Get the bytes of an object; ``known`` is what the last run saw under its name.

        Raises
        ------
        FetchError
            If they cannot be had.
        """
        return context.fetcher.fetch(context.source, wanted, known)

    def review(self, context: Context, contributions: Sequence[Contribution]) -> None:  # noqa: B027
        """Report what only shows when the objects are seen together; all of one dataset, in the order of time."""

    @abstractmethod
    def transform(self, context: Context, fetched: Fetched) -> Sequence[Contribution]:
        """Return what an object adds to the datasets; rows that cannot be used become findings.

        Raises
        ------
        ShihyoError
            If the object as a whole cannot be used.
        """

    def services(self, context: Context, fetched: Fetched) -> Sequence[Service]:  # noqa: ARG002
        """Return the records of city services that an object registers; none for kinds that bring observations.

        Raises
        ------
        ShihyoError
            If the object as a whole cannot be used.
        """
        return ()
