"""Withheld counts, and an adversary who tries to work them out."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from catalog.errors import InputError
from harvesters.statistics import Additive, Reason, derivable_cells, suppress

THRESHOLD = 10


class Adversary:
    """Knows every published count, every sum, and that counts are not negative."""

    def __init__(self, counts: Mapping[Hashable, int], sums: Sequence[Additive], withheld: Mapping[Hashable, object]):
        self.unknown = list(withheld)
        place = {key: i for i, key in enumerate(self.unknown)}
        self.equations = np.zeros((len(sums), len(self.unknown)))
        self.results = np.zeros(len(sums))
        for row, one in enumerate(sums):
            for key, sign in ((one.total, -1), *((part, 1) for part in one.parts)):
                if key in place:
                    self.equations[row, place[key]] += sign
                else:
                    self.results[row] -= sign * counts[key]

    def ranges(self) -> dict[Hashable, tuple[float, float]]:
        """Return the least and the greatest value that each withheld count can have."""
        return {key: (self._extreme(i, 1), -self._extreme(i, -1)) for i, key in enumerate(self.unknown)}

    def solved_by_algebra(self) -> set[Hashable]:
        """Return the counts that least squares determines: those on which no null vector of the equations moves."""
        _, singular, vectors = np.linalg.svd(self.equations)
        rank = int((singular > 1e-9).sum())
        null = vectors[rank:]
        return {key for i, key in enumerate(self.unknown) if not np.abs(null[:, i]).max(initial=0) > 1e-9}

    def _extreme(self, place: int, sign: int) -> float:
        goal = np.zeros(len(self.unknown))
        goal[place] = sign
        bounds = (0, 1_000_000)
        return float(linprog(goal, A_eq=self.equations, b_eq=self.results, bounds=bounds, method="highs").fun)


def one_way(parts: Sequence[int], unknown: int = 0) -> tuple[dict[Hashable, int], list[Additive]]:
    counts: dict[Hashable, int] = dict(enumerate(parts))
    keys = tuple(counts)
    counts["total"] = sum(parts) + unknown
    return counts, [Additive("total", keys)]


def two_way(cells: Sequence[Sequence[int]]) -> tuple[dict[Hashable, int], list[Additive]]:
    height, width = len(cells), len(cells[0])
    counts: dict[Hashable, int] = {(r, c): cells[r][c] for r in range(height) for c in range(width)}
    sums = []
    for r in range(height):
        counts[r, "T"] = sum(cells[r])
        sums.append(Additive((r, "T"), tuple((r, c) for c in range(width))))
    for c in range(width):
        counts["T", c] = sum(row[c] for row in cells)
        sums.append(Additive(("T", c), tuple((r, c) for r in range(height))))
    counts["T", "T"] = sum(map(sum, cells))
    sums.append(Additive(("T", "T"), tuple((r, "T") for r in range(height))))
    sums.append(Additive(("T", "T"), tuple(("T", c) for c in range(width))))
    return counts, sums


def test_counts_from_the_threshold_on_are_published():
    counts, sums = one_way([10, 25, 40])
    assert suppress(counts, sums, threshold=THRESHOLD) == {}


def test_a_count_below_the_threshold_takes_the_smallest_other_with_it():
    counts, sums = one_way([9, 25, 40])
    assert suppress(counts, sums, threshold=THRESHOLD) == {0: Reason.PRIMARY, 1: Reason.COMPLEMENTARY}


def test_nobody_is_a_small_count_too():
    counts, sums = one_way([0, 25, 40])
    assert suppress(counts, sums, threshold=THRESHOLD)[0] is Reason.PRIMARY


def test_two_small_counts_that_hide_each_other_need_no_third():
    counts, sums = one_way([6, 7, 40])
    assert set(suppress(counts, sums, threshold=THRESHOLD)) == {0, 1}


def test_two_small_counts_that_add_up_to_little_take_a_third_with_them():
    counts, sums = one_way([0, 1, 40, 30])
    assert set(suppress(counts, sums, threshold=THRESHOLD)) == {0, 1, 3}


def test_without_a_published_total_one_withheld_count_is_safe():
    assert suppress({"a": 3, "b": 50}, [], threshold=THRESHOLD) == {"a": Reason.PRIMARY}


def test_a_withheld_total_is_not_given_away_by_its_parts():
    counts, sums = one_way([4, 5])
    assert set(suppress(counts, sums, threshold=THRESHOLD)) == {0, 1, "total"}


def test_what_is_published_already_cannot_be_the_complement():
    counts, sums = one_way([3, 50, 60])
    assert set(suppress(counts, sums, threshold=THRESHOLD, published=[1])) == {0, 2}


def test_a_cell_that_cannot_be_hidden_is_an_error_and_no_leak():
    counts, sums = one_way([3, 50])
    with pytest.raises(InputError, match="cannot be hidden"):
        suppress(counts, sums, threshold=THRESHOLD, published=[1, "total"])


def test_a_threshold_of_0_publishes_everything():
    counts, sums = one_way([0, 1, 2])
    assert suppress(counts, sums, threshold=0) == {}


def test_the_audit_finds_a_cell_that_only_several_sums_together_give_away():
    # x + y = 30 and x + y + z = 37 give z
    sums = [Additive("t", ("x", "y")), Additive("u", ("x", "y", "z"))]
    assert derivable_cells(["x", "y", "z"], sums) == {"z"}


def test_a_cell_that_several_sums_together_give_away_is_protected():
    counts = {"x": 12, "y": 8, "z": 9, "w": 50, "t": 20, "u": 79}
    sums = [Additive("t", ("x", "y")), Additive("u", ("x", "y", "z", "w"))]
    withheld = suppress(counts, sums, threshold=THRESHOLD)
    assert Adversary(counts, sums, withheld).solved_by_algebra() == set()
    assert {"y", "z"} < set(withheld)


@given(st.lists(st.integers(0, 60), min_size=2, max_size=8), st.integers(0, 20))
def test_the_adversary_cannot_place_a_small_count_more_closely_than_the_threshold(parts, unknown):
    counts, sums = one_way(parts)
    withheld = suppress(counts, sums, threshold=THRESHOLD)
    ranges = Adversary(counts, sums, withheld).ranges()
    assert all(high - low >= THRESHOLD for low, high in ranges.values())


TABLES = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(st.integers(0, 40), min_size=width, max_size=width), min_size=2, max_size=4)
)


@settings(max_examples=60)
@given(TABLES)
def test_the_adversary_cannot_solve_a_two_way_table(cells):
    counts, sums = two_way(cells)
    withheld = suppress(counts, sums, threshold=THRESHOLD)
    assert Adversary(counts, sums, withheld).solved_by_algebra() == set()
    assert {key for key, count in counts.items() if count < THRESHOLD} <= set(withheld)


@settings(max_examples=60)
@given(TABLES)
def test_the_audit_agrees_with_the_null_space_of_the_equations(cells):
    counts, sums = two_way(cells)
    small = [key for key, count in counts.items() if count < THRESHOLD]
    assert derivable_cells(small, sums) == Adversary(counts, sums, dict.fromkeys(small)).solved_by_algebra()


def test_the_adversary_wins_against_primary_suppression_alone():
    counts, sums = one_way([3, 50, 60])
    assert Adversary(counts, sums, {0: Reason.PRIMARY}).ranges()[0] == (3, 3)
