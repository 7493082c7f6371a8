"""The option ``--html`` of the harvest commands: the page of what they tell, in a file."""

from __future__ import annotations

from pathlib import Path

import click

from api.cli.console import Terminal


def _target(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """Refuse a folder that does not exist before anything is harvested, not after."""
    if value is not None and not value.resolve().parent.is_dir():
        raise click.BadParameter(f"フォルダがありません / There is no folder {value.parent}", context, parameter)
    return value


page_option = click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    callback=_target,
    help="1つのファイルの報告ページを書く / Write a page of it, one file",
)


def save_page(terminal: Terminal, page: Path, text: str) -> None:
    """Write the page and say where it is, on standard error."""
    page.write_text(text, "utf-8")
    terminal.say(f"ページを書きました: {page}", f"The page is {page}")
