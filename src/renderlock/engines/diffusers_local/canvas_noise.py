"""The noise of a tile, cut from the noise of its canvas, in place of what a pipeline would draw for itself.

Pipelines draw all their noise through diffusers' `randn_tensor`. For the length of a tile's render that function gives
numbers that depend on the seed, the draw and the place on the canvas only, so tiles that overlap start from the same
noise where they do, and none depends on how its neighbours are rendered.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray

from renderlock.engines.diffusers_local.library_types import Pipeline
from renderlock.errors import EngineFailed, RecipeError
from renderlock.spec.recipe import Recipe, Size, Window

_DRAW = "randn_tensor"
_SHARED_MODULES = ("diffusers.models.autoencoders.vae", "diffusers.utils.torch_utils")


def draw_canvas_noise(seed: int, draw: int, *, channels: int, rows: range, columns: range) -> NDArray[np.float32]:
    """Standard normal noise (channels, rows, columns) of a part of a canvas without end, float32.

    Philox 4x64-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405) keyed by (seed, draw), its counter starting at the
    row; Box and Muller's transform in double precision. numpy promises the raw stream of a bit generator for ever.
    """
    first, count = columns.start * channels, len(columns) * channels
    even, end = first - first % 2, first + count + (first + count) % 2
    lines = []
    for row in rows:
        philox = np.random.Philox(key=np.array([seed, draw], np.uint64), counter=np.array([0, 0, row, 0], np.uint64))
        # 53 bits of each word; the first number of a pair lies in (0, 1], so that its logarithm is finite.
        pairs = philox.random_raw(end)[even:].reshape(-1, 2)
        uniform = (pairs >> np.uint64(11)).astype(np.float64) * 2.0**-53
        radius, angle = np.sqrt(-2.0 * np.log(1.0 - uniform[:, 0])), 2.0 * np.pi * uniform[:, 1]
        normal = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)
        lines.append(normal[first - even : first - even + count].astype(np.float32))
    return np.ascontiguousarray(np.stack(lines).reshape(len(rows), len(columns), channels).transpose(2, 0, 1))


@dataclass
class CanvasNoise:
    """Draws for one tile. `drawn` counts the draws that were cut from the canvas."""

    seed: int
    size: Size
    window: Window
    drawn: int = 0

    def randn_tensor(
        self,
        shape: Sequence[int],
        generator: object = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        layout: object = None,
    ) -> torch.Tensor:
        """What diffusers' function of this name gives, cut from the canvas; the generator is not asked."""
        cell = self._cell_of(shape)
        rows = range(self.window.top // cell, self.window.top // cell + shape[-2])
        columns = range(self.window.left // cell, self.window.left // cell + shape[-1])
        channels = int(np.prod(shape[:-2]))
        noise = draw_canvas_noise(self.seed, self.drawn, channels=channels, rows=rows, columns=columns)
        self.drawn += 1
        return torch.from_numpy(noise).reshape(*shape).to(device=device or "cpu", dtype=dtype or torch.float32)

    def _cell_of(self, shape: Sequence[int]) -> int:
        """How many pixels one value of the noise is wide; raises `RecipeError` where it does not lie on the canvas."""
        cell = self.size.width // shape[-1] if len(shape) >= 4 and shape[-1] else 0
        if cell == 0 or (cell * shape[-1], cell * shape[-2]) != (self.size.width, self.size.height):
            allowed = f"a model whose noise has the shape of its picture; this one draws {tuple(shape)}"
            raise RecipeError(field="window", found=f"a tile of {self.size} pixels", allowed=allowed)
        if self.window.left % cell or self.window.top % cell:
            found = f"a tile at {self.window.left}, {self.window.top}"
            raise RecipeError(field="window", found=found, allowed=f"a tile at multiples of {cell} pixels")
        return cell


@contextmanager
def noise_from_canvas(pipeline: Pipeline, recipe: Recipe) -> Iterator[None]:
    """Has `pipeline` and its scheduler draw the noise of the recipe's window, for the length of a render.

    Raises `EngineFailed` at the end where the pipeline drew no noise that way: the tile would be a lie.
    """
    if recipe.window is None:
        yield
        return
    noise = CanvasNoise(recipe.seed, recipe.size, recipe.window)
    drawing = [module for module in _modules_of(pipeline) if hasattr(module, _DRAW)]
    before = [getattr(module, _DRAW) for module in drawing]
    for module in drawing:
        setattr(module, _DRAW, noise.randn_tensor)
    try:
        yield
    finally:
        for module, function in zip(drawing, before, strict=True):
            setattr(module, _DRAW, function)
    if noise.drawn == 0:
        reason = f"{type(pipeline).__name__} draws its noise where it cannot be cut from a canvas's"
        raise EngineFailed(model=recipe.model.reference, reason=reason)


def _modules_of(pipeline: Pipeline) -> list[ModuleType]:
    names = {type(pipeline).__module__, type(pipeline.scheduler).__module__, *_SHARED_MODULES}
    return [sys.modules[name] for name in sorted(names) if name in sys.modules]
