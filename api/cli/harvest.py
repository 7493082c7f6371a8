"""``shihyo harvest plan | run`` and what follows: decisions on what was held, going back, what an id means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from api.cli.console import Exit, Terminal, json_option
from api.cli.explaining import explain_errors
from api.cli.pages import page_option, save_page
from api.cli.queueing import enqueue
from api.cli.running import Bars, send_new_digests
from api.cli.sources import pick_sources, sources_argument
from catalog.errors import Label
from harvesters import HarvestSource, JobReport, JobStatus, plan_sources, run_sources
from harvesters.explain import SORTS, find_explanations, list_explanations
from harvesters.publishing.approval import approve, list_waiting, reject
from harvesters.publishing.changes import ChangeBook
from harvesters.publishing.rollback import roll_back
from harvesters.report import decision_line, exit_code, hold_lines


@click.command("plan")
@sources_argument
@page_option
@json_option
@click.pass_context
def plan(context: click.Context, names: Sequence[str], page: Path | None, as_json: bool) -> None:
    """実行したら何が変わるか（書き込まない）。What a run would change, exactly; writes nothing."""
    terminal: Terminal = context.obj
    sources = pick_sources(terminal, names)
    with terminal.progress(shown=not as_json) as report:
        book = ChangeBook(page) if page else None
        plans = plan_sources(terminal.settings, sources, progress=Bars(report), book=book)
    if as_json:
        terminal.document([one.to_dict() for one in plans])
    else:
        terminal.lines(line for one in plans for line in one.lines(terminal.settings.lang))
    if page and book:
        from api.harvest_pages import write_plan_page

        save_page(terminal, page, write_plan_page(terminal.settings, plans, book))
    context.exit(max((one.exit_code for one in plans), default=Exit.SUCCESS))


@click.command("run")
@sources_argument
@click.option("--force", is_flag=True, help="変わっていない収集元も読み直す / Read unchanged sources again")
@click.option("--queue", "queued", is_flag=True, help="待ち行列に入れ、ワーカーに任せる / Leave it to the workers")
@page_option
@json_option
@click.pass_context
def run(
    context: click.Context, names: Sequence[str], force: bool, queued: bool, page: Path | None, as_json: bool
) -> None:
    """収集して公開する。Fetch, transform, validate and publish."""
    if queued and page:
        raise click.UsageError("--html と --queue は一緒に使えません / --html cannot be used with --queue")
    if queued:
        enqueue(context.obj, pick_sources(context.obj, names), force=force, as_json=as_json)
        return
    context.exit(_run(context.obj, pick_sources(context.obj, names), force=force, page=page, as_json=as_json))


def harvest_everything(terminal: Terminal) -> Exit:
    """Harvest all declared sources, telling people what became of them; for ``shihyo demo``."""
    with terminal.progress() as report:
        reports = run_sources(terminal.settings, pick_sources(terminal), progress=Bars(report))
    terminal.lines(line for one in reports for line in one.summary(terminal.settings.lang))
    return _verdict(reports)


def _run(
    terminal: Terminal, sources: Sequence[HarvestSource], *, force: bool, page: Path | None, as_json: bool
) -> Exit:
    book = ChangeBook(page) if page else None
    with terminal.progress(shown=not as_json) as report:
        reports = run_sources(terminal.settings, sources, progress=Bars(report), force=force, book=book)
    if as_json:
        terminal.document([one.to_dict() for one in reports])
    else:
        terminal.lines(line for one in reports for line in one.lines(terminal.settings.lang))
    if page and book:
        from api.harvest_pages import write_run_page

        save_page(terminal, page, write_run_page(terminal.settings, reports, book))
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


@click.command("holds")
@sources_argument
@page_option
@json_option
@click.pass_obj
def holds(terminal: Terminal, names: Sequence[str], page: Path | None, as_json: bool) -> None:
    """承認を待っているもの。What waits for a decision, and why."""
    waiting = list_waiting(terminal.settings, names or None)
    if page:
        from api.harvest_pages import write_holds_page

        save_page(terminal, page, write_holds_page(terminal.settings, waiting))
    if as_json:
        terminal.document([one.to_dict() for one in waiting])
        return
    if not waiting:
        terminal.say("承認を待っているものはありません", "Nothing waits for a decision")
    terminal.lines(line for one in waiting for line in hold_lines(one.to_dict(), terminal.settings.lang))


@click.command("approve")
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
    [found] = pick_sources(terminal, [source])
    with terminal.progress(shown=not as_json) as report:
        done = approve(terminal.settings, found, reason=reason, job=job, everything=everything, progress=Bars(report))
    if as_json:
        terminal.document(done.to_dict())
    else:
        terminal.lines(done.lines(terminal.settings.lang))
    context.exit(_verdict([done]))


@click.command("reject")
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


@click.command("rollback")
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


@click.command("explain")
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
