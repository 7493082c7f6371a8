"""The code book of a survey: questions with their wording, options, positive options and indicator.

One row an option; the question's own cells stand in its first row and hold for the rows below. Columns are found by
their headings, or as the option ``codebook_columns`` names them::

    設問番号 | 設問文 | 回答形式 | 選択肢番号 | 選択肢 | 肯定的回答 | 指標No.

How "no answer" is coded stands in a note (``※無回答は99（複数回答は9）``) or in the options.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.errors import InputError, Label
from catalog.model.indicator import IndicatorSet
from harvesters.findings import Findings
from harvesters.readers.detected import Detected
from harvesters.readers.grid import show
from harvesters.readers.tables import Column, FoundTable, fold
from harvesters.survey.rules import SURVEY

#: role of a column -> headings that it is found by
HEADINGS = {
    "question": ("設問番号", "設問No.", "問番号", "設問", "問", "質問番号"),
    "wording": ("設問文", "質問文", "設問内容", "質問"),
    "form": ("回答形式", "回答方法", "形式", "種別"),
    "option": ("選択肢番号", "選択肢No.", "コード", "番号", "回答番号"),
    "label": ("選択肢", "選択肢名", "回答", "回答内容", "カテゴリ"),
    "positive": ("肯定的回答", "肯定", "肯定回答", "集計対象", "正"),
    "indicator": ("指標No.", "指標番号", "指標", "指標ID", "KPI"),
}
_REQUIRED = ("question", "option", "label", "positive", "indicator")
_YES = frozenset({"○", "〇", "◯", "●", "1", "true", "y", "yes", "はい", "有", "レ", "✓"})
_NO_ANSWER = re.compile(r"無回答は?\D{0,3}(\d+)(?:.*?複数回答は?\D{0,3}(\d+))?")
_MULTIPLE = re.compile(r"複数|MA|すべて")


@dataclass(frozen=True, slots=True)
class AnswerOption:
    """One answer that can be chosen."""

    #: its number in the answers
    code: str
    #: its wording
    label: str
    #: whether it counts as positive
    positive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question."""

    #: its number, such as ``問1``
    id: str
    #: its wording; empty if the code book has none
    wording: str
    #: whether several options may be chosen
    multiple: bool
    #: the options, in order
    options: tuple[AnswerOption, ...]
    #: id of the indicator; None if it feeds none
    indicator: str | None

    @property
    def positive(self) -> frozenset[str]:
        """Codes of the positive options."""
        return frozenset(one.code for one in self.options if one.positive)

    def says_the_same(self, other: Question) -> bool:
        """Return whether wording, form, options and their meaning are the same; spaces and width do not count."""
        return self._meaning() == other._meaning()

    def _meaning(self) -> tuple[Any, ...]:
        options = tuple((fold(one.label), one.positive) for one in self.options)
        return fold(self.wording), self.multiple, options


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBook:
    """All questions of a wave."""

    #: name of its file
    file: str
    #: the questions, in order
    questions: tuple[Question, ...]
    #: codes of no answer to a single-choice question
    no_answer: frozenset[str]
    #: codes of no answer in the columns of a multiple-choice question
    no_answer_multiple: frozenset[str]

    def find_question(self, indicator: str) -> Question | None:
        """Return the question that feeds an indicator, or None."""
        return next((one for one in self.questions if one.indicator == indicator), None)

    def find_by_id(self, id: str) -> Question | None:
        """Return the question of a number, or None."""
        return next((one for one in self.questions if fold(one.id) == fold(id)), None)


def read_codebook(
    tables: Sequence[FoundTable], indicators: IndicatorSet, options: Mapping[str, Any], findings: Findings
) -> CodeBook:
    """Read the code book from the tables of its file.

    Parameters
    ----------
    tables
        The tables of the file; the first one with the columns of a code book is read.
    indicators
        The indicators that exist.
    options
        Of the source: ``codebook_columns``, ``no_answer``, ``no_answer_multiple``.
    findings
        Takes what was detected and what cannot be used.

    Raises
    ------
    InputError
        If no table has the columns, or the table has no question.
    """
    table, columns = _table(tables, options["codebook_columns"] or {})
    questions = tuple(_questions(table, columns, indicators, findings))
    if not questions:
        raise InputError(
            "コード表に設問がありません",
            "The code book has no question",
            next_step=Label("設問番号の列を確かめてください", "Check the column of question numbers"),
            place=table.grid.place(table.header.start),
        )
    single, multiple = _no_answer(table, options, findings)
    return CodeBook(file=table.grid.file, questions=questions, no_answer=single, no_answer_multiple=multiple)


def _table(tables: Sequence[FoundTable], declared: Mapping[str, str]) -> tuple[FoundTable, dict[str, Column]]:
    for table in tables:
        columns = {role: found for role in HEADINGS if (found := _column(table, role, declared))}
        if all(role in columns for role in _REQUIRED):
            return table, columns
    first = tables[0]
    missing = [role for role in _REQUIRED if _column(first, role, declared) is None]
    wanted = "、".join(declared.get(role) or HEADINGS[role][0] for role in missing)
    now = "、".join(one.name for one in first.columns)
    raise InputError(
        f"コード表に必要な列がありません: {wanted}",
        f"The code book lacks columns: {', '.join(missing)} ({wanted})",
        next_step=Label(
            f"見出しを直すか、options の codebook_columns で指定してください（今の見出し: {now}）",
            f"Correct the headings, or name them in the option codebook_columns (now: {now})",
        ),
        place=first.grid.place(first.header.start),
        missing=missing,
    )


def _column(table: FoundTable, role: str, declared: Mapping[str, str]) -> Column | None:
    if role in declared:
        return table.find_column(declared[role])
    return next((found for name in HEADINGS[role] if (found := table.find_column(name))), None)


def _questions(
    table: FoundTable, columns: Mapping[str, Column], indicators: IndicatorSet, findings: Findings
) -> list[Question]:
    groups: list[tuple[str, list[int]]] = []
    for row in table.iter_data():
        own = show(table.grid.own_value(row, columns["question"].index))
        if not groups or (own and own != groups[-1][0]):
            groups.append((own, []))
        groups[-1][1].append(row)
    return [_question(table, columns, rows, indicators, findings) for id, rows in groups if id]


def _question(
    table: FoundTable, columns: Mapping[str, Column], rows: Sequence[int], indicators: IndicatorSet, findings: Findings
) -> Question:
    def text(role: str, row: int) -> str:
        return table.text(row, columns[role]) if role in columns else ""

    first = rows[0]
    options = tuple(
        AnswerOption(plain_code(text("option", row)), text("label", row), fold(text("positive", row)) in _YES)
        for row in rows
        if text("option", row)
    )
    wording = text("wording", first)
    question = Question(
        id=text("question", first),
        wording=wording,
        multiple=bool(_MULTIPLE.search(text("form", first)))
        or ("form" not in columns and bool(_MULTIPLE.search(wording))),
        options=options,
        indicator=_indicator(table, columns, first, indicators, findings),
    )
    if question.indicator and not question.positive:
        findings.add(
            SURVEY["question-without-positive"], table.grid.place(first, columns["positive"].index), question.id
        )
    return question


def _indicator(
    table: FoundTable, columns: Mapping[str, Column], row: int, indicators: IndicatorSet, findings: Findings
) -> str | None:
    text = fold(table.text(row, columns["indicator"]))
    if not text:
        return None
    found = next((one for one in indicators.indicators if text in {one.id, str(one.number), f"kpi{one.number}"}), None)
    if found is None:
        findings.add(SURVEY["indicator-unknown"], table.grid.place(row, columns["indicator"].index), text)
    return found.id if found else None


def _no_answer(
    table: FoundTable, options: Mapping[str, Any], findings: Findings
) -> tuple[frozenset[str], frozenset[str]]:
    single, multiple = options["no_answer"], options["no_answer_multiple"]
    for row, note in table.notes:
        match = _NO_ANSWER.search(unicodedata.normalize("NFKC", note))
        if match and single is None:
            single = (match[1],)
            multiple = multiple or ((match[2],) if match[2] else None)
            found = Detected(
                what="no-answer",
                value="、".join(one for one in match.groups() if one),
                evidence=Label(f"コード表の注「{note}」", f"Note of the code book: {note}"),
                place=table.grid.place(row),
            )
            findings.extend([found.finding])
    return frozenset(single or ()), frozenset(multiple or single or ())


def plain_code(text: str) -> str:
    """Return a code of an answer as it is compared: NFKC, without the ``.0`` of a spreadsheet and leading zeros."""
    narrow = unicodedata.normalize("NFKC", text).strip()
    match = re.fullmatch(r"0*(\d+)(?:\.0+)?", narrow)
    return match[1] if match else narrow
