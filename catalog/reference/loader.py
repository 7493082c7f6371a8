"""Load the reference data: read and validate the files, build the model, check what refers to what.

Nothing happens at import. :func:`load_reference` reads the data of this package once in a process;
:func:`read_reference` reads any folder of the same form, which is how another city's set is checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

from catalog.errors import Label
from catalog.model.area import Area, AreaList
from catalog.model.codelist import CodeList
from catalog.model.indicator import IndicatorSet
from catalog.model.vision import Vision
from catalog.reference.checks import AREAS, CODELISTS, INDICATORS, VISION, Loaded, check
from catalog.reference.files import problem, read_csv, read_yaml

_STANDARD_RULE = Label("団体コードの先頭5桁であること", "It is the first five digits of the area code")


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference data, consistent in itself."""

    #: the indicators, their definitions and pairs
    indicator_set: IndicatorSet
    #: Smarts, target states, themes, roadmap, steps
    vision: Vision
    #: country, prefectures, municipalities, wards, and the local areas that were added
    areas: AreaList
    #: code lists by id: age, sex, obs_status, unit...
    codelists: Mapping[str, CodeList]

    def with_areas(self, more: Iterable[Area]) -> Reference:
        """Return the reference data with local areas added to the national list, which wins where codes are equal."""
        areas = self.areas.with_areas(more)
        return self if areas is self.areas else replace(self, areas=areas)


@cache
def load_reference() -> Reference:
    """Return the reference data of this installation; read once in a process.

    Raises
    ------
    ReferenceDataError
        If a file breaks its schema or a check.
    """
    return read_reference(resources.files("catalog.reference"))


def read_reference(folder: Traversable) -> Reference:
    """Return the reference data in ``folder``.

    Raises
    ------
    ReferenceDataError
        If a file is missing, breaks its schema or a check; names file, path, value and rule.
    """
    indicators = read_yaml(folder, INDICATORS, "indicators.schema.json")
    vision = read_yaml(folder, VISION, "vision.schema.json")
    totals = {INDICATORS: indicators.pop("totals"), VISION: vision.pop("totals")}
    indicator_set = IndicatorSet.from_dict(indicators)
    loaded = Loaded(
        indicator_set=indicator_set,
        vision=Vision.from_dict({**vision, "source": indicators["source"]}, _hanging(indicator_set)),
        areas=AreaList(tuple(_area(row) for row in _area_rows(folder))),
        codelists=_codelists(folder),
        totals=totals,
    )
    check(loaded)
    return Reference(loaded.indicator_set, loaded.vision, loaded.areas, MappingProxyType(dict(loaded.codelists)))


def _hanging(indicator_set: IndicatorSet) -> dict[str, tuple[str, ...]]:
    states = {state for one in indicator_set.indicators for state in one.target_states}
    return {state: tuple(one.id for one in indicator_set.on_target_state(state)) for state in states}


def _area_rows(folder: Traversable) -> list[dict[str, Any]]:
    rows = read_csv(folder, AREAS, "areas.schema.json")
    for number, row in enumerate(rows, 2):
        if row["standard_code"] != row["area_code"][:5]:
            raise problem(AREAS, f"row {number}, column standard_code", row["standard_code"], _STANDARD_RULE)
    return rows


def _area(row: dict[str, Any]) -> Area:
    return Area.from_dict({**row, "code": row["area_code"], "name": {"ja": row["name_ja"], "en": row["name_en"]}})


def _codelists(folder: Traversable) -> dict[str, CodeList]:
    listed = read_yaml(folder, CODELISTS, "codelists.schema.json")["codelists"]
    return {one["id"]: CodeList.from_dict({**one, "codes": _code_rows(folder, one["id"])}) for one in listed}


def _code_rows(folder: Traversable, name: str) -> list[dict[str, Any]]:
    rows = read_csv(folder, f"codelists/{name}.csv", "codes.schema.json")
    return [
        {
            "code": row["code"],
            "label": {"ja": row["label_ja"], "en": row["label_en"]},
            "value": row.get("value"),
        }
        for row in rows
    ]
