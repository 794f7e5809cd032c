"""Composition as work: its recipe names every file by content, and a stored picture is composed once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.imaging.at_once import measure_statistics
from tests.metrics.lettered import ToldReader, line
from tests.store.samples import sample_pixels, sample_render

from renderlock.actions.composing import ComposePlan, compose_recipe
from renderlock.actions.composing_inputs import OverlayFile, read_plan
from renderlock.actions.composing_pictures import (
    MatchWish,
    Result,
    Source,
    TextWish,
    compose_source,
    match_set,
    open_source,
)
from renderlock.actions.composing_stream import compose_picture
from renderlock.errors import FontMissing, InputUnusable, OverlayRefused, RecipeError
from renderlock.imaging.colour import decode_managed, open_profile
from renderlock.imaging.colour_match import apply_correction, solve_correction
from renderlock.imaging.colour_reader import HeldPicture
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.overlay import Overlay
from renderlock.imaging.overlay_fonts import read_fonts
from renderlock.imaging.palette import Palette
from renderlock.imaging.pixels import Pixels, digest_pixels
from renderlock.spec.recipe import Recipe, Size
from renderlock.spec.standing import Standing
from renderlock.spec.verdict import Verdict
from renderlock.store.store import Store

CAMPAIGN = Path(str(files("renderlock.actions"))) / "projects" / "campaign"
SQUARE = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><rect width="2" height="2" fill="#0f0"/></svg>'
GREY = Palette(((0, 0, 0), (128, 128, 128), (255, 255, 255)), "grey")
SIZE = Size(24, 16)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "kept") as store:
        yield store


def composed(kept: Store, address: str, plan: ComposePlan, wish: TextWish | None = None) -> Result:
    """A render of the store composed; nothing is written beside it."""
    return compose_source(open_source(address, kept), plan, Path(), store=kept, wish=wish)


def recipe_of(plan: ComposePlan, source: str = "a" * 64) -> Recipe:
    return compose_recipe(source, SIZE, plan)


def captioned() -> ComposePlan:
    caption = OverlayFile(CAMPAIGN / "caption.svg", anchor="bottom")
    logo = OverlayFile(CAMPAIGN / "logo.svg", anchor="top-right", width=0.14, margin=0.04, blend="multiply")
    return read_plan([caption, logo], fonts=[CAMPAIGN / "fonts"])


def test_a_recipe_says_everything_and_reads_back() -> None:
    plan = replace(captioned(), palette=GREY, dither="ordered")

    recipe = recipe_of(plan)

    assert Recipe.from_json(recipe.to_json()) == recipe
    assert recipe.init is not None
    assert (recipe.init.picture, recipe.init.strength) == ("a" * 64, 1.0)
    assert recipe.model.engine == "compose"
    assert dict(recipe.extras) | {"overlay.2.blend": "multiply", "palette.dither": "ordered"} == dict(recipe.extras)


@pytest.mark.parametrize(
    "change",
    [
        {"overlays": (Overlay(SQUARE, anchor="top"),)},
        {"overlays": (Overlay(SQUARE.replace(b"0f0", b"00f")),)},
        {"overlays": (Overlay(SQUARE), Overlay(SQUARE))},
        {"overlays": (Overlay(SQUARE, opacity=0.5),)},
        {"palette": GREY},
        {"palette": Palette(GREY.colours[::-1])},
        {"icc": open_profile("DisplayP3")},
        {"correction": solve_correction(*[measure_statistics(sample_pixels(n)) for n in (1, 2)], method="reinhard")},
    ],
)
def test_whatever_moves_a_pixel_is_other_work(change: dict[str, object]) -> None:
    plan = ComposePlan(overlays=(Overlay(SQUARE),))

    assert recipe_of(replace(plan, **change)).digest != recipe_of(plan).digest  # type: ignore[arg-type]  # its own fields


def test_the_source_is_part_of_the_work() -> None:
    assert recipe_of(ComposePlan(), "a" * 64).digest != recipe_of(ComposePlan(), "b" * 64).digest


def test_names_of_files_and_unused_fonts_are_not() -> None:
    plain = ComposePlan(overlays=(Overlay(SQUARE, name="a.svg"),), palette=GREY)
    renamed = ComposePlan(
        overlays=(Overlay(SQUARE, name="b.svg"),),
        palette=replace(GREY, name="other"),
        fonts=read_fonts([CAMPAIGN / "fonts"]),
    )

    assert recipe_of(plain).digest == recipe_of(renamed).digest


def test_used_fonts_are_part_of_the_work() -> None:
    plan = captioned()
    other = replace(plan.fonts.files[0], sha256="0" * 64)

    changed = replace(plan, fonts=replace(plan.fonts, files=(other, *plan.fonts.files[1:])))

    assert recipe_of(changed).model.weights != recipe_of(plan).model.weights


def test_a_palette_and_another_profile_do_not_go_together() -> None:
    with pytest.raises(RecipeError, match="sRGB with a palette"):
        ComposePlan(palette=GREY, icc=open_profile("DisplayP3"))


def test_the_correction_is_for_the_picture_and_not_for_what_lies_on_it() -> None:
    dark = sample_pixels(1) // 4
    wish = solve_correction(measure_statistics(dark), measure_statistics(sample_pixels(2)), method="reinhard")

    made = compose_picture(dark, ComposePlan(overlays=(Overlay(SQUARE, anchor="center"),), correction=wish))

    assert (made.pixels[8, 12] == (0, 255, 0)).all()
    outside = apply_correction(dark, wish)
    assert (made.pixels[:, 0] == outside[:, 0]).all()


def test_the_palette_holds_the_overlays_too() -> None:
    made = compose_picture(sample_pixels(1), ComposePlan(overlays=(Overlay(SQUARE),), palette=GREY))

    assert {tuple(colour) for colour in made.pixels.reshape(-1, 3).tolist()} <= set(GREY.colours)
    assert (decode_picture(made.png) == made.pixels).all()


def test_a_render_is_composed_into_a_render_of_its_own_once(kept: Store) -> None:
    record = kept.put(sample_render(1))
    plan = ComposePlan(overlays=(Overlay(SQUARE),))

    first, second = composed(kept, record.address, plan), composed(kept, record.address, plan)

    assert first.record is not None
    assert first.record == second.record
    assert (first.composed is None, second.composed is None) == (False, True)
    assert first.record.origin == replace(record.origin, step="compose")
    assert dict(first.record.source)["composed_from"] == record.address
    assert first.recipe.init is not None
    assert first.recipe.init.picture == record.pixels
    assert first.record.digest == first.recipe.digest
    assert second.path == first.path == kept.path_of(first.record)


def test_a_palette_survives_in_the_store(kept: Store) -> None:
    record = kept.put(sample_render(1))

    made = composed(kept, record.address, ComposePlan(palette=GREY)).record

    assert made is not None
    with Image.open(kept.path_of(made)) as picture:
        assert picture.mode == "P"
        assert (picture.getpalette("RGB") or [])[:9] == [level for colour in GREY.colours for level in colour]
        picture.load()
        assert '"compose"' in picture.info["renderlock"]


@pytest.mark.parametrize("standing", [Standing.PRODUCTION, Standing.SANDBOX])
def test_a_composition_has_the_standing_of_its_source(kept: Store, standing: Standing) -> None:
    record = kept.put(sample_render(1, standing=standing))

    made = composed(kept, record.address, ComposePlan(overlays=(Overlay(SQUARE),)))

    assert made.record is not None
    assert made.record.standing is standing


def test_the_verdict_on_texts_is_kept_with_the_render(kept: Store) -> None:
    record = kept.put(sample_render(1))
    reader = ToldReader([[line("SAIL", height=12)]])

    result = composed(kept, record.address, ComposePlan(), TextWish(["SAIL", "MORE"], reader))

    assert result.record is not None
    (event,) = kept.events(result.record.address)
    assert event.kind == "verdict"
    verdict = Verdict.from_pairs(dict(event.fields))
    assert (verdict.gate, verdict.passed) == ("text", False)
    assert verdict == result.verdict


def test_a_file_in_another_profile_is_composed_as_srgb(tmp_path: Path) -> None:
    pixels = sample_pixels(3)
    p3 = compose_picture(pixels, ComposePlan(icc=open_profile("DisplayP3")))
    (tmp_path / "p3.png").write_bytes(p3.png)

    source = open_source(str(tmp_path / "p3.png"), None)

    assert "to sRGB" in source.picture.notes[0]
    result = compose_source(source, ComposePlan(), tmp_path / "out.png", store=None)
    assert np.abs(decode_managed(result.path.read_bytes()).pixels.astype(int) - pixels).mean() < 1
    assert result.record is None


def test_a_name_that_is_nothing_says_what_to_name() -> None:
    with pytest.raises(InputUnusable, match="no such file, and no store here"):
        open_source("rl-nothing", None)


def source_of(pixels: Pixels) -> Source:
    return Source(digest_pixels(pixels)[:6], HeldPicture(pixels))


def test_a_set_is_brought_together_by_its_mean() -> None:
    plain = np.clip(sample_pixels(1, width=60, height=40), 60, 200)
    warm = (plain * np.array([1.0, 0.8, 0.6])).astype(np.uint8)

    found = match_set([source_of(pixels) for pixels in (plain, warm, plain // 2)], ComposePlan(), MatchWish("set"))

    assert len({plan.correction for plan in found.plans}) == 3
    for matched in found.matched:
        assert matched.mean_after < 0.4 * matched.mean_before
        assert matched.palette_after < matched.palette_before


def test_a_picture_is_brought_to_a_reference(tmp_path: Path) -> None:
    reference, dark = sample_pixels(2) // 2 + 60, sample_pixels(1) // 3
    Image.fromarray(reference).save(tmp_path / "reference.png")
    wish = MatchWish(str(tmp_path / "reference.png"), method="reinhard")

    found = match_set([source_of(dark)], ComposePlan(), wish)

    wanted = solve_correction(measure_statistics(dark), measure_statistics(reference), method="reinhard")
    assert found.plans == (ComposePlan(correction=wanted),)
    assert found.matched[0].mean_after < 0.2 * found.matched[0].mean_before


def test_one_picture_is_no_set() -> None:
    with pytest.raises(InputUnusable, match="one picture is no set"):
        match_set([source_of(sample_pixels(1))], ComposePlan(), MatchWish("set"))


def test_the_campaigns_caption_needs_its_fonts() -> None:
    with pytest.raises(FontMissing, match=r"caption\.svg:12: .*'Red Hat Display'"):
        read_plan([OverlayFile(CAMPAIGN / "caption.svg")])


def test_a_plan_is_checked_before_anything_is_composed(tmp_path: Path) -> None:
    (tmp_path / "bad.svg").write_bytes(SQUARE.replace(b"<rect", b"<script/><rect"))

    with pytest.raises(OverlayRefused, match=r"bad\.svg:1: "):
        read_plan([OverlayFile(tmp_path / "bad.svg")])
    with pytest.raises(InputUnusable):
        read_plan([OverlayFile(tmp_path / "missing.svg")])
