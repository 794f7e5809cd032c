"""The upscaler contract as tests: every upscaler's own tests subclass `UpscalerContract` and give its `subject`.

from tests.upscalers.contract import Subject, UpscalerContract

class TestMyUpscaler(UpscalerContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> Subject: ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from renderlock.imaging.pixels import Pixels, Raster
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.recipe import Size
from renderlock.upscalers.base import Detail, Upscaler, UpscalerFacts, UpscalerOptions
from renderlock.upscalers.depth import in_8_bits, in_16_bits
from renderlock.upscalers.tiled import enlarge_whole, plan_enlargement


@dataclass(frozen=True)
class Subject:
    """One upscaler under contract: how it is opened, a quick factor, and its weight files, which may be altered."""

    open: Callable[[UpscalerOptions], Upscaler]
    factor: int
    files: tuple[Path, ...] = ()


@dataclass(frozen=True)
class OtherTiles:
    """An upscaler with tiles of another side."""

    upscaler: Upscaler
    tile_px: int

    @property
    def facts(self) -> UpscalerFacts:
        return replace(self.upscaler.facts, tile_px=self.tile_px)

    def identify(self) -> ModelIdentity:
        return self.upscaler.identify()

    def enlarge(self, pixels: Raster, factor: int) -> Raster:
        return self.upscaler.enlarge(pixels, factor)

    def close(self) -> None:
        self.upscaler.close()


class UpscalerContract:
    has_random_weights = False

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> Subject:
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def upscaler(cls, subject: Subject) -> Iterator[Upscaler]:
        upscaler = subject.open(UpscalerOptions())
        yield upscaler
        upscaler.close()

    def test_the_facts_are_whole(self, upscaler: Upscaler) -> None:
        facts = upscaler.facts
        assert "" not in (facts.summary, facts.licence, facts.weights_from)
        assert facts.scales == tuple(sorted(facts.scales))
        assert facts.tile_px % facts.align_px == 0

    def test_a_patch_grows_by_exactly_the_factor(self, subject: Subject, upscaler: Upscaler, photo: Pixels) -> None:
        enlarged = upscaler.enlarge(photo[:24, :35], subject.factor)
        assert enlarged.dtype == np.uint8
        assert enlarged.shape == (24 * subject.factor, 35 * subject.factor, 3)

    def test_one_pixel_grows_too(self, subject: Subject, upscaler: Upscaler) -> None:
        pixel = np.full((1, 1, 3), 128, np.uint8)
        assert upscaler.enlarge(pixel, subject.factor).shape == (subject.factor, subject.factor, 3)

    def test_16_bits_stay_16_bits(self, subject: Subject, upscaler: Upscaler, photo: Pixels) -> None:
        """A tenth of an 8-bit level is neither lost nor does it change what is drawn."""
        assert upscaler.facts.takes_16_bits
        deep = in_16_bits(photo[:24, :24] // 2 + 64)
        levels = [upscaler.enlarge(deep + np.uint16(offset), subject.factor) for offset in (0, 26)]
        plain = upscaler.enlarge(photo[:24, :24] // 2 + 64, subject.factor).astype(int)
        assert np.abs(in_8_bits(levels[0]).astype(int) - plain).max() <= 1
        if not self.has_random_weights:
            assert 13 < np.median(levels[1].astype(int) - levels[0]) < 39

    def test_the_same_patch_gives_the_same_pixels(self, subject: Subject, upscaler: Upscaler, photo: Pixels) -> None:
        patch = photo[:40, :40]
        other = subject.open(UpscalerOptions(threads=2))
        once, again = upscaler.enlarge(patch, subject.factor), upscaler.enlarge(patch.copy(), subject.factor)
        assert (once == again).all()
        assert (once == other.enlarge(patch, subject.factor)).all()
        other.close()

    def test_a_closed_upscaler_works_again(self, subject: Subject, photo: Pixels) -> None:
        upscaler = subject.open(UpscalerOptions())
        before = upscaler.enlarge(photo[:16, :16], subject.factor)
        upscaler.close()
        assert (upscaler.enlarge(photo[:16, :16], subject.factor) == before).all()

    def test_a_patch_is_not_written_to(self, subject: Subject, upscaler: Upscaler, photo: Pixels) -> None:
        patch = photo[:20, :20].copy()
        patch.setflags(write=False)
        upscaler.enlarge(patch, subject.factor)

    def test_tiles_with_their_halo_are_the_whole(self, subject: Subject, upscaler: Upscaler, photo: Pixels) -> None:
        facts = upscaler.facts
        side = -(-32 // facts.align_px) * facts.align_px
        target = Size(photo.shape[1] * subject.factor, photo.shape[0] * subject.factor)
        whole = upscaler.enlarge(photo, subject.factor)
        tiled = enlarge_whole(photo, target, OtherTiles(upscaler, side), project=False)
        difference = np.abs(tiled.astype(int) - whole)
        assert difference.max() <= facts.tolerance_levels, np.bincount(difference.ravel())

    def test_any_target_is_reached_exactly(self, upscaler: Upscaler, photo: Pixels) -> None:
        assert enlarge_whole(photo[:17, :23], Size(61, 47), upscaler).shape == (47, 61, 3)
        assert enlarge_whole(photo[:17, :23], Size(11, 9), upscaler).shape == (9, 11, 3)

    def test_alpha_is_kept_and_hidden_colour_is_not_seen(self, upscaler: Upscaler) -> None:
        sprite = np.zeros((24, 24, 4), np.uint8)
        sprite[:, :, 0] = 255  # Red where nothing is seen.
        sprite[8:16, 8:16] = (0, 0, 255, 255)
        enlarged = enlarge_whole(sprite, Size(48, 48), upscaler)
        seen = enlarged[:, :, 3] > 200
        assert enlarged.shape == (48, 48, 4)
        assert 200 < seen.sum() < 300
        if not self.has_random_weights:
            assert enlarged[seen][:, 0].max() < 40

    def test_grey_stays_grey(self, upscaler: Upscaler, photo: Pixels) -> None:
        grey = np.repeat(photo[:24, :24, :1], 3, axis=2)
        enlarged = enlarge_whole(grey, Size(48, 48), upscaler)
        assert (enlarged == enlarged[:, :, :1]).all()
        assert enlarge_whole(grey[:, :, :1], Size(48, 48), upscaler).shape == (48, 48, 1)

    def test_the_identity_is_the_same_each_time(self, subject: Subject, upscaler: Upscaler) -> None:
        again = subject.open(UpscalerOptions()).identify()
        assert upscaler.identify() == again
        assert again.engine == "upscale"
        assert again.surface

    def test_the_identity_changes_with_each_weight_file(self, subject: Subject) -> None:
        before = subject.open(UpscalerOptions()).identify().key
        for path in subject.files:
            content = path.read_bytes()
            path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
            try:
                assert subject.open(UpscalerOptions()).identify().key.weights != before.weights
            finally:
                path.write_bytes(content)

    def test_large_targets_take_several_passes(self, upscaler: Upscaler) -> None:
        plan = plan_enlargement(upscaler.facts, Size(10, 10), Size(79, 80))
        if not upscaler.facts.scales:
            assert plan.passes == ()
        else:
            assert plan.factor >= 8
            assert plan.halo_px >= upscaler.facts.halo_px

    def test_what_interpolates_invents_nothing(self, upscaler: Upscaler) -> None:
        assert upscaler.facts.is_learned == (upscaler.facts.detail is not Detail.INTERPOLATED)


class TrainedUpscalerContract(UpscalerContract):
    """The contract of one with the weights it was trained to, or with none."""

    def test_the_picture_stays_the_picture(self, subject: Subject, upscaler: Upscaler, photo: Pixels) -> None:
        """Scaled down again, what it gives is near the source."""
        factor = subject.factor
        large = upscaler.enlarge(photo, factor).astype(float)
        small = large.reshape(photo.shape[0], factor, photo.shape[1], factor, 3).mean(axis=(1, 3))
        inside = slice(8, -8)
        assert np.abs(small - photo)[inside, inside].mean() < (12 if upscaler.facts.detail is Detail.INVENTED else 4)
