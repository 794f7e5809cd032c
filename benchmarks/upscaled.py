"""Pictures to judge upscalers on: sources, gentle enlargements of them, and defects put into results.

A gentle enlargement invents nothing: interpolation, waifu2x's photo network (extra `upscalers`) and SPAN where its
package is installed, each at twice and four times the size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from benchmarks.photographs import reduced
from numpy.typing import NDArray
from PIL import Image
from skimage.transform import warp

from renderlock.errors import RenderlockError
from renderlock.imaging.back_projection import back_project, down
from renderlock.imaging.pixels import Pixels
from renderlock.imaging.resampling import Floats
from renderlock.spec.recipe import Size
from renderlock.upscalers.base import Upscaler, UpscalerOptions
from renderlock.upscalers.depth import in_8_bits
from renderlock.upscalers.table import open_upscaler
from renderlock.upscalers.tiled import enlarge_whole

GENTLE = ("lanczos", "waifu2x", "span")
Random = np.random.Generator
Source = tuple[str, Pixels]
"""The name of the picture it was cut from, and its pixels."""


@dataclass(frozen=True)
class Enlarged:
    """A source by its picture's name, and what an upscaler made of it."""

    upscaler: str
    picture: str
    source: Pixels
    raw: Pixels

    @cached_property
    def projected(self) -> Pixels:
        """The result after back-projection."""
        return back_project(self.raw, self.source).astype(np.uint8)

    @cached_property
    def seen(self) -> Floats:
        """The raw result scaled down to the source."""
        return down(self.raw, self.source.shape[1], self.source.shape[0])


def sources(pictures: Mapping[str, Pixels], side_px: int, *, each: int, seed: int) -> list[Source]:
    """Random squares of the pictures at half and quarter size, as sharp as renders, and at full size if small."""
    random = np.random.default_rng(seed)
    found = []
    for name, picture in pictures.items():
        factors = (2, 4) if min(picture.shape[:2]) > 4 * side_px else (1, 2)
        for factor in factors:
            smaller = reduced(picture, factor) if factor > 1 else picture
            side = min(side_px, *smaller.shape[:2])
            for _ in range(each):
                top, left = (int(random.integers(0, length - side + 1)) for length in smaller.shape[:2])
                found.append((name, np.ascontiguousarray(smaller[top : top + side, left : left + side])))
    return found


def open_installed(references: tuple[str, ...]) -> dict[str, Upscaler]:
    """The upscalers whose weights are there; says which are not."""
    found = {}
    for reference in references:
        try:
            upscaler = open_upscaler(reference, UpscalerOptions())
            upscaler.identify()
        except RenderlockError as error:
            print(f"  without {reference}: {error}")
            continue
        found[reference] = upscaler
    return found


def enlarged(pictures: list[Source], upscaler: Upscaler, factor: int) -> Iterator[Enlarged]:
    """Each picture enlarged, not projected."""
    for name, source in pictures:
        target = Size(source.shape[1] * factor, source.shape[0] * factor)
        yield Enlarged(
            upscaler.facts.reference, name, source, in_8_bits(enlarge_whole(source, target, upscaler, project=False))
        )


def bicubic(pictures: list[Source], factor: int) -> Iterator[Enlarged]:
    """Each picture by Pillow's bicubic."""
    for name, source in pictures:
        size = (source.shape[1] * factor, source.shape[0] * factor)
        large = np.asarray(Image.fromarray(source).resize(size, Image.Resampling.BICUBIC))
        yield Enlarged("bicubic", name, source, large)


def swapped(result: Pixels, side_px: int, random: Random) -> Pixels:
    """The result with an object of so many pixels, cut from elsewhere in it, where it was not."""
    there, here = (_place(result, side_px, random) for _ in range(2))
    y, x = np.mgrid[:side_px, :side_px] - (side_px - 1) / 2
    weight = np.clip(side_px / 2 - np.hypot(x, y), 0, 1)[..., None]
    changed = result.copy()
    mixed = result[here] * (1 - weight) + result[there] * weight
    changed[here] = np.rint(mixed).astype(np.uint8)
    return changed


def warped(result: Pixels, distance_px: float, random: Random) -> Pixels:
    """The result with a round part of 48 pixels pushed aside by so many pixels."""
    side = 48
    here = _place(result, side, random)
    middle, radius = (side - 1) / 2, side / 2

    def moved(at: NDArray[np.float64]) -> NDArray[np.float64]:
        pull = np.clip(1 - np.hypot(at[:, 0] - middle, at[:, 1] - middle) / radius, 0, 1)[:, None]
        return np.asarray(at + distance_px * np.minimum(2 * pull, 1) * np.array([1.0, 0.0]))

    part = warp(result[here].astype(np.float64), moved, order=3, mode="edge", preserve_range=True)
    changed = result.copy()
    changed[here] = np.clip(np.rint(part), 0, 255).astype(np.uint8)
    return changed


def recoloured(result: Pixels, levels: int, random: Random) -> Pixels:
    """The result with a square of 32 pixels redder and less blue by so many levels."""
    here = _place(result, 32, random)
    changed = result.astype(np.int16)
    changed[here] += np.array([levels, 0, -levels], np.int16)
    return np.clip(changed, 0, 255).astype(np.uint8)


def textured(result: Pixels, levels: float, random: Random) -> Pixels:
    """The result with texture of so many levels in a square of 64 pixels that scales down to nothing."""
    here = _place(result, 64, random)
    weave = np.add.outer(np.arange(64), np.arange(64)) % 2 * 2.0 - 1
    grain = weave * random.normal(levels, levels / 2, (64, 64))
    changed = result.astype(np.float64)
    changed[here] += grain[..., None]
    return np.clip(np.rint(changed), 0, 255).astype(np.uint8)


def _place(result: Pixels, side_px: int, random: Random) -> tuple[slice[int, int, None], slice[int, int, None]]:
    top, left = (int(random.integers(0, length - side_px + 1)) for length in result.shape[:2])
    return slice(top, top + side_px), slice(left, left + side_px)
