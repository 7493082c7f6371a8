"""``shihyo serve`` and ``shihyo demo``."""

from __future__ import annotations

from dataclasses import replace

import click

from api.cli.catalogue import synchronise
from api.cli.console import Exit, Terminal
from api.cli.harvest import harvest_everything
from api.cli.running import scheduling
from api.server import serve
from catalog.errors import CatalogueError
from catalog.releases import LocalCopy
from catalog.settings import Settings


def _listening(settings: Settings, host: str | None, port: int | None, workers: int | None) -> Settings:
    return replace(
        settings,
        host=settings.host if host is None else host,
        port=settings.port if port is None else port,
        workers=settings.workers if workers is None else workers,
    )


def _fill_empty_copy(terminal: Terminal) -> None:
    """Follow the catalogue once before serving if there is nothing to serve yet; it may be down."""
    if LocalCopy(terminal.settings.home / "copy").load().datasets:
        return
    try:
        synchronise(terminal)
    except CatalogueError as error:
        terminal.explain(error)


@click.command("serve")
@click.option("--host", help="待ち受けるアドレス / Address to listen on (SHIHYO_HOST)")
@click.option("--port", type=click.IntRange(0, 65535), help="待ち受けるポート / Port to listen on (SHIHYO_PORT)")
@click.option("--workers", type=click.IntRange(1, 64), help="プロセス数 / Number of processes (SHIHYO_WORKERS)")
@click.pass_obj
def serve_command(terminal: Terminal, host: str | None, port: int | None, workers: int | None) -> None:
    """API・カタログ・ページを提供する。Serve API, catalogue and pages until Ctrl-C."""
    _fill_empty_copy(terminal)
    with scheduling(terminal.settings):
        serve(_listening(terminal.settings, host, port, workers))


@click.command("demo")
@click.pass_context
def demo_command(context: click.Context) -> None:
    """収集・公開・提供をまとめて行う。Harvest what has changed, publish it and serve until Ctrl-C."""
    terminal: Terminal = context.obj
    if harvest_everything(terminal) != Exit.SUCCESS:
        context.exit(Exit.FAILURE)
    synchronise(terminal)
    with scheduling(terminal.settings):
        serve(terminal.settings)
