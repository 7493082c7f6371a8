"""A served application with the sample sources harvested, and a headless Chromium that looks at it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE = 90


@dataclass
class Visit:
    """A page in the browser and what went wrong on it."""

    page: Page
    site: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._see)
        self.page.on("response", self._judge)

    def open(self, path: str) -> Page:
        """Open a page of the site."""
        self.page.goto(f"{self.site}{path}", wait_until="load")
        return self.page

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)

    def _see(self, request: Request) -> None:
        if not request.url.startswith((f"{self.site}/", "data:")):
            self.foreign.append(request.url)

    def _judge(self, response: Response) -> None:
        if response.status >= 400:
            self.errors.append(f"{response.status} {response.url}")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return where Chromium is; skip where it is missing, except in CI."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        reason = "Chromium is not on this machine; install it with: apt-get install chromium fonts-noto-cjk"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def site(chromium: str, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Harvest the samples, serve them as a process of their own and return the address."""
    home = tmp_path_factory.mktemp("served")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {key: value for key, value in os.environ.items() if not key.startswith("SHIHYO_")}
    environ |= {"SHIHYO_HOME": str(home), "SHIHYO_PORT": str(port), "SHIHYO_SITE_URL": f"http://127.0.0.1:{port}"}
    command = str(Path(sys.executable).with_name("shihyo"))
    subprocess.run([command, "harvest", "run", "--json"], cwd=root, env=environ, check=True, stdout=subprocess.DEVNULL)
    with (home / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [command, "serve", "--port", str(port)], cwd=root, env=environ, stdout=log, stderr=log
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/", process, home / "serve.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the address answers."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"the application did not start:\n{log.read_text('utf-8', 'replace')[-3000:]}")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Return a headless Chromium."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Visit]:
    """Return a page in a window of a computer."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        yield Visit(context.new_page(), site)


@pytest.fixture
def phone(browser: Browser, site: str) -> Iterator[Visit]:
    """Return a page on a small telephone."""
    with browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True) as context:
        yield Visit(context.new_page(), site)


@pytest.fixture
def dark(browser: Browser, site: str) -> Iterator[Visit]:
    """Return a page for a reader who prefers dark pages."""
    with browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark") as context:
        yield Visit(context.new_page(), site)


@pytest.fixture
def scriptless(browser: Browser, site: str) -> Iterator[Visit]:
    """Return a page in a browser that runs no scripts."""
    with browser.new_context(viewport={"width": 1280, "height": 900}, java_script_enabled=False) as context:
        yield Visit(context.new_page(), site)


@pytest.fixture(scope="session")
def screenshots(root: Path) -> Path:
    """Return the folder where screenshots are kept to be looked at."""
    folder = root / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
