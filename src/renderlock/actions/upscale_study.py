"""The upscaler study: which upscaler at which factor costs what and keeps how much, on a team's own pictures.

Every trial is a file in the study's folder, so a study that was killed goes on with the rest, and one with a picture
more measures that picture. Each upscaler and factor runs in a process of its own.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from renderlock.actions.machine import library_version, machine_facts
from renderlock.actions.models import names_engine
from renderlock.actions.picture_files import find_files
from renderlock.actions.upscale_gate import open_gate
from renderlock.actions.upscale_trial import Trial, TrialJob, original_of, sample_of
from renderlock.actions.user_files import refusals_as_unwritable
from renderlock.errors import InputUnusable, MissingDependency
from renderlock.spec.canonical import canonical_sha256
from renderlock.upscalers.base import UpscalerOptions
from renderlock.upscalers.table import list_upscalers, open_upscaler

TRIAL_FORMAT = "renderlock upscale trial 2"
TRIALS = "trials"
FILE_UPSCALER = "spandrel"
WHOLE_STUDY = "all"
"""The class of pictures that lie in no folder of their own."""


@dataclass(frozen=True)
class StudyOptions:
    """What a study tries: empty `upscalers` means all that are installed, and `project` those the pipeline names.

    `limits` are the pipeline's own for the gate.
    """

    upscalers: tuple[str, ...] = ()
    factors: tuple[int, ...] = (2, 4)
    repeats: int = 3
    crop_px: int = 512
    threads: int = 1
    project: tuple[str, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)


class StudyWatch(Protocol):
    """What follows a study."""

    def on_trial(self, upscaler: str, factor: int, done: int, trials: int) -> None:
        """Called after each trial, those found from before included."""


@dataclass(frozen=True)
class Tried:
    """A trial of one picture: the picture's name, its class, what was measured, and the trial's file."""

    picture: str
    asset_class: str
    trial: Trial
    place: Path

    def sample(self, *, original: bool = False) -> bytes:
        """A PNG of a telling place of the result, or of the original; raises `InputUnusable` where it is gone."""
        path = (original_of if original else sample_of)(self.place)
        try:
            return path.read_bytes()
        except OSError as error:
            action = "Remove the study's folder and run it again."
            raise InputUnusable(path=path, reason=error.strerror or str(error), action=action) from error


@dataclass(frozen=True)
class Study:
    """Everything a study measured; `left_out` says why an upscaler has no trials, `machine` where it ran."""

    tried: tuple[Tried, ...]
    left_out: tuple[tuple[str, str], ...]
    machine: tuple[tuple[str, str], ...]
    options: StudyOptions = field(default_factory=StudyOptions)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of the pictures."""
        return tuple(sorted({one.asset_class for one in self.tried}))


@dataclass(frozen=True)
class _Picture:
    path: Path
    name: str
    asset_class: str
    sha256: str


def run_study(images: Path, out: Path, options: StudyOptions, watch: StudyWatch) -> Study:
    """Tries every upscaler at every factor on every picture of a folder; trials of before are taken as they are.

    A picture's class is the first folder it lies in. Raises `InputUnusable` for a folder without pictures,
    `UnknownName` for an upscaler that is none.
    """
    pictures = _pictures(images, leave_out=out)
    names, left_out = usable(options)
    with refusals_as_unwritable(out):
        (out / TRIALS).mkdir(parents=True, exist_ok=True)
    total, done = len(names) * len(options.factors) * len(pictures), 0
    tried: list[Tried] = []
    for name in names:
        for factor in options.factors:
            places = {picture: _place(out, picture, _key(name, factor, options)) for picture in pictures}
            missing = {picture: place for picture, place in places.items() if not place.is_file()}
            done += len(places) - len(missing)
            try:
                for _ in _run_process(_job(name, factor, options, missing), out) if missing else ():
                    done += 1
                    watch.on_trial(name, factor, done, total)
            except StudyProcessFailed as failed:
                left_out.append((f"{name} ×{factor}", failed.reason))
            tried += [
                Tried(picture.name, picture.asset_class, Trial.from_json(place.read_text(encoding="utf-8")), place)
                for picture, place in places.items()
                if place.is_file()
            ]
    return Study(tuple(tried), tuple(left_out), machine_facts(), options)


class StudyProcessFailed(Exception):
    """The process of one upscaler ended before its pictures did; never leaves this module."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def _pictures(images: Path, *, leave_out: Path) -> list[_Picture]:
    found = find_files(images, recursive=True, leave_out=leave_out)
    if not found.pictures:
        action = "Give a folder with PNG, JPEG or WebP pictures; a folder within it is a class, as in images/photo."
        raise InputUnusable(path=images, reason="there are no pictures in it", action=action)
    pictures = []
    for file in found.pictures:
        inside = file.path.relative_to(images) if file.path != images else Path(file.path.name)
        asset_class = inside.parts[0] if len(inside.parts) > 1 else WHOLE_STUDY
        pictures.append(_Picture(file.path, inside.as_posix(), asset_class, hashlib.sha256(file.read()).hexdigest()))
    return pictures


def usable(options: StudyOptions) -> tuple[list[str], list[tuple[str, str]]]:
    """The upscalers to try, and why the others cannot be; those asked for by name must be there."""
    if options.upscalers:
        for name in options.upscalers:
            open_upscaler(name, UpscalerOptions())
        return list(options.upscalers), []
    names, left_out = [], []
    for entry in list_upscalers():
        if entry.name == FILE_UPSCALER:
            continue  # It is the file that is tried, and nobody named one.
        try:
            open_upscaler(entry.name, UpscalerOptions())
            names.append(entry.name)
        except MissingDependency as error:
            left_out.append((entry.name, str(error)))
    for name in options.project:
        if names_engine(name):
            left_out.append((name, "a provider's upscaler costs a call for each trial; try it by `renderlock upscale`"))
        elif name not in names:
            open_upscaler(name, UpscalerOptions())
            names.append(name)
    return names, left_out


def _key(name: str, factor: int, options: StudyOptions) -> str:
    """Names the work on any one picture: weights, factor, gate, options, libraries and machine."""
    weights = open_upscaler(name, UpscalerOptions()).identify().to_json()
    libraries = [[library, library_version(library)] for library in ("ncnn", "torch", "renderlock")]
    settings = {**asdict(options), "upscalers": [], "factors": []}
    # The limits are in the gate's name, and what a pipeline names changes no trial.
    del settings["project"], settings["limits"]
    facts = [list(fact) for fact in machine_facts()]
    return canonical_sha256(
        {
            "format": TRIAL_FORMAT,
            "upscaler": weights,
            "factor": factor,
            "gate": open_gate(options.limits).name,
            "options": settings,
            "libraries": libraries,
            "machine": facts,
        }
    )


def _place(out: Path, picture: _Picture, key: str) -> Path:
    name = hashlib.sha256(f"{key} {picture.sha256}".encode()).hexdigest()
    return out / TRIALS / f"{name}.json"


def _job(name: str, factor: int, options: StudyOptions, missing: dict[_Picture, Path]) -> TrialJob:
    pictures = tuple((str(picture.path.resolve()), str(place.resolve())) for picture, place in missing.items())
    return TrialJob(name, factor, options.threads, options.repeats, options.crop_px, pictures, dict(options.limits))


def _run_process(job: TrialJob, out: Path) -> Iterator[str]:
    """Runs the job in a process of its own; gives each trial's file as it is finished."""
    job_path = out / TRIALS / ".job.json"
    job_path.write_text(json.dumps(asdict(job)), encoding="utf-8")
    command = [sys.executable, "-m", "renderlock.actions.upscale_trial", str(job_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        reason = ""
        try:
            for line in process.stdout:
                answer = json.loads(line)
                if "error" in answer:
                    reason = str(answer["error"])
                else:
                    yield str(answer["done"])
        except BaseException:
            process.kill()
            raise
        errors = process.stderr.read() if process.stderr else ""
        if process.wait() != 0:
            raise StudyProcessFailed(reason or (errors.strip().splitlines() or ["it was killed"])[-1])
