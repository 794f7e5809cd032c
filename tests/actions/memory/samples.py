"""Models, recipes and figures that the tests of memory share."""

from __future__ import annotations

from renderlock.actions.memory.prediction import Measured, Prediction, Shape
from renderlock.engines.capabilities import Capabilities, SeedGrade, SizeRule
from renderlock.engines.memory_facts import MemoryParts
from renderlock.spec.identity import ModelKey
from renderlock.spec.recipe import Recipe, Size

MIB = 2**20


def facts(*, hosted: bool = False, levers: tuple[str, ...] = ()) -> Capabilities:
    """A model that is nothing but hosted or not, with levers."""
    return Capabilities(
        sizes=SizeRule(Size(64, 64), 8, 8, 4096, 4096 * 4096),
        seed=SeedGrade.EXACT,
        steps=None,
        guidance_scale=None,
        negative_prompt=False,
        img2img=False,
        hosted=hosted,
        levers=levers,
    )


LOCAL = facts(levers=("vae_tile_px", "attention-slicing", "split-guidance", "model-offload", "layer-offload"))

RECIPE = Recipe(ModelKey("diffusers", "m", "", "s", "w"), "a hill", 1, Size(1024, 512), steps=4, guidance_scale=5.0)


def shape_of(width: int, *, model: str = "m", device: str = "cpu") -> Shape:
    """A square shape."""
    return Shape(model, width, width, 4, guided=True, from_picture=False, controls=(), device=device)


def parts_of(working_mib: float, *, weights_mib: float = 50) -> MemoryParts:
    """Parts with that much working memory, in decoding."""
    return MemoryParts(round(weights_mib * MIB), 0, round(working_mib * MIB))


def measured(width: int, peak_mib: float, working_mib: float) -> Measured:
    """A render that took so much."""
    return Measured(shape_of(width), round(peak_mib * MIB), 1.0, parts_of(working_mib))


def predicted(total_mib: float) -> Prediction:
    """A prediction of so much, by figures without weights."""
    parts = parts_of(total_mib, weights_mib=0)
    return Prediction(parts.total, None, parts, "test", parts.total)
