"""The series that a proposal touches, over time, before and after; only where they are few enough to be looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.model import TOTAL, Dataset, Period, parse_period
from catalog.releases.diff import OpenChanges

#: series that are drawn at most; more are a histogram
TRENDS_MOST = 12
#: the newest periods of a series that are drawn
PERIODS_MOST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """One period of a series."""

    #: the period
    period: Period
    #: added, revised, changed, removed, or same
    kind: str
    #: value as published and as it would be; None if there is none, or no such observation
    before: float | None
    after: float | None
    #: status as it would be, as published if it is removed
    status: str

    @property
    def is_gap(self) -> bool:
        """Whether there is an observation without a value, such as a suppressed one."""
        return self.after is None and self.kind != "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """One series."""

    #: dimension -> code, without the period
    key: Mapping[str, str]
    #: code of the unit
    unit: str
    #: in the order of time
    points: tuple[TrendPoint, ...]
    #: published figures in another unit, which are not drawn
    other_unit: int = 0


def trends_of(changes: OpenChanges, dataset: Dataset) -> tuple[list[Trend], bool]:
    """Return the touched series if they are few, or else those that break nothing down, and whether it is so."""
    names = [name for name in changes.key if name != "period"]
    listed = ", ".join(map(_quote, names))
    breakdowns = [name for name in names if name in {one.id for one in dataset.structure.breakdowns}]
    totals = " AND ".join(f"{_quote(name)} = '{TOTAL}'" for name in breakdowns)
    for condition in dict.fromkeys(["true", totals or "true"]):
        sql = f"SELECT DISTINCT {listed} FROM changes WHERE {condition} ORDER BY ALL LIMIT {TRENDS_MOST + 1}"  # noqa: S608
        found = changes.connection.execute(sql).fetchall()
        if 0 < len(found) <= TRENDS_MOST:
            series = [dict(zip(names, row, strict=True)) for row in found]
            return [_trend(changes, one) for one in series], condition != "true"
    return [], False


def _trend(changes: OpenChanges, key: Mapping[str, str]) -> Trend:
    where = " AND ".join(f"{_quote(name)} = ?" for name in key)
    sql = f"""
        WITH o AS (SELECT period, value, unit, obs_status FROM old_table WHERE {where}),
             n AS (SELECT period, value, unit, obs_status FROM new_table WHERE {where}),
             c AS (SELECT period, kind FROM changes WHERE {where})
        SELECT period, coalesce(c.kind, 'same'), o.value, n.value, coalesce(n.obs_status, o.obs_status), o.unit, n.unit
        FROM o FULL JOIN n USING (period) LEFT JOIN c USING (period)
    """  # noqa: S608
    rows = changes.connection.execute(sql, [*key.values()] * 3).fetchall()
    ordered = sorted(((parse_period(row[0]), *row[1:]) for row in rows), key=lambda row: row[0].end)[-PERIODS_MOST:]
    unit = _unit([row[6] or row[5] for row in ordered])
    points = [
        TrendPoint(
            period=period,
            kind=kind,
            before=before if before_unit == unit else None,
            after=after if after_unit == unit else None,
            status=status,
        )
        for period, kind, before, after, status, before_unit, after_unit in ordered
    ]
    other = sum(one not in (unit, None) for row in ordered for one in row[5:7])
    return Trend(key=key, unit=unit, points=tuple(points), other_unit=other)


def _unit(units: Sequence[str]) -> str:
    """Return the unit of the newest figure: figures in another one cannot stand on the same axis."""
    return units[-1]


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
