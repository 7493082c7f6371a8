"""Actions on users."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Mapping
from typing import Any

from catalog.embedded.callers import SYSTEM_USER
from catalog.embedded.clock import now
from catalog.embedded.errors import NotAuthorized, NotFound, ValidationError
from catalog.embedded.registry import Call, action, denied, flag, need, need_sysadmin
from catalog.embedded.schemas import USER_CREATE, USER_UPDATE
from catalog.embedded.search.package_search import read_request, search
from catalog.embedded.search.tokens import fold
from catalog.embedded.users import created_counts, find_user, get_user, hash_password, user_dict
from catalog.embedded.validation import validate
from catalog.errors import Label

_NO_USER = Label("ユーザーが見つかりません", "User was not found")

_SORTS = {
    "id": "id",
    "name": "name",
    "fullname": "fullname",
    "display_name": "coalesce(nullif(fullname, ''), name)",
    "created": "created",
    "about": "about",
    "sysadmin": "sysadmin",
}


@action()
def user_list(call: Call, given: dict[str, Any]) -> list[Any]:
    """ユーザーの一覧を返す。 Return the users.

    :param q: 名前に含まれる文字列。 A text in the name (optional).
    :param email: メールアドレス（システム管理者）。 The mail address (sysadmins, optional).
    :param order_by: 並べ替えの項目。 The field to sort by (default ``display_name``).
    :param all_fields: 名前だけでなく全項目。 All fields instead of names (default true).
    :rtype: list of dictionaries or of strings
    """
    if given.get("email"):
        need_sysadmin(call, "メールアドレスでの検索", "list users by email")
    order = _SORTS.get(str(given.get("order_by")), _SORTS["display_name"])
    rows = call.db.execute(
        "SELECT * FROM user_account WHERE state = 'active' AND (?1 IS NULL OR lower(email) = lower(?1))"  # noqa: S608
        f" ORDER BY {order}, name",
        (str(given["email"]) if given.get("email") else None,),
    )
    text = fold(str(given.get("q") or ""))
    found = [row for row in rows if text in fold(f"{row['name']} {row['fullname'] or ''}")]
    if not flag(given.get("all_fields"), default=True):
        return [row["name"] for row in found]
    counts = created_counts(call)
    return [user_dict(call, row, counts.get(row["id"], 0)) for row in found]


@action()
def user_show(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """ユーザーを返す。 Return a user.

    :param id: 名前かid（省略時は呼び出したユーザー）。 The name or id (default: the caller).
    :param include_datasets: 作ったデータセットも。 Also the datasets the user created (default false).
    :rtype: dictionary
    """
    row = find_user(call.db, given.get("id") or call.caller.user_id or "")
    if row is None or row["state"] != "active":
        raise NotFound(Label("見つかりません", "Not found"))
    own = call.caller.sysadmin or row["id"] == call.caller.user_id
    found = user_dict(call, row)
    if own:
        found |= {"apikey": None, "email": row["email"]}
    if call.caller.sysadmin and flag(given.get("include_password_hash")):
        found["password_hash"] = row["password_hash"]
    if flag(given.get("include_num_followers")):
        found["num_followers"] = 0
    if flag(given.get("include_datasets")):
        found["datasets"] = _datasets_of(call, row, own)
    return found


def _datasets_of(call: Call, row: sqlite3.Row, own: bool) -> list[dict[str, Any]]:
    parameters = {"fq": f'+creator_user_id:"{row["id"]}"', "rows": 50, "include_private": own, "include_drafts": own}
    results: list[dict[str, Any]] = search(call, read_request(call, parameters))["results"]
    return results


@action(writes=True)
def user_create(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """ユーザーを作る。 Create a user (sysadmins).

    :param name: 名前。 The name.
    :param email: メールアドレス。 The mail address.
    :param password: パスワード。8文字以上。 The password, 8 characters or more.
    :param fullname: 氏名。 The full name (optional).
    :rtype: dictionary
    """
    need_sysadmin(call, "ユーザー作成", "create users via the API")
    values = validate(USER_CREATE, given, call.scope())
    user_id = values.get("id") or str(uuid.uuid4())
    insert_user(
        call.db,
        {
            "id": user_id,
            "name": values["name"],
            "fullname": values.get("fullname"),
            "email": values["email"],
            "about": values.get("about"),
            "image_url": values.get("image_url"),
            "password_hash": hash_password(values["password"]),
            "sysadmin": values.get("sysadmin", False),
            "notify": values.get("activity_streams_email_notifications", False),
            "created": now(),
        },
    )
    row = get_user(call.db, user_id)
    return {**user_dict(call, row), "apikey": None, "email": row["email"]}


@action(writes=True)
def user_update(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """ユーザーを変える。 Change a user (sysadmins, and users themselves); what is not given becomes empty.

    :param id: 名前かid。 The name or the id.
    :param email: メールアドレス。 The mail address.
    :param password: 新しいパスワード。 A new password (optional).
    :param state: ``active`` か ``deleted``（システム管理者）。 (sysadmins, optional)
    :rtype: dictionary

    The other parameters are those of ``user_create``.
    """
    row = get_user(call.db, need(given, "id"))
    _need_own(call, row)
    return _changed(call, row, given)


@action(writes=True)
def user_patch(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """ユーザーの一部を変える。 Change some fields of a user and leave the others.

    :param id: 名前かid。 The name or the id.
    :rtype: dictionary

    The other parameters are those of ``user_update``.
    """
    row = find_user(call.db, need(given, "id"))
    if row is None and not call.caller.sysadmin:
        raise NotAuthorized(_NO_USER)
    if row is None:
        raise NotFound(_NO_USER)
    _need_own(call, row)
    kept = {key: row[key] for key in ("fullname", "email", "about", "image_url")}
    return _changed(call, row, {**kept, "activity_streams_email_notifications": bool(row["notify"]), **given})


@action(writes=True)
def user_delete(call: Call, given: dict[str, Any]) -> None:
    """ユーザーを使えなくする。 Switch a user off (sysadmins): its tokens stop working, its roles end.

    :param id: 名前かid。 The name or the id.
    """
    need_sysadmin(call, "ユーザー削除", "delete users")
    row = get_user(call.db, need(given, "id"))
    _need_not_built_in(row)
    call.db.execute("UPDATE user_account SET state = 'deleted' WHERE id = ?", (row["id"],))
    call.db.execute("DELETE FROM member WHERE table_name = 'user' AND table_id = ?", (row["id"],))


def _need_own(call: Call, row: sqlite3.Row) -> None:
    if not call.caller.sysadmin and call.caller.user_id != row["id"]:
        raise denied(call, f"ユーザー {row['id']} の編集", f"edit user {row['id']}")


def _need_not_built_in(row: sqlite3.Row) -> None:
    if row["name"] == SYSTEM_USER:
        raise ValidationError(
            {"id": [Label("組み込みの管理者は変えられません", "The built-in administrator cannot be changed so")]}
        )


def _changed(call: Call, row: sqlite3.Row, given: Mapping[str, Any]) -> dict[str, Any]:
    values = validate(USER_UPDATE, given, call.scope(row))
    columns = {key: values.get(key) for key in ("fullname", "email", "about", "image_url")}
    columns |= {key: values[key] for key in ("name", "state", "sysadmin") if key in values}
    if any(key in columns and columns[key] != row[key] for key in ("name", "state", "sysadmin")):
        _need_not_built_in(row)
    if values.get("password"):
        columns["password_hash"] = hash_password(values["password"])
    columns["notify"] = values.get("activity_streams_email_notifications", False)
    marks = ", ".join(f"{key} = :{key}" for key in columns)
    call.db.execute(f"UPDATE user_account SET {marks} WHERE id = :id", {**columns, "id": row["id"]})  # noqa: S608 - own names
    found = get_user(call.db, row["id"])
    return {**user_dict(call, found), "apikey": None, "email": found["email"]}


def insert_user(db: sqlite3.Connection, columns: dict[str, Any]) -> None:
    """Write a new user."""
    names, marks = ", ".join(columns), ", ".join(f":{key}" for key in columns)
    db.execute(f"INSERT INTO user_account ({names}) VALUES ({marks})", columns)  # noqa: S608 - own names
