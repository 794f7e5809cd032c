"""What `:generateContent` takes for pictures, and which model takes what."""

# mypy: disable-error-code="explicit-any"
# BaseModel's synthesised __init__ takes Any, which mypy counts against every subclass.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from renderlock.spec.recipe import Size
from renderlock.testing.google.sizes import GEMINI_2_5, GEMINI_3, LONG_RATIOS
from renderlock.testing.wire import ProtoModel


@dataclass(frozen=True)
class ModelRules:
    """What one model takes: the sizes by ratio, the tiers (none: no imageSize at all), the thinking levels."""

    sizes: Mapping[str, Size]
    tiers: tuple[str, ...]
    thinking: tuple[str, ...]


MODELS = {
    "gemini-2.5-flash-image": ModelRules(GEMINI_2_5, (), ()),
    "gemini-3-pro-image": ModelRules(GEMINI_3, ("1K", "2K", "4K"), ("LOW", "HIGH")),
    "gemini-3.1-flash-image": ModelRules(GEMINI_3 | LONG_RATIOS, ("512", "1K", "2K", "4K"), ("MINIMAL", "HIGH")),
    "gemini-3.1-flash-lite-image": ModelRules(GEMINI_3 | LONG_RATIOS, ("1K",), ("MINIMAL", "HIGH")),
    "gemini-nano-banana-2.1": ModelRules(GEMINI_3 | LONG_RATIOS, ("1K", "2K", "4K"), ("MINIMAL", "MEDIUM", "HIGH")),
}


def _upper(value: str) -> str:
    return value.upper()


class Blob(ProtoModel):
    """A picture in a part."""

    mime_type: Literal["image/png", "image/jpeg", "image/webp"]
    data: Annotated[str, Field(min_length=1)]


class Part(ProtoModel):
    """A text or a picture."""

    text: str | None = None
    inline_data: Blob | None = None

    @model_validator(mode="after")
    def _holds_one(self) -> Self:
        if (self.text is None) == (self.inline_data is None):
            raise ValueError("a part holds exactly one of text and inlineData")
        return self


class Content(ProtoModel):
    """One turn."""

    role: Literal["user", "model"] | None = None
    parts: Annotated[list[Part], Field(min_length=1)]


class ImageOutputOptions(ProtoModel):
    """The encoding of the picture; Vertex AI only."""

    mime_type: Literal["image/png", "image/jpeg"] | None = None
    compression_quality: Annotated[int, Field(ge=0, le=100)] | None = None


class ImageConfig(ProtoModel):
    """Shape and size; the last three on Vertex AI only."""

    aspect_ratio: str | None = None
    image_size: str | None = None
    person_generation: Literal["ALLOW_ALL", "ALLOW_ADULT", "ALLOW_NONE"] | None = None
    prominent_people: Literal["ALLOW_PROMINENT_PEOPLE", "BLOCK_PROMINENT_PEOPLE"] | None = None
    image_output_options: ImageOutputOptions | None = None


class ThinkingConfig(ProtoModel):
    """How much the model thinks, and whether it shows it."""

    thinking_level: Annotated[str, AfterValidator(_upper)] | None = None
    include_thoughts: bool = False


class GenerationConfig(ProtoModel):
    """The controls of one answer."""

    response_modalities: list[Literal["TEXT", "IMAGE"]] | None = None
    seed: Annotated[int, Field(ge=-(2**31), le=2**31 - 1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    top_k: Annotated[float, Field(ge=1)] | None = None
    candidate_count: int = 1
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    image_config: ImageConfig = ImageConfig()
    thinking_config: ThinkingConfig | None = None

    @model_validator(mode="after")
    def _asks_for_a_picture(self) -> Self:
        if self.response_modalities is not None and "IMAGE" not in self.response_modalities:
            raise ValueError("The requested combination of response modalities is not supported by the model")
        if self.candidate_count != 1:
            raise ValueError("Multiple candidates is not enabled for this model")
        return self

    @property
    def wants_text(self) -> bool:
        """Whether a text comes before the picture, as it does where nobody says otherwise."""
        return self.response_modalities is None or "TEXT" in self.response_modalities


class SafetySetting(ProtoModel):
    """A threshold for a category."""

    category: Literal[
        "HARM_CATEGORY_HARASSMENT",
        "HARM_CATEGORY_HATE_SPEECH",
        "HARM_CATEGORY_SEXUALLY_EXPLICIT",
        "HARM_CATEGORY_DANGEROUS_CONTENT",
        "HARM_CATEGORY_CIVIC_INTEGRITY",
    ]
    threshold: Literal["BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"]


class GenerateContent(ProtoModel):
    """The body."""

    contents: Annotated[list[Content], Field(min_length=1)]
    system_instruction: Content | None = None
    safety_settings: list[SafetySetting] | None = None
    generation_config: GenerationConfig = GenerationConfig()
    labels: dict[str, str] | None = None
