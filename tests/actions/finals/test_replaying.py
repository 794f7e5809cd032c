"""Replaying a final's parts: tiles over their base, the merge of tiles, enlargements, compositions."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from tests.actions.finals.conftest import FINAL, WriteFinal, approve_all, final_of
from tests.actions.runs import execute
from tests.imaging.svg_samples import FONT_FOLDER, block, svg
from tests.store.samples import sample_pixels, sample_render

from renderlock.actions.finals.enlarged import Enlarge
from renderlock.actions.models import Models
from renderlock.actions.replay import Replay, replay
from renderlock.actions.upscale_engines import Upscalers, upscaler_options
from renderlock.actions.upscale_gate import open_gate
from renderlock.actions.upscaling import Ways, open_gentler
from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.errors import NotReplayable
from renderlock.metrics.agreement import Level
from renderlock.spec.recipe import Size
from renderlock.store.maintenance import check, collect_garbage, rebuild
from renderlock.store.records import NewRender, RenderRecord
from renderlock.store.store import Store


def replayed(path: Path, address: str) -> Replay:
    with Store.open(path.parent / ".renderlock") as store, Models(EngineOptions()) as models:
        return replay(store, models, address, reference=None, watch=Unwatched())


def test_a_merged_final_and_each_kind_of_its_tiles_come_out_the_same(write_final: WriteFinal) -> None:
    path = write_final("size: 200x136, deviations: allow")
    approve_all(path)
    final = final_of(execute(path, FINAL))
    lineage = dict(final.source)

    found = [replayed(path, address) for address in (final.address, lineage["base"], *lineage["tiles"].split()[:2])]

    assert {one.level.sameness for one in found} == {"exact"}


def test_an_enlarged_picture_comes_out_the_same(write_final: WriteFinal) -> None:
    path = write_final("size: 96, upscale: 2")
    approve_all(path)

    found = replayed(path, final_of(execute(path, FINAL)).address)

    assert found.level.sameness == "exact"
    assert found.same_environment


COMPOSED = (
    "size: 96, overlay: [{file: logo.svg, anchor: top, width: 50%}], icc: DisplayP3, match: photo.png",
    "size: 96, overlay: title.svg, palette: {file: two.hex, dither: diffusion}",
)


@pytest.mark.parametrize("keys", COMPOSED)
def test_a_composed_picture_comes_out_the_same_from_the_store_alone(write_final: WriteFinal, keys: str) -> None:
    path = write_final(keys)
    files = write_files(path)
    approve_all(path)
    final = final_of(execute(path, FINAL))
    for file in files:
        file.unlink()

    found = replayed(path, final.address)

    assert found.level is Level.SAME_BYTES
    assert found.same_environment


def test_the_files_of_a_composition_are_no_garbage_and_their_loss_is_found(write_final: WriteFinal) -> None:
    path = write_final(COMPOSED[1])
    write_files(path)
    approve_all(path)
    final = final_of(execute(path, FINAL))

    with Store.open(path.parent / ".renderlock") as store:
        garbage = collect_garbage(store, dry_run=False, grace_s=0)
        sound = check(store)
        (svg,) = [file for file in final.files if file.media_type == "image/svg+xml"]
        store.layout.blob(svg.blob, svg.media_type).unlink()
        broken = check(store)

    assert (garbage.files, sound.findings) == ((), ())
    assert [finding.reason for finding in broken.findings] == [f"{final.address} refers to it"]


def test_a_composition_whose_files_were_not_kept_says_so(write_final: WriteFinal) -> None:
    path = write_final(COMPOSED[1])
    write_files(path)
    approve_all(path)
    final = final_of(execute(path, FINAL))
    without_files(path, final)

    with pytest.raises(NotReplayable, match="does not keep its overlay 1: an earlier renderlock made it"):
        replayed(path, final.address)


def test_an_enlargement_that_was_cut_and_judged_by_own_limits_comes_out_the_same(tmp_path: Path) -> None:
    with Store.create(tmp_path / ".renderlock") as store:
        final = kept_enlargement(store, store.put(sample_render(1)))
    assert final.recipe is not None
    assert "cut_from" in dict(final.recipe.extras)

    found = replayed(tmp_path / "pipeline.yml", final.address)

    assert found.level.sameness == "exact"
    without_files(tmp_path / "pipeline.yml", final)
    with pytest.raises(NotReplayable, match="its gate's own limits: an earlier renderlock made it"):
        replayed(tmp_path / "pipeline.yml", final.address)


def kept_enlargement(store: Store, source: RenderRecord) -> RenderRecord:
    """A render enlarged to another shape, behind a gate with a limit of its own."""
    size = Size(source.size.width * 2, source.size.height)
    with Models(EngineOptions()) as models:
        upscalers = Upscalers(upscaler_options(models.options), models.engine)
        upscaler = upscalers.open("lanczos")
        gate = open_gate({"detail": 0.8754321}, reads_text=False)
        ways = Ways(upscaler, open_gentler(upscalers, upscaler), gate)
        link = Enlarge("lanczos", source.size, size, lambda: ways)
        done = link.finish(store, source, source.standing)
    new = NewRender(done.picture, link.recipe_from(source), source.standing, source.origin, source.made)
    return store.put(replace(new, source=(("from", source.address),), files=done.files))


def write_files(path: Path) -> list[Path]:
    """What the compositions are made with, beside the pipeline."""
    folder = path.parent
    words = '<text x="4" y="40" font-family="Red Hat Display" font-weight="900" font-size="30">SALE</text>'
    (folder / "title.svg").write_bytes(svg(words))
    (folder / "logo.svg").write_bytes(block("#0a0"))
    (folder / "two.hex").write_text("ff0000\nffffff\n")
    Image.fromarray(sample_pixels(5, width=40, height=30)).save(folder / "photo.png")
    fonts = folder / "fonts"
    shutil.copytree(FONT_FOLDER, fonts)
    path.write_text(path.read_text() + "fonts: fonts\n")
    return [folder / "title.svg", folder / "logo.svg", folder / "two.hex", folder / "photo.png", *fonts.glob("*.ttf")]


def without_files(path: Path, record: RenderRecord) -> None:
    """Makes a render's sidecar one of a renderlock that did not keep files."""
    with Store.open(path.parent / ".renderlock") as store:
        store.layout.sidecar(record.address).write_bytes(replace(record, files=()).to_bytes())
        rebuild(store)
