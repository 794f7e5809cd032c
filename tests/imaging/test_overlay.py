"""Overlays as they come to lie on pictures: place, sharpness, transparency, and the pixels around them."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.imaging.svg_samples import FAMILY, block, fonts, svg

from renderlock.errors import RecipeError
from renderlock.imaging.overlay import ANCHORS, Anchor, Overlay, Placement, compose, place, read_drawing, strips_of
from renderlock.imaging.overlay_blend import blend_rows
from renderlock.imaging.overlay_fonts import Fonts
from renderlock.imaging.overlay_raster import DrawingLimits, drawn
from renderlock.imaging.pixels import Pixels

SHARES = st.floats(0.01, 1)
MARGINS = st.floats(0, 0.5)


def ground(width: int = 200, height: int = 100, level: int = 100) -> Pixels:
    return np.full((height, width, 3), level, dtype=np.uint8)


def placed(anchor: Anchor, width: int, height: int, *, share: float = 0.2, margin: float = 0.1) -> Placement:
    overlay = Overlay(block("#fff"), anchor=anchor, width_share=share, margin_share=margin)
    return place(read_drawing(overlay, Fonts()), width, height)


@pytest.mark.parametrize(
    ("anchor", "left", "top"),
    [
        ("top-left", 10, 10),
        ("top", 80, 10),
        ("top-right", 150, 10),
        ("left", 10, 40),
        ("center", 80, 40),
        ("right", 150, 40),
        ("bottom-left", 10, 70),
        ("bottom", 80, 70),
        ("bottom-right", 150, 70),
    ],
)
def test_the_nine_anchors_keep_the_margin_of_the_shorter_side(anchor: Anchor, left: int, top: int) -> None:
    assert placed(anchor, 200, 100) == Placement(left, top, 40, 20)


def test_full_is_the_whole_picture() -> None:
    drawing = read_drawing(Overlay(block("#fff")), Fonts())

    assert place(drawing, 300, 700) == Placement(0, 0, 300, 700)


def test_a_drawing_too_high_for_the_picture_is_made_smaller() -> None:
    assert placed("center", 1000, 100, share=1.0, margin=0.1) == Placement(420, 10, 160, 80)


@given(
    st.sampled_from([anchor for anchor in ANCHORS if anchor != "full"]),
    st.integers(1, 4000),
    st.integers(1, 4000),
    SHARES,
    MARGINS,
)
def test_a_drawing_lies_inside_every_picture(
    anchor: Anchor, width: int, height: int, share: float, margin: float
) -> None:
    at = placed(anchor, width, height, share=share, margin=margin)

    assert at.width >= 1
    assert at.height >= 1
    assert 0 <= at.left <= width - at.width
    assert 0 <= at.top <= height - at.height


@pytest.mark.parametrize(
    ("field", "value"),
    [("width_share", 0.0), ("width_share", 1.1), ("margin_share", 0.6), ("opacity", 1.5), ("anchor", "middle"),
     ("blend", "dissolve")],
)  # fmt: skip
def test_a_placement_out_of_range_is_refused(field: str, value: object) -> None:
    with pytest.raises(RecipeError):
        Overlay(**{"svg": b"", "anchor": "top", field: value})  # type: ignore[arg-type]  # that is what is tested


def test_full_takes_no_share_and_no_margin() -> None:
    with pytest.raises(RecipeError, match="with anchor full"):
        Overlay(b"", anchor="full", margin_share=0.1)


def test_pixels_outside_the_drawing_stay_bit_for_bit() -> None:
    before = np.random.default_rng(1).integers(0, 256, (100, 200, 3), dtype=np.uint8)

    after = compose(before, [Overlay(block("#0f0"), anchor="top-left", width_share=0.2)], Fonts())

    assert (after[:20, :40] == (0, 255, 0)).all()
    after[:20, :40] = before[:20, :40]
    assert (after == before).all()


def test_the_given_picture_is_not_changed() -> None:
    before = ground()

    compose(before, [Overlay(block("#0f0"))], Fonts())

    assert (before == 100).all()


def test_later_overlays_lie_on_earlier_ones() -> None:
    after = compose(ground(), [Overlay(block("#0f0")), Overlay(block("#00f"))], Fonts())

    assert (after == (0, 0, 255)).all()


def test_opacity_mixes_by_its_share() -> None:
    after = compose(ground(level=100), [Overlay(block("#c8c8c8"), opacity=0.25)], Fonts())

    assert (after == 125).all()


def test_an_edge_is_one_pixel_wide_at_every_size() -> None:
    half = svg('<rect width="50" height="50" fill="#fff"/>')

    for width in (100, 1000, 4000):
        row = compose(ground(width, 20, 0), [Overlay(half, anchor="top", width_share=1)], Fonts())[5, :, 0]
        assert np.count_nonzero((row > 0) & (row < 255)) <= 1


def test_a_drawing_without_a_view_box_is_scaled_and_not_cut() -> None:
    body = '<rect width="100%" height="100%" fill="#fff"/>'
    plain = f'<svg xmlns="http://www.w3.org/2000/svg" width="10mm" height="5mm">{body}</svg>'.encode()

    assert (compose(ground(), [Overlay(plain)], Fonts()) == 255).all()


def test_a_picture_of_many_bands_is_composed_as_one() -> None:
    overlay = Overlay(svg('<circle cx="50" cy="25" r="24" fill="#f80" opacity="0.7"/>'), blend="multiply")
    before, at_once = ground(2000, 1200), ground(2000, 1200)
    with drawn(read_drawing(overlay, Fonts()).root, 2000, 1200, fonts=Fonts(), file="a.svg") as raster:
        blend_rows(at_once, raster.read_rows(0, 1200), opacity=1, mode="multiply")

    assert (compose(before, [overlay], Fonts()) == at_once).all()


def test_a_transparent_picture_takes_the_alpha_of_what_lies_on_it() -> None:
    clear = np.zeros((50, 100, 4), dtype=np.uint8)

    after = compose(clear, [Overlay(block("#ff8000"), opacity=0.5)], Fonts())

    assert (after[..., :3] == (255, 128, 0)).all()
    assert (after[..., 3] == 128).all()


def test_text_is_drawn_with_the_fonts_given() -> None:
    words = svg(f'<text x="2" y="35" font-family="{FAMILY}" font-weight="900" font-size="30" fill="#fff">Ahoy</text>')

    drawn = compose(ground(level=0), [Overlay(words)], fonts())

    assert 0.05 < (drawn[..., 0] > 128).mean() < 0.5


def test_the_same_drawing_gives_the_same_pixels() -> None:
    words = svg(f'<text x="2" y="35" font-family="{FAMILY}" font-weight="500" font-size="30">Ahoy</text>')

    first, second = (compose(ground(), [Overlay(words)], fonts()) for _ in range(2))

    assert (first == second).all()


def test_a_small_embedded_picture_is_drawn() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), (255, 0, 0)).save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    image = svg(f'<image href="data:image/png;base64,{data}" width="100" height="50" preserveAspectRatio="none"/>')

    assert (compose(ground(), [Overlay(image)], Fonts())[50, 100] == (255, 0, 0)).all()


def test_a_drawing_in_strips_is_the_drawing_but_for_the_last_bits_of_edges() -> None:
    body = '<circle cx="50" cy="50" r="45" fill="#f80" fill-opacity="0.7"/><path d="M0 0L100 90" stroke="#04c"/>'
    drawing = read_drawing(Overlay(svg(f"<style>svg {{ fill: red }}</style>{body}", box="0 0 100 100")), Fonts())
    found = []
    for strip_px in (10**6, 600 * 130):
        limits = DrawingLimits(strip_px=strip_px)
        with drawn(drawing.root, 600, 600, fonts=Fonts(), file="a.svg", limits=limits) as raster:
            parts = [raster.read_rows(top, min(top + 97, 600)) for top in range(0, 600, 97)]
        rows = np.concatenate(parts).astype(int)
        found.append(rows[..., :3] * rows[..., 3:] // 255)

    apart = np.abs(found[0] - found[1]).max(axis=2)
    assert (apart > 0).mean() < 0.005
    assert apart.max() < 64


def test_only_large_drawings_are_drawn_in_strips() -> None:
    drawing = read_drawing(Overlay(block("red")), Fonts())

    assert [strips_of(drawing, Placement(0, 0, side, side)) for side in (4096, 8192, 32768)] == [1, 4, 64]


@pytest.mark.parametrize("word", ['opacity="0.5"', 'style="filter: blur(3px)"', 'clip-path="url(#c)"'])
def test_a_drawing_with_effects_is_drawn_at_once(word: str) -> None:
    drawing = read_drawing(Overlay(svg(f'<g id="c"/><g {word}><rect width="9" height="9"/></g>')), Fonts())

    assert strips_of(drawing, Placement(0, 0, 16384, 16384)) == 1
