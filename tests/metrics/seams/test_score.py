"""The seam score: 1.000 for natural pictures, more for every kind of bad border, and the worst one named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage.filters import gaussian
from skimage.transform import warp

from renderlock.imaging.pixels import Pixels, Raster
from renderlock.imaging.regions import PictureReader
from renderlock.metrics.seams import SeamLine, SeamScore, score_regions, score_seams, seam_verdict
from renderlock.metrics.seams.measure import SEGMENTS_AT_ONCE, STRIP_PX, measure_line
from renderlock.metrics.seams.profile import SEGMENT_PX
from renderlock.metrics.seams.verdict import SeamLimits
from renderlock.spec.verdict import Verdict

Photograph = Callable[[str], Pixels]
Lines = Callable[[Pixels, int, int], Sequence[SeamLine]]
Floats = NDArray[np.float64]
Tiled = Callable[[Pixels, Callable[[Floats], Floats]], Pixels]

PHOTOGRAPHS = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "hubble_deep_field.jpg", "retina.jpg")


def test_untouched_photographs_read_one_whatever_the_grid(photograph: Photograph, lines: Lines) -> None:
    grids = ((2, 1), (2, 2), (3, 2), (3, 3))
    scores = {
        (name, grid): score_seams(photograph(name), lines(photograph(name), *grid)).value
        for name in PHOTOGRAPHS
        for grid in grids
    }
    over = {key: value for key, value in scores.items() if value > 1.0}
    # 1 % of natural pictures may read more; on these 24 it is one over the galaxies, and one by a thousandth.
    assert {name for name, _ in over} <= {"hubble_deep_field.jpg", "coffee.png"}
    assert len(over) <= 2
    assert max(scores.values()) < 1.15


def test_of_natural_textures_no_more_than_stated_read_over_one(lines: Lines) -> None:
    pictures = [texture(seed) for seed in range(100)]
    over = [score_seams(picture, lines(picture, 2, 2)).value > 1 for picture in pictures]
    assert sum(over) <= 4, "1 % is stated: more than 4 of 100 would be chance in 4 of 1,000 cases"


def blurred(values: Floats) -> Floats:
    """A tile that is softer than its neighbours."""
    return np.asarray(gaussian(values, 1.0, channel_axis=2, preserve_range=True))


def shifted(values: Floats) -> Floats:
    """A tile that lies two pixels off."""
    return np.asarray(warp(values, lambda at: at + 1.4, order=3, mode="edge", preserve_range=True))


def nudged(values: Floats) -> Floats:
    """A tile that lies half a pixel off along the diagonal."""
    return np.asarray(warp(values, lambda at: at + 0.35, order=3, mode="edge", preserve_range=True))


def redetailed(values: Floats) -> Floats:
    """A tile with detail of its own."""
    smooth: Floats = gaussian(values, 2.0, channel_axis=2, preserve_range=True)
    moved: Floats = np.roll(values - smooth, (7, 5), axis=(0, 1))
    return smooth + moved


DEFECTS: dict[str, tuple[Callable[[Floats], Floats], str]] = {
    "brighter by 2": (lambda values: values + 2, "step"),
    "more contrast": (lambda values: values * 1.03, "step"),
    "redder": (lambda values: values + np.array([3.0, 0, -3.0]), "step"),
    "softer": (blurred, "mismatch"),
    "grainier": (lambda values: values + np.random.default_rng(1).normal(0, 2, values.shape), "mismatch"),
    "displaced": (shifted, "break"),
    "own detail": (redetailed, "break"),
}


@pytest.mark.parametrize("defect", DEFECTS)
@pytest.mark.parametrize("name", ["coffee.png", "rocket.jpg"])
def test_each_defect_is_seen_by_its_family(
    photograph: Photograph, lines: Lines, tiled: Tiled, name: str, defect: str
) -> None:
    change, kind = DEFECTS[defect]
    picture = tiled(photograph(name), change)
    score = score_seams(picture, lines(picture, 2, 2))
    assert score.value > 1.0
    ratios = [*score.pooled, *(ratio for line in score.lines for ratio in line.ratios)]
    assert any(ratio.excess > 0 and ratio.family.startswith(kind) for ratio in ratios)


@pytest.mark.parametrize("name", ["coffee.png", "astronaut.png"])
def test_half_a_pixel_along_the_border_is_seen_by_the_slope(
    photograph: Photograph, lines: Lines, tiled: Tiled, name: str
) -> None:
    picture = tiled(photograph(name), nudged)
    pooled = score_seams(picture, lines(picture, 2, 2)).pooled
    assert any(ratio.excess > 0 for ratio in pooled if ratio.family == "slide_1")


def test_one_level_between_tiles_is_seen_where_gradients_show_nothing(
    photograph: Photograph, lines: Lines, tiled: Tiled
) -> None:
    seen = 0
    for name in PHOTOGRAPHS:
        picture = tiled(photograph(name), lambda values: values + 1)
        seen += score_seams(picture, lines(picture, 2, 2)).value > 1.0
    assert seen >= 4


def test_short_borders_are_judged_and_seen_together() -> None:
    picture = texture(5)
    laid = [SeamLine("x", x, start, start + 64) for x in (64, 128, 192) for start in range(0, 256, 64)]
    stripes = (np.arange(256) // 64 % 2)[None, :, None]
    disturbed = np.clip(picture + 6 * stripes, 0, 255).astype(np.uint8)
    assert score_seams(picture, laid).value == 1.0
    assert score_seams(disturbed, laid).value > 1.0
    assert score_seams(disturbed, laid).unmeasured == ()


def test_the_worst_line_is_a_border_of_the_bad_tile(photograph: Photograph, lines: Lines) -> None:
    picture = photograph("rocket.jpg").copy()
    height, width = picture.shape[:2]
    laid = lines(picture, 4, 1)
    bad = laid[1]
    picture[:, bad.position : laid[2].position] = np.clip(picture[:, bad.position : laid[2].position] + 6, 0, 255)
    score = score_seams(picture, laid)
    assert score.worst is not None
    assert score.worst.line in (bad, laid[2])
    assert score.lines[0].value == 1.0
    assert (height, width) == picture.shape[:2]


def test_a_score_read_in_strips_is_the_score_of_the_whole(photograph: Photograph, lines: Lines) -> None:
    picture = photograph("retina.jpg")
    laid, largest = lines(picture, 2, 3), 0

    def read(left: int, top: int, width: int, height: int) -> Raster:
        nonlocal largest
        largest = max(largest, width * height)
        return picture[top : top + height, left : left + width].copy()

    size = (picture.shape[1], picture.shape[0])
    assert score_regions(read, size, laid) == score_seams(picture, laid)
    assert largest <= 2 * STRIP_PX * SEGMENTS_AT_ONCE * SEGMENT_PX


def test_a_line_measured_in_parts_is_the_line_measured_whole() -> None:
    picture = np.random.default_rng(8).integers(0, 256, (1600, 300, 3), dtype=np.uint8)
    longer = SEGMENTS_AT_ONCE * SEGMENT_PX + 256

    def read(left: int, top: int, width: int, height: int) -> Raster:
        return picture[top : top + height, left : left + width]

    whole = SeamLine("x", 150, 0, longer)
    parts = [SeamLine("x", 150, 0, 256), SeamLine("x", 150, 256, longer)]
    measured = [measure_line(read, (300, 1600), line, [whole]) for line in (whole, *parts)]
    for family, evidence in measured[0].families.items():
        added = measured[1].families[family] + measured[2].families[family]
        assert added.total == pytest.approx(evidence.total)
        assert added.segments == evidence.segments


def test_sixteen_bits_grey_and_alpha_score_like_eight_bits(photograph: Photograph, lines: Lines) -> None:
    grey = photograph("camera.png")
    laid = lines(grey, 2, 2)
    forms: list[Raster] = [
        grey.astype(np.uint16) * np.uint16(257),
        np.dstack([grey, np.full(grey.shape[:2], 7, np.uint8)]),
        grey[..., :1].copy(),
    ]
    values = [score_seams(form, laid).ratio("step_1") for form in forms]
    assert values == pytest.approx([score_seams(grey, laid).ratio("step_1")] * 3, rel=1e-3)


def test_lines_without_room_are_named_and_not_passed_in_silence(photograph: Photograph) -> None:
    picture = photograph("coffee.png")
    short = SeamLine("x", 300, 0, 10)
    score = score_seams(picture, [short, SeamLine("x", 300, 10, 400)])
    assert score.unmeasured == (short,)
    assert "column 300, rows 0 to 10" in seam_verdict(score).notes[0]


def test_the_verdict_names_the_worst_border_and_keeps_to_the_limit(
    photograph: Photograph, lines: Lines, tiled: Tiled
) -> None:
    picture = tiled(photograph("rocket.jpg"), lambda values: values + 3)
    score = score_seams(picture, lines(picture, 2, 2))
    assert not seam_verdict(score).passed
    assert "worst: " in str(seam_verdict(score).failures[0])
    assert seam_verdict(score, SeamLimits(seam=score.value)).passed


def test_the_verdict_of_a_natural_picture_passes_and_can_be_kept(photograph: Photograph, lines: Lines) -> None:
    picture = photograph("coffee.png")
    verdict = seam_verdict(score_seams(picture, lines(picture, 2, 2)))
    assert verdict.passed
    assert Verdict.from_pairs(dict(verdict.to_pairs())) == verdict


def test_a_picture_without_borders_reads_one(photograph: Photograph) -> None:
    score = score_seams(photograph("coffee.png"), [])
    assert score == SeamScore((), (), ())
    assert seam_verdict(score).passed


def test_a_file_is_scored_like_the_array_in_it(photograph: Photograph, lines: Lines, tmp_path: Path) -> None:
    picture = photograph("rocket.jpg")
    Image.fromarray(picture).save(tmp_path / "picture.png")
    reader = PictureReader(tmp_path / "picture.png", "regions")
    laid = lines(picture, 2, 2)
    assert score_regions(reader.read_region, (reader.width, reader.height), laid) == score_seams(picture, laid)


def texture(seed: int) -> Pixels:
    """256 x 256 noise whose amplitude falls with frequency, as in natural pictures (Field 1987)."""
    random = np.random.default_rng(seed)
    reach = np.hypot(*np.meshgrid(np.fft.fftfreq(256), np.fft.fftfreq(256)))
    reach[0, 0] = 1.0
    phases = np.exp(2j * np.pi * random.random((256, 256)))
    field = np.real(np.fft.ifft2(phases / reach))
    levels = 128 + 40 * field / field.std()
    return np.repeat(np.clip(np.rint(levels), 0, 255).astype(np.uint8)[..., None], 3, axis=2)
