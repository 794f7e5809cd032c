"""`renderlock merge`, called as the story writes it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from PIL import Image
from tests.cli.calls import call, call_json
from tests.imaging.collected import noise

from renderlock.imaging.tile_names import tile_file_name
from renderlock.imaging.tiles import solve_grid, split


def write_tiles(folder: Path) -> list[str]:
    """Six tiles in `tiles/`, as a shell would list them."""
    (folder / "tiles").mkdir()
    for tile, pixels in split(noise(150, 110), solve_grid(150, 110, most=(64, 64), overlap=16)):
        Image.fromarray(pixels).save(folder / "tiles" / tile_file_name(tile))
    return sorted(f"tiles/{path.name}" for path in (folder / "tiles").iterdir())


def test_the_storys_command_works_as_the_shell_expands_it(tmp_path: Path) -> None:
    done = call(tmp_path, "merge", "--input", *write_tiles(tmp_path), "--output", "final.png")

    assert (done.returncode, done.stdout) == (0, "final.png\n")
    assert "150x110 from 3x2 tiles, hann" in done.stderr
    assert np.array_equal(np.asarray(Image.open(tmp_path / "final.png")), noise(150, 110))


def test_an_unexpanded_pattern_works_too(tmp_path: Path) -> None:
    write_tiles(tmp_path)

    words = ("--input", "tiles/*.png", "--output", "final.png", "--blend", "two-band", "--json")
    facts = call_json(tmp_path, "merge", *words)

    assert (facts["columns"], facts["rows"], facts["blend"]) == (3, 2, "two-band")
    assert {"axis": "x", "position": 53, "start": 0, "end": 55} in facts["seams"]
    assert np.array_equal(np.asarray(Image.open(tmp_path / facts["output"])), noise(150, 110))


def test_the_overlap_counts_where_names_say_rows_and_columns(tmp_path: Path) -> None:
    for column, left in enumerate((0, 48)):
        Image.fromarray(noise(112, 64)[:, left : left + 64]).save(tmp_path / f"r0_c{column}.png")

    done = call(tmp_path, "merge", "-i", "r0_c0.png", "r0_c1.png", "-o", "final.png", "--overlap", "16")

    assert done.returncode == 0
    assert np.array_equal(np.asarray(Image.open(tmp_path / "final.png")), noise(112, 64))


def test_errors_name_the_files_and_the_way_out(tmp_path: Path) -> None:
    tiles = write_tiles(tmp_path)
    Image.fromarray(noise(9, 9)).save(tmp_path / "logo.png")

    strange = call(tmp_path, "merge", "--input", *tiles, "logo.png", "--output", "final.png")
    nothing = call(tmp_path, "merge", "--output", "final.png")

    assert strange.returncode == nothing.returncode == 2
    assert "logo.png: it states no place" in strange.stderr
    assert "--input tiles/*.png" in nothing.stderr
    assert not (tmp_path / "final.png").exists()


def test_overlaps_that_show_different_things_are_told_where_their_tone_is_alike(tmp_path: Path) -> None:
    picture = noise(112, 64)
    Image.fromarray(picture[:, :64]).save(tmp_path / "tile_x0_y0.png")
    Image.fromarray(np.ascontiguousarray(picture[::-1, 48:])).save(tmp_path / "tile_x48_y0.png")

    done = call(tmp_path, "merge", "-i", "tile_x0_y0.png", "tile_x48_y0.png", "-o", "final.png")

    told = re.search(r"pixels of the worst overlap differed by ([\d.]+) levels", done.stderr)
    assert told is not None
    assert float(told[1]) > 50
