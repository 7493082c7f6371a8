"""The guard that keeps what a rollback withdrew from coming back by itself.

A rollback publishes the observations of an earlier release again. What it withdrew are the observations in which the
release that was current differs from that earlier one: values that came, changed or went. A proposal in which one of
them is again as it was withdrawn is held. Corrected figures differ from the withdrawn ones and go through.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from catalog.errors import Label
from catalog.formats import read_parquet
from catalog.model import Dataset
from catalog.releases.scratch import open_scratch
from harvesters.guards.declared import EXAMPLES_KEPT, ROLLED_BACK, GuardExample, Limits, Trip
from harvesters.publishing.chain import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A rollback that stands."""

    #: version of the withdrawn release, and of the one that was published again
    withdrawn_version: str
    restored_version: str
    #: their observations
    withdrawn: Path
    restored: Path
    #: how the dataset was described in the withdrawn release
    described: Dataset
    #: who did it, when and why, for people
    by: str
    decided: str
    reason: str


def withdrawn_trip(step: Step, withdrawal: Withdrawal, limits: Limits) -> Trip | None:
    """Return what the guard says about the observations that would be published; None if nothing comes back."""
    if not limits.is_on(ROLLED_BACK):
        return None
    with open_scratch() as connection:
        total, differing, rows = _returning(step, withdrawal, connection)
    described_again = not differing and step.dataset.to_dict() == withdrawal.described.to_dict()
    if not total and not described_again:
        return None
    return Trip(
        guard=ROLLED_BACK,
        what=Label(
            f"取り下げた版 {withdrawal.withdrawn_version} の値 {differing} 個のうち {total} 個が、もう一度公開されます"
            f"（{withdrawal.decided} に {withdrawal.by} が取り下げ: {withdrawal.reason}）",
            f"{total} of {differing} values of the withdrawn version {withdrawal.withdrawn_version} would be published "
            f"again (withdrawn {withdrawal.decided} by {withdrawal.by}: {withdrawal.reason})",
        ),
        figures={
            "withdrawn_version": withdrawal.withdrawn_version,
            "restored_version": withdrawal.restored_version,
            "before": differing,
            "after": total,
            "reason": withdrawal.reason,
        },
        examples=tuple(rows),
        total=total,
    )


def _returning(
    step: Step, withdrawal: Withdrawal, connection: duckdb.DuckDBPyConnection
) -> tuple[int, int, list[GuardExample]]:
    """Return how many withdrawn observations come back, how many there are, and the first that come back."""
    tables = {
        "withdrawn": read_parquet(withdrawal.withdrawn),
        "restored": read_parquet(withdrawal.restored),
        "proposed": step.table,
    }
    key = [name for name in step.dataset.structure.key if all(name in one.column_names for one in tables.values())]
    for name, table in tables.items():
        connection.register(name, table)
    quoted = [f'"{name}"' for name in key]
    using = ", ".join(quoted)
    connection.execute(f"""
        CREATE TEMP TABLE sides AS
        SELECT {using}, w.value AS w, r.value AS r, p.value AS p,
               w.there IS NOT NULL AS in_w, r.there IS NOT NULL AS in_r, p.there IS NOT NULL AS in_p
        FROM (SELECT *, 1 AS there FROM withdrawn) w
        FULL JOIN (SELECT *, 1 AS there FROM restored) r USING ({using})
        FULL JOIN (SELECT *, 1 AS there FROM proposed) p USING ({using})
    """)  # noqa: S608
    differs = "(in_w <> in_r OR w IS DISTINCT FROM r)"
    returns = f"{differs} AND in_w = in_p AND w IS NOT DISTINCT FROM p"
    counts = connection.execute(
        f"SELECT count(*) FILTER ({returns}), count(*) FILTER ({differs}) FROM sides"  # noqa: S608
    ).fetchone() or (0, 0)
    found = connection.execute(
        f"SELECT {using}, r, p FROM sides WHERE {returns} ORDER BY {using} LIMIT {EXAMPLES_KEPT}"  # noqa: S608
    ).fetchall()
    return counts[0], counts[1], [_example(key, row) for row in found]


def _example(key: list[str], row: tuple[Any, ...]) -> GuardExample:
    return GuardExample(key=dict(zip(key, row[: len(key)], strict=True)), before=row[-2], after=row[-1])
