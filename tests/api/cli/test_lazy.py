"""The command lists what it does not import, and is quiet when it is stopped while it imports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import harvesters
from api.cli import run, running
from api.cli.command import LazyGroup, harvest_group, shihyo
from api.cli.console import Exit
from harvesters.registry import Kinds

_HEAVY = {"alembic", "catalog.ckan", "duckdb", "flask", "harvesters", "numpy", "openapi", "pyarrow", "sqlalchemy"}
_SLOW_IMPORT = """
import sys, time

class Slow:
    def find_spec(self, name, *_):
        if name == "{module}":
            print("importing", flush=True)
            time.sleep(30)

sys.meta_path.insert(0, Slow())
from api.cli import main
main(sys.argv[1:])
"""


def _groups(group: click.Group) -> Iterator[LazyGroup]:
    if isinstance(group, LazyGroup):
        yield group
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                yield from _groups(command)


@pytest.mark.parametrize(
    ("group", "name"), [(one, name) for one in _groups(shihyo) for name in one.list_commands(None)]
)
def test_help_says_of_a_command_what_it_says_of_itself(group: LazyGroup, name: str) -> None:
    command = group.get_command(click.Context(group), name)

    assert command is not None
    assert command.name == name
    assert str(command.help).splitlines()[0] == group.entries[name].help


def test_every_running_command_is_in_its_group() -> None:
    context = click.Context(harvest_group)

    assert {one.name for one in running.COMMANDS} <= set(harvest_group.list_commands(context))


@pytest.mark.parametrize("arguments", [["--help"], ["harvest", "--help"], ["settings"]])
def test_what_needs_no_libraries_imports_none(arguments: list[str]) -> None:
    code = f"import sys; from api.cli import run; run({arguments}); sys.exit([*({_HEAVY} & {{*sys.modules}})] or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_command_that_does_not_exist_is_a_usage_error() -> None:
    assert run(["harvets"]) == Exit.USAGE


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT for another process")
@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("click", ["--help"]),
        ("api.cli.command", ["--help"]),
        ("rich.table", ["--help"]),
        ("api.cli.sources", ["harvest", "status"]),
        ("pyarrow", ["harvest", "status"]),
        ("api.server", ["serve"]),
    ],
)
def test_ctrl_c_while_it_is_imported_ends_it_quietly(module: str, arguments: list[str], tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _SLOW_IMPORT.format(module=module), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"SHIHYO_HOME": str(tmp_path)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "importing\n"
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)

    assert (process.returncode, told.lstrip()) == (Exit.INTERRUPTED, "中止しました / Stopped\n")


def test_the_surface_of_the_harvesters_is_there_when_it_is_asked_for() -> None:
    assert [name for name in harvesters.__all__ if getattr(harvesters, name).__name__ != name] == []
    with pytest.raises(AttributeError, match="no attribute 'plam_sources'"):
        _ = harvesters.plam_sources


def test_a_kind_can_be_added_and_taken_away() -> None:
    kinds = Kinds()
    known = list(kinds)
    kinds["more"] = kinds["csv"]
    del kinds["excel"]

    assert list(kinds) == [*(one for one in known if one != "excel"), "more"]
    assert len(kinds) == len(known)
    assert kinds["more"] is kinds["csv"]
