"""A final's plan in figures, before anything is rendered: its links, their tiles, memory and time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Protocol, runtime_checkable

from renderlock.actions.finals.links import Draw, Link, Tiled, tile_recipe
from renderlock.actions.finals.routes import Route
from renderlock.spec.recipe import Init, Recipe, Size
from renderlock.store.records import RenderRecord

CostKey = tuple[object, ...]
"""What renders of like cost share: model, size, steps, and whether they are put together from tiles."""

Timings = Mapping[CostKey, Sequence[float]]
"""Seconds of earlier renders."""


@dataclass(frozen=True)
class LinkOutline:
    """One link of a plan.

    `what` is `draw`, `tiles`, or what the link is called; `tiles`, `tile`, `overlap` and `redundancy` (pixels made over
    pixels delivered) are of links with tiles. `memory_bytes` is the predicted peak of one render of it, and `seconds`
    what all of it takes one after another; None where nothing is known.
    """

    what: str
    size: Size
    seconds: float | None
    memory_bytes: int | None = None
    columns: int = 0
    rows: int = 0
    tile: Size | None = None
    overlap: int = 0
    redundancy: float = 1.0


@dataclass(frozen=True)
class Outline:
    """The plan of one picture: its links in order, and the rungs of the memory ladder it may take, in theirs."""

    links: tuple[LinkOutline, ...]
    rungs: tuple[str, ...]

    @property
    def seconds(self) -> float | None:
        """What all of it takes; None where a link was never timed."""
        parts = [link.seconds for link in self.links]
        return None if None in parts else sum(part for part in parts if part is not None)


PredictBytes = Callable[[Recipe], int | None]
"""The predicted peak of one render."""


@dataclass(frozen=True)
class Forecast:
    """What is known before: seconds of earlier renders, the peak of one render, and seconds of an enlargement.

    `enlarge_s` takes an upscaler's reference and the sizes before and after.
    """

    timings: Timings
    predict_bytes: PredictBytes
    enlarge_s: Callable[[str, Size, Size], float | None]


@runtime_checkable
class Enlarging(Protocol):
    """A finishing link that enlarges, by the upscaler of its name, from `source` to `cover`."""

    @property
    def name(self) -> str:
        """The upscaler's reference."""

    @property
    def source(self) -> Size:
        """The size before."""

    @property
    def cover(self) -> Size:
        """The size that is made."""


def cost_key(recipe: Recipe) -> CostKey:
    """What renders of like cost share with this one."""
    return (recipe.model, recipe.size, recipe.steps, recipe.tiling is not None)


def timings_of(records: Iterable[RenderRecord]) -> Timings:
    """The seconds of records by their cost."""
    found: dict[CostKey, list[float]] = {}
    for record in records:
        if record.recipe is not None:
            found.setdefault(cost_key(record.recipe), []).append(record.made.seconds)
    return found


def outline(route: Route, others: Sequence[Route], forecast: Forecast) -> Outline:
    """The plan of a route; `others` are those the ladder falls back to."""
    links = tuple(_outline_link(link, forecast) for link in route.links)
    rungs = [rung.name for rung in route.rungs] + [other.rung for other in others]
    return Outline(links, tuple(dict.fromkeys(rungs)))


def _outline_link(link: Link, forecast: Forecast) -> LinkOutline:
    timings, predict = forecast.timings, forecast.predict_bytes
    if isinstance(link, Draw):
        return LinkOutline("draw", link.size, _seconds(timings, link.recipe), predict(link.recipe))
    if not isinstance(link, Tiled):
        # Laying takes seconds where drawing takes minutes; so may enlarging, until a study has timed it.
        known = forecast.enlarge_s(link.name, link.source, link.cover) if isinstance(link, Enlarging) else None
        return LinkOutline(link.name, link.size, known or 0.0)
    grid, tile = link.grid, _any_tile(link)
    seconds = _seconds(timings, link.recipe)
    if seconds is None and (each := _seconds(timings, tile)) is not None:
        seconds = each * len(grid.tiles)
    assert link.recipe.tiling is not None
    return LinkOutline(
        "tiles",
        link.size,
        seconds,
        predict(tile),
        grid.columns,
        grid.rows,
        link.recipe.tiling.tile,
        link.recipe.tiling.overlap,
        round(grid.redundancy, 3),
    )


def _any_tile(link: Tiled) -> Recipe:
    """The recipe of the first tile, over a base that is not known yet."""
    started = replace(link.recipe, init=Init("", link.strength))
    return tile_recipe(started, link.grid.tiles[0], "")


def _seconds(timings: Timings, recipe: Recipe) -> float | None:
    timed = timings.get(cost_key(recipe))
    return median(timed) if timed else None
