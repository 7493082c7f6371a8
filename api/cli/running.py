"""``shihyo harvest jobs | log | cancel | schedule``: what runs, what ran, and when the next run is."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import click

from api.cli.console import Exit, Terminal, json_option
from catalog.ckan import Progress
from catalog.database import HarvestJob, HarvestJournal, JobStatus, open_database, open_readonly
from catalog.errors import Label, UnknownCode
from catalog.settings import Settings
from harvesters import HarvestSource, JobReport
from harvesters import Progress as HarvestProgress
from harvesters.report import status_label
from harvesters.running.queue import enqueue_sources, run_worker
from harvesters.running.scheduler import run_schedule
from harvesters.status import brief_job, job_line, list_jobs


class Bars:
    """Hears the harvesters and draws one bar for each source and stage."""

    def __init__(self, report: Progress) -> None:
        self._report = report

    def update(self, source: str, stage: str, done: int, total: int | None) -> None:
        """Move the bar of a stage."""
        self._report(f"{source}: {stage}", done, total)


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """Set an event at Ctrl-C or SIGTERM: what is under way ends at its next step; a second one ends at once."""
    stop = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            signal.default_int_handler(number, frame)
        stop.set()

    before = {one: signal.signal(one, ask) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for one, action in before.items():
            signal.signal(one, action)


@click.command("jobs")
@click.argument("source", required=False)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="件数 / How many")
@json_option
@click.pass_obj
def jobs_command(terminal: Terminal, source: str | None, limit: int, as_json: bool) -> None:
    """収集ジョブの一覧。The newest jobs: status, stage, speed, when they will be done."""
    jobs = list_jobs(terminal.settings, source, limit=limit)
    if as_json:
        terminal.document([brief_job(one) for one in jobs])
        return
    columns = (
        *(Label("ジョブ", "Job"), Label("収集元", "Source"), Label("状態", "Status"), Label("開始", "Started")),
        *(Label("終了", "Ended"), Label("試行", "Attempt"), Label("機械", "Machine")),
    )
    lang = terminal.settings.lang
    terminal.table(
        columns,
        [(one.id, one.source, job_line(one, lang), one.started, one.finished, one.attempt, one.worker) for one in jobs],
    )


@click.command("log")
@click.argument("job")
@json_option
@click.pass_obj
def log_command(terminal: Terminal, job: str, as_json: bool) -> None:
    """ジョブの記録。What a job said while it ran."""
    with open_readonly(terminal.settings.application_database_url) as engine:
        journal = HarvestJournal(engine) if engine is not None else None
        found = journal.find_job(job) if journal else None
        if journal is None or found is None:
            raise _no_such_job(job)
        lines = journal.list_log(job)
    if as_json:
        terminal.document({"job": brief_job(found), "lines": [one.to_dict() for one in lines]})
        return
    lang = terminal.settings.lang
    terminal.lines(f"{one.at} {_MARKS[one.level]} {one.en if lang == 'en' else one.ja}" for one in lines)


#: level of a line of the log -> how it begins
_MARKS = {"info": " ", "warning": "!", "error": "✗"}


@click.command("cancel")
@click.argument("job")
@click.pass_context
def cancel_command(context: click.Context, job: str) -> None:
    """ジョブを止める（次の区切りで止まる）。Ask a job to stop, from anywhere; it does at its next step."""
    terminal: Terminal = context.obj
    engine = open_database(terminal.settings.application_database_url)
    try:
        found = HarvestJournal(engine).ask_cancel(job)
    finally:
        engine.dispose()
    if found is None:
        raise _no_such_job(job)
    context.exit(_tell_cancelled(terminal, found))


def _tell_cancelled(terminal: Terminal, job: HarvestJob) -> Exit:
    if job.status is JobStatus.CANCELLED and job.cancel:
        terminal.say(f"{job.id} を取り消しました", f"{job.id} was cancelled")
        return Exit.SUCCESS
    if job.status is JobStatus.RUNNING:
        terminal.say(f"{job.id} に止まるよう伝えました。次の区切りで止まります", f"{job.id} stops at its next step")
        return Exit.SUCCESS
    status = status_label(job.status)
    terminal.say(f"{job.id} はもう終わっています（{status.ja}）", f"{job.id} has ended already ({status.en})")
    return Exit.FAILURE


def _no_such_job(job: str) -> UnknownCode:
    return UnknownCode(
        f"ジョブ「{job}」はありません",
        f"There is no job {job!r}",
        next_step=Label("shihyo harvest jobs で一覧を確かめてください", "See shihyo harvest jobs"),
        value=job,
    )


@click.command("schedule")
@click.pass_obj
def schedule_command(terminal: Terminal) -> None:
    """予定の来た収集元を収集し続ける。Harvest what is due until Ctrl-C."""

    def tell(text: Label) -> None:
        terminal.lines(terminal.text(text).split("\n"))

    terminal.say("予定を待っています。Ctrl-C で停止します", "Waiting for what is due; Ctrl-C stops it")
    with stopped_by_signals() as stop, terminal.progress() as report:
        schedule(terminal.settings, stop, tell, Bars(report))


def schedule(
    settings: Settings, stop: threading.Event, tell: Callable[[Label], None], progress: HarvestProgress | None = None
) -> None:
    """Harvest what is due until told to stop, here or by the workers of the queue if there is one."""

    def hand_over(due: Sequence[HarvestSource]) -> list[JobReport]:
        for job in enqueue_sources(settings, due):
            tell(Label(f"{job.source} を待ち行列に入れました（{job.id}）", f"{job.source} is queued ({job.id})"))
        return []

    run_schedule(settings, stop=stop, tell=tell, progress=progress, run=hand_over if settings.queue_url else None)


@click.command("worker")
@click.option("--burst", is_flag=True, help="待ち行列が空になれば終わる / End when the queue is empty")
@click.pass_obj
def worker_command(terminal: Terminal, burst: bool) -> None:
    """待ち行列のジョブを実行する。Run the jobs of the queue (SHIHYO_QUEUE_URL) until Ctrl-C."""

    def tell(text: Label) -> None:
        terminal.lines(terminal.text(text).split("\n"))

    terminal.say("ジョブを待っています。Ctrl-C で停止します", "Waiting for jobs; Ctrl-C stops it")
    run_worker(terminal.settings, tell=tell, burst=burst)


#: the commands of this module, in the order of documentation
COMMANDS = (jobs_command, log_command, cancel_command, schedule_command, worker_command)
