"""Set-wide colour matching: the statistics arrive, the recipe is the whole story, the picture stays."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import data
from tests.imaging.at_once import measure_statistics

from renderlock.imaging.colour_match import (
    MatchMethod,
    apply_correction,
    mean_statistics,
    solve_correction,
)
from renderlock.imaging.pixels import Pixels

METHODS: tuple[MatchMethod, ...] = ("monge-kantorovich", "reinhard")


def coffee() -> Pixels:
    return np.ascontiguousarray(data.coffee()[::3, ::3])


def tinted() -> Pixels:
    """The same picture, warmer, darker and with less contrast."""
    dull: Pixels = (coffee() * np.array([0.8, 0.62, 0.45]) + 20).astype(np.uint8)
    return dull


def corrected(source: Pixels, target: Pixels, method: MatchMethod, amount: float = 1.0) -> Pixels:
    wish = solve_correction(measure_statistics(source), measure_statistics(target), method=method, amount=amount)
    matched = apply_correction(source, wish)
    assert matched.dtype == np.uint8
    return matched.astype(np.uint8)


@pytest.mark.parametrize("method", METHODS)
def test_mean_and_spread_arrive(method: MatchMethod) -> None:
    reached, wanted = measure_statistics(corrected(tinted(), coffee(), method)), measure_statistics(coffee())

    before = np.abs(measure_statistics(tinted()).mean - wanted.mean).max()
    assert np.abs(reached.mean - wanted.mean).max() < 0.1 * before
    assert np.allclose(np.diag(reached.covariance), np.diag(wanted.covariance), rtol=0.25, atol=5e-5)


def test_monge_kantorovich_undoes_a_tint_that_reinhard_cannot() -> None:
    errors = {method: np.abs(corrected(tinted(), coffee(), method).astype(int) - coffee()).mean() for method in METHODS}

    assert errors["monge-kantorovich"] < errors["reinhard"]
    assert errors["monge-kantorovich"] < 0.35 * np.abs(tinted().astype(int) - coffee()).mean()


@pytest.mark.parametrize("method", METHODS)
def test_a_picture_matched_to_itself_stays(method: MatchMethod) -> None:
    apart = np.abs(corrected(coffee(), coffee(), method).astype(int) - coffee())

    assert apart.max() <= 1


def test_an_amount_of_nothing_does_nothing_and_half_is_between() -> None:
    none, half, full = (corrected(tinted(), coffee(), "monge-kantorovich", amount) for amount in (0.0, 0.5, 1.0))

    assert np.abs(none.astype(int) - tinted()).max() <= 1
    assert tinted().mean() < half.mean() < full.mean()


@pytest.mark.parametrize("method", METHODS)
def test_a_flat_picture_gives_a_finite_recipe(method: MatchMethod) -> None:
    flat = np.full((20, 20, 3), 90, dtype=np.uint8)
    wish = solve_correction(measure_statistics(flat), measure_statistics(coffee()), method=method)

    assert len(wish.matrix) == 9
    assert len(wish.offset) == 3
    assert np.isfinite(wish.matrix + wish.offset).all()
    assert np.abs(wish.matrix).max() <= 2.5


def test_the_recipe_has_six_decimals_and_no_negative_zero() -> None:
    wish = solve_correction(measure_statistics(coffee()), measure_statistics(tinted()), method="reinhard")

    for value in wish.matrix + wish.offset:
        assert value == round(value, 6)
        assert str(value) != "-0.0"


def test_transparent_pixels_do_not_count_and_alpha_stays() -> None:
    pixels = np.dstack([coffee(), np.full(coffee().shape[:2], 255, dtype=np.uint8)])
    pixels[:40, :, :3] = (255, 0, 255)
    pixels[:40, :, 3] = 0

    assert np.allclose(measure_statistics(pixels).mean, measure_statistics(pixels[40:, :, :3]).mean, atol=0.01)
    wish = solve_correction(measure_statistics(pixels), measure_statistics(tinted()), method="reinhard")
    assert (apply_correction(pixels, wish)[..., 3] == pixels[..., 3]).all()


def test_the_mean_of_a_set_lies_between_its_members() -> None:
    members = [measure_statistics(coffee()), measure_statistics(tinted())]

    mean = mean_statistics(members)

    assert members[1].mean[0] < mean.mean[0] < members[0].mean[0]
