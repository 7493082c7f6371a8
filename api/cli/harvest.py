"""``shihyo harvest``: what the sources are, what a run would change, the run, what became of it."""

from __future__ import annotations

from collections.abc import Sequence

import click

from api.cli.console import Exit, Terminal, json_option
from api.cli.explaining import explain_errors
from api.cli.queueing import enqueue
from api.cli.running import Bars, send_new_digests
from catalog.errors import Label, UnknownCode
from catalog.model.codelist import nearest
from harvesters import HarvestSource, JobReport, JobStatus, job_status, load_sources, plan_sources, run_sources
from harvesters.explain import SORTS, find_explanations, list_explanations
from harvesters.publishing.approval import approve, list_waiting, reject
from harvesters.publishing.rollback import roll_back
from harvesters.report import decision_line, exit_code, hold_lines

_sources_argument = click.argument("names", nargs=-1, metavar="[SOURCE]...")


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
        plans = plan_sources(terminal.settings, sources, progress=Bars(report))
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
        reports = run_sources(terminal.settings, _load(terminal), progress=Bars(report))
    terminal.lines(line for one in reports for line in one.summary(terminal.settings.lang))
    return _verdict(reports)


def _run(terminal: Terminal, sources: Sequence[HarvestSource], *, force: bool, as_json: bool) -> Exit:
    with terminal.progress(shown=not as_json) as report:
        reports = run_sources(terminal.settings, sources, progress=Bars(report), force=force)
    if as_json:
        terminal.document([one.to_dict() for one in reports])
    else:
        terminal.lines(line for one in reports for line in one.lines(terminal.settings.lang))
    for said in send_new_digests(terminal.settings):
        terminal.say(said.ja, said.en)
    return _verdict(reports)


def _verdict(reports: Sequence[JobReport]) -> Exit:
    if any(one.status is JobStatus.CANCELLED for one in reports):
        return Exit.INTERRUPTED
    return Exit(exit_code(reports))


_reason_option = click.option("--reason", required=True, help="理由（記録に残る） / Why; kept with the decision")
_job_option = click.option("--job", metavar="ID", help="この実行が止めたもの / What this job held")
_all_option = click.option("--all", "everything", is_flag=True, help="待っているものすべて / All that waits")


@harvest_group.command("holds")
@_sources_argument
@json_option
@click.pass_obj
def holds(terminal: Terminal, names: Sequence[str], as_json: bool) -> None:
    """承認を待っているもの。What waits for a decision, and why."""
    waiting = list_waiting(terminal.settings, names or None)
    if as_json:
        terminal.document([one.to_dict() for one in waiting])
        return
    if not waiting:
        terminal.say("承認を待っているものはありません", "Nothing waits for a decision")
    terminal.lines(line for one in waiting for line in hold_lines(one.to_dict(), terminal.settings.lang))


@harvest_group.command("approve")
@click.argument("source")
@_job_option
@_all_option
@_reason_option
@json_option
@click.pass_context
def approve_held(
    context: click.Context, source: str, job: str | None, everything: bool, reason: str, as_json: bool
) -> None:
    """止めたものを承認して公開する。Approve exactly what was held, and publish it."""
    terminal: Terminal = context.obj
    [found] = _load(terminal, [source])
    with terminal.progress(shown=not as_json) as report:
        done = approve(terminal.settings, found, reason=reason, job=job, everything=everything, progress=Bars(report))
    if as_json:
        terminal.document(done.to_dict())
    else:
        terminal.lines(done.lines(terminal.settings.lang))
    context.exit(_verdict([done]))


@harvest_group.command("reject")
@click.argument("source")
@_job_option
@_all_option
@_reason_option
@json_option
@click.pass_obj
def reject_held(terminal: Terminal, source: str, job: str | None, everything: bool, reason: str, as_json: bool) -> None:
    """止めたものを取りやめる。Drop what was held; it is not published as long as nothing changes."""
    decided = reject(terminal.settings, source, reason=reason, job=job, everything=everything)
    if as_json:
        terminal.document([one.to_dict() for one in decided])
        return
    lang = terminal.settings.lang
    terminal.lines(f"{one.dataset}: {decision_line(one.to_dict(), lang)}" for one in decided)


@harvest_group.command("rollback")
@click.argument("dataset")
@click.option("--to", metavar="VERSION|SEQUENCE", help="戻す先。なければ一つ前 / Where to; the one before if absent")
@_reason_option
@json_option
@click.pass_obj
def rollback(terminal: Terminal, dataset: str, to: str | None, reason: str, as_json: bool) -> None:
    """前のリリースの内容をもう一度公開する。Publish an earlier release again, as a new release."""
    done = roll_back(terminal.settings, dataset, to=to, reason=reason)
    if as_json:
        terminal.document(done.to_dict())
        return
    terminal.lines(done.lines(terminal.settings.lang))


@harvest_group.command("explain")
@click.argument("code", required=False)
@json_option
@click.pass_obj
def explain(terminal: Terminal, code: str | None, as_json: bool) -> None:
    """エラー・所見・ガードなどのIDの意味と対処。What an id of a report means, and what to do."""
    known = list_explanations(explain_errors())
    found = find_explanations(code, known) if code else known
    if as_json:
        terminal.document([one.to_dict() for one in found])
    elif code:
        terminal.lines(line for one in found for line in one.lines(terminal.settings.lang))
    else:
        terminal.table(
            (Label("ID", "Id"), Label("種類", "Sort"), Label("意味", "Meaning")),
            [(one.id, terminal.text(SORTS[one.sort]), terminal.text(one.title)) for one in found],
        )


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
