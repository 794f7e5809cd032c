"""`renderlock compose` as people call it: on files, on renders, on a set, and told what is wrong."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.calls import call, call_json
from tests.store.samples import sample_pixels, sample_render

from renderlock.store.store import Store

CAMPAIGN = Path(str(files("renderlock.actions"))) / "projects" / "campaign"
CAPTION, LOGO, BRAND = (str(CAMPAIGN / name) for name in ("caption.svg", "logo.svg", "brand.gpl"))
FONTS = ("--font-folder", str(CAMPAIGN / "fonts"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a picture of flat sky, 512 pixels a side."""
    Image.new("RGB", (512, 512), (170, 205, 240)).save(tmp_path / "final.png")
    return tmp_path


def opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        picture.load()
        return picture


def test_a_final_with_caption_and_logo_reads_right(folder: Path) -> None:
    answer = call_json(
        folder, "compose", "final.png", "--overlay", CAPTION, "--anchor", "bottom", "--overlay", LOGO, "--anchor",
        "top-right", "--width", "100%", "--width", "14%", "--margin", "0%", "--margin", "4%", *FONTS,
        "--text", "SAIL INTO AUTUMN", "--text", "New harbour collection, from 3 October", "-o", "out.png", "--json",
    )  # fmt: skip

    (shown,) = answer["pictures"]
    assert answer["passed"] is True
    assert shown["placements"][1] == {"left": 420, "top": 20, "width": 72, "height": 72}
    assert {measure["name"]: measure["value"] for measure in shown["text"]["measures"]}["text/2/cer"] == 0
    assert opened(folder / "out.png").getpixel((5, 505)) != (170, 205, 240)


def test_a_text_that_is_not_there_fails_the_call_and_the_picture_is_written(folder: Path) -> None:
    done = call(folder, "compose", "final.png", "--text", "WINTER SALE", "-o", "out.png")

    assert done.returncode == 1
    assert "text: failed" in done.stdout
    assert "not found" in done.stdout
    assert (folder / "out.png").exists()


@pytest.mark.parametrize("dither", ["none", "ordered", "diffusion"])
def test_a_palette_makes_an_indexed_file(folder: Path, dither: str) -> None:
    done = call(folder, "compose", "final.png", "--palette", BRAND, "--dither", dither, "-o", "out.png")

    assert done.returncode == 0, done.stderr
    assert "palette: 0.0% was in it" in done.stdout
    assert opened(folder / "out.png").mode == "P"


def test_a_profile_is_written_into_the_file(folder: Path) -> None:
    assert call(folder, "compose", "final.png", "--icc", "DisplayP3", "-o", "out.png").returncode == 0

    assert len(opened(folder / "out.png").info["icc_profile"]) > 100


@pytest.mark.parametrize(("name", "kind"), [("out.tif", "TIFF"), ("out.webp", "WEBP"), ("out.jpg", "JPEG")])
def test_the_ending_of_the_output_says_the_format(folder: Path, name: str, kind: str) -> None:
    done = call(folder, "compose", "final.png", "--overlay", LOGO, "-o", name)

    assert done.returncode == 0, done.stderr
    assert opened(folder / name).format == kind
    assert opened(folder / name).size == (512, 512)


def test_a_pyramid_for_viewers_is_written_once(folder: Path) -> None:
    words = ("compose", "final.png", "--overlay", LOGO, "-o", "out.dzi")

    first, second = call(folder, *words), call(folder, *words)

    assert first.returncode == 0, first.stderr
    assert (folder / "out_files" / "9" / "0_0.jpg").exists()
    assert (second.returncode, "is not overwritten" in second.stderr) == (2, True)


def test_sixteen_bits_are_kept_unless_eight_are_asked_for(folder: Path) -> None:
    wide = np.full((40, 40), 12345, np.uint16)
    Image.fromarray(wide).save(folder / "wide.png")

    kept = call_json(folder, "compose", "wide.png", "--overlay", LOGO, "-o", "kept.png", "--json")
    call(folder, "compose", "wide.png", "--overlay", LOGO, "--bits", "8", "-o", "less.png")

    assert kept["pictures"][0]["bits"] == 16
    assert (folder / "kept.png").read_bytes()[24] == 16
    assert (folder / "less.png").read_bytes()[24] == 8


def test_a_render_comes_in_another_format_too(tmp_path: Path) -> None:
    with Store.create(tmp_path / ".renderlock") as store:
        address = store.put(sample_render(1)).address

    done = call(tmp_path, "compose", address, "--overlay", LOGO, "--icc", "DisplayP3", "-o", "out.tif")

    assert done.returncode == 0, done.stderr
    assert opened(tmp_path / "out.tif").format == "TIFF"
    assert len(opened(tmp_path / "out.tif").info["icc_profile"]) > 100


def test_a_render_is_composed_into_the_store(tmp_path: Path) -> None:
    with Store.create(tmp_path / ".renderlock") as store:
        address = store.put(sample_render(1)).address

    first = call_json(tmp_path, "compose", address, "--overlay", LOGO, "--opacity", "0.9", "--json")["pictures"][0]
    again = call_json(tmp_path, "compose", address, "--overlay", LOGO, "--opacity", "0.9", "--json")["pictures"][0]

    assert (first["cached"], again["cached"]) == (False, True)
    assert first["address"] == again["address"] != address
    shown = call_json(tmp_path, "show", first["address"], "--json")
    assert shown["recipe"]["extras"]["overlay.1.opacity"] == 0.9


def test_a_set_is_brought_to_a_reference(folder: Path) -> None:
    for number in (1, 2):
        Image.fromarray(sample_pixels(number) // (1 + number)).save(folder / f"{number}.png")

    done = call(folder, "compose", "1.png", "2.png", "--match", "final.png", "-o", "matched")

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("colours: ΔE2000 of the mean") == 2
    blue = (170, 205, 240)
    for number in (1, 2):
        mean = np.asarray(opened(folder / "matched" / f"{number}.png")).mean(axis=(0, 1))
        assert np.abs(mean - blue).max() < 12


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["final.png"], "a file is composed into another file"),
        (["final.png", "-o", "final.png"], "it is one of the pictures"),
        (["final.png", "-o", "out.bmp"], "picture format"),
        (["final.png", "-o", "out.tif", "--palette", BRAND], "a palette, and TIFF holds plain colours"),
        (["final.png", "-o", "out.png", "--bits", "12"], "one of 8, 16"),
        (["missing.png", "-o", "out.png"], "no such file, and no store here"),
        (["final.png", "-o", "out.png", "--anchor", "top"], "given 1 times for 0 overlays"),
        (["final.png", "-o", "out.png", "--overlay", LOGO, "--anchor", "middle"], "one of top-left"),
        (["final.png", "-o", "out.png", "--overlay", LOGO, "--width", "140%"], "a share, as 25%"),
        (["final.png", "-o", "out.png", "--overlay", LOGO, "--width", "20%"], "100% with anchor full"),
        (["final.png", "-o", "out.png", "--overlay", CAPTION], "'Red Hat Display'"),
        (["final.png", "-o", "out.png", "--palette", LOGO], "no palette format"),
        (["final.png", "-o", "out.png", "--palette", BRAND, "--dither", "much"], "one of none, ordered, diffusion"),
        (["final.png", "-o", "out.png", "--palette", BRAND, "--icc", "DisplayP3"], "sRGB with a palette"),
        (["final.png", "-o", "out.png", "--icc", "Adobe"], "no colour profile"),
        (["final.png", "-o", "out.png", "--match", "set"], "one picture is no set"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_written(folder: Path, words: list[str], said: str) -> None:
    done = call(folder, "compose", *words)

    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert not (folder / "out.png").exists()


def test_an_error_is_a_document_with_json(folder: Path) -> None:
    done = call(folder, "compose", "final.png", "-o", "out.png", "--overlay", CAPTION, "--json")

    assert json.loads(done.stdout)["error"]["type"] == "FontMissing"


def test_another_picture_in_the_way_is_kept(folder: Path) -> None:
    (folder / "out.png").write_bytes(b"mine")

    done = call(folder, "compose", "final.png", "--overlay", LOGO, "-o", "out.png")

    assert done.returncode == 2
    assert (folder / "out.png").read_bytes() == b"mine"
