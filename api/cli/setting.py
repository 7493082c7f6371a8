"""``shihyo settings``: what can be set, what is set."""

from __future__ import annotations

import click

from api.cli.console import Terminal, json_option
from catalog.errors import Label
from catalog.settings import PREFIX, SettingDescription, describe_settings


@click.command("settings")
@json_option
@click.pass_obj
def settings_command(terminal: Terminal, as_json: bool) -> None:
    """設定（環境変数）の一覧と現在の値。List all settings with their values."""
    rows = describe_settings()
    if as_json:
        terminal.document(
            [
                {"name": row.name, "value": _value(terminal, row), "default": row.default, "help": row.help.to_dict()}
                for row in rows
            ]
        )
        return
    terminal.table(
        (Label("環境変数", "Variable"), Label("値", "Value"), Label("既定値", "Default"), Label("説明", "What it is")),
        [(row.name, _value(terminal, row), row.default, terminal.text(row.help)) for row in rows],
    )


def _value(terminal: Terminal, row: SettingDescription) -> str:
    value = str(getattr(terminal.settings, row.name.removeprefix(PREFIX).lower()))
    return "***" if row.secret and value else value
