"""A model run dry: its networks built from their configs without weights, and called with shapes in place of numbers.

Torch's FakeTensorMode does all of a call but the arithmetic, so the lifetimes of all tensors are those of the real
one, on any device and of any size. It takes a second or two for a shape; `actions.memory` remembers what it found.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import diffusers
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from renderlock.engines.diffusers_local.describe import VAE_TILE, ModelFacts
from renderlock.engines.diffusers_local.families import vae_scale
from renderlock.engines.diffusers_local.folder import ModelFolder, whole
from renderlock.engines.diffusers_local.levers import attention_in_slices, one_at_a_time
from renderlock.engines.diffusers_local.library_types import Forward
from renderlock.engines.diffusers_local.live_tensors import LiveTensors
from renderlock.engines.diffusers_local.loading import Device, precision_on
from renderlock.engines.diffusers_local.steady import quiet
from renderlock.engines.diffusers_local.vae_tiles import decode_one_tile
from renderlock.engines.diffusers_local.weights import Precision, weight_bytes
from renderlock.engines.memory_facts import MemoryParts
from renderlock.spec.recipe import Recipe

TEXT_TOKENS = 512
"""Length assumed for a prompt where a transformer's own limit is not in its config."""

FIXED_BYTES = 88 * 2**20
"""What torch's kernels and the libraries take besides, measured on a CPU."""

VALUES_PER_TOKEN = 24
"""Rule for a denoiser that cannot be run dry: so many values a token and unit of width live at its peak."""


@dataclass(frozen=True)
class Trial:
    """One denoising step as it is called: latent height and width, batch, and the precision of all tensors."""

    config: Mapping[str, object]
    height: int
    width: int
    batch: int
    dtype: torch.dtype


def run_dry(
    folder: ModelFolder, facts: ModelFacts, recipe: Recipe, levers: Collection[str], device: Device
) -> MemoryParts:
    """The memory of `recipe` on this model: weights from the files' headers, phases from dry runs."""
    precision = precision_on(device, folder)
    dtype = getattr(torch, precision)
    scale = vae_scale(folder)
    batch = 2 if is_guided(recipe, facts) else 1
    trial = Trial(_denoiser_config(folder), recipe.size.height // scale, recipe.size.width // scale, batch, dtype)
    with quiet(), _default_dtype(dtype):
        denoise, grade = _denoise_bytes(trial, levers)
    widens = _widens_vae(folder, facts, precision)
    tile_px = dict(recipe.extras).get(VAE_TILE)
    with quiet(), _default_dtype(torch.float32 if widens else dtype):
        decode, encode = _vae_bytes(folder, trial, int(tile_px) if isinstance(tile_px, int) else None, levers)
    weights = weight_bytes(folder, precision)
    # At full precision its weights take twice what they take at rest.
    wider = weights.get("vae", 0) if widens else 0
    # What `replay` keeps of each step.
    kept = (recipe.steps or 1) * batch * 4 * whole(trial.config, "in_channels", 4) * trial.height * trial.width
    parts = MemoryParts(
        weights=0,
        denoise=denoise + kept,
        decode=decode + wider + kept,
        encode=encode + wider if recipe.init is not None else 0,
        fixed=FIXED_BYTES if device == "cpu" else 0,
        grade="dry-run" if grade else "rule",
    )
    return _with_weights(parts, weights, levers)


def _widens_vae(folder: ModelFolder, facts: ModelFacts, precision: Precision) -> bool:
    """Whether the autoencoder works in full precision though its weights rest in half: it overflows there."""
    asked = folder.configs.get("vae", {}).get("force_upcast", True)
    return precision == "float16" and facts.family.widens_vae and asked is True


def _with_weights(parts: MemoryParts, weights: Mapping[str, int], levers: Collection[str]) -> MemoryParts:
    """The parts with the weights that are on the device: all of them, those of the part at work, or of a layer, which
    are next to nothing."""
    if "layer-offload" in levers:
        return parts
    if "model-offload" not in levers:
        return replace(parts, weights=sum(weights.values()))
    denoiser, vae = max(weights.get("unet", 0), weights.get("transformer", 0)), weights.get("vae", 0)
    readers = [count for part, count in weights.items() if part.startswith("text_encoder")]
    return replace(
        parts,
        denoise=parts.denoise + denoiser,
        decode=parts.decode + vae,
        encode=parts.encode + vae if parts.encode else 0,
        load=max(readers, default=0),
    )


def is_guided(recipe: Recipe, facts: ModelFacts) -> bool:
    """Whether each step evaluates the denoiser for two texts in one batch."""
    scale = recipe.guidance_scale
    return facts.family.guides_in_one_batch and scale is not None and scale > facts.family.unguided


def _denoise_bytes(trial: Trial, levers: Collection[str]) -> tuple[int, bool]:
    """The peak of one step, and whether it was run dry (or estimated by rule)."""
    name = str(trial.config.get("_class_name"))
    call = _CALLS.get(name)
    if call is None:
        width = _width_of(trial.config)
        tokens = trial.height * trial.width // 4 + TEXT_TOKENS
        return trial.batch * tokens * width * VALUES_PER_TOKEN * trial.dtype.itemsize, False
    with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad(), _levers(levers):
        network = getattr(diffusers, name).from_config(dict(trial.config)).eval()
        forward = one_at_a_time(network.forward) if "split-guidance" in levers else network.forward
        with LiveTensors() as live:
            call(forward, trial)
    return live.peak_bytes, True


def _vae_bytes(folder: ModelFolder, trial: Trial, tile_px: int | None, levers: Collection[str]) -> tuple[int, int]:
    """The peaks of decoding and of encoding one picture; 0 for a model without an autoencoder of diffusers."""
    config = folder.configs.get("vae", {})
    name = str(config.get("_class_name"))
    if not hasattr(diffusers, name):
        return 0, 0
    scale = vae_scale(folder)
    frames = (1,) if name in _WITH_FRAMES else ()
    with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad(), _levers(levers):
        vae = getattr(diffusers, name).from_config(dict(config)).eval()
        channels = whole(config, "latent_channels", whole(config, "z_dim", 4))
        latent = torch.empty(1, channels, *frames, trial.height, trial.width)
        with LiveTensors() as decoding:
            # Plain float pictures are made of the decoded one at the end: two more of its size.
            picture = _decoded(vae, latent, tile_px)
            picture = (picture / 2 + 0.5).clamp(0, 1)
            _ = picture.movedim(1, -1).float().contiguous()
        del picture
        shown = torch.empty(1, 3, *frames, trial.height * scale, trial.width * scale)
        with LiveTensors() as encoding:
            vae.encode(shown)
    return decoding.peak_bytes, encoding.peak_bytes


def _decoded(vae: object, latent: torch.Tensor, tile_px: int | None) -> torch.Tensor:
    def one(part: torch.Tensor) -> torch.Tensor:
        picture: torch.Tensor = vae.decode(part, return_dict=False)[0]  # type: ignore[attr-defined]  # any autoencoder
        return picture

    return one(latent) if tile_px is None else decode_one_tile(vae, latent, tile_px, one)  # type: ignore[arg-type]


def _unet(forward: Forward, trial: Trial) -> None:
    context = whole(trial.config, "cross_attention_dim", 768)
    inputs: dict[str, object] = {"encoder_hidden_states": torch.empty(trial.batch, 77, context)}
    if trial.config.get("addition_embed_type") == "text_time":
        time = whole(trial.config, "addition_time_embed_dim", 256)
        pooled = whole(trial.config, "projection_class_embeddings_input_dim", 2816) - 6 * time
        inputs["added_cond_kwargs"] = {
            "text_embeds": torch.empty(trial.batch, pooled),
            "time_ids": torch.empty(trial.batch, 6),
        }
    channels = whole(trial.config, "in_channels", 4)
    forward(torch.empty(trial.batch, channels, trial.height, trial.width), torch.tensor(1), **inputs, return_dict=False)


def _stable_diffusion_3(forward: Forward, trial: Trial) -> None:
    forward(
        hidden_states=torch.empty(trial.batch, whole(trial.config, "in_channels", 16), trial.height, trial.width),
        timestep=torch.ones(trial.batch),
        encoder_hidden_states=torch.empty(trial.batch, 333, whole(trial.config, "joint_attention_dim", 4096)),
        pooled_projections=torch.empty(trial.batch, whole(trial.config, "pooled_projection_dim", 2048)),
        return_dict=False,
    )


def _flux(forward: Forward, trial: Trial) -> None:
    tokens = trial.height * trial.width // 4
    forward(
        hidden_states=torch.empty(trial.batch, tokens, whole(trial.config, "in_channels", 64)),
        timestep=torch.ones(trial.batch),
        guidance=torch.ones(trial.batch) if trial.config.get("guidance_embeds") else None,
        pooled_projections=torch.empty(trial.batch, whole(trial.config, "pooled_projection_dim", 768)),
        encoder_hidden_states=torch.empty(trial.batch, TEXT_TOKENS, whole(trial.config, "joint_attention_dim", 4096)),
        txt_ids=torch.empty(TEXT_TOKENS, 3),
        img_ids=torch.empty(tokens, 3),
        return_dict=False,
    )


_CALLS: Mapping[str, Callable[[Forward, Trial], None]] = {
    "UNet2DConditionModel": _unet,
    "SD3Transformer2DModel": _stable_diffusion_3,
    "FluxTransformer2DModel": _flux,
}
"""The networks that can be run dry: each with how its pipeline calls it."""

_WITH_FRAMES = frozenset({"AutoencoderKLQwenImage", "AutoencoderKLWan"})


def _denoiser_config(folder: ModelFolder) -> Mapping[str, object]:
    return folder.configs.get("transformer") or folder.configs.get("unet") or {}


def _width_of(config: Mapping[str, object]) -> int:
    for key in ("dim", "hidden_size", "inner_dim"):
        if key in config:
            return whole(config, key, 3072)
    return whole(config, "num_attention_heads", 24) * whole(config, "attention_head_dim", 128)


@contextmanager
def _levers(levers: Collection[str]) -> Iterator[None]:
    if "attention-slicing" in levers:
        with attention_in_slices():
            yield
    else:
        yield


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
