"""The baseline: Lanczos interpolation, which adds pixels and no detail, and is the last fallback of the gate.

It is also how every result comes to its exact size. The kernel is a windowed sinc of three lobes (Duchon 1979),
widened where the picture shrinks, computed by Pillow in 8-bit fixed point. A band of the result is what the whole
result has there, whichever bands it is made in.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from renderlock.errors import UnknownName
from renderlock.imaging.pixels import Pixels
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.recipe import Size
from renderlock.upscalers.base import ENGINE, Detail, UpscalerFacts, UpscalerOptions

LOBES = 3
BLOCK_ROWS = 64

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

    def enlarge(self, pixels: Pixels, factor: int) -> Pixels:
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


def resample(pixels: Pixels, size: Size) -> Pixels:
    """The picture (H x W x 1|3|4, 8 bits) at any size, larger or smaller, antialiased; alpha is premultiplied."""
    if (size.height, size.width) == pixels.shape[:2]:
        return pixels
    return resample_rows(pixels, size, 0, size.height)


def resample_rows(pixels: Pixels, size: Size, start: int, stop: int, *, first: int = 0, height: int = 0) -> Pixels:
    """Rows `start` to `stop` of the picture at `size`, bit for bit what the whole has there.

    `pixels` may be a part of the picture, from its row `first` on, of a picture of `height` rows (0: all there is);
    it must hold `rows_needed`.
    """
    all_rows = height or pixels.shape[0]
    blocks = range(start // BLOCK_ROWS, -(-stop // BLOCK_ROWS))
    rows = [_block(pixels, size, block * BLOCK_ROWS, first=first, height=all_rows) for block in blocks]
    from_first = start - blocks.start * BLOCK_ROWS
    return np.concatenate(rows)[from_first : from_first + stop - start]


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


def _block(pixels: Pixels, size: Size, top: int, *, first: int, height: int) -> Pixels:
    """The rows of one block, from a cut of the source that depends on the block alone, so that rounding does too."""
    scale, bottom = height / size.height, min(size.height, top + BLOCK_ROWS)
    lowest, highest = rows_needed(height, size.height, top, bottom)
    cut = pixels[lowest - first : highest - first]
    picture = Image.fromarray(cut.squeeze(2) if cut.shape[2] == 1 else cut)
    # The product may pass the last row by a rounding error, and Pillow takes no such box.
    box = (0, top * scale - lowest, cut.shape[1], min(bottom * scale - lowest, cut.shape[0]))
    # Pillow chooses by the shape which axis goes first, and rounds between: said here, it is the same for every block.
    tall = picture.resize((cut.shape[1], bottom - top), Image.Resampling.LANCZOS, box=box)
    rows = tall.resize((size.width, bottom - top), Image.Resampling.LANCZOS)
    return np.asarray(rows).reshape(bottom - top, size.width, cut.shape[2])
