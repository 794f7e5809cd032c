"""What a report shows: a picture, and the asset it is of."""

from __future__ import annotations

from dataclasses import dataclass

from renderlock.spec.pipeline import Asset
from renderlock.store.records import RenderRecord


@dataclass(frozen=True)
class Shown:
    """One picture of a report: the asset it is of, and its record."""

    asset: Asset
    record: RenderRecord

    @property
    def seed(self) -> int:
        """The seed of its recipe; an imported picture has none and counts as 0."""
        return self.record.recipe.seed if self.record.recipe else 0
