"""The pictures that benchmarks measure on: photographs with clear licences, and renders of the embedded model.

scikit-image's wheel brings photographs that are CC0, in the public domain or free of known rights; its docstrings say
which. `--photographs FOLDER` adds more: the Debian package `lomiri-wallpapers-16.04` holds 15 large ones (CC-BY,
CC-BY-SA, CC0; authors in the file names), unpacked with `apt-get download` and `dpkg-deb -x`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from pathlib import Path

import numpy as np
from PIL import Image

from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.embedded.engine import open_model
from renderlock.engines.resolve import Request, resolve
from renderlock.imaging.pixels import Pixels
from renderlock.spec.recipe import Size

SHIPPED = (
    "astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "camera.png", "hubble_deep_field.jpg", "retina.jpg",
    "moon.png", "coins.png", "gravel.png", "grass.png", "ihc.png",
)  # fmt: skip
"""Files of scikit-image that are photographs or pictures like them; brick walls and pages are drawn on a grid."""

PROMPTS = (
    "a small red apple on the left, on a blue background",
    "a green tree, fluent style",
    "a yellow cat on a white background",
    "a blue car, noto style",
    "a slice of pizza",
    "a purple flower on a dark background",
    "a rocket, flat style",
    "a brown dog with a red ball",
)


def shipped_photographs() -> dict[str, Pixels]:
    """The photographs of scikit-image's wheel, by file name."""
    folder = resources.files("skimage").joinpath("data")
    found: dict[str, Pixels] = {}
    for name in SHIPPED:
        with resources.as_file(folder.joinpath(name)) as path:
            found[name] = read_rgb(path)
    return found


def photographs(folder: Path | None, *, shipped: bool = True) -> dict[str, Pixels]:
    """scikit-image's photographs, unless they are not wanted, and every JPEG and PNG of the folder if one is given."""
    found = shipped_photographs() if shipped else {}
    if folder is not None:
        paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in (".jpg", ".jpeg", ".png")]
        found |= {path.name: read_rgb(path) for path in paths}
    return found


def calibrate_or_report(
    doc: str | None, remake: Callable[[Mapping[str, Pixels]], None], report: Callable[[Mapping[str, Pixels]], bool]
) -> int:
    """The command line of a benchmark of a measure: makes what ships from the pictures, or reports on them.

    Gives the exit code: 1 where the report finds what is promised not kept.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=Path, help="a folder with more pictures")
    parser.add_argument("--only", action="store_true", help="only that folder's, without scikit-image's")
    parser.add_argument("--calibrate", action="store_true", help="make the numbers that ship")
    chosen = parser.parse_args()
    pictures = photographs(chosen.photographs, shipped=not chosen.only)
    if chosen.calibrate:
        remake(pictures)
        return 0
    return 0 if report(pictures) else 1


def read_rgb(path: Path) -> Pixels:
    """A picture file as H x W x 3."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def embedded_renders(count: int, side_px: int, *, first_seed: int = 1) -> Iterator[tuple[str, Pixels]]:
    """Square renders of the embedded model in one piece, prompts in turn, seeds counted on."""
    engine = open_model("", EngineOptions(threads=2))
    for number in range(count):
        request = Request(PROMPTS[number % len(PROMPTS)], first_seed + number, size=Size(side_px, side_px), steps=12)
        recipe = resolve(request, engine.identify(), engine.capabilities, "refuse").recipe
        yield f"render {number}", engine.render(recipe, None, Unwatched()).pixels[..., :3]


def reduced(pixels: Pixels, factor: int) -> Pixels:
    """The picture at a whole fraction of its size, so that detail is as sharp as in a render."""
    height, width = pixels.shape[:2]
    size = (width // factor, height // factor)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
