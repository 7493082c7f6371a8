"""Suppression: which counts must not be published, so that nobody is recognised or worked out.

Order of events:

1. *primary*: a count below the threshold is withheld (0 too: "nobody" is also said about somebody);
2. *complementary*: where a total is published, one withheld part is total minus the rest, and several withheld parts
   that add up to little are nearly known. So in every sum at least two cells are withheld and they add up to the
   threshold at least; the smallest cells are taken, because they cost the least;
3. *audit*: all sums together form linear equations. A cell that they still determine, through several sums at once,
   gets one more neighbour withheld, until none is left.

Guarantee: no withheld count follows from the published counts by adding and subtracting, and in each single sum the
withheld parts leave each other room of at least the threshold. In tables with several crossed sums an attacker who also
uses that counts are not negative can do better in degenerate cases (many zeros); we publish one-way tables, where the
guarantee is complete. Sums of *estimates* (weighted counts, shares) must be withheld with their counts; that is the
caller's part.

References
----------
Willenborg, L., de Waal, T. (2001), Elements of Statistical Disclosure Control, chapter on tabular data. Thresholds in
use: MHLW care database 10, ONS Longitudinal Study 10.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from catalog.errors import InputError, Label

Key = TypeVar("Key", bound=Hashable)


class Reason(StrEnum):
    """Why a count is withheld."""

    #: it is below the threshold
    PRIMARY = "primary"
    #: it would give away one that is
    COMPLEMENTARY = "complementary"


@dataclass(frozen=True, slots=True)
class Additive:
    """A sum that readers can do: the total is the sum of the parts."""

    #: key of the total
    total: Hashable
    #: keys of the parts; people in no part may exist, which only makes it harder
    parts: tuple[Hashable, ...]


def suppress(
    counts: Mapping[Key, int], sums: Sequence[Additive], *, threshold: int, published: Iterable[Key] = ()
) -> dict[Key, Reason]:
    """Choose the cells to withhold.

    Parameters
    ----------
    counts
        Every cell that would be published, and its count of people; whole numbers from 0.
    sums
        The sums that hold between cells; all their keys are in ``counts``.
    threshold
        The smallest count that may be published; 0 withholds nothing.
    published
        Cells that are known elsewhere already and cannot be withheld as a complement, such as the total of the city.

    Returns
    -------
    dict
        The cells to withhold; all others may be published.

    Raises
    ------
    InputError
        If a cell cannot be protected because everything beside it is published already.
    """
    withheld = {key: Reason.PRIMARY for key, count in counts.items() if count < threshold}
    fixed = frozenset(published) - withheld.keys()
    while True:
        weak = next((one for one in sums if _is_weak(one, counts, withheld, threshold)), None)
        chosen = _cheapest((weak,), counts, withheld, fixed) if weak else _audit(counts, sums, withheld, fixed)
        if chosen is None:
            return withheld
        withheld[chosen] = Reason.COMPLEMENTARY


def derivable_cells(withheld: Iterable[Key], sums: Sequence[Additive]) -> set[Key]:
    """Return the withheld cells that follow from the published ones by adding and subtracting.

    Each sum is one equation in the withheld cells; what elimination leaves alone in its equation is known.
    """
    order = {key: place for place, key in enumerate(dict.fromkeys(withheld))}
    rows = [row for one in sums if any(row := _equation(one, order))]
    reduced = _eliminate(rows, len(order))
    alone = [next(i for i, x in enumerate(row) if x) for row in reduced if sum(1 for x in row if x) == 1]
    keys = list(order)
    return {keys[place] for place in alone}


def _is_weak(one: Additive, counts: Mapping[Key, int], withheld: Mapping[Key, Reason], threshold: int) -> bool:
    """Return whether the withheld cells of a sum are too few, or add up to too little, to hide each other."""
    hidden = [counts[key] for key in one.parts if key in withheld]  # type: ignore[index]
    if one.total in withheld:
        return not hidden
    return bool(hidden) and (len(hidden) < 2 or sum(hidden) < threshold)


def _audit(
    counts: Mapping[Key, int], sums: Sequence[Additive], withheld: Mapping[Key, Reason], fixed: frozenset[Key]
) -> Key | None:
    known = derivable_cells(withheld, sums)
    if not known:
        return None
    around = [one for one in sums if not known.isdisjoint((one.total, *one.parts))]
    return _cheapest(around, counts, withheld, fixed)


def _cheapest(
    sums: Iterable[Additive], counts: Mapping[Key, int], withheld: Mapping[Key, Reason], fixed: frozenset[Key]
) -> Key:
    """Return the smallest cell of these sums that may still be withheld; parts before totals."""
    sums = tuple(sums)
    totals = {one.total for one in sums}
    candidates = [key for one in sums for key in (*one.parts, one.total) if key not in withheld and key not in fixed]
    if not candidates:
        raise InputError(
            "少人数の区分を隠しきれません。合計と他の区分がすべて公表されています",
            "A small category cannot be hidden, because the total and all others are published",
            next_step=Label("区分をまとめるか、合計も公表しないでください", "Merge categories or withhold the total"),
            value=[str(key) for one in sums for key in one.parts],
        )
    return min(candidates, key=lambda key: (key in totals, counts[key], str(key)))  # type: ignore[index, return-value]


def _equation(one: Additive, order: Mapping[Key, int]) -> list[Fraction]:
    row = [Fraction(0)] * len(order)
    for key, sign in ((one.total, -1), *((part, 1) for part in one.parts)):
        if key in order:
            row[order[key]] += sign  # type: ignore[index]
    return row


def _eliminate(rows: list[list[Fraction]], width: int) -> list[list[Fraction]]:
    """Return the reduced row echelon form, exactly."""
    done: list[list[Fraction]] = []
    for column in range(width):
        pivot = next((row for row in rows if row[column]), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        pivot = [x / pivot[column] for x in pivot]
        rows = [_without(row, pivot, column) for row in rows]
        done = [_without(row, pivot, column) for row in done] + [pivot]
    return done


def _without(row: list[Fraction], pivot: list[Fraction], column: int) -> list[Fraction]:
    factor = row[column]
    return [x - factor * y for x, y in zip(row, pivot, strict=True)] if factor else row
