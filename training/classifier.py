"""A small classifier that names icons, trained on the real pictures to judge generated ones.

It never sees the `simple` icon set: that set measures how well it names drawings new to it. It does
see held-out concepts, which the generating model does not, since it must be able to name them.
"""

import argparse
import math
import random
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from training.colours import SUBJECT_COLOURS
from training.library import Library, load_library, load_pictures
from training.painter import Painter, Window, plan_painting
from training.scenes import Layer, Scene

INPUT_PX = 64
GRID = 8
DIRECTIONS = 9
DESCRIPTOR_WIDTH = GRID * GRID * (DIRECTIONS + 3)
HIDDEN_WIDTH = 768
FEATURE_WIDTH = 192
BATCH = 128
UNSEEN_STYLE = "simple"
LEVELS_PX = (96, 64, 48)


class Classifier(nn.Module):
    """Descriptors (B, D) to one score a concept; `features` gives the layer below the scores."""

    def __init__(self, concepts: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(DESCRIPTOR_WIDTH))
        self.register_buffer("deviation", torch.ones(DESCRIPTOR_WIDTH))
        self.hidden = nn.Sequential(
            nn.Linear(DESCRIPTOR_WIDTH, HIDDEN_WIDTH),
            nn.GELU(),
            nn.Dropout(0.2),
            nn.Linear(HIDDEN_WIDTH, FEATURE_WIDTH),
        )
        self.scores = nn.Sequential(nn.GELU(), nn.Dropout(0.1), nn.Linear(FEATURE_WIDTH, concepts))

    def features(self, descriptors: torch.Tensor) -> torch.Tensor:
        """The learned features of the pictures so described, shape (B, 192)."""
        return self.hidden((descriptors - self.mean) / self.deviation)

    def forward(self, descriptors: torch.Tensor) -> torch.Tensor:
        """One score a concept, shape (B, concepts)."""
        return self.scores(self.features(descriptors))


def describe(pictures: torch.Tensor) -> torch.Tensor:
    """Outlines and colours on an 8 x 8 grid for pictures (B, 3, 64, 64) in [-1, 1].

    Outlines are histograms of oriented gradients (Dalal and Triggs 2005,
    doi:10.1109/CVPR.2005.177): nine unsigned directions, normalised over 3 x 3 neighbours.
    """
    padded = functional.pad(pictures, (1, 1, 1, 1), mode="replicate")
    across = padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]
    down = padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]
    strength, channel = (across.square() + down.square()).max(1, keepdim=True)
    across, down = across.gather(1, channel), down.gather(1, channel)
    angle = torch.atan2(down, across) % math.pi * (DIRECTIONS / math.pi)
    centres = torch.arange(DIRECTIONS).view(1, -1, 1, 1) + 0.5
    distance = (angle - centres).abs()
    distance = torch.minimum(distance, DIRECTIONS - distance)
    votes = (1 - distance).clamp(min=0) * (strength + 1e-8).sqrt()
    cell = INPUT_PX // GRID
    outlines = functional.avg_pool2d(votes, cell)
    energy = functional.avg_pool2d(outlines.sum(1, keepdim=True), 3, 1, padding=1)
    outlines = (outlines / (energy + 0.05)).sqrt()
    colours = functional.avg_pool2d(pictures, cell)
    return torch.cat([outlines, colours], 1).flatten(1)


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


def gather_examples(library: Library, painter: Painter, rounds: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Descriptors and labels: every seen picture, varied anew in each round."""
    rng = random.Random(0)
    seen = [i for i, sprite in enumerate(library.sprites) if sprite.style != UNSEEN_STYLE]
    descriptors, labels = [], []
    for number in range(rounds):
        for start in range(0, len(seen), BATCH):
            sprites = seen[start : start + BATCH]
            pictures = spoil(paint_singles(library, painter, sprites, rng, vary=True))
            descriptors.append(describe(pictures).half())
            labels += [library.sprites[i].concept for i in sprites]
        print(f"round {number + 1} of {rounds}", flush=True)
    return torch.cat(descriptors), torch.tensor(labels)


def train(arguments: argparse.Namespace) -> None:
    """Trains for a fixed time and saves `classifier.pt`."""
    work = arguments.work
    torch.manual_seed(0)
    pictures = load_pictures(work)
    library = load_library(work, pictures)
    painter = Painter(pictures, "cpu", LEVELS_PX)
    descriptors, labels = gather_examples(library, painter, arguments.rounds)
    model = Classifier(len(library.concepts))
    model.mean.copy_(descriptors[:20000].float().mean(0))
    model.deviation.copy_(descriptors[:20000].float().std(0).clamp(min=0.02))
    optimizer = torch.optim.AdamW(model.parameters(), lr=arguments.rate, weight_decay=0.02)
    start, step = time.monotonic(), 0
    while (done := (time.monotonic() - start) / arguments.seconds) < 1:
        share = min(1.0, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * done))
        optimizer.param_groups[0]["lr"] = arguments.rate * share
        chosen = torch.randint(len(labels), (2 * BATCH,))
        scores = model(descriptors[chosen].float())
        loss = functional.cross_entropy(scores, labels[chosen], label_smoothing=0.05)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step += 1
        if step % 500 == 0:
            spent = time.monotonic() - start
            print(f"step {step} {spent:.0f} s loss {loss.item():.3f}", flush=True)
    torch.save(model.state_dict(), work / "classifier.pt")
    print(f"{step} steps of {2 * BATCH} on {len(labels)} examples")


def load_classifier(work: Path, library: Library) -> Classifier:
    """The trained classifier."""
    model = Classifier(len(library.concepts))
    model.load_state_dict(torch.load(work / "classifier.pt", weights_only=True))
    return model.eval()


def main() -> None:
    """Trains the classifier."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--seconds", type=float, default=200)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
