"""Weighted proportions and their intervals.

With weights w and answers y (1 yes, 0 no) of the people who answered::

    share   p     = sum(w y) / sum(w)
    n_eff         = sum(w)**2 / sum(w**2)          Kish; equals the number of people when all weights are equal
    interval      = Wilson's score interval of p over n_eff / deff

``deff`` is the design effect of how the sample was drawn (2 is customary for two-stage samples in Japan); the effect of
unequal weights is in ``n_eff`` already.

References
----------
Wilson, E. B. (1927), JASA 22, 209-212. Kish, L. (1965), Survey Sampling. Wilson with an effective size is what
Franco et al. (2019), J. Surv. Stat. Methodol. 7, 334-364 (PMC6690503) recommend for complex samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import InputError, Label

#: probability that intervals are made for
LEVEL = 0.95
#: the factor that reports in Japan print sampling errors with
_PRINTED_FACTOR = 2.0


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of a share or of a difference of shares, as fractions."""

    #: lower end
    lower: float
    #: upper end
    upper: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Proportion:
    """The share of people who say yes among those who answered."""

    #: people who answered, unweighted: the base
    n: int
    #: of these, people who said yes, unweighted
    positive_n: int
    #: sum of the weights of those who answered
    weighted_n: float
    #: sum of the weights of those who said yes
    weighted_positive: float
    #: Kish's effective sample size; 0 if nobody answered
    n_eff: float
    #: weighted share from 0 to 1; None if nobody answered
    share: float | None
    #: interval of the share; None if nobody answered
    interval: Interval | None


def normal_quantile(level: float = LEVEL) -> float:
    """Return z of a two-sided interval: 1.959964 for 0.95.

    Raises
    ------
    InputError
        If ``level`` is not between 0 and 1.
    """
    _require(0 < level < 1, level, Label("確からしさは0と1の間", "The level is between 0 and 1"))
    return NormalDist().inv_cdf((1 + level) / 2)


def kish_effective_size(weights: pa.Array[Any]) -> float:
    """Return sum(w)**2 / sum(w**2); 0 without weights.

    Parameters
    ----------
    weights
        float64, no nulls, each finite and not negative.

    Raises
    ------
    InputError
        If a weight is missing, negative or not finite.
    """
    checked = _checked_weights(weights)
    squares = _sum(pc.multiply(checked, checked))
    return _sum(checked) ** 2 / squares if squares else 0.0


def wilson_interval(share: float, n: float, *, deff: float = 1.0, level: float = LEVEL) -> Interval:
    """Return Wilson's score interval of a share.

    Parameters
    ----------
    share
        From 0 to 1.
    n
        Sample size or effective sample size, above 0; need not be whole.
    deff
        Design effect that ``n`` is divided by.
    level
        Probability.

    Returns
    -------
    Interval
        Within 0 and 1; never of width 0.

    Raises
    ------
    InputError
        If a number is outside its range.
    """
    _require(0 <= share <= 1, share, Label("割合は0から1まで", "A share is from 0 to 1"))
    _require(n > 0, n, Label("標本数は0より大きい数", "A sample size is above 0"))
    _require(deff > 0, deff, Label("デザイン効果は0より大きい数", "A design effect is above 0"))
    size, z2 = n / deff, normal_quantile(level) ** 2
    scale = 1 + z2 / size
    centre = (share + z2 / (2 * size)) / scale
    half = math.sqrt(z2 * (share * (1 - share) / size + z2 / (4 * size * size))) / scale
    return Interval(max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half)))


def sampling_error_points(share: float, n: float, *, population: float | None = None, deff: float = 2.0) -> float:
    """Return the sampling error that reports in Japan print, in percentage points.

    It is twice the standard error: ``2 * sqrt(deff * (N - n) / (N - 1) * p (1 - p) / n)``; the finite-population factor
    is 1 if the population is not given. ``deff`` of 2 is customary for 層化二段抽出.

    Raises
    ------
    InputError
        If a number is outside its range, or the sample is larger than the population.
    """
    _require(0 <= share <= 1, share, Label("割合は0から1まで", "A share is from 0 to 1"))
    _require(n > 0, n, Label("標本数は0より大きい数", "A sample size is above 0"))
    _require(deff > 0, deff, Label("デザイン効果は0より大きい数", "A design effect is above 0"))
    finite = 1.0
    if population is not None:
        enough = population >= n and population > 1
        _require(enough, population, Label("母集団は標本より大きい数", "A population is not smaller than its sample"))
        finite = (population - n) / (population - 1)
    return 100 * _PRINTED_FACTOR * math.sqrt(deff * finite * share * (1 - share) / n)


def estimate_proportion(
    positive: pa.Array[Any], weights: pa.Array[Any] | None = None, *, deff: float = 1.0, level: float = LEVEL
) -> Proportion:
    """Estimate the share of people who say yes.

    Parameters
    ----------
    positive
        One boolean a person; null is no answer, and leaves the person out of the base.
    weights
        One float64 a person, or None for equal weights; no nulls.
    deff
        Design effect of the sample, without that of the weights.
    level
        Probability of the interval.

    Raises
    ------
    InputError
        If lengths differ, or a weight is missing, negative or not finite.
    """
    answered = pc.is_valid(positive)
    yes = pc.filter(positive, answered)
    n, positive_n = len(yes), _sum(yes)
    if weights is None:
        base, said_yes, n_eff = float(n), float(positive_n), float(n)
    else:
        same = len(weights) == len(positive)
        _require(same, len(weights), Label("ウェイトは一人に一つ", "There is one weight a person"))
        used = pc.filter(_checked_weights(weights), answered)
        base, said_yes, n_eff = _sum(used), _sum(pc.filter(used, yes)), kish_effective_size(used)
    share = min(1.0, said_yes / base) if base else None
    interval = None if share is None else wilson_interval(share, n_eff, deff=deff, level=level)
    return Proportion(
        n=n,
        positive_n=int(positive_n),
        weighted_n=base,
        weighted_positive=said_yes,
        n_eff=n_eff,
        share=share,
        interval=interval,
    )


def _checked_weights(weights: pa.Array[Any]) -> pa.Array[Any]:
    floats = weights.cast(pa.float64())
    usable = pc.and_(pc.is_finite(floats), pc.greater_equal(floats, 0.0))
    wrong = pc.index(pc.fill_null(usable, False), False).as_py()
    if wrong >= 0:
        _require(False, floats[wrong].as_py(), Label("ウェイトは0以上の数", "A weight is a number, 0 or more"))
    return floats


def _sum(array: pa.Array[Any]) -> float:
    return float(pc.sum(array).as_py() or 0)


def _require(holds: bool, value: object, rule: Label) -> None:
    if not holds:
        raise InputError(
            f"{rule.ja}でなければなりません（値: {value}）",
            f"{rule.en} (value: {value})",
            next_step=Label("値を確かめてください", "Check the value"),
            value=str(value),
        )
