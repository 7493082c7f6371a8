"""Entities of a context broker as rows with named columns, ready to be mapped.

NGSIv2 and NGSI-LD write one fact in several ways, and all of them are read::

    normalized   "kpiValue": {"type": "Number", "value": 32.8, "metadata": {"unit": {"type": "Text", "value": "%"}}}
                 "kpiValue": {"type": "Property", "value": 32.8, "unitCode": "P1", "observedAt": "2021-04-01T00:00:00Z"}
    concise      "kpiValue": {"value": 32.8, "unitCode": "P1"}
    key-values   "kpiValue": 32.8

A column is an attribute (``kpiValue``), a part of a structured one (``calculationPeriod.from``), or what is said of one
(``kpiValue.unitCode``, ``kpiValue.observedAt``, metadata of NGSIv2). An attribute that is given several times (NGSI-LD
``datasetId``) is the one without ``datasetId``; the others are columns such as ``kpiValue[urn:x]``. Names that are
whole URLs are shortened to what stands behind the last ``/`` or ``#``. Two columns are added, unless the entity has
attributes of that name:

``period``
    the period between ``calculationPeriod.from`` and ``.to``, if it is one of ours; otherwise the two days, so that a
    complaint shows them; without both, the day of ``kpiValue.observedAt``, ``TimeInstant`` or ``dateObserved``.
``unit``
    ``kpiValue.unitCode`` (UN/CEFACT), ``kpiValue.unit`` or ``unitCode``.

References
----------
Smart Data Models, KeyPerformanceIndicator 0.2.1. FIWARE-NGSI v2 Specification, "JSON Attribute Representation". ETSI GS
CIM 009 V1.8.1, 4.5 (data representation) and 4.6.4 (dates).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from catalog.errors import InputError, Label, Place
from catalog.model import parse_period
from harvesters.documents import JAPAN
from harvesters.mapping.records import Cell, Records

#: most columns that entities may have together
MOST_COLUMNS = 2000

#: members that hold the value of an attribute
_VALUES = ("value", "object", "languageMap", "json", "vocab", "valueList", "objectList")
#: members of an attribute that say nothing of it
_SILENT = frozenset({*_VALUES, "type", "metadata", "datasetId"})
_UNITS = ("kpiValue.unitCode", "kpiValue.unit", "kpiValue.unitText", "unitCode", "unitText")
_MOMENTS = ("kpiValue.observedAt", "kpiValue.TimeInstant", "observedAt", "dateObserved", "TimeInstant")
_EARLIEST_YEAR = 1000


class KeptEntities:
    """The entities of one fetched object, read again from the file as often as needed."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name

    def __iter__(self) -> Iterator[dict[str, Cell]]:
        with self._path.open("rb") as file:
            for line in file:
                yield flatten(orjson.loads(line))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of all entities, in the order in which they are met.

        Raises
        ------
        InputError
            If there are more than :data:`MOST_COLUMNS`.
        """
        found: dict[str, None] = {}
        for entity in self:
            found |= dict.fromkeys(entity)
            if len(found) > MOST_COLUMNS:
                raise InputError(
                    f"エンティティの属性が{MOST_COLUMNS}種類を超えています",
                    f"The entities have more than {MOST_COLUMNS} different attributes",
                    next_step=Label(
                        "options の entity_type と q で対象を絞ってください",
                        "Ask for less with entity_type and q in the options",
                    ),
                    place=Place(file=self._name),
                )
        return tuple(found)

    @cached_property
    def modified(self) -> date | None:
        """The day in Japan on which one of the entities was last modified; None if none of them tells."""
        days = [
            day
            for entity in self
            for name in ("dateModified", "modifiedAt", "updatedAt")
            if (day := _day(entity.get(name)))
        ]
        return max(days, default=None)

    def records(self) -> Records:
        """Return the entities as rows; they can be iterated once."""
        ids: list[str] = []
        return Records(
            name=self._name, columns=self.columns, rows=self._rows(ids), place=_Places(self._name, self.columns, ids)
        )

    def _rows(self, ids: list[str]) -> Iterator[tuple[int, Sequence[Cell]]]:
        for number, entity in enumerate(self):
            ids.append(str(entity["id"]))
            yield number, [entity.get(column) for column in self.columns]


class _Places:
    """Where an entity stands: the source and its id."""

    def __init__(self, name: str, columns: Sequence[str], ids: Sequence[str]) -> None:
        self._name, self._columns, self._ids = name, columns, ids

    def __call__(self, row: int | None, column: int | None) -> Place:
        said = [] if row is None else [self._ids[row]]
        said += [] if column is None else [self._columns[column]]
        return Place(file=self._name, cell=", ".join(said) or None)


def flatten(entity: Mapping[str, Any]) -> dict[str, Cell]:
    """Return column -> cell of an entity, with the two columns that are added."""
    cells: dict[str, Cell] = {}
    for full, raw in entity.items():
        if full == "@context":
            continue
        name = _short(full)
        _put_attribute(cells, full if name in cells else name, raw)
    cells.setdefault("period", _period(cells))
    cells.setdefault("unit", next((cells[one] for one in _UNITS if cells.get(one) is not None), None))
    return cells


def _short(name: str) -> str:
    return name.replace("#", "/").rstrip("/").rpartition("/")[2] if "://" in name else name


def _put_attribute(cells: dict[str, Cell], name: str, raw: Any) -> None:
    if isinstance(raw, list) and raw and all(isinstance(one, dict) and _value_member(one) for one in raw):
        named = {f"[{one['datasetId']}]" if "datasetId" in one else "": one for one in raw}
        for suffix, one in named.items():
            _put_attribute(cells, name + suffix, one)
        return
    member = _value_member(raw) if isinstance(raw, dict) else None
    if member is None:
        _put(cells, name, raw)
        return
    _put(cells, name, raw[member])
    metadata = raw.get("metadata")
    said = {key: one for key, one in raw.items() if key not in _SILENT}
    for key, one in {**said, **(metadata if isinstance(metadata, dict) else {})}.items():
        _put_attribute(cells, f"{name}.{_short(key)}", one)


def _value_member(raw: Mapping[str, Any]) -> str | None:
    return next((one for one in _VALUES if one in raw), None)


def _put(cells: dict[str, Cell], name: str, value: Any) -> None:
    if isinstance(value, dict) and "@value" in value:
        value = value["@value"]
    if isinstance(value, dict):
        for key, one in value.items():
            _put(cells, f"{name}.{_short(str(key))}", one)
    elif isinstance(value, list):
        plain = all(isinstance(one, str | int | float) for one in value)
        cells[name] = ", ".join(map(str, value)) if plain else orjson.dumps(value).decode()
    else:
        cells[name] = value


def _period(cells: Mapping[str, Cell]) -> str | None:
    first, last = cells.get("calculationPeriod.from"), cells.get("calculationPeriod.to")
    if first is not None and last is not None:
        return read_span(str(first), str(last))
    moment = next((cells[one] for one in _MOMENTS if cells.get(one) is not None), None)
    day = _day(moment)
    return str(day) if day else None if moment is None else str(moment)


def read_span(first: str, last: str) -> str:
    """Return the period between two days or moments, or both with a slash if it is none of ours.

    Moments are days as they are written if they are at midnight, and days in Japan otherwise. An end at midnight may be
    the first moment that does not belong to it.
    """
    for start in _days(first):
        for end in (*_days(last), *(one - timedelta(days=1) for one in _days(last) if _at_midnight(last))):
            found = _whole(start, end)
            if found:
                return found
    return f"{first}/{last}"


def _whole(start: date, end: date) -> str | None:
    if start.year < _EARLIEST_YEAR:
        return None
    texts = (
        f"{start:%Y}",
        f"FY{start:%Y}",
        f"{start:%Y}-Q{(start.month + 2) // 3}",
        f"{start:%Y}-M{start:%m}",
        f"{start:%Y-%m-%d}",
    )
    periods = (parse_period(one) for one in texts)
    return next((str(one) for one in periods if (one.start, one.end) == (start, end)), None)


def _days(text: str) -> list[date]:
    """Return the days that a text may mean, the likeliest first."""
    moment = _moment(text)
    if moment is None:
        return []
    written, in_japan = moment.date(), (moment.astimezone(JAPAN) if moment.tzinfo else moment).date()
    found = (written, in_japan) if moment.time() == time() else (in_japan, written)
    return list(dict.fromkeys(found))


def _day(value: object) -> date | None:
    days = _days(value) if isinstance(value, str) else []
    return days[0] if days else None


def _at_midnight(text: str) -> bool:
    moment = _moment(text)
    if moment is None or "T" not in text:
        return False
    return time() in {moment.time(), (moment.astimezone(JAPAN) if moment.tzinfo else moment).time()}


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
