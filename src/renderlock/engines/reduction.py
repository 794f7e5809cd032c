"""Pictures below a model's listed sizes: made at a larger one and reduced by a whole factor, as their recipe says.

The recipe holds the delivered size, and in `extras` the size it is reduced from: it alone determines the pixels.
"""

from __future__ import annotations

import re
from dataclasses import replace

from renderlock.errors import RecipeError
from renderlock.spec.deviation import Deviation
from renderlock.spec.recipe import Recipe, Size

REDUCED_FROM = "reduced_from"
"""The name in `Recipe.extras` of the size that a picture is made at, `1024x1024`."""


def made_at(recipe: Recipe) -> Size:
    """The size that a recipe's picture is made at: its own, or what it is reduced from.

    Raises `RecipeError` for one that is no whole multiple of the recipe's.
    """
    named = dict(recipe.extras).get(REDUCED_FROM)
    if named is None:
        return recipe.size
    sides = re.fullmatch("([1-9][0-9]{0,4})x([1-9][0-9]{0,4})", str(named))
    made = Size(int(sides[1]), int(sides[2])) if sides else recipe.size
    factor = made.width // recipe.size.width
    if factor < 2 or made != Size(recipe.size.width * factor, recipe.size.height * factor):
        raise RecipeError(field=REDUCED_FROM, found=repr(named), allowed=f"a whole multiple of {recipe.size}")
    return made


def unreduced(recipe: Recipe) -> Recipe:
    """The recipe of the picture that is bought: at the size it is made at, without the extra that says so."""
    extras = tuple(pair for pair in recipe.extras if pair[0] != REDUCED_FROM)
    return replace(recipe, size=made_at(recipe), extras=extras)


def reduction_deviation(asked: Size, larger: Size, reason: str) -> Deviation:
    """What is said of a reduced picture, in plans and records."""
    factor = larger.width // asked.width
    return Deviation("size", str(asked), f"{asked}, made at {larger} and reduced by {factor}", reason)
