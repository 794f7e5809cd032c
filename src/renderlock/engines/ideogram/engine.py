"""The Ideogram engine: the legacy API of the 1.0 and 2.0 families, 3.0, and `ideogram-2` of the v2 API.

The magic prompt is off unless a reference asks for it (`ideogram:V_2?magic_prompt=ON`), so that the prompt in the
recipe is the prompt that was rendered; a prompt that comes back rewritten is recorded as a deviation.
"""

from __future__ import annotations

import time
from decimal import Decimal
from typing import ClassVar

from renderlock.engines.base import Engine, EngineOptions, Probe, Render, Watch
from renderlock.engines.describing import Description
from renderlock.engines.hosted.engine import HostedEngine, OneShotEngine
from renderlock.engines.hosted.purchase import Call, Obtained
from renderlock.engines.hosted.wire import Answer, Json, Part, WireRequest
from renderlock.engines.ideogram.models import IdeogramModel, find_model
from renderlock.engines.ideogram.reading import read_picture, refusal_of
from renderlock.engines.ideogram.sizes import RATIO_OF
from renderlock.errors import (
    BadAnswer,
    HostedError,
    ModelRetired,
    NoPicture,
    NotCapable,
    ProviderTimeout,
    SafetyBlocked,
)
from renderlock.imaging.pixels import Pixels, encode_png
from renderlock.spec.fields import JsonObject
from renderlock.spec.money import Cost
from renderlock.spec.recipe import Recipe, Size

MOST_FILE_BYTES = 10 << 20
UPSCALE_FACTOR = 2
MOST_UPSCALED_SIDE_PX = 4096
QUOTED = "/v2/image/generate/ideogram-2"
POLL_S = 1.0
"""Between two looks at a generation; the provider allows a thousand in ten seconds."""


class _Ideogram(HostedEngine):
    """What all its surfaces share."""

    def __init__(self, model: IdeogramModel, options: EngineOptions) -> None:
        self.ideogram = model
        super().__init__(model.hosted, options)

    def error_of(self, answer: Answer) -> HostedError:
        """The error for a refusal."""
        return refusal_of(answer, self.model, self.channel.secrets)

    def probe(self) -> Probe:
        """Asks the v2 API for a quote: it proves the key, and the model where that is `ideogram-2`."""
        self.prepare()
        request = WireRequest(QUOTED, json={"prompt": "a test"}, query=(("dry_run", "true"),))
        quote = self.channel.send(request, billable=False).json(self.model.reference)
        proven = (f"the key is good; a picture of ideogram-2 is quoted at {_dollars(quote.at('usd_micros'))}",)
        if self.ideogram.name.startswith("v2/"):
            return Probe(("the model answers", *proven))
        return Probe(proven, (f"{self.ideogram.name}: only a paid picture proves a model of the legacy API",))

    def describe(self, picture: Pixels) -> Description:
        """What the provider sees in a picture, by `/describe`, whatever surface pictures are drawn on."""
        version = "V_3" if self.ideogram.name == "V_3" else "V_2"
        parts = (Part.text("describe_model_version", version), self._file(picture))
        return self.buy_description(picture, WireRequest("/describe", parts=parts), self._read_descriptions)

    def _read_descriptions(self, answer: Answer) -> tuple[str, ...]:
        listed = answer.json(self.model.reference).at("descriptions").items()
        texts = tuple(item.at("text").text() for item in listed)
        if not texts:
            raise BadAnswer(model=self.model.reference, reason="it holds no description", billed="maybe")
        return texts

    def _file(self, picture: Pixels) -> Part:
        data = encode_png(picture, {})
        if len(data) > MOST_FILE_BYTES:
            listing = f"  picture: {len(data)} bytes as PNG; at most {MOST_FILE_BYTES} are taken"
            raise NotCapable(model=self.model.reference, listing=listing)
        return Part("image_file", data, "image/png", "picture.png")


class LegacyEngine(_Ideogram, OneShotEngine):
    """`/generate`, and `/remix` where a recipe starts from a picture."""

    def compose(self, recipe: Recipe, init: Pixels | None) -> WireRequest:
        """The request for one picture."""
        wanted = self._image_request(recipe)
        if init is None or recipe.init is None:
            return WireRequest("/generate", json={"image_request": wanted})
        # A weight of 100 keeps the picture, a strength of 1 keeps nothing of it.
        wanted["image_weight"] = min(max(round((1 - recipe.init.strength) * 100), 1), 100)
        return WireRequest("/remix", parts=(Part.json("image_request", wanted), self._file(init)))

    def read(self, recipe: Recipe, answer: Answer) -> Obtained:
        """The picture's link and notes."""
        return read_picture(answer.json(self.model.reference).at("data"), self.model)

    @property
    def upscale_factors(self) -> tuple[int, ...]:
        """Twice, and no other."""
        return (UPSCALE_FACTOR,)

    def upscale(self, picture: Pixels, factor: int, watch: Watch) -> Render:
        """The picture at twice its sides by `/upscale`; raises `NotCapable` for what that does not take."""
        height, width = picture.shape[:2]
        target = Size(width * factor, height * factor)
        if factor != UPSCALE_FACTOR or max(target.width, target.height) > MOST_UPSCALED_SIDE_PX:
            most = f"factor {UPSCALE_FACTOR}, to at most {MOST_UPSCALED_SIDE_PX} pixels a side"
            raise NotCapable(model=self.model.reference, listing=f"  upscale: {width}x{height} by {factor}; {most}")
        # Full resemblance and little new detail: the upscaler is to keep the picture.
        wanted: JsonObject = {"resemblance": 100, "detail": 1, "magic_prompt_option": "OFF", "num_images": 1}
        request = WireRequest("/upscale", parts=(Part.json("image_request", wanted), self._file(picture)))
        return self.buy_upscale(picture, target, watch, request, self._read_any)

    def _read_any(self, answer: Answer) -> Obtained:
        return read_picture(answer.json(self.model.reference).at("data"), self.model)

    def _image_request(self, recipe: Recipe) -> JsonObject:
        wanted: JsonObject = {
            "prompt": recipe.prompt,
            "model": self.ideogram.name,
            "magic_prompt_option": self.ideogram.option("magic_prompt", "OFF"),
            "seed": recipe.seed,
            "num_images": 1,
        }
        if self.ideogram.name in ("V_2", "V_2_TURBO"):
            wanted["resolution"] = f"RESOLUTION_{recipe.size.width}_{recipe.size.height}"
        else:
            wanted["aspect_ratio"] = f"ASPECT_{RATIO_OF[recipe.size].replace('x', '_')}"
        if recipe.negative_prompt:
            wanted["negative_prompt"] = recipe.negative_prompt
        if style := self.ideogram.option("style"):
            wanted["style_type"] = style
        return wanted


class V3Engine(_Ideogram, OneShotEngine):
    """`/v1/ideogram-v3/generate`."""

    def compose(self, recipe: Recipe, init: Pixels | None) -> WireRequest:
        """The request for one picture."""
        wanted: JsonObject = {
            "prompt": recipe.prompt,
            "seed": recipe.seed,
            "resolution": str(recipe.size),
            "rendering_speed": self.ideogram.option("speed", "DEFAULT"),
            "magic_prompt": self.ideogram.option("magic_prompt", "OFF"),
            "num_images": 1,
        }
        if recipe.negative_prompt:
            wanted["negative_prompt"] = recipe.negative_prompt
        if style := self.ideogram.option("style"):
            wanted["style_type"] = style
        return WireRequest("/v1/ideogram-v3/generate", json=wanted)

    def read(self, recipe: Recipe, answer: Answer) -> Obtained:
        """The picture's link and notes."""
        return read_picture(answer.json(self.model.reference).at("data"), self.model)


class V2Engine(_Ideogram):
    """`ideogram-2` of the v2 API: started, then asked for by its generation id, also by a later run."""

    intends_when_sent: ClassVar[bool] = True

    def obtain(self, recipe: Recipe, init: Pixels | None, call: Call) -> Obtained:
        """Starts a generation, writes its id down, and waits for it."""
        wanted: JsonObject = {
            "prompt": recipe.prompt,
            "aspect_ratio": RATIO_OF[recipe.size],
            "rendering_speed": self.ideogram.option("speed", "default"),
            "magic_prompt": self.ideogram.option("magic_prompt", "OFF").lower(),
            "num_images": 1,
            "seed": recipe.seed,
            "async": True,
        }
        if recipe.negative_prompt:
            wanted["negative_prompt"] = recipe.negative_prompt
        if style := self.ideogram.option("style"):
            wanted["style_type"] = style.lower()
        started = call.send(WireRequest(QUOTED, json=wanted)).json(self.model.reference)
        call.accepted(started.at("generation_id").text())
        return self._wait_for(call)

    def resume(self, recipe: Recipe, call: Call) -> Obtained | None:
        """The picture of a generation that an earlier run started; None where the provider has forgotten it."""
        try:
            return self._wait_for(call)
        except ModelRetired:
            # The model is not what was asked for: this 404 is about the generation.
            return None

    def _wait_for(self, call: Call) -> Obtained:
        """The picture once it is there; raises `ProviderTimeout` where it takes longer than an answer may."""
        most_s = self.options.patience.answer_s
        until = time.monotonic() + most_s
        while True:
            answer = call.ask(WireRequest(f"/v2/generations/{call.resume}", method="GET"))
            state = answer.json(self.model.reference)
            match state.at("status").text():
                case "completed":
                    cost = _dollars(state.at("usage_cost_usd_micros")) if state.at("usage_cost_usd_micros") else None
                    notes = (("generation_id", call.resume),)
                    return read_picture(state.at("data"), self.model, cost=cost, notes=notes)
                case "failed":
                    raise self._failure(state.at("failure_reason").text(default="no reason given"))
                case "pending" | "processing" | "queued":
                    if time.monotonic() > until:
                        raise ProviderTimeout(model=self.model.reference, timeout_s=most_s, sent=True, billed="maybe")
                    call.wait(min(POLL_S, most_s))
                case other:
                    raise BadAnswer(model=self.model.reference, reason=f"status {other[:40]!r}", billed="maybe")

    def _failure(self, reason: str) -> HostedError:
        if "safety" in reason or "moderation" in reason:
            return SafetyBlocked(model=self.model.reference, stage="picture", words=reason, billed="maybe")
        return NoPicture(model=self.model.reference, words=reason, billed="no")


def open_model(model: str, options: EngineOptions) -> Engine:
    """The engine for `V_1` … `V_3`, `v2/ideogram-2`, each with options after a `?`; raises `UnknownName`."""
    found = find_model(model)
    surface = found.hosted.surface
    if surface == "ideogram-generate-1":
        return LegacyEngine(found, options)
    return V3Engine(found, options) if surface == "ideogram-v3-1" else V2Engine(found, options)


def _dollars(micros: Json) -> Cost:
    return Cost(Decimal(micros.whole()) / 1_000_000, "USD")
