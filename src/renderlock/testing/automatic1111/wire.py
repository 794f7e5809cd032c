"""What AUTOMATIC1111 takes, as its pydantic models say; what it would ignore is refused."""

# mypy: disable-error-code="explicit-any"
# BaseModel's synthesised __init__ takes Any, which mypy counts against every subclass.

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from renderlock.testing.wire import WireModel

Side = Annotated[int, Field(ge=64, le=4096, multiple_of=8)]


class OverrideSettings(WireModel):
    """Settings for one call."""

    sd_model_checkpoint: str | None = None
    sd_vae: str | None = None
    samples_format: str | None = None


class Txt2Img(WireModel):
    """The body of `txt2img`."""

    prompt: str = ""
    negative_prompt: str = ""
    seed: Annotated[int, Field(ge=-1, le=2**63 - 1)] = -1
    subseed: Annotated[int, Field(ge=-1, le=2**63 - 1)] = -1
    subseed_strength: Annotated[float, Field(ge=0, le=1)] = 0
    sampler_name: str | None = None
    sampler_index: str | None = None
    scheduler: str | None = None
    steps: Annotated[int, Field(ge=1, le=150)] = 50
    cfg_scale: Annotated[float, Field(ge=0, le=30)] = 7.0
    distilled_cfg_scale: Annotated[float, Field(ge=0, le=30)] | None = None
    width: Side = 512
    height: Side = 512
    batch_size: Annotated[int, Field(ge=1, le=8)] = 1
    n_iter: Annotated[int, Field(ge=1, le=8)] = 1
    enable_hr: bool = False
    hr_scale: Annotated[float, Field(ge=1, le=4)] = 2.0
    hr_upscaler: str | None = None
    denoising_strength: Annotated[float, Field(ge=0, le=1)] | None = None
    override_settings: OverrideSettings | None = None
    override_settings_restore_afterwards: bool = True
    alwayson_scripts: dict[str, object] | None = None
    send_images: bool = True
    save_images: bool = False
    do_not_save_samples: bool = False
    do_not_save_grid: bool = False
    force_task_id: str | None = None


class Img2Img(Txt2Img):
    """The body of `img2img`."""

    init_images: Annotated[list[str], Field(min_length=1)]
    resize_mode: Annotated[int, Field(ge=0, le=3)] = 0
    mask: str | None = None
    include_init_images: bool = False


class ExtraSingleImage(WireModel):
    """The body of `extra-single-image`."""

    image: Annotated[str, Field(min_length=1)]
    upscaler_1: str = "None"
    upscaler_2: str = "None"
    extras_upscaler_2_visibility: Annotated[float, Field(ge=0, le=1)] = 0
    upscaling_resize: Annotated[float, Field(ge=1, le=8)] = 2
    upscaling_resize_w: Annotated[int, Field(ge=1, le=16_384)] = 512
    upscaling_resize_h: Annotated[int, Field(ge=1, le=16_384)] = 512
    upscaling_crop: bool = True
    resize_mode: Annotated[int, Field(ge=0, le=1)] = 0
    show_extras_results: bool = True
    upscale_first: bool = False


class Options(WireModel):
    """The options that may be set."""

    sd_model_checkpoint: str | None = None
    samples_format: str | None = None
