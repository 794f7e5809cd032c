"""The size a person asks an enlargement for: a longest side, WIDTHxHEIGHT, or a factor."""

from __future__ import annotations

import re

from renderlock.errors import RecipeError
from renderlock.spec.finishing import enlargement_fault
from renderlock.spec.recipe import Size

ALLOWED = "the longest side in pixels, WIDTHxHEIGHT, or a factor such as 4x"


def target_of(asked: str | float | Size, source: Size) -> Size:
    """The size that `4096`, `4096x3072`, `4x`, a factor or a size asks for, in the source's proportions.

    Raises `RecipeError` for any other text, and for a size that is out of range, smaller, or would stretch the picture.
    """
    size = _asked(asked.lower(), source) if isinstance(asked, str) else asked
    if not isinstance(size, Size):
        size = Size(round(source.width * size), round(source.height * size))
    fault = enlargement_fault(source, size)
    if fault:
        raise RecipeError(field="to", found=f"{size} for a picture of {source}", allowed=fault)
    return size


def _asked(text: str, source: Size) -> float | Size:
    sides = re.fullmatch("([0-9]{1,6})x([0-9]{1,6})", text)
    if sides:
        return Size(int(sides[1]), int(sides[2]))
    factor = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)x", text)
    if factor:
        return float(factor[1])
    if re.fullmatch("[1-9][0-9]{0,5}", text):
        return _with_longest(int(text), source)
    raise RecipeError(field="to", found=repr(text), allowed=ALLOWED)


def _with_longest(side: int, source: Size) -> Size:
    scale = side / max(source.width, source.height)
    width, height = (max(1, round(one * scale)) for one in (source.width, source.height))
    return Size(width, height)
