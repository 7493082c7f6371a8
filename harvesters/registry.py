"""The kinds of sources there are."""

from __future__ import annotations

from functools import cache

from harvesters.base import Harvester


@cache
def harvesters() -> dict[str, Harvester]:
    """Return kind -> harvester, in the order of documentation."""
    from harvesters.mynumber import MyNumber
    from harvesters.procedures import Procedures

    kinds: tuple[Harvester, ...] = (MyNumber(), Procedures())
    return {one.kind: one for one in kinds}
