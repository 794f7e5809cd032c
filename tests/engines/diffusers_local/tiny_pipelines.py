"""Three tiny diffusion models with random weights, built on the spot and saved as real model folders.

They have the parts, configs and file formats of the real ones (some 0.3 MB each), so loading them runs the same
code as loading gigabytes.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    StableDiffusionPipeline,
    UNet2DConditionModel,
    ZImagePipeline,
    ZImageTransformer2DModel,
)
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTokenizer,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3Model,
    T5Config,
    T5EncoderModel,
)


def save_stable_diffusion(folder: Path) -> Path:
    """A Stable Diffusion of 66,000 parameters, native at 64 x 64, in `folder`."""
    torch.manual_seed(0)
    tokenizer = _byte_clip_tokenizer(folder.with_name(f"{folder.name}-vocabulary"))
    unet = UNet2DConditionModel(
        sample_size=32,
        block_out_channels=(4, 8),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
        norm_num_groups=2,
        attention_head_dim=2,
    )
    scheduler = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
    )
    pipeline = StableDiffusionPipeline(
        vae=_tiny_vae(),
        text_encoder=_tiny_clip(tokenizer),
        tokenizer=tokenizer,
        unet=unet,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder)
    return folder


def save_z_image(folder: Path) -> Path:
    """A Z-Image of 380,000 parameters, for sides up to 64 pixels, distilled like the turbo model, in `folder`."""
    torch.manual_seed(0)
    transformer = ZImageTransformer2DModel(
        all_patch_size=(2,),
        all_f_patch_size=(1,),
        in_channels=4,
        dim=32,
        n_layers=2,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=16,
        axes_dims=[8, 4, 4],
        axes_lens=[1024, 16, 16],
    )
    with torch.no_grad():  # the class leaves its padding tokens uninitialised
        transformer.x_pad_token.normal_(std=0.02)
        transformer.cap_pad_token.normal_(std=0.02)
    text_config = Qwen3Config(
        vocab_size=260,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=8,
    )
    pipeline = ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=3.0),
        vae=_tiny_vae(),
        text_encoder=Qwen3Model(text_config),
        tokenizer=_byte_chat_tokenizer(),
        transformer=transformer,
    )
    pipeline.save_pretrained(folder)
    return folder


def save_flux(folder: Path) -> Path:
    """A FLUX.1 distilled like schnell (no guidance), in `folder`; its pipeline rounds sizes to 4 pixels."""
    torch.manual_seed(0)
    tokenizer = _byte_clip_tokenizer(folder.with_name(f"{folder.name}-vocabulary"))
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        axes_dims_rope=(4, 4, 8),
        guidance_embeds=False,
    )
    text_config = T5Config(vocab_size=260, d_model=32, d_kv=8, d_ff=32, num_layers=1, num_heads=4)
    pipeline = FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=1.0),
        vae=_tiny_vae(),
        text_encoder=_tiny_clip(tokenizer),
        tokenizer=tokenizer,
        text_encoder_2=T5EncoderModel(text_config),
        tokenizer_2=_byte_chat_tokenizer(),
        transformer=transformer,
    )
    pipeline.save_pretrained(folder)
    return folder


def _tiny_vae() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(4, 8),
        down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D"),
        up_block_types=("UpDecoderBlock2D", "UpDecoderBlock2D"),
        latent_channels=4,
        norm_num_groups=2,
        shift_factor=0.0,
    )


def _tiny_clip(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_attention_heads=4,
            num_hidden_layers=2,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def _byte_clip_tokenizer(folder: Path) -> CLIPTokenizer:
    """CLIP's tokenizer over bytes alone: no merges, so that it needs no download."""
    symbols = pre_tokenizers.ByteLevel.alphabet()
    names = [*sorted(symbols), *(f"{symbol}</w>" for symbol in sorted(symbols)), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps({name: index for index, name in enumerate(names)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer.from_pretrained(folder, model_max_length=77)


def _byte_chat_tokenizer() -> PreTrainedTokenizerFast:
    symbols = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {name: index for index, name in enumerate([*symbols, "<|pad|>", "<|end|>"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    template = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<|pad|>", eos_token="<|end|>", chat_template=template
    )
