"""Tile files become one picture file, whatever tool wrote them; what does not fit is named first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.imaging.collected import noise, photograph

from renderlock.actions.merging import merge_files
from renderlock.errors import FormatTooNarrow, InputUnusable, TilesUnfit, UnknownName, WouldOverwrite
from renderlock.imaging.back_projection import down
from renderlock.imaging.pixels import Raster
from renderlock.imaging.regions import PictureReader
from renderlock.imaging.sinks import PictureForm, open_sink
from renderlock.imaging.tile_names import TILE_KEY, TilePlace, tile_file_name
from renderlock.imaging.tiles import Grid, solve_grid, split

GRID = solve_grid(150, 110, most=(64, 64), overlap=16)


def write(path: Path, pixels: Raster, texts: dict[str, str] | None = None, icc: bytes | None = None) -> None:
    with open_sink(path, PictureForm.of(pixels, icc, texts)) as sink:
        sink.write(pixels)


def write_tiles(folder: Path, picture: Raster, grid: Grid = GRID, icc: bytes | None = None) -> Path:
    """The picture's tiles, with their places in the metadata and names that say nothing."""
    folder.mkdir()
    for number, (tile, pixels) in enumerate(split(picture, grid)):
        place = TilePlace(tile.left, tile.top, grid.width, grid.height, "hero")
        write(folder / f"{chr(122 - number)}.png", pixels, {TILE_KEY: place.to_text()}, icc)
    return folder


def read(path: Path) -> Raster:
    reader = PictureReader(path)
    return reader.read_rows(0, reader.height)


@pytest.mark.parametrize(("channels", "bits"), [(3, 8), (4, 8), (1, 16), (3, 16)])
def test_tiles_with_metadata_give_the_picture_back(tmp_path: Path, channels: int, bits: int) -> None:
    picture = noise(150, 110, channels, bits=bits)
    tiles = write_tiles(tmp_path / "tiles", picture)

    merged = merge_files([str(tiles)], tmp_path / "final.png")

    assert np.array_equal(read(tmp_path / "final.png"), picture)
    assert (merged.grid, merged.form.bits, merged.form.channels) == (GRID, bits, channels)
    assert '"tiles": 6' in PictureReader(tmp_path / "final.png").texts["renderlock-merge"]


@pytest.mark.parametrize("form", ["folder", "pattern", "files", "twice"])
def test_tiles_may_be_named_in_every_way(tmp_path: Path, form: str) -> None:
    picture = noise(150, 110)
    folder = write_tiles(tmp_path / "tiles", picture)
    files = [str(path) for path in folder.iterdir()]
    inputs = {"folder": [str(folder)], "pattern": [f"{folder}/*.png"], "files": files, "twice": [str(folder), *files]}

    merge_files(inputs[form], tmp_path / "final.png")

    assert np.array_equal(read(tmp_path / "final.png"), picture)


def test_tiles_of_other_tools_are_placed_by_their_names(tmp_path: Path) -> None:
    picture = noise(150, 110)
    for tile, pixels in split(picture, GRID):
        Image.fromarray(pixels).save(tmp_path / tile_file_name(tile, ".webp"), lossless=True)

    merge_files([f"{tmp_path}/*.webp"], tmp_path / "final.tif")

    assert np.array_equal(read(tmp_path / "final.tif"), picture)


def test_a_pyramid_of_ours_is_merged_again(tmp_path: Path) -> None:
    write(tmp_path / "a.dzi", photograph())

    merge_files([str(tmp_path / "a.dzi")], tmp_path / "back.png")

    assert np.abs(read(tmp_path / "back.png").astype(int) - photograph()).mean() < 3


def test_the_profile_is_kept(tmp_path: Path, adobe_like: bytes) -> None:
    tiles = write_tiles(tmp_path / "tiles", noise(150, 110), icc=adobe_like)

    merge_files([str(tiles)], tmp_path / "final.webp")

    assert PictureReader(tmp_path / "final.webp").icc == adobe_like


@pytest.fixture
def adobe_like() -> bytes:
    from PIL import ImageCms  # noqa: PLC0415  only this test needs it

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_drifted_tiles_meet_and_agree_with_their_base(tmp_path: Path) -> None:
    picture = photograph()
    grid = solve_grid(512, 512, most=(300, 300), overlap=64)
    base = down(picture, 128, 128).round().clip(0, 255).astype(np.uint8)
    write(tmp_path / "base.png", base)
    for number, (tile, pixels) in enumerate(split(picture, grid)):
        drifted = np.clip(pixels.astype(int) + 6 * number - 9, 0, 255).astype(np.uint8)
        write(tmp_path / tile_file_name(tile), drifted)

    merged = merge_files([f"{tmp_path}/tile-*"], tmp_path / "final.png", base=tmp_path / "base.png")

    assert (merged.report.blend, merged.report.back_projected) == ("two-band", True)
    assert merged.report.largest_before > 5
    assert merged.report.largest_after < 0.5
    result = read(tmp_path / "final.png")
    assert np.abs(down(result, 128, 128) - base).mean() < 0.6


def test_what_is_in_the_way_is_kept(tmp_path: Path) -> None:
    tiles = write_tiles(tmp_path / "tiles", noise(150, 110))
    (tmp_path / "final.png").write_text("mine")

    with pytest.raises(WouldOverwrite):
        merge_files([str(tiles)], tmp_path / "final.png")

    assert (tmp_path / "final.png").read_text() == "mine"


def test_a_damaged_tile_ends_without_a_picture(tmp_path: Path) -> None:
    tiles = write_tiles(tmp_path / "tiles", noise(150, 110))
    path = tiles / "z.png"
    path.write_bytes(path.read_bytes()[:3000])

    with pytest.raises(InputUnusable, match=r"z\.png"):
        merge_files([str(tiles)], tmp_path / "final.png")

    assert [entry.name for entry in tmp_path.iterdir()] == ["tiles"]


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [(noise(64, 64, 4), "8-bit RGB with alpha, the others 8-bit RGB"), (noise(64, 64, bits=16), "16-bit RGB")],
)
def test_a_tile_of_another_kind_is_named(tmp_path: Path, pixels: Raster, reason: str) -> None:
    tiles = write_tiles(tmp_path / "tiles", noise(150, 110))
    write(tiles / "z.png", pixels, {TILE_KEY: TilePlace(0, 0, 150, 110, "hero").to_text()})

    with pytest.raises(TilesUnfit, match=f"z.png: it is {reason}"):
        merge_files([str(tiles)], tmp_path / "final.png")


def test_tiles_with_unlike_profiles_are_named(tmp_path: Path, adobe_like: bytes) -> None:
    tiles = write_tiles(tmp_path / "tiles", noise(150, 110))
    write(tiles / "z.png", noise(64, 64), {TILE_KEY: TilePlace(0, 0, 150, 110, "hero").to_text()}, adobe_like)

    with pytest.raises(TilesUnfit, match=r"z\.png: it has another colour profile"):
        merge_files([str(tiles)], tmp_path / "final.png")


def test_a_metadata_text_that_is_none_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.png", noise(8, 8), {TILE_KEY: "{}"})

    with pytest.raises(InputUnusable, match=r"a\.png.*renderlock-tile"):
        merge_files([str(tmp_path / "a.png")], tmp_path / "final.png")


@pytest.mark.parametrize("inputs", ["none/*.png", "gone.png", "empty", "broken.dzi"])
def test_inputs_that_name_no_tiles_are_refused(tmp_path: Path, inputs: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.dzi").write_text("<Image/>")
    (tmp_path / "broken_files").mkdir()

    with pytest.raises(InputUnusable, match=inputs.split("/", maxsplit=1)[0]):
        merge_files([str(tmp_path / inputs)], tmp_path / "final.png")


def test_an_output_no_format_can_hold_is_refused_first(tmp_path: Path) -> None:
    tiles = write_tiles(tmp_path / "tiles", noise(150, 110, bits=16))

    with pytest.raises(UnknownName, match="bmp"):
        merge_files(["nothing is looked at"], tmp_path / "final.bmp")
    with pytest.raises(FormatTooNarrow, match="16 bits"):
        merge_files([str(tiles)], tmp_path / "final.jpg")

    assert [entry.name for entry in tmp_path.iterdir()] == ["tiles"]


def test_a_base_of_other_colours_is_refused(tmp_path: Path) -> None:
    tiles = write_tiles(tmp_path / "tiles", noise(150, 110))
    write(tmp_path / "base.png", noise(15, 11, 1))

    with pytest.raises(InputUnusable, match="1 colour channels, the tiles 3"):
        merge_files([str(tiles)], tmp_path / "final.png", base=tmp_path / "base.png")
