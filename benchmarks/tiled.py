"""Finals from tiles: against the same refining in one piece at a size that still fits, and memory as they grow.

    python -m benchmarks.tiled [--sizes 1024 2048 4096 8192] [--skip-growth]

The first part draws with the embedded model: one picture of 512 px refined in one piece and in 2x2 tiles, CPU seconds
and memory of each, how alike they are, and the seam score. The second part puts finals together from tiles of an engine
that costs nothing (it gives its start picture with grain), so that what is measured is this program's own work; each
size is a process of its own, and only anonymous memory counts, as mapped files are the system's to drop.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from renderlock.actions.finals.finisher import Finisher
from renderlock.actions.finals.grids import TileWish, grid_of, plan_tiling
from renderlock.actions.finals.links import Draw, Tiled
from renderlock.actions.finals.routes import Model, Route
from renderlock.actions.finals.tiling import TILE_STRENGTH, plan_tiles
from renderlock.actions.making import Maker
from renderlock.actions.models import Models
from renderlock.actions.plan import Job
from renderlock.actions.run import RunUnwatched
from renderlock.engines.base import Engine, EngineOptions, Render, Watch
from renderlock.engines.capabilities import Capabilities
from renderlock.engines.resolve import Request
from renderlock.executors.in_process import Stop
from renderlock.imaging.pixels import Pixels, decode_picture
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

MOST_GROWTH = 8.0
"""Peak memory of the largest final over the smallest: it grows with the width (8 times), not with the pixels (64)."""


def compare_at_512() -> float:
    """Refines one picture in one piece and in tiles; prints what they show, gives the ratio of their CPU seconds."""
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
        return seconds[1] / seconds[0]


def print_redundancy() -> None:
    """Prints how many pixels are made for each that is delivered."""
    with Models(EngineOptions()) as models:
        small = model_of(models).facts.sizes
    large = replace(small, native=Size(1024, 1024), multiple=64, smallest=512, largest=2048, most_pixels=2048**2)
    for name, rule in (("512 px tiles (embedded)", small), ("1024 px native", large)):
        for side in (1024, 2048, 4096, 8192):
            grid = grid_of(Size(side, side), plan_tiling(Size(side, side), rule, TileWish()))
            tile = f"{grid.tile_width}x{grid.tile_height}"
            print(f"{side}x{side}, {name}: {grid.columns}x{grid.rows} of {tile}, ratio {grid.redundancy:.3f}")


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


def main() -> int:
    """Prints both parts; exit code 1 where tiles cost more than 1.3 times, or memory grows more than the width."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1024, 2048, 4096, 8192])
    parser.add_argument("--skip-growth", action="store_true")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure_growth(options.measure)
        return 0
    ratio = compare_at_512()
    print_redundancy()
    peaks = []
    for side in () if options.skip_growth else options.sizes:
        command = [sys.executable, "-m", "benchmarks.tiled", "--measure", str(side)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        rate = found["seconds"] / found["mpx"]
        peaks.append(found["mib"])
        print(f"{side}x{side}: +{found['mib']:.0f} MiB at the peak, {rate:.2f} cpu-s a megapixel beside the model's")
    return int(ratio > MOST_RATIO or (len(peaks) > 1 and max(peaks) > MOST_GROWTH * min(peaks)))


if __name__ == "__main__":
    sys.exit(main())
