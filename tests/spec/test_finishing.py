from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from renderlock.errors import Problem
from renderlock.spec.finishing import RUNGS, Finishing, OverlayChoice, PaletteChoice
from renderlock.spec.pipeline import finishing_for, texts_for
from renderlock.spec.pipeline_file import load_pipeline

Write = Callable[[str], Path]
ProblemsOf = Callable[[str], Sequence[Problem]]

HEAD = "review_model: m\nassets: [{name: hero, prompt: a cat}]\n"


def finishing_of(write_pipeline: Write, keys: str) -> tuple[Path, Finishing]:
    path = write_pipeline(f"{HEAD}steps:\n  - {{name: final, model: review, {keys}}}\n")
    return path.parent, load_pipeline(path).steps[0].finishing


def test_a_step_without_finishing_keys_takes_every_rung_in_the_default_order(write_pipeline: Write) -> None:
    _, finishing = finishing_of(write_pipeline, "size: 512")

    assert finishing == Finishing()
    assert finishing.memory_ladder == RUNGS


def test_a_path_alone_is_an_overlay_that_covers_the_picture(write_pipeline: Write) -> None:
    folder, finishing = finishing_of(write_pipeline, "overlay: banner.svg, palette: brand.gpl")

    assert finishing.overlays == (OverlayChoice(folder / "banner.svg"),)
    assert finishing.palette == PaletteChoice(folder / "brand.gpl", "none")


def test_overlays_come_in_the_order_they_are_laid_with_shares_as_numbers_or_percent(write_pipeline: Write) -> None:
    logo = "{file: logo.svg, anchor: bottom-right, width: 25%, margin: 0.04, opacity: 0.9, blend: multiply}"

    folder, finishing = finishing_of(write_pipeline, f"overlay: [banner.svg, {logo}]")

    assert finishing.overlays == (
        OverlayChoice(folder / "banner.svg"),
        OverlayChoice(folder / "logo.svg", "bottom-right", 0.25, 0.04, 0.9, "multiply"),
    )


def test_every_other_finishing_key_arrives(write_pipeline: Write) -> None:
    keys = (
        "tiles: 3x2, tile_overlap: 64, memory_ladder: [lower-resolution, vae-tiling], icc: DisplayP3,"
        " match: look.png, palette: {file: a.hex, dither: ordered}"
    )

    folder, finishing = finishing_of(write_pipeline, keys)

    assert (finishing.tiles, finishing.tile_overlap, finishing.icc) == ("3x2", 64, "DisplayP3")
    assert finishing.memory_ladder == ("lower-resolution", "vae-tiling")
    assert finishing.match == folder / "look.png"
    assert finishing.palette == PaletteChoice(folder / "a.hex", "ordered")


def test_a_step_with_an_overlay_by_locale_becomes_one_step_a_locale(write_pipeline: Write) -> None:
    steps = (
        "locales: [en, de]\nsteps:\n  - {name: final, model: review, overlay: 'banner.${locale}.svg'}\n"
        "  - {name: print, model: review, needs: final}\n"
    )

    pipeline = load_pipeline(write_pipeline(HEAD + steps))

    assert [step.name for step in pipeline.steps] == ["final-en", "final-de", "print"]
    files = [overlay.file.name for step in pipeline.steps for overlay in step.finishing.overlays]
    assert files == ["banner.en.svg", "banner.de.svg"]
    assert pipeline.steps[2].needs == ("final-en", "final-de")
    assert {step.name for step in pipeline.ordered_steps[:2]} == {"final-en", "final-de"}


def test_an_assets_own_overlay_and_palette_take_the_place_of_the_steps_in_finals_only(write_pipeline: Write) -> None:
    text = (
        "review_model: r\nfinal_model: f\nassets: [{name: hero, prompt: a cat, overlay: own.svg, palette: own.gpl}]\n"
        "steps:\n  - {name: quick, model: review, overlay: step.svg}\n"
        "  - {name: final, model: final, overlay: step.svg, icc: sRGB}\n"
    )
    pipeline = load_pipeline(write_pipeline(text))

    quick, final = (finishing_for(pipeline.assets[0], step) for step in pipeline.steps)

    assert [overlay.file.name for overlay in quick.overlays] == ["step.svg"]
    assert [overlay.file.name for overlay in final.overlays] == ["own.svg"]
    assert (quick.palette, final.icc) == (None, "sRGB")
    assert final.palette is not None
    assert final.palette.file.name == "own.gpl"


def test_an_assets_overlay_by_locale_makes_the_final_steps_differ_by_locale(write_pipeline: Write) -> None:
    text = (
        "review_model: r\nfinal_model: f\nlocales: [en, de]\n"
        "assets: [{name: hero, prompt: a cat, overlay: '${locale}.svg'}]\n"
        "steps: [{name: quick, model: review}, {name: final, model: final}]\n"
    )
    pipeline = load_pipeline(write_pipeline(text))

    files = {step.name: finishing_for(pipeline.assets[0], step).overlays for step in pipeline.steps}

    assert {name: [one.file.name for one in overlays] for name, overlays in files.items()} == {
        "quick": [],
        "final-en": ["en.svg"],
        "final-de": ["de.svg"],
    }


def test_a_variable_called_locale_keeps_its_value(write_pipeline: Write) -> None:
    steps = "vars: {locale: fr}\nsteps:\n  - {name: final, model: review, overlay: 'banner.${locale}.svg'}\n"

    pipeline = load_pipeline(write_pipeline(HEAD + steps))

    assert [overlay.file.name for overlay in pipeline.steps[0].finishing.overlays] == ["banner.fr.svg"]


@pytest.mark.parametrize(
    ("top", "step", "key"),
    [
        ("locales: [en]", "overlay: banner.svg", "locales"),
        ("locales: [en, en]", "overlay: '${locale}.svg'", "locales[1]"),
        ("locales: [e]", "overlay: '${locale}.svg'", "locales[0]"),
        ("locales: []", "overlay: '${locale}.svg'", "locales"),
        ("vars: {a: b}", "overlay: '${locale}.svg'", "steps[0].overlay"),
        ("locales: [en]", "overlay: '${locale}.svg', sampler: '${locale}'", "steps[0].sampler"),
        ("upscalers: {photo: 5}", "size: 64", "upscalers.photo"),
        ("upscalers: waifu2x", "size: 64", "upscalers"),
    ],
)
def test_locales_that_cannot_be_used_are_named(problems_of: ProblemsOf, top: str, step: str, key: str) -> None:
    problems = problems_of(f"{HEAD}{top}\nsteps:\n  - {{name: final, model: review, {step}}}\n")

    assert key in {problem.key for problem in problems}


LOCAL_ASSET = "review_model: r\nfinal_model: f\nassets: [{{name: hero, prompt: a cat, text: {text}}}]\n"
LOCAL_STEPS = "locales: [en, de]\nsteps: [{name: final, model: final, overlay: 'b.${locale}.svg'}]\n"


def test_texts_by_locale_are_wanted_in_the_step_of_their_locale_only(write_pipeline: Write) -> None:
    text = LOCAL_ASSET.format(text="{en: [Sale, Now], de: [Rabatt]}") + LOCAL_STEPS
    pipeline = load_pipeline(write_pipeline(text))

    wanted = {step.locale: texts_for(pipeline.assets[0], step) for step in pipeline.steps}

    assert wanted == {"en": ("Sale", "Now"), "de": ("Rabatt",)}


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("{en: [Sale]}", LOCAL_STEPS),
        ("{en: [Sale], de: [Rabatt], fr: [Soldes]}", LOCAL_STEPS),
        ("{en: [Sale], de: []}", LOCAL_STEPS),
        ("{en: Sale, de: Rabatt}", LOCAL_STEPS),
        ("{en: [Sale]}", "steps: [{name: final, model: final, overlay: b.svg}]\n"),
    ],
)
def test_texts_by_locale_that_nobody_would_read_are_refused(problems_of: ProblemsOf, text: str, steps: str) -> None:
    problems = problems_of(LOCAL_ASSET.format(text=text) + steps)

    assert problems[0].key.startswith("assets[0].text")


def test_a_step_named_like_another_in_a_locale_is_refused(problems_of: ProblemsOf) -> None:
    steps = (
        "locales: [en]\nsteps:\n  - {name: final, model: review, overlay: '${locale}.svg'}\n"
        "  - {name: final-en, model: review}\n"
    )

    assert [problem.key for problem in problems_of(HEAD + steps)] == ["steps[0].name"]


def test_fonts_and_upscalers_by_tag_arrive(write_pipeline: Write) -> None:
    path = write_pipeline(HEAD + "fonts: fonts\nupscalers: {photo: waifu2x}\nsteps: [{name: a, model: review}]\n")

    pipeline = load_pipeline(path)

    assert (pipeline.fonts, pipeline.upscalers) == (path.parent / "fonts", {"photo": "waifu2x"})
