"""What every id that reports and errors show means, why it is, and what to do.

One list of :class:`Explanation`, made of the tables that the code itself goes by, so that it cannot lag behind: guards,
finding rules of every kind, rules of the observation schema, readability rules, observation statuses, statuses of jobs,
exit codes. Errors come from the table of problems, which the command brings along (``api`` stands above this package).
The same id may mean several things (``duplicate-key`` is a guard and a rule); all are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from catalog.database.jobs import JobStatus
from catalog.errors import Label
from catalog.model.codelist import unknown_code
from catalog.reference import load_reference
from harvesters.findings import LEVEL_LABELS, Rule
from harvesters.guards.declared import APPROVAL_REQUIRED, GUARDS, REVISION, VALUE_RANGE, Guard, Severity
from harvesters.known_rules import iter_rules
from harvesters.readability import RULES as READABILITY_RULES
from harvesters.report import status_label


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One meaning of one id."""

    #: the id as reports show it
    id: str
    #: what sort of id it is: a key of :data:`SORTS`
    sort: str
    #: what it means
    title: Label
    #: why it is so, or what it does; None if the title says it
    why: Label | None = None
    #: what to do; None if nothing is to be done
    next_step: Label | None = None
    #: how it looks; None if there is nothing to show
    example: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "id": self.id,
            "sort": self.sort,
            "title": self.title.to_dict(),
            "why": self.why.to_dict() if self.why else None,
            "next_step": self.next_step.to_dict() if self.next_step else None,
            "example": self.example,
        }

    def lines(self, lang: str = "ja") -> list[str]:
        """Return it for people."""
        told = [(_WHY, self.why), (_NEXT_STEP, self.next_step)]
        lines = [f"{self.id} [{SORTS[self.sort].in_language(lang)}]: {self.title.in_language(lang)}"]
        lines += [f"  {head.in_language(lang)}: {text.in_language(lang)}" for head, text in told if text]
        if self.example:
            lines.append(f"  {_EXAMPLE.in_language(lang)}:")
            lines += [f"    {line}" for line in self.example.splitlines()]
        return lines


_WHY, _NEXT_STEP, _EXAMPLE = Label("なぜ", "Why"), Label("どうする", "What to do"), Label("例", "Example")

#: sort of an id -> what people call it, in the order of the list
SORTS = {
    "guard": Label("ガード", "guard"),
    "error": Label("エラー", "error"),
    "finding": Label("所見の規則", "finding rule"),
    "check": Label("観測値の検査", "check of observations"),
    "readability": Label("機械可読性のルール", "readability rule"),
    "obs-status": Label("観測値の状態", "observation status"),
    "job-status": Label("収集の結果", "status of a job"),
    "exit-code": Label("終了コード", "exit code"),
}


def list_explanations(errors: Sequence[Explanation] = ()) -> list[Explanation]:
    """Return all explanations, by sort and in the order of their tables; ``errors`` are those of the error codes."""
    found = [*_guards(), *errors, *_findings(), *_checks(), *_readability(), *_statuses(), *_jobs(), *_exits()]
    order = list(SORTS)
    return sorted(found, key=lambda one: order.index(one.sort))


def find_explanations(code: str, explanations: Sequence[Explanation]) -> list[Explanation]:
    """Return what an id means; width and case do not count unless two ids differ in nothing else.

    Raises
    ------
    UnknownCode
        If there is no such id; names the nearest one.
    """
    exact = [one for one in explanations if one.id == code]
    found = exact or [one for one in explanations if one.id.casefold() == code.strip().casefold()]
    if not found:
        listed = Label("一覧は shihyo harvest explain です", "shihyo harvest explain lists them all")
        known = list(dict.fromkeys(one.id for one in explanations))
        raise unknown_code(Label("コード", "code"), code, known, listed=listed)
    return found


def _guards() -> Iterator[Explanation]:
    for one in GUARDS:
        does = _HELD if one.severity is Severity.HOLD else _NEVER
        yield Explanation(
            id=one.id,
            sort="guard",
            title=one.title,
            why=Label(
                f"{one.protects.ja}を防ぐ。{does.ja}。限度: {one.limit.ja}",
                f"{one.protects.en}. {does.en}. Limit: {one.limit.en}",
            ),
            next_step=one.next_step,
            example=_configured(one),
        )


_HELD = Label("承認されるまで公開しない（shihyo harvest approve）", "Held until somebody approves it")
_NEVER = Label("このままでは公開できず、承認もできない", "Cannot be published so, nor approved")


def _configured(guard: Guard) -> str:
    """Return how the guard is written in ``harvest.yml``."""
    if guard is APPROVAL_REQUIRED:
        return "approval: required"
    limit = guard.to_dict()["default"] or {REVISION.id: 0.1, VALUE_RANGE.id: {"kpi-12.issued": [0, 100]}}.get(
        guard.id, guard.default
    )
    return f"{yaml.safe_dump({'guards': {guard.id: limit}}).strip()}\n# {guard.id}: off"


def _findings() -> Iterator[Explanation]:
    told: set[Rule] = set()
    for one in iter_rules():
        if one not in told:
            told.add(one)
            level = LEVEL_LABELS[one.level]
            yield Explanation(
                id=one.id,
                sort="finding",
                title=one.title,
                why=Label(f"扱い: {level.ja}", f"Effect: {level.en}"),
                next_step=one.next_step,
                example=f"[{level.ja}] {one.title.ja}: 1件",
            )


_CORRECT = Label(
    "示された行の元の値を直してください。正しい値なら、収集の読み取りを直す必要があります",
    "Correct the value that the row comes from; if it is right, it is read wrong",
)
#: rule of catalog.releases.checks -> what it means
_CHECKS = {
    "column-missing": Label("構造にある列が表にない", "A column of the structure is missing"),
    "column-unknown": Label("構造にない列が表にある", "A column is not in the structure"),
    "column-order": Label("列の順が構造と違う", "Columns are not in the order of the structure"),
    "column-type": Label("列の型が構造と違う", "A column has another type than the structure says"),
    "required": Label("必須の値が空", "A required value is missing"),
    "layout": Label(
        "文字列が空か、改行・タブ・前後の空白を含む", "A text is empty or has line breaks, tabs or spaces around it"
    ),
    "pattern": Label("決まりの形でない", "A text does not have its form"),
    "not-finite": Label("数でない値（無限大など）", "Not a number, or infinite"),
    "minimum": Label("下限より小さい", "Below the least value"),
    "code-unknown": Label("一覧にないコード", "A code that is not in its list"),
    "period": Label("時点・期間として読めない", "Not a period"),
    "duplicate-key": Label("同じ次元の組の行が2つ以上ある", "Two or more rows have the same key"),
    "missing-needs-reason": Label("値が空なのに、欠測の理由がない", "A value is missing and no status says why"),
    "value-with-missing-status": Label(
        "欠測の状態なのに値がある", "There is a value, and the status says there is none"
    ),
    "percent-range": Label("割合が0から100の間にない", "A percentage is not within 0 to 100"),
    "numerator-above-denominator": Label("分子が分母より大きい", "A numerator is larger than its denominator"),
    "count-negative": Label("分子か分母が負", "A numerator or denominator is negative"),
    "denominator-zero": Label("分母が0なのに割合がある", "A percentage over a denominator of 0"),
    "interval": Label("値が信頼区間の外にある", "A value lies outside its interval"),
    "rate-differs": Label(
        "値と、分子÷分母が四捨五入の範囲を超えて違う（警告）",
        "Value and quotient differ by more than rounding (a warning)",
    ),
}


def _checks() -> Iterator[Explanation]:
    why = Label(
        "公開するすべての観測値が守る決まり（observation.schema.json）",
        "What every published observation keeps (observation.schema.json)",
    )
    for id, title in _CHECKS.items():
        yield Explanation(id=id, sort="check", title=title, why=why, next_step=_CORRECT)


def _readability() -> Iterator[Explanation]:
    for one in READABILITY_RULES.values():
        yield Explanation(
            id=one.id,
            sort="readability",
            title=one.title,
            why=Label(
                f"行政データにおける機械可読性に関するルール（デジタル庁）のレベル{one.level}。重さ: {one.severity}",
                f"Level {one.level} of the Digital Agency's machine-readability rule; severity: {one.severity}",
            ),
            next_step=one.advice,
            example=f"shihyo check FILE   # {one.id}",
        )


_VALUES = {
    "required": Label("値が必ずある", "It always has a value"),
    "forbidden": Label("値は空で、この状態が理由", "It has no value, and this says why"),
    "either": Label("値はあることもないこともある", "It may have a value or not"),
}


def _statuses() -> Iterator[Explanation]:
    for one in load_reference().codelists["obs_status"]:
        value = _VALUES[one.value or "either"]
        shown = "" if one.value == "forbidden" else "50.2"
        yield Explanation(
            id=one.code,
            sort="obs-status",
            title=one.label,
            why=Label(f"{value.ja}（SDMX CL_OBS_STATUS）", f"{value.en} (SDMX CL_OBS_STATUS)"),
            example=f"value,obs_status\n{shown},{one.code}",
        )


_JOBS = {
    JobStatus.QUEUED: Label("ワーカーを待っている", "It waits for a worker"),
    JobStatus.RUNNING: Label("実行している", "It runs"),
    JobStatus.SUCCEEDED: Label("すべて収集した", "Everything was harvested"),
    JobStatus.PARTIAL: Label("一部のファイルかデータセットが失敗した", "Some files or datasets failed"),
    JobStatus.HELD: Label(
        "すべて読めたが、ガードが止めたものがあり、人の判断を待っている",
        "Everything could be read; a guard holds something until a person decides",
    ),
    JobStatus.FAILED: Label("何も収集できなかった", "Nothing could be harvested"),
    JobStatus.CANCELLED: Label("人が止めた", "A person stopped it"),
    JobStatus.LOST: Label("プロセスが途中で消えた", "Its process went away"),
}
_JOB_STEPS = {
    JobStatus.PARTIAL: Label("報告にある誤りを直し、もう一度実行", "Correct what the report names and run it again"),
    JobStatus.HELD: Label(
        "shihyo harvest holds で確かめ、承認か取りやめ", "See shihyo harvest holds; approve or reject"
    ),
    JobStatus.FAILED: Label("報告にある誤りを直し、もう一度実行", "Correct what the report names and run it again"),
    JobStatus.LOST: Label("もう一度実行すれば、続きから公開する", "Run it again; it goes on where it stopped"),
}


def _jobs() -> Iterator[Explanation]:
    for one, why in _JOBS.items():
        yield Explanation(
            id=str(one), sort="job-status", title=status_label(one), why=why, next_step=_JOB_STEPS.get(one)
        )


_EXITS = {
    "0": (
        Label("終わった、またはすることがない", "Done, or nothing to do"),
        Label("対応は要りません", "Nothing needs to be done"),
    ),
    "1": (
        Label("何かが失敗した", "Something failed"),
        Label("標準エラー出力と報告にある誤りを直す", "Correct what standard error and the report name"),
    ),
    "2": (
        Label("plan: 実行すると公開されるものがある", "plan: a run would publish something"),
        Label("よければ run を実行", "Run it if that is right"),
    ),
    "3": (
        Label(
            "run: 承認待ちのものがある。plan: 読めないものか、承認待ちになるものがあり、決まらない",
            "run: something waits for a decision; plan: something cannot be read, or would be held, so it is open",
        ),
        Label("報告を見て、直すか、approve か reject", "Look at the report; correct it, or approve or reject"),
    ),
    "64": (
        Label("コマンドの書き方が分からない", "The command line was not understood"),
        Label("--help で書き方を確かめる", "See --help"),
    ),
    "130": (Label("Ctrl-C で止めた", "Stopped by Ctrl-C"), Label("もう一度実行すれば続く", "Run it again to go on")),
}


def _exits() -> Iterator[Explanation]:
    for id, (title, step) in _EXITS.items():
        yield Explanation(id=id, sort="exit-code", title=title, next_step=step, example=f"$ echo $?\n{id}")
