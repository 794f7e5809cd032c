"""Where seams are: the borders between tiles, which the renderer knows and nobody has to look for."""

from __future__ import annotations

from collections.abc import Sequence

from renderlock.imaging.tiles import Seam

SeamLine = Seam
"""A straight border between two tiles, as the grid knows it; the seam measures take it from anywhere."""


def describe(line: SeamLine) -> str:
    """Where a line is, in words: `column 512, rows 0 to 512`."""
    across, along = ("column", "rows") if line.axis == "x" else ("row", "columns")
    return f"{across} {line.position}, {along} {line.start} to {line.end}"


CONTROL_SPACING_PX = 16
"""Control lines share the seam's phase modulo 16: JPEG's colour blocks are 16 pixels wide, and a model's cells 8."""

MOST_CONTROLS = 12

FARTHEST_CONTROL_PX = 160
"""Controls farther away would show other content."""


def control_offsets(line: SeamLine, lines: Sequence[SeamLine], *, extent: int, reach: int) -> tuple[int, ...]:
    """Distances, in pixels across the line, of up to 12 parallel control lines, nearest first, for windows of `reach`.

    A control's window (`reach` pixels to either side) lies within the picture, which is `extent` pixels wide across
    the line, and reaches over no seam. The result is empty where the picture leaves no room.
    """
    seams = {line.position} | {other.position for other in lines if _beside(line, other)}
    found: list[int] = []
    for step in range(1, FARTHEST_CONTROL_PX // CONTROL_SPACING_PX + 1):
        for offset in (-step * CONTROL_SPACING_PX, step * CONTROL_SPACING_PX):
            place = line.position + offset
            inside = reach <= place <= extent - reach
            if inside and all(abs(place - seam) >= reach for seam in seams):
                found.append(offset)
    return tuple(found[:MOST_CONTROLS])


def _beside(line: SeamLine, other: SeamLine) -> bool:
    return line.axis == other.axis and line.start < other.end and other.start < line.end
