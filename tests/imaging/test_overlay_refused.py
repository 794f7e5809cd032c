"""What an SVG may not do: a folder of hostile files, each refused with its file, its line and the reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from renderlock.errors import OverlayRefused
from renderlock.imaging.overlay import Overlay, compose, read_drawing
from renderlock.imaging.overlay_fonts import Fonts
from renderlock.imaging.overlay_nodes import LARGEST_SVG_BYTES, MOST_ELEMENTS
from renderlock.imaging.overlay_raster import DrawingLimits

HOSTILE = Path(__file__).parent / "hostile_svg"
REASONS = {
    "animation.svg": (2, "<animate>"),
    "compressed.svg": (1, "compressed"),
    "copies_of_copies.svg": (1, "by copies"),
    "css_escape.svg": (2, "escape"),
    "css_font_face.svg": (2, "font of its own"),
    "css_import.svg": (2, "imports a style sheet"),
    "css_rule_url.svg": (3, "outside this file"),
    "deep.svg": (2, "nested deeper"),
    "doctype.svg": (1, "document type"),
    "entity_bomb.svg": (1, "document type"),
    "event_handler.svg": (2, "event handler"),
    "external_entity.svg": (2, "document type"),
    "fill_url.svg": (2, "outside this file"),
    "flat_box.svg": (1, "viewBox"),
    "foreign_object.svg": (3, "<foreignObject>"),
    "html_element.svg": (2, "HTML element"),
    "image_file.svg": (2, "not PNG or JPEG data"),
    "image_nested_svg.svg": (2, "not PNG or JPEG data"),
    "image_not_what_it_claims.svg": (2, "claims to be"),
    "image_url.svg": (2, "not PNG or JPEG data"),
    "link.svg": (2, "outside this file"),
    "loop.svg": (2, "refers to itself"),
    "no_size.svg": (1, "no size"),
    "no_xml.svg": (2, "no XML"),
    "not_svg.svg": (1, "first element"),
    "pattern_loop.svg": (2, "refers to itself"),
    "script.svg": (2, "<script>"),
    "style_unclosed_url.svg": (2, "refers to something"),
    "style_url.svg": (2, "outside this file"),
    "stylesheet_instruction.svg": (2, "style sheet"),
    "use_other_file.svg": (2, "outside this file"),
    "xml_base.svg": (2, "xml:base"),
}
OPEN = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">'


def refused(svg: bytes, name: str = "a.svg") -> OverlayRefused:
    with pytest.raises(OverlayRefused) as caught:
        read_drawing(Overlay(svg, name=name), Fonts())
    return caught.value


def test_the_folder_and_the_table_hold_the_same_files() -> None:
    assert {path.name for path in HOSTILE.glob("*.svg")} == set(REASONS)


@pytest.mark.parametrize(("name", "line", "reason"), [(name, *why) for name, why in REASONS.items()])
def test_a_hostile_file_is_refused_at_its_line(name: str, line: int, reason: str) -> None:
    error = refused((HOSTILE / name).read_bytes(), name)

    assert str(error).startswith(f"{name}:{line}: this SVG is refused: ")
    assert reason in str(error)
    assert error.advice


def test_too_many_bytes_are_refused() -> None:
    assert "bytes" in str(refused(OPEN + b" " * LARGEST_SVG_BYTES + b"</svg>"))


def test_too_many_elements_are_refused() -> None:
    assert "elements" in str(refused(OPEN + b"<g/>" * MOST_ELEMENTS + b"</svg>"))


def test_hidden_elements_count_too() -> None:
    hidden = b'<metadata xmlns:x="urn:x">' + b"<x:y/>" * MOST_ELEMENTS + b"</metadata>"

    assert "elements" in str(refused(OPEN + hidden + b"</svg>"))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<style>" + "a" * 3_000_000 + "</style>", "style sheets have more than"),
        ("<style>" + "/*" * 1_000_000 + "</style>", "style sheets have more than"),
        ("<style>" + "[" * 60_000 + "{fill:red}</style>", "a selector has"),
        ("<style>" + "a{}" * 15_000 + "</style>" + "<g/>" * 10_000, "rules for 10002 elements"),
        ('<rect fill="' + "url(" * 700_000 + '"/>', "attribute fill has"),
        ('<rect fill="' + "url(" * 1_000 + '"/>', "refers to something"),
        ('<path d="' + "url(" * 700_000 + '"/>', "refers to something"),
        ('<rect style="' + "a'" * 1_000_000 + '"/>', "attribute style has"),
        ('<rect class="' + "b " * 1_000_000 + '"/>', "attribute class has"),
    ],
)
def test_texts_made_to_be_read_slowly_are_read_in_one_pass(body: str, reason: str) -> None:
    assert reason in str(refused(OPEN + body.encode() + b"</svg>"))


@pytest.mark.parametrize(
    "body",
    [
        '<use href="data:image/svg+xml,x#a"/>',
        '<image href="data:text/html,data:image/png;base64,AAAA"/>',
        '<rect mask="url(http://x/y.svg#a)"/>',
        "<rect style=\"clip-path: URL( 'file:///etc/passwd#a' )\"/>",
        '<rect cursor="url(x.cur)"/>',
        '<filter><feImage xlink:href="http://x/a.png"/></filter>',
        '<text><textPath href="a.svg#x">a</textPath></text>',
        '<linearGradient xlink:href="b.svg#g"/>',
        "<rect style=\"fill:image-set('a.png' 1x)\"/>",
        '<a href="javascript:alert(1)"><rect/></a>',
    ],
)
def test_every_way_out_of_the_file_is_closed(body: str) -> None:
    opened = OPEN.replace(b"<svg", b'<svg xmlns:xlink="http://www.w3.org/1999/xlink"')

    assert any(word in str(refused(opened + body.encode() + b"</svg>")) for word in ("outside", "data", "by"))


def test_a_drawing_that_takes_too_long_is_stopped() -> None:
    endless = (
        b'<filter id="f" x="0" y="0" width="1" height="1">'
        b'<feTurbulence baseFrequency="0.9" numOctaves="2000"/></filter>'
        b'<rect width="10" height="10" filter="url(#f)"/></svg>'
    )
    ground = np.zeros((600, 600, 3), dtype=np.uint8)

    with pytest.raises(OverlayRefused, match="seconds of processor time"):
        compose(ground, [Overlay(OPEN + endless)], Fonts(), limits=DrawingLimits(cpu_seconds=1))


def test_a_drawing_that_takes_too_much_memory_is_stopped() -> None:
    layers = b'<g opacity="0.9">' * 40 + b'<rect width="9" height="9"/>' + b"</g>" * 40 + b"</svg>"
    ground = np.zeros((2000, 2000, 3), dtype=np.uint8)

    with pytest.raises(OverlayRefused, match="MiB of memory"):
        compose(ground, [Overlay(OPEN + layers)], Fonts(), limits=DrawingLimits(memory_bytes=100 * 2**20))


def test_editor_data_is_left_out_and_the_drawing_stays() -> None:
    svg = (
        b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="urn:inkscape" viewBox="0 0 10 10">'
        b'<inkscape:view inkscape:href="https://example.com"><inkscape:deep/></inkscape:view>'
        b"<title>A title</title>"
        b'<rect width="10" height="10" fill="#ff0000" inkscape:label="x"/></svg>'
    )

    composed = compose(np.zeros((8, 8, 3), dtype=np.uint8), [Overlay(svg)], Fonts())

    assert (composed == (255, 0, 0)).all()
