"""``shihyo harvest jobs | log | cancel | schedule``: what runs, what ran, and when the next run is."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import get_context, parent_process
from pathlib import Path
from types import FrameType
from zoneinfo import ZoneInfo

import click

from api.cli.console import Exit, Terminal, json_option
from catalog.ckan import Progress
from catalog.database import HarvestJob, HarvestJournal, JobStatus, RunningJournal, open_database, open_readonly
from catalog.database.jobs import utc_text
from catalog.errors import Label, UnknownCode
from catalog.settings import Settings
from harvesters import HarvestSource, JobReport
from harvesters import Progress as HarvestProgress
from harvesters.report import status_label
from harvesters.running.delivery import Sent, channels, read_digest, send_digests, unsent_since
from harvesters.running.maintenance import maintain
from harvesters.running.queue import enqueue_sources, run_worker
from harvesters.running.scheduler import run_schedule
from harvesters.running.watch import run_watch
from harvesters.status import brief_job, job_line, list_jobs, local_time


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
    # One line each, not a table: an id that is broken over lines cannot be copied.
    zone = ZoneInfo(terminal.settings.time_zone)
    terminal.lines(_job_row(one, terminal.settings.lang, zone) for one in jobs)


def _job_row(job: HarvestJob, lang: str, zone: ZoneInfo) -> str:
    attempt = Label(f"{job.attempt}回目", f"attempt {job.attempt}").in_language(lang) if (job.attempt or 1) > 1 else ""
    times = " - ".join(local_time(one, zone, seconds=True) for one in (job.started, job.finished) if one)
    return "  ".join(
        part for part in (job.id, job.source, job_line(job, lang, zone), times, attempt, job.worker or "") if part
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
    lang, zone = terminal.settings.lang, ZoneInfo(terminal.settings.time_zone)
    terminal.lines(
        f"{local_time(one.at, zone, seconds=True)} {_MARKS[one.level]} {one.en if lang == 'en' else one.ja}"
        for one in lines
    )


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

    def after() -> None:
        for text in send_new_digests(settings):
            tell(text)

    run = hand_over if settings.queue_url else None
    run_schedule(settings, stop=stop, tell=tell, progress=progress, run=run, after=after)


@contextmanager
def scheduling(settings: Settings) -> Iterator[None]:
    """Harvest what is due in a process beside the server, if the setting ``schedule`` wants it; end it afterwards."""
    if not settings.schedule:
        yield
        return
    process = get_context("spawn").Process(target=_schedule_beside, args=(settings,), name="shihyo-schedule")
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join(_GRACE)


#: seconds that a run under way gets to end at its next step
_GRACE = 30


def _schedule_beside(settings: Settings) -> None:
    """Schedule until told to stop, or until the process that started this one is gone."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    log = logging.getLogger("shihyo.schedule")
    with stopped_by_signals() as stop:
        threading.Thread(target=_stop_with_parent, args=(stop,), name="shihyo-parent", daemon=True).start()
        schedule(settings, stop, lambda text: log.info("%s", text.in_language(settings.lang)))


def _stop_with_parent(stop: threading.Event) -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        stop.set()


def send_new_digests(settings: Settings) -> list[Label]:
    """Send what is new over the channels that are set up; return what people should know of it."""
    if not channels(settings):
        return []
    engine = open_database(settings.application_database_url)
    try:
        return [_sent_label(one) for one in send_digests(settings, engine)]
    finally:
        engine.dispose()


def _sent_label(sent: Sent) -> Label:
    channel = sent.delivery.channel
    if sent.error is None:
        return Label(f"報告を送りました（{channel}）", f"The digest was sent ({channel})")
    return Label(sent.error.message("ja"), sent.error.message("en"))


def _undelivered(terminal: Terminal, running: RunningJournal) -> Iterator[str]:
    """Yield what people should know of the last deliveries that failed."""
    for channel in channels(terminal.settings):
        last = running.find_delivery(channel)
        if last is not None and last.error:
            told = Label(
                f"前回は送れませんでした（{channel}、{last.at}）", f"The last one was not sent ({channel}, {last.at})"
            )
            yield f"✗ {terminal.text(told)}: {last.error}"


@click.command("digest")
@click.option("--since", type=click.DateTime(), help="この時刻から（UTC）/ From this time on, UTC")
@click.option("--send", is_flag=True, help="メールとWebhookで送る / Send it by mail and webhook")
@json_option
@click.pass_context
def digest_command(context: click.Context, since: datetime | None, send: bool, as_json: bool) -> None:
    """収集のまとめの報告。What was created, updated, gone, held and failed since the last digest."""
    terminal: Terminal = context.obj
    begin = utc_text(since.replace(tzinfo=UTC)) if since else None
    engine = open_database(terminal.settings.application_database_url)
    try:
        now = datetime.now(UTC)
        digest = read_digest(engine, begin or unsent_since(engine, None, now), utc_text(now))
        undelivered = list(_undelivered(terminal, RunningJournal(engine)))
        sent = send_digests(terminal.settings, engine, since=begin, force=True) if send else []
    finally:
        engine.dispose()
    if as_json:
        terminal.document({**digest.to_dict(), "deliveries": [one.delivery.to_dict() for one in sent]})
    else:
        terminal.lines(digest.lines(terminal.settings.lang))
        terminal.lines(undelivered)
    for one in sent:
        label = _sent_label(one)
        terminal.say(label.ja, label.en)
    if send and not sent:
        terminal.say("SHIHYO_MAIL_HOST も SHIHYO_WEBHOOK_URL もありません", "Neither mail nor webhook is set up")
    context.exit(Exit.FAILURE if send and (not sent or any(one.error for one in sent)) else Exit.SUCCESS)


@click.command("worker")
@click.option("--burst", is_flag=True, help="待ち行列が空になれば終わる / End when the queue is empty")
@click.pass_obj
def worker_command(terminal: Terminal, burst: bool) -> None:
    """待ち行列のジョブを実行する。Run the jobs of the queue (SHIHYO_QUEUE_URL) until Ctrl-C."""

    def tell(text: Label) -> None:
        terminal.lines(terminal.text(text).split("\n"))

    terminal.say("ジョブを待っています。Ctrl-C で停止します", "Waiting for jobs; Ctrl-C stops it")
    run_worker(terminal.settings, tell=tell, burst=burst)


@click.command("watch")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def watch_command(terminal: Terminal, folder: Path | None) -> None:
    """職員がファイルを置くフォルダを見張る。Take in the files that staff drop (SHIHYO_WATCH_FOLDER) until Ctrl-C."""
    watched = folder or terminal.settings.watch_folder

    def tell(text: Label) -> None:
        terminal.lines(terminal.text(text).split("\n"))
        for line in send_new_digests(terminal.settings):
            terminal.lines([terminal.text(line)])

    terminal.lines([terminal.text(Label(f"{watched} を見ています。Ctrl-C で停止します", f"Watching {watched}"))])
    with stopped_by_signals() as stop, terminal.progress() as report:
        run_watch(terminal.settings, watched, stop=stop, tell=tell, progress=Bars(report))


@click.command("maintain")
@click.option("--dry-run", is_flag=True, help="何も消さず、消すものを示す / Show what would go, and remove nothing")
@json_option
@click.pass_context
def maintain_command(context: click.Context, dry_run: bool, as_json: bool) -> None:
    """不要になったものを片付ける。Remove what is not needed any more; the scheduler does it by itself."""
    terminal: Terminal = context.obj
    done = maintain(terminal.settings, dry_run=dry_run)
    if as_json:
        terminal.document({"dry_run": dry_run, "cleared": [one.to_dict() for one in done]})
    else:
        terminal.lines(terminal.text(one.label) for one in done)
    context.exit(Exit.FAILURE if any(one.error for one in done) else Exit.SUCCESS)


#: the commands of this module, in the order of documentation
COMMANDS = (
    *(jobs_command, log_command, cancel_command, schedule_command, worker_command, digest_command),
    *(watch_command, maintain_command),
)
