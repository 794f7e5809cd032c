"""Trains the autoencoder for a fixed time; its latents get some noise, so that it forgives some."""

import argparse
import math
import time
from pathlib import Path

import torch
from torch.nn import functional

from training.autoencoder import Decoder, Encoder, set_latent_scale
from training.batches import SceneStream, open_stream
from training.library import load_library, load_pictures
from training.painter import Painter
from training.sampling import make_sheet, to_pixels

LATENT_NOISE = 0.1
GRADIENT_WEIGHT = 1.0
SCALE_WEIGHT = 0.05
HALVED_SHARE = 0.25
WARM_UP_STEPS = 200


def reconstruction_loss(made: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Mean absolute error of the pixels and of their differences to the next pixel."""
    error = (made - wanted).float()
    down = error[:, :, 1:] - error[:, :, :-1]
    across = error[..., 1:] - error[..., :-1]
    return error.abs().mean() + GRADIENT_WEIGHT * (down.abs().mean() + across.abs().mean())


def train_step(encoder: Encoder, decoder: Decoder, pictures: torch.Tensor, *, halve: bool) -> torch.Tensor:
    """The loss of one batch. Halving latent and picture together keeps latents smooth in space."""
    latent = encoder(pictures).float()
    spread = latent.std((0, 2, 3)) - 1
    centre = latent.mean((0, 2, 3))
    scale_loss = spread.square().mean() + centre.square().mean()
    if halve:
        latent = functional.avg_pool2d(latent, 2)
        pictures = functional.avg_pool2d(pictures, 2)
    noisy = latent + LATENT_NOISE * torch.randn_like(latent)
    return reconstruction_loss(decoder(noisy), pictures) + SCALE_WEIGHT * scale_loss


def train(arguments: argparse.Namespace) -> None:
    """Trains, then saves `autoencoder.pt` and a sheet of reconstructions."""
    device, work = arguments.device, arguments.work
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.manual_seed(0)
    pictures = load_pictures(work)
    library = load_library(work, pictures)
    painter = Painter(pictures, device)
    stream = SceneStream(library, work / "vocabulary.txt.gz", arguments.batch, seed=1, native_only=True)
    batches = open_stream(stream, arguments.workers)
    encoder, decoder = Encoder().to(device), Decoder().to(device)
    for half in (encoder, decoder):
        half.to(memory_format=torch.channels_last)
    weights = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=arguments.rate, weight_decay=0.001, betas=(0.9, 0.99))
    start, step = time.monotonic(), 0
    while (done := (time.monotonic() - start) / arguments.seconds) < 1:
        rate = arguments.rate * min(1, (step + 1) / WARM_UP_STEPS)
        optimizer.param_groups[0]["lr"] = rate * 0.5 * (1 + math.cos(math.pi * done))
        scenes = painter.paint(next(batches).job)
        scenes = scenes.contiguous(memory_format=torch.channels_last)
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=device != "cpu"):
            loss = train_step(encoder, decoder, scenes, halve=step % 4 == 3)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        step += 1
        if step % 100 == 0:
            print(f"step {step} {time.monotonic() - start:.0f} s loss {loss.item():.4f}", flush=True)
    finish(encoder, decoder, painter, batches, arguments)
    print(f"{step} steps of {arguments.batch}")


@torch.no_grad()
def finish(encoder: Encoder, decoder: Decoder, painter: Painter, batches, arguments: argparse.Namespace) -> None:
    """Sets the latent scale, reports the error and saves."""
    scenes = torch.cat([painter.paint(next(batches).job) for _ in range(2)])
    set_latent_scale(encoder, decoder, scenes)
    latent = encoder(scenes)
    for noise in (0.0, LATENT_NOISE):
        made = decoder(latent + noise * torch.randn_like(latent)).clamp(-1, 1)
        error = ((made - scenes) / 2).square().mean((1, 2, 3))
        decibel = (-10 * torch.log10(error.clamp(min=1e-6))).mean().item()
        print(f"latent noise {noise}: mean PSNR {decibel:.2f} dB")
    state = {"encoder": encoder.state_dict(), "decoder": decoder.state_dict()}
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.save(state, arguments.out / "autoencoder.pt")
    rows = [("real / decoded", to_pixels(torch.cat([scenes[i : i + 5], made[i : i + 5]]))) for i in range(0, 40, 5)]
    make_sheet(rows).save(arguments.out / "autoencoder.png")


def main() -> None:
    """Trains the autoencoder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--out", type=Path, default=Path(".train"))
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--batch", type=int, default=192)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--workers", type=int, default=12)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
