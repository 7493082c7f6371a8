"""Follow the catalogue: bring the releases that it publishes into the local copy.

Order of events: find the packages (``package_search``, page by page); for each dataset that changed, read the manifest
of every release up to the current one that is not held yet and fetch its files, verifying each; when a dataset is
whole, it takes its place among the holdings; then the records of the city services; last, the list of the local copy
is replaced in one step.

A release that is broken (its manifest or a file does not have its digest, or is missing) is reported and left out; the
releases before it are served on, and it is tried again later. A service whose package does not hold the record that it
states is served as it was before. What was deleted or made private is let go. If the catalogue does not answer, nothing
changes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO

from catalog.ckan.client import Catalogue
from catalog.ckan.mapping import CurrentRelease, current_release, extras_of, release_name
from catalog.ckan.publish import MANIFEST_LIMIT, Progress, find_file, silent
from catalog.ckan.services import SERVICE_DIGEST, is_service, read_service, service_id
from catalog.embedded.errors import NotAuthorized, NotFound
from catalog.errors import ForbiddenAddress, IntegrityError, ShihyoError, TooLarge
from catalog.model import MANIFEST_NAME, Manifest, parse_manifest
from catalog.releases import DatasetHolding, Holdings, LocalCopy, ReleaseHolding, ServiceHolding

_PAGE = 100
#: datasets with a current release, and services; packages of releases are read by name
_QUERY = f"+(shihyo_release:* OR {SERVICE_DIGEST}:*) -shihyo_release_of:*"

#: seconds until a broken release is tried again, unless it changes before
_RETRY_BROKEN = 60.0

#: after so many broken releases in a row the ones before are not looked for: a dataset may state any number of them
_MOST_BROKEN = 3

#: what makes a release broken, as opposed to a catalogue that does not answer
_BROKEN = (IntegrityError, TooLarge, ForbiddenAddress, NotFound, NotAuthorized)


@dataclass(frozen=True, slots=True)
class BrokenRelease:
    """A release that the catalogue lists and that cannot be had whole."""

    #: the dataset
    dataset: str
    #: place in its chain
    sequence: int
    #: what is wrong
    error: ShihyoError

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"dataset": self.dataset, "sequence": self.sequence, "error": self.error.to_dict()}


@dataclass(frozen=True, slots=True)
class BrokenService:
    """A service whose package does not hold the record that it states."""

    #: name of the package
    package: str
    #: what is wrong
    error: ShihyoError

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"package": self.package, "error": self.error.to_dict()}


class Follower:
    """Keeps a local copy up to a catalogue; belongs to one thread, like its catalogue.

    Parameters
    ----------
    catalogue
        What to follow.
    copy
        Where to.
    """

    def __init__(self, catalogue: Catalogue, copy: LocalCopy) -> None:
        self.catalogue = catalogue
        self.copy = copy
        #: the broken releases that the last synchronisation found
        self.broken: tuple[BrokenRelease, ...] = ()
        #: the broken services that it found
        self.broken_services: tuple[BrokenService, ...] = ()
        self._tried: dict[tuple[str, int], tuple[float, BrokenRelease]] = {}
        self._verified = False

    def synchronise(self, progress: Progress | None = None, *, wait: float = 10.0) -> Holdings:
        """Bring the copy up to the catalogue and return what is held then.

        Parameters
        ----------
        progress
            Hears each release that arrives.
        wait
            If another process is synchronising the same copy, wait so many seconds for it; after that, what is held
            by now is returned.

        Raises
        ------
        CatalogueUnavailable
            If the catalogue does not answer; the copy stays as it was.
        """
        with self.copy.following(timeout=wait) as ours:
            return self._synchronise(progress or silent) if ours else self.copy.load()

    def _synchronise(self, progress: Progress) -> Holdings:
        held = self._load_verified()
        packages = list(self._iter_packages())
        broken: list[BrokenRelease] = []
        datasets: dict[str, DatasetHolding] = {}
        for package in packages:
            current, name = current_release(package), package["name"]
            releases = self._releases(name, current, held.find(name), broken, progress) if current else ()
            if releases:
                datasets[name] = DatasetHolding(releases)
        services = self._services([one for one in packages if is_service(one)], held)
        self.broken = tuple(broken)
        same_datasets = {name: _digests(one) for name, one in datasets.items()} == {
            name: _digests(one) for name, one in held.datasets.items()
        }
        if same_datasets and services == held.services:
            return held
        return self.copy.replace(datasets, services)

    def _services(self, packages: Sequence[Mapping[str, Any]], held: Holdings) -> dict[str, ServiceHolding]:
        services: dict[str, ServiceHolding] = {}
        broken: list[BrokenService] = []
        for package in packages:
            found = held.services.get(service_id(package["name"]))
            try:
                found = read_service(package)
            except IntegrityError as error:
                broken.append(BrokenService(package["name"], error))
            if found is not None:
                self.copy.store_service(found.service)
                services[found.service.id] = found
        self.broken_services = tuple(broken)
        return services

    def _load_verified(self) -> Holdings:
        held = self.copy.load()
        if self._verified:
            return held
        self._verified = True
        return self.copy.load() if self.copy.verify(held) else held

    def _iter_packages(self) -> Iterator[dict[str, Any]]:
        start, seen = 0, set()
        while True:
            page = self.catalogue.action("package_search", fq=_QUERY, rows=_PAGE, start=start, sort="name asc")
            for package in page["results"]:
                if _is_public(package) and package["name"] not in seen:
                    seen.add(package["name"])
                    yield package
            start += len(page["results"])
            if not page["results"] or start >= page["count"]:
                return

    def _releases(
        self,
        name: str,
        current: CurrentRelease,
        held: DatasetHolding | None,
        broken: list[BrokenRelease],
        progress: Progress,
    ) -> tuple[ReleaseHolding, ...]:
        """Return all releases of a dataset that can be had, the oldest first.

        Goes from the current one back, because each names its parent: what is held and is not the parent that the
        next one names belongs to another chain and is fetched again.
        """
        have = {one.manifest.sequence: one for one in held.releases} if held else {}
        chain: list[ReleaseHolding] = []
        expected: str | None = current.digest
        gap = 0
        for number in range(current.sequence, 0, -1):
            release = have.get(number)
            if release is None or release.digest != (expected or release.digest):
                release = self._find_release(name, number, expected, broken)
                progress(name, current.sequence - number + 1, current.sequence)
            expected = release.manifest.parent if release else None
            gap = 0 if release else gap + 1
            if release is not None:
                chain.append(release)
            elif gap == _MOST_BROKEN:
                chain.extend(have[older] for older in sorted(have, reverse=True) if older < number)
                break
        return tuple(reversed(chain))

    def _find_release(
        self, name: str, sequence: int, digest: str | None, broken: list[BrokenRelease]
    ) -> ReleaseHolding | None:
        tried = self._tried.get((name, sequence))
        if tried and time.monotonic() - tried[0] < _RETRY_BROKEN:
            broken.append(tried[1])
            return None
        try:
            release = self._fetch(name, sequence, digest)
        except _BROKEN as error:
            found = BrokenRelease(name, sequence, error)
            self._tried[name, sequence] = (time.monotonic(), found)
            broken.append(found)
            return None
        self._tried.pop((name, sequence), None)
        return release

    def _fetch(self, name: str, sequence: int, digest: str | None) -> ReleaseHolding:
        package = self.catalogue.action("package_show", id=release_name(name, sequence))
        stated = extras_of(package).get("shihyo_release", "")
        if digest is not None and stated != digest:
            raise _broken_chain(name, sequence, digest, stated)
        manifest = self._read_manifest(package, stated)
        if (manifest.dataset.name, manifest.sequence) != (name, sequence):
            raise _broken_chain(name, sequence, f"{name} {sequence}", f"{manifest.dataset.name} {manifest.sequence}")

        def fetch(file_name: str) -> AbstractContextManager[BinaryIO]:
            limit = manifest.get_file(file_name).bytes
            return self.catalogue.open_file(self._get_file(package, stated, file_name), limit=limit)

        return self.copy.store(manifest, fetch)

    def _read_manifest(self, package: Mapping[str, Any], digest: str) -> Manifest:
        resource = self._get_file(package, digest, MANIFEST_NAME)
        manifest = parse_manifest(self.catalogue.read_file(resource, limit=MANIFEST_LIMIT))
        if manifest.digest != digest:
            raise _broken_chain(package["name"], manifest.sequence, digest, manifest.digest)
        return manifest

    def _get_file(self, package: Mapping[str, Any], digest: str, file_name: str) -> Mapping[str, Any]:
        resource = find_file(package, digest, file_name)
        if resource is None:
            raise IntegrityError(
                f"リリース {package['name']} のファイル {file_name} がカタログにありません",
                f"The catalogue lacks file {file_name} of release {package['name']}",
                value=file_name,
            )
        return resource


def _is_public(package: Mapping[str, Any]) -> bool:
    return bool(package["state"] == "active" and not package.get("private"))


def _digests(holding: DatasetHolding) -> list[str]:
    return [one.digest for one in holding.releases]


def _broken_chain(name: str, sequence: int, stated: str, found: str) -> IntegrityError:
    return IntegrityError(
        f"データセット {name} のリリース {sequence} が、カタログの記載と違います",
        f"Release {sequence} of {name} is not the one that the catalogue states",
        stated=stated,
        computed=found,
    )
