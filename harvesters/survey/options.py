"""Options that surveys and their tables have: codes of answers, populations, code books, days of publication."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from catalog.errors import Label
from harvesters.options import DATE, TEXT, Option, OptionType
from harvesters.survey.codebook import DeclaredQuestion
from harvesters.survey.dataset import MAPPING
from harvesters.survey.respondents import GROUP_ROLES


def _positive_number(raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not raw > 0:
        raise ValueError
    return float(raw)


def _population(raw: Any) -> dict[str, dict[str, float]]:
    if not isinstance(raw, Mapping) or not raw or not set(raw) <= set(GROUP_ROLES):
        raise TypeError
    return {
        role: {str(label): _positive_number(people) for label, people in margin.items()} for role, margin in raw.items()
    }


def _days(raw: Any) -> dict[str, date]:
    if not isinstance(raw, Mapping) or not raw:
        raise TypeError
    return {TEXT.parse(name): DATE.parse(day) for name, day in raw.items()}


def _texts(raw: Any) -> tuple[str, ...]:
    """Read a list of texts or numbers, or one of them."""
    many = raw if isinstance(raw, list) else [raw]
    if not many or any(isinstance(one, bool) or not isinstance(one, str | int) for one in many):
        raise TypeError
    return tuple(TEXT.parse(str(one)) for one in many)


def _declared_questions(raw: Any) -> dict[str, DeclaredQuestion]:
    if not isinstance(raw, Mapping) or not raw:
        raise TypeError
    found = {}
    for id, one in raw.items():
        if not isinstance(one, Mapping) or set(one) != {"indicator", "positive"}:
            raise TypeError
        [indicator] = _texts(one["indicator"])
        found[TEXT.parse(id)] = DeclaredQuestion(indicator, _texts(one["positive"]))
    return found


ANSWERS_OF = OptionType(
    "answers", Label("符号の並び（例: [99, 無回答]）", "a list of codes, such as [99, 無回答]"), _texts
)
DECLARED_QUESTIONS = OptionType(
    "questions",
    Label(
        "{問1: {indicator: kpi-01, positive: [1, 2]}} の形",
        "questions with indicator and positive answers: {問1: {indicator: kpi-01, positive: [1, 2]}}",
    ),
    _declared_questions,
)
NUMBER = OptionType("number", Label("0より大きい数", "a number above 0"), _positive_number)
POPULATION = OptionType(
    "population",
    Label("{area: {中央区: 220944}, age: {…}} の形", "people by group: {area: {中央区: 220944}, age: {...}}"),
    _population,
)
DAYS = OptionType("days", Label("{ファイル名: 日付} の形", "files and days: {name of the file: 2024-09-30}"), _days)

#: option of every kind whose files become known on a day of their own
PUBLISHED = Option(
    name="published",
    type=DAYS,
    default=None,
    help=Label(
        "ファイルごとの公表日。なければ時点の末日",
        "Day on which each file was published; the last day of its period if absent",
    ),
)
#: options of every kind that reads a code book
CODEBOOK_OPTIONS = (
    Option(
        name="codebook",
        type=TEXT,
        default=None,
        help=Label(
            "コード表のファイル名。なければ名前に「コード表」を含む唯一のファイル",
            "Name of the code book; the only file with コード表 in its name if absent",
        ),
    ),
    Option(
        name="codebooks",
        type=MAPPING,
        default=None,
        help=Label(
            "回によってコード表が違うとき、ファイルごとのコード表", "Code book of each file, where waves have their own"
        ),
    ),
    Option(
        name="codebook_columns",
        type=MAPPING,
        default=None,
        help=Label(
            "コード表の列の役割と見出しの対応（question, wording, form, option, label, positive, indicator）",
            "Headings of the code book by role (question, wording, form, option, label, positive, indicator)",
        ),
    ),
    Option(
        name="no_answer",
        type=ANSWERS_OF,
        default=None,
        help=Label(
            "単一回答の無回答の符号。なければコード表の注から判定",
            "Codes of no answer; found in the notes of the code book if absent",
        ),
    ),
    Option(
        name="no_answer_multiple",
        type=ANSWERS_OF,
        default=None,
        help=Label("複数回答の無回答の符号", "Codes of no answer in columns of multiple answers"),
    ),
)
