"""An :class:`~catalog.query.question.ObservationQuery` as SQL that SQLite and DuckDB understand alike.

Values go in as parameters, names come from the declared structure, so nothing of a request becomes SQL text.

The two leading dimensions of the key are always restricted, to all that the release holds if the query does not say:
there are few of them, and a clustered table is searched by its leading columns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.model.period import Period
from catalog.query.question import Coverage, ObservationQuery, SortTerm

#: how a column is read, such as ``CAST(numerator_date AS VARCHAR)``
Expression = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of SQL with its parameters."""

    #: SQL with ``?`` for each parameter
    sql: str
    #: the parameters
    values: tuple[Any, ...] = ()


NOTHING = Condition("1 = 0")


def all_of(conditions: Iterable[Condition]) -> Condition:
    """Return the conjunction; of no condition at all, what is always true."""
    parts = list(conditions)
    if not parts:
        return Condition("1 = 1")
    return Condition(" AND ".join(one.sql for one in parts), tuple(value for one in parts for value in one.values))


def any_of(conditions: Iterable[Condition]) -> Condition:
    """Return the disjunction; of no condition at all, what is never true."""
    parts = list(conditions)
    if not parts:
        return NOTHING
    if len(parts) == 1:
        return parts[0]
    return Condition(
        "(" + " OR ".join(f"({one.sql})" for one in parts) + ")",
        tuple(value for one in parts for value in one.values),
    )


def one_of(column: str, values: Sequence[str]) -> Condition:
    """Return the condition that a column has one of some values."""
    if not values:
        return NOTHING
    return Condition(f'"{column}" IN ({", ".join("?" * len(values))})', tuple(values))


def where(query: ObservationQuery, coverage: Coverage, *, without: str | None = None) -> Condition:
    """Return the conditions of a query.

    Parameters
    ----------
    query, coverage
        What is asked, and what the release holds.
    without
        A dimension whose condition is left out (``period`` for time), to see whether it stands in the way.
    """
    series = asked_series(query, coverage, without=without)
    others = [
        one_of(column, codes)
        for column, codes in query.codes.items()
        if column not in {"indicator_id", "definition_id", without}
    ]
    return all_of([*_series_condition(query, series, coverage, restrict_time=without != "period"), *others])


def asked_series(query: ObservationQuery, coverage: Coverage, *, without: str | None = None) -> list[tuple[str, str]]:
    """Return the (indicator, definition) pairs of the release that a query asks for."""
    wanted = [query.codes.get(one) if one != without else None for one in ("indicator_id", "definition_id")]
    return [
        pair
        for pair in coverage.series
        if all(codes is None or part in codes for part, codes in zip(pair, wanted, strict=True))
    ]


def _series_condition(
    query: ObservationQuery, series: list[tuple[str, str]], coverage: Coverage, *, restrict_time: bool
) -> list[Condition]:
    if not series:
        return [NOTHING]
    if not restrict_time or not query.time.terms:
        return [_named(series, coverage)]
    chosen: dict[tuple[Period, ...], list[tuple[str, str]]] = {}
    for pair in series:
        chosen.setdefault(query.time.select(coverage.series[pair]), []).append(pair)
    return [
        any_of(
            all_of([_named(pairs, coverage), one_of("period", sorted(one.text for one in periods))])
            for periods, pairs in chosen.items()
            if periods
        )
    ]


def _named(series: list[tuple[str, str]], coverage: Coverage) -> Condition:
    """Return the condition that a row is of one of these series: two short lists where they say the same."""
    indicators, definitions = (sorted(set(part)) for part in zip(*series, strict=True))
    covered = [one for one in coverage.series if one[0] in indicators and one[1] in definitions]
    if len(covered) > len(series):
        return any_of(_named([one], coverage) for one in series)
    return all_of([one_of("indicator_id", indicators), one_of("definition_id", definitions)])


def behind(query: ObservationQuery, key: Collection[str], express: Expression) -> list[Condition]:
    """Return the condition that a row comes behind ``query.after`` in its order; empty if there is no such row.

    The order of the key itself is compared as a row value, which an index can seek; null does not occur there.
    """
    if query.after is None:
        return []
    terms = list(zip(query.sort, query.after, strict=True))
    if all(term.column in key and not term.descending for term in query.sort):
        columns = ", ".join(express(term.column) for term in query.sort)
        return [Condition(f"({columns}) > ({', '.join('?' * len(terms))})", query.after)]
    return [any_of(_behind_at(terms, place, express) for place in range(len(terms)))]


def _behind_at(terms: list[tuple[SortTerm, Any]], place: int, express: Expression) -> Condition:
    same = [Condition(f"{express(term.column)} IS NOT DISTINCT FROM ?", (value,)) for term, value in terms[:place]]
    term, value = terms[place]
    column = express(term.column)
    if value is None:
        return NOTHING
    sign = "<" if term.descending else ">"
    return all_of([*same, Condition(f"({column} {sign} ? OR {column} IS NULL)", (value,))])


def order_by(sort: Sequence[SortTerm], express: Expression) -> str:
    """Return the ORDER BY clause; null comes last in both directions."""
    return "ORDER BY " + ", ".join(
        f"{express(term.column)} {'DESC' if term.descending else 'ASC'} NULLS LAST" for term in sort
    )
