"""ComfyUI's queue on loopback: one prompt after another, with progress, caching, interruption and history."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from PIL import Image

from renderlock.imaging.pixels import Pixels
from renderlock.testing.comfyui.graph import Graph, Walk
from renderlock.testing.comfyui.sockets import Sockets
from renderlock.testing.desk import Desk
from renderlock.testing.exchange import Exchange
from renderlock.testing.pictures import Picture

STEP_S = 0.01
PREVIEW_PX = 64
OUT_OF_MEMORY = ("torch.OutOfMemoryError", "Allocation on device 0 would exceed allowed memory. (out of memory)")
FAILURE = ("RuntimeError", "mat1 and mat2 shapes cannot be multiplied (77x768 and 1024x320)")


@dataclass
class Prompt:
    """One workflow in the queue."""

    number: int
    id: str
    graph: Graph
    outputs: list[str]
    client: str
    exchange: Exchange
    interrupted: bool = False
    messages: list[list[object]] = field(default_factory=list)

    def entry(self) -> list[object]:
        """The prompt as `/queue` and `/history` show it."""
        return [self.number, self.id, self.graph, {"client_id": self.client}, self.outputs]


class _Ended(Exception):
    """A prompt that ends before its last node; carries the last message."""

    def __init__(self, kind: str, data: dict[str, object]) -> None:
        self.kind = kind
        self.data = data
        super().__init__(kind)


class Work:
    """The queue, and what came of it."""

    def __init__(self, desk: Desk, sockets: Sockets) -> None:
        self._desk = desk
        self._sockets = sockets
        self._gpu = asyncio.Lock()
        self._cached: dict[str, dict[str, object]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.pending: list[Prompt] = []
        self.running: Prompt | None = None
        self.history: dict[str, dict[str, object]] = {}
        self.files: dict[str, Picture] = {}
        self.uploads: dict[str, Pixels] = {}

    def put(self, prompt: Prompt) -> None:
        """Puts a workflow at the end of the queue."""
        self.pending.append(prompt)
        task = asyncio.create_task(self._work(prompt))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def interrupt(self, prompt_id: str | None) -> None:
        """Interrupts the running prompt, where it is the named one or none is named."""
        if self.running is not None and prompt_id in (None, self.running.id):
            self.running.interrupted = True

    def delete(self, prompt_ids: list[str]) -> None:
        """Takes waiting prompts out of the queue."""
        self.pending = [prompt for prompt in self.pending if prompt.id not in prompt_ids]

    async def _work(self, prompt: Prompt) -> None:
        async with self._gpu:
            if prompt not in self.pending:
                return
            self.pending.remove(prompt)
            self.running = prompt
            outputs: dict[str, object] = {}
            try:
                await self._tell(prompt, "execution_start", {})
                outputs = await self._execute(prompt)
                ended, data, good = "execution_success", dict[str, object](), True
            except _Ended as end:
                ended, data, good = end.kind, end.data, False
            status = "success" if good else "error"
            # History is there before the last message, so that who reads on it finds it.
            said = [*prompt.messages, [ended, {"prompt_id": prompt.id, **data, "timestamp": _now()}]]
            self.history[prompt.id] = {
                "prompt": prompt.entry(),
                "outputs": outputs,
                "meta": {},
                "status": {"status_str": status, "completed": good, "messages": said},
            }
            self.running = None
            await self._tell(prompt, "executing", {"node": None, "display_node": None})
            await self._tell(prompt, ended, data)

    async def _execute(self, prompt: Prompt) -> dict[str, object]:
        walk = Walk(prompt.graph, self.uploads)
        name = json.dumps([prompt.graph, sorted(self.uploads)], sort_keys=True)
        if name in self._cached:
            await self._tell(prompt, "execution_cached", {"nodes": list(prompt.graph)})
            return self._cached[name]
        await self._tell(prompt, "execution_cached", {"nodes": []})
        outputs: dict[str, object] = {}
        for output in prompt.outputs:
            picture = await self._sample(prompt, walk, output)
            file = self._save(prompt, output, picture)
            outputs[output] = {"images": [file]}
            await self._tell(prompt, "executed", {"node": output, "output": {"images": [file]}})
        if not prompt.exchange.strikes:
            self._cached[name] = outputs
        return outputs

    async def _sample(self, prompt: Prompt, walk: Walk, output: str) -> Picture:
        steps, node = walk.steps(output), _sampler(prompt.graph)
        await self._tell(prompt, "executing", {"node": node, "display_node": node})
        self._fail(prompt, node)
        order = walk.order(output)
        texts = (("prompt", json.dumps(prompt.graph)),)
        orders = [replace(order, texts=texts)]
        self._desk.take(1)
        painting = asyncio.create_task(self._desk.make(orders, prompt.exchange))
        pause_s = max(self._desk.latency_s / steps, STEP_S)
        try:
            for done in range(1, steps + 1):
                await asyncio.sleep(pause_s)
                if prompt.interrupted:
                    raise _Ended("execution_interrupted", {"node_id": node, "node_type": "KSampler", "executed": []})
                await self._tell(prompt, "progress", {"value": done, "max": steps, "node": node})
                await self._sockets.show(prompt.client, _preview(done, steps))
                if done == 1 and prompt.exchange.has("cut-socket"):
                    await self._sockets.cut(prompt.client)
            return (await painting)[0]
        finally:
            await asyncio.wait([painting])
            self._desk.release(1)

    def _fail(self, prompt: Prompt, node: str) -> None:
        for fault, (kind, message) in (("out-of-memory", OUT_OF_MEMORY), ("execution-error", FAILURE)):
            if prompt.exchange.has(fault):
                data: dict[str, object] = {"node_id": node, "node_type": "KSampler", "executed": []}
                data |= {"exception_message": message, "exception_type": kind, "traceback": [], "current_inputs": {}}
                raise _Ended("execution_error", data | {"current_outputs": []})

    def _save(self, prompt: Prompt, output: str, picture: Picture) -> dict[str, object]:
        kept = prompt.graph[output]["class_type"] == "SaveImage"
        name = f"{'ComfyUI' if kept else 'ComfyUI_temp'}_{len(self.files) + 1:05d}_.png"
        self.files[name] = picture
        return {"filename": name, "subfolder": "", "type": "output" if kept else "temp"}

    async def _tell(self, prompt: Prompt, kind: str, data: Mapping[str, object]) -> None:
        said: dict[str, object] = {"prompt_id": prompt.id, **data}
        if kind.startswith("execution_"):
            prompt.messages.append([kind, {**said, "timestamp": _now()}])
        await self._sockets.tell(prompt.client, kind, said)


def _sampler(graph: Graph) -> str:
    return next((name for name, node in graph.items() if node["class_type"] == "KSampler"), next(iter(graph)))


def _preview(done: int, steps: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (PREVIEW_PX, PREVIEW_PX), round(255 * done / steps)).save(buffer, "JPEG")
    return buffer.getvalue()


def _now() -> int:
    return round(time.time() * 1000)
