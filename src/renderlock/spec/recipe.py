"""The recipe: everything that determines a picture's pixels, and the digest that names the work.

The digest is a written contract (`docs/recipe-format.md`): `rl1:` and the SHA-256 of the recipe as RFC 8785
canonical JSON. Where, when and by whom it is rendered is not in it, so the same work has the same name
on every machine. A change to the canonical form needs a new format tag.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NewType, Self

from renderlock.errors import RecipeError
from renderlock.spec.canonical import canonical_json, canonical_sha256
from renderlock.spec.fields import JsonObject, object_at, optional_number, optional_object, text_at, whole_at
from renderlock.spec.identity import ModelKey

FORMAT_TAG = "rl1"
"""Names the canonical form; part of every digest."""

LARGEST_SEED = 2**53 - 1
"""The largest integer that JSON readers agree on (RFC 8259 section 6)."""

LARGEST_SIDE_PX = 32_768
LONGEST_PROMPT = 20_000

_NOT_TEXT = re.compile("[\0\ud800-\udfff]")

Digest = NewType("Digest", str)
"""`rl1:` and 64 hexadecimal digits."""


@dataclass(frozen=True)
class Size:
    """Width and height of a picture in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True)
class Init:
    """The picture an img2img render starts from, and how far it may leave it.

    `picture` is the SHA-256 of the decoded 8-bit RGB pixels (see `imaging.pixels.digest_pixels`), so that
    metadata in the file does not change the recipe. `strength` is the denoising strength in (0, 1].
    """

    picture: str
    strength: float


@dataclass(frozen=True)
class TilingPlan:
    """Tile and least overlap, in pixels, of a picture that is put together from tiles."""

    tile: Size
    overlap: int


@dataclass(frozen=True)
class Window:
    """Where a tile's upper left corner lies on its canvas, in pixels.

    Its noise is cut from the canvas's, so that the pixels of a tile do not depend on how its neighbours are rendered.
    """

    left: int
    top: int
    canvas: Size


@dataclass(frozen=True)
class Recipe:
    """Everything that determines one picture's pixels.

    `steps`, `guidance_scale` and `sampler` are None where the model has no such control: "not applicable",
    never "default". `extras` holds controls of one engine only, sorted by name.
    """

    model: ModelKey
    prompt: str
    seed: int
    size: Size
    negative_prompt: str = ""
    steps: int | None = None
    guidance_scale: float | None = None
    sampler: str | None = None
    init: Init | None = None
    tiling: TilingPlan | None = None
    window: Window | None = None
    extras: tuple[tuple[str, str | int | float | bool], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompt", _exact_text("prompt", self.prompt))
        object.__setattr__(self, "negative_prompt", _exact_text("negative_prompt", self.negative_prompt))
        object.__setattr__(self, "extras", tuple(sorted(self.extras)))
        _check_ranges(self)

    @cached_property
    def digest(self) -> Digest:
        """The name of the work: format tag and SHA-256 of the canonical JSON."""
        return Digest(f"{FORMAT_TAG}:{canonical_sha256(self.to_json())}")

    def to_canonical_json(self) -> bytes:
        """RFC 8785 bytes of the recipe."""
        return canonical_json(self.to_json())

    def to_json(self) -> JsonObject:
        """The recipe as plain JSON values; fields that are not applicable are left out."""
        fields: dict[str, object] = {
            "format": FORMAT_TAG,
            "model": self.model.to_json(),
            "prompt": self.prompt,
            "negative_prompt": self.negative_prompt,
            "seed": self.seed,
            "width": self.size.width,
            "height": self.size.height,
            "steps": self.steps,
            "guidance_scale": self.guidance_scale,
            "sampler": self.sampler,
            "init": None if self.init is None else {"picture": self.init.picture, "strength": self.init.strength},
            "tiling": None if self.tiling is None else _tiling_to_json(self.tiling),
            "window": None if self.window is None else _window_to_json(self.window),
            "extras": dict(self.extras) or None,
        }
        return {name: value for name, value in fields.items() if value is not None}

    @classmethod
    def from_json(cls, fields: Mapping[str, object]) -> Self:
        """The recipe a sidecar or a PNG file carries.

        Raises `RecipeError` where a field is missing, of another type, or of a format this version cannot read.
        """
        if fields.get("format") != FORMAT_TAG:
            raise RecipeError(field="format", found=repr(fields.get("format")), allowed=repr(FORMAT_TAG))
        steps = fields.get("steps")
        sampler = fields.get("sampler")
        return cls(
            model=ModelKey.from_json(object_at(fields, "model")),
            prompt=text_at(fields, "prompt"),
            negative_prompt=text_at(fields, "negative_prompt"),
            seed=whole_at(fields, "seed"),
            size=Size(whole_at(fields, "width"), whole_at(fields, "height")),
            steps=None if steps is None else whole_at(fields, "steps"),
            guidance_scale=optional_number(fields, "guidance_scale"),
            sampler=None if sampler is None else text_at(fields, "sampler"),
            init=_init_from_json(optional_object(fields, "init")),
            tiling=_tiling_from_json(optional_object(fields, "tiling")),
            window=_window_from_json(optional_object(fields, "window")),
            extras=_extras_from_json(optional_object(fields, "extras")),
        )


def _exact_text(field: str, text: str) -> str:
    """The text in Unicode NFC, so that equal-looking prompts are equal work."""
    exact = unicodedata.normalize("NFC", text)
    if len(exact) > LONGEST_PROMPT:
        raise RecipeError(field=field, found=f"{len(exact)} characters long", allowed=f"at most {LONGEST_PROMPT}")
    if _NOT_TEXT.search(exact):
        raise RecipeError(field=field, found="text with NUL or a lone surrogate", allowed="valid Unicode text")
    return exact


def _check_ranges(recipe: Recipe) -> None:
    if not 0 <= recipe.seed <= LARGEST_SEED:
        raise RecipeError(field="seed", found=recipe.seed, allowed=f"a whole number from 0 to {LARGEST_SEED}")
    for name, side in (("width", recipe.size.width), ("height", recipe.size.height)):
        if not 1 <= side <= LARGEST_SIDE_PX:
            raise RecipeError(field=name, found=side, allowed=f"1 to {LARGEST_SIDE_PX} pixels")
    if recipe.steps is not None and not 1 <= recipe.steps <= 1000:
        raise RecipeError(field="steps", found=recipe.steps, allowed="1 to 1000")
    if recipe.guidance_scale is not None and not 0 <= recipe.guidance_scale <= 100:
        raise RecipeError(field="guidance_scale", found=recipe.guidance_scale, allowed="0 to 100")
    if recipe.init is not None and not 0 < recipe.init.strength <= 1:
        raise RecipeError(field="strength", found=recipe.init.strength, allowed="above 0, at most 1")
    if recipe.window is not None:
        _check_window(recipe.size, recipe.window)
    for name, value in recipe.extras:
        if isinstance(value, float) and not math.isfinite(value):
            raise RecipeError(field=name, found=value, allowed="a finite number")


def _check_window(size: Size, window: Window) -> None:
    canvas = window.canvas
    for name, start, side, whole in (
        ("window.left", window.left, size.width, canvas.width),
        ("window.top", window.top, size.height, canvas.height),
    ):
        if not 0 <= start <= whole - side or whole > LARGEST_SIDE_PX:
            allowed = f"a place on a canvas of at most {LARGEST_SIDE_PX} pixels a side that holds the whole tile"
            raise RecipeError(field=name, found=f"{start} for {side} of {whole} pixels", allowed=allowed)


def _init_from_json(fields: Mapping[str, object] | None) -> Init | None:
    if fields is None:
        return None
    strength = optional_number(fields, "strength")
    if strength is None:
        raise RecipeError(field="strength", found="nothing", allowed="a number")
    return Init(text_at(fields, "picture"), strength)


def _tiling_to_json(plan: TilingPlan) -> JsonObject:
    return {"tile_width": plan.tile.width, "tile_height": plan.tile.height, "overlap": plan.overlap}


def _tiling_from_json(fields: Mapping[str, object] | None) -> TilingPlan | None:
    if fields is None:
        return None
    tile = Size(whole_at(fields, "tile_width"), whole_at(fields, "tile_height"))
    return TilingPlan(tile, whole_at(fields, "overlap"))


def _window_to_json(window: Window) -> JsonObject:
    canvas = window.canvas
    return {"left": window.left, "top": window.top, "canvas_width": canvas.width, "canvas_height": canvas.height}


def _window_from_json(fields: Mapping[str, object] | None) -> Window | None:
    if fields is None:
        return None
    canvas = Size(whole_at(fields, "canvas_width"), whole_at(fields, "canvas_height"))
    return Window(whole_at(fields, "left"), whole_at(fields, "top"), canvas)


def _extras_from_json(fields: Mapping[str, object] | None) -> tuple[tuple[str, str | int | float | bool], ...]:
    extras = []
    for name, value in (fields or {}).items():
        if not isinstance(value, str | int | float | bool):
            raise RecipeError(field=name, found=type(value).__name__, allowed="text, a number or true/false")
        extras.append((name, value))
    return tuple(extras)
