"""The sprite library as trained on: which sprites exist, what they may be called and coloured."""

import io
import json
import re
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from training.colours import DominantColour, find_dominant
from training.concepts import Concept, name_without_colour

RARE_TAG_LIMIT = 24
DOMINANT_PX = 48


@dataclass(frozen=True)
class Sprite:
    """One picture: the index of its concept, its set's style word and its dominant colour."""

    concept: int
    style: str
    dominant: DominantColour


@dataclass(frozen=True)
class Library:
    """All sprites with their concepts; `tags[i]` are concept i's tags with their weights."""

    concepts: list[Concept]
    sprites: list[Sprite]
    tags: list[tuple[list[str], list[float]]]


def load_library(work: Path, pictures: np.ndarray) -> Library:
    """The library of `sprites.json`; `pictures` is what `load_pictures` gives."""
    table = json.loads((work / "sprites.json").read_text(encoding="utf-8"))
    concepts = [Concept(**{**entry, "tags": tuple(entry["tags"])}) for entry in table["concepts"]]
    step = pictures.shape[1] // DOMINANT_PX
    small = pictures[:, step // 2 :: step, step // 2 :: step].astype(np.float32) / 255
    sprites = [
        Sprite(concept, style, find_dominant(picture))
        for (concept, style), picture in zip(table["items"], small, strict=True)
    ]
    return Library(concepts, sprites, _weigh_tags(concepts))


def load_pictures(work: Path) -> np.ndarray:
    """Every sprite as straight-alpha RGBA, uint8, shape (sprites, 256, 256, 4)."""
    with zipfile.ZipFile(work / "sprites.zip") as archive:
        blobs = [archive.read(name) for name in sorted(archive.namelist())]
    with ThreadPoolExecutor() as pool:
        return np.stack(list(pool.map(_decode, blobs)))


def _decode(blob: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(blob)).convert("RGBA"))


def _weigh_tags(concepts: list[Concept]) -> list[tuple[list[str], list[float]]]:
    """Tags that few concepts share, each weighing by how few: "car" counts, "object" does not."""
    counts = Counter(tag for concept in concepts for tag in concept.tags)
    names = {concept.name for concept in concepts}
    result = []
    for concept in concepts:
        tags = [t for t in concept.tags if counts[t] <= RARE_TAG_LIMIT and t not in names]
        tags = [t for t in tags if not re.search(r"face$", t)]
        plain = name_without_colour(concept.name)
        # A word of the concept's own name ("tree" of "evergreen tree") is what people type.
        result.append((tags, [_tag_weight(t, plain, counts[t]) for t in tags]))
    return result


def _tag_weight(tag: str, name: str, count: int) -> float:
    return (4.0 if tag in name.split() else 1.0) / count
