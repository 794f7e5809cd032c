"""Colour words: what each means, which one names a sprite, and where a background gets its colour.

Hues are degrees, saturation and value are in [0, 1] (the HSV hexcone model).
"""

import colorsys
from dataclasses import dataclass

import numpy as np

HUE_BINS = 36
CHROMATIC_SATURATION = 0.25
DARKEST_VALUE = 0.2
CHROMATIC_SHARE = 0.4
ACHROMATIC_SHARE = 0.6


@dataclass(frozen=True)
class Colour:
    """A point in HSV space."""

    hue: float
    saturation: float
    value: float


SUBJECT_COLOURS: dict[str, Colour] = {
    "red": Colour(2, 0.85, 0.88),
    "orange": Colour(27, 0.88, 0.97),
    "yellow": Colour(48, 0.78, 0.98),
    "green": Colour(122, 0.65, 0.72),
    "teal": Colour(176, 0.70, 0.74),
    "blue": Colour(214, 0.75, 0.88),
    "purple": Colour(272, 0.62, 0.82),
    "pink": Colour(332, 0.50, 0.97),
    "brown": Colour(24, 0.62, 0.52),
    "black": Colour(220, 0.08, 0.17),
    "white": Colour(220, 0.03, 0.96),
    "gray": Colour(215, 0.05, 0.60),
}

BACKGROUNDS: dict[str, tuple[int, int, int]] = {
    "red": (214, 60, 55),
    "orange": (245, 150, 60),
    "yellow": (250, 220, 90),
    "green": (90, 180, 95),
    "teal": (70, 180, 175),
    "blue": (75, 135, 225),
    "purple": (150, 95, 205),
    "pink": (245, 160, 195),
    "brown": (125, 85, 60),
    "black": (18, 18, 22),
    "gray": (150, 150, 155),
    "light gray": (222, 222, 226),
    "dark gray": (70, 72, 78),
    "light blue": (190, 222, 250),
    "dark blue": (25, 35, 85),
    "light green": (200, 235, 200),
    "dark green": (25, 75, 45),
    "light pink": (252, 220, 230),
    "light yellow": (253, 245, 200),
    "beige": (240, 228, 208),
}
WHITE = (255, 255, 255)


@dataclass(frozen=True)
class DominantColour:
    """The colour that covers most of a sprite, or none; recolouring moves it to another."""

    kind: str
    colour: Colour

    @property
    def word(self) -> str:
        """The colour word that names it; empty where no colour dominates."""
        return "" if self.kind == "none" else colour_word(self.colour)


def find_dominant(pixels: np.ndarray) -> DominantColour:
    """The dominant colour of an RGBA picture, float in [0, 1], shape (height, width, 4)."""
    opaque = pixels[..., 3] > 0.5
    rgb = pixels[..., :3][opaque]
    if len(rgb) == 0:
        return DominantColour("none", Colour(0, 0, 0))
    hue, saturation, value = rgb_to_hsv(rgb)
    chromatic = (saturation > CHROMATIC_SATURATION) & (value > DARKEST_VALUE)
    weights = np.where(chromatic, saturation * value, 0)
    histogram, _ = np.histogram(hue, bins=HUE_BINS, range=(0, 360), weights=weights)
    smooth = histogram + np.roll(histogram, 1) + np.roll(histogram, -1)
    peak = (int(smooth.argmax()) + 0.5) * 360 / HUE_BINS
    near = chromatic & (np.abs((hue - peak + 180) % 360 - 180) < 40)
    if near.mean() >= CHROMATIC_SHARE:
        offset = np.average((hue[near] - peak + 180) % 360 - 180, weights=weights[near])
        colour = Colour((peak + offset) % 360, saturation[near].mean(), value[near].mean())
        return DominantColour("chromatic", colour)
    if (saturation < CHROMATIC_SATURATION).mean() >= ACHROMATIC_SHARE:
        pale = saturation < CHROMATIC_SATURATION
        return DominantColour("achromatic", Colour(0, saturation[pale].mean(), value[pale].mean()))
    return DominantColour("none", Colour(0, 0, 0))


def colour_word(colour: Colour) -> str:
    """The word a person would use for the colour."""
    hue, saturation, value = colour.hue % 360, colour.saturation, colour.value
    if saturation < 0.18:
        return "white" if value > 0.8 else "black" if value < 0.3 else "gray"
    if value < 0.2:
        return "black"
    if 8 <= hue < 48 and value < 0.68:
        return "brown"
    if (hue >= 295 or hue < 14) and saturation < 0.58 and value > 0.75:
        return "pink"
    limits = [(14, "red"), (39, "orange"), (66, "yellow"), (160, "green"), (192, "teal")]
    limits += [(252, "blue"), (296, "purple"), (342, "pink"), (360, "red")]
    return next(word for limit, word in limits if hue <= limit)


def rgb_to_hsv(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hue in degrees, saturation and value of colours in [0, 1], shape (..., 3)."""
    high, low = rgb.max(-1), rgb.min(-1)
    spread = high - low
    safe = np.where(spread > 1e-6, spread, 1)
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    sector = np.where(
        high == red,
        (green - blue) / safe % 6,
        np.where(high == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    hue = np.where(spread > 1e-6, sector * 60, 0)
    return hue, spread / np.maximum(high, 1e-6), high


def background_word(rgb: tuple[float, float, float]) -> str:
    """The colour word for a plain area, floats in [0, 1]."""
    hue, saturation, value = colorsys.rgb_to_hsv(*rgb)
    return colour_word(Colour(hue * 360, saturation, value))
