"""A small classifier that names icons, trained on the real pictures to judge generated ones.

It never sees the `simple` icon set: that set measures how well it names drawings new to it. It does
see held-out concepts, which the generating model does not, since it must be able to name them.
"""

import argparse
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from training.colours import SUBJECT_COLOURS
from training.library import Library, load_library, load_pictures
from training.painter import Painter, Window, plan_painting
from training.scenes import Layer, Scene

INPUT_PX = 64
FEATURE_WIDTH = 192
UNSEEN_STYLE = "simple"
LEVELS_PX = (96, 64, 48)


class Stage(nn.Module):
    """Halves the picture, widens it, and adds two convolutions to the result."""

    def __init__(self, width_in: int, width: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(width_in, width, 3, stride=2, padding=1, bias=False)
        self.down_norm = nn.BatchNorm2d(width)
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.down_norm(self.down(x)))
        hidden = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(x + self.second_norm(self.second(hidden)))


class Classifier(nn.Module):
    """Pictures (B, 3, 64, 64) in [-1, 1] to one score a concept; `features` gives what lies below."""

    def __init__(self, concepts: int) -> None:
        super().__init__()
        widths = (3, 24, 48, 96, FEATURE_WIDTH)
        pairs = zip(widths[:-1], widths[1:], strict=True)
        self.stages = nn.Sequential(*(Stage(narrow, wide) for narrow, wide in pairs))
        self.scores = nn.Linear(FEATURE_WIDTH, concepts)

    def features(self, pictures: torch.Tensor) -> torch.Tensor:
        """The averaged last feature maps, shape (B, 192)."""
        return self.stages(pictures).mean((2, 3))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.scores(self.features(pictures))


def paint_singles(
    library: Library,
    painter: Painter,
    sprites: list[int],
    rng: random.Random,
    *,
    vary: bool,
    size_px: int = INPUT_PX,
) -> torch.Tensor:
    """Each sprite alone, centred on white; with `vary`, of another size, place, colour and ground."""
    scenes = [_single(library, index, rng, vary=vary, size_px=size_px) for index in sprites]
    window = Window(0, 0, size_px, size_px)
    return painter.paint(plan_painting(scenes, [window] * len(scenes), library))


def _single(library: Library, index: int, rng: random.Random, *, vary: bool, size_px: int) -> Scene:
    flip = rng.random() < 0.5
    extent = size_px * rng.uniform(0.84, 0.94)
    if not vary:
        layer = Layer(index, size_px / 2, size_px / 2, extent, flip)
        return Scene(size_px, size_px, "", layers=[layer])
    extent = size_px * rng.uniform(0.7, 0.98)
    shift = size_px * 0.05
    x, y = (size_px / 2 + rng.uniform(-shift, shift) for _ in range(2))
    can_change = library.sprites[index].dominant.kind != "none"
    recolour = rng.choice(list(SUBJECT_COLOURS)) if can_change and rng.random() < 0.3 else ""
    ground = (255.0, 255.0, 255.0)
    if rng.random() < 0.25:
        ground = (rng.uniform(0, 255), rng.uniform(0, 255), rng.uniform(0, 255))
    return Scene(size_px, size_px, "", ground, [Layer(index, x, y, extent, flip, recolour)])


def spoil(pictures: torch.Tensor) -> torch.Tensor:
    """The pictures with some blur, noise and uneven light, as a generator might leave them."""
    count = len(pictures)
    blurred = functional.avg_pool2d(functional.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, 1)
    share = torch.rand(count, 1, 1, 1) * (torch.rand(count, 1, 1, 1) < 0.5)
    pictures = pictures + share * (blurred - pictures)
    light = 1 + 0.1 * torch.randn(count, 3, 1, 1)
    blotches = functional.interpolate(torch.randn(count, 3, 8, 8) * 0.06, scale_factor=8.0)
    return pictures * light + blotches + 0.04 * torch.randn_like(pictures)


def train(arguments: argparse.Namespace) -> None:
    """Trains for a fixed time and saves `classifier.pt`."""
    work = arguments.work
    torch.manual_seed(0)
    pictures = load_pictures(work)
    library = load_library(work, pictures)
    painter = Painter(pictures, "cpu", LEVELS_PX)
    seen = [i for i, sprite in enumerate(library.sprites) if sprite.style != UNSEEN_STYLE]
    labels = torch.tensor([library.sprites[i].concept for i in seen])
    model = Classifier(len(library.concepts)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=arguments.rate, weight_decay=0.02)
    rng = random.Random(0)
    start, step = time.monotonic(), 0
    while (done := (time.monotonic() - start) / arguments.seconds) < 1:
        share = min(1.0, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * done))
        optimizer.param_groups[0]["lr"] = arguments.rate * share
        chosen = np.array([rng.randrange(len(seen)) for _ in range(arguments.batch)])
        sprites = [seen[i] for i in chosen]
        batch = spoil(paint_singles(library, painter, sprites, rng, vary=True))
        scores = model(batch.contiguous(memory_format=torch.channels_last))
        loss = functional.cross_entropy(scores, labels[chosen], label_smoothing=0.05)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step += 1
        if step % 100 == 0:
            spent = time.monotonic() - start
            print(f"step {step} {spent:.0f} s loss {loss.item():.3f}", flush=True)
    torch.save(model.state_dict(), work / "classifier.pt")
    print(f"{step} steps of {arguments.batch}")


def load_classifier(work: Path, library: Library) -> Classifier:
    """The trained classifier."""
    model = Classifier(len(library.concepts))
    model.load_state_dict(torch.load(work / "classifier.pt", weights_only=True))
    return model.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--seconds", type=float, default=900)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=3e-3)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
