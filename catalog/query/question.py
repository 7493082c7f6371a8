"""What can be asked of the observations of one release, and what comes back.

A request becomes an :class:`ObservationQuery` in :mod:`catalog.query.grammar`; an engine answers it with a
:class:`Page`. Which release is asked is a :class:`ReleaseChoice` and no part of the query: the same query can be put to
every release.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from catalog.errors import Label
from catalog.model.period import Period
from catalog.model.version import VersionSelector
from catalog.query.time import TimeFilter

#: rows of a page when the request does not say
DEFAULT_LIMIT = 1000
#: most rows of a page
MOST_ROWS = 10_000

#: one observation: texts, numbers and None, in the order of the query's fields; dates are ISO texts
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class SortTerm:
    """One column to sort by; null comes last in both directions."""

    #: physical name of the column
    column: str
    #: True for ``-column``
    descending: bool = False

    def __str__(self) -> str:
        return f"-{self.column}" if self.descending else self.column


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationQuery:
    """Which observations of a release, which columns of them, in which order."""

    #: dimension -> codes, any of which will do; sorted; a dimension that is not named is not restricted
    codes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: which periods
    time: TimeFilter = field(default_factory=TimeFilter)
    #: columns of the answer, in order
    fields: tuple[str, ...]
    #: order of the answer, the whole key at its end, so that it is total
    sort: tuple[SortTerm, ...]
    #: most rows; None for all
    limit: int | None = DEFAULT_LIMIT
    #: values of the ``sort`` columns of the last row that the reader has; None for the beginning
    after: Row | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of an answer."""

    #: names of the columns
    columns: tuple[str, ...]
    #: the rows
    rows: list[Row]
    #: ``after`` of the query that continues here; None if nothing follows
    resume: Row | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a release holds, small enough to keep in memory."""

    #: (indicator_id, definition_id) -> periods in order of time
    series: dict[tuple[str, str], tuple[Period, ...]]
    #: every dimension but period -> codes that occur, sorted
    codes: dict[str, tuple[str, ...]]

    @property
    def periods(self) -> tuple[str, ...]:
        """Texts of all periods that occur, sorted as texts."""
        return tuple(sorted({one.text for periods in self.series.values() for one in periods}))


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A condition without which there would be observations: a reason why an answer is empty."""

    #: dimension, ``period`` for time
    dimension: str
    #: what was asked
    asked: tuple[str, ...]
    #: what is there when every other condition holds; at most :data:`MOST_ALTERNATIVES`, in order
    available: tuple[str, ...]
    #: how many there are
    count: int
    #: for each value that was asked and is like an available one: that one
    nearest: dict[str, str]


@dataclass(frozen=True, slots=True)
class Availability:
    """Where there are observations, for the reader of an empty answer."""

    #: first and last period under the asked codes, or of the whole release if there is none; None if it is empty
    periods: tuple[str, str] | None
    #: number of areas in the release
    areas: int
    #: conditions that stand in the way, each by itself; empty if only several together do
    obstacles: tuple[Obstacle, ...]


#: an obstacle names at most this many values
MOST_ALTERNATIVES = 20


@dataclass(frozen=True, slots=True)
class Repair:
    """A value that was read as something else than was written."""

    #: name of the parameter
    parameter: str
    #: as it was written
    given: str
    #: as it was read
    used: str
    #: why
    reason: Label

    def to_dict(self) -> dict[str, Any]:
        """Return the repair as JSON."""
        return {
            "parameter": self.parameter,
            "given": self.given,
            "used": self.used,
            "reason": self.reason.to_dict(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseChoice:
    """Which release of a dataset is asked. At most one of the three is given; none means the latest."""

    #: of ``version=``
    selector: VersionSelector | None = None
    #: of ``as_of=``: what was known then, with offset
    as_of: datetime | None = None
    #: of ``cursor=``: the release that the first page came from
    digest: str | None = None
