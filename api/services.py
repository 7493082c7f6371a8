"""Finding services: what the API and the pages ask for, and how many there are of each kind.

A service passes if it passes every filter; of one filter any of its values will do. The filter by area finds what is
offered there: in the area itself, in an area around it (what is offered in the whole city is offered in its wards) and
in a part of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from catalog.errors import InvalidAreaCode, UnknownCode
from catalog.model.area import AreaList
from catalog.model.service import STEPS, Service
from catalog.query.rejection import Rejection, from_error, rejected, unknown_value
from catalog.reference import Reference
from catalog.reference.services import load_service_reference

#: the filters, in the order in which they are offered
FILTERS = ("smart", "step", "phase", "area")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFilter:
    """What is asked for; an empty filter lets everything pass."""

    #: ids of Smarts, or overall
    smart: frozenset[str] = frozenset()
    #: numbers of steps, as text
    step: frozenset[str] = frozenset()
    #: codes of phases
    phase: frozenset[str] = frozenset()
    #: codes of all areas above and below the ones that are asked for, and these themselves
    area: frozenset[str] = frozenset()

    def passes(self, service: Service) -> bool:
        """Return whether a service is asked for."""
        has = values_of(service)
        return all(not getattr(self, name) or bool(getattr(self, name) & has[name]) for name in FILTERS)


def values_of(service: Service) -> Mapping[str, frozenset[str]]:
    """Return filter -> the values that a service has."""
    return {
        "smart": frozenset(service.smarts),
        "step": frozenset(() if service.step is None else (str(service.step),)),
        "phase": frozenset((service.phase,)),
        "area": frozenset(service.areas),
    }


def read_filter(asked: Mapping[str, Collection[str]], reference: Reference) -> ServiceFilter:
    """Read what is asked for.

    Parameters
    ----------
    asked
        Filter -> values; area codes as people write them.
    reference
        Smarts and areas.

    Raises
    ------
    QueryError
        If a value does not exist; names all such values and the nearest of each.
    """
    given = {name: [one for one in asked.get(name, ()) if one] for name in FILTERS}
    known = known_values(reference)
    wrong = [unknown_value(name, one, known[name]) for name in known for one in given[name] if one not in known[name]]
    areas, unknown = _areas(given["area"], reference.areas)
    if wrong or unknown:
        raise rejected([*wrong, *unknown])
    return ServiceFilter(area=areas, **{name: frozenset(given[name]) for name in known})


def known_values(reference: Reference) -> dict[str, list[str]]:
    """Return the values that there are of every filter but the area, in their order."""
    return {
        "smart": [one.id for one in reference.vision.groups],
        "step": [str(one) for one in STEPS],
        "phase": list(load_service_reference().codelists["service_phase"].ids),
    }


def _areas(codes: Collection[str], areas: AreaList) -> tuple[frozenset[str], list[Rejection]]:
    related: set[str] = set()
    wrong: list[Rejection] = []
    for text in codes:
        try:
            code = areas.get(areas.parse_code(text).code).code
        except (InvalidAreaCode, UnknownCode) as error:
            wrong.append(from_error("area", text, error))
        else:
            related.update(one.code for one in areas.within(code))
            related.update(_above(areas, code))
    return frozenset(related), wrong


def _above(areas: AreaList, code: str) -> list[str]:
    found, parent = [], areas.get(code).parent
    while parent is not None:
        found.append(parent)
        parent = areas.get(parent).parent
    return found


def count_values(services: Iterable[Service]) -> dict[str, dict[str, int]]:
    """Return filter -> value -> how many services have it."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in FILTERS}
    for service in services:
        for name, values in values_of(service).items():
            counts[name].update(values)
    return {name: dict(sorted(count.items())) for name, count in counts.items()}
