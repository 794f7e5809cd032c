"""The blend modes against another implementation of the same standard: resvg's own mix-blend-mode."""

from __future__ import annotations

import io

import numpy as np
import pytest
import resvg_py
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from renderlock.imaging.overlay_blend import BLEND_MODES, BlendMode, blend_rows
from renderlock.imaging.pixels import Pixels

SEPARABLE = BLEND_MODES[: BLEND_MODES.index("hue")]
BY_CHROMIUM: tuple[tuple[BlendMode, str, str, tuple[int, int, int]], ...] = (
    ("color", "#000000", "#2080e0", (0, 0, 0)),
    ("luminosity", "#2080e0", "#000000", (0, 0, 0)),
    ("color", "#2080e0", "#f0d010", (136, 117, 0)),
    ("hue", "#c02040", "#2080e0", (19, 99, 179)),
    ("saturation", "#c02040", "#f0d010", (235, 11, 56)),
    ("luminosity", "#f0d010", "#103010", (43, 37, 0)),
)
"""What headless Chromium draws for a source over a backdrop; resvg's clipping of these modes leaves the standard."""
COLOURS = ("#000000", "#ffffff", "#c02040", "#2080e0", "#f0d010", "#808080", "#103010")
ALPHAS = (1.0, 0.5)


def drawn_by_resvg(mode: str) -> Pixels:
    """Each colour of the columns over each of the rows, opaque below, half opaque above."""
    cells = [
        f'<rect x="{column}" y="{row}" width="1" height="1" fill="{under}"/>'
        f'<rect x="{column}" y="{row}" width="1" height="1" fill="{over}" fill-opacity="{alpha}"'
        f' style="mix-blend-mode:{mode}"/>'
        for row, under in enumerate(COLOURS)
        for column, (over, alpha) in enumerate((over, alpha) for over in COLOURS for alpha in ALPHAS)
    ]
    width, height = len(COLOURS) * len(ALPHAS), len(COLOURS)
    text = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{"".join(cells)}</svg>'
    with Image.open(io.BytesIO(resvg_py.svg_to_bytes(svg_string=text))) as picture:
        return np.asarray(picture.convert("RGB"))


def drawn_here(mode: BlendMode) -> Pixels:
    colours = np.array([tuple(bytes.fromhex(colour[1:])) for colour in COLOURS], dtype=np.uint8)
    backdrop = np.repeat(colours[:, None], len(COLOURS) * len(ALPHAS), axis=1)
    source = np.zeros((*backdrop.shape[:2], 4), dtype=np.uint8)
    source[..., :3] = np.repeat(colours, len(ALPHAS), axis=0)[None]
    source[..., 3] = np.tile([255, 128], len(COLOURS))[None]
    blend_rows(backdrop, source, opacity=1, mode=mode)
    return backdrop


@pytest.mark.parametrize("mode", SEPARABLE)
def test_a_mode_is_what_another_renderer_draws(mode: BlendMode) -> None:
    apart = np.abs(drawn_here(mode).astype(int) - drawn_by_resvg(mode))

    assert apart.max() <= 3, f"largest {apart.max()}, mean {apart.mean():.3f}"
    assert apart.mean() < 0.6


@pytest.mark.parametrize(("mode", "under", "over", "expected"), BY_CHROMIUM)
def test_a_mode_of_hue_and_luminosity_is_what_a_browser_draws(
    mode: BlendMode, under: str, over: str, expected: tuple[int, int, int]
) -> None:
    backdrop = np.array([[list(bytes.fromhex(under[1:]))]], dtype=np.uint8)
    source = np.array([[[*bytes.fromhex(over[1:]), 255]]], dtype=np.uint8)

    blend_rows(backdrop, source, opacity=1, mode=mode)

    assert np.abs(backdrop[0, 0].astype(int) - expected).max() <= 1


@given(
    arrays(np.uint8, (3, 5, 4)), arrays(np.uint8, (3, 5, 4)), st.sampled_from(BLEND_MODES), st.floats(0, 1)
)  # fmt: skip
def test_any_rows_blend_without_leaving_the_range(
    backdrop: Pixels, source: Pixels, mode: BlendMode, opacity: float
) -> None:
    before = backdrop.copy()

    blend_rows(backdrop, source, opacity=opacity, mode=mode)

    clear = source[..., 3] == 0
    assert (backdrop[clear] == before[clear]).all()
    assert (backdrop[..., 3].astype(int) >= before[..., 3].astype(int) - 1).all()
