"""Trains denoiser and text encoder together as a rectified flow, in time-boxed, resumable segments.

The learning rate follows the share of `--total-seconds` that is spent over all segments: warm-up,
a flat stretch, then a cosine to nearly nothing. What is shipped is the moving average of the
weights.
"""

import argparse
import copy
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from training.autoencoder import Decoder, Encoder
from training.batches import NATIVE_PX, Batch, SceneStream, open_stream
from training.checkpoints import half_precision, load_pieces, save_pieces
from training.denoiser import Denoiser
from training.library import load_library, load_pictures
from training.painter import Painter
from training.sampling import draw, make_sheet, to_pixels
from training.text_encoder import TextEncoder
from training.tokenizer import Tokenizer

WARM_UP_STEPS = 400
FLAT_SHARE = 0.5
FINAL_RATE_SHARE = 0.01
UNIFORM_TIME_SHARE = 0.1
EMA_DECAY = 0.9995
WATCHED_PROMPTS = (
    "red apple",
    "cat",
    "blue car",
    "green tree",
    "rocket",
    "pizza",
    "house",
    "purple heart",
    "dog on a yellow background",
    "sunflower, flat style",
    "a small red apple on the left",
    "a tiny blue star in the top right corner",
    "cat and car",
    "red apple on the left and blue car on the right",
    "pattern of hearts",
    "green circle, on light blue background",
)


class Flow(nn.Module):
    """Text encoder and denoiser as one module, so that one call gives the velocity."""

    def __init__(self, words: dict[str, np.ndarray]) -> None:
        super().__init__()
        self.text_encoder = TextEncoder(torch.from_numpy(words["packed"]), torch.from_numpy(words["scale"]))
        self.denoiser = Denoiser()

    def forward(
        self, latent: torch.Tensor, moment: torch.Tensor, tokens: torch.Tensor, place: torch.Tensor
    ) -> torch.Tensor:
        """The velocity, of the latent's shape."""
        context, pooled = self.text_encoder(tokens)
        return self.denoiser(latent, moment, context, (tokens > 0).float(), pooled, place)


@dataclass
class Progress:
    """How far training has come, over all segments."""

    steps: int = 0
    samples: int = 0
    seconds: float = 0.0


class Trainer:
    """Holds the networks, their moving average and the optimizer."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.device = arguments.device
        work = arguments.work
        torch.manual_seed(0)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        pictures = load_pictures(work)
        library = load_library(work, pictures)
        self.painter = Painter(pictures, self.device)
        vocabulary = work / "vocabulary.txt.gz"
        self.tokenizer = Tokenizer.from_file(vocabulary)
        self.encoder, self.decoder = Encoder().to(self.device), Decoder().to(self.device)
        state = torch.load(arguments.autoencoder, map_location=self.device, weights_only=True)
        self.encoder.load_state_dict(state["encoder"])
        self.decoder.load_state_dict(state["decoder"])
        self.encoder.to(memory_format=torch.channels_last)
        self.flow = Flow(dict(np.load(work / "words.npz"))).to(self.device)
        self.flow.to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.flow).eval().requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            _decay_groups(self.flow), lr=arguments.rate, betas=(0.9, 0.99), fused=self._on_gpu
        )
        self.progress = Progress()
        self._resume()
        self.quick = torch.compile(self.flow) if arguments.compile else self.flow
        seed = 100 + self.progress.steps
        stream = SceneStream(library, vocabulary, arguments.batch, seed, native_only=False)
        self.batches: Iterator[Batch] = open_stream(stream, arguments.workers)

    @property
    def _on_gpu(self) -> bool:
        return torch.device(self.device).type == "cuda"

    def run(self) -> None:
        """Trains until this segment's time is up, reporting as it goes."""
        start, before = time.monotonic(), self.progress.seconds
        losses: list[torch.Tensor] = []
        while (spent := time.monotonic() - start) < self.arguments.seconds:
            self.progress.seconds = before + spent
            losses.append(self._step(next(self.batches)))
            if len(losses) == self.arguments.report_steps:
                loss, speed = torch.stack(losses).mean().item(), self._speed(start)
                print(f"{self.progress} loss {loss:.4f} {speed:.0f} samples/s", flush=True)
                losses.clear()
        self.progress.seconds = before + time.monotonic() - start

    def _speed(self, start: float) -> float:
        return (self.progress.samples - self._samples_before) / (time.monotonic() - start)

    def _step(self, batch: Batch) -> torch.Tensor:
        job = batch.job
        tokens = batch.tokens.to(self.device, non_blocking=True)
        place = job.place.to(self.device, non_blocking=True)
        is_native = (job.height, job.width) == (NATIVE_PX, NATIVE_PX)
        model = self.quick if is_native else self.flow
        self._set_rate()
        with torch.autocast(torch.device(self.device).type, torch.bfloat16, enabled=self._on_gpu):
            with torch.no_grad():
                pictures = self.painter.paint(job)
                pictures = pictures.contiguous(memory_format=torch.channels_last)
                latent = self.encoder(pictures).float()
            noise = torch.randn_like(latent)
            moment = draw_times(len(latent), latent.device)
            share = moment[:, None, None, None]
            mixed = ((1 - share) * latent + share * noise).contiguous(memory_format=torch.channels_last)
            velocity = model(mixed, moment, tokens, place)
            loss = (velocity - (noise - latent)).square().mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.flow.parameters(), 1.0)
        self.optimizer.step()
        self._update_average()
        self.progress.steps += 1
        self.progress.samples += len(latent)
        return loss.detach()

    def _set_rate(self) -> None:
        share = learning_rate_share(self.progress, self.arguments.total_seconds)
        fresh = self.progress.steps - self._steps_before
        share *= min(1.0, (fresh + 1) / WARM_UP_STEPS) if self._is_fresh_optimizer else 1.0
        for group in self.optimizer.param_groups:
            group["lr"] = self.arguments.rate * share

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(EMA_DECAY, (1 + self.progress.steps) / (10 + self.progress.steps))
        torch._foreach_lerp_(list(self.average.parameters()), list(self.flow.parameters()), 1 - decay)

    def _resume(self) -> None:
        """Goes on from the full state beside us, else from carried weights, else from nothing."""
        full = self.arguments.state
        self._is_fresh_optimizer = True
        if full.exists():
            state = torch.load(full, map_location=self.device, weights_only=True)
            self.flow.load_state_dict(state["flow"])
            self.average.load_state_dict(state["average"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.progress = Progress(**state["progress"])
            self._is_fresh_optimizer = False
        elif self.arguments.carried and list(self.arguments.carried.glob("average.pt.*")):
            state = load_pieces(self.arguments.carried, "average.pt", self.device)
            for module in (self.flow, self.average):
                module.load_state_dict(state["flow"])
            self.progress = Progress(**state["progress"])
        self._steps_before, self._samples_before = self.progress.steps, self.progress.samples
        print(f"starting from {self.progress}", flush=True)

    def save(self) -> None:
        """Writes the full state, and the averaged weights in pieces that travel."""
        progress = vars(self.progress).copy()
        state = {
            "flow": self.flow.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": progress,
        }
        self.arguments.state.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, self.arguments.state)
        self.arguments.out.mkdir(parents=True, exist_ok=True)
        averaged = {"flow": half_precision(self.average.state_dict()), "progress": progress}
        save_pieces(averaged, self.arguments.out, "average.pt")

    def save_sheet(self) -> None:
        """Writes a sheet of the watched prompts, four seeds each."""
        models = (self.average.text_encoder, self.average.denoiser, self.decoder)
        columns = [to_pixels(draw(models, self.tokenizer, list(WATCHED_PROMPTS), seed=seed)) for seed in range(4)]
        rows = [
            (prompt, np.stack([column[index] for column in columns])) for index, prompt in enumerate(WATCHED_PROMPTS)
        ]
        make_sheet(rows, columns=2).save(self.arguments.out / "watched.png")


def draw_times(count: int, device: torch.device) -> torch.Tensor:
    """Moments in [0, 1]: logit-normal, which dwells on the middle, with a uniform share."""
    logit_normal = torch.sigmoid(torch.randn(count, device=device))
    is_uniform = torch.rand(count, device=device) < UNIFORM_TIME_SHARE
    return torch.where(is_uniform, torch.rand(count, device=device), logit_normal)


def learning_rate_share(progress: Progress, total_seconds: float) -> float:
    """The share of the full learning rate at this point of the whole training."""
    done = min(1.0, progress.seconds / total_seconds)
    if done < FLAT_SHARE:
        return 1.0
    falling = (done - FLAT_SHARE) / (1 - FLAT_SHARE)
    return max(FINAL_RATE_SHARE, 0.5 * (1 + math.cos(math.pi * falling)))


def _decay_groups(module: nn.Module) -> list[dict[str, object]]:
    parameters = list(module.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": 0.01},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


def main() -> None:
    """Trains one segment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--out", type=Path, default=Path(".train/flow"))
    parser.add_argument("--state", type=Path, default=Path(".train/flow/state.pt"))
    parser.add_argument("--carried", type=Path)
    parser.add_argument("--autoencoder", type=Path, default=Path(".train/autoencoder.pt"))
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seconds", type=float, default=540)
    parser.add_argument("--total-seconds", type=float, default=1200)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--workers", type=int, default=14)
    parser.add_argument("--report-steps", type=int, default=200)
    parser.add_argument("--compile", action="store_true")
    trainer = Trainer(parser.parse_args())
    trainer.run()
    trainer.save()
    trainer.save_sheet()


if __name__ == "__main__":
    main()
