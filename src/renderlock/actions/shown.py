"""What a report shows: a picture, whose it is, and what the gates said about it."""

from __future__ import annotations

from dataclasses import dataclass

from renderlock.actions.run import PictureResult
from renderlock.spec.pipeline import Asset
from renderlock.spec.verdict import Verdict
from renderlock.store.records import RenderRecord


@dataclass(frozen=True)
class Shown:
    """One picture of a report: the asset and the seed it is of, its record, the model that drew it, its verdicts.

    Seed and model are those of the render: a composed picture's own recipe has neither.
    """

    asset: Asset
    seed: int
    record: RenderRecord
    model: str
    verdicts: tuple[Verdict, ...] = ()


def show_picture(result: PictureResult, record: RenderRecord) -> Shown:
    """The picture of a run as reports show it."""
    job = result.job
    return Shown(job.asset, job.seed, record, job.recipe.model.reference, result.verdicts)
