"""Finals of any size: put together from tiles over the approved picture, found again, resumed, and on record."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.actions.finals.conftest import FINAL, WriteFinal, approve_all, final_of
from tests.actions.runs import execute

from renderlock.actions.campaign import RunOptions
from renderlock.actions.finals.merging import NOTHING_APPROVED
from renderlock.errors import ConfigurationError, NotCapable, OutOfMemory
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import digest_pixels, fit_to
from renderlock.metrics.composition import kept_composition
from renderlock.spec.recipe import Size, TilingPlan
from renderlock.spec.verdict import Verdict
from renderlock.store.records import RenderRecord
from renderlock.store.store import Store


def parts_of(path: Path, final: RenderRecord) -> list[RenderRecord]:
    """The tiles of a final."""
    with Store.open(path.parent / ".renderlock") as store:
        return [store.get(address) for address in dict(final.source)["tiles"].split()]


@pytest.mark.parametrize("size", [Size(200, 200), Size(300, 100), Size(177, 233), Size(600, 130)])
def test_any_size_comes_out_exactly_from_tiles_the_model_renders(write_final: WriteFinal, size: Size) -> None:
    path = write_final(f"size: {size}, tile_overlap: 16, deviations: allow")
    approve_all(path)

    final = final_of(execute(path, FINAL))

    assert final.size == size
    assert {one.size.width % 32 for one in parts_of(path, final)} == {0}
    with Store.open(path.parent / ".renderlock") as store:
        pixels = decode_picture(store.read(final))
        assert digest_pixels(pixels) == final.pixels
        assert pixels.std() > 10


def test_the_final_keeps_the_approved_picture_and_names_base_and_tiles(write_final: WriteFinal) -> None:
    path = write_final("size: 256, tiles: 4")
    (preview,) = approve_all(path)

    final = final_of(execute(path, FINAL))

    assert final.recipe is not None
    assert final.recipe.init is not None
    assert final.recipe.init.picture == preview.pixels
    assert final.recipe.tiling == TilingPlan(Size(160, 160), 24)
    assert dict(final.source)["base"] == preview.address
    assert [tile.recipe.window.left for tile in parts_of(path, final) if tile.recipe and tile.recipe.window] == [
        0,
        128,
        0,
        128,
    ]
    with Store.open(path.parent / ".renderlock") as store:
        large, small = (decode_picture(store.read(record)) for record in (final, preview))
    assert np.abs(fit_to(large, 128, 128).astype(int) - small).mean() < 4


def test_no_tile_is_asked_for_the_subject(write_final: WriteFinal) -> None:
    path = write_final("size: 200")
    approve_all(path)

    tiles = parts_of(path, final_of(execute(path, FINAL)))

    assert {tile.recipe.prompt for tile in tiles if tile.recipe} == {""}
    assert {tile.recipe.guidance_scale for tile in tiles if tile.recipe} == {1.0}


def test_a_second_run_makes_nothing(write_final: WriteFinal) -> None:
    path = write_final("size: 200")
    approve_all(path)
    first = final_of(execute(path, FINAL))

    second = execute(path, FINAL)

    assert second.count("cached") == 1
    assert final_of(second) == first


def test_tiles_side_by_side_give_the_same_final(write_final: WriteFinal) -> None:
    path = write_final("size: 200")
    approve_all(path)
    one = final_of(execute(path, FINAL))
    path.write_text(path.read_text().replace("project: finals", "project: finals\nstore: other"))
    approve_all(path, store="other")

    three = final_of(execute(path, RunOptions(FINAL.selection, workers=3)))

    assert three.address == one.address


def test_without_an_approved_picture_of_its_shape_the_base_is_drawn_and_that_is_said(write_final: WriteFinal) -> None:
    path = write_final("size: 400x200, deviations: allow")
    approve_all(path)

    final = final_of(execute(path, FINAL))

    with Store.open(path.parent / ".renderlock") as store:
        base = store.get(dict(final.source)["base"])
    assert base.recipe is not None
    assert base.recipe.prompt == "a red apple"
    assert base.size.width == 2 * base.size.height
    assert [deviation.field for deviation in final.deviations] == ["base"]


def test_a_final_of_another_shape_than_the_approved_picture_is_refused_before_it_is_drawn(
    write_final: WriteFinal,
) -> None:
    path = write_final("size: 400x200")
    approve_all(path)

    with pytest.raises(NotCapable, match="another shape than the approved picture"):
        execute(path, FINAL)


def test_a_final_of_nearly_the_approved_shape_is_its_middle_and_says_so(write_final: WriteFinal) -> None:
    path = write_final("size: 220x208, tiles: 2x2")
    approve_all(path)

    final = final_of(execute(path, FINAL))

    (noted,) = final.deviations
    assert (noted.field, noted.done) == ("base", "its middle, in the shape of 220x208")
    assert noted.asked.startswith(dict(final.source)["base"])


def test_one_tile_of_a_size_the_model_does_not_render_is_refused_with_advice(write_final: WriteFinal) -> None:
    path = write_final("size: 600, tiles: 1")
    approve_all(path)

    with pytest.raises(ConfigurationError, match=r"pipeline.yml:9:.*takes 2 columns or more, not 1") as caught:
        execute(path, FINAL)

    assert caught.value.problems[0].key == "steps[1].tiles"
    assert "`auto`, or tiles that make 600x600" in caught.value.problems[0].allowed


@pytest.mark.parametrize(
    ("keys", "allowed"),
    [
        ("size: 200, tile_overlap: 300", "at most 184 for 200x200 on this model"),
        ("size: 600, tiles: 2x2, tile_overlap: 500", "at most 424 for 600x600 on this model"),
        ("size: 96, tile_overlap: 16", "`tiles` beside it, as the model renders this size in one piece"),
    ],
)
def test_an_overlap_that_no_grid_can_have_is_told_at_its_place_with_the_largest_that_works(
    write_final: WriteFinal, keys: str, allowed: str
) -> None:
    path = write_final(keys)
    approve_all(path)

    with pytest.raises(ConfigurationError) as caught:
        execute(path, FINAL)

    (problem,) = caught.value.problems
    assert (problem.line, problem.key) == (9, "steps[1].tile_overlap")
    assert problem.allowed.startswith(allowed)


def test_variants_behind_a_gate_are_refused_before_anything_is_rendered(write_final: WriteFinal) -> None:
    path = write_final("size: 96, variants: 4")

    with pytest.raises(ConfigurationError, match=r"steps\[1\].variants: found 4; allowed: no `variants` behind a gate"):
        execute(path)

    with Store.open(path.parent / ".renderlock") as store:
        assert list(store.records()) == []


def test_what_the_gates_said_about_the_final_is_kept(write_final: WriteFinal) -> None:
    path = write_final("size: 200")
    approve_all(path)

    final = final_of(execute(path, FINAL))

    with Store.open(path.parent / ".renderlock") as store:
        verdicts = [Verdict.from_pairs(dict(event.fields)) for event in store.events(final.address)]
    assert [verdict.gate for verdict in verdicts] == ["seam", "overlap", "composition"]
    assert {measure.name for measure in verdicts[1].measures} >= {"coarse_levels", "blur", "offset_levels"}


def composition_of(path: Path, final: RenderRecord) -> Verdict:
    """What the gate `composition` said about a final."""
    with Store.open(path.parent / ".renderlock") as store:
        verdicts = [Verdict.from_pairs(dict(event.fields)) for event in store.events(final.address)]
    return next(verdict for verdict in verdicts if verdict.gate == "composition")


def test_the_composition_is_held_against_the_approved_picture_and_not_a_level_between(write_final: WriteFinal) -> None:
    path = write_final("size: 300")
    path.write_text(path.read_text().replace("size: 128", "size: 64"))
    (preview,) = approve_all(path)

    final = final_of(execute(path, FINAL))

    assert dict(final.source)["base"] != preview.address
    with Store.open(path.parent / ".renderlock") as store:
        kept = kept_composition(*(decode_picture(store.read(one)) for one in (preview, final)))
    said = composition_of(path, final)
    assert said.measures[0].value == pytest.approx(kept.kept, abs=1e-3)
    assert said.notes == ()


def test_a_final_of_another_shape_says_that_no_approved_picture_was_compared(write_final: WriteFinal) -> None:
    path = write_final("size: 300x100, deviations: allow")
    approve_all(path)

    final = final_of(execute(path, FINAL))

    assert composition_of(path, final).notes == (NOTHING_APPROVED,)


def test_a_final_whose_tiles_disagree_is_drawn_again_in_tiles_that_overlap_more(write_final: WriteFinal) -> None:
    path = write_final("size: 200")
    path.write_text(path.read_text() + "gates: {overlap: {coarse_levels: 0.001}}\n")
    approve_all(path)

    result = execute(path, FINAL)

    assert [one.gate for one in result.refused[0].verdicts if not one.passed] == ["overlap"]
    with Store.open(path.parent / ".renderlock") as store:
        windows = [record.recipe.window for record in store.records() if record.recipe and record.recipe.window]
    # Four tiles, and three: the first one is the same with another overlap.
    assert len(windows) == 7


def test_a_final_that_does_not_fit_its_budget_comes_out_in_smaller_tiles_and_is_found_again(
    write_final: WriteFinal,
) -> None:
    path = write_final("size: 512, memory_budget: 125MiB, memory_ladder: [smaller-tiles]")
    approve_all(path)

    final = final_of(execute(path, FINAL))

    assert final.recipe is not None
    assert final.recipe.tiling is not None
    assert "memory" in {deviation.field for deviation in final.deviations}
    assert execute(path, FINAL).count("cached") == 1


def test_what_came_out_under_a_small_budget_does_not_stand_in_where_there_is_more_memory(
    write_final: WriteFinal,
) -> None:
    path = write_final("size: 512, memory_budget: 125MiB, memory_ladder: [smaller-tiles]")
    approve_all(path)
    poor = final_of(execute(path, FINAL))

    path.write_text(path.read_text().replace("125MiB", "124MiB"))
    assert final_of(execute(path, FINAL)).address == poor.address
    path.write_text(path.read_text().replace("memory_budget: 124MiB, ", ""))
    rich = final_of(execute(path, FINAL))

    assert "memory" not in {deviation.field for deviation in rich.deviations}


def test_a_budget_that_nothing_fits_is_an_error_that_lists_every_plan_with_its_numbers(write_final: WriteFinal) -> None:
    ladder = "[unload, smaller-tiles, sampler, lower-resolution]"
    path = write_final(f"size: 512, memory_budget: 70MiB, sampler: heun, memory_ladder: {ladder}")
    approve_all(path)

    (picture,) = execute(path, FINAL).pictures

    assert isinstance(picture.error, OutOfMemory)
    first, *plans = str(picture.error).splitlines()
    assert "512x512 did not come out on any of 6 plans" in first
    smaller = ["smaller-tiles ("] * 3  # of 256, 128 and 64 pixels
    named = ["as planned (one render of 512x512)", *smaller, "sampler (", "lower-resolution ("]
    for name, plan in zip(named, plans, strict=True):
        assert plan.strip().startswith(name)
        assert "under a budget of 70 MiB" in plan
        assert "as it is: " in plan
        assert "unload: " in plan
    assert picture.error.facts["rungs"] == "unload, smaller-tiles, sampler, lower-resolution"
