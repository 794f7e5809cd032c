"""The steward: a render within a memory budget, climbing the rungs that need no other plan.

Running out of memory costs the attempt, never the run: the next rung is tried with a fresh generator, and what an
engine kept of the same picture is not computed again. What a shape needed once is done at once the next time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from threading import Lock

from renderlock.actions.memory.attempts import Attempt, attempts_for
from renderlock.actions.memory.failures import mib, tell_failure
from renderlock.actions.memory.ladder import Rung
from renderlock.actions.memory.prediction import History, Measured, Prediction, Shape, device_of, foretell
from renderlock.actions.memory.render_worker import RenderWorker, WorkerRender
from renderlock.actions.models import Models
from renderlock.engines.base import Engine, Render, Watch
from renderlock.engines.memory_facts import MemoryFacts
from renderlock.errors import OutOfMemory
from renderlock.imaging.pixels import Pixels
from renderlock.spec.deviation import Deviation
from renderlock.spec.recipe import Recipe

UNLIMITED = "this system keeps no process to a memory limit: the budget is planned for, not enforced"


@dataclass(frozen=True)
class StewardRender:
    """A picture and what it took to get it.

    `recipe` is the one that was rendered: a rung that changes pixels makes another. `deviations` are those of the
    rungs; the engine's own stand in `render`. `peak_bytes` is None where this system does not tell, or where the
    picture was rendered in this process.
    """

    render: Render
    recipe: Recipe
    rungs_taken: tuple[Rung, ...]
    deviations: tuple[Deviation, ...]
    peak_bytes: int | None
    predicted: Prediction | None
    notes: tuple[str, ...] = ()


@dataclass
class _Learned:
    """What renders of one shape under one budget needed: the level of the ladder to begin at, and how often a level
    that should have fit did not."""

    level: int = 0
    surprises: int = 0


@dataclass
class Steward:
    """Renders with one set of models; what is rendered under a budget takes turns, in one worker process.

    Close it to end the worker.
    """

    models: Models
    history: History
    _lock: Lock = field(default_factory=Lock)
    _worker: RenderWorker | None = None
    _learned: dict[tuple[Shape, int | None], _Learned] = field(default_factory=dict)

    @property
    def worker_pid(self) -> int | None:
        """The process id of the worker at work; None where there is none."""
        return None if self._worker is None else self._worker.pid

    def predict(self, reference: str, recipe: Recipe, rungs: Sequence[Rung] = ()) -> Prediction:
        """What `recipe` needs with all of `rungs` taken. A model is run dry in the worker, where it has to be."""
        levers = [rung.lever for rung in rungs if rung.lever and rung.kind in {"unload", "lever"}]
        with self._lock:
            return self._predict(reference, recipe, levers)

    def render(
        self,
        reference: str,
        recipe: Recipe,
        init: Pixels | None,
        watch: Watch,
        *,
        budget_bytes: int | None,
        rungs: Sequence[Rung],
    ) -> StewardRender:
        """The picture of `recipe`, with as many of `rungs` taken, in order, as it needs to fit.

        A rung that does not help is left out, and rungs that one render of a shape needed are taken at once by the
        next. Without a budget the first attempt is made in this process, and those after it in the worker. A hosted
        model needs no memory here: it is called as it is, and a budget does not bind it.

        Raises `OutOfMemory` after the last rung; its facts hold `predicted_bytes`, `budget_bytes`, `rungs` (names) and
        `failures` (what each attempt said). Raises what the engine and `watch` raise.
        """
        engine = self.models.engine(reference)
        if engine.capabilities.hosted:
            return StewardRender(engine.render(recipe, init, watch), recipe, (), (), None, None)
        failures: list[str] = []
        if budget_bytes is None:
            render = _try_here(engine, recipe, init, watch, failures)
            if render is not None:
                return StewardRender(render, recipe, (), (), None, None)
            engine.close()
        with self._lock:
            climb = _Climb(self, reference, recipe, budget_bytes, failures)
            return climb.render(init, watch, [rung for rung in rungs if rung.kind != "plan"])

    def unload(self) -> None:
        """Ends the worker process and all that it holds; the next render starts another."""
        with self._lock:
            self._unload()

    def close(self) -> None:
        """Ends the worker process."""
        self.unload()

    def _unload(self) -> None:
        if self._worker is not None:
            self._worker.end()

    def _at_work(self) -> RenderWorker:
        if self._worker is None:
            self._worker = RenderWorker(self.models.options)
        return self._worker

    def _predict(self, reference: str, recipe: Recipe, levers: Collection[str]) -> Prediction:
        engine = self.models.engine(reference)
        shape = Shape.of(recipe, levers, device_of(engine))
        parts = self.history.parts(shape)
        if parts is None and isinstance(engine, MemoryFacts):
            parts = self._at_work().foresee(reference, recipe, levers)
            if parts is not None:
                self.history.note_parts(shape, parts)
        return foretell(shape, parts, self.history.measured(shape))


@dataclass
class _Climb:
    """One render's way up the ladder."""

    steward: Steward
    reference: str
    recipe: Recipe
    budget_bytes: int | None
    failures: list[str]
    first_prediction: Prediction | None = None
    surprised: bool = False

    def render(self, init: Pixels | None, watch: Watch, rungs: Sequence[Rung]) -> StewardRender:
        """The first attempt that fits; raises `OutOfMemory` where none does."""
        known = (self._shape(self.recipe, ()), self.budget_bytes)
        learned = self.steward._learned.setdefault(known, _Learned())
        tried: list[str] = []
        for attempt in attempts_for(self.recipe, rungs, self._foresee, self.budget_bytes):
            tried = [rung.name for rung in attempt.rungs]
            if attempt.level < learned.level:
                continue
            prediction = attempt.prediction
            self.first_prediction = self.first_prediction or prediction
            if self.budget_bytes is not None and prediction.least_bytes > self.budget_bytes:
                least = mib(prediction.least_bytes)
                self.failures.append(
                    f"{_says(attempt)}: not tried, at least {least} needed of {mib(self.budget_bytes)}"
                )
                continue
            made = self._attempted(attempt, init, watch, began_here=attempt.level == learned.level > 0)
            if made is not None:
                learned.level = attempt.level if self._is_lasting(attempt, learned) else learned.level
                self._note(attempt, made)
                return self._finished(attempt, made)
        raise self._ran_out(tried)

    def _attempted(
        self, attempt: Attempt, init: Pixels | None, watch: Watch, *, began_here: bool
    ) -> WorkerRender | None:
        """The attempt and, where it should have fit, the same once more: it goes on where it broke off.

        A rung that earlier pictures needed is taken as they left it, and unloads only where that does not suffice.
        """
        worker = self.steward._at_work()
        if attempt.unloads and not began_here:
            if worker.is_alone_with(attempt.recipe, attempt.levers):
                return None
            worker.unload()
        made = self._try(attempt, init, watch)
        if made is None and (self._fits(attempt) or (began_here and attempt.unloads)):
            if attempt.unloads:
                worker.unload()
            made = self._try(attempt, init, watch)
        return made

    def _fits(self, attempt: Attempt) -> bool:
        """Whether the attempt was expected to fit."""
        most = attempt.prediction.bytes
        return most is not None and self.budget_bytes is not None and most <= self.budget_bytes

    def _is_lasting(self, attempt: Attempt, learned: _Learned) -> bool:
        """Whether the next render begins with these rungs: not where what should have fit failed for the first time,
        which may have been anything."""
        if not (attempt.rungs and self.surprised):
            return True
        learned.surprises += 1
        return learned.surprises > 1

    def _try(self, attempt: Attempt, init: Pixels | None, watch: Watch) -> WorkerRender | None:
        try:
            return self.steward._at_work().render(
                self.reference,
                attempt.recipe,
                init,
                watch,
                budget_bytes=self.budget_bytes,
                levers=attempt.levers,
            )
        except OutOfMemory as error:
            self.surprised = self.surprised or self._fits(attempt)
            self.failures.append(tell_failure(_says(attempt), error, attempt.prediction.bytes, self.budget_bytes))
        return None

    def _foresee(self, recipe: Recipe, levers: Collection[str]) -> Prediction:
        return self.steward._predict(self.reference, recipe, levers)

    def _shape(self, recipe: Recipe, levers: Collection[str]) -> Shape:
        return Shape.of(recipe, levers, device_of(self.steward.models.engine(self.reference)))

    def _note(self, attempt: Attempt, made: WorkerRender) -> None:
        """Learns from renders whose peak is their own: others may hold what earlier ones left."""
        if made.peak_bytes is not None and made.is_own:
            shape = self._shape(attempt.recipe, attempt.levers)
            self.steward.history.note(Measured(shape, made.peak_bytes, made.seconds, attempt.prediction.parts))

    def _finished(self, attempt: Attempt, made: WorkerRender) -> StewardRender:
        why = self.failures[-1] if self.failures else "it was so for an equal picture before"
        asked = "no limit" if self.budget_bytes is None else f"within {mib(self.budget_bytes)}"
        deviations = tuple(
            Deviation("memory", asked, _done(rung, attempt.recipe), why)
            for rung in attempt.rungs
            if rung.changes_pixels or rung.rounds
        )
        notes = () if self.budget_bytes is None or self.steward._at_work().is_limited else (UNLIMITED,)
        return StewardRender(
            made.render, attempt.recipe, attempt.rungs, deviations, made.peak_bytes, attempt.prediction, notes
        )

    def _ran_out(self, tried: Sequence[str]) -> OutOfMemory:
        predicted = self.first_prediction.bytes if self.first_prediction else None
        budget = "no budget" if self.budget_bytes is None else f"a budget of {mib(self.budget_bytes)}"
        need = "" if predicted is None else f", {mib(predicted)} predicted"
        listing = "; ".join(dict.fromkeys(self.failures)) or "nothing was tried"
        reason = f"{self.recipe.size} under {budget}{need}; {listing}"
        return OutOfMemory(
            model=self.recipe.model.reference,
            reason=reason,
            predicted_bytes=predicted,
            budget_bytes=self.budget_bytes,
            rungs=", ".join(tried),
            failures=listing,
        )


def _try_here(engine: Engine, recipe: Recipe, init: Pixels | None, watch: Watch, failures: list[str]) -> Render | None:
    """The picture rendered in this process; None, with the reason noted, where memory ran out."""
    try:
        return engine.render(recipe, init, watch)
    except OutOfMemory as error:
        failures.append(f"as it is: {error.facts.get('reason', error)}")
    except MemoryError as error:
        failures.append(f"as it is: {str(error) or 'an allocation was refused'}")
    return None


def _says(attempt: Attempt) -> str:
    return ", ".join(dict.fromkeys(rung.name for rung in attempt.rungs)) or "as it is"


def _done(rung: Rung, recipe: Recipe) -> str:
    if rung.kind == "recipe":
        return f"{rung.says} of {dict(recipe.extras)[rung.lever]} px"
    return f"{rung.says}; values may round to the next level"
