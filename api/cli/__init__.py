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
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from api.cli.catalogue import catalog_group
from api.cli.check import check_command
from api.cli.console import Exit, Terminal
from api.cli.document import openapi_group
from api.cli.harvest import harvest_group
from api.cli.running import COMMANDS
from api.cli.serving import demo_command, serve_command
from api.cli.setting import settings_command
from api.cli.token import token_group
from catalog.errors import ShihyoError
from catalog.settings import Settings


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="shihyo")
@click.pass_context
def shihyo(context: click.Context) -> None:
    """指標カタログ: オープンデータと指標API。Open-data catalogue and indicator API."""
    settings = Settings.from_environ(os.environ)
    context.obj = Terminal(settings)


for _command in (
    harvest_group,
    catalog_group,
    token_group,
    openapi_group,
    check_command,
    serve_command,
    demo_command,
    settings_command,
):
    shihyo.add_command(_command)


for _command in COMMANDS:
    harvest_group.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit with one of the documented codes."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; errors are explained on standard error."""
    try:
        code = shihyo.main(args=arguments, prog_name="shihyo", standalone_mode=False)
        return int(code or Exit.SUCCESS)
    except click.exceptions.Exit as end:
        return int(end.exit_code)
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("中止しました / Stopped", err=True)
        return Exit.INTERRUPTED
    except ShihyoError as error:
        Terminal.explain(error)
        return Exit.FAILURE
