"""A real CKAN on this machine, without containers: PostgreSQL, Redis, Apache Solr and CKAN on free ports of loopback.

``up`` goes through :data:`STEPS`; a step that is done is passed over, so a second start only starts the four processes
and a start that was interrupted goes on where it stopped. ``down`` ends the processes that ``up`` started and no other.
Everything is below one folder; only the caches of pip and Maven are where they always are.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import configuration
import database
import install
import portal
from components import CKAN, COMPONENTS, POSTGRESQL, REDIS, SOLR, ckan_environment, disk_mb
from debian import require_packages
from layout import Stack, StackError, free_port, is_free
from processes import (
    Component,
    Unhealthy,
    find_pid,
    is_outdated,
    memory_mb,
    plain_environment,
    start,
    stop,
    tail,
    wait_until_healthy,
)

#: exit status of ``status`` when a component is down, as of init scripts
NOT_RUNNING = 3
#: exit status after Ctrl-C, as of shells
INTERRUPTED = 130
_TICK_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Step:
    """One step of ``up``."""

    #: what it does, Japanese and English
    title: str
    #: whether nothing is left to do
    is_done: Callable[[Stack], bool]
    #: does it
    work: Callable[[Stack], None]


def _start_step(*components: Component) -> Step:
    names = "・".join(component.title for component in components)
    return Step(
        f"{names} を起動 / starting",
        lambda stack: all(_is_healthy(stack, component) for component in components),
        lambda stack: _start(stack, components),
    )


#: what ``up`` does, in order
STEPS = (
    Step("CKANをPyPIから導入 / installing CKAN from PyPI", install.ckan_is_installed, install.install_ckan),
    Step(
        "SolrをMaven Centralから導入 / installing Solr from Maven Central",
        install.solr_is_installed,
        install.install_solr,
    ),
    Step("設定を書く / writing the configuration", lambda _: False, lambda stack: _configure(stack)),
    Step("データベースを作る / making the PostgreSQL cluster", database.cluster_exists, database.make_cluster),
    _start_step(POSTGRESQL, REDIS, SOLR),
    Step("役割とデータベース / making roles and databases", database.databases_exist, database.make_databases),
    Step("CKANの表 / making CKAN's tables", portal.has_tables, portal.make_tables),
    Step("管理者とトークン / making the sysadmin and its token", portal.has_admin, portal.make_admin),
    Step("検索索引 / building the search index", portal.has_index, portal.make_index),
    _start_step(CKAN),
)


def _is_healthy(stack: Stack, component: Component) -> bool:
    if find_pid(stack, component.name) is None:
        return False
    try:
        component.version(stack)
    except Unhealthy:
        return False
    return True


def _start(stack: Stack, components: tuple[Component, ...]) -> None:
    """Start what does not run, all at once, then wait for each."""
    for component in components:
        if find_pid(stack, component.name) is None:
            start(stack, component)
    for component in components:
        wait_until_healthy(stack, component)


def _configure(stack: Stack) -> None:
    configuration.write_redis(stack)
    configuration.write_solr(stack)
    configuration.write_ckan(stack)
    for component in COMPONENTS:
        if is_outdated(stack, component):
            stop(stack, component)


def _choose_ports(stack: Stack) -> None:
    """Keep the remembered port of a component unless somebody else listens there now."""
    ports = stack.choices.ports
    for component in COMPONENTS:
        name = component.name
        if find_pid(stack, name) is None and not (name in ports and is_free(ports[name])):
            ports[name] = free_port()


def up(stack: Stack, options: argparse.Namespace) -> int:
    """Bring the stack up and say where it is."""
    require_packages(installed=install.is_installed(stack))
    database.require_passage(stack)
    stack.layout.make()
    begun = time.monotonic()
    with _alone(stack) as stack:
        _choose_ports(stack)
        for name in ("postgres", "ckan_default", "datastore_default", "redis", "session", portal.ADMIN):
            stack.choices.secret(name)
        stack.remember()
        for number, step in enumerate(STEPS, start=1):
            if not step.is_done(stack):
                with _progress(f"[{number:2}/{len(STEPS)}] {step.title}"):
                    step.work(stack)
    _say(f"CKAN: {stack.url}  ({time.monotonic() - begun:.1f} s)")
    _answer(options, _address(stack), f"token: {stack.layout.token}")
    return 0


def _address(stack: Stack) -> dict[str, Any]:
    return {
        "url": stack.url,
        "token": stack.layout.token.read_text(),
        "sysadmin": portal.ADMIN,
        "password": stack.choices.secret(portal.ADMIN),
        "solr_url": stack.solr_url,
        "ports": stack.choices.ports,
        "folder": str(stack.layout.root),
    }


def down(stack: Stack, options: argparse.Namespace) -> int:
    """Stop the processes of this stack, the last one started first."""
    if not stack.layout.root.exists():
        _answer(options, {"stopped": []}, "起動していません / nothing runs")
        return 0
    with _alone(stack) as stack:
        stopped = _stop_all(stack)
    _answer(options, {"stopped": stopped}, f"停止 / stopped: {', '.join(stopped) or '—'}")
    return 0


def _stop_all(stack: Stack) -> list[str]:
    stopped = []
    for component in reversed(COMPONENTS):
        if find_pid(stack, component.name) is not None:
            with _progress(f"{component.title} を停止 / stopping"):
                stop(stack, component)
            stopped.append(component.name)
    return stopped


def reset(stack: Stack, options: argparse.Namespace) -> int:
    """Stop the stack and remove what its site holds; the installed software stays."""
    stopped: list[str] = []
    if stack.layout.root.exists():
        with _alone(stack) as stack:
            stopped = _stop_all(stack)
            if stack.layout.data.exists():
                shutil.rmtree(stack.layout.data)
    _answer(options, {"stopped": stopped}, f"{stack.layout.data} を消しました / removed")
    return 0


def status(stack: Stack, options: argparse.Namespace) -> int:
    """Show each component: whether it runs, its version, its memory."""
    parts = {component.name: _state(stack, component) for component in COMPONENTS}
    report: dict[str, Any] = {"components": parts}
    if stack.layout.root.exists():
        report["disk_mb"] = {name: disk_mb(stack.layout.root / name) for name in ("venv", "solr", "data")}
    lines = [
        f"{name:11} {part['version'] or '-':8} {part['memory_mb'] or '-':>7} MB  {part['problem'] or 'OK'}"
        for name, part in parts.items()
    ]
    _answer(options, report, "\n".join(lines))
    return 0 if all(part["version"] for part in parts.values()) else NOT_RUNNING


def _state(stack: Stack, component: Component) -> dict[str, Any]:
    pid = find_pid(stack, component.name)
    if pid is None:
        return {"pid": None, "version": None, "memory_mb": None, "problem": "停止中 / not running"}
    version, problem = None, None
    try:
        version = component.version(stack)
    except Unhealthy as error:
        problem = str(error)
    return {"pid": pid, "version": version, "memory_mb": memory_mb(pid), "problem": problem}


def logs(stack: Stack, options: argparse.Namespace) -> int:
    """Show the end of each log."""
    for name in ("install", *(component.name for component in COMPONENTS)):
        print(f"==> {stack.layout.log(name)}\n{tail(stack.layout.log(name), options.lines)}")
    return 0


def check(stack: Stack, options: argparse.Namespace) -> int:
    """Say whether the Debian packages are here."""
    require_packages(installed=install.is_installed(stack))
    _answer(options, {"missing": []}, "OK")
    return 0


def ckan(stack: Stack, options: argparse.Namespace) -> int:
    """Run CKAN's own command with this stack's configuration, such as ``ckan -- harvester run-test NAME``."""
    environment = plain_environment(**ckan_environment(stack))
    return subprocess.call(portal.ckan_command(stack, *options.arguments), env=environment)


@contextlib.contextmanager
def _alone(stack: Stack) -> Iterator[Stack]:
    """Hold the folder's lock, as two commands must not change one stack at once, and read its choices under it."""
    with (stack.layout.root / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("ほかのコマンドの終了を待っています / waiting for another command on this folder")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield Stack.at(stack.layout.root)


@contextlib.contextmanager
def _progress(title: str) -> Iterator[None]:
    """Say what begins, that it still goes on, and how long it took."""
    begun, ended = time.monotonic(), threading.Event()

    def tick() -> None:
        while not ended.wait(_TICK_SECONDS):
            _say(f"{title} … {time.monotonic() - begun:.0f} s")

    _say(title)
    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    try:
        yield
        _say(f"{title}: {time.monotonic() - begun:.1f} s")
    finally:
        ended.set()
        ticker.join()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _answer(options: argparse.Namespace, report: dict[str, Any], text: str) -> None:
    print(json.dumps(report, ensure_ascii=False) if options.json else text, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stack.py", description=(__doc__ or "").splitlines()[0])
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--folder", type=Path, default=Path(".ckan"), help="where everything is kept (.ckan)")
    common.add_argument("--json", action="store_true", help="answer with one JSON document on stdout")
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in (up, down, reset, status, logs, check, ckan):
        added = commands.add_parser(command.__name__, parents=[common], help=(command.__doc__ or "").splitlines()[0])
        added.set_defaults(command=command)
        if command is logs:
            added.add_argument("--lines", type=int, default=20, help="lines of each log (20)")
        if command is ckan:
            added.add_argument("arguments", nargs="+", help="the arguments of CKAN's command, after --")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 failed, 2 packages missing, 3 not running."""
    options = _parser().parse_args(arguments)
    os.umask(0o077)
    try:
        return int(options.command(Stack.at(options.folder), options))
    except StackError as error:
        _say(str(error))
        return error.status
    except KeyboardInterrupt:
        _say("中断しました。もう一度 up で続きから始まります / interrupted; another up goes on from here")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
