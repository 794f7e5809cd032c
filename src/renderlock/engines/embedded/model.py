"""The loaded model: words to conditioning, latents to velocities and pictures, with guidance.

The latent is open to callers, so that a large canvas can be sampled window by window (MultiDiffusion,
Bar-Tal et al. 2023, arXiv 2302.08113): draw the canvas's noise once, ask the velocity of each window with
its `Place`, blend, decode. Each window and text is a call of its own, so that neither the batch nor the number
of threads changes a bit of it. A model may be used from several threads.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderlock.engines.embedded.cells import Cells, Latent, Place
from renderlock.engines.embedded.noise import draw_noise
from renderlock.engines.embedded.sessions import Network
from renderlock.engines.embedded.weights import CAPTION_WORDS, Version
from renderlock.engines.embedded.words import PADDING, Tokenizer
from renderlock.errors import EngineFailed
from renderlock.imaging.pixels import Pixels
from renderlock.spec.deviation import Deviation


@dataclass(frozen=True)
class Words:
    """A text as the denoiser takes it: a vector a piece (T, D), which pieces count (T), and a summary (P)."""

    context: NDArray[np.float32]
    mask: NDArray[np.float32]
    pooled: NDArray[np.float32]


@dataclass(frozen=True)
class Conditioning:
    """What a render is steered to and away from; `against` is None where guidance is 1 and nothing is steered."""

    towards: Words
    against: Words | None
    guidance_scale: float
    deviations: tuple[Deviation, ...]


class Model:
    """One version of the weights in memory."""

    def __init__(self, version: Version, *, threads: int, lean: bool = False) -> None:
        """Loads the weights; windows and texts of one call are shared out over `threads` CPU threads.

        `lean` takes less memory and more time, and changes no pixel.

        Raises `ModelUnavailable` where a file is not the one that `model.json` names.
        """
        self._name = version.name
        self._latent = version.latent
        self._tokenizer = _load_tokenizer(version)
        self._text = Network(version.read("text"), version.name, lean=lean)
        self._denoiser = Network(version.read("denoiser"), version.name, lean=lean)
        self._decoder = Network(version.read("decoder"), version.name, lean=lean)
        self._encoder = Network(version.read("encoder"), version.name, lean=lean)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=version.name) if threads > 1 else None

    def noise(self, seed: int, cells: Cells, stream: int = 0, *, place: Place | None = None) -> Latent:
        """Seeded noise of shape (1, C, h, w), cut from the canvas's at `place`; see `noise.draw_noise`."""
        at = place or Place.whole(cells)
        return draw_noise(seed, stream, channels=self._latent.channels, window=cells, top=at.top, left=at.left)

    def condition(self, prompt: str, negative_prompt: str, guidance_scale: float) -> Conditioning:
        """The texts as the denoiser takes them; at a guidance of 1 a negative prompt cannot act, and is noted."""
        wanted = self._tokenizer.read(prompt, "prompt")
        unwanted = self._tokenizer.read(negative_prompt, "negative_prompt")
        towards, against = self._encode_words(np.stack([wanted.tokens, unwanted.tokens]))
        if guidance_scale != 1:
            deviations = (*wanted.deviations, *unwanted.deviations)
            return Conditioning(towards, against, guidance_scale, deviations)
        reason = "at guidance_scale 1 the picture follows the prompt alone"
        idle = (Deviation("negative_prompt", repr(negative_prompt), "none", reason),) if negative_prompt else ()
        return Conditioning(towards, None, guidance_scale, (*wanted.deviations, *idle))

    def velocity(self, latent: Latent, time: float, conditioning: Conditioning, places: Sequence[Place]) -> Latent:
        """Guided velocity (noise − picture) of windows (B, C, h, w) at a time in (0, 1], one place a window.

        Classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598, eq. 6): u + g (c − u), c steered by the
        prompt, u by the negative prompt or, where that is empty, by nothing.
        """
        texts = [conditioning.towards] if conditioning.against is None else [conditioning.towards, conditioning.against]
        calls = [(latent[i : i + 1], time, words, place) for words in texts for i, place in enumerate(places)]
        answers = np.concatenate(self._answer(calls))
        if conditioning.against is None:
            return answers
        with_prompt, without = answers[: len(latent)], answers[len(latent) :]
        return without + np.float32(conditioning.guidance_scale) * (with_prompt - without)

    def encode(self, pixels: Pixels) -> Latent:
        """The latent (1, C, H / cell, W / cell) of an RGB picture whose sides are legal sizes."""
        picture = pixels.astype(np.float32).transpose(2, 0, 1)[None] / np.float32(127.5) - np.float32(1)
        return self._encoder.run({"picture": np.ascontiguousarray(picture)})[0]

    def decode(self, latent: Latent) -> Pixels:
        """The RGB picture of one latent (1, C, h, w), 8 bits a channel, halves rounded up.

        Raises `EngineFailed` where the latent holds infinities or NaN.
        """
        if not np.isfinite(latent).all():
            raise EngineFailed(model=self._name, reason="the numbers grew beyond bounds while denoising")
        picture = self._decoder.run({"latent": latent})[0][0]
        levels = np.floor((picture + np.float32(1)) * np.float32(127.5) + np.float32(0.5))
        return np.ascontiguousarray(np.clip(levels, 0, 255).astype(np.uint8).transpose(1, 2, 0))

    def _encode_words(self, tokens: NDArray[np.int64]) -> list[Words]:
        context, pooled = self._text.run({"tokens": tokens})
        masks = (tokens != PADDING).astype(np.float32)
        return [Words(*parts) for parts in zip(context, masks, pooled, strict=True)]

    def _answer(self, calls: Sequence[tuple[Latent, float, Words, Place]]) -> list[Latent]:
        if self._pool is None:
            return [self._denoise(*call) for call in calls]
        return list(self._pool.map(lambda call: self._denoise(*call), calls))

    def _denoise(self, window: Latent, time: float, words: Words, place: Place) -> Latent:
        inputs = {
            "latent": window,
            "time": np.array([time], np.float32),
            "context": words.context[None],
            "mask": words.mask[None],
            "pooled": words.pooled[None],
            "place": np.array([(place.top, place.left, place.canvas.height, place.canvas.width)], np.float32),
        }
        return self._denoiser.run(inputs)[0]


def _load_tokenizer(version: Version) -> Tokenizer:
    captions = frozenset(_lines(version, CAPTION_WORDS)) if CAPTION_WORDS in version.files else None
    return Tokenizer(_lines(version, "vocabulary"), version.tokens, captions)


def _lines(version: Version, role: str) -> list[str]:
    return gzip.decompress(version.read(role)).decode("utf-8").splitlines()
