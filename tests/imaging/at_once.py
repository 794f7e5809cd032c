"""Pictures in memory, given whole to the parts of the product that take rows as they come."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from renderlock.imaging.colour_match import ColourStatistics, StatisticsTaker
from renderlock.imaging.merge.two_band import Floats, OverlapMerge
from renderlock.imaging.palette import Dither, Indexed, Palette
from renderlock.imaging.palette_lock import PaletteLocker
from renderlock.imaging.palette_png import indexed_pieces
from renderlock.imaging.palette_report import PaletteReport, PaletteReporter
from renderlock.imaging.pixels import Pixels


def lock_to_palette(pixels: Pixels, palette: Palette, *, dither: Dither) -> Indexed:
    locker = PaletteLocker(palette, dither, pixels.shape[1])
    indices = np.concatenate([locker.take(pixels), locker.finish()])
    return Indexed(indices, palette, locker.transparent)


def report_palette(before: Pixels, after: Indexed) -> PaletteReport:
    reporter = PaletteReporter(after.palette, before.shape[1], before.shape[0])
    reporter.take_before(before, 0)
    reporter.take_after(after.indices, 0)
    return reporter.report()


def encode_indexed(picture: Indexed, texts: Mapping[str, str]) -> bytes:
    return b"".join(indexed_pieces(picture, texts))


def measure_statistics(pixels: Pixels) -> ColourStatistics:
    taker = StatisticsTaker(pixels.shape[1], pixels.shape[0])
    taker.take(pixels, 0)
    return taker.statistics()


def merge_overlap(first: Floats, second: Floats, *, alpha: bool) -> Floats:
    length, width, channels = first.shape
    shape = (length, width, channels)
    return OverlapMerge(lambda a, b: first[a:b], lambda a, b: second[a:b], shape, alpha=alpha).lines(0, length)
