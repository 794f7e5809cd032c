"""What the seam measure finds in merged photographs whose tiles drifted or have their own detail; part of `merge`.

Each ratio is taken against pictures that were never tiled, on the same lines: the photograph, or where tiles have their
own detail, the photograph with the detail of one tile all over. So 1.00 is no trace of the tiles.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from benchmarks.photographs import shipped_photographs
from numpy.typing import NDArray
from skimage.filters import gaussian

from renderlock.imaging.merge import Blend, merge_tiles
from renderlock.imaging.pixels import Pixels, Raster
from renderlock.imaging.tiles import Grid, Tile, solve_grid
from renderlock.metrics.seams import score_seams

FAMILIES = ("step_1", "step_32", "notch_32")
OVERLAP_PX = 96
TILES_PX = (280, 300, 320)
DRIFT = 4.0
DETAIL_PX = 2.0
LIMITS = {"step_1": (0.0, 1.05), "step_32": (0.0, 1.05), "notch_32": (0.97, 1.03)}


@dataclass
class Rows:
    """Keeps rows."""

    kept: list[Raster] = field(default_factory=list)

    def write(self, rows: Raster) -> None:
        """Keeps the next rows."""
        self.kept.append(rows.copy())

    def close(self) -> None:
        """Nothing is left to do."""


@dataclass(frozen=True)
class Tiles:
    """A photograph's tiles with their own tone, their own detail or both; the same each time they are read."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    drift: bool
    detail: bool

    def read(self, tile: Tile) -> Pixels:
        """A tile with its own tone."""
        random = np.random.default_rng([tile.row, tile.column])
        tone = random.uniform(-DRIFT, DRIFT, 3) if self.drift else np.zeros(3)
        return _rounded(self._whole(tile)[tile.top : tile.bottom, tile.left : tile.right] + tone)

    def never_tiled(self, tile: Tile) -> Pixels:
        """The whole photograph with that tile's detail."""
        return _rounded(self._whole(tile))

    def _whole(self, tile: Tile) -> NDArray[np.float64]:
        """The photograph; where detail is a tile's own, it is the photograph's from up to 14 pixels beside."""
        random = np.random.default_rng([tile.column, tile.row])
        shift = random.integers(6, 15, 2) * random.choice([-1, 1], 2)
        return self.low + (np.roll(self.high, tuple(shift), (0, 1)) if self.detail else self.high)


def _rounded(levels: NDArray[np.float64]) -> Pixels:
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def measure_seams(_: Path) -> bool:
    """The table of ratios by blend and kind of tiles; True where two bands keep the limits."""
    print("| tiles | blend | " + " | ".join(FAMILIES) + " |\n| --- | --- |" + " --- |" * len(FAMILIES))
    kept = True
    kinds = {"tone drifts by 4 levels": (True, False), "own detail": (False, True), "both": (True, True)}
    for kind, (drift, detail) in kinds.items():
        for blend in ("hard cut", "hann", "two-band"):
            ratios = ratios_of(blend, drift=drift, detail=detail)
            print(f"| {kind} | {blend} | " + " | ".join(f"{ratio:.3f}" for ratio in ratios) + " |", flush=True)
            if blend == "two-band":
                limits = (LIMITS[family] for family in FAMILIES)
                kept = kept and all(low <= ratio <= high for ratio, (low, high) in zip(ratios, limits, strict=True))
    return kept


def ratios_of(blend: str, *, drift: bool, detail: bool) -> list[float]:
    """The geometric mean over all photographs and three grids each, against what was never tiled."""
    logs = []
    for photograph in shipped_photographs().values():
        if min(photograph.shape[:2]) < 400:
            continue
        low = gaussian(photograph.astype(np.float64), sigma=DETAIL_PX, channel_axis=-1)
        tiles = Tiles(low, photograph - low, drift, detail)
        for most in TILES_PX:
            grid = solve_grid(photograph.shape[1], photograph.shape[0], most=(most, most), overlap=OVERLAP_PX)
            whole = [_levels(tiles.never_tiled(tile), grid) for tile in grid.tiles[: 3 if detail else 1]]
            logs.append(_levels(_merged(grid, tiles, blend), grid) - np.mean(whole, axis=0))
    return [float(ratio) for ratio in np.exp(np.mean(logs, axis=0))]


def _levels(picture: Pixels, grid: Grid) -> NDArray[np.float64]:
    score = score_seams(picture, grid.seam_lines)
    return np.log([score.ratio(family) or 1.0 for family in FAMILIES])


def _merged(grid: Grid, tiles: Tiles, blend: str) -> Pixels:
    if blend == "hard cut":
        return _hard_cut(grid, tiles)
    rows = Rows()
    chosen: Blend = "hann" if blend == "hann" else "two-band"
    merge_tiles(grid, tiles, rows, blend=chosen)
    return np.concatenate(rows.kept).astype(np.uint8)


def _hard_cut(grid: Grid, tiles: Tiles) -> Pixels:
    """Each tile up to the middle of its overlaps."""
    picture = np.zeros((grid.height, grid.width, 3), np.uint8)
    xs = [0, *sorted({seam.position for seam in grid.seam_lines if seam.axis == "x"}), grid.width]
    ys = [0, *sorted({seam.position for seam in grid.seam_lines if seam.axis == "y"}), grid.height]
    for tile in grid.tiles:
        top, bottom = ys[tile.row], ys[tile.row + 1]
        left, right = xs[tile.column], xs[tile.column + 1]
        shown = tiles.read(tile)[top - tile.top : bottom - tile.top, left - tile.left : right - tile.left]
        picture[top:bottom, left:right] = shown
    return picture
