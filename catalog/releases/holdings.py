"""What this node holds: releases whose files are verified and on disk. Immutable; a new state is a new object."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from catalog.errors import Label, NoSuchDataset, NoSuchVersion
from catalog.model import Dataset, Manifest, VersionSelector, canonical_json
from catalog.model.codelist import nearest, unknown_code
from catalog.model.indicator import Indicator
from catalog.model.service import Service
from catalog.releases.build import parse_issued


@dataclass(frozen=True, slots=True)
class ReleaseHolding:
    """One release with its files on this machine."""

    #: everything about it
    manifest: Manifest
    #: name of the file -> where its bytes are; the manifest is among them
    paths: Mapping[str, Path]

    @property
    def digest(self) -> str:
        """The sha256 that names the release."""
        return self.manifest.digest

    @property
    def parquet(self) -> Path:
        """The Parquet file."""
        return self.path(f"{self.manifest.dataset.name}.parquet")

    def path(self, name: str) -> Path:
        """Return where a file of the release is.

        Raises
        ------
        KeyError
            If the release has no such file.
        """
        return self.paths[name]


@dataclass(frozen=True, slots=True)
class DatasetHolding:
    """All releases of one dataset that are held, at least one."""

    #: the releases, the oldest first
    releases: tuple[ReleaseHolding, ...]

    @property
    def current(self) -> ReleaseHolding:
        """The newest release."""
        return self.releases[-1]

    @property
    def dataset(self) -> Dataset:
        """The dataset as the newest release describes it."""
        return self.current.manifest.dataset

    def select(self, selector: VersionSelector) -> ReleaseHolding:
        """Return the newest release that the selector matches.

        Raises
        ------
        NoSuchVersion
            If there is none; names the versions that exist and the nearest.
        """
        for release in reversed(self.releases):
            if selector.matches(release.manifest.version):
                return release
        asked = str(selector.pinned or ".".join([*map(str, selector.line), "*"]))
        versions = [str(one.manifest.version) for one in reversed(self.releases)]
        name = self.dataset.name
        raise NoSuchVersion(
            f"データセット {name} に版 {asked} はありません",
            f"{name} has no version {asked}",
            next_step=Label(f"最新の版は {versions[0]} です", f"The latest version is {versions[0]}"),
            value=asked,
            allowed=versions,
            nearest=nearest(asked, versions),
            parameter="version",
        )

    def as_of(self, moment: datetime) -> ReleaseHolding:
        """Return the release that was the newest at ``moment`` (with offset): what was known then.

        Raises
        ------
        NoSuchVersion
            If nothing was published by then.
        """
        for release in reversed(self.releases):
            if parse_issued(release.manifest.issued) <= moment:
                return release
        name, first = self.dataset.name, self.releases[0].manifest.issued
        raise NoSuchVersion(
            f"{moment.isoformat()} の時点で、データセット {name} は公表されていません",
            f"{name} was not published yet at {moment.isoformat()}",
            next_step=Label(f"最初の公表は {first} です", f"It was first published at {first}"),
            value=moment.isoformat(),
            allowed=first,
            parameter="as_of",
        )


@dataclass(frozen=True, slots=True)
class ServiceHolding:
    """The record of a city service as it is published."""

    #: the record
    service: Service
    #: when it was published: ISO 8601 in UTC
    published: str


@dataclass(frozen=True)
class Holdings:
    """Everything that this node holds."""

    #: dataset name -> its releases, sorted by name
    datasets: Mapping[str, DatasetHolding] = field(default_factory=lambda: MappingProxyType({}))
    #: id of a service -> its record, sorted by id
    services: Mapping[str, ServiceHolding] = field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def digest(self) -> str:
        """Hash over the digests of all releases and services: two nodes with the same one answer alike."""
        releases = {name: [one.digest for one in each.releases] for name, each in self.datasets.items()}
        services = {id: [one.service.digest, one.published] for id, one in self.services.items()}
        return hashlib.sha256(canonical_json({"releases": releases, "services": services})).hexdigest()

    def get_service(self, id: str) -> Service:
        """Return the service of this id.

        Raises
        ------
        UnknownCode
            If it is not held; names those that are and the nearest.
        """
        if id not in self.services:
            raise unknown_code(Label("サービス", "service"), id, sorted(self.services))
        return self.services[id].service

    def find(self, name: str) -> DatasetHolding | None:
        """Return the dataset of this name, or None."""
        return self.datasets.get(name)

    def holders(self, indicator: Indicator) -> tuple[DatasetHolding, ...]:
        """Return the datasets that hold an indicator, the one that answers for it first.

        That is its primary dataset; then real figures come before made-up ones, and datasets with totals before those
        without.
        """
        found = [one for one in self.datasets.values() if indicator.id in one.dataset.indicators]
        return tuple(sorted(found, key=lambda one: _rank(one.dataset, indicator)))

    def find_serving(self, indicator: Indicator) -> DatasetHolding | None:
        """Return the dataset that answers for an indicator: its primary one, or the first holder if it has none."""
        if indicator.primary_dataset:
            return self.find(indicator.primary_dataset)
        return next(iter(self.holders(indicator)), None)

    def get(self, name: str) -> DatasetHolding:
        """Return the dataset of this name.

        Raises
        ------
        NoSuchDataset
            If it is not held; names those that are and the nearest.
        """
        found = self.find(name)
        if found is None:
            known = sorted(self.datasets)
            near = nearest(name, known)
            hint = Label(f"「{near}」のことではありませんか", f"Did you mean {near}?") if near else None
            listed = Label("データセットの一覧を確かめてください", "Look it up in the list of datasets")
            raise NoSuchDataset(
                f"データセット「{name}」はありません",
                f"There is no dataset {name!r}",
                next_step=hint or listed,
                value=name,
                allowed=known,
                nearest=near,
            )
        return found


def _rank(dataset: Dataset, indicator: Indicator) -> tuple[bool, bool, bool, str]:
    return (
        dataset.name != indicator.primary_dataset,
        dataset.synthetic,
        not dataset.structure.has_totals,
        dataset.name,
    )
