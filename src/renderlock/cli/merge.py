"""`merge`: tiles of this or another tool into one picture file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from renderlock.actions.merging import MergedFile, merge_files
from renderlock.cli.console import answer, answer_json, say
from renderlock.cli.options import JsonOption
from renderlock.errors import InputUnusable
from renderlock.imaging.merge import Blend

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def merge(
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture; its ending says the format.")],
    files: Annotated[list[str] | None, typer.Argument(help="More tiles, as a shell expands them.")] = None,
    inputs: Annotated[list[str] | None, typer.Option("--input", "-i", help="Tiles: files, folder or pattern.")] = None,
    blend: Annotated[Blend, typer.Option("--blend", help="How tiles meet; auto looks at them first.")] = "auto",
    base: Annotated[Path | None, typer.Option("--base", help="A smaller picture of the whole, to agree with.")] = None,
    overlap: Annotated[
        int | None, typer.Option("--overlap", min=0, help="In pixels, where names say rows and columns only.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Merge tiles into one picture: PNG, TIFF, WebP, JPEG or a deep-zoom pyramid.

    Tiles say their place in their metadata or their names; docs/merge.md lists the names.
    """
    named = [*(inputs or ()), *(files or ())]
    if not named:
        raise InputUnusable(path="--input", reason="no tiles were named", action="renderlock merge --input tiles/*.png")
    merged = merge_files(named, output, blend=blend, base=base, overlap=overlap)
    if json:
        answer_json(merged.to_json())
    else:
        _show(merged)


def _show(merged: MergedFile) -> None:
    grid, report = merged.grid, merged.report
    answer(str(merged.path))
    size = f"{grid.width}x{grid.height} from {grid.columns}x{grid.rows} tiles"
    say(f"  {size}, {report.blend}{', on its base' if report.back_projected else ''}, {merged.seconds:.1f} s")
    if report.offsets:
        moved = f"tone moved by up to {report.largest_offset:.1f} levels"
        say(f"  {moved}; overlaps differed in tone by {report.largest_before:.1f}, now {report.largest_after:.1f}")
        say(f"  pixels of the worst overlap differed by {report.largest_rms:.1f} levels (root mean square)")
