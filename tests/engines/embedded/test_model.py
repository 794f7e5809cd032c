"""The open latent: windows of a canvas, batches, guidance and 8-bit rounding."""

from __future__ import annotations

import numpy as np
import pytest

from renderlock.engines.embedded.cells import Cells, Place
from renderlock.engines.embedded.model import Model
from renderlock.engines.embedded.weights import Version
from renderlock.errors import EngineFailed

CANVAS = Cells(16, 24)


@pytest.fixture(scope="module")
def model(newest: Version) -> Model:
    return Model(newest, threads=1)


def test_a_batch_of_windows_gives_the_bits_each_window_gives_alone(model: Model) -> None:
    conditioning = model.condition("red apple", "", 4.0)
    noise = model.noise(5, CANVAS)
    windows = [noise[:, :, :, left : left + 16] for left in (0, 8)]
    places = [Place(0, left, CANVAS) for left in (0, 8)]

    together = model.velocity(np.concatenate(windows), 0.8, conditioning, places)

    alone = [model.velocity(w, 0.8, conditioning, [p]) for w, p in zip(windows, places, strict=True)]
    assert np.array_equal(together, np.concatenate(alone))


def test_guidance_is_the_line_through_both_velocities(model: Model) -> None:
    noise, place = model.noise(5, CANVAS), [Place.whole(CANVAS)]
    towards = model.velocity(noise, 0.9, model.condition("red apple", "", 1.0), place)
    against = model.velocity(noise, 0.9, model.condition("blue car", "", 1.0), place)

    guided = model.velocity(noise, 0.9, model.condition("red apple", "blue car", 3.0), place)

    assert guided == pytest.approx(against + 3 * (towards - against), abs=1e-4)


def test_the_noise_of_a_window_is_the_window_of_the_noise(model: Model) -> None:
    assert np.array_equal(model.noise(5, Cells(8, 8)), model.noise(5, CANVAS)[:, :, :8, :8])


def test_a_picture_survives_encoding_and_decoding(model: Model) -> None:
    picture = np.full((64, 96, 3), 255, np.uint8)
    picture[16:48, 32:64] = (220, 40, 40)

    again = model.decode(model.encode(picture))

    assert again.shape == picture.shape
    assert np.abs(again.astype(int) - picture.astype(int)).mean() < 12


def test_numbers_beyond_bounds_are_an_error_and_no_picture(model: Model) -> None:
    latent = model.noise(1, Cells(8, 8))
    latent[0, 0, 0, 0] = np.nan

    with pytest.raises(EngineFailed, match="beyond bounds"):
        model.decode(latent)
