"""``shihyo harvest list | status``: what the sources are, and how they stand."""

from __future__ import annotations

from collections.abc import Sequence

import click

from api.cli.console import Terminal, json_option
from catalog.errors import Label, UnknownCode
from catalog.model.codelist import nearest
from harvesters import HarvestSource, job_status, load_sources

sources_argument = click.argument("names", nargs=-1, metavar="[SOURCE]...")


def pick_sources(terminal: Terminal, names: Sequence[str] = ()) -> list[HarvestSource]:
    """Return the sources of these names, or all, in the order of the file."""
    sources = load_sources(terminal.settings.harvest_file, terminal.settings)
    known = [one.name for one in sources]
    for name in names:
        if name not in known:
            hint = nearest(name, known)
            raise UnknownCode(
                f"収集元「{name}」は {terminal.settings.harvest_file.name} にありません",
                f"{terminal.settings.harvest_file.name} has no source {name!r}",
                next_step=Label(
                    f"「{hint}」ではありませんか" if hint else f"あるのは {'、'.join(known)} です",
                    f"Did you mean {hint}?" if hint else f"There are: {', '.join(known)}",
                ),
                value=name,
                allowed=known,
                nearest=hint,
            )
    return [one for one in sources if not names or one.name in names]


@click.command("list")
@json_option
@click.pass_obj
def list_command(terminal: Terminal, as_json: bool) -> None:
    """収集元の一覧。The declared sources."""
    sources = pick_sources(terminal)
    if as_json:
        terminal.document([one.to_dict() for one in sources])
        return
    terminal.table(
        (Label("収集元", "Source"), Label("種類", "Kind"), Label("題名", "Title"), Label("場所", "Place")),
        [(one.name, one.kind, terminal.text(one.title), one.path or one.url) for one in sources],
    )


@click.command("status")
@sources_argument
@json_option
@click.pass_obj
def status_command(terminal: Terminal, names: Sequence[str], as_json: bool) -> None:
    """前回の結果と次の予定。The last job of each source and when it is due."""
    rows = job_status(terminal.settings, pick_sources(terminal, names))
    if as_json:
        terminal.document([one.to_dict() for one in rows])
        return
    terminal.lines(line for one in rows for line in one.lines(terminal.settings.lang))
