"""Making one picture: init pixels, engine, check, store, in the thread that took the job."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from renderlock.actions.jobs import Job
from renderlock.actions.machine import host_name, peak_memory_bytes, read_environment
from renderlock.actions.memory.history import StoredHistory
from renderlock.actions.memory.steward import Steward, StewardRender
from renderlock.actions.models import Models
from renderlock.engines.base import Preview, Render, Watch
from renderlock.engines.reduction import made_at
from renderlock.errors import EngineBroken, EngineFailed, InputUnusable, Interrupted
from renderlock.executors.in_process import Stop
from renderlock.imaging.decoding import decode_picture, read_picture
from renderlock.imaging.pixels import Pixels, digest_pixels, fit_to
from renderlock.spec.deviation import Deviation
from renderlock.spec.lock import Environment
from renderlock.spec.recipe import Init, Recipe
from renderlock.store.records import Encoded, Made, NewRender, Origin, RenderRecord, TextPairs
from renderlock.store.store import Store


class DenoiseWatch(Protocol):
    """What follows the denoising steps of a job."""

    def on_denoise(self, job: Job, done: int, steps: int) -> None:
        """Called after each denoising step, from the thread that renders."""


class PreviewSink(Protocol):
    """Who looks at pictures as they form."""

    def on_preview(self, job: Job, preview: Preview) -> None:
        """Called before a denoising step is told, from the thread that renders; `preview()` gives the pixels."""


@dataclass(frozen=True)
class Work:
    """One render of a job: its recipe, the pixels it starts from, and what is recorded with it."""

    recipe: Recipe
    init: Pixels | None
    deviations: tuple[Deviation, ...] = ()
    source: TextPairs = ()


class Tally:
    """The denoising steps of all renders of one picture, counted over the threads that share it."""

    def __init__(self, total: int) -> None:
        self.total = max(1, total)
        self._done = 0
        self._lock = threading.Lock()

    def count(self) -> int:
        """Counts one step more, and gives how many are done; never more than the total."""
        with self._lock:
            self._done = min(self._done + 1, self.total)
            return self._done


@dataclass
class Maker:
    """Makes pictures for one project into one store, until a stop is asked for.

    `made` counts the pictures stored; `environments` holds the environment by model reference; `previews`
    is shown the pictures as they form.
    """

    project: str
    store: Store
    models: Models
    watch: DenoiseWatch
    stop: Stop
    previews: PreviewSink | None = None
    made: int = 0
    environments: dict[str, Environment] = field(default_factory=dict)
    _steward: Steward | None = None
    _opening: threading.Lock = field(default_factory=threading.Lock)

    def make(self, job: Job) -> RenderRecord:
        """The stored render of a job without routes; raises as `draw` does, and `InputUnusable`."""
        return self.draw(job, Work(job.recipe, self.init_pixels(job), job.deviations))

    def draw(self, job: Job, work: Work, tally: Tally | None = None) -> RenderRecord:
        """The stored render of one piece of work for a job; its steps are told as steps of `tally` where there is one.

        Raises what the engine raises, `OutOfMemory`, `EngineBroken` for a picture that is not of the recipe's size,
        `InputUnusable` for an init picture that changed meanwhile, `StoreError`, and `Interrupted` once a stop was
        asked for.
        """
        created, started = datetime.now(UTC), time.monotonic()
        done = self._render(job, work, tally)
        seconds = time.monotonic() - started
        render = done.render
        _check_size(render, work.recipe)
        new = NewRender(
            picture=render.pixels,
            recipe=done.recipe,
            standing=job.standing,
            origin=self.origin(job),
            made=replace(self.made_now(job, created, seconds), cost=render.cost),
            deviations=work.deviations + done.deviations + render.deviations,
            source=work.source + render.source + tuple(("memory", note) for note in done.notes),
            original=None if render.original is None else Encoded(*render.original),
        )
        return self.keep(new)

    def keep(self, new: NewRender) -> RenderRecord:
        """Puts a render into the store and counts it; raises `StoreError`."""
        record = self.store.put(new)
        self.made += 1
        return record

    def origin(self, job: Job) -> Origin:
        """Where in the pipeline the renders of a job belong."""
        return Origin(self.project, job.asset.name, job.step.name, job.step.role.value)

    def made_now(self, job: Job, created: datetime, seconds: float) -> Made:
        """The circumstances of a picture that was just made."""
        return Made(created, seconds, self._fingerprint(job.reference), host_name(), peak_memory_bytes())

    def unload(self, job: Job) -> None:
        """Lets go of all that a job's model holds in memory, here and in the worker process."""
        if job.step.role.renders:
            self.models.engine(job.reference).close()
        if self._steward is not None:
            self._steward.unload()

    def close(self) -> None:
        """Ends the worker process, if one was needed."""
        if self._steward is not None:
            self._steward.close()

    def _render(self, job: Job, work: Work, tally: Tally | None) -> StewardRender:
        """The render, with as many rungs of the memory ladder taken as it needs."""
        with self._opening:
            if self._steward is None:
                self._steward = Steward(self.models, StoredHistory(self.store))
        watch = self._watch_of(job, work, tally)
        try:
            return self._steward.render(
                job.reference,
                work.recipe,
                work.init,
                watch,
                budget_bytes=job.step.finishing.memory_budget_bytes,
                rungs=job.rungs,
            )
        except SystemExit as error:
            # A library that gives up may not take the other pictures with it.
            raise EngineFailed(model=work.recipe.model.reference, reason="it tried to end the program") from error

    def _watch_of(self, job: Job, work: Work, tally: Tally | None) -> Watch:
        is_whole = work.recipe.window is None
        if self.previews is None or not is_whole:
            return _JobWatch(job, self, tally)
        return _JobPreviews(job, self, tally, self.previews)

    def init_pixels(self, job: Job) -> Pixels | None:
        """What the job's recipe starts from, at the size it is made at; raises `InputUnusable` or `StoreDamaged`."""
        if job.recipe.init is None:
            return None
        if job.init_from is not None:
            pixels = decode_picture(self.store.read(job.init_from))
        elif job.asset.init_image is not None:
            pixels = read_picture(job.asset.init_image)
            _refuse_changed(pixels, job.recipe.init, job.asset.init_image)
        made = made_at(job.recipe)
        return fit_to(pixels, made.width, made.height)

    def _fingerprint(self, reference: str) -> str:
        if reference not in self.environments:
            self.environments[reference] = read_environment([self.models.engine(reference)])
        return self.environments[reference].fingerprint


@dataclass(frozen=True)
class _JobWatch:
    """Passes each denoising step on, and stops the render when a stop was asked for."""

    job: Job
    maker: Maker
    tally: Tally | None

    def on_step(self, done: int, steps: int) -> None:
        if self.maker.stop.asked:
            raise Interrupted(done=self.maker.made)
        if self.tally is not None:
            done, steps = self.tally.count(), self.tally.total
        self.maker.watch.on_denoise(self.job, done, steps)


@dataclass(frozen=True)
class _JobPreviews(_JobWatch):
    """Passes each preview on as well."""

    previews: PreviewSink

    def on_preview(self, preview: Preview) -> None:
        self.previews.on_preview(self.job, preview)


def _refuse_changed(pixels: Pixels, init: Init, path: Path) -> None:
    """The recipe names the pixels that were there when the run was planned; others would make it a lie."""
    if digest_pixels(pixels) != init.picture:
        reason = "it changed since the run began"
        raise InputUnusable(path=path, reason=reason, action="Run the same command again to start from it as it is.")


def _check_size(render: Render, recipe: Recipe) -> None:
    """An engine that gives another size says so in a deviation; unsaid, it breaks the contract."""
    height, width = render.pixels.shape[:2]
    said = any(deviation.field == "size" for deviation in render.deviations)
    if (width, height) != (recipe.size.width, recipe.size.height) and not said:
        reason = f"asked for {recipe.size}, it gave {width}x{height} and did not say so"
        raise EngineBroken(name=recipe.model.engine, package="its package", reason=reason)
