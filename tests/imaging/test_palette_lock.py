"""Palette lock: every pixel in the palette, the file's palette in its order, and an honest measure of the loss."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from skimage import data
from skimage.color import deltaE_ciede2000, rgb2lab
from tests.imaging.at_once import encode_indexed, lock_to_palette, report_palette

from renderlock.imaging.colour_spaces import oklab_from_srgb, srgb_from_linear
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.palette import Dither, Palette
from renderlock.imaging.palette_lut import cells_of, nearest_table, weighted
from renderlock.imaging.pixels import Pixels

PICO8 = (
    "000000 1d2b53 7e2553 008751 ab5236 5f574f c2c3c7 fff1e8 ff004d ffa300 ffec27 00e436 29adff 83769c ff77a8 ffccaa"
)
DITHERS: tuple[Dither, ...] = ("none", "ordered", "diffusion")
LEVELS = st.integers(0, 255)
PALETTES = st.sampled_from(
    [
        Palette(((3, 200, 90),)),
        Palette(((0, 0, 0), (0, 0, 1), (255, 255, 255))),
        Palette(((100, 100, 100), (101, 101, 101), (102, 102, 102), (250, 10, 10), (8, 9, 200))),
    ]
)


def pico8() -> Palette:
    red_green_blue = [bytes.fromhex(word) for word in PICO8.split()]
    return Palette(tuple((one[0], one[1], one[2]) for one in red_green_blue))


def photograph() -> Pixels:
    return np.ascontiguousarray(data.astronaut()[::2, ::2])


@pytest.mark.parametrize("dither", DITHERS)
@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([3, 4]))), PALETTES)
@settings(max_examples=settings().max_examples // 4)
def test_every_opaque_pixel_has_a_palette_colour(dither: Dither, pixels: Pixels, palette: Palette) -> None:
    locked = lock_to_palette(pixels, palette, dither=dither).to_pixels()

    opaque = np.ones(pixels.shape[:2], dtype=bool) if pixels.shape[2] == 3 else pixels[..., 3] >= 128
    assert {tuple(colour) for colour in locked[opaque][:, :3].tolist()} <= set(palette.colours)
    if locked.shape[2] == 4:
        assert (locked[..., 3] == np.where(opaque, 255, 0)).all()
    else:
        assert opaque.all()


@pytest.mark.parametrize("dither", ["none", "ordered"])
@given(st.lists(st.tuples(LEVELS, LEVELS, LEVELS), min_size=1, max_size=12, unique=True))
@settings(max_examples=settings().max_examples // 10)
def test_a_pixel_of_a_palette_colour_keeps_it(dither: Dither, colours: list[tuple[int, int, int]]) -> None:
    palette = Palette(tuple(colours))
    own = palette.rgb[None]

    assert (lock_to_palette(own, palette, dither=dither).to_pixels() == own).all()


def test_colours_closer_than_a_cell_are_told_apart() -> None:
    close = Palette(((100, 100, 100), (101, 101, 101), (102, 102, 102)))

    assert lock_to_palette(close.rgb[None], close, dither="none").indices.tolist() == [[0, 1, 2]]


def test_nearest_is_nearest_in_weighted_oklab_to_within_a_cell() -> None:
    palette, pixels = pico8(), photograph()[::4, ::4]

    chosen = weighted(oklab_from_srgb(lock_to_palette(pixels, palette, dither="none").to_pixels()))

    wanted = weighted(oklab_from_srgb(pixels))
    every = np.linalg.norm(wanted[..., None, :] - weighted(oklab_from_srgb(palette.rgb)), axis=-1)
    excess = np.linalg.norm(wanted - chosen, axis=-1) - every.min(axis=-1)
    assert excess.max() < 0.03, f"largest {excess.max():.4f}, 99th percentile {np.percentile(excess, 99):.4f}"
    assert (excess > 1e-6).mean() < 0.05


def test_hues_are_kept_better_than_by_the_nearest_in_rgb() -> None:
    pixels, palette = photograph(), pico8()

    ours = report_palette(pixels, lock_to_palette(pixels, palette, dither="none"))

    apart = ((pixels[:, :, None].astype(int) - palette.rgb.astype(int)) ** 2).sum(axis=-1)
    by_rgb = deltaE_ciede2000(rgb2lab(pixels), rgb2lab(palette.rgb[apart.argmin(axis=-1)])).mean()
    assert ours.mean < 0.95 * by_rgb


@pytest.mark.parametrize(("dither", "gain"), [("ordered", 0.75), ("diffusion", 0.7)])
def test_dithering_looks_nearer_from_afar(dither: Dither, gain: float) -> None:
    pixels, palette = photograph(), pico8()

    plain, dithered = (report_palette(pixels, lock_to_palette(pixels, palette, dither=d)) for d in ("none", dither))

    assert dithered.seen_mean < gain * plain.seen_mean
    assert dithered.mean == plain.mean


def test_the_ordered_pattern_stays_where_it_is_when_the_picture_is_cut() -> None:
    pixels, palette = photograph(), pico8()

    whole = lock_to_palette(pixels, palette, dither="ordered").indices
    part = lock_to_palette(pixels[64:, 40:], palette, dither="ordered").indices

    assert (whole[64:, 40:] == part).all()


def test_error_diffusion_is_what_a_loop_over_pixels_gives() -> None:
    grey = Palette(((0, 0, 0), (255, 255, 255)))
    ramp = np.repeat(np.linspace(0, 255, 40).astype(np.uint8)[None, :, None], 30, axis=0).repeat(3, axis=2)

    by_diagonals = lock_to_palette(ramp, grey, dither="diffusion").indices

    assert (by_diagonals == _diffused_by_a_loop(ramp, grey)).mean() > 0.99


def _diffused_by_a_loop(pixels: Pixels, palette: Palette) -> Pixels:
    """Floyd and Steinberg's algorithm as they wrote it, to black and white in linear light."""
    table = nearest_table(palette)
    value = pixels[..., 0] / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    errors = np.zeros((linear.shape[0] + 1, linear.shape[1] + 2))
    out = np.zeros(linear.shape, dtype=np.uint8)
    for y, x in np.ndindex(*linear.shape):
        wanted = np.clip(linear[y, x] + np.clip(errors[y, x + 1], -0.2, 0.2), 0, 1)
        level = srgb_from_linear(np.full(3, wanted, dtype=np.float32))
        out[y, x] = table[cells_of(level)]
        error = wanted - out[y, x]
        errors[y, x + 2] += error * 7 / 16
        errors[y + 1, x : x + 3] += error * np.array([3, 5, 1]) / 16
    return out


def test_errors_run_on_from_band_to_band() -> None:
    grey = Palette(((0, 0, 0), (255, 255, 255)))
    tall = np.full((1100, 16, 3), 90, dtype=np.uint8)

    shares = lock_to_palette(tall, grey, dither="diffusion").indices.reshape(-1, 50, 16).mean(axis=(1, 2))

    assert np.ptp(shares) < 0.02


def test_alpha_is_hard_and_transparent_pixels_take_the_last_entry() -> None:
    pixels = np.zeros((1, 4, 4), dtype=np.uint8)
    pixels[0, :, 3] = (0, 127, 128, 255)

    locked = lock_to_palette(pixels, pico8(), dither="none")

    assert locked.transparent == 16
    assert locked.indices.tolist() == [[16, 16, 0, 0]]


def test_a_full_palette_leaves_no_room_for_transparency() -> None:
    full = Palette(tuple((level, 0, 0) for level in range(256)))

    with pytest.raises(ValueError, match="255 colours at most"):
        lock_to_palette(np.zeros((2, 2, 4), dtype=np.uint8), full, dither="none")


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 16, 17, 256])
@pytest.mark.parametrize("width", [1, 7, 33])
def test_the_file_holds_the_palette_in_its_order_and_every_pixel(count: int, width: int) -> None:
    palette = Palette(tuple((255 - level, level, level // 2) for level in range(count)))
    pixels = np.random.default_rng(count).integers(0, 256, (5, width, 3), dtype=np.uint8)
    locked = lock_to_palette(pixels, palette, dither="none")

    written = encode_indexed(locked, {"key": "a text: ø"})

    with Image.open(io.BytesIO(written)) as picture:
        assert picture.mode == "P"
        assert (picture.getpalette("RGB") or [])[: 3 * count] == palette.rgb.ravel().tolist()
        assert (np.asarray(picture) == locked.indices).all()
        picture.load()
        assert picture.info["key"] == "a text: ø"
    assert (decode_picture(written) == locked.to_pixels()).all()


def test_a_file_with_transparent_pixels_decodes_to_hard_alpha() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (20, 20, 4), dtype=np.uint8)
    locked = lock_to_palette(pixels, pico8(), dither="none")

    decoded = decode_picture(encode_indexed(locked, {}))

    assert (decoded == locked.to_pixels()).all()
    assert set(np.unique(decoded[..., 3])) == {0, 255}


def test_the_report_counts_what_was_in_the_palette_and_names_the_worst_colour() -> None:
    palette = Palette(((0, 0, 0), (255, 255, 255)))
    pixels = np.array([[[0, 0, 0], [255, 255, 255], [255, 255, 255], [255, 0, 0]]], dtype=np.uint8)

    report = report_palette(pixels, lock_to_palette(pixels, palette, dither="none"))

    red = rgb2lab(np.array([255, 0, 0], dtype=np.uint8))
    nearest = min(float(deltaE_ciede2000(red, rgb2lab(colour))) for colour in palette.rgb)
    assert report.share_in_palette == 0.75
    assert report.worst_colour == (255, 0, 0)
    assert report.worst == pytest.approx(nearest, abs=1e-6)
    assert report.mean == pytest.approx(report.worst / 4)
    assert report.used == 2
