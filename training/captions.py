"""The words of a caption: sizes, places, styles, grounds, pairs, and how they are strung up."""

import random
from dataclasses import dataclass

SIZES: dict[str, tuple[float, float]] = {
    "tiny": (0.17, 0.23),
    "small": (0.32, 0.42),
    "medium": (0.56, 0.66),
    "large": (0.86, 0.96),
    "huge": (1.12, 1.3),
}

PLACES: dict[str, tuple[float, float]] = {
    "left": (0, 0.5),
    "right": (1, 0.5),
    "top": (0.5, 0),
    "bottom": (0.5, 1),
    "center": (0.5, 0.5),
    "top left": (0, 0),
    "top right": (1, 0),
    "bottom left": (0, 1),
    "bottom right": (1, 1),
}

_SIZE_SYNONYMS = {
    "tiny": ("tiny", "tiny", "very small"),
    "small": ("small", "small", "little"),
    "medium": ("medium", "medium sized"),
    "large": ("large", "large", "big"),
    "huge": ("huge", "huge", "very large", "close up of"),
}


@dataclass(frozen=True)
class Spot:
    """Where one of two subjects stands, relative to the canvas; extent relative to its shorter side."""

    x: float
    y: float
    extent: float


@dataclass(frozen=True)
class Arrangement:
    """Two spots and the caption that describes them."""

    caption: str
    spots: tuple[Spot, Spot]


def place_phrase(rng: random.Random, place: str) -> str:
    """One of the ways to say a place of `PLACES`."""
    if not place:
        return ""
    if place == "center":
        return rng.choice(["in the center", "centered", "in the middle"])
    if " " in place:
        upper = place.replace("top", "upper").replace("bottom", "lower")
        return rng.choice(
            [
                f"in the {place} corner",
                f"in the {place}",
                f"at the {place}",
                f"in the {upper} corner",
            ]
        )
    if place in ("left", "right"):
        return rng.choice([f"on the {place}", f"on the {place} side", f"to the {place}", place])
    return rng.choice([f"at the {place}", f"on the {place}", f"at {place}", f"{place} of the frame"])


def style_phrase(rng: random.Random, style: str) -> str:
    """A mention of the icon set's style, in one caption of three."""
    if not style or rng.random() > 0.35:
        return ""
    return rng.choice([f"{style} style", f"{style} style", f"in a {style} style", f"{style} icon"])


def background_phrase(rng: random.Random, word: str) -> str:
    """One of the ways to name the ground; empty for the default."""
    if not word:
        return ""
    forms = [f"on a {word} background", f"on {word} background", f"{word} background", f"on {word}"]
    return rng.choices(forms, [5, 3, 3, 1])[0]


def pattern_phrase(rng: random.Random, subjects: str) -> str:
    """One of the ways to ask for a repeating pattern."""
    return rng.choice([f"pattern of {subjects}", f"{subjects} pattern", f"seamless pattern of {subjects}"])


def plural(phrase: str) -> str:
    """A plain English plural of the phrase's last word."""
    if phrase.endswith(("s", "x", "ch", "sh")):
        return phrase + "es"
    if phrase.endswith("y") and phrase[-2:-1] not in "aeiou":
        return phrase[:-1] + "ies"
    return phrase + "s"


def with_article(rng: random.Random, phrase: str) -> str:
    """The phrase with its size word varied; articles are stop words, so none is written."""
    first, _, rest = phrase.partition(" ")
    if first in _SIZE_SYNONYMS and rest:
        return f"{rng.choice(_SIZE_SYNONYMS[first])} {rest}"
    return phrase


def join_parts(rng: random.Random, subject: str, *, place: str = "", style: str = "", background: str = "") -> str:
    """The parts as one caption, in one of the orders and with one of the separators people use."""
    located = f"{with_article(rng, subject)}{_separator(rng)}{place_phrase(rng, place)}"
    located = located.strip(" ,")
    rest = [part for part in (style, background) if part]
    rng.shuffle(rest)
    if style.endswith(" style") and not style.startswith("in ") and rng.random() < 0.2:
        rest = [part for part in rest if part != style]
        located = f"{style.removesuffix(' style')} {located}"
    for part in rest:
        located = f"{located}{_separator(rng)}{part}"
    return located


def _separator(rng: random.Random) -> str:
    return ", " if rng.random() < 0.5 else " "


def pair_caption(rng: random.Random, first: str, second: str, height: int, width: int) -> Arrangement:
    """A way to say two subjects, and where that puts them; side by side when nothing is said."""
    extent = 0.47
    if width > 1.3 * height:
        extent = min(0.8, 0.47 * width / height)
    left, right = Spot(0.26, 0.5, extent), Spot(0.74, 0.5, extent)
    tall = 0.47 if height <= 1.3 * width else min(0.8, 0.47 * height / width)
    top, bottom = Spot(0.5, 0.26, tall), Spot(0.5, 0.74, tall)
    draw = rng.random()
    if draw < 0.34:
        return Arrangement(f"{first} and {second}", (left, right))
    if draw < 0.42:
        return Arrangement(f"{first} {rng.choice(['next to', 'beside'])} {second}", (left, right))
    if draw < 0.58:
        return Arrangement(f"{first} on the left and {second} on the right", (left, right))
    if draw < 0.72:
        return Arrangement(f"{first} on the right and {second} on the left", (right, left))
    if draw < 0.80:
        return Arrangement(f"{first} {rng.choice(['above', 'over'])} {second}", (top, bottom))
    if draw < 0.87:
        return Arrangement(f"{first} {rng.choice(['below', 'under'])} {second}", (bottom, top))
    if draw < 0.93:
        return Arrangement(f"{first} at the top and {second} at the bottom", (top, bottom))
    return _unequal_pair(rng, first, second)


def _unequal_pair(rng: random.Random, first: str, second: str) -> Arrangement:
    """A large subject and a small one, the small one in a lower corner."""
    large, small = Spot(0.36, 0.45, 0.64), Spot(0.84, 0.82, 0.26)
    if rng.random() < 0.5:
        return Arrangement(f"large {first} and small {second}", (large, small))
    mirrored = Spot(0.64, 0.45, 0.64), Spot(0.16, 0.82, 0.26)
    return Arrangement(f"small {first} and large {second}", (mirrored[1], mirrored[0]))
