"""Finals under budgets that their usual plan does not fit: what they come out by, without a person.

Each final is run as `renderlock run` runs it, with the whole ladder of the pipeline, in a store of its own; the system
holds the budget (`RLIMIT_AS`). First the one render or the tiles as planned, without a rung, to see that they truly
fail. Ends with 1 where a final does not come out, or where what should fail does not.

    python -m benchmarks.budget_finals
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.random_models import save_middling

from renderlock.actions.campaign import RunOptions, open_run
from renderlock.actions.lock import lock_pipeline
from renderlock.actions.models import Models
from renderlock.actions.run import RunUnwatched
from renderlock.actions.workspace import Place, read_pipeline
from renderlock.engines.base import EngineOptions
from renderlock.errors import RenderlockError
from renderlock.store.records import RenderRecord

PIPELINE = """\
project: budgets
final_model: "{model}"
seeds: [3]
assets:
  - {{name: apple, prompt: a red apple}}
steps:
  - name: final
    model: "${{final_model}}"
    size: {size}
    num_inference_steps: {steps}
    memory_budget: {budget}MiB
    {ladder}
"""


@dataclass(frozen=True)
class Case:
    """A final: its model, its side, and the budget in MiB; `fails` tells whether the plan as it is cannot come out."""

    model: str
    size: int
    budget: int
    fails: bool = True


def run(case: Case, steps: int, *, ladder: str) -> RenderRecord | RenderlockError:
    """The final of a new project."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pipeline.yml"
        path.write_text(
            PIPELINE.format(model=case.model, size=case.size, steps=steps, budget=case.budget, ladder=ladder)
        )
        place, engines = Place(path), EngineOptions(device="cpu")
        with Models(engines) as models:
            lock_pipeline(read_pipeline(place), models)
        with open_run(read_pipeline(place), engines, RunOptions(workers=1), RunUnwatched()) as opened:
            (made,) = opened.execute().pictures
        outcome = made.record or made.error
        assert outcome is not None
        return outcome


def describe(record: RenderRecord) -> str:
    """What the final came out as: its tiles and what was done for memory."""
    recipe = record.recipe
    assert recipe is not None
    plan = f"tiles of {recipe.tiling.tile}" if recipe.tiling is not None else "one render, or enlarged from one"
    done = [one.done for one in record.deviations if one.field in {"memory", "sampler", "size"}]
    return f"{plan}; {'; '.join(done) or 'nothing was done differently'}"


def main() -> None:
    """Prints a row a case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=2)
    arguments = parser.parse_args()
    held = True
    with tempfile.TemporaryDirectory() as folder:
        middling = f"diffusers:{save_middling(Path(folder) / 'middling')}"
        cases = (
            Case("embedded", 1024, 320, fails=False),
            Case("embedded", 1024, 180),
            Case("embedded", 512, 115),
            Case(middling, 512, 260),
        )
        for case in cases:
            plain, started = run(case, arguments.steps, ladder="memory_ladder: []"), time.monotonic()
            helped = run(case, arguments.steps, ladder="")
            seconds = time.monotonic() - started
            failed, came_out = isinstance(plain, RenderlockError), isinstance(helped, RenderRecord)
            held &= came_out and failed == case.fails
            told = describe(helped) if isinstance(helped, RenderRecord) else str(helped)
            name = f"{case.model.partition(':')[0]} {case.size} under {case.budget} MiB"
            print(f"{name}: as planned {'fails' if failed else 'fits'}; {seconds:.0f} s; {told}", flush=True)
    if not held:
        raise SystemExit("a final did not come out, or one that should not fit did")


if __name__ == "__main__":
    main()
