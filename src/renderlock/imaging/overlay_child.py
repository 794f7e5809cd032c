"""The process that draws one SVG, apart from renderlock, so that it can be stopped and cannot take the rest with it.

Run as `python overlay_child.py FOLDER MEMORY_BYTES CPU_SECONDS`: it draws every `.svg` of the folder, with the fonts in
it, as a `.png` beside it. What the renderer could not do comes as warnings on its output. It imports nothing of
renderlock, so that it starts in a few hundredths of a second.
"""

from __future__ import annotations

import sys
from pathlib import Path


def draw(folder: Path) -> None:
    """Draws the folder's SVGs at the size each states, with the folder's fonts and no others."""
    import resvg_py  # noqa: PLC0415 - after the limits are set, so that they hold for it too

    fonts = sorted(str(path) for path in (folder / "fonts").iterdir())
    for drawing in sorted(folder.glob("*.svg")):
        png = resvg_py.svg_to_bytes(
            svg_string=drawing.read_text(encoding="utf-8"),
            skip_system_fonts=True,
            log_information=True,
            font_files=fonts,
            # No file has these names, so that a text without a family is a warning and never another font.
            font_family="renderlock-none",
            serif_family="renderlock-none",
            sans_serif_family="renderlock-none",
            cursive_family="renderlock-none",
            fantasy_family="renderlock-none",
            monospace_family="renderlock-none",
        )
        drawing.with_suffix(".png").write_bytes(png)


def limit(memory_bytes: int, cpu_seconds: int) -> None:
    """Bounds this process, where the system can."""
    try:
        import resource  # noqa: PLC0415 - it is not there on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    limit(int(sys.argv[2]), int(sys.argv[3]))
    draw(Path(sys.argv[1]))
