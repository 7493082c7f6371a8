"""The release that is current in the catalogue, with its Parquet file on this machine: what a harvest builds upon."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

from catalog.ckan import Catalogue, find_current
from catalog.ckan.mapping import release_name
from catalog.ckan.publish import find_file
from catalog.errors import IntegrityError, Label
from catalog.model import Manifest
from catalog.releases.build import Parent, load_built
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
            return load_built(folder)
        except IntegrityError:  # a damaged build is no loss: the catalogue has the release
            return _fetch(catalogue, manifest, copy)
    return _fetch(catalogue, manifest, copy)


def _fetch(catalogue: Catalogue, manifest: Manifest, copy: LocalCopy) -> Parent:
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
