"""Enlarging behind a gate: what fails is replaced block by block, then whole, and the record says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from renderlock.actions.upscale_engines import Upscalers
from renderlock.actions.upscale_mixing import mix_blocks
from renderlock.actions.upscale_recipe import upscale_recipe
from renderlock.actions.upscaling import Judged, Upscaled, Ways, open_gentler, upscale_picture
from renderlock.engines.base import Engine
from renderlock.errors import UnknownName
from renderlock.imaging.back_projection import down
from renderlock.imaging.pixels import Pixels, Raster
from renderlock.imaging.resampling import Floats
from renderlock.metrics.fidelity.judging import BLOCK_CELLS
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.recipe import Size
from renderlock.spec.verdict import Measure, Verdict
from renderlock.upscalers.base import Detail, Upscaler, UpscalerFacts, UpscalerOptions
from renderlock.upscalers.lanczos import FACTS, Lanczos

BLOCK_PX = 2 * BLOCK_CELLS
Blocks = list[tuple[int, int]]


class Painter(Lanczos):
    """Enlarges, and paints stripes that are not in the picture into some places (in source pixels)."""

    def __init__(self, places: Blocks, side: int = 8) -> None:
        self._places, self._side = places, side

    @property
    def facts(self) -> UpscalerFacts:
        return replace(FACTS, reference="painter", scales=(2,), detail=Detail.INVENTED, tile_px=64)

    def identify(self) -> ModelIdentity:
        return ModelIdentity("upscale", "painter", "1", "paint-1")

    def enlarge(self, pixels: Raster, factor: int) -> Raster:
        enlarged = np.array(super().enlarge(pixels, factor), np.uint8)
        for top, left in self._places:
            place = enlarged[2 * top : 2 * (top + self._side) : 2, 2 * left : 2 * (left + self._side)]
            np.bitwise_xor(place, 0x40, out=place)
        return enlarged


@dataclass
class StripeGate:
    """Sees a block as painted where neighbouring rows differ by much; lets pass up to `most` of them."""

    most: int = 0
    name: str = "stripes/1"
    seen: list[Pixels] = field(default_factory=list)

    def judge(self, source: Pixels, result: Pixels, seen: Floats | None = None) -> Judged:
        self.seen.append(result)
        steps = np.abs(np.diff(result[:, :, 0].astype(int), axis=0, append=result[-1:, :, 0])) > 30
        rows, columns = (-(-side // BLOCK_PX) for side in result.shape[:2])
        padded = np.pad(steps, ((0, rows * BLOCK_PX - len(steps)), (0, columns * BLOCK_PX - steps.shape[1])))
        share = padded.reshape(rows, BLOCK_PX, columns, BLOCK_PX).mean(axis=(1, 3))
        painted = share > 0.05
        measure = Measure("painted", float(painted.sum()), "blocks with stripes", most=self.most)
        return Judged(Verdict("upscaler", (measure,)), painted, share)


@pytest.fixture
def source() -> Pixels:
    """A smooth picture, 64 x 96 x 3."""
    y, x = np.mgrid[:64, :96]
    planes = [128 + 60 * np.sin(x / 17 + phase) * np.cos(y / 13) for phase in (0, 1, 2)]
    picture: Pixels = np.rint(np.dstack(planes)).astype(np.uint8)
    return picture


def enlarge(
    source: Pixels, places: Blocks, gate: StripeGate | None, *, gentler: tuple[Upscaler, ...] = (Lanczos(),)
) -> Upscaled:
    return upscale_picture(source, Size(192, 128), Ways(Painter(places), gentler, gate, project=False))


def test_what_passes_is_given_as_it_came(source: Pixels) -> None:
    gate = StripeGate()
    result = enlarge(source, [], gate)
    assert result.passed
    assert (result.upscaler, result.fallback, result.share, result.deviations) == ("painter", "", 0.0, ())
    assert result.pixels is gate.seen[0]


def test_painted_blocks_come_from_the_gentler_upscaler_and_the_rest_stays(source: Pixels) -> None:
    result = enlarge(source, [(8, 8)], StripeGate())
    plain, painted = enlarge(source, [], None).pixels, enlarge(source, [(8, 8)], None).pixels
    assert result.passed
    assert result.fallback == "lanczos"
    assert 0 < result.share < 0.1
    assert np.abs(result.pixels[16:32, 16:32].astype(int) - plain[16:32, 16:32]).max() <= 2
    assert np.abs(result.pixels[64:, 96:].astype(int) - painted[64:, 96:]).max() <= 1


def test_the_record_says_what_was_replaced_and_why(source: Pixels) -> None:
    result = enlarge(source, [(8, 8)], StripeGate())
    (deviation,) = result.deviations
    assert (deviation.field, deviation.asked) == ("upscaler", "painter")
    assert deviation.done == f"painter with {result.share:.1%} of the blocks from lanczos"
    assert "painted" in deviation.reason
    assert [judged.verdict.passed for judged in result.judged] == [False, True]


def test_too_many_painted_blocks_give_the_whole_picture_to_the_gentler_one(source: Pixels) -> None:
    everywhere = [(top, left) for top in range(0, 64, 8) for left in range(0, 96, 8)]
    result = enlarge(source, everywhere, StripeGate())
    assert (result.upscaler, result.fallback) == ("lanczos", "")
    assert result.deviations[0].done == "lanczos"
    assert (result.pixels == enlarge(source, [], None).pixels).all()
    assert result.passed


def test_with_nothing_gentler_the_verdict_stays_failed(source: Pixels) -> None:
    result = enlarge(source, [(8, 8)], StripeGate(), gentler=())
    assert not result.passed
    assert result.upscaler == "painter"
    assert result.deviations == ()


def test_without_a_gate_nothing_is_judged(source: Pixels) -> None:
    result = enlarge(source, [(8, 8)], None)
    assert result.verdict is None
    assert result.passed


def test_a_mix_scaled_down_is_the_source(source: Pixels) -> None:
    first, second = (enlarge(source, places, None).pixels for places in ([(8, 8)], []))
    blocks = np.zeros((4, 6), bool)
    blocks[0, 0] = True
    mixed = mix_blocks(first, second, blocks, source, np.empty_like(first))
    error = np.abs(down(mixed, 96, 64) - source)
    assert error.mean() < 0.3


def test_alpha_goes_through_a_mix_untouched(source: Pixels) -> None:
    alpha = np.broadcast_to(np.arange(96, dtype=np.uint8)[None, :, None], (64, 96, 1))
    sprite = np.concatenate([source, alpha], axis=2)
    result = upscale_picture(sprite, Size(192, 128), Ways(Painter([(8, 8)]), (Lanczos(),), StripeGate(), project=False))
    plain = upscale_picture(sprite, Size(192, 128), Ways(Lanczos()))
    assert result.fallback == "lanczos"
    assert (result.pixels[:, :, 3] == plain.pixels[:, :, 3]).all()


def test_a_large_result_lies_in_a_file_and_is_the_same(source: Pixels, tmp_path: Path) -> None:
    in_memory = enlarge(source, [(8, 8)], StripeGate())
    ways = Ways(Painter([(8, 8)]), (Lanczos(),), StripeGate(), project=False)
    on_disk = upscale_picture(source, Size(192, 128), replace(ways, scratch=tmp_path, most_in_memory_bytes=1000))
    assert isinstance(on_disk.pixels, np.memmap)
    assert (on_disk.pixels == in_memory.pixels).all()


def no_engines(reference: str) -> Engine:
    raise UnknownName(kind="engine", name=reference, known="none")


def test_gentler_ones_are_those_that_invent_less() -> None:
    upscalers = Upscalers(UpscalerOptions(), no_engines)
    named = [
        [one.facts.reference for one in open_gentler(upscalers, upscaler)]
        for upscaler in (Painter([]), upscalers.open("waifu2x"), upscalers.open("lanczos"))
    ]
    assert named == [["waifu2x", "lanczos"], ["lanczos"], []]


def recipes() -> dict[str, Callable[[], str]]:
    size, target = Size(64, 64), Size(128, 128)
    painter, lanczos = Painter([]), Lanczos()
    return {
        "plain": lambda: upscale_recipe(painter, ("a" * 64, size), target).digest,
        "source": lambda: upscale_recipe(painter, ("b" * 64, size), target).digest,
        "target": lambda: upscale_recipe(painter, ("a" * 64, size), Size(130, 130)).digest,
        "upscaler": lambda: upscale_recipe(lanczos, ("a" * 64, size), target).digest,
        "gate": lambda: upscale_recipe(painter, ("a" * 64, size), target, gate=StripeGate()).digest,
        "gentler": lambda: (
            upscale_recipe(painter, ("a" * 64, size), target, gate=StripeGate(), gentler=(lanczos,)).digest
        ),
        "projection": lambda: upscale_recipe(painter, ("a" * 64, size), target, project=False).digest,
    }


def test_whatever_decides_about_pixels_is_in_the_recipe() -> None:
    digests = {name: make() for name, make in recipes().items()}
    assert len(set(digests.values())) == len(digests)
    assert digests == {name: make() for name, make in recipes().items()}


def test_what_no_gate_asks_for_is_not_in_the_recipe() -> None:
    source, target = ("a" * 64, Size(64, 64)), Size(128, 128)
    without = upscale_recipe(Painter([]), source, target)
    assert without == upscale_recipe(Painter([]), source, target, gentler=(Lanczos(),))
