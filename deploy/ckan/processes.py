"""Start, watch and stop the processes of a stack, and only those.

A process is known by its id *and* the time the kernel says it started, so an id that the system gave to somebody
else in the meantime is never signalled. Its record also has the fingerprint of the files it was configured by, so that
``up`` notices one that runs on an older configuration.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layout import Stack, StackError, fingerprint, write_private

#: seconds that a process has to become healthy, and to end
START_SECONDS, STOP_SECONDS = 90, 30
_POLL_SECONDS = 0.1


class Unhealthy(Exception):
    """A component does not answer (yet)."""


@dataclass(frozen=True, slots=True)
class Component:
    """One process of the stack."""

    #: its name, also of its log
    name: str
    #: what people call it
    title: str
    #: the command line
    command: Callable[[Stack], list[str]]
    #: asks it for its version; raises :class:`Unhealthy`
    version: Callable[[Stack], str]
    #: the account it runs as; None means the caller's
    account: Callable[[], str | None] = lambda: None
    #: variables it gets beside a plain environment
    environment: Callable[[Stack], Mapping[str, str]] = lambda _: {}
    #: the files that it reads once, when it starts
    configuration: Callable[[Stack], tuple[Path, ...]] = lambda _: ()
    #: the signal that ends it in order
    ending: signal.Signals = signal.SIGTERM


def plain_environment(**more: str) -> dict[str, str]:
    """Return the caller's environment without what would change CKAN's or PostgreSQL's behaviour."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("CKAN_", "PG", "PYTHON"))}
    return kept | {"LC_ALL": "C.UTF-8"} | more


def find_pid(stack: Stack, name: str) -> int | None:
    """Return the id of a process that this stack started and that still runs."""
    known = _read_record(stack, name)
    return int(known["pid"]) if known and _started(known["pid"]) == known["started"] else None


def is_outdated(stack: Stack, component: Component) -> bool:
    """Tell whether a component runs on a configuration that has changed since."""
    known = _read_record(stack, component.name)
    return bool(known) and known.get("configuration") != fingerprint(*component.configuration(stack))


def _read_record(stack: Stack, name: str) -> dict[str, Any]:
    record = stack.layout.record(name)
    return dict(json.loads(record.read_text())) if record.exists() else {}


def _started(pid: int) -> int | None:
    """Return the kernel's start time of a process, None when it has ended (proc_pid_stat(5), fields 3 and 22)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def start(stack: Stack, component: Component) -> None:
    """Start a component in a session of its own and write its record."""
    account = component.account()
    with stack.layout.log(component.name).open("ab") as log:
        process = subprocess.Popen(
            component.command(stack),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=plain_environment(**component.environment(stack)),
            start_new_session=True,
            user=account,
            group=account,
            extra_groups=[] if account else None,
        )
    configuration = fingerprint(*component.configuration(stack))
    record = {"pid": process.pid, "started": _started(process.pid), "configuration": configuration}
    write_private(stack.layout.record(component.name), json.dumps(record))


def wait_until_healthy(stack: Stack, component: Component) -> str:
    """Wait until a component answers and return its version.

    Raises
    ------
    StackError
        If the process ends or does not answer in time; the end of its log is in the message.
    """
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return component.version(stack)
        except Unhealthy as error:
            reason = str(error)
        if find_pid(stack, component.name) is None:
            raise _failed(stack, component, "終了しました", "it ended")
        if time.monotonic() > deadline:
            raise _failed(stack, component, f"応答しません: {reason}", f"it does not answer: {reason}")
        time.sleep(_POLL_SECONDS)


def _failed(stack: Stack, component: Component, ja: str, en: str) -> StackError:
    log = stack.layout.log(component.name)
    return StackError(
        f"{component.title} を起動できません（{ja}）。ログ: {log}",
        f"{component.title} cannot be started ({en}). The end of its log:\n{tail(log)}",
    )


def tail(log: Path, lines: int = 20) -> str:
    """Return the last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


def stop(stack: Stack, component: Component) -> bool:
    """End a component in order, by force when it takes too long; return whether it was running."""
    pid = find_pid(stack, component.name)
    if pid is not None:
        os.kill(pid, component.ending)
        if not _wait_for_end(stack, component):
            os.killpg(pid, signal.SIGKILL)
            _wait_for_end(stack, component)
    stack.layout.record(component.name).unlink(missing_ok=True)
    return pid is not None


def _wait_for_end(stack: Stack, component: Component) -> bool:
    deadline = time.monotonic() + STOP_SECONDS
    while find_pid(stack, component.name) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def memory_mb(pid: int) -> float:
    """Return the proportional resident memory of a process and its children (proc_pid_smaps(5)), in MB."""
    family = [pid, *_children(pid)]
    return round(sum(_pss_kb(member) for member in family) / 1024, 1)


def _children(pid: int) -> list[int]:
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            children += [child, *_children(child)]
    return children


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (OSError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
