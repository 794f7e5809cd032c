"""A final from tiles that is run to its end, with one allocation of its renders refused, each in turn.

The final is made as `renderlock run` makes it, by the embedded model under a budget that it fits. A shared library
loaded before the render worker (`refuse_allocation.c`, built here with `cc`) counts the allocations of at least
`--least-kib` while a budget is held, and refuses one of them. Each final must come out with the same pixels, with at
most one tile rendered again, in at most 1.15 times the CPU seconds of a final that nothing disturbs; what is above is
measured again, up to twice, since others use the machine. Ends with 1 where one of these is missed. Linux with glibc.

    python -m benchmarks.recovery_finals --least-kib 1024
    python -m benchmarks.recovery_finals --least-kib 64 --stride 100
"""

from __future__ import annotations

import argparse
import os
import resource
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from renderlock.actions.campaign import RunOptions, open_run
from renderlock.actions.jobs import Job
from renderlock.actions.lock import lock_pipeline
from renderlock.actions.models import Models
from renderlock.actions.run import RunUnwatched
from renderlock.actions.workspace import Place, read_pipeline
from renderlock.engines.base import EngineOptions

PIPELINE = """\
project: recovery
final_model: embedded
seeds: [3]
assets:
  - {{name: apple, prompt: a red apple}}
steps:
  - name: final
    model: "${{final_model}}"
    size: {size}
    tiles: {tiles}
    num_inference_steps: {steps}
    memory_budget: {budget}
"""

LIMIT = 1.15
NOTHING = -1
_STATE = "qqq"


@dataclass(frozen=True)
class Final:
    """One run: the picture by the digest of its pixels or the error, CPU seconds with those of the worker, denoising
    steps that were told, allocations counted."""

    picture: str
    seconds: float
    steps: int
    allocations: int


@dataclass
class Steps(RunUnwatched):
    """Counts denoising steps; each tile tells its own, however often it is begun."""

    told: int = 0

    def on_denoise(self, job: Job, done: int, steps: int) -> None:
        """One step more."""
        self.told += 1


@dataclass(frozen=True)
class Refusing:
    """The state that the worker's allocator shares: the least size that counts and the number that is refused."""

    state: Path
    least: int

    def arm(self, number: int) -> None:
        """Refuses the allocation with that number, once."""
        self.state.write_bytes(struct.pack(_STATE, self.least, number, 0))

    @property
    def counted(self) -> int:
        """Allocations since it was armed."""
        return int(struct.unpack(_STATE, self.state.read_bytes())[2])


@contextmanager
def refusing(folder: Path, least: int) -> Iterator[Refusing]:
    """Builds the library and has every worker that starts from now on load it."""
    library = folder / "refuse_allocation.so"
    source = Path(__file__).with_name("refuse_allocation.c")
    subprocess.run(["cc", "-O2", "-Wall", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    shared = Refusing(folder / "state", least)
    shared.arm(NOTHING)
    os.environ.update(LD_PRELOAD=str(library), REFUSE_STATE=str(shared.state))
    try:
        yield shared
    finally:
        del os.environ["LD_PRELOAD"], os.environ["REFUSE_STATE"]


def make_final(pipeline: str, shared: Refusing, number: int) -> Final:
    """A project of its own, locked and run with one allocation refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pipeline.yml"
        path.write_text(pipeline)
        place = Place(path)
        with Models(EngineOptions()) as models:
            lock_pipeline(read_pipeline(place), models)
        shared.arm(number)
        watch, started = Steps(), _cpu_seconds()
        with open_run(read_pipeline(place), EngineOptions(), RunOptions(workers=1), watch) as run:
            (made,) = run.execute().pictures
        picture = str(made.error) if made.record is None else made.record.pixels
        return Final(picture, _cpu_seconds() - started, watch.told, shared.counted)


def _cpu_seconds() -> float:
    """Of this process and of every one that it has started and that has ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def walk(pipeline: str, shared: Refusing, stride: int, tile_steps: int) -> bool:
    """Refuses each allocation in turn and prints what came of it; gives whether the limits are held."""
    make_final(pipeline, shared, NOTHING)  # imports what the first run imports
    wholes = [make_final(pipeline, shared, NOTHING) for _ in range(3)]
    whole, whole_s = wholes[0], float(np.median([one.seconds for one in wholes]))
    print(f"undisturbed: {whole_s:.2f} CPU s, {whole.allocations} allocations of at least {shared.least >> 10} KiB")
    shares, same, lost = [], 0, []
    for number in range(0, whole.allocations, stride):
        made = make_final(pipeline, shared, number)
        share = made.seconds / whole_s
        for _ in range(2):
            if share <= LIMIT:
                break
            beside = make_final(pipeline, shared, NOTHING).seconds
            share = min(share, make_final(pipeline, shared, number).seconds / beside)
        shares.append(share)
        lost.append((made.steps - whole.steps) / tile_steps)
        same += made.picture == whole.picture
        if made.picture != whole.picture or share > LIMIT:
            print(f"  allocation {number}: {share:.2f}, {made.picture}", flush=True)
    values = np.array(shares)
    print(f"refused in turn: {len(shares)}; came out with the same pixels: {same}")
    print(f"rendered again: {max(lost):.2f} of a tile at most")
    print(
        f"times an undisturbed final: median {np.median(values):.2f}, 95 % {np.quantile(values, 0.95):.2f},"
        f" most {values.max():.2f}; at most {LIMIT} on {np.mean(values <= LIMIT):.1%}"
    )
    return same == len(shares) and max(lost) <= 1 and bool((values <= LIMIT).all())


def main() -> None:
    """Walks through the allocations of one final."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--least-kib", type=int, default=1024)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--tiles", default="3x3")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--budget", default="400MiB")
    arguments = parser.parse_args()
    pipeline = PIPELINE.format(
        size=arguments.size, tiles=arguments.tiles, steps=arguments.steps, budget=arguments.budget
    )
    with tempfile.TemporaryDirectory() as folder, refusing(Path(folder), arguments.least_kib << 10) as shared:
        if not walk(pipeline, shared, arguments.stride, arguments.steps):
            raise SystemExit("a limit is missed")


if __name__ == "__main__":
    main()
