"""Cursors: where the next page begins, of which release and which query.

A cursor is opaque, URL-safe text with a checksum. It carries the digest of the release, so a client that pages while a
new release comes in never sees two releases mixed, and the fingerprint of the query, so it cannot be carried over to
another one. It grants nothing that the plain request would not, so the checksum guards against damage, not forgery.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass

from catalog.errors import Label, QueryError
from catalog.query.question import Row
from catalog.query.rejection import Rejection, rejected

_CHECK = 8


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place behind the last row of a page."""

    #: digest of the release
    digest: str
    #: of the query, without limit and cursor
    fingerprint: str
    #: values of the sort columns of the last row
    after: Row

    def encode(self) -> str:
        """Return the cursor as text."""
        body = json.dumps([self.digest, self.fingerprint, list(self.after)], ensure_ascii=False, separators=(",", ":"))
        raw = body.encode()
        return base64.urlsafe_b64encode(_checksum(raw) + raw).decode().rstrip("=")


def decode_cursor(text: str) -> Cursor:
    """Inverse of :meth:`Cursor.encode`.

    Raises
    ------
    QueryError
        If the text is not a cursor, or is damaged.
    """
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (ValueError, binascii.Error) as error:
        raise _damaged(text) from error
    if _checksum(raw[_CHECK:]) != raw[:_CHECK] or _canonical(raw) != text:
        raise _damaged(text)
    try:
        digest, fingerprint, after = json.loads(raw[_CHECK:])
    except ValueError as error:
        raise _damaged(text) from error
    if not (isinstance(digest, str) and isinstance(fingerprint, str) and isinstance(after, list)):
        raise _damaged(text)
    if not all(_is_cell(value) for value in after):
        raise _damaged(text)
    return Cursor(digest, fingerprint, tuple(after))


def _is_cell(value: object) -> bool:
    """Return whether a value can stand in a row: what SQL takes as a parameter (no lone surrogates)."""
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    if isinstance(value, str):
        return value == value.encode("utf-8", "replace").decode()
    return value is None or isinstance(value, float)


def fingerprint(canonical: str) -> str:
    """Return the short name of a query, from its canonical text."""
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _canonical(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _checksum(raw: bytes) -> bytes:
    return hashlib.sha256(b"shihyo cursor 1\n" + raw).digest()[:_CHECK]


def _damaged(text: str) -> QueryError:
    detail = Label(
        "cursor がこのAPIの返したものではないか、途中で壊れています。最初のページから取り直してください",
        "The cursor is not one that this API returned, or it was damaged on the way. Start again from the first page",
    )
    return rejected([Rejection(parameter="cursor", value=text, detail=detail)])
