"""Send digests: what is new for each channel, over all channels that are set up.

Each channel is told everything once: its next digest begins where its last one that arrived ended. What cannot be sent
is written down, told, and part of the next digest; it never fails a run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from catalog.database import Delivery, HarvestJournal, RunningJournal
from catalog.database.jobs import utc_text
from catalog.database.running import FAILED, SENT
from catalog.errors import DeliveryError, ShihyoError
from catalog.settings import Settings
from harvesters.http import HttpClient
from harvesters.running.digest import Digest, make_digest
from harvesters.running.mail import send_mail
from harvesters.running.webhook import send_webhook

#: how far back the first digest of a channel looks
FIRST = timedelta(days=1)

#: name of a channel -> whether it is set up
_SET_UP: dict[str, Callable[[Settings], bool]] = {
    "mail": lambda settings: bool(settings.mail_host),
    "webhook": lambda settings: bool(settings.webhook_url),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one channel."""

    #: what was written down
    delivery: Delivery
    #: why it failed, or None
    error: ShihyoError | None


def channels(settings: Settings) -> list[str]:
    """Return the channels that are set up."""
    return [name for name, is_set_up in _SET_UP.items() if is_set_up(settings)]


def read_digest(engine: Engine, since: str, until: str) -> Digest:
    """Return what happened in a time; both ISO 8601 in UTC with seconds and ``Z``."""
    return make_digest(HarvestJournal(engine).list_ended(since, until), since=since, until=until)


def unsent_since(engine: Engine, channel: str | None, now: datetime) -> str:
    """Return where the next digest of a channel begins: where the last one that arrived ended; of any if None."""
    running = RunningJournal(engine)
    names = [channel] if channel else list(_SET_UP)
    last = [one.until for name in names if (one := running.find_delivery(name, SENT))]
    return max(last, default=utc_text(now - FIRST))


def send_digests(
    settings: Settings, engine: Engine, *, since: str | None = None, force: bool = False, now: datetime | None = None
) -> list[Sent]:
    """Send what is new over every channel that is set up, if the setting ``digest`` wants it.

    Parameters
    ----------
    settings
        Of this process.
    engine
        The application database.
    since
        Where the digest begins, ISO 8601 in UTC; where the last one of the channel ended if None.
    force
        True to send it whatever the setting says.
    now
        The time; that of the clock if None.

    Returns
    -------
    list of Sent
        One for each channel that was tried.
    """
    names = channels(settings)
    moment = now or (_next_second() if names else datetime.now(UTC))
    # A job may still end in this second.
    until = utc_text(moment - timedelta(seconds=1))
    tried = []
    for channel in names:
        digest = read_digest(engine, since or unsent_since(engine, channel, moment), until)
        if force or digest.is_wanted(settings.digest):
            tried.append(_send(settings, RunningJournal(engine), channel, digest, moment))
    return tried


def _next_second() -> datetime:
    """Return the time after the second has passed in which a job may just have ended."""
    time.sleep(1.01 - datetime.now(UTC).microsecond / 1e6)
    return datetime.now(UTC)


def _send(settings: Settings, running: RunningJournal, channel: str, digest: Digest, now: datetime) -> Sent:
    error: ShihyoError | None = None
    try:
        if channel == "mail":
            send_mail(settings, digest)
        else:
            _post(settings, digest)
    except DeliveryError as failure:
        error = failure
    delivery = Delivery(
        channel=channel,
        since=digest.since,
        until=digest.until,
        at=utc_text(now),
        status=FAILED if error else SENT,
        error=str(error) if error else None,
    )
    running.record_delivery(delivery)
    return Sent(delivery, error)


def _post(settings: Settings, digest: Digest) -> None:
    client = HttpClient(settings)
    try:
        send_webhook(settings, digest, client)
    finally:
        client.close()
