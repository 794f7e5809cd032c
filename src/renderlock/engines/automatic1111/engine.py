"""The `a1111` engine: AUTOMATIC1111, Forge and other servers with its API, as a plain HTTP adapter.

A reference is `a1111:` for the checkpoint that is loaded, `a1111:CHECKPOINT` for another one of the server, and
`a1111:upscaler/NAME` for one of its upscalers. Every request names its checkpoint, so that whoever loads another one
meanwhile changes no picture.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property

from renderlock.engines.automatic1111.bodies import body_of, encoded, started_from
from renderlock.engines.automatic1111.samplers import FACTS, named
from renderlock.engines.automatic1111.server import API, PLAIN, Checkpoint, Server
from renderlock.engines.base import EngineOptions, Probe, Render, Watch
from renderlock.engines.capabilities import Capabilities, GuidanceRange, SeedGrade, SizeRule, StepRange
from renderlock.engines.hosted.engine import HostedEngine
from renderlock.engines.hosted.faults import error_of, words_of
from renderlock.engines.hosted.journal import Work
from renderlock.engines.hosted.model import HostedModel, Provider
from renderlock.engines.hosted.pictures import from_base64
from renderlock.engines.hosted.prices import PriceNote
from renderlock.engines.hosted.purchase import Bought, Call, Deal, Obtained
from renderlock.engines.hosted.wire import Answer, TextPairs, WireRequest
from renderlock.engines.own_server import free_of_charge, glancing, owing_nothing, reason_in, without_bills
from renderlock.engines.upscaling import USUAL_FACTORS
from renderlock.engines.watching import Steps, steps_of_this_render, watched_by
from renderlock.errors import (
    BadAnswer,
    EngineError,
    HostedError,
    ModelUnavailable,
    NoPicture,
    NotCapable,
    OutOfMemory,
    ProviderFailed,
)
from renderlock.imaging.pixels import Pixels
from renderlock.imaging.png_chunks import without_texts
from renderlock.spec.fields import JsonObject
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.recipe import Recipe, Size

ENGINE = "a1111"
SURFACE = "automatic1111/1"
UPSCALER = "upscaler/"
LOOK_EVERY_S = 0.2
_OUT_OF_MEMORY = frozenset({"OutOfMemoryError", "torch.OutOfMemoryError", "CUDAOutOfMemoryError"})

PROVIDER = Provider(
    name=ENGINE,
    title="AUTOMATIC1111",
    base_url="http://127.0.0.1:7860",
    key_variables=("A1111_AUTH",),
    key_optional=True,
    # One device works through one call after another; a second call would only wait there.
    images_in_flight=1,
)
CAPABILITIES = Capabilities(
    sizes=SizeRule(Size(512, 512), 8, 64, 2048, 2048 * 2048),
    seed=SeedGrade.DOCUMENTED,
    steps=StepRange(1, 150, 20),
    guidance_scale=GuidanceRange(1.0, 30.0, 7.0),
    negative_prompt=True,
    img2img=True,
    samplers=tuple(named(FACTS)),
    hosted=True,
)


def open_model(model: str, options: EngineOptions) -> Automatic1111Engine:
    """The engine for a checkpoint or an upscaler of the server; asks it nothing yet."""
    return Automatic1111Engine(HostedModel(ENGINE, model, SURFACE, PROVIDER, CAPABILITIES), without_bills(options))


class Automatic1111Engine(HostedEngine):
    """One checkpoint, or one upscaler, of one server."""

    def __init__(self, model: HostedModel, options: EngineOptions) -> None:
        super().__init__(model, options)
        self._server = Server(glancing(self.channel))

    @property
    def capabilities(self) -> Capabilities:
        """The facts, with the server's own samplers where it can be asked."""
        try:
            names = self._samplers
        except (EngineError, OSError):
            return super().capabilities
        aliases = tuple((theirs, ours) for ours, theirs in names.items() if theirs not in names)
        return replace(super().capabilities, samplers=tuple(names), sampler_aliases=aliases)

    def identify(self) -> ModelIdentity:
        """The checkpoint's name and hash, or the upscaler's name."""
        if self.model.name.startswith(UPSCALER):
            return ModelIdentity(ENGINE, f"{UPSCALER}{self._upscaler}", "", SURFACE)
        try:
            found = self._checkpoint
        except HostedError as error:
            action = "Start the server with --api, and say where it is: RENDERLOCK_URL_A1111."
            raise ModelUnavailable(model=self.model.reference, reason=reason_in(error), action=action) from error
        files = ((found.title.partition(" [")[0], found.sha256),) if found.sha256 else ()
        return ModelIdentity(ENGINE, found.name, found.short_hash, SURFACE, files)

    def price(self, size: Size) -> PriceNote | None:
        """Nothing."""
        return free_of_charge(self.model.reference)

    def upscale_price(self, size: Size) -> PriceNote | None:
        """Nothing."""
        return self.price(size)

    def authorize(self) -> Callable[[], Mapping[str, str]] | None:
        """HTTP Basic of `user:password`, as the server's `--api-auth` takes it."""

        def headers() -> Mapping[str, str]:
            key = self.channel.key
            if key is None:
                return {}
            return {"Authorization": f"Basic {base64.b64encode(key.reveal().encode()).decode()}"}

        return headers

    def error_of(self, answer: Answer) -> HostedError:
        """The error by the exception's name where the server gives one; raises `OutOfMemory` for that."""
        words = words_of(answer, self.channel.secrets)
        kind = _exception(answer)
        if kind in _OUT_OF_MEMORY:
            raise OutOfMemory(model=self.model.reference, reason=f"the server said {words}")
        if kind:
            return ProviderFailed(model=self.model.reference, words=words, status=answer.status, billed="no")
        return error_of(answer, self.model, self.channel.secrets)

    def render(self, recipe: Recipe, init: Pixels | None, watch: Watch) -> Render:
        """The picture of a recipe, with the server's progress told to the watch."""
        if self.model.name.startswith(UPSCALER):
            raise NotCapable(model=self.model.reference, listing="  an upscaler enlarges pictures, it renders none")
        with watched_by(watch):
            return super().render(recipe, init, watch)

    def obtain(self, recipe: Recipe, init: Pixels | None, call: Call) -> Obtained:
        """Asks for the picture in a thread of its own, while this one looks at progress and may stop it."""
        sampler = self._samplers.get(recipe.sampler or "", recipe.sampler or "")
        body = body_of(recipe, sampler, self._checkpoint.title, call.id)
        if init is not None and recipe.init is not None:
            body = started_from(body, init, recipe.init.strength)
        request = WireRequest(f"{API}/{'txt2img' if init is None else 'img2img'}", json=body)
        steps = steps_of_this_render(recipe.steps or 1)
        with owing_nothing():
            obtained = self._read(self._sent(request, call, steps))
        steps.finished()
        return obtained

    @property
    def upscale_factors(self) -> tuple[int, ...]:
        """Two and four times, as its networks are made for."""
        return USUAL_FACTORS

    def upscale(self, picture: Pixels, factor: int, watch: Watch) -> Render:
        """The picture at `factor` times its sides, by the upscaler of the reference, else the server's first model."""
        if factor not in USUAL_FACTORS:
            raise NotCapable(model=self.model.reference, listing=f"  enlarge {factor} times; it does 2 and 4 times")
        size = Size(picture.shape[1] * factor, picture.shape[0] * factor)
        body: JsonObject = {"image": encoded(picture), "resize_mode": 0, "upscaling_resize": factor}
        request = WireRequest(f"{API}/extra-single-image", json=body | {"upscaler_1": self._upscaler})
        return self.buy_upscale(picture, size, watch, request, self._read_enlarged)

    def probe(self) -> Probe:
        """Reads the lists, which costs nothing."""
        self.prepare()
        if self.model.name.startswith(UPSCALER):
            return Probe((f"the server has the upscaler {self._upscaler}",), ("that it enlarges",))
        found = self._checkpoint
        return Probe((f"the server has {found.title}", f"it has {len(self._samplers)} samplers"), ("that it renders",))

    def _buy(self, work: Work, note: PriceNote | None, deal: Deal, watch: Watch) -> Bought:
        """As any engine does, with errors that say that nothing is owed."""
        with owing_nothing():
            return super()._buy(work, note, deal, watch)

    @cached_property
    def _checkpoint(self) -> Checkpoint:
        return self._server.checkpoint(self.model.name)

    @cached_property
    def _samplers(self) -> dict[str, str]:
        return named(self._server.samplers())

    @cached_property
    def _upscaler(self) -> str:
        known = self._server.upscalers()
        wanted = self.model.name.removeprefix(UPSCALER)
        if not self.model.name.startswith(UPSCALER):
            return next((name for name in known if name not in PLAIN), "Lanczos")
        if wanted not in known:
            action = f"It has {', '.join(known)}."
            raise ModelUnavailable(model=self.model.reference, reason="the server has no such upscaler", action=action)
        return wanted

    def _sent(self, request: WireRequest, call: Call, steps: Steps) -> Answer:
        """The answer to a request, while the watch follows the server's progress and may stop it."""
        answered, stopped = threading.Event(), threading.Event()

        def send() -> Answer:
            try:
                return self.channel.send(request, on_wait=lambda: _raise_if(stopped))
            finally:
                answered.set()

        with ThreadPoolExecutor(1, ENGINE) as waiting:
            coming = waiting.submit(send)
            try:
                while not answered.wait(LOOK_EVERY_S):
                    steps.beat()
                    self._look(call.id, steps)
            except BaseException:
                stopped.set()
                self._stop(call.id)
                raise
            call.answer = coming.result()
            return call.answer

    def _look(self, task: str, steps: Steps) -> None:
        """Tells of the steps that the server has done for this call; a look that fails is no failure of the render."""
        try:
            current, step = self._server.progress()
        except HostedError:
            return
        if current in (task, ""):
            steps.reached(step)

    def _stop(self, task: str) -> None:
        """Interrupts this call, and no other one that the server may be at."""
        try:
            current, _ = self._server.progress()
            if current in (task, ""):
                self._server.interrupt()
        except HostedError:
            return

    def _read_enlarged(self, answer: Answer) -> Obtained:
        with owing_nothing():
            data = from_base64(answer.json(self.model.reference).at("image").text(), self.model.reference)
        return Obtained(picture=without_texts(data), notes=(("upscaler", self._upscaler),))

    def _read(self, answer: Answer) -> Obtained:
        body = answer.json(self.model.reference)
        info = _info(body.at("info").text("{}"), self.model.reference)
        images = body.at("images").items()
        first = info.get("index_of_first_image", 0)
        at = first if isinstance(first, int) and len(images) > 1 else 0
        if not images:
            raise NoPicture(model=self.model.reference, words="the list of images is empty", billed="no")
        data = from_base64(images[min(at, len(images) - 1)].text(), self.model.reference)
        return Obtained(picture=without_texts(data), notes=_notes(info))


class _Stopped(Exception):
    """The render was stopped while its request waited for its turn."""


def _raise_if(stopped: threading.Event) -> None:
    if stopped.is_set():
        raise _Stopped


def _info(text: str, model: str) -> dict[str, object]:
    """The `info` of an answer: a text that holds JSON, empty with servers that only imitate the API."""
    if not text.strip():
        return {}
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(model=model, reason="its info is not JSON", billed="no") from error
    return found if isinstance(found, dict) else {}


def _notes(info: Mapping[str, object]) -> TextPairs:
    names = {"seed": "seed", "sd_model_name": "checkpoint", "sd_model_hash": "checkpoint_hash", "version": "version"}
    return tuple((ours, str(info[theirs])) for theirs, ours in names.items() if info.get(theirs) not in (None, ""))


def _exception(answer: Answer) -> str:
    """The name of the exception in a 500."""
    try:
        fields: object = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    name = fields.get("error") if isinstance(fields, dict) else None
    return name if isinstance(name, str) else ""
