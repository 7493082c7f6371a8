"""Secrets that APIs ask for: in a header, such as a token, or in the query, such as the application id of e-Stat.

A secret of the query is written into the request line where that is sent and stands nowhere else, so no URL, error, log
or provenance can show it. Only the host that a secret was meant for gets it, whatever that host redirects to, and what
the host repeats of it is hidden, or refused where bytes must stay as they are (ADR 140).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from catalog.errors import FetchError, Label, Place

#: scheme, host and port of a URL
Origin = tuple[str, str, int]

_HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret that an API asks for: harvesters name it, and never see it."""

    #: field of :class:`~catalog.settings.Settings` that has it
    setting: str
    #: parameter of the query that carries it; None if a header does
    parameter: str | None = None
    #: header that carries it; None if the query does
    header: str | None = None
    #: what stands before it in the header
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential with its value, as it is sent."""

    #: where it goes
    credential: Credential
    #: the secret itself
    value: str = field(repr=False)

    @property
    def query(self) -> dict[str, str]:
        """Parameters of the query that carry it."""
        return {self.credential.parameter: self.value} if self.credential.parameter else {}

    @property
    def headers(self) -> dict[str, str]:
        """Headers that carry it."""
        return {self.credential.header: self.credential.scheme + self.value} if self.credential.header else {}


def origin_of(url: str) -> Origin:
    """Return scheme, host and port of an http(s) URL; empty if it is none."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "", "", 0


class SecretInUse:
    """The secret of one download at a time."""

    def __init__(self) -> None:
        self._secret: Secret | None = None
        self._home: Origin = ("", "", 0)

    def keep(self, url: str, secret: Secret | None) -> None:
        """Take what the host of ``url`` may get."""
        self._secret, self._home = secret, origin_of(url)

    def forget(self) -> None:
        """Let it go."""
        self._secret = None

    def write(self, origin: Origin, target: str) -> str:
        """Return the target of a request line, with the secret if it goes to its host."""
        query = self._secret.query if self._secret else {}
        if not query or origin != self._home:
            return target
        return f"{target}{'&' if '?' in target else '?'}{urlencode(query)}"

    def hide_in_url(self, url: str) -> str:
        """Return a URL that a server named, without the secret that the server may have copied into it."""
        if self._secret is None:
            return url
        before, mark, query = url.partition("?")
        if self._secret.query:
            query = urlencode([(name, one) for name, one in parse_qsl(query, True) if name not in self._secret.query])
        return self.hide(before + mark + query)

    def hide(self, text: str) -> str:
        """Return a text of the answer with ``***`` wherever the secret stands."""
        return hide_in(text, [self._secret.value]) if self._secret else text


def hide_in(text: str, secrets: Iterable[str]) -> str:
    """Return a text with ``***`` wherever one of the secrets stands, as it is or as a URL writes it."""
    for form in _forms(secrets):
        text = text.replace(form, _HIDDEN)
    return text


def hide_in_bytes(content: bytes, secrets: Iterable[str]) -> bytes:
    """Do the same with an answer, which is in UTF-8."""
    for form in _forms(secrets):
        content = content.replace(form.encode(), _HIDDEN.encode())
    return content


def iter_without(chunks: Iterable[bytes], secret: Secret | None, url: str) -> Iterator[bytes]:
    """Pass on the pieces of a file as long as the secret does not stand in it, across their borders too.

    Raises
    ------
    FetchError
        If it does: a file is kept as it came or not at all.
    """
    forms = [one.encode() for one in _forms([secret.value])] if secret else []
    longest, seen = max(map(len, forms), default=1), b""
    for chunk in chunks:
        seen += chunk
        if any(one in seen for one in forms):
            raise _repeats(url)
        seen = seen[len(seen) - longest + 1 :] if longest <= len(seen) else seen
        yield chunk


def _forms(secrets: Iterable[str]) -> list[str]:
    """Return the secrets as they are and as a URL writes them."""
    return [form for secret in filter(None, secrets) for form in dict.fromkeys((quote(secret, safe=""), secret))]


def _repeats(url: str) -> FetchError:
    return FetchError(
        "受け取ったファイルに、こちらが送ったトークンが書かれています。このファイルは使いません",
        "The file repeats the token that was sent for it; it is not used",
        next_step=Label(
            "提供元に知らせ、トークンを発行し直してください",
            "Tell the owner of the source, and get another token",
        ),
        place=Place(file=url),
    )
