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
from harvesters.readers.cells import ReadNumber, read_number
from harvesters.readers.detected import Detected
from harvesters.readers.grid import show
from harvesters.readers.markers import LEGENDS
from harvesters.readers.tables import Column, FoundTable, fold
from harvesters.survey.groups import HEADINGS, UNKNOWN, GroupReader, fold_label
from harvesters.survey.rules import TABLES

_QUESTION = re.compile(
    r"(?<![0-9A-Za-z])((?:設問|質問|問|Q)\s*\d+(?:[-_]\d+)*(?:\(\d+\))?)(?![0-9A-Za-z])[^\w「『]*(.*)$", re.IGNORECASE
)
#: a number before an answer: ``1．よく知っている`` ``(2) はい`` ``③いいえ``
_NUMBER = re.compile(r"\s*(?:[\(（]?[0-9０-９]{1,2}[\)）]?(?:[.:、．：_\)）]|\s)+|[①-⑳]\s*)(\S.*)", re.DOTALL)
#: units below a group that has a column of people and one of percentages
_PERCENT_UNITS = frozenset(map(fold, ("%", "(%)", "割合", "構成比", "構成比(%)", "割合(%)", "比率")))
_PEOPLE_UNITS = frozenset(
    map(fold, ("人", "(人)", "人数", "人数(人)", "件", "(件)", "件数", "実数", "度数", "n", "回答数"))
)
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
    #: every text above it that may be its wording, the nearest first
    wordings: tuple[str, ...] = ()
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
    id, wording, wordings = _question_of(table)
    bare = {row: _NUMBER.fullmatch(table.text(row, table.columns[0])) for row in answers.values()}
    if all(bare.values()):
        answers = {fold(match[1]): row for row, match in bare.items() if match is not None}
    shown, units = _with_units(table, bases)
    people |= units
    return CrossTable(
        table=replace(table, columns=shown),
        id=id,
        wording=wording,
        wordings=wordings,
        groups=tuple(_groups(replace(table, columns=shown), readers, findings)),
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


def _with_units(table: FoundTable, bases: Sequence[int]) -> tuple[tuple[Column, ...], dict[int, Decimal]]:
    """Return the columns without those of people that stand beside percentages, and the people that these had."""
    in_percent = {one.path[:-1]: one for one in table.columns if _has_unit(one, _PERCENT_UNITS)}
    shown, people = [], {}
    for one in table.columns:
        beside = in_percent.get(one.path[:-1]) if len(one.path) > 1 else None
        if beside is None:
            shown.append(one)
        elif one == beside:
            shown.append(Column(one.index, one.path[:-1]))
        elif bases and _has_unit(one, _PEOPLE_UNITS):
            read = read_number(table.value(bases[0], one), LEGENDS["default"])
            if isinstance(read, ReadNumber) and read.value is not None:
                people[beside.index] = read.value
        else:
            shown.append(one)
    return tuple(shown), people


def _has_unit(column: Column, units: frozenset[str]) -> bool:
    return len(column.path) > 1 and fold(column.path[-1]) in units


def _question_of(table: FoundTable) -> tuple[str, str, tuple[str, ...]]:
    """Return number and wording of the question, and all texts that may be its wording.

    They stand in the nearest text above the table that has a number, else in the nearest text; the number may be the
    name of the sheet.
    """
    read = [split_title(text) for _, text in reversed(table.titles)]
    wordings = tuple(dict.fromkeys(wording for _, wording in read if wording))
    id, wording = next((one for one in read if one[0]), read[0] if read else ("", ""))
    return id or split_title(table.grid.sheet or "")[0], wording, wordings


def split_title(title: str) -> tuple[str, str]:
    """Return number and wording of the question in a title: ``問1 あなたは…`` is (``問1``, ``あなたは…``)."""
    narrow = unicodedata.normalize("NFKC", title).strip()
    match = _QUESTION.search(narrow)
    if match is None:
        return "", narrow
    before = re.sub(r"[\s(\[【〈<「]+$", "", narrow[: match.start()])
    return match[1].replace(" ", ""), match[2].strip() or before


def split_questions(table: FoundTable) -> list[FoundTable]:
    """Return a table with several questions one below the other as one table a question; any other as it is.

    A question may stand in the first column, before the answers in the second, or in a row of its own.
    """
    heads = {row: text for row, text in table.notes if row > table.header.start and split_title(text)[0]}
    first = table.columns[0] if table.columns else None
    own = {row: show(table.grid.own_value(row, first.index)) for row in table.rows} if first else {}
    inside = {row: text for row, text in own.items() if split_title(text)[0]}
    if not heads and not inside:
        return [table]
    starts = sorted((heads | inside).items())
    found = []
    for number, (start, text) in enumerate(starts):
        end = starts[number + 1][0] if number + 1 < len(starts) else table.grid.height
        rows = tuple(row for row in table.rows if start <= row < end)
        columns = table.columns[1:] if inside else table.columns
        notes = tuple(one for one in table.notes if start < one[0] < end)
        part = replace(table, titles=((start, text),), columns=columns, rows=rows, notes=notes, totals=frozenset())
        found += [part] if rows else []
    return found


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
    if any(_guesses(readers, one) for one in path[:-1]):
        return None  # people of two groups at once, such as men of an age
    heading, label = fold_label(path[0]), path[-1]
    named = [role for role in readers if heading in map(fold_label, HEADINGS[role])]
    for role in named or _guesses(readers, label):
        group = readers[role].find(label)
        if group is not None:
            return ColumnGroup(column, role, group.code)
    return None


def _guesses(readers: Mapping[str, GroupReader], label: str) -> Sequence[str]:
    """Return the roles that a label without a heading of its own may belong to, by what it says."""
    closed = {role: replace(readers[role], met={}) for role in readers if role in {"sex", "age", "area"}}
    return [role for role, one in closed.items() if (group := one.find(label)) and group.code != UNKNOWN]
