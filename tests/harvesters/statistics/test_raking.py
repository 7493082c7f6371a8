"""Weights that make the respondents look like the population."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import DescrStatsW

from catalog.errors import InputError
from harvesters.statistics import Margin, rake


def shares(codes: pa.Array, weights: pa.Array) -> dict[str, float]:
    used = weights.to_numpy()
    return {
        code: float(DescrStatsW(np.array([one == code for one in codes.to_pylist()], float), weights=used).mean)
        for code in codes.unique().to_pylist()
    }


def margin(name: str, codes: Sequence[str], targets: Mapping[str, float]) -> Margin:
    return Margin(name=name, codes=pa.array(codes), targets=targets)


def test_one_margin_is_fitted_by_target_over_present():
    raked = rake([Margin(name="ward", codes=pa.array(["a", "a", "a", "b"]), targets={"a": 50, "b": 50})])
    assert raked.weights.to_pylist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2])
    assert (raked.converged, raked.spread) == (True, pytest.approx(3))


def test_both_margins_fit_at_the_end():
    wards, ages = pa.array(list("aaabbbbc")), pa.array(list("xyxyxxyy"))
    targets = {"a": 0.2, "b": 0.5, "c": 0.3}, {"x": 0.6, "y": 0.4}
    raked = rake([Margin(name="w", codes=wards, targets=targets[0]), Margin(name="a", codes=ages, targets=targets[1])])
    assert raked.converged
    assert shares(wards, raked.weights) == pytest.approx(targets[0], abs=1e-8)
    assert shares(ages, raked.weights) == pytest.approx(targets[1], abs=1e-8)


@settings(max_examples=40)
@given(st.lists(st.integers(1, 30), min_size=6, max_size=6), st.lists(st.floats(0.2, 5), min_size=6, max_size=6))
def test_raking_finds_the_same_weights_as_fitting_a_table(counts, population):
    cells = list(itertools.product("ab", "xyz"))
    table = np.array(counts, float).reshape(2, 3)
    target = np.array(population).reshape(2, 3)
    fitted = table.copy()
    for _ in range(3000):
        fitted *= (target.sum(1) / fitted.sum(1))[:, None]
        fitted *= target.sum(0) / fitted.sum(0)
    people = [cell for cell, count in zip(cells, counts, strict=True) for _ in range(count)]
    raked = rake(
        [
            Margin(
                name="row", codes=pa.array([p[0] for p in people]), targets=dict(zip("ab", target.sum(1), strict=True))
            ),
            Margin(
                name="col", codes=pa.array([p[1] for p in people]), targets=dict(zip("xyz", target.sum(0), strict=True))
            ),
        ]
    )
    expected = [
        (fitted / table)["ab".index(row), "xyz".index(column)] * len(people) / target.sum() for row, column in people
    ]
    assert raked.converged
    assert raked.weights.to_pylist() == pytest.approx(expected, rel=1e-6)


def test_the_mean_of_the_weights_is_1():
    raked = rake([Margin(name="w", codes=pa.array(list("aabbb")), targets={"a": 7, "b": 1})])
    assert pc.mean(raked.weights).as_py() == pytest.approx(1)


def test_fitting_starts_from_the_weights_that_are_given():
    codes = pa.array(["a", "a", "b"])
    raked = rake([Margin(name="w", codes=codes, targets={"a": 1, "b": 1})], pa.array([1.0, 3.0, 1.0]))
    assert raked.weights[1].as_py() == pytest.approx(3 * raked.weights[0].as_py())


def test_people_of_unknown_category_keep_their_weight():
    raked = rake([Margin(name="w", codes=pa.array(["a", "b", None]), targets={"a": 1, "b": 1})])
    assert raked.weights.to_pylist() == pytest.approx([1, 1, 1])


def test_margins_that_contradict_each_other_are_reported_and_not_papered_over():
    codes = pa.array(["a", "a", "b"])
    raked = rake(
        [
            Margin(name="one", codes=codes, targets={"a": 9, "b": 1}),
            Margin(name="two", codes=codes, targets={"a": 1, "b": 9}),
        ],
        most_rounds=50,
    )
    assert not raked.converged
    assert raked.rounds == 50
    assert raked.largest_gap == pytest.approx(0.8)


def test_a_category_without_population_is_refused_by_name():
    with pytest.raises(InputError, match="Categories c of ward have no population"):
        rake([Margin(name="ward", codes=pa.array(["a", "c"]), targets={"a": 1})])


def test_a_population_that_nobody_answered_from_is_refused_by_name():
    with pytest.raises(InputError, match="Nobody answered from the categories b of ward"):
        rake([Margin(name="ward", codes=pa.array(["a"]), targets={"a": 1, "b": 1})])


@pytest.mark.parametrize("base", [[1.0, 0.0], [1.0, None], [1.0, -2.0]])
def test_a_base_weight_must_be_above_0(base):
    with pytest.raises(InputError, match="base weight"):
        rake([Margin(name="w", codes=pa.array(["a", "b"]), targets={"a": 1, "b": 1})], pa.array(base))


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(InputError, match="different lengths"):
        rake([Margin(name="w", codes=pa.array(["a"]), targets={"a": 1})], pa.array([1.0, 1.0]))


def test_nobody_cannot_be_raked():
    with pytest.raises(InputError, match="Nobody to rake"):
        rake([])


def test_the_spread_tells_what_the_weights_cost():
    raked = rake([Margin(name="w", codes=pa.array(list("aaaaaaaaab")), targets={"a": 1, "b": 1})])
    assert raked.spread == pytest.approx(9)
    assert math.isfinite(raked.largest_gap)
