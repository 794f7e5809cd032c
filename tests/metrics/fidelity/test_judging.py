"""The upscaler gate: gentle enlargements pass, repainted ones fail, and the place is shown."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from renderlock.imaging.back_projection import back_project, down
from renderlock.imaging.pixels import Pixels
from renderlock.metrics.fidelity import (
    FidelityLimits,
    draw_invented,
    fidelity_verdict,
    find_faces,
    judge_upscale,
    shipped_limits,
)
from renderlock.metrics.fidelity.limits import limits_from_json, limits_to_json
from renderlock.metrics.text_reader import ReadText
from renderlock.spec.recipe import Size
from renderlock.spec.verdict import Verdict
from renderlock.upscalers.base import Upscaler, UpscalerOptions
from renderlock.upscalers.depth import in_8_bits
from renderlock.upscalers.table import open_upscaler
from renderlock.upscalers.tiled import enlarge_whole

Source = Callable[[str], Pixels]
Enlarge = Callable[[Pixels, int], Pixels]

PHOTOGRAPHS = ("coffee.png", "rocket.jpg", "chelsea.png", "astronaut.png")


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("factor", [2, 4])
def test_interpolation_passes(source: Source, lanczos: Enlarge, name: str, factor: int) -> None:
    small = source(name)
    verdict = fidelity_verdict(judge_upscale(small, lanczos(small, factor)))
    assert verdict.passed, verdict.failures


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_gentle_network_passes_as_it_is_and_projected(source: Source, waifu2x: Upscaler, name: str) -> None:
    small = source(name)
    raw = in_8_bits(enlarge_whole(small, Size(256, 256), waifu2x, project=False))
    plain = judge_upscale(small, raw)
    projected = judge_upscale(small, projected_of(raw, small), seen=down(raw, 128, 128))
    assert fidelity_verdict(plain).passed, fidelity_verdict(plain).failures
    assert fidelity_verdict(projected).passed, fidelity_verdict(projected).failures


def test_alpha_does_not_count_as_something_the_network_painted(source: Source, waifu2x: Upscaler) -> None:
    small = source("coffee.png")
    alpha = np.broadcast_to(np.linspace(0, 255, 128).astype(np.uint8)[None, :, None], (128, 128, 1))
    raw = in_8_bits(enlarge_whole(small, Size(256, 256), waifu2x, project=False))
    result = np.dstack([projected_of(raw, small), alpha.repeat(2, 0).repeat(2, 1)])

    judged = judge_upscale(np.dstack([small, alpha]), result, seen=down(raw, 128, 128))

    before = [measure for measure in fidelity_verdict(judged).failures if measure.name.startswith("before_")]
    assert before == []


def test_a_repainted_face_is_refused_as_it_is_and_projected(face: Pixels, repaint: Enlarge) -> None:
    raw = repaint(face, 4)
    assert not fidelity_verdict(judge_upscale(face, raw)).passed
    projected = judge_upscale(face, projected_of(raw, face), seen=down(raw, 128, 128))
    failures = [measure.name for measure in fidelity_verdict(projected).failures]
    assert any(name.startswith("before_") for name in failures), "projection hides it from most other measures"


@pytest.fixture(scope="module")
def small_face(face: Pixels) -> Pixels:
    """The face at 96 px, which the largest network is through with in seconds."""
    return np.asarray(Image.fromarray(face).resize((96, 96), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("reference", ["realesrgan", "realesrgan:anime", "realesrgan:animevideo"])
def test_the_known_hallucinating_networks_are_refused_on_a_face(small_face: Pixels, reference: str) -> None:
    plain, projected = judged_on(small_face, reference)
    assert not plain.passed
    assert not projected.passed
    assert any(measure.name.startswith("before_") for measure in projected.failures), "projection hides the rest"


@pytest.mark.parametrize("reference", ["span", "dat", "waifu2x"])
def test_the_gentle_networks_pass_on_the_same_face(small_face: Pixels, reference: str) -> None:
    plain, projected = judged_on(small_face, reference)
    assert plain.passed, plain.failures
    assert projected.passed, projected.failures


def judged_on(picture: Pixels, reference: str) -> tuple[Verdict, Verdict]:
    """The gate's verdicts about a network's picture of four times the size, as it is and projected."""
    height, width = picture.shape[:2]
    network = open_upscaler(reference, UpscalerOptions())
    raw = in_8_bits(enlarge_whole(picture, Size(4 * width, 4 * height), network, project=False))
    projected = judge_upscale(picture, projected_of(raw, picture), seen=down(raw, width, height))
    return fidelity_verdict(judge_upscale(picture, raw)), fidelity_verdict(projected)


def test_an_object_put_into_a_projected_result_is_found_where_it_is(source: Source, waifu2x: Upscaler) -> None:
    small = source("rocket.jpg")
    raw = in_8_bits(enlarge_whole(small, Size(256, 256), waifu2x, project=False))
    result = projected_of(raw, small).copy()
    result[100:116, 60:76] = np.clip(result[100:116, 60:76].astype(np.int16) + 40, 0, 255)
    found = judge_upscale(small, result, seen=down(raw, 128, 128))
    worst = np.unravel_index(found.invented.argmax(), found.invented.shape)
    assert not fidelity_verdict(found).passed
    assert (int(worst[0]), int(worst[1])) in {(3, 1), (3, 2)}
    assert found.suspect_by(shipped_limits())[worst]


def test_a_changed_letter_is_refused_and_a_missing_reader_is_noted(source: Source, lanczos: Enlarge) -> None:
    small = source("coffee.png")
    large = lanczos(small, 4)
    unread = fidelity_verdict(judge_upscale(small, large))
    same = fidelity_verdict(judge_upscale(small, large, readers=Told("OPEN 24 HOURS", "open 24 hours")))
    changed = fidelity_verdict(judge_upscale(small, large, readers=Told("OPEN 24 HOURS", "OPFN 24 HQURS")))
    assert any("Text was not read" in note for note in unread.notes)
    assert same.passed
    assert [measure.name for measure in changed.failures] == ["text_changed"]
    assert changed.failures[0].value == pytest.approx(2 / 11)


def test_text_that_is_gone_counts_whole(source: Source, lanczos: Enlarge) -> None:
    small = source("coffee.png")
    found = judge_upscale(small, lanczos(small, 2), readers=Told("SALE", None))
    assert found.texts is not None
    assert found.texts.share == 1.0


def test_a_face_is_found_and_looked_at_harder(face: Pixels, lanczos: Enlarge) -> None:
    found = judge_upscale(face, lanczos(face, 2))
    assert len(find_faces(face)) == 1
    assert "faces" in found.stages[0].values
    assert any(measure.name == "faces" and measure.most is not None for measure in fidelity_verdict(found).measures)


def test_where_no_face_is_found_the_verdict_says_so(source: Source, lanczos: Enlarge) -> None:
    small = source("rocket.jpg")
    verdict = fidelity_verdict(judge_upscale(small, lanczos(small, 2)))
    assert any("No face was found" in note for note in verdict.notes)
    assert Verdict.from_pairs(dict(verdict.to_pairs())) == verdict


def test_alpha_and_odd_sizes_are_judged(source: Source) -> None:
    small = source("coffee.png")
    alpha = np.full((128, 128, 1), 255, np.uint8)
    with_alpha = np.dstack([small, alpha])
    odd = np.repeat(np.repeat(with_alpha, 3, axis=0), 3, axis=1)[:381, :383]
    found = judge_upscale(with_alpha, odd)
    assert found.invented.shape == (8, 8)
    assert found.scale == pytest.approx(383 / 128)


def test_limits_read_as_they_were_written_and_say_how_they_were_made() -> None:
    limits = shipped_limits()
    assert limits_to_json(limits_from_json(limits_to_json(limits))) == limits_to_json(limits)
    assert "--calibrate" in limits.made
    assert set(limits.by_stage) == {"plain", "before", "projected"}


def test_limits_grow_with_the_picture_but_not_below_the_smallest() -> None:
    limits = FidelityLimits("", {"plain": {"detail": 2.0}}, {"detail": 0.1})
    assert limits.of("plain", "detail", 256 * 256) == 2.0
    assert limits.of("plain", "detail", 1024 * 1024) == pytest.approx(2.0 * 16**0.1)
    assert limits.of("plain", "detail", 4) == limits.of("plain", "detail", 64 * 64)


def test_what_was_invented_is_framed_red_and_the_rest_is_grey(source: Source, lanczos: Enlarge) -> None:
    small = source("rocket.jpg")
    large = lanczos(small, 4).copy()
    large[256:320, 256:320] = np.random.default_rng(1).integers(0, 256, (64, 64, 3))
    drawn = draw_invented(large, judge_upscale(small, large)).astype(int)
    assert (drawn[256, 260:316] == (230, 30, 40)).all()
    corner = drawn[:60, :60]
    assert np.ptp(corner, axis=2).max() == 0


class Told:
    """A reader that reads one text in the source, which comes first, and another in the result."""

    def __init__(self, first: str, then: str | None) -> None:
        self._texts = [first, then]

    def read(self, pixels: Pixels) -> tuple[ReadText, ...]:
        """The next text, in the middle of the picture."""
        text, (height, width) = self._texts.pop(0), pixels.shape[:2]
        xs, ys = (0.2 * width, 0.8 * width), (0.4 * height, 0.6 * height)
        box = ((xs[0], ys[0]), (xs[1], ys[0]), (xs[1], ys[1]), (xs[0], ys[1]))
        return () if text is None else (ReadText(text, box, 0.95),)

    def knows(self, letter: str) -> bool:
        """Every letter."""
        return bool(letter)


@pytest.fixture(scope="module")
def waifu2x() -> Upscaler:
    """The photo network of the extra `upscalers`."""
    return open_upscaler("waifu2x", UpscalerOptions())


def projected_of(raw: Pixels, small: Pixels) -> Pixels:
    """A result after back-projection."""
    return back_project(raw, small).astype(np.uint8)
