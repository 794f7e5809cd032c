"""What running out of memory costs: a render that fails at every allocation in turn, and one under a real limit.

First, a small Stable Diffusion with random weights has one allocation refused, every one of them in turn, and is asked
again: the picture must come out with the same pixels. Then a larger model, every `--stride`-th allocation, where both
attempts together may take no longer than 1.15 times a render that nothing disturbs (CPU seconds; what is above it is
measured again, up to twice, since others use the machine). The alternative is the retry from the start. Ends with 1
where a picture differs or the limit is missed.

Last, budgets under which the render as it is truly fails, refused by the system: the rungs that were taken, and the
time against a render that takes the same rungs at once. `benchmarks.recovery_finals` does it for a final from tiles.

    python -m benchmarks.recovery --part every
    python -m benchmarks.recovery --part time --stride 100
    python -m benchmarks.recovery --part budgets
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from benchmarks.random_models import save_middling, save_small

from renderlock.actions.memory.history import Recalled
from renderlock.actions.memory.ladder import rungs_for
from renderlock.actions.memory.steward import Steward
from renderlock.actions.models import Models
from renderlock.engines.base import Engine, EngineOptions, Unwatched
from renderlock.engines.diffusers_local.live_tensors import LiveTensors, Refusal
from renderlock.engines.resolve import Request, resolve
from renderlock.errors import OutOfMemory
from renderlock.imaging.pixels import digest_pixels
from renderlock.spec.recipe import Recipe, Size

LIMIT = 1.15
"""The most that both attempts may take, in renders that nothing disturbs."""


@dataclass(frozen=True)
class Failure:
    """One refused allocation: which, both attempts in undisturbed renders, the failed one alone, and whether the pixels
    are those of an undisturbed render."""

    number: int
    share: float
    failed_share: float
    same: bool


def recipe_for(models: Models, reference: str, side: int, steps: int) -> Recipe:
    """A square picture."""
    engine, identity = models.engine(reference), models.identity(reference)
    request = Request("a red apple", 1, size=Size(side, side), steps=steps)
    return resolve(request, identity, engine.capabilities, "refuse").recipe


@dataclass
class Walk:
    """One recipe, rendered with each of its allocations refused in turn."""

    engine: Engine
    recipe: Recipe
    whole_s: float = 0.0

    def run(self, stride: int, *, again: int) -> tuple[int, list[Failure]]:
        """The allocations, and what each refused one cost; one above the limit is measured `again` times more."""
        self.engine.render(self.recipe, None, Unwatched())
        with LiveTensors() as counting:
            digest = digest_pixels(self.engine.render(self.recipe, None, Unwatched()).pixels)
        self.whole_s = self._whole()
        found = []
        for number in range(0, counting.allocations, stride):
            failure = self._fail(number, digest)
            for _ in range(again):
                if failure.share <= LIMIT or not failure.same:
                    break
                self.whole_s = self._whole()
                failure = min(failure, self._fail(number, digest), key=lambda one: one.share)
            found.append(failure)
        return counting.allocations, found

    def _whole(self) -> float:
        return float(np.median([self._timed(None)[0] for _ in range(3)]))

    def _fail(self, number: int, digest: str) -> Failure:
        failed_s, nothing = self._timed(lambda index, _: index == number)
        if nothing is not None:
            message = f"allocation {number} was refused and nothing happened"
            raise SystemExit(message)
        after_s, again = self._timed(None)
        return Failure(number, (failed_s + after_s) / self.whole_s, failed_s / self.whole_s, again == digest)

    def _timed(self, refuse: Refusal | None) -> tuple[float, str | None]:
        """CPU seconds of an attempt, and its picture; None where it ran out of memory."""
        started, digest = time.process_time(), None
        with suppress(OutOfMemory), LiveTensors(refuse=refuse):
            digest = digest_pixels(self.engine.render(self.recipe, None, Unwatched()).pixels)
        return time.process_time() - started, digest


def report_each(walk: Walk, allocations: int, failures: Sequence[Failure], *, timed: bool) -> bool:
    """Prints the summary of refused allocations; gives whether the limits are held."""
    same = sum(one.same for one in failures)
    print(
        f"{walk.recipe.size}, {walk.recipe.steps} steps: {len(failures)} of {allocations} allocations refused in turn"
    )
    print(f"came out with the same pixels: {same} of {len(failures)}")
    if not timed:
        return same == len(failures)
    shares = np.array([one.share for one in failures])
    print(f"an undisturbed render takes {walk.whole_s:.2f} CPU s, as counted")
    for name, values in (
        ("going on", shares),
        ("from the start", np.array([one.failed_share + 1 for one in failures])),
    ):
        print(
            f"{name:15} times an undisturbed render: median {np.median(values):.2f},"
            f" 95 % {np.quantile(values, 0.95):.2f}, most {values.max():.2f}; at most {LIMIT} on"
            f" {np.mean(values <= LIMIT):.1%}"
        )
    return same == len(failures) and bool((shares <= LIMIT).all())


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
    """Runs the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("all", "every", "time", "budgets"), default="all")
    parser.add_argument("--stride", type=int, default=100, help="of the part `time`")
    parser.add_argument("--side", type=int, default=128, help="of the part `time`")
    parser.add_argument("--steps", type=int, default=20, help="of the part `time`")
    arguments = parser.parse_args()
    held = True
    with tempfile.TemporaryDirectory() as folder, Models(EngineOptions(threads=1)) as models:
        if arguments.part in {"all", "every"}:
            small = f"diffusers:{save_small(Path(folder) / 'small')}"
            for extras in ((), (("vae_tile_px", 64),)):
                recipe = replace(recipe_for(models, small, 96 if extras else 64, 2), extras=extras)
                walk = Walk(models.engine(small), recipe)
                held &= report_each(walk, *walk.run(1, again=0), timed=False)
        reference = f"diffusers:{save_middling(Path(folder) / 'middling')}"
        if arguments.part in {"all", "time"}:
            walk = Walk(models.engine(reference), recipe_for(models, reference, arguments.side, arguments.steps))
            held &= report_each(walk, *walk.run(arguments.stride, again=2), timed=True)
        if arguments.part in {"all", "budgets"}:
            under_budgets(models, reference, recipe_for(models, reference, 512, 10), (500, 380, 300, 260))
            under_budgets(models, "embedded", recipe_for(models, "embedded", 512, 12), (300, 220, 150))
    if not held:
        raise SystemExit("a limit of this page is missed")


if __name__ == "__main__":
    main()
