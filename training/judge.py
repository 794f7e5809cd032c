"""The judge of generated pictures: the real ones, and the classifier that was trained on them."""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from training.classifier import (
    INPUT_PX,
    LEVELS_PX,
    Classifier,
    describe,
    load_classifier,
    paint_singles,
    spoil,
)
from training.concepts import hash_fraction
from training.library import Library, load_library, load_pictures
from training.painter import Painter
from training.sampling import to_pixels


@dataclass(frozen=True)
class Judge:
    """What generated pictures are judged by: the real ones, and the classifier trained on them."""

    library: Library
    painter: Painter
    classifier: Classifier

    @property
    def trained(self) -> list[int]:
        """The concepts the model was trained on, in hash order; plain shapes left out."""
        chosen = [
            index for index, concept in enumerate(self.library.concepts) if concept.code_point and not concept.held_out
        ]
        return sorted(chosen, key=lambda index: hash_fraction(self.name(index)))

    @property
    def held_out(self) -> list[int]:
        """The concepts the model never saw."""
        return [i for i, concept in enumerate(self.library.concepts) if concept.held_out]

    def name(self, index: int) -> str:
        """A concept's name."""
        return self.library.concepts[index].name

    @torch.no_grad()
    def look(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores and features of pictures of any size, real and drawn alike lightly spoiled.

        The classifier only ever saw spoiled pictures; a perfectly clean one is strange to it.
        """
        torch.manual_seed(0)
        small = spoil(to_input(pictures))
        features = torch.cat([self.classifier.features(describe(p)) for p in small.split(256)])
        return self.classifier.scores(features).numpy(), features.numpy()

    def real(self, sprites: list[int]) -> np.ndarray:
        """These sprites as plain prompts ask for them: large, centred, on white."""
        painted = paint_singles(self.library, self.painter, sprites, random.Random(1), vary=False)
        return to_pixels(painted)

    def sprites_of(self, concepts: list[int], *, style: str = "", unlike: str = "") -> list[int]:
        """The sprites of these concepts, of one style only or of all but one."""
        wanted = set(concepts)
        return [
            index
            for index, sprite in enumerate(self.library.sprites)
            if sprite.concept in wanted and (not style or sprite.style == style) and sprite.style != unlike
        ]


def to_input(pictures: np.ndarray) -> torch.Tensor:
    """Pictures as the classifier takes them: (B, 3, 64, 64) in [-1, 1]."""
    values = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    return functional.interpolate(values, (INPUT_PX, INPUT_PX), mode="area")


def shrink(pictures: np.ndarray) -> np.ndarray:
    """Pictures at the classifier's size, uint8."""
    return to_pixels(to_input(pictures))


def open_judge(work: Path) -> Judge:
    """The judge over the work folder's sprites and classifier."""
    pictures = load_pictures(work)
    library = load_library(work, pictures)
    return Judge(library, Painter(pictures, "cpu", LEVELS_PX), load_classifier(work, library))
