"""Copy a catalogue into another one: embedded to CKAN, CKAN to embedded, or between two of a kind.

Order of events::

    organisations, groups   made where they are missing; one that is there stays as it is
    for each dataset        its releases, the oldest first; then the dataset itself in one call, so that readers of the
                            other catalogue see the release before or this one
    other packages          services, other people's datasets: a hidden draft, its files, then visible in one call
    DataStore               brought up to the datasets that were copied, where the other catalogue has one

A release keeps its digest and number, files their ids and bytes, each read back from the other catalogue and compared
by sha256. Users, roles, tokens, views and activity stay behind.

What is there already is never overwritten unless it is as the last copy left it (:mod:`catalog.ckan.copy_journal`), or
the same but for what is carried. A dataset of which the other catalogue has a newer release stays; one that was edited
there by hand is reported, and so is a release with the same number and another digest. Killed anywhere, the next run
goes on: what is whole is compared and passed over, a draft with our mark is completed.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from catalog.ckan.client import Catalogue
from catalog.ckan.copy_community import copy_community, iter_communities
from catalog.ckan.copy_journal import CopyJournal
from catalog.ckan.copy_package import PackageCopy
from catalog.ckan.copy_report import CopyItem, CopyReport
from catalog.ckan.copy_sides import Sides, sites_of
from catalog.ckan.datastore import load_datastores
from catalog.ckan.listing import iter_packages
from catalog.ckan.mapping import current_release, extras_of, release_name
from catalog.ckan.publish import Progress, silent
from catalog.embedded.errors import NotFound
from catalog.errors import CatalogueError, CatalogueUnavailable, FetchError, IntegrityError, Label

#: what ends one item and lets the others go on
_FAILURES = (CatalogueError, IntegrityError, FetchError)
#: after so many things in a row that a catalogue did not answer to, it is taken to be down
_PATIENCE = 3


def copy_catalogue(
    source: Catalogue,
    target: Catalogue,
    journal: CopyJournal,
    *,
    datasets: Sequence[str] = (),
    overwrite: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> CopyReport:
    """Copy what the token of ``source`` may see into ``target``.

    Parameters
    ----------
    source
        What to read.
    target
        What to write.
    journal
        How earlier runs left things.
    datasets
        Names of the packages to copy, with their releases and organisations; everything if empty.
    overwrite
        True to replace what differs in ``target`` although nobody knows why. Releases are never replaced.
    dry_run
        True to write nothing and report what would be written.
    progress
        Hears how far it is.

    Returns
    -------
    CopyReport
        One item for each thing. Errors of one thing are in its item.

    Raises
    ------
    CatalogueError
        If one of the two cannot be read at all, does not answer any more, or is the same as the other.
    """
    sides = Sides(source, target, journal, overwrite, dry_run, sites_of(source))
    if sides.source_address == sides.target_address:
        raise CatalogueError(
            "写し元と写し先が同じカタログです",
            "The catalogue to copy from and the one to copy to are the same",
            value=sides.target_address,
        )
    begun = time.monotonic()
    with journal.alone():
        run = _Run(sides, datasets, progress or silent)
        run.copy()
    run.report.seconds = time.monotonic() - begun
    return run.report


@dataclass(frozen=True, slots=True)
class _Family:
    """A package of the source and, if it is a dataset of ours, the packages of its releases."""

    #: the package
    package: dict[str, Any]
    #: sequence -> package of the release, up to the current one
    releases: dict[int, dict[str, Any]] = field(default_factory=dict)


class _Run:
    """One run."""

    def __init__(self, sides: Sides, datasets: Sequence[str], progress: Progress) -> None:
        self.sides = sides
        self.datasets = datasets
        self.progress = progress
        self.report = CopyReport(sides.source_address, sides.target_address, sides.dry_run)
        self._unanswered = 0

    def copy(self) -> None:
        """Do everything."""
        families = self._read_source()
        for kind in ("organization", "group"):
            self._copy_communities(kind, [one.package for one in families])
        done, total = 0, sum(1 + len(one.releases) for one in families)
        for family in families:
            self.progress("copy", done, total)
            self._copy_family(family)
            done += 1 + len(family.releases)
        self.progress("copy", done, total)
        if not self.sides.dry_run:
            self._load_datastore(families)

    def _read_source(self) -> list[_Family]:
        """Return what is to be copied; releases that belong to nothing that is, are reported."""
        own = list(iter_packages(self.sides.source, "+dataset_type:* -shihyo_release_of:*"))
        self._require_known(own)
        releases: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        for package in iter_packages(self.sides.source, "+shihyo_release_of:*"):
            releases[extras_of(package)["shihyo_release_of"]][package["name"]] = package
        wanted = [one for one in own if not self.datasets or one["name"] in self.datasets]
        families = [self._family(one, releases.get(one["name"], {})) for one in wanted]
        copied = {release["name"] for one in families for release in one.releases.values()}
        of_wanted = {one["name"] for one in wanted} if self.datasets else set(releases)
        left = sorted(name for of in of_wanted for name in releases.get(of, {}) if name not in copied)
        self.report.items.extend(_skipped(name) for name in left)
        return families

    def _require_known(self, packages: Sequence[Mapping[str, Any]]) -> None:
        unknown = sorted(set(self.datasets) - {one["name"] for one in packages})
        if unknown:
            raise NotFound(
                f"写し元のカタログに {'、'.join(unknown)} はありません",
                f"The catalogue to copy from has no {', '.join(unknown)}",
                value=unknown,
            )

    @staticmethod
    def _family(package: dict[str, Any], releases: Mapping[str, dict[str, Any]]) -> _Family:
        current = current_release(package)
        if current is None:
            return _Family(package)
        names = {number: release_name(package["name"], number) for number in range(1, current.sequence + 1)}
        return _Family(package, {number: releases[name] for number, name in names.items() if name in releases})

    def _copy_communities(self, kind: str, packages: Sequence[Mapping[str, Any]]) -> None:
        names = self._communities(kind, packages)
        for done, name in enumerate(names, start=1):
            self._try(kind, name, partial(copy_community, self.sides, kind, name))
            self.progress(kind, done, len(names))

    def _communities(self, kind: str, packages: Sequence[Mapping[str, Any]]) -> list[str]:
        if not self.datasets:
            return list(iter_communities(self.sides.source, kind))
        if kind == "organization":
            return sorted({one["organization"]["name"] for one in packages if one.get("organization")})
        return sorted({group["name"] for one in packages for group in one["groups"]})

    def _copy_family(self, family: _Family) -> None:
        """Copy a package, its releases first."""
        name = family.package["name"]
        copy = PackageCopy(self.sides, family.package, self.progress)
        if current_release(family.package) is None:
            self._try("dataset", name, copy.plain)
            return
        items = [
            self._try("release", one["name"], PackageCopy(self.sides, one, self.progress).release)
            for _, one in sorted(family.releases.items())
        ]
        failed = [one.name for one in items if one.error]
        self._try("dataset", name, partial(copy.dataset, family.releases, failed))

    def _try(self, kind: str, name: str, do: Callable[[], CopyItem]) -> CopyItem:
        try:
            item = do()
            self._unanswered = 0
        except _FAILURES as error:
            self._unanswered = self._unanswered + 1 if isinstance(error, CatalogueUnavailable) else 0
            if self._unanswered == _PATIENCE:
                raise
            item = CopyItem(kind=kind, name=name, action="failed", error=error)
        self.report.items.append(item)
        return item

    def _load_datastore(self, families: Iterable[_Family]) -> None:
        """Bring the tables of the other catalogue up to the datasets that arrived."""
        arrived = {one.name for one in self.report.items if one.kind == "dataset" and not one.error}
        names = [one.package["name"] for one in families if current_release(one.package)]
        tables = load_datastores(self.sides.target, [name for name in names if name in arrived], progress=self.progress)
        self.report.datastore = [one for one in tables if one.action in {"loaded", "unchanged", "failed"}]


def _skipped(name: str) -> CopyItem:
    reason = Label(
        "公開中のデータセットに属さないリリース（公開の途中、または非公開・削除済み）",
        "A release of no dataset that is copied: its publication is under way, or its dataset is gone",
    )
    return CopyItem(kind="release", name=name, action="skipped", reason=reason)
