"""What of a package, an organisation or a group is carried from one catalogue to another, and how two are compared.

Ids of resources are carried; what a catalogue computes or decides itself (counts, times, addresses of uploaded files,
users, the DataStore's flag) is not. Empty values and absent ones are the same. Members a catalogue adds by extensions
are carried as they are; when the other one does not keep them, :func:`differences` names them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from catalog.ckan.mapping import as_extras, extras_of
from catalog.model import canonical_json

#: extra of a package whose copy is under way: which copy it is
MARK = "shihyo_copying"

#: members of a package that a catalogue decides itself, or that are carried in another form
_NOT_CARRIED = frozenset(
    {
        "creator_user_id",
        "extras",
        "groups",
        "id",
        "isopen",
        "license_title",
        "license_url",
        "metadata_created",
        "metadata_modified",
        "num_resources",
        "num_tags",
        "organization",
        "owner_org",
        "plugin_data",
        "relationships_as_object",
        "relationships_as_subject",
        "resources",
        "revision_id",
        "state",
        "tags",
        "tracking_summary",
    }
)
_NOT_CARRIED_OF_A_RESOURCE = frozenset(
    {
        "cache_last_updated",
        "cache_url",
        "created",
        "datastore_active",
        "last_modified",
        "metadata_modified",
        "on_same_domain",
        "package_id",
        "position",
        "revision_id",
        "state",
        "tracking_summary",
    }
)
#: what a catalogue fills in about an uploaded file when nobody says it
_FILLED_IN = ("format", "hash", "mimetype", "size")
_OF_A_COMMUNITY = ("name", "title", "description", "image_url")


def portable_package(package: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is carried of a package; tags and groups by name, extras as a dictionary, resources by id."""
    carried = {key: value for key, value in package.items() if key not in _NOT_CARRIED}
    return _without_empty(
        {
            **carried,
            "owner_org": (package.get("organization") or {}).get("name"),
            "tags": sorted(one["name"] for one in package.get("tags", ())),
            "groups": sorted(one["name"] for one in package.get("groups", ())),
            "extras": {key: value for key, value in extras_of(package).items() if key != MARK},
            "resources": [portable_resource(one) for one in package.get("resources", ())],
        }
    )


def portable_resource(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is carried of a resource; the address of an uploaded file is not."""
    carried = {key: value for key, value in resource.items() if key not in _NOT_CARRIED_OF_A_RESOURCE}
    if is_upload(resource):
        del carried["url"]
    elif resource.get("url_type"):
        # A table without a file (datastore, tabledesigner): the other catalogue can only link to it.
        del carried["url_type"]
    return _without_empty(carried)


def portable_community(community: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is carried of an organisation or a group; of a logo only the address of one that lies elsewhere."""
    carried = {key: community.get(key) for key in _OF_A_COMMUNITY}
    if not str(carried["image_url"] or "").startswith(("http://", "https://")):
        carried["image_url"] = None
    return _without_empty({**carried, "extras": extras_of(community)})


def is_upload(resource: Mapping[str, Any]) -> bool:
    """Return whether a resource is a file in the catalogue."""
    return resource.get("url_type") == "upload"


def payload_of(portable: Mapping[str, Any]) -> dict[str, Any]:
    """Return a portable package as an action takes it."""
    return {
        "private": False,
        **portable,
        "tags": [{"name": one} for one in portable.get("tags", ())],
        "groups": [{"name": one} for one in portable.get("groups", ())],
        "extras": as_extras(portable.get("extras", {})),
        "resources": list(portable.get("resources", ())),
    }


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Return the names of what differs between two portable packages or communities, sorted."""
    mine, theirs = dict(_flat(wanted)), dict(_flat(found))
    ignored = {f"resources.{one['id']}.{key}" for one in found.get("resources", ()) for key in _FILLED_IN} - set(mine)
    return sorted(key for key in {*mine, *theirs} - ignored if mine.get(key) != theirs.get(key))


def fingerprint(package: Mapping[str, Any], portable: Mapping[str, Any]) -> str:
    """Return a digest that changes whenever something that is carried changes, files included."""
    files = {one["id"]: stamp(one) for one in package.get("resources", ()) if is_upload(one)}
    return hashlib.sha256(canonical_json({"carried": portable, "files": files})).hexdigest()


def stamp(resource: Mapping[str, Any]) -> list[Any]:
    """Return what tells that the file of a resource was replaced, without reading it."""
    return [resource.get("last_modified"), resource.get("size"), resource.get("hash")]


def _flat(portable: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for key, value in portable.items():
        if key == "resources" and value:
            yield "resources", str([one["id"] for one in value])
            for one in value:
                yield from ((f"resources.{one['id']}.{name}", str(part)) for name, part in one.items())
        elif key == "extras":
            yield from ((f"extras.{name}", str(part)) for name, part in value.items())
        elif key in {"groups", "tags", "resources"}:
            yield from ((f"{key}.{name}", name) for name in value)
        else:
            yield key, str(value)


def _without_empty(members: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value not in (None, "", [], {}, False)}
