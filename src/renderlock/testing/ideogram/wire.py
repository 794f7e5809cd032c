"""What Ideogram takes: the bodies of its legacy, v3 and v2 endpoints, with every rule between fields."""

# mypy: disable-error-code="explicit-any"
# BaseModel's synthesised __init__ takes Any, which mypy counts against every subclass.

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from renderlock.spec.recipe import Size
from renderlock.testing.ideogram.sizes import LEGACY_RATIOS, RATIO_SIZES, V2_SIZES, V3_SIZES, size_of
from renderlock.testing.wire import WireModel

LegacyModel = Literal["V_1", "V_1_TURBO", "V_2", "V_2_TURBO", "V_2A", "V_2A_TURBO", "V_3", "AUTO"]
MagicPrompt = Literal["AUTO", "ON", "OFF"]
MagicVersion = Literal["V_0", "V_0_1", "V_0_2", "V_0_3", "V_0_4", "V_0_5", "V_0_6", "V_0_7", "V_0_8"]
Style = Literal["AUTO", "GENERAL", "REALISTIC", "DESIGN", "RENDER_3D", "ANIME", "FICTION", "CUSTOM", "STYLIZED"]
StyleV3 = Literal["AUTO", "GENERAL", "REALISTIC", "DESIGN", "CUSTOM", "FICTION", "STYLIZED"]
Palette = Literal["EMBER", "FRESH", "JUNGLE", "MAGIC", "MELON", "MOSAIC", "PASTEL", "ULTRAMARINE"]
Prompt = Annotated[str, Field(min_length=1, max_length=10_000)]
Seed = Annotated[int, Field(ge=0, le=2_147_483_647)]
Count = Annotated[int, Field(ge=1, le=8)]
Percent = Annotated[int, Field(ge=1, le=100)]

FIRST = ("V_1", "V_1_TURBO")
SECOND = ("V_2", "V_2_TURBO")
SECOND_A = ("V_2A", "V_2A_TURBO")


class Member(WireModel):
    """A colour of a palette."""

    color_hex: Annotated[str, Field(pattern="^#(?:[0-9A-Fa-f]{3}){1,2}$")]
    color_weight: Annotated[float, Field(ge=0.05, le=1)] | None = None


class ColorPalette(WireModel):
    """A palette by name or by members, not both."""

    name: Palette | None = None
    members: Annotated[list[Member], Field(min_length=1, max_length=8)] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.name is None) == (self.members is None):
            raise ValueError("exactly one of name and members is needed")
        return self


class ImageRequest(WireModel):
    """The `image_request` of `/generate`."""

    prompt: Prompt
    model: LegacyModel = "V_2"
    aspect_ratio: str | None = None
    resolution: str | None = None
    magic_prompt_option: MagicPrompt = "AUTO"
    magic_prompt_version: MagicVersion | None = None
    seed: Seed | None = None
    style_type: Style | None = None
    negative_prompt: str | None = None
    num_images: Count = 1
    color_palette: ColorPalette | None = None

    @field_validator("aspect_ratio")
    @classmethod
    def _is_ratio(cls, value: str | None) -> str | None:
        legal = [f"ASPECT_{ratio.replace('x', '_')}" for ratio in LEGACY_RATIOS]
        if value is not None and value not in legal:
            raise ValueError(f"{value} is not one of {', '.join(legal)}")
        return value

    @field_validator("resolution")
    @classmethod
    def _is_resolution(cls, value: str | None) -> str | None:
        if value is not None and value not in {f"RESOLUTION_{size.width}_{size.height}" for size in V2_SIZES}:
            raise ValueError(f"{value} is not a legal resolution")
        return value

    @model_validator(mode="after")
    def _fits_the_model(self) -> Self:
        if self.aspect_ratio and self.resolution:
            raise ValueError("cannot specify both aspect_ratio and resolution")
        if self.resolution and self.model not in SECOND:
            raise ValueError(f"resolution is not supported for {self.model}")
        if self.style_type and self.model in FIRST:
            raise ValueError(f"style_type is not supported for {self.model}")
        if self.negative_prompt is not None and self.model not in FIRST + SECOND:
            raise ValueError(f"negative_prompt is not supported for {self.model}")
        if self.color_palette and self.model in FIRST + SECOND_A:
            raise ValueError(f"color_palette is not supported for {self.model}")
        return self

    @property
    def size(self) -> Size:
        """The size of the answered picture."""
        if self.resolution:
            return size_of(self.resolution.removeprefix("RESOLUTION_").replace("_", "x"))
        return RATIO_SIZES[(self.aspect_ratio or "ASPECT_1_1").removeprefix("ASPECT_").replace("_", "x")]


class GenerateBody(WireModel):
    """The body of `/generate`."""

    image_request: ImageRequest


class RemixRequest(ImageRequest):
    """The `image_request` of `/remix`."""

    image_weight: Percent = 50


class UpscaleRequest(WireModel):
    """The `image_request` of `/upscale`; may be empty."""

    prompt: str | None = None
    resemblance: Percent = 50
    detail: Percent = 50
    magic_prompt_option: MagicPrompt = "AUTO"
    magic_prompt_version: MagicVersion | None = None
    num_images: Count = 1
    seed: Seed | None = None


class EditFields(WireModel):
    """The text fields of `/edit`."""

    prompt: Prompt
    model: Literal["V_2", "V_2_TURBO"]
    magic_prompt_option: MagicPrompt = "AUTO"
    num_images: Count = 1
    seed: Seed | None = None
    style_type: Style | None = None


class DescribeFields(WireModel):
    """The text fields of `/describe`."""

    describe_model_version: Literal["V_2", "V_3", "CUSTOM"] = "V_3"


class V3Request(WireModel):
    """The body of `/v1/ideogram-v3/generate`."""

    prompt: Prompt
    seed: Seed | None = None
    resolution: str | None = None
    aspect_ratio: str | None = None
    rendering_speed: Literal["FLASH", "TURBO", "BALANCED", "DEFAULT", "QUALITY"] = "DEFAULT"
    magic_prompt: MagicPrompt = "AUTO"
    negative_prompt: str | None = None
    num_images: Count = 1
    color_palette: ColorPalette | None = None
    style_codes: list[Annotated[str, Field(pattern="^[0-9A-Fa-f]{8}$")]] | None = None
    style_type: StyleV3 | None = None
    style_preset: str | None = None

    @model_validator(mode="after")
    def _has_one_size(self) -> Self:
        if self.aspect_ratio and self.resolution:
            raise ValueError("cannot specify both aspect_ratio and resolution")
        if self.aspect_ratio and self.aspect_ratio not in RATIO_SIZES:
            raise ValueError(f"aspect_ratio {self.aspect_ratio} is not one of {', '.join(RATIO_SIZES)}")
        if self.resolution and self.resolution not in set(map(str, V3_SIZES)):
            raise ValueError(f"{self.resolution} is not a legal resolution")
        if self.style_codes and self.style_type:
            raise ValueError("style_codes cannot be used with style_type")
        return self

    @property
    def size(self) -> Size:
        """The size of the answered picture."""
        return size_of(self.resolution) if self.resolution else RATIO_SIZES[self.aspect_ratio or "1x1"]


class V2Request(WireModel):
    """The body of `/v2/image/generate/ideogram-2`."""

    prompt: Prompt
    aspect_ratio: str = "auto"
    rendering_speed: Literal["turbo", "default", "quality"] = "default"
    magic_prompt: Literal["auto", "on", "off"] = "auto"
    negative_prompt: str | None = None
    num_images: Count = 1
    seed: Seed | None = None
    style_type: Literal["auto", "general", "realistic", "design", "render_3d", "anime"] | None = None
    private: bool | None = None
    enable_copyright_detection: bool | None = None
    target_collection_id: str | None = None
    webhook_url: str | None = None
    is_async: Annotated[bool, Field(alias="async")] = False

    @field_validator("aspect_ratio")
    @classmethod
    def _is_ratio(cls, value: str) -> str:
        if value != "auto" and value not in RATIO_SIZES:
            raise ValueError(f"{value} is not auto or one of {', '.join(RATIO_SIZES)}")
        return value

    @property
    def size(self) -> Size:
        """The size of the answered picture."""
        return RATIO_SIZES["1x1" if self.aspect_ratio == "auto" else self.aspect_ratio]
