"""Packages as they are stored: finding them, who may see and edit them, and saving them with their search index.

The column ``document`` holds a package as ``package_show`` answers it, so that a list of packages is one query.
What stands in it about its organisation and groups is copied in, and copied again when those change
(:func:`refresh`). Addresses of uploaded files are kept without the site's address, which may change.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from catalog.embedded.clock import after, now
from catalog.embedded.errors import NotAuthorized, NotFound
from catalog.embedded.licenses import all_licenses
from catalog.embedded.registry import Call, denied
from catalog.embedded.resources import NO_UPLOADS, Shelf, Uploads, complete_address
from catalog.embedded.search.index import index_package
from catalog.errors import Label

#: the fields of a package that a caller sets and that are null when not given
PLAIN_FIELDS = (
    "author",
    "author_email",
    "license_id",
    "maintainer",
    "maintainer_email",
    "notes",
    "url",
    "version",
)


def find_package(db: sqlite3.Connection, name_or_id: Any) -> sqlite3.Row | None:
    """Return the row of a package by id or name; a deleted one only where no other has the name."""
    row: sqlite3.Row | None = db.execute("SELECT * FROM package WHERE id = ?", (str(name_or_id),)).fetchone()
    if row is None:
        row = db.execute(
            "SELECT * FROM package WHERE name = ? ORDER BY state = 'deleted', seq DESC LIMIT 1", (str(name_or_id),)
        ).fetchone()
    return row


def get_package(call: Call, name_or_id: Any) -> sqlite3.Row:
    """Return the row of a package that the caller may see.

    Raises
    ------
    NotFound
        If there is none.
    NotAuthorized
        If the caller may not see it.
    """
    row = find_package(call.db, name_or_id)
    if row is None:
        raise not_found()
    if not may_read(call, row):
        raise denied(call, f"パッケージ {row['id']} の閲覧", f"read package {row['id']}")
    return row


def not_found() -> NotFound:
    """Return CKAN's bare "not found"."""
    return NotFound(Label("見つかりません", "Not found"))


def may_read(call: Call, row: sqlite3.Row) -> bool:
    """Return whether the caller sees a package.

    Public ones everybody; private and deleted ones the members of the organisation; drafts those who edit them.
    """
    if row["state"] == "active" and not row["private"]:
        return True
    return call.caller.may("update_dataset" if row["state"] == "draft" else "read", row["owner_org"])


def need_edit(call: Call, row: sqlite3.Row, refusal: NotAuthorized | None = None) -> None:
    """Refuse a caller who may not edit a package."""
    if not call.caller.may("update_dataset", row["owner_org"]):
        raise refusal or denied(call, f"パッケージ {row['id']} の編集", f"edit package {row['id']}")


def answer(call: Call, document: bytes | str) -> dict[str, Any]:
    """Return a stored document as the caller gets it: with full download addresses."""
    package: dict[str, Any] = orjson.loads(document)
    for resource in package["resources"]:
        complete_address(call, resource)
    return package


def answers(call: Call, rows: Iterable[sqlite3.Row]) -> list[dict[str, Any]]:
    """Return the packages of rows as the caller gets them."""
    return [answer(call, row["document"]) for row in rows]


def save(
    call: Call, own: Mapping[str, Any], previous: sqlite3.Row | None, uploads: Uploads = NO_UPLOADS
) -> dict[str, Any]:
    """Write a package, its resources, tags, groups and search index; return it as the caller gets it.

    Parameters
    ----------
    own
        The checked fields; what is missing is empty. ``resources`` with their ids where they exist.
    previous
        The row that is replaced; None for a new package. Nothing is written if nothing changes.
    """
    before = orjson.loads(previous["document"]) if previous else None
    package_id = before["id"] if before else own.get("id") or str(uuid.uuid4())
    document = _document(call, package_id, own, before)
    shelf = Shelf(call, document, before, uploads)
    document["resources"] = shelf.made(own.get("resources", []))
    document["num_resources"] = len(document["resources"])
    if before is not None and not uploads.new and _same(before, document):
        return answer(call, previous["document"] if previous else b"")
    for staged in uploads.new.values():
        call.store.place(staged)
    seq = _write_package(call.db, document, previous)
    shelf.write()
    _write_groups(call.db, document)
    index_package(call.db, seq, document)
    return answer(call, orjson.dumps(document))


def _document(call: Call, package_id: str, own: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    earlier = before or {}
    title = own.get("title") or earlier.get("title") or own.get("name") or earlier["name"]
    document = {
        **{key: own.get(key) for key in PLAIN_FIELDS},
        "id": package_id,
        "name": own.get("name") or earlier["name"],
        "title": title,
        "type": earlier.get("type") or own.get("type") or "dataset",
        "state": own.get("state") or earlier.get("state") or "active",
        "private": own.get("private", False),
        "owner_org": own.get("owner_org") or earlier["owner_org"],
        "creator_user_id": earlier.get("creator_user_id") if before else call.caller.user_id,
        "metadata_created": earlier.get("metadata_created") or own.get("metadata_created") or now(),
        "metadata_modified": _modified(own, before),
        "extras": _extras(own.get("extras", [])),
        "tags": _tags(call.db, own),
        "relationships_as_subject": [],
        "relationships_as_object": [],
    }
    document["num_tags"] = len(document["tags"])
    document.update(_license(document["license_id"]))
    document["organization"] = organization_of(call.db, document["owner_org"])
    document["groups"] = _groups(call.db, own.get("groups", []))
    return document


def _modified(own: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    if before:
        return after(before["metadata_modified"])
    return own.get("metadata_modified") or now()


def _extras(given: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    kept = [{"key": item["key"], "value": item["value"]} for item in given if not item.get("deleted")]
    return sorted(kept, key=lambda item: item["key"])


def _license(license_id: str | None) -> dict[str, Any]:
    known = all_licenses().get(license_id or "")
    facts: dict[str, Any] = {
        "isopen": known.is_open if known else False,
        "license_title": known.title.ja if known else license_id,
    }
    return {**facts, "license_url": known.url} if known and known.url else facts


def _tags(db: sqlite3.Connection, own: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [_tag(db, name) for name in sorted({tag["name"] for tag in own.get("tags", [])})]


def _tag(db: sqlite3.Connection, name: str) -> dict[str, Any]:
    db.execute("INSERT OR IGNORE INTO tag (id, name) VALUES (?, ?)", (str(uuid.uuid4()), name))
    tag_id = db.execute("SELECT id FROM tag WHERE name = ?", (name,)).fetchone()[0]
    return {"display_name": name, "id": tag_id, "name": name, "state": "active", "vocabulary_id": None}


def organization_of(db: sqlite3.Connection, owner_org: str) -> dict[str, Any]:
    """Return what a package says about its organisation."""
    row = db.execute(
        "SELECT id, name, title, type, description, image_url, created, is_organization, approval_status, state"
        " FROM community WHERE id = ?",
        (owner_org,),
    ).fetchone()
    return {**dict(row), "is_organization": True}


def _groups(db: sqlite3.Connection, given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows = {row["id"]: row for row in (get_group_reference(db, item) for item in given)}
    return [
        {
            "description": row["description"],
            "display_name": row["title"] or row["name"],
            "id": row["id"],
            "image_display_url": row["image_url"],
            "name": row["name"],
            "title": row["title"],
        }
        for row in sorted(rows.values(), key=lambda row: str(row["title"] or row["name"]))
    ]


def get_group_reference(db: sqlite3.Connection, reference: Mapping[str, Any]) -> sqlite3.Row:
    """Return the row of the group that a package names by ``id`` or ``name``."""
    key = str(reference.get("id") or reference.get("name") or "")
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM community WHERE (id = ? OR name = ?) AND is_organization = 0 AND state = 'active'", (key, key)
    ).fetchone()
    if row is None:
        raise NotFound(Label(f"グループ「{key}」はありません", f"Group was not found: {key}"))
    return row


def _same(before: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    return {**before, "metadata_modified": None} == {**document, "metadata_modified": None}


def _write_package(db: sqlite3.Connection, document: Mapping[str, Any], previous: sqlite3.Row | None) -> int:
    columns = (
        "id",
        "name",
        "title",
        "type",
        "owner_org",
        "private",
        "state",
        "creator_user_id",
        "metadata_created",
        "metadata_modified",
    )
    values = {**{key: document[key] for key in columns}, "document": orjson.dumps(document).decode()}
    values["seq"] = previous["seq"] if previous else None
    names = ", ".join(values)
    marks = ", ".join(f":{key}" for key in values)
    updates = ", ".join(f"{key} = excluded.{key}" for key in values if key not in {"seq", "id"})
    row = db.execute(
        f"INSERT INTO package ({names}) VALUES ({marks})"  # noqa: S608 - own names
        f" ON CONFLICT (id) DO UPDATE SET {updates} RETURNING seq",
        values,
    ).fetchone()
    return int(row[0])


def _write_groups(db: sqlite3.Connection, document: Mapping[str, Any]) -> None:
    db.execute("DELETE FROM member WHERE table_name = 'package' AND table_id = ?", (document["id"],))
    places = [(group["id"], "public") for group in document["groups"]]
    places.append((document["owner_org"], "organization"))
    db.executemany(
        "INSERT INTO member (id, community_id, table_name, table_id, capacity) VALUES (?, ?, 'package', ?, ?)",
        [(str(uuid.uuid4()), community, document["id"], capacity) for community, capacity in places],
    )


def change_stored(call: Call, row: sqlite3.Row, changes: Mapping[str, Any]) -> None:
    """Change single fields of a stored package without checking it again, and write its index."""
    before = orjson.loads(row["document"])
    document = {**before, **changes, "metadata_modified": after(before["metadata_modified"])}
    seq = _write_package(call.db, document, row)
    _write_groups(call.db, document)
    index_package(call.db, seq, document)


def refresh(call: Call, community_id: str) -> None:
    """Copy an organisation or a group that has changed into the packages that belong to it."""
    rows = call.db.execute(
        "SELECT package.* FROM package JOIN member ON table_name = 'package' AND table_id = package.id"
        " WHERE community_id = ?",
        (community_id,),
    ).fetchall()
    for row in rows:
        document = orjson.loads(row["document"])
        kept = [group for group in document["groups"] if _is_active(call.db, group["id"])]
        changes = {
            "organization": organization_of(call.db, row["owner_org"]),
            "groups": _groups(call.db, kept),
        }
        change_stored(call, row, changes)


def _is_active(db: sqlite3.Connection, community_id: str) -> bool:
    row = db.execute("SELECT state FROM community WHERE id = ?", (community_id,)).fetchone()
    return row is not None and row["state"] == "active"
