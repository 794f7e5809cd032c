"""Pixels behind Google's aspect ratios and size tiers.

Imagen: the published sizes of Imagen 3, which Imagen 4 is taken to keep at 1K, doubled at 2K. Gemini: the tables of
the image generation guide; 2.5 has its own, 3 and later share one.
"""

from __future__ import annotations

from renderlock.spec.recipe import Size

IMAGEN = {
    "1:1": Size(1024, 1024),
    "3:4": Size(896, 1280),
    "4:3": Size(1280, 896),
    "9:16": Size(768, 1408),
    "16:9": Size(1408, 768),
}
GEMINI_2_5 = {
    "1:1": Size(1024, 1024),
    "2:3": Size(832, 1248),
    "3:2": Size(1248, 832),
    "3:4": Size(864, 1184),
    "4:3": Size(1184, 864),
    "4:5": Size(896, 1152),
    "5:4": Size(1152, 896),
    "9:16": Size(768, 1344),
    "16:9": Size(1344, 768),
    "21:9": Size(1536, 672),
}
GEMINI_3 = {
    "1:1": Size(1024, 1024),
    "2:3": Size(848, 1264),
    "3:2": Size(1264, 848),
    "3:4": Size(896, 1200),
    "4:3": Size(1200, 896),
    "4:5": Size(928, 1152),
    "5:4": Size(1152, 928),
    "9:16": Size(768, 1376),
    "16:9": Size(1376, 768),
    "21:9": Size(1584, 672),
}
LONG_RATIOS = {
    "1:4": Size(512, 2048),
    "4:1": Size(2048, 512),
    "1:8": Size(384, 3072),
    "8:1": Size(3072, 384),
}
TIERS = {"512": 0.5, "1K": 1.0, "2K": 2.0, "4K": 4.0}


def at_tier(size: Size, tier: str) -> Size:
    """A 1K size at another tier."""
    factor = TIERS[tier]
    return Size(round(size.width * factor), round(size.height * factor))
