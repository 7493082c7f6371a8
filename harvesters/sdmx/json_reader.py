"""SDMX-JSON data messages, 1.0 and 2.0: keys and attributes are places in lists that stand once in the message.

::

    1.0  {"data": {"structure": {...}, "dataSets": [...]}}, or both without "data" around
    2.0  {"data": {"structures": [...], "dataSets": [{"structure": 0, ...}]}}

    structure.dimensions   {"dataSet": [], "series": [{"id", "keyPosition", "values": [{"id"}]}], "observation": [...]}
    structure.attributes   the same, and "dimensionGroup" in 2.0
    dataSets[]             {"attributes": [0], "series": {"0:1": {"attributes": [0], "observations": {"0": [32.8, 0]}}}}
                           or "observations": {"0:1:0": [32.8, 0]}; 2.0: "dimensionGroupAttributes": {"0::": [0]}

An attribute of 2.0 may be the value itself. The library that reads SDMX-ML is not used for this format: it takes the
attributes of series from the wrong member, and stops at 2.0 (ADR 142).

References
----------
SDMX-JSON data message 1.0 and 2.0.0, https://github.com/sdmx-twg/sdmx-json
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from catalog.errors import InputError, Label, Place
from harvesters.mapping.records import Cell
from harvesters.sdmx.cells import VALUE, Observations

#: largest message, in bytes: it is parsed in memory
LARGEST_JSON = 64_000_000

#: what goes wrong when a part is not what the standard says; JSONDecodeError is a ValueError
_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, RecursionError)
_LEVELS = ("dataSet", "dimensionGroup", "series", "observation")


@dataclass(frozen=True, slots=True)
class _Component:
    """A dimension or attribute with the list that its places refer to."""

    id: str
    position: int
    values: Sequence[Cell]

    def at(self, place: Any, *, literal: bool = False) -> Cell:
        if literal and (not self.values or not isinstance(place, int) or isinstance(place, bool)):
            return _text(place)
        if not isinstance(place, int) or not 0 <= place < len(self.values):
            raise ValueError(f"{self.id}: {place!r}")
        return self.values[place]


@dataclass(frozen=True, slots=True)
class _Structure:
    dimensions: Mapping[str, Sequence[_Component]]
    attributes: Mapping[str, Sequence[_Component]]
    measures: int

    @property
    def ordered(self) -> list[_Component]:
        """All dimensions in the order of the key."""
        return sorted((one for level in self.dimensions.values() for one in level), key=lambda one: one.position)

    @property
    def columns(self) -> list[str]:
        attributes = [one.id for level in self.attributes.values() for one in level]
        return [*(one.id for one in self.ordered), VALUE, *attributes]


def read_sdmx_json(path: Path, *, name: str) -> Observations:
    """Read an SDMX-JSON data message.

    Raises
    ------
    InputError
        If it is none, too large, or (while iterating) a place is not in its list.
    """
    if path.stat().st_size > LARGEST_JSON:
        raise _too_large(name)
    try:
        message = orjson.loads(path.read_bytes())
        structures, datasets = _parts(message)
    except _UNREADABLE as error:
        raise _no_message(name, str(error)) from error
    columns = dict.fromkeys(column for one in structures for column in one.columns)
    return Observations(tuple(columns), _rows(structures, datasets, name))


def _parts(message: Any) -> tuple[list[_Structure], list[Any]]:
    data = message.get("data", message)
    structures = data["structures"] if "structures" in data else [data["structure"]]
    datasets = data["dataSets"]
    if not isinstance(datasets, list):
        raise TypeError("dataSets")
    return [_structure(one) for one in structures], datasets


def _structure(raw: Any) -> _Structure:
    measures = (raw.get("measures") or {}).get("observation") or [None]
    return _Structure(_levels(raw["dimensions"]), _levels(raw.get("attributes") or {}), len(measures))


def _levels(raw: Any) -> dict[str, list[_Component]]:
    by_level = {str(level).lower(): components or [] for level, components in raw.items()}
    return {level: [_component(i, one) for i, one in enumerate(by_level.get(level.lower(), []))] for level in _LEVELS}


def _component(place: int, raw: Any) -> _Component:
    values = [_text(one) for one in raw.get("values") or []]
    return _Component(str(raw["id"]), int(raw.get("keyPosition", 1000 + place)), values)


def _text(raw: Any) -> Cell:
    if isinstance(raw, dict):
        raw = next((raw[key] for key in ("id", "value", "name", "start") if raw.get(key) is not None), None)
    if isinstance(raw, list):
        return ", ".join(str(_text(one)) for one in raw)
    return raw if isinstance(raw, str | int | float | None) else str(raw)


def _rows(structures: Sequence[_Structure], datasets: Sequence[Any], name: str) -> Iterator[dict[str, Cell]]:
    for dataset in datasets:
        try:
            structure = structures[dataset.get("structure", 0) if len(structures) > 1 else 0]
            yield from _dataset(structure, dataset)
        except _UNREADABLE as error:
            raise _no_message(name, str(error)) from error


def _dataset(structure: _Structure, dataset: Any) -> Iterator[dict[str, Cell]]:
    fixed = {one.id: one.at(0) for one in structure.dimensions["dataSet"]}
    common = _attributes(structure, "dataSet", dataset.get("attributes"))
    groups = _Groups(structure, dataset.get("dimensionGroupAttributes") or {})
    for key, series in (dataset.get("series") or {}).items():
        outer = fixed | _key(structure.dimensions["series"], key)
        held = common | _attributes(structure, "series", series.get("attributes"))
        for inner, cells in (series.get("observations") or {}).items():
            yield _observation(structure, groups, outer, held, inner, cells)
    for inner, cells in (dataset.get("observations") or {}).items():
        yield _observation(structure, groups, fixed, common, inner, cells)


def _observation(
    structure: _Structure,
    groups: _Groups,
    outer: Mapping[str, Cell],
    held: Mapping[str, Cell],
    key: str,
    cells: Sequence[Any],
) -> dict[str, Cell]:
    dimensions = {**outer, **_key(structure.dimensions["observation"], key)}
    attributes = _attributes(structure, "observation", cells[structure.measures :])
    return {**dimensions, VALUE: cells[0] if cells else None, **held, **groups.of(dimensions), **attributes}


def _key(dimensions: Sequence[_Component], key: str) -> dict[str, Cell]:
    places = [int(one) for one in key.split(":")] if key else []
    return {one.id: one.at(place) for one, place in zip(dimensions, places, strict=True)}


def _attributes(structure: _Structure, level: str, places: Any) -> dict[str, Cell]:
    found = zip(structure.attributes[level], places or [], strict=False)
    return {one.id: one.at(place, literal=True) for one, place in found if place is not None}


class _Groups:
    """Attributes of groups of observations: keys with gaps, ``0::1`` (SDMX-JSON 2.0)."""

    def __init__(self, structure: _Structure, raw: Mapping[str, Any]) -> None:
        ordered = structure.ordered
        self._groups: list[tuple[dict[str, Cell], dict[str, Cell]]] = []
        for key, places in raw.items():
            given = zip(ordered, key.split(":"), strict=True)
            wanted = {one.id: one.at(int(place)) for one, place in given if place}
            self._groups.append((wanted, _attributes(structure, "dimensionGroup", places)))

    def of(self, dimensions: Mapping[str, Cell]) -> dict[str, Cell]:
        """Return the attributes of all groups that an observation belongs to."""
        found: dict[str, Cell] = {}
        for wanted, attributes in self._groups:
            if wanted.items() <= dimensions.items():
                found |= attributes
        return found


def _no_message(name: str, reason: str) -> InputError:
    return InputError(
        "SDMX-JSONのデータメッセージとして読めません",
        "It is no SDMX-JSON data message",
        next_step=Label(
            "データ（構造ではなく）を返すURLか確かめてください",
            "Check that the URL answers with data, not with structures",
        ),
        place=Place(file=name),
        reason=reason[:200],
    )


def _too_large(name: str) -> InputError:
    megabytes = LARGEST_JSON // 1_000_000
    return InputError(
        f"SDMX-JSONが大きすぎます（上限{megabytes}MB）",
        f"The SDMX-JSON message is larger than {megabytes} MB",
        next_step=Label(
            "options に format: csv と書くか、キーと期間で絞ってください",
            "Write format: csv in the options, or ask for less by key and period",
        ),
        place=Place(file=name),
        limit_mb=megabytes,
    )
