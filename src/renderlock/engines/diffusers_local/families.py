"""What diffusers' pipeline classes need to be told, as data: size cells, native sizes, guidance, distilled models.

The rest (steps, guidance defaults, which controls exist) is read from the pipelines themselves, so a class that is
not in the table works too, with a cautious size rule. Figures are from the pipelines of diffusers 0.42 and the
models' cards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import lcm

from renderlock.engines.capabilities import SizeRule, StepRange
from renderlock.engines.diffusers_local.folder import ModelFolder, whole
from renderlock.spec.recipe import Size

MOST_PIXELS = 4096 * 4096
LONGEST_SIDE_PX = 8192
TIMES_NATIVE = 8
"""How many times its native side a model's longest side may be; a longer one repeats itself."""


@dataclass(frozen=True)
class Family:
    """One pipeline class.

    A side is a multiple of the VAE's scale times `cell`, and of `multiple`. `native_px` is the side the model was
    trained at, None where its denoiser's `sample_size` says it. `guidance` names the parameter that guides away from
    the negative prompt or scales it, None where the class has no such control. A guidance of `unguided` or less makes
    the negative prompt void; `negative_prompt` is False where the class would need a control that is not offered.
    `guides_in_one_batch` tells whether a guided step evaluates both texts in one batch of two,
    `windows` whether all its noise is drawn where a tile's can be cut from its canvas's. `widens_vae` tells whether the
    pipeline lifts an autoencoder from half to full precision where its config asks for that (`force_upcast`).
    """

    cell: int = 1
    multiple: int = 1
    native_px: int | None = None
    guidance: str | None = "guidance_scale"
    unguided: float = 1.0
    negative_prompt: bool = True
    empty_negative: str | None = None
    steps: StepRange | None = None
    guides_in_one_batch: bool = False
    windows: bool = False
    widens_vae: bool = False
    longest_side_px: Callable[[ModelFolder], int] = lambda _: LONGEST_SIDE_PX


def _stable_diffusion_3_side(folder: ModelFolder) -> int:
    """The table of positions of SD 3 is `pos_embed_max_size` patches long and raises beyond it."""
    denoiser = _denoiser(folder)
    patches = whole(denoiser, "pos_embed_max_size", 96)
    return patches * whole(denoiser, "patch_size", 2) * vae_scale(folder)


def _z_image_side(folder: ModelFolder) -> int:
    """The rotary tables of Z-Image are `axes_lens` patches long (frames and text, height, width)."""
    lengths = _denoiser(folder).get("axes_lens")
    match lengths:
        case [int(), int(height), int(width)]:
            return min(height, width) * 2 * vae_scale(folder)
    return LONGEST_SIDE_PX


_STABLE_DIFFUSION = Family(multiple=8, guides_in_one_batch=True, windows=True)
_FLUX = Family(cell=2, native_px=1024, negative_prompt=False, windows=True)
_QWEN = Family(cell=2, native_px=1328, guidance="true_cfg_scale", empty_negative=" ", windows=True)

FAMILIES: Mapping[str, Family] = {
    "StableDiffusionPipeline": _STABLE_DIFFUSION,
    "StableDiffusionXLPipeline": replace(_STABLE_DIFFUSION, widens_vae=True),
    "LatentConsistencyModelPipeline": Family(multiple=8, windows=True),
    "StableDiffusion3Pipeline": Family(
        cell=2, guides_in_one_batch=True, windows=True, longest_side_px=_stable_diffusion_3_side
    ),
    "FluxPipeline": _FLUX,
    "Flux2Pipeline": _FLUX,
    "Flux2KleinPipeline": _FLUX,
    "ChromaPipeline": Family(cell=2, native_px=1024, windows=True),
    "ZImagePipeline": Family(
        cell=2, native_px=1024, unguided=0.0, guides_in_one_batch=True, windows=True, longest_side_px=_z_image_side
    ),
    "QwenImagePipeline": _QWEN,
    "QwenImage21Pipeline": Family(multiple=32, native_px=1024, guidance="true_cfg_scale", empty_negative=" "),
    "SanaPipeline": Family(multiple=32),
    # Its default for the step between needs exactly two steps.
    "SanaSprintPipeline": Family(multiple=32, steps=StepRange(2, 2, 2)),
    "Krea2Pipeline": Family(cell=2, native_px=1024, unguided=0.0),
    "Ideogram4Pipeline": Family(cell=2, native_px=2048, guidance=None),
    "HiDreamImagePipeline": Family(cell=2, native_px=1024),
}

CAUTIOUS = Family(cell=2, multiple=32)
"""For a pipeline class that is not in the table."""


@dataclass(frozen=True)
class Distilled:
    """A model trained to need few steps: where `holds`, it takes `steps` and `guidance_scale` (None: no control)."""

    pipelines: frozenset[str]
    holds: Callable[[ModelFolder], bool]
    steps: int
    guidance_scale: float | None


def _named(word: str) -> Callable[[ModelFolder], bool]:
    return lambda folder: word in f"{folder.name} {folder.index.get('_name_or_path', '')}".lower()


def _z_image_turbo(folder: ModelFolder) -> bool:
    """The turbo model ships with a timestep shift of 3, the base model with 6."""
    return folder.configs.get("scheduler", {}).get("shift") == 3.0


DISTILLED = (
    Distilled(frozenset({"ZImagePipeline"}), _z_image_turbo, 9, 0.0),
    Distilled(frozenset({"ZImagePipeline"}), _named("turbo"), 9, 0.0),
    Distilled(frozenset({"FluxPipeline"}), lambda folder: _denoiser(folder).get("guidance_embeds") is False, 4, None),
    Distilled(frozenset({"Flux2KleinPipeline"}), lambda folder: folder.index.get("is_distilled") is True, 4, None),
    Distilled(frozenset({"Krea2Pipeline"}), lambda folder: folder.index.get("is_distilled") is True, 8, 0.0),
    Distilled(
        frozenset({"StableDiffusionPipeline", "StableDiffusionXLPipeline", "StableDiffusion3Pipeline"}),
        _named("turbo"),
        4,
        0.0,
    ),
)


def family_of(pipeline: str) -> Family:
    """The facts of a pipeline class, the cautious ones for a class that is not in the table."""
    return FAMILIES.get(pipeline, CAUTIOUS)


def distilled_of(pipeline: str, folder: ModelFolder) -> Distilled | None:
    """The first row of `DISTILLED` that a model is; None for a model that is not distilled."""
    return next((row for row in DISTILLED if pipeline in row.pipelines and row.holds(folder)), None)


def vae_scale(folder: ModelFolder) -> int:
    """How many pixels one latent is wide, as the pipelines compute it from the VAE's config."""
    vae = folder.configs.get("vae", {})
    match vae:
        case {"encoder_block_out_channels": [*blocks]} | {"block_out_channels": [*blocks]} if blocks:
            return int(2 ** (len(blocks) - 1))
        case {"temperal_downsample": [*halvings]}:
            return int(2 ** len(halvings))
    return 8


def size_rule(pipeline: str, folder: ModelFolder) -> SizeRule:
    """The sizes a model renders exactly, and its native size."""
    family = family_of(pipeline)
    scale = vae_scale(folder)
    multiple = lcm(family.multiple, scale * family.cell)
    native = family.native_px or whole(_denoiser(folder), "sample_size", 1024 // scale) * scale
    largest = min(LONGEST_SIDE_PX, family.longest_side_px(folder), TIMES_NATIVE * native) // multiple * multiple
    side = min(max(native // multiple, 1) * multiple, largest)
    smallest = min(-(-8 * scale // multiple) * multiple, side)
    return SizeRule(Size(side, side), multiple, smallest, largest, MOST_PIXELS)


def _denoiser(folder: ModelFolder) -> Mapping[str, object]:
    return folder.configs.get("transformer") or folder.configs.get("unet") or {}
