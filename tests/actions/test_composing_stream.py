"""The composed file: the same for bands of any height, in 8 and 16 bits, with a palette and in a profile."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data
from tests.imaging.at_once import lock_to_palette, measure_statistics
from tests.imaging.svg_samples import fonts, svg

from renderlock.actions.composing import ComposePlan
from renderlock.actions.composing_stream import ComposedFile, Writing, compose_file
from renderlock.errors import FormatTooNarrow, InputUnusable
from renderlock.imaging.colour import convert_to, open_profile
from renderlock.imaging.colour_match import apply_correction, solve_correction
from renderlock.imaging.colour_reader import HeldPicture, open_picture
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.overlay import Overlay, compose
from renderlock.imaging.palette import Dither, Palette
from renderlock.imaging.palette_files import read_palette
from renderlock.imaging.pixels import Pixels, Raster, digest_pixels

CAMPAIGN = Path(str(files("renderlock.actions"))) / "projects" / "campaign"
DISC = svg('<circle cx="50" cy="25" r="24" fill="#f80" fill-opacity="0.6"/>')
TITLE = svg('<text x="4" y="40" font-family="Red Hat Display" font-weight="900" font-size="36">AUTUMN</text>')
OVERLAYS = (Overlay(DISC, blend="multiply"), Overlay(TITLE, anchor="bottom", width_share=0.8, margin_share=0.05))


def picture(*, alpha: bool = False, wide: bool = False) -> Raster:
    """A photograph 90 pixels wide and 600 high, more than a block of error diffusion."""
    pixels = np.tile(data.coffee()[:300, :90], (2, 1, 1))
    if alpha:
        ramp = np.linspace(0, 255, 90).astype(np.uint8)
        pixels = np.dstack([pixels, np.broadcast_to(ramp, pixels.shape[:2])])
    return pixels.astype(np.uint16) * 257 + 11 if wide else pixels


def plan() -> ComposePlan:
    source, target = measure_statistics(data.coffee()), measure_statistics(data.astronaut())
    correction = solve_correction(source, target, method="monge-kantorovich")
    return ComposePlan(overlays=OVERLAYS, fonts=fonts(), correction=correction)


def brand() -> Palette:
    return read_palette(CAMPAIGN / "brand.gpl")


def composed(pixels: Raster, wanted: ComposePlan, rows: int) -> tuple[bytes, ComposedFile]:
    with TemporaryDirectory() as folder:
        writing = Writing({"key": "text"}, keeps_pixels=True, band_rows=rows)
        done = compose_file(HeldPicture(pixels), wanted, Path(folder) / "out.png", writing)
        return done.path.read_bytes(), done


@pytest.mark.parametrize(
    ("wanted", "alpha", "wide"),
    [
        (plan(), False, False),
        (plan(), True, False),
        (plan(), True, True),
        (replace(plan(), icc=open_profile("DisplayP3")), False, True),
        (replace(plan(), palette=brand()), True, False),
        (replace(plan(), palette=brand(), dither="ordered"), False, False),
        (replace(plan(), palette=brand(), dither="diffusion"), True, False),
    ],
)
@settings(max_examples=2)
@given(rows=st.integers(25, 599))
def test_bands_of_any_height_make_the_same_file(wanted: ComposePlan, alpha: bool, wide: bool, rows: int) -> None:
    pixels = picture(alpha=alpha, wide=wide)

    whole, at_once = composed(pixels, wanted, 600)
    banded, in_bands = composed(pixels, wanted, rows)

    assert banded == whole
    assert (in_bands.pixels_digest, in_bands.palette) == (at_once.pixels_digest, at_once.palette)
    assert in_bands.seen is not None
    assert at_once.seen is not None
    assert (in_bands.seen == at_once.seen).all()


@pytest.mark.parametrize("dither", ["none", "ordered", "diffusion"])
def test_the_file_is_what_each_step_makes_of_the_whole_picture(dither: Dither) -> None:
    pixels: Pixels = picture(alpha=True).astype(np.uint8)
    wanted = replace(plan(), palette=brand(), dither=dither)
    assert wanted.correction is not None

    laid = compose(apply_correction(pixels, wanted.correction), OVERLAYS, fonts()).astype(np.uint8)
    locked = lock_to_palette(laid, brand(), dither=wanted.dither).to_pixels()

    data, done = composed(pixels, wanted, 64)
    assert (decode_picture(data) == locked).all()
    assert (done.pixels_digest, done.source_digest) == (digest_pixels(locked), digest_pixels(pixels))


def test_sixteen_bits_are_blended_in_sixteen(tmp_path: Path) -> None:
    ramp = np.linspace(20000, 21000, 300).astype(np.uint16)
    pixels = np.broadcast_to(ramp[None, :, None], (150, 300, 3))
    half = Overlay(svg('<rect width="100" height="50" fill="#fff" fill-opacity="0.5"/>'))

    done = compose_file(HeldPicture(pixels), ComposePlan((half,)), tmp_path / "out.tif", Writing({}, band_rows=7))

    found = pyvips.Image.new_from_file(str(done.path)).numpy()
    # Half of white by an alpha of 128 in 255.
    wanted = pixels + (65535 - pixels.astype(float)) * 128 / 255
    assert found.dtype == np.uint16
    assert np.abs(found - wanted).max() <= 1
    assert len(np.unique(found)) > 250


def test_sixteen_bits_go_through_profiles_in_and_out(tmp_path: Path) -> None:
    wide = picture(wide=True)[:64].astype(np.uint16)
    p3 = open_profile("DisplayP3")

    compose_file(HeldPicture(wide), ComposePlan(icc=p3), tmp_path / "p3.png", Writing({}))
    back = open_picture(tmp_path / "p3.png")

    (pixels,) = back.bands(64)
    assert (back.bits, back.profile) == (16, "sP3C")
    assert np.abs(pixels.astype(int) - wide).mean() < 40
    assert not (convert_to(wide, p3) == wide).all()


def test_a_palette_without_room_for_transparency_leaves_no_file(tmp_path: Path) -> None:
    full = Palette(tuple((level, 0, 0) for level in range(256)), "full.hex")

    with pytest.raises(InputUnusable, match=r"full\.hex.*255 colours at most"):
        compose_file(HeldPicture(picture(alpha=True)), ComposePlan(palette=full), tmp_path / "out.png", Writing({}))

    assert list(tmp_path.iterdir()) == []


def test_a_palette_needs_a_format_that_keeps_it(tmp_path: Path) -> None:
    with pytest.raises(FormatTooNarrow, match="WebP holds plain colours"):
        compose_file(HeldPicture(picture()), ComposePlan(palette=brand()), tmp_path / "out.webp", Writing({}))
