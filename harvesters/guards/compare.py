"""Guards that hold one release against the one before it.

What is compared are the periods that a step touches: those that its contributions bring. A period that is published
already is compared with itself; a new one with the period before it, of the same form and definition.

Measured on 35 releases of real figures: docs/adr/0150.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import Label, Place
from catalog.formats import read_parquet
from catalog.model import DataStructure, parse_period
from catalog.releases.diff import ReleaseDiff
from catalog.releases.scratch import open_scratch
from harvesters.guards.declared import (
    EXAMPLES_KEPT,
    FUTURE_PERIOD,
    REVISION,
    ROW_LOSS,
    SCHEMA_CHANGE,
    UNIT_JUMP,
    VALUE_RANGE,
    GuardExample,
    Limits,
    Trip,
)

#: a change of this many times, or its inverse, is one of unit
JUMP_FROM, JUMP_TO = 50, 200

#: status of a forecast (SDMX CL_OBS_STATUS)
_FORECAST = "F"
_JAPAN = timezone(timedelta(hours=9))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One step, beside what is published before it."""

    #: structure of the new release
    structure: DataStructure
    #: what is before it; None for the first release
    before: Path | pa.Table | None
    #: everything that would be known then
    after: pa.Table
    #: the periods that the step touches
    periods: tuple[str, ...]
    #: names of the objects that bring it
    objects: tuple[str, ...]
    #: from before to after
    diff: ReleaseDiff
    #: share of the past that the dataset declares as revisable
    revision_share: float
    #: the time, with offset
    now: datetime

    @property
    def place(self) -> Place:
        """The file that brings the step, if it is one."""
        return Place(file=self.objects[0]) if len(self.objects) == 1 else Place()


def compare(step: Comparison, limits: Limits) -> list[Trip]:
    """Return what the guards say about a step, in the order of :data:`~harvesters.guards.declared.GUARDS`."""
    with open_scratch() as connection:
        connection.register("touched", _periods_table(step.periods))
        connection.register("after_all", step.after)
        connection.execute("CREATE VIEW after_table AS SELECT * FROM after_all SEMI JOIN touched USING (period)")
        trips = [*_schema(step, limits), *_ranges(step, limits, connection), *_future(step, limits, connection)]
        if step.before is not None and not step.diff.columns_gone and not step.diff.columns_new:
            before = read_parquet(step.before) if isinstance(step.before, Path) else step.before
            connection.register("before_table", before)
            connection.register("before_periods", _periods_table(pc.unique(before["period"]).to_pylist()))
            trips += [*_row_loss(step, limits, connection), *_unit_jump(step, limits, connection)]
        return trips + list(_revision(step, limits))


def _periods_table(periods: Sequence[str]) -> pa.Table:
    parsed = [parse_period(one) for one in periods]
    return pa.table(
        {
            "period": pa.array([one.text for one in parsed], pa.string()),
            "form": pa.array([one.form for one in parsed], pa.string()),
            "start": pa.array([one.start for one in parsed], pa.date32()),
            "end": pa.array([one.end for one in parsed], pa.date32()),
        }
    )


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
    result = connection.execute(sql, list(values))
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _schema(step: Comparison, limits: Limits) -> Iterator[Trip]:
    if not limits.is_on(SCHEMA_CHANGE) or step.before is None:
        return
    diff = step.diff
    gone = [*diff.columns_gone, *_codes(diff.gone)]
    new = [name for name in diff.columns_new if name in step.structure.key]
    if limits.limit(SCHEMA_CHANGE) == "any":
        new += [name for name in (*diff.columns_new, *_codes(diff.new)) if name not in new]
    if gone or new:
        yield Trip(
            guard=SCHEMA_CHANGE,
            what=Label(
                f"データセットの形が変わります（なくなる: {_named(gone)}、増える: {_named(new)}）",
                f"The form of the dataset would change (gone: {_named(gone)}; new: {_named(new)})",
            ),
            figures={"gone": gone, "new": new},
            examples=tuple(
                [GuardExample(place=step.place, before=one) for one in gone]
                + [GuardExample(place=step.place, after=one) for one in new]
            )[:EXAMPLES_KEPT],
            total=len(gone) + len(new),
        )


def _ranges(step: Comparison, limits: Limits, connection: duckdb.DuckDBPyConnection) -> Iterator[Trip]:
    ranges = limits.limit(VALUE_RANGE) if limits.is_on(VALUE_RANGE) else {}
    key = ", ".join(_quote(name) for name in step.structure.key)
    for name, (low, high) in ranges.items():
        where = "(definition_id = $1 OR indicator_id = $1) AND NOT value BETWEEN $2 AND $3"
        sql = f"SELECT {key}, value, count(*) OVER () AS total FROM after_table WHERE {where} ORDER BY {key}"  # noqa: S608
        found = _rows(connection, f"{sql} LIMIT {EXAMPLES_KEPT}", (name, low, high))
        if found:
            total = found[0]["total"]
            yield Trip(
                guard=VALUE_RANGE,
                what=Label(
                    f"{name} の {total} 個の値が {low:g}〜{high:g} の外にあります",
                    f"{total} values of {name} are outside {low:g} to {high:g}",
                ),
                figures={"definition": name, "limit": [low, high], "total": total},
                examples=tuple(_observation(step, row, None, row["value"]) for row in found),
                total=total,
            )


def _future(step: Comparison, limits: Limits, connection: duckdb.DuckDBPyConnection) -> Iterator[Trip]:
    if not limits.is_on(FUTURE_PERIOD):
        return
    last = step.now.astimezone(_JAPAN).date() + timedelta(days=limits.limit(FUTURE_PERIOD))
    sql = f"""
        SELECT period, count(*) AS number FROM after_table JOIN touched USING (period)
        WHERE "start" > $1 AND obs_status <> '{_FORECAST}' GROUP BY period, "start" ORDER BY "start"
    """  # noqa: S608
    found = _rows(connection, sql, (last,))
    if found:
        periods, total = [row["period"] for row in found], sum(row["number"] for row in found)
        yield Trip(
            guard=FUTURE_PERIOD,
            what=Label(
                f"{_named(periods)} の {total} 個の値は、{last.isoformat()} より後に始まる時点のものです",
                f"{total} values of {_named(periods)} are of periods that begin after {last.isoformat()}",
            ),
            figures={
                "periods": periods,
                "total": total,
                "limit": limits.limit(FUTURE_PERIOD),
                "last": last.isoformat(),
            },
            examples=tuple(
                GuardExample(place=step.place, key={"period": row["period"]}, after=row["number"])
                for row in found[:EXAMPLES_KEPT]
            ),
            total=len(found),
        )


def _named(texts: Sequence[str]) -> str:
    return ", ".join(texts[:3]) + (" ..." if len(texts) > 3 else "") if texts else "0"


def _codes(changed: Mapping[str, Sequence[str]]) -> list[str]:
    return [code for name in ("indicator_id", "definition_id") for code in changed.get(name, ())]


#: observations of each definition and touched period, and of the same period, or the one before it, as published
_LOSS = """
    WITH known AS (
        SELECT definition_id, period, form, "end", count(*) AS number
        FROM before_table JOIN before_periods USING (period) GROUP BY ALL
    ), coming AS (
        SELECT definition_id, period, form, "end", count(*) AS number
        FROM after_table JOIN touched USING (period) GROUP BY ALL
    ), expected AS (
        SELECT definition_id, period, period AS base, number AS before FROM known SEMI JOIN touched USING (period)
        UNION ALL
        SELECT n.definition_id, n.period, arg_max(t.period, t."end"), arg_max(t.number, t."end")
        FROM coming n JOIN known t ON t.definition_id = n.definition_id AND t.form = n.form AND t."end" < n."end"
        WHERE NOT EXISTS (SELECT 1 FROM known s WHERE s.definition_id = n.definition_id AND s.period = n.period)
        GROUP BY n.definition_id, n.period
    )
    SELECT e.definition_id, e.period, e.base, e.before, coalesce(n.number, 0) AS after
    FROM expected e LEFT JOIN coming n USING (definition_id, period)
    ORDER BY coalesce(n.number, 0) / e.before, e.definition_id, e.period
"""


def _row_loss(step: Comparison, limits: Limits, connection: duckdb.DuckDBPyConnection) -> Iterator[Trip]:
    if not limits.is_on(ROW_LOSS):
        return
    limit = limits.limit(ROW_LOSS)
    lost = [row for row in _rows(connection, _LOSS) if 1 - row["after"] / row["before"] > limit]
    if not lost:
        return
    worst = lost[0]
    share = 1 - worst["after"] / worst["before"]
    same = worst["base"] == worst["period"]
    yield Trip(
        guard=ROW_LOSS,
        what=Label(
            f"{worst['definition_id']} の {worst['period']} の観測値が"
            f"{'公開済み' if same else worst['base']}の {worst['before']} 個から {worst['after']} 個に"
            f"減ります（{_percent(share)}減、上限 {_percent(limit)}）",
            f"{worst['definition_id']} {worst['period']} would have {worst['after']} observations, "
            f"{'published are' if same else worst['base'] + ' had'} {worst['before']} "
            f"({_percent(share)} lost, limit {_percent(limit)})",
        ),
        figures={
            "definition": worst["definition_id"],
            "period": worst["period"],
            "base": worst["base"],
            "before": worst["before"],
            "after": worst["after"],
            "share": round(share, 6),
            "limit": limit,
        },
        examples=_lost_keys(step, worst, connection),
        total=worst["before"] - worst["after"],
    )


def _lost_keys(
    step: Comparison, worst: dict[str, Any], connection: duckdb.DuckDBPyConnection
) -> tuple[GuardExample, ...]:
    series = [name for name in step.structure.key if name != "period"]
    listed = ", ".join(_quote(name) for name in series)
    sql = f"""
        SELECT {listed}, $3 AS period, value FROM before_table WHERE definition_id = $1 AND period = $2
        AND ({listed}) NOT IN (SELECT ({listed}) FROM after_table WHERE period = $3)
        ORDER BY {listed} LIMIT {EXAMPLES_KEPT}
    """  # noqa: S608
    found = _rows(connection, sql, (worst["definition_id"], worst["base"], worst["period"]))
    return tuple(_observation(step, row, row["value"], None) for row in found)


def _unit_jump(step: Comparison, limits: Limits, connection: duckdb.DuckDBPyConnection) -> Iterator[Trip]:
    if not limits.is_on(UNIT_JUMP):
        return
    limit = limits.limit(UNIT_JUMP)
    _create_pairs(step, connection)
    jumped = f"(ratio BETWEEN {JUMP_FROM} AND {JUMP_TO} OR ratio BETWEEN 1.0/{JUMP_TO} AND 1.0/{JUMP_FROM})"
    sql = f"""
        SELECT definition_id, period, count(*) AS pairs, count(*) FILTER ({jumped}) AS jumps,
               median(ratio) FILTER ({jumped}) AS ratio
        FROM linked GROUP BY ALL HAVING jumps > 0 AND jumps > $1 * pairs
        ORDER BY jumps / pairs DESC, definition_id, period
    """  # noqa: S608
    found = _rows(connection, sql, (limit,))
    if not found:
        return
    worst = found[0]
    key = ", ".join(_quote(name) for name in step.structure.key)
    listed = f"""
        SELECT {key}, old, new FROM linked WHERE definition_id = $1 AND period = $2 AND {jumped}
        ORDER BY {key} LIMIT {EXAMPLES_KEPT}
    """  # noqa: S608
    times = f"{worst['ratio']:.3g}"
    yield Trip(
        guard=UNIT_JUMP,
        what=Label(
            f"{worst['definition_id']} の {worst['period']} の {worst['pairs']} 系列のうち {worst['jumps']} 系列が"
            f"前の値の約 {times} 倍です（上限 {_percent(limit)}）",
            f"{worst['jumps']} of {worst['pairs']} series of {worst['definition_id']} {worst['period']} are about "
            f"{times} times their value before (limit {_percent(limit)})",
        ),
        figures={
            "definition": worst["definition_id"],
            "period": worst["period"],
            "before": worst["pairs"],
            "after": worst["jumps"],
            "ratio": round(worst["ratio"], 6),
            "share": round(worst["jumps"] / worst["pairs"], 6),
            "limit": limit,
        },
        examples=tuple(
            _observation(step, row, row["old"], row["new"])
            for row in _rows(connection, listed, (worst["definition_id"], worst["period"]))
        ),
        total=sum(row["jumps"] for row in found),
    )


def _create_pairs(step: Comparison, connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table of touched values, each beside what is published of its series for the latest period till then."""
    key = [_quote(name) for name in step.structure.key]
    on = " AND ".join(f"a.{name} = b.{name}" for name in key if name != '"period"')
    connection.execute(f"""
        CREATE TEMP TABLE linked AS
        WITH known AS (SELECT t.*, p.form, p."end" FROM before_table t JOIN before_periods p USING (period)),
             fresh AS (SELECT t.*, p.form, p."end" FROM after_table t JOIN touched p USING (period))
        SELECT {", ".join(f"a.{name}" for name in key)}, any_value(a.value) AS new,
               arg_max(b.value, b."end") AS old, any_value(a.value) / arg_max(b.value, b."end") AS ratio
        FROM fresh a JOIN known b ON {on} AND a.form = b.form AND b."end" <= a."end" AND a.unit = b.unit
        WHERE a.value <> 0 AND b.value <> 0 GROUP BY {", ".join(f"a.{name}" for name in key)}
    """)  # noqa: S608


def _revision(step: Comparison, limits: Limits) -> Iterator[Trip]:
    if not limits.is_on(REVISION):
        return
    given = limits.limit(REVISION)
    limit = step.revision_share if given is None else given
    diff = step.diff
    if diff.revised_share <= limit:
        return
    touched = diff.counts.revised + diff.counts.removed
    yield Trip(
        guard=REVISION,
        what=Label(
            f"公開済みの {diff.before} 個の値のうち {touched} 個（{_percent(diff.revised_share)}）が改訂・削除されます"
            f"（上限 {_percent(limit)}）",
            f"{touched} of {diff.before} published values ({_percent(diff.revised_share)}) would be revised or removed "
            f"(limit {_percent(limit)})",
        ),
        figures={
            "before": diff.before,
            "revised": diff.counts.revised,
            "removed": diff.counts.removed,
            "share": round(diff.revised_share, 6),
            "limit": limit,
        },
        examples=tuple(
            GuardExample(
                place=step.place,
                key=one.key,
                before=(one.before or {}).get("value"),
                after=(one.after or {}).get("value"),
            )
            for one in diff.examples
            if one.kind in {"revised", "removed"}
        )[:EXAMPLES_KEPT],
        total=touched,
    )


def _observation(step: Comparison, row: dict[str, Any], before: Any, after: Any) -> GuardExample:
    key = {name: row[name] for name in step.structure.key}
    return GuardExample(place=step.place, key=key, before=_json(before), after=_json(after))


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
