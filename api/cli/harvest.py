"""``shihyo harvest``: what the sources are, what a run would change, the run, what became of it."""

from __future__ import annotations

from collections.abc import Sequence

import click

from api.cli.console import Exit, Terminal, json_option
from api.cli.queueing import enqueue
from catalog.ckan import Progress
from catalog.errors import Label, UnknownCode
from catalog.model.codelist import nearest
from harvesters import HarvestSource, JobReport, JobStatus, job_status, load_sources, plan_sources, run_sources

_sources_argument = click.argument("names", nargs=-1, metavar="[SOURCE]...")


class _Bars:
    """Hears the harvesters and draws one bar for each source and stage."""

    def __init__(self, report: Progress) -> None:
        self._report = report

    def update(self, source: str, stage: str, done: int, total: int | None) -> None:
        """Move the bar of a stage."""
        self._report(f"{source}: {stage}", done, total)


@click.group("harvest")
def harvest_group() -> None:
    """収集と公開。Harvest sources and publish what is new."""


def _load(terminal: Terminal, names: Sequence[str] = ()) -> list[HarvestSource]:
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


@harvest_group.command("list")
@json_option
@click.pass_obj
def list_sources(terminal: Terminal, as_json: bool) -> None:
    """収集元の一覧。The declared sources."""
    sources = _load(terminal)
    if as_json:
        terminal.document([one.to_dict() for one in sources])
        return
    terminal.table(
        (Label("収集元", "Source"), Label("種類", "Kind"), Label("題名", "Title"), Label("場所", "Place")),
        [(one.name, one.kind, terminal.text(one.title), one.path or one.url) for one in sources],
    )


@harvest_group.command("plan")
@_sources_argument
@json_option
@click.pass_context
def plan(context: click.Context, names: Sequence[str], as_json: bool) -> None:
    """実行したら何が変わるか（書き込まない）。What a run would change, exactly; writes nothing."""
    terminal: Terminal = context.obj
    sources = _load(terminal, names)
    with terminal.progress(shown=not as_json) as report:
        plans = plan_sources(terminal.settings, sources, progress=_Bars(report))
    if as_json:
        terminal.document([one.to_dict() for one in plans])
    else:
        terminal.lines(line for one in plans for line in one.lines(terminal.settings.lang))
    context.exit(max((one.exit_code for one in plans), default=Exit.SUCCESS))


@harvest_group.command("run")
@_sources_argument
@click.option("--force", is_flag=True, help="変わっていない収集元も読み直す / Read unchanged sources again")
@click.option("--queue", "queued", is_flag=True, help="待ち行列に入れ、ワーカーに任せる / Leave it to the workers")
@json_option
@click.pass_context
def run(context: click.Context, names: Sequence[str], force: bool, queued: bool, as_json: bool) -> None:
    """収集して公開する。Fetch, transform, validate and publish."""
    if queued:
        enqueue(context.obj, _load(context.obj, names), force=force, as_json=as_json)
        return
    context.exit(_run(context.obj, _load(context.obj, names), force=force, as_json=as_json))


def harvest_everything(terminal: Terminal) -> Exit:
    """Harvest all declared sources, telling people what became of them; for ``shihyo demo``."""
    with terminal.progress() as report:
        reports = run_sources(terminal.settings, _load(terminal), progress=_Bars(report))
    terminal.lines(line for one in reports for line in one.summary(terminal.settings.lang))
    return _verdict(reports)


def _run(terminal: Terminal, sources: Sequence[HarvestSource], *, force: bool, as_json: bool) -> Exit:
    with terminal.progress(shown=not as_json) as report:
        reports = run_sources(terminal.settings, sources, progress=_Bars(report), force=force)
    if as_json:
        terminal.document([one.to_dict() for one in reports])
    else:
        terminal.lines(line for one in reports for line in one.lines(terminal.settings.lang))
    return _verdict(reports)


def _verdict(reports: Sequence[JobReport]) -> Exit:
    if any(one.status is JobStatus.CANCELLED for one in reports):
        return Exit.INTERRUPTED
    return Exit(max((one.exit_code for one in reports), default=Exit.SUCCESS))


@harvest_group.command("status")
@_sources_argument
@json_option
@click.pass_obj
def status(terminal: Terminal, names: Sequence[str], as_json: bool) -> None:
    """前回の結果と次の予定。The last job of each source and when it is due."""
    rows = job_status(terminal.settings, _load(terminal, names))
    if as_json:
        terminal.document([one.to_dict() for one in rows])
        return
    terminal.lines(line for one in rows for line in one.lines(terminal.settings.lang))
