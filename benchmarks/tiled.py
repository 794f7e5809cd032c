"""Finals from tiles: against the same refining in one piece at a size that still fits, and memory as they grow.

    python -m benchmarks.tiled [--part pieces|redundancy|share|growth] [--sizes 1024 2048 4096 8192] [--out FOLDER]

`pieces` draws with the embedded model: one picture of 512 px refined in one piece and in 2x2 tiles, CPU seconds of
each, how alike they are, and the seam score. `share` draws a whole final of 2048 px and says what merging and encoding
it are of that. `growth` puts finals together from tiles of an engine that costs nothing (it gives its start picture
with grain), so that what is measured is this program's own work; each size is a process of its own, and only anonymous
memory counts, as mapped files are the system's to drop. Exits with 1 where a limit is missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from renderlock.actions.finals.finisher import Finisher
from renderlock.actions.finals.grids import TileWish, grid_of, last_tile, plan_tiling
from renderlock.actions.finals.links import Draw, Tiled
from renderlock.actions.finals.merging import CHANNELS, merge_again
from renderlock.actions.finals.routes import Model, Route
from renderlock.actions.finals.staged import staging
from renderlock.actions.finals.tiling import TILE_STRENGTH, plan_tiles
from renderlock.actions.jobs import Job
from renderlock.actions.making import Maker
from renderlock.actions.models import Models
from renderlock.actions.run import RunUnwatched
from renderlock.engines.base import Engine, EngineOptions, Render, Watch
from renderlock.engines.capabilities import Capabilities
from renderlock.engines.resolve import Request
from renderlock.executors.in_process import Stop
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels
from renderlock.metrics.agreement import compare
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.pipeline import Asset, Step
from renderlock.spec.recipe import Recipe, Size
from renderlock.spec.roles import Role
from renderlock.spec.standing import Standing
from renderlock.store.records import RenderRecord
from renderlock.store.store import Store

EMBEDDED = "embedded"
PROMPT = "a red apple with a green leaf, blue sky"


class Grainy:
    """The embedded engine's facts, and renders that are their start picture with grain: no time, no memory."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def capabilities(self) -> Capabilities:
        """The embedded model's."""
        return self._engine.capabilities

    def identify(self) -> ModelIdentity:
        """The embedded model under another name, so that nothing is mistaken for its work."""
        return replace(self._engine.identify(), model="grainy")

    def environment(self) -> tuple[tuple[str, str], ...]:
        """Nothing of its own."""
        return ()

    def render(self, recipe: Recipe, init: Pixels | None, watch: Watch) -> Render:
        """The start picture, or a gradient, with grain of the recipe's own."""
        generator = np.random.default_rng(int(recipe.digest[-12:], 16))
        shape = (recipe.size.height, recipe.size.width, 3)
        ramp = np.linspace(30, 220, shape[1]).astype(np.uint8)[None, :, None]
        start = np.broadcast_to(ramp, shape) if init is None else np.clip(init, 8, 240)
        watch.on_step(1, 1)
        return Render(start + generator.integers(0, 8, shape, np.uint8))

    def close(self) -> None:
        """Nothing is held."""


class GrainyModels(Models):
    """Models that are all grainy."""

    def engine(self, reference: str) -> Engine:
        """The grainy engine."""
        return Grainy(super().engine(reference))


def finish(store: Store, models: Models, route: Route) -> RenderRecord:
    """The delivered picture of a route."""
    step = Step(name="final", role=Role.FINAL, model=EMBEDDED)
    asset = Asset("apple", PROMPT)
    job = Job(asset, step, Standing.SANDBOX, EMBEDDED, route.first_recipe, (), seed=asset.seeds[0], route=route)
    maker = Maker("benchmark", store, models, RunUnwatched(), Stop())
    try:
        return Finisher(maker).make(job)
    finally:
        maker.close()


def model_of(models: Models) -> Model:
    """The embedded model as routes are planned for it."""
    return Model(models.identity(EMBEDDED), models.engine(EMBEDDED).capabilities, "refuse")


MOST_RATIO = 1.3
"""CPU seconds of tiles over one piece, for the same pixels."""

MOST_REDUNDANCY = 1.15
"""Pixels made over pixels delivered."""

MOST_SHARE = 0.02
"""Merging and encoding, of all that a final of 2048 px costs."""

MOST_MIB = 64.0
"""What a final of any of these sizes takes beside the model at its peak; a canvas of 8192 px alone would be 192 MiB."""


def compare_pieces(_: argparse.Namespace) -> bool:
    """Refines one picture in one piece and in tiles; prints what they show; True where tiles cost little more."""
    with tempfile.TemporaryDirectory() as folder, Models(EngineOptions()) as models:
        store = Store.create(Path(folder, "store"))
        request = Request(PROMPT, 5, size=Size(512, 512))
        route = plan_tiles(request, TileWish("2x2"), model_of(models), None)
        base = finish(store, models, Route((route.links[0],)))
        tiled = route.links[-1]
        assert isinstance(tiled, Tiled)
        controls = dict(tiled.recipe.extras)
        whole = replace(
            tiled.recipe,
            prompt="",
            guidance_scale=float(controls["tile_guidance"]),
            steps=int(controls["tile_steps"]),
            tiling=None,
            extras=(),
        )
        # Loads the weights, and the libraries that a final takes.
        finish(store, models, Route((Draw(replace(whole, seed=99), TILE_STRENGTH),), base))
        finish(store, models, Route((replace(tiled, recipe=replace(tiled.recipe, seed=99)),), base))
        seconds, pictures = [], []
        for link in (Draw(whole, TILE_STRENGTH), tiled):
            started = time.process_time()
            record = finish(store, models, Route((link,), base))
            seconds.append(time.process_time() - started)
            pictures.append(decode_picture(store.read(record)))
        verdicts = [dict(event.fields) for event in store.events(record.address)]
        measures = compare(*pictures).measures
        assert measures is not None
        seam = json.loads(next(one["result"] for one in verdicts if one["gate"] == "seam"))["measures"][0]["value"]
        print(f"512x512 in one piece: {seconds[0]:.2f} cpu-s; in 2x2 tiles: {seconds[1]:.2f} cpu-s")
        print(f"tiles / one piece: {seconds[1] / seconds[0]:.2f} (at most 1.3 wanted)")
        print(f"SSIM {measures.ssim:.4f}, MAE {measures.mae:.2f} levels, PDQ {measures.pdq_bits} of 256 bits")
        print(f"SEAM {seam:.3f}")
        store.close()
        return seconds[1] / seconds[0] <= MOST_RATIO


def compare_grids(_: argparse.Namespace) -> bool:
    """Prints how many pixels are made for each that is delivered; True where they are few."""
    kept = True
    with Models(EngineOptions()) as models:
        small = model_of(models).facts.sizes
    large = replace(small, native=Size(1024, 1024), multiple=64, smallest=512, largest=2048, most_pixels=2048**2)
    for name, rule in (("512 px tiles (embedded)", small), ("1024 px native", large)):
        for side in (1024, 2048, 4096, 8192):
            canvas = Size(side, side)
            plan = plan_tiling(canvas, rule, TileWish())
            last = last_tile(canvas, plan, rule)
            grid = grid_of(canvas, plan, last)
            print(
                f"{canvas}, {name}: {grid.columns}x{grid.rows} of {plan.tile}, the last {last},"
                f" {grid.redundancy:.3f} pixels made for one (at most {MOST_REDUNDANCY})"
            )
            kept = kept and grid.redundancy <= MOST_REDUNDANCY
    return kept


def measure_share(options: argparse.Namespace) -> bool:
    """Draws a final of 2048 px; prints what merging and encoding are of it; True where that is little."""
    size = Size(2048, 2048)
    with tempfile.TemporaryDirectory() as folder, Models(EngineOptions()) as models:
        store = Store.create(Path(folder, "store"))
        route = plan_tiles(Request(PROMPT, 5, size=size), TileWish(), model_of(models), None)
        started = time.process_time()
        record = finish(store, models, route)
        whole = time.process_time() - started
        with staging(Path(folder), size, channels=CHANNELS, texts={}) as sink:
            started = time.process_time()
            merge_again(store, record, sink)
            sink.close()
            merging = time.process_time() - started
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
            options.out.joinpath("final-2048.png").write_bytes(store.read(record))
        store.close()
    print(f"{size} by the embedded model, base and tiles: {whole:.1f} cpu-s in all")
    print(f"merging (tiles read, anchored, put together) and encoding: {merging:.2f} cpu-s,", end=" ")
    print(f"{merging / whole:.1%} of it (at most {MOST_SHARE:.0%})")
    return merging <= MOST_SHARE * whole


class Peak:
    """The most anonymous memory of this process while a block runs, looked at every 5 ms."""

    def __enter__(self) -> Self:
        self.bytes = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.005):
            self.bytes = max(self.bytes, anonymous_bytes())


def anonymous_bytes() -> int:
    """Anonymous memory of this process now."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024


def measure_growth(side: int) -> None:
    """Puts one final of that side together and prints its cost as JSON: run in a process of its own."""
    with tempfile.TemporaryDirectory() as folder, GrainyModels(EngineOptions()) as models:
        store = Store.create(Path(folder, "store"))
        route = plan_tiles(Request(PROMPT, 5, size=Size(side, side)), TileWish(), model_of(models), None)
        base = finish(store, models, Route(route.links[:-1]))
        before, started = anonymous_bytes(), time.process_time()
        with Peak() as peak:
            record = finish(store, models, Route(route.links[-1:], base))
        seconds = time.process_time() - started
        assert record.size == Size(side, side)
        print(json.dumps({"mib": (peak.bytes - before) / 2**20, "seconds": seconds, "mpx": side * side / 1e6}))
        store.close()


def compare_growth(options: argparse.Namespace) -> bool:
    """Prints what finals of each size cost this program; True where memory hardly grows."""
    peaks: list[float] = []
    for side in options.sizes:
        command = [sys.executable, "-m", "benchmarks.tiled", "--measure", str(side)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        rate = found["seconds"] / found["mpx"]
        peaks.append(float(found["mib"]))
        print(f"{side}x{side}: +{found['mib']:.0f} MiB at the peak, {rate:.2f} cpu-s a megapixel beside the model's")
    print(f"the largest over the smallest: {max(peaks) / min(peaks):.1f};", end=" ")
    print(f"most {max(peaks):.0f} MiB (at most {MOST_MIB:.0f})")
    return max(peaks) <= MOST_MIB


PARTS: dict[str, Callable[[argparse.Namespace], bool]] = {
    "pieces": compare_pieces,
    "redundancy": compare_grids,
    "share": measure_share,
    "growth": compare_growth,
}


def main() -> int:
    """Runs the parts asked for; 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS, default=None, help="only this part")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1024, 2048, 4096, 8192])
    parser.add_argument("--out", type=Path, default=None, help="keeps the final of 2048 px in this folder")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure_growth(options.measure)
        return 0
    parts = [options.part] if options.part else list(PARTS)
    kept = [PARTS[part](options) for part in parts]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
