"""What comes after the render: each link found by its recipe, the last one delivered."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.actions.finals.conftest import FINAL, WriteFinal, approve_all, final_of
from tests.actions.runs import execute

from renderlock.errors import ConfigurationError, InputUnusable, UnknownName
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels
from renderlock.store.records import RenderRecord
from renderlock.store.store import Store

STRIPE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><rect width="100" height="20" fill="#0000ff"/></svg>'
)
PALETTE = "GIMP Palette\nName: two\n#\n255 0 0 red\n255 255 255 white\n"


def pixels_of(path: Path, record: RenderRecord) -> Pixels:
    with Store.open(path.parent / ".renderlock") as store:
        return decode_picture(store.read(record))


@pytest.fixture
def overlaid(write_final: WriteFinal) -> Path:
    """A final of one render with a stripe laid over it, its preview approved."""
    path = write_final("size: 96, overlay: stripe.svg")
    (path.parent / "stripe.svg").write_text(STRIPE)
    approve_all(path)
    return path


def test_an_overlay_lies_on_the_delivered_picture_and_the_render_under_it_is_kept(overlaid: Path) -> None:
    final = final_of(execute(overlaid, FINAL))

    assert pixels_of(overlaid, final)[5, 50].tolist() == [0, 0, 255]
    assert final.recipe is not None
    assert final.recipe.model.engine == "compose"
    with Store.open(overlaid.parent / ".renderlock") as store:
        render = store.get(dict(final.source)["from"])
    assert render.recipe is not None
    assert render.recipe.model.engine == "embedded"
    assert render.pixels == final.recipe.init.picture if final.recipe.init else False


def test_a_changed_overlay_is_composed_anew_over_the_render_that_is_there(overlaid: Path) -> None:
    execute(overlaid, FINAL)
    (overlaid.parent / "stripe.svg").write_text(STRIPE.replace("#0000ff", "#00ff00"))

    final = final_of(execute(overlaid, FINAL))

    assert pixels_of(overlaid, final)[5, 50].tolist() == [0, 255, 0]
    with Store.open(overlaid.parent / ".renderlock") as store:
        engines = [record.recipe.model.engine for record in store.records(step="final-render") if record.recipe]
    assert sorted(engines) == ["compose", "compose", "embedded"]


def test_a_second_run_finds_the_composed_picture(overlaid: Path) -> None:
    first = final_of(execute(overlaid, FINAL))

    second = execute(overlaid, FINAL)

    assert second.count("cached") == 1
    assert final_of(second) == first


def test_a_palette_leaves_its_colours_only_also_on_a_tiled_final(write_final: WriteFinal) -> None:
    path = write_final("size: 200, palette: two.gpl")
    (path.parent / "two.gpl").write_text(PALETTE)
    approve_all(path)

    final = final_of(execute(path, FINAL))

    colours = {tuple(colour) for colour in np.unique(pixels_of(path, final).reshape(-1, 3), axis=0).tolist()}
    assert colours <= {(255, 0, 0), (255, 255, 255)}


def test_a_reference_picture_gives_its_colours(write_final: WriteFinal) -> None:
    path = write_final("size: 96, match: blue.png")
    noise = np.asarray(Image.effect_noise((64, 64), 40))
    blue = np.stack([noise // 4, noise // 3, noise], axis=2)
    Image.fromarray(blue).save(path.parent / "blue.png")
    approve_all(path)

    final = final_of(execute(path, FINAL))

    red, _, blue_mean = pixels_of(path, final).reshape(-1, 3).mean(0)
    assert blue_mean > red + 30
    said = re.fullmatch(r"ΔE2000 of the mean colour (\S+) to (\S+), of the palette .*", dict(final.source)["matched"])
    assert said is not None
    assert float(said[2]) < 0.5 * float(said[1])


def test_a_missing_overlay_is_told_before_anything_is_rendered(write_final: WriteFinal) -> None:
    path = write_final("size: 96, overlay: nowhere.svg")
    approve_all(path)

    with pytest.raises(InputUnusable, match=r"nowhere\.svg"):
        execute(path, FINAL)


def test_a_profile_that_a_palette_cannot_have_is_told_at_its_place(write_final: WriteFinal) -> None:
    path = write_final("size: 96, palette: two.gpl, icc: DisplayP3")
    (path.parent / "two.gpl").write_text(PALETTE)
    approve_all(path)

    with pytest.raises(ConfigurationError) as caught:
        execute(path, FINAL)

    (problem,) = caught.value.problems
    assert (problem.line, problem.key, problem.found) == (9, "steps[1].icc", "DisplayP3")


def test_texts_that_a_final_must_carry_are_read_once_and_refused_where_they_are_not_legible(
    write_final: WriteFinal,
) -> None:
    path = write_final("size: 96")
    path.write_text(path.read_text().replace("prompt: a red apple}", "prompt: a red apple, text: [SALE]}"))
    approve_all(path)

    first, second = execute(path, FINAL), execute(path, FINAL)

    (refused,) = first.refused
    assert [verdict.gate for verdict in refused.verdicts] == ["text"]
    assert second.pictures[0].verdicts == refused.verdicts
    with Store.open(path.parent / ".renderlock") as store:
        events = [event for event in store.events() if dict(event.fields).get("gate") == "text"]
    assert len(events) == 1


def test_an_enlarged_final_has_the_size_asked_for_and_its_gate_s_verdict(write_final: WriteFinal) -> None:
    path = write_final("size: 96, upscale: 2, overlay: stripe.svg")
    (path.parent / "stripe.svg").write_text(STRIPE)
    approve_all(path)

    result = execute(path, FINAL)

    final = final_of(result)
    assert (final.size.width, final.size.height) == (192, 192)
    assert pixels_of(path, final)[10, 100].tolist() == [0, 0, 255]
    assert [verdict.gate for verdict in result.pictures[0].verdicts] == ["upscaler"]
    assert execute(path, FINAL).count("cached") == 1


def test_an_unknown_upscaler_is_told_before_anything_is_rendered(write_final: WriteFinal) -> None:
    path = write_final("size: 96, upscale: 2")
    approve_all(path)
    path.write_text(path.read_text().replace("seeds:", "upscalers: {icon: wifu2x}\nseeds:"))
    path.write_text(path.read_text().replace("prompt: a red apple}", "prompt: a red apple, tags: [icon]}"))

    with pytest.raises(UnknownName, match="wifu2x"):
        execute(path, FINAL)
