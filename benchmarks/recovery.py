"""What running out of memory costs: a render that fails at every allocation in turn, and one under a real limit.

First, a Stable Diffusion with random weights has one allocation refused, each in turn (`--stride` takes every n-th),
and is asked again: the picture must come out with the same pixels, and both attempts together must not take longer
than 1.15 times a render that nothing disturbs. CPU seconds, against the retry that others do, from the start.

Second, budgets under which the render as it is truly fails, refused by the system: the rungs that were taken, and the
time against a render that takes the same rungs at once.

    python -m benchmarks.recovery --stride 20
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from benchmarks.random_models import save_middling

from renderlock.actions.memory.history import Recalled
from renderlock.actions.memory.ladder import rungs_for
from renderlock.actions.memory.steward import Steward
from renderlock.actions.models import Models
from renderlock.engines.base import Engine, EngineOptions, Unwatched
from renderlock.engines.diffusers_local.live_tensors import LiveTensors
from renderlock.engines.resolve import Request, resolve
from renderlock.errors import OutOfMemory
from renderlock.imaging.pixels import digest_pixels
from renderlock.spec.recipe import Recipe, Size


@dataclass(frozen=True)
class Failure:
    """One refused allocation: which, how long the failed attempt took and the one after it, and whether the pixels
    are those of an undisturbed render."""

    number: int
    failed_s: float
    after_s: float
    same: bool


def recipe_for(models: Models, reference: str, side: int, steps: int) -> Recipe:
    """A square picture."""
    engine, identity = models.engine(reference), models.identity(reference)
    request = Request("a red apple", 1, size=Size(side, side), steps=steps)
    return resolve(request, identity, engine.capabilities, "refuse").recipe


def fail_each(engine: Engine, recipe: Recipe, stride: int) -> tuple[float, int, list[Failure]]:
    """CPU seconds of an undisturbed render, its allocations, and what each refused one cost."""
    whole_s, digest = _timed(lambda: digest_pixels(engine.render(recipe, None, Unwatched()).pixels))
    with LiveTensors() as counting:
        whole_s, _ = _timed(lambda: engine.render(recipe, None, Unwatched()))
    found = []
    for number in range(0, counting.allocations, stride):
        failed_s = _fail(engine, recipe, number)
        with LiveTensors():
            after_s, again = _timed(lambda: digest_pixels(engine.render(recipe, None, Unwatched()).pixels))
        found.append(Failure(number, failed_s, after_s, again == digest))
    return whole_s, counting.allocations, found


def _fail(engine: Engine, recipe: Recipe, number: int) -> float:
    started = time.process_time()
    try:
        with LiveTensors(refuse=lambda index, _: index == number):
            engine.render(recipe, None, Unwatched())
    except OutOfMemory:
        return time.process_time() - started
    message = f"allocation {number} was refused and nothing happened"
    raise SystemExit(message)


def _timed(work: Callable[[], object]) -> tuple[float, object]:
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def report_each(whole_s: float, allocations: int, failures: Sequence[Failure]) -> None:
    """The summary of refused allocations."""
    shares = np.array([(one.failed_s + one.after_s) / whole_s for one in failures])
    from_start = np.array([one.failed_s / whole_s + 1 for one in failures])
    same = sum(one.same for one in failures)
    print(f"{len(failures)} of {allocations} allocations refused in turn; an undisturbed render takes {whole_s:.2f} s")
    print(f"came out with the same pixels: {same} of {len(failures)}")
    for name, values in (("going on", shares), ("from the start", from_start)):
        good = np.mean(values <= 1.15)
        print(
            f"{name:15} times an undisturbed render: median {np.median(values):.2f},"
            f" 95 % {np.quantile(values, 0.95):.2f}, most {values.max():.2f}; at most 1.15 on {good:.0%}"
        )


def under_budgets(models: Models, reference: str, recipe: Recipe, budgets_mib: Sequence[int]) -> None:
    """Renders under budgets that the system holds, with nothing known of the model, and again with what was learned."""
    rungs = rungs_for(models.engine(reference).capabilities)
    print(f"\n{reference.partition(':')[0]} {recipe.size}, real limit on the address space")
    print(f"{'budget':>8} {'rungs taken':40} {'peak':>8} {'s':>6} {'at once':>8} ratio")
    for budget in budgets_mib:
        steward = Steward(models, Recalled())
        # Another picture first, so that imports and weights are there in both.
        steward.render(reference, _small(recipe), None, Unwatched(), budget_bytes=budget * 2**20, rungs=rungs)
        seconds = []
        try:
            for seed in (1, 2):
                started = time.monotonic()
                made = steward.render(
                    reference,
                    replace(recipe, seed=seed),
                    None,
                    Unwatched(),
                    budget_bytes=budget * 2**20,
                    rungs=rungs,
                )
                seconds.append(time.monotonic() - started)
        except OutOfMemory as error:
            print(f"{budget:8} {error}")
            continue
        finally:
            steward.close()
        names = ", ".join(dict.fromkeys(rung.name for rung in made.rungs_taken)) or "none"
        peak = (made.peak_bytes or 0) / 2**20
        print(f"{budget:8} {names:40} {peak:8.0f} {seconds[0]:6.1f} {seconds[1]:8.1f} {seconds[0] / seconds[1]:.2f}")


def _small(recipe: Recipe) -> Recipe:
    return replace(recipe, size=Size(64, 64), steps=1)


def main() -> None:
    """Runs both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stride", type=int, default=20)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--steps", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Models(EngineOptions(threads=1)) as models:
        reference = f"diffusers:{save_middling(Path(folder) / 'middling')}"
        recipe = recipe_for(models, reference, arguments.side, arguments.steps)
        report_each(*fail_each(models.engine(reference), recipe, arguments.stride))
        under_budgets(models, reference, recipe_for(models, reference, 512, 10), (500, 380, 300, 260))
        under_budgets(models, "embedded", recipe_for(models, "embedded", 512, 12), (300, 220, 150))


if __name__ == "__main__":
    main()
