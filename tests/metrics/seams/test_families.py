"""What each family answers on strips whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from renderlock.metrics.seams.families import FAMILIES, Family
from renderlock.metrics.seams.profile import profile_of

PLACE = np.array([128])


def strip(columns: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """32 rows that are all the same grey columns."""
    values = np.broadcast_to(np.asarray(columns, np.float32), (32, 256))
    return np.repeat(values[..., None], 3, axis=2)


@pytest.mark.parametrize("px", [1, 2, 4, 8, 16, 32])
def test_a_step_answers_with_its_height_at_every_scale(px: int) -> None:
    profile = profile_of(strip(np.where(np.arange(256) < 128, 100.0, 103.0)), 128)
    assert Family("step", px).respond(profile, PLACE)[..., 0] == pytest.approx(3.0, abs=1e-4)


@pytest.mark.parametrize("px", [1, 2, 4, 8, 16, 32])
def test_a_smooth_gradient_answers_with_nothing(px: int) -> None:
    places = np.linspace(0, 1, 256)
    profile = profile_of(strip(20 + 150 * places + 60 * places**2), 128)
    assert Family("step", px).respond(profile, PLACE)[..., 0] == pytest.approx(0.0, abs=2e-3)


def test_half_the_detail_on_one_side_answers_with_its_logarithm() -> None:
    random = np.random.default_rng(1).normal(0, 20, (1024, 256, 1)).astype(np.float32)
    random[:, 128:] /= 2
    answers = Family("mismatch", 32).respond(profile_of(np.repeat(random, 3, axis=2) + 128, 128), PLACE)
    assert answers[..., 0].mean() == pytest.approx(np.log(2), abs=0.04)


@pytest.mark.parametrize(("moved", "sign"), [(1, -1), (-1, 1)])
def test_one_side_displaced_along_the_border_answers_with_the_way_it_went(moved: int, sign: int) -> None:
    rows = np.cumsum(np.random.default_rng(4).normal(0, 4, 2080)).astype(np.float32)
    plain = np.repeat(np.broadcast_to(rows[16:2064, None], (2048, 256))[..., None], 3, axis=2).copy()
    slid = plain.copy()
    slid[:, 128:] = rows[16 - moved : 2064 - moved, None, None]
    answers = [Family("slide", 1).respond(profile_of(one, 128), PLACE)[..., 0].mean() for one in (plain, slid)]
    assert answers[0] == 0.0
    assert sign * answers[1] > 0.5


def test_a_soft_stripe_answers_with_the_logarithm_of_its_dip() -> None:
    random = np.random.default_rng(2).normal(0, 20, (1024, 256, 1)).astype(np.float32)
    random[:, 112:144] *= 0.83
    answers = Family("notch", 32).respond(profile_of(np.repeat(random, 3, axis=2) + 128, 128), PLACE)
    assert np.exp(answers[..., 0].mean()) == pytest.approx(0.83, abs=0.03)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_no_family_looks_farther_than_it_says(family: Family) -> None:
    random = np.random.default_rng(3).normal(128, 20, (32, 256, 3)).astype(np.float32)
    changed = random.copy()
    changed[:, : 128 - family.reach] = 0
    changed[:, 128 + family.reach :] = 255
    answers = [family.respond(profile_of(part, 128), PLACE) for part in (random, changed)]
    assert answers[0] == pytest.approx(answers[1], abs=1e-3)


def test_a_contour_of_the_subject_speaks_for_no_more_than_its_segment() -> None:
    quiet = np.random.default_rng(4).normal(0, 0.1, (16, 9, 3))
    loud = quiet.copy()
    loud[3, 0] = 90.0
    family = Family("step", 1)
    assert np.exp(family.weigh(loud).statistic).max() < 1.3
    everywhere = quiet.copy()
    everywhere[:, 0] += 1.0
    assert np.exp(family.weigh(everywhere).statistic).min() > 3


def test_evidence_of_parts_adds_up_to_that_of_the_whole() -> None:
    family = Family("notch", 32)
    pieces = [np.random.default_rng(seed).normal(0, 0.2, (16, 7, 3)) for seed in (5, 6)]
    both = family.weigh(pieces[0]) + family.weigh(pieces[1])
    mean = (family.weigh(pieces[0]).statistic + family.weigh(pieces[1]).statistic) / 2
    assert both.segments == 32
    assert both.statistic == pytest.approx(mean)
