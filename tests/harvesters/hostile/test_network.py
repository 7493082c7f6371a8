"""Servers that mean harm: bodies without end, bombs, answers that drip, redirects into the own network."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from harvesters.fetching.addresses import is_public

PIECE = b"121002,2022,42\r\n" * 4096

Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def ask(private_network, serve) -> Callable[..., Any]:
    """Return a function that harvests from a server with a given answer, then the good file of the next year."""

    def harvest(answer: Answer, good: bytes, send: Callable[..., None]) -> Any:
        server = serve(answer)
        private_network.declare(path=None, url=f"{server.url}/2021.csv")
        found = private_network.run()
        assert found.report.to_dict()["status"] == "failed", found.ja
        assert private_network.served() == {"FY2020": 40.0}
        server.answer = lambda handler: send(handler, good)
        after = private_network.run()
        assert after.report.to_dict()["status"] == "succeeded", after.ja
        assert private_network.served() == {"FY2020": 40.0, "FY2021": 41.0}
        return found

    return harvest


def endless(handler: BaseHTTPRequestHandler) -> None:
    """Answer without a length and without an end."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(PIECE)


def dripping(handler: BaseHTTPRequestHandler) -> None:
    """Answer a few bytes at a time, always soon enough for a timeout of each wait."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"1")
        handler.wfile.flush()
        time.sleep(0.1)


def slow_headers(handler: BaseHTTPRequestHandler) -> None:
    """Send headers without end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X-A: b\r\n")
        handler.wfile.flush()
        time.sleep(0.2)


def silent(_: BaseHTTPRequestHandler) -> None:
    """Take the request and say nothing."""
    time.sleep(4)


@cache
def packed_zeros() -> bytes:
    """Return 100 MB of zeros in 100 kB."""
    return gzip.compress(bytes(100_000_000), 6)


def gzip_bomb(handler: BaseHTTPRequestHandler) -> None:
    """Send a bomb."""
    packed = packed_zeros()
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", str(len(packed)))
    handler.end_headers()
    handler.wfile.write(packed)


def two_gigabytes(handler: BaseHTTPRequestHandler) -> None:
    """Say that two gigabytes come."""
    handler.send_response(200)
    handler.send_header("Content-Length", "2000000000")
    handler.end_headers()
    handler.wfile.write(PIECE)


TOO_LARGE = (
    "上限の20MBを超えています → 正しいファイルか確かめ、必要なら",
    "It is larger than the limit of 20 MB → Check that",
)
TOO_SLOW = (
    "3秒以内に取得し終わりませんでした → ",
    "It took longer than 3 seconds → Check that the source is well; if it is, raise",
)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (endless, TOO_LARGE),
        (two_gigabytes, TOO_LARGE),
        (gzip_bomb, TOO_LARGE),
        (dripping, TOO_SLOW),
        (slow_headers, ("→ ", "→ ")),
        (silent, ("→ ", "→ ")),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_an_answer_without_bounds_ends_at_the_limits(ask, good, respond, answer, told):
    packed_zeros()
    found = ask(answer, good(2021), respond)
    line = next(one for one in found.ja.splitlines() if "✗" in one)
    assert told[0] in line
    assert "2021.csv" in line
    found.says(*told)
    assert found.seconds < 8


# -- redirects


@pytest.fixture
def public_server(desk, serve, monkeypatch) -> Callable[[str], None]:
    """Return a function that declares a server that counts as public and redirects to a given URL."""
    looked_up = socket.getaddrinfo

    def look_up(host: str, port: int, *more: Any, **named: Any) -> Any:
        names = {"data.example.jp": "127.0.0.1", "inside.example.jp": "127.0.0.1", "rebound.example.jp": "::1"}
        if host in names:
            family = socket.AF_INET6 if ":" in names[host] else socket.AF_INET
            return [(family, socket.SOCK_STREAM, 6, "", (names[host], port))]
        return looked_up(host, port, *more, **named)

    first = True

    def permits(address: str) -> bool:
        """Take the first look at 127.0.0.1, that of data.example.jp, for a public address."""
        nonlocal first
        allowed, first = (first and address == "127.0.0.1") or is_public(address), False
        return allowed

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr("harvesters.http.is_public", permits)

    def declare(target: str) -> Any:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(302)
            handler.send_header("Location", target.replace("PORT", str(handler.server.server_port)))
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        server = serve(answer)
        port = server.url.rpartition(":")[2]
        desk.declare(path=None, url=f"http://data.example.jp:{port}/2021.csv")
        return server

    return declare


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("http://127.0.0.1:PORT/secret", "127.0.0.1"),
        ("http://2130706433:PORT/secret", "127.0.0.1"),
        ("http://0x7f000001:PORT/secret", "127.0.0.1"),
        ("http://0177.0.0.1:PORT/secret", "127.0.0.1"),
        ("http://127.1:PORT/secret", "127.0.0.1"),
        ("http://0:PORT/secret", "0.0.0.0"),
        ("http://localhost:PORT/secret", "127.0.0.1"),
        ("http://inside.example.jp:PORT/secret", "127.0.0.1"),
        ("http://rebound.example.jp:PORT/secret", "::1"),
        ("http://[::1]:PORT/secret", "::1"),
        ("http://[::ffff:127.0.0.1]:PORT/secret", "127.0.0.1"),
        ("http://[::ffff:7f00:1]:PORT/secret", "127.0.0.1"),
        ("http://[64:ff9b::7f00:1]:PORT/secret", "64:ff9b::7f00:1"),
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254"),
        ("http://10.0.0.1/", "10.0.0.1"),
        ("//127.0.0.1:PORT/secret", "127.0.0.1"),
    ],
)
def test_a_redirect_into_the_own_network_is_refused_and_not_followed(desk, public_server, target, address):
    server = public_server(target)
    found = desk.run()
    assert found.report.to_dict()["status"] == "failed", found.ja
    found.says("は公開されていないアドレス（", "which is not a public address → Use a public URL;")
    found.says("公開URLを使うか、庁内から収集するなら SHIHYO_ALLOW_PRIVATE_ADDRESSES=true を設定してください", address)
    assert [path for path, _ in server.requests] == ["/2021.csv"]
    assert desk.served() == {"FY2020": 40.0}


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/x"])
def test_a_redirect_to_another_scheme_is_refused(desk, public_server, target):
    public_server(target)
    found = desk.run()
    found.says(
        f"「{target}」は http か https のURLではありません → http:// か https:// の公開URLを書いてください",
        f"{target} is not an http or https URL → Give a public http:// or https:// URL",
    )
    assert desk.served() == {"FY2020": 40.0}


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x.csv", "http://2130706433:9/x.csv", "http://[::1]:9/x.csv"])
def test_a_declared_private_address_is_refused_with_what_to_do(desk, url):
    desk.declare(path=None, url=url)
    found = desk.run()
    found.says("は公開されていないアドレス（", "which is not a public address → Use a public URL;")
    assert desk.served() == {"FY2020": 40.0}


def test_a_file_that_is_a_bomb_is_refused_when_it_is_opened(private_network, serve, respond):
    """The file is a bomb, its transfer is harmless."""
    server = serve(lambda handler: respond(handler, packed_zeros()))
    private_network.declare(path=None, url=f"{server.url}/2021.csv.gz")
    found = private_network.run()
    found.says("200倍を超えて展開されます → ", "It unpacks to more than 200 times its size → ")
    assert private_network.served() == {"FY2020": 40.0}
