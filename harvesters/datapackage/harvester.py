"""A Data Package, version 1 or 2: on the web, or in a folder that somebody handed in.

``url`` or ``path`` is the descriptor, or the folder that has ``datapackage.json`` in it. ``files`` chooses among its
resources by name, title or path. What the descriptor states of encoding, dialect, missing values and schema is how the
file is read, where the options say nothing (:mod:`harvesters.datapackage.descriptor`); its ``hash`` and ``bytes`` are
compared with what came. A resource in several files is put together and read as one; its parts are objects, too.

A package of a catalogue like ours has a table with the columns of our observations; without a mapping it is taken as it
is.

References
----------
Data Package v2.0, v1; ADR 136, ADR 137.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from catalog.database.jobs import HarvestObject
from catalog.errors import Label
from harvesters.base import Context, Fetched, HarvestSource
from harvesters.datapackage.descriptor import NAME, PackageResource, locate, read_descriptor, read_resources
from harvesters.documents import mappings_of, text_of
from harvesters.fetching.fetch import declared_path
from harvesters.options import Option
from harvesters.portal.harvester import Found, OwnRelease, PortalHarvester
from harvesters.portal.own_release import OwnTable, find_own_table
from harvesters.portal.remote_files import RemoteFile, Stated, choose, file_name, nothing_chosen
from harvesters.portal.rules import OPTIONS, tell_license


class DataPackage(PortalHarvester):
    """A Data Package."""

    kind: ClassVar[str] = "datapackage"
    version: ClassVar[str] = "1"
    title: ClassVar[Label] = Label("データパッケージ（datapackage.json）", "Data Package (datapackage.json)")
    options: ClassVar[tuple[Option, ...]] = tuple(one for one in OPTIONS if one.name != "pick")

    def within(self, source: HarvestSource) -> HarvestSource:
        """Return the source with the folder of its descriptor as its path: what is below it belongs to the package."""
        return _in_folder(source)

    def find(self, context: Context) -> Found:
        """Read the descriptor, and choose among its resources."""
        package = _Package(context)
        license = _license(package.descriptor)
        if context.source.options["mapping"] is None:
            table = find_own_table(package.descriptor, package.name)
            if table is None:
                return Found(documents=tuple(package.documents), files=())
            file = package.own_file(table)
            tell_license(context, [(file, license)])
            own = OwnRelease(descriptor=package.descriptor, table=table)
            return Found(documents=tuple(package.documents), files=(file,), own=own)
        chosen = list(_chosen(context, package.resources()))
        tell_license(context, [(one, license) for one in chosen])
        return Found(documents=tuple(package.documents), files=tuple(chosen))


class _Package:
    """A package while its descriptor is read."""

    def __init__(self, context: Context) -> None:
        self._context = context
        #: where the descriptor is
        self.location = _location(context.source)
        self.name = file_name(self.location)
        #: the descriptor, and the documents that it refers to, as they were fetched
        self.documents: list[Fetched] = []
        self.descriptor = read_descriptor(self._read(self.name, self.location), self.name)

    def resources(self) -> list[PackageResource]:
        """Return its resources that have files."""
        return read_resources(self.descriptor, self.name, self.location, self._dereference)

    def own_file(self, table: OwnTable) -> RemoteFile:
        """Return the file of a table of ours."""
        return RemoteFile(
            name=table.path,
            location=locate(self.location, table.path),
            title=table.path,
            format="CSV",
            stated=Stated.of(table.hash, table.bytes),
        )

    def _dereference(self, path: str) -> bytes:
        return self._read(path, locate(self.location, path))

    def _read(self, name: str, location: str) -> bytes:
        context = self._context
        wanted = HarvestObject(name=name, location=location)
        fetched = context.fetcher.fetch_once(_in_folder(context.source), wanted, context.known.get(name))
        if all(one.object.name != name for one in self.documents):
            self.documents.append(fetched)
        return fetched.path.read_bytes()


def _location(source: HarvestSource) -> str:
    if source.url is not None:
        path = source.url.partition("?")[0].partition("#")[0]
        return source.url if path.lower().endswith(".json") else f"{path.rstrip('/')}/{NAME}"
    return str(source.path if declared_path(source).is_file() else Path(str(source.path)) / NAME)


def _in_folder(source: HarvestSource) -> HarvestSource:
    if source.path is None or declared_path(source).is_dir():
        return source
    return replace(source, path=source.path.parent)


def _chosen(context: Context, resources: Sequence[PackageResource]) -> Iterator[RemoteFile]:
    """Yield the files that the options ask for, the parts of a table before the table."""
    options = context.source.options
    found = [one for one in resources if choose([_whole(one)], options["files"], options["formats"])]
    if not found:
        raise nothing_chosen(context, [_whole(one) for one in resources], [one.name for one in resources])
    for one in found:
        if len(one.files) > 1:
            yield from one.files
        yield _whole(one)


def _whole(resource: PackageResource) -> RemoteFile:
    first, several = resource.files[0], len(resource.files) > 1
    if not several:
        return first
    return replace(
        first,
        name=f"{resource.name} ({len(resource.files)} files)",
        title=resource.title,
        stated=Stated(),
        parts=tuple(one.name for one in resource.files),
    )


def _license(descriptor: Mapping[str, Any]) -> str:
    for one in mappings_of(descriptor.get("licenses")):
        return text_of(one.get("name")) or text_of(one.get("path"))
    return text_of(descriptor.get("license"))
