"""Users as they are stored, and how they are answered."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from typing import Any

from catalog.embedded.errors import NotFound
from catalog.embedded.registry import Call
from catalog.errors import Label

_SCRYPT = {"n": 2**14, "r": 8, "p": 1}


def find_user(db: sqlite3.Connection, name_or_id: Any) -> sqlite3.Row | None:
    """Return the row of a user by id or name."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM user_account WHERE id = ?1 OR name = ?1 ORDER BY id = ?1 DESC", (str(name_or_id),)
    ).fetchone()
    return row


def get_user(db: sqlite3.Connection, name_or_id: Any) -> sqlite3.Row:
    """Return the row of a user, or raise NotFound."""
    row = find_user(db, name_or_id)
    if row is None:
        raise NotFound(Label(f"ユーザー「{name_or_id}」はいません", "User not found"))
    return row


def created_counts(call: Call) -> dict[str, int]:
    """Return user id -> public datasets the user created."""
    rows = call.db.execute(
        "SELECT creator_user_id, count(*) FROM package WHERE state = 'active' AND private = 0 GROUP BY creator_user_id"
    )
    return {row[0]: row[1] for row in rows}


def user_dict(call: Call, row: sqlite3.Row, created: int | None = None) -> dict[str, Any]:
    """Return what everybody may know of a user."""
    if created is None:
        created = call.db.execute(
            "SELECT count(*) FROM package WHERE creator_user_id = ? AND state = 'active' AND private = 0", (row["id"],)
        ).fetchone()[0]
    return {
        "id": row["id"],
        "name": row["name"],
        "fullname": row["fullname"],
        "created": row["created"],
        "about": row["about"],
        "last_active": row["last_active"],
        "activity_streams_email_notifications": bool(row["notify"]),
        "sysadmin": bool(row["sysadmin"]),
        "state": row["state"],
        "image_url": row["image_url"],
        "display_name": row["fullname"] or row["name"],
        "email_hash": _stand_in_for_email(row["id"]),
        "number_created_packages": created,
        "image_display_url": row["image_url"],
    }


def _stand_in_for_email(user_id: str) -> str:
    # CKAN publishes the MD5 of the address, from which a guessed address can be confirmed; this has the same form
    return hashlib.sha256(user_id.encode()).hexdigest()[:32]


def hash_password(password: str) -> str:
    """Return what is stored of a password: scrypt with its own salt."""
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, **_SCRYPT)
    return f"scrypt${_SCRYPT['n']}${_SCRYPT['r']}${_SCRYPT['p']}${salt.hex()}${digest.hex()}"
