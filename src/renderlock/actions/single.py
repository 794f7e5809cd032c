"""Rendering one prompt without a written pipeline, through the same plan, checks and store.

A reference that a locked role of the project holds is production, and must be the locked model; any other
reference is the sandbox, and its renders are marked so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from renderlock.actions.lock import LOCK_NAME
from renderlock.actions.workspace import Place
from renderlock.errors import LockMissing, RecipeError
from renderlock.spec.finishing import Finishing
from renderlock.spec.lock import read_lock
from renderlock.spec.pipeline import Asset, DeviationWord, Pipeline, Step, policy_of
from renderlock.spec.pipeline_file import load_pipeline
from renderlock.spec.recipe import LARGEST_SIDE_PX, Size
from renderlock.spec.roles import Role

MOST_TILES = 4096
TILES_ALLOWED = f'"auto", a number of tiles from 1 to {MOST_TILES}, or "COLUMNSxROWS"'


@dataclass(frozen=True)
class Wish:
    """One prompt with its seeds and controls; None leaves the choice to the model.

    `tiles` is "auto", a number as text, or "COLUMNSxROWS". Raises `RecipeError` for a size that no picture has, and
    for tiles that are none.
    """

    prompt: str
    seeds: tuple[int, ...]
    negative_prompt: str = ""
    size: Size | None = None
    steps: int | None = None
    guidance_scale: float | None = None
    sampler: str | None = None
    init_image: Path | None = None
    strength: float | None = None
    deviations: DeviationWord = "refuse"
    tiles: str | None = None
    tile_overlap: int | None = None

    def __post_init__(self) -> None:
        for name, side in () if self.size is None else (("width", self.size.width), ("height", self.size.height)):
            if not 1 <= side <= LARGEST_SIDE_PX:
                raise RecipeError(field=name, found=side, allowed=f"1 to {LARGEST_SIDE_PX} pixels")
        policy_of(self.deviations)
        if self.tiles is not None and not _is_tiling(self.tiles):
            raise RecipeError(field="tiles", found=repr(self.tiles), allowed=TILES_ALLOWED)


def _is_tiling(text: str) -> bool:
    grid = re.fullmatch("([1-9][0-9]{0,3})(?:x([1-9][0-9]?))?", text)
    return text == "auto" or (grid is not None and int(grid[1]) * int(grid[2] or 1) <= MOST_TILES)


def single_pipeline(wish: Wish, reference: str, place: Place, *, name: str) -> Pipeline:
    """A pipeline of one asset and one step, both called `name`, with the role that the project's lock gives.

    It has the budget of the project's own pipeline.
    """
    role = _role_of(reference, place.folder / LOCK_NAME)
    asset = Asset(name, wish.prompt, wish.negative_prompt, wish.seeds, wish.init_image)
    step = Step(
        name=name,
        role=role,
        model=reference,
        size=wish.size,
        guidance_scale=wish.guidance_scale,
        steps=wish.steps,
        sampler=wish.sampler,
        strength=wish.strength,
        deviations=policy_of(wish.deviations),
        finishing=Finishing(tiles=wish.tiles, tile_overlap=wish.tile_overlap),
    )
    return Pipeline(
        path=place.file,
        project=place.folder.resolve().name,
        models={role: reference},
        assets=(asset,),
        steps=(step,),
        ordered_steps=(step,),
        store=place.folder,
        budget=load_pipeline(place.file).budget if place.file.is_file() else None,
    )


def _role_of(reference: str, lock_path: Path) -> Role:
    try:
        lock = read_lock(lock_path)
    except LockMissing:
        return Role.SANDBOX
    roles = [role for role, model in lock.models.items() if model.reference == reference]
    return min(roles, default=Role.SANDBOX)
