"""`variants`: one prompt with several seeds, measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from renderlock.actions.campaign import RunOptions
from renderlock.actions.single import Wish
from renderlock.actions.variance_texts import variance_to_json, variance_to_text
from renderlock.actions.variants import VariantOptions, Variants, render_variants
from renderlock.cli.console import answer, answer_json
from renderlock.cli.options import (
    DEFAULT_FILE,
    FileOption,
    JsonOption,
    ProgressOption,
    SizeOption,
    StoreOption,
    WorkersOption,
    parse_size,
    place_of,
)
from renderlock.cli.progress import follow
from renderlock.cli.run import deviation_lines, picture_json, show_failures
from renderlock.engines.base import EngineOptions
from renderlock.settings import current_settings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def variants(
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="What to render.")],
    model: Annotated[str, typer.Option("--model", "-m", help="The model's reference.")] = "embedded",
    count: Annotated[int, typer.Option("-n", "--count", min=1, max=200, help="How many seeds.")] = 10,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, help="The first seed; the others follow it.")] = 0,
    out: Annotated[Path, typer.Option("--out", help="Where sheet, report and pictures go.")] = Path("variants"),
    negative_prompt: Annotated[str, typer.Option("--negative-prompt", help="What to keep away from.")] = "",
    size: SizeOption = None,
    steps: Annotated[int | None, typer.Option("--steps", help="Denoising steps.")] = None,
    guidance_scale: Annotated[float | None, typer.Option("--guidance-scale", help="Guidance scale.")] = None,
    sampler: Annotated[str | None, typer.Option("--sampler", help="A sampler's name, e.g. euler.")] = None,
    workers: WorkersOption = None,
    file: FileOption = DEFAULT_FILE,
    store: StoreOption = None,
    json: JsonOption = False,
    progress: ProgressOption = True,
) -> None:
    """Render one prompt with several seeds and measure how much they vary."""
    settings = current_settings()
    wish = Wish(
        prompt=prompt,
        seeds=tuple(range(seed, seed + count)),
        negative_prompt=negative_prompt,
        size=parse_size(size),
        steps=steps,
        guidance_scale=guidance_scale,
        sampler=sampler,
    )
    options = VariantOptions(model, place_of(file, store), out, RunOptions(rehearse=settings.rehearse, workers=workers))
    with follow(shown=progress) as watch:
        found = render_variants(wish, EngineOptions.of(settings), options, watch)
    _show_variants(found, as_json=json)
    if found.result.errors:
        raise typer.Exit(found.result.errors[0].exit_code)


def _show_variants(found: Variants, *, as_json: bool) -> None:
    show_failures(found.result)
    if as_json:
        variance = None if found.values is None else variance_to_json(found.values)
        files = [str(path) for path in found.files]
        pictures = [picture_json(picture) for picture in found.result.pictures]
        answer_json({"pictures": pictures, "variance": variance, "files": files})
        return
    for line in deviation_lines(found.result):
        answer(line)
    if found.values is not None:
        answer(variance_to_text(found.values))
    for path in found.files:
        answer(str(path))
