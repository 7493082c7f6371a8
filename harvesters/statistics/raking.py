"""Raking: weights that make the respondents look like the population, one margin after the other.

Iterative proportional fitting: for each margin in turn (wards, ages...), the weights of the people in a category are
multiplied by target share / present share; rounds of this go on until every margin fits. What margins say about each
other need not be known. The result is scaled so that the weights' mean is 1.

It need not converge: a category that nobody answered from cannot be reached. That is said, never papered over.

References
----------
Deming, W. E., Stephan, F. F. (1940), Ann. Math. Stat. 11, 427-444. DeBell, M., Krosnick, J. A. (2009), ANES Technical
Report nes012427, on trimming.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import InputError, Label

#: largest difference of a category's share from its target that counts as none
TOLERANCE = 1e-9
#: rounds after which it is given up
MOST_ROUNDS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """One property of people whose distribution in the population is known."""

    #: what it is called in messages, such as ``age``
    name: str
    #: one code a person; null is unknown, and leaves the person's weight as it is in this margin's turn
    codes: pa.Array[Any]
    #: code -> population, or share of it; any positive scale
    targets: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Raked:
    """Weights and how well they fit."""

    #: one float64 a person, mean 1
    weights: pa.Array[Any]
    #: rounds that were needed
    rounds: int
    #: whether all margins fit within the tolerance
    converged: bool
    #: largest difference of a share from its target, over all categories of all margins, as a fraction
    largest_gap: float
    #: largest weight over smallest; a high ratio costs effective sample size
    spread: float


def rake(
    margins: Sequence[Margin],
    base_weights: pa.Array[Any] | None = None,
    *,
    tolerance: float = TOLERANCE,
    most_rounds: int = MOST_ROUNDS,
) -> Raked:
    """Fit weights to margins.

    Parameters
    ----------
    margins
        One or more, with one code a person each, all of one length.
    base_weights
        float64 above 0, or None for 1 each: where the fitting starts.
    tolerance, most_rounds
        When it stops.

    Returns
    -------
    Raked
        ``converged`` must be looked at: margins that contradict each other leave a gap.

    Raises
    ------
    InputError
        If there is nothing to rake, a category has people but no target, a target above 0 has nobody, or a base weight
        is not above 0.
    """
    length = _checked_length(margins, base_weights)
    fits = [_Fit(one) for one in margins]
    weights = pa.array([1.0] * length) if base_weights is None else base_weights.cast(pa.float64())
    gap, rounds = max(one.gap(weights) for one in fits), 0
    while gap > tolerance and rounds < most_rounds:
        for one in fits:
            weights = one.adjust(weights)
        gap, rounds = max(one.gap(weights) for one in fits), rounds + 1
    weights = pc.divide(weights, pc.mean(weights))
    ends = pc.min_max(weights)
    return Raked(
        weights=weights,
        rounds=rounds,
        converged=gap <= tolerance,
        largest_gap=gap,
        spread=ends["max"].as_py() / ends["min"].as_py(),
    )


class _Fit:
    """One margin, encoded for fast sums."""

    def __init__(self, margin: Margin) -> None:
        encoded = margin.codes.cast(pa.string()).dictionary_encode()
        codes: list[str] = encoded.dictionary.to_pylist()
        _check_categories(margin, codes)
        whole = sum(margin.targets[code] for code in codes)
        self._shares = [margin.targets[code] / whole for code in codes]
        self._places = encoded.indices

    def gap(self, weights: pa.Array[Any]) -> float:
        """Return the largest difference of a share from its target."""
        sums = self._sums(weights)
        whole = sum(sums)
        return max(abs(have / whole - want) for have, want in zip(sums, self._shares, strict=True))

    def adjust(self, weights: pa.Array[Any]) -> pa.Array[Any]:
        """Return the weights with this margin exactly right."""
        sums = self._sums(weights)
        whole = sum(sums)
        factors = pa.array([want * whole / have for have, want in zip(sums, self._shares, strict=True)])
        return pc.multiply(weights, pc.fill_null(factors.take(self._places), 1.0))

    def _sums(self, weights: pa.Array[Any]) -> list[float]:
        table = pa.table({"place": self._places, "weight": weights})
        sums = table.group_by("place").aggregate([("weight", "sum")])
        found = dict(zip(sums["place"].to_pylist(), sums["weight_sum"].to_pylist(), strict=True))
        return [found[place] for place in range(len(self._shares))]


def _checked_length(margins: Sequence[Margin], base_weights: pa.Array[Any] | None) -> int:
    lengths = {len(one.codes) for one in margins} | ({len(base_weights)} if base_weights is not None else set())
    if len(lengths) != 1 or lengths == {0}:
        raise _refused(
            Label(
                f"補正する回答者がいないか、列の長さが違います（{sorted(lengths)}）",
                f"Nobody to rake, or columns of different lengths ({sorted(lengths)})",
            ),
            Label("補正に使う列を確かめてください", "Check the columns that are raked on"),
        )
    if base_weights is not None and not pc.all(pc.fill_null(pc.greater(base_weights, 0.0), False)).as_py():
        raise _refused(
            Label("補正前のウェイトに0以下または空の値があります", "A base weight is missing or not above 0"),
            Label("ウェイトの列を直してください", "Correct the column of weights"),
        )
    return lengths.pop()


def _check_categories(margin: Margin, codes: Sequence[str | None]) -> None:
    known = [code for code in codes if code is not None]
    without_target = sorted(code for code in known if margin.targets.get(code, 0.0) <= 0)
    without_people = sorted(code for code, target in margin.targets.items() if target > 0 and code not in known)
    if without_target:
        raise _refused(
            Label(
                f"{margin.name} の区分 {', '.join(without_target)} に母集団の人数がありません",
                f"Categories {', '.join(without_target)} of {margin.name} have no population",
            ),
            Label("母集団の表に区分を加えてください", "Add the categories to the population table"),
        )
    if without_people or not known:
        raise _refused(
            Label(
                f"{margin.name} の区分 {', '.join(without_people)} に回答者がいません",
                f"Nobody answered from the categories {', '.join(without_people)} of {margin.name}",
            ),
            Label("区分を隣とまとめてください", "Merge the category with its neighbour"),
        )


def _refused(what: Label, next_step: Label) -> InputError:
    return InputError(what.ja, what.en, next_step=next_step)
