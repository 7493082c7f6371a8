"""Two questions answered by the same people."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import confint_proportions_2indep

from catalog.errors import InputError
from harvesters.statistics import PairCounts, count_pairs, mcnemar_test, paired_difference_interval

COUNTS = st.builds(
    PairCounts,
    both=st.integers(0, 300),
    first_only=st.integers(0, 300),
    second_only=st.integers(0, 300),
    neither=st.integers(0, 300),
).filter(lambda counts: counts.n > 0)


def pair(both: float, first_only: float, second_only: float, neither: float) -> PairCounts:
    return PairCounts(both=both, first_only=first_only, second_only=second_only, neither=neither)


def test_people_are_counted_by_their_two_answers():
    first = pa.array([True, True, True, False, False, None, True])
    second = pa.array([True, True, False, True, False, True, None])
    assert count_pairs(first, second) == pair(2, 1, 1, 1)


def test_weights_are_summed_instead_of_people():
    counts = count_pairs(pa.array([True, False]), pa.array([True, True]), pa.array([1.5, 0.5]))
    assert counts == pair(1.5, 0, 0.5, 0)


def test_shares_and_difference_follow_from_the_counts():
    counts = pair(20, 12, 2, 16)
    assert (counts.first_share, counts.second_share, counts.difference) == (0.64, 0.44, pytest.approx(0.2))


@pytest.mark.parametrize(
    ("counts", "lower", "upper"),
    [
        # Newcombe (1998), table II, method 10
        ((36, 12, 2, 0), 0.0569, 0.3404),
        ((20, 12, 2, 16), 0.0562, 0.3292),
        # Fagerland, Lydersen, Laake (2014), airway hyper-responsiveness
        ((1, 1, 7, 12), -0.5069, -0.0256),
    ],
)
def test_the_interval_has_published_values(counts, lower, upper):
    found = paired_difference_interval(pair(*counts))
    assert (round(found.lower, 4), round(found.upper, 4)) == (lower, upper)


@pytest.mark.parametrize("counts", [(25, 25, 25, 25), (8, 24, 16, 48), (30, 0, 20, 0)])
def test_answers_that_do_not_go_together_have_the_interval_of_independent_samples(counts):
    one = pair(*counts)
    expected = confint_proportions_2indep(
        one.both + one.first_only, one.n, one.both + one.second_only, one.n, method="newcomb"
    )
    found = paired_difference_interval(one)
    assert (found.lower, found.upper) == pytest.approx(expected, abs=1e-9)


@given(COUNTS)
def test_the_interval_holds_the_difference(counts):
    found = paired_difference_interval(counts)
    assert -1 <= found.lower <= counts.difference + 1e-12
    assert counts.difference - 1e-12 <= found.upper <= 1


@given(COUNTS)
def test_changing_the_questions_turns_the_interval_round(counts):
    found = paired_difference_interval(counts)
    turned = paired_difference_interval(pair(counts.both, counts.second_only, counts.first_only, counts.neither))
    assert (turned.lower, turned.upper) == pytest.approx((-found.upper, -found.lower), abs=1e-12)


@given(COUNTS)
def test_the_test_is_that_of_statsmodels(counts):
    table = [[counts.both, counts.first_only], [counts.second_only, counts.neither]]
    assert mcnemar_test(counts).exact_p == pytest.approx(mcnemar(table, exact=True).pvalue, abs=1e-9)


def test_the_mid_p_value_has_its_published_value():
    # Fagerland, Lydersen, Laake (2013): exact 0.070, mid-p 0.039
    found = mcnemar_test(pair(1, 1, 7, 12))
    assert (round(found.exact_p, 3), round(found.mid_p, 3)) == (0.070, 0.039)


def test_nobody_answering_the_two_differently_is_no_difference():
    found = mcnemar_test(pair(5, 0, 0, 5))
    assert (found.exact_p, found.mid_p) == (1, 1)


def test_weighted_counts_are_not_tested():
    with pytest.raises(InputError, match="sums of weights"):
        mcnemar_test(pair(1, 1.5, 2, 3))


def test_scaling_to_the_effective_size_keeps_the_shares_and_widens_the_interval():
    counts = pair(602, 421, 204, 189)
    scaled = counts.scaled_to(counts.n / 2)
    narrow, wide = paired_difference_interval(counts), paired_difference_interval(scaled)
    assert scaled.difference == pytest.approx(counts.difference)
    assert wide.upper - wide.lower > narrow.upper - narrow.lower


def test_nobody_answering_both_has_no_interval():
    with pytest.raises(InputError, match="Nobody answered both"):
        paired_difference_interval(pair(0, 0, 0, 0))
