"""The server as a process of its own: it says where it is when it is there, and goes when it is told."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from api.server import serve
from catalog.errors import SettingError
from catalog.releases import Holdings, LocalCopy
from catalog.settings import Settings

_PROGRAM = """
import os
from api.server import serve
from catalog.settings import Settings

if __name__ == "__main__":
    serve(Settings.from_environ(os.environ))
"""


@pytest.fixture
def home(all_holdings: Holdings, tmp_path: Path) -> Path:
    """Return a folder whose local copy has all releases."""
    copy = LocalCopy(tmp_path / "copy")
    for dataset in all_holdings.datasets.values():
        for release in dataset.releases:
            copy.add_release(release.manifest, lambda name, release=release: release.path(name).open("rb"))
    return tmp_path


@pytest.fixture
def server(home: Path, root: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Return a server of two processes, and where it is; port 0 lets it find a free one."""
    program = home / "program.py"
    program.write_text(_PROGRAM)
    environ = {key: value for key, value in os.environ.items() if not key.startswith("SHIHYO_")}
    environ |= {"SHIHYO_HOME": str(home), "SHIHYO_PORT": "0", "SHIHYO_WORKERS": "2", "SHIHYO_FOLLOW_SECONDS": "0"}
    environ |= {"PYTHONPATH": str(root)}
    process = subprocess.Popen(
        [sys.executable, str(program)], env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        [site] = [line.split()[-1].removesuffix("/api/v1") for line in lines if "/api/v1" in line]
        yield process, site
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def test_it_answers_when_it_says_so_and_ends_cleanly_on_ctrl_c(server: tuple[subprocess.Popen[str], str]) -> None:
    process, site = server
    url = f"{site}/api/v1/indicators/kpi-12/observations?area=121002&time=2021-04-01&format=csv"
    with urllib.request.urlopen(url) as response:
        assert b",32.8," in response.read()
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=30)[0]
    assert process.returncode == 0
    assert "Traceback" not in rest
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=2)


def test_codings_and_conditional_requests_work_over_the_wire(server: tuple[subprocess.Popen[str], str]) -> None:
    _, site = server
    request = urllib.request.Request(f"{site}/api/v1/areas", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert b'"121002"' in gzip.decompress(response.read())
        tag = response.headers["ETag"]
    request.add_header("If-None-Match", tag)
    with pytest.raises(urllib.error.HTTPError, match="304") as caught:
        urllib.request.urlopen(request)
    caught.value.close()


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the processes that answer."""
    children = [one for one in psutil.Process(process.pid).children() if one.status() != psutil.STATUS_ZOMBIE]
    return [one for one in children if "--multiprocessing-fork" in one.cmdline()]


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait a little for something that other processes do."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def test_a_process_that_dies_is_replaced(server: tuple[subprocess.Popen[str], str]) -> None:
    process, site = server
    first, second = workers_of(process)
    first.kill()
    wait_until(lambda: len(workers_of(process)) == 2 and first not in workers_of(process))
    assert second in workers_of(process)
    wait_until(lambda: answers(site))


def answers(site: str) -> bool:
    """Return whether a process takes the connection; for a moment the address can be without one."""
    try:
        with urllib.request.urlopen(f"{site}/healthz", timeout=5) as response:
            return bool(response.read() == b"ok\n")
    except OSError:
        return False


def test_nothing_goes_on_serving_when_the_main_process_is_killed(server: tuple[subprocess.Popen[str], str]) -> None:
    process, _ = server
    workers = workers_of(process)
    process.kill()
    wait_until(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in workers))


def test_a_port_that_is_taken_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingError, match="--port"):
            serve(Settings(home=tmp_path, port=port))


def test_an_address_that_is_not_ours_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"192\.0\.2\.1"):
        serve(Settings(home=tmp_path, host="192.0.2.1", port=0))
