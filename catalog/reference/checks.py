"""What the schemas cannot say: every id that is referred to exists, numbers run through, totals agree.

:data:`CHECKS` is the list; each check raises :class:`~catalog.errors.ReferenceDataError` at the first value that breaks
its rule. ``docs/reference-data.md`` explains them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.errors import Label
from catalog.model.area import PARENT_LEVELS, AreaList, check_digit
from catalog.model.codelist import CodeList
from catalog.model.indicator import OVERALL, IndicatorPair, IndicatorSet
from catalog.model.observation import COUNTRY
from catalog.model.vision import Vision
from catalog.reference.files import problem

INDICATORS = "indicators.yml"
VISION = "vision.yml"
AREAS = "areas.csv"
CODELISTS = "codelists.yml"


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything that was read, before anybody may use it."""

    #: the indicators
    indicator_set: IndicatorSet
    #: the tree they hang on
    vision: Vision
    #: the areas
    areas: AreaList
    #: the code lists by id
    codelists: Mapping[str, CodeList]
    #: file -> the totals that the file states of itself
    totals: Mapping[str, Mapping[str, Any]]


def check(loaded: Loaded) -> None:
    """Run all checks.

    Raises
    ------
    ReferenceDataError
        At the first value that breaks a rule; names file, path, value and rule.
    """
    for one in CHECKS:
        one(loaded)


def _totals(loaded: Loaded) -> None:
    indicators, vision = loaded.indicator_set, loaded.vision
    tracks = vision.roadmap.tracks
    counted: dict[str, dict[str, Any]] = {
        INDICATORS: {"indicators": len(indicators.indicators), "pairs": len(indicators.pairs)},
        VISION: {
            "target_states": {smart.id: len(smart.target_states) for smart in vision.smarts},
            "themes": len(vision.themes),
            "roadmap_items": sum(len(one.items) for one in tracks) + len(vision.roadmap.shared),
            "steps": len(vision.steps),
        },
    }
    for file, stated in loaded.totals.items():
        for key, total in stated.items():
            if counted[file][key] != total:
                rule = Label(f"{key} の数は {counted[file][key]} です", f"There are {counted[file][key]} {key}")
                raise problem(file, f"/totals/{key}", total, rule)


def _indicator_numbers(loaded: Loaded) -> None:
    for number, one in enumerate(loaded.indicator_set.indicators, 1):
        if (one.number, one.id) != (number, f"kpi-{number:02d}"):
            rule = Label(f"順に {number}、kpi-{number:02d} であること", f"Here stands {number}, kpi-{number:02d}")
            raise problem(INDICATORS, f"/indicators/{number - 1}", f"{one.number}, {one.id}", rule)


def _definitions(loaded: Loaded) -> None:
    units = loaded.codelists["unit"]
    for indicator in loaded.indicator_set.indicators:
        path = f"/indicators/{indicator.id}/definitions"
        _unique(INDICATORS, path, indicator.definition_ids)
        for one in indicator.definitions:
            _known(INDICATORS, f"{path}/{one.id}/unit", one.unit, units.ids)
            if not one.id.startswith(f"{indicator.id}."):
                rule = Label(f"{indicator.id}. で始まること", f"It begins with {indicator.id}.")
                raise problem(INDICATORS, path, one.id, rule)


def _groups(loaded: Loaded) -> None:
    smarts = [one.id for one in loaded.vision.smarts]
    groups = [one.id for one in loaded.vision.groups]
    if groups != [OVERALL, *smarts]:
        rule = Label(f"{OVERALL} と五つのスマートの順", f"{OVERALL}, then the Smarts in their order")
        raise problem(VISION, "/groups", groups, rule)
    for one in loaded.indicator_set.indicators:
        _known(INDICATORS, f"/indicators/{one.id}/smart", one.smart, groups)


def _target_states(loaded: Loaded) -> None:
    for smart in loaded.vision.smarts:
        expected = [f"{smart.id}-{number}" for number in range(1, len(smart.target_states) + 1)]
        found = [one.id for one in smart.target_states]
        if found != expected:
            rule = Label(f"順に {expected}", f"In order: {expected}")
            raise problem(VISION, f"/smarts/{smart.id}/target_states", found, rule)
    states = {one.id: one.smart for one in loaded.vision.target_states}
    for indicator in loaded.indicator_set.indicators:
        path = f"/indicators/{indicator.id}/target_states"
        for state in indicator.target_states:
            _known(INDICATORS, path, state, [one for one, smart in states.items() if smart == indicator.smart])


def _pairs(loaded: Loaded) -> None:
    _unique(INDICATORS, "/pairs", [one.id for one in loaded.indicator_set.pairs])
    for pair in loaded.indicator_set.pairs:
        path = f"/pairs/{pair.id}"
        for kind in ("subjective", "objective"):
            members = [
                one.id for one in loaded.indicator_set.indicators if one.kind == kind and one.smart == pair.smart
            ]
            _known(INDICATORS, f"{path}/{kind}", getattr(pair, kind), members)
        numbers = f"{int(pair.subjective[4:])}-{int(pair.objective[4:])}"
        if pair.id != numbers:
            raise problem(INDICATORS, f"{path}/id", pair.id, Label(f"{numbers} であること", f"It is {numbers}"))
        if not _comparability_holds(pair):
            raise problem(INDICATORS, f"{path}/comparability", pair.comparability, _COMPARABILITY)


_COMPARABILITY = Label(
    "事柄が別ならC。Aは同じ母集団・同じ回答者に限る。他はB以下",
    "C exactly if the subjects differ; A needs the same population and the same respondents",
)


def _comparability_holds(pair: IndicatorPair) -> bool:
    if (pair.topic_match == "loose") != (pair.comparability == "C"):
        return False
    return pair.comparability != "A" or (pair.same_population and pair.same_respondents)


def _roadmap(loaded: Loaded) -> None:
    roadmap = loaded.vision.roadmap
    horizons = [one.id for one in roadmap.horizons]
    for path, items in [*((one.id, one.items) for one in roadmap.tracks), ("shared", roadmap.shared)]:
        for item in items:
            _known(VISION, f"/roadmap/{path}", item.horizon, horizons)


def _steps(loaded: Loaded) -> None:
    rows = [one.id for one in loaded.vision.steps[0].rows]
    for number, step in enumerate(loaded.vision.steps, 1):
        found = [one.id for one in step.rows]
        if step.number != number or found != rows:
            rule = Label(f"STEP{number} の行は {rows}", f"This is step {number} with the rows {rows}")
            raise problem(VISION, f"/steps/{number - 1}", f"{step.number}: {found}", rule)


def _area_codes(loaded: Loaded) -> None:
    _unique(AREAS, "area_code", [one.code for one in loaded.areas])
    for row, one in enumerate(loaded.areas, 2):
        expected = one.code[:5] + check_digit(one.code[:5])
        if one.code not in (expected, COUNTRY):
            rule = Label(f"検査数字が合うこと（{expected}）", f"The check digit is right ({expected})")
            raise problem(AREAS, f"row {row}, column area_code", one.code, rule)


def _area_parents(loaded: Loaded) -> None:
    for row, one in enumerate(loaded.areas, 2):
        allowed = PARENT_LEVELS[one.level]
        above = loaded.areas.find(one.parent) if one.parent else None
        if (above.level if above else None) not in (allowed or (None,)):
            levels = ", ".join(allowed) or "-"
            rule = Label(f"上の階層（{levels}）の地域のコード", f"The code of an area of the level above ({levels})")
            raise problem(AREAS, f"row {row}, column parent", one.parent, rule)


def _codes(loaded: Loaded) -> None:
    for one in loaded.codelists.values():
        _unique(f"codelists/{one.id}.csv", "code", one.ids)
    for status in loaded.codelists["obs_status"]:
        if status.value is None:
            rule = Label("値の有無の規則があること", "It has a rule on values")
            raise problem("codelists/obs_status.csv", "value", status.code, rule)
    for level in PARENT_LEVELS:
        if level not in loaded.codelists["level"]:
            rule = Label(f"{level} があること", f"It has {level}")
            raise problem("codelists/level.csv", "code", loaded.codelists["level"].ids, rule)


def _known(file: str, path: str, value: Any, allowed: Iterable[Any]) -> None:
    allowed = list(allowed)
    if value not in allowed:
        named = ", ".join(str(one) for one in allowed)
        raise problem(file, path, value, Label(f"次のどれかであること: {named}", f"It is one of {named}"))


def _unique(file: str, path: str, values: Iterable[str]) -> None:
    for value, times in Counter(values).items():
        if times > 1:
            raise problem(file, path, value, Label("一度だけ現れること", "It occurs once"))


#: all checks, in the order in which they run
CHECKS: tuple[Callable[[Loaded], None], ...] = (
    _codes,
    _area_codes,
    _area_parents,
    _groups,
    _indicator_numbers,
    _definitions,
    _target_states,
    _pairs,
    _roadmap,
    _steps,
    _totals,
)
