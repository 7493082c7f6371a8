"""A cross table taken apart: its question, the group of each column, the rows of base, answers and no answer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from catalog.errors import Label, Place
from catalog.model import TOTAL
from harvesters.crosstab.turned import TurnedGrid, turn
from harvesters.findings import Findings
from harvesters.readers.detected import Detected
from harvesters.readers.tables import Column, FoundTable, fold
from harvesters.survey.groups import HEADINGS, UNKNOWN, GroupReader, fold_label
from harvesters.survey.rules import TABLES

_QUESTION = re.compile(r"^\W*((?:問|設問|Q)\s*\d+(?:[-_]\d+)*(?:\(\d+\))?)[^\w「『]*(.*)$", re.IGNORECASE)
_BASE = re.compile(
    r"(?:回答者数|回答数|回答者|回答件数|該当者数|該当数|標本数|有効回答数|有効回収数|有効票|サンプル数|母数|調査数|回答総数"
    r"|集計対象数|件数|人数|総数|全体|n)(?:\(.*\)|=)?"
)
#: people as a heading has them: ``男性（n=480）``, ``男性 n=480``, ``男性（480人）``
_PEOPLE = re.compile(
    r"[(\[]?(?:(?<![a-z])n[=:]?([\d,]+)(?:人|名)?|(?<=[(\[])([\d,]+)(?:人|名|件))[)\]]?$", re.IGNORECASE
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

    #: the table with its groups in columns, turned if they stand in rows
    table: FoundTable
    #: number of the question, such as ``問1``; empty if the title has none
    id: str
    #: its wording
    wording: str
    #: the columns of figures that are understood
    groups: tuple[ColumnGroup, ...]
    #: row of the bases; None if they stand in the headings
    base: int | None
    #: number of a column -> people, where the headings have them
    people: Mapping[int, Decimal]
    #: folded label of an answer -> its row
    answers: Mapping[str, int]
    #: row of the people who did not answer; None if there is none
    no_answer: int | None

    @property
    def title_place(self) -> Place:
        """Where the question stands."""
        grid = self.table.grid
        at = grid.original if isinstance(grid, TurnedGrid) else grid
        return at.place(self.table.titles[-1][0], 0) if self.table.titles else at.place()

    def base_place(self, column: Column) -> Place:
        """Where the number of people of a column stands."""
        row = self.table.header.stop - 1 if self.base is None else self.base
        return self.table.grid.place(row, column.index)

    def in_role(self, role: str) -> list[ColumnGroup]:
        """Return the columns of one kind of group."""
        return [one for one in self.groups if one.role == role]


def read_cross_table(
    table: FoundTable, readers: Mapping[str, GroupReader], findings: Findings, groups_in: str | None = None
) -> CrossTable | None:
    """Take a table apart; None if it is no cross table, because it has no bases or nothing but that.

    Groups may stand in the columns or in the rows: where ``groups_in`` does not say, the side is taken on which more
    labels are those of groups, and that is told. Groups that are not understood are reported and left out.
    """
    laid = _with_groups_in_columns(table, readers, findings, groups_in)
    return _take_apart(laid, readers, findings) if laid is not None else None


def _with_groups_in_columns(
    table: FoundTable, readers: Mapping[str, GroupReader], findings: Findings, groups_in: str | None
) -> FoundTable | None:
    turned = turn(table)
    if groups_in is not None:
        return turned if groups_in == "rows" else table
    if turned is None:
        return table
    across, down = _count_groups(table, readers), _count_groups(turned, readers)
    if max(across, down) == 0:
        return table
    side, number = ("rows", down) if down > across else ("columns", across)
    where = Label("行", "rows") if side == "rows" else Label("列", "columns")
    evidence = Label(
        f"区分と読める見出しが{where.ja}に{number}個ある（反対側は{min(across, down)}個）",
        f"{number} labels of groups in the {where.en}, {min(across, down)} on the other side",
    )
    place = table.grid.place(table.header.start if table.header else 0)
    findings.extend([Detected(what="groups", value=side, evidence=evidence, place=place).finding])
    return turned if side == "rows" else table


def _count_groups(table: FoundTable, readers: Mapping[str, GroupReader]) -> int:
    """Return how many columns are those of groups; the readers remember nothing of it."""
    fresh = {role: replace(one, met={}) for role, one in readers.items()}
    found = [_group(one, fresh) for one in table.columns[1:]]
    return sum(one is not None and one.role != "" and one.code != UNKNOWN for one in found)


def _take_apart(table: FoundTable, readers: Mapping[str, GroupReader], findings: Findings) -> CrossTable | None:
    labels = {row: fold(table.text(row, table.columns[0])) for row in table.rows}
    bases = [row for row, label in labels.items() if _BASE.fullmatch(label)]
    answers = {label: row for row, label in labels.items() if row not in bases and label not in _NO_ANSWER and label}
    people = {one.index: number for one in table.columns[1:] if (number := split_people(one)[1]) is not None}
    if not (bases or people) or not answers:
        return None
    id, wording = split_title(table.title)
    return CrossTable(
        table=table,
        id=id,
        wording=wording,
        groups=tuple(_groups(table, readers, findings)),
        base=bases[0] if bases else None,
        people=people,
        answers=answers,
        no_answer=next((row for row, label in labels.items() if label in _NO_ANSWER), None),
    )


def split_people(column: Column) -> tuple[tuple[str, ...], Decimal | None]:
    """Return the headings of a column without the number of people, and that number; None if they have none."""
    found, path = None, []
    for text in column.path:
        narrow = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
        match = _PEOPLE.search(narrow)
        if match is None:
            path.append(text)
            continue
        found = Decimal((match[1] or match[2]).replace(",", ""))
        path += [narrow[: match.start()]] if match.start() else []
    return tuple(path), found


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
            path, _ = split_people(column)
            why = readers["area"].explain(path[-1]) if "area" in readers and path else None
            findings.add(TABLES["group-unknown"], place, column.name, detail=why)
        elif not (group.role == "area" and group.code == UNKNOWN):
            found.append(group)
    return found


def _group(column: Column, readers: Mapping[str, GroupReader]) -> ColumnGroup | None:
    path, _ = split_people(column)
    if not path:
        return None
    if fold(path[0]) in _EVERYBODY:
        return ColumnGroup(column, "", TOTAL)
    heading, label = fold_label(path[0]), path[-1]
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
