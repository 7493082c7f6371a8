"""Approve what a guard holds, or drop it.

Order of events of an approval::

    choose        the waiting holds of the source: the only one, those of a job, or all
    who           the CKAN user of the token, else the system account; for sources with ``approval: required`` it must
                  be another person than the one whose run was held first
    run           the source is run again; where the proposal is exactly the one that was looked at, the decision is
                  written and the proposal published (:mod:`harvesters.publishing.gate`); anything else is held anew

So an approval never publishes what nobody looked at, and one that is killed on the way is finished by the next run. Of
two people who approve at once one runs the source, and the other is told so, or who was first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from catalog.ckan import Catalogue, open_catalogue
from catalog.database import open_database
from catalog.database.holds import Action, Actor, Decision, Hold, HoldJournal, HoldState
from catalog.errors import ApprovalRefused, Label, NothingHeld
from catalog.settings import Settings
from harvesters.base import HarvestSource, Progress
from harvesters.http import HttpClient
from harvesters.publishing.gate import Approval
from harvesters.publishing.identity import find_actor
from harvesters.report import JobReport, decision_line
from harvesters.runner import open_runner


def approve(
    settings: Settings,
    source: HarvestSource,
    *,
    reason: str,
    job: str | None = None,
    everything: bool = False,
    progress: Progress | None = None,
    catalogue: Catalogue | None = None,
    http: HttpClient | None = None,
) -> JobReport:
    """Approve what is held of a source, and publish it.

    Parameters
    ----------
    settings, source, progress, catalogue, http
        As for :func:`~harvesters.runner.run_sources`.
    reason
        Why, in the words of who approves; kept with the decision.
    job
        Approve what this job held, as long as it is the last that met it.
    everything
        Approve all that waits of the source.

    Returns
    -------
    JobReport
        What the run did. A dataset that is still held was not what had been looked at: its ``hold`` says ``lapsed``.

    Raises
    ------
    NothingHeld
        If nothing waits, or not exactly what is asked for.
    ApprovalRefused
        If there is no reason, or the source needs another person.
    """
    _require_reason(reason)
    with open_runner(settings, progress=progress, catalogue=catalogue, http=http) as runner:
        holds = _choose(runner.holds, source.name, job=job, everything=everything)
        by = find_actor(runner.catalogue)
        if source.guards.approval_required:
            _require_other(holds, by)
        approval = Approval(holds={one.dataset: one for one in holds}, by=by, reason=reason.strip())
        return replace(runner, approval=approval).run(source, force=True)


def reject(
    settings: Settings,
    source: str,
    *,
    reason: str,
    job: str | None = None,
    everything: bool = False,
    catalogue: Catalogue | None = None,
) -> list[Decision]:
    """Drop what is held of a source: it is not published as long as the source stays as it is.

    Parameters
    ----------
    settings, reason, job, everything, catalogue
        As for :func:`approve`.
    source
        Name of the source.

    Returns
    -------
    list of Decision
        One a hold.

    Raises
    ------
    NothingHeld, ApprovalRefused
        As for :func:`approve`; another person is not needed to drop something.
    """
    _require_reason(reason)
    engine = open_database(settings.application_database_url)
    target = catalogue or open_catalogue(settings)
    try:
        journal = HoldJournal(engine)
        holds = _choose(journal, source, job=job, everything=everything)
        by = find_actor(target)
        decided = [journal.decide(one, Action.REJECT, by=by, reason=reason.strip()) for one in holds]
        if None in decided:
            raise _nothing(journal, source, job)
        return [one for one in decided if one is not None]
    finally:
        engine.dispose()
        if catalogue is None:
            target.close()


def list_waiting(settings: Settings, sources: Sequence[str] | None = None) -> list[Hold]:
    """Return what waits for a decision, oldest first, of some sources or all."""
    engine = open_database(settings.application_database_url)
    try:
        waiting = HoldJournal(engine).list_holds(states=(HoldState.WAITING,))
    finally:
        engine.dispose()
    return [one for one in waiting if sources is None or one.source in sources]


def _choose(journal: HoldJournal, source: str, *, job: str | None, everything: bool) -> list[Hold]:
    waiting = journal.list_holds(source, states=(HoldState.WAITING,))
    chosen = [one for one in waiting if job is None or one.job_id == job]
    if not chosen:
        raise _nothing(journal, source, job)
    if len(chosen) > 1 and job is None and not everything:
        listed = "、".join(f"{one.dataset} (--job {one.job_id})" for one in chosen)
        raise NothingHeld(
            f"承認待ちが{len(chosen)}件あります: {listed}",
            f"{len(chosen)} proposals wait: {listed}",
            next_step=Label(
                "--job で一つの実行を選ぶか、--all を付けてください", "Choose a job with --job, or give --all"
            ),
            value=source,
            allowed=[one.job_id for one in chosen],
        )
    return chosen


def _nothing(journal: HoldJournal, source: str, job: str | None) -> NothingHeld:
    waiting = journal.list_holds(source, states=(HoldState.WAITING,))
    if waiting:
        jobs = list(dict.fromkeys(one.job_id for one in waiting))
        return NothingHeld(
            f"実行 {job} が止めたままのものはありません。その後の実行 {'、'.join(jobs)} のものが承認を待っています",
            f"Nothing of job {job} waits; what later jobs held does: {', '.join(jobs)}",
            next_step=Label(
                "後の実行の報告を見て、その --job を指定してください",
                "Look at the report of the later job and give that --job",
            ),
            value=job,
            allowed=jobs,
        )
    decided = [one for one in journal.list_decisions() if one.source == source and one.hold_id]
    last = decided[-1].to_dict() if decided else None
    tail = Label(f"（{decision_line(last, 'ja')}）", f" ({decision_line(last, 'en')})") if last else Label("", "")
    return NothingHeld(
        f"収集元「{source}」に承認待ちのものはありません{tail.ja}",
        f"Nothing of {source} waits for a decision{tail.en}",
        next_step=Label(
            f"shihyo harvest run {source} で収集し直すと、止めるべきものがあれば報告されます。"
            "取りやめたものは、ファイルか harvest.yml の設定が変わるまで公開されません",
            f"Run shihyo harvest run {source}: what must be held is reported then. What was rejected stays away until "
            "its file or its settings in harvest.yml change",
        ),
        value=source,
        decision=last,
    )


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise ApprovalRefused(
            "理由がありません",
            "There is no reason",
            next_step=Label("--reason に、後の人が読んで分かる理由を書いてください", "Say why with --reason"),
        )


def _require_other(holds: Sequence[Hold], by: Actor) -> None:
    for hold in holds:
        if not hold.held_by.is_same(by):
            continue
        compared = "ckan" if hold.held_by.ckan and by.ckan else "os"
        name = by.ckan if compared == "ckan" else by.os
        known = {
            "ckan": Label("CKANのユーザー", "CKAN user"),
            "os": Label("OSのアカウント。トークンのない実行があるため", "system account, as not both used a token"),
        }[compared]
        raise ApprovalRefused(
            f"実行した人と承認する人が同じです: {name}（{known.ja}）。{hold.dataset} は別の人の承認が要ります",
            f"{name} ({known.en}) ran it and cannot approve it; {hold.dataset} needs another person",
            next_step=Label(
                "別の人が、その人のトークン（SHIHYO_CATALOG_TOKEN）で承認してください",
                "Let another person approve it with their own token (SHIHYO_CATALOG_TOKEN)",
            ),
            value=name,
            known_by=compared,
        )
