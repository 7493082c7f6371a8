"""Weighted proportions, Kish's effective size, Wilson's interval, the printed sampling error."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from catalog.errors import InputError
from harvesters.statistics import (
    estimate_proportion,
    kish_effective_size,
    sampling_error_points,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("positive", "n", "deff", "lower", "upper"),
    [
        (44, 87, 1, 40.27, 60.83),
        (25, 45, 1, 41.18, 69.06),
        (500, 1000, 1, 46.91, 53.09),
        (500, 1000, 2, 45.63, 54.37),
    ],
)
def test_the_interval_has_the_check_values_of_the_survey_standard(positive, n, deff, lower, upper):
    found = wilson_interval(positive / n, n, deff=deff)
    assert (round(100 * found.lower, 2), round(100 * found.upper, 2)) == (lower, upper)


@given(st.integers(1, 5000), st.data(), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_the_interval_is_that_of_statsmodels(n, data, level):
    positive = data.draw(st.integers(0, n))
    found = wilson_interval(positive / n, n, level=level)
    expected = proportion_confint(positive, n, alpha=1 - level, method="wilson")
    assert (found.lower, found.upper) == pytest.approx(expected, abs=1e-12)


@given(st.floats(0, 1), st.floats(0.5, 1e6), st.floats(0.1, 10))
def test_the_interval_holds_the_share_and_stays_within_0_and_1(share, n, deff):
    found = wilson_interval(share, n, deff=deff)
    assert 0 <= found.lower <= share <= found.upper <= 1
    assert found.lower < found.upper


@pytest.mark.parametrize(
    ("share", "n", "deff"), [(-0.1, 9, 1), (1.1, 9, 1), (math.nan, 9, 1), (0.5, 0, 1), (0.5, 9, 0)]
)
def test_a_number_outside_its_range_is_refused_with_its_value(share, n, deff):
    with pytest.raises(InputError) as caught:
        wilson_interval(share, n, deff=deff)
    assert caught.value.context["value"] in {str(share), str(n), str(deff)}


def test_a_level_outside_0_and_1_is_refused():
    with pytest.raises(InputError, match="level"):
        wilson_interval(0.5, 10, level=1)


def test_equal_weights_have_the_effective_size_of_the_count():
    assert kish_effective_size(pa.array([2.5] * 40)) == pytest.approx(40)


def test_the_effective_size_is_the_square_of_the_sum_over_the_sum_of_squares():
    assert kish_effective_size(pa.array([1.0, 2.0, 3.0])) == pytest.approx(36 / 14)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=50))
def test_unequal_weights_never_raise_the_effective_size_above_the_count(weights):
    found = kish_effective_size(pa.array(weights))
    assert 0 < found <= len(weights) * (1 + 1e-12)


def test_no_weights_have_the_effective_size_0():
    assert kish_effective_size(pa.array([], pa.float64())) == 0


@pytest.mark.parametrize("wrong", [None, -1.0, math.nan, math.inf])
def test_a_weight_that_is_no_number_from_0_is_refused(wrong):
    with pytest.raises(InputError, match="weight"):
        kish_effective_size(pa.array([1.0, wrong]))


def test_the_share_is_the_sum_of_weights_of_yes_over_the_sum_of_weights():
    found = estimate_proportion(pa.array([True, False, True]), pa.array([1.0, 2.0, 3.0]))
    assert (found.share, found.weighted_positive, found.weighted_n) == (pytest.approx(4 / 6), 4.0, 6.0)
    assert (found.n, found.positive_n, found.n_eff) == (3, 2, pytest.approx(36 / 14))


def test_people_without_an_answer_are_not_in_the_base():
    found = estimate_proportion(pa.array([True, None, False]), pa.array([1.0, 50.0, 1.0]))
    assert (found.n, found.share, found.n_eff) == (2, 0.5, 2.0)


def test_without_weights_every_person_counts_the_same():
    weighted = estimate_proportion(pa.array([True, False, None, True]), pa.array([1.0] * 4))
    assert estimate_proportion(pa.array([True, False, None, True])) == weighted


def test_the_interval_stands_on_the_effective_size():
    answers, weights = pa.array([True, False] * 50), pa.array([1.0, 3.0] * 50)
    found = estimate_proportion(answers, weights, deff=1.5)
    assert found.interval == wilson_interval(0.25, found.n_eff, deff=1.5)
    assert found.n_eff < 100


@pytest.mark.parametrize("answers", [[], [None, None]])
def test_nobody_answering_gives_no_share_and_no_interval(answers):
    found = estimate_proportion(pa.array(answers, pa.bool_()))
    assert (found.n, found.share, found.interval, found.n_eff) == (0, None, None, 0)


def test_one_weight_a_person_is_demanded():
    with pytest.raises(InputError, match="one weight a person"):
        estimate_proportion(pa.array([True, False]), pa.array([1.0]))


def test_the_printed_sampling_error_is_that_of_the_osaka_table():
    # 5 % of about 900 people is printed as +-2.1 points
    assert round(sampling_error_points(0.05, 900), 1) == 2.1


def test_the_printed_sampling_error_takes_the_population_into_account():
    whole = sampling_error_points(0.5, 1000, deff=1)
    assert whole == pytest.approx(200 * math.sqrt(0.25 / 1000))
    assert sampling_error_points(0.5, 1000, population=1000, deff=1) == 0
    assert sampling_error_points(0.5, 1000, population=4000, deff=1) == pytest.approx(whole * math.sqrt(3000 / 3999))


def test_a_sample_larger_than_its_population_is_refused():
    with pytest.raises(InputError, match="population"):
        sampling_error_points(0.5, 1000, population=999)
