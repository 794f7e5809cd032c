"""Drawing a checked SVG at an exact size in pixels, in a process of its own with limits of time and memory.

The renderer is resvg, which knows no scripts and no network. Its picture stays a file and is read row by row, so that
a drawing over a whole canvas of 8192 x 8192 pixels is never held as floats, nor twice.
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

import numpy as np

from renderlock.errors import FontMissing
from renderlock.imaging.overlay_fonts import Fonts
from renderlock.imaging.overlay_nodes import Node, refusal, write_svg
from renderlock.imaging.pixels import Pixels

LARGEST_RASTER_PX = 16_384 * 16_384
_CHILD = Path(__file__).with_name("overlay_child.py")
_WARNING = re.compile(r"Warning \(in [^)]*\): (.*)")
_OUTPUT_READ = 20_000
_STOPPED = () if sys.platform == "win32" else (-signal.SIGXCPU, -signal.SIGKILL)
"""How a process ends that used up its processor time."""


@dataclass(frozen=True)
class DrawingLimits:
    """What one drawing may take: memory beside 40 bytes a pixel, and processor seconds beside 1 a 2 megapixels."""

    memory_bytes: int = 2**30
    cpu_seconds: int = 20

    def memory_for(self, pixels: int) -> int:
        """The address space in bytes for a raster of that many pixels."""
        return self.memory_bytes + 40 * pixels

    def cpu_for(self, pixels: int) -> int:
        """Processor seconds for a raster of that many pixels."""
        return self.cpu_seconds + pixels // 2_000_000


USUAL_LIMITS = DrawingLimits()


@dataclass(frozen=True)
class Raster:
    """A drawing as pixels that are read from top to bottom."""

    path: Path
    width: int
    height: int

    def bands(self, rows: int) -> Iterator[tuple[int, Pixels]]:
        """Each band's first row and its pixels, h x W x 4 8-bit sRGB with straight alpha, at most `rows` high."""
        import pyvips  # noqa: PLC0415 - loaded with the first drawing, not with renderlock

        region = pyvips.Region.new(pyvips.Image.new_from_file(str(self.path), access="sequential"))
        for top in range(0, self.height, rows):
            high = min(rows, self.height - top)
            data = region.fetch(0, top, self.width, high)
            yield top, np.frombuffer(data, dtype=np.uint8).reshape(high, self.width, 4)


@contextmanager
def drawn(
    root: Node, width: int, height: int, *, fonts: Fonts, file: str, limits: DrawingLimits = USUAL_LIMITS
) -> Iterator[Raster]:
    """The drawing at exactly `width` x `height` pixels, while the context lasts.

    Its own viewBox and preserveAspectRatio say how it fills that size. Raises `OverlayRefused` where it is larger
    than 16384 x 16384 pixels or takes more than its limits, `FontMissing` where the renderer finds a letter missing.
    """
    if width * height > LARGEST_RASTER_PX:
        reason = f"it would be drawn at {width}x{height} pixels, more than {LARGEST_RASTER_PX}"
        raise refusal(file, root.line, reason, "Give it a smaller share of the width.")
    with tempfile.TemporaryDirectory(prefix="renderlock-overlay-") as name:
        folder = Path(name)
        _write_inputs(folder, _sized(root, width, height), fonts)
        _run(folder, root, width * height, file=file, limits=limits)
        yield Raster(folder / "drawing.png", width, height)


def _sized(root: Node, width: int, height: int) -> Node:
    attributes = {name: value for name, value in root.attributes.items() if name not in ("x", "y", "width", "height")}
    return Node(root.tag, root.line, {**attributes, "width": str(width), "height": str(height)}, root.children)


def _write_inputs(folder: Path, root: Node, fonts: Fonts) -> None:
    (folder / "drawing.svg").write_text(write_svg(root), encoding="utf-8")
    (folder / "fonts").mkdir()
    for font in fonts.files:
        (folder / "fonts" / f"{font.sha256}.ttf").write_bytes(font.data)


def _run(folder: Path, root: Node, pixels: int, *, file: str, limits: DrawingLimits) -> None:
    cpu_seconds = limits.cpu_for(pixels)
    memory = limits.memory_for(pixels)
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
    _refuse_missing(said, root, file=file)


def _refuse_missing(said: str, root: Node, *, file: str) -> None:
    """The renderer's own word on letters: what was overlooked before is not drawn in another font."""
    for warning in _WARNING.findall(said):
        if warning.startswith(("No match for", "No fonts with", "Fallback from")):
            asked = f"letters that the renderer misses ({warning.rstrip('.')})"
            raise FontMissing(file=file, line=root.line, asked=asked, found="the ones it named")


def _too_much(root: Node, what: str, file: str) -> Exception:
    return refusal(file, root.line, f"drawing it takes {what}", "Make the drawing simpler: fewer and smaller effects.")


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "the renderer said nothing"
