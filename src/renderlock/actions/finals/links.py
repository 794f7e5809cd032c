"""The links of a final: each makes one picture, most from the picture before it, and each has an exact recipe.

A link's recipe follows from the pixels of the picture it starts from, so a chain is found in the store link by link and
nothing in it is made twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, TypeAlias

from renderlock.actions.finals.grids import grid_of
from renderlock.imaging.pixels import Pixels
from renderlock.imaging.tiles import Grid, Tile
from renderlock.spec.deviation import Deviation
from renderlock.spec.recipe import Init, Recipe, Size, TilingPlan, Window
from renderlock.spec.standing import Standing
from renderlock.spec.verdict import Verdict
from renderlock.store.records import Encoded, RenderRecord, StagedPicture
from renderlock.store.store import Store

METHOD = "tiles/1"
"""How tiles are cut, asked for and merged; rises when the same recipe would give other pixels."""

LAST_TILE = "last_tile"
"""The extra that names the tile in the last corner, WIDTHxHEIGHT, where it is smaller than the others."""


@dataclass(frozen=True)
class Draw:
    """One render by the step's model.

    With a `strength` it starts from the picture of the link before; without one `recipe` says all.
    """

    recipe: Recipe
    strength: float | None = None

    @property
    def size(self) -> Size:
        """The size of its picture."""
        return self.recipe.size

    @property
    def key(self) -> str:
        """Names the link's work, the picture it starts from apart."""
        return f"draw {self.recipe.digest} {self.strength}"

    def recipe_from(self, source: RenderRecord | None) -> Recipe:
        """The recipe, starting from the picture before it where it does."""
        return self.recipe if self.strength is None else _from(self.recipe, source, self.strength)


@dataclass(frozen=True)
class Variant:
    """Another way to tile a picture, taken where the wanted one shows its seams."""

    recipe: Recipe
    deviation: Deviation


@dataclass(frozen=True)
class Tiled:
    """A picture put together from tiles, each drawn over its part of the picture before it.

    `recipe` is the whole picture's without its start; it holds the grid in `tiling` and the tiles' prompt and steps in
    `extras`, so that it alone tells every tile.
    """

    recipe: Recipe
    strength: float
    repairs: tuple[Variant, ...] = ()

    @property
    def size(self) -> Size:
        """The size of the whole picture."""
        return self.recipe.size

    @property
    def key(self) -> str:
        """Names the link's work, the picture it starts from apart."""
        return f"tiles {self.recipe.digest} {self.strength}"

    @cached_property
    def grid(self) -> Grid:
        """Where the tiles lie."""
        return grid_of_recipe(self.recipe)

    def recipe_from(self, source: RenderRecord | None) -> Recipe:
        """The whole picture's recipe over the picture before it."""
        return _from(self.recipe, source, self.strength)

    def variant_from(self, variant: Variant, source: RenderRecord | None) -> Recipe:
        """The whole picture's recipe where it is tiled another way."""
        return _from(variant.recipe, source, self.strength)

    def recipes_from(self, source: RenderRecord | None) -> tuple[Recipe, ...]:
        """Every recipe its picture may have, the wanted one first."""
        others = (self.variant_from(variant, source) for variant in self.repairs)
        return (self.recipe_from(source), *others)


@dataclass(frozen=True)
class Finished:
    """A picture as a finishing link made it, with what it did differently and what gates said about it.

    `facts` are the libraries that made it, beside the machine's own; `files` those it was made with, by their part;
    `source` is what its record says of how it came to be, beside the picture before it.
    """

    picture: Pixels | Encoded | StagedPicture
    deviations: tuple[Deviation, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, Encoded], ...] = ()
    source: tuple[tuple[str, str], ...] = ()


class Finish(Protocol):
    """A link that changes the picture before it without a model of the step: enlarges it, lays something over it."""

    @property
    def size(self) -> Size:
        """The size of its picture."""

    @property
    def key(self) -> str:
        """Names the link's work, the picture it starts from apart."""

    @property
    def name(self) -> str:
        """What it does, in a word for people: `upscale`, `compose`."""

    def recipe_from(self, source: RenderRecord | None) -> Recipe:
        """The recipe over the picture before it."""

    def recipes_from(self, source: RenderRecord | None) -> tuple[Recipe, ...]:
        """Every recipe its picture may have, the wanted one first."""

    def finish(self, store: Store, source: RenderRecord, standing: Standing) -> Finished:
        """The picture, made now; raises what making it raises."""


Link: TypeAlias = Draw | Tiled | Finish


def tile_controls(tile: Recipe, *, windows: bool) -> tuple[tuple[str, str | int | float | bool], ...]:
    """The extras by which a whole picture's recipe tells how its tiles are drawn; `tile` is any tile's recipe."""
    controls: dict[str, str | int | float | None] = {
        "method": METHOD,
        "noise": "canvas" if windows else "tile",
        "tile_prompt": tile.prompt,
        "tile_steps": tile.steps,
        "tile_guidance": tile.guidance_scale,
    }
    return tuple((name, value) for name, value in controls.items() if value is not None)


def tile_recipe(whole: Recipe, tile: Tile, crop: str) -> Recipe:
    """The recipe of one tile of a whole picture, whose recipe has its start.

    With noise cut from the canvas's the tile names its window on the base; else it starts from its crop, the
    SHA-256 of whose pixels is `crop`.
    """
    assert whole.init is not None
    controls = dict(whole.extras)
    shares_noise = controls["noise"] == "canvas"
    steps, guidance = controls.get("tile_steps"), controls.get("tile_guidance")
    return replace(
        whole,
        prompt=str(controls["tile_prompt"]),
        negative_prompt="",
        size=Size(tile.width, tile.height),
        steps=None if steps is None else int(steps),
        guidance_scale=None if guidance is None else float(guidance),
        init=Init(whole.init.picture if shares_noise else crop, whole.init.strength),
        tiling=None,
        window=Window(tile.left, tile.top, whole.size) if shares_noise else None,
        extras=(),
    )


def with_grid(recipe: Recipe, tiling: TilingPlan, last: Size) -> Recipe:
    """The recipe of a whole picture put together from these tiles, of which the one in the last corner is `last`."""
    others = tuple(one for one in recipe.extras if one[0] != LAST_TILE)
    extras = others if last == tiling.tile else (*others, (LAST_TILE, str(last)))
    return replace(recipe, tiling=tiling, extras=extras)


def grid_of_recipe(whole: Recipe) -> Grid:
    """The grid of a recipe with tiles."""
    assert whole.tiling is not None
    last = dict(whole.extras).get(LAST_TILE)
    return grid_of(whole.size, whole.tiling, None if last is None else Size(*map(int, str(last).split("x"))))


def _from(recipe: Recipe, source: RenderRecord | None, strength: float) -> Recipe:
    if source is None:
        raise ValueError("this link starts from the picture before it, and there is none")
    return replace(recipe, init=Init(source.pixels, strength))
