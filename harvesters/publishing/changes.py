"""What a proposal changes, bounded, so that a person can look at it: the biggest changes, their spread, and series.

Order of events: a plan or a run shows each proposal to a :class:`ChangeBook`; the table that would be current is joined
with the one that is (:func:`~catalog.releases.diff.open_changes`); each added figure gets the one before it in its
series to be compared with; the biggest of each kind, a histogram of the relative changes and, where few series are
touched, their way over time are kept. What is kept does not grow with the table; the whole list goes to a CSV file
beside the page.

Figures that cannot be compared (no value on one side, another unit, a break of the series, zero) are counted as such
and not drawn: a picture must not show a change where there is none.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from catalog.formats import read_parquet
from catalog.formats.columns import unique
from catalog.model import Dataset, Manifest, parse_period
from catalog.releases.build import Parent
from catalog.releases.diff import ChangeExample, OpenChanges, open_changes
from harvesters.publishing.proposal import Proposal
from harvesters.publishing.spread import Spread, spread_of
from harvesters.publishing.trends import Trend, trends_of
from harvesters.report import describe_error

#: rows of each kind that are kept
ROWS_KEPT = 25
#: kinds of rows, in the order in which people should look at them
KINDS = ("revised", "removed", "changed", "added")
#: a text that begins so is a formula to a spreadsheet
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFigure:
    """One observation that would differ."""

    #: revised (its value differs), removed, changed (only attributes differ) or added
    kind: str
    #: dimension -> code
    key: Mapping[str, str]
    #: value, unit and status as published; None if added, or if there is no value
    before: float | None
    before_unit: str | None
    before_status: str | None
    #: the same as they would be; None if removed, or if there is no value
    after: float | None
    after_unit: str | None
    after_status: str | None
    #: of an added figure: the one before it in its series and its period; else None
    earlier: float | None = None
    earlier_period: str | None = None
    #: compared, or why not: first, no_value, unit, break, zero, removed, same
    comparison: str = "compared"
    #: attributes that differ, with what they were and would be
    attributes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)

    @property
    def base(self) -> float | None:
        """What the new value is compared with: the published one, or that of the period before."""
        return self.earlier if self.kind == "added" else self.before

    @property
    def difference(self) -> float | None:
        """The new value less its base, in the unit of the value; None if they cannot be compared."""
        if self.comparison not in {"compared", "zero"} or self.after is None or self.base is None:
            return None
        return self.after - self.base

    @property
    def ratio(self) -> float | None:
        """The new value over its base; None if they cannot be compared so."""
        return self.after / self.base if self.comparison == "compared" and self.base and self.after else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What would differ from what is published, all releases of a proposal together."""

    #: the dataset as it would be described; None if there would be no release
    dataset: Dataset | None = None
    #: the release that is current, or None
    parent: Manifest | None = None
    #: kind -> number of observations
    counts: Mapping[str, int] = field(default_factory=dict)
    #: kind -> the biggest of them first, at most :data:`ROWS_KEPT`
    rows: Mapping[str, Sequence[ChangedFigure]] = field(default_factory=dict)
    #: published observations that are missing in the source, or of which it cannot be told: the first ones
    absent: Sequence[ChangeExample] = ()
    #: revised and added -> how their relative changes are spread; without those that cannot be compared at all
    spreads: Mapping[str, Spread] = field(default_factory=dict)
    #: the touched series over time, where they are few
    trends: Sequence[Trend] = ()
    #: whether series that break a total down were left out of the trends
    totals_only: bool = False
    #: name of the file with all rows, or None if the page shows them all
    listed_in: str | None = None
    #: why it cannot be shown, as JSON; a fault of the software, which stops neither plan nor run
    error: dict[str, Any] | None = None


@dataclass(slots=True)
class ChangeBook:
    """Keeps what proposals change, by source and dataset."""

    #: the page that it is for: full lists go beside it; None to write none
    page: Path | None = None
    _kept: dict[tuple[str, str], Changes] = field(default_factory=dict, init=False)

    def see(self, source: str, proposal: Proposal, parent: Parent | None) -> None:
        """Look at a proposal; must be called before the release that it stands on is dropped."""
        target = self._list_path(source, proposal.name)
        try:
            self._kept[source, proposal.name] = find_changes(proposal, parent, target)
        except Exception as error:  # looking at it must not keep it from being published
            self._kept[source, proposal.name] = Changes(error=describe_error(error))

    def find(self, source: str, dataset: str) -> Changes | None:
        """Return what was seen of a dataset; None if there was no proposal."""
        return self._kept.get((source, dataset))

    def _list_path(self, source: str, dataset: str) -> Path | None:
        return self.page.with_name(f"{self.page.stem}.{source}.{dataset}.csv") if self.page else None


def find_changes(proposal: Proposal, parent: Parent | None, target: Path | None = None) -> Changes:
    """Return what a proposal changes.

    Parameters
    ----------
    proposal
        With its last step.
    parent
        The current release, or None.
    target
        File for the list of all rows, written if there are more than are kept; None to write none.
    """
    absent = [one for one in proposal.examples if one.kind in {"missing", "unknown"}]
    manifest = parent.manifest if parent else None
    if proposal.last is None or not proposal.releases:
        return Changes(parent=manifest, absent=absent)
    new, dataset = proposal.last.table, proposal.last.dataset
    before = read_parquet(parent.parquet) if parent else new.slice(0, 0)
    with open_changes(before, new, dataset.structure) as changes:
        _compare(changes, [before, new])
        connection = changes.connection
        counts = dict(connection.execute("SELECT kind, count(*) FROM compared GROUP BY kind").fetchall())
        trends, totals_only = trends_of(changes, dataset)
        return Changes(
            dataset=dataset,
            parent=manifest,
            counts=counts,
            rows={kind: list(_rows(changes, kind)) for kind in KINDS if kind in counts},
            absent=absent,
            spreads={kind: one for kind in ("revised", "added") if (one := spread_of(connection, kind))},
            trends=trends,
            totals_only=totals_only,
            listed_in=_list(changes, target) if target and max(counts.values(), default=0) > ROWS_KEPT else None,
        )


def _compare(changes: OpenChanges, tables: Sequence[pa.Table]) -> None:
    """Make the table of changes with what each is compared with, how, and how big the change is from 0 to 2.

    Its own columns begin with ``_``, as no dimension does: a dataset may well have a dimension ``size``.
    """
    connection = changes.connection
    connection.register("known_periods", _periods(tables))
    series = ", ".join(f"n.{quote(name)}" for name in changes.key if name != "period")
    same = " AND ".join(f"c.{quote(name)} = e.{quote(name)}" for name in changes.key)
    connection.execute(f"""
        CREATE TEMP TABLE compared AS
        WITH earlier AS (
            SELECT n.*, lag(n.value) OVER w AS _earlier, lag(n.unit) OVER w AS _earlier_unit,
                   lag(n.period) OVER w AS _earlier_period
            FROM new_table n JOIN known_periods p USING (period)
            WINDOW w AS (PARTITION BY {series}, p.form ORDER BY p."end")
        ), based AS (
            SELECT c.*, e._earlier, e._earlier_unit, e._earlier_period,
                   CASE c.kind WHEN 'added' THEN e._earlier ELSE c.old_value END AS _base,
                   CASE c.kind WHEN 'added' THEN e._earlier_unit ELSE c.old_unit END AS _base_unit
            FROM changes c LEFT JOIN earlier e ON c.kind = 'added' AND {same}
        )
        SELECT *, CASE WHEN kind = 'removed' THEN 'removed'
                       WHEN kind = 'changed' THEN 'same'
                       WHEN kind = 'added' AND _earlier_period IS NULL THEN 'first'
                       WHEN new_value IS NULL OR _base IS NULL THEN 'no_value'
                       WHEN _base_unit <> new_unit THEN 'unit'
                       WHEN kind = 'added' AND new_obs_status = 'B' THEN 'break'
                       WHEN _base = 0 OR new_value = 0 OR sign(_base) <> sign(new_value) THEN 'zero'
                       ELSE 'compared' END AS _comparison,
               CASE WHEN _base IS NULL OR new_value IS NULL OR _base_unit <> new_unit
                    THEN CASE WHEN _base IS NULL AND new_value IS NULL THEN 0 ELSE 1 END
                    WHEN _base = new_value THEN 0
                    ELSE abs(new_value - _base) / greatest(abs(new_value), abs(_base)) END AS _size
        FROM based
    """)  # noqa: S608


def _periods(tables: Sequence[pa.Table]) -> pa.Table:
    texts = sorted({text for table in tables for text in unique(table["period"]).to_pylist()})
    parsed = [parse_period(one) for one in texts]
    return pa.table(
        {
            "period": pa.array(texts, pa.string()),
            "form": pa.array([one.form for one in parsed], pa.string()),
            "end": pa.array([one.end for one in parsed], pa.date32()),
        }
    )


def quote(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _ordered(changes: OpenChanges) -> str:
    key = ", ".join(map(quote, changes.key))
    return f"(_comparison = 'first'), _size DESC, abs(new_value - _base) DESC NULLS LAST, {key}"


def _rows(changes: OpenChanges, kind: str) -> Iterator[ChangedFigure]:
    sql = f"SELECT * FROM compared WHERE kind = ? ORDER BY {_ordered(changes)} LIMIT {ROWS_KEPT}"  # noqa: S608
    for row in fetch(changes.connection, sql, [kind]):
        yield _figure(row, changes)


def fetch(connection: duckdb.DuckDBPyConnection, sql: str, values: Sequence[Any] = ()) -> Iterator[dict[str, Any]]:
    """Yield the rows of an answer by the names of their columns."""
    result = connection.execute(sql, list(values))
    names = [column[0] for column in result.description or ()]
    while some := result.fetchmany(10_000):
        yield from (dict(zip(names, row, strict=True)) for row in some)


def _figure(row: Mapping[str, Any], changes: OpenChanges) -> ChangedFigure:
    others = [name for name in changes.attributes if name not in {"value", "unit", "obs_status"}]
    both = row["kind"] in {"revised", "changed"}
    return ChangedFigure(
        kind=row["kind"],
        key={name: row[name] for name in changes.key},
        before=row["old_value"],
        before_unit=row["old_unit"],
        before_status=row["old_obs_status"],
        after=row["new_value"],
        after_unit=row["new_unit"],
        after_status=row["new_obs_status"],
        earlier=row["_earlier"],
        earlier_period=row["_earlier_period"],
        comparison=row["_comparison"],
        attributes={
            name: (row[f"old_{name}"], row[f"new_{name}"])
            for name in others
            if both and row[f"old_{name}"] != row[f"new_{name}"]
        },
    )


def _list(changes: OpenChanges, target: Path) -> str:
    """Write all rows as CSV for Excel, the biggest first; no text of it is a formula to a spreadsheet."""
    columns = {
        **{name: name for name in ("kind", *changes.key)},
        **{"old_value": "before", "new_value": "after", "old_unit": "unit_before", "new_unit": "unit_after"},
        **{"old_obs_status": "status_before", "new_obs_status": "status_after"},
        **{"_earlier_period": "earlier_period", "_earlier": "earlier_value", "_comparison": "comparison"},
    }
    listed = ", ".join(f"{quote(name)} AS {quote(shown)}" for name, shown in columns.items())
    sql = f"SELECT {listed} FROM compared ORDER BY kind DESC, {_ordered(changes)}"  # noqa: S608
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns.values())
        for row in fetch(changes.connection, sql):
            writer.writerow(_plain(one) for one in row.values())
    return target.name


def _plain(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
