"""Load ``services.yml``: the code lists of service records, and the rules that a STEP of roll-out is held to.

Read once in a process by :func:`load_service_reference`. Beside the schema it is checked that codes are there once,
and that the rows of the rules are rows of the steps in ``vision.yml``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

from catalog.errors import Label
from catalog.model.codelist import CodeList
from catalog.model.vision import Vision
from catalog.reference.files import problem, read_yaml
from catalog.reference.loader import load_reference

SERVICES = "services.yml"


@dataclass(frozen=True, slots=True)
class Fit:
    """A value that a fact may have, and the steps that it fits."""

    #: the value in words
    label: Label
    #: numbers of the steps; empty if it fits none
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StepRule:
    """What one fact of a record says about its STEP."""

    #: id of the row of :class:`~catalog.model.vision.RolloutStep` that it belongs to
    row: str
    #: name of the fact, a key of ``catalog.reference.service_checks.FACTS``
    fact: str
    #: the fact in words
    label: Label
    #: value -> steps that it fits
    values: Mapping[str, Fit]


@dataclass(frozen=True, slots=True)
class ServiceReference:
    """What service records are read with."""

    #: code lists by id: service_phase, team_role...
    codelists: Mapping[str, CodeList]
    #: the rules, in the order of the rows
    step_rules: tuple[StepRule, ...]


@cache
def load_service_reference() -> ServiceReference:
    """Return the code lists and rules of this installation; read once in a process.

    Raises
    ------
    ReferenceDataError
        If the file breaks its schema or a check.
    """
    return read_service_reference(resources.files("catalog.reference"), load_reference().vision)


def read_service_reference(folder: Traversable, vision: Vision) -> ServiceReference:
    """Return the code lists and rules in ``folder``.

    Raises
    ------
    ReferenceDataError
        If the file is missing, breaks its schema or a check; names path, value and rule.
    """
    raw = read_yaml(folder, SERVICES, "services.schema.json")
    codelists = {one["id"]: CodeList.from_dict(one) for one in raw["codelists"]}
    for one in codelists.values():
        _require_unique(one)
    rows = [row.id for row in vision.steps[0].rows]
    rules = tuple(_rule(one, place, rows) for place, one in enumerate(raw["step_rules"]))
    return ServiceReference(MappingProxyType(codelists), rules)


def _require_unique(codelist: CodeList) -> None:
    for code, times in Counter(codelist.ids).items():
        if times > 1:
            raise problem(SERVICES, f"/codelists/{codelist.id}", code, Label("一度だけ現れること", "It occurs once"))


def _rule(raw: dict[str, Any], place: int, rows: list[str]) -> StepRule:
    if raw["row"] not in rows:
        named = ", ".join(rows)
        rule = Label(f"次のどれかであること: {named}", f"It is one of {named}")
        raise problem(SERVICES, f"/step_rules/{place}/row", raw["row"], rule)
    values = {value: Fit(Label.from_dict(one["label"]), tuple(one["steps"])) for value, one in raw["values"].items()}
    return StepRule(raw["row"], raw["fact"], Label.from_dict(raw["label"]), MappingProxyType(values))
