"""Who calls, and what they may do: CKAN's roles.

A token names a user; no token, or one that is not known, is an anonymous caller. A sysadmin may do everything.
In an organisation a *member* reads private datasets, an *editor* edits datasets, an *admin* also changes the
organisation and its members. In a group every member adds and removes datasets.

Tokens are 256 random bits. What is stored is their SHA-256: a slow, salted hash protects guessable secrets, and a
random one of this length cannot be guessed, while every request pays for the hash.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from catalog.embedded.clock import as_text, now

#: name of the user who acts for the product itself
SYSTEM_USER = "admin"

#: role -> permissions; CKAN 2.12, ckan/authz.py
PERMISSIONS: Mapping[str, frozenset[str]] = {
    "admin": frozenset(
        {"read", "create_dataset", "update_dataset", "delete_dataset", "manage_group", "update", "delete", "membership"}
    ),
    "editor": frozenset({"read", "create_dataset", "update_dataset", "delete_dataset", "manage_group"}),
    "member": frozenset({"read", "manage_group"}),
}

#: the use of a token is written down at most this often
ACCESS_RESOLUTION = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """The user behind a call."""

    #: id of the user; None for an anonymous caller
    user_id: str | None = None
    #: name of the user, empty for an anonymous caller, as CKAN writes it into its texts
    name: str = ""
    #: may do everything
    sysadmin: bool = False
    #: community id -> role
    roles: Mapping[str, str] = field(default_factory=dict)

    @property
    def anonymous(self) -> bool:
        """Whether nobody is logged in."""
        return self.user_id is None

    def may(self, permission: str, community_id: str | None) -> bool:
        """Return whether the caller has a permission in an organisation or a group."""
        if self.sysadmin:
            return True
        role = self.roles.get(community_id or "")
        return role is not None and permission in PERMISSIONS.get(role, frozenset())

    def may_somewhere(self, permission: str) -> bool:
        """Return whether the caller has a permission in any organisation or group."""
        return self.sysadmin or any(permission in PERMISSIONS.get(role, ()) for role in self.roles.values())

    def communities_with(self, permission: str) -> list[str]:
        """Return the ids of the communities where the caller has a permission by role."""
        return [key for key, role in self.roles.items() if permission in PERMISSIONS.get(role, ())]


ANONYMOUS = Caller()


def new_token() -> str:
    """Return a new secret; it is shown once and never stored."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def find_caller(db: sqlite3.Connection, token: str | None) -> Caller:
    """Return who a token stands for; anonymous for none, an unknown, a revoked or an expired one."""
    if not token:
        return ANONYMOUS
    row = db.execute(
        "SELECT user_account.* FROM api_token JOIN user_account ON user_account.id = api_token.user_id"
        " WHERE token_hash = ? AND state = 'active' AND (expires_at IS NULL OR expires_at > ?)",
        (hash_token(token), now()),
    ).fetchone()
    return caller_of(db, row) if row else ANONYMOUS


def system_caller(db: sqlite3.Connection) -> Caller:
    """Return the built-in sysadmin."""
    row = db.execute("SELECT * FROM user_account WHERE name = ?", (SYSTEM_USER,)).fetchone()
    return caller_of(db, row)


def caller_of(db: sqlite3.Connection, user: sqlite3.Row) -> Caller:
    """Return the caller for a row of ``user_account``."""
    roles = db.execute(
        "SELECT community_id, capacity FROM member JOIN community ON community.id = community_id"
        " WHERE table_name = 'user' AND table_id = ? AND member.state = 'active' AND community.state = 'active'",
        (user["id"],),
    )
    return Caller(user["id"], user["name"], bool(user["sysadmin"]), {row[0]: row[1] for row in roles})


def is_access_due(db: sqlite3.Connection, token: str) -> bool:
    """Return whether the use of a token has not been written down for a while."""
    limit = as_text(datetime.now(UTC) - ACCESS_RESOLUTION)
    row = db.execute("SELECT last_access FROM api_token WHERE token_hash = ?", (hash_token(token),)).fetchone()
    return row is not None and (row[0] is None or row[0] < limit)


def record_access(db: sqlite3.Connection, token: str) -> None:
    """Write down that a token was used."""
    moment, digest = now(), hash_token(token)
    db.execute("UPDATE api_token SET last_access = ? WHERE token_hash = ?", (moment, digest))
    db.execute(
        "UPDATE user_account SET last_active = ? WHERE id = (SELECT user_id FROM api_token WHERE token_hash = ?)",
        (moment, digest),
    )
