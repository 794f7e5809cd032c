"""SVGs and fonts that several tests draw with."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from renderlock.imaging.overlay_fonts import Fonts, read_fonts

FONT_FOLDER = Path(str(files("renderlock.actions"))) / "projects" / "campaign" / "fonts"
FAMILY = "Red Hat Display"


@lru_cache(maxsize=1)
def fonts() -> Fonts:
    return read_fonts([FONT_FOLDER])


def svg(body: str, *, box: str = "0 0 100 50", attributes: str = "") -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" {attributes}>{body}</svg>'.encode()


def block(colour: str, *, box: str = "0 0 100 50") -> bytes:
    _, _, width, height = box.split()
    return svg(f'<rect width="{width}" height="{height}" fill="{colour}"/>', box=box)
