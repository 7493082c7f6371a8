"""Guards: what keeps a mistake of a source from being published, declared as data.

Every guard is on unless ``harvest.yml`` says otherwise for a source::

    guards:
      row-loss: 0.3          # another limit
      unit-jump: off         # not examined at all

A guard of severity ``hold`` holds its dataset: nothing of it is published, what is published stays, the other datasets
of the source go on, and ``shihyo harvest approve`` publishes it after all (:mod:`harvesters.publishing.approval`). A
guard of severity ``reject`` finds what can never be published; a person cannot approve it, only correct it, or declare
how many such observations may be left out.

Order of events: :mod:`harvesters.guards.inputs` looks at the inputs, :mod:`harvesters.guards.screen` at the
observations of each contribution, :mod:`harvesters.guards.compare` at each release against the one before it. What a
guard says is a :class:`Trip`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from catalog.errors import ConfigurationError, Label, Place
from harvesters.options import FLAG, INTEGER, SHARE, OptionType, check_keys, read_value

#: a place of which nothing is known
NOWHERE = Place()
#: examples that a trip keeps
EXAMPLES_KEPT = 10
#: of those, the ones that people are shown
_EXAMPLES_SHOWN = 5


class Severity(StrEnum):
    """What a guard does to its dataset."""

    #: held until a person decides
    HOLD = "hold"
    #: cannot be published as it is; approving is not possible
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """One thing that a source may do wrong."""

    #: stable id, and its key in ``guards`` of ``harvest.yml``
    id: str
    #: what is the matter when it trips
    title: Label
    #: what it protects from
    protects: Label
    #: how its limit is written
    type: OptionType
    #: the limit that holds if none is given, measured on real sources
    default: Any
    #: what the limit means
    limit: Label
    #: what it does
    severity: Severity
    #: what a person can do about it
    next_step: Label

    def to_dict(self) -> dict[str, Any]:
        """Return the declaration as JSON."""
        return {
            "id": self.id,
            "title": self.title.to_dict(),
            "protects": self.protects.to_dict(),
            "type": self.type.name,
            "default": _plain(self.default),
            "limit": self.limit.to_dict(),
            "severity": str(self.severity),
            "next_step": self.next_step.to_dict(),
        }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: list(bounds) for key, bounds in value.items()}
    return value


def _ranges(raw: Any) -> dict[str, tuple[float, float]]:
    if not isinstance(raw, dict) or not raw:
        raise TypeError
    return {str(key): _bounds(value) for key, value in raw.items()}


def _bounds(raw: Any) -> tuple[float, float]:
    if not isinstance(raw, list) or len(raw) != 2 or any(isinstance(one, bool) for one in raw):
        raise TypeError
    low, high = float(raw[0]), float(raw[1])
    if not low <= high:
        raise ValueError
    return low, high


RANGES = OptionType(
    "ranges",
    Label(
        "「{kpi-12.issued: [0, 100]}」のような、定義か指標のIDと下限・上限",
        "definitions or indicators with their least and greatest value, such as {kpi-12.issued: [0, 100]}",
    ),
    _ranges,
)

_FIX = Label(
    "収集元のファイルを確かめ、誤りなら直してください。正しいなら承認してください",
    "Look at the file of the source; correct it if it is wrong, approve if it is right",
)

ROW_LOSS = Guard(
    id="row-loss",
    title=Label("観測値が減りすぎている", "Too many observations are missing"),
    protects=Label(
        "途中で切れたファイルや一部だけの抽出で、公開済みの値が消える・新しい時点が欠けること",
        "A truncated file or a partial extract that would take published values away, or leave a new period incomplete",
    ),
    type=SHARE,
    default=0.2,
    limit=Label(
        "公開済みの同じ時点（新しい時点ではその前の時点）から失われてよい観測値の割合",
        "Share of the published observations of the same period (of the one before, for a new period) that may be lost",
    ),
    severity=Severity.HOLD,
    next_step=_FIX,
)
EMPTY_SOURCE = Guard(
    id="empty-source",
    title=Label("公開済みのデータセットに、観測値が1つも来ない", "Nothing came for a dataset that is published"),
    protects=Label(
        "空のファイルや消えたファイルを「データがなくなった」と取り違えること（公開済みの値は決して消さない）",
        "Taking an empty or vanished file for the wish to delete (what is published is never deleted)",
    ),
    type=FLAG,
    default=True,
    limit=Label("off のほかに指定する値はない（true で有効）", "None; true is on, off is off"),
    severity=Severity.HOLD,
    next_step=Label(
        "ファイルを戻すか、この収集元がもう持たないなら guards の empty-source を off にしてください。"
        "承認すると、公開済みのまま収集を完了とします",
        "Bring the file back, or switch empty-source off in guards if the source has it no more; "
        "approving accepts it and leaves what is published as it is",
    ),
)
UNIT_JUMP = Guard(
    id="unit-jump",
    title=Label("値が約100倍か100分の1になっている", "Values are about 100 times or a hundredth of what they were"),
    protects=Label(
        "割合（0.446）と百分率（44.6）、人と百人などの単位の取り違え",
        "Mistaking fractions (0.446) for percentages (44.6), persons for hundreds of persons, and the like",
    ),
    type=SHARE,
    default=0.05,
    limit=Label(
        "定義と時点ごとに、50倍以上200倍以下（か、その逆）に変わってよい系列の割合",
        "Share of the series of a definition and period whose value may change 50 to 200 times (or the inverse)",
    ),
    severity=Severity.HOLD,
    next_step=Label(
        "単位を確かめてください。百分率と割合の違いなら収集元の設定（percent など）で直し、"
        "本当の変化なら承認してください",
        "Check the unit; correct percentages in the options of the source (such as percent), "
        "approve if the change is real",
    ),
)
DUPLICATE_KEY = Guard(
    id="duplicate-key",
    title=Label("同じ次元の組の観測値が2つ以上ある", "Two or more observations have the same key"),
    protects=Label(
        "どちらが正しいか分からない値が公開されること", "Publishing a value of which nobody knows whether it is right"
    ),
    type=INTEGER,
    default=0,
    limit=Label(
        "外してよい観測値の数（同じ内容なら1つを残し、違えばすべて外す）。off では見つかったものをすべて外す",
        "Observations that may be left out (of equal ones one stays, of different ones none); off leaves out all found",
    ),
    severity=Severity.REJECT,
    next_step=Label(
        "重なる行を直してください。外してよいなら guards の duplicate-key に数を書いてください",
        "Correct the rows; if they may be left out, give their number as duplicate-key in guards",
    ),
)
FUTURE_PERIOD = Guard(
    id="future-period",
    title=Label("まだ始まっていない時点の値がある", "There are values of periods that have not begun"),
    protects=Label(
        "元号や年度の読み違い、入力の誤りで未来の値が公開されること",
        "Publishing values of the future because an era or a year was misread or mistyped",
    ),
    type=INTEGER,
    default=0,
    limit=Label(
        "今日（日本時間）から何日先に始まる時点までよいか。予測（状態 F）は対象外",
        "How many days from today (Japanese time) a period may begin; forecasts (status F) are not examined",
    ),
    severity=Severity.HOLD,
    next_step=_FIX,
)
CODE_NOT_IN_LIST = Guard(
    id="code-not-in-list",
    title=Label("一覧にないコードがある", "There are codes that are not in their list"),
    protects=Label(
        "意味の分からないコードや、打ち間違いのコードの値が公開されること",
        "Publishing values under a code that nobody can look up, or under a mistyped one",
    ),
    type=INTEGER,
    default=0,
    limit=Label(
        "外してよい観測値の数。off では見つかったものをすべて外す",
        "Observations that may be left out; off leaves out all found",
    ),
    severity=Severity.REJECT,
    next_step=Label(
        "コードを直すか、一覧（catalog/reference か収集元の codes）に加えてください。"
        "外してよいなら guards の code-not-in-list に数を書いてください",
        "Correct the code or add it to its list (catalog/reference, or codes of the source); "
        "if they may be left out, give their number as code-not-in-list in guards",
    ),
)
SCHEMA_CHANGE = Guard(
    id="schema-change",
    title=Label("表の形が前回と違う", "The form of the table is not that of the last time"),
    protects=Label(
        "見出し・シート・列の変更で、別の列を読んだり、指標や次元が気づかれずに消えたりすること",
        "Reading another column, or losing an indicator or dimension unnoticed, because headings or sheets changed",
    ),
    type=OptionType("schema", Label("gone か any", "gone or any"), lambda raw: _one_of(raw, ("gone", "any"))),
    default="gone",
    limit=Label(
        "gone: なくなった見出し・シート・次元・指標と、増えた次元で止める。any: 増えた見出し・シート・指標でも止める",
        "gone: held for headings, sheets, dimensions and indicators that are gone and for new dimensions; "
        "any: for new headings, sheets and indicators too",
    ),
    severity=Severity.HOLD,
    next_step=Label(
        "見出しを元に戻すか、収集元の設定を新しい形に合わせてください。読み取りが正しいなら承認してください",
        "Bring the headings back, or fit the options of the source to the new form; approve if it is read right",
    ),
)
VALUE_RANGE = Guard(
    id="value-range",
    title=Label("値が決められた範囲の外にある", "Values are outside their declared range"),
    protects=Label(
        "桁の誤りなど、あり得ないか、まずあり得ない値が公開されること",
        "Publishing values that cannot be, or hardly can be, such as misplaced digits",
    ),
    type=RANGES,
    default={},
    limit=Label(
        "定義か指標ごとの下限と上限。百分率の0〜100など、単位から決まる範囲は指定がなくても守る（そちらは承認できない）",
        "Least and greatest value of definitions or indicators; what the unit demands, such as 0 to 100 percent, "
        "is demanded anyway and cannot be approved",
    ),
    severity=Severity.HOLD,
    next_step=_FIX,
)
REVISION = Guard(
    id="revision",
    title=Label("過去の値が、宣言より多く改訂される", "More of the past is revised than was declared"),
    protects=Label(
        "誤ったファイルや計算の変更で、過去の値がまとめて書き換わること",
        "A wrong file or a changed calculation that would rewrite the past at one stroke",
    ),
    type=SHARE,
    default=None,
    limit=Label(
        "改訂・削除されてよい、公開済みの観測値の割合。指定がなければデータセットの revision_share（既定0.05）",
        "Share of the published observations that may be revised or removed; "
        "revision_share of the dataset (0.05) if not given",
    ),
    severity=Severity.HOLD,
    next_step=_FIX,
)
ROLLED_BACK = Guard(
    id="rolled-back",
    title=Label("取り下げた値がもう一度公開される", "Withdrawn values would be published again"),
    protects=Label(
        "取り下げた（rollback した）値が、次の収集で黙って公開し直されること",
        "The next run silently publishing again what a rollback withdrew",
    ),
    type=FLAG,
    default=True,
    limit=Label("off のほかに指定する値はない（true で有効）", "None; true is on, off is off"),
    severity=Severity.HOLD,
    next_step=Label(
        "収集元のファイルが直るのを待つか、取り下げが不要になったなら承認してください",
        "Wait until the file of the source is corrected, or approve if the withdrawal is over",
    ),
)
APPROVAL_REQUIRED = Guard(
    id="approval-required",
    title=Label("公開には別の人の承認が要る収集元", "This source is published only after another person approved"),
    protects=Label("一人の判断だけで公開されること", "Publishing on the word of one person"),
    type=FLAG,
    default=True,
    limit=Label(
        "収集元に approval: required と書いたときだけ働く。off にはできない",
        "Works for sources that say approval: required, and cannot be switched off",
    ),
    severity=Severity.HOLD,
    next_step=Label(
        "実行した人とは別の人が、内容を確かめて承認してください",
        "Let another person than the one who ran it look at it and approve",
    ),
)

#: all guards, in the order in which they speak
GUARDS = (
    EMPTY_SOURCE,
    SCHEMA_CHANGE,
    DUPLICATE_KEY,
    CODE_NOT_IN_LIST,
    VALUE_RANGE,
    FUTURE_PERIOD,
    ROW_LOSS,
    UNIT_JUMP,
    REVISION,
    ROLLED_BACK,
    APPROVAL_REQUIRED,
)
_CONFIGURABLE = tuple(one for one in GUARDS if one is not APPROVAL_REQUIRED)
GUARD_IDS = tuple(one.id for one in _CONFIGURABLE)


def _one_of(raw: Any, allowed: Sequence[str]) -> str:
    if raw not in allowed:
        raise ValueError
    return str(raw)


@dataclass(frozen=True, slots=True)
class Limits:
    """What ``harvest.yml`` says about the guards of a source."""

    #: guard -> its limit, where one is given
    given: Mapping[str, Any] = field(default_factory=dict)
    #: guards that are switched off
    off: frozenset[str] = frozenset()
    #: whether every publication needs another person
    approval_required: bool = False

    def is_on(self, guard: Guard) -> bool:
        """Return whether a guard is examined."""
        return guard.id not in self.off

    def limit(self, guard: Guard) -> Any:
        """Return the limit of a guard."""
        return self.given.get(guard.id, guard.default)

    def to_dict(self) -> dict[str, Any]:
        """Return every guard with its limit, or ``off``."""
        return {one.id: _plain(self.limit(one)) if self.is_on(one) else "off" for one in _CONFIGURABLE} | {
            "approval": "required" if self.approval_required else None
        }


def read_guards(raw: Any, *, file: str, key: str, approval_required: bool = False) -> Limits:
    """Read the mapping ``guards`` of a source; ``off`` and ``false`` switch a guard off.

    Raises
    ------
    ConfigurationError
        If a guard does not exist or a limit cannot be used.
    """
    if not isinstance(raw, dict):
        raise ConfigurationError(
            f"「{key}」はガードの名前と値の組ではありません",
            f"{key} is not a mapping of guards",
            next_step=Label(
                "「row-loss: 0.3」か「row-loss: off」のように書いてください", "Write row-loss: 0.3 or row-loss: off"
            ),
            place=Place(file=file, cell=key),
            key=key,
        )
    check_keys(raw, GUARD_IDS, file=file, key=key)
    off = frozenset(name for name, value in raw.items() if value is False or value == "off")
    known = {one.id: one for one in _CONFIGURABLE}
    given = {
        name: read_value(known[name].type, value, file=file, key=f"{key}.{name}")
        for name, value in raw.items()
        if name not in off
    }
    return Limits(given, off, approval_required)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardExample:
    """One observation, heading or file that a guard found."""

    #: where in the input, as far as it is known
    place: Place = NOWHERE
    #: dimension -> code, if it is an observation
    key: Mapping[str, str] = field(default_factory=dict)
    #: what it was and what it would become; None if there was or would be nothing
    before: Any = None
    after: Any = None

    def message(self) -> str:
        """Return place, key and figures on one line."""
        key = " ".join(str(code) for code in self.key.values() if code != "_T")
        where = [str(self.place)] if str(self.place) else []
        figures = f"{_show(self.before)} → {_show(self.after)}"
        return ": ".join([*where, *([key] if key else []), figures])

    def to_dict(self) -> dict[str, Any]:
        """Return the example as JSON."""
        place = self.place
        return {
            "place": {"file": place.file, "sheet": place.sheet, "cell": place.cell},
            "key": dict(self.key),
            "before": self.before,
            "after": self.after,
        }


def _show(value: Any) -> str:
    return "―" if value is None else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """What one guard says about one proposal."""

    #: the guard
    guard: Guard
    #: what is the matter here, with its figures
    what: Label
    #: the figures for machines: ``before``, ``after``, ``share``, ``limit``... as far as they apply
    figures: Mapping[str, Any]
    #: the first cases
    examples: tuple[GuardExample, ...] = ()
    #: how many cases there are in all
    total: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "guard": self.guard.id,
            "severity": str(self.guard.severity),
            "title": self.guard.title.to_dict(),
            "what": self.what.to_dict(),
            "protects": self.guard.protects.to_dict(),
            "figures": dict(self.figures),
            "examples": [one.to_dict() for one in self.examples],
            "total": self.total,
            "next_step": self.guard.next_step.to_dict(),
        }


def trip_lines(trip: Mapping[str, Any], lang: str) -> list[str]:
    """Return what a trip, as JSON, says to people: the guard, the figures, examples, and what to do."""
    lines = [f"[{trip['guard']}] {trip['what'][lang]}"]
    examples = [_example_of(one) for one in trip["examples"]]
    lines += [f"    {one.message()}" for one in examples[:_EXAMPLES_SHOWN]]
    rest = trip["total"] - min(len(examples), _EXAMPLES_SHOWN)
    if examples and rest > 0:
        lines.append({"ja": f"    ほか{rest}件"}.get(lang, f"    and {rest} more"))
    return [*lines, f"    → {trip['next_step'][lang]}"]


def _example_of(raw: Mapping[str, Any]) -> GuardExample:
    return GuardExample(place=Place(**raw["place"]), key=raw["key"], before=raw["before"], after=raw["after"])
