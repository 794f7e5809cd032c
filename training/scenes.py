"""Makes up scenes: what stands where on a canvas, and the caption that says so.

Said nothing, an object stands large in the middle of a white ground. Whatever differs from that is
in the caption, so that every word of a prompt has one right answer. Lengths are pixels; positions
are relative to the canvas.
"""

import random
from dataclasses import dataclass, field

from training.captions import (
    PLACES,
    SIZES,
    background_phrase,
    join_parts,
    pair_caption,
    pattern_phrase,
    plural,
    style_phrase,
)
from training.colours import BACKGROUNDS, SUBJECT_COLOURS, WHITE, DominantColour
from training.concepts import is_held_out_pair, name_without_colour
from training.library import Library
from training.synonyms import SYNONYMS

NO_REPEAT = 1e6
CAPTION_DROPOUT = 0.1
PATTERN_PERIODS_PX = {"small": 32, "": 64, "large": 128}
PATTERN_FILL = 0.8
DEFAULT_EXTENT = (0.84, 0.94)
PLACED_EXTENT = (0.42, 0.56)


@dataclass(frozen=True)
class Layer:
    """One sprite on the canvas: centre and longer side in pixels, and its new colour if any."""

    sprite: int
    centre_x: float
    centre_y: float
    extent: float
    flip: bool = False
    recolour: str = ""
    period: float = NO_REPEAT


@dataclass(frozen=True)
class Scene:
    """A whole canvas: layers from back to front, the ground's colour and the caption."""

    height: int
    width: int
    caption: str
    background: tuple[float, float, float] = WHITE
    layers: list[Layer] = field(default_factory=list)


@dataclass(frozen=True)
class Subject:
    """A sprite chosen for a scene, with the words that name it."""

    sprite: int
    phrase: str
    recolour: str
    colour_word: str
    style: str


class SceneMaker:
    """Draws random scenes from a sprite library."""

    def __init__(self, library: Library, seed: int) -> None:
        self._library = library
        self._random = random.Random(seed)
        self._by_style: dict[str, tuple[list[int], list[float]]] = {}
        for index, sprite in enumerate(library.sprites):
            concept = library.concepts[sprite.concept]
            if not concept.held_out:
                indices, weights = self._by_style.setdefault(sprite.style, ([], []))
                indices.append(index)
                weights.append(concept.weight)
        self._style_weights = {s: sum(w) for s, (_, w) in self._by_style.items()}
        self._style_weights["shape"] = 0.06 * sum(self._style_weights.values())

    def make(self, height: int, width: int) -> Scene:
        """A random scene on a canvas of this size."""
        draw = self._random.random()
        if draw < 0.70:
            return self._single(height, width)
        if draw < 0.90:
            return self._pair(height, width)
        if draw < 0.985:
            return self._pattern(height, width)
        word, colour = self._background(1.0, "")
        return Scene(height, width, f"plain {word} background", colour)

    def caption_or_nothing(self, scene: Scene) -> str:
        """The caption, or now and then none: what guidance is measured against."""
        return "" if self._random.random() < CAPTION_DROPOUT else scene.caption

    def _single(self, height: int, width: int) -> Scene:
        rng = self._random
        subject = self._subject(self._style())
        size = rng.choice(list(SIZES)) if rng.random() < 0.32 else ""
        place = rng.choice(list(PLACES)) if rng.random() < 0.38 else ""
        if size in ("large", "huge") and place:
            place = "center"
        low, high = SIZES[size] if size else PLACED_EXTENT if place else DEFAULT_EXTENT
        extent = rng.uniform(low, high) * min(height, width)
        x, y = self._position(PLACES.get(place, (0.5, 0.5)), extent, height, width)
        layer = Layer(subject.sprite, x, y, extent, rng.random() < 0.5, subject.recolour)
        word, colour = self._background(0.36, subject.colour_word)
        caption = join_parts(
            rng,
            f"{size} {subject.phrase}".strip(),
            place=place,
            style=style_phrase(rng, subject.style),
            background=background_phrase(rng, word),
        )
        return Scene(height, width, caption, colour, [layer])

    def _position(self, anchor: tuple[float, float], extent: float, height: int, width: int) -> tuple[float, float]:
        """The centre for an anchor in [0, 1]²: 0 and 1 touch the border but for a small margin."""
        rng = self._random
        margin = extent / 2 + rng.uniform(0.02, 0.07) * min(height, width)
        jitter = 0.015 * min(height, width)
        x = margin + anchor[0] * max(width - 2 * margin, 0) if width > 2 * margin else width / 2
        y = margin + anchor[1] * max(height - 2 * margin, 0) if height > 2 * margin else height / 2
        return x + rng.uniform(-jitter, jitter), y + rng.uniform(-jitter, jitter)

    def _pair(self, height: int, width: int) -> Scene:
        rng = self._random
        style = self._style()
        first, second = self._subject(style), self._subject(style)
        arrangement = pair_caption(rng, first.phrase, second.phrase, height, width)
        layers = []
        for subject, spot in zip((first, second), arrangement.spots, strict=True):
            extent = rng.uniform(0.9, 1.0) * spot.extent * min(height, width)
            x = spot.x * width + rng.uniform(-0.015, 0.015) * min(height, width)
            y = spot.y * height + rng.uniform(-0.015, 0.015) * min(height, width)
            flip = rng.random() < 0.5
            layers.append(Layer(subject.sprite, x, y, extent, flip, subject.recolour))
        word, colour = self._background(0.3, first.colour_word, second.colour_word)
        caption = join_parts(
            rng,
            arrangement.caption,
            style=style_phrase(rng, style),
            background=background_phrase(rng, word),
        )
        return Scene(height, width, caption, colour, layers)

    def _pattern(self, height: int, width: int) -> Scene:
        rng = self._random
        subject = self._subject(self._style())
        size = rng.choice(["small", "large"]) if rng.random() < 0.3 else ""
        period = PATTERN_PERIODS_PX[size]
        extent = period * PATTERN_FILL
        layer = Layer(subject.sprite, period / 2, period / 2, extent, False, subject.recolour, period)
        word, colour = self._background(0.4, subject.colour_word)
        caption = join_parts(
            rng,
            pattern_phrase(rng, f"{size} {plural(subject.phrase)}".strip()),
            style=style_phrase(rng, subject.style),
            background=background_phrase(rng, word),
        )
        return Scene(height, width, caption, colour, [layer])

    def _style(self) -> str:
        styles = list(self._style_weights)
        return self._random.choices(styles, [self._style_weights[s] for s in styles])[0]

    def _subject(self, style: str) -> Subject:
        rng = self._random
        indices, weights = self._by_style[style]
        index = rng.choices(indices, weights)[0]
        sprite = self._library.sprites[index]
        name = self._name(sprite.concept)
        if style == "shape":
            colour = rng.choice(list(SUBJECT_COLOURS))
            return Subject(index, f"{colour} {name}", colour, colour, "")
        colour, recolour = self._colour(sprite.dominant, self._library.concepts[sprite.concept].name)
        if colour:
            name = f"{colour} {name_without_colour(name)}"
        return Subject(index, name, recolour, colour or sprite.dominant.word, style)

    def _name(self, concept_index: int) -> str:
        rng = self._random
        name = self._library.concepts[concept_index].name
        tags, weights = self._library.tags[concept_index]
        if rng.random() < 0.45 and name in SYNONYMS:
            return rng.choice(SYNONYMS[name])
        draw = rng.random()
        if not tags or draw < 0.64:
            return name
        tag = rng.choices(tags, weights)[0]
        return tag if draw < 0.9 else f"{tag} {name}"

    def _colour(self, dominant: DominantColour, concept_name: str) -> tuple[str, str]:
        """The colour word to say (may be empty) and the colour to change the sprite to."""
        rng = self._random
        draw = rng.random()
        if dominant.kind == "none" or draw < 0.45:
            return "", ""
        if draw < 0.65:
            return dominant.word, ""
        wanted = rng.choice(list(SUBJECT_COLOURS))
        plain = name_without_colour(concept_name)
        if wanted == dominant.word or is_held_out_pair(wanted, plain):
            return dominant.word, ""
        return wanted, wanted

    def _background(self, share: float, *taken: str) -> tuple[str, tuple[float, float, float]]:
        """A ground that is not the subject's own colour; an empty word is the white default."""
        rng = self._random
        if rng.random() >= share:
            is_white_said = rng.random() < 0.08 and "white" not in taken
            return "white" if is_white_said else "", WHITE
        word = rng.choice([w for w in BACKGROUNDS if w not in taken])
        red, green, blue = BACKGROUNDS[word]
        red, green, blue = (c + rng.uniform(-5, 5) for c in (red, green, blue))
        return word, (red, green, blue)
