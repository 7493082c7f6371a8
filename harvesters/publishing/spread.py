"""How the relative changes of many figures are spread: a histogram whose size does not grow with their number.

Small changes are drawn by percent, large ones by their ratio on a logarithmic scale, on which twice and half are
equally far from nothing: otherwise one mistaken unit would push everything else into one bar.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

#: bars of a histogram; odd, so that no change stands in the middle of one
BINS = 21
#: relative changes up to this are drawn by percent
_LINEAR = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A histogram of relative changes."""

    #: whether bins are of equal ratio (natural logarithm of after over before), not of equal percent
    logarithmic: bool
    #: the outer ends: -limit to +limit, a share, or a logarithm of a ratio
    limit: float
    #: number of figures in each of :data:`BINS` bins of equal width
    bins: tuple[int, ...]
    #: figures that were compared, and of those the greater, lesser and equal ones
    compared: int
    up: int
    down: int
    equal: int
    #: why others were not compared -> their number
    left_out: Mapping[str, int]

    def position(self, ratio: float) -> float:
        """Return where a ratio stands between the ends, from -1 to 1."""
        moved = math.log(ratio) if self.logarithmic else ratio - 1
        return max(-1.0, min(1.0, moved / self.limit))


def spread_of(connection: duckdb.DuckDBPyConnection, kind: str) -> Spread | None:
    """Return how the changes of a kind in the table ``compared`` are spread; None if there is nothing to compare."""
    grouped = "SELECT _comparison, count(*) FROM compared WHERE kind = ? GROUP BY _comparison ORDER BY _comparison"
    numbers = dict(connection.execute(grouped, [kind]).fetchall())
    compared = numbers.pop("compared", 0)
    if not compared:
        return None
    least, most, up, down = connection.execute(
        "SELECT min(new_value / _base), max(new_value / _base), count(*) FILTER (abs(new_value) > abs(_base)), "
        "count(*) FILTER (abs(new_value) < abs(_base)) FROM compared WHERE kind = ? AND _comparison = 'compared'",
        [kind],
    ).fetchall()[0]
    logarithmic = max(1 - least, most - 1) > _LINEAR
    widest = max(-math.log(least), math.log(most)) if logarithmic else max(1 - least, most - 1)
    limit = _rounded(widest, logarithmic=logarithmic)
    moved = "ln(new_value / _base)" if logarithmic else "new_value / _base - 1"
    sql = f"""
        SELECT least({BINS - 1}, greatest(0, floor(({moved} + $1) / (2 * $1) * {BINS})))::INTEGER AS bin, count(*)
        FROM compared WHERE kind = $2 AND _comparison = 'compared' GROUP BY bin
    """  # noqa: S608
    bins = dict(connection.execute(sql, [limit, kind]).fetchall())
    return Spread(
        logarithmic=logarithmic,
        limit=limit,
        bins=tuple(bins.get(place, 0) for place in range(BINS)),
        compared=compared,
        up=up,
        down=down,
        equal=compared - up - down,
        left_out=numbers,
    )


def _rounded(widest: float, *, logarithmic: bool) -> float:
    """Return a round end of the scale: a share of 0.01, 0.02, 0.05..., or the logarithm of 2, 5, 10, 20..."""
    if logarithmic:
        ratios = (step * 10**power for power in range(300) for step in (2, 5, 10))
        return next((math.log(one) for one in ratios if math.log(one) >= widest - 1e-12), widest)
    return next(one for one in (0.01, 0.02, 0.05, 0.1, 0.2, _LINEAR) if one >= widest - 1e-12)
