"""A cross table taken apart: its question, the group of each column, the rows of base, answers and no answer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.model import TOTAL
from harvesters.findings import Findings
from harvesters.readers.tables import Column, FoundTable, fold
from harvesters.survey_groups import HEADINGS, UNKNOWN, GroupReader, fold_label
from harvesters.survey_rules import TABLES

_QUESTION = re.compile(r"^\W*((?:問|設問|Q)\s*\d+(?:[-_]\d+)*(?:\(\d+\))?)[^\w「『]*(.*)$", re.IGNORECASE)
_BASE = re.compile(
    r"(?:回答者数|回答数|回答者|該当者数|標本数|有効回答数|有効回収数|サンプル数|母数|調査数|回答総数|総数|全体|n)(?:\(.*\)|=)?"
)
_NO_ANSWER = frozenset(map(fold, ("無回答", "不明", "無回答・不明", "不明・無回答", "未回答", "NA")))
_EVERYBODY = frozenset(map(fold, ("総数", "全体", "計", "合計", "全市", "市全体", "総計", "total")))


@dataclass(frozen=True, slots=True)
class ColumnGroup:
    """A column of figures and the people that it is about."""

    #: the column
    column: Column
    #: role of the group; empty for everybody
    role: str
    #: its code; ``_T`` for everybody
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossTable:
    """One question by groups of people."""

    #: the table as it was found
    table: FoundTable
    #: number of the question, such as ``問1``; empty if the title has none
    id: str
    #: its wording
    wording: str
    #: the columns of figures that are understood
    groups: tuple[ColumnGroup, ...]
    #: row of the bases
    base: int
    #: folded label of an answer -> its row
    answers: Mapping[str, int]
    #: row of the people who did not answer; None if there is none
    no_answer: int | None

    def in_role(self, role: str) -> list[ColumnGroup]:
        """Return the columns of one kind of group."""
        return [one for one in self.groups if one.role == role]


def read_cross_table(table: FoundTable, readers: Mapping[str, GroupReader], findings: Findings) -> CrossTable | None:
    """Take a table apart; None if it is no cross table, because it has no row of bases or nothing but that.

    Columns whose group is not understood are reported and left out.
    """
    labels = {row: fold(table.text(row, table.columns[0])) for row in (one.index for one in table.rows)}
    bases = [row for row, label in labels.items() if _BASE.fullmatch(label)]
    answers = {label: row for row, label in labels.items() if row not in bases and label not in _NO_ANSWER and label}
    if not bases or not answers:
        return None
    id, wording = split_title(table.title)
    return CrossTable(
        table=table,
        id=id,
        wording=wording,
        groups=tuple(_groups(table, readers, findings)),
        base=bases[0],
        answers=answers,
        no_answer=next((row for row, label in labels.items() if label in _NO_ANSWER), None),
    )


def split_title(title: str) -> tuple[str, str]:
    """Return number and wording of the question in a title: ``問1 あなたは…`` is (``問1``, ``あなたは…``)."""
    narrow = unicodedata.normalize("NFKC", title).strip()
    match = _QUESTION.match(narrow)
    return (match[1].replace(" ", ""), match[2].strip()) if match else ("", narrow)


def _groups(table: FoundTable, readers: Mapping[str, GroupReader], findings: Findings) -> list[ColumnGroup]:
    found = []
    for column in table.columns[1:]:
        group = _group(column, readers)
        if group is None:
            place = table.grid.place(table.header.stop - 1, column.index)
            findings.add(TABLES["group-unknown"], place, column.name)
        elif not (group.role == "area" and group.code == UNKNOWN):
            found.append(group)
    return found


def _group(column: Column, readers: Mapping[str, GroupReader]) -> ColumnGroup | None:
    if not column.path:
        return None
    if fold(column.path[0]) in _EVERYBODY:
        return ColumnGroup(column, "", TOTAL)
    heading, label = fold_label(column.path[0]), column.path[-1]
    named = [role for role in readers if heading in map(fold_label, HEADINGS[role])]
    for role in named or _guesses(readers, label):
        group = readers[role].find(label)
        if group is not None:
            return ColumnGroup(column, role, group.code)
    return None


def _guesses(readers: Mapping[str, GroupReader], label: str) -> Sequence[str]:
    """Return the roles that a label without a heading of its own may belong to, by what it says."""
    closed = [role for role in readers if role in {"sex", "age", "area"}]
    return [role for role in closed if (group := readers[role].find(label)) and group.code != UNKNOWN]
