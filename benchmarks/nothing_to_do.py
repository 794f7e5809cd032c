"""Nothing to do: a second `run` over renders that are there, against `dvc repro` over as many stages, whole process.

    python -m benchmarks.nothing_to_do [--count 1000] [--runs 5]

DVC is installed into a folder of its own (`pip install dvc`) unless `--dvc` names its command.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

PIPELINE = """\
review_model: embedded
seeds: {{start: 0, count: {seeds}}}
assets:
{assets}
steps: [{{name: quick-pass, model: "${{review_model}}", size: 64, num_inference_steps: 1}}]
"""
ASSETS = 20


def seconds_of(command: list[str], folder: Path) -> float:
    """Wall seconds of one whole process that must end well."""
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def prepare_renderlock(folder: Path, count: int) -> list[str]:
    """A project with `count` renders, all there; gives the command that has nothing to do."""
    assets = "\n".join(f"  - {{name: asset-{number}, prompt: a red apple number {number}}}" for number in range(ASSETS))
    (folder / "pipeline.yml").write_text(PIPELINE.format(seeds=count // ASSETS, assets=assets))
    command = [sys.executable, "-m", "renderlock.cli.main"]
    subprocess.run([*command, "lock"], cwd=folder, check=True, capture_output=True)
    subprocess.run([*command, "run", "--no-progress"], cwd=folder, check=True, capture_output=True)
    return [*command, "run", "--no-progress"]


def prepare_dvc(folder: Path, count: int, dvc: str) -> list[str]:
    """A DVC project with `count` stages, each done; gives the command that has nothing to do."""
    stages = "".join(
        f"  s{number}:\n    cmd: printf {number} > out{number}\n    outs: [out{number}]\n" for number in range(count)
    )
    (folder / "dvc.yaml").write_text(f"stages:\n{stages}")
    for words in (["git", "init", "-q"], [dvc, "init", "-q"], [dvc, "config", "core.analytics", "false"]):
        subprocess.run(words, cwd=folder, check=True, capture_output=True)
    # The stages' outputs are written here and taken as done: running them through DVC takes ten minutes.
    for number in range(count):
        (folder / f"out{number}").write_text(str(number))
    subprocess.run([dvc, "commit", "-q", "--force"], cwd=folder, check=True, capture_output=True)
    return [dvc, "repro", "-q"]


def install_dvc(folder: Path) -> str:
    """DVC in an environment of its own."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "dvc"]
    subprocess.run(pip, check=True)
    return str(folder / "bin" / "dvc")


def main() -> int:
    """Prints both medians and their ratio; exit code 1 below five times faster, or at a second and more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--dvc", default="")
    options = parser.parse_args()
    os.environ["DVC_NO_ANALYTICS"] = "1"
    with tempfile.TemporaryDirectory() as root:
        ours, theirs = Path(root, "ours"), Path(root, "theirs")
        ours.mkdir()
        theirs.mkdir()
        dvc = options.dvc or install_dvc(Path(root, "dvc-environment"))
        commands = (prepare_renderlock(ours, options.count), ours), (prepare_dvc(theirs, options.count, dvc), theirs)
        rounds = [[seconds_of(*command) for command in commands] for _ in range(options.runs + 1)][1:]
    renderlock, other = (median(column) for column in zip(*rounds, strict=True))
    print(f"nothing to do over {options.count}: renderlock run {renderlock:.3f} s, dvc repro {other:.3f} s")
    print(f"dvc / renderlock: {other / renderlock:.1f} (median of {options.runs} rounds, whole processes)")
    return 0 if other / renderlock >= 5 and renderlock < 1 else 1


if __name__ == "__main__":
    sys.exit(main())
