"""Diffusion models with random weights, saved as real model folders: what benchmarks of memory and time render with.

Memory and time do not depend on what the weights hold, so a random model of a real model's shape measures like it.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from tokenizers import pre_tokenizers
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer


def save_middling(folder: Path) -> Path:
    """A Stable Diffusion of 13 million parameters whose picture of 512 x 512 takes some 200 MB to decode."""
    return _save_stable_diffusion(folder, (64, 128, 192), (32, 64, 128, 128))


def save_small(folder: Path) -> Path:
    """A Stable Diffusion small enough to be rendered thousands of times; 64 x 64 pixels are 8 x 8 latents."""
    return _save_stable_diffusion(folder, (32, 64), (16, 16, 32, 32))


def _save_stable_diffusion(folder: Path, unet: tuple[int, ...], vae: tuple[int, ...]) -> Path:
    """A Stable Diffusion with those widths of its U-Net, attention in all but the deepest block, and of its VAE."""
    attentive = len(unet) - 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        tokenizer = _tokenizer(folder.with_name(f"{folder.name}-words"))
        pipeline = StableDiffusionPipeline(
            vae=_vae(vae, groups=8),
            text_encoder=CLIPTextModel(_clip(tokenizer, width=64)),
            tokenizer=tokenizer,
            unet=UNet2DConditionModel(
                sample_size=64,
                block_out_channels=unet,
                layers_per_block=1,
                down_block_types=("CrossAttnDownBlock2D",) * attentive + ("DownBlock2D",),
                up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * attentive,
                cross_attention_dim=64,
                attention_head_dim=4,
            ),
            scheduler=_scheduler(),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
        pipeline.save_pretrained(folder)
    return folder


def save_sdxl(folder: Path, *, tiny: bool = False) -> Path:
    """A Stable Diffusion XL, of its real size (5.1 GB in half precision) or tiny, in `folder`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        tokenizer = _tokenizer(folder.with_name(f"{folder.name}-words"))
        dtype = torch.float32 if tiny else torch.float16
        widths = (64, 128) if tiny else (768, 1280)
        build = _in(dtype)
        pipeline = StableDiffusionXLPipeline(
            vae=build(lambda: _vae((32, 64, 64) if tiny else (128, 256, 512, 512), groups=8 if tiny else 32)),
            text_encoder=build(lambda: CLIPTextModel(_clip(tokenizer, width=widths[0], layers=2 if tiny else 12))),
            text_encoder_2=build(
                lambda: CLIPTextModelWithProjection(_clip(tokenizer, width=widths[1], layers=2 if tiny else 32))
            ),
            tokenizer=tokenizer,
            tokenizer_2=tokenizer,
            unet=build(lambda: UNet2DConditionModel(**_SDXL_TINY if tiny else _SDXL)),
            scheduler=_scheduler(),
        )
        pipeline.save_pretrained(folder)
    return folder


_SDXL: Mapping[str, object] = {
    "sample_size": 128,
    "block_out_channels": (320, 640, 1280),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "cross_attention_dim": 2048,
    "transformer_layers_per_block": [1, 2, 10],
    "attention_head_dim": [5, 10, 20],
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
_SDXL_TINY: Mapping[str, object] = {
    "sample_size": 32,
    "block_out_channels": (32, 64),
    "layers_per_block": 1,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    "cross_attention_dim": 192,
    "attention_head_dim": [2, 4],
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 8,
    "projection_class_embeddings_input_dim": 6 * 8 + 128,
}


def _in(dtype: torch.dtype) -> Callable[[Callable[[], torch.nn.Module]], torch.nn.Module]:
    def build(make: Callable[[], torch.nn.Module]) -> torch.nn.Module:
        before = torch.get_default_dtype()
        torch.set_default_dtype(dtype)
        try:
            return make()
        finally:
            torch.set_default_dtype(before)

    return build


def _vae(widths: tuple[int, ...], *, groups: int) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=widths,
        down_block_types=("DownEncoderBlock2D",) * len(widths),
        up_block_types=("UpDecoderBlock2D",) * len(widths),
        latent_channels=4,
        layers_per_block=2,
        norm_num_groups=groups,
        sample_size=64 * 2 ** (len(widths) - 1),
    )


def _scheduler() -> EulerDiscreteScheduler:
    return EulerDiscreteScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")


def _clip(tokenizer: CLIPTokenizer, *, width: int, layers: int = 2) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=4 * width,
        projection_dim=width,
        num_attention_heads=max(width // 64, 1),
        num_hidden_layers=layers,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _tokenizer(folder: Path) -> CLIPTokenizer:
    """CLIP's tokenizer over bytes alone: no merges, so that it needs no download."""
    symbols = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = [*symbols, *(f"{symbol}</w>" for symbol in symbols), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({name: index for index, name in enumerate(names)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer.from_pretrained(folder, model_max_length=77)
