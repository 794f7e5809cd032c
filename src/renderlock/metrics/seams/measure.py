"""One line measured: every family's log ratio between the line and the control lines beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.pixels import Raster
from renderlock.metrics.seams.families import FAMILIES, Evidence, Family
from renderlock.metrics.seams.lines import FARTHEST_CONTROL_PX, SeamLine, control_offsets
from renderlock.metrics.seams.profile import SEGMENT_PX, Profile, profile_of

Places = NDArray[np.intp]

RegionReader = Callable[[int, int, int, int], Raster]
"""Gives the pixels of (left, top, width, height)."""

_WIDEST = max(family.reach for family in FAMILIES)
STRIP_PX = FARTHEST_CONTROL_PX + _WIDEST
"""Pixels read on either side of a line."""

FEWEST_CONTROLS = 2

PIECE_SEGMENTS = 16
"""Along 256 pixels, a tile at its smallest, a defect is taken to have one sign."""

LEAST_UNSIGNED = 8
"""Segments from which `break` and `notch` mean something: along fewer, one contour of the subject is all there is."""

SEGMENTS_AT_ONCE = 4 * PIECE_SEGMENTS
"""1,024 pixels of a line are in memory at a time."""


@dataclass(frozen=True)
class LineMeasure:
    """A line, its length in segments of 16 pixels, and the evidence of each family that found room."""

    line: SeamLine
    segments: int
    families: Mapping[Family, Evidence] = field(default_factory=dict)


def measure_line(read: RegionReader, size: tuple[int, int], line: SeamLine, lines: Sequence[SeamLine]) -> LineMeasure:
    """The measure of one line of a picture of `size` (width, height), read in strips; `lines` are all its seams."""
    extent = size[0] if line.axis == "x" else size[1]
    low, high = max(0, line.position - STRIP_PX), min(extent, line.position + STRIP_PX)
    places = _places(line, lines, extent, low)
    count = (line.end - line.start) // SEGMENT_PX
    found: dict[Family, Evidence] = {}
    for first in range(0, count, SEGMENTS_AT_ONCE):
        start = line.start + first * SEGMENT_PX
        length = min(SEGMENTS_AT_ONCE, count - first) * SEGMENT_PX
        if line.axis == "x":
            strip = read(low, start, high - low, length)
        else:
            strip = read(start, low, length, high - low).swapaxes(0, 1)
        for family, evidence in _evidence(profile_of(as_levels(strip), line.position - low), places):
            found[family] = found[family] + evidence if family in found else evidence
    return LineMeasure(line, count, found)


def _evidence(profile: Profile, places: Mapping[Family, Places]) -> Iterator[tuple[Family, Evidence]]:
    for family, at in places.items():
        responses = family.respond(profile, at)
        for first in range(0, len(responses), PIECE_SEGMENTS):
            yield family, family.weigh(responses[first : first + PIECE_SEGMENTS])


def _places(line: SeamLine, lines: Sequence[SeamLine], extent: int, low: int) -> dict[Family, Places]:
    """Columns of the strip, which begins at `low`: the line's own first, then its controls', for families with room."""
    found = {}
    short = line.end - line.start < LEAST_UNSIGNED * SEGMENT_PX
    for family in FAMILIES:
        if short and family.kind in {"break", "notch"}:
            continue
        inside = family.reach <= line.position <= extent - family.reach
        offsets = control_offsets(line, lines, extent=extent, reach=family.reach)
        if inside and len(offsets) >= FEWEST_CONTROLS:
            found[family] = np.array([0, *offsets], dtype=np.intp) + (line.position - low)
    return found


def as_levels(pixels: Raster) -> NDArray[np.float32]:
    """H x W x 3 values in 8-bit levels, of 8 or 16 bits with 1 to 4 channels; alpha is left out, grey tripled."""
    scale = 257.0 if pixels.dtype == np.uint16 else 1.0
    colours = pixels[..., :3] if pixels.shape[-1] >= 3 else np.repeat(pixels[..., :1], 3, axis=-1)
    return np.asarray(colours, dtype=np.float32) / np.float32(scale)
