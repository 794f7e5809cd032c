"""Composing a large final: CPU time and memory of the stream, against Pillow and numpy with the whole picture.

python -m benchmarks.compose [--side 8192] [--cases stream pillow]

A photograph repeated to a square, with the campaign's caption along the bottom and its logo at the top. `stream` is
what `renderlock compose` does; `pillow` is `Image.alpha_composite` over an opened picture, `numpy` the same blend in
float32 over the whole picture, both with the overlays drawn by resvg at their places and Pillow's PNG. Each case is a
process of its own; `drawing` is the peak of the process that draws. Exit code 1 where the stream takes more than 350 MB
of anonymous memory, more CPU time than Pillow, or gives pixels more than 2 levels from its on more than 1 in 10,000
(large drawings are drawn in strips), or from 8192 on more than half of its memory.
"""

from __future__ import annotations

import argparse
import io
import resource
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

import numpy as np
import resvg_py
from benchmarks.measured import measure_apart, measure_here, print_cost
from PIL import Image
from skimage import data

from renderlock.actions.composing import ComposePlan
from renderlock.actions.composing_inputs import OverlayFile, read_plan
from renderlock.actions.composing_stream import Writing, compose_file
from renderlock.imaging.colour_reader import open_picture
from renderlock.imaging.overlay import Placement, place, read_drawing
from renderlock.imaging.regions import PictureReader
from renderlock.imaging.sinks import PictureForm, open_sink

CAMPAIGN = Path(str(files("renderlock.actions"))) / "projects" / "campaign"
MOST_MB = 350.0
MOST_SHARE = 0.5
LARGE_SIDE = 8192
LEVELS = 2
MOST_APART = 1e-4
MODULE = "benchmarks.compose"
CASES = ("stream", "numpy", "pillow")

Image.MAX_IMAGE_PIXELS = None


def plan() -> ComposePlan:
    """The campaign's caption and logo."""
    caption = OverlayFile(CAMPAIGN / "caption.svg", anchor="bottom")
    logo = OverlayFile(CAMPAIGN / "logo.svg", anchor="top-right", width=0.14, margin=0.04)
    return read_plan([caption, logo], fonts=[CAMPAIGN / "fonts"])


def stream(folder: Path) -> None:
    """As `renderlock compose` does it."""
    compose_file(open_picture(folder / "source.png"), plan(), folder / "stream.png", Writing({}))


def pillow(folder: Path) -> None:
    """As people write it with Pillow."""
    picture = Image.open(folder / "source.png").convert("RGBA")
    for at, drawing in drawings(picture.width, picture.height):
        picture.alpha_composite(drawing, (at.left, at.top))
    picture.convert("RGB").save(folder / "pillow.png")


def numpy(folder: Path) -> None:
    """As people write it with numpy."""
    picture = np.asarray(Image.open(folder / "source.png").convert("RGB")).astype(np.float32)
    for at, drawing in drawings(picture.shape[1], picture.shape[0]):
        over = np.asarray(drawing).astype(np.float32)
        alpha = over[..., 3:] / 255
        under = picture[at.top : at.top + at.height, at.left : at.left + at.width]
        under[:] = over[..., :3] * alpha + under * (1 - alpha)
    Image.fromarray(np.rint(picture).astype(np.uint8)).save(folder / "numpy.png")


def drawings(width: int, height: int) -> list[tuple[Placement, Image.Image]]:
    """The overlays at their places, each drawn whole."""
    fonts = [str(path) for path in sorted((CAMPAIGN / "fonts").glob("*.ttf"))]
    drawn = []
    for overlay in plan().overlays:
        at = place(read_drawing(overlay, plan().fonts), width, height)
        svg = overlay.svg.decode().replace("<svg ", f'<svg width="{at.width}" height="{at.height}" ', 1)
        png = resvg_py.svg_to_bytes(svg_string=svg, font_files=fonts, skip_system_fonts=True)
        drawn.append((at, Image.open(io.BytesIO(png)).convert("RGBA")))
    return drawn


def write_source(path: Path, side: int) -> None:
    """A photograph repeated to a square, row by row."""
    row = np.ascontiguousarray(np.tile(data.astronaut(), (1, -(-side // 512), 1))[:, :side])
    with open_sink(path, PictureForm(side, side, 3)) as sink:
        for top in range(0, side, 512):
            sink.write(row[: min(512, side - top)])


def share_apart(first: Path, second: Path) -> float:
    """The share of pixels that differ by more than 2 levels, read in bands."""
    apart, count = 0, 0
    for one, other in zip(PictureReader(first).bands(), PictureReader(second).bands(), strict=True):
        apart += int((np.abs(one.astype(np.int16) - other.astype(np.int16)).max(axis=2) > LEVELS).sum())
        count += one.shape[0] * one.shape[1]
    return apart / count


def run_case(case: str, folder: Path) -> None:
    """Runs one case here, and says its cost and the peak of its children."""
    cost = measure_here(lambda: {"stream": stream, "pillow": pillow, "numpy": numpy}[case](folder))
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    (folder / f"{case}.children").write_text(f"{children.ru_maxrss / 1024:.0f} {children.ru_utime:.2f}")
    print_cost(cost)


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=8192)
    parser.add_argument("--cases", nargs="+", default=list(CASES))
    parser.add_argument("--case", choices=CASES)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.case:
        run_case(options.case, options.folder)
        return 0
    with tempfile.TemporaryDirectory() as name:
        return measure(Path(name), options.side, options.cases)


def measure(folder: Path, side: int, cases: list[str]) -> int:
    """The table of all cases, and whether the stream is within its limits."""
    write_source(folder / "source.png", side)
    print(f"{side}x{side}, caption and logo; CPU seconds with those of the drawing process, MB of anonymous memory")
    costs = {}
    for case in cases:
        cost = measure_apart(MODULE, case, folder)
        drawing_mb, drawing_s = (float(part) for part in (folder / f"{case}.children").read_text().split())
        costs[case] = (cost.cpu_s + drawing_s, cost.peak_mb)
        size = (folder / f"{case}.png").stat().st_size / 1e6
        print(f"{case:8} CPU {costs[case][0]:6.1f} s   peak {cost.peak_mb:6.0f} MB   drawing {drawing_mb:5.0f} MB"
              f"   file {size:.1f} MB", flush=True)  # fmt: skip
    (cpu_s, peak_mb), fine = costs["stream"], costs["stream"][1] <= MOST_MB
    if "pillow" in costs:
        apart = share_apart(folder / "stream.png", folder / "pillow.png")
        ratios = cpu_s / costs["pillow"][0], peak_mb / costs["pillow"][1]
        print(f"stream / pillow: CPU {ratios[0]:.2f}, memory {ratios[1]:.2f}; {apart:.5%} of the pixels apart")
        fine &= ratios[0] <= 1 and apart <= MOST_APART and (side < LARGE_SIDE or ratios[1] <= MOST_SHARE)
    print("within the limits" if fine else "BEYOND THE LIMITS")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
