"""Where things are in a picture, and how far two layouts lie apart.

Three views that do not react to texture: what stands out from the border (`layout/occ@1`), coarse light and
dark (`layout/lum8@1`), and the signs of the lowest frequencies (`layout/phash@1`). No view is right for every
kind of picture, so the distance is their mean. Places are shares of the frame, whatever its size or shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.clusters import cluster_colours
from renderlock.metrics.reduction import Lab, reduce_to, to_lab

Plane = NDArray[np.float64]
Matrix = NDArray[np.float64]

_WORK_SIDE = 96
_OCCUPANCY_SIDE = 12
_LIGHT_SIDE = 8
_FREQUENCY_SOURCE_SIDE = 32

_BORDER = 6
"""Width of the border, in pixels of the 96 px reduction, from which the background is learned."""

_BACKGROUND_COLOURS = 5
_GROUND_FROM_SHARE = (0.02, 0.08)
"""Share of the border from which a colour begins to count as ground, and from which it may count in full."""

_GROUND_FROM_RATIO = (0.35, 0.75)
"""The same for how common a colour is at the border against the whole frame: a subject that is cut by the edge is far
commoner inside than at the edge, a ground is not."""

_STANDS_OUT_AT = 12.0
"""CIELAB distance from the ground at which a pixel is 63% occupied; far above noise, far below most subjects."""

_EMPTY_BELOW = 0.004
"""A frame occupied less than this holds nothing one could place."""

_SMALLEST_SCALE = 1.0
"""Deviation in CIELAB units below which a fit to the border is not made stricter: about what 8-bit rounding leaves."""

_UNDECIDED = 0.04
"""Frequencies below this share of the strongest carry no sign: in symmetrical pictures noise would flip it."""


@dataclass(frozen=True)
class Layout:
    """Where things are in one picture.

    `occupancy` is 12 x 12 in 0..1: the share of each cell that stands out from the border's colours. `centre` is its
    centre of mass as (x, y) shares of width and height from the top left, None where nothing stands out; `area` its
    mean, the share of the frame that is filled. `light` holds 64 z-scored lightness values, zeros for a flat picture;
    `frequencies` 63 signs in -1, 0, 1.
    """

    occupancy: Plane
    centre: tuple[float, float] | None
    area: float
    light: Plane
    frequencies: NDArray[np.int8]


@dataclass(frozen=True)
class LayoutDistances:
    """N x N distances in 0..1 for each view, zero on the diagonal; unrelated pictures lie near 0.5."""

    occupancy: Matrix
    light: Matrix
    frequencies: Matrix

    @property
    def combined(self) -> Matrix:
        """The mean of the three views (`layout/distance@1`)."""
        return (self.occupancy + self.light + self.frequencies) / 3


def measure_layout(pixels: Pixels) -> Layout:
    """The layout of H x W x 3|4 8-bit pixels, all views from one 96 x 96 area reduction."""
    lab = to_lab(reduce_to(pixels, _WORK_SIDE, _WORK_SIDE))
    occupied = _occupied(lab)
    area = float(occupied.mean())
    return Layout(
        occupancy=_block_means(occupied, _OCCUPANCY_SIDE),
        centre=_centre_of(occupied) if area >= _EMPTY_BELOW else None,
        area=area,
        light=_standardised(_block_means(lab[..., 0], _LIGHT_SIDE)).ravel(),
        frequencies=_frequency_signs(_block_means(lab[..., 0], _FREQUENCY_SOURCE_SIDE)),
    )


def layout_distances(layouts: Sequence[Layout]) -> LayoutDistances:
    """All pairwise distances of N layouts.

    Occupancy: 1 - sum(min) / sum(max), the soft Jaccard distance (Ruzicka). Light: (1 - Pearson r) / 2. Frequencies:
    half the mean difference of the signs, which is pHash's share of differing bits where all signs are decided.
    """
    count = len(layouts)
    return LayoutDistances(
        occupancy=_pairwise_overlap(np.array([layout.occupancy.ravel() for layout in layouts]).reshape(count, -1)),
        light=_pairwise_uncorrelated(np.array([layout.light for layout in layouts]).reshape(count, -1)),
        frequencies=_pairwise_signs(np.array([layout.frequencies for layout in layouts]).reshape(count, -1)),
    )


def mean_occupancy(layouts: Sequence[Layout]) -> Plane:
    """12 x 12 in 0..1: how much of each place is filled, over all the layouts given (at least one)."""
    mean: Plane = np.mean([layout.occupancy for layout in layouts], axis=0)
    return mean


def _occupied(lab: Lab) -> Plane:
    """96 x 96 in 0..1: how clearly each pixel stands out from the ground, saturating so that strength stops mattering.

    The ground is up to five colours of the border. A pixel that fits it either as it is or after the border's smooth
    (quadratic) light fall-off is taken out counts as ground, so neither vignettes nor a wrong fit fill the frame.
    """
    return np.minimum(_contrast(lab), _contrast(lab - _light_falloff(lab)))


def _contrast(lab: Lab) -> Plane:
    border = _border_mask()
    ground = cluster_colours(lab[border], _BACKGROUND_COLOURS)
    apart = np.linalg.norm(lab[:, :, None, :] - ground.centres, axis=-1)
    fits = np.exp(-((np.maximum(apart - ground.spreads, 0) / _STANDS_OUT_AT) ** 2))
    commoner_at_border = fits[border].mean(axis=0) / fits.mean(axis=(0, 1))
    trust = _ramp(ground.shares, _GROUND_FROM_SHARE) * _ramp(commoner_at_border, _GROUND_FROM_RATIO)
    result: Plane = 1 - (fits * trust).max(axis=-1)
    return result


def _ramp(values: Plane, between: tuple[float, float]) -> Plane:
    """0 up to the first limit, 1 from the second, straight between, so that no small change tips the whole map."""
    low, high = between
    return np.clip((values - low) / (high - low), 0, 1)


def _border_mask() -> NDArray[np.bool_]:
    mask = np.ones((_WORK_SIDE, _WORK_SIDE), dtype=np.bool_)
    mask[_BORDER:-_BORDER, _BORDER:-_BORDER] = False
    return mask


def _light_falloff(lab: Lab) -> Lab:
    """The quadratic surface through the border of each channel, mean removed, blind to what only touches the edge."""
    y, x = np.meshgrid(*[np.linspace(-1, 1, _WORK_SIDE)] * 2, indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=-1)
    mask = _border_mask()
    surfaces = []
    for channel in range(3):
        at_border = lab[..., channel][mask]
        surface = terms @ _robust_fit(terms[mask], at_border)
        # Inside the border the surface is extrapolated: it may rise once more by what it spans at the border.
        span = np.ptp(surface[mask])
        low, high = surface[mask].min() - span, surface[mask].max() + span
        surfaces.append(np.clip(surface, low, high) - surface[mask].mean())
    return np.stack(surfaces, axis=-1)


def _robust_fit(terms: Matrix, values: Plane) -> Plane:
    """Least squares under Tukey's biweight (Beaton, Tukey 1974) at 4.685 scaled median deviations, six rounds.

    It starts from the median, so that what covers less than half of the border has no say from the first round on.
    """
    solution: Plane = np.zeros(terms.shape[1])
    solution[0] = np.median(values)
    # The terms lie within -1..1, so normal equations are exact enough; the hair keeps them solvable on few values.
    hair = 1e-9 * len(values) * np.eye(terms.shape[1])
    for _ in range(6):
        misfit = np.abs(values - terms @ solution)
        reach = 4.685 * max(1.4826 * float(np.median(misfit)), _SMALLEST_SCALE)
        weighted = terms * (np.maximum(1 - (misfit / reach) ** 2, 0) ** 2)[:, None]
        solution = np.asarray(np.linalg.solve(weighted.T @ terms + hair, weighted.T @ values), dtype=np.float64)
    return solution


def _centre_of(occupied: Plane) -> tuple[float, float]:
    places = (np.arange(_WORK_SIDE) + 0.5) / _WORK_SIDE
    total = occupied.sum()
    return float(occupied.sum(axis=0) @ places / total), float(occupied.sum(axis=1) @ places / total)


def _block_means(plane: Plane, side: int) -> Plane:
    block = _WORK_SIDE // side
    means: Plane = plane.reshape(side, block, side, block).mean(axis=(1, 3))
    return means


def _standardised(plane: Plane) -> Plane:
    deviation = float(plane.std())
    # Half a step of L is what 8-bit rounding alone can make of a flat picture.
    return (plane - plane.mean()) / deviation if deviation > 0.5 else np.zeros_like(plane)


def _frequency_signs(plane: Plane) -> NDArray[np.int8]:
    """Signs of the 8 x 8 lowest DCT-II coefficients without the mean (Zauner 2010, pHash), 0 where undecided."""
    side = plane.shape[0]
    waves = np.cos(np.pi * np.arange(8)[:, None] * (2 * np.arange(side) + 1) / (2 * side))
    coefficients = (waves @ plane @ waves.T).ravel()[1:]
    floor = max(_UNDECIDED * float(np.abs(coefficients).max()), side * side * 0.01)
    return np.where(np.abs(coefficients) < floor, 0, np.sign(coefficients)).astype(np.int8)


def _pairwise_overlap(maps: Matrix) -> Matrix:
    # A hundredth of the frame on both sides keeps two all but empty frames from counting as unlike.
    slack = 0.01 * maps.shape[1]
    larger = np.array([np.maximum(one, maps).sum(axis=1) for one in maps])
    unlike = np.array([np.abs(one - maps).sum(axis=1) for one in maps])
    apart: Matrix = unlike / (larger + slack)
    return apart


def _pairwise_uncorrelated(light: Matrix) -> Matrix:
    apart: Matrix = (1 - np.clip(light @ light.T / light.shape[1], -1, 1)) / 2
    flat = ~light.any(axis=1)
    apart[np.ix_(flat, flat)] = 0
    # Rounding leaves a hair between equal pictures; they differ by nothing.
    return np.where(apart < 1e-12, 0, apart)


def _pairwise_signs(signs: NDArray[np.int8]) -> Matrix:
    wide = signs.astype(np.int16)
    return np.array([np.abs(one - wide).mean(axis=1) / 2 for one in wide])
