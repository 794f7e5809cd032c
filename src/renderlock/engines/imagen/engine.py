"""The Imagen 4 engine: `:predict` on the Gemini API and on Vertex AI, with exactly the fields each of them takes.

On Vertex AI a seed is documented to give the same picture, but only without watermark and without an enhanced prompt;
so both are off there. The Gemini API refuses a seed, and its capabilities say so before anything is spent.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from renderlock.engines.base import Engine, EngineOptions, KeyState, Probe, Render, Watch
from renderlock.engines.hosted.engine import OneShotEngine
from renderlock.engines.hosted.google import VertexLogin, key_text, method_path, refusal_of, vertex_url
from renderlock.engines.hosted.pictures import from_base64
from renderlock.engines.hosted.purchase import Obtained
from renderlock.engines.hosted.wire import Answer, Json, WireRequest
from renderlock.engines.imagen.models import RATIO_AND_TIER, UPSCALER, ImagenModel, find_model
from renderlock.engines.upscaling import USUAL_FACTORS
from renderlock.errors import HostedError, NoPicture, NotCapable, SafetyBlocked
from renderlock.imaging.pixels import Pixels, encode_png
from renderlock.spec.fields import JsonObject
from renderlock.spec.recipe import Recipe, Size

MOST_FILE_BYTES = 10 << 20
MOST_UPSCALED_PX = 17_000_000
FILTERED = "the picture was filtered"


class ImagenEngine(OneShotEngine):
    """One Imagen model on one of the two APIs."""

    def __init__(self, model: ImagenModel, options: EngineOptions) -> None:
        self.imagen = model
        super().__init__(model.hosted, options)

    def authorize(self) -> Callable[[], Mapping[str, str]] | None:
        """Vertex AI also takes the machine's own credentials."""
        return self._login().headers if self.imagen.on_vertex else None

    def without_key(self, says: str) -> KeyState:
        """Vertex AI also takes the machine's own credentials."""
        return self._login().state(says) if self.imagen.on_vertex else super().without_key(says)

    def _login(self) -> VertexLogin:
        return VertexLogin(self.model, self.options, lambda: key_text(self.channel))

    def base_url(self) -> str:
        """Vertex AI is called at its location's host."""
        if self.imagen.on_vertex and not key_text(self.channel):
            return vertex_url(self.options)
        return self.model.provider.base_url

    def error_of(self, answer: Answer) -> HostedError:
        """The error for a refusal."""
        return refusal_of(answer, self.model, self.channel.secrets)

    def compose(self, recipe: Recipe, init: Pixels | None) -> WireRequest:
        """The request for one picture."""
        if self.imagen.enlarges_only:
            raise NotCapable(model=self.model.reference, listing="  render: it only enlarges pictures")
        ratio, tier = RATIO_AND_TIER[recipe.size]
        wanted: JsonObject = {
            "sampleCount": 1,
            "aspectRatio": ratio,
            "sampleImageSize": tier,
            "includeRaiReason": True,
            "outputOptions": {"mimeType": "image/png"},
        }
        if recipe.guidance_scale is not None:
            wanted["guidanceScale"] = recipe.guidance_scale
        if self.imagen.on_vertex:
            wanted |= {"seed": recipe.seed, "addWatermark": False, "enhancePrompt": False}
            if recipe.negative_prompt:
                wanted["negativePrompt"] = recipe.negative_prompt
        return self._predict(self.imagen.id, {"prompt": recipe.prompt}, wanted)

    def read(self, recipe: Recipe, answer: Answer) -> Obtained:
        """The first picture of the answer; see `read_prediction`."""
        return self._read_any(answer)

    @property
    def upscale_factors(self) -> tuple[int, ...]:
        """Two and four times."""
        return USUAL_FACTORS

    def upscale(self, picture: Pixels, factor: int, watch: Watch) -> Render:
        """The picture enlarged by Vertex AI's upscaler; raises `NotCapable` for what that does not take."""
        height, width = picture.shape[:2]
        target = Size(width * factor, height * factor)
        data = encode_png(picture, {})
        asked = f"  upscale: {width}x{height} by {factor}"
        if not self.imagen.on_vertex:
            raise NotCapable(
                model=self.model.reference, listing=f"{asked}; only on Vertex AI: imagen:vertex/{UPSCALER}"
            )
        if factor not in USUAL_FACTORS or target.width * target.height > MOST_UPSCALED_PX:
            raise NotCapable(
                model=self.model.reference, listing=f"{asked}; by 2 or 4, to at most {MOST_UPSCALED_PX} pixels"
            )
        if len(data) > MOST_FILE_BYTES:
            listing = f"{asked}; {len(data)} bytes as PNG, at most {MOST_FILE_BYTES} are taken"
            raise NotCapable(model=self.model.reference, listing=listing)
        instance: JsonObject = {
            "image": {"bytesBase64Encoded": base64.b64encode(data).decode(), "mimeType": "image/png"}
        }
        wanted: JsonObject = {
            "mode": "upscale",
            "sampleCount": 1,
            "upscaleConfig": {"upscaleFactor": f"x{factor}"},
            "outputOptions": {"mimeType": "image/png"},
        }
        return self.buy_upscale(picture, target, watch, self._predict(UPSCALER, instance, wanted), self._read_any)

    def probe(self) -> Probe:
        """Looks the model up, which proves the key; Vertex AI has no such listing for a key alone."""
        self.prepare()
        if self.imagen.on_vertex:
            return Probe((), ("key and model: Vertex AI proves them only by a paid picture",))
        self.channel.send(WireRequest(f"/v1beta/models/{self.imagen.id}", method="GET"), billable=False)
        return Probe((f"the key is good, and {self.imagen.id} is listed",))

    def _predict(self, model_id: str, instance: JsonObject, wanted: JsonObject) -> WireRequest:
        name = f"vertex/{model_id}" if self.imagen.on_vertex else model_id
        path = method_path(name, "predict", self.options, has_key=bool(key_text(self.channel)))
        return WireRequest(path, json={"instances": [instance], "parameters": wanted})

    def _read_any(self, answer: Answer) -> Obtained:
        return read_prediction(answer.json(self.model.reference), self.model.reference)


def read_prediction(answer: Json, model: str) -> Obtained:
    """The first picture among the predictions.

    Items may be filtered one by one, with a reason or simply missing, and one item may hold only safety attributes.
    Raises `SafetyBlocked` with the reasons, `NoPicture` where nothing is said, `BadAnswer` for another shape.
    """
    reasons = []
    for item in answer.at("predictions").items():
        if item.at("bytesBase64Encoded"):
            picture = from_base64(item.at("bytesBase64Encoded").text(), model)
            prompt = item.at("prompt").text(default="")
            return Obtained(picture, notes=(("prompt", prompt),) if prompt else ())
        reasons.append(item.at("raiFilteredReason").text(default=""))
    words = "; ".join(filter(None, reasons))
    if words:
        raise SafetyBlocked(model=model, stage="picture", words=words, billed="maybe")
    raise NoPicture(model=model, words=f"{FILTERED}, no reason given", billed="maybe")


def open_model(model: str, options: EngineOptions) -> Engine:
    """The engine for `imagen-4.0-…` on the Gemini API, `vertex/imagen-4.0-…` on Vertex AI; raises `UnknownName`."""
    return ImagenEngine(find_model(model), options)
