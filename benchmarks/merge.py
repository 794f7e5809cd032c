"""Merging tiles: speed and memory against what scripts do, streams of a gigapixel, and what the seam measure finds.

python -m benchmarks.merge [--folder FOLDER] [--part speed|stream|seams] (needs OpenCV for one line)

Each case runs in a process of its own, its tiles mapped from a file, its result written to a file as raw bytes where
it streams. CPU seconds are the figure to trust on a shared machine. Exits with 1 where a limit is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from benchmarks.large_pictures import RawTiles, mapped, square_grid
from benchmarks.measured import measure_apart, measure_here, print_cost
from benchmarks.merge_seams import measure_seams
from numpy.typing import NDArray

from renderlock.imaging.back_projection import back_project
from renderlock.imaging.merge import Blend, merge_tiles
from renderlock.imaging.merge.windows import ramp
from renderlock.imaging.pixels import Pixels, Raster
from renderlock.imaging.sinks import PictureForm, open_sink
from renderlock.imaging.tiles import Grid, Tile, solve_grid

SIDE = 8192
STREAM_SIDE = 32_384
LIMITS = {"faster": 10.0, "leaner": 20.0, "stream_mb": 500.0, "projection_s_per_mp": 0.2}

Case = Callable[[Path], object]


class RawFile:
    """A sink that writes rows as they are."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def write(self, rows: Raster) -> None:
        """Appends the rows."""
        self._file.write(rows.data)

    def close(self) -> None:
        """Ends the file."""
        self._file.close()


def ours(blend: Blend) -> Case:
    """Our merge into a raw file."""

    def run(folder: Path) -> None:
        sink = RawFile(folder / "merged.raw")
        merge_tiles(square_grid(SIDE), RawTiles(folder), sink, blend=blend)
        sink.close()

    return run


def accumulated(folder: Path) -> None:
    """What most scripts do: a float canvas, a weight map, and a division at the end."""
    grid, tiles = square_grid(SIDE), RawTiles(folder)
    canvas, weights = np.zeros((SIDE, SIDE, 3), np.float32), np.zeros((SIDE, SIDE, 1), np.float32)
    for tile in grid.tiles:
        window = np.outer(_window(grid, tile.row), _window(grid, tile.column))[..., None].astype(np.float32)
        place = np.s_[tile.top : tile.bottom, tile.left : tile.right]
        canvas[place] += tiles.read(tile).astype(np.float32) * window
        weights[place] += window
    np.rint(canvas / weights).astype(np.uint8).tofile(folder / "merged.raw")


def _window(grid: Grid, number: int) -> NDArray[np.float32]:
    """Hann ramps at the sides that have a neighbour."""
    span, over = grid.across[number], grid.overlaps[0].width
    window = np.ones(span.length, np.float32)
    if number:
        window[:over] = ramp(over)
    if number + 1 < grid.columns:
        window[-over:] = ramp(over)[::-1]
    return window


def by_opencv(folder: Path) -> None:
    """OpenCV's `blendLinear` on the overlaps alone, rows of tiles first."""
    import cv2  # noqa: PLC0415  only this line needs it

    grid, tiles = square_grid(SIDE), RawTiles(folder)
    over = grid.overlaps[0].width
    canvas = np.empty((SIDE, SIDE, 3), np.uint8)
    second = ramp(over)
    across = np.tile(second, (grid.tile_height, 1))
    down = np.tile(second[:, None], (1, SIDE))
    strip = np.empty((grid.tile_height, SIDE, 3), np.uint8)
    for row, span in enumerate(grid.down):
        for tile in grid.row_tiles(row):
            pixels = tiles.read(tile)
            shared = over if tile.column else 0
            if shared:
                left = np.ascontiguousarray(strip[:, tile.left : tile.left + over])
                begin = np.ascontiguousarray(pixels[:, :over])
                strip[:, tile.left : tile.left + over] = cv2.blendLinear(left, begin, 1 - across, across)
            strip[:, tile.left + shared : tile.right] = pixels[:, shared:]
        shared = over if row else 0
        if shared:
            above = canvas[span.start : span.start + over]
            above[...] = cv2.blendLinear(above, strip[:over], 1 - down, down)
        canvas[span.start + shared : span.end] = strip[shared:]
    canvas.tofile(folder / "merged.raw")


def copied(folder: Path) -> None:
    """A copy of the picture in memory: the least any merge that holds it could do."""
    picture = np.ascontiguousarray(mapped(folder, SIDE - 1024))
    picture.copy()


def streamed(ending: str) -> Case:
    """1,296 tiles to 32384 x 32384, into a file of that ending or nowhere."""

    def run(folder: Path) -> None:
        grid, tiles = square_grid(STREAM_SIDE), RawTiles(folder)
        form = PictureForm(STREAM_SIDE, STREAM_SIDE, 3)
        path = folder / f"gigapixel.{ending}"
        with open_sink(path, form) as sink:
            merge_tiles(grid, tiles, sink, blend="hann")
        path.unlink()

    return run


class Drifted:
    """Tiles with their own tone, so that the whole way has to be gone."""

    def __init__(self, folder: Path) -> None:
        self._tiles = RawTiles(folder)

    def read(self, tile: Tile) -> Pixels:
        """The tile, up to 4 levels darker or lighter."""
        offset = np.random.default_rng([tile.column, tile.row]).integers(-4, 5)
        drifted: Pixels = np.clip(self._tiles.read(tile).astype(np.int16) + offset, 0, 255).astype(np.uint8)
        return drifted


def two_band(folder: Path) -> None:
    """Tone solve and two-band blend of tiles that drifted."""
    sink = RawFile(folder / "merged.raw")
    merge_tiles(square_grid(SIDE), Drifted(folder), sink)
    sink.close()


def projected(folder: Path) -> None:
    """Four rounds of back-projection of 4096 x 4096 onto a quarter of its sides."""
    picture = np.array(mapped(folder, SIDE - 1024)[:4096, :4096])
    back_project(picture, np.ascontiguousarray(picture[::4, ::4]))


CASES: dict[str, Case] = {
    "ours, hann": ours("hann"),
    "ours, auto": ours("auto"),
    "numpy over the whole canvas": accumulated,
    "OpenCV blendLinear on overlaps": by_opencv,
    "one copy of the picture": copied,
    "ours, auto, drifted tiles": two_band,
    "back-projection, 16.8 MP": projected,
    "stream of 32384², PNG": streamed("png"),
    "stream of 32384², BigTIFF": streamed("btf"),
}


def speed(folder: Path) -> bool:
    """The table of 81 tiles to 8192²; True where all limits are kept."""
    print("| 81 tiles of 1024² to 8192² | cpu s | wall s | anonymous MB | cpu against ours |")
    print("| --- | --- | --- | --- | --- |")
    costs = {name: measure_apart("benchmarks.merge", name, folder) for name in list(CASES)[:6]}
    mine = costs["ours, hann"]
    for name, cost in costs.items():
        ratio = cost.cpu_s / mine.cpu_s
        print(f"| {name} | {cost.cpu_s:.2f} | {cost.wall_s:.2f} | {cost.peak_mb:.0f} | {ratio:.1f} |", flush=True)
    naive = costs["numpy over the whole canvas"]
    faster, leaner = naive.cpu_s / mine.cpu_s, naive.peak_mb / mine.peak_mb
    print(
        f"\n{faster:.1f} times less CPU (at least {LIMITS['faster']:.0f}) and {leaner:.1f} times less memory", end=" "
    )
    print(f"(at least {LIMITS['leaner']:.0f}) than numpy over the whole canvas")
    cost = measure_apart("benchmarks.merge", "back-projection, 16.8 MP", folder)
    each = cost.cpu_s / 16.777
    print(f"back-projection, 4 rounds: {each:.3f} cpu-s a megapixel (at most {LIMITS['projection_s_per_mp']})")
    grid = solve_grid(2048, 2048, most=(1088, 1088), overlap=128, multiple=8)
    print(f"pixels made twice at 2048²: {grid.redundancy:.3f} (at most 1.15)")
    return faster >= LIMITS["faster"] and leaner >= LIMITS["leaner"] and each <= LIMITS["projection_s_per_mp"]


def stream(folder: Path) -> bool:
    """The table of gigapixel streams; True where the limit is kept."""
    print("| 1,296 tiles to 32384² (1.05 gigapixels) | cpu s | wall s | anonymous MB |")
    print("| --- | --- | --- | --- |")
    kept = True
    for name in list(CASES)[7:]:
        cost = measure_apart("benchmarks.merge", name, folder)
        print(f"| {name} | {cost.cpu_s:.1f} | {cost.wall_s:.1f} | {cost.peak_mb:.0f} |", flush=True)
        kept = kept and cost.peak_mb <= LIMITS["stream_mb"]
    return kept


PARTS: dict[str, Callable[[Path], bool]] = {"speed": speed, "stream": stream, "seams": measure_seams}


def main() -> int:
    """Runs the parts asked for; 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=None, help="keeps the test tiles here (4 GB are needed)")
    parser.add_argument("--part", choices=PARTS, default=None, help="only this part")
    parser.add_argument("--case", choices=CASES, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case is not None:
        print_cost(measure_here(lambda: CASES[options.case](options.folder)))
        return 0
    with tempfile.TemporaryDirectory(prefix="renderlock-merge-") as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        RawTiles(folder)
        parts = [options.part] if options.part else list(PARTS)
        kept = [PARTS[part](folder) for part in parts]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
