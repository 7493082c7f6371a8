"""The data map from the side of the data: which service gives a dataset, and which services take it.

A service says what it takes and gives (:class:`~catalog.model.service.DataMap`). :func:`data_map` turns that round.
Data are the same if they are the same dataset of this catalogue, else if they have the same name, whatever its width.

References
----------
データマップ様式 1.3 (Digital Agency), dataset side: データセット名, データ所管元, データの所在, 提供先サービス,
提供頻度, 提供方式.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from catalog.model.record import Name
from catalog.model.service import DataItem, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class DataUse:
    """One line of the dataset side."""

    #: what the data are called
    name: Name
    #: name of the dataset in this catalogue, or None
    dataset: str | None
    #: the items as the services describe them, each with the id of its service
    items: tuple[tuple[str, DataItem], ...]
    #: ids of the services that give them to others
    providers: tuple[str, ...]
    #: ids of the services that keep them to themselves
    keepers: tuple[str, ...]
    #: ids of the services that take them in, then everybody else who gets them by a provider's account
    takers: tuple[str, ...]

    @property
    def owner(self) -> Name | None:
        """The section that owns them, by the first account that says so."""
        return next((one.owner for _, one in self.items if one.owner), None)

    @property
    def location(self) -> str | None:
        """The system that has them, by the first account that says so."""
        return next((one.location for _, one in self.items if one.location), None)


def data_map(services: Iterable[Service]) -> tuple[DataUse, ...]:
    """Return the dataset side of the data map, in the order of the names."""
    found: dict[str, list[tuple[str, str, DataItem]]] = {}
    for service in services:
        for side in ("inputs", "internal", "outputs"):
            for item in getattr(service.data, side):
                found.setdefault(_key(item), []).append((service.id, side, item))
    return tuple(sorted((_use(entries) for entries in found.values()), key=lambda one: one.name.ja))


def overlap(service: Service) -> tuple[str, ...]:
    """Return the names of data that a service calls both internal and an output; the template allows none."""
    given = {_key(one) for one in service.data.outputs}
    return tuple(one.name.ja for one in service.data.internal if _key(one) in given)


def _key(item: DataItem) -> str:
    if item.dataset:
        return f"dataset {item.dataset}"
    return "".join(unicodedata.normalize("NFKC", item.name.ja).casefold().split())


def _use(entries: list[tuple[str, str, DataItem]]) -> DataUse:
    first = entries[0][2]

    def by(side: str) -> list[str]:
        return [id for id, one, _ in entries if one == side]

    told = [one for _, side, item in entries if side == "outputs" for one in item.recipients]
    return DataUse(
        name=first.name,
        dataset=first.dataset,
        items=tuple((id, item) for id, _, item in entries),
        providers=tuple(dict.fromkeys(by("outputs"))),
        keepers=tuple(dict.fromkeys(by("internal"))),
        takers=tuple(dict.fromkeys([*by("inputs"), *told])),
    )
