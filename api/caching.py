"""Validators, lifetimes, and the cache of whole answers that stands in front of Flask.

A response is a function of (digests of the releases, canonical query, representation). Its ETag is a hash of these and
of the software's version, never of the body, so a request can be answered with 304 before anything is computed.

Order of events in :class:`ResponseCache`, for GET and HEAD: the state of the holdings is compared, and everything is
dropped when it changed; the answer is looked up by path, query, ``Accept`` and content coding; if it is there, it or a
304 goes out without Flask. Else, or if the request says ``Cache-Control: no-cache``, the application answers, and what
may be kept is kept: a 200 that is public, has a strong ETag, and varies by nothing but the two headers of the key. Long
answers are compressed once, when they are kept; streams are compressed with gzip as they come.

References
----------
RFC 9110 section 8.8 (validators), 13.1 (conditional requests), 12.5.3 (Accept-Encoding); RFC 9111; RFC 5861
(stale-while-revalidate); RFC 8246 (immutable).
"""

from __future__ import annotations

import gzip
import hashlib
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
from werkzeug.http import parse_accept_header

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PINNED = "public, max-age=31536000, immutable"
UNPINNED = "public, max-age=60, stale-while-revalidate=86400"
NOT_STORED = "no-store"

Headers = list[tuple[str, str]]

_GZIP_LEVEL = 6
_ZSTD_LEVEL = 3
#: zlib's number for a gzip header with the largest window
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
#: bodies that are shorter are sent as they are
_WORTH_COMPRESSING = 1024
#: content coding -> how it is made, the preferred one first
_CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: cast(bytes, pa.Codec("zstd", _ZSTD_LEVEL).compress(body, asbytes=True)),
    "gzip": lambda body: gzip.compress(body, _GZIP_LEVEL, mtime=0),
}
_COMPRESSIBLE = (
    "text/",
    "application/csvm+json",
    "application/javascript",
    "application/json",
    "application/ld+json",
    "application/problem+json",
    "application/rdf+xml",
    "application/xml",
    "image/svg+xml",
)

#: one answer may take this part of the cache
_LARGEST_PART = 8
#: what an entry takes beside its body, roughly
_OVERHEAD = 2048

#: headers that a 304 repeats (RFC 9110 section 15.4.5) and those that browsers need
_IN_NOT_MODIFIED = frozenset(
    {
        "cache-control",
        "content-location",
        "date",
        "etag",
        "expires",
        "vary",
        "link",
        "access-control-allow-origin",
        "access-control-expose-headers",
    }
)


@cache
def software_version() -> str:
    """Return the version of this software."""
    return version("shihyo")


def strong_etag(*parts: str) -> str:
    """Return the entity tag of what is determined by ``parts`` and the software, in quotes."""
    text = "\n".join([software_version(), *parts])
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def cache_control(*, pinned: bool) -> str:
    """Return how long an answer may be reused: for ever if its URL names a version."""
    return PINNED if pinned else UNPINNED


def is_current(if_none_match: str | None, etag: str) -> bool:
    """Return whether a client already has this representation, in whatever content coding."""
    if not if_none_match:
        return False
    if if_none_match.strip() == "*":
        return True
    tags = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return bool(tags & {etag, *(_coded_etag(etag, coding) for coding in _CODINGS)})


def _coded_etag(etag: str, coding: str) -> str:
    """A representation in another coding has other bytes, so it has another strong tag."""
    return f'{etag[:-1]}-{coding}"' if coding != "identity" else etag


def _offered(accept_encoding: str) -> dict[str, float]:
    """Return our codings with the quality that an ``Accept-Encoding`` header gives them."""
    qualities = dict(parse_accept_header(accept_encoding))
    return {coding: qualities.get(coding, qualities.get("*", 0)) for coding in _CODINGS}


@lru_cache(maxsize=1024)
def choose_coding(accept_encoding: str) -> str:
    """Return the content coding for an ``Accept-Encoding`` header: zstd, gzip or identity."""
    offered = _offered(accept_encoding)
    best = max(_CODINGS, key=lambda coding: offered[coding])
    explicit = dict(parse_accept_header(accept_encoding)).get("identity", 0)
    return best if offered[best] > 0 and offered[best] >= explicit else "identity"


def _accepts_gzip(accept_encoding: str) -> bool:
    return _offered(accept_encoding)["gzip"] > 0


@dataclass(frozen=True, slots=True)
class _Entry:
    """An answer as it goes out."""

    headers: Headers
    body: bytes
    etag: str
    not_modified: Headers

    @property
    def size(self) -> int:
        """What it takes in memory, roughly."""
        return len(self.body) + _OVERHEAD


class ResponseCache:
    """WSGI middleware that keeps whole answers in memory, up to a number of bytes.

    Parameters
    ----------
    application
        What answers if the cache does not.
    state
        Returns what all answers depend on; when it changes, everything is dropped.
    megabytes
        Size of the cache; 0 keeps nothing, and conditional requests and compression still work.
    """

    def __init__(self, application: WSGIApplication, state: Callable[[], object], megabytes: int) -> None:
        self._application = application
        self._state = state
        self._room = megabytes * 1_000_000
        self._entries: OrderedDict[tuple[str, ...], _Entry] = OrderedDict()
        self._size = 0
        self._seen = state()
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        method = environ["REQUEST_METHOD"]
        if method not in {"GET", "HEAD"}:
            return self._application(environ, start_response)
        state = self._state()
        key = (
            environ["PATH_INFO"],
            environ.get("QUERY_STRING", ""),
            environ.get("HTTP_ACCEPT", ""),
            choose_coding(environ.get("HTTP_ACCEPT_ENCODING", "")),
        )
        asked_anew = "no-cache" in environ.get("HTTP_CACHE_CONTROL", "")
        entry = None if asked_anew else self._find(state, key)
        if entry is None:
            return self._forward(environ, start_response, state, key)
        return _send(entry, environ, start_response)

    def _find(self, state: object, key: tuple[str, ...]) -> _Entry | None:
        with self._lock:
            if state != self._seen:
                self._entries.clear()
                self._size, self._seen = 0, state
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def _keep(self, state: object, key: tuple[str, ...], entry: _Entry) -> None:
        if entry.size > self._room // _LARGEST_PART:
            return
        with self._lock:
            if state != self._seen or key in self._entries:
                return
            self._entries[key] = entry
            self._size += entry.size
            while self._size > self._room:
                _, dropped = self._entries.popitem(last=False)
                self._size -= dropped.size

    def _forward(
        self, environ: WSGIEnvironment, start_response: StartResponse, state: object, key: tuple[str, ...]
    ) -> Iterable[bytes]:
        answer = _Answer()
        # HEAD is asked as GET, so that its answer can be kept and its length is the true one.
        body = self._application({**environ, "REQUEST_METHOD": "GET"}, answer.start)
        if not answer.may_be_kept():
            return _pass_on(answer, body, environ, start_response)
        try:
            entry = _make_entry(answer, b"".join(body), key[-1])
        finally:
            _close(body)
        self._keep(state, key, entry)
        return _send(entry, environ, start_response)


class _Answer:
    """Status and headers that the application gave."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: Headers = []
        self.error: Any = None

    def start(self, status: str, headers: Headers, error: Any = None) -> Callable[[bytes], object]:
        """Take what WSGI's ``start_response`` is given."""
        self.status, self.headers, self.error = status, headers, error
        return _write_is_not_supported

    def get(self, name: str) -> str | None:
        """Return a header, or None."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    def may_be_kept(self) -> bool:
        """Return whether it is whole, public, and varies by nothing but what the key has."""
        vary = {part.strip().lower() for part in (self.get("vary") or "").split(",") if part.strip()}
        return (
            self.status.startswith("200")
            and (self.get("etag") or "").startswith('"')
            and (self.get("cache-control") or "").startswith("public")
            and self.get("content-length") is not None
            and self.get("accept-ranges") is None
            and self.get("set-cookie") is None
            and vary <= {"accept", "accept-encoding"}
        )

    def is_stream_of_text(self) -> bool:
        """Return whether it is long, of unknown length, and worth compressing."""
        return (
            self.status.startswith("200")
            and self.get("content-length") is None
            and self.get("content-encoding") is None
            and (self.get("content-type") or "").startswith(_COMPRESSIBLE)
        )


def _write_is_not_supported(_: bytes) -> object:
    raise TypeError("applications return their body, they do not write it")


def _make_entry(answer: _Answer, body: bytes, coding: str) -> _Entry:
    compressible = (answer.get("content-type") or "").startswith(_COMPRESSIBLE) and len(body) >= _WORTH_COMPRESSING
    used = coding if compressible else "identity"
    etag = _coded_etag(answer.get("etag") or "", used)
    replaced = {"etag", "content-length", "content-encoding", "vary"}
    headers = [(name, value) for name, value in answer.headers if name.lower() not in replaced]
    headers += [("ETag", etag), ("Vary", _vary(answer.get("vary"))), *_coding_headers(used)]
    body = _CODINGS[used](body) if used != "identity" else body
    return _Entry(
        headers=[*headers, ("Content-Length", str(len(body)))],
        body=body,
        etag=etag,
        not_modified=[(name, value) for name, value in headers if name.lower() in _IN_NOT_MODIFIED],
    )


def _coding_headers(coding: str) -> Headers:
    return [] if coding == "identity" else [("Content-Encoding", coding)]


def _vary(value: str | None) -> str:
    return f"{value}, Accept-Encoding" if value else "Accept-Encoding"


def _send(entry: _Entry, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    asked = environ.get("HTTP_IF_NONE_MATCH")
    if asked is not None and (asked == entry.etag or is_current(asked, _plain_etag(entry.etag))):
        start_response("304 NOT MODIFIED", entry.not_modified)
        return ()
    start_response("200 OK", entry.headers)
    return () if environ["REQUEST_METHOD"] == "HEAD" else (entry.body,)


def _plain_etag(etag: str) -> str:
    for coding in _CODINGS:
        if etag.endswith(f'-{coding}"'):
            return etag[: -len(coding) - 2] + '"'
    return etag


def _pass_on(
    answer: _Answer, body: Iterable[bytes], environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    zipped = answer.is_stream_of_text() and _accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
    start_response(answer.status, _zipped_headers(answer) if zipped else answer.headers, answer.error)
    if environ["REQUEST_METHOD"] == "HEAD":
        _close(body)
        return ()
    return _zip(body) if zipped else body


def _zipped_headers(answer: _Answer) -> Headers:
    headers = [(name, value) for name, value in answer.headers if name.lower() not in {"etag", "vary"}]
    etag = answer.get("etag")
    return [
        *headers,
        *([("ETag", _coded_etag(etag, "gzip"))] if etag else []),
        ("Vary", _vary(answer.get("vary"))),
        *_coding_headers("gzip"),
    ]


def _zip(body: Iterable[bytes]) -> Iterator[bytes]:
    """Compress a stream as it comes."""
    packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    try:
        for part in body:
            if packed := packer.compress(part):
                yield packed
        yield packer.flush()
    finally:
        _close(body)


def _close(body: Iterable[bytes]) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()
