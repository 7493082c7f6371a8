"""The four processes of the stack: how each is started, and how each proves that it is well."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from debian import find_program, postgresql_programs
from layout import DONE, HERE, Stack
from processes import Component, Unhealthy, plain_environment

#: the account that PostgreSQL runs as when root calls: initdb and postgres refuse root
UNPRIVILEGED = "postgres"
_ANSWER_SECONDS = 20


def database_account() -> str | None:
    """Return the account that PostgreSQL must run as; None means the caller's own."""
    return UNPRIVILEGED if os.geteuid() == 0 else None


def fetch_json(url: str) -> Any:
    """GET a JSON document.

    Raises
    ------
    Unhealthy
        If there is no answer, or it is not a success.
    """
    try:
        with urllib.request.urlopen(url, timeout=_ANSWER_SECONDS) as answer:
            return json.load(answer)
    except (OSError, ValueError) as error:
        raise Unhealthy(f"{url}: {error}") from error


def psql(stack: Stack, database: str, sql: str) -> str:
    """Run SQL as the superuser and return what it prints, unaligned.

    Raises
    ------
    Unhealthy
        If the server does not take the connection or refuses a statement; nothing of ``sql`` is kept then.
    """
    address = {"PGHOST": "127.0.0.1", "PGPORT": str(stack.port("postgresql")), "PGUSER": "postgres"}
    run = subprocess.run(
        [postgresql_programs() / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database],
        input=sql,
        env=plain_environment(**address, PGPASSWORD=stack.choices.secret("postgres"), PGCONNECT_TIMEOUT="5"),
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise Unhealthy(run.stderr.strip())
    return run.stdout.strip()


def _postgresql_command(stack: Stack) -> list[str]:
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(stack.port("postgresql")),
        "unix_socket_directories": "",
        "logging_collector": "off",
    }
    flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    return [str(postgresql_programs() / "postgres"), "-D", str(stack.layout.cluster), *flags]


def _redis_version(stack: Stack) -> str:
    requests = f"AUTH {stack.choices.secret('redis')}\r\nINFO server\r\nQUIT\r\n"
    try:
        with socket.create_connection(("127.0.0.1", stack.port("redis")), timeout=_ANSWER_SECONDS) as connection:
            connection.sendall(requests.encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    except OSError as error:
        raise Unhealthy(str(error)) from error
    for line in answer.splitlines():
        if line.startswith("redis_version:"):
            return line.partition(":")[2]
    raise Unhealthy(answer.strip() or "no answer")


def _solr_command(stack: Stack) -> list[str]:
    return [
        find_program("java"),
        "-Xmx512m",
        "-XX:+ExitOnOutOfMemoryError",
        f"-Dsolr.solr.home={stack.layout.solr_home}",
        f"-Dsolr.log.dir={stack.layout.root / 'log'}",
        "-Dlog4j2.level=WARN",
        "-cp",
        f"{stack.layout.solr_jars}/*",
        "org.eclipse.jetty.xml.XmlConfiguration",
        f"jetty.port={stack.port('solr')}",
        str(HERE / "solr" / "jetty.xml"),
    ]


def _solr_version(stack: Stack) -> str:
    fetch_json(f"{stack.solr_url}/select?q=*:*&rows=0")
    server = stack.solr_url.rpartition("/")[0]
    return str(fetch_json(f"{server}/admin/info/system")["lucene"]["solr-spec-version"])


def _ckan_command(stack: Stack) -> list[str]:
    return [
        str(stack.layout.venv / "bin" / "gunicorn"),
        "wsgi:application",
        f"--pythonpath={HERE}",
        f"--bind=127.0.0.1:{stack.port('ckan')}",
        "--workers=2",
        "--timeout=300",
    ]


def ckan_environment(stack: Stack) -> dict[str, str]:
    """Return the variables that CKAN's programs need."""
    return {"CKAN_INI": str(stack.layout.ini), "PYTHONDONTWRITEBYTECODE": "1"}


def _ckan_version(stack: Stack) -> str:
    return str(fetch_json(f"{stack.url}/api/3/action/status_show")["result"]["ckan_version"])


POSTGRESQL = Component(
    "postgresql",
    "PostgreSQL",
    _postgresql_command,
    lambda stack: psql(stack, "postgres", "SHOW server_version").split()[0],
    account=database_account,
    ending=signal.SIGINT,
)
REDIS = Component(
    "redis",
    "Redis",
    lambda stack: [find_program("redis-server"), str(stack.layout.redis_conf)],
    _redis_version,
    configuration=lambda stack: (stack.layout.redis_conf,),
)
SOLR = Component(
    "solr",
    "Apache Solr",
    _solr_command,
    _solr_version,
    configuration=lambda stack: (
        stack.layout.solr_jars / DONE,
        HERE / "solr" / "jetty.xml",
        *sorted((stack.layout.solr_home / "ckan" / "conf").iterdir()),
    ),
)
CKAN = Component(
    "ckan",
    "CKAN",
    _ckan_command,
    _ckan_version,
    environment=ckan_environment,
    configuration=lambda stack: (stack.layout.venv / DONE, stack.layout.ini, HERE / "wsgi.py"),
)

#: in the order of their start
COMPONENTS = (POSTGRESQL, REDIS, SOLR, CKAN)


def disk_mb(folder: Path) -> float:
    """Return the space that a folder occupies, in MB."""
    files = (Path(where, name) for where, _, names in os.walk(folder) for name in names)
    return round(sum(file.lstat().st_blocks * 512 for file in files if not file.is_symlink()) / 1e6, 1)
