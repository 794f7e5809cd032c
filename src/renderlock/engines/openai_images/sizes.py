"""Sizes bounded by a ratio, as OpenAI's models have them."""

from __future__ import annotations

from dataclasses import dataclass

from renderlock.engines.capabilities import SizeRule
from renderlock.spec.recipe import Size


@dataclass(frozen=True)
class RatioRule(SizeRule):
    """A size rule in which the longer side is at most `most_ratio` times the shorter one."""

    most_ratio: int = 3

    def allows(self, size: Size) -> bool:
        """Whether the model renders exactly this size."""
        longer, shorter = max(size.width, size.height), min(size.width, size.height)
        return longer <= shorter * self.most_ratio and super().allows(size)

    def nearest(self, size: Size) -> Size:
        """The legal size closest to the asked one, whose shorter side grows where it is too thin."""
        longer, shorter = max(size.width, size.height), min(size.width, size.height)
        if longer > shorter * self.most_ratio:
            longer = min(longer, self.largest)
            shorter = -(-longer // self.most_ratio // self.multiple) * self.multiple
            size = Size(longer, shorter) if size.width >= size.height else Size(shorter, longer)
        return super().nearest(size)

    def __str__(self) -> str:
        return f"{super().__str__()}, one side at most {self.most_ratio} times the other"
