"""Makes a large picture agree with the small one it came from: scaled down, it is that picture again.

Irani and Peleg, Improving Resolution by Image Registration (1991): `large += up(base - down(large))`, some rounds.
All rounds together are one `up` of a sum of differences as small as the base, so four cost little more than one,
and rows can stream through. `down` and `up` are the kernels of `resampling`, on the values as they are (sRGB).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from renderlock.imaging.dithering import quantise
from renderlock.imaging.pixels import Raster, colour_channels
from renderlock.imaging.resampling import Floats, Taps, chain, resampling

ROUNDS = 4
_SLAB_ROWS = 64


class Base(Protocol):
    """The small picture that a large one must agree with when it is scaled down, row by row."""

    @property
    def width(self) -> int:
        """In pixels."""

    @property
    def height(self) -> int:
        """In pixels."""

    def read_rows(self, top: int, bottom: int) -> Raster:
        """The rows from `top` up to `bottom`, which is not in them; asked for from top to bottom."""


@dataclass(frozen=True)
class PixelsBase:
    """A base that lies in memory."""

    pixels: Raster

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[0])

    def read_rows(self, top: int, bottom: int) -> Raster:
        """The rows from `top` up to `bottom`."""
        return self.pixels[top:bottom]


def down(large: Raster, width: int, height: int) -> Floats:
    """The picture scaled down by the antialiased cubic of `resampling`, as unrounded float32 levels.

    `large` is H x W x channels; so is the result, with values that may overshoot the range of its type a little.
    """
    across, vertical = resampling(large.shape[1], width), _Vertical(resampling(large.shape[0], height))
    slabs = (large[top : top + _SLAB_ROWS].astype(np.float32) for top in range(0, len(large), _SLAB_ROWS))
    return np.concatenate([across.across(vertical.push(slab)) for slab in slabs])


def back_project(large: Raster, base: Raster, *, rounds: int = ROUNDS) -> Raster:
    """`large` corrected so that scaled down it is `base`, with as many rounds; H x W x channels of 8 or 16 bits.

    `base` has the same colour channels, of the same or other bits. Alpha stays. Raises `ValueError` for a base with
    other colour channels.
    """
    projector = BackProjector(large.shape[1], large.shape[0], PixelsBase(base), rounds=rounds)
    kind = np.uint8 if large.dtype == np.uint8 else np.uint16
    result = np.empty_like(large)
    done = 0
    for top in range(0, len(large), _SLAB_ROWS):
        for rows in projector.push(large[top : top + _SLAB_ROWS].astype(np.float32), kind):
            result[done : done + len(rows)] = quantise(rows, done, kind)
            done += len(rows)
    return result


class BackProjector:
    """Takes the rows of a large picture and gives them back corrected, some rows later.

    The last row that is pushed frees all that are left. What waits is about a hundred rows at four times the size.
    """

    def __init__(self, width: int, height: int, base: Base, *, rounds: int = ROUNDS) -> None:
        self._base = base
        small, large = resampling(width, base.width), resampling(base.width, width)
        self._across_down, self._across_up = small, large
        self._down = _Vertical(resampling(height, base.height))
        self._up = _Vertical(resampling(base.height, height))
        again = (chain(resampling(base.height, height), resampling(height, base.height)), chain(large, small))
        self._rounds = [_Round(*again) for _ in range(rounds - 1)]
        self._waiting = _Lines()
        self._small_rows = 0

    def push(self, rows: Floats, kind: type[np.uint8 | np.uint16] = np.uint8) -> Iterator[Floats]:
        """Takes the next rows, n x width x channels in levels of `kind`, and gives those that are ready by now."""
        self._waiting.add(rows)
        sums = self._differences(rows, kind)
        for again in self._rounds:
            sums = again.push(sums)
        colours = sums.shape[2] // 2
        # Few at a time: each of these small rows frees several of the large picture's.
        for row in range(len(sums)):
            correction = self._up.push(self._across_up.across(sums[row : row + 1, :, colours:]))
            if len(correction):
                ready = self._waiting.take(len(correction))
                ready[..., :colours] += correction
                yield ready

    def _differences(self, rows: Floats, kind: type[np.uint8 | np.uint16]) -> Floats:
        """The base less the picture scaled down, twice: as the first round's difference and as the sum so far."""
        small = self._across_down.across(self._down.push(rows[..., : colour_channels(rows.shape[2])]))
        top = self._small_rows
        self._small_rows += len(small)
        wanted = self._base.read_rows(top, self._small_rows)
        colours = colour_channels(wanted.shape[2])
        if colours != small.shape[2]:
            raise ValueError(f"the base has {colours} colour channels, the picture {small.shape[2]}")
        factor = np.float32(np.iinfo(kind).max / np.iinfo(wanted.dtype).max)
        difference = wanted[..., :colours] * factor - small
        return np.concatenate([difference, difference], axis=2)


class _Round:
    """One more round: what is left of a difference after `up` and `down`, and the sum of all differences."""

    def __init__(self, down: Taps, across: Taps) -> None:
        self._vertical = _Vertical(down)
        self._across = across
        self._waiting = _Lines()

    def push(self, sums: Floats) -> Floats:
        colours = sums.shape[2] // 2
        self._waiting.add(sums)
        seen = self._across.across(self._vertical.push(sums[..., :colours]))
        ready = self._waiting.take(len(seen))
        ready[..., :colours] -= seen
        ready[..., colours:] += ready[..., :colours]
        return ready


class _Vertical:
    """Resamples rows that come in pieces: gives each output row once all it needs is there."""

    def __init__(self, taps: Taps) -> None:
        self._taps = taps
        self._lines = _Lines()
        self._done = 0

    def push(self, rows: Floats) -> Floats:
        self._lines.add(rows)
        start, ends = self._done, self._taps.ends
        while self._done < len(ends) and ends[self._done] <= self._lines.bottom:
            self._done += 1
        lines, top = self._lines.rows, self._lines.top
        made = np.empty((self._done - start, *rows.shape[1:]), np.float32)
        for place, output in enumerate(range(start, self._done)):
            made[place] = self._taps.apply(lines, top, output)
        if self._done < len(ends):
            self._lines.drop(int(self._taps.starts[self._done]))
        return made


class _Lines:
    """The rows of a picture that are still needed, `rows[0]` being row `top`."""

    def __init__(self) -> None:
        self.rows: Floats = np.empty((0, 0, 0), np.float32)
        self.top = 0

    @property
    def bottom(self) -> int:
        """The row after the last one."""
        return self.top + len(self.rows)

    def add(self, rows: Floats) -> None:
        """Appends rows."""
        self.rows = np.concatenate([self.rows, rows]) if len(self.rows) else np.array(rows, np.float32)

    def drop(self, top: int) -> None:
        """Lets go of the rows above `top`."""
        gone = max(0, min(top, self.bottom) - self.top)
        self.rows = self.rows[gone:]
        self.top += gone

    def take(self, count: int) -> Floats:
        """The first rows, which are then gone."""
        taken = self.rows[:count]
        self.rows = self.rows[count:]
        self.top += count
        return taken
