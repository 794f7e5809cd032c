"""Pictures that set no limit of the seam measure: how often each kind reads over 1.000 with no seam in it.

Flat icons of the embedded model, smooth gradients, pixel art, line drawings, and photographs cut so that a strong
contour lies exactly on a border, which is the hardest there is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from benchmarks.photographs import embedded_renders
from benchmarks.seam_null import grid_lines, uneven_lines
from PIL import Image, ImageDraw

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.seams import SeamLine, score_seams

SIDE_PX = 512
FINAL_LIMIT = 1.25
"""What a final may read (`actions/finals/judging.py`)."""

Picture = tuple[Pixels, Sequence[SeamLine]]


def gradients(count: int) -> list[Picture]:
    """Skies: two soft ramps in colour, rounded to levels, with and without a little grain."""
    return [_on_grid(_sky(np.random.default_rng(seed))) for seed in range(count)]


def pixel_art(count: int) -> list[Picture]:
    """Cells of 8 or 16 pixels in eight colours, mirrored as sprites are, on an even ground."""
    return [_on_grid(_sprite(np.random.default_rng(seed))) for seed in range(count)]


def line_drawings(count: int) -> list[Picture]:
    """Ink of 2 to 5 pixels on paper: curves, boxes and circles."""
    return [_on_grid(_drawing(np.random.default_rng(seed))) for seed in range(count)]


def icons(count: int) -> list[Picture]:
    """Renders of the embedded model in one piece, of seeds that had no part in the null."""
    return [_on_grid(pixels) for _, pixels in embedded_renders(count, 256, first_seed=5000)]


def short_borders(crops: Sequence[Pixels]) -> list[Picture]:
    """Photographs under grids with a row or column of 16 to 127 pixels."""
    random = np.random.default_rng(3)
    return [(crop, uneven_lines(crop.shape[1], crop.shape[0], 3, random)) for crop in crops]


def on_contours(pictures: Mapping[str, Pixels], each: int) -> list[Picture]:
    """Squares of 512 pixels whose middle column lies on the strongest upright contour of a random place."""
    random = np.random.default_rng(6)
    found: list[Picture] = []
    for picture in (picture for picture in pictures.values() if min(picture.shape[:2]) >= 2 * SIDE_PX):
        luma = picture.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
        for _ in range(each):
            top = int(random.integers(0, len(luma) - SIDE_PX + 1))
            half = SIDE_PX // 2
            steps = np.diff(luma[top : top + SIDE_PX], axis=1)
            strength = np.maximum(*(np.abs(part.mean(axis=0)) for part in (steps[:half], steps[half:])))
            at = half + int(np.argmax(strength[half - 1 : luma.shape[1] - half])) - half
            crop = picture[top : top + SIDE_PX, at : at + SIDE_PX]
            found.append((crop, grid_lines(SIDE_PX, SIDE_PX, 2, 2)))
    return found


def report_kinds(kinds: Mapping[str, Sequence[Picture]]) -> dict[str, float]:
    """Prints a line for each kind; gives the share that reads over 1.000."""
    shares = {}
    for name, pictures in kinds.items():
        values = [score_seams(pixels, lines).value for pixels, lines in pictures]
        shares[name] = float(np.mean([value > 1.0 for value in values]))
        passing = float(np.mean([value > FINAL_LIMIT for value in values]))
        print(
            f"  {name:34} {len(values):4} pictures, {shares[name]:6.1%} over 1.000, {passing:6.1%} over {FINAL_LIMIT};"
            f" largest {max(values):.2f}",
            flush=True,
        )
    return shares


def _on_grid(pixels: Pixels) -> Picture:
    return pixels, grid_lines(pixels.shape[1], pixels.shape[0], 2, 2)


def _sky(random: np.random.Generator) -> Pixels:
    down, across = np.meshgrid(*[np.linspace(0, 1, SIDE_PX)] * 2, indexing="ij")
    ends = random.uniform(20, 235, (3, 3))
    values = ends[0] + down[..., None] * (ends[1] - ends[0]) + (across**2)[..., None] * (ends[2] - ends[1]) / 3
    grain = random.normal(0, random.choice([0.0, 0.6]), values.shape)
    return np.asarray(np.clip(np.rint(values + grain), 0, 255), np.uint8)


def _sprite(random: np.random.Generator) -> Pixels:
    cell = int(random.choice([8, 16]))
    count = SIDE_PX // cell
    palette = random.integers(0, 256, (8, 3), dtype=np.uint8)
    half = np.zeros((count, count // 2), np.intp)
    inside = slice(count // 8, count - count // 8)
    half[inside, count // 8 :] = random.integers(0, 8, half[inside, count // 8 :].shape)
    whole = palette[np.concatenate([half, half[:, ::-1]], axis=1)]
    return np.asarray(whole.repeat(cell, axis=0).repeat(cell, axis=1), np.uint8)


def _drawing(random: np.random.Generator) -> Pixels:
    page = Image.new("RGB", (SIDE_PX, SIDE_PX), (250, 249, 245))
    pen = ImageDraw.Draw(page)
    for _ in range(14):
        places = [int(at) for at in random.integers(20, SIDE_PX - 20, 6)]
        width = int(random.integers(2, 6))
        pen.line(list(zip(places[::2], places[1::2], strict=True)), fill=(25, 25, 30), width=width, joint="curve")
        left, top = places[0], places[1]
        pen.ellipse((left, top, left + 60, top + 60), outline=(25, 25, 30), width=width)
        pen.rectangle((top, left, top + 70, left + 40), outline=(25, 25, 30), width=width)
    return np.asarray(page.resize((SIDE_PX, SIDE_PX)))
