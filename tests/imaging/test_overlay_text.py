"""The fonts that an overlay's text asks for: named where they are missing, by line, down to a letter."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.imaging.svg_samples import FAMILY, FONT_FOLDER, fonts, svg

from renderlock.errors import FontMissing, InputUnusable
from renderlock.imaging.overlay import Overlay, read_drawing
from renderlock.imaging.overlay_fonts import Fonts, font_of, read_fonts
from renderlock.imaging.overlay_nodes import parse_svg
from renderlock.imaging.overlay_raster import drawn

INK = f'font-family="{FAMILY}" font-weight="900"'


def missing(body: str, given: Fonts | None = None) -> str:
    with pytest.raises(FontMissing) as caught:
        read_drawing(Overlay(svg(body), name="banner.svg"), fonts() if given is None else given)
    assert FAMILY in caught.value.advice or given == Fonts()
    return str(caught.value)


def used(body: str) -> frozenset[str]:
    return read_drawing(Overlay(svg(body)), fonts()).families


def test_a_family_that_is_not_there_is_named_with_its_line() -> None:
    error = missing('\n<text font-family="Brand Sans">Ahoy</text>')

    assert error.startswith("banner.svg:2: ")
    assert "'Brand Sans'" in error


def test_fallbacks_of_a_list_do_not_stand_in_for_its_first_family() -> None:
    assert "'Brand Sans'" in missing(f"<text font-family=\"'Brand Sans', '{FAMILY}', sans-serif\">Ahoy</text>")


@pytest.mark.parametrize("generic", ["sans-serif", "serif", "monospace"])
def test_a_generic_family_is_no_font(generic: str) -> None:
    assert repr(generic) in missing(f'<text font-family="{generic}">Ahoy</text>')


def test_text_without_any_family_is_refused() -> None:
    assert "no font family at all" in missing("<text>Ahoy</text>")


def test_without_fonts_the_error_says_how_to_give_some() -> None:
    assert "'Red Hat Display'" in missing(f"<text {INK}>Ahoy</text>", Fonts())


def test_a_letter_that_the_font_lacks_is_named() -> None:
    assert "'漢' (U+6F22)" in missing(f"<text {INK}>Ahoy 漢</text>")


def test_all_letters_that_the_font_lacks_are_named_once() -> None:
    said = missing(f"<text {INK}>秋の海へ、秋の Ahoy</text>")

    assert "letters '秋' (U+79CB), 'の' (U+306E), '海' (U+6D77), 'へ' (U+3078), '、' (U+3001) of Red Hat" in said


def test_the_folder_that_a_font_belongs_into_is_named() -> None:
    with pytest.raises(FontMissing) as raised:
        read_drawing(Overlay(svg('<text font-family="Noto Sans JP">Ahoy</text>')), fonts())

    assert str(FONT_FOLDER) in raised.value.advice


def test_a_weight_that_is_not_there_is_named() -> None:
    assert f"the face {FAMILY} 700" in missing(f'<text font-family="{FAMILY}" font-weight="bold">Ahoy</text>')


def test_a_slant_that_is_not_there_is_named() -> None:
    assert "900 italic" in missing(f'<text {INK} font-style="italic">Ahoy</text>')


@pytest.mark.parametrize(
    "body",
    [
        f"<text {INK}>Ahoy</text>",
        f"<g {INK}><text><tspan>Ahoy</tspan></text></g>",
        f"<text style=\"font-family: '{FAMILY}'; font-weight: 500\">Ahoy</text>",
        f"<text style=\"font: italic 500 12px 'x'; font: 900 12px/1.2 '{FAMILY}', serif\">Ahoy</text>",
        f"<style>text {{ font-family: '{FAMILY}'; font-weight: 500 }}</style><text>Ahoy</text>",
        f"<style>.a .b {{ font-family: {FAMILY}; font-weight: 900 }}</style><g class='a'><text class='b'>A</text></g>",
        f"<style>#t {{ font: 500 9px '{FAMILY}' }} text {{ font-family: Nope }}</style><text id='t'>Ahoy</text>",
        f'<g font-family="Nope"><text style="font-family:inherit" {INK}/><text {INK}>Ahoy</text></g>',
    ],
)
def test_a_family_is_found_wherever_it_is_declared(body: str) -> None:
    assert used(body) == {FAMILY}


def test_a_drawing_without_text_uses_no_font() -> None:
    assert used(f'<g font-family="{FAMILY}"><rect width="9" height="9"/></g>') == frozenset()


def test_the_renderer_is_asked_too() -> None:
    hidden = parse_svg(svg(f"<text {INK}>Ahoy 漢</text>"), "banner.svg")

    with (
        pytest.raises(FontMissing, match="漢/U\\+6F22"),
        drawn(hidden, 20, 10, fonts=fonts(), file="banner.svg"),
    ):
        pass


def test_fonts_are_read_with_weight_family_and_letters() -> None:
    faces = {face.weight: face for face in fonts().faces}

    assert set(faces) == {500, 900}
    assert faces[900].families == (FAMILY,)
    assert not faces[900].italic
    assert {ord("A"), ord("ß"), ord("€")} <= faces[900].characters
    assert ord("漢") not in faces[900].characters


def test_only_the_files_of_used_families_count() -> None:
    assert len(fonts().holding({FAMILY})) == 2
    assert fonts().holding({"Another"}) == ()


def test_a_font_that_comes_twice_counts_once() -> None:
    assert read_fonts([FONT_FOLDER, FONT_FOLDER]) == fonts()


def test_a_folder_without_fonts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputUnusable, match="holds no font file"):
        read_fonts([tmp_path])


@pytest.mark.parametrize("data", [b"", b"wOFF1234", b"\0\1\0\0\0\x09", b"ttcf\0\1\0\0\xff\xff\xff\xff"])
def test_a_file_that_is_no_font_is_refused(data: bytes) -> None:
    with pytest.raises(InputUnusable, match="no font that can be read"):
        font_of("x.ttf", data)


def test_a_font_cut_anywhere_is_refused_or_read(tmp_path: Path) -> None:
    whole = (FONT_FOLDER / "RedHatDisplay-Black.ttf").read_bytes()

    for length in range(0, 3000, 97):
        with pytest.raises(InputUnusable):
            font_of("x.ttf", whole[:length])
