"""Two questions that the same people answered: the 2x2 counts, a test, and the interval of the difference.

The two shares of one sample are not independent, so their intervals must not be compared: what counts is how many
people said yes to one question only.

References
----------
McNemar, Q. (1947), Psychometrika 12, 153-157; mid-p: Fagerland, Lydersen, Laake (2013), BMC Med. Res. Methodol. 13:91.
Interval: Newcombe, R. G. (1998), Stat. Med. 17, 2635-2650, method 10.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import InputError, Label
from harvesters.statistics.proportion import LEVEL, Interval, wilson_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCounts:
    """People who answered both questions, by their two answers; counts, or sums of weights."""

    #: yes to both
    both: float
    #: yes to the first question only
    first_only: float
    #: yes to the second question only
    second_only: float
    #: no to both
    neither: float

    @property
    def n(self) -> float:
        """Everybody who answered both."""
        return self.both + self.first_only + self.second_only + self.neither

    @property
    def first_share(self) -> float:
        """Share of yes to the first question; there must be somebody."""
        return (self.both + self.first_only) / self.n

    @property
    def second_share(self) -> float:
        """Share of yes to the second question; there must be somebody."""
        return (self.both + self.second_only) / self.n

    @property
    def difference(self) -> float:
        """First share minus second share, from -1 to 1."""
        return (self.first_only - self.second_only) / self.n

    def scaled_to(self, n: float) -> PairCounts:
        """Return the same shares over another number of people, such as the effective sample size."""
        factor = n / self.n
        return PairCounts(
            both=self.both * factor,
            first_only=self.first_only * factor,
            second_only=self.second_only * factor,
            neither=self.neither * factor,
        )


@dataclass(frozen=True, slots=True)
class McNemar:
    """Whether the two shares differ by more than chance."""

    #: exact conditional p-value, two-sided
    exact_p: float
    #: mid-p value, two-sided: less cautious, and the one to prefer
    mid_p: float


def count_pairs(first: pa.Array[Any], second: pa.Array[Any], weights: pa.Array[Any] | None = None) -> PairCounts:
    """Count the people who answered both questions by their two answers.

    Parameters
    ----------
    first, second
        One boolean a person; null is no answer, to either question, and leaves the person out.
    weights
        One float64 a person; then sums of weights are returned.
    """
    counted = pa.array([1.0] * len(first)) if weights is None else weights.cast(pa.float64())

    def total(one: bool, two: bool) -> float:
        hit = pc.and_(pc.equal(first, one), pc.equal(second, two))
        return float(pc.sum(pc.filter(counted, pc.fill_null(hit, False))).as_py() or 0.0)

    return PairCounts(
        both=total(True, True),
        first_only=total(True, False),
        second_only=total(False, True),
        neither=total(False, False),
    )


def mcnemar_test(counts: PairCounts) -> McNemar:
    """Test whether both questions have the same share of yes; only people who said yes to one of them tell.

    Raises
    ------
    InputError
        If the counts are not whole numbers: a test of weighted counts would be wrong.
    """
    b, c = counts.first_only, counts.second_only
    if b != int(b) or c != int(c):
        raise InputError(
            f"マクネマー検定には人数が必要です（ウェイトの和 {b}, {c} では計算できません）",
            f"McNemar's test takes numbers of people, not sums of weights ({b}, {c})",
            next_step=Label("ウェイトのない人数を渡してください", "Give unweighted counts"),
            value=[b, c],
        )
    discordant, less = int(b + c), int(min(b, c))
    tail = sum(_binomial_half(discordant, k) for k in range(less + 1))
    exact = min(1.0, 2 * tail)
    mid = min(1.0, 2 * tail - _binomial_half(discordant, less)) if b != c else 1 - _binomial_half(discordant, less) / 2
    return McNemar(exact, 1.0 if discordant == 0 else mid)


def paired_difference_interval(counts: PairCounts, *, deff: float = 1.0, level: float = LEVEL) -> Interval:
    """Return the interval of first share minus second share.

    For weighted answers pass ``counts.scaled_to(n_eff)``.

    Raises
    ------
    InputError
        If nobody answered both.
    """
    if counts.n <= 0:
        raise InputError(
            "両方の問いに答えた人がいません",
            "Nobody answered both questions",
            next_step=Label("設問の列と無回答の符号を確かめてください", "Check the columns and the code of no answer"),
        )
    p, q = counts.first_share, counts.second_share
    first = wilson_interval(p, counts.n, deff=deff, level=level)
    second = wilson_interval(q, counts.n, deff=deff, level=level)
    phi = _correlation(counts)
    down, up = p - first.lower, first.upper - p
    other_down, other_up = q - second.lower, second.upper - q
    return Interval(
        max(-1.0, counts.difference - _length(down, other_up, phi)),
        min(1.0, counts.difference + _length(up, other_down, phi)),
    )


def _length(a: float, b: float, phi: float) -> float:
    return math.sqrt(max(0.0, a * a - 2 * phi * a * b + b * b))


def _correlation(counts: PairCounts) -> float:
    """Return Newcombe's correlation of the two answers: continuity-corrected if positive, 0 if a margin is empty."""
    a, b, c, d = counts.both, counts.first_only, counts.second_only, counts.neither
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins == 0:
        return 0.0
    product = a * d - b * c
    return (max(0.0, product - counts.n / 2) if product > 0 else product) / math.sqrt(margins)


def _binomial_half(n: int, k: int) -> float:
    """Return the probability of k heads in n throws, also where 2**n is no float."""
    return math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2))
