"""Locking a picture to a palette, plainly, by an ordered pattern or by error diffusion, and measuring the loss.

Ordered patterns stay where they are when the picture moves or is edited, so they are the choice for tiles and
sprites. Error diffusion is smoother and crawls between frames. Pixel art wants neither.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from renderlock.imaging.colour_spaces import linear_from_srgb, srgb_from_linear
from renderlock.imaging.palette import OPAQUE_FROM, Dither, Indexed, Palette
from renderlock.imaging.palette_diffusion import diffuse
from renderlock.imaging.palette_lut import CELLS, MIX_STEPS, Mixtures, cells_of, mixture_table, nearest_table
from renderlock.imaging.pixels import Pixels

_BAND_PX = 1_000_000
_SAMPLE_PX = 200_000
_SEEN_SIDE = 8
"""Side in pixels of the blocks whose means are compared, as dots of a pattern are seen together."""


@dataclass(frozen=True)
class PaletteReport:
    """How far a picture was from its palette, and how far the locked picture looks from it, in CIEDE2000.

    `share_in_palette` is the part of opaque pixels that had a palette colour already. `mean`, `p95` and `worst` are
    over opaque pixels, each against its nearest colour; `worst_colour` is the sRGB colour that is worst. `seen_mean`
    is between the means of 8 x 8 pixel blocks before and after, which is what dithering is for. `used` counts the
    palette's colours that occur.
    """

    share_in_palette: float
    mean: float
    p95: float
    worst: float
    worst_colour: tuple[int, int, int]
    seen_mean: float
    used: int


def lock_to_palette(pixels: Pixels, palette: Palette, *, dither: Dither) -> Indexed:
    """The picture in palette colours only; H x W x 3|4 8-bit sRGB.

    Alpha of 128 and more is opaque, less is transparent. Without dithering and with the ordered pattern, a pixel that
    has a palette colour keeps it. Raises `ValueError` where a picture
    with transparency and 256 colours would need one entry more than a PNG holds.
    """
    clear = None if pixels.shape[2] == 3 else pixels[..., 3] < OPAQUE_FROM
    transparent = None
    if clear is not None and clear.any():
        transparent = len(palette.colours)
        if transparent > 255:
            msg = "the picture has transparent pixels, so the palette may have 255 colours at most"
            raise ValueError(msg)
    indices = diffuse(pixels, palette, clear) if dither == "diffusion" else _by_table(pixels, palette, dither)
    if transparent is not None and clear is not None:
        indices[clear] = transparent
    return Indexed(indices, palette, transparent)


def report_palette(before: Pixels, after: Indexed) -> PaletteReport:
    """What locking did to a picture; from at most 200,000 pixels on a regular grid."""
    opaque = after.indices != (256 if after.transparent is None else after.transparent)
    step = max(1, int(np.ceil(np.sqrt(before.shape[0] * before.shape[1] / _SAMPLE_PX))))
    sample = before[::step, ::step, :3][opaque[::step, ::step]]
    if not len(sample):
        return PaletteReport(1.0, 0.0, 0.0, 0.0, (0, 0, 0), 0.0, 0)
    colours, counts = np.unique(sample, axis=0, return_counts=True)
    nearest = after.palette.rgb[_nearest(colours, after.palette)]
    distances = _delta_e(colours, nearest)
    order = distances.argsort()
    reached = np.searchsorted(np.cumsum(counts[order]), 0.95 * counts.sum())
    worst = int(distances.argmax())
    return PaletteReport(
        share_in_palette=float(counts[(colours == nearest).all(axis=1)].sum() / counts.sum()),
        mean=float(np.average(distances, weights=counts)),
        p95=float(distances[order[min(reached, len(order) - 1)]]),
        worst=float(distances[worst]),
        worst_colour=(int(colours[worst, 0]), int(colours[worst, 1]), int(colours[worst, 2])),
        seen_mean=_seen_distance(before, after),
        used=len(np.unique(after.indices[opaque])),
    )


def _by_table(pixels: Pixels, palette: Palette, dither: Dither) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    indices = np.empty((height, width), dtype=np.uint8)
    # Bands are whole periods of the pattern, so that it runs through.
    rows = max(_SEEN_SIDE, _BAND_PX // width // _SEEN_SIDE * _SEEN_SIDE)
    mixtures = None if dither == "none" else mixture_table(palette, _present(pixels, rows))
    for top in range(0, height, rows):
        band = pixels[top : top + rows]
        nearest = _nearest(band, palette)
        indices[top : top + rows] = nearest if mixtures is None else _ordered(band, nearest, palette, mixtures)
    return indices


def _present(pixels: Pixels, rows: int) -> NDArray[np.bool_]:
    """Which cells occur in a picture."""
    present = np.zeros(CELLS**3, dtype=np.bool_)
    for top in range(0, pixels.shape[0], rows):
        present[cells_of(pixels[top : top + rows])] = True
    return present


def _nearest(rgb: Pixels, palette: Palette) -> NDArray[np.uint8]:
    indices: NDArray[np.uint8] = nearest_table(palette)[cells_of(rgb)]
    crowded = _crowded(palette)
    if crowded:
        packed = _packed(rgb)
        for index in crowded:
            indices[packed == _packed(palette.rgb[index])] = index
    return indices


def _ordered(band: Pixels, nearest: NDArray[np.uint8], palette: Palette, mixtures: Mixtures) -> NDArray[np.uint8]:
    cells = cells_of(band)
    height, width = band.shape[:2]
    thresholds = np.tile(_bayer(), (-(-height // _SEEN_SIDE), -(-width // _SEEN_SIDE)))[:height, :width]
    lighter = mixtures.share[cells] > thresholds
    mixed: NDArray[np.uint8] = np.where(lighter, mixtures.light[cells], mixtures.dark[cells])
    # A pixel of a palette colour is no mixture, whatever else its cell stands for.
    own = _packed(palette.rgb)[nearest] == _packed(band)
    mixed[own] = nearest[own]
    return mixed


def _crowded(palette: Palette) -> list[int]:
    """The colours that share their cell with an earlier one, which the table cannot give."""
    _, first = np.unique(cells_of(palette.rgb), return_index=True)
    return sorted(set(range(len(palette.colours))) - set(first.tolist()))


def _packed(rgb: Pixels) -> NDArray[np.uint32]:
    parts = rgb[..., :3].astype(np.uint32)
    parts[..., 2] |= (parts[..., 0] << 16) | (parts[..., 1] << 8)
    return parts[..., 2]


def _bayer() -> NDArray[np.uint8]:
    """The 8 x 8 Bayer matrix, 0 to 63."""
    matrix = np.zeros((1, 1), dtype=np.int64)
    for _ in range(3):
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    assert matrix.max() == MIX_STEPS - 1
    return matrix.astype(np.uint8)


def _seen_distance(before: Pixels, after: Indexed) -> float:
    """The mean CIEDE2000 between block means, over at most 128 x 128 blocks; alpha does not count."""
    height, width = (side // _SEEN_SIDE * _SEEN_SIDE for side in after.indices.shape)
    if not height or not width:
        return 0.0
    rows = np.unique(np.linspace(0, height // _SEEN_SIDE - 1, 128).astype(int))
    columns = np.unique(np.linspace(0, width // _SEEN_SIDE - 1, 128).astype(int))
    shown = after.to_pixels()[:height, :width, :3]
    means = [_block_means(picture[:height, :width, :3], rows, columns) for picture in (before, shown)]
    return float(_delta_e(*means).mean())


def _block_means(picture: Pixels, rows: NDArray[np.int_], columns: NDArray[np.int_]) -> NDArray[np.uint8]:
    """The means of the blocks at these block rows and columns, in linear light, as 8-bit sRGB."""
    inside = np.arange(_SEEN_SIDE)
    lines = (rows[:, None] * _SEEN_SIDE + inside).ravel()
    places = (columns[:, None] * _SEEN_SIDE + inside).ravel()
    linear = linear_from_srgb(picture[lines[:, None], places])
    blocks = linear.reshape(len(rows), _SEEN_SIDE, len(columns), _SEEN_SIDE, 3)
    return srgb_from_linear(blocks.mean(axis=(1, 3)))


def _delta_e(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float64]:
    distances: NDArray[np.float64] = deltaE_ciede2000(rgb2lab(first), rgb2lab(second))
    return distances
