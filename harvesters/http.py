"""Get bytes over HTTP: the only module that uses ``requests``.

Order of events of :meth:`HttpClient.download`: the URL is checked; the request goes out with ``If-None-Match`` and
``If-Modified-Since``; every redirect is followed by hand and checked again; the body streams into the sink while its
size, the size of what it unpacks to and the time are watched; 429, 5xx and broken connections are tried again with
exponential back-off and jitter, or when ``Retry-After`` says.

HTTP semantics: RFC 9110 (conditional requests 13.1, redirects 15.4, Retry-After 10.2.3). Proxies and credentials of the
environment are not used: the address that is checked is the address that is connected to.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any, ClassVar, Generic, TypeVar
from urllib.parse import urljoin

import requests
import tenacity
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.exceptions import HTTPError as TransportError
from urllib3.poolmanager import PoolManager

from catalog.errors import FetchError, TooLarge
from catalog.settings import Settings
from harvesters.fetching import http_errors
from harvesters.fetching.addresses import Permits, anything, is_public, resolve
from harvesters.fetching.credentials import Secret, SecretInUse, origin_of
from harvesters.fetching.unpacking import unpacker

#: redirects that are followed
MOST_REDIRECTS = 5
#: a server that asks to wait longer than this many seconds is given up on
LONGEST_RETRY_AFTER = 300.0

_CHUNK = 1 << 16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CONDITIONS = frozenset({"If-None-Match", "If-Modified-Since"})

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Downloaded(Generic[Kept]):
    """What a download gave."""

    #: what the sink made of the body; None if the server said 304
    kept: Kept | None
    #: ETag and Last-Modified of the answer
    etag: str | None
    last_modified: str | None
    #: all headers of the answer, names in lower case
    headers: Mapping[str, str] = field(default_factory=dict)


class _Transient(Exception):
    """Something that may go better the next time."""

    def __init__(self, error: FetchError, after: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after


class HttpClient:
    """A client with the limits of the settings.

    Parameters
    ----------
    settings
        Timeouts, retries, largest size, whether private addresses are allowed.
    permits
        Decides on an address; by default public ones only, or all if the settings allow private ones.
    sleep
        Waits between attempts.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        permits: Permits | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._limit = settings.max_download_mb * 1_000_000
        self._sleep = sleep
        self._connections, self._secret = _Connections(), SecretInUse()
        self._session = requests.Session()
        self._session.trust_env = False
        permitted = permits or (anything if settings.allow_private_addresses else is_public)
        adapter = _CheckedAdapter(permitted, self._connections, self._secret)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)
        self._session.headers.update(
            {
                "User-Agent": f"shihyo/{version('shihyo')} (+{settings.site_url})",
                "Accept": "*/*",
                "Accept-Encoding": "gzip",
            }
        )

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._session.close()

    def download(
        self,
        url: str,
        sink: Callable[[Iterable[bytes]], Kept],
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        headers: Mapping[str, str] | None = None,
        secret: Secret | None = None,
    ) -> Downloaded[Kept]:
        """Get what is at a URL.

        Parameters
        ----------
        url
            http or https.
        sink
            Takes the body, unpacked, in pieces; called once for each attempt that gets as far as a body.
        etag, last_modified
            What the server said about the bytes that are at hand; without them the request is unconditional.
        headers
            More headers, such as ``Accept``; a host that the request is redirected to gets ``Accept`` alone.
        secret
            What nobody else may see: only the host of ``url`` gets it.

        Raises
        ------
        ForbiddenAddress
            If the URL or a redirect is not http(s) or leads to an address that is not allowed.
        TooLarge
            If the body, packed or unpacked, is larger than ``max_download_mb``.
        FetchError
            If the server answers with an error, is not reached, takes too long, or stops in the middle.
        """
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        own = secret.headers if secret else {}
        sent = {key: value for key, value in {**(headers or {}), **own, **conditions}.items() if value}
        deadline = time.monotonic() + self._settings.http_total_timeout
        self._secret.keep(url, secret)
        try:
            for attempt in self._attempts(deadline):
                with attempt:
                    return self._attempt(url, sink, sent, deadline)
        except _Transient as last:
            raise last.error from last
        finally:
            self._secret.forget()
        raise AssertionError("unreachable: the last attempt returns or raises")

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Send a body to a URL, again if the server does not answer or says that it may work later.

        Redirects are not followed: whoever takes what is sent must be who was named.

        Returns
        -------
        int
            The status of the answer, 200 to 299.

        Raises
        ------
        ForbiddenAddress
            If the URL is not http(s) or leads to an address that is not allowed.
        FetchError
            If the server is not reached, takes too long or answers otherwise.
        """
        deadline = time.monotonic() + self._settings.http_total_timeout
        try:
            for attempt in self._attempts(deadline):
                with attempt:
                    return self._post(url, body, dict(headers), deadline)
        except _Transient as last:
            raise last.error from last
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _post(self, url: str, body: bytes, headers: dict[str, str], deadline: float) -> int:
        http_errors.check_url(url, url)
        patience = (self._patience(deadline), self._patience(deadline))
        with (
            self._watched(url, deadline),
            self._session.post(
                url, data=body, headers=headers, timeout=patience, stream=True, allow_redirects=False
            ) as response,
        ):
            if 200 <= response.status_code < 300:
                return response.status_code
            raise _bad_status(url, response)

    def _attempts(self, deadline: float) -> tenacity.Retrying:
        jittered = tenacity.wait_random_exponential(multiplier=0.5, max=30)

        def wait(state: tenacity.RetryCallState) -> float:
            failure = state.outcome.exception() if state.outcome else None
            asked = failure.after if isinstance(failure, _Transient) else None
            return jittered(state) if asked is None else asked

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Transient),
            stop=tenacity.stop_after_attempt(self._settings.http_retries + 1) | _BeforeDeadline(deadline),
            wait=wait,
            sleep=self._sleep,
            reraise=True,
        )

    def _attempt(
        self, url: str, sink: Callable[[Iterable[bytes]], Kept], sent: dict[str, str], deadline: float
    ) -> Downloaded[Kept]:
        with self._watched(url, deadline), self._follow(url, sent, deadline) as response:
            headers = {name.lower(): self._secret.hide(value) for name, value in response.headers.items()}
            etag, modified = headers.get("etag"), headers.get("last-modified")
            if response.status_code == 304 and not _CONDITIONS.isdisjoint(sent):
                return Downloaded(None, etag, modified, headers)
            if response.status_code != 200:
                raise _bad_status(url, response)
            return Downloaded(sink(self._body(url, response, deadline)), etag, modified, headers)

    @contextmanager
    def _follow(self, url: str, sent: dict[str, str], deadline: float) -> Iterator[requests.Response]:
        current, abroad = url, {key: value for key, value in sent.items() if key in _CONDITIONS or key == "Accept"}
        for _ in range(MOST_REDIRECTS + 1):
            http_errors.check_url(current, url)
            headers = sent if origin_of(current) == origin_of(url) else abroad
            with self._get(current, headers, deadline) as response:
                if response.status_code not in _REDIRECTS:
                    yield response
                    return
                current = self._secret.hide_in_url(_next_hop(current, response))
        raise http_errors.too_many_redirects(url, MOST_REDIRECTS)

    def _get(self, url: str, headers: dict[str, str], deadline: float) -> requests.Response:
        patience = (self._patience(deadline), self._patience(deadline))
        try:
            return self._session.get(url, headers=headers, timeout=patience, stream=True, allow_redirects=False)
        except requests.RequestException:
            raise
        except ValueError as error:  # requests parses the target of a redirect even if it does not follow it
            raise http_errors.redirects_nowhere(url, None) from error

    def _patience(self, deadline: float) -> float:
        return max(0.001, min(float(self._settings.http_timeout), deadline - time.monotonic()))

    @contextmanager
    def _watched(self, url: str, deadline: float) -> Iterator[None]:
        """Cut every connection at the deadline and translate the errors of the transport."""
        self._connections.clear()
        watchdog = threading.Timer(max(0.0, deadline - time.monotonic()), self._connections.cut)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield
        except (requests.RequestException, TransportError, OSError) as error:
            if time.monotonic() >= deadline:
                raise http_errors.too_slow(url, self._settings.http_total_timeout) from error
            raise _Transient(http_errors.broken(url, error)) from error
        finally:
            watchdog.cancel()

    def _body(self, url: str, response: requests.Response, deadline: float) -> Iterator[bytes]:
        """Yield the body unpacked, and see to it that neither its size nor its time exceeds the limits."""
        declared = response.headers.get("Content-Length", "")
        if declared.isdecimal() and int(declared) > self._limit:
            raise self._too_large(url)
        unpack = unpacker(url, response.headers.get("Content-Encoding", ""))
        packed = unpacked = 0
        while True:
            piece = response.raw.read1(_CHUNK, decode_content=False)
            if time.monotonic() >= deadline:
                raise http_errors.too_slow(url, self._settings.http_total_timeout)
            if not piece:
                break
            packed += len(piece)
            for part in unpack.feed(piece):
                unpacked += len(part)
                if max(packed, unpacked) > self._limit:
                    raise self._too_large(url)
                yield part
            if packed > self._limit:
                raise self._too_large(url)
        if declared.isdecimal() and packed != int(declared):
            raise _Transient(http_errors.cut_off(url, packed, int(declared)))
        if not unpack.complete:
            raise _Transient(http_errors.cut_off(url, packed, None))

    def _too_large(self, url: str) -> TooLarge:
        return http_errors.too_large(url, self._settings.max_download_mb)


class _BeforeDeadline(tenacity.stop.stop_base):
    """Stops when the next attempt would come too late."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline

    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        return time.monotonic() + retry_state.upcoming_sleep > self._deadline


class _Connections:
    """The sockets of one attempt, so that a watchdog can cut them."""

    def __init__(self) -> None:
        self._sockets: list[Any] = []
        self._lock = threading.Lock()

    def add(self, sock: Any) -> None:
        with self._lock:
            self._sockets.append(sock)

    def clear(self) -> None:
        with self._lock:
            self._sockets.clear()

    def cut(self) -> None:
        with self._lock:
            for sock in self._sockets:
                with contextlib.suppress(OSError):  # it may be closed already, which is what is wanted
                    sock.shutdown(socket.SHUT_RDWR)


class _CheckedAdapter(HTTPAdapter):
    """Connects only to permitted addresses and keeps each socket in sight."""

    def __init__(self, permits: Permits, connections: _Connections, secret: SecretInUse) -> None:
        self._permits, self._watched, self._secret = permits, connections, secret
        super().__init__(max_retries=0, pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager = _checked_pools(self._permits, self._watched, self._secret)


def _checked_pools(permits: Permits, watched: _Connections, secret: SecretInUse) -> PoolManager:
    pools = PoolManager(num_pools=1, maxsize=1)
    own = {"permits": staticmethod(permits), "watched": watched, "secret": secret}
    kinds = {
        "http": (urllib3.HTTPConnectionPool, HTTPConnection),
        "https": (urllib3.HTTPSConnectionPool, HTTPSConnection),
    }
    pools.pool_classes_by_scheme = {
        scheme: type("CheckedPool", (pool,), {"ConnectionCls": type("CheckedConnection", (_Checked, base), own)})
        for scheme, (pool, base) in kinds.items()
    }
    return pools


class _Checked(HTTPConnection):
    """A connection to an address that was checked: what is resolved once is what is connected to."""

    permits: ClassVar[staticmethod[[str], bool]]
    watched: ClassVar[_Connections]
    secret: ClassVar[SecretInUse]
    _dns_host: str

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        try:
            addresses = resolve(name, self.port, self.permits)
        except OSError as error:
            raise NewConnectionError(self, f"{name} does not resolve: {error}") from error
        failure: Exception | None = None
        for address in addresses:
            self._dns_host = address
            try:
                return super()._new_conn()
            except (NewConnectionError, ConnectTimeoutError) as error:
                failure = error
            finally:
                self._dns_host = name
        raise failure or NewConnectionError(self, f"{name} has no address")

    def connect(self) -> None:
        super().connect()
        self.watched.add(self.sock)

    def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        scheme = "https" if isinstance(self, HTTPSConnection) else "http"
        super().putrequest(method, self.secret.write((scheme, self.host, self.port), url), *args, **kwargs)


def _next_hop(current: str, response: requests.Response) -> str:
    target = response.headers.get("Location")
    if not target:
        raise http_errors.redirects_nowhere(current, response.status_code)
    return urljoin(current, target)


def _bad_status(url: str, response: requests.Response) -> Exception:
    error = http_errors.bad_status(url, response.status_code)
    if response.status_code not in http_errors.TRANSIENT:
        return error
    after = _retry_after(response.headers.get("Retry-After", ""))
    return error if after is not None and after > LONGEST_RETRY_AFTER else _Transient(error, after)


def _retry_after(text: str) -> float | None:
    if text.isdecimal():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
