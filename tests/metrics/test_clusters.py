"""Clusters: a few colours for many, the same every time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderlock.metrics.clusters import cluster_colours


def test_separate_groups_are_found_with_their_shares_and_spreads() -> None:
    colours = np.array([[0.0, 0, 0]] * 60 + [[50.0, 0, 0]] * 30 + [[0.0, 99, 1], [0.0, 99, -1]] * 5)
    found = cluster_colours(colours, 3)
    assert found.centres.tolist() == [[0, 0, 0], [50, 0, 0], [0, 99, 0]]
    assert found.shares.tolist() == [0.6, 0.3, 0.1]
    assert found.spreads == pytest.approx([0, 0, 1])


def test_fewer_colours_than_asked_for_give_fewer_groups() -> None:
    assert len(cluster_colours(np.ones((9, 3)), 5).centres) == 1


@settings(max_examples=settings().max_examples // 4)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 8))
def test_shares_sum_to_one_and_fall(seed: int, count: int, groups: int) -> None:
    found = cluster_colours(np.random.default_rng(seed).normal(size=(count, 3)), groups)
    assert found.shares.sum() == pytest.approx(1)
    assert (np.diff(found.shares) <= 0).all()
    assert len(found.centres) <= groups
