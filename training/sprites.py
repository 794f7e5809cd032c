"""Renders every icon of every set to a 256 px picture with alpha: the training data.

The object is scaled so that the longer side of its bounding box fills the picture, whatever margin
its icon set leaves: "small" or "on the left" then mean the same for every sprite. The result is
`sprites.zip` (lossless WebP) and `sprites.json` (the concepts, and each sprite's concept and
style); drawn plain shapes are one more set.
"""

import argparse
import io
import json
import re
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

from training.concepts import Concept, load_concepts
from training.shapes import SHAPES
from training.sources import load_icon_sets

SPRITE_PX = 256
PROBE_PX = 96
MARGIN_SHARE = 0.012
MIN_MEAN_ALPHA = 8


@dataclass(frozen=True)
class Icon:
    """One icon to render: its concept's index, its set's style word and its SVG body."""

    concept: int
    style: str
    body: str
    width: float
    height: float


def find_icons(concepts: list[Concept], work: Path) -> Iterator[Icon]:
    """The icons of all sets that belong to one of the concepts."""
    for source in load_icon_sets():
        folder = source.folder(work)
        icons = json.loads((folder / "icons.json").read_text(encoding="utf-8"))
        names_by_code = json.loads((folder / "chars.json").read_text(encoding="utf-8"))
        names_by_letters = {_letters(name): name for name in icons["icons"]}
        aliases = icons.get("aliases", {})
        for index, concept in enumerate(concepts):
            name = _icon_name(concept, names_by_code, names_by_letters)
            name = aliases.get(name, {}).get("parent", name)
            if entry := icons["icons"].get(name):
                width = entry.get("width", icons.get("width", 16))
                height = entry.get("height", icons.get("height", 16))
                yield Icon(index, source.style, entry["body"], width, height)


def _icon_name(concept: Concept, names_by_code: dict[str, str], names_by_letters: dict[str, str]) -> str | None:
    code = concept.code_point
    for spelling in (code, code.replace("-fe0f", ""), f"{code}-fe0f"):
        if spelling in names_by_code:
            return names_by_code[spelling]
    return names_by_letters.get(_letters(concept.name))


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def render(icon: Icon) -> bytes | None:
    """The icon as WebP bytes, its object centred and filling the picture; None if there is none."""
    probe = _rasterise(icon, (0.0, 0.0, icon.width, icon.height), PROBE_PX)
    if probe is None:
        return None
    alpha = np.asarray(probe)[..., 3]
    if alpha.mean() < MIN_MEAN_ALPHA:
        return None
    picture = _rasterise(icon, _object_box(alpha, icon), SPRITE_PX)
    if picture is None:
        return None
    stream = io.BytesIO()
    picture.save(stream, "WEBP", lossless=True, quality=60, method=3)
    return stream.getvalue()


def _object_box(alpha: np.ndarray, icon: Icon) -> tuple[float, float, float, float]:
    """The square view box (x, y, width, height) around what is drawn."""
    rows, columns = np.flatnonzero(alpha.max(1) > 12), np.flatnonzero(alpha.max(0) > 12)
    unit = max(icon.width, icon.height) / PROBE_PX
    left, right = columns[0] * unit, (columns[-1] + 1) * unit
    top, bottom = rows[0] * unit, (rows[-1] + 1) * unit
    side = max(right - left, bottom - top) * (1 + 2 * MARGIN_SHARE)
    offset_x = (max(icon.width, icon.height) - icon.width) / 2
    offset_y = (max(icon.width, icon.height) - icon.height) / 2
    centre_x, centre_y = (left + right) / 2 - offset_x, (top + bottom) / 2 - offset_y
    return centre_x - side / 2, centre_y - side / 2, side, side


def _rasterise(icon: Icon, box: tuple[float, float, float, float], size_px: int) -> Image.Image | None:
    x, y, width, height = box
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{size_px}" height="{size_px}" viewBox="{x} {y} {width} {height}">{icon.body}</svg>'
    )
    try:
        png = resvg_py.svg_to_bytes(svg_string=svg, width=size_px, height=size_px, skip_system_fonts=True)
    except BaseException as error:
        # resvg's Rust panics on a few icons; its exception class can neither be imported nor
        # pickled back from a worker process, so it is known by name and the icon is left out.
        if type(error).__name__ != "PanicException":
            raise
        return None
    return Image.open(io.BytesIO(bytes(png))).convert("RGBA")


def main() -> None:
    """Renders the sprite library."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    concepts = load_concepts(arguments.work)
    icons = list(find_icons(concepts, arguments.work))
    shapes = [Concept(name, "", (), 1.0, held_out=False) for name in SHAPES]
    for index, body in enumerate(SHAPES.values(), start=len(concepts)):
        icons.append(Icon(index, "shape", body, 100, 100))
    items: list[tuple[int, str]] = []
    with (
        ProcessPoolExecutor(arguments.processes) as pool,
        zipfile.ZipFile(arguments.work / "sprites.zip", "w") as archive,
    ):
        for icon, data in zip(icons, pool.map(render, icons, chunksize=16), strict=True):
            if data is not None:
                archive.writestr(f"{len(items):05d}.webp", data)
                items.append((icon.concept, icon.style))
    table = {"concepts": [c.to_json() for c in concepts + shapes], "items": items}
    (arguments.work / "sprites.json").write_text(json.dumps(table), encoding="utf-8")
    held_out = sum(concept.held_out for concept in concepts)
    print(f"{len(concepts)} concepts ({held_out} held out), {len(items)} pictures")


if __name__ == "__main__":
    main()
