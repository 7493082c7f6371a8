"""The ``shihyo`` command.

::

    shihyo harvest list | plan | run | status | jobs | log | cancel | schedule
    shihyo catalog list | show | status | sync | collect-garbage
    shihyo token   create | list | revoke
    shihyo openapi show | write | check
    shihyo check FILE...
    shihyo serve | demo | settings

Every command prints tables for people, or with ``--json`` one JSON document for machines. Exit codes are those of
:class:`api.cli.console.Exit`.

Order of events: this module, which imports nothing, waits for Ctrl-C; :mod:`api.cli.command` says which commands there
are; the module of the command that is wanted is imported, with all that it needs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit with one of the documented codes."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; Ctrl-C ends it quietly, while it is being imported too."""
    try:
        from api.cli.command import run_command

        return run_command(arguments)
    except KeyboardInterrupt:
        sys.stderr.write("中止しました / Stopped\n")
        return 130
