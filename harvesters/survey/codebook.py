"""The code book of a survey: questions with their wording, options, positive options and indicator."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from harvesters.readers.tables import fold

#: labels of options that are no answer
NO_ANSWER_LABELS = frozenset(
    {
        "無回答",
        "無回答・不明",
        "不明・無回答",
        "無回答/不明",
        "不明",
        "未回答",
        "回答なし",
        "未記入",
        "無記入",
        "無効",
        "無効回答",
        "na",
        "n/a",
    }
)


@dataclass(frozen=True, slots=True)
class DeclaredQuestion:
    """What the option ``questions`` says of a question."""

    #: id or number of its indicator
    indicator: str
    #: codes or labels of its positive answers
    positive: tuple[str, ...]


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
    #: codes that the code book has among its options and that are no answer
    no_answer: frozenset[str] = frozenset()

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
    #: whether the codes of no answer are declared, so that they hold even where an option has the same number
    declared_no_answer: bool = False

    def no_answer_to(self, question: Question) -> frozenset[str]:
        """Return the codes of no answer to a question; a number that is one of its options is one only if declared."""
        codes = self.no_answer | (self.no_answer_multiple if question.multiple else frozenset())
        own = frozenset() if self.declared_no_answer else frozenset(one.code for one in question.options)
        return (codes - own) | question.no_answer

    def find_question(self, indicator: str) -> Question | None:
        """Return the question that feeds an indicator, or None."""
        return next((one for one in self.questions if one.indicator == indicator), None)

    def find_by_id(self, id: str) -> Question | None:
        """Return the question of a number, or None."""
        return next((one for one in self.questions if fold(one.id) == fold(id)), None)


def plain_code(text: str) -> str:
    """Return a code of an answer as it is compared: NFKC, without the ``.0`` of a spreadsheet and leading zeros."""
    narrow = unicodedata.normalize("NFKC", text).strip()
    match = re.fullmatch(r"(-?)0*(\d+)(?:\.0+)?", narrow)
    return f"{match[1]}{match[2]}" if match else narrow
