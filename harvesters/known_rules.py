"""All finding rules of the product: those of every kind of source, and those that any run may report."""

from __future__ import annotations

from collections.abc import Iterator

from harvesters import reading
from harvesters.findings import Rule
from harvesters.guards.screen import OBSERVATION_LEFT_OUT
from harvesters.publishing import registering
from harvesters.readers import cells, source_file, tables
from harvesters.readers.detected import DETECTIONS
from harvesters.registry import harvesters

#: rules of the runner and the reader layer
COMMON_RULES: tuple[Rule, ...] = (
    reading.PERIOD_TWICE,
    reading.PERIOD_IN_PARTS,
    reading.PERIOD_DIFFERS,
    reading.OBJECT_GONE,
    reading.SERVICE_TWICE,
    *registering.RULES,
    OBSERVATION_LEFT_OUT,
    *source_file.RULES,
    *tables.RULES,
    *cells.RULES,
    *DETECTIONS.values(),
)


def iter_rules() -> Iterator[Rule]:
    """Yield every rule once; two kinds may have rules of the same id that differ in what to do."""
    kinds = (rule for one in harvesters().values() for rule in one.rules)
    yield from dict.fromkeys([*COMMON_RULES, *kinds])
