"""Which colours a picture has, and how far two pictures' colours lie apart, in CIEDE2000.

The mean colour (`colour/mean@1`) is what a wall of thumbnails shows; the palette (`colour/palette@1`) also sees a
colour swapped for another of the same weight. Neither knows where a colour is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.clusters import cluster_colours
from renderlock.metrics.reduction import Lab, reduce_to, to_lab

Matrix = NDArray[np.float64]

_WORK_SIDE = 64
_PALETTE_SIZE = 8

_OKLAB_CONE = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_OKLAB_AXES = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


@dataclass(frozen=True)
class Colour:
    """The colours of one picture: its mean in CIELAB, and up to eight that stand for it.

    `palette` is k x 3 CIELAB, `shares` the part of the frame each stands for, largest first, summing to 1;
    `palette_rgb` the same colours as 8-bit sRGB, for showing.
    """

    mean: Lab
    palette: Lab
    shares: NDArray[np.float64]
    palette_rgb: NDArray[np.uint8]


def measure_colour(pixels: Pixels) -> Colour:
    """The colours of H x W x 3|4 8-bit pixels, from a 64 x 64 area reduction; alpha lies over middle grey.

    The palette is k-means (k = 8) in OKLab (Ottosson 2020), each group shown by the mean of its sRGB pixels' CIELAB.
    """
    rgb = reduce_to(pixels, _WORK_SIDE, _WORK_SIDE).reshape(-1, 3)
    lab = to_lab(rgb)
    groups = cluster_colours(to_oklab(rgb), _PALETTE_SIZE)
    apart = ((to_oklab(rgb)[:, None, :] - groups.centres) ** 2).sum(axis=-1)
    nearest = apart.argmin(axis=1)
    members = [nearest == index for index in range(len(groups.centres))]
    return Colour(
        mean=lab.mean(axis=0),
        palette=np.array([lab[member].mean(axis=0) for member in members]),
        shares=np.array([member.mean() for member in members]),
        palette_rgb=np.array([np.rint(rgb[member].mean(axis=0)) for member in members]).astype(np.uint8),
    )


def to_oklab(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """OKLab (Ottosson 2020) of ... x 3 8-bit sRGB values; L in 0..1."""
    value = rgb / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    oklab: NDArray[np.float64] = np.cbrt(linear @ _OKLAB_CONE.T) @ _OKLAB_AXES.T
    return oklab


def mean_colour_distances(colours: Sequence[Colour]) -> Matrix:
    """N x N CIEDE2000 between mean colours (Sharma, Wu, Dalal 2005): about 1 is just noticeable, 5 plain to see."""
    means = np.array([colour.mean for colour in colours])
    return _delta_e(means[:, None, :], means[None, :, :])


def palette_distances(colours: Sequence[Colour]) -> Matrix:
    """N x N CIEDE2000 between palettes: how far each colour is from the nearest of the other picture, weighted by area.

    It is the mean of both directions, so it is symmetrical; 0 for equal palettes.
    """
    count = len(colours)
    distances = np.zeros((count, count))
    for row in range(count):
        for column in range(row + 1, count):
            distances[row, column] = distances[column, row] = _palette_distance(colours[row], colours[column])
    return distances


def _palette_distance(first: Colour, second: Colour) -> float:
    table = _delta_e(first.palette[:, None, :], second.palette[None, :, :])
    there = float(table.min(axis=1) @ first.shares)
    back = float(table.min(axis=0) @ second.shares)
    return (there + back) / 2


def _delta_e(first: Lab, second: Lab) -> NDArray[np.float64]:
    distances: NDArray[np.float64] = deltaE_ciede2000(first, second)
    return distances
