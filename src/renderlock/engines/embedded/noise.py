"""Seeded noise that depends on seed and place only: not on process, thread, batch, library version or canvas size.

A larger canvas continues a smaller one, so the same seed keeps its composition's upper left part when a
picture grows, and windows of a canvas share the canvas's noise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderlock.engines.embedded.cells import Cells, Latent


def draw_noise(seed: int, stream: int, *, channels: int, window: Cells, top: int = 0, left: int = 0) -> Latent:
    """Standard normal noise of shape (1, channels, height, width), float32, cut from a canvas at `top` and `left`.

    Philox 4x64-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405) keyed by (seed, stream), its counter
    starting at the row; Box and Muller's transform in double precision. numpy promises the raw stream of a
    bit generator for ever, but not that of `Generator.standard_normal` (NEP 19).

    `stream` tells apart the noises of one seed: 0 is the start, k the noise added after step k.
    """
    skipped = left * channels
    count = skipped + window.width * channels
    rows = [_draw_row(seed, stream, row, count)[skipped:] for row in range(top, top + window.height)]
    cells = np.stack(rows).reshape(window.height, window.width, channels)
    return np.ascontiguousarray(cells.transpose(2, 0, 1)[None])


def _draw_row(seed: int, stream: int, row: int, count: int) -> NDArray[np.float32]:
    """`count` normal numbers; a longer row begins with the numbers of a shorter one."""
    philox = np.random.Philox(key=np.array([seed, stream], np.uint64), counter=np.array([0, 0, row, 0], np.uint64))
    pairs = philox.random_raw(count + count % 2).reshape(-1, 2)
    # 53 bits of each word; the first number of a pair lies in (0, 1], so that its logarithm is finite.
    uniform = (pairs >> np.uint64(11)).astype(np.float64) * 2.0**-53
    radius = np.sqrt(-2.0 * np.log(1.0 - uniform[:, 0]))
    angle = 2.0 * np.pi * uniform[:, 1]
    normal = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return normal.reshape(-1)[:count].astype(np.float32)
