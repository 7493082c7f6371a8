"""Organisations and groups as they are stored, and how they are answered. CKAN keeps both in one table; so do we."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.embedded.errors import NotFound
from catalog.embedded.registry import Call, denied, flag
from catalog.embedded.users import user_dict
from catalog.errors import Label

#: role -> name in the lists of members
ROLE_NAMES = {
    "admin": Label("管理者", "Admin"),
    "editor": Label("編集者", "Editor"),
    "member": Label("メンバー", "Member"),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What differs between organisations and groups."""

    #: ``organization`` or ``group``: the beginning of the actions' names, and the default type
    name: str
    #: the column of the table
    is_organization: int
    #: for texts
    label: Label


ORGANIZATION = Kind("organization", 1, Label("組織", "Organization"))
GROUP = Kind("group", 0, Label("グループ", "Group"))


def find_community(db: sqlite3.Connection, name_or_id: Any) -> sqlite3.Row | None:
    """Return the row of an organisation or group by id or name."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM community WHERE id = ?1 OR name = ?1 ORDER BY id = ?1 DESC", (str(name_or_id),)
    ).fetchone()
    return row


def get_community(call: Call, name_or_id: Any, kind: Kind | None = None) -> sqlite3.Row:
    """Return the row of an organisation or group of a kind, whoever asks."""
    row = find_community(call.db, name_or_id)
    if row is None or (kind and row["is_organization"] != kind.is_organization):
        raise NotFound(Label("見つかりません", "Not found"))
    return row


def get_readable_community(call: Call, name_or_id: Any, kind: Kind) -> sqlite3.Row:
    """Return the row of an organisation or group that the caller may see: deleted ones are for those who read in it."""
    row = get_community(call, name_or_id, kind)
    if row["state"] != "active" and not call.caller.may("read", row["id"]):
        raise denied(call, f"グループ {row['id']} の閲覧", f"read group {row['id']}")
    return row


def plain_dict(row: sqlite3.Row) -> dict[str, Any]:
    """Return an organisation or group without what belongs to it."""
    return {
        "approval_status": row["approval_status"],
        "created": row["created"],
        "description": row["description"],
        "display_name": row["title"] or row["name"],
        "id": row["id"],
        "image_display_url": row["image_url"],
        "image_url": row["image_url"],
        "is_organization": bool(row["is_organization"]),
        "name": row["name"],
        "state": row["state"],
        "title": row["title"],
        "type": row["type"],
    }


def package_counts(call: Call) -> dict[str, int]:
    """Return community id -> public datasets."""
    rows = call.db.execute(
        "SELECT community_id, count(*) FROM member JOIN package ON package.id = table_id"
        " WHERE table_name = 'package' AND package.state = 'active' AND package.private = 0 GROUP BY community_id"
    )
    return {row[0]: row[1] for row in rows}


def full_dict(call: Call, row: sqlite3.Row, options: Mapping[str, Any], counts: Mapping[str, int]) -> dict[str, Any]:
    """Return an organisation or group as ``*_show`` answers it; ``options`` are the ``include_*`` parameters."""
    found = {**plain_dict(row), "num_followers": 0}
    if flag(options.get("include_dataset_count"), default=True):
        found["package_count"] = counts.get(row["id"], 0)
    if flag(options.get("include_users"), default=True):
        found["users"] = users_of(call, row["id"])
    if flag(options.get("include_extras"), default=True):
        found["extras"] = json.loads(row["extras"])
    if flag(options.get("include_groups"), default=True):
        found["groups"] = parents_of(call, row["id"], counts)
    return found


def users_of(call: Call, community_id: str) -> list[dict[str, Any]]:
    """Return the users of an organisation or group with their roles."""
    rows = call.db.execute(
        "SELECT user_account.*, capacity FROM member JOIN user_account ON user_account.id = table_id"
        " WHERE community_id = ? AND table_name = 'user' AND member.state = 'active' AND user_account.state = 'active'"
        " ORDER BY coalesce(nullif(fullname, ''), user_account.name)",
        (community_id,),
    ).fetchall()
    return [{**user_dict(call, row), "capacity": row["capacity"]} for row in rows]


def parents_of(call: Call, community_id: str, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return the groups that an organisation or group belongs to, with the capacity."""
    rows = call.db.execute(
        "SELECT community.*, capacity FROM member JOIN community ON community.id = table_id"
        " WHERE community_id = ? AND table_name = 'group' AND member.state = 'active' AND community.state = 'active'"
        " ORDER BY community.title, community.name",
        (community_id,),
    )
    return [{**plain_dict(row), "package_count": counts.get(row["id"], 0), "capacity": row["capacity"]} for row in rows]
