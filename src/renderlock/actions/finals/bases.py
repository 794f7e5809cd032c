"""The picture that tiles lie on, as the store has it: small ones in memory, large ones mapped from a file.

A base grows with the final. Unpacked band by band to a file that has no name, it takes no memory of its own.
"""

from __future__ import annotations

import tempfile

import numpy as np

from renderlock.actions.finals.canvas import Canvas, padded_rgb
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels
from renderlock.spec.recipe import Recipe
from renderlock.store.disk import os_errors_as_store_errors
from renderlock.store.records import RenderRecord
from renderlock.store.store import Store

MAPPED_PX = 512 * 1024
"""Smaller pictures are decoded in memory."""

_COLOURS = (3, 4)


def base_canvas(store: Store, base: RenderRecord, whole: Recipe) -> Canvas:
    """The base at the size of the whole picture; raises `StoreError`."""
    if base.media_type == "image/png" and base.size.width * base.size.height >= MAPPED_PX:
        mapped = _unpacked(store, base)
        if mapped is not None:
            return Canvas(mapped, whole.size)
    return Canvas.over(decode_picture(store.read(base)), whole.size)


def _unpacked(store: Store, base: RenderRecord) -> Pixels | None:
    """The pixels of a PNG file, padded, in a file of their own; None where it does not hold plain 8-bit colours."""
    # Loads libvips, which a run with nothing to do does without.
    from renderlock.imaging.regions import PictureReader  # noqa: PLC0415

    reader = PictureReader(store.prove(base))
    if reader.bits > 8 or reader.channels not in _COLOURS:
        return None
    with (
        os_errors_as_store_errors(store.layout.root),
        tempfile.TemporaryFile(dir=store.layout.tmp, prefix="base-") as file,
    ):
        # Written, not mapped: a full disk is then an error, and no signal that ends the process.
        for band in reader.bands():
            file.write(padded_rgb(band.astype(np.uint8, copy=False)).data)
        file.flush()
        mapped: Pixels = np.memmap(file, np.uint8, mode="r", shape=(reader.height, reader.width, 4))
    return mapped
