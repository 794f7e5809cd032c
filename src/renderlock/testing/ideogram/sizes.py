"""The sizes Ideogram renders: the legal `resolution` values, and the pixels behind an aspect ratio.

The legal values are those of the provider's OpenAPI document of 2026-10-07. Which pixels an aspect ratio gives is
published for no model of the 1.0 and 2.0 families; here it is the nearest legal value.
"""

from __future__ import annotations

from renderlock.spec.recipe import Size

_WIDE = """
960x832 960x896 1024x640 1024x768 1024x832 1024x896 1024x960 1024x1024 1088x768 1088x832 1088x896 1088x960 1120x896
1152x704 1152x768 1152x832 1152x864 1152x896 1216x704 1216x768 1216x832 1232x768 1248x832 1280x704 1280x720 1280x768
1280x800 1312x736 1344x640 1344x704 1344x768 1408x576 1408x640 1408x704 1472x576 1472x640 1472x704 1536x512 1536x576
1536x640
"""
_NOT_TURNED = {Size(1280, 800)}
_NOT_IN_V3 = {Size(640, 1024), Size(768, 1024), Size(768, 1152), Size(768, 1232), Size(720, 1280)}


def size_of(text: str) -> Size:
    """The size that `1024x768` names."""
    width, _, height = text.partition("x")
    return Size(int(width), int(height))


def turned(size: Size) -> Size:
    """The size with its sides exchanged."""
    return Size(size.height, size.width)


_LANDSCAPE = frozenset(map(size_of, _WIDE.split()))
V2_SIZES = _LANDSCAPE | frozenset(turned(size) for size in _LANDSCAPE - _NOT_TURNED)
V3_SIZES = (V2_SIZES - _NOT_IN_V3 - frozenset(map(turned, _NOT_IN_V3))) | {Size(800, 1280)}

RATIO_SIZES = {
    "1x1": Size(1024, 1024),
    "16x9": Size(1312, 736),
    "16x10": Size(1232, 768),
    "3x2": Size(1248, 832),
    "4x3": Size(1152, 864),
    "3x1": Size(1536, 512),
    "2x1": Size(1408, 704),
    "5x4": Size(1120, 896),
}
RATIO_SIZES |= {"x".join(reversed(ratio.split("x"))): turned(size) for ratio, size in RATIO_SIZES.items()}
LEGACY_RATIOS = ("1x1", "16x9", "9x16", "16x10", "10x16", "3x2", "2x3", "4x3", "3x4", "3x1", "1x3")
