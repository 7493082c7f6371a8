"""Actions on organisations and groups: each is written once and entered for both kinds."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from catalog.embedded.actions.members import set_member
from catalog.embedded.callers import PERMISSIONS, caller_of
from catalog.embedded.clock import now
from catalog.embedded.communities import (
    GROUP,
    ORGANIZATION,
    Kind,
    find_community,
    full_dict,
    get_community,
    get_readable_community,
    package_counts,
    plain_dict,
)
from catalog.embedded.errors import NotFound, ValidationError
from catalog.embedded.packages import refresh
from catalog.embedded.registry import Call, action, denied, flag, need, need_sysadmin, texts
from catalog.embedded.schemas import COMMUNITY_CREATE, COMMUNITY_UPDATE, PAGE
from catalog.embedded.search.package_search import read_request, search
from catalog.embedded.users import get_user
from catalog.embedded.validation import validate
from catalog.errors import Label

#: most entries of a list, plain and with all fields; CKAN's defaults
LIST_MAX, LIST_MAX_ALL_FIELDS = 1000, 25

_COLUMNS = ("name", "title", "description", "image_url", "type", "state", "approval_status")
_EMPTY = {"title": "", "description": "", "image_url": "", "state": "active", "approval_status": "approved"}
_SORTS = {"name": "name", "title": "title", "package_count": "packages", "packages": "packages"}


_F = TypeVar("_F", bound=Callable[[Call, dict[str, Any], Kind], Any])


def _for_both(verb: str, *, writes: bool = False) -> Callable[[_F], _F]:
    """Enter a function as ``organization_<verb>`` and as ``group_<verb>``."""

    def enter(function: _F) -> _F:
        for kind in (ORGANIZATION, GROUP):

            def bound(call: Call, given: dict[str, Any], kind: Kind = kind) -> Any:
                return function(call, given, kind)

            bound.__doc__ = function.__doc__
            action(writes=writes, name=f"{kind.name}_{verb}")(bound)
        return function

    return enter


@_for_both("show")
def show(call: Call, given: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """組織またはグループを返す。 Return an organisation or a group.

    :param id: 名前かid。 The name or the id.
    :param include_datasets: データセットも。 Also its datasets (default false).
    :param include_users: ユーザーも。 Also its users (default true).
    :rtype: dictionary
    """
    row = get_readable_community(call, need(given, "id"), kind)
    found = full_dict(call, row, given, package_counts(call))
    if flag(given.get("include_datasets")):
        found["packages"] = _packages_of(call, row, kind)
    return found


def _packages_of(call: Call, row: sqlite3.Row, kind: Kind) -> list[dict[str, Any]]:
    field, value = ("owner_org", row["id"]) if kind is ORGANIZATION else ("groups", row["name"])
    parameters = {"fq": f'+{field}:"{value}"', "include_private": call.caller.may("read", row["id"])}
    results: list[dict[str, Any]] = search(call, read_request(call, parameters))["results"]
    return results


@_for_both("list")
def list_names(call: Call, given: dict[str, Any], kind: Kind) -> list[Any]:
    """組織またはグループの一覧を返す。 Return the organisations or the groups.

    :param all_fields: 名前だけでなく全項目。 All fields instead of names (default false).
    :param q: 名前、題名、説明に含まれる文字列。 A text in name, title or description (optional).
    :param sort: 並べ替え。 ``name``, ``title`` or ``package_count``, with asc or desc (default title asc).
    :param limit: 最大件数。 At most so many (optional).
    :param offset: 飛ばす件数。 Leave out so many before (optional).
    :rtype: list of strings or of dictionaries
    """
    page = validate(PAGE, given, call.scope())
    all_fields = flag(given.get("all_fields"))
    most = LIST_MAX_ALL_FIELDS if all_fields else LIST_MAX
    rows = _rows(call, given, kind, min(page.get("limit") or most, most), page.get("offset", 0))
    if not all_fields:
        return [row["name"] for row in rows]
    counts = package_counts(call)
    options = dict.fromkeys(("include_users", "include_extras", "include_groups"), False) | given
    return [full_dict(call, row, options, counts) for row in rows]


def _rows(call: Call, given: Mapping[str, Any], kind: Kind, limit: int, offset: int) -> list[sqlite3.Row]:
    listed = texts(given.get("organizations" if kind is ORGANIZATION else "groups"))
    names = [name for item in listed for name in item.split(",")]
    wanted = f" AND name IN ({', '.join('?' * len(names))})" if names else ""
    text = str(given.get("q") or "").strip()
    rows = call.db.execute(
        "SELECT community.*, (SELECT count(*) FROM member JOIN package ON package.id = table_id"  # noqa: S608
        " WHERE table_name = 'package' AND community_id = community.id AND package.state = 'active') AS packages"
        " FROM community WHERE state = 'active' AND is_organization = ? AND type = ?"
        f" AND instr(lower(name || ' ' || title || ' ' || description), lower(?)){wanted}"
        f" ORDER BY {_order(given)}, name LIMIT ? OFFSET ?",
        (kind.is_organization, str(given.get("type") or kind.name), text, *names, limit, offset),
    )
    return rows.fetchall()


def _order(given: Mapping[str, Any]) -> str:
    sort = str(given.get("sort") or given.get("order_by") or "title asc").strip()
    field, _, direction = sort.partition(" ")
    direction = direction.strip().lower() or ("desc" if field in {"packages", "package_count"} else "asc")
    if field not in _SORTS or direction not in {"asc", "desc"}:
        allowed = ", ".join(sorted(_SORTS))
        raise ValidationError(
            {"message": [Label(f"「{sort}」では並べ替えられません（{allowed}）", f"Cannot sort by field `{sort}`")]}
        )
    return f"{_SORTS[field]} {direction}"


@_for_both("create", writes=True)
def create(call: Call, given: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """組織またはグループを作る。 Create an organisation or a group (sysadmins).

    :param name: 名前。 The name.
    :param title: 題名。 The title (optional).
    :param description: 説明。 The description (optional).
    :rtype: dictionary
    """
    need_sysadmin(call, f"{kind.label.ja}作成", f"create {kind.name}s")
    values = validate(COMMUNITY_CREATE, given, call.scope())
    community_id = values.get("id") or str(uuid.uuid4())
    columns = {**_EMPTY, "type": kind.name, **{key: values[key] for key in _COLUMNS if key in values}}
    columns |= {"id": community_id, "created": now(), "is_organization": kind.is_organization}
    columns["extras"] = _extras(values)
    names, marks = ", ".join(columns), ", ".join(f":{key}" for key in columns)
    call.db.execute(f"INSERT INTO community ({names}) VALUES ({marks})", columns)  # noqa: S608 - own names
    set_member(call, community_id, "user", str(call.caller.user_id), "admin")
    _set_members(call, community_id, values)
    return show(call, {"id": community_id}, kind)


def _extras(values: Mapping[str, Any]) -> str:
    kept = [
        {"key": item["key"], "value": item["value"]} for item in values.get("extras", []) if not item.get("deleted")
    ]
    return json.dumps(kept, ensure_ascii=False)


def _set_members(call: Call, community_id: str, values: Mapping[str, Any]) -> None:
    for item in values.get("users", []):
        set_member(call, community_id, "user", get_user(call.db, item["name"])["id"], item.get("capacity") or "member")
    for item in values.get("groups", []):
        parent = get_community(call, item["name"])
        if parent["id"] == community_id:
            raise ValidationError(
                {"groups": [Label("自分自身には属せません", "loops in the hierarchy are not allowed")]}
            )
        set_member(call, community_id, "group", parent["id"], item.get("capacity") or "public")


@_for_both("update", writes=True)
def update(call: Call, given: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """組織またはグループを変える。 Change an organisation or a group; what is not given stays, but for the extras.

    :param id: 名前かid。 The name or the id.
    :rtype: dictionary

    The other parameters are those of ``*_create``; ``users`` and ``groups`` replace all if they are given.
    """
    row = _get_to_edit(call, need(given, "id"), kind)
    if given.get("type") not in (None, row["type"]):
        raise ValidationError({"type": [Label("種類は変えられません", "Type cannot be updated")]})
    values = validate(COMMUNITY_UPDATE, given, call.scope(row))
    columns = {key: values[key] for key in _COLUMNS if key in values}
    columns |= {"id": row["id"], "extras": _extras(values)}
    updates = ", ".join(f"{key} = :{key}" for key in columns if key != "id")
    call.db.execute(f"UPDATE community SET {updates} WHERE id = :id", columns)  # noqa: S608 - own names
    for key, table in (("users", "user"), ("groups", "group")):
        if key in values:
            call.db.execute("DELETE FROM member WHERE community_id = ? AND table_name = ?", (row["id"], table))
    _set_members(call, row["id"], values)
    refresh(call, row["id"])
    return full_dict(call, get_community(call, row["id"]), {}, package_counts(call))


def _get_to_edit(call: Call, name_or_id: Any, kind: Kind) -> sqlite3.Row:
    row = get_community(call, name_or_id, kind)
    if not call.caller.may("update", row["id"]):
        raise denied(call, f"{kind.label.ja} {row['id']} の編集", f"edit {kind.name} {row['id']}")
    return row


@_for_both("patch", writes=True)
def patch(call: Call, given: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """組織またはグループの一部を変える。 Change some fields of an organisation or a group.

    :param id: 名前かid。 The name or the id.
    :rtype: dictionary
    """
    row = _get_to_edit(call, need(given, "id"), kind)
    return update(call, {**plain_dict(row), "extras": json.loads(row["extras"]), **given, "id": row["id"]}, kind)


@_for_both("delete", writes=True)
def delete(call: Call, given: dict[str, Any], kind: Kind) -> None:
    """組織またはグループを削除済みにする。 Mark an organisation or a group as deleted.

    :param id: 名前かid。 The name or the id.

    An organisation that has datasets cannot be deleted.
    """
    row = get_community(call, need(given, "id"), kind)
    if not call.caller.may("delete", row["id"]):
        raise denied(call, f"{kind.label.ja} {row['id']} の削除", f"delete {kind.name} {row['id']}")
    _need_empty(call, row, "deleted", "削除")
    call.db.execute("UPDATE community SET state = 'deleted' WHERE id = ?", (row["id"],))
    if kind is GROUP:
        refresh(call, row["id"])
    call.db.execute(
        "DELETE FROM member WHERE (community_id = ?1 AND table_name <> 'package') OR table_id = ?1", (row["id"],)
    )


def _need_empty(call: Call, row: sqlite3.Row, done: str, done_ja: str) -> None:
    if call.db.execute("SELECT 1 FROM package WHERE owner_org = ? AND state <> 'deleted'", (row["id"],)).fetchone():
        raise ValidationError(
            {
                "message": [
                    Label(
                        f"データセットがあるので組織を{done_ja}できません",
                        f"Organization cannot be {done} while it still has datasets",
                    )
                ]
            }
        )


@_for_both("purge", writes=True)
def purge(call: Call, given: dict[str, Any], kind: Kind) -> None:
    """組織またはグループを跡形なく消す。 Remove an organisation or a group for good (sysadmins).

    :param id: 名前かid。 The name or the id.
    """
    key = need(given, "id")
    row = find_community(call.db, key)
    if row is None or row["is_organization"] != kind.is_organization:
        raise NotFound(Label(f"{kind.label.ja}が見つかりません", f"{kind.label.en} was not found"))
    need_sysadmin(call, f"{kind.label.ja}を消去する", f"purge {kind.name}s")
    _need_empty(call, row, "purged", "消去")
    if call.db.execute("SELECT 1 FROM package WHERE owner_org = ?", (row["id"],)).fetchone():
        raise ValidationError(
            {"message": [Label("削除済みデータセットを先に消去してください", "Purge its deleted datasets first")]}
        )
    call.db.execute("UPDATE community SET state = 'deleted' WHERE id = ?", (row["id"],))
    refresh(call, row["id"])
    call.db.execute("DELETE FROM member WHERE table_id = ?", (row["id"],))
    call.db.execute("DELETE FROM community WHERE id = ?", (row["id"],))


@action()
def organization_list_for_user(call: Call, given: dict[str, Any]) -> list[dict[str, Any]]:
    """ユーザーが権限を持つ組織を返す。 Return the organisations in which a user has a permission.

    :param id: ユーザーの名前かid。 The name or id of the user (default: the caller).
    :param permission: 権限。 The permission (default ``manage_group``).
    :rtype: list of dictionaries
    """
    caller = call.caller
    if given.get("id"):
        caller = caller_of(call.db, get_user(call.db, given["id"]))
    permission = given.get("permission") or "manage_group"
    roles = {role for role, granted in PERMISSIONS.items() if permission in granted}
    counts = package_counts(call) if flag(given.get("include_dataset_count")) else None
    rows = call.db.execute(
        "SELECT * FROM community WHERE is_organization = 1 AND state = 'active' ORDER BY title, name"
    ).fetchall()
    found = []
    for row in rows:
        capacity = "admin" if caller.sysadmin else caller.roles.get(row["id"])
        if capacity in roles or caller.sysadmin:
            found.append({**_listed(row, counts), "capacity": capacity})
    return found


def _listed(row: sqlite3.Row, counts: Mapping[str, int] | None) -> dict[str, Any]:
    return plain_dict(row) if counts is None else {**plain_dict(row), "package_count": counts.get(row["id"], 0)}


@action()
def group_list_authz(call: Call, given: dict[str, Any]) -> list[dict[str, Any]]:
    """呼び出したユーザーが編集できるグループを返す。 Return the groups that the caller may edit.

    :param am_member: 所属するものだけ。 Only those the caller belongs to (default false).
    :rtype: list of dictionaries
    """
    counts = package_counts(call) if flag(given.get("include_dataset_count")) else None
    everything = call.caller.sysadmin and not flag(given.get("am_member"))
    own = set(call.caller.communities_with("manage_group"))
    rows = call.db.execute(
        "SELECT * FROM community WHERE is_organization = 0 AND state = 'active' ORDER BY title, name"
    )
    return [_listed(row, counts) for row in rows if everything or row["id"] in own]
