"""The contract of a query engine, and all of it that two SQL engines share.

An engine answers for one release, which never changes. It is safe to use from several threads. Both implementations
pass one behaviour suite and give the same rows, of the same types, in the same order:

- :class:`~catalog.query.sqlite.SqliteEngine`, over an index derived from the Parquet file: series in a fraction of a
  millisecond; for current releases
- :class:`~catalog.query.duckdb.DuckDBEngine`, over the Parquet file itself: nothing to build; for older releases
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Self

from catalog.model.codelist import nearest
from catalog.model.observation import DataStructure
from catalog.model.period import parse_period
from catalog.query import sql
from catalog.query.question import (
    MOST_ALTERNATIVES,
    Availability,
    Coverage,
    ObservationQuery,
    Obstacle,
    Page,
    Row,
)
from catalog.query.time import chronological


class Engine(ABC):
    """Answers queries on the observations of one release."""

    #: the columns of the release
    structure: DataStructure
    #: what it holds
    coverage: Coverage

    @abstractmethod
    def select(self, query: ObservationQuery) -> Page:
        """Return the rows of a query, up to its limit, and where the rest begins."""

    @abstractmethod
    def iter_rows(self, query: ObservationQuery, size: int = 5000) -> Iterator[list[Row]]:
        """Stream the rows of a query in lists of ``size``, without holding all of them."""

    @abstractmethod
    def count(self, query: ObservationQuery) -> int:
        """Return how many observations a query has, whatever its limit and ``after``."""

    @abstractmethod
    def availability(self, query: ObservationQuery) -> Availability:
        """Return where there are observations: why is this empty?"""

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections; queries that run are finished first."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SqlEngine(Engine):
    """What two SQL engines share: they differ in how SQL is run and in what the table is called."""

    #: what stands behind FROM
    source: str

    @abstractmethod
    def fetch(self, statement: str, values: Sequence[Any]) -> list[Row]:
        """Run a statement and return all rows."""

    @abstractmethod
    def stream(self, statement: str, values: Sequence[Any], size: int) -> Iterator[list[Row]]:
        """Run a statement and yield its rows in lists."""

    def express(self, column: str) -> str:
        """Return the SQL that reads a column as text, number or null."""
        return f'"{column}"'

    def select(self, query: ObservationQuery) -> Page:
        """Return the rows of a query, up to its limit, and where the rest begins."""
        if query.limit is None:
            return Page(query.fields, [row for rows in self.iter_rows(query) for row in rows], None)
        hidden = [term.column for term in query.sort if term.column not in query.fields]
        columns = (*query.fields, *hidden)
        rows = self.fetch(*self._statement(query, columns, query.limit + 1))
        more = len(rows) > query.limit
        rows = rows[: query.limit]
        resume = _sort_values(query, columns, rows[-1]) if more else None
        width = len(query.fields)
        return Page(query.fields, [row[:width] for row in rows] if hidden else rows, resume)

    def iter_rows(self, query: ObservationQuery, size: int = 5000) -> Iterator[list[Row]]:
        """Stream the rows of a query in lists of ``size``, without holding all of them."""
        yield from self.stream(*self._statement(query, query.fields, query.limit), size)

    def count(self, query: ObservationQuery) -> int:
        """Return how many observations a query has, whatever its limit and ``after``."""
        condition = sql.where(query, self.coverage)
        rows = self.fetch(f"SELECT count(*) FROM {self.source} WHERE {condition.sql}", condition.values)  # noqa: S608
        return int(rows[0][0])

    def availability(self, query: ObservationQuery) -> Availability:
        """Return where there are observations: why is this empty?"""
        obstacles = (self._obstacle(query, dimension) for dimension in _restricted(query))
        return Availability(
            periods=self._span(query),
            areas=len(self.coverage.codes["area_code"]),
            obstacles=tuple(one for one in obstacles if one is not None),
        )

    def _statement(
        self, query: ObservationQuery, columns: Sequence[str], limit: int | None
    ) -> tuple[str, tuple[Any, ...]]:
        condition = sql.all_of([sql.where(query, self.coverage), *sql.behind(query, self.structure.key, self.express)])
        parts = [
            "SELECT " + ", ".join(self.express(column) for column in columns),
            f"FROM {self.source} WHERE {condition.sql}",
            sql.order_by(query.sort, self.express),
            *([] if limit is None else [f"LIMIT {limit:d}"]),
        ]
        return " ".join(parts), condition.values

    def _span(self, query: ObservationQuery) -> tuple[str, str] | None:
        series = sql.asked_series(query, self.coverage) or list(self.coverage.series)
        periods = sorted({one for pair in series for one in self.coverage.series[pair]}, key=chronological)
        return (periods[0].text, periods[-1].text) if periods else None

    def _obstacle(self, query: ObservationQuery, dimension: str) -> Obstacle | None:
        condition = sql.where(query, self.coverage, without=dimension)
        rows = self.fetch(
            f'SELECT DISTINCT "{dimension}" FROM {self.source} WHERE {condition.sql} ORDER BY 1',  # noqa: S608
            condition.values,
        )
        if not rows:
            return None
        available = tuple(str(row[0]) for row in rows)
        asked = tuple(str(query.time).split(",")) if dimension == "period" else query.codes[dimension]
        near = {one: found for one in asked if (found := nearest(one, available))}
        return Obstacle(dimension, asked, available[:MOST_ALTERNATIVES], len(available), near)


def load_coverage(engine: SqlEngine) -> Coverage:
    """Read what a release holds, with the engine that answers for it."""
    pairs: dict[tuple[str, str], set[str]] = {}
    for indicator, definition, period in engine.fetch(
        f"SELECT DISTINCT indicator_id, definition_id, period FROM {engine.source}",  # noqa: S608
        (),
    ):
        pairs.setdefault((indicator, definition), set()).add(period)
    dimensions = [one for one in engine.structure.key if one != "period"]
    return Coverage(
        series={
            pair: tuple(sorted((parse_period(one) for one in pairs[pair]), key=chronological)) for pair in sorted(pairs)
        },
        codes={one: _distinct(engine, one) for one in dimensions},
    )


def whole(query: ObservationQuery) -> ObservationQuery:
    """Return the query without limit and from the beginning."""
    return replace(query, limit=None, after=None)


def _distinct(engine: SqlEngine, column: str) -> tuple[str, ...]:
    return tuple(row[0] for row in engine.fetch(f'SELECT DISTINCT "{column}" FROM {engine.source} ORDER BY 1', ()))  # noqa: S608


def _restricted(query: ObservationQuery) -> list[str]:
    return [*query.codes, *(["period"] if query.time.terms else [])]


def _sort_values(query: ObservationQuery, columns: Sequence[str], row: Row) -> Row:
    values = dict(zip(columns, row, strict=True))
    return tuple(values[term.column] for term in query.sort)
