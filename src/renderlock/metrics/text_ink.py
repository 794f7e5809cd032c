"""How large and how clear letters are drawn: their height in pixels and their contrast, from the ink in a line's box.

The ink is told from the ground by Otsu's threshold on luminance (1979). Contrast is that of WCAG 2.2, 1 to 21.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.text_reader import Point, ReadText

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_DESCENDING = set("gjpqyçşţ,;()[]{}/|@Qğąęµ")
_CAP_OF_DESCENDED = 0.76
"""Height of a capital as a share of a line with descenders, in common text faces."""
_CAP_OF_LOW = 1.38
"""Height of a capital over that of a line of low letters only (a, c, e)."""
_LEAST_INK = 0.02


@dataclass(frozen=True)
class Ink:
    """How a line is drawn: the height of its capitals in pixels (estimated), and its worst contrast."""

    cap_height_px: float
    contrast: float


def measure_ink(pixels: Pixels, line: ReadText) -> Ink:
    """The ink of one line in H x W x 3|4 8-bit sRGB pixels.

    Contrast is the least over pieces as wide as high, so that letters that sink into one part of a photograph are
    found; 1.0 where no ink can be told from the ground.
    """
    crop = _straightened(pixels, line.box)
    luminance = _luminance(crop)
    ink = _ink_mask(luminance)
    rows = np.flatnonzero(ink.mean(axis=1) > _LEAST_INK / 2)
    if not len(rows):
        return Ink(0.0, 1.0)
    height = float(rows[-1] - rows[0] + 1) * _cap_share(line.text)
    return Ink(height, _worst_contrast(luminance, ink))


def _straightened(pixels: Pixels, box: tuple[Point, Point, Point, Point]) -> Pixels:
    """The box as an upright rectangle."""
    width = max(2, round(math.dist(box[0], box[1])))
    height = max(2, round(math.dist(box[0], box[3])))
    upper_left, upper_right, lower_right, lower_left = box
    corners = (*upper_left, *lower_left, *lower_right, *upper_right)
    left, top = (max(0, math.floor(min(corner[axis] for corner in box)) - 2) for axis in (0, 1))
    right, bottom = (math.ceil(max(corner[axis] for corner in box)) + 2 for axis in (0, 1))
    near = Image.fromarray(np.ascontiguousarray(pixels[top:bottom, left:right, :3]))
    moved = [value - (left if index % 2 == 0 else top) for index, value in enumerate(corners)]
    return np.asarray(near.transform((width, height), Image.Transform.QUAD, moved, Image.Resampling.BILINEAR))


def _luminance(rgb: Pixels) -> NDArray[np.float64]:
    """Relative luminance, 0 to 1, of ... x 3 8-bit sRGB (WCAG 2.2)."""
    value = rgb / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    luminance: NDArray[np.float64] = linear @ _LUMINANCE
    return luminance


def _ink_mask(luminance: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where the letters are: the class that the border of the box is not of."""
    shade = np.cbrt(luminance)  # About as bright as it looks, so that dark letters count as light ones do.
    bright = shade > _otsu(shade)
    border = np.concatenate([bright[0], bright[-1], bright[:, 0], bright[:, -1]])
    return ~bright if border.mean() > 0.5 else bright


def _otsu(shade: NDArray[np.float64]) -> float:
    counts, edges = np.histogram(shade, bins=128)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1:][np.nanargmax(np.nan_to_num(between[:-1], nan=-1.0))])


def _worst_contrast(luminance: NDArray[np.float64], ink: NDArray[np.bool_]) -> float:
    side = luminance.shape[0]
    around = _ground_around(ink)
    worst = math.inf
    for left in range(0, luminance.shape[1], side):
        part = slice(left, left + side)
        piece, letters, ground = luminance[:, part], ink[:, part], around[:, part]
        if letters.mean() > _LEAST_INK and ground.any():
            # Medians leave out the edges, where letters and ground mix.
            pair = sorted((float(np.median(piece[letters])), float(np.median(piece[ground]))))
            worst = min(worst, (pair[1] + 0.05) / (pair[0] + 0.05))
    return worst if math.isfinite(worst) else 1.0


def _ground_around(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The ground beside the letters: an outline or a shadow counts as ground, what lies further off does not."""
    reach = max(2, ink.shape[0] // 12)
    mask = Image.fromarray(ink.astype(np.uint8))
    near, edge = (np.asarray(mask.filter(ImageFilter.MaxFilter(2 * side + 1))) > 0 for side in (reach, 1))
    ground: NDArray[np.bool_] = near & ~edge
    return ground


def _cap_share(text: str) -> float:
    """The height of a capital as a share of the height of this text's ink."""
    letters = [letter for letter in text if not letter.isspace()]
    if any(letter in _DESCENDING for letter in letters):
        return _CAP_OF_DESCENDED
    if letters and all(letter in "acemnorsuvwxz.-" for letter in letters):
        return _CAP_OF_LOW
    return 1.0
