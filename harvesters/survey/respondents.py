"""Respondents' rows -> arrays: weights, groups, and yes or no to each question. Rows exist here and nowhere else.

What is reported about a row is its place and at most a short code that is no valid answer; never a respondent's number,
never another cell of the row, never free text (docs/adr/0104).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from catalog.errors import InputError, Label
from catalog.model.codelist import nearest
from harvesters.base import Tally
from harvesters.findings import Findings
from harvesters.readers.cells import ReadNumber, read_number
from harvesters.readers.detected import Detected
from harvesters.readers.grid import Value, show
from harvesters.readers.markers import LEGENDS
from harvesters.readers.tables import Column, FoundTable, fold
from harvesters.survey.codebook import CodeBook, Question, plain_code
from harvesters.survey.groups import HEADINGS, GroupReader
from harvesters.survey.rules import SURVEY

#: roles that group respondents
GROUP_ROLES = ("area", "sex", "age", "mode")
#: role -> headings, for the roles that do not group
OTHER_HEADINGS = {
    "id": ("回答者番号", "回答者ID", "整理番号", "ID", "通し番号", "No.", "番号", "サンプル番号"),
    "weight": ("ウェイト", "ウエイト", "ウェート", "weight", "拡大係数", "補正係数", "ウェイト値"),
}
_SEPARATORS = re.compile(r"[,;、・/|\s]+")
#: how the column of an option is headed: question and number of the option, or its wording
_OPTION_HEADINGS = ("{q}_{o}", "{q}-{o}", "{q}.{o}", "{q}({o})", "{q}[{o}]", "{q}:{o}", "{q}/{o}", "{q}sq{o}", "{q}{o}")
_CHOSEN = frozenset({"1", "○", "〇", "◯", "●", "レ", "✓"})
_NOT_CHOSEN = frozenset({"0", "×", "-"})
_SHORT_CODE = re.compile(r"[0-9A-Za-z.\-]{1,6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Respondents:
    """The answers of one wave, column by column; all arrays have one entry a respondent, in one order."""

    #: float64 weights; None if the file has none
    weights: pa.Array[Any] | None
    #: role -> codes; null if the group is not understood
    groups: Mapping[str, pa.Array[Any]]
    #: indicator -> whether the answer is positive; null if there is none
    answers: Mapping[str, pa.Array[Any]]

    @property
    def count(self) -> int:
        """Number of respondents."""
        return len(next(iter(self.answers.values()))) if self.answers else 0


@dataclass(frozen=True, slots=True)
class RespondentReader:
    """Reads the table of one wave."""

    #: the table, one row a respondent
    table: FoundTable
    #: questions and their positive answers
    codebook: CodeBook
    #: role -> how its labels are read
    groups: Mapping[str, GroupReader]
    #: role -> heading, as declared
    declared: Mapping[str, str]
    #: takes what is wrong
    findings: Findings
    #: takes the number of rows
    tally: Tally

    def read(self, *, weighted: bool) -> Respondents:
        """Return the answers; rows that cannot be used are reported and left out.

        Parameters
        ----------
        weighted
            Whether the column of weights is used, if there is one.
        """
        columns = self._role_columns()
        weight = columns.get("weight") if weighted else None
        rows, weights = self._usable_rows(columns.get("id"), weight)
        groups = {
            role: pa.array(self._read_groups(columns[role], rows, self.groups[role]), pa.string())
            for role in GROUP_ROLES
            if role in columns
        }
        answers = {
            str(question.indicator): pa.array(found, pa.bool_())
            for question in self.codebook.questions
            if question.indicator and question.positive
            if (found := self._read_question(question, rows)) is not None
        }
        self._report_unused(columns)
        return Respondents(
            weights=None if weight is None else pa.array(weights, pa.float64()), groups=groups, answers=answers
        )

    def _role_columns(self) -> dict[str, Column]:
        found: dict[str, Column] = {}
        for role in (*OTHER_HEADINGS, *GROUP_ROLES):
            if role in self.declared:
                found[role] = self.table.get_column(self.declared[role])
            elif column := self._by_heading(role):
                found[role] = column
                self._tell(role, column)
        return found

    def _by_heading(self, role: str) -> Column | None:
        names = OTHER_HEADINGS.get(role) or HEADINGS[role]
        return next((column for name in names if (column := self.table.find_column(name))), None)

    def _tell(self, role: str, column: Column) -> None:
        one = Detected(
            what="column",
            value=f"{column.name} → {role}",
            evidence=Label(f"見出し「{column.name}」", f"Headed {column.name}"),
            place=self.table.grid.place(self.table.header.start, column.index),
        )
        self.findings.extend([one.finding])

    def _usable_rows(self, id: Column | None, weight: Column | None) -> tuple[list[int], list[float]]:
        rows, weights, seen = [], [], set()
        for row in self.table.iter_data():
            self.tally.read += 1
            number = self._weight(row, weight) if weight else 1.0
            name = self.table.text(row, id) if id else ""
            problem = self._problem(row, name in seen, number)
            if problem is not None:
                self.tally.rejected += 1
                self.findings.add(*problem)
                continue
            self.tally.accepted += 1
            rows.append(row)
            weights.append(number or 0.0)
            seen |= {name} if name else set()
        return rows, weights

    def _problem(self, row: int, repeated: bool, weight: float | None) -> tuple[Any, Any] | None:
        grid = self.table.grid
        if grid.sheet is None and len(grid.rows[row]) != len(grid.rows[self.table.header.start]):
            return SURVEY["row-width"], grid.place(row)
        if repeated:
            return SURVEY["respondent-twice"], grid.place(row)
        if weight is None:
            return SURVEY["weight-invalid"], grid.place(row)
        return None

    def _weight(self, row: int, column: Column) -> float | None:
        read = read_number(self.table.value(row, column), LEGENDS["default"])
        usable = isinstance(read, ReadNumber) and read.value is not None and read.value > 0
        return float(read.value) if usable and isinstance(read, ReadNumber) and read.value is not None else None

    def _read_groups(self, column: Column, rows: Sequence[int], reader: GroupReader) -> list[str | None]:
        known = [*reader.areas, *reader.declared, *(label.ja for label in reader.met.values())]

        def read(text: str) -> str | None:
            group = reader.find(text)
            return group.code if group else None

        def report(row: int, text: str) -> None:
            near = nearest(text, known) is not None
            place = self.table.grid.place(row, column.index)
            self.findings.add(SURVEY["group-unknown"], place, text if near else _masked(text))

        return self._read_column(column, rows, read, report)

    def _read_column(
        self,
        column: Column,
        rows: Sequence[int],
        read: Callable[[str], Any],
        report: Callable[[int, str], None],
    ) -> list[Any]:
        """Read every cell of a column, each distinct value once; what ``read`` returns None for is reported."""
        known: dict[Value, Any] = {}
        values = []
        for row in rows:
            raw = self.table.value(row, column)
            if raw not in known:
                known[raw] = read(show(raw))
            if known[raw] is None:
                report(row, show(raw))
            values.append(known[raw])
        return values

    def _read_question(self, question: Question, rows: Sequence[int]) -> list[bool | None] | None:
        """Return whether each respondent answers positively; None if the question has no column."""
        single = self.table.find_column(question.id)
        if not question.multiple or single is not None:
            if single is not None:
                return self._read_single(question, single, rows)
        elif columns := self._option_columns(question):
            return self._read_multiple(question, columns, rows)
        self.findings.add(SURVEY["column-missing"], self.table.grid.place(self.table.header.start), question.id)
        return None

    def _read_single(self, question: Question, column: Column, rows: Sequence[int]) -> list[bool | None]:
        codes = {one.code for one in question.options}
        labels = {fold(one.label): one.code for one in question.options}
        missing = self.codebook.no_answer_multiple if question.multiple else self.codebook.no_answer

        def parts_of(text: str) -> list[str]:
            if not question.multiple or fold(text) in labels:
                return [text] if text else []
            return [part for part in _SEPARATORS.split(unicodedata.normalize("NFKC", text)) if part]

        def read(text: str) -> tuple[bool | None] | None:
            plain = [labels.get(fold(part)) or plain_code(part) for part in parts_of(text)]
            if not plain or set(plain) <= missing | self.codebook.no_answer:
                return (None,)
            return (not question.positive.isdisjoint(plain),) if codes.issuperset(plain) else None

        def report(row: int, text: str) -> None:
            self.findings.add(SURVEY["answer-unknown"], self.table.grid.place(row, column.index), _masked(text))

        self._report_repairs(column, rows)
        return [None if one is None else one[0] for one in self._read_column(column, rows, read, report)]

    def _option_columns(self, question: Question) -> dict[str, Column]:
        others = {fold(one.id) for one in self.codebook.questions}
        by_name = {fold(one.name): one for one in self.table.columns if fold(one.name) not in others}
        names = {
            one.code: [
                fold(form.format(q=question.id, o=text))
                for form in _OPTION_HEADINGS
                for text in (one.code, one.code.zfill(2), one.label)
            ]
            for one in question.options
        }
        found = {code: by_name[name] for code, tried in names.items() for name in tried if name in by_name}
        return found if len(found) == len(question.options) else {}

    def _read_multiple(
        self, question: Question, columns: Mapping[str, Column], rows: Sequence[int]
    ) -> list[bool | None]:
        answers = []
        for row in rows:
            marks = {code: self._mark(row, column, code) for code, column in columns.items()}
            answers.append(self._positive(question, row, columns, marks))
        return answers

    def _mark(self, row: int, column: Column, code: str) -> str:
        """Return yes, no, blank, none (no answer) or wrong; the number of the option itself is a yes."""
        text = plain_code(self.table.text(row, column))
        if text in self.codebook.no_answer_multiple:
            return "none"
        if text in _CHOSEN or (text == code and text not in _NOT_CHOSEN):
            return "yes"
        return "no" if text in _NOT_CHOSEN else "wrong" if text else "blank"

    def _positive(
        self, question: Question, row: int, columns: Mapping[str, Column], marks: Mapping[str, str]
    ) -> bool | None:
        found = set(marks.values())
        place = self.table.grid.place
        if "wrong" in found:
            for code in (code for code, mark in marks.items() if mark == "wrong"):
                shown = _masked(self.table.text(row, columns[code]))
                self.findings.add(SURVEY["answer-unknown"], place(row, columns[code].index), shown)
            return None
        if "none" in found and found & {"yes", "no"}:
            first = next(column for code, column in columns.items() if marks[code] == "none")
            self.findings.add(SURVEY["answer-mixed"], place(row, first.index))
            return None
        if "yes" not in found:
            if "no" in found:
                self.findings.add(SURVEY["answer-nothing-chosen"], place(row))
            return None
        return any(mark == "yes" and code in question.positive for code, mark in marks.items())

    def _report_repairs(self, column: Column, rows: Iterable[int]) -> None:
        for row in rows:
            value = self.table.grid.own_value(row, column.index)
            if isinstance(value, str) and not value.isascii() and plain_code(value).isdigit():
                self.findings.add(SURVEY["answer-repaired"], self.table.grid.place(row, column.index), _masked(value))

    def _report_unused(self, columns: Mapping[str, Column]) -> None:
        ids = [fold(one.id) for one in self.codebook.questions]
        used = {one.index for one in columns.values()}
        for column in self.table.columns:
            if column.index not in used and not any(fold(column.name).startswith(one) for one in ids):
                place = self.table.grid.place(self.table.header.start, column.index)
                self.findings.add(SURVEY["column-unknown"], place, column.name)


def _masked(text: str) -> str | None:
    """Return a text if it is a short code, and None if it may be something that a person wrote."""
    return text if _SHORT_CODE.fullmatch(plain_code(text)) else None


def the_only(tables: Sequence[FoundTable]) -> FoundTable:
    """Return the one table that a file of answers has.

    Raises
    ------
    InputError
        If it has more than one.
    """
    if len(tables) == 1:
        return tables[0]
    raise InputError(
        f"回答者ごとの表が一つに決まりません（{len(tables)}個の表があります）",
        f"There is more than one table of respondents ({len(tables)})",
        next_step=Label(
            "options の sheet、first_row で読む表を指定してください",
            "Name the table by the options sheet and first_row",
        ),
        place=tables[1].grid.place(tables[1].header.start),
    )
