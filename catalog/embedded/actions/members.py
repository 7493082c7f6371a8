"""Actions on the members of organisations and groups."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from catalog.embedded.callers import PERMISSIONS
from catalog.embedded.communities import ROLE_NAMES, find_community, get_community
from catalog.embedded.errors import NotAuthorized, NotFound, ValidationError
from catalog.embedded.packages import find_package, save
from catalog.embedded.registry import Call, action, denied, need
from catalog.embedded.users import find_user
from catalog.embedded.validators import MISSING_VALUE
from catalog.errors import Label

#: what can belong to an organisation or group
_FINDERS = {"user": find_user, "package": find_package, "group": find_community}


def set_member(call: Call, community_id: str, table: str, table_id: str, capacity: str) -> dict[str, Any]:
    """Make something a member with a capacity, or change the capacity; return the membership."""
    call.db.execute(
        "INSERT INTO member (id, community_id, table_name, table_id, capacity) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (community_id, table_name, table_id)"
        " DO UPDATE SET capacity = excluded.capacity, state = 'active'",
        (str(uuid.uuid4()), community_id, table, table_id, capacity),
    )
    row = call.db.execute(
        "SELECT * FROM member WHERE community_id = ? AND table_name = ? AND table_id = ?",
        (community_id, table, table_id),
    ).fetchone()
    return {
        "id": row["id"],
        "group_id": row["community_id"],
        "table_name": row["table_name"],
        "table_id": row["table_id"],
        "capacity": row["capacity"],
        "state": row["state"],
    }


@action()
def member_list(call: Call, given: dict[str, Any]) -> list[list[str]]:
    """組織またはグループのメンバーを返す。 Return the members of an organisation or a group.

    :param id: 名前かid。 The name or the id.
    :param object_type: ``user``、``package`` または ``group`` だけ。 Only this type (optional).
    :param capacity: この役割だけ。 Only this capacity (optional).
    :rtype: list of (id, type, capacity)
    """
    row = get_community(call, need(given, "id"))
    if row["state"] != "active" and not call.caller.may("read", row["id"]):
        raise denied(call, f"グループ {row['id']} の閲覧", f"read group {row['id']}")
    rows = call.db.execute(
        "SELECT table_id, table_name, capacity FROM member LEFT JOIN package ON table_name = 'package'"
        " AND package.id = table_id WHERE community_id = ?1 AND member.state = 'active'"
        " AND (?2 IS NULL OR table_name = ?2) AND (?3 IS NULL OR capacity = ?3)"
        " AND (package.id IS NULL OR (package.state = 'active' AND package.private = 0) OR ?4)",
        (row["id"], _text_of(given, "object_type"), _text_of(given, "capacity"), call.caller.may("read", row["id"])),
    )
    return [[item["table_id"], item["table_name"], _role_name(call, item["capacity"])] for item in rows]


def _text_of(given: Mapping[str, Any], key: str) -> str | None:
    return str(given[key]) if given.get(key) else None


def _role_name(call: Call, capacity: str) -> str:
    label = ROLE_NAMES.get(capacity)
    return label.in_language(call.lang) if label else capacity


@action(writes=True)
def member_create(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """組織またはグループにメンバーを加えるか、その役割を変える。 Add a member or change its capacity.

    :param id: 組織またはグループの名前かid。 The name or id of the organisation or group.
    :param object: 加えるものの名前かid。 The name or id of what is added.
    :param object_type: ``user``、``package`` または ``group``。 Its type.
    :param capacity: 役割。 The capacity.
    :rtype: dictionary
    """
    community, kind, member = _named(call, given, ("id", "object", "object_type", "capacity"))
    permission = "manage_group" if kind == "package" and not community["is_organization"] else "update"
    _need(call, community, permission)
    capacity = str(given["capacity"])
    if kind == "package":
        return _add_package(call, community, member)
    _keep_own_admin(call, kind, member["id"], community["id"], capacity)
    return set_member(call, community["id"], kind, member["id"], capacity)


def _keep_own_admin(call: Call, kind: str, member_id: str, community_id: str, capacity: str) -> None:
    role = call.caller.roles.get(community_id)
    if kind == "user" and member_id == call.caller.user_id and role == "admin" and capacity != "admin":
        raise NotAuthorized(
            Label("自分の管理者の役割は外せません", "Administrators cannot revoke their own admin status")
        )


def _named(call: Call, given: Mapping[str, Any], keys: tuple[str, ...]) -> tuple[sqlite3.Row, str, sqlite3.Row]:
    missing = {key: [MISSING_VALUE] for key in keys if given.get(key) in (None, "")}
    if missing:
        raise ValidationError(missing)
    community = find_community(call.db, given["id"])
    if community is None:
        raise NotFound(Label("グループが見つかりません", "Group was not found."))
    kind = str(given["object_type"])
    if kind not in _FINDERS:
        raise ValidationError({"object_type": [Label(f"「{kind}」は使えません", f"{kind} cannot be a member")]})
    member = _FINDERS[kind](call.db, given["object"])
    if member is None:
        raise NotFound(Label(f"{kind}「{given['object']}」はありません", f"{kind.title()} was not found."))
    return community, kind, member


def _need(call: Call, community: sqlite3.Row, permission: str) -> None:
    if not call.caller.may(permission, community["id"]):
        raise denied(call, f"グループ {community['id']} の編集", f"edit group {community['id']}")


def _add_package(call: Call, community: sqlite3.Row, package: sqlite3.Row) -> dict[str, Any]:
    document = orjson.loads(package["document"])
    if community["is_organization"]:
        save(call, {**document, "owner_org": community["id"]}, package)
        return set_member(call, community["id"], "package", package["id"], "organization")
    groups = [{"id": group["id"]} for group in document["groups"]]
    save(call, {**document, "groups": [*groups, {"id": community["id"]}]}, package)
    return set_member(call, community["id"], "package", package["id"], "public")


@action(writes=True)
def member_delete(call: Call, given: dict[str, Any]) -> None:
    """組織またはグループからメンバーを外す。 Remove a member.

    :param id: 組織またはグループの名前かid。 The name or id of the organisation or group.
    :param object: 外すものの名前かid。 The name or id of what is removed.
    :param object_type: ``user``、``package`` または ``group``。 Its type.
    """
    community, kind, member = _named(call, given, ("id", "object", "object_type"))
    permission = "manage_group" if kind == "package" and not community["is_organization"] else "update"
    _need(call, community, permission)
    if kind == "package":
        _remove_package(call, community, member)
        return
    call.db.execute(
        "DELETE FROM member WHERE community_id = ? AND table_name = ? AND table_id = ?",
        (community["id"], kind, member["id"]),
    )


def _remove_package(call: Call, community: sqlite3.Row, package: sqlite3.Row) -> None:
    if community["is_organization"]:
        raise ValidationError(
            {"object_type": [Label("データセットには組織が必要です", "A dataset needs an organization")]}
        )
    document = orjson.loads(package["document"])
    kept = [{"id": group["id"]} for group in document["groups"] if group["id"] != community["id"]]
    save(call, {**document, "groups": kept}, package)


def _member_create_for_user(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """ユーザーを組織またはグループに加えるか、役割を変える。 Add a user or change the role.

    :param id: 組織またはグループの名前かid。 The name or id of the organisation or group.
    :param username: ユーザーの名前かid。 The name or id of the user.
    :param role: ``admin``、``editor`` または ``member``。 The role.
    :rtype: dictionary
    """
    errors = _role_errors(call, given)
    if "id" not in errors:
        community = find_community(call.db, given["id"])
        if community and not call.caller.may("membership", community["id"]):
            raise denied(call, "メンバーの追加", "add members")
    if errors:
        raise ValidationError(errors)
    user = find_user(call.db, given["username"])
    member = {"id": given["id"], "object": user["id"] if user else "", "object_type": "user"}
    return member_create(call, {**member, "capacity": str(given["role"])})


def _role_errors(call: Call, given: Mapping[str, Any]) -> dict[str, list[Label]]:
    errors = {key: [MISSING_VALUE] for key in ("id", "username", "role") if given.get(key) in (None, "")}
    if "id" not in errors and find_community(call.db, given["id"]) is None:
        errors["id"] = [Label("その組織やグループはありません", "That group name or ID does not exist.")]
    if "username" not in errors and find_user(call.db, given["username"]) is None:
        errors["username"] = [Label(f"ユーザー「{given['username']}」はいません", "User not found")]
    if "role" not in errors and str(given["role"]) not in PERMISSIONS:
        roles = ", ".join(PERMISSIONS)
        errors["role"] = [Label(f"役割は {roles} のどれかです", f"role does not exist. Known: {roles}")]
    return errors


def _member_delete_for_user(call: Call, given: dict[str, Any]) -> None:
    """ユーザーを組織またはグループから外す。 Remove a user.

    :param id: 組織またはグループの名前かid。 The name or id of the organisation or group.
    :param username: ユーザーの名前かid。 The name or id of the user.
    """
    username = given.get("username") or need(given, "user_id", reported_as="username")
    community = find_community(call.db, need(given, "id"))
    if community is None:
        raise NotFound(Label("グループが見つかりません", "Group was not found."))
    if not call.caller.may("membership", community["id"]):
        raise denied(call, "メンバーの削除", "remove members")
    member_delete(call, {"id": community["id"], "object": username, "object_type": "user"})


for _name in ("organization", "group"):
    action(writes=True, name=f"{_name}_member_create")(_member_create_for_user)
    action(writes=True, name=f"{_name}_member_delete")(_member_delete_for_user)
