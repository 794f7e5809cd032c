"""ComfyUI on loopback: the queue with our own prompt ids, history, pictures, the progress socket, and node facts.

Errors, node errors and messages follow `server.py` and `execution.py` of ComfyUI's main branch of late 2026. Every
route is also there below `/api`, as in ComfyUI.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from typing import ClassVar

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from renderlock.imaging.decoding import decode_picture
from renderlock.testing.comfyui.graph import Refusal, Walk, node_errors, validate
from renderlock.testing.comfyui.nodes import CHECKPOINTS, NODES, problem
from renderlock.testing.comfyui.sockets import Sockets
from renderlock.testing.comfyui.wire import Free, Interrupt, PromptBody, QueueBody
from renderlock.testing.comfyui.work import Prompt, Work
from renderlock.testing.desk import Desk
from renderlock.testing.exchange import Exchange
from renderlock.testing.faults import EVERYWHERE, Fault
from renderlock.testing.provider import Handler, Provider, Refused
from renderlock.testing.wire import WireProblem, parse

DIGESTS = {name: hashlib.sha256(name.encode()).hexdigest() for name in CHECKPOINTS}
"""What the server says its checkpoints hash to."""


class ComfyUIProvider(Provider):
    """The provider; it takes no key, as ComfyUI takes none."""

    faults: ClassVar[frozenset[str]] = EVERYWHERE | {
        "out-of-memory",
        "node-errors",
        "execution-error",
        "no-socket",
        "cut-socket",
    }

    def __init__(self, desk: Desk, key: str) -> None:
        super().__init__(desk, key)
        self._sockets = Sockets()
        self._work = Work(desk, self._sockets)
        self._number = 0

    def routes(self) -> list[BaseRoute]:
        """Every route, as it is and below `/api`."""
        table: list[tuple[str, Handler, str]] = [
            ("/prompt", self._prompt, "POST"),
            ("/history/{prompt_id}", self._history, "GET"),
            ("/view", self._view, "GET"),
            ("/queue", self._queue, "GET"),
            ("/queue", self._delete, "POST"),
            ("/interrupt", self._interrupt, "POST"),
            ("/free", self._free, "POST"),
            ("/object_info", self._nodes, "GET"),
            ("/object_info/{node}", self._node, "GET"),
            ("/system_stats", self._stats, "GET"),
            ("/upload/image", self._upload, "POST"),
            ("/models/{folder}", self._models, "GET"),
            ("/view_metadata/{folder}", self._metadata, "GET"),
        ]
        routes: list[BaseRoute] = [
            self.route(prefix + path, handler, method) for prefix in ("", "/api") for path, handler, method in table
        ]
        routes += [WebSocketRoute(path, self._socket) for path in ("/ws", "/api/ws")]
        return [*routes, self.route("/api/assets", self._assets, "GET")]

    def refusal(self, status: int, reason: str, fault: Fault | None = None) -> Refused:
        """ComfyUI's error object."""
        return Refused(status, {"error": problem("server_error", reason, ""), "node_errors": {}})

    def invalid(self, problems: Sequence[WireProblem]) -> Refused:
        """400 for a body that is not what the route takes."""
        missing = any(each.path == "prompt" and each.kind == "missing" for each in problems)
        kind = "no_prompt" if missing else "invalid_prompt"
        message = "No prompt provided" if missing else "; ".join(map(str, problems))
        return Refused(400, {"error": problem(kind, message, message), "node_errors": {}})

    async def _prompt(self, exchange: Exchange) -> Response:
        wanted = parse(PromptBody, exchange.body)
        prompt_id = _canonical(wanted.prompt_id)
        try:
            graph, outputs = validate(wanted.prompt)
        except Refusal as refusal:
            raise Refused(400, {"error": refusal.error, "node_errors": refusal.nodes}) from refusal
        for missing in Walk(graph, self._work.uploads).missing_pictures():
            details = f"image - Invalid image file: {missing}"
            error = problem("custom_validation_failed", "Custom validation failed for node", details)
            raise Refused(400, {"error": error, "node_errors": {}})
        self.count(exchange, "generate")
        dropped: dict[str, object] = {}
        if exchange.has("node-errors"):
            errors = [problem("value_not_in_list", "Value not in list", "filename_prefix")]
            dropped = {outputs[0]: node_errors(graph[outputs[0]], errors, outputs[:1])}
            outputs = outputs[1:]
        self._number += 1
        self._work.put(Prompt(self._number, prompt_id, graph, outputs, wanted.client_id or "", exchange))
        return JSONResponse({"prompt_id": prompt_id, "number": self._number, "node_errors": dropped})

    async def _history(self, exchange: Exchange) -> Response:
        self.count(exchange, "poll")
        prompt_id = exchange.path_value("prompt_id")
        entry = self._work.history.get(prompt_id)
        return JSONResponse({} if entry is None else {prompt_id: entry})

    async def _view(self, exchange: Exchange) -> Response:
        self.count(exchange, "picture")
        picture = self._work.files.get(exchange.query.get("filename", ""))
        if picture is None:
            return Response(status_code=404)
        return Response(picture.data, media_type=picture.media_type)

    async def _queue(self, exchange: Exchange) -> Response:
        running = [] if self._work.running is None else [self._work.running.entry()]
        return JSONResponse({"queue_running": running, "queue_pending": [each.entry() for each in self._work.pending]})

    async def _delete(self, exchange: Exchange) -> Response:
        wanted = parse(QueueBody, exchange.body)
        self._work.delete(wanted.delete or [each.id for each in self._work.pending if wanted.clear])
        return Response()

    async def _interrupt(self, exchange: Exchange) -> Response:
        self._work.interrupt(parse(Interrupt, exchange.body or {}).prompt_id)
        return Response()

    async def _free(self, exchange: Exchange) -> Response:
        parse(Free, exchange.body)
        return Response()

    async def _nodes(self, exchange: Exchange) -> Response:
        return JSONResponse({name: node.info(name) for name, node in NODES.items()})

    async def _node(self, exchange: Exchange) -> Response:
        name = exchange.path_value("node")
        return JSONResponse({name: NODES[name].info(name)} if name in NODES else {})

    async def _stats(self, exchange: Exchange) -> Response:
        self.count(exchange, "poll")
        system = {"os": "posix", "comfyui_version": "0.9.2", "python_version": "3.12.3", "pytorch_version": "2.9.0"}
        device = {"name": "cuda:0 Loopback", "type": "cuda", "index": 0, "vram_total": 12 << 30, "vram_free": 11 << 30}
        return JSONResponse({"system": system, "devices": [device]})

    async def _upload(self, exchange: Exchange) -> Response:
        uploads = exchange.files.get("image", [])
        fields = exchange.body if isinstance(exchange.body, dict) else {}
        if len(uploads) != 1 or set(exchange.files) != {"image"} or fields.keys() - {"overwrite", "type", "subfolder"}:
            return Response(status_code=400)
        try:
            pixels = decode_picture(uploads[0].data)
        except ValueError:
            return Response(status_code=400)
        self._work.uploads[uploads[0].filename] = pixels
        return JSONResponse({"name": uploads[0].filename, "subfolder": "", "type": "input"})

    async def _models(self, exchange: Exchange) -> Response:
        if exchange.path_value("folder") != "checkpoints":
            return Response(status_code=404)
        return JSONResponse(list(CHECKPOINTS))

    async def _metadata(self, exchange: Exchange) -> Response:
        name = exchange.query.get("filename", "")
        if exchange.path_value("folder") != "checkpoints" or name not in CHECKPOINTS:
            return Response(status_code=404)
        return JSONResponse({"modelspec.title": name, "modelspec.hash_sha256": f"0x{DIGESTS[name]}"})

    async def _assets(self, exchange: Exchange) -> Response:
        wanted = exchange.query.get("name_contains", "")
        found = [{"name": name, "hash": f"blake3:{DIGESTS[name]}"} for name in CHECKPOINTS if wanted in name]
        return JSONResponse({"assets": found, "total": len(found), "has_more": False})

    async def _socket(self, socket: WebSocket) -> None:
        client = socket.query_params.get("clientId") or uuid.uuid4().hex
        struck = self.desk.script.strike("poll")
        if any(fault.name == "no-socket" for fault in struck):
            await socket.close()
            return
        remaining = len(self._work.pending) + (self._work.running is not None)
        await self._sockets.hold(socket, client, remaining)


def _canonical(prompt_id: str | None) -> str:
    if prompt_id is None:
        return str(uuid.uuid4())
    try:
        if str(uuid.UUID(prompt_id)) == prompt_id:
            return prompt_id
    except ValueError:
        pass
    error = problem("invalid_prompt_id", "prompt_id must be a valid UUID", "canonical lowercase hyphenated form")
    raise Refused(400, {"error": error, "node_errors": {}})
