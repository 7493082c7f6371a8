"""Send a digest by mail.

References
----------
RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 8314 (TLS from the beginning), RFC 6532 is not needed: addresses are ASCII.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from catalog.errors import DeliveryError, Label
from catalog.settings import Settings
from harvesters.running.digest import Digest

_STEP = Label(
    "SHIHYO_MAIL_* の設定と、メールサーバーの状態を確かめてください",
    "Check the settings SHIHYO_MAIL_* and the mail server",
)


def send_mail(settings: Settings, digest: Digest) -> None:
    """Send a digest to everybody in ``settings.mail_to``.

    Raises
    ------
    DeliveryError
        If the server is not reached, refuses the login, or refuses a recipient.
    """
    message = _message(settings, digest)
    try:
        with _connection(settings) as server:
            refused = server.send_message(message)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise _failed(settings, error) from error
    if refused:
        raise DeliveryError(
            f"宛先 {'、'.join(refused)} が拒否されました",
            f"The mail server refused {', '.join(refused)}",
            next_step=Label("SHIHYO_MAIL_TO を確かめてください", "Check SHIHYO_MAIL_TO"),
            value=sorted(refused),
        )


@contextmanager
def _connection(settings: Settings) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    timeout = settings.http_timeout
    if settings.mail_security == "ssl":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.mail_host, settings.mail_port, timeout=timeout, context=context
        )
    else:
        server = smtplib.SMTP(settings.mail_host, settings.mail_port, timeout=timeout)
    with server:
        if settings.mail_security == "starttls":
            server.starttls(context=context)
        if settings.mail_user:
            server.login(settings.mail_user, settings.mail_password)
        yield server


def _message(settings: Settings, digest: Digest) -> EmailMessage:
    recipients = [one.strip() for one in settings.mail_to.split(",") if one.strip()]
    if not recipients or not settings.mail_from:
        raise DeliveryError(
            "メールの差出人か宛先がありません",
            "The mail has no sender or no recipients",
            next_step=Label("SHIHYO_MAIL_FROM と SHIHYO_MAIL_TO が要ります", "Set SHIHYO_MAIL_FROM and SHIHYO_MAIL_TO"),
        )
    message = EmailMessage()
    message["Subject"] = digest.subject()
    message["From"], message["To"] = settings.mail_from, ", ".join(recipients)
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=_domain(settings.mail_from))
    message["Auto-Submitted"] = "auto-generated"
    text = [*digest.lines("ja"), "", "-- ", settings.site_url, "", "=" * 40, "", *digest.lines("en")]
    message.set_content("\n".join(text) + "\n")
    return message


def _domain(sender: str) -> str:
    try:
        return Address(addr_spec=sender.rpartition("<")[2].rstrip("> ")).domain or "localhost"
    except (ValueError, IndexError):
        return "localhost"


def _failed(settings: Settings, error: Exception) -> DeliveryError:
    reason = getattr(error, "smtp_error", b"")
    said = reason.decode("utf-8", "replace") if isinstance(reason, bytes) and reason else str(error)
    address = f"{settings.mail_host}:{settings.mail_port}"
    return DeliveryError(
        f"メールサーバー {address} から送れません（{type(error).__name__}: {said}）",
        f"The mail server {address} does not send it ({type(error).__name__}: {said})",
        next_step=_STEP,
        value=address,
    )
