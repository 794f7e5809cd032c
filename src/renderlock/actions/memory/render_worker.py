"""The parent's side of the render worker: one child at a time, started when needed, replaced when it died."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from renderlock.actions.memory import wire
from renderlock.engines.base import EngineOptions, PreviewWatch, Render, Watch
from renderlock.engines.memory_facts import MemoryParts
from renderlock.errors import OutOfMemory
from renderlock.executors.worker_process import Frame, WorkerDied, WorkerProcess
from renderlock.imaging.pixels import Pixels
from renderlock.spec.fields import optional_number, optional_object
from renderlock.spec.recipe import Recipe

MODULE = "renderlock.actions.memory.worker"

MALLOC = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
"""Has glibc give every large block back as soon as it is free, and keep one heap for all threads: so what a render
takes is what it holds, and the same each time. Measured at 2 to 6 % more time (docs/memory.md)."""


@dataclass(frozen=True)
class WorkerRender:
    """A picture from the worker: its peak over the idle worker where the system tells, and whether that is its own and
    not what earlier renders left: its model was loaded for it, or nothing before held as much."""

    render: Render
    peak_bytes: int | None
    seconds: float
    is_own: bool


class RenderWorker:
    """One child process that renders; to be used by one thread at a time."""

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._process: WorkerProcess | None = None
        self.is_limited = True
        self._since_unloaded: list[tuple[Recipe, frozenset[str]]] = []

    @property
    def pid(self) -> int | None:
        """The child's process id; None where there is none."""
        return None if self._process is None else self._process.pid

    def foresee(self, reference: str, recipe: Recipe, levers: Collection[str]) -> MemoryParts | None:
        """What the engine says that a recipe needs; None where it says nothing, or the worker died of asking."""
        try:
            self._open(reference)
            answer = self._ask(Frame({"do": "foresee", "recipe": recipe.to_json(), "levers": sorted(levers)}))
        except WorkerDied:
            self.end()
            return None
        if answer.header["is"] != "parts":
            raise wire.error_of(answer)
        return wire.parts_of(optional_object(answer.header, "parts"))

    def render(
        self,
        reference: str,
        recipe: Recipe,
        init: Pixels | None,
        watch: Watch,
        *,
        budget_bytes: int | None,
        levers: Collection[str],
    ) -> WorkerRender:
        """One picture; raises `OutOfMemory` where it does not fit or the worker died, and what the engine or `watch`
        raises."""
        question: Mapping[str, object] = {
            "do": "render",
            "recipe": recipe.to_json(),
            "init": wire.shape_of(init),
            "levers": sorted(levers),
            "budget_bytes": budget_bytes,
            "previews": isinstance(watch, PreviewWatch),
        }
        died = ""
        try:
            self._open(reference)
            self._since_unloaded.append((recipe, frozenset(levers)))
            return self._follow(Frame(question, wire.bytes_of(init)), watch)
        except WorkerDied as error:
            self.end()
            died = f"{error}: {error.last_words.splitlines()[-1]}" if error.last_words else str(error)
        raise OutOfMemory(model=recipe.model.reference, reason=died)

    def end(self) -> None:
        """Ends the child, and with it all that it holds; the next render starts another."""
        if self._process is not None:
            self._process.close()
            self._process = None
        self._since_unloaded.clear()

    def unload(self) -> None:
        """Has the child let go of its model and of all that renders left behind; what an engine keeps of an unfinished
        picture stays."""
        if self._process is not None:
            try:
                self._ask(Frame({"do": "unload"}))
            except WorkerDied:
                self.end()
        self._since_unloaded.clear()

    def is_alone_with(self, recipe: Recipe, levers: Collection[str]) -> bool:
        """Whether the child has tried this and nothing else since it held nothing: then unloading would not help."""
        return self._process is not None and self._since_unloaded == [(recipe, frozenset(levers))]

    def _open(self, reference: str) -> None:
        engine = {
            "reference": reference,
            "threads": self._options.threads,
            "offline": self._options.offline,
            "device": self._options.device,
        }
        if self._process is None:
            self._process = WorkerProcess(MODULE, environment=MALLOC)
            self._since_unloaded.clear()
        answer = self._ask(Frame({"do": "open", "engine": engine}))
        if answer.header["is"] != "ready":
            raise wire.error_of(answer)
        self.is_limited = answer.header["limited"] is True

    def _follow(self, frame: Frame, watch: Watch) -> WorkerRender:
        """Asks for a render and does what it asks for meanwhile, until it is there."""
        stopped_by: BaseException | None = None
        while True:
            answer = self._ask(frame)
            frame = Frame({"do": "go"})
            match answer.header["is"]:
                case "step" | "preview" as what:
                    try:
                        self._tell(watch, what, answer.header)
                    except WorkerDied:
                        raise
                    except BaseException as error:  # noqa: BLE001 - raised below, once the worker has stopped
                        stopped_by, frame = error, Frame({"do": "stop"})
                case "render":
                    return _finished(answer)
                case "stopped" if stopped_by is not None:
                    raise stopped_by
                case _:
                    raise wire.error_of(answer)

    def _tell(self, watch: Watch, what: str, header: Mapping[str, object]) -> None:
        if what == "preview" and isinstance(watch, PreviewWatch):
            watch.on_preview(self._look)
        elif what == "step":
            watch.on_step(int(str(header["done"])), int(str(header["steps"])))

    def _look(self) -> Pixels:
        answer = self._ask(Frame({"do": "show"}))
        pixels = wire.pixels_of(answer.header.get("shape"), answer.payload)
        if pixels is None:
            raise wire.error_of(answer)
        return pixels

    def _ask(self, frame: Frame) -> Frame:
        assert self._process is not None
        return self._process.ask(frame)


def _finished(answer: Frame) -> WorkerRender:
    peak, seconds = optional_number(answer.header, "peak_bytes"), optional_number(answer.header, "seconds")
    return WorkerRender(
        wire.render_of(answer), None if peak is None else int(peak), seconds or 0.0, answer.header["is_own"] is True
    )
