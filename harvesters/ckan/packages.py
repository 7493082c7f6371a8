"""Packages and resources of a CKAN portal, as far as a harvest needs them, and the list of them that a run keeps.

What a portal says is read into texts here; what is missing or of another type is an empty text. The list is kept by the
run as an object of its own, so that the next run can ask for changes alone and see which files have changed.

References
----------
CKAN 2.12, the dictionaries of packages and resources, recorded on 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from catalog.errors import Label
from catalog.model import canonical_json
from harvesters.documents import mappings_of, read_json, text_of, unexpected

#: resources of one package that are listed
MOST_RESOURCES = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource of a package, as far as a harvest needs it; texts are empty where CKAN says nothing."""

    id: str
    name: str
    format: str
    mimetype: str
    url: str
    #: ``upload`` if CKAN has the file itself
    url_type: str
    #: when the file, and when its description, was last changed
    last_modified: str
    metadata_modified: str
    created: str
    hash: str
    hash_algorithm: str
    #: size in bytes as CKAN says it
    size: str
    #: name of the file of a release, if a catalogue like ours made it
    shihyo_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package, as far as a harvest needs it."""

    id: str
    name: str
    title: str
    #: when it was last changed; naive, UTC
    metadata_modified: str
    license_id: str
    license_url: str
    #: digest of the current release, if a catalogue like ours made it
    shihyo_release: str
    resources: tuple[Resource, ...] = ()
    #: whether only members of its organisation may see it
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The packages of a portal at one moment."""

    packages: tuple[Package, ...] = ()
    #: names that were asked for and are not there
    absent: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """Return the list as it is kept; the same list gives the same bytes."""
        packages = sorted((asdict(one) for one in self.packages), key=lambda one: str(one["id"]))
        return canonical_json({"packages": packages, "absent": sorted(self.absent)})

    @classmethod
    def from_bytes(cls, content: bytes) -> Listing:
        """Inverse of :meth:`to_bytes`."""
        raw = read_json(content, "datasets.json")
        packages = tuple(
            Package(**{**one, "resources": tuple(Resource(**each) for each in one["resources"])})
            for one in raw["packages"]
        )
        return cls(packages=packages, absent=tuple(raw["absent"]))


def read_package(raw: Any, url: str) -> Package:
    """Read what a portal says of a package.

    Raises
    ------
    InputError
        If it has no id or name.
    """
    if not isinstance(raw, Mapping) or not text_of(raw.get("id")) or not text_of(raw.get("name")):
        raise unexpected(
            url, "results", Label("id か name のないデータセットがあります", "A dataset has no id or name")
        )
    resources = [one for one in mappings_of(raw.get("resources")) if text_of(one.get("id"))]
    if len(resources) > MOST_RESOURCES:
        what = Label(f"ファイルが{len(resources)}件あるデータセットです", f"A dataset has {len(resources)} files")
        raise unexpected(url, text_of(raw["name"]), what)
    extras = {text_of(one.get("key")): text_of(one.get("value")) for one in mappings_of(raw.get("extras"))}
    return Package(
        id=text_of(raw["id"]),
        name=text_of(raw["name"]),
        title=text_of(raw.get("title")) or text_of(raw["name"]),
        metadata_modified=text_of(raw.get("metadata_modified")),
        license_id=text_of(raw.get("license_id")),
        license_url=text_of(raw.get("license_url")),
        shihyo_release=extras.get("shihyo_release", ""),
        resources=tuple(_resource(one) for one in resources if one.get("state", "active") == "active"),
        private=raw.get("private") is True,
    )


def _resource(raw: Mapping[str, Any]) -> Resource:
    size = raw.get("size")
    texts = {name: text_of(raw.get(name)) for name in Resource.__dataclass_fields__ if name != "size"}
    return Resource(**texts, size=str(size) if isinstance(size, int | float) else text_of(size))


def is_active(raw: Mapping[str, Any]) -> bool:
    return bool(raw.get("state", "active") == "active")
