"""Which commands there are, where they are, and what becomes of their errors.

``--help`` imports none of them, and a command imports what it needs and nothing of the others.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

import click

from api.cli.console import Exit, Terminal
from catalog.settings import Settings


@dataclass(frozen=True, slots=True)
class Entry:
    """A command of a group."""

    #: ``module:name`` of the command
    place: str
    #: what ``--help`` of the group says of it: the first line of its own
    help: str


class LazyGroup(click.Group):
    """A group that imports a command when it is wanted, and lists all of them without that."""

    def __init__(self, *arguments: Any, entries: Mapping[str, Entry], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of the commands, in their order."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command; None if there is none of this name."""
        entry = self.entries.get(cmd_name)
        command: click.Command | None = resolve_name(entry.place) if entry else None
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self.entries.items()])


_HARVEST = {
    "list": Entry("api.cli.sources:list_command", "収集元の一覧。The declared sources."),
    "plan": Entry(
        "api.cli.harvest:plan",
        "実行したら何が変わるか（書き込まない）。What a run would change, exactly; writes nothing.",
    ),
    "run": Entry("api.cli.harvest:run", "収集して公開する。Fetch, transform, validate and publish."),
    "status": Entry(
        "api.cli.sources:status_command", "前回の結果と次の予定。The last job of each source and when it is due."
    ),
    "holds": Entry("api.cli.harvest:holds", "承認を待っているもの。What waits for a decision, and why."),
    "approve": Entry(
        "api.cli.harvest:approve_held", "止めたものを承認して公開する。Approve exactly what was held, and publish it."
    ),
    "reject": Entry(
        "api.cli.harvest:reject_held",
        "止めたものを取りやめる。Drop what was held; it is not published as long as nothing changes.",
    ),
    "rollback": Entry(
        "api.cli.harvest:rollback",
        "前のリリースの内容をもう一度公開する。Publish an earlier release again, as a new release.",
    ),
    "explain": Entry(
        "api.cli.harvest:explain",
        "エラー・所見・ガードなどのIDの意味と対処。What an id of a report means, and what to do.",
    ),
    "jobs": Entry(
        "api.cli.running:jobs_command",
        "収集ジョブの一覧。The newest jobs: status, stage, speed, when they will be done.",
    ),
    "log": Entry("api.cli.running:log_command", "ジョブの記録。What a job said while it ran."),
    "cancel": Entry(
        "api.cli.running:cancel_command",
        "ジョブを止める（次の区切りで止まる）。Ask a job to stop, from anywhere; it does at its next step.",
    ),
    "schedule": Entry(
        "api.cli.running:schedule_command", "予定の来た収集元を収集し続ける。Harvest what is due until Ctrl-C."
    ),
    "digest": Entry(
        "api.cli.running:digest_command",
        "収集のまとめの報告。What was created, updated, gone, held and failed since the last digest.",
    ),
    "worker": Entry(
        "api.cli.running:worker_command",
        "待ち行列のジョブを実行する。Run the jobs of the queue (SHIHYO_QUEUE_URL) until Ctrl-C.",
    ),
    "watch": Entry(
        "api.cli.running:watch_command",
        "職員がファイルを置くフォルダを見張る。Take in the files that staff drop (SHIHYO_WATCH_FOLDER) until Ctrl-C.",
    ),
    "maintain": Entry(
        "api.cli.running:maintain_command",
        "不要になったものを片付ける。Remove what is not needed any more; the scheduler does it by itself.",
    ),
}


@click.group("harvest", cls=LazyGroup, entries=_HARVEST)
def harvest_group() -> None:
    """収集と公開。Harvest sources and publish what is new."""


_COMMANDS = {
    "harvest": Entry("api.cli.command:harvest_group", "収集と公開。Harvest sources and publish what is new."),
    "catalog": Entry("api.cli.catalogue:catalog_group", "カタログの中身。What is published."),
    "token": Entry("api.cli.token:token_group", "APIトークン。API tokens of the catalogue."),
    "openapi": Entry("api.cli.document:openapi_group", "OpenAPI文書。The OpenAPI document."),
    "check": Entry(
        "api.cli.check:check_command", "ファイルの機械可読性を点検する。Judge files by the machine-readability rule."
    ),
    "serve": Entry(
        "api.cli.serving:serve_command", "API・カタログ・ページを提供する。Serve API, catalogue and pages until Ctrl-C."
    ),
    "demo": Entry(
        "api.cli.serving:demo_command",
        "収集・公開・提供をまとめて行う。Harvest what has changed, publish it and serve until Ctrl-C.",
    ),
    "settings": Entry(
        "api.cli.setting:settings_command", "設定（環境変数）の一覧と現在の値。List all settings with their values."
    ),
}


@click.group(
    cls=LazyGroup,
    entries=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="shihyo")
@click.pass_context
def shihyo(context: click.Context) -> None:
    """指標カタログ: オープンデータと指標API。Open-data catalogue and indicator API."""
    context.obj = Terminal(Settings.from_environ(os.environ))


def run_command(arguments: Sequence[str] | None = None) -> int:
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
    except Exception as error:
        from catalog.database.trouble import find_trouble  # a command that fails may take its time

        trouble = find_trouble(error)
        if trouble is None:
            raise
        Terminal.explain(trouble)
        return Exit.FAILURE
