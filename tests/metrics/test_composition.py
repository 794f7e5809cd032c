"""How well a final keeps the composition of its preview."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.composition import CompositionLimits, composition_verdict, kept_composition

Rgb = tuple[int, int, int]
Disc = Callable[[float, float, Rgb], Pixels]
Grain = Callable[[Pixels, int], Pixels]
RED = (200, 40, 40)


def enlarged(pixels: Pixels, factor: int) -> Pixels:
    """A final without any new detail."""
    size = (pixels.shape[1] * factor, pixels.shape[0] * factor)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def test_a_larger_final_with_more_detail_keeps_it(disc: Disc, grain: Grain) -> None:
    base = disc(0.4, 0.5, RED)
    found = kept_composition(base, grain(enlarged(base, 3), 1))
    assert found.kept > 0.9
    assert composition_verdict(found).passed


@pytest.mark.parametrize("place", [(0.65, 0.5), (0.4, 0.25)])
def test_a_final_whose_subject_moved_does_not(disc: Disc, place: tuple[float, float]) -> None:
    found = kept_composition(disc(0.4, 0.5, RED), enlarged(disc(*place, RED), 2))
    assert found.kept < 0.3
    assert "kept" in [measure.name for measure in composition_verdict(found).failures]


def test_a_mirrored_final_does_not(scene: Pixels) -> None:
    assert not composition_verdict(kept_composition(scene, enlarged(scene, 2)[:, ::-1])).passed


def test_the_same_picture_reads_one(scene: Pixels) -> None:
    found = kept_composition(scene, scene)
    assert (found.kept, found.layout, found.ssim) == (1.0, 0.0, 1.0)


def test_own_limits_are_kept_to(disc: Disc) -> None:
    found = kept_composition(disc(0.4, 0.5, RED), disc(0.65, 0.5, RED))
    assert composition_verdict(found, CompositionLimits(kept=-10, ssim=0)).passed
