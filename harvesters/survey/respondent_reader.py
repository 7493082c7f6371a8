"""Respondents' rows -> arrays: weights, groups, and yes or no to each question. Rows exist here and nowhere else.

What is reported about a row is its place and at most a short code that is no valid answer; never a respondent's number,
never another cell of the row, never free text (docs/adr/0104).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
from harvesters.survey.codebook import NO_ANSWER_LABELS, CodeBook, Question, plain_code
from harvesters.survey.groups import HEADINGS, UNKNOWN, GroupReader
from harvesters.survey.respondents import GROUP_ROLES, Respondents
from harvesters.survey.rules import SURVEY

#: role -> headings, for the roles that do not group
OTHER_HEADINGS = {
    "id": ("回答者番号", "回答者ID", "整理番号", "ID", "通し番号", "No.", "番号", "サンプル番号"),
    "weight": (
        *("ウェイト", "ウエイト", "ウェート", "weight", "拡大係数", "補正係数", "ウェイト値", "ウエイト値", "重み"),
        *("WT", "WGT", "ウェイトバック", "ウエイトバック", "ウェイトバック値", "補正ウェイト", "集計ウェイト"),
    ),
}
#: what may stand between several answers in a cell, the surest first
_SEPARATORS = tuple(re.compile(one) for one in (r"[,;、|\n]+", r"[,;、|/\s]+", r"[,;、|/\s・]+"))
#: how the column of an option is headed: question and number of the option, or its wording
_OPTION_HEADINGS = ("{q}_{o}", "{q}-{o}", "{q}.{o}", "{q}({o})", "{q}[{o}]", "{q}:{o}", "{q}/{o}", "{q}sq{o}", "{q}{o}")
_CHOSEN = frozenset(
    {"1", "○", "〇", "◯", "●", "◎", "レ", "✓", "✔", "true", "yes", "y", "はい", "有", "あり", "選択", "該当"}
)
_NOT_CHOSEN = frozenset({"0", "×", "-", "false", "no", "n", "いいえ", "無", "なし", "非選択", "未選択", "非該当"})
#: a number with its wording, as some exports write answers: ``1:そう思う`` ``1．そう思う``
_NUMBERED = re.compile(r"(\d{1,3})\s*[:.)=、_]\s*(\S.*)", re.DOTALL)
_SHORT_CODE = re.compile(r"[0-9A-Za-z.\-]{1,6}")
_DASHES = str.maketrans(dict.fromkeys("−‐‑‒–—―ー－", "-"))
#: a number of a question: ``問12(1)`` ``Q12_1`` ``設問12-1`` ``12-1``
_QUESTION_ID = re.compile(r"(?:問|設問|質問|q|Q)?\s*(\d+(?:\s*[-_.(]\s*\d+\)?)*)")


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
    #: code of the area that all rows are about, if no column says it
    area: str | None = None
    #: what stands for a chosen and for a not chosen option, as declared; the usual marks if both are empty
    chosen: frozenset[str] = frozenset()
    not_chosen: frozenset[str] = frozenset()

    def read(self, *, weighted: bool) -> Respondents:
        """Return the answers; rows that cannot be used are reported and left out.

        Parameters
        ----------
        weighted
            Whether the column of weights is used, if there is one.
        """
        columns = self.role_columns()
        weight = columns.get("weight") if weighted else None
        rows, weights = self._usable_rows(columns.get("id"), weight)
        groups = {
            role: pa.array(self._read_groups(columns[role], rows, self.groups[role]), pa.string())
            for role in GROUP_ROLES
            if role in columns
        }
        if "area" not in groups and self.area is not None:
            groups["area"] = pa.array([self.area] * len(rows), pa.string())
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

    def has_questions(self) -> bool:
        """Return whether the table has a column of a question."""
        return any(self._columns_of(one) for one in self.codebook.questions)

    def areas(self) -> frozenset[str]:
        """Return the codes of the areas that the rows are about; empty if they do not say."""
        column = self._role_column("area")
        if column is None:
            return frozenset({self.area} if self.area else ())
        reader = replace(self.groups["area"], met={})
        found = (reader.find(self.table.text(row, column)) for row in self.table.iter_data())
        return frozenset(one.code for one in found if one is not None and one.code != UNKNOWN)

    def ids(self) -> frozenset[str]:
        """Return the numbers of the respondents; empty if the table has none."""
        column = self._role_column("id")
        return frozenset(self.table.text(row, column) for row in self.table.iter_data()) if column else frozenset()

    def role_columns(self) -> dict[str, Column]:
        """Return the columns by role; those that were found by their headings are told."""
        found: dict[str, Column] = {}
        for role in (*OTHER_HEADINGS, *GROUP_ROLES):
            if role in self.declared:
                found[role] = self.table.get_column(self.declared[role])
            elif column := self._by_heading(role):
                found[role] = column
                self._tell(role, column)
        return found

    def _role_column(self, role: str) -> Column | None:
        if role in self.declared:
            return self.table.get_column(self.declared[role])
        return self._by_heading(role)

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
        self._report_no_respondents()
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

    def _report_no_respondents(self) -> None:
        """Report the rows inside the table that are totals, or have one cell and so no answer."""
        for row in self.table.iter_totals():
            self.findings.add(SURVEY["row-total"], self.table.grid.place(row))
        last = self.table.rows[-1] if self.table.rows else 0
        for row in (row for row, _ in self.table.notes if self.table.header.stop <= row < last):
            self.findings.add(SURVEY["row-empty"], self.table.grid.place(row))

    def _problem(self, row: int, repeated: bool, weight: float | None) -> tuple[Any, Any] | None:
        grid = self.table.grid
        if grid.sheet is None and _width(grid.rows[row], self.table) != _width(
            grid.rows[self.table.header.start], self.table
        ):
            return SURVEY["row-width"], grid.place(row)
        if repeated:
            return SURVEY["respondent-twice"], grid.place(row)
        if weight is None:
            return SURVEY["weight-invalid"], grid.place(row)
        return None

    def _weight(self, row: int, column: Column) -> float | None:
        read = read_number(self.table.value(row, column), LEGENDS["default"])
        usable = isinstance(read, ReadNumber) and read.value is not None and read.value > 0 and read.unit is None
        return float(read.value) if usable and isinstance(read, ReadNumber) and read.value is not None else None

    def _read_groups(self, column: Column, rows: Sequence[int], reader: GroupReader) -> list[str | None]:
        known = [*reader.areas, *reader.declared, *(label.ja for label in reader.met.values())]

        def read(text: str) -> str | None:
            group = reader.find(text)
            return group.code if group else None

        def report(row: int, text: str) -> None:
            why = reader.explain(text)
            shown = text if why is not None or nearest(text, known) is not None else _masked(text)
            self.findings.add(SURVEY["group-unknown"], self.table.grid.place(row, column.index), shown, detail=why)

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
        columns = self._columns_of(question)
        if isinstance(columns, Column):
            return self._read_single(question, columns, rows)
        if columns:
            return self._read_multiple(question, columns, rows)
        self.findings.add(
            SURVEY["column-missing"],
            self.table.grid.place(self.table.header.start),
            question.id,
            detail=self._lacking(question),
        )
        return None

    def _columns_of(self, question: Question) -> Column | Mapping[str, Column]:
        """Return the column of a question, or one column an option; empty if there is neither."""
        if fold(question.id) in {fold(one) for one in self.declared}:
            heading = next(name for one, name in self.declared.items() if fold(one) == fold(question.id))
            own = self.table.find_column(heading)
            return own or self._complete(question, heading) or self.table.get_column(heading)
        exact = self.table.find_column(question.id)
        if exact is not None:
            return exact
        return self._complete(question, question.id) or self._worded(question) or {}

    def _worded(self, question: Question) -> Column | Mapping[str, Column]:
        """Return what is found by another way to write the number (``Q12_1`` for 問12(1)), or by number and wording."""
        wanted, wording = plain_id(question.id), fold(question.wording)
        hits = [one for one in self.table.columns if wanted and plain_id(one.name) == wanted]
        if not hits:
            hits = [
                one
                for one in self.table.columns
                if _begins_with(one, question.id) or (wording and fold(one.name) == wording)
            ]
        if len(hits) == 1:
            self._tell(question.id, hits[0])
            return hits[0]
        for heading in dict.fromkeys(_stem(one.name) for one in self.table.columns):
            if heading and plain_id(heading) == wanted and (found := self._complete(question, heading)):
                return found
        return {}

    def _lacking(self, question: Question) -> Label | None:
        """Return which options of a question have no column, where others have one."""
        found = self._option_columns(question, question.id)
        lacking = "、".join(f"{one.code} {one.label}" for one in question.options if one.code not in found)
        return Label(f"列のない選択肢: {lacking}", f"options without a column: {lacking}") if found else None

    def _read_single(self, question: Question, column: Column, rows: Sequence[int]) -> list[bool | None]:
        codes = {one.code for one in question.options}
        labels = {fold(one.label): one.code for one in question.options}
        missing = self.codebook.no_answer_to(question)

        def code_of(part: str) -> str:
            numbered = _NUMBERED.fullmatch(part)
            alone = labels.get(fold(part)) or plain_code(part)
            if alone in codes | missing or numbered is None:
                return alone
            same = plain_code(numbered[1]) == labels.get(fold(numbered[2]), plain_code(numbered[1]))
            return plain_code(numbered[1]) if same else part

        def parts_of(text: str) -> list[str]:
            narrow = unicodedata.normalize("NFKC", text).strip()
            if not question.multiple or fold(text) in labels or not narrow:
                return [narrow] if narrow else []
            cut = [[one.strip() for one in form.split(narrow) if one.strip()] for form in _SEPARATORS]
            return next((parts for parts in cut if codes.issuperset(map(code_of, parts))), cut[0])

        def read(text: str) -> tuple[bool | None] | None:
            plain = [code_of(part) for part in parts_of(text)]
            if not plain or all(one in missing or fold(one) in NO_ANSWER_LABELS for one in plain):
                return (None,)
            return (not question.positive.isdisjoint(plain),) if codes.issuperset(plain) else None

        def report(row: int, text: str) -> None:
            self.findings.add(SURVEY["answer-unknown"], self.table.grid.place(row, column.index), _masked(text))

        self._report_repairs(column, rows)
        return [None if one is None else one[0] for one in self._read_column(column, rows, read, report)]

    def _complete(self, question: Question, heading: str) -> dict[str, Column]:
        """Return the columns of all options of a question; empty if one has none."""
        found = self._option_columns(question, heading)
        return found if question.options and len(found) == len(question.options) else {}

    def _option_columns(self, question: Question, heading: str) -> dict[str, Column]:
        others = {fold(one.id) for one in self.codebook.questions}
        by_name = {fold(one.name): one for one in self.table.columns if fold(one.name) not in others}
        found = {}
        for one in question.options:
            texts = (
                one.code,
                one.code.zfill(2),
                one.label,
                *(f"{one.code}{s}{one.label}" for s in (".", ":", "_", " ")),
            )
            tried = (fold(form.format(q=heading, o=text)) for form in _OPTION_HEADINGS for text in texts)
            column = next((by_name[name] for name in tried if name in by_name), None)
            longer = column or self._longer(heading, one.code, by_name)
            if longer is not None:
                found[one.code] = longer
        return found

    @staticmethod
    def _longer(heading: str, code: str, by_name: Mapping[str, Column]) -> Column | None:
        """Return the one column of an option whose heading goes on with its wording: ``問2_1 スマートフォン``."""
        ways = "|".join(re.escape(fold(form.format(q=heading, o=code))) for form in _OPTION_HEADINGS[:-1])
        hits = [column for name, column in by_name.items() if re.match(rf"(?:{ways})(?!\d)", name)]
        return hits[0] if len(hits) == 1 else None

    def _read_multiple(
        self, question: Question, columns: Mapping[str, Column], rows: Sequence[int]
    ) -> list[bool | None]:
        answers = []
        labels = {one.code: fold(one.label) for one in question.options}
        for row in rows:
            marks = {code: self._mark(row, column, code, labels[code]) for code, column in columns.items()}
            answers.append(self._positive(question, row, columns, marks))
        return answers

    def _mark(self, row: int, column: Column, code: str, label: str) -> str:
        """Return yes, no, blank, none (no answer) or wrong; the number or wording of the option itself is a yes."""
        text = plain_code(self.table.text(row, column))
        folded = fold(text)
        if self.chosen or self.not_chosen:
            if folded in self.chosen:
                return "yes"
            if folded in self.not_chosen:
                return "no"
        if not text:
            return "blank"
        if text in self.codebook.no_answer_multiple or folded in NO_ANSWER_LABELS:
            return "none"
        if self.chosen or self.not_chosen:
            return "wrong"
        if (
            folded in _CHOSEN
            or (text == code and text not in _NOT_CHOSEN)
            or folded in {label, *(f"{code}{s}{label}" for s in ":.")}
        ):
            return "yes"
        return "no" if folded in _NOT_CHOSEN else "wrong"

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
        quiet = replace(self, findings=Findings())
        for question in self.codebook.questions:
            own = quiet._columns_of(question)
            used |= {own.index} if isinstance(own, Column) else {one.index for one in own.values()}
        for column in self.table.columns:
            if column.index not in used and column.path and not any(fold(column.name).startswith(one) for one in ids):
                place = self.table.grid.place(self.table.header.start, column.index)
                self.findings.add(SURVEY["column-unknown"], place, column.name)


def _width(cells: Sequence[Value], table: FoundTable) -> int:
    """Return how many cells a row of text has; blank ones beyond the last heading do not count."""
    last = table.columns[-1].index + 1
    number = len(cells)
    while number > last and not show(cells[number - 1]):
        number -= 1
    return number


def plain_id(text: str) -> str:
    """Return the number of a question as it is compared: ``Q12_1``, 問12(1), 問１２－１ are ``12-1``; empty if none."""
    match = _QUESTION_ID.fullmatch(unicodedata.normalize("NFKC", text).translate(_DASHES).strip())
    return "-".join(re.findall(r"\d+", match[1])).lstrip("0") if match else ""


def _stem(heading: str) -> str:
    """Return a heading without its last number: ``Q2_1`` is ``Q2``."""
    return re.sub(r"[\s_\-.:/(\[]*\d+[)\]]?$", "", unicodedata.normalize("NFKC", heading))


def _begins_with(column: Column, id: str) -> bool:
    """Return whether a heading is the number of a question and goes on with its wording: ``問1 あなたは…``."""
    name, start = fold(column.name), fold(id)
    rest = name[len(start) :]
    return name.startswith(start) and len(rest) > 1 and not re.match(r"[\d_\-(\[/]|\.\d", rest)


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
