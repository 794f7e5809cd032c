"""Pipeline overhead: renders through a run (plan, store, index, thumbnails) against the same engine in a bare loop.

    python -m benchmarks.pipeline_overhead [--count 8] [--size 256] [--rounds 8]

Both render the same recipes in one process, one at a time; the bare loop keeps nothing. They take turns in going first.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
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


def run_both(path: Path, *, bare_first: bool) -> tuple[float, float]:
    """Seconds of one run from an empty store and of the bare loop over the same recipes, weights loaded before."""
    with open_run(read_pipeline(Place(path)), EngineOptions(), RunOptions(workers=1), RunUnwatched()) as run:
        engine = run.planner.models.engine("embedded")
        recipes = tuple(job.recipe for job in run.planner.plan(run.selected_steps()[0]).missing)
        engine.render(recipes[0], None, Unwatched())
        if bare_first:
            bare = seconds_of(lambda: render_all(engine, recipes))
            return seconds_of(run.execute), bare
        return seconds_of(run.execute), seconds_of(lambda: render_all(engine, recipes))


def render_all(engine: Engine, recipes: tuple[Recipe, ...]) -> None:
    """The engine alone over some recipes."""
    for recipe in recipes:
        engine.render(recipe, None, Unwatched())


def seconds_of(work: Callable[[], object]) -> float:
    """Wall seconds of some work."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> int:
    """Prints the ratio of each round and their median; exit code 1 above 5 % overhead."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args()
    rounds = []
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as root:
            path = Path(root, "pipeline.yml")
            path.write_text(PIPELINE.format(count=options.count, size=options.size))
            with Models(EngineOptions()) as models:
                lock_pipeline(read_pipeline(Place(path)), models)
            rounds.append(run_both(path, bare_first=number % 2 == 1))
        through_run, bare = rounds[-1]
        print(f"round {number}: run {through_run:.2f} s, bare loop {bare:.2f} s, ratio {through_run / bare:.3f}")
    ratio = median(through_run / bare for through_run, bare in rounds)
    print(f"run / bare loop: {ratio:.3f} for {options.count} pictures of {options.size} px; limit {LIMIT}")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
