"""The merge: looks at the tiles, chooses how to blend them, and streams the picture into a sink."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.back_projection import BackProjector, Base
from renderlock.imaging.dithering import quantise
from renderlock.imaging.merge.feather import feather_tiles
from renderlock.imaging.merge.ports import Blend, Look, TileSource
from renderlock.imaging.merge.report import MergeReport, OverlapDifference
from renderlock.imaging.merge.strips import merge_strips
from renderlock.imaging.merge.survey import Survey, levels_of, survey_tiles
from renderlock.imaging.merge.tone import solve_offsets
from renderlock.imaging.pixels import Raster
from renderlock.imaging.resampling import Floats
from renderlock.imaging.sinks import RowSink
from renderlock.imaging.tiles import Grid

MERGE_VERSION = "merge-1"
"""Changes whenever the same tiles would give other pixels."""


def merge_tiles(
    grid: Grid,
    source: TileSource,
    sink: RowSink,
    *,
    blend: Blend = "auto",
    base: Base | None = None,
    look: Look | None = None,
) -> MergeReport:
    """Writes the merge of a grid's tiles to the sink, which the caller closes, and says what was found and done.

    `auto` feathers where all tiles agree within a level, and copies where they are equal; else it solves the tone
    and blends in two bands. With a base the picture is made to agree with it at the end. Tiles are read once, or
    twice where overlaps are looked at first; then `look` is shown each. `merge(split(picture))` without a base is the
    picture, bit for bit.
    """
    way = _Way(grid, sink, base)
    if blend == "hann":
        feather_tiles(grid, source, way.take)
        return MergeReport("hann", base is not None, (), (), grid.seam_lines)
    survey = survey_tiles(grid, source, base, look)
    if blend == "auto" and survey.agrees:
        feather_tiles(grid, source, way.take)
        return _report(grid, survey, None, projected=base is not None)
    offsets = solve_offsets(grid, survey)
    way.kind = survey.kind
    merge_strips(grid, source, offsets * levels_of(survey.kind), way.take_levels)
    return _report(grid, survey, offsets, projected=base is not None)


class _Way:
    """The way of merged rows to the sink: onto the base where there is one, and to whole levels."""

    def __init__(self, grid: Grid, sink: RowSink, base: Base | None) -> None:
        self.kind: type[np.uint8 | np.uint16] = np.uint8
        self._sink = sink
        self._projector = None if base is None else BackProjector(grid.width, grid.height, base)
        self._done = 0

    def take(self, rows: Raster) -> None:
        """Passes on rows of whole levels."""
        self.kind = np.uint8 if rows.dtype == np.uint8 else np.uint16
        if self._projector is None:
            self._write(rows)
        else:
            self.take_levels(rows.astype(np.float32))

    def take_levels(self, rows: Floats) -> None:
        """Passes on rows of float levels of `kind`, rounded at the very end."""
        projected = [rows] if self._projector is None else self._projector.push(rows, self.kind)
        for ready in projected:
            self._write(quantise(ready, self._done, self.kind))

    def _write(self, rows: Raster) -> None:
        self._sink.write(rows)
        self._done += len(rows)


def _report(grid: Grid, survey: Survey, offsets: NDArray[np.float64] | None, *, projected: bool) -> MergeReport:
    number = {tile: index for index, tile in enumerate(grid.tiles)}
    differences = []
    for overlap, before, rms in zip(survey.overlaps, survey.middles, survey.rms, strict=True):
        moved = 0.0 if offsets is None else offsets[number[overlap.second]] - offsets[number[overlap.first]]
        differences.append(OverlapDifference(overlap, _rounded(before), _rounded(before + moved), round(float(rms), 3)))
    return MergeReport(
        blend="hann" if offsets is None else "two-band",
        back_projected=projected,
        offsets=() if offsets is None else tuple(zip(grid.tiles, map(_rounded, offsets), strict=True)),
        differences=tuple(differences),
        seams=grid.seam_lines,
    )


def _rounded(levels: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(level), 3) for level in levels)
