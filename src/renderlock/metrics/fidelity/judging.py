"""Whether an enlarged picture is its source with more pixels: every measure, and where something was invented.

The upscaler is judged by what it gave *before* back-projection: that is where a model that fights the picture shows.
The result itself is judged once more, so that nothing that came later passes unseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.pixels import Pixels
from renderlock.imaging.resampling import Floats
from renderlock.metrics.fidelity.cells import look_at
from renderlock.metrics.fidelity.faces import Face, FaceFinder, find_faces
from renderlock.metrics.fidelity.limits import FidelityLimits, Stage, shipped_limits
from renderlock.metrics.fidelity.measures import (
    colour_shift,
    detail_ratio,
    measure_consistency,
    new_edges,
    structural,
)
from renderlock.metrics.fidelity.texts import TextCheck, check_texts_kept
from renderlock.metrics.fidelity.windows import Map, block_maxima
from renderlock.metrics.reduction import MIDDLE_GREY
from renderlock.metrics.text_reader import TextReader

BLOCK_CELLS = 16
"""Side of a block of the map of what was invented, in source pixels: 64 pixels of a result four times as large."""


@dataclass(frozen=True)
class Stated:
    """The measures of one stage, by name, and the maps (H x W of the source) behind three of them."""

    stage: Stage
    values: Mapping[str, float]
    maps: Mapping[str, Map]


@dataclass(frozen=True)
class Fidelity:
    """What was measured on one enlarged picture (`fidelity/judge@1`).

    `stages` holds the result and, where it was given, what the upscaler gave before projection. `faces` are the places
    looked at harder. `texts` is None where no reader was given. `scale` is result pixels to a source pixel, across;
    `source_px` the area of the source.
    """

    stages: tuple[Stated, ...]
    faces: tuple[Face, ...]
    texts: TextCheck | None
    scale: float
    source_px: int

    @property
    def invented(self) -> NDArray[np.float64]:
        """Rows x columns of blocks under the limits that ship; see `invented_by`."""
        return self.invented_by(shipped_limits())

    def invented_by(self, limits: FidelityLimits) -> NDArray[np.float64]:
        """Rows x columns of blocks: the worst measure in the block over its limit; above 1 the block fails."""
        shares = [
            block_maxima(stated.maps[name], BLOCK_CELLS) / limits.of(stated.stage, name, self.source_px)
            for stated in self.stages
            for name in stated.maps
        ]
        worst: NDArray[np.float64] = np.max(shares, axis=0)
        return worst

    def suspect_by(self, limits: FidelityLimits) -> NDArray[np.bool_]:
        """Rows x columns: the blocks that fail by themselves."""
        return self.invented_by(limits) > 1.0


def judge_upscale(
    source: Pixels,
    result: Pixels,
    *,
    readers: TextReader | None = None,
    seen: Floats | None = None,
    finder: FaceFinder = find_faces,
) -> Fidelity:
    """The fidelity of a result (h x w x 3|4) to its source (H x W x 3|4), 8 bits, at least as large; alpha on grey.

    `seen` (H x W x 3, levels, without alpha) is what the upscaler gave before back-projection, scaled down to the
    source by `imaging.back_projection.down`; None where the result was not projected. `readers` reads texts, `finder`
    finds faces. The result may be a memory map: it is read in bands, and all else is of the source's size.
    Raises `ValueError` where the result is smaller than the source.
    """
    cells = look_at(source, result)
    faces = finder(source)
    detail = {"detail": detail_ratio(source, cells), "new_edges": new_edges(source, cells)}
    stage: Stage = "plain" if seen is None else "projected"
    stages = [_stated(stage, source, cells.seen, faces, detail)]
    if seen is not None:
        stages.append(_stated("before", source, _laid_as(source, seen), faces, {}))
    texts = None if readers is None else check_texts_kept(source, result, readers)
    return Fidelity(
        stages=tuple(stages),
        faces=faces,
        texts=texts,
        scale=result.shape[1] / source.shape[1],
        source_px=source.shape[0] * source.shape[1],
    )


def _laid_as(source: Pixels, seen: Floats) -> Floats:
    """What was seen on the grey that a source with alpha is judged on: a network gives colours alone."""
    if source.shape[2] == 3:
        return seen
    alpha = source[:, :, 3:].astype(np.float32) / np.float32(255)
    laid: Floats = seen * alpha + np.float32(MIDDLE_GREY) * (1 - alpha)
    return laid


def _stated(stage: Stage, source: Pixels, seen: Floats, faces: tuple[Face, ...], detail: Mapping[str, Map]) -> Stated:
    consistency = measure_consistency(source, seen)
    maps = {"strangeness": consistency.strangeness, **detail}
    values = {
        "consistency_db": consistency.psnr_db,
        "worst_levels": consistency.worst_levels,
        "colour": float(colour_shift(source, seen).max()),
        "ssim": structural(source, seen),
        **{name: float(plane.max()) for name, plane in maps.items()},
    }
    if faces:
        values["faces"] = max(face_strangeness(consistency.strangeness, face) for face in faces)
    return Stated(stage, values, maps)


def face_strangeness(strangeness: Map, face: Face) -> float:
    """RMS of the strangeness over a face: a face that was repainted differs all over, not in one place."""
    there = strangeness[face.top : face.top + face.side, face.left : face.left + face.side]
    return float(np.sqrt((there.astype(np.float64) ** 2).mean())) if there.size else 0.0
