"""Actions on API tokens: made once, shown once, listed without the secret, revoked at once."""

from __future__ import annotations

import sqlite3
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from catalog.embedded import validators as v
from catalog.embedded.callers import hash_token, new_token
from catalog.embedded.clock import as_text, now
from catalog.embedded.errors import ValidationError
from catalog.embedded.registry import Call, action, denied, need
from catalog.embedded.users import find_user, get_user
from catalog.embedded.validation import Schema, validate
from catalog.embedded.validators import MISSING_VALUE
from catalog.errors import Label

#: ``expires_in`` times ``unit`` seconds, as in CKAN's expire_api_token
EXPIRY: Schema = {"expires_in": (v.optional_text, v.natural), "unit": (v.optional_text, v.natural)}
#: the farthest a token may reach, in seconds
EXPIRY_MAX = 100 * 366 * 86400


@action(writes=True)
def api_token_create(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """APIトークンを作る。トークンはこの応答でだけ示される。 Create an API token; it is shown in this answer only.

    :param user: ユーザーの名前かid。 The name or id of the user.
    :param name: トークンの名前。 A name for the token.
    :param expires_in: 有効期間（``unit`` 秒単位）。 How long it is valid, in units (optional).
    :param unit: ``expires_in`` の単位の秒数。 Seconds of a unit (default 1).
    :rtype: dictionary with ``token`` and ``id``
    """
    missing = {key: [MISSING_VALUE] for key in ("user", "name") if given.get(key) in (None, "")}
    if missing:
        raise ValidationError(missing)
    user = get_user(call.db, given["user"])
    _need_own(call, user["id"])
    token, token_id = new_token(), str(uuid.uuid4())
    call.db.execute(
        "INSERT INTO api_token (id, name, user_id, token_hash, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        (token_id, str(given["name"]), user["id"], hash_token(token), now(), _expiry(call, given)),
    )
    return {"token": token, "id": token_id}


def _need_own(call: Call, user_id: str) -> None:
    if not call.caller.sysadmin and call.caller.user_id != user_id:
        raise denied(call, "このトークンを扱う", "use tokens of this user")


def _expiry(call: Call, given: dict[str, Any]) -> str | None:
    values = validate(EXPIRY, given, call.scope())
    if "expires_in" not in values:
        return None
    seconds = values["expires_in"] * values.get("unit", 1)
    if seconds > EXPIRY_MAX:
        raise ValidationError({"expires_in": [Label("100年までにしてください", "Must be at most 100 years")]})
    return as_text(datetime.now(UTC) + timedelta(seconds=seconds))


@action()
def api_token_list(call: Call, given: dict[str, Any]) -> list[dict[str, Any]]:
    """ユーザーのAPIトークンを返す（秘密は含まない）。 Return the API tokens of a user, without the secrets.

    :param user_id: ユーザーの名前かid。 The name or id of the user.
    :rtype: list of dictionaries
    """
    name = given.get("user_id") or given.get("user") or need(given, "user_id")
    user = find_user(call.db, name)
    # Who may not ask is not told whether there is such a user.
    _need_own(call, user["id"] if user else "")
    user = get_user(call.db, name)
    rows = call.db.execute(
        "SELECT id, name, user_id, created_at, last_access FROM api_token WHERE user_id = ? ORDER BY created_at",
        (user["id"],),
    )
    return [dict(row) for row in rows]


@action(writes=True)
def api_token_revoke(call: Call, given: dict[str, Any]) -> None:
    """APIトークンを無効にする。 Revoke an API token.

    :param token: トークン。 The token (or ``jti``).
    :param jti: トークンのid。 The id of the token.
    """
    row = _find_token(call, given)
    if row is None:
        # as in CKAN, a token that is not there counts as revoked, for those who could have had it
        if call.caller.anonymous:
            raise denied(call, "このトークンを扱う", "revoke this token")
        return
    _need_own(call, row["user_id"])
    call.db.execute("DELETE FROM api_token WHERE id = ?", (row["id"],))


def _find_token(call: Call, given: dict[str, Any]) -> sqlite3.Row | None:
    if given.get("jti"):
        where, value = "id = ?", str(given["jti"])
    else:
        where, value = "token_hash = ?", hash_token(str(need(given, "token")))
    row: sqlite3.Row | None = call.db.execute(f"SELECT * FROM api_token WHERE {where}", (value,)).fetchone()  # noqa: S608
    return row
