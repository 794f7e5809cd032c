"""AUTOMATIC1111 (and Forge) on loopback: txt2img, img2img, progress, interrupt, the extras upscaler, and its lists.

It runs with `--api-auth`: the key is `user:password`, sent as HTTP Basic.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels
from renderlock.spec.recipe import Size
from renderlock.testing.automatic1111.wire import ExtraSingleImage, Img2Img, Options, Txt2Img
from renderlock.testing.desk import Desk
from renderlock.testing.exchange import Exchange
from renderlock.testing.faults import EVERYWHERE, Fault
from renderlock.testing.pictures import Order, Picture
from renderlock.testing.provider import Provider, Refused
from renderlock.testing.wire import WireProblem, invalid, parse

CHECKPOINTS = {
    "sd15.safetensors": ("6ce0161689", "6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa"),
    "sdxl.safetensors": ("31e35c80fc", "31e35c80fc4829d14f90153f4c74cd59c90b779f6afe05a74cd6120b893f7e5b"),
}
SAMPLERS = ("Euler", "Euler a", "DPM++ 2M", "DPM++ 2M SDE", "DDIM")
SCHEDULERS = ("automatic", "karras", "normal", "simple")
UPSCALERS = ("None", "Lanczos", "R-ESRGAN 4x+")
VERSION = "v1.10.1"
TICK_S = 0.02


@dataclass
class Task:
    """The one generation in progress."""

    name: str = ""
    steps: int = 0
    done: int = 0
    running: bool = False
    stopped: bool = False


class Automatic1111Provider(Provider):
    """The provider; `wire.py` holds its bodies."""

    faults: ClassVar[frozenset[str]] = EVERYWHERE | {"truncated-base64", "out-of-memory", "no-image"}

    def __init__(self, desk: Desk, key: str) -> None:
        super().__init__(desk, key if ":" in key else f"user:{key}")
        self._task = Task()
        self._gpu = asyncio.Lock()
        self._checkpoint = next(iter(CHECKPOINTS))

    def routes(self) -> list[BaseRoute]:
        """The API below `/sdapi/v1`."""
        lists: dict[str, list[dict[str, object]]] = {
            "sd-models": [_model(title) for title in CHECKPOINTS],
            "samplers": [{"name": name, "aliases": [], "options": {}} for name in SAMPLERS],
            "schedulers": [{"name": name, "label": name.title(), "aliases": None} for name in SCHEDULERS],
            "upscalers": [{"name": name, "model_name": None, "scale": 4} for name in UPSCALERS],
        }
        return [
            self.route("/sdapi/v1/txt2img", self._txt2img),
            self.route("/sdapi/v1/img2img", self._img2img),
            self.route("/sdapi/v1/extra-single-image", self._enlarge),
            self.route("/sdapi/v1/progress", self._progress, "GET"),
            self.route("/sdapi/v1/interrupt", self._interrupt),
            self.route("/sdapi/v1/unload-checkpoint", self._unload),
            self.route("/sdapi/v1/options", self._options, "GET"),
            self.route("/sdapi/v1/options", self._set_options),
            *(self._list_route(name, items) for name, items in lists.items()),
        ]

    def refusal(self, status: int, reason: str, fault: Fault | None = None) -> Refused:
        """FastAPI's body for a status; 500 is the web UI's own."""
        if status == 500:
            return _failed("RuntimeError", reason)
        return Refused(status, {"detail": reason})

    def invalid(self, problems: Sequence[WireProblem]) -> Refused:
        """FastAPI's 422."""
        found = [{"loc": ["body", *each.place], "msg": each.message, "type": each.kind} for each in problems]
        return Refused(422, {"detail": found})

    async def _txt2img(self, exchange: Exchange) -> Response:
        self._check_login(exchange)
        wanted = parse(Txt2Img, exchange.body)
        return await self._make(exchange, wanted, None)

    async def _img2img(self, exchange: Exchange) -> Response:
        self._check_login(exchange)
        wanted = parse(Img2Img, exchange.body)
        if wanted.enable_hr:
            raise invalid("enable_hr", "img2img has no highres fix")
        return await self._make(exchange, wanted, _picture(wanted.init_images[0], "init_images"))

    async def _make(self, exchange: Exchange, wanted: Txt2Img, init: Pixels | None) -> Response:
        checkpoint = self._chosen(wanted)
        if wanted.sampler_name is not None and wanted.sampler_name not in SAMPLERS:
            raise Refused(404, {"detail": "Sampler not found"})
        if wanted.scheduler is not None and wanted.scheduler.lower() not in SCHEDULERS:
            raise invalid("scheduler", f"{wanted.scheduler} is not one of {', '.join(SCHEDULERS)}")
        first = secrets.randbelow(2**32) if wanted.seed == -1 else wanted.seed
        orders = _orders(wanted, first, init)
        self.count(exchange, "generate")
        if exchange.has("out-of-memory"):
            raise _failed(
                "OutOfMemoryError", "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has 1.20 GiB free."
            )
        self.desk.take(len(orders))
        try:
            pictures = await self._sample(exchange, orders, wanted)
        finally:
            self.desk.release(len(orders))
        images = [] if exchange.has("no-image") else [self.base64(exchange, each) for each in pictures]
        info = _info(wanted, orders, checkpoint)
        echo = wanted.model_dump(exclude={"init_images"})
        return JSONResponse({"images": images, "parameters": echo, "info": json.dumps(info)})

    async def _sample(self, exchange: Exchange, orders: Sequence[Order], wanted: Txt2Img) -> list[Picture]:
        """Paints on the one device, one call after another, while progress can be asked for."""
        async with self._gpu:
            name = wanted.force_task_id or f"task({secrets.token_hex(8)})"
            self._task = task = Task(name, wanted.steps, running=True)
            painting = asyncio.create_task(self.desk.make(orders, exchange))
            pause_s = max(self.desk.latency_s / wanted.steps, TICK_S)
            while task.done < wanted.steps and not task.stopped:
                await asyncio.sleep(pause_s)
                task.done += 1
            # An interrupted call still answers, with the picture as far as it came.
            pictures = await painting
            task.running = False
            return pictures

    async def _enlarge(self, exchange: Exchange) -> Response:
        self._check_login(exchange)
        wanted = parse(ExtraSingleImage, exchange.body)
        for name in (wanted.upscaler_1, wanted.upscaler_2):
            if name not in UPSCALERS:
                raise Refused(400, {"detail": f"Invalid upscaler, needs to be one of these: {' , '.join(UPSCALERS)}"})
        init = _picture(wanted.image, "image")
        size = Size(round(init.shape[1] * wanted.upscaling_resize), round(init.shape[0] * wanted.upscaling_resize))
        if wanted.resize_mode == 1:
            size = Size(wanted.upscaling_resize_w, wanted.upscaling_resize_h)
        pictures = await self.paint(exchange, [Order("", 0, size, init=init, enlarge=True)])
        return JSONResponse({"html_info": "<p></p>", "image": self.base64(exchange, pictures[0])})

    async def _progress(self, exchange: Exchange) -> Response:
        self._check_login(exchange)
        self.count(exchange, "poll")
        task = self._task
        share = task.done / task.steps if task.running and task.steps else 0.0
        state = {
            "skipped": False,
            "interrupted": task.stopped,
            "job": "scripts_txt2img" if task.running else "",
            "job_count": int(task.running),
            "job_no": 0,
            "sampling_step": task.done if task.running else 0,
            "sampling_steps": task.steps if task.running else 0,
        }
        answer = {"progress": share, "eta_relative": 0.0, "state": state, "current_image": None, "textinfo": None}
        return JSONResponse(answer | {"current_task": task.name if task.running else None})

    async def _interrupt(self, exchange: Exchange) -> Response:
        self._check_login(exchange)
        self._task.stopped = True
        return JSONResponse({})

    async def _unload(self, exchange: Exchange) -> Response:
        self._check_login(exchange)
        return JSONResponse({})

    async def _options(self, exchange: Exchange) -> Response:
        self._check_login(exchange)
        self.count(exchange, "poll")
        title = f"{self._checkpoint} [{CHECKPOINTS[self._checkpoint][0]}]"
        return JSONResponse({"sd_model_checkpoint": title, "sd_checkpoint_hash": CHECKPOINTS[self._checkpoint][1]})

    async def _set_options(self, exchange: Exchange) -> Response:
        self._check_login(exchange)
        wanted = parse(Options, exchange.body)
        if wanted.sd_model_checkpoint is not None:
            self._checkpoint = _checkpoint(wanted.sd_model_checkpoint)
        return JSONResponse({})

    def _list_route(self, name: str, items: list[dict[str, object]]) -> BaseRoute:
        async def show(exchange: Exchange) -> Response:
            self._check_login(exchange)
            self.count(exchange, "poll")
            return JSONResponse(items)

        return self.route(f"/sdapi/v1/{name}", show, "GET")

    def _chosen(self, wanted: Txt2Img) -> str:
        override = wanted.override_settings
        if override is None or override.sd_model_checkpoint is None:
            return self._checkpoint
        return _checkpoint(override.sd_model_checkpoint)

    def _check_login(self, exchange: Exchange) -> None:
        given = exchange.headers.get("authorization", "").partition("Basic ")[2]
        try:
            login = base64.b64decode(given, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            login = ""
        if not self.is_key(login):
            raise Refused(401, {"detail": "Incorrect username or password"}, {"WWW-Authenticate": "Basic"})


def _orders(wanted: Txt2Img, first: int, init: Pixels | None) -> list[Order]:
    factor = wanted.hr_scale if wanted.enable_hr else 1
    size = Size(round(wanted.width * factor), round(wanted.height * factor))
    strength = wanted.denoising_strength if wanted.denoising_strength is not None else 0.75
    return [
        Order(
            wanted.prompt,
            first + number,
            size,
            wanted.negative_prompt,
            wanted.cfg_scale,
            init,
            strength if init is not None else 1.0,
            # What the web UI writes into its pictures.
            texts=(("parameters", f"{wanted.prompt}\nSteps: {wanted.steps}, Seed: {first + number}"),),
        )
        for number in range(wanted.batch_size * wanted.n_iter)
    ]


def _info(wanted: Txt2Img, orders: Sequence[Order], checkpoint: str) -> dict[str, object]:
    short, _ = CHECKPOINTS[checkpoint]
    return {
        "prompt": wanted.prompt,
        "negative_prompt": wanted.negative_prompt,
        "seed": orders[0].seed,
        "all_seeds": [order.seed for order in orders],
        "width": orders[0].size.width,
        "height": orders[0].size.height,
        "sampler_name": wanted.sampler_name or SAMPLERS[0],
        "cfg_scale": wanted.cfg_scale,
        "steps": wanted.steps,
        "sd_model_name": checkpoint.removesuffix(".safetensors"),
        "sd_model_hash": short,
        "sd_vae_hash": None,
        "index_of_first_image": 0,
        "infotexts": [dict(order.texts)["parameters"] for order in orders],
        "version": VERSION,
    }


def _model(title: str) -> dict[str, object]:
    short, sha256 = CHECKPOINTS[title]
    return {
        "title": f"{title} [{short}]",
        "model_name": title.removesuffix(".safetensors"),
        "hash": short,
        "sha256": sha256,
        "filename": f"/models/Stable-diffusion/{title}",
        "config": None,
    }


def _checkpoint(asked: str) -> str:
    """The checkpoint by title, file name or model name."""
    for title, (short, _) in CHECKPOINTS.items():
        if asked in (title, title.removesuffix(".safetensors"), f"{title} [{short}]", short):
            return title
    raise _failed("RuntimeError", f"Unknown checkpoint: {asked}")


def _picture(text: str, name: str) -> Pixels:
    if text.startswith("data:image/"):
        text = text.partition(",")[2]
    try:
        return decode_picture(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise Refused(500, {"detail": f"Invalid encoded image: {name}: {error}"}) from error


def _failed(kind: str, reason: str) -> Refused:
    return Refused(500, {"error": kind, "detail": "", "body": "", "errors": reason})
