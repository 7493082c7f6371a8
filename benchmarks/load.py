"""A server in a process of its own, and wrk against it on loopback."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_TAIL = re.compile(r"(50|99)%\s+([\d.]+)(us|ms|s)")
_BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True, slots=True)
class Load:
    """What one round of load gave."""

    #: requests per second
    rate: float
    #: how long it lasted
    seconds: int
    #: processor time of the server per request, microseconds
    cpu_us: float
    #: median and 99th percentile of the latency, milliseconds
    p50: float
    p99: float


def free_port() -> int:
    """Return a port on loopback that nothing listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(command: list[str], url: str, environ: Mapping[str, str]) -> Iterator[psutil.Process]:
    """Run a server until the block ends; ready when ``url`` answers."""
    process = subprocess.Popen(command, env=dict(environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(url, process)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if process.poll() is not None:
            sys.exit(f"the server for {url} ended with {process.returncode}")
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    sys.exit(f"{url} did not answer")


def wrk(url: str, server: psutil.Process, *, seconds: int = 4, headers: Mapping[str, str] | None = None) -> Load:
    """Send load for some seconds over 16 connections; every answer must be 2xx or 3xx."""
    tool = shutil.which("wrk") or sys.exit("wrk is missing: apt-get install wrk")
    options = [part for key, value in (headers or {}).items() for part in ("-H", f"{key}: {value}")]
    before = _cpu(server)
    text = subprocess.run(
        [tool, "-t1", "-c16", f"-d{seconds}s", "--latency", *options, url], capture_output=True, text=True, check=True
    ).stdout
    spent = _cpu(server) - before
    if _BAD.search(text):
        sys.exit(f"{url} answered with errors:\n{text}")
    rate = float(_RATE.search(text)[1])
    tail = {key: float(number) * _MILLISECONDS[unit] for key, number, unit in _TAIL.findall(text)}
    return Load(rate, seconds, 1e6 * spent / (rate * seconds), tail["50"], tail["99"])


def _cpu(server: psutil.Process) -> float:
    family = [server, *server.children(recursive=True)]
    return sum(sum(one.cpu_times()[:2]) for one in family)
