"""What servers with the OpenAI images API take: one model of a body each, as the servers differ."""

# mypy: disable-error-code="explicit-any"
# BaseModel's synthesised __init__ takes Any, which mypy counts against every subclass.

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from renderlock.imaging.pixels import Pixels
from renderlock.spec.recipe import Size
from renderlock.testing.pictures import Format, Order
from renderlock.testing.wire import WireModel, invalid, parse

Form = Literal["png", "jpeg", "webp"]
Prompt = Annotated[str, Field(min_length=1, max_length=32_000)]
Seed = Annotated[int, Field(ge=-1, le=2**63 - 1)]
SIZE = "^[1-9][0-9]{1,4}x[1-9][0-9]{1,4}$"
EMBEDDED = re.compile("<sd_cpp_extra_args>(.*?)</sd_cpp_extra_args>", re.DOTALL)
EDIT_STRENGTH = 0.7


class ImagesBody(WireModel):
    """What all servers take; `transport` is how they answer where nobody says."""

    transport: ClassVar[Literal["b64_json", "url"]] = "b64_json"
    native: ClassVar[Size] = Size(1024, 1024)

    prompt: Prompt
    n: Annotated[int, Field(ge=1, le=10)] = 1
    size: str | None = None

    @field_validator("size")
    @classmethod
    def _is_size(cls, value: str | None) -> str | None:
        if value is not None and value != "auto" and not re.fullmatch(SIZE, value):
            raise ValueError(f"Invalid size '{value}'. Sizes are WIDTHxHEIGHT")
        return value

    @property
    def picture_size(self) -> Size:
        """The size of the answered pictures."""
        if self.size is None or self.size == "auto":
            return self.native
        width, _, height = self.size.partition("x")
        return Size(int(width), int(height))

    @property
    def answers_link(self) -> bool:
        """Whether the answer holds links in place of bytes."""
        return self.transport == "url"

    def order(self, seed: int) -> Order:
        """What is to be painted; `seed` is taken where the body names none."""
        return Order(self.prompt, seed, self.picture_size)


class OfficialBody(ImagesBody):
    """OpenAI's own, for gpt-image-2 and later."""

    model: str
    quality: Literal["low", "medium", "high", "auto", "xhigh", "max"] = "auto"
    background: Literal["transparent", "opaque", "auto"] = "auto"
    output_format: Form = "png"
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = None
    moderation: Literal["low", "auto"] = "auto"
    user: str | None = None
    safety_identifier: str | None = None
    input_fidelity: Literal["low", "high"] | None = None
    partial_images: Annotated[int, Field(ge=0, le=3)] | None = None
    stream: Literal[False] = False

    @field_validator("size")
    @classmethod
    def _is_legal(cls, value: str | None) -> str | None:
        if value is None or value == "auto":
            return value
        width, height = map(int, value.split("x"))
        long, short = max(width, height), min(width, height)
        if width % 16 or height % 16 or long > 3 * short or long > 3840 or width * height > 3840 * 2160:
            raise ValueError(f"Invalid size '{value}'. Sides are multiples of 16, at most 1:3, at most 3840x2160")
        return value

    def order(self, seed: int) -> Order:
        """As all, in the asked format."""
        return Order(self.prompt, seed, self.picture_size, form=self.output_format)


class _Sampling(ImagesBody):
    """What the servers of diffusion models take besides."""

    model: str | None = None
    negative_prompt: str = ""
    num_inference_steps: Annotated[int, Field(ge=1, le=200)] | None = None
    guidance_scale: Annotated[float, Field(ge=0, le=20)] | None = None
    true_cfg_scale: Annotated[float, Field(ge=0, le=20)] | None = None
    seed: Seed | None = None
    generator_device: str | None = None
    output_format: Form = "png"

    def order(self, seed: int) -> Order:
        """The seed is honoured."""
        chosen = self.seed if self.seed is not None and self.seed >= 0 else seed
        guidance = self.guidance_scale or 4.0
        return Order(self.prompt, chosen, self.picture_size, self.negative_prompt, guidance, form=self.output_format)


class VllmOmniBody(_Sampling):
    """vLLM-Omni 0.30."""

    response_format: Literal["b64_json", "file"] = "b64_json"
    flow_shift: float | None = None
    vae_use_tiling: bool | None = None
    lora: dict[str, object] | None = None
    extra_params: dict[str, object] | None = None
    user: str | None = None


class SglangBody(_Sampling):
    """SGLang's diffusion server 0.5; links unless asked for bytes."""

    response_format: Literal["b64_json", "url"] = "url"
    width: Annotated[int, Field(ge=16, le=8192)] | None = None
    height: Annotated[int, Field(ge=16, le=8192)] | None = None
    enable_upscaling: bool = False
    upscaling_scale: Annotated[int, Field(ge=1, le=8)] | None = None
    diffusers_kwargs: dict[str, object] | None = None
    user: str | None = None

    @property
    def answers_link(self) -> bool:
        """Links are what it gives by default."""
        return self.response_format == "url"


class LocalAIBody(ImagesBody):
    """LocalAI; its seed is not documented, so none is taken here."""

    model: str | None = None
    response_format: Literal["b64_json", "url"] = "url"
    negative_prompt: str = ""
    step: Annotated[int, Field(ge=1, le=200)] | None = None
    mode: int | None = None

    @property
    def answers_link(self) -> bool:
        """Links are what it gives by default."""
        return self.response_format == "url"

    def order(self, seed: int) -> Order:
        """A negative prompt may also stand behind a bar in the prompt."""
        prompt, _, unwanted = self.prompt.partition("|")
        return Order(prompt, seed, self.picture_size, self.negative_prompt or unwanted)


class Guidance(WireModel):
    """The guidance of a sampler."""

    txt_cfg: float | None = None


class SampleParams(WireModel):
    """How sd-server samples."""

    sample_steps: Annotated[int, Field(ge=1, le=200)] | None = None
    sample_method: str | None = None
    guidance: Guidance = Guidance()


class SdCppExtra(WireModel):
    """What sd-server reads out of the prompt."""

    seed: Seed | None = None
    negative_prompt: str = ""
    strength: Annotated[float, Field(gt=0, le=1)] | None = None
    sample_params: SampleParams = SampleParams()


class SdCppBody(ImagesBody):
    """stable-diffusion.cpp's sd-server: all but the basics is inside the prompt, between two marks."""

    native: ClassVar[Size] = Size(512, 512)

    model: str | None = None
    output_format: Literal["png", "jpeg"] = "png"
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = None

    @property
    def extra(self) -> SdCppExtra:
        """What stands between the marks; raises `Invalid` where it is no such object."""
        found = EMBEDDED.search(self.prompt)
        if found is None:
            return SdCppExtra()
        try:
            fields: object = json.loads(found[1])
        except ValueError as error:
            raise invalid("prompt", f"sd_cpp_extra_args are not JSON: {error}") from error
        return parse(SdCppExtra, fields)

    def order(self, seed: int) -> Order:
        """The prompt without its marks, with what they held."""
        extra = self.extra
        chosen = extra.seed if extra.seed is not None and extra.seed >= 0 else seed
        form: Format = self.output_format
        return Order(
            EMBEDDED.sub("", self.prompt).strip(),
            chosen,
            self.picture_size,
            extra.negative_prompt,
            extra.sample_params.guidance.txt_cfg or 4.0,
            strength=extra.strength or EDIT_STRENGTH,
            form=form,
        )


def edited(order: Order, init: Pixels) -> Order:
    """The order of an edit of a picture."""
    return replace(order, init=init, strength=order.strength if order.strength < 1 else EDIT_STRENGTH)
