"""Releases in the catalogue with their Parquet files on this machine: the current one, and earlier ones."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

from catalog.ckan import Catalogue, find_current
from catalog.ckan.mapping import CurrentRelease, extras_of, release_name
from catalog.ckan.publish import find_file, read_manifest
from catalog.errors import IntegrityError, Label
from catalog.model import Manifest
from catalog.releases.build import Parent, load_built
from catalog.releases.holdings import ReleaseHolding
from catalog.releases.local_copy import LocalCopy


def find_parent(catalogue: Catalogue, name: str, *, builds: Path, copy: LocalCopy) -> Parent | None:
    """Return the current release of a dataset, or None if none was published.

    It is taken from the builds if it is still there, and fetched from the catalogue into ``copy`` otherwise.

    Raises
    ------
    CatalogueError
        If the catalogue does not answer.
    IntegrityError
        If what the catalogue has is not what its manifest states.
    """
    manifest = find_current(catalogue, name)
    if manifest is None:
        return None
    folder = builds / manifest.digest
    if folder.is_dir():
        try:
            built = load_built(folder)
        except IntegrityError:  # a damaged build is no loss: the catalogue has the release
            return _fetch(catalogue, manifest, copy)
        os.utime(folder)  # maintenance leaves alone what is in use
        return built
    return _fetch(catalogue, manifest, copy)


def find_release(catalogue: Catalogue, name: str, sequence: int, *, copy: LocalCopy) -> ReleaseHolding | None:
    """Return a release of a dataset by its place in the chain, or None if it is not there.

    Raises
    ------
    CatalogueError
        If the catalogue does not answer.
    IntegrityError
        If what the catalogue has is not what its manifest states.
    """
    package = catalogue.find_package(release_name(name, sequence))
    digest = extras_of(package).get("shihyo_release") if package and package["state"] == "active" else None
    if digest is None:
        return None
    return _fetch(catalogue, read_manifest(catalogue, name, CurrentRelease(digest, sequence)), copy)


def find_sequence(catalogue: Catalogue, name: str, version: str, *, newest: int) -> int | None:
    """Return the place of the release with a version, or None; looks from the newest one back."""
    for sequence in range(newest, 0, -1):
        package = catalogue.find_package(release_name(name, sequence))
        if package and extras_of(package).get("shihyo_version") == version:
            return sequence
    return None


def _fetch(catalogue: Catalogue, manifest: Manifest, copy: LocalCopy) -> ReleaseHolding:
    name = manifest.dataset.name
    package: dict[str, Any] = catalogue.find_package(release_name(name, manifest.sequence)) or {"resources": []}

    def open_file(file: str) -> AbstractContextManager[BinaryIO]:
        resource = find_file(package, manifest.digest, file)
        if resource is None:
            raise IntegrityError(
                f"カタログに {name} のファイル {file} がありません",
                f"The catalogue lacks the file {file} of {name}",
                next_step=Label("カタログの管理者に知らせてください", "Tell the administrator of the catalogue"),
                value=file,
            )
        return catalogue.open_file(resource)

    return copy.store(manifest, open_file)
