"""The resources of a package as they are stored: addresses, and what is said of uploaded files.

An update that leaves out a field empties it, except for those in :data:`KEPT`, which CKAN keeps. A file stays with
its resource until another one is uploaded, or the resource becomes a plain address.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import orjson

from catalog.embedded.clock import now
from catalog.embedded.files import StagedFile, clean_filename
from catalog.embedded.registry import Call

#: the fields of a resource and what they are when not given
DEFAULTS: Mapping[str, Any] = {
    "cache_last_updated": None,
    "cache_url": None,
    "created": None,
    "datastore_active": False,
    "description": None,
    "format": "",
    "hash": "",
    "id": None,
    "last_modified": None,
    "metadata_modified": None,
    "mimetype": None,
    "mimetype_inner": None,
    "name": None,
    "package_id": None,
    "position": 0,
    "resource_type": None,
    "size": None,
    "state": "active",
    "url": "",
    "url_type": None,
}

#: what an update that leaves it out does not empty
KEPT = (
    "cache_last_updated",
    "cache_url",
    "created",
    "format",
    "hash",
    "last_modified",
    "name",
    "size",
    "url_type",
)

#: what an uploaded file says about itself, where the caller says nothing
OF_THE_FILE = ("hash", "size", "mimetype")


@dataclass(frozen=True, slots=True)
class Uploads:
    """The files that come with a package that is saved."""

    #: position of a resource -> its new file
    new: Mapping[int, StagedFile] = field(default_factory=dict)


NO_UPLOADS = Uploads()

#: how the path of an uploaded file begins
_OWN_FILES = "/dataset/"


def complete_address(call: Call, resource: dict[str, Any]) -> None:
    """Put the address of the site before the stored path of an uploaded file, or of a link to one."""
    if resource["url_type"] == "upload" or resource["url"].startswith(_OWN_FILES):
        resource["url"] = call.site.url + resource["url"]


def download_path(package_id: str, resource_id: str, filename: str) -> str:
    """Return where a file is downloaded, without the site's address; Japanese names are percent-encoded."""
    return f"/dataset/{package_id}/resource/{resource_id}/download/{quote(filename, safe='')}"


class Shelf:
    """Makes and writes the resources of one package that is being saved.

    Parameters
    ----------
    document
        The package; its id and ``metadata_modified`` are used.
    before
        The package as it was; None for a new one.
    """

    def __init__(
        self, call: Call, document: Mapping[str, Any], before: Mapping[str, Any] | None, uploads: Uploads
    ) -> None:
        self._call = call
        self._document = document
        self._earlier = {item["id"]: item for item in before["resources"]} if before else {}
        self._uploads = uploads
        self._stored = _stored_files(call.db, document["id"])

    def made(self, given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the resources as they will be stored."""
        return [self._made(position, item) for position, item in enumerate(given)]

    def write(self) -> None:
        """Replace the rows of the package's resources."""
        self._call.db.execute("DELETE FROM resource WHERE package_id = ?", (self._document["id"],))
        rows = [self._row(resource) for resource in self._document["resources"]]
        self._call.db.executemany("INSERT INTO resource VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def _made(self, position: int, item: Mapping[str, Any]) -> dict[str, Any]:
        earlier, new = self._earlier.get(item.get("id")), self._uploads.new.get(position)
        said = {key: value for key, value in item.items() if value is not None or key not in KEPT}
        resource = {**DEFAULTS, **_kept(earlier, new), **said}
        resource["id"] = resource["id"] or str(uuid.uuid4())
        resource["package_id"], resource["position"], resource["state"] = self._document["id"], position, "active"
        stored = self._stored.get(resource["id"])
        if new:
            _describe(resource, new)
        elif not self._keeps_file(resource, stored):
            _make_address(resource, stored, self._call.site.url)
        resource["created"] = resource["created"] or self._document["metadata_modified"]
        same = earlier is not None and {**earlier, "metadata_modified": None} == {**resource, "metadata_modified": None}
        resource["metadata_modified"] = (earlier if earlier and same else self._document)["metadata_modified"]
        return resource

    def _keeps_file(self, resource: dict[str, Any], stored: sqlite3.Row | None) -> bool:
        """Give a resource that stays an upload its address; return whether it does."""
        own = download_path(resource["package_id"], resource["id"], "")
        local = str(resource["url"]).removeprefix(self._call.site.url).startswith(own)
        if resource["url_type"] != "upload" and not (stored and local and resource["url_type"] is None):
            return False
        last = unquote(str(resource["url"]).rsplit("/", 1)[-1])
        name = clean_filename(last) if last or not stored else stored["file_name"]
        resource["url_type"], resource["url"] = "upload", own + quote(name, safe="")
        return True

    def _row(self, resource: Mapping[str, Any]) -> tuple[Any, ...]:
        new, stored = self._uploads.new.get(resource["position"]), self._stored.get(resource["id"])
        head = (resource["id"], self._document["id"], resource["position"], orjson.dumps(resource).decode())
        if new:
            return (*head, new.sha256, new.filename, new.size, new.mimetype, new.encoding)
        if stored and resource["url_type"] == "upload":
            name = unquote(resource["url"].rsplit("/", 1)[-1])
            facts = (stored[f"file_{key}"] for key in ("size", "mimetype", "encoding"))
            return (*head, stored["file_sha256"], name, *facts)
        return (*head, None, None, None, None, None)


def _stored_files(db: sqlite3.Connection, package_id: str) -> dict[str, sqlite3.Row]:
    rows = db.execute("SELECT * FROM resource WHERE package_id = ? AND file_sha256 IS NOT NULL", (package_id,))
    return {row["id"]: row for row in rows}


def _kept(earlier: Mapping[str, Any] | None, new: StagedFile | None) -> dict[str, Any]:
    if earlier is None:
        return {}
    return {key: earlier[key] for key in KEPT if not (new and key in OF_THE_FILE)}


def _describe(resource: dict[str, Any], new: StagedFile) -> None:
    """Fill in what the new file says, where the caller says nothing."""
    said = {"hash": new.sha256, "size": new.size, "mimetype": new.mimetype}
    for key in OF_THE_FILE:
        resource[key] = resource[key] or said[key]
    resource["url_type"], resource["last_modified"] = "upload", now()
    resource["url"] = download_path(resource["package_id"], resource["id"], new.filename)


def _make_address(resource: dict[str, Any], stored: sqlite3.Row | None, site_url: str) -> None:
    """Make a resource a plain address, and forget what its file said if it had one.

    A link to a file of this site is kept without the site, which may move.
    """
    resource["url_type"] = resource["url_type"] or None
    url = str(resource["url"])
    # as CKAN: what has no scheme is taken for a web address
    url = f"http://{url.lstrip('/')}" if url and not _scheme(url) else url
    resource["url"] = url.removeprefix(site_url) if url.startswith(site_url + _OWN_FILES) else url
    if stored:
        facts = {"hash": stored["file_sha256"], "size": stored["file_size"], "mimetype": stored["file_mimetype"]}
        forgotten = {key: DEFAULTS[key] for key, value in facts.items() if resource[key] == value}
        resource.update(forgotten)


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""
