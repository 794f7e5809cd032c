from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from renderlock.errors import InputUnusable
from renderlock.imaging.foreign_metadata import read_foreign
from renderlock.imaging.foreign_metadata.base import LONGEST_RAW, ForeignMetadata, PictureTexts
from renderlock.imaging.foreign_metadata.table import read_foreign_texts


def test_renderlocks_own_pictures_are_recognised_before_their_a1111_text(
    png_with: Callable[[Mapping[str, str]], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "own.png"
    path.write_bytes(png_with({"parameters": "x\nSteps: 1, Sampler: LMS, Seed: 2", "renderlock": '{"recipe": {}}'}))

    assert read_foreign(path) == ForeignMetadata("renderlock", raw='{"recipe": {}}')


def test_a_picture_without_metadata_gives_none(png_with: Callable[[Mapping[str, str]], bytes], tmp_path: Path) -> None:
    path = tmp_path / "plain.png"
    path.write_bytes(png_with({"Title": "holiday"}))

    assert read_foreign(path) is None


@pytest.mark.parametrize("content", [b"", b"hello"])
def test_a_file_that_is_no_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.png"
    path.write_bytes(content)

    with pytest.raises(InputUnusable, match="it is not a PNG, JPEG, WebP, AVIF or GIF file"):
        read_foreign(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputUnusable, match="No such file"):
        read_foreign(tmp_path / "gone.png")


def test_what_a_stranger_wrote_becomes_storable_text() -> None:
    text = json.dumps({"sui_image_params": {"prompt": "lone \ud800 and \0", "seed": 2**70, "cfgscale": 1e999}})
    metadata = read_foreign_texts(PictureTexts({"parameters": text}))

    assert metadata is not None
    assert metadata.prompt == "lone ? and \N{REPLACEMENT CHARACTER}"
    assert (metadata.seed, metadata.guidance_scale) == (None, None)


def test_a_long_raw_text_is_cut_and_the_cut_is_noted() -> None:
    text = "x" * LONGEST_RAW + "\nSteps: 5, Sampler: LMS, Seed: 3"
    metadata = read_foreign_texts(PictureTexts({"parameters": text}))

    assert metadata is not None
    assert (len(metadata.raw), metadata.seed) == (LONGEST_RAW, 3)
    assert metadata.notes == (f"raw text cut at {LONGEST_RAW} characters",)


def test_the_json_form_leaves_out_what_is_not_known() -> None:
    assert ForeignMetadata("forge", seed=3, size=(8, 9), extras=(("a", "b"),)).to_json() == {
        "tool": "forge",
        "seed": 3,
        "width": 8,
        "height": 9,
        "extras": {"a": "b"},
    }
