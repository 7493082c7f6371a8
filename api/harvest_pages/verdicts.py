"""The verdict of a source in one sentence, and what to do next, with commands to copy."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.database.jobs import JobStatus
from catalog.errors import Label
from harvesters.plan import SourcePlan
from harvesters.publishing.gate import Passage
from harvesters.report import JobReport


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is the matter with a source."""

    #: class of the style sheet: nothing, publish, held or unknown
    id: str
    #: sign that says it without colour
    sign: str
    #: the verdict, and what it means
    label: Label
    meaning: Label


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do."""

    #: what it does
    label: Label
    #: the command; None if it is nothing that a command does
    command: str | None = None


NOTHING = Verdict(
    "nothing",
    "＝",
    Label("変わりません", "Nothing would change"),
    Label("公開中の内容と同じです。", "It is what is published already."),
)
PUBLISH = Verdict(
    "publish",
    "→",
    Label("公開されます", "Would publish"),
    Label(
        "実行すると、下の内容が公開されます。まだ何も書き換えていません。",
        "A run publishes what is shown below. Nothing is written yet.",
    ),
)
WOULD_HOLD = Verdict(
    "held",
    "‖",
    Label("承認待ちになります", "Would be held"),
    Label(
        "実行しても公開されず、人の判断を待ちます。公開中の内容はそのままです。",
        "A run would not publish it but wait for a person. What is published stays.",
    ),
)
CANNOT_TELL = Verdict(
    "unknown",
    "?",
    Label("判断できません", "Cannot tell"),
    Label(
        "読めないものや公開できないものがあります。下の「読めなかったもの」を直してください。公開中の内容はそのままです。",
        "Something cannot be read or published; mend what is named below. What is published stays.",
    ),
)
PUBLISHED = Verdict(
    "publish",
    "✓",
    Label("公開しました", "Published"),
    Label("下の内容が公開されました。", "What is shown below is published."),
)
UNCHANGED = Verdict("nothing", "＝", Label("変わりませんでした", "Nothing changed"), NOTHING.meaning)
HELD = Verdict(
    "held",
    "‖",
    Label("承認を待っています", "Held for approval"),
    Label(
        "まだ公開していません。人の判断を待っています。公開中の内容はそのままです。",
        "Not published: it waits for a person. What is published stays.",
    ),
)
REJECTED = Verdict(
    "held",
    "‖",
    Label("取りやめと決められています", "Rejected"),
    Label("公開されません。内容が変われば改めて判断を求めます。", "Not published, until it is something else."),
)
PARTIAL = Verdict(
    "unknown",
    "!",
    Label("一部が失敗しました", "Failed in part"),
    Label(
        "公開できたものと、できなかったものがあります。下の「読めなかったもの」を直してください。",
        "Something was published and something was not; mend what is named below.",
    ),
)
FAILED = Verdict(
    "unknown",
    "✗",
    Label("失敗しました", "Failed"),
    Label(
        "公開中の内容はそのままです。下の「読めなかったもの」を直してください。",
        "What is published stays; mend what is named below.",
    ),
)
STOPPED = Verdict(
    "unknown",
    "!",
    Label("途中で止まりました", "Stopped"),
    Label(
        "公開済みのものは残っています。次の実行が続きを行います。",
        "What was published stays; the next run goes on there.",
    ),
)

_STATUSES = {
    JobStatus.HELD: HELD,
    JobStatus.PARTIAL: PARTIAL,
    JobStatus.FAILED: FAILED,
    JobStatus.CANCELLED: STOPPED,
    JobStatus.LOST: STOPPED,
}


def verdict_of_plan(plan: SourcePlan) -> Verdict:
    """Return the verdict of a plan: what cannot be told comes before what would be held, and that before changes."""
    if plan.error or plan.object_errors or any(one.error for one in plan.datasets):
        return CANNOT_TELL
    if any(one.error for one in plan.services):
        return CANNOT_TELL
    passages = {one.passage for one in plan.datasets if one.releases or one.trips}
    actions = {one.action for one in plan.services}
    if Passage.HELD in passages or "held" in actions:
        return WOULD_HOLD
    if any(one.would_publish for one in plan.datasets) or any(one.has_changed for one in plan.services):
        return PUBLISH
    return REJECTED if Passage.REJECTED in passages or "rejected" in actions else NOTHING


def verdict_of_run(report: JobReport) -> Verdict:
    """Return the verdict of a run."""
    if report.status in _STATUSES:
        return _STATUSES[report.status]
    if report.published or any(one.has_changed for one in report.services):
        return PUBLISHED
    return REJECTED if any(one.action == "rejected" for one in report.datasets) else UNCHANGED


_AGAIN = Label("直したら、もう一度確かめる", "When it is mended, look again")
_RUN = Label("公開する", "Publish it")
_APPROVE = Label("内容が正しければ、承認して公開する", "If it is right, approve and publish it")
_REJECT = Label("誤りなら、取りやめる", "If it is wrong, drop it")
_FIX_HELD = Label(
    "誤りなら、ファイルか設定を直して確かめる", "If it is wrong, mend the file or the options and look again"
)
_HOLD = Label("正しければ、実行して承認待ちにする", "If it is right, run it: it waits for approval then")
_UNDO = Label("公開後に誤りが分かったら、前の版に戻す", "If it turns out to be wrong, go back to the version before")


def steps_of_plan(source: str, verdict: Verdict) -> list[Step]:
    """Return what to do after a plan."""
    look, run = f"shihyo harvest plan {source}", f"shihyo harvest run {source}"
    table = {
        NOTHING: [Step(Label("何もする必要はありません", "Nothing needs to be done"))],
        REJECTED: [Step(_AGAIN, look)],
        PUBLISH: [Step(_RUN, run)],
        CANNOT_TELL: [Step(_AGAIN, look)],
        WOULD_HOLD: [
            Step(_FIX_HELD, look),
            Step(_HOLD, run),
            Step(_APPROVE, f"shihyo harvest approve {source} --reason '理由'"),
        ],
    }
    return table[verdict]


def steps_of_run(report: JobReport, verdict: Verdict) -> list[Step]:
    """Return what to do after a run."""
    steps = []
    if verdict is HELD:
        steps = steps_of_hold(report.source, report.job)
    elif verdict.id == "unknown":
        steps = [
            Step(_AGAIN, f"shihyo harvest plan {report.source}"),
            Step(_RUN, f"shihyo harvest run {report.source}"),
        ]
    done = [one.name for one in report.datasets if one.releases]
    steps += [Step(_UNDO, f"shihyo harvest rollback {name} --reason '理由'") for name in done]
    return steps or [Step(Label("何もする必要はありません", "Nothing needs to be done"))]


def steps_of_hold(source: str, job: str | None) -> list[Step]:
    """Return what to do about what waits."""
    options = f"{source}{f' --job {job}' if job else ''} --reason '理由'"
    return [Step(_APPROVE, f"shihyo harvest approve {options}"), Step(_REJECT, f"shihyo harvest reject {options}")]


def passage_label(passage: str) -> Label:
    """Return what becomes, or became, of a dataset."""
    return _PASSAGES[passage]


_PASSAGES: dict[str, Label] = {
    "publish": Label("公開される", "would publish"),
    "held": Label("承認待ち", "held"),
    "rejected": Label("取りやめ", "rejected"),
    "created": Label("公開した（初回）", "published, the first"),
    "updated": Label("公開した", "published"),
    "unchanged": Label("変わらない", "unchanged"),
    "failed": Label("失敗", "failed"),
    "unknown": Label("判断できない", "cannot tell"),
}
