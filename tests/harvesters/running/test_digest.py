"""Digests: what they tell, to a real mail server and a real webhook, also when those fail."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from sqlalchemy import Engine

from catalog.database import HarvestJournal, JobStatus, RunningJournal, open_database
from catalog.errors import DeliveryError
from catalog.settings import Settings
from harvesters import HarvestSource, run_sources
from harvesters.http import HttpClient
from harvesters.running.delivery import read_digest, send_digests
from harvesters.running.digest import Digest, make_digest
from harvesters.running.webhook import send_webhook, sign

SINCE, UNTIL = "2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = open_database(settings.application_database_url)
    yield engine
    engine.dispose()


class Mailbox:
    """Takes mail, or refuses it."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.answer = "250 OK"
        self.delay = 0.0

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        await asyncio.sleep(self.delay)
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
            self.recipients.append(list(envelope.rcpt_tos))
        return self.answer


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


def _start(mailbox: Mailbox, **more: Any) -> Controller:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **more)
    controller.start()
    return controller


@pytest.fixture
def mailing(settings: Settings, mailbox: Mailbox) -> Iterator[Settings]:
    controller = _start(mailbox)
    yield replace(
        settings,
        mail_host="127.0.0.1",
        mail_port=controller.port,
        mail_security="none",
        mail_from="shihyo@example.jp",
        mail_to="staff@example.jp, chief@example.jp",
    )
    controller.stop()


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Return a server's context with a certificate for 127.0.0.1 that this process trusts."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on this machine")
    key, crt = tmp_path / "key.pem", tmp_path / "crt.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    more = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(crt)]
    subprocess.run([*command, *more], check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(crt))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(crt, key)
    return context


def _later() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=5)


def _text(mail: EmailMessage) -> str:
    return str(mail.get_content())


def test_a_run_that_published_is_told_by_mail_japanese_first(
    mailing: Settings, source: HarvestSource, engine: Engine, mailbox: Mailbox
) -> None:
    run_sources(mailing, [source])
    [sent] = send_digests(mailing, engine, now=_later())
    assert (sent.error, sent.delivery.status) == (None, "sent")
    [mail] = mailbox.mails
    assert mailbox.recipients == [["staff@example.jp", "chief@example.jp"]]
    assert mail["Subject"].startswith("収集の報告: 作成1")
    assert mail["Auto-Submitted"] == "auto-generated"
    text = _text(mail)
    assert text.index("■ 新しく公開: 1") < text.index("■ Created: 1")
    assert "procedures-online（procedures）" in text


def test_a_channel_is_told_everything_once(mailing: Settings, source: HarvestSource, engine: Engine) -> None:
    run_sources(mailing, [source])
    assert len(send_digests(mailing, engine, now=_later())) == 1
    assert send_digests(mailing, engine, now=_later() + timedelta(seconds=5)) == []


def test_what_could_not_be_sent_is_part_of_the_next_digest(
    mailing: Settings, source: HarvestSource, engine: Engine, mailbox: Mailbox
) -> None:
    run_sources(mailing, [source])
    mailbox.answer = "554 not today"
    [failed] = send_digests(mailing, engine, now=_later())
    assert failed.error is not None
    assert "not today" in failed.error.message("ja")
    found = RunningJournal(engine).find_delivery("mail")
    assert found is not None
    assert found.status == "failed"
    mailbox.answer = "250 OK"
    [sent] = send_digests(mailing, engine, now=_later() + timedelta(seconds=5))
    assert sent.error is None
    assert "procedures-online" in _text(mailbox.mails[0])


def test_a_mail_server_that_is_too_slow_or_away_is_a_failed_delivery(
    mailing: Settings, source: HarvestSource, engine: Engine, mailbox: Mailbox
) -> None:
    run_sources(mailing, [source])
    mailbox.delay = 1.5
    [slow] = send_digests(replace(mailing, http_timeout=1), engine, now=_later())
    [away] = send_digests(replace(mailing, mail_port=1), engine, now=_later())
    assert slow.error is not None
    assert away.error is not None
    assert "SHIHYO_MAIL_*" in away.error.message("ja")


def test_without_recipients_the_setting_is_named(mailing: Settings, source: HarvestSource, engine: Engine) -> None:
    run_sources(mailing, [source])
    [failed] = send_digests(replace(mailing, mail_to=" , "), engine, now=_later())
    assert failed.error is not None
    assert "SHIHYO_MAIL_FROM" in failed.error.message("en")


def test_a_login_over_starttls_and_over_tls_from_the_beginning(
    mailing: Settings, source: HarvestSource, engine: Engine, mailbox: Mailbox, certificate: ssl.SSLContext
) -> None:
    run_sources(mailing, [source])
    logins: list[bytes] = []

    def authenticate(server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        logins.append(data.password)
        return AuthResult(success=data.password == b"secret")

    starttls = _start(
        mailbox, tls_context=certificate, require_starttls=True, authenticator=authenticate, auth_required=True
    )
    direct = _start(mailbox, ssl_context=certificate, authenticator=authenticate, auth_require_tls=False)
    try:
        for controller, security in ((starttls, "starttls"), (direct, "ssl")):
            here = replace(
                mailing,
                mail_port=controller.port,
                mail_security=security,
                mail_user="shihyo",
                mail_password="secret",
            )
            [sent] = send_digests(here, engine, since=SINCE, now=_later())
            assert sent.error is None
            [refused] = send_digests(replace(here, mail_password="wrong"), engine, since=SINCE, now=_later())
            assert refused.error is not None
            assert "wrong" not in str(refused.error)
    finally:
        starttls.stop()
        direct.stop()
    assert len(mailbox.mails) == 2
    assert logins[0] == b"secret"


def test_a_certificate_that_is_not_trusted_is_refused(
    mailing: Settings,
    source: HarvestSource,
    engine: Engine,
    mailbox: Mailbox,
    certificate: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_sources(mailing, [source])
    monkeypatch.delenv("SSL_CERT_FILE")
    controller = _start(mailbox, tls_context=certificate, require_starttls=True)
    here = replace(mailing, mail_port=controller.port, mail_security="starttls")
    [failed] = send_digests(here, engine, now=_later())
    controller.stop()
    assert failed.error is not None
    assert "CERTIFICATE_VERIFY_FAILED" in str(failed.error)
    assert mailbox.mails == []


class Hook:
    """A webhook whose answers a test decides."""

    def __init__(self, respond: Callable[..., None]) -> None:
        self.respond = respond
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.delay = 0.0

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        time.sleep(self.delay)
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        status = self.statuses.pop(0) if self.statuses else 204
        if status < 300:
            self.taken.append(({key.lower(): value for key, value in handler.headers.items()}, body))
        self.respond(handler, status=status, **({"Location": "http://127.0.0.1:1/"} if status == 307 else {}))


@pytest.fixture
def hook(respond: Callable[..., None]) -> Hook:
    return Hook(respond)


@pytest.fixture
def hooking(settings: Settings, hook: Hook, serve_posts: Callable[..., str]) -> Settings:
    return replace(settings, webhook_url=serve_posts(hook), webhook_secret="s3cret", http_retries=2)


def test_a_webhook_gets_json_with_a_signature_that_can_be_checked(
    hooking: Settings, source: HarvestSource, engine: Engine, hook: Hook
) -> None:
    run_sources(hooking, [source])
    [sent] = send_digests(hooking, engine, now=_later())
    assert sent.error is None
    [(headers, body)] = hook.taken
    said = json.loads(body)
    assert said["type"] == "harvest.digest"
    assert said["data"]["created"][0]["name"] == "procedures-online"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(b"s3cret", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_the_signature_is_that_of_the_standard() -> None:
    # The example of the specification's own libraries.
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    signature = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_webhook_that_fails_at_first_is_tried_again(
    hooking: Settings, source: HarvestSource, engine: Engine, hook: Hook
) -> None:
    run_sources(hooking, [source])
    hook.statuses = [503]
    [sent] = send_digests(hooking, engine, now=_later())
    assert sent.error is None
    assert len(hook.taken) == 1


@pytest.mark.parametrize("status", [400, 307, 500])
def test_a_webhook_that_refuses_or_redirects_is_a_failed_delivery(
    hooking: Settings, source: HarvestSource, engine: Engine, hook: Hook, status: int
) -> None:
    run_sources(hooking, [source])
    hook.statuses = [status] * 9
    [failed] = send_digests(replace(hooking, http_retries=0), engine, now=_later())
    assert isinstance(failed.error, DeliveryError)
    assert hook.taken == []


def test_a_webhook_that_is_too_slow_is_a_failed_delivery(
    hooking: Settings, source: HarvestSource, engine: Engine, hook: Hook
) -> None:
    run_sources(hooking, [source])
    hook.delay = 1.5
    slow = replace(hooking, http_timeout=1, http_retries=0)
    [failed] = send_digests(slow, engine, now=_later())
    assert failed.error is not None


def test_a_webhook_at_a_private_address_is_refused_and_its_url_is_not_told(hooking: Settings, hook: Hook) -> None:
    guarded = replace(hooking, allow_private_addresses=False, webhook_url=f"{hooking.webhook_url}/token-of-the-url")
    client = HttpClient(guarded)
    with pytest.raises(DeliveryError) as caught:
        send_webhook(guarded, Digest(SINCE, UNTIL, 0), client)
    client.close()
    assert "token-of-the-url" not in str(caught.value)
    assert caught.value.context["reason"] == "address-forbidden"
    assert hook.taken == []


def test_a_failing_webhook_does_not_keep_the_mail_from_going(
    mailing: Settings, source: HarvestSource, engine: Engine, mailbox: Mailbox
) -> None:
    both = replace(mailing, webhook_url="http://127.0.0.1:1")
    run_sources(both, [source])
    mail, webhook = send_digests(both, engine, now=_later())
    assert (mail.error, len(mailbox.mails)) == (None, 1)
    assert webhook.error is not None


# -- what a digest says


def _job(engine: Engine, status: JobStatus, report: dict[str, Any]) -> None:
    journal = HarvestJournal(engine)
    journal.finish(journal.start("source", "kind"), status, report)


def _digest(engine: Engine) -> Digest:
    return read_digest(engine, SINCE, UNTIL)


def test_every_part_says_what_to_do(engine: Engine) -> None:
    error = {
        "code": "x",
        "what": {"ja": "壊れています", "en": "It is broken"},
        "next_step": {"ja": "直す", "en": "Fix it"},
    }
    report = {
        "datasets": [
            {"name": "new", "action": "created", "error": None},
            {"name": "old", "action": "updated", "error": None},
            {"name": "same", "action": "unchanged", "error": None},
            {"name": "bad", "action": "failed", "error": error},
            {"name": "odd", "action": "held", "error": None},
        ],
        "objects": {"named": [{"name": "away.csv", "state": "gone", "error": None}]},
    }
    _job(engine, JobStatus.PARTIAL, report)
    digest = _digest(engine)
    names = {part: [one.name for one in digest.part(part)] for part in ("created", "updated", "gone", "held", "failed")}
    assert names == {"created": ["new"], "updated": ["old"], "gone": ["away.csv"], "held": ["odd"], "failed": ["bad"]}
    lines = "\n".join(digest.lines("ja"))
    assert "bad（source）: 壊れています → 直す" in lines
    assert re.search(r"shihyo harvest approve source --job \S+ --reason '理由'$", lines, re.MULTILINE)
    assert digest.subject().startswith("収集の報告: 作成1・更新1・消失1・承認待ち1・失敗1 / ")


def test_rows_that_could_not_be_used_are_counted_without_what_they_contain(engine: Engine) -> None:
    finding = {
        "id": "answer-unknown",
        "level": "rejected",
        "title": {"ja": "使えない回答", "en": "Answers that cannot be used"},
        "next_step": {"ja": "票を確かめる", "en": "Look at the sheet"},
        "count": 3,
        "examples": [{"value": "回答者の秘密", "place": {"file": "a.csv", "cell": "C3"}}],
    }
    _job(engine, JobStatus.SUCCEEDED, {"findings": [finding]})
    digest = _digest(engine)
    assert "使えない回答: 3件 → 票を確かめる" in "\n".join(digest.lines("ja"))
    assert "秘密" not in json.dumps(digest.to_dict(), ensure_ascii=False)
    assert not digest.problems


def test_lost_and_failed_runs_are_problems_and_cancelled_ones_are_not(engine: Engine) -> None:
    journal = HarvestJournal(engine)
    journal.start("gone", "kind")
    journal.mark_lost("gone")
    error = {"what": {"ja": "止めた", "en": "Stopped"}, "next_step": None}
    _job(engine, JobStatus.CANCELLED, {"error": error})
    digest = _digest(engine)
    assert [one.name for one in digest.part("failed")] == ["gone"]
    assert digest.problems


@pytest.mark.parametrize(("when", "wanted"), [("changes", True), ("problems", False), ("always", True), ("off", False)])
def test_the_setting_says_when_a_digest_is_wanted(engine: Engine, when: str, wanted: bool) -> None:
    _job(engine, JobStatus.SUCCEEDED, {"datasets": [{"name": "new", "action": "created", "error": None}]})
    assert _digest(engine).is_wanted(when) is wanted


def test_a_digest_of_nothing_says_so() -> None:
    digest = make_digest([], since=SINCE, until=UNTIL)
    assert "変わったことはありません。" in digest.lines("ja")
    assert not any(digest.is_wanted(when) for when in ("changes", "problems", "always", "off"))


def test_without_channels_nothing_is_sent(settings: Settings, engine: Engine) -> None:
    assert send_digests(settings, engine) == []
