"""Draws pictures with torch, to watch training; the shipped engine has its own samplers."""

from itertools import pairwise

import numpy as np
import torch
from PIL import Image, ImageDraw

from training.autoencoder import LATENT_CHANNELS, Decoder
from training.denoiser import NATIVE_CELLS, Denoiser
from training.text_encoder import TextEncoder
from training.tokenizer import Tokenizer

LABEL_PX = 170


@torch.no_grad()
def draw(
    models: tuple[TextEncoder, Denoiser, Decoder],
    tokenizer: Tokenizer,
    prompts: list[str],
    *,
    seed: int = 0,
    steps: int = 20,
    guidance: float = 3.0,
) -> torch.Tensor:
    """One picture a prompt in [-1, 1], by Euler steps with classifier-free guidance."""
    text_encoder, denoiser, decoder = models
    device = next(denoiser.parameters()).device
    height = width = NATIVE_CELLS
    tokens = torch.tensor([tokenizer.padded_ids(prompt) for prompt in prompts], device=device)
    tokens = torch.cat([tokens, torch.zeros_like(tokens)])
    context, pooled = text_encoder(tokens)
    mask = (tokens > 0).float()
    place = torch.tensor([[0.0, 0.0, height, width]], device=device).expand(len(tokens), -1)
    generator = torch.Generator().manual_seed(seed)
    shape = (len(prompts), LATENT_CHANNELS, height, width)
    latent = torch.randn(shape, generator=generator).to(device)
    times = torch.linspace(1, 0, steps + 1).tolist()
    for now, later in pairwise(times):
        time = torch.full((len(tokens),), now, device=device)
        both = denoiser(torch.cat([latent, latent]), time, context, mask, pooled, place)
        with_words, without = both.chunk(2)
        latent = latent + (later - now) * (without + guidance * (with_words - without))
    return decoder(latent).clamp(-1, 1)


def to_pixels(pictures: torch.Tensor) -> np.ndarray:
    """Pictures in [-1, 1] as uint8, shape (B, height, width, 3)."""
    scaled = ((pictures.float().cpu() + 1) * 127.5).round().clamp(0, 255)
    return scaled.byte().permute(0, 2, 3, 1).numpy()


def make_sheet(rows: list[tuple[str, np.ndarray]], *, columns: int = 1) -> Image.Image:
    """Rows of pictures with their prompt beside them, in several columns of rows."""
    height, width = rows[0][1].shape[1:3]
    row_width = LABEL_PX + len(rows[0][1]) * (width + 2)
    per_column = -(-len(rows) // columns)
    sheet = Image.new("RGB", (row_width * columns, per_column * (height + 2)), "white")
    pen = ImageDraw.Draw(sheet)
    for number, (prompt, pictures) in enumerate(rows):
        x, y = number // per_column * row_width, number % per_column * (height + 2)
        pen.multiline_text((x + 4, y + 4), _wrapped(prompt), fill="black")
        for index, picture in enumerate(pictures):
            sheet.paste(Image.fromarray(picture), (x + LABEL_PX + index * (width + 2), y))
    return sheet


def _wrapped(prompt: str, limit: int = 25) -> str:
    lines = [""]
    for word in prompt.split():
        if len(lines[-1]) + len(word) > limit:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
