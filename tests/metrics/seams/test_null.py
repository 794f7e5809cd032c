"""The null: what natural pictures show, as data."""

from __future__ import annotations

import numpy as np
import pytest

from renderlock.metrics.seams.families import CHANNELS, FAMILIES, Family
from renderlock.metrics.seams.null import (
    SIZE_CLASSES,
    fit_tail,
    null_from_json,
    null_to_json,
    shipped_null,
    size_class,
)


def test_the_shipped_null_has_every_ratio_in_every_size_class() -> None:
    null = shipped_null()
    wanted = {f"{family.name} {channel}" for family in FAMILIES for channel in CHANNELS}
    for classes in null.tails.values():
        assert len(classes) == len(SIZE_CLASSES) + 1
        assert all(set(tails) == wanted for tails in classes)
    assert "photographs" in null.made
    assert "--calibrate" in null.made


def test_the_null_reads_as_it_was_written() -> None:
    text = null_to_json(shipped_null())
    assert null_to_json(null_from_json(text)) == text


def test_among_more_lines_a_line_must_stand_out_more() -> None:
    limits = [shipped_null().scope("line", 32, among=count).most(Family("step", 1), "Y") for count in (1, 4, 100)]
    assert limits == sorted(limits)
    assert limits[0] < limits[-1]


def test_longer_borders_have_tighter_limits() -> None:
    limits = [shipped_null().scope("picture", segments).most(Family("step", 1), "Y") for segments in (32, 96, 500)]
    assert limits == sorted(limits, reverse=True)


def test_short_borders_have_wider_limits_of_their_own() -> None:
    limits = [shipped_null().scope("line", segments).most(Family("step", 1), "Y") for segments in (4, 12, 32)]
    assert limits == sorted(limits, reverse=True)
    assert limits[0] > 1.1 * limits[1]


@pytest.mark.parametrize(
    ("segments", "expected"), [(1, 0), (2, 0), (3, 1), (8, 3), (9, 4), (256, 13), (257, 14), (10_000, 14)]
)
def test_size_classes_end_where_they_say(segments: int, expected: int) -> None:
    assert size_class(segments) == expected


def test_the_tail_of_an_exponential_is_found() -> None:
    threshold, excess = fit_tail(np.random.default_rng(1).exponential(3.0, 200_000))
    assert threshold == pytest.approx(3.0 * np.log(20), rel=0.02)
    assert excess == pytest.approx(3.0, rel=0.03)
