"""Registries of services in a table: one sheet (XLSX, ODS, XLS) or CSV file, one row a service.

:data:`COLUMNS` says which heading is which member of the record, and how a cell is read. Several values in a cell are
divided by 、 or ; or a line break. Codes may be written by their name (実証 for ``pilot``), times as people write them
(令和3年1月28日, 2014年9月). Columns that are not in the table are kept under their heading. A cell that is empty says
nothing. What a cell cannot be read as stays as it is written, and the record is refused with the place.

References
----------
データマップ様式 1.3 (Digital Agency), service side: サービス名, 取込データ, 取得データ, 提供先サービス, 提供頻度,
提供方式.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from catalog.errors import InputError, InvalidPeriod, Label, Place
from catalog.model.codelist import CodeList, nearest
from catalog.reference import load_reference
from catalog.reference.services import load_service_reference
from harvesters.findings import Findings
from harvesters.readers.declared import Declared, open_tables
from harvesters.readers.eras import read_time
from harvesters.readers.tables import Column, FoundTable, fold
from harvesters.services.registry import LARGEST_FILE, Entry, Registry

#: first bytes of files that are tables whatever their names are: XLSX and ODS, XLS
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_TEXT_TABLES = (".csv", ".tsv")
_SEPARATORS = re.compile(r"[、;；\n]+")
_MIDNIGHT = "T00:00:00"
_ID = "サービスID"

#: reads a cell that is not empty
Read = Callable[[str], Any]


def _text(cell: str) -> str:
    return cell


def _whole(cell: str) -> Any:
    narrow = unicodedata.normalize("NFKC", cell).upper().removeprefix("STEP").strip()
    return int(narrow) if narrow.isdecimal() and len(narrow) < 10 else cell


def _time(cell: str) -> str:
    try:
        return str(read_time(cell.removesuffix(_MIDNIGHT)).period)
    except InvalidPeriod:
        return cell


def _list(read: Read) -> Read:
    return lambda cell: [read(part.strip()) for part in _SEPARATORS.split(cell) if part.strip()]


def _as(member: str, read: Read) -> Read:
    return lambda cell: {member: read(cell)}


def _code(codelist: str) -> Read:
    return lambda cell: _names(codelist).get(fold(cell), cell)


@cache
def _names(codelist: str) -> Mapping[str, str]:
    """Return what the codes of a list may be written as -> code."""
    vision = load_reference().vision
    if codelist == "smart":
        labels = [(one.id, one.label) for one in vision.smarts] + [(one.id, one.label) for one in vision.groups]
    else:
        lists: Mapping[str, CodeList] = {**load_reference().codelists, **load_service_reference().codelists}
        labels = [(one.code, one.label) for one in lists[codelist]]
    return {fold(text): code for code, label in labels for text in (code, label.ja, label.en)}


@dataclass(frozen=True, slots=True)
class Heading:
    """A column that is known."""

    #: what it is headed
    name: str
    #: members of the record that lead to its value
    path: tuple[str, ...]
    #: reads a cell
    read: Read = _text


_ITEMS = _list(_as("name", _text))
COLUMNS: tuple[Heading, ...] = (
    Heading(_ID, ("id",)),
    Heading("サービス名", ("name", "ja")),
    Heading("サービス名（英語）", ("name", "en")),
    Heading("説明", ("description", "ja")),
    Heading("説明（英語）", ("description", "en")),
    Heading("段階", ("phase",), _code("service_phase")),
    Heading("STEP", ("step",), _whole),
    Heading("スマート", ("smarts",), _list(_code("smart"))),
    Heading("目指す姿", ("target_states",), _list(_text)),
    Heading("地域コード", ("areas",), _list(_text)),
    Heading("サブエリア", ("sub_area",)),
    Heading("利用者の範囲", ("users", "scope"), _code("user_scope")),
    Heading("行政の役割", ("governance", "city_role"), _code("city_role")),
    Heading("アーキテクト", ("governance", "architect")),
    Heading("エリアマネジメント団体", ("governance", "area_bodies"), _list(_text)),
    Heading("所管", ("owner",)),
    Heading("運営", ("operator",)),
    Heading("開始", ("start",), _time),
    Heading("終了", ("end",), _time),
    Heading("取込データ", ("data", "inputs"), _ITEMS),
    Heading("取得データ（内部利用のみ）", ("data", "internal"), _ITEMS),
    Heading("取得データ（外部提供可能）", ("data", "outputs"), _ITEMS),
    Heading("連携サービス", ("linked_services",), _list(_text)),
    Heading("都市OSの段階", ("city_os", "stage"), _code("city_os_stage")),
    Heading("使い方", ("channels",), _list(_as("kind", _code("service_channel")))),
    Heading("URL", ("url",)),
    Heading("出典", ("sources",), _list(_as("url", _text))),
    Heading("備考", ("note", "ja")),
    Heading("備考（英語）", ("note", "en")),
)
#: columns about all data that a service gives: heading -> member of each output, how it is read
OF_OUTPUTS: Mapping[str, tuple[str, Read]] = {
    "提供先サービス": ("recipients", _list(_text)),
    "提供頻度": ("frequency", _code("frequency")),
    "提供方式": ("method", _code("data_method")),
}


def is_table(path: Path, name: str) -> bool:
    """Return whether a file is a table, by its first bytes or the end of its name."""
    with path.open("rb") as file:
        return file.read(4).startswith(_WORKBOOKS) or name.lower().endswith(_TEXT_TABLES)


def read_table_registry(
    path: Path,
    name: str,
    findings: Findings,
    *,
    declared: Declared | None = None,
    names: Mapping[str, str] | None = None,
) -> Registry:
    """Read a registry that is a table; tables without a column サービスID are not looked at.

    Parameters
    ----------
    path, name
        The file, and what people call it.
    findings
        Takes what was detected and repaired.
    declared, names
        What the options say about the layout; heading of :data:`COLUMNS` -> heading in this file.

    Raises
    ------
    InputError
        If it cannot be read, no table of it has the column, or a declared heading is none of ours or not there.
    """
    own = names or {}
    _check_names(own, name)
    tables = open_tables(path, name=name, declared=declared or Declared(), findings=findings, largest=LARGEST_FILE)
    registries = [one for one in tables if one.find_column(own.get(_ID, _ID)) is not None]
    if not registries:
        now = sorted({column.name for one in tables for column in one.columns})
        raise InputError(
            f"見出し「{own.get(_ID, _ID)}」の列がありません",
            f"There is no column headed {own.get(_ID, _ID)}",
            next_step=Label(
                f"docs/services.md の見出しにするか、options の columns で指定してください（今: {'、'.join(now)}）",
                f"Use the headings of docs/services.md, or name yours in the option columns (now: {', '.join(now)})",
            ),
            place=Place(file=name),
            value=_ID,
            allowed=now,
        )
    return Registry(tuple(entry for table in registries for entry in _entries(table, own)), ())


def _check_names(names: Mapping[str, str], file: str) -> None:
    known = [*(one.name for one in COLUMNS), *OF_OUTPUTS]
    for one in names:
        if one not in known:
            raise InputError(
                f"options の columns の「{one}」という見出しは台帳にありません",
                f"{one!r} of the option columns is no heading of a registry",
                next_step=Label(f"見出し: {'、'.join(known)}", f"Headings: {', '.join(known)}"),
                place=Place(file=file),
                value=one,
                allowed=known,
                nearest=nearest(one, known),
            )


def _entries(table: FoundTable, names: Mapping[str, str]) -> Iterator[Entry]:
    def column_of(heading: str) -> Column | None:
        return table.get_column(names[heading]) if heading in names else table.find_column(heading)

    known = {column.index: one for one in COLUMNS if (column := column_of(one.name)) is not None}
    outputs = {column.index: one for heading, one in OF_OUTPUTS.items() if (column := column_of(heading)) is not None}
    others = [one for one in table.columns if one.index not in known and one.index not in outputs]
    for row in table.iter_data():
        place = table.grid.place(row)
        where = " / ".join(part for part in (place.sheet, place.cell) if part)
        yield Entry(_record(table, row, known, outputs, others), where)


def _record(
    table: FoundTable,
    row: int,
    known: Mapping[int, Heading],
    outputs: Mapping[int, tuple[str, Read]],
    others: list[Column],
) -> dict[str, Any]:
    cells = {index: table.grid.text(row, index) for index in (*known, *outputs)}
    record: dict[str, Any] = {one.name: text for one in others if (text := table.text(row, one))}
    for index, heading in known.items():
        if cells[index]:
            _put(record, heading.path, heading.read(cells[index]))
    said = {member: read(cells[index]) for index, (member, read) in outputs.items() if cells[index]}
    for item in record.get("data", {}).get("outputs", []):
        item.update(said)
    return record


def _put(record: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *steps, last = path
    for step in steps:
        record = record.setdefault(step, {})
    record[last] = value
