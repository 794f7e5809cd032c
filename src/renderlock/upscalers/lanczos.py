"""The baseline: Lanczos interpolation, which adds pixels and no detail, and is the last fallback of the gate.

It is also how every result comes to its exact size. The kernel is a windowed sinc of three lobes (Duchon 1979),
widened where the picture shrinks, computed by Pillow: 8-bit pictures in fixed point, 16-bit ones in float32. A band of
the result is what the whole result has there, whichever bands it is made in.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from renderlock.errors import UnknownName
from renderlock.imaging.pixels import Raster, colour_channels
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.recipe import Size
from renderlock.upscalers.base import ENGINE, Detail, UpscalerFacts, UpscalerOptions
from renderlock.upscalers.depth import joined

LOBES = 3
BLOCK_ROWS = 64
WHITE_16 = 65535

Box = tuple[float, float, float, float]
"""Left, top, right and bottom of what is resampled, in pixels of the source."""

FACTS = UpscalerFacts(
    reference="lanczos",
    summary="interpolation, invents nothing",
    scales=(),
    halo_px=LOBES + 1,
    detail=Detail.INTERPOLATED,
    licence="none needed",
    weights_from="no weights",
    # A patch alone; `resample_rows` gives the whole's own bits.
    tolerance_levels=1,
    tile_px=1024,
    cpu_seconds_per_megapixel=0.03,
    takes_16_bits=True,
)


class Lanczos:
    """Lanczos interpolation as an upscaler."""

    @property
    def facts(self) -> UpscalerFacts:
        """The facts of the kernel."""
        return FACTS

    def identify(self) -> ModelIdentity:
        """The kernel and its arithmetic; there are no weights."""
        return ModelIdentity(ENGINE, "lanczos", revision="1", surface="lanczos3-1")

    def enlarge(self, pixels: Raster, factor: int) -> Raster:
        """The patch at `factor` times its sides."""
        height, width = pixels.shape[:2]
        return resample(pixels, Size(width * factor, height * factor))

    def close(self) -> None:
        """Holds nothing."""


def open_model(model: str, options: UpscalerOptions) -> Lanczos:
    """Lanczos; it has no models to choose from."""
    del options
    if model:
        raise UnknownName(kind="model of lanczos", name=model, known="lanczos alone")
    return Lanczos()


def resample(pixels: Raster, size: Size) -> Raster:
    """The picture (H x W x 1|3|4, 8 or 16 bits) at any size, larger or smaller, antialiased; alpha is premultiplied."""
    if (size.height, size.width) == pixels.shape[:2]:
        return pixels
    return resample_rows(pixels, size, 0, size.height)


def resample_rows(pixels: Raster, size: Size, start: int, stop: int, *, first: int = 0, height: int = 0) -> Raster:
    """Rows `start` to `stop` of the picture at `size`, bit for bit what the whole has there.

    `pixels` may be a part of the picture, from its row `first` on, of a picture of `height` rows (0: all there is);
    it must hold `rows_needed`.
    """
    all_rows = height or pixels.shape[0]
    blocks = range(start // BLOCK_ROWS, -(-stop // BLOCK_ROWS))
    rows = [_block(pixels, size, block * BLOCK_ROWS, first=first, height=all_rows) for block in blocks]
    from_first = start - blocks.start * BLOCK_ROWS
    return joined(rows)[from_first : from_first + stop - start]


def rows_needed(height: int, target_height: int, start: int, stop: int) -> tuple[int, int]:
    """The rows of a picture of `height` that rows `start` to `stop` of it at `target_height` are made from."""
    top = start // BLOCK_ROWS * BLOCK_ROWS
    bottom = min(target_height, -(-stop // BLOCK_ROWS) * BLOCK_ROWS)
    return _reach(height, target_height, top)[0], _reach(height, target_height, bottom)[1]


def _reach(height: int, target_height: int, row: int) -> tuple[int, int]:
    """The source rows within the kernel's reach around the upper edge of a target row."""
    scale = height / target_height
    reach = LOBES * max(scale, 1.0) + 1
    return max(0, math.floor(row * scale - reach)), min(height, math.ceil(row * scale + reach))


def _block(pixels: Raster, size: Size, top: int, *, first: int, height: int) -> Raster:
    """The rows of one block, from a cut of the source that depends on the block alone, so that rounding does too."""
    scale, bottom = height / size.height, min(size.height, top + BLOCK_ROWS)
    lowest, highest = rows_needed(height, size.height, top, bottom)
    cut = pixels[lowest - first : highest - first]
    # The product may pass the last row by a rounding error, and Pillow takes no such box.
    box = (0, top * scale - lowest, cut.shape[1], min(bottom * scale - lowest, cut.shape[0]))
    target = Size(size.width, bottom - top)
    return _resized_8(cut, target, box) if cut.dtype == np.uint8 else _resized_16(cut, target, box)


def _resized_8(cut: Raster, size: Size, box: Box) -> Raster:
    picture = Image.fromarray(cut.squeeze(2) if cut.shape[2] == 1 else cut)
    # Pillow chooses by the shape which axis goes first, and rounds between: said here, it is the same for every block.
    tall = picture.resize((cut.shape[1], size.height), Image.Resampling.LANCZOS, box=box)
    rows = tall.resize((size.width, size.height), Image.Resampling.LANCZOS)
    return np.asarray(rows).reshape(size.height, size.width, cut.shape[2])


def _resized_16(cut: Raster, size: Size, box: Box) -> Raster:
    """A plane at a time, as Pillow has no 16-bit colours; colours are weighed by alpha as it does in 8 bits."""
    planes = cut.astype(np.float32)
    colours = colour_channels(cut.shape[2])
    if colours < cut.shape[2]:
        planes[:, :, :colours] *= planes[:, :, colours:] / WHITE_16
    large = np.dstack([_resized_plane(planes[:, :, at], size, box) for at in range(cut.shape[2])])
    if colours < cut.shape[2]:
        large[:, :, :colours] *= WHITE_16 / np.maximum(large[:, :, colours:], 1)
    return np.rint(large).clip(0, WHITE_16).astype(np.uint16)


def _resized_plane(plane: NDArray[np.float32], size: Size, box: Box) -> NDArray[np.float32]:
    tall = Image.fromarray(plane).resize((plane.shape[1], size.height), Image.Resampling.LANCZOS, box=box)
    return np.array(tall.resize((size.width, size.height), Image.Resampling.LANCZOS))
