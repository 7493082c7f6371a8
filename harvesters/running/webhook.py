"""Post a digest to a webhook, signed.

The headers are those of Standard Webhooks, so that a receiver can check them with any of its libraries:
``webhook-id``, ``webhook-timestamp`` and ``webhook-signature: v1,<base64 of HMAC-SHA256 over "id.timestamp.body">``.

References
----------
Standard Webhooks 1.0.0, https://www.standardwebhooks.com/; RFC 2104 (HMAC).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable

import orjson

from catalog.errors import DeliveryError, FetchError, Label
from catalog.settings import Settings
from harvesters.http import HttpClient
from harvesters.running.digest import Digest

#: type of the event
EVENT = "harvest.digest"
_PREFIX = "whsec_"


def send_webhook(settings: Settings, digest: Digest, http: HttpClient, *, now: Callable[[], float] = time.time) -> None:
    """Post a digest to ``settings.webhook_url``.

    Raises
    ------
    DeliveryError
        If it is not taken, or its address is not allowed.
    """
    body = orjson.dumps({"type": EVENT, "timestamp": digest.until, "data": digest.to_dict()})
    # The same digest has the same id, so that a receiver can tell a repetition.
    identity = f"digest_{hashlib.sha256(body).hexdigest()[:32]}"
    headers = {"Content-Type": "application/json", "webhook-id": identity, "webhook-timestamp": str(int(now()))}
    if settings.webhook_secret:
        headers["webhook-signature"] = sign(settings.webhook_secret, identity, headers["webhook-timestamp"], body)
    try:
        http.post(settings.webhook_url, body, headers)
    except FetchError as error:
        # Its URL may carry a secret, so the error is told without its place.
        raise DeliveryError(
            f"Webhookに送れません: {error.what.ja}",
            f"The webhook does not take it: {error.what.en}",
            next_step=Label(
                "SHIHYO_WEBHOOK_URL と、受け手の状態を確かめてください", "Check SHIHYO_WEBHOOK_URL and its receiver"
            ),
            reason=error.code,
        ) from error


def sign(secret: str, identity: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a message: ``v1,...``.

    Parameters
    ----------
    secret
        ``whsec_`` and base64, as Standard Webhooks has it, or any text.
    """
    signed = f"{identity}.{timestamp}.".encode() + body
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _key(secret: str) -> bytes:
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise DeliveryError(
            "Webhookの署名の鍵が whsec_ に続くbase64として読めません",
            "The key that signs webhooks is not whsec_ and base64",
            next_step=Label("SHIHYO_WEBHOOK_SECRET を確かめてください", "Check SHIHYO_WEBHOOK_SECRET"),
        ) from error
