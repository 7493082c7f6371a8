"""Serving: granian with the application in each of its processes.

Order of events: the address is tried, because the server would share a port with another one without a word; granian
starts its processes; each loads the application (:func:`load_application`), which opens its own node and follows the
catalogue in a thread of its own; when the first answers, the URLs are printed. Ctrl-C or SIGTERM ends requests under
way and then the processes.

Processes are spawned, not forked: what came before in this process (a harvest, with the threads of DuckDB and Arrow)
must not leave locks behind in them.
"""

from __future__ import annotations

import http.client
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from typing import Any

import click
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from api.application import create_application
from catalog.errors import Label, SettingError
from catalog.settings import Settings

#: requests that one process answers at once; more wait
THREADS = 4
#: seconds to wait for the first answer before giving up announcing it
_PATIENCE = 120
#: seconds that requests under way get when the server is told to stop
_GRACE = 10


def serve(settings: Settings) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Raises
    ------
    SettingError
        If nothing can listen on the address.
    """
    settings = _settle_address(settings)
    multiprocessing.set_start_method("spawn", force=True)
    server = Granian(
        "api.server",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=max(1, settings.workers),
        blocking_threads=THREADS,
        log_level=LogLevels.warning,
        log_access=settings.access_log,
        respawn_failed_workers=True,
        workers_kill_timeout=_GRACE,
    )
    threading.Thread(target=_announce, args=(settings,), name="shihyo-announce", daemon=True).start()
    server.serve(target_loader=partial(load_application, settings), wrap_loader=False)


def load_application(settings: Settings) -> Callable[..., Any]:
    """Return the WSGI application of one server process, with its node following the catalogue."""
    threading.Thread(target=_end_with_parent, name="shihyo-parent", daemon=True).start()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    application = create_application(settings)
    application.extensions["shihyo"].start()
    wsgi: Callable[..., Any] = application.wsgi_app
    return wsgi


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, even by kill -9: nothing may go on serving unseen."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _settle_address(settings: Settings) -> Settings:
    """Find out whether the address is free; port 0 becomes a free one, and the site's URL follows unless it was set."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
            # A port can be bound twice as long as nobody listens.
            probe.listen(1)
        except (OSError, OverflowError) as error:
            raise _not_free(settings, error) from error
        port = probe.getsockname()[1]
    settled = replace(settings, port=port)
    default = next(one.default for one in fields(Settings) if one.name == "site_url")
    return replace(settled, site_url=_local_url(settled)) if settings.site_url == default else settled


def _not_free(settings: Settings, error: Exception) -> SettingError:
    address = f"{settings.host}:{settings.port}"
    return SettingError(
        f"{address} で待ち受けられません（{error}）",
        f"Nothing can listen on {address} ({error})",
        next_step=Label(
            "同じポートを使うプロセスを止めるか、--port で別のポートを指定してください",
            "Stop the process that uses the port, or give another one with --port",
        ),
        value=settings.port,
    )


def _local_url(settings: Settings) -> str:
    """Return the URL under which this machine reaches the server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _announce(settings: Settings) -> None:
    """Print the URLs when the server really answers."""
    host, _, port = _local_url(settings).removeprefix("http://").rpartition(":")
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if _answers(host.strip("[]"), int(port)):
            for line in _welcome(settings.site_url):
                click.echo(line)
            return
        time.sleep(0.05)


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _welcome(site_url: str) -> list[str]:
    pages = {
        "ページ   Pages    ": "/",
        "API               ": "/api/v1",
        "使い方   Docs     ": "/docs",
        "カタログ Catalogue": "/datasets",
    }
    return [
        "",
        *(f"  {name}  {site_url}{path}" for name, path in pages.items()),
        "",
        "  Ctrl-C で停止します / stops it",
        "",
    ]
