"""How near the predicted memory of a render comes to what it takes, over sizes, shapes and levers.

Each case is rendered in a worker that has just started: predicted, rendered, measured, learned from. Prints the share
of renders whose peak lies within 0.75 to 1.0 of the prediction, against the rule that others use: so many bytes a pixel
of the decoded picture (ComfyUI's 2178 x 64 bytes a latent cell, which is 4.25 KiB a pixel in half precision).

    python -m benchmarks.memory                  both models
    python -m benchmarks.memory --only embedded
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from renderlock.actions.memory.history import Recalled
from renderlock.actions.memory.prediction import Measured, Shape, device_of, foretell
from renderlock.actions.memory.render_worker import RenderWorker
from renderlock.actions.models import Models
from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.resolve import Request, resolve
from renderlock.spec.recipe import Recipe, Size

COMMON_RULE_BYTES = 2 * 2178 * 64 / 64
"""The common rule, a pixel, in full precision."""

EMBEDDED_SIDES = (64, 96, 128, 160, 192, 256, 320, 384, 448, 512)
MIDDLING_SIDES = (128, 256, 320, 384, 512, 640)
LEVERS: dict[str, tuple[frozenset[str], ...]] = {
    "embedded": (frozenset(), frozenset({"lean-allocation"})),
    "diffusers": (frozenset(), frozenset({"split-guidance"})),
}


@dataclass(frozen=True)
class Case:
    """One render to predict and to make."""

    recipe: Recipe
    levers: frozenset[str]

    def __str__(self) -> str:
        controls = [*sorted(self.levers), *(f"{name} {value}" for name, value in self.recipe.extras)]
        return f"{self.recipe.size} {', '.join(controls) or 'as it is'}"


@dataclass(frozen=True)
class Outcome:
    """Bytes foretold, by the common rule and by us, and taken."""

    case: Case
    common: float
    predicted: int
    peak: int
    source: str

    @property
    def share(self) -> float:
        """Taken over predicted."""
        return self.peak / self.predicted


def measure(reference: str, models: Models, cases: Sequence[Case]) -> Iterator[Outcome]:
    """Each case predicted from those before it, then rendered."""
    history, foreseeing, worker = Recalled(), RenderWorker(models.options), RenderWorker(models.options)
    device = device_of(models.engine(reference))
    for case in cases:
        shape = Shape.of(case.recipe, case.levers, device)
        parts = foreseeing.foresee(reference, case.recipe, case.levers)
        worker.end()
        prediction = foretell(shape, parts, history.measured(shape))
        made = worker.render(reference, case.recipe, None, Unwatched(), budget_bytes=None, levers=case.levers)
        if prediction.bytes is None or made.peak_bytes is None or parts is None:
            message = "this system does not tell how much memory a process takes"
            raise SystemExit(message)
        history.note(Measured(shape, made.peak_bytes, made.seconds, parts))
        common = parts.weights + COMMON_RULE_BYTES * case.recipe.size.width * case.recipe.size.height
        yield Outcome(case, common, prediction.bytes, made.peak_bytes, prediction.source)
    worker.end()
    foreseeing.end()


def cases_for(reference: str, models: Models, sides: Sequence[int]) -> list[Case]:
    """Every side alone, sides in pairs, every lever, and tiles of the decoder, in an order that is mixed but fixed."""
    engine, identity = models.engine(reference), models.identity(reference)
    sizes = [Size(side, side) for side in sides] + [Size(a, b) for a, b in zip(sides, reversed(sides), strict=True)]
    steps = 2
    found = []
    for size in dict.fromkeys(sizes):
        recipe = resolve(Request("a red apple", 1, size=size, steps=steps), identity, engine.capabilities, "refuse")
        found += [Case(recipe.recipe, levers) for levers in LEVERS[reference.partition(":")[0]]]
        if "vae_tile_px" in engine.capabilities.levers and max(size.width, size.height) > 256:
            found.append(Case(replace(recipe.recipe, extras=(("vae_tile_px", 128),)), frozenset()))
    random.Random(0).shuffle(found)
    return found


def report(name: str, making: Iterable[Outcome]) -> None:
    """The table, a line as soon as it is measured, and its summary."""
    print(f"\n{name}\n{'case':44} {'common rule':>12} {'predicted':>10} {'taken':>8} {'share':>6}  from")
    outcomes = []
    for one in making:
        outcomes.append(one)
        sizes = f"{one.common / 2**20:12.0f} {one.predicted / 2**20:10.0f} {one.peak / 2**20:8.0f}"
        print(f"{one.case!s:44} {sizes} {one.share:6.2f}  {one.source}", flush=True)
    shares = sorted(one.share for one in outcomes)
    common = sorted(one.peak / one.common for one in outcomes)
    for label, values in (("ours", shares), ("common rule", common)):
        good = sum(0.75 <= value <= 1.0 for value in values)
        over = sum(value > 1.0 for value in values)
        print(
            f"{label:12} within 0.75 to 1.0: {good} of {len(values)} ({good / len(values):.0%}),"
            f" taken more than predicted: {over}, shares {values[0]:.2f} to {values[-1]:.2f}"
        )


def main() -> None:
    """Runs the cases of each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("embedded", "diffusers"))
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Models(EngineOptions(threads=arguments.threads)) as models:
        if arguments.only != "diffusers":
            cases = cases_for("embedded", models, EMBEDDED_SIDES)
            report("embedded", measure("embedded", models, cases))
        if arguments.only != "embedded":
            from benchmarks.random_models import save_middling  # noqa: PLC0415 - imports torch

            reference = f"diffusers:{save_middling(Path(folder) / 'middling')}"
            report(
                "Stable Diffusion of 13 million random weights",
                measure(reference, models, cases_for(reference, models, MIDDLING_SIDES)),
            )


if __name__ == "__main__":
    main()
