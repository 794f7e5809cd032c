"""How well a final keeps the composition that was approved (`composition/kept@1`).

The final is made as small as the preview and both are compared by what layout, perceptual hash and structure say. The
scale is set by two kinds of pairs: a render against itself with the detail of another size, and a render against one of
another seed. 1.0 is the same picture, another seed scores about 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.layout import layout_distances, measure_layout
from renderlock.metrics.perceptual import ssim
from renderlock.metrics.reduction import opaque, reduce_to
from renderlock.spec.verdict import Measure, Verdict

GATE = "composition"

_COMPARED_SIDE_PX = 128
"""Both pictures are compared at this longer side: composition is not in the detail, which a final is meant to add."""

OTHER_SEED_DISTANCE = 0.14
"""Median layout distance of renders of one prompt that differ in their seed (`benchmarks/composition.py`)."""


@dataclass(frozen=True)
class KeptComposition:
    """What was measured between an approved picture and the final made of it.

    `kept` is 1 minus the layout distance over that of another seed: 1.0 the same composition, about 0 another seed's,
    below 0 farther than that. `layout` is the distance itself (`layout/distance@1`, 0 the same); `ssim` the structural
    similarity at 128 pixels a side.
    """

    kept: float
    layout: float
    ssim: float


@dataclass(frozen=True)
class CompositionLimits:
    """The least `kept` and `ssim` may be: finals that start from their preview keep to both, other seeds seldom do."""

    kept: float = 0.6
    ssim: float = 0.8


LIMITS = CompositionLimits()


def kept_composition(base: Pixels, final: Pixels) -> KeptComposition:
    """How much of the composition of `base` is in `final`: H x W x 3|4, 8 bits, of any two sizes of about one shape."""
    height, width = base.shape[:2]
    scale = _COMPARED_SIDE_PX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    first, second = (reduce_to(opaque(picture), *size) for picture in (base, final))
    distance = float(layout_distances([measure_layout(first), measure_layout(second)]).combined[0, 1])
    return KeptComposition(1 - distance / OTHER_SEED_DISTANCE, distance, ssim(first, second))


def composition_verdict(found: KeptComposition, limits: CompositionLimits = LIMITS) -> Verdict:
    """The verdict of the gate `composition`."""
    return Verdict(
        GATE,
        (
            Measure("kept", found.kept, "1 is the approved composition, 0 that of another seed", least=limits.kept),
            Measure("ssim", found.ssim, "structural similarity at 128 px", least=limits.ssim),
            Measure("layout", found.layout, "layout distance, 0 the same"),
        ),
    )
