"""Tiles of a model that cannot start from a picture: one picture, enlarged where it has to be, and cut."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from renderlock.actions.campaign import RunOptions, open_run
from renderlock.actions.finals.cut_tiles import DEVIATIONS_KEY, cut_grid
from renderlock.actions.finals.grids import TileWish
from renderlock.actions.finals.tile_set import TileSet, TileSetOptions, write_tile_set
from renderlock.actions.merging import merge_files
from renderlock.actions.run import RunResult, RunUnwatched
from renderlock.actions.single import Wish
from renderlock.actions.workspace import Place, read_pipeline
from renderlock.engines.base import EngineOptions
from renderlock.engines.hosted.options import HostedOptions
from renderlock.errors import InputUnusable, NotCapable, RecipeError, UnknownName
from renderlock.imaging.decoding import read_picture
from renderlock.imaging.tile_names import TILE_KEY, TilePlace
from renderlock.settings import read_settings
from renderlock.spec.recipe import Size
from renderlock.store.store import Store
from renderlock.testing import serve
from renderlock.testing.server import Server

WISH = Wish("hero shot, studio lighting", (0,), size=Size(2048, 2048), tiles="4")


@pytest.fixture(scope="module")
def imagen() -> Iterator[Server]:
    """Imagen 4 on loopback."""
    with serve("imagen", pictures="sketch") as server:
        yield server


def engines_of(server: Server) -> EngineOptions:
    settings = replace(read_settings({}), urls=(("imagen", server.url),), allow_retired=True)
    return EngineOptions(api_key=server.key, hosted=HostedOptions.of(settings))


def run_pipeline(path: Path, server: Server) -> RunResult:
    with open_run(read_pipeline(Place(path)), engines_of(server), RunOptions(), RunUnwatched()) as run:
        return run.execute()


def tile_set(folder: Path, server: Server, wish: Wish = WISH, **others: str) -> TileSet:
    engines = engines_of(server)
    place, out = Place(folder / "pipeline.yml"), folder / "tiles"
    options = TileSetOptions("imagen-4-generate", place, out, RunOptions(), others.get("base"), others.get("upscaler"))
    return write_tile_set(wish, engines, options, RunUnwatched())


def merged(folder: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    merge_files([str(folder / "tiles")], folder / "final.png", blend="auto", base=None, overlap=None)
    return read_picture(folder / "final.png")


def test_the_story_s_pair_of_commands_gives_the_model_s_own_picture_bit_for_bit(tmp_path: Path, imagen: Server) -> None:
    before = imagen.accepted

    made = tile_set(tmp_path, imagen)

    assert imagen.accepted - before == 1
    assert (made.grid.columns, made.grid.rows) == (2, 2)
    assert made.cut_from == made.base
    with Store.open(tmp_path / ".renderlock") as store:
        whole = read_picture(store.path_of(made.base))
    assert whole.shape == (2048, 2048, 3)
    assert (merged(tmp_path) == whole).all()


def test_a_larger_size_is_enlarged_behind_the_gate_before_it_is_cut(tmp_path: Path, imagen: Server) -> None:
    wish = replace(WISH, size=Size(2304, 1280), tiles="3x1")

    made = tile_set(tmp_path, imagen, wish)

    assert made.cut_from is not None
    assert made.cut_from.recipe is not None
    assert (made.cut_from.recipe.model.engine, made.cut_from.recipe.model.model) == ("upscale", "lanczos")
    assert made.base.size == Size(1408, 768)
    with Store.open(tmp_path / ".renderlock") as store:
        whole = read_picture(store.path_of(made.cut_from))
        gates = [dict(event.fields).get("gate") for event in store.events(made.cut_from.address)]
    assert gates == ["upscaler"]
    assert whole.shape == (1280, 2304, 3)
    assert (merged(tmp_path) == whole).all()


def test_each_file_says_where_it_lies_and_what_was_done_differently(tmp_path: Path, imagen: Server) -> None:
    made = tile_set(tmp_path, imagen, replace(WISH, size=Size(1200, 1200)))

    assert [deviation.field for deviation in made.deviations] == ["size", "tiles"]
    assert made.deviations[1].done == "4 cut from one picture of 1200x1200"
    for tile, path in made.files.items():
        with Image.open(path) as picture:
            place = TilePlace.from_text(picture.info[TILE_KEY])
            noted = json.loads(picture.info[DEVIATIONS_KEY])
        assert (place.left, place.top, place.canvas_width) == (tile.left, tile.top, 1200)
        assert noted == [deviation.to_json() for deviation in made.deviations]


def test_a_second_set_buys_nothing(tmp_path: Path, imagen: Server) -> None:
    first = tile_set(tmp_path, imagen, replace(WISH, size=Size(1024, 1024)))
    before = imagen.accepted

    second = tile_set(tmp_path, imagen, replace(WISH, size=Size(1024, 1024)))

    assert second.cut_from == first.cut_from
    assert imagen.accepted == before


def test_what_cannot_be_done_is_told_before_anything_is_bought(tmp_path: Path, imagen: Server) -> None:
    calls = len(imagen.calls)
    (tmp_path / "base.png").write_bytes(b"")

    with pytest.raises(UnknownName, match="lanczus"):
        tile_set(tmp_path, imagen, replace(WISH, size=Size(3000, 3000)), upscaler="lanczus")
    with pytest.raises(RecipeError, match="overlap"):
        tile_set(tmp_path, imagen, replace(WISH, tile_overlap=4000))
    with pytest.raises(InputUnusable, match="cannot start from a picture"):
        tile_set(tmp_path, imagen, base=str(tmp_path / "base.png"))
    with pytest.raises(NotCapable, match="asked 900x900"):
        tile_set(tmp_path, imagen, replace(WISH, size=Size(900, 900)))

    assert len(imagen.calls) == calls


def test_a_memory_budget_for_a_model_elsewhere_is_refused_or_noted(tmp_path: Path, imagen: Server) -> None:
    path = tmp_path / "pipeline.yml"
    step = '{name: play, model: "${sandbox_model}", size: 1024, tile_overlap: 32, tiles: 2x1, memory_budget: 1GiB}'
    head = "sandbox_model: imagen-4-generate\nassets: [{name: a, prompt: a cat}]\n"
    path.write_text(f"{head}steps:\n  - {step}\n")

    with pytest.raises(NotCapable, match="memory_budget"):
        run_pipeline(path, imagen)
    path.write_text(f"deviations: allow\n{path.read_text()}")
    (picture,) = run_pipeline(path, imagen).pictures

    assert [one.field for one in picture.job.deviations] == ["memory_budget", "tiles", "tile_overlap"]
    assert picture.record is not None
    assert picture.record.deviations == picture.job.deviations


def test_the_upscaler_of_the_project_enlarges_and_its_limits_hold(tmp_path: Path, imagen: Server) -> None:
    steps = "steps: [{name: quick, model: review}]\n"
    (tmp_path / "pipeline.yml").write_text(f"review_model: embedded\nupscaler: nowhere\n{steps}")

    with pytest.raises(UnknownName, match="nowhere"):
        tile_set(tmp_path, imagen, replace(WISH, size=Size(1200, 1200)))


@pytest.mark.parametrize(("count", "cells"), [("auto", (3, 2)), ("6", (3, 2)), ("2x1", (2, 1)), ("1", (1, 1))])
def test_a_picture_is_cut_in_as_many_tiles_as_asked_or_in_native_ones(count: str, cells: tuple[int, int]) -> None:
    grid = cut_grid(Size(2500, 1500), Size(1024, 1024), TileWish(count, 32))

    assert (grid.columns, grid.rows) == cells
