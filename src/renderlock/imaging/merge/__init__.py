"""Tiles into one picture, as a stream: memory is set by one row of tiles, not by the canvas."""

from renderlock.imaging.back_projection import Base, PixelsBase
from renderlock.imaging.merge.ports import Blend, Look, PixelsSource, TileSource
from renderlock.imaging.merge.report import MergeReport, OverlapDifference
from renderlock.imaging.merge.spill import SpilledTiles
from renderlock.imaging.merge.streaming import merge_tiles

__all__ = [
    "Base",
    "Blend",
    "Look",
    "MergeReport",
    "OverlapDifference",
    "PixelsBase",
    "PixelsSource",
    "SpilledTiles",
    "TileSource",
    "merge_tiles",
]
