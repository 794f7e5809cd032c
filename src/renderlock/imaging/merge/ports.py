"""What a merge reads from, tiles one at a time, and their form that lies in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from renderlock.imaging.pixels import Raster
from renderlock.imaging.tiles import Overlap, Tile, cut

Blend = Literal["auto", "hann", "two-band"]
"""`auto` looks at the overlaps first; `hann` is a plain feather; `two-band` keeps detail where tiles differ."""

Look = Callable[[Overlap, Raster, Raster], None]
"""Is shown an overlap and what its first and its second tile have there."""


class TileSource(Protocol):
    """Gives tiles; all of them with the same channels and bits."""

    def read(self, tile: Tile) -> Raster:
        """The pixels of a tile, height x width x channels; may be called twice for each, and is not written to."""


@dataclass(frozen=True)
class PixelsSource:
    """The tiles of a picture that lies in memory."""

    pixels: Raster

    def read(self, tile: Tile) -> Raster:
        """The part of the picture the tile shows."""
        return cut(self.pixels, tile)
