"""Palette lock: CPU time per 1024 x 1024 pixels and loss, against Pillow and a direct search in CIELAB.

python -m benchmarks.palette [--runs 5] [--palette FILE]

Three photographs of scikit-image, a palette of 16 colours. Loss is CIEDE2000: of each pixel ("pixel"), and of the means
of 8 x 8 blocks ("seen"), which is what dithering is for. Exit code 1 where locking without and with the ordered
pattern takes more than 100 ms once the palette's table is there.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data
from skimage.color import deltaE_ciede2000, rgb2lab

from renderlock.actions.composing_stream import BAND_PX
from renderlock.imaging.palette import Dither, Indexed, Palette
from renderlock.imaging.palette_files import read_palette
from renderlock.imaging.palette_lock import PaletteLocker
from renderlock.imaging.palette_lut import nearest_table
from renderlock.imaging.palette_report import PaletteReporter
from renderlock.imaging.pixels import Pixels

SIDE = 1024
LIMIT_MS = 100
BRAND = Path(str(files("renderlock.actions"))) / "projects" / "campaign" / "brand.gpl"
Locker = Callable[[Pixels, Palette], Indexed]


def photographs() -> list[Pixels]:
    """Three photographs at 1024 x 1024."""
    found = (data.astronaut(), data.coffee(), data.chelsea())
    return [np.asarray(Image.fromarray(one).resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for one in found]


def by_renderlock(dither: Dither) -> Locker:
    """Band by band, as `renderlock compose` does."""

    def lock(pixels: Pixels, palette: Palette) -> Indexed:
        locker, rows = PaletteLocker(palette, dither, SIDE), BAND_PX // SIDE
        parts = [locker.take(pixels[top : top + rows]) for top in range(0, SIDE, rows)]
        return Indexed(np.concatenate([*parts, locker.finish()]), palette, locker.transparent)

    return lock


def by_pillow(dither: Image.Dither) -> Locker:
    """Pillow's quantize with a fixed palette."""

    def lock(pixels: Pixels, palette: Palette) -> Indexed:
        target = Image.new("P", (1, 1))
        target.putpalette(palette.rgb.tobytes() + palette.rgb[:1].tobytes() * (256 - len(palette.colours)))
        found = np.asarray(Image.fromarray(pixels).quantize(palette=target, dither=dither))
        return Indexed(np.where(found < len(palette.colours), found, 0).astype(np.uint8), palette, None)

    return lock


def by_lab(pixels: Pixels, palette: Palette) -> Indexed:
    """The nearest colour of each pixel in CIELAB (Delta E 76), searched directly with scikit-image's conversion."""
    lab, colours = rgb2lab(pixels).astype(np.float32), rgb2lab(palette.rgb).astype(np.float32)
    apart: NDArray[np.float32] = np.stack([((lab - colour) ** 2).sum(axis=2) for colour in colours], axis=2)
    return Indexed(apart.argmin(axis=2).astype(np.uint8), palette, None)


LOCKERS: dict[str, Locker] = {
    "renderlock, no dither": by_renderlock("none"),
    "renderlock, ordered": by_renderlock("ordered"),
    "renderlock, diffusion": by_renderlock("diffusion"),
    "Pillow quantize, no dither": by_pillow(Image.Dither.NONE),
    "Pillow quantize, Floyd-Steinberg": by_pillow(Image.Dither.FLOYDSTEINBERG),
    "CIELAB nearest, scikit-image": by_lab,
}


def cpu_ms(lock: Locker, pictures: list[Pixels], palette: Palette, runs: int) -> float:
    """The median CPU time of one picture in milliseconds."""
    taken = []
    for _ in range(runs):
        for pixels in pictures:
            before = time.process_time()
            lock(pixels, palette)
            taken.append(1000 * (time.process_time() - before))
    return median(taken)


def losses(lock: Locker, pictures: list[Pixels], palette: Palette) -> tuple[float, float]:
    """The mean loss a pixel and as seen, over the pictures."""
    pixel, seen = [], []
    for pixels in pictures:
        locked = lock(pixels, palette)
        reporter = PaletteReporter(palette, SIDE, SIDE)
        reporter.take_before(pixels, 0)
        reporter.take_after(locked.indices, 0)
        seen.append(reporter.report().seen_mean)
        sample = (slice(None, None, 4), slice(None, None, 4))
        shown = locked.to_pixels()[sample]
        pixel.append(float(deltaE_ciede2000(rgb2lab(pixels[sample]), rgb2lab(shown)).mean()))
    return float(np.mean(pixel)), float(np.mean(seen))


def main() -> int:
    """Prints a table; see above for the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--palette", type=Path, default=BRAND)
    arguments = parser.parse_args()
    pictures, palette = photographs(), read_palette(arguments.palette)
    before = time.process_time()
    nearest_table(palette)
    print(f"{len(palette.colours)} colours; table {1000 * (time.process_time() - before):.0f} ms once a palette")
    taken = {}
    for name, lock in LOCKERS.items():
        lock(pictures[0], palette)
        taken[name] = cpu_ms(lock, pictures, palette, arguments.runs)
        pixel, seen = losses(lock, pictures, palette)
        print(f"{name:<34} {taken[name]:7.1f} ms CPU   Delta E 2000: pixel {pixel:5.2f}, seen {seen:5.2f}")
    ours, direct = taken["renderlock, no dither"], taken["CIELAB nearest, scikit-image"]
    print(f"no dither / Pillow quantize: {ours / taken['Pillow quantize, no dither']:.2f}")
    print(f"no dither / CIELAB nearest: {ours / direct:.3f}")
    return 0 if max(ours, taken["renderlock, ordered"]) <= LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
