"""Getting bytes over HTTP, against real servers on this machine."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from catalog.errors import FetchError, ForbiddenAddress, TooLarge
from catalog.settings import Settings
from harvesters.fetching.credentials import Credential, Secret
from harvesters.http import HttpClient

Client = Callable[..., HttpClient]


def _loopback(address: str) -> bool:
    return address == "127.0.0.1"


@pytest.fixture
def make_client(settings: Settings) -> Iterator[Client]:
    clients: list[HttpClient] = []

    def make(**changes: Any) -> HttpClient:
        values = {one: getattr(settings, one) for one in settings.__dataclass_fields__} | changes.pop("settings", {})
        client = HttpClient(Settings(**values), **{"permits": _loopback, "sleep": lambda _: None, **changes})
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


def _join(chunks: Iterable[bytes]) -> bytes:
    return b"".join(chunks)


def test_a_body_arrives_with_its_validators(make_client: Client, serve: Any, respond: Any) -> None:
    server = serve(lambda h: respond(h, b"a,b\n1,2\n", ETag='"v1"', Last_Modified="Wed, 01 Apr 2026 00:00:00 GMT"))
    got = make_client().download(f"{server.url}/x.csv", _join)
    assert got.kept == b"a,b\n1,2\n"
    assert (got.etag, got.last_modified) == ('"v1"', "Wed, 01 Apr 2026 00:00:00 GMT")


def test_the_client_says_who_it_is(make_client: Client, serve: Any, respond: Any) -> None:
    server = serve(lambda h: respond(h, b"x"))
    make_client().download(server.url, _join)
    assert server.requests[0][1]["User-Agent"].startswith("shihyo/")


def test_a_conditional_request_is_answered_by_304_without_a_body(make_client: Client, serve: Any, respond: Any) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        same = handler.headers.get("If-None-Match") == '"v1"' and handler.headers.get("If-Modified-Since") == "then"
        respond(handler, b"" if same else b"body", 304 if same else 200)

    server = serve(answer)
    got = make_client().download(server.url, _join, etag='"v1"', last_modified="then")
    assert got.kept is None


def test_304_without_having_asked_for_it_is_an_error(make_client: Client, serve: Any, respond: Any) -> None:
    server = serve(lambda h: respond(h, b"", 304))
    with pytest.raises(FetchError, match="304"):
        make_client().download(server.url, _join)


def test_503_is_tried_again_until_it_succeeds(make_client: Client, serve: Any, respond: Any) -> None:
    answers = iter([(b"", 503), (b"", 503), (b"fine", 200)])
    server = serve(lambda h: respond(h, *next(answers)))
    assert make_client().download(server.url, _join).kept == b"fine"
    assert len(server.requests) == 3


def test_retries_end_and_the_error_names_the_status(make_client: Client, serve: Any, respond: Any) -> None:
    server = serve(lambda h: respond(h, b"", 503))
    with pytest.raises(FetchError) as caught:
        make_client().download(server.url, _join)
    assert caught.value.context["status"] == 503
    assert len(server.requests) == 3


def test_404_is_not_tried_again_and_says_what_to_do(make_client: Client, serve: Any, respond: Any) -> None:
    server = serve(lambda h: respond(h, b"", 404))
    with pytest.raises(FetchError, match="changed") as caught:
        make_client().download(server.url, _join)
    assert len(server.requests) == 1
    assert "URLが変わっていないか" in caught.value.message("ja")


def _in_six_seconds() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=6), usegmt=True)


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [pytest.param(lambda: "3", 3, 3, id="seconds"), pytest.param(_in_six_seconds, 1, 6, id="date")],
)
def test_retry_after_decides_how_long_to_wait(
    make_client: Client, serve: Any, respond: Any, header: Callable[[], str], low: float, high: float
) -> None:
    answers = iter([(b"", 429), (b"fine", 200)])
    server = serve(lambda h: respond(h, *next(answers), Retry_After=header()))
    waits: list[float] = []
    make_client(sleep=waits.append).download(server.url, _join)
    assert len(waits) == 1
    assert low <= waits[0] <= high


def test_a_server_that_asks_to_wait_for_an_hour_is_given_up_on(make_client: Client, serve: Any, respond: Any) -> None:
    server = serve(lambda h: respond(h, b"", 503, Retry_After="3600"))
    with pytest.raises(FetchError, match="503"):
        make_client().download(server.url, _join)
    assert len(server.requests) == 1


def test_a_refused_connection_is_tried_again_and_then_an_error(make_client: Client) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    waits: list[float] = []
    with pytest.raises(FetchError, match="could not be reached"):
        make_client(sleep=waits.append).download(f"http://127.0.0.1:{port}/", _join)
    assert len(waits) == 2


def test_waits_grow_and_are_jittered(make_client: Client, serve: Any, respond: Any) -> None:
    server = serve(lambda h: respond(h, b"", 500))
    waits: list[float] = []
    client = make_client(sleep=waits.append, settings={"http_retries": 6, "http_total_timeout": 600})
    with pytest.raises(FetchError):
        client.download(server.url, _join)
    assert all(0 <= wait <= 0.5 * 2**i for i, wait in enumerate(waits))
    assert len(set(waits)) == len(waits)


def test_an_answer_that_stops_in_the_middle_is_not_taken_for_whole(
    make_client: Client, serve: Any, respond: Any
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        respond(handler, b"half", Content_Length="8")
        handler.close_connection = True

    with pytest.raises(FetchError):
        make_client().download(serve(answer).url, _join)


def test_redirects_are_followed(make_client: Client, serve: Any, respond: Any) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/old":
            respond(handler, b"", 302, Location="/new")
        else:
            respond(handler, b"moved")

    assert make_client().download(f"{serve(answer).url}/old", _join).kept == b"moved"


def test_a_redirect_to_an_address_that_is_not_permitted_is_refused_before_it_is_contacted(
    make_client: Client, serve: Any, respond: Any
) -> None:
    inner = serve(lambda h: respond(h, b"secret"))
    port = inner.url.rpartition(":")[2]
    outer = serve(lambda h: respond(h, b"", 302, Location=f"http://127.0.0.2:{port}/"))
    with pytest.raises(ForbiddenAddress, match=r"127\.0\.0\.2"):
        make_client().download(outer.url, _join)
    assert inner.requests == []


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/"])
def test_a_redirect_to_another_scheme_is_refused(make_client: Client, serve: Any, respond: Any, target: str) -> None:
    server = serve(lambda h: respond(h, b"", 302, Location=target))
    with pytest.raises(ForbiddenAddress):
        make_client().download(server.url, _join)


@pytest.mark.parametrize("target", ["http://[", "http://host:99999/", "http://host:x/", "http://host:0/"])
def test_a_redirect_to_what_is_no_url_is_refused(make_client: Client, serve: Any, respond: Any, target: str) -> None:
    server = serve(lambda h: respond(h, b"", 302, Location=target))
    with pytest.raises(FetchError, match=r"not an http|no URL"):
        make_client().download(server.url, _join)
    assert len(server.requests) == 1


@pytest.mark.parametrize("url", ["http://[", "http://host:99999/", "http://host:x/"])
def test_what_is_no_url_is_refused_before_anything_is_asked(make_client: Client, url: str) -> None:
    with pytest.raises(ForbiddenAddress, match="not an http"):
        make_client().download(url, _join, secret=Secret(Credential("any", "key"), "secret"))


def test_endless_redirects_end(make_client: Client, serve: Any, respond: Any) -> None:
    server = serve(lambda h: respond(h, b"", 302, Location="/again"))
    with pytest.raises(FetchError, match="redirects"):
        make_client().download(server.url, _join)


def test_a_redirect_without_a_target_is_an_error(make_client: Client, serve: Any, respond: Any) -> None:
    server = serve(lambda h: respond(h, b"", 301))
    with pytest.raises(FetchError, match="without saying where"):
        make_client().download(server.url, _join)


def test_this_machine_is_not_fetched_from_by_default(settings: Settings, serve: Any, respond: Any) -> None:
    server = serve(lambda h: respond(h, b"secret"))
    with pytest.raises(ForbiddenAddress, match="public"):
        HttpClient(settings).download(server.url, _join)
    assert server.requests == []


def test_the_operator_may_allow_private_addresses(make_client: Client, serve: Any, respond: Any) -> None:
    server = serve(lambda h: respond(h, b"inside"))
    client = make_client(permits=None, settings={"allow_private_addresses": True})
    assert client.download(server.url, _join).kept == b"inside"


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    make_client: Client, serve: Any, respond: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(lambda h: respond(h, b"checked"))
    port = int(server.url.rpartition(":")[2])
    asked: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: str, *args: Any, **kwargs: Any) -> Any:
        if host == "rebind.test":
            asked.append(host)
            host = "127.0.0.1" if len(asked) == 1 else "127.0.0.2"
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    assert make_client().download(f"http://rebind.test:{port}/", _join).kept == b"checked"
    assert asked == ["rebind.test"]
    assert server.requests[0][1]["Host"] == f"rebind.test:{port}"


def test_a_name_that_does_not_resolve_is_an_error(make_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    with pytest.raises(FetchError, match="could not be reached"):
        make_client().download("http://nowhere.test/", _join)


@pytest.mark.parametrize("url", ["ftp://example.jp/x", "/etc/passwd", "http://", "javascript:alert(1)"])
def test_only_http_urls_are_fetched(make_client: Client, url: str) -> None:
    with pytest.raises(ForbiddenAddress):
        make_client().download(url, _join)


def test_a_password_in_a_url_is_refused_and_not_shown(make_client: Client) -> None:
    with pytest.raises(ForbiddenAddress) as caught:
        make_client().download("http://me:hush@example.jp/", _join)
    assert "hush" not in str(caught.value) + str(caught.value.to_dict())


def test_a_declared_size_above_the_limit_is_refused_at_once(make_client: Client, serve: Any, respond: Any) -> None:
    server = serve(lambda h: respond(h, b"x", Content_Length="2000000"))
    with pytest.raises(TooLarge, match="1 MB"):
        make_client().download(server.url, _join)


def test_a_body_above_the_limit_is_cut_off(make_client: Client, serve: Any) -> None:
    sent = 0

    def endless(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x" * 65536)
            sent += 65536

    with pytest.raises(TooLarge):
        make_client().download(serve(endless).url, _join)
    assert sent < 20_000_000


def test_gzip_is_unpacked(make_client: Client, serve: Any, respond: Any) -> None:
    body = gzip.compress("千葉市\n".encode() * 1000)
    server = serve(lambda h: respond(h, body, Content_Encoding="gzip"))
    assert make_client().download(server.url, _join).kept == "千葉市\n".encode() * 1000


def test_a_gzip_bomb_does_not_go_off(make_client: Client, serve: Any, respond: Any) -> None:
    bomb = gzip.compress(b"\0" * 300_000_000)
    assert len(bomb) < 1_000_000
    server = serve(lambda h: respond(h, bomb, Content_Encoding="gzip"))
    kept = 0

    def count(chunks: Iterable[bytes]) -> int:
        nonlocal kept
        for chunk in chunks:
            kept += len(chunk)
        return kept

    with pytest.raises(TooLarge):
        make_client().download(server.url, count)
    assert kept <= 1_000_000


def test_gzip_that_is_cut_off_is_not_taken_for_whole(make_client: Client, serve: Any, respond: Any) -> None:
    body = gzip.compress(b"a,b\n" * 10_000)[:-20]
    server = serve(lambda h: respond(h, body, Content_Encoding="gzip"))
    with pytest.raises(FetchError, match="middle"):
        make_client().download(server.url, _join)


def test_what_says_that_it_is_gzip_and_is_not_is_an_error(make_client: Client, serve: Any, respond: Any) -> None:
    server = serve(lambda h: respond(h, b"plain", Content_Encoding="gzip"))
    with pytest.raises(FetchError, match="gzip"):
        make_client().download(server.url, _join)


def test_an_encoding_that_was_not_asked_for_is_an_error(make_client: Client, serve: Any, respond: Any) -> None:
    server = serve(lambda h: respond(h, b"x", Content_Encoding="br"))
    with pytest.raises(FetchError, match="br"):
        make_client().download(server.url, _join)


def _drip(handler: BaseHTTPRequestHandler, head: bytes) -> None:
    handler.wfile.write(head)
    for _ in range(200):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: "], ids=["body", "header"])
def test_an_answer_that_drips_for_ever_ends_at_the_deadline(make_client: Client, serve: Any, head: bytes) -> None:
    server = serve(lambda h: _drip(h, head))
    start = time.monotonic()
    with pytest.raises(FetchError, match="longer than 1 seconds"):
        make_client(settings={"http_total_timeout": 1}).download(server.url, _join)
    assert time.monotonic() - start < 4


def test_a_server_that_never_answers_is_not_waited_for(make_client: Client, serve: Any) -> None:
    server = serve(lambda _: time.sleep(3))
    start = time.monotonic()
    with pytest.raises(FetchError):
        make_client(settings={"http_timeout": 1, "http_retries": 0}).download(server.url, _join)
    assert time.monotonic() - start < 2.5


# -- headers and secrets of a request

SECRET = "k3y+with/strange=signs"
APP_ID = Credential("estat_app_id", parameter="appId")
TOKEN = Credential("portal_token", header="Authorization")


def _download_secretly(client: HttpClient, url: str, **headers: str) -> bytes | None:
    return client.download(url, _join, headers=headers, secret=Secret(APP_ID, SECRET)).kept


def test_a_secret_of_the_query_reaches_the_server_and_the_headers_of_the_answer_come_back(
    make_client: Client, serve: Any, respond: Any
) -> None:
    server = serve(lambda h: respond(h, b"x", X_Total="7"))
    got = make_client().download(f"{server.url}/data?id=1", _join, secret=Secret(APP_ID, SECRET))
    assert server.requests[0][0] == "/data?id=1&appId=k3y%2Bwith%2Fstrange%3Dsigns"
    assert got.headers["x-total"] == "7"


def test_a_secret_is_forgotten_after_its_request(make_client: Client, serve: Any, respond: Any) -> None:
    server, client = serve(lambda h: respond(h, b"x")), make_client()
    _download_secretly(client, server.url)
    client.download(f"{server.url}/other", _join)
    assert server.requests[1][0] == "/other"


@pytest.mark.parametrize("status", [403, 503])
def test_no_error_and_no_cause_of_an_error_shows_the_secret(
    make_client: Client, serve: Any, respond: Any, status: int
) -> None:
    server = serve(lambda h: respond(h, b"", status))
    with pytest.raises(FetchError) as caught:
        _download_secretly(make_client(), f"{server.url}/data")
    assert "k3y" not in _everything_said(caught.value)


def test_a_connection_that_breaks_does_not_show_the_secret(make_client: Client) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/data"
    with pytest.raises(FetchError) as caught:
        _download_secretly(make_client(), url)
    assert "k3y" not in _everything_said(caught.value)


def test_the_logs_of_the_libraries_do_not_show_the_secret(
    make_client: Client, serve: Any, respond: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    server = serve(lambda h: respond(h, b"x"))
    _download_secretly(make_client(), f"{server.url}/data")
    assert "GET /data" in caplog.text
    assert "k3y" not in caplog.text


def test_a_redirect_that_repeats_the_secret_is_followed_at_the_same_host_and_shows_it_to_nobody(
    make_client: Client, serve: Any, respond: Any
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path.startswith("/old"):
            respond(handler, b"", 301, Location=handler.path.replace("/old", "/new"))
        else:
            respond(handler, b"", 404)

    server = serve(answer)
    with pytest.raises(FetchError) as caught:
        _download_secretly(make_client(), f"{server.url}/old?id=1")
    assert server.requests[1][0] == "/new?id=1&appId=k3y%2Bwith%2Fstrange%3Dsigns"
    assert "k3y" not in _everything_said(caught.value)


def test_another_host_gets_neither_the_secret_nor_the_headers_that_were_meant_for_the_first(
    make_client: Client, serve: Any, respond: Any
) -> None:
    other = serve(lambda h: respond(h, b"x"))
    first = serve(lambda h: respond(h, b"", 302, Location=f"{other.url}{h.path}"))
    _download_secretly(make_client(), f"{first.url}/data", Accept="text/csv", X_Auth_Token="t0ken")
    [(path, headers)] = other.requests
    assert path == "/data"
    assert headers["Accept"] == "text/csv"
    assert "t0ken" not in headers.values()


def test_a_redirect_that_hides_the_secret_in_its_path_is_refused_without_showing_it(
    make_client: Client, serve: Any, respond: Any
) -> None:
    server = serve(lambda h: respond(h, b"", 302, Location="ftp://elsewhere/k3y%2Bwith%2Fstrange%3Dsigns"))
    with pytest.raises(ForbiddenAddress) as caught:
        _download_secretly(make_client(), server.url)
    assert "k3y" not in _everything_said(caught.value)


def _everything_said(error: BaseException | None) -> str:
    said = ""
    while error is not None:
        said += f"{error!r} {error} {getattr(error, 'context', '')} {getattr(error, 'to_dict', dict)()}"
        error = error.__cause__ or error.__context__
    return said
