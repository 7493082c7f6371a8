"""What a reader found out by itself: shown with its evidence, and replaced by what the configuration says.

A guess is never silent: every :class:`Detected` becomes a finding of level notice in the report, which says on what
grounds and which option decides otherwise. What is declared is not detected.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from catalog.errors import Label, Place
from harvesters.findings import Finding, Level, Rule
from harvesters.options import Option


def _rule(what: str, ja: str, en: str, option: str | None, otherwise: Label | None = None) -> tuple[str, Rule]:
    """Return a rule whose next step names the option that decides, and what to do in the file instead."""
    ja_steps = [f"options の {option} で指定してください"] if option else []
    en_steps = [f"give {option} in the options"] if option else []
    if otherwise:
        ja_steps, en_steps = [*ja_steps, otherwise.ja], [*en_steps, otherwise.en]
    next_step = Label("違う場合は、" + "。または、".join(ja_steps), f"If it is wrong, {', or '.join(en_steps)}")
    return what, Rule(f"detected-{what}", Level.NOTICE, Label(f"{ja}（自動判定）", f"{en} (detected)"), next_step)


#: what is detected of any file of tables
LAYOUT = dict(
    [
        _rule(
            "format",
            "ファイルの形式",
            "File format",
            None,
            Label("正しい形式で保存し直してください", "save it again in the right format"),
        ),
        _rule(
            "encoding",
            "文字コード",
            "Character encoding",
            "encoding",
            Label("UTF-8で保存し直してください", "save it as UTF-8"),
        ),
        _rule(
            "delimiter",
            "列の区切り",
            "Column separator",
            "delimiter",
            Label("カンマ区切りで保存し直してください", "save it with commas"),
        ),
        _rule(
            "sheet",
            "読んだシート",
            "Sheet that was read",
            "sheet",
            Label("読まないシートを非表示にしてください", "hide the sheets that are not to be read"),
        ),
        _rule(
            "header",
            "見出しの行",
            "Header rows",
            "header_rows",
            Label("見出しを1行にしてください", "put the headings in one row"),
        ),
    ]
)
#: what is detected by kinds of sources that have the option
_BY_OPTION: dict[str, tuple[str, Rule]] = {
    option: _rule(what, ja, en, option)
    for what, ja, en, option in (
        ("percent", "割合の表し方", "How percentages are written", "percent"),
        ("period", "時点・期間", "Period", "periods"),
        ("column", "列の意味", "Meaning of a column", "columns"),
        ("groups", "区分が行と列のどちらに並ぶか", "Whether groups stand in rows or columns", "groups"),
        ("question", "設問と表の対応", "Table of a question", "questions"),
        ("no-answer", "無回答の符号", "Codes of no answer", "no_answer"),
        ("weights", "ウェイト", "Weights", "weights"),
    )
}
#: what can be detected -> its rule
DETECTIONS: dict[str, Rule] = LAYOUT | dict(_BY_OPTION.values())


def detections_of(options: Iterable[Option]) -> tuple[Rule, ...]:
    """Return what a kind of source with these options may detect besides the layout of its files."""
    names = {one.name for one in options}
    return tuple(rule for option, (_, rule) in _BY_OPTION.items() if option in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """One thing that was found out."""

    #: a key of :data:`DETECTIONS`
    what: str
    #: what was found, such as ``cp932``
    value: str
    #: on what grounds
    evidence: Label
    #: where
    place: Place

    @property
    def finding(self) -> Finding:
        """The finding that shows it."""
        return Finding(DETECTIONS[self.what], self.place, self.value, self.evidence)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        place = self.place
        return {
            "what": self.what,
            "value": self.value,
            "evidence": self.evidence.to_dict(),
            "place": {"file": place.file, "sheet": place.sheet, "cell": place.cell},
        }


def as_findings(detected: Iterable[Detected]) -> list[Finding]:
    """Return the findings that show what was detected."""
    return [one.finding for one in detected]
