"""Imagen 4 on loopback: `:predict` as the Gemini API and as Vertex AI take it, and Vertex AI's upscaler.

The models are gone from the Gemini API since 2026-08-17; here they answer, so that what was built on them can still be
tested, unless the fault `retired-model` says otherwise.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import ClassVar

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels
from renderlock.spec.recipe import Size
from renderlock.testing.exchange import Exchange
from renderlock.testing.faults import Fault
from renderlock.testing.google.frame import GoogleProvider, is_vertex, proto_bytes
from renderlock.testing.imagen.wire import GeminiPredict, InlineImage, UpscalePredict, VertexParameters, VertexPredict
from renderlock.testing.pictures import Format, Order, Picture
from renderlock.testing.provider import Refused
from renderlock.testing.wire import invalid, parse

UPSCALER = "imagen-4.0-upscale-preview"
FAST = "imagen-4.0-fast-generate-001"
MOST_FILE_BYTES = 10 * 2**20
MOST_UPSCALED_PX = 17_000_000
REASON = "Unable to show generated images. Support codes: 58061214"
BLOCKED = (
    "The prompt could not be submitted. It contains sensitive words that violate Google's Responsible AI practices."
)
ENHANCED = "{prompt}, highly detailed, professional photography"
FORMATS: dict[str, Format] = {"image/png": "png", "image/jpeg": "jpeg"}


class ImagenProvider(GoogleProvider):
    """The provider; `wire.py` holds its bodies."""

    model_names: ClassVar[tuple[str, ...]] = (
        "imagen-4.0-generate-001",
        FAST,
        "imagen-4.0-ultra-generate-001",
        UPSCALER,
    )
    faults: ClassVar[frozenset[str]] = GoogleProvider.faults | {"one-filtered"}

    def routes(self) -> list[BaseRoute]:
        """`:predict` on both APIs, and the model listing."""
        return [*self.method_routes("predict", self._predict), *self.list_routes()]

    def struck(self, fault: Fault) -> Refused:
        """A blocked prompt is 400 here."""
        return self.refusal(400, BLOCKED, fault) if fault.name == "prompt-blocked" else super().struck(fault)

    def described(self, model: str) -> dict[str, object]:
        """An Imagen model as the listing shows it."""
        return super().described(model) | {"supportedGenerationMethods": ["predict"]}

    async def _predict(self, exchange: Exchange) -> Response:
        self.check_access(exchange)
        model = self.check_model(exchange)
        if model == UPSCALER:
            return await self._upscale(exchange)
        if is_vertex(exchange):
            on_vertex = parse(VertexPredict, exchange.body)
            prompt, wanted = on_vertex.instances[0].prompt, on_vertex.parameters
        else:
            on_gemini = parse(GeminiPredict, exchange.body)
            prompt = on_gemini.instances[0].prompt
            fields = on_gemini.parameters.model_dump(exclude={"output_options"})
            options = on_gemini.parameters.output_options
            wanted = VertexParameters(**fields, output_options=options, enhance_prompt=False)
        if model == FAST and wanted.sample_image_size != "1K":
            raise invalid("parameters.sampleImageSize", f"{wanted.sample_image_size} is not supported by {model}")
        said = ENHANCED.format(prompt=prompt) if wanted.enhance_prompt else prompt
        pictures = await self.paint(exchange, _orders(said, wanted))
        return JSONResponse(self._predictions(exchange, pictures, said, wanted))

    def _predictions(
        self, exchange: Exchange, pictures: Sequence[Picture], prompt: str, wanted: VertexParameters
    ) -> dict[str, object]:
        filtered = len(pictures) if exchange.has("all-filtered") else int(exchange.has("one-filtered"))
        attributes: dict[str, object] = {"categories": ["Violence"], "scores": [0.1]}
        predictions: list[dict[str, object]] = []
        for number, picture in enumerate(pictures):
            if number < filtered:
                # Without the reason a filtered picture is simply missing.
                predictions += [{"raiFilteredReason": REASON}] if wanted.include_rai_reason else []
                continue
            item: dict[str, object] = {"mimeType": picture.media_type}
            if wanted.storage_uri:
                item["gcsUri"] = f"{wanted.storage_uri.rstrip('/')}/sample_{number}.png"
            else:
                item["bytesBase64Encoded"] = self.base64(exchange, picture)
            item |= {"prompt": prompt} if wanted.enhance_prompt else {}
            item |= {"safetyAttributes": attributes} if wanted.include_safety_attributes else {}
            predictions.append(item)
        if wanted.include_safety_attributes:
            predictions.append({"contentType": "Positive Prompt", "safetyAttributes": attributes})
        return {"predictions": predictions} if predictions else {}

    async def _upscale(self, exchange: Exchange) -> Response:
        if not is_vertex(exchange):
            raise self.gone(exchange)
        wanted = parse(UpscalePredict, exchange.body)
        init = _picture(wanted.instances[0].image)
        factor = wanted.parameters.upscale_config.factor
        size = Size(init.shape[1] * factor, init.shape[0] * factor)
        if size.width * size.height > MOST_UPSCALED_PX:
            raise invalid("parameters.upscaleConfig", f"{size} is more than {MOST_UPSCALED_PX} pixels")
        form = FORMATS[wanted.parameters.output_options.mime_type]
        pictures = await self.paint(exchange, [Order("", 0, size, init=init, enlarge=True, form=form)])
        if exchange.has("all-filtered"):
            return JSONResponse({})
        items = [{"mimeType": each.media_type, "bytesBase64Encoded": self.base64(exchange, each)} for each in pictures]
        return JSONResponse({"predictions": items})


def _orders(prompt: str, wanted: VertexParameters) -> list[Order]:
    """The orders; only a seed without an enhanced prompt gives the same pictures again."""
    pinned = wanted.seed is not None and not wanted.enhance_prompt
    seed = wanted.seed if pinned and wanted.seed is not None else secrets.randbelow(2**31)
    form, guidance = FORMATS[wanted.output_options.mime_type], wanted.guidance_scale or 4.0
    return [
        Order(prompt, seed + number, wanted.size, wanted.negative_prompt or "", guidance, form=form)
        for number in range(wanted.sample_count)
    ]


def _picture(image: InlineImage) -> Pixels:
    try:
        data = proto_bytes(image.bytes_base64_encoded)
        if len(data) > MOST_FILE_BYTES:
            raise ValueError("larger than 10 MB")
        return decode_picture(data)
    except ValueError as error:
        raise invalid("instances[0].image", str(error)) from error
