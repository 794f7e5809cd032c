"""Tile files: as many as were asked for, each with its place, and one picture when they are merged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from renderlock.actions.campaign import RunOptions
from renderlock.actions.finals.tile_set import TileSet, TileSetOptions, write_tile_set
from renderlock.actions.merging import merge_files
from renderlock.actions.run import RunUnwatched
from renderlock.actions.single import Wish
from renderlock.actions.workspace import Place
from renderlock.engines.base import EngineOptions
from renderlock.errors import InputUnusable, RecipeError, TilesImpossible, WouldOverwrite
from renderlock.imaging.decoding import read_picture
from renderlock.imaging.pixels import digest_pixels
from renderlock.imaging.tile_names import TILE_KEY, TilePlace
from renderlock.spec.recipe import Size
from renderlock.store.store import Store

WISH = Wish("a red apple", (3,), size=Size(200, 200), steps=2, tiles="4")


def tile_set(folder: Path, wish: Wish = WISH, base: str | None = None) -> TileSet:
    options = TileSetOptions("embedded", Place(folder / "pipeline.yml"), folder / "tiles", RunOptions(workers=1), base)
    return write_tile_set(wish, EngineOptions(), options, RunUnwatched())


def test_each_file_says_where_it_lies(tmp_path: Path) -> None:
    made = tile_set(tmp_path)

    for tile, path in made.files.items():
        with Image.open(path) as picture:
            place = TilePlace.from_text(picture.info[TILE_KEY])
            assert picture.size == (tile.width, tile.height)
        assert (place.left, place.top, place.canvas_width) == (tile.left, tile.top, 200)
    assert {path.name for path in made.files.values()} == {path.name for path in (tmp_path / "tiles").iterdir()}


def test_merging_the_files_gives_a_picture_like_the_base(tmp_path: Path) -> None:
    made = tile_set(tmp_path)

    merge_files([str(tmp_path / "tiles")], tmp_path / "final.png", blend="auto", base=None, overlap=None)

    with Store.open(tmp_path / ".renderlock") as store:
        base = Image.open(store.path_of(made.base)).convert("RGB").resize((200, 200))
    assert np.abs(read_picture(tmp_path / "final.png").astype(int) - np.asarray(base)).mean() < 6


def test_without_a_size_the_picture_is_the_native_one_times_the_grid(tmp_path: Path) -> None:
    made = tile_set(tmp_path, replace(WISH, size=None, tiles="2x1"))

    assert (made.grid.width, made.grid.height) == (256, 128)
    assert (made.grid.columns, made.grid.rows) == (2, 1)


def test_a_picture_file_can_be_the_base(tmp_path: Path) -> None:
    blue = np.full((80, 80, 3), (20, 40, 220), np.uint8)
    Image.fromarray(blue).save(tmp_path / "base.png")

    made = tile_set(tmp_path, base=str(tmp_path / "base.png"))

    assert made.base.pixels == digest_pixels(blue)
    assert np.abs(read_picture(next(iter(made.files.values()))).mean((0, 1)) - blue[0, 0]).max() < 15


def test_a_second_set_renders_nothing(tmp_path: Path) -> None:
    first = tile_set(tmp_path)

    second = tile_set(tmp_path)

    assert second.records == first.records
    with Store.open(tmp_path / ".renderlock") as store:
        assert len(list(store.records())) == 5


@pytest.mark.parametrize("tiles", ["0", "four", "2x", "70x70", "-1"])
def test_tiles_that_are_none_are_refused(tiles: str) -> None:
    with pytest.raises(RecipeError, match="tiles is"):
        replace(WISH, tiles=tiles)


def test_too_few_tiles_are_refused_with_how_many_it_takes(tmp_path: Path) -> None:
    with pytest.raises(TilesImpossible, match="takes 5 columns or more, not 2"):
        tile_set(tmp_path, replace(WISH, size=Size(2048, 2048)))
    with Store.open(tmp_path / ".renderlock") as store:
        assert list(store.records()) == []


def test_a_file_in_the_way_is_told_and_no_tile_is_written(tmp_path: Path) -> None:
    made = tile_set(tmp_path)
    *others, last = made.files.values()
    for path in others:
        path.unlink()
    last.write_bytes(b"mine")

    with pytest.raises(WouldOverwrite):
        tile_set(tmp_path)

    assert [path.read_bytes() for path in (tmp_path / "tiles").iterdir()] == [b"mine"]


def test_a_file_in_place_of_the_folder_is_told_before_anything_is_rendered(tmp_path: Path) -> None:
    (tmp_path / "tiles").write_text("mine")

    with pytest.raises(WouldOverwrite):
        tile_set(tmp_path)

    assert not (tmp_path / ".renderlock").exists()


def test_a_base_that_is_no_file_and_no_address_is_told_as_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputUnusable, match="no such file"):
        tile_set(tmp_path, base="nofile.png")
