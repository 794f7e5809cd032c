"""The process that renders within a memory budget: `python -m renderlock.actions.memory.worker`, spoken to over pipes.

What an engine imports is not counted; from then on the process may grow by the budget and no more. Running out is
caught here and told; a worker that is killed all the same takes nothing with it but its own render.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Literal

from renderlock.actions.memory import address_space, wire
from renderlock.engines.base import Engine, EngineOptions, Preview, Render, Watch
from renderlock.engines.memory_facts import MemoryFacts, MemoryParts
from renderlock.engines.table import open_engine
from renderlock.errors import EngineFailed, OutOfMemory
from renderlock.executors.worker_process import Frame, own_pipes, read_frame, write_frame
from renderlock.spec.fields import object_at, text_at

DEVICES: tuple[Literal["auto", "cpu", "cuda", "mps"], ...] = ("auto", "cpu", "cuda", "mps")


class StopAsked(Exception):
    """The parent's watch wants the render to stop."""


class ParentGone(Exception):
    """Nobody listens any more."""


@dataclass
class Conversation:
    """The two pipes: one answer for each question."""

    reading: IO[bytes]
    writing: IO[bytes]

    def ask(self, frame: Frame) -> Frame:
        """Sends a frame and waits for the next; raises `ParentGone` where none comes."""
        self.say(frame)
        return self.hear()

    def say(self, frame: Frame) -> None:
        """Sends a frame."""
        try:
            write_frame(self.writing, frame)
        except BrokenPipeError as error:
            raise ParentGone from error

    def hear(self) -> Frame:
        """The next frame."""
        frame = read_frame(self.reading)
        if frame is None:
            raise ParentGone
        return frame


@dataclass(frozen=True)
class RemoteWatch:
    """Hands each step to the parent and waits for its word."""

    talk: Conversation

    def on_step(self, done: int, steps: int) -> None:
        """Raises `StopAsked` where the parent says so."""
        self._go_on(self.talk.ask(Frame({"is": "step", "done": done, "steps": steps})))

    def _go_on(self, answer: Frame) -> None:
        if answer.header["do"] == "stop":
            raise StopAsked


@dataclass(frozen=True)
class RemotePreviews(RemoteWatch):
    """Offers each preview too; it is decoded only where the parent looks at it."""

    def on_preview(self, preview: Preview) -> None:
        """Shows the picture so far as often as it is asked for."""
        answer = self.talk.ask(Frame({"is": "preview"}))
        while answer.header["do"] == "show":
            pixels = preview()
            answer = self.talk.ask(Frame({"is": "pixels", "shape": wire.shape_of(pixels)}, wire.bytes_of(pixels)))
        self._go_on(answer)


@dataclass
class Worker:
    """The engine in use and how much address space the process held before its weights came."""

    talk: Conversation
    engine: Engine | None = None
    facts: MemoryFacts | None = None
    opened: Mapping[str, object] = field(default_factory=dict)
    floor: int = 0
    budget_bytes: int | None = None
    is_loaded: bool = False

    def serve(self) -> None:
        """Answers until the parent is gone."""
        while True:
            question = self.talk.hear()
            try:
                answer = self.answer(question)
            except ParentGone:
                raise
            except StopAsked:
                answer = Frame({"is": "stopped"})
            except BaseException as error:  # noqa: BLE001 - told to the parent, which raises it
                answer = wire.error_frame(error)
            self.talk.say(answer)

    def answer(self, question: Frame) -> Frame:
        """The answer to one question of the parent."""
        header = question.header
        match header["do"]:
            case "open":
                self.open(object_at(header, "engine"))
                return Frame({"is": "ready", "limited": address_space.LIMITED})
            case "foresee":
                return Frame({"is": "parts", "parts": wire.parts_to_json(self.foresee(header))})
            case "unload":
                self.unload()
                return Frame({"is": "unloaded"})
            case "render":
                return self.render(question)
        message = f"no such question: {header}"
        raise ValueError(message)

    def foresee(self, header: Mapping[str, object]) -> MemoryParts | None:
        """What the engine says that a recipe needs; None where it says nothing."""
        if self.facts is None:
            return None
        with self._not_counted():
            return self.facts.memory(wire.recipe_of(header), wire.texts_of(header, "levers"))

    def open(self, engine: Mapping[str, object]) -> None:
        """Opens an engine and imports what it needs; lets go of the one before."""
        if engine == self.opened:
            return
        self.unload()
        with self._not_counted():
            self._open_under(engine, None)
            if self.facts is not None:
                self.facts.prepare()
        self.opened = engine

    def _open_under(self, engine: Mapping[str, object], budget_bytes: int | None) -> None:
        options = EngineOptions(
            threads=int(str(engine["threads"])),
            offline=engine["offline"] is True,
            device=next(name for name in DEVICES if name == engine["device"]),
            memory_budget_bytes=budget_bytes,
        )
        self.engine, self.budget_bytes = open_engine(text_at(engine, "reference"), options), budget_bytes
        self.facts = _facts_of(self.engine)

    @contextmanager
    def _not_counted(self) -> Iterator[None]:
        """Takes what this process grows by meanwhile out of every budget."""
        before = address_space.read_holdings()
        yield
        after = address_space.read_holdings()
        if before is not None and after is not None:
            self.floor = after.space if self.floor == 0 else self.floor + after.space - before.space

    def unload(self) -> None:
        """Lets go of the weights, and gives what is free back to the system."""
        if self.engine is not None:
            self.engine.close()
        address_space.trim()
        self.is_loaded = False

    def render(self, question: Frame) -> Frame:
        """One render within the budget, measured; running out comes back as the error it is, with memory freed."""
        header = question.header
        assert self.engine is not None
        watch = RemotePreviews(self.talk) if header["previews"] is True else RemoteWatch(self.talk)
        budget = header["budget_bytes"] if isinstance(header["budget_bytes"], int) else None
        if self._is_on_accelerator() and budget != self.budget_bytes:
            self.unload()
            self._open_under(self.opened, budget)
        was_loaded, before = self.is_loaded, self._before()
        started = time.monotonic()
        try:
            render = self._limited(question, watch, budget)
        except OutOfMemory as error:
            raise OutOfMemory(**{**error.facts, "peak_bytes": self._peak(before)[0]}) from None
        finally:
            gc.collect()
        seconds, (peak_bytes, is_highest) = time.monotonic() - started, self._peak(before)
        facts = {"seconds": seconds, "is_own": is_highest or not was_loaded, "peak_bytes": peak_bytes}
        return wire.render_frame(render, facts)

    def _limited(self, question: Frame, watch: Watch, budget: int | None) -> Render:
        assert self.engine is not None
        recipe = wire.recipe_of(question.header)
        init = wire.pixels_of(question.header["init"], question.payload)
        model = recipe.model.reference
        ran_out = ""
        if self.facts is not None:
            self.facts.use_levers(wire.texts_of(question.header, "levers"))
        if budget is not None and not self._is_on_accelerator():
            address_space.limit_space(self.floor + budget)
        try:
            return self.engine.render(recipe, init, watch)
        except MemoryError as error:
            ran_out = str(error) or "an allocation was refused"
        except SystemExit as error:
            raise EngineFailed(model=model, reason="it tried to end the program") from error
        finally:
            address_space.limit_space(None)
        # Out of the handler, so that nothing the failed render held is still held by its traceback.
        raise OutOfMemory(model=model, reason=ran_out)

    def _is_on_accelerator(self) -> bool:
        """Whether renders take an accelerator's memory, which its allocator limits, and not the process's."""
        return self.facts is not None and self.facts.device() != "cpu"

    def _before(self) -> address_space.Holdings | None:
        holdings = address_space.read_holdings()
        if holdings is not None:
            address_space.forget_peak()
        self.is_loaded = True
        return holdings

    def _peak(self, before: address_space.Holdings | None) -> tuple[int | None, bool]:
        """The most that was held since, and whether that is more than ever before, so that it is this render's own."""
        if self.facts is not None and self._is_on_accelerator():
            return self.facts.device_peak(), self.budget_bytes is not None
        after = address_space.read_holdings()
        if before is None or after is None:
            return None, False
        return address_space.peak_since(before, after, self.floor), after.space_peak > before.space_peak


def _facts_of(engine: object) -> MemoryFacts | None:
    return engine if isinstance(engine, MemoryFacts) else None


def main() -> None:
    """Serves the parent on the standard pipes, and ends with it."""
    reading, writing = own_pipes()
    try:
        Worker(Conversation(reading, writing)).serve()
    except ParentGone:
        # Without the parent there is nobody to write to, not even at exit.
        os._exit(0)


if __name__ == "__main__":
    main()
