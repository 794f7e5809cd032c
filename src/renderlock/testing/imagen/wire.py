"""What `:predict` takes for Imagen 4: the Gemini API's few fields, Vertex AI's many, and the upscaler's."""

# mypy: disable-error-code="explicit-any"
# BaseModel's synthesised __init__ takes Any, which mypy counts against every subclass.

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from renderlock.spec.recipe import Size
from renderlock.testing.google.sizes import IMAGEN, at_tier
from renderlock.testing.wire import ProtoModel


def _one_of(*words: str) -> AfterValidator:
    def check(value: str) -> str:
        if value.lower() not in words:
            raise ValueError(f"{value} is not one of {', '.join(words)}")
        return value.lower()

    return AfterValidator(check)


Safety = Annotated[str, _one_of("block_low_and_above", "block_medium_and_above", "block_only_high", "block_none")]
Person = Annotated[str, _one_of("dont_allow", "allow_adult", "allow_all")]
Seed = Annotated[int, Field(ge=0, le=2_147_483_647)]


class OutputOptions(ProtoModel):
    """The encoding of the pictures."""

    mime_type: Literal["image/png", "image/jpeg"] = "image/png"
    compression_quality: Annotated[int, Field(ge=0, le=100)] | None = None

    @model_validator(mode="after")
    def _quality_needs_jpeg(self) -> Self:
        if self.compression_quality is not None and self.mime_type != "image/jpeg":
            raise ValueError("compressionQuality is only supported for image/jpeg")
        return self


class Parameters(ProtoModel):
    """The parameters that both APIs take."""

    sample_count: Annotated[int, Field(ge=1, le=4)] = 4
    aspect_ratio: Literal["1:1", "3:4", "4:3", "9:16", "16:9"] = "1:1"
    sample_image_size: Literal["1K", "2K"] = "1K"
    guidance_scale: Annotated[float, Field(ge=0, le=500)] | None = None
    language: str | None = None
    safety_setting: Safety | None = None
    person_generation: Person | None = None
    include_safety_attributes: bool = False
    include_rai_reason: bool = False
    output_options: OutputOptions = OutputOptions()

    @property
    def size(self) -> Size:
        """The size of the answered pictures."""
        return at_tier(IMAGEN[self.aspect_ratio], self.sample_image_size)


class GeminiParameters(Parameters):
    """The parameters of the Gemini API, which is stricter about safety."""

    @model_validator(mode="after")
    def _is_safe_enough(self) -> Self:
        if self.safety_setting == "block_none" or self.person_generation == "allow_all":
            raise ValueError("safetySetting block_none and personGeneration allow_all are not supported")
        return self


class VertexParameters(Parameters):
    """The parameters of Vertex AI."""

    storage_uri: Annotated[str, Field(pattern="^gs://.+")] | None = None
    seed: Seed | None = None
    add_watermark: bool = True
    enhance_prompt: bool = True
    negative_prompt: str | None = None

    @model_validator(mode="after")
    def _seed_needs_no_watermark(self) -> Self:
        if self.seed is not None and self.add_watermark:
            raise ValueError("Seed is not supported when watermark is enabled")
        return self


class PromptInstance(ProtoModel):
    """One prompt."""

    prompt: Annotated[str, Field(min_length=1)]


class GeminiPredict(ProtoModel):
    """The body on the Gemini API."""

    instances: Annotated[list[PromptInstance], Field(min_length=1, max_length=1)]
    parameters: GeminiParameters = GeminiParameters()


class VertexPredict(ProtoModel):
    """The body on Vertex AI."""

    instances: Annotated[list[PromptInstance], Field(min_length=1, max_length=1)]
    parameters: VertexParameters = VertexParameters()
    labels: dict[str, str] | None = None


class InlineImage(ProtoModel):
    """A picture in the body."""

    bytes_base64_encoded: Annotated[str, Field(min_length=1)]
    mime_type: Literal["image/png", "image/jpeg"] | None = None


class ImageInstance(ProtoModel):
    """One picture to enlarge; older pages also send an empty prompt."""

    image: InlineImage
    prompt: Literal[""] | None = None


class UpscaleConfig(ProtoModel):
    """How far to enlarge."""

    upscale_factor: Literal["x2", "x3", "x4"]
    enhance_input_image: bool = False
    image_preservation_factor: Annotated[float, Field(ge=0, le=1)] | None = None

    @property
    def factor(self) -> int:
        """The factor as a number."""
        return int(self.upscale_factor[1:])


class UpscaleParameters(ProtoModel):
    """The upscaler's parameters."""

    mode: Literal["upscale"]
    sample_count: Literal[1] = 1
    upscale_config: UpscaleConfig
    output_options: OutputOptions = OutputOptions()
    safety_setting: Safety | None = None
    person_generation: Person | None = None
    include_rai_reason: bool = False


class UpscalePredict(ProtoModel):
    """The upscaler's body."""

    instances: Annotated[list[ImageInstance], Field(min_length=1, max_length=1)]
    parameters: UpscaleParameters
    labels: dict[str, str] | None = None
