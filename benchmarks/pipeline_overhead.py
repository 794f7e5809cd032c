"""Pipeline overhead: renders through a run (plan, store, index, thumbnails) against the same engine in a bare loop.

    python -m benchmarks.pipeline_overhead [--count 24] [--size 256] [--rounds 3]

Both render the same recipes in one process, one at a time; the bare loop keeps nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from renderlock.actions.campaign import RunOptions, open_run
from renderlock.actions.lock import lock_pipeline
from renderlock.actions.models import Models
from renderlock.actions.run import RunUnwatched
from renderlock.actions.workspace import Place, read_pipeline
from renderlock.engines.base import Engine, EngineOptions, Unwatched
from renderlock.spec.recipe import Recipe

PIPELINE = """\
review_model: embedded
seeds: {{start: 0, count: {count}}}
assets: [{{name: apple, prompt: a red apple}}]
steps: [{{name: quick-pass, model: "${{review_model}}", size: {size}}}]
"""
LIMIT = 1.05


def run_pipeline(path: Path) -> tuple[float, tuple[Recipe, ...], Engine]:
    """Seconds of one run from an empty store, weights loaded before, with its recipes and its engine."""
    with open_run(read_pipeline(Place(path)), EngineOptions(), RunOptions(workers=1), RunUnwatched()) as run:
        engine = run.planner.models.engine("embedded")
        plan = run.planner.plan(run.selected_steps()[0])
        recipes = tuple(job.recipe for job in plan.missing)
        engine.render(recipes[0], None, Unwatched())
        started = time.perf_counter()
        run.execute()
        return time.perf_counter() - started, recipes, engine


def run_bare(engine: Engine, recipes: tuple[Recipe, ...]) -> float:
    """Seconds of the engine alone over the same recipes."""
    engine.render(recipes[0], None, Unwatched())
    started = time.perf_counter()
    for recipe in recipes:
        engine.render(recipe, None, Unwatched())
    return time.perf_counter() - started


def main() -> int:
    """Prints the ratio of each round and their median; exit code 1 above 5 % overhead."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ratios = []
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as root:
            path = Path(root, "pipeline.yml")
            path.write_text(PIPELINE.format(count=options.count, size=options.size))
            with Models(EngineOptions()) as models:
                lock_pipeline(read_pipeline(Place(path)), models)
            through_run, recipes, engine = run_pipeline(path)
            bare = run_bare(engine, recipes)
        ratios.append(through_run / bare)
        print(f"round {number}: run {through_run:.2f} s, bare loop {bare:.2f} s, ratio {ratios[-1]:.3f}")
    print(f"run / bare loop: {median(ratios):.3f} for {options.count} pictures of {options.size} px; limit {LIMIT}")
    return 0 if median(ratios) <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
