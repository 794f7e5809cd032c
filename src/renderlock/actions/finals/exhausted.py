"""The error after the last plan: every plan tried for a picture, and each attempt within it, with its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from renderlock.actions.finals.links import Tiled
from renderlock.actions.finals.routes import Route
from renderlock.errors import OutOfMemory

Failure = tuple[Route, OutOfMemory]
"""A plan, and what ended it."""


def all_failed(failures: Sequence[Failure]) -> OutOfMemory:
    """One error for all plans of a picture.

    Its facts are those of the first plan, with `rungs` and `failures` of them all.
    """
    first = failures[0][1].facts
    if len(failures) == 1:
        return OutOfMemory(**first)
    lines = [f"{say_plan(route)}: {str(error.facts.get('reason', error)).rstrip('.')}" for route, error in failures]
    climbed = [str(error.facts.get("rungs", "")) for _, error in failures] + [route.rung for route, _ in failures]
    rungs = dict.fromkeys(rung for listed in climbed for rung in listed.split(", ") if rung)
    size = failures[0][0].size
    reason = f"{size} did not come out on any of {len(failures)} plans\n" + "\n".join(f"  {line}" for line in lines)
    return OutOfMemory(**{**first, "reason": reason, "rungs": ", ".join(rungs), "failures": "; ".join(lines)})


def say_plan(route: Route) -> str:
    """The rung that led to a plan and what the plan is, for people."""
    tiled = next((link for link in route.links if isinstance(link, Tiled)), None)
    what = f"one render of {route.links[0].size}"
    if tiled is not None and tiled.recipe.tiling is not None:
        what = f"{len(tiled.grid.tiles)} tiles of {tiled.recipe.tiling.tile}"
    return f"{route.rung or 'as planned'} ({what})"
