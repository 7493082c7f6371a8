"""Edits by hand: noticing them, and keeping what people add.

With every publication the dataset package gets the extra ``shihyo_written``: JSON, field -> the first digits of the
sha256 of what we wrote there. At the next publication each of these fields is compared with what is there now. A field
that differs was edited by hand, and publishing says so instead of overwriting it silently. Fields that are not on the
list are other people's: extras, tags, resources and groups that were added stay.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from catalog.ckan.mapping import as_extras, extras_of
from catalog.model import canonical_json

WRITTEN = "shihyo_written"

#: fields of a dataset package that we write
_FIELDS = (
    "title",
    "notes",
    "license_id",
    "version",
    "url",
    "author",
    "author_email",
    "maintainer",
    "maintainer_email",
    "state",
)

#: fields of a resource whose value the catalogue writes in its own form
_NOT_COMPARED = frozenset({"id", "url"})
_DIGITS = 12
_OWN_FILE = re.compile(r"/([^/]+/resource/[^/]+/download/.*)$")


def with_written(package: Mapping[str, Any]) -> dict[str, Any]:
    """Return a package that we are about to write, with the list of what we write in it."""
    written = {field: _short(value) for field, value in _fields(package)}
    extras = {**extras_of(package), WRITTEN: canonical_json(written).decode()}
    return {**package, "extras": as_extras(extras)}


def find_edits(package: Mapping[str, Any]) -> list[str]:
    """Return the fields of a published package that are not as we wrote them, sorted; the rest is untouched."""
    try:
        written = json.loads(extras_of(package).get(WRITTEN, "{}"))
        now = {field: _short(value) for field, value in _fields(package)}
        return sorted(field for field, digest in written.items() if now.get(field) != digest)
    except (ValueError, AttributeError):
        return [f"extras.{WRITTEN}"]


def values_of(package: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of a package that are compared, as texts, by the names that :func:`find_edits` gives them."""
    return {field: str(value) for field, value in _fields(package)}


def merged(existing: Mapping[str, Any], package: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``package`` together with what others added to ``existing``: fields, extras, tags, groups, resources.

    What we wrote the last time and do not write now goes.
    """
    ours = _written_names(existing)
    kept_extras = {
        key: one for key, one in extras_of(existing).items() if f"extras.{key}" not in ours and key != WRITTEN
    }
    tags = [{"name": one["name"]} for one in existing.get("tags", ()) if f"tags.{one['name']}" not in ours]
    new_tags = {one["name"] for one in package["tags"]}
    ids = {one["id"] for one in package["resources"]}
    written_ids = {name.split(".")[1] for name in ours if name.startswith("resources.")}
    resources = [one for one in existing.get("resources", ()) if one["id"] not in ids | written_ids]
    return {
        **existing,
        **package,
        "extras": as_extras({**kept_extras, **extras_of(package)}),
        "tags": [*package["tags"], *(one for one in tags if one["name"] not in new_tags)],
        "resources": [*_with_tables(package["resources"], existing), *resources],
    }


def _with_tables(resources: list[dict[str, Any]], existing: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Mark the resources that have a table in CKAN's DataStore: an update that does not say so makes CKAN forget."""
    active = {one["id"] for one in existing.get("resources", ()) if one.get("datastore_active")}
    return [{**one, "datastore_active": True} if one["id"] in active else one for one in resources]


def carry_written(source: Mapping[str, Any], copy: Mapping[str, Any]) -> str:
    """Return the list of what we wrote for a copy in another catalogue.

    What was edited by hand in ``source`` stays edited; the rest, such as addresses of files, is as it is in ``copy``.
    """
    edits, raw = set(find_edits(source)), extras_of(source)[WRITTEN]
    if f"extras.{WRITTEN}" in edits:
        return raw
    now = {field: _short(value) for field, value in _fields(copy)}
    written = json.loads(raw)
    carried = {field: digest if field in edits else now.get(field, digest) for field, digest in written.items()}
    return canonical_json(carried).decode()


def _written_names(package: Mapping[str, Any]) -> set[str]:
    try:
        return set(json.loads(extras_of(package).get(WRITTEN, "{}")))
    except ValueError:
        return set()


def _fields(package: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in _FIELDS:
        yield name, package.get(name) or ""
    for tag in package.get("tags", ()):
        yield f"tags.{tag['name']}", tag["name"]
    for key, value in extras_of(package).items():
        if key != WRITTEN:
            yield f"extras.{key}", value
    for resource in package.get("resources", ()):
        for key, value in resource.items():
            if key not in _NOT_COMPARED:
                yield f"resources.{resource['id']}.{key}", value
        yield f"resources.{resource['id']}.url", _without_site(resource.get("url", ""))


def _without_site(url: str) -> str:
    """Return the address of a file of a package without the site; CKAN writes the type of the package before its id."""
    found = _OWN_FILE.search(url)
    return found[1] if found else url.rpartition("/dataset/")[2]


def _short(value: Any) -> str:
    return hashlib.sha256(str(value).encode()).hexdigest()[:_DIGITS]
