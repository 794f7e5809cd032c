"""Compositing by the W3C's Compositing and Blending Level 1, on sRGB rows of 8 or 16 bits with straight alpha.

Section 5.1 (source-over with a blend function), section 10.1 (separable modes) and 10.2 (the others). Where the source
is fully transparent, the backdrop stays bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.pixels import Pixels, Raster

BlendMode = Literal[
    "normal", "multiply", "screen", "overlay", "darken", "lighten", "color-dodge", "color-burn", "hard-light",
    "soft-light", "difference", "exclusion", "hue", "saturation", "color", "luminosity",
]  # fmt: skip
BLEND_MODES: tuple[BlendMode, ...] = get_args(BlendMode)

_Floats = NDArray[np.float32]
_LUMINOSITY = np.array([0.3, 0.59, 0.11], dtype=np.float32)


def blend_rows(backdrop: Raster, source: Pixels, *, opacity: float, mode: BlendMode) -> None:
    """Lays h x w x 4 8-bit `source` over h x w x 3|4 `backdrop` of 8 or 16 bits, in place; sRGB, straight alpha.

    `opacity`, 0 to 1, multiplies the source's alpha.
    """
    covered = source[..., 3] > 0
    if opacity == 0 or not covered.any():
        return
    over, under = _shares(source[covered]), _shares(backdrop[covered])
    alpha_s = over[:, 3:] * np.float32(opacity)
    alpha_b = under[:, 3:] if under.shape[1] == 4 else np.ones_like(alpha_s)
    colour_s, colour_b = over[:, :3], under[:, :3]
    if mode != "normal":
        colour_s = (1 - alpha_b) * colour_s + alpha_b * _BLENDS[mode](colour_b, colour_s)
    alpha = alpha_s + alpha_b * (1 - alpha_s)
    mixed = alpha_s * colour_s + (1 - alpha_s) * alpha_b * colour_b
    under[:, :3] = np.divide(mixed, alpha, out=np.zeros_like(mixed), where=alpha > 0)
    if under.shape[1] == 4:
        under[:, 3:] = alpha
    backdrop[covered] = np.rint(under.clip(0, 1) * np.iinfo(backdrop.dtype).max).astype(backdrop.dtype)


def _shares(levels: Raster) -> _Floats:
    return levels.astype(np.float32) / np.float32(np.iinfo(levels.dtype).max)


def _multiply(backdrop: _Floats, source: _Floats) -> _Floats:
    return backdrop * source


def _screen(backdrop: _Floats, source: _Floats) -> _Floats:
    return backdrop + source - backdrop * source


def _hard_light(backdrop: _Floats, source: _Floats) -> _Floats:
    return np.where(source <= 0.5, _multiply(backdrop, 2 * source), _screen(backdrop, 2 * source - 1))


def _overlay(backdrop: _Floats, source: _Floats) -> _Floats:
    return _hard_light(source, backdrop)


def _colour_dodge(backdrop: _Floats, source: _Floats) -> _Floats:
    lifted = np.minimum(1, backdrop / np.maximum(1 - source, np.float32(1e-6)))
    return np.where(backdrop == 0, np.float32(0), np.where(source >= 1, np.float32(1), lifted))


def _colour_burn(backdrop: _Floats, source: _Floats) -> _Floats:
    sunk = 1 - np.minimum(1, (1 - backdrop) / np.maximum(source, np.float32(1e-6)))
    return np.where(backdrop >= 1, np.float32(1), np.where(source <= 0, np.float32(0), sunk))


def _soft_light(backdrop: _Floats, source: _Floats) -> _Floats:
    curve = np.where(backdrop <= 0.25, ((16 * backdrop - 12) * backdrop + 4) * backdrop, np.sqrt(backdrop))
    darker = backdrop - (1 - 2 * source) * backdrop * (1 - backdrop)
    return np.where(source <= 0.5, darker, backdrop + (2 * source - 1) * (curve - backdrop))


def _difference(backdrop: _Floats, source: _Floats) -> _Floats:
    apart: _Floats = np.abs(backdrop - source)
    return apart


def _exclusion(backdrop: _Floats, source: _Floats) -> _Floats:
    mixed: _Floats = backdrop + source - 2 * backdrop * source
    return mixed


def _luminosity_of(colour: _Floats) -> _Floats:
    lum: _Floats = (colour @ _LUMINOSITY)[:, None]
    return lum


def _with_luminosity(colour: _Floats, lum: _Floats) -> _Floats:
    """SetLum and ClipColor of section 10.2."""
    moved = colour + (lum - _luminosity_of(colour))
    lum = _luminosity_of(moved)
    low, high = moved.min(axis=1, keepdims=True), moved.max(axis=1, keepdims=True)
    tiny = np.float32(1e-6)
    moved = np.where(low < 0, lum + (moved - lum) * lum / np.maximum(lum - low, tiny), moved)
    return np.where(high > 1, lum + (moved - lum) * (1 - lum) / np.maximum(high - lum, tiny), moved)


def _saturation_of(colour: _Floats) -> _Floats:
    spread: _Floats = colour.max(axis=1, keepdims=True) - colour.min(axis=1, keepdims=True)
    return spread


def _with_saturation(colour: _Floats, saturation: _Floats) -> _Floats:
    """SetSat of section 10.2."""
    low, spread = colour.min(axis=1, keepdims=True), _saturation_of(colour)
    return np.where(spread > 0, (colour - low) * saturation / np.maximum(spread, np.float32(1e-6)), np.float32(0))


def _hue(backdrop: _Floats, source: _Floats) -> _Floats:
    return _with_luminosity(_with_saturation(source, _saturation_of(backdrop)), _luminosity_of(backdrop))


def _saturation(backdrop: _Floats, source: _Floats) -> _Floats:
    return _with_luminosity(_with_saturation(backdrop, _saturation_of(source)), _luminosity_of(backdrop))


def _colour(backdrop: _Floats, source: _Floats) -> _Floats:
    return _with_luminosity(source, _luminosity_of(backdrop))


def _luminosity(backdrop: _Floats, source: _Floats) -> _Floats:
    return _with_luminosity(backdrop, _luminosity_of(source))


_BLENDS: dict[BlendMode, Callable[[_Floats, _Floats], _Floats]] = {
    "multiply": _multiply,
    "screen": _screen,
    "overlay": _overlay,
    "darken": np.minimum,
    "lighten": np.maximum,
    "color-dodge": _colour_dodge,
    "color-burn": _colour_burn,
    "hard-light": _hard_light,
    "soft-light": _soft_light,
    "difference": _difference,
    "exclusion": _exclusion,
    "hue": _hue,
    "saturation": _saturation,
    "color": _colour,
    "luminosity": _luminosity,
}
