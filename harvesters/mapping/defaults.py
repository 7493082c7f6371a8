"""What a kind of source knows of its columns by itself, so that harvest.yml says the rest only.

A protocol names its columns: e-Stat has ``area`` and ``time``, SDMX has ``REF_AREA`` and ``OBS_VALUE``. Its kind
declares them as a mapping of its own, and what the option ``mapping`` of a source says goes before that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harvesters.mapping import MAPPING, MAPPING_OPTIONS, TableMapping, read_mapping
from harvesters.options import Option

#: keys of ``value`` that say where it is
_PLACED = frozenset({"const", "column", "columns", "from"})


def mapping_options(defaults: Mapping[str, Any]) -> tuple[Option, ...]:
    """Return the options of mapped kinds, with a mapping that begins with what the kind knows."""

    def parse(raw: Any) -> TableMapping:
        return read_mapping(merge_mapping(defaults, raw))

    known = replace(MAPPING, parse=parse)
    return tuple(replace(one, type=known) if one.name == "mapping" else one for one in MAPPING_OPTIONS)


def merge_mapping(defaults: Mapping[str, Any], raw: Any) -> Any:
    """Return the mapping of a source with the kind's own below it; what is no mapping comes back as it is.

    A source that places its values elsewhere, or in several columns, loses the kind's column of values and keeps its
    unit.
    """
    if not isinstance(raw, Mapping) or not isinstance(raw.get("value", {}), Mapping):
        return raw
    given = raw.get("value", {})
    elsewhere = "columns_as" in raw or not _PLACED.isdisjoint(given)
    value = {key: one for key, one in defaults["value"].items() if not (elsewhere and key in _PLACED)}
    return {**defaults, **raw, "value": {**value, **given}}
