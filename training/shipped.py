"""Draws pictures with the shipped files alone (ONNX Runtime and numpy), for evaluation.

Plain Euler steps, so that what is measured is the weights and not the engine around them.
"""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnxruntime

from training.tokenizer import Tokenizer

BATCH = 8


class ShippedModel:
    """One exported version, opened from its folder."""

    def __init__(self, folder: Path, threads: int = 2) -> None:
        self.card = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        paths = {role: folder / entry["path"] for role, entry in self.card["files"].items()}
        self.tokenizer = Tokenizer.from_file(paths["vocabulary"])
        self._text = _open(paths["text"], threads)
        self._denoiser = _open(paths["denoiser"], threads)
        self._decoder = _open(paths["decoder"], threads)

    def draw(
        self,
        prompts: list[str],
        seeds: list[int],
        *,
        size_px: tuple[int, int] = (128, 128),
        steps: int | None = None,
        guidance: float | None = None,
    ) -> np.ndarray:
        """One picture a prompt, uint8, shape (B, height, width, 3)."""
        pairs = list(zip(prompts, seeds, strict=True))
        parts = [self._draw_batch(pairs[i : i + BATCH], size_px, steps, guidance) for i in range(0, len(pairs), BATCH)]
        return np.concatenate(parts)

    def _draw_batch(
        self,
        pairs: list[tuple[str, int]],
        size_px: tuple[int, int],
        steps: int | None,
        guidance: float | None,
    ) -> np.ndarray:
        defaults = self.card["defaults"]
        steps = steps or defaults["steps"]
        guidance = guidance or defaults["guidance_scale"]
        count, (height, width) = len(pairs), (size_px[0] // 8, size_px[1] // 8)
        tokens = np.zeros((2 * count, self.card["tokenizer"]["tokens"]), np.int64)
        tokens[:count] = [self.tokenizer.padded_ids(prompt) for prompt, _ in pairs]
        context, pooled = self._text.run(None, {"tokens": tokens})
        fixed = {
            "context": context,
            "mask": (tokens > 0).astype(np.float32),
            "pooled": pooled,
            "place": np.tile(np.float32([0, 0, height, width]), (2 * count, 1)),
        }
        shape = (self.card["latent"]["channels"], height, width)
        latent = np.stack([np.random.default_rng(seed).standard_normal(shape) for _, seed in pairs])
        latent = latent.astype(np.float32)
        times = np.linspace(1, 0, steps + 1, dtype=np.float32)
        for now, later in pairwise(times):
            moment = np.full(2 * count, now, np.float32)
            inputs = {"latent": np.concatenate([latent, latent]), "time": moment, **fixed}
            with_words, without = np.split(self._denoiser.run(None, inputs)[0], 2)
            latent = latent + (later - now) * (without + guidance * (with_words - without))
        return self._decode(latent)

    def _decode(self, latent: np.ndarray) -> np.ndarray:
        picture = self._decoder.run(None, {"latent": latent})[0]
        levels = np.floor(picture * 127.5 + 128).clip(0, 255).astype(np.uint8)
        return levels.transpose(0, 2, 3, 1)


def _open(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
