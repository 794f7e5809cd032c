"""What a merge found and did: how far tiles differed where they overlap, and how their tone was moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from renderlock.imaging.tiles import Overlap, Seam, Tile


@dataclass(frozen=True)
class OverlapDifference:
    """How the second tile of an overlap differs from the first, in 8-bit levels.

    `before` and `after` are the middle difference of each colour channel, without and with the tone offsets (the
    mean of the middle half, so that a moved object does not count); `rms` is the root of the mean square difference
    of all values before.
    """

    overlap: Overlap
    before: tuple[float, ...]
    after: tuple[float, ...]
    rms: float


@dataclass(frozen=True)
class MergeReport:
    """How tiles were merged.

    `offsets` has what was added to each tile, a number a colour channel in 8-bit levels, and is empty where nothing
    was; `differences` is empty for a plain feather, which does not look. `seams` are the lines to measure.
    """

    blend: Literal["hann", "two-band"]
    back_projected: bool
    offsets: tuple[tuple[Tile, tuple[float, ...]], ...]
    differences: tuple[OverlapDifference, ...]
    seams: tuple[Seam, ...]

    @property
    def largest_before(self) -> float:
        """The largest middle difference of any overlap as the tiles came, in 8-bit levels."""
        return max((abs(level) for one in self.differences for level in one.before), default=0.0)

    @property
    def largest_after(self) -> float:
        """The same after the tone offsets."""
        return max((abs(level) for one in self.differences for level in one.after), default=0.0)

    @property
    def largest_rms(self) -> float:
        """The largest root mean square difference of any overlap as the tiles came: what tone does not tell."""
        return max((one.rms for one in self.differences), default=0.0)

    @property
    def largest_offset(self) -> float:
        """The farthest any tile's tone was moved, in 8-bit levels."""
        return max((abs(level) for _, offset in self.offsets for level in offset), default=0.0)
