"""The sizes Ideogram renders: the legal `resolution` values, and the pixels behind an aspect ratio.

The legal values are those of the provider's OpenAPI document of 2026-10-07. Which pixels an aspect ratio gives is not
published for the 1.0 and 2.0 families: what is here is the nearest legal value, and the decoded picture has the word.
"""

from __future__ import annotations

from renderlock.engines.capabilities import SizeRule
from renderlock.spec.recipe import Size

_LANDSCAPE = """
960x832 960x896 1024x640 1024x768 1024x832 1024x896 1024x960 1024x1024 1088x768 1088x832 1088x896 1088x960 1120x896
1152x704 1152x768 1152x832 1152x864 1152x896 1216x704 1216x768 1216x832 1232x768 1248x832 1280x704 1280x720 1280x768
1280x800 1312x736 1344x640 1344x704 1344x768 1408x576 1408x640 1408x704 1472x576 1472x640 1472x704 1536x512 1536x576
1536x640
"""
_ONLY_WIDE_IN_2 = Size(1280, 800)
_NOT_IN_3 = frozenset({Size(640, 1024), Size(768, 1024), Size(768, 1152), Size(768, 1232), Size(720, 1280)})
_NATIVE = Size(1024, 1024)

RATIOS = {
    "1x1": _NATIVE,
    "16x9": Size(1312, 736),
    "16x10": Size(1232, 768),
    "3x2": Size(1248, 832),
    "4x3": Size(1152, 864),
    "3x1": Size(1536, 512),
}
"""Pixels by aspect ratio, landscape and square."""


def _turned(size: Size) -> Size:
    return Size(size.height, size.width)


def _size(text: str) -> Size:
    width, _, height = text.partition("x")
    return Size(int(width), int(height))


def _listed(sizes: frozenset[Size]) -> SizeRule:
    ordered = tuple(sorted(sizes, key=lambda size: (size.width, size.height)))
    return SizeRule(_NATIVE, 1, 512, 1536, 1536 * 1536, ordered)


_WIDE = frozenset(_size(text) for text in _LANDSCAPE.split())
_SIZES_2 = _WIDE | frozenset(_turned(size) for size in _WIDE - {_ONLY_WIDE_IN_2})
_SIZES_3 = (_SIZES_2 - _NOT_IN_3 - frozenset(_turned(size) for size in _NOT_IN_3)) | {_turned(_ONLY_WIDE_IN_2)}

RATIO_OF = {size: ratio for ratio, size in RATIOS.items()} | {
    _turned(size): "x".join(reversed(ratio.split("x"))) for ratio, size in RATIOS.items()
}
"""Aspect ratio by pixels, as `WxH`."""

BY_RATIO = _listed(frozenset(RATIO_OF))
BY_RESOLUTION_2 = _listed(_SIZES_2)
BY_RESOLUTION_3 = _listed(_SIZES_3)
