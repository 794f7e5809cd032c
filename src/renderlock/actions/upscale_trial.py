"""One upscaler tried on pictures in a process of its own, so that its memory and its cold start are its own.

Run by the study as `python -m renderlock.actions.upscale_trial JOB`; each finished trial is a file, written whole, so
that a study that is killed goes on with what is left.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from renderlock.actions.machine import peak_memory_bytes
from renderlock.actions.upscale_gate import TEXT_LIMIT, open_gate
from renderlock.actions.upscaling import Gate
from renderlock.errors import InputUnusable, RenderlockError
from renderlock.files import write_file
from renderlock.imaging.back_projection import down
from renderlock.imaging.decoding import read_picture
from renderlock.imaging.pixels import Pixels, encode_png
from renderlock.imaging.resampling import Floats
from renderlock.metrics.fidelity import find_faces
from renderlock.metrics.perceptual import ssim, tiled_difference
from renderlock.spec.recipe import Size
from renderlock.upscalers.base import Upscaler, UpscalerOptions
from renderlock.upscalers.depth import in_8_bits
from renderlock.upscalers.table import open_upscaler
from renderlock.upscalers.tiled import enlarge_whole

SMALLEST_PX = 64
SAMPLE_PX = 192

_PERFECT_DB = 99.0
"""Stands for equal pictures, which have no finite PSNR."""


@dataclass(frozen=True)
class TrialJob:
    """What one process does: one upscaler, one factor, the gate's own limits, and where each trial is written."""

    upscaler: str
    factor: int
    threads: int
    repeats: int
    crop_px: int
    pictures: tuple[tuple[str, str], ...]
    limits: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The job that the study wrote."""
        fields = json.loads(text)
        fields["pictures"] = tuple((picture, out) for picture, out in fields["pictures"])
        return cls(**fields)


@dataclass(frozen=True)
class Trial:
    """What was measured of one upscaler at one factor on one picture.

    Seconds are of the whole enlargement, projection included; `warm_s` has one for each repetition. `psnr_db`, `ssim`
    and `tiles_de` (99th percentile of CIEDE2000 over 16 px tiles) are against the original. `consistency_before_db` and
    `_after_db` are the PSNR of the result, scaled down, against the source, without and with back-projection.
    """

    upscaler: str
    factor: int
    width: int
    height: int
    cold_s: float | None
    warm_s: tuple[float, ...]
    cpu_s: float
    peak_bytes: int | None
    psnr_db: float
    ssim: float
    tiles_de: float
    consistency_before_db: float
    consistency_after_db: float
    invented: float
    passed: bool
    failures: tuple[str, ...]
    text_error: float | None

    @property
    def megapixels(self) -> float:
        """Of the result."""
        return self.width * self.height / 1e6

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The trial that a process wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "warm_s": tuple(fields["warm_s"]), "failures": tuple(fields["failures"])})


def original_and_source(path: Path, factor: int, crop_px: int) -> tuple[Pixels, Pixels]:
    """The middle of a picture, at most `crop_px` a side and a multiple of the factor; and it scaled down, antialiased.

    Raises `InputUnusable` for a picture too small to be scaled down.
    """
    pixels = read_picture(path)
    height, width = (min(side, crop_px) // factor * factor for side in pixels.shape[:2])
    if min(height, width) < SMALLEST_PX:
        reason = f"it has {pixels.shape[1]}x{pixels.shape[0]} pixels, and a trial needs {SMALLEST_PX} a side"
        raise InputUnusable(path=path, reason=reason, action="Take it out of the study's folder.")
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    original = np.ascontiguousarray(pixels[top : top + height, left : left + width, :3])
    small = Image.fromarray(original).resize((width // factor, height // factor), Image.Resampling.BICUBIC)
    return original, np.asarray(small)


def psnr_db(result: Pixels | Floats, truth: Pixels) -> float:
    """Peak signal-to-noise ratio of two arrays of one shape in 8-bit levels, decibels; 99 for equal ones."""
    error = float(np.mean((np.asarray(result, np.float64) - truth) ** 2))
    return _PERFECT_DB if error == 0 else min(_PERFECT_DB, float(10 * np.log10(255**2 / error)))


def run_job(job: TrialJob) -> Iterator[Path]:
    """Tries the upscaler on each picture; gives the file of each trial when it is written."""
    began = time.perf_counter()
    upscaler = open_upscaler(job.upscaler, UpscalerOptions(threads=job.threads))
    gate = open_gate(job.limits)
    loading_s: float | None = time.perf_counter() - began
    for picture, out in job.pictures:
        original, source = original_and_source(Path(picture), job.factor, job.crop_px)
        trial, result = _try(upscaler, gate, (original, source), job, loading_s)
        loading_s = None
        # The trial's own file comes last: where it is, the samples are.
        place = telling_place(original)
        write_file(sample_of(Path(out)), encode_png(_cut(result, place), {}))
        write_file(original_of(Path(out)), encode_png(_cut(original, place), {}))
        write_file(Path(out), json.dumps(asdict(trial), allow_nan=False).encode())
        yield Path(out)


def _try(
    upscaler: Upscaler, gate: Gate, pictures: tuple[Pixels, Pixels], job: TrialJob, loading_s: float | None
) -> tuple[Trial, Pixels]:
    original, source = pictures
    height, width = original.shape[:2]
    target = Size(width, height)
    _forget_peak()
    before = _peak_bytes()
    began = time.perf_counter()
    result = in_8_bits(enlarge_whole(source, target, upscaler))
    first_s = time.perf_counter() - began
    peak, after = _peak_bytes(), []
    cpu_began = time.process_time()
    for _ in range(job.repeats):
        began = time.perf_counter()
        enlarge_whole(source, target, upscaler)
        after.append(time.perf_counter() - began)
    cpu_s = (time.process_time() - cpu_began) / job.repeats
    plain = in_8_bits(enlarge_whole(source, target, upscaler, project=False))
    small = (source.shape[1], source.shape[0])
    seen = down(plain, *small)
    judged = gate.judge(source, result, seen if upscaler.facts.is_learned else None)
    text = next((measure.value for measure in judged.verdict.measures if measure.name == TEXT_LIMIT), None)
    trial = Trial(
        upscaler=job.upscaler,
        factor=job.factor,
        width=width,
        height=height,
        cold_s=None if loading_s is None else loading_s + first_s,
        warm_s=tuple(after),
        cpu_s=cpu_s,
        peak_bytes=None if peak is None or before is None else peak - before,
        psnr_db=psnr_db(result, original),
        ssim=ssim(result, original),
        tiles_de=tiled_difference(result, original).p99,
        consistency_before_db=psnr_db(seen, source),
        consistency_after_db=psnr_db(down(result, *small), source),
        invented=float(judged.invented.mean()),
        passed=judged.verdict.passed,
        failures=tuple(measure.name for measure in judged.verdict.failures),
        text_error=text,
    )
    return trial, result


def sample_of(trial_file: Path) -> Path:
    """Where the sample of a trial's result lies."""
    return trial_file.with_suffix(".png")


def original_of(trial_file: Path) -> Path:
    """Where the sample of a trial's original lies."""
    return trial_file.with_suffix(".original.png")


def telling_place(original: Pixels) -> tuple[int, int]:
    """Top and left of the sample of a picture: around its largest face, else where it has most fine detail."""
    most = [max(0, side - SAMPLE_PX) for side in original.shape[:2]]
    faces = find_faces(original)
    if faces:
        corners = faces[0].top, faces[0].left
        top, left = (corner + (faces[0].side - SAMPLE_PX) // 2 for corner in corners)
    else:
        luma = original.astype(np.float64).mean(axis=2)
        steps = np.abs(np.diff(luma, axis=0))[:, 1:] + np.abs(np.diff(luma, axis=1))[1:]
        rows, columns = (np.arange(0, max(1, side), SAMPLE_PX // 4) for side in steps.shape)
        cells = np.add.reduceat(np.add.reduceat(steps, rows, axis=0), columns, axis=1)
        row, column = np.unravel_index(int(cells.argmax()), cells.shape)
        top, left = (int(at) * (SAMPLE_PX // 4) - SAMPLE_PX * 3 // 8 for at in (row, column))
    return min(max(0, top), most[0]), min(max(0, left), most[1])


def _cut(pixels: Pixels, place: tuple[int, int]) -> Pixels:
    top, left = place
    return np.ascontiguousarray(pixels[top : top + SAMPLE_PX, left : left + SAMPLE_PX])


def _forget_peak() -> None:
    """Lets Linux count the peak of memory from now on; elsewhere the whole process counts."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def _peak_bytes() -> int | None:
    """The most memory resident since the last time it was forgotten, or of the whole process."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return peak_memory_bytes()
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(found[0]) * 1024 if found else peak_memory_bytes()


def quantile(values: list[float], share: float) -> float:
    """The value below which `share` of them lie, between neighbours; of one value that value."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def main() -> None:
    """Runs the job in the file named; writes a line a trial, or the error as JSON."""
    try:
        for path in run_job(TrialJob.from_json(Path(sys.argv[1]).read_text(encoding="utf-8"))):
            print(json.dumps({"done": str(path)}), flush=True)  # noqa: T201  this is what the study reads
    except RenderlockError as error:
        print(json.dumps({"error": str(error), "advice": error.advice}), flush=True)  # noqa: T201  as above
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
