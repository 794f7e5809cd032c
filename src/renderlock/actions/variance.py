"""How much N pictures of one prompt vary when only the seed differs: pictures in, one report out.

It measures layout, colour and detail, finds near-duplicates, the most typical variant and the odd one. It judges
nothing and reads no files; drift between two models is another question and is not asked here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from renderlock.actions.report_values import Figure, VarianceReport, VariantFigures
from renderlock.errors import UsageError
from renderlock.imaging.pixels import Pixels, digest_pixels
from renderlock.metrics.agreement import PDQ_THE_SAME_PICTURE
from renderlock.metrics.colour import Colour, mean_colour_distances, measure_colour, palette_distances
from renderlock.metrics.layout import Layout, layout_distances, mean_occupancy, measure_layout
from renderlock.metrics.perceptual import PdqHash, mean_absolute_difference, pdq, pdq_distance
from renderlock.metrics.reduction import reduce_to
from renderlock.metrics.sharpness import Sharpness, measure_sharpness, sharpness_table
from renderlock.metrics.statistics import (
    distances_to_rest,
    euclidean_distances,
    farthest,
    most_typical,
    spread_over_pairs,
    stands_out,
)
from renderlock.metrics.variation import variation_distances

Matrix = NDArray[np.float64]

_STRUCTURELESS_SIDE = 96
_STRUCTURELESS_MAE = 2.0
"""Where PDQ has too little structure to go by: the largest mean difference, in 8-bit steps at 96 px, of a duplicate."""

_Measured = tuple[Layout, Colour, Sharpness, PdqHash]


def measure_variance(pictures: Sequence[Pixels]) -> VarianceReport:
    """How much N >= 1 pictures (H x W x 3|4, 8 bits) of one prompt vary; equal pictures give zeros throughout.

    Raises `UsageError` for no pictures.
    """
    if not pictures:
        raise UsageError(reason="There are no pictures to measure")
    measured = [_measure(picture) for picture in pictures]
    layouts, colours, details, hashes = (list(column) for column in zip(*measured, strict=True))
    layout = layout_distances(layouts)
    palette = palette_distances(colours)
    distances = variation_distances(layout.combined, palette)
    apartness = distances_to_rest(distances)
    odd_one = farthest(distances)
    duplicates = _equal_pairs(pictures)
    return VarianceReport(
        variants=tuple(_variant(*parts, float(apart)) for parts, apart in zip(measured, apartness, strict=True)),
        figures=(
            _figure("layout/distance@1", layout.combined),
            _figure("layout/occ@1", layout.occupancy),
            _figure("layout/lum8@1", layout.light),
            _figure("layout/phash@1", layout.frequencies),
            _figure("layout/centre@1", _centre_distances(layouts)),
            _figure("layout/area@1", _differences(np.array([100 * one.area for one in layouts]))),
            _figure("colour/mean@1", mean_colour_distances(colours)),
            _figure("colour/palette@1", palette),
            *_detail_figures(details),
        ),
        distances=distances,
        layout=layout.combined,
        occupancy=mean_occupancy(layouts),
        duplicates=duplicates,
        near_duplicates=_near_pairs(pictures, hashes, duplicates),
        medoid=most_typical(distances),
        farthest=odd_one,
        odd=odd_one is not None and stands_out(apartness, odd_one),
        sizes_differ=len({picture.shape[:2] for picture in pictures}) > 1,
    )


def _measure(picture: Pixels) -> _Measured:
    return measure_layout(picture), measure_colour(picture), measure_sharpness(picture), pdq(picture)


def _variant(layout: Layout, colour: Colour, detail: Sharpness, hashed: PdqHash, apartness: float) -> VariantFigures:
    shown = zip(colour.palette_rgb.tolist(), colour.shares.tolist(), strict=True)
    return VariantFigures(
        centre=(100 * layout.centre[0], 100 * layout.centre[1]) if layout.centre else None,
        area=100 * layout.area,
        palette=tuple(((red, green, blue), share) for (red, green, blue), share in shown),
        detail_db=(detail.fine, detail.middle, detail.coarse),
        pdq_quality=hashed.quality,
        apartness=apartness,
    )


def _figure(metric: str, distances: Matrix) -> Figure:
    spread = spread_over_pairs(distances)
    return Figure(metric, spread.mean, spread.largest, spread.standard_error)


def _centre_distances(layouts: Sequence[Layout]) -> Matrix:
    """Distances in % of the frame between the centres there are; pictures in which nothing stands out have none."""
    centres = [layout.centre for layout in layouts if layout.centre]
    return 100 * euclidean_distances(np.array(centres).reshape(-1, 2))


def _differences(values: NDArray[np.float64]) -> Matrix:
    return euclidean_distances(values.reshape(-1, 1))


def _detail_figures(details: Sequence[Sharpness]) -> list[Figure]:
    table = sharpness_table(details)
    bands = ("fine", "middle", "coarse")
    return [_figure(f"sharpness/bands@1:{band}", _differences(table[:, at])) for at, band in enumerate(bands)]


def _equal_pairs(pictures: Sequence[Pixels]) -> tuple[tuple[int, int], ...]:
    digests = [digest_pixels(picture) for picture in pictures]
    return tuple(pair for pair in combinations(range(len(pictures)), 2) if digests[pair[0]] == digests[pair[1]])


def _near_pairs(
    pictures: Sequence[Pixels], hashes: Sequence[PdqHash], equal: tuple[tuple[int, int], ...]
) -> tuple[tuple[int, int, int], ...]:
    """Pairs that match by PDQ; where a picture has too little structure for PDQ, pairs that are alike at 96 px."""
    known = set(equal)
    small = [reduce_to(picture, _STRUCTURELESS_SIDE, _STRUCTURELESS_SIDE) for picture in pictures]
    found = []
    for first, second in combinations(range(len(pictures)), 2):
        bits = pdq_distance(hashes[first], hashes[second])
        if (first, second) in known:
            continue
        if hashes[first].usable and hashes[second].usable:
            alike = bits <= PDQ_THE_SAME_PICTURE
        else:
            alike = mean_absolute_difference(small[first], small[second]) <= _STRUCTURELESS_MAE
        if alike:
            found.append((first, second, bits))
    return tuple(found)
