"""A Stable Diffusion XL of its real size, random weights, 2048 x 2048, under 12 GB of a graphics card.

Seconds for the whole picture by the ladder and by diffusers' own levers set by hand, and seconds for a tile and for
all tiles, each under an allocator limit (`--limit-gb`), so that a larger card tests a 12 GB plan. Weights and picture
are random: memory and time do not depend on them. `--tiny` runs the same on a CPU in a minute, as a check of this
script; its numbers say nothing.

    python -m benchmarks.gpu_finals --device cuda
    python -m benchmarks.gpu_finals --tiny
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from benchmarks.random_models import save_sdxl

from renderlock.actions.memory.history import Recalled
from renderlock.actions.memory.ladder import rungs_for
from renderlock.actions.memory.prediction import device_kind, device_of
from renderlock.actions.memory.render_worker import RenderWorker
from renderlock.actions.memory.steward import Steward
from renderlock.actions.models import Models
from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.resolve import Request, resolve
from renderlock.errors import EngineFailed, OutOfMemory
from renderlock.imaging.tiles import solve_grid
from renderlock.spec.recipe import Recipe, Size, Window

BY_HAND: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "split guidance": ("split-guidance",),
    "model offload": ("model-offload",),
    "layer offload": ("layer-offload",),
}
"""Levers set by hand, as a user of diffusers would, each with the decoder in tiles of 512 pixels and without."""


@dataclass(frozen=True)
class Plan:
    """What to render: sides in pixels, steps, the limit."""

    side: int
    tile: int
    steps: int
    limit_bytes: int


def whole_by_ladder(models: Models, reference: str, recipe: Recipe, plan: Plan) -> str:
    """One picture, the rungs chosen by the steward."""
    engine = models.engine(reference)
    kind = device_kind(device_of(engine))
    rungs = rungs_for(engine.capabilities, device=kind)
    steward, started = Steward(models, Recalled()), time.monotonic()
    try:
        made = steward.render(reference, recipe, None, Unwatched(), budget_bytes=plan.limit_bytes, rungs=rungs)
    except (OutOfMemory, EngineFailed) as error:
        return f"failed: {error}"
    finally:
        steward.close()
    foretold = 0 if made.predicted is None or made.predicted.bytes is None else made.predicted.bytes
    names = ", ".join(rung.name for rung in made.rungs_taken) or "none"
    peak = made.peak_bytes or 0
    return f"{time.monotonic() - started:.1f} s, rungs {names}, peak {_gib(peak)}, predicted {_gib(foretold)}"


def whole_by_hand(models: Models, reference: str, recipe: Recipe, plan: Plan) -> Iterator[tuple[str, str]]:
    """The same picture with diffusers' own levers, one setting after the other."""
    on_cpu = device_kind(device_of(models.engine(reference))) == "cpu"
    for name, levers in BY_HAND.items():
        if on_cpu and any("offload" in lever for lever in levers):
            continue
        for tiled in (False, True):
            tried = replace(recipe, extras=(("vae_tile_px", min(512, plan.tile)),)) if tiled else recipe
            worker, started = RenderWorker(models.options), time.monotonic()
            try:
                made = worker.render(reference, tried, None, Unwatched(), budget_bytes=plan.limit_bytes, levers=levers)
                told = f"{time.monotonic() - started:.1f} s, peak {_gib(made.peak_bytes or 0)}"
            except (OutOfMemory, EngineFailed) as error:
                told = f"failed: {str(error.facts.get('reason'))[:90]}"
            finally:
                worker.end()
            yield f"{name}{', decoder in tiles' if tiled else ''}", told


def in_tiles(models: Models, reference: str, recipe: Recipe, plan: Plan) -> str:
    """The canvas as tiles, each rendered by itself under the same limit."""
    grid = solve_grid(plan.side, plan.side, most=(plan.tile, plan.tile), overlap=plan.tile // 8, multiple=8)
    rungs = rungs_for(models.engine(reference).capabilities, device=device_kind(device_of(models.engine(reference))))
    steward, seconds = Steward(models, Recalled()), []
    try:
        for tile in grid.tiles:
            window = Window(tile.left, tile.top, Size(plan.side, plan.side))
            part = replace(recipe, size=Size(tile.width, tile.height), window=window)
            started = time.monotonic()
            steward.render(reference, part, None, Unwatched(), budget_bytes=plan.limit_bytes, rungs=rungs)
            seconds.append(time.monotonic() - started)
    except (OutOfMemory, EngineFailed) as error:
        return f"failed after {len(seconds)} tiles: {error}"
    finally:
        steward.close()
    later = seconds[1:] or seconds
    each = sum(later) / len(later)
    return f"{grid.columns} x {grid.rows} tiles: {each:.1f} s a tile, {sum(seconds):.1f} s in all with loading"


def _gib(count: int) -> str:
    return f"{count / 2**30:.2f} GiB"


def main() -> None:
    """Prints the machine and one line a way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--limit-gb", type=float, default=12.0)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--tiny", action="store_true")
    arguments = parser.parse_args()
    tiny: bool = arguments.tiny
    plan = Plan(
        side=192 if tiny else 2048,
        tile=112 if tiny else 1152,
        steps=2 if tiny else arguments.steps,
        limit_bytes=400 * 2**20 if tiny else round(arguments.limit_gb * 1e9),
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = "cpu" if tiny else arguments.device
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or platform.machine()
    print(f"{name}, torch {torch.__version__}, {plan.side} x {plan.side}, {plan.steps} steps, {_gib(plan.limit_bytes)}")
    with tempfile.TemporaryDirectory() as folder, Models(EngineOptions(threads=2, device=device)) as models:
        reference = f"diffusers:{save_sdxl(Path(folder) / 'sdxl', tiny=tiny)}"
        engine, identity = models.engine(reference), models.identity(reference)
        request = Request("hero shot, studio lighting", 1, size=Size(plan.side, plan.side), steps=plan.steps)
        recipe = resolve(request, identity, engine.capabilities, "refuse").recipe
        print(f"whole, by the ladder: {whole_by_ladder(models, reference, recipe, plan)}", flush=True)
        for way, told in whole_by_hand(models, reference, recipe, plan):
            print(f"whole, by hand, {way}: {told}", flush=True)
        print(f"in tiles: {in_tiles(models, reference, recipe, plan)}")


if __name__ == "__main__":
    main()
