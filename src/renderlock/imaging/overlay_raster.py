"""Drawing a checked SVG at an exact size in pixels, in a process of its own with limits of time and memory.

The renderer is resvg, which knows no scripts and no network. A large drawing is drawn in strips, which stay files and
are read row by row, so that its memory is that of a strip, whatever the canvas.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from renderlock.errors import FontMissing
from renderlock.imaging.overlay_fonts import Fonts
from renderlock.imaging.overlay_nodes import Node, refusal, write_svg
from renderlock.imaging.pixels import Pixels

if TYPE_CHECKING:
    import pyvips

LARGEST_RASTER_PX = 32_768 * 32_768
STRIP_PX = 4096 * 4096
"""What is drawn at once; the recipe of a composition says in how many strips, as a last bit may differ."""

LARGEST_EFFECT_PX = 16_384 * 16_384
"""Drawings with effects are drawn at once, up to here: a blur does not end where a strip does, and resvg loses layers
that begin far above what it draws."""

_EFFECTS = frozenset({"filter", "mask", "clip-path", "opacity", "mix-blend-mode", "isolation"})
_EFFECT_TAGS = frozenset({"filter", "mask", "clipPath", "symbol", "marker", "pattern"})
_EFFECT_RULE = re.compile(rf"(?<![-\w])(?:{'|'.join(sorted(_EFFECTS))})\s*:")
_CHILD = Path(__file__).with_name("overlay_child.py")
_WARNING = re.compile(r"Warning \(in [^)]*\): (.*)")
_OUTPUT_READ = 20_000
_STOPPED = () if sys.platform == "win32" else (-signal.SIGXCPU, -signal.SIGKILL)
"""How a process ends that used up its processor time."""


@dataclass(frozen=True)
class DrawingLimits:
    """What one drawing may take: memory beside 40 bytes a pixel, and processor seconds beside 1 a 2 megapixels.

    `strip_px` is how many pixels are drawn at once where a drawing may be drawn in strips.
    """

    memory_bytes: int = 2**30
    cpu_seconds: int = 20
    strip_px: int = STRIP_PX

    def memory_for(self, pixels: int) -> int:
        """The address space in bytes for a raster of that many pixels."""
        return self.memory_bytes + 40 * pixels

    def cpu_for(self, pixels: int) -> int:
        """Processor seconds for a raster of that many pixels."""
        return self.cpu_seconds + pixels // 2_000_000


USUAL_LIMITS = DrawingLimits()


class Raster:
    """A drawing as pixels, which are read once, from top to bottom."""

    def __init__(self, strips: tuple[Path, ...], width: int, strip_rows: int) -> None:
        self._strips, self._width, self._strip_rows = strips, width, strip_rows
        self._open: tuple[int, pyvips.Region] | None = None

    def read_rows(self, top: int, bottom: int) -> Pixels:
        """The rows from `top` up to `bottom`, h x W x 4 8-bit sRGB with straight alpha; at or below the last ones."""
        parts = []
        while top < bottom:
            strip = top // self._strip_rows
            end = min(bottom, (strip + 1) * self._strip_rows)
            parts.append(self._fetch(strip, top - strip * self._strip_rows, end - top))
            top = end
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _fetch(self, strip: int, top: int, high: int) -> Pixels:
        if self._open is None or self._open[0] != strip:
            import pyvips  # noqa: PLC0415 - loaded with the first drawing, not with renderlock

            image = pyvips.Image.new_from_file(str(self._strips[strip]), access="sequential")
            self._open = (strip, pyvips.Region.new(image))
        data = self._open[1].fetch(0, top, self._width, high)
        return np.frombuffer(data, dtype=np.uint8).reshape(high, self._width, 4)


def strip_rows(width: int, height: int, *, has_effects: bool, strip_px: int = STRIP_PX) -> int:
    """How many rows of a drawing are drawn at once: all of them, where it is small or has effects."""
    if has_effects or width * height <= strip_px:
        return height
    return max(1, strip_px // width)


@contextmanager
def drawn(
    root: Node, width: int, height: int, *, fonts: Fonts, file: str, limits: DrawingLimits = USUAL_LIMITS
) -> Iterator[Raster]:
    """The drawing at exactly `width` x `height` pixels, while the context lasts.

    Its own viewBox and preserveAspectRatio say how it fills that size. Raises `OverlayRefused` where it is larger
    than 32768 x 32768 pixels (16384 x 16384 with effects) or takes more than its limits, `FontMissing` where the
    renderer finds a letter missing.
    """
    effects = has_effects(root)
    largest = LARGEST_EFFECT_PX if effects else LARGEST_RASTER_PX
    if width * height > largest:
        reason = f"it would be drawn at {width}x{height} pixels, more than {largest}"
        raise refusal(file, root.line, reason, "Give it a smaller share of the width, or leave out its effects.")
    rows = strip_rows(width, height, has_effects=effects, strip_px=limits.strip_px)
    with tempfile.TemporaryDirectory(prefix="renderlock-overlay-") as name:
        folder = Path(name)
        strips = tuple(folder / f"strip{index:05}.png" for index in range(-(-height // rows)))
        for index, strip in enumerate(strips):
            part = _strip(root, (width, height), index * rows, min(rows, height - index * rows))
            strip.with_suffix(".svg").write_text(write_svg(part), encoding="utf-8")
        _write_fonts(folder, fonts)
        work = _Work(width * rows, width * height)
        _run(folder, root, work, fonts, file=file, limits=limits)
        yield Raster(strips, width, rows)


def has_effects(root: Node) -> bool:
    """Whether something of a drawing is drawn apart before it is laid down: blurred, masked, clipped, made lighter."""
    return any(
        node.tag in _EFFECT_TAGS
        or (node.tag == "svg" and node is not root)
        or not _EFFECTS.isdisjoint(node.attributes)
        or _EFFECT_RULE.search(node.own_text if node.tag == "style" else node.attributes.get("style", ""))
        for node in root.walk()
    )


def _strip(root: Node, size: tuple[int, int], top: int, rows: int) -> Node:
    """The drawing at `size` or, where that has more rows, those from `top` on, seen through a frame."""
    width, height = size
    attributes = {name: value for name, value in root.attributes.items() if name not in ("x", "y", "width", "height")}
    sides = {"width": str(width), "height": str(height)}
    if rows == height:
        return Node(root.tag, root.line, {**attributes, **sides}, root.children)
    # Cut by nothing but the frame: a clip would be one more layer of the whole size.
    whole = {"overflow": "visible"}
    frame = {
        "width": str(width),
        "height": str(rows),
        "viewBox": f"0 {top} {width} {rows}",
        # A rule for `svg` is for the drawing and not for the frame as well.
        "style": "opacity:1;filter:none;mask:none;clip-path:none;mix-blend-mode:normal;isolation:auto",
    }
    return Node("svg", root.line, frame, [Node(root.tag, root.line, {**attributes, **sides, **whole}, root.children)])


@dataclass(frozen=True)
class _Work:
    """Pixels that are drawn at once, and in all."""

    at_once_px: int
    in_all_px: int


def _write_fonts(folder: Path, fonts: Fonts) -> None:
    (folder / "fonts").mkdir()
    for font in fonts.files:
        (folder / "fonts" / f"{font.sha256}.ttf").write_bytes(font.data)


def _run(folder: Path, root: Node, work: _Work, fonts: Fonts, *, file: str, limits: DrawingLimits) -> None:
    cpu_seconds = limits.cpu_for(work.in_all_px)
    memory = limits.memory_for(work.at_once_px)
    command = [sys.executable, "-P", str(_CHILD), str(folder), str(memory), str(cpu_seconds)]
    log = folder / "log.txt"
    with log.open("wb") as output:
        try:
            # Waiting is bounded by far more than the processor time, as other work may hold the processors.
            ended = subprocess.run(
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=60 + 10 * cpu_seconds,
            )
        except subprocess.TimeoutExpired as error:
            raise _too_much(root, f"more than {60 + 10 * cpu_seconds} seconds", file) from error
    with log.open("rb") as output:
        said = output.read(_OUTPUT_READ).decode("utf-8", "replace")
    code = ended.returncode
    if code in _STOPPED:
        raise _too_much(root, f"more than {cpu_seconds} seconds of processor time", file)
    if code < 0 or "MemoryError" in said or "memory allocation" in said:
        raise _too_much(root, f"more than {memory // 2**20} MiB of memory", file)
    if code != 0:
        reason = f"it cannot be drawn: {_last_line(said)}"
        raise refusal(file, root.line, reason, "Export the drawing as plain SVG in UTF-8.")
    _refuse_missing(said, root, fonts.folder, file=file)


def _refuse_missing(said: str, root: Node, folder: str, *, file: str) -> None:
    """The renderer's own word on letters: what was overlooked before is not drawn in another font."""
    for warning in _WARNING.findall(said):
        if warning.startswith(("No match for", "No fonts with", "Fallback from")):
            asked = f"letters that the renderer misses ({warning.rstrip('.')})"
            raise FontMissing(file=file, line=root.line, asked=asked, folder=folder, found="the ones it named")


def _too_much(root: Node, what: str, file: str) -> Exception:
    return refusal(file, root.line, f"drawing it takes {what}", "Make the drawing simpler: fewer and smaller effects.")


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "the renderer said nothing"
