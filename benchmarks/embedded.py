"""How fast the embedded model draws and how much memory it takes, against the same weights in torch.

Each figure comes from a process of its own, because a process never gives back its peak. A step is one
guided step: the network with and without the prompt. torch runs the training code's own modules with the
weights read out of the shipped ONNX files, and both must agree before anything is timed.

    pip install torch onnx
    python -m benchmarks.embedded --threads 2
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from benchmarks.onnx_weights import read_parameters
from numpy.typing import NDArray

from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.embedded.cells import Cells, Latent, Place
from renderlock.engines.embedded.engine import open_model
from renderlock.engines.embedded.weights import SHIPPED, Version, open_version
from renderlock.engines.resolve import Request, resolve
from renderlock.spec.recipe import Size

SIDES_PX = (64, 128, 256, 512)
BATCHES = (1, 8)
LARGEST_DISAGREEMENT = 1e-3
SECONDS_LIMIT = 1.5
MEMORY_LIMIT_BYTES = 300 * 10**6
PROMPT = "a small red apple on the left, on a blue background"
Step = Callable[[Latent], Latent]


@dataclass(frozen=True)
class Measured:
    """Median seconds of one step or render, and the process's peak memory."""

    seconds: float
    peak_bytes: int


def step_of_onnx(version: Version, cells: Cells, batch: int, threads: int) -> Step:
    """A guided step of the engine as it ships."""
    model = import_module("renderlock.engines.embedded.model").Model(version, threads=threads)
    conditioning = model.condition(PROMPT, "", 4.0)
    places = [Place.whole(cells)] * batch
    step: Step = lambda latent: model.velocity(latent, 0.7, conditioning, places)  # noqa: E731  # one expression
    return step


def step_of_torch(version: Version, cells: Cells, batch: int, threads: int) -> Step:
    """The same step by the training code's modules, with the shipped weights."""
    torch = import_module("torch")
    torch.set_num_threads(threads)
    denoiser = import_module("training.denoiser").Denoiser().eval()
    load(denoiser, version, "denoiser")
    model = import_module("renderlock.engines.embedded.model").Model(version, threads=threads)
    words = model.condition(PROMPT, "", 4.0)
    texts = [words.towards] * batch + [words.against] * batch
    context, mask, pooled = (
        torch.from_numpy(np.stack([getattr(text, part) for text in texts])) for part in ("context", "mask", "pooled")
    )
    place = torch.tensor([[0.0, 0.0, cells.height, cells.width]] * (2 * batch))
    times = torch.full((2 * batch,), 0.7)

    def step(latent: Latent) -> Latent:
        with torch.inference_mode():
            twice = torch.from_numpy(latent).repeat(2, 1, 1, 1)
            both = denoiser(twice, times, context, mask, pooled, place)
            guided: Latent = (both[batch:] + 4.0 * (both[:batch] - both[batch:])).numpy()
        return guided

    return step


def load(module: object, version: Version, role: str) -> None:
    """Fills a training module with the weights of a shipped file; raises where one is missing."""
    torch = import_module("torch")
    arrays = read_parameters(version.folder / version.files[role][0])
    wanted = module.state_dict()  # type: ignore[attr-defined]  # torch is imported late, its types are not known
    if missing := wanted.keys() - arrays.keys():
        raise SystemExit(f"the weights of {role} are not found in its ONNX file: {', '.join(sorted(missing))}")
    state = {name: torch.from_numpy(fitted(arrays[name], tuple(wanted[name].shape))) for name in wanted}
    module.load_state_dict(state)  # type: ignore[attr-defined]  # as above


def fitted(array: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Weights in a training module's shape; the export fills a convolution's input up with channels of zeros."""
    weights = np.array(array, np.float32)
    if len(shape) == 4 and weights.ndim == 4 and weights.shape[1] > shape[1]:
        weights = weights[:, : shape[1]]
    return np.ascontiguousarray(weights.reshape(shape))


def measure_step(runtime: str, side_px: int, batch: int, threads: int) -> Measured:
    """One guided step at a size and batch, in this process."""
    version = open_version("", SHIPPED)
    cells = Cells(side_px // version.latent.cell_px, side_px // version.latent.cell_px)
    make = {"onnx": step_of_onnx, "torch": step_of_torch}[runtime]
    step = make(version, cells, batch, threads)
    latent = noise(version, cells, batch)
    return Measured(median_seconds(lambda: step(latent)), peak_bytes())


def measure_render(threads: int) -> Measured:
    """A whole render of 128 x 128 pixels at 12 steps through the engine, weights loaded."""
    engine = open_model("", EngineOptions(threads=threads))
    request = Request(PROMPT, 1, size=Size(128, 128), steps=12)
    recipe = resolve(request, engine.identify(), engine.capabilities, "refuse").recipe
    return Measured(median_seconds(lambda: engine.render(recipe, None, Unwatched()).pixels), peak_bytes())


def noise(version: Version, cells: Cells, batch: int) -> Latent:
    """Noise for a whole batch."""
    draw = np.random.default_rng(1)
    return draw.standard_normal((batch, version.latent.channels, cells.height, cells.width), dtype=np.float32)


def median_seconds(work: Callable[[], object]) -> float:
    """The median of repeated runs after one that does not count: at least 3, at least 2 seconds' worth."""
    work()
    times: list[float] = []
    while len(times) < 3 or sum(times) < 2.0:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peak_bytes() -> int:
    """The most memory this process has held; `getrusage` would count its parent's, from before the program started."""
    if sys.platform != "linux":
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def disagreement(threads: int) -> float:
    """The largest difference between both runtimes' guided velocities at 128 pixels."""
    version = open_version("", SHIPPED)
    cells = Cells(16, 16)
    latent = noise(version, cells, 2)
    ours, theirs = (make(version, cells, 2, threads)(latent) for make in (step_of_onnx, step_of_torch))
    return float(np.abs(ours - theirs).max())


def in_own_process(*arguments: object) -> Measured:
    """A measurement made by a fresh process of this program."""
    command = [sys.executable, "-m", "benchmarks.embedded", *map(str, arguments)]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    return Measured(**json.loads(finished.stdout.splitlines()[-1]))


def report(threads: int) -> bool:
    """Prints the table; tells whether the render keeps its limits."""
    print(f"agreement: velocities differ by at most {disagreement(threads):.1e} at 128 px")
    print(f"{threads} thread(s); a step is one guided step of the whole batch")
    print("  size  batch   onnx s/step  s/picture  peak MB |  torch s/step  peak MB | torch/onnx")
    for side in SIDES_PX:
        for batch in BATCHES:
            ours, theirs = (in_own_process("step", runtime, side, batch, threads) for runtime in ("onnx", "torch"))
            print(
                f"{side:6} {batch:6} {ours.seconds:13.4f} {ours.seconds / batch:10.4f} {ours.peak_bytes / 1e6:8.0f} |"
                f" {theirs.seconds:13.4f} {theirs.peak_bytes / 1e6:8.0f} | {theirs.seconds / ours.seconds:10.2f}",
                flush=True,
            )
    whole = in_own_process("render", threads)
    kept = whole.seconds <= SECONDS_LIMIT and whole.peak_bytes <= MEMORY_LIMIT_BYTES
    print(
        f"128x128 at 12 steps: {whole.seconds:.3f} s (limit {SECONDS_LIMIT}), peak {whole.peak_bytes / 1e6:.0f} MB"
        f" (limit {MEMORY_LIMIT_BYTES / 1e6:.0f}): {'kept' if kept else 'NOT KEPT'}"
    )
    return kept


def main() -> int:
    """Measures everything, or one thing for a parent process."""
    match sys.argv[1:]:
        case ["step", runtime, side, batch, threads]:
            measured = measure_step(runtime, int(side), int(batch), int(threads))
        case ["render", threads]:
            measured = measure_render(int(threads))
        case _:
            return compare()
    print(json.dumps(vars(measured)))
    return 0


def compare() -> int:
    """The whole comparison; 1 where a library is missing, the runtimes disagree, or a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    threads = parser.parse_args().threads
    missing = [name for name in ("torch", "onnx", "training") if find_spec(name) is None]
    if missing:
        print(f"needs {', '.join(missing)}: pip install torch onnx, and run from the root of the repository")
        return 1
    if disagreement(threads) > LARGEST_DISAGREEMENT:
        print("torch and ONNX Runtime do not compute the same: nothing is compared")
        return 1
    return 0 if report(threads) else 1


if __name__ == "__main__":
    sys.exit(main())
