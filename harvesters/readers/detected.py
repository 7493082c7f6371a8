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


def _rule(what: str, ja: str, en: str, option: str) -> tuple[str, Rule]:
    return what, Rule(
        f"detected-{what}",
        Level.NOTICE,
        Label(f"{ja}（自動判定）", f"{en} (detected)"),
        Label(f"違う場合は options の {option} で指定してください", f"If it is wrong, give {option} in the options"),
    )


#: what can be detected -> its rule
DETECTIONS: dict[str, Rule] = dict(
    [
        _rule("format", "ファイルの形式", "File format", "(none)"),
        _rule("encoding", "文字コード", "Character encoding", "encoding"),
        _rule("delimiter", "列の区切り", "Column separator", "delimiter"),
        _rule("sheet", "読んだシート", "Sheet that was read", "sheet"),
        _rule("header", "見出しの行", "Header rows", "header_rows"),
        _rule("percent", "割合の表し方", "How percentages are written", "percent"),
        _rule("period", "時点・期間", "Period", "periods"),
        _rule("column", "列の意味", "Meaning of a column", "columns"),
        _rule("groups", "区分が行と列のどちらに並ぶか", "Whether groups stand in rows or columns", "groups"),
        _rule("question", "設問と表の対応", "Table of a question", "questions"),
        _rule("no-answer", "無回答の符号", "Codes of no answer", "no_answer"),
        _rule("weights", "ウェイト", "Weights", "weights"),
    ]
)


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
