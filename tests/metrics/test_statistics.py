"""Statistics over pairs, against closed forms and brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.metrics.statistics import (
    distances_to_rest,
    euclidean_distances,
    farthest,
    groups_of,
    most_typical,
    spread_over_pairs,
    stands_out,
)


def _on_a_line(*places: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return euclidean_distances(np.array(places).reshape(-1, 1))


def test_the_spread_is_the_mean_and_largest_over_pairs() -> None:
    found = spread_over_pairs(_on_a_line(0, 1, 3))
    assert (found.mean, found.largest) == (2, 3)


def test_the_standard_error_is_the_jackknife_written_out() -> None:
    places = [0.0, 1.0, 1.5, 4.0, 9.0]
    found = spread_over_pairs(_on_a_line(*places))
    without = [
        np.mean([abs(a - b) for a, b in combinations(places[:at] + places[at + 1 :], 2)]) for at in range(len(places))
    ]
    expected = np.sqrt(4 / 5 * sum((one - np.mean(without)) ** 2 for one in without))
    assert found.standard_error == pytest.approx(expected)


def test_the_standard_error_covers_what_repeated_draws_show() -> None:
    random = np.random.default_rng(3)
    spreads = [spread_over_pairs(euclidean_distances(random.normal(size=(10, 2)))) for _ in range(300)]
    seen = np.std([spread.mean for spread in spreads])
    claimed = np.mean([spread.standard_error for spread in spreads if spread.standard_error is not None])
    assert claimed == pytest.approx(seen, rel=0.2)


@pytest.mark.parametrize("count", [0, 1])
def test_less_than_two_things_have_no_spread(count: int) -> None:
    found = spread_over_pairs(np.zeros((count, count)))
    assert (found.mean, found.largest, found.standard_error) == (0, 0, None)


def test_two_things_have_a_spread_and_no_error() -> None:
    assert spread_over_pairs(_on_a_line(0, 5)).standard_error is None


def test_the_medoid_and_the_farthest_are_found() -> None:
    distances = _on_a_line(0, 1, 2, 10)
    assert (most_typical(distances), farthest(distances)) == (1, 3)
    assert distances_to_rest(distances)[1] == pytest.approx((1 + 1 + 9) / 3)


def test_nothing_is_farthest_among_two_or_among_equals() -> None:
    assert farthest(_on_a_line(0, 5)) is None
    assert farthest(_on_a_line(1, 1, 1)) is None


def test_an_odd_one_stands_out_and_the_end_of_an_even_row_does_not() -> None:
    odd = distances_to_rest(_on_a_line(0, 0.1, 0.2, 0.3, 0.4, 5))
    even = distances_to_rest(_on_a_line(0, 1, 2, 3, 4, 5))
    assert stands_out(odd, 5)
    assert not stands_out(even, 5)


def test_among_all_but_equal_values_a_slightly_larger_one_does_not_stand_out() -> None:
    assert not stands_out(np.array([1, 1, 1, 1, 1, 1.2]), 5)
    assert stands_out(np.array([1, 1, 1, 1, 1, 1.5]), 5)


def test_pairs_tie_into_groups() -> None:
    assert groups_of(7, ((0, 3), (3, 5), (1, 2))) == ((0, 3, 5), (1, 2))


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=12))
def test_groups_part_all_members_of_pairs_and_nothing_else(pairs: list[tuple[int, int]]) -> None:
    groups = groups_of(9, tuple(pairs))
    members = [member for group in groups for member in group]
    assert sorted(members) == sorted({one for first, second in pairs if first != second for one in (first, second)})
    for first, second in pairs:
        assert first == second or any(first in group and second in group for group in groups)
