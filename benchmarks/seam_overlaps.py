"""How well the gate before the merge sees tiles that disagree, at 1 % false alarms.

Two views of one overlap are made from photographs: grain, another encoding and own detail must pass, a displacement, a
step in tone and blur must not. A model's own tiles, drawn over one base at strength 0.3 and anchored to it as finals
are, must pass too. `benchmarks.seams` prints the table.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from benchmarks.composition import render
from benchmarks.photographs import PROMPTS, reduced
from benchmarks.seam_defects import Floats, Random
from PIL import Image
from skimage.filters import gaussian
from skimage.transform import warp

from renderlock.actions.finals.anchoring import anchor
from renderlock.actions.finals.canvas import Canvas
from renderlock.actions.finals.judging import tiles_verdict
from renderlock.engines.base import Engine, EngineOptions, Unwatched
from renderlock.engines.embedded.engine import open_model
from renderlock.engines.resolve import Request, resolve
from renderlock.imaging.pixels import Pixels, Raster, digest_pixels
from renderlock.imaging.tiles import Tile, solve_grid
from renderlock.metrics.seams import OverlapMeasure, compare_overlap, overlap_verdict
from renderlock.spec.recipe import Init, Size
from renderlock.spec.verdict import Verdict

Judge = Callable[[Sequence[OverlapMeasure]], Verdict]

SHAPES = ((24, 512), (48, 768), (64, 1280), (128, 512))
MARGIN_PX = 16
STRENGTH = 0.3
OVERLAPS_PX = (24, 32, 64, 48)
Change = Callable[[Floats, Random], Floats]


@dataclass(frozen=True)
class Case:
    """What is done to the second view, whether it may pass, and which share must be flagged (or may be, at most)."""

    name: str
    change: Change
    limit: float | None = None
    passes: bool = False
    jpeg: int = 0


def grain(levels: float) -> Change:
    """Other noise, as another encoding of a raw picture would have."""
    return lambda values, random: values + random.normal(0, levels, values.shape)


def moved(distance_px: float) -> Change:
    """Displaced in any direction."""

    def change(values: Floats, random: Random) -> Floats:
        angle = random.uniform(0, 2 * np.pi)
        step = distance_px * np.array([np.cos(angle), np.sin(angle)])
        return np.asarray(warp(values, lambda at: at - step, order=3, mode="edge", preserve_range=True))

    return change


def own_detail(sigma_px: float) -> Change:
    """Other detail below that sigma, the same above."""

    def change(values: Floats, random: Random) -> Floats:
        smooth = gaussian(values, sigma_px, channel_axis=2, preserve_range=True)
        return np.asarray(smooth + np.roll(values - smooth, (7, 5), axis=(0, 1)))

    return change


def blurred(sigma_px: float) -> Change:
    """Softer."""
    return lambda values, random: np.asarray(gaussian(values, sigma_px, channel_axis=2, preserve_range=True))


def half_brighter(levels: float) -> Change:
    """Brighter in one half of its length."""

    def change(values: Floats, random: Random) -> Floats:
        brighter = values.copy()
        height, width = values.shape[:2]
        brighter[: height // 2 if height > width else height, : width if height > width else width // 2] += levels
        return brighter

    return change


def both(first: Change, second: Change) -> Change:
    """One after the other."""
    return lambda values, random: second(first(values, random), random)


CASES = (
    Case("grain of 1 level", grain(1), 0.02, passes=True),
    Case("JPEG 85", grain(0.5), 0.02, passes=True, jpeg=85),
    Case("JPEG 75", grain(0.5), 0.02, passes=True, jpeg=75),
    Case("own detail below 1 px", both(own_detail(1), grain(0.5)), 0.02, passes=True),
    Case("moved 0.5 px", both(moved(0.5), grain(0.5)), 0.9),
    Case("moved 0.5 px, JPEG 85", moved(0.5), jpeg=85),
    Case("moved 0.5 px, own detail", both(moved(0.5), own_detail(1))),
    Case("moved 1 px", both(moved(1), grain(0.5)), 0.97),
    Case("moved 1 px, JPEG 85", moved(1), jpeg=85),
    Case("moved 3 px", both(moved(3), grain(0.5)), 0.97),
    Case("half brighter by 2 levels", half_brighter(2), jpeg=85),
    Case("half brighter by 4 levels", half_brighter(4), 0.98, jpeg=85),
    Case("brighter by 2 levels", lambda values, random: values + 2, 0.98, jpeg=85),
    Case("brighter by 8 levels", lambda values, random: values + 8, 0.98, jpeg=85),
    Case("blur, sigma 0.7", blurred(0.7)),
    Case("blur, sigma 1", blurred(1)),
)


def views(pictures: Mapping[str, Pixels], each: int, seed: int) -> list[Pixels]:
    """Long narrow crops, upright and lying, at full and half size, with a margin all around."""
    random = np.random.default_rng(seed)
    found = []
    for picture, factor in product(pictures.values(), (1, 2)):
        smaller = reduced(picture, factor) if factor > 1 else picture
        for _ in range(each):
            sides = SHAPES[int(random.integers(len(SHAPES)))]
            height, width = sides if random.random() < 0.5 else sides[::-1]
            height, width = (
                min(side + 2 * MARGIN_PX, most) for side, most in zip((height, width), smaller.shape[:2], strict=True)
            )
            top, left = (
                int(random.integers(smaller.shape[0] - height + 1)),
                int(random.integers(smaller.shape[1] - width + 1)),
            )
            found.append(smaller[top : top + height, left : left + width])
    return found


def disturbed(view: Pixels, case: Case, random: Random) -> tuple[Pixels, Pixels]:
    """The two views of an overlap: as it is, and changed."""
    inner = slice(MARGIN_PX, -MARGIN_PX)
    changed = case.change(view.astype(np.float64), random)[inner, inner]
    second = np.clip(np.rint(changed), 0, 255).astype(np.uint8)
    return view[inner, inner], _as_jpeg(second, case.jpeg) if case.jpeg else second


def own_tiles(rounds: int) -> Iterator[list[tuple[Raster, Raster]]]:
    """The overlaps of one grid after another: tiles of the embedded model over one base, anchored to it."""
    engine = open_model("", EngineOptions(threads=2))
    for number, prompt in enumerate(PROMPTS * rounds):
        side = 512 if number % 3 else 768
        base = Canvas.over(render(engine, prompt, 700 + number, 128 if number % 2 else 256), Size(side, side))
        grid = solve_grid(side, side, most=(320, 320), overlap=OVERLAPS_PX[number % 4], multiple=32)
        tiles = {tile: _tile(engine, prompt, base, tile, 700 + number) for tile in grid.tiles}
        yield [
            (
                _part(tiles[one.first], one.first, (one.left, one.top, one.width, one.height)),
                _part(tiles[one.second], one.second, (one.left, one.top, one.width, one.height)),
            )
            for one in grid.overlaps
        ]


def report_overlaps(pictures: Mapping[str, Pixels], *, each: int, rounds: int) -> bool:
    """Prints the table; tells whether every limit was kept."""
    random = np.random.default_rng(9)
    shown = views(pictures, each, seed=4)
    kept = True
    print(f"before the merge: {len(shown)} overlaps of 24 to 128 px of photographs")
    print(f"  {'second view':28} {'flagged':>8}   shift: median and error, flagged for")
    for case in CASES:
        found = [compare_overlap(*disturbed(view, case, random)) for view in shown]
        kept = _line(case, [[one] for one in found]) and kept
    grids = [[compare_overlap(*pair) for pair in grid] for grid in own_tiles(rounds)]
    alone = [[one] for grid in grids for one in grid]
    kept = _line(Case("a model's own tiles", grain(0), passes=True), alone, tiles_verdict) and kept
    return _line(Case("… by whole grids", grain(0), 0.05, passes=True), grids, tiles_verdict) and kept


def _line(case: Case, judged: Sequence[Sequence[OverlapMeasure]], judge: Judge = overlap_verdict) -> bool:
    """Prints one case; a model's own tiles are judged as finals are, whose tone the merge takes out."""
    verdicts = [judge(one) for one in judged]
    share = float(np.mean([not verdict.passed for verdict in verdicts]))
    names = [measure.name for verdict in verdicts for measure in verdict.failures]
    why = ", ".join(f"{name} {names.count(name) / len(verdicts):.0%}" for name in sorted(set(names)))
    shifts = [one.shift for measures in judged for one in measures if one.shift is not None]
    middle = np.median([(one.length_px, one.error_px) for one in shifts], axis=0)
    right = case.limit is None or (share <= case.limit if case.passes else share >= case.limit)
    print(
        f"  {case.name:28} {share:8.1%}   {middle[0]:.2f} ± {middle[1]:.2f} px; {why}{'' if right else '   MISSED'}",
        flush=True,
    )
    return right


def _tile(engine: Engine, prompt: str, base: Canvas, tile: Tile, seed: int) -> Raster:
    crop = base.cut(tile)
    request = Request(
        prompt, seed, size=Size(tile.width, tile.height), steps=12, init=Init(digest_pixels(crop), STRENGTH)
    )
    recipe = resolve(request, engine.identify(), engine.capabilities, "refuse").recipe
    unguided = replace(recipe, prompt="", guidance_scale=1.0)
    return anchor(engine.render(unguided, crop, Unwatched()).pixels[..., :3], crop)


def _part(pixels: Raster, tile: Tile, box: tuple[int, int, int, int]) -> Raster:
    left, top, width, height = box
    return pixels[top - tile.top : top - tile.top + height, left - tile.left : left - tile.left + width]


def _as_jpeg(pixels: Pixels, quality: int) -> Pixels:
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "JPEG", quality=quality)
    return np.asarray(Image.open(held).convert("RGB"))
