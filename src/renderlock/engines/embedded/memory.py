"""How much memory the embedded model takes, from measurements of the shipped networks.

The figures are peaks of address space over an idle process that has ONNX Runtime imported, on x86-64 Linux with the
allocator settings of the render worker; `python -m benchmarks.memory` holds them against renders.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from renderlock.engines.memory_facts import MemoryParts
from renderlock.spec.recipe import Recipe

LEAN = "lean-allocation"
"""Gives each tensor's memory back at once, in place of keeping it for the next one: less memory, more time."""

LEVERS = (LEAN,)

_MIB = 2**20
_WEIGHTS_MIB = 75.5
_LOADING_MIB = 22.0
_STACK_MIB = 8.0
_SIDES_PX = (64, 128, 192, 256, 384, 512)
_WORKING_MIB: Mapping[bool, tuple[float, ...]] = {
    False: (2.9, 4.8, 11.5, 27.8, 84.8, 170.5),
    True: (0.2, 2.0, 4.6, 8.6, 20.0, 43.6),
}
"""For square pictures of those sides, without and with lean allocation; others go by their area."""

_SECOND_MIB: Mapping[bool, tuple[float, ...]] = {
    False: (0.0, 0.0, 1.0, 8.5, 33.0, 49.6),
    True: (0.0, 0.0, 0.0, 0.5, 9.0, 43.0),
}
"""What a second evaluation at the same time takes besides."""


def estimate_memory(recipe: Recipe, threads: int, *, lean: bool) -> MemoryParts:
    """The parts of a render, denoising and decoding not told apart.

    With more than one of the `threads`, prompt and negative prompt are evaluated at once, each with memory of its own.
    """
    guided = recipe.guidance_scale is not None and recipe.guidance_scale != 1
    at_once = min(threads, 2 if guided else 1)
    area = recipe.size.width * recipe.size.height
    working = _at(area, _WORKING_MIB[lean]) + (_at(area, _SECOND_MIB[lean]) if at_once > 1 else 0.0)
    stacks = _STACK_MIB * at_once if threads > 1 else 0.0
    return MemoryParts(
        weights=round(_WEIGHTS_MIB * _MIB),
        denoise=round((working + stacks) * _MIB),
        decode=0,
        load=round(_LOADING_MIB * _MIB),
        grade="table",
    )


def _at(area: int, table: tuple[float, ...]) -> float:
    """The table's value for a picture of `area` pixels, on straight lines between its entries and past the last."""
    areas = np.square(np.array(_SIDES_PX, np.float64))
    if area > areas[-1]:
        return float(table[-1] * area / areas[-1])
    return float(np.interp(area, areas, table))
