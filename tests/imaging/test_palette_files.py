"""Palette files of every kind that is read, and what is said about those that are none."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from renderlock.errors import InputUnusable
from renderlock.imaging.palette_files import PaletteDamaged, parse_palette, read_palette

THREE = ((255, 0, 16), (0, 128, 255), (1, 2, 3))
GPL = b"GIMP Palette\nName: x\nColumns: 3\n# a remark\n255   0  16\tred\n  0 128 255\n1 2 3 dark grey\n"
JASC = b"JASC-PAL\r\n0100\r\n3\r\n255 0 16\r\n0 128 255\r\n1 2 3\r\n"
HEX = b"\xef\xbb\xbfff0010\n0080FF\n010203\n"
LIST = b"#ff0010, #0080ff ; the sky\n\n// dark\n0x010203\n"
PAINT = b"; paint.net Palette File\n; 3 colours\nFFFF0010\nFF0080FF\nFF010203\n"
ACT = bytes(sum(THREE, ())) + bytes(759) + struct.pack(">HH", 3, 0)


def ase(*swatches: bytes) -> bytes:
    blocks = [b"\xc0\x01\0\0\0\0", *(struct.pack(">HI", 1, len(one)) + one for one in swatches), b"\xc0\x02\0\0\0\0"]
    return b"ASEF" + struct.pack(">HHI", 1, 0, len(blocks)) + b"".join(blocks)


def swatch(model: bytes, *values: float) -> bytes:
    return struct.pack(">H", 2) + "a\0".encode("utf-16-be") + model + struct.pack(f">{len(values)}f", *values) + b"\0\0"


def png(mode: str) -> bytes:
    picture = Image.new("RGB", (3, 2))
    picture.putdata([*THREE, *THREE])
    if mode == "P":
        picture = Image.new("P", (2, 2))
        picture.putpalette(sum(THREE, ()))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("ending", "data"),
    [
        (".gpl", GPL),
        (".pal", JASC),
        (".hex", HEX),
        (".txt", LIST),
        (".txt", PAINT),
        (".act", ACT),
        (".ase", ase(*(swatch(b"RGB ", *(level / 255 for level in colour)) for colour in THREE))),
        (".png", png("RGB")),
        (".png", png("P")),
    ],
)
def test_every_kind_gives_the_colours_in_their_order(ending: str, data: bytes) -> None:
    assert parse_palette(data, ending, "x").colours == THREE


def test_grey_and_lab_swatches_are_srgb() -> None:
    palette = parse_palette(ase(swatch(b"Gray", 0.5), swatch(b"LAB ", 1.0, 0.0, 0.0)), ".ase", "x")

    assert palette.colours == ((128, 128, 128), (255, 255, 255))


def test_a_colour_that_comes_twice_counts_once() -> None:
    assert parse_palette(b"010203\nff0000\n#010203\n", ".hex", "x").colours == ((1, 2, 3), (255, 0, 0))


@pytest.mark.parametrize(
    ("ending", "data", "reason"),
    [
        (".gpl", b"255 0 0\n", "first line"),
        (".gpl", b"GIMP Palette\n#\n255 0\n", "line 3"),
        (".gpl", b"GIMP Palette\n256 0 0\n", "line 2"),
        (".pal", b"RIFF", "JASC-PAL"),
        (".hex", b"ff0000\nred\n", "line 2: 'red'"),
        (".act", b"123", "768 or 772 bytes"),
        (".ase", b"none", "ASEF"),
        (".ase", ase(swatch(b"CMYK", 0, 0, 0, 1)), "CMYK; save the swatches as RGB"),
        (".ase", ase(swatch(b"RGB ", 1.0)), "cut short"),
        (".png", b"none", "no PNG"),
        (".hex", b"; nothing\n", "no colour"),
        (".hex", b"".join(b"%06x\n" % value for value in range(257)), "257 colours"),
        (".docx", b"", "no palette format ends with '.docx'"),
    ],
)
def test_what_is_no_palette_is_said_with_its_place(ending: str, data: bytes, reason: str) -> None:
    with pytest.raises(PaletteDamaged, match=reason):
        parse_palette(data, ending, "x")


@given(st.sampled_from([".gpl", ".pal", ".hex", ".txt", ".act", ".ase", ".png"]), st.binary(max_size=200))
def test_any_bytes_are_a_palette_or_one_error(ending: str, data: bytes) -> None:
    for content in (data, ase()[:8] + data, GPL[:13] + data):
        try:
            assert parse_palette(content, ending, "x").colours
        except PaletteDamaged:
            continue


def test_a_file_is_read_under_its_name(tmp_path: Path) -> None:
    (tmp_path / "brand.gpl").write_bytes(GPL)

    palette = read_palette(tmp_path / "brand.gpl")

    assert (palette.name, palette.colours) == ("brand", THREE)


def test_a_file_that_is_no_palette_says_what_would_be(tmp_path: Path) -> None:
    with pytest.raises(InputUnusable) as caught:
        read_palette(tmp_path / "none.gpl")

    assert ".gpl" in caught.value.advice
