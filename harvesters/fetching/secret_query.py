"""Secrets that APIs ask for: in a header, or in the query of a URL, such as the application id of e-Stat.

A secret of the query is written into the request line where that is sent and stands nowhere else, so no URL, error, log
or provenance can show it. Only the host that it was meant for gets it, whatever that host redirects to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

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


def origin_of(url: str) -> Origin:
    """Return scheme, host and port of an http(s) URL; empty if it is none."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "", "", 0


class SecretQuery:
    """The secret of one download at a time."""

    def __init__(self) -> None:
        self._query: Mapping[str, str] = {}
        self._home: Origin = ("", "", 0)

    def keep(self, url: str, query: Mapping[str, str]) -> None:
        """Take the parameters that the host of ``url`` may get."""
        self._query, self._home = query, origin_of(url)

    def forget(self) -> None:
        """Let them go."""
        self._query = {}

    def write(self, origin: Origin, target: str) -> str:
        """Return the target of a request line, with the secret if it goes to its host."""
        if not self._query or origin != self._home:
            return target
        return f"{target}{'&' if '?' in target else '?'}{urlencode(self._query)}"

    def hide(self, url: str) -> str:
        """Return a URL that a server named, without the secret that the server may have copied into it."""
        if not self._query:
            return url
        before, mark, query = url.partition("?")
        kept = [(name, value) for name, value in parse_qsl(query, True) if name not in self._query]
        return hide_in(before + mark + urlencode(kept), self._query.values())


def hide_in(text: str, secrets: Iterable[str]) -> str:
    """Return a text with ``***`` wherever one of the secrets stands, as it is or as a URL writes it."""
    for secret in filter(None, secrets):
        text = text.replace(quote(secret, safe=""), _HIDDEN).replace(secret, _HIDDEN)
    return text


def hide_in_bytes(content: bytes, secrets: Iterable[str]) -> bytes:
    """Do the same with an answer, which is in UTF-8."""
    for secret in filter(None, secrets):
        for form in (quote(secret, safe=""), secret):
            content = content.replace(form.encode(), _HIDDEN.encode())
    return content
