"""Defects of tiled pictures, made on whole ones: what a bad merge or a drifting model leaves at the borders."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from skimage.filters import gaussian
from skimage.transform import warp

from renderlock.imaging.pixels import Pixels

Random = np.random.Generator
Defect = Callable[[Pixels, int, Random], Pixels]
Floats = NDArray[np.float64]
OWN_DETAIL_SIGMA_PX = 2.0
FEATHER_PX = 64


def offset(levels: float) -> Defect:
    """Every other tile brighter by so many levels, so that each border is a step of that height."""
    return lambda pixels, tile, random: _alternate(pixels, tile, lambda values: values + levels)


def drift(levels: float) -> Defect:
    """Each tile brighter or darker by so many levels, by the toss of a coin; not all to the same side."""

    def disturb(pixels: Pixels, tile: int, random: Random) -> Pixels:
        rows, columns = (-(-length // tile) for length in pixels.shape[:2])
        signs = random.choice([-1.0, 1.0], (rows, columns))
        signs[0, 0] = -signs[0, 1]
        return _rounded(pixels + levels * np.kron(signs, np.ones((tile, tile)))[: len(pixels), : pixels.shape[1], None])

    return disturb


def gain(share: float) -> Defect:
    """Every other tile with that much more contrast."""
    return lambda pixels, tile, random: _alternate(pixels, tile, lambda values: values * (1 + share))


def blur(sigma_px: float) -> Defect:
    """Every other tile blurred."""
    return lambda pixels, tile, random: _alternate(pixels, tile, lambda values: _blurred(values, sigma_px))


def noise(levels: float) -> Defect:
    """Every other tile with more grain."""
    return lambda pixels, tile, random: _alternate(
        pixels, tile, lambda values: values + random.normal(0, levels, values.shape)
    )


def shift(distance_px: float) -> Defect:
    """Every other tile displaced along the diagonal, as APIs do that rescale what they are sent."""
    step = distance_px / np.sqrt(2)

    def moved(values: Floats) -> Floats:
        return np.asarray(warp(values, lambda at: at + step, order=3, mode="edge", preserve_range=True))

    return lambda pixels, tile, random: _alternate(pixels, tile, moved)


def own_detail(pixels: Pixels, tile: int, random: Random) -> Pixels:
    """Every other tile with other detail below 2 pixels of sigma, cut hard: tiles that were refined one by one."""
    return _alternate(pixels, tile, _other_detail)


def own_detail_feathered(pixels: Pixels, tile: int, random: Random) -> Pixels:
    """The same, blended over 64 pixels with a Hann ramp: the soft stripe that feathering leaves."""
    return _mixed(pixels, _other_detail(pixels.astype(np.float64)), _checks(pixels.shape[:2], tile, FEATHER_PX))


def drift_feathered(levels: float) -> Defect:
    """Every other tile brighter, blended over 64 pixels: mostly invisible, and rightly passed."""
    return lambda pixels, tile, random: _mixed(
        pixels, pixels.astype(np.float64) + levels, _checks(pixels.shape[:2], tile, FEATHER_PX)
    )


DEFECTS: dict[str, Defect] = {
    "offset of 1 level": offset(1),
    "tiles ±1 level": drift(1),
    "offset of 2 levels": offset(2),
    "offset of 4 levels": offset(4),
    "gain 1 %": gain(0.01),
    "blur, sigma 0.5": blur(0.5),
    "blur, sigma 0.7": blur(0.7),
    "blur, sigma 1": blur(1.0),
    "grain, 1 level": noise(1.0),
    "shift 0.5 px": shift(0.5),
    "shift 1 px": shift(1.0),
    "shift 2 px": shift(2.0),
    "own detail, hard": own_detail,
    "own detail, feathered": own_detail_feathered,
    "offset of 8, feathered": drift_feathered(8),
}


def _alternate(pixels: Pixels, tile: int, change: Callable[[Floats], Floats]) -> Pixels:
    return _mixed(pixels, change(pixels.astype(np.float64)), _checks(pixels.shape[:2], tile, 0))


def _mixed(pixels: Pixels, other: Floats, weights: Floats) -> Pixels:
    return _rounded(pixels * (1 - weights[..., None]) + other * weights[..., None])


def _rounded(values: Floats) -> Pixels:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _blurred(values: Floats, sigma_px: float) -> Floats:
    return np.asarray(gaussian(values, sigma_px, mode="nearest", channel_axis=2, preserve_range=True))


def _other_detail(values: Floats) -> Floats:
    smooth = _blurred(values, OWN_DETAIL_SIGMA_PX)
    return smooth + np.roll(values - smooth, (7, 5), axis=(0, 1))


def _checks(shape: tuple[int, ...], tile: int, feather_px: int) -> Floats:
    """H x W in 0..1: a chessboard of tiles, its edges Hann ramps of so many pixels."""
    waves = []
    for length in shape[:2]:
        places = np.arange(length, dtype=np.float64) + 0.5
        number = np.floor(places / tile)
        ramp = np.zeros(length) if not feather_px else _ramps(places, tile, length, feather_px)
        waves.append((number % 2) if not feather_px else ramp)
    down, across = waves
    return np.asarray(down[:, None] * (1 - across[None, :]) + across[None, :] * (1 - down[:, None]))


def _ramps(places: Floats, tile: int, length: int, feather_px: int) -> Floats:
    wave = np.zeros(length)
    for border in range(tile, length, tile):
        rising = (border // tile) % 2 == 1
        share = np.clip((places - border) / feather_px + 0.5, 0, 1)
        step = 0.5 - 0.5 * np.cos(np.pi * share)
        wave += step if rising else -step
    return wave
