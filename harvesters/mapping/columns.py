"""What was read of a table, column by column: for each row the number of an outcome, or a plain number.

Rows may come one by one or a whole column at once (:mod:`harvesters.mapping.rows`, :mod:`harvesters.mapping.bulk`);
both end here, so what follows is the same for both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from harvesters.mapping.fields import Outcome

#: number of an outcome of each row; :data:`PLAIN` where the cell is a number and nothing else
Index = NDArray[np.int32]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: stands in an :data:`Index` for a plain number
PLAIN = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadColumn:
    """One read of all rows."""

    #: the different outcomes
    outcomes: Sequence[Outcome]
    #: the text that each outcome was read from
    texts: Sequence[str]
    #: row -> number of its outcome
    index: Index
    #: the plain numbers times a factor, exactly; NaN elsewhere. None if the field is no number
    plain: Callable[[Decimal], Floats] | None = None

    def take(self, of: Callable[[Outcome], bool], *, plain: bool = False) -> Mask:
        """Return for each row whether its outcome is so; ``plain`` for plain numbers."""
        flags = np.array([*(of(one) for one in self.outcomes), plain], dtype=np.bool_)
        return np.full(len(self.index), plain) if (flags == plain).all() else flags[self.index]

    def usable(self) -> Mask:
        """Return for each row whether an observation can be made with it."""
        return self.take(lambda one: one.usable, plain=True)

    def numbers(self, factor: Decimal, percent_factor: Decimal) -> Floats:
        """Return the numbers, NaN where there is none.

        Parameters
        ----------
        factor
            What plain numbers are multiplied by.
        percent_factor
            What numbers with a percent sign are multiplied by.
        """
        assert self.plain is not None
        found = self.plain(factor)
        if self.outcomes:
            factors = [percent_factor if one.unit == "%" else factor for one in self.outcomes]
            values = np.array(
                [
                    float(one.value * each) if isinstance(one.value, Decimal) else np.nan
                    for one, each in zip(self.outcomes, factors, strict=True)
                ]
            )
            return np.where(self.index == PLAIN, found, values[self.index])
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTable:
    """All reads of a table, or of a slice of it; what is said of skipped rows is said with the first slice."""

    #: key of each row, for its place
    keys: Sequence[int] | NDArray[np.int64]
    #: the reads, as the plan numbers them
    columns: Sequence[ReadColumn]
    #: the rows that are wanted and no totals
    wanted: Mask
    #: rows that do not fulfil ``only``
    unwanted: int
    #: the first of these
    first_unwanted: Sequence[int]
    #: the rows that are totals, by their number in the table
    totals: Sequence[int]
    #: the words that these say, where they are kept
    total_words: Sequence[str]


#: returns some rows of a table; a large one comes in several, so that not all of it is in memory
Slice = Callable[[], ReadTable]
