"""What a text of the source means in one field: looked up once for each different text, however many rows have it.

A :class:`FieldReader` turns a cell into an :class:`Outcome`: the value for the observation table, or the rule that the
cell falls under, or both when it was repaired. Rows and whole columns are read by the same readers, so it does not
matter to the outcome which way a table goes.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from catalog.errors import InvalidAreaCode, InvalidPeriod, Label
from catalog.model import TOTAL
from catalog.model.area import Area, AreaList, area_key
from catalog.model.area_names import AreaNames, describe_candidates, names_anywhere, names_below
from catalog.model.codelist import nearest
from harvesters.documents import JAPAN
from harvesters.findings import Rule
from harvesters.mapping.declaration import FieldSource
from harvesters.mapping.records import Cell
from harvesters.mapping.rules import MAPPED
from harvesters.mapping.times import find_time, read_column_time
from harvesters.readers import cells
from harvesters.readers.cells import Complaint, read_number
from harvesters.readers.characters import put_right
from harvesters.readers.grid import show
from harvesters.readers.markers import Legend
from harvesters.survey.groups import HEADINGS, GroupReader, fold_label

#: words for the whole of something
TOTAL_WORDS = frozenset(
    map(fold_label, ("合計", "総計", "総合計", "計", "小計", "総数", "全体", "全市", "市計", "男女計", "total"))
)
_CODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_MOST_CACHED = 200_000
_MOST_CANDIDATES = 10
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a cell says in a field."""

    #: the value for the table; None if there is none
    value: str | Decimal | date | None = None
    #: what the cell falls under; None if nothing is the matter
    rule: Rule | None = None
    #: what is the matter with this cell in particular
    detail: Label | None = None
    #: False if the observation cannot be made without this cell
    usable: bool = True
    #: SDMX status that the cell implies; None for a plain value
    status: str | None = None
    #: unit as written behind a number
    unit: str | None = None
    #: whether the cell was empty
    blank: bool = False


BLANK = Outcome(blank=True)


class FieldReader(ABC):
    """Reads the cells of one field; subclasses know the field."""

    #: whether an observation needs the field
    required = True
    #: whether it sees to unusual characters itself
    keeps_characters = False

    def __init__(self, source: FieldSource) -> None:
        self.source = source
        self._codes = {_fold(text): code for text, code in source.codes.items()}
        self._known: dict[Cell, Outcome] = {}

    def read(self, value: Cell) -> Outcome:
        """Return what a cell says."""
        found = self._known.get(value) if isinstance(value, str) else None
        if found is None:
            found = self._seen_through(value)
            if isinstance(value, str) and len(self._known) < _MOST_CACHED:
                self._known[value] = found
        return found

    def _seen_through(self, value: Cell) -> Outcome:
        """Return what a cell says without characters that nobody sees, which is told."""
        if not isinstance(value, str) or self.keeps_characters:
            return self._read(value)
        right, told = put_right(value)
        found = self._read(right)
        if told is None or (found.rule is not None and found.detail is None):
            return found
        if found.rule is None:
            return replace(found, rule=MAPPED["characters-repaired"], detail=told)
        assert found.detail is not None
        both = Label(f"{found.detail.ja}（{told.ja}）", f"{found.detail.en} ({told.en})")
        return replace(found, detail=both)

    def _read(self, value: Cell) -> Outcome:
        text = text_of(value)
        code = self._codes.get(_fold(text))
        if code is not None:
            return self.coded(code, text)
        if not text:
            return self.empty()
        return self.understand(value, text)

    def has_code(self, text: str) -> bool:
        """Return whether the code of a text is declared."""
        return _fold(text) in self._codes

    def empty(self) -> Outcome:
        """Return what an empty cell says."""
        return Outcome(rule=MAPPED["field-blank"], usable=False, blank=True) if self.required else BLANK

    def coded(self, code: str, text: str) -> Outcome:  # noqa: ARG002
        """Return what a text says whose code is declared."""
        found = self.understand(code, code)
        return replace(found, rule=None, detail=None) if found.usable else found

    @abstractmethod
    def understand(self, value: Cell, text: str) -> Outcome:
        """Return what a text says whose code is not declared."""


def text_of(value: Cell) -> str:
    """Return a cell as people would write it: 38.0 is ``38``; empty is the empty text."""
    if isinstance(value, bool) or value is None or isinstance(value, str | float | date | datetime):
        return show(value)
    return str(value)


def _fold(text: str) -> str:
    return fold_label(text)


class CodeReader(FieldReader):
    """Codes of a closed list: indicators, definitions, units, statuses."""

    def __init__(self, source: FieldSource, allowed: Mapping[str, object], *, required: bool = True) -> None:
        super().__init__(source)
        self._allowed = allowed
        self.required = required

    def understand(self, value: Cell, text: str) -> Outcome:  # noqa: ARG002
        """Return the code if the list has it."""
        if text in self._allowed:
            return Outcome(value=text)
        return _not_mapped(text, self._allowed)


def _not_mapped(text: str, allowed: Mapping[str, object]) -> Outcome:
    near = nearest(text, allowed)
    listed = ", ".join(list(allowed)[:20])
    detail = (
        Label(f"{near} のことではありませんか", f"did you mean {near}?")
        if near
        else Label(f"使えるコード: {listed}", f"codes: {listed}")
    )
    return Outcome(rule=MAPPED["code-not-mapped"], detail=detail, usable=False)


class AreaReader(FieldReader):
    """Areas by code or official name."""

    def __init__(self, source: FieldSource, areas: AreaList, within: str | None) -> None:
        super().__init__(source)
        self._areas = areas
        self._whole = areas.find(within) if within is not None else None

    def understand(self, value: Cell, text: str) -> Outcome:  # noqa: ARG002
        """Return the code of an area; one that had to be repaired or found by name says so."""
        if self._areas.find(text) is not None:
            return Outcome(value=text)
        candidates = self._candidates(text)
        if len(candidates) > 1:
            return Outcome(rule=MAPPED["area-invalid"], detail=_ambiguous(candidates), usable=False)
        if candidates:
            [named] = candidates
            detail = Label(f"{named.code} {named.name_ja}", f"{named.code} {named.name.en}")
            return Outcome(value=named.code, rule=MAPPED["area-by-name"], detail=detail)
        try:
            parsed = self._areas.parse_code(text, five_digits=self.source.digits)
        except InvalidAreaCode as error:
            return Outcome(rule=MAPPED["area-invalid"], detail=self._guess(text) or error.what, usable=False)
        if self._areas.find(parsed.code) is None:
            what = Label(f"団体コード {parsed.code} は一覧にありません", f"area code {parsed.code} is not in the list")
            return Outcome(rule=MAPPED["area-invalid"], detail=what, usable=False)
        if parsed.note is not None:
            return Outcome(value=parsed.code, rule=MAPPED["area-code-repaired"], detail=parsed.note)
        return Outcome(value=parsed.code)

    @cached_property
    def _below(self) -> AreaNames:
        return names_below(self._areas, self._whole.code) if self._whole is not None else {}

    @cached_property
    def _anywhere(self) -> AreaNames:
        return names_anywhere(self._areas)

    def _candidates(self, text: str) -> tuple[Area, ...]:
        """Return what a name means: the area that all is about, one below it, else one anywhere."""
        key = area_key(text)
        if key.isascii():
            return ()
        if self._whole is not None and key == area_key(self._whole.name_ja):
            return (self._whole,)
        return self._below.get(key) or self._anywhere.get(key, ())

    def _guess(self, text: str) -> Label | None:
        """Return which area may be meant by a text that is no code, or None."""
        near = None if re.search(r"\d", text) else nearest(area_key(text), {**self._anywhere, **self._below})
        if near is None:
            return None
        return Label(f"「{near}」のことではありませんか", f"did you mean {near}?")


def _ambiguous(candidates: Sequence[Area]) -> Label:
    named = describe_candidates(candidates[:_MOST_CANDIDATES])
    return Label(
        f"どれとも決められません: {named.ja}。area の codes に書いてください",
        f"it may mean any of {named.en}; say which under codes of area",
    )


class PeriodReader(FieldReader):
    """Times, in the form that the mapping declares."""

    def understand(self, value: Cell, text: str) -> Outcome:
        """Return the period; from running text the one that it mentions."""
        return self._time(value if isinstance(value, date | datetime) else text)

    def _time(self, value: object) -> Outcome:
        try:
            read = (
                find_time(str(value), self.source.form)
                if self.source.origin
                else read_column_time(value, self.source.form)
            )
        except InvalidPeriod as error:
            return Outcome(rule=MAPPED["period-invalid"], detail=error.what, usable=False)
        if read.period.start > datetime.now(JAPAN).date():
            begins = Label(f"{read.period.start} に始まる", f"begins on {read.period.start}")
            return Outcome(value=str(read.period), rule=MAPPED["period-future"], detail=begins)
        rule = cells.DAY_REPAIRED if read.repair is not None else None
        return Outcome(value=str(read.period), rule=rule, detail=read.repair)


class DayReader(FieldReader):
    """Reference days."""

    required = False

    def understand(self, value: Cell, text: str) -> Outcome:
        """Return the day."""
        return self._day(value if isinstance(value, date | datetime) else text)

    def _day(self, value: object) -> Outcome:
        try:
            read = find_time(str(value), "date") if self.source.origin else read_column_time(value, "date")
        except InvalidPeriod as error:
            return Outcome(rule=cells.NOT_A_DAY, detail=error.what, usable=False)
        rule = cells.DAY_REPAIRED if read.repair is not None else None
        return Outcome(value=read.period.start, rule=rule, detail=read.repair)


class NumberReader(FieldReader):
    """Numbers with what people put around them, markers by the legend."""

    required = False
    keeps_characters = True

    def __init__(self, source: FieldSource, legend: Legend) -> None:
        super().__init__(source)
        self._legend = legend

    def understand(self, value: Cell, text: str) -> Outcome:  # noqa: ARG002
        """Return the number, or the status that a marker means."""
        return self.number(value, shown_as_percent=False)

    def number(self, value: Cell, *, shown_as_percent: bool) -> Outcome:
        """Return the number of a cell that the sheet may show as percent."""
        if isinstance(value, Decimal | int) and not isinstance(value, bool):
            return Outcome(value=Decimal(value))
        read = read_number(value, self._legend, shown_as_percent=shown_as_percent)
        if isinstance(read, Complaint):
            return Outcome(rule=read.rule, detail=read.detail, usable=False)
        if read.is_empty:
            return self.empty()
        rule = cells.REPAIRED if read.repair is not None else None
        return Outcome(value=read.value, rule=rule, detail=read.repair, status=read.status, unit=read.unit)


class TextReader(FieldReader):
    """Free text on one line."""

    required = False

    def understand(self, value: Cell, text: str) -> Outcome:  # noqa: ARG002
        """Return the text."""
        line = _CONTROL.sub(" ", text).strip()
        return Outcome(value=line or None, rule=MAPPED["text-invalid"] if line != text else None)


@dataclass(slots=True)
class Codes:
    """The codes of a breakdown with their labels, as they are met."""

    #: name of the dimension
    id: str
    #: labels that are known before anything is read
    known: Mapping[str, Label] = field(default_factory=dict)
    #: code -> label, of those that were met
    met: dict[str, Label] = field(default_factory=dict)

    def meet(self, code: str, label: Label) -> None:
        """Remember a code; what is known of it goes before what the source calls it."""
        before = self.met.get(code)
        if before is None or before.ja == code:
            self.met[code] = self.known.get(code, label)


class GroupCodeReader(FieldReader):
    """Codes of a breakdown: declared, or understood as surveys understand them (男, 30代), or codes already."""

    def __init__(self, source: FieldSource, codes: Codes) -> None:
        super().__init__(source)
        self._target = codes
        self._groups = GroupReader(codes.id) if codes.id in HEADINGS else None

    def coded(self, code: str, text: str) -> Outcome:
        """Return the code that is declared for a text, which becomes its label."""
        self._target.meet(code, Label(text or code, text or code))
        return Outcome(value=code)

    def named(self, code: str) -> Outcome:
        """Return a code that the configuration names; only sexes are a closed list."""
        if self._target.id == "sex" or not _CODE.fullmatch(code):
            return _not_mapped(code, self._target.known)
        return self.coded(code, code)

    def understand(self, value: Cell, text: str) -> Outcome:  # noqa: ARG002
        """Return the code of a text."""
        if fold_label(text) in TOTAL_WORDS:
            self._target.meet(TOTAL, Label("総数", "Total"))
            return Outcome(value=TOTAL)
        if text in self._target.known:
            self._target.meet(text, Label(text, text))
            return Outcome(value=text)
        group = self._groups.find(text) if self._groups else None
        if group is not None:
            self._target.meet(group.code, group.label)
            return Outcome(value=group.code)
        if self._groups is None and not self._codes and _CODE.fullmatch(text):
            self._target.meet(text, Label(text, text))
            return Outcome(value=text)
        return _not_mapped(text, {**self._target.known, **dict.fromkeys(self._codes.values())})
