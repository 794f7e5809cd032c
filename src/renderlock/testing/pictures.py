"""Real pictures for the loopback providers: the embedded engine's, small, then enlarged to the answered size.

`sketch` pictures are patches of colour, drawn in no time, for measuring everything but the picture.
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict
from dataclasses import astuple, dataclass, replace
from typing import Literal

import numpy as np
from PIL import Image, PngImagePlugin

from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.embedded.engine import open_model
from renderlock.imaging.pixels import Pixels, digest_pixels, fit_to
from renderlock.spec.recipe import LARGEST_SEED, Init, Recipe, Size
from renderlock.testing.options import Style

Format = Literal["png", "jpeg", "webp"]

SHORT_SIDE_PX = 128
LONGEST_SIDE_PX = 384
CELL_PX = 32
STEPS = 8
MOST_KEPT = 64
MEDIA_TYPES: dict[Format, str] = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


@dataclass(frozen=True)
class Order:
    """One picture to make: what a provider was asked for, as far as it changes pixels.

    `init` is the encoded picture an edit starts from and `strength` how far it may leave it; `enlarge` keeps the
    init picture as it is and only enlarges it. `texts` go into a PNG's metadata.
    """

    prompt: str
    seed: int
    size: Size
    negative_prompt: str = ""
    guidance_scale: float = 4.0
    init: Pixels | None = None
    strength: float = 1.0
    enlarge: bool = False
    form: Format = "png"
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Picture:
    """An encoded picture with the media type that the answer gives it."""

    data: bytes
    media_type: str
    size: Size
    seed: int


class Painter:
    """Makes pictures; the same order gives the same bytes. May be called from several threads."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._engine = open_model("", EngineOptions())
        self._kept: OrderedDict[tuple[object, ...], Picture] = OrderedDict()
        self._lock = threading.Lock()

    def paint(self, order: Order) -> Picture:
        """The picture of an order."""
        key = _key(order)
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        pixels = self._pixels(order)
        picture = Picture(_encode(pixels, order), MEDIA_TYPES[order.form], order.size, order.seed)
        with self._lock:
            self._kept[key] = picture
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return picture

    def close(self) -> None:
        """Lets go of the weights."""
        self._engine.close()

    def _pixels(self, order: Order) -> Pixels:
        if order.enlarge and order.init is not None:
            return fit_to(order.init, order.size.width, order.size.height)
        if self._style == "sketch":
            return _sketch(order)
        small = small_size(order.size)
        recipe = Recipe(
            model=self._engine.identify().key,
            prompt=order.prompt,
            negative_prompt=order.negative_prompt,
            seed=order.seed % (LARGEST_SEED + 1),
            size=small,
            steps=STEPS,
            guidance_scale=min(max(order.guidance_scale, 1.0), 12.0),
            sampler="euler",
        )
        init = None
        if order.init is not None:
            init = fit_to(order.init, small.width, small.height)
            recipe = _started_from(recipe, init, order.strength)
        pixels = self._engine.render(recipe, init, Unwatched()).pixels
        return fit_to(pixels, order.size.width, order.size.height)


def small_size(size: Size) -> Size:
    """A size near `size` in shape that the embedded engine renders quickly: short side 128, at most 384 px."""
    ratio = max(size.width, size.height) / min(size.width, size.height)
    long = min(round(SHORT_SIDE_PX * ratio / CELL_PX) * CELL_PX, LONGEST_SIDE_PX)
    return Size(long, SHORT_SIDE_PX) if size.width >= size.height else Size(SHORT_SIDE_PX, long)


def _started_from(recipe: Recipe, init: Pixels, strength: float) -> Recipe:
    return replace(recipe, init=Init(digest_pixels(init), min(max(strength, 0.05), 1.0)))


def _sketch(order: Order) -> Pixels:
    """Eight by eight patches whose colours follow the prompt and the seed."""
    words = f"{order.prompt}\n{order.negative_prompt}\n{order.seed}".encode()
    noise = np.frombuffer(hashlib.shake_256(words).digest(8 * 8 * 3), np.uint8).reshape(8, 8, 3)
    if order.init is not None:
        kept = fit_to(order.init, 8, 8).astype(np.float64) * (1 - order.strength)
        noise = (kept + noise * order.strength).astype(np.uint8)
    patches = Image.fromarray(noise).resize((order.size.width, order.size.height), Image.Resampling.NEAREST)
    return np.asarray(patches)


def _key(order: Order) -> tuple[object, ...]:
    init = "" if order.init is None else digest_pixels(order.init)
    return (init, *astuple(replace(order, init=None)))


def _encode(pixels: Pixels, order: Order) -> bytes:
    buffer = io.BytesIO()
    picture = Image.fromarray(pixels)
    if order.form == "png":
        metadata = PngImagePlugin.PngInfo()
        for key, text in order.texts:
            metadata.add_text(key, text)
        picture.save(buffer, "PNG", compress_level=1, pnginfo=metadata)
    else:
        picture.convert("RGB").save(buffer, order.form.upper(), quality=90)
    return buffer.getvalue()
