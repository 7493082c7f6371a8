"""What changed between two releases, observation by observation.

Order of events: bring both tables to the same dimensions, one full join over the key, then everything else is read from
the rows that differ. A dimension that only one of them has is filled with the total ``_T`` on the other side: an
observation without a breakdown is the total of it.

Measured (docs/adr/0041): a full join over two tables of a million rows takes a quarter of a second, EXCEPT both ways
more than twice that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from catalog.formats import read_parquet
from catalog.formats.known import different
from catalog.model import TOTAL, ChangeCounts, DataStructure, base_columns
from catalog.releases.scratch import open_scratch

#: examples of each kind of change that are kept
EXAMPLES = 20

#: status of an observation at which its series breaks (SDMX CL_OBS_STATUS)
BREAK = "B"

_KINDS = ("added", "removed", "revised", "changed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeExample:
    """One observation that differs."""

    #: added, removed, revised (its value differs) or changed (only attributes differ)
    kind: str
    #: dimension -> code
    key: dict[str, str]
    #: measure and attributes that differ, as they were; None if added
    before: dict[str, Any] | None
    #: the same as they are now; None if removed
    after: dict[str, Any] | None

    def to_dict(self) -> dict[str, Any]:
        """Return the example as JSON."""
        return {"kind": self.kind, "key": self.key, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDiff:
    """The difference of two observation tables."""

    #: counts of observations
    counts: ChangeCounts
    #: observations of the old table; 0 if there is none
    before: int
    #: observations of the new table
    after: int
    #: dimension -> codes that the old table used and the new one does not, sorted
    gone: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: dimension -> codes that only the new table uses, sorted
    new: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: dimensions and columns that only the old table has
    columns_gone: tuple[str, ...] = ()
    #: dimensions and columns that only the new table has
    columns_new: tuple[str, ...] = ()
    #: (definition, old unit, new unit) of observations whose unit changed
    units: tuple[tuple[str, str, str], ...] = ()
    #: (definition, period) where a series breaks that did not break there before
    breaks: tuple[tuple[str, str], ...] = ()
    #: the first examples of each kind, in the order of the key
    examples: tuple[ChangeExample, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs, neither observations nor columns."""
        changed = self.counts != ChangeCounts() or self.columns_gone or self.columns_new
        return not changed

    @property
    def revised_share(self) -> float:
        """Share of the old observations whose value was revised or removed; 0 if there were none."""
        touched = self.counts.revised + self.counts.removed
        return touched / self.before if self.before else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the diff as JSON."""
        return {
            "counts": self.counts.to_dict(),
            "before": self.before,
            "after": self.after,
            "revised_share": self.revised_share,
            "gone": {name: list(codes) for name, codes in self.gone.items()},
            "new": {name: list(codes) for name, codes in self.new.items()},
            "columns_gone": list(self.columns_gone),
            "columns_new": list(self.columns_new),
            "units": [list(one) for one in self.units],
            "breaks": [list(one) for one in self.breaks],
            "examples": [one.to_dict() for one in self.examples],
        }


def diff_tables(
    old: Path | pa.Table | None, new: pa.Table, structure: DataStructure, *, examples: int = EXAMPLES
) -> ReleaseDiff:
    """Compare two observation tables.

    Parameters
    ----------
    old
        The table before, or the Parquet file of its release; None if this is the first release.
    new
        The table after, with the columns of ``structure``; keys are unique and not null in both.
    structure
        The structure of the new table.
    examples
        How many examples of each kind to keep.
    """
    if old is None:
        return ReleaseDiff(
            counts=ChangeCounts(added=new.num_rows), before=0, after=new.num_rows, new=_codes_only_in(new, None)
        )
    before = read_parquet(old) if isinstance(old, Path) else old
    with open_changes(before, new, structure) as changes:
        connection = changes.connection
        counts = dict(connection.execute("SELECT kind, count(*) FROM changes GROUP BY kind").fetchall())
        return ReleaseDiff(
            counts=ChangeCounts(
                added=counts.get("added", 0),
                removed=counts.get("removed", 0),
                changed=counts.get("changed", 0) + counts.get("revised", 0),
                revised=counts.get("revised", 0),
            ),
            before=before.num_rows,
            after=new.num_rows,
            gone=_codes_only_in(before, new),
            new=_codes_only_in(new, before),
            columns_gone=_names_only_in(before, new),
            columns_new=_names_only_in(new, before),
            units=_pairs(connection, _UNITS),
            breaks=_pairs(connection, _BREAKS),
            examples=_examples(connection, changes.key, changes.attributes, examples),
        )


@dataclass(frozen=True, slots=True)
class OpenChanges:
    """Two observation tables beside each other, as long as they are open."""

    #: has ``old_table`` and ``new_table``, brought to the same dimensions, and ``changes``: the rows that differ, with
    #: the columns of ``key``, ``old_`` and ``new_`` of each of ``attributes``, ``kind`` as in :class:`ChangeExample`
    connection: duckdb.DuckDBPyConnection
    #: dimensions of either
    key: list[str]
    #: measure and attributes that both have
    attributes: list[str]


@contextmanager
def open_changes(before: pa.Table, new: pa.Table, structure: DataStructure) -> Iterator[OpenChanges]:
    """Join two observation tables for as many questions as there are; the parameters are those of diff_tables."""
    key = _joint_key(before, structure)
    with open_scratch() as connection:
        connection.register("old_table", _with_totals(before, key))
        connection.register("new_table", _with_totals(new, key))
        attributes = [name for name in new.column_names if name not in key and name in before.column_names]
        connection.execute(_changes_sql(key, attributes))
        yield OpenChanges(connection, key, attributes)


_UNITS = """
    SELECT DISTINCT definition_id, old_unit, new_unit FROM changes
    WHERE old_unit <> new_unit ORDER BY ALL
"""

_BREAKS = f"""
    SELECT DISTINCT definition_id, period FROM changes
    WHERE new_obs_status = '{BREAK}' AND old_obs_status IS DISTINCT FROM '{BREAK}' ORDER BY ALL
"""  # noqa: S608


def _changes_sql(key: list[str], attributes: list[str]) -> str:
    on = " AND ".join(f"o.{_quote(name)} = n.{_quote(name)}" for name in key)
    keys = ", ".join(f"coalesce(n.{_quote(name)}, o.{_quote(name)}) AS {_quote(name)}" for name in key)
    sides = ", ".join(
        f"{side[0]}.{_quote(name)} AS {_quote(f'{side}_{name}')}" for name in attributes for side in ("old", "new")
    )
    differs = " OR ".join(f"o.{_quote(name)} IS DISTINCT FROM n.{_quote(name)}" for name in attributes)
    first = _quote(key[0])
    return f"""
        CREATE TEMP TABLE changes AS SELECT {keys}, {sides},
            CASE WHEN o.{first} IS NULL THEN 'added'
                 WHEN n.{first} IS NULL THEN 'removed'
                 WHEN o."value" IS DISTINCT FROM n."value" THEN 'revised'
                 ELSE 'changed' END AS kind
        FROM old_table o FULL JOIN new_table n ON {on}
        WHERE o.{first} IS NULL OR n.{first} IS NULL OR {differs}
    """  # noqa: S608


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _joint_key(before: pa.Table, structure: DataStructure) -> list[str]:
    fixed = {one.name for one in base_columns()}
    old_breakdowns = [name for name in before.column_names if name not in fixed]
    return list(dict.fromkeys([*structure.key, *old_breakdowns]))


def _with_totals(table: pa.Table, key: list[str]) -> pa.Table:
    for name in key:
        if name not in table.column_names:
            table = table.append_column(name, pa.repeat(TOTAL, table.num_rows))
    return table


def _dimensions(table: pa.Table) -> list[str]:
    others = {one.name for one in base_columns() if one.role != "dimension"}
    return [name for name in table.column_names if name not in others]


def _codes_only_in(one: pa.Table, other: pa.Table | None) -> dict[str, tuple[str, ...]]:
    found = {}
    for name in _dimensions(one):
        if other is None or name in other.column_names:
            codes = _codes(one, name) - (_codes(other, name) if other is not None else set())
            if codes:
                found[name] = tuple(sorted(codes))
    return found


def _codes(table: pa.Table, name: str) -> set[str]:
    return set(different(table, name).to_pylist())


def _names_only_in(one: pa.Table, other: pa.Table) -> tuple[str, ...]:
    return tuple(name for name in one.column_names if name not in other.column_names)


def _pairs(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    return tuple(connection.execute(sql).fetchall())


def _examples(
    connection: duckdb.DuckDBPyConnection, key: list[str], attributes: list[str], limit: int
) -> tuple[ChangeExample, ...]:
    order = ", ".join(_quote(name) for name in key)
    found: list[ChangeExample] = []
    for kind in _KINDS:
        sql = f"SELECT * FROM changes WHERE kind = ? ORDER BY {order} LIMIT {limit}"  # noqa: S608
        result = connection.execute(sql, [kind])
        names = [column[0] for column in result.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        found.extend(_example(row, key, attributes) for row in rows)
    return tuple(found)


def _example(row: dict[str, Any], key: list[str], attributes: list[str]) -> ChangeExample:
    shown = [name for name in attributes if row[f"old_{name}"] != row[f"new_{name}"]]
    before = {name: _json(row[f"old_{name}"]) for name in shown}
    after = {name: _json(row[f"new_{name}"]) for name in shown}
    return ChangeExample(
        kind=row["kind"],
        key={name: row[name] for name in key},
        before=None if row["kind"] == "added" else before,
        after=None if row["kind"] == "removed" else after,
    )


def _json(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
