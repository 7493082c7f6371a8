"""Fixtures that every test may use: the checkout, the shared input files, a real CKAN and a real PostgreSQL.

The CKAN is the one that ``SHIHYO_CKAN_URL`` names, or the stack of ``deploy/ckan``. The stack is kept in ``.ckan`` of
the checkout (``SHIHYO_CKAN_FOLDER`` names another folder), so only the first start installs anything. Sessions that run
at the same time share it: each holds a shared lock, and the last one to end stops what the tests started. A stack that
somebody started by hand goes on running.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).parents[1]

# how long an example takes says more about the machine than about the code: speed is measured in benchmarks/
hypothesis.settings.register_profile("shihyo", deadline=None)
hypothesis.settings.load_profile("shihyo")

#: the exit status of stack.py when Debian packages are missing, and when the stack is down
MISSING_PACKAGES, NOT_RUNNING = 2, 3
#: the first start installs CKAN and Solr
INSTALL_SECONDS = 1800


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the test that starts the stack the time to install it."""
    for item in items:
        if item.get_closest_marker("ckan"):
            item.add_marker(pytest.mark.timeout(INSTALL_SECONDS))


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of the shared input files; skip where it is missing, except in CI."""
    folder = Path(os.environ.get("SHIHYO_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        reason = f"the shared input files are not on this machine ({folder}); set SHIHYO_SHARED to their folder"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def shared_data(shared: Path) -> Path:
    """Return ``shared/data``."""
    return shared / "data"


# -- a real CKAN


@dataclass(frozen=True, slots=True)
class CkanSite:
    """A running CKAN."""

    #: where it is
    url: str
    #: API token of a sysadmin
    token: str
    #: URL of its core in Solr; empty when it is not known
    solr_url: str
    #: folder of the stack of deploy/ckan; None when the CKAN is another one, which is not ours to stop
    folder: Path | None = None
    #: descriptor of the lock that the sessions share; None in the same case
    users: int | None = None


class StackCommand:
    """``deploy/ckan/stack.py`` on one folder."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._script = root / "deploy" / "ckan" / "stack.py"
        self.folder = folder

    def __call__(self, command: str, *more: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run one command of it."""
        line = [sys.executable, str(self._script), command, "--folder", str(self.folder), *more]
        return subprocess.run(line, capture_output=True, text=True, env=os.environ | environ)


@pytest.fixture(scope="session")
def stack_in(root: Path) -> Callable[[Path], StackCommand]:
    """Return the command of ``deploy/ckan`` for a folder."""
    return lambda folder: StackCommand(root, folder)


@pytest.fixture(scope="session")
def ckan_site(root: Path) -> Iterator[CkanSite]:
    """Return a running CKAN; skip where it cannot be had, except in CI."""
    url, token = os.environ.get("SHIHYO_CKAN_URL", ""), os.environ.get("SHIHYO_CKAN_TOKEN", "")
    if bool(url) != bool(token):
        pytest.fail("SHIHYO_CKAN_URL and SHIHYO_CKAN_TOKEN go together; one of them is missing")
    if url:
        yield CkanSite(url.rstrip("/"), token, os.environ.get("SHIHYO_CKAN_SOLR_URL", ""))
    else:
        yield from _own_site(StackCommand(root, Path(os.environ.get("SHIHYO_CKAN_FOLDER", root / ".ckan"))))


def _own_site(stack: StackCommand) -> Iterator[CkanSite]:
    _require_packages(stack)
    stack.folder.mkdir(exist_ok=True)
    started_by_tests = stack.folder / "started-by-tests"
    with (stack.folder / "users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        if stack("status").returncode == NOT_RUNNING:
            started_by_tests.touch()
        try:
            up = stack("up", "--json")
            if up.returncode:
                pytest.fail(f"the CKAN stack does not start:\n{up.stderr}")
            address = json.loads(up.stdout)
            yield CkanSite(address["url"], address["token"], address["solr_url"], stack.folder, users.fileno())
        finally:
            if started_by_tests.exists() and become_only_user(users.fileno()):
                stack("down").check_returncode()
                started_by_tests.unlink()


def _require_packages(stack: StackCommand) -> None:
    check = stack("check")
    if check.returncode == MISSING_PACKAGES and not os.environ.get("CI"):
        pytest.skip(check.stderr.strip())
    if check.returncode:
        pytest.fail(check.stderr)


def become_only_user(users: int) -> bool:
    """Turn the shared lock into an exclusive one; when others hold it, take the shared one again (flock(2))."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(users, fcntl.LOCK_SH)
        return False
    return True


@pytest.fixture(scope="session")
def own_stack(ckan_site: CkanSite, stack_in: Callable[[Path], StackCommand]) -> StackCommand:
    """Return the command of the stack that the tests use; skip when they use a CKAN from elsewhere."""
    if ckan_site.folder is None:
        pytest.skip("SHIHYO_CKAN_URL names a CKAN that is not ours to stop")
    return stack_in(ckan_site.folder)


@pytest.fixture
def undisturbed(own_stack: StackCommand, ckan_site: CkanSite) -> Iterator[None]:
    """Let a test break the stack: no other session uses it meanwhile; skip when one does."""
    assert ckan_site.users is not None
    if not become_only_user(ckan_site.users):
        pytest.skip("another session uses the CKAN stack")
    yield
    fcntl.flock(ckan_site.users, fcntl.LOCK_SH)


@pytest.fixture(scope="session")
def ckan_url(ckan_site: CkanSite) -> str:
    """Return the URL of a running CKAN."""
    return ckan_site.url


@pytest.fixture(scope="session")
def ckan_token(ckan_site: CkanSite) -> str:
    """Return an API token of a sysadmin of that CKAN."""
    return ckan_site.token


@pytest.fixture(scope="session")
def ckan_solr_url(ckan_site: CkanSite) -> str:
    """Return the URL of CKAN's core in Solr; skip where only CKAN's own address is known."""
    if not ckan_site.solr_url:
        pytest.skip("SHIHYO_CKAN_SOLR_URL does not say where the Solr of SHIHYO_CKAN_URL is")
    return ckan_site.solr_url


# -- a real PostgreSQL, where Debian's package is installed

#: the account that PostgreSQL runs as when root runs the tests: it refuses root
_ACCOUNT = "postgres"
_PATIENCE = 30


def _programs() -> Path | None:
    installed = [folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if (folder / "initdb").exists()]
    found = shutil.which("initdb")
    return max(installed) if installed else Path(found).resolve().parent if found else None


def _missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Start a PostgreSQL on a free port and return the URL of its superuser, without a database; end it afterwards."""
    programs = _programs()
    if programs is None:
        _missing("PostgreSQL is not on this machine (Debian: postgresql)")
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="shihyo-postgresql-"))
    account = {"user": _ACCOUNT, "group": _ACCOUNT} if os.geteuid() == 0 else {}
    if account:
        found = pwd.getpwnam(_ACCOUNT)
        os.chown(folder, found.pw_uid, found.pw_gid)
    cluster = folder / "cluster"
    initdb = [programs / "initdb", "-D", cluster, "-U", "shihyo", "--auth=trust", "--no-sync", "--encoding=UTF8"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **account)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [f"-cport={port}", "-clisten_addresses=127.0.0.1", "-cunix_socket_directories=", "-cfsync=off"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([programs / "postgres", "-D", cluster, *options], stderr=log, cwd=folder, **account)
    try:
        _wait_for(port, server, folder / "log")
        yield f"postgresql+psycopg://shihyo@127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(_PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    end = time.monotonic() + _PATIENCE
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="shihyo", dbname="postgres", connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > end:
                pytest.fail(f"PostgreSQL does not start:\n{log.read_text()}")
            time.sleep(0.05)


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    """Return the URL of a new database."""
    import psycopg

    name = f"shihyo_{secrets.token_hex(6)}"
    address = postgresql_server.replace("+psycopg", "") + "/postgres"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"{postgresql_server}/{name}"
