"""A real PostgreSQL for the application database, where Debian's package is installed."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

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
