"""The cells of what a guard found: a key says which observation, a cell says where to correct it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from catalog.errors import Place
from harvesters.base import Contribution
from harvesters.guards.declared import GuardExample, Trip


def located(trips: Iterable[Trip], contributions: Sequence[Contribution]) -> list[Trip]:
    """Return trips whose examples say file, sheet and cell, where an observation came from a file that has them.

    What is gone from the source has no cell, and keeps the name of the file that should have it.
    """
    return [replace(one, examples=_located(one.examples, contributions)) for one in trips]


def _located(examples: Sequence[GuardExample], contributions: Sequence[Contribution]) -> tuple[GuardExample, ...]:
    coming = [one for one in examples if one.key]
    places = find_places(contributions, [one.key for one in coming])
    known = {id(one): places[i] for i, one in enumerate(coming) if i in places}
    return tuple(replace(one, place=known.get(id(one), one.place)) for one in examples)


def find_places(contributions: Sequence[Contribution], keys: Sequence[Mapping[str, Any]]) -> dict[int, Place]:
    """Return number of a key -> where its observation stands, as the last contribution that has it says."""
    found: dict[int, Place] = {}
    for contribution in contributions if keys else ():
        for one in contribution.places:
            found |= one.find(keys)
    return found
