"""Merges tile files of this or another tool into one picture file."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from renderlock.actions.tile_files import FileBase, FileTiles, find_tiles
from renderlock.errors import InputUnusable, WouldOverwrite
from renderlock.imaging.merge import Blend, MergeReport, merge_tiles
from renderlock.imaging.merge.streaming import MERGE_VERSION
from renderlock.imaging.pixels import colour_channels
from renderlock.imaging.sinks import PictureForm, format_of, open_sink
from renderlock.imaging.tiles import Grid

MERGE_KEY = "renderlock-merge"


@dataclass(frozen=True)
class MergedFile:
    """A merged picture: where it is, what it holds, the grid it came from and what the merge found."""

    path: Path
    form: PictureForm
    grid: Grid
    report: MergeReport
    seconds: float

    def to_json(self) -> dict[str, object]:
        """The facts, as `renderlock merge --json` prints them."""
        grid, report = self.grid, self.report
        return {
            "output": str(self.path),
            "width": grid.width,
            "height": grid.height,
            "channels": self.form.channels,
            "bits": self.form.bits,
            "columns": grid.columns,
            "rows": grid.rows,
            "tile": [grid.tile_width, grid.tile_height],
            "blend": report.blend,
            "back_projected": report.back_projected,
            "largest_difference_before": report.largest_before,
            "largest_difference_after": report.largest_after,
            "offsets": [
                {"column": tile.column, "row": tile.row, "levels": list(levels)} for tile, levels in report.offsets
            ],
            "seams": [vars(seam) for seam in report.seams],
            "seconds": round(self.seconds, 3),
        }


def merge_files(
    inputs: Sequence[str], output: Path, *, blend: Blend = "auto", base: Path | None = None, overlap: int | None = None
) -> MergedFile:
    """Merges the tiles that files, folders or patterns name, and writes the picture to `output` by its ending.

    `base` is a smaller picture of the whole that the result must agree with. `overlap`, in pixels, counts where names
    state rows and columns only. Bits, alpha and ICC profile are kept. Raises `InputUnusable`, `TilesUnfit`,
    `WouldOverwrite`, `UnknownName` for an ending that is no format, `FormatTooNarrow`, `FileUnwritable`.
    """
    started = time.monotonic()
    format_of(output)
    if output.exists():
        raise WouldOverwrite(path=output)
    tiles = find_tiles(inputs, overlap=overlap)
    grid = tiles.laid.grid
    facts = {"format": "renderlock merge 1", "version": MERGE_VERSION, "blend": blend, "tiles": len(grid.tiles)}
    texts = {MERGE_KEY: json.dumps(facts, sort_keys=True)}
    form = PictureForm(grid.width, grid.height, tiles.channels, tiles.bits, tiles.icc, texts)
    small = None if base is None else _open_base(base, tiles.channels)
    with open_sink(output, form) as sink:
        report = merge_tiles(grid, FileTiles(tiles), sink, blend=blend, base=small)
    return MergedFile(output, form, grid, report, time.monotonic() - started)


def _open_base(path: Path, channels: int) -> FileBase:
    base = FileBase(path)
    if colour_channels(base.channels) != colour_channels(channels):
        reason = f"it has {colour_channels(base.channels)} colour channels, the tiles {colour_channels(channels)}"
        raise InputUnusable(path=path, reason=reason, action="Give a base of the same colours, or none.")
    return base
