"""An endless stream of training batches, made up by worker processes on the CPU.

A batch has one window size. Most are the native 128 x 128; of those a share are windows of larger
canvases, so that tiled sampling meets nothing new. Other sizes take fewer pictures for equal cost.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from training.library import Library
from training.painter import CELL_PX, PaintJob, Window, plan_painting
from training.scenes import SceneMaker
from training.tokenizer import Tokenizer

NATIVE_PX = 128
WINDOW_SHARE = 0.16
WINDOW_CANVASES_PX = (160, 192, 256, 256, 320, 384, 512)
# Height and width in pixels, and how often a batch has that size.
SIZES_PX: dict[tuple[int, int], float] = {
    (128, 128): 0.76,
    (64, 64): 0.02,
    (96, 96): 0.03,
    (128, 192): 0.03,
    (192, 128): 0.03,
    (96, 160): 0.015,
    (160, 96): 0.015,
    (192, 192): 0.025,
    (256, 256): 0.035,
    (256, 128): 0.01,
    (128, 256): 0.01,
    (384, 384): 0.01,
    (512, 512): 0.01,
}


@dataclass
class Batch:
    """What one step trains on: scenes to paint and their captions' tokens (B, 32)."""

    job: PaintJob
    tokens: torch.Tensor


class SceneStream(IterableDataset[Batch]):
    """Endless batches; each worker draws from its own seed."""

    def __init__(self, library: Library, vocabulary: Path, batch: int, seed: int, *, native_only: bool) -> None:
        self._library = library
        self._vocabulary = vocabulary
        self._batch = batch
        self._seed = seed
        self._native_only = native_only

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        seed = self._seed * 1009 + (worker.id if worker else 0)
        rng = random.Random(seed)
        maker = SceneMaker(self._library, seed)
        tokenizer = Tokenizer.from_file(self._vocabulary)
        while True:
            size = (NATIVE_PX, NATIVE_PX)
            if not self._native_only:
                size = rng.choices(list(SIZES_PX), list(SIZES_PX.values()))[0]
            yield self._make_batch(rng, maker, tokenizer, size)

    def _make_batch(self, rng: random.Random, maker: SceneMaker, tokenizer: Tokenizer, size: tuple[int, int]) -> Batch:
        height, width = size
        count = max(8, min(self._batch, self._batch * NATIVE_PX**2 // (height * width)))
        scenes, windows = [], []
        for _ in range(count):
            is_window = size == (NATIVE_PX, NATIVE_PX) and rng.random() < WINDOW_SHARE
            canvas = _random_canvas(rng) if is_window else size
            scenes.append(maker.make(*canvas))
            windows.append(_random_window(rng, canvas, size))
        captions = [maker.caption_or_nothing(scene) for scene in scenes]
        tokens = torch.tensor([tokenizer.padded_ids(caption) for caption in captions])
        return Batch(plan_painting(scenes, windows, self._library), tokens)


def _random_canvas(rng: random.Random) -> tuple[int, int]:
    height = rng.choice(WINDOW_CANVASES_PX)
    width = height if rng.random() < 0.6 else rng.choice(WINDOW_CANVASES_PX)
    return height, width


def _random_window(rng: random.Random, canvas: tuple[int, int], size: tuple[int, int]) -> Window:
    top = rng.randint(0, (canvas[0] - size[0]) // CELL_PX) * CELL_PX
    left = rng.randint(0, (canvas[1] - size[1]) // CELL_PX) * CELL_PX
    return Window(top, left, *size)


def open_stream(stream: SceneStream, workers: int) -> Iterator[Batch]:
    """The stream through worker processes, in pinned memory where there is a GPU."""
    loader = DataLoader(
        stream,
        batch_size=None,
        num_workers=workers,
        prefetch_factor=6 if workers else None,
        persistent_workers=workers > 0,
    )
    return iter(loader)
