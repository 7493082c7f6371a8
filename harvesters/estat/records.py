"""The values of e-Stat tables as rows with named columns, ready to be mapped.

========================  ==========================================================================================
column                    cell
========================  ==========================================================================================
``table``                 id of the statistical table
``tab`` ``cat01`` ...     code of each axis
``tab_name`` ...          what the table calls it
``area``                  six-digit code of the local government; the country is ``000000``
``time``                  code of e-Stat
``period``                the same as a period of ours, if code and name say the same
``value``                 the number; empty for a marker that stands for none
``status``                SDMX status of a marker; empty beside plain numbers
``unit`` ``note``         unit and annotation of the value
========================  ==========================================================================================

A code that cannot be turned into an area or a period stays in its column as it is, with its name, so that a complaint
shows both. Some tables use the code of a month for twelve months from there (``2006001010`` is 2006年10月～2007年9月):
the name tells, so a code whose name says otherwise is not taken for a period.

The meaning of a marker is what NOTE of the same answer says. ``-`` is "none" in some tables and "no figure" in others;
where the text does not tell, the value is missing and a finding asks for a decision.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path

import orjson

from catalog.errors import InputError, InvalidAreaCode, InvalidPeriod, Label, Place
from catalog.model import COUNTRY
from catalog.model.area import AreaList, parse_area_code
from harvesters.estat.answer import StatsPage, read_page
from harvesters.findings import Findings, Level, Rule
from harvesters.mapping.records import Cell, Records
from harvesters.mapping.times import read_column_time
from harvesters.readers.eras import read_time
from harvesters.readers.markers import STATUSES, Meaning, fold_marker

MARKER_READ = Rule(
    "estat-marker-read",
    Level.NOTICE,
    Label("統計表の注記から意味を読んだ記号", "Markers whose meaning the notes of the table say"),
    Label(
        "違う場合は options の markers で指定してください", "If it is wrong, say what it means in the option markers"
    ),
)
MARKER_UNCLEAR = Rule(
    "estat-marker-unclear",
    Level.WARNING,
    Label(
        "注記を読んでも意味が決まらない記号（欠測 O とした）",
        "Markers whose note leaves open what they mean (missing, O)",
    ),
    Label(
        "統計表の注記を見て、options の markers で指定してください（例: {'-': nil}）",
        "Read the notes of the table and say what it means in the option markers, such as {'-': nil}",
    ),
)
RULES = (MARKER_READ, MARKER_UNCLEAR)

#: words of a note -> what its marker says, the surest first
_MEANINGS = tuple(
    (re.compile(pattern), meaning)
    for pattern, meaning in (
        (r"秘匿|秘とく|秘密保護|公表(?:を差し控え|していない|しない)", Meaning.SUPPRESSED),
        (r"あり得ない|ありえない|存在し得ない|該当(?:する)?項目(?:が|の)?(?:ない|なし)", Meaning.CANNOT_EXIST),
        (
            r"調査(?:を行っ|を実施し|し)ていない|調査対象外|調査対象となっていない|未調査|調査を欠く",
            Meaning.NOT_COLLECTED,
        ),
        (
            r"不詳|不明|得られない|資料なし|資料がない|データ(?:なし|がない)|算出(?:でき|し)ない|表章しない",
            Meaning.MISSING,
        ),
        (r"皆無|(?:^|[^数])0(?:を示す|である)|該当(?:者|する者)(?:が|の)?(?:い)?ない", Meaning.NIL),
        (r"単位未満|単位に満たない", Meaning.BELOW_UNIT),
    )
)
_TIME_AREA = ("area", "time")
_AFTER = ("period", "value", "status", "unit", "note")


@dataclass(frozen=True, slots=True)
class _Marker:
    number: Decimal | None
    status: str


class KeptTables:
    """The pages of one fetched object, read again from the file as often as needed."""

    def __init__(self, path: Path, areas: AreaList) -> None:
        self._path = path
        self._areas = areas

    def iter_pages(self) -> Iterator[tuple[str, StatsPage]]:
        """Yield id of the table and page, in the order in which they were asked for."""
        return (_read_line(line) for line in self._lines())

    @cached_property
    def heads(self) -> dict[str, StatsPage]:
        """Id of each table -> its first page without its values: it has the axes and notes."""
        found: dict[str, StatsPage] = {}
        same = b"\0"
        for line in self._lines():
            if not line.startswith(same):  # later pages of a table are not parsed for this
                table, page = _read_line(line)
                found.setdefault(table, replace(page, values=[]))
                same = line[: line.index(b",") + 1]
        return found

    def _lines(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            yield from file

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns: those of the axes in the order of the tables, area and time behind them."""
        axes = dict.fromkeys(axis.id for page in self.heads.values() for axis in page.axes)
        named = [*(one for one in axes if one not in _TIME_AREA), *_TIME_AREA]
        return ("table", *(name for one in named for name in (one, f"{one}_name")), *_AFTER)

    def records(self, name: str, markers: Mapping[str, Meaning], findings: Findings) -> Records:
        """Return the values of all tables as rows; they can be iterated once.

        Parameters
        ----------
        name
            What people call it.
        markers
            Meanings that the source declares, before what the notes say.
        findings
            Hears what markers were taken for.
        """
        readers = {
            table: _TableReader(table, page, self._areas, markers, findings) for table, page in self.heads.items()
        }
        places: dict[int, str] = {}
        return Records(
            name=name, columns=self.columns, rows=self._rows(readers, places), place=_Places(self.columns, places)
        )

    def _rows(self, readers: Mapping[str, _TableReader], places: dict[int, str]) -> Iterator[tuple[int, list[Cell]]]:
        number = 0
        for table, page in self.iter_pages():
            if table not in places.values():
                places[number] = table
            for value in page.values:
                cells = readers[table].read(value, page, number)
                yield number, [cells.get(column) for column in self.columns]
                number += 1


def _read_line(line: bytes) -> tuple[str, StatsPage]:
    kept = orjson.loads(line)
    return kept["table"], read_page(kept["data"], Place(file=kept["table"]))


class _Places:
    """Where a value stands: the table, and its number among the values of the table from 1."""

    def __init__(self, columns: Sequence[str], starts: Mapping[int, str]) -> None:
        self._columns = columns
        self._starts = starts

    def __call__(self, row: int | None, column: int | None) -> Place:
        shown = [] if column is None else [self._columns[column]]
        if row is None:
            return Place(file=f"e-Stat {next(iter(self._starts.values()), '')}".strip(), cell=", ".join(shown) or None)
        start = max(one for one in self._starts if one <= row)
        return Place(file=f"e-Stat {self._starts[start]}", cell=", ".join([f"VALUE {row - start + 1}", *shown]))


class _TableReader:
    """Reads the values of one table."""

    def __init__(
        self, table: str, head: StatsPage, areas: AreaList, markers: Mapping[str, Meaning], findings: Findings
    ) -> None:
        self._table = table
        self._axes = {axis.id: axis.items for axis in head.axes}
        self._areas = areas
        self._markers = _read_markers(head, markers, findings, Place(file=f"e-Stat {table}", cell="NOTE"))
        self._annotations = head.annotations
        self._known: dict[tuple[str, str], dict[str, Cell]] = {}

    def read(self, value: object, page: StatsPage, number: int) -> dict[str, Cell]:
        """Return column -> cell of one value."""
        if not isinstance(value, Mapping):
            raise _no_value(self._table, number, value)
        cells: dict[str, Cell] = {"table": self._table}
        for axis in self._axes:
            cells |= self._coded(axis, str(value.get(f"@{axis}", "")))
        return cells | self._measured(value, page)

    def _measured(self, value: Mapping[str, object], page: StatsPage) -> dict[str, Cell]:
        text = "" if value.get("$") is None else str(value.get("$")).strip()
        key = str(value.get("@annotation", ""))
        cells: dict[str, Cell] = {
            "unit": str(value["@unit"]) if value.get("@unit") else None,
            "note": page.annotations.get(key) or self._annotations.get(key) or key or None,
        }
        marker = self._markers.get(fold_marker(text))
        if marker is None:
            return cells | {"value": text or None}
        return cells | {"value": marker.number, "status": marker.status}

    def _coded(self, axis: str, code: str) -> dict[str, Cell]:
        known = self._known.get((axis, code))
        if known is None:
            name = self._axes[axis].get(code, "")
            known = {axis: code or None, f"{axis}_name": name or None}
            if axis == "area":
                known["area"] = self._area(code, name)
            if axis == "time":
                known["period"] = read_period(code, name)
            self._known[axis, code] = known
        return known

    def _area(self, code: str, name: str) -> str | None:
        if set(code) == {"0"}:
            return COUNTRY
        try:
            parsed = parse_area_code(code, five_digits="standard").code
        except InvalidAreaCode:
            parsed = ""
        return parsed if self._areas.find(parsed) else _as_it_is(code, name)


def read_period(code: str, name: str) -> str | None:
    """Return the period of a time code, or the code with its name if they do not say the same or it is none.

    A name that is no time in itself (令和5年度平均, 第3回) does not count.
    """
    try:
        period = read_column_time(code, "estat").period
    except InvalidPeriod:
        return _as_it_is(code, name)
    if re.search(r"月?\s*[～〜~]\s*\d{4}\s*年", name):
        return _as_it_is(code, name)
    try:
        named = read_time(name).period
    except InvalidPeriod:
        return str(period)
    return str(period) if named == period else _as_it_is(code, name)


def _as_it_is(code: str, name: str) -> str | None:
    return f"{code}（{name}）" if name else code or None


def _read_markers(
    head: StatsPage, declared: Mapping[str, Meaning], findings: Findings, place: Place
) -> dict[str, _Marker]:
    found = {fold_marker(marker): _marker(meaning) for marker, meaning in declared.items()}
    for text, note in head.notes.items():
        if fold_marker(text) in found:
            continue
        meaning = next((one for pattern, one in _MEANINGS if pattern.search(note)), None)
        found[fold_marker(text)] = _marker(meaning or Meaning.MISSING)
        said = Label(f"「{note}」→ {meaning or '?'}", f"{note!r} -> {meaning or '?'}")
        findings.add(MARKER_READ if meaning else MARKER_UNCLEAR, place, text, detail=said)
    return found


def _marker(meaning: Meaning) -> _Marker:
    number, status = STATUSES[meaning]
    return _Marker(number, status)


def _no_value(table: str, number: int, value: object) -> InputError:
    return InputError(
        "VALUE に値の組ではないものがあります",
        "VALUE has something that is no value with its codes",
        next_step=Label("e-Statに知らせてください", "Tell e-Stat"),
        place=Place(file=f"e-Stat {table}", cell=f"VALUE {number + 1}"),
        value=str(value)[:80],
    )
