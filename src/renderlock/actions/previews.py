"""Previews: pictures as they form, as files that a viewer can keep open while a run goes on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from renderlock.actions.jobs import Job
from renderlock.actions.run import Run
from renderlock.actions.user_files import write_user_file
from renderlock.engines.base import Preview
from renderlock.errors import NotCapable
from renderlock.imaging.pixels import encode_png
from renderlock.spec.recipe import Digest

EVERY_STEPS = 3


@dataclass
class PreviewFolder:
    """Writes each picture's latest preview to `STEP-ASSET-SEED.preview.png`: first step, then every third."""

    folder: Path
    _seen: Counter[Digest] = field(default_factory=Counter)

    def on_preview(self, job: Job, preview: Preview) -> None:
        """Replaces the picture's file; raises `FileUnwritable` where that cannot be."""
        number = self._seen[job.recipe.digest]
        self._seen[job.recipe.digest] += 1
        if number % EVERY_STEPS == 0:
            name = f"{job.step.name}-{job.asset.name}-{job.recipe.seed}.preview.png"
            write_user_file(self.folder / name, encode_png(preview(), {}))


def show_previews(run: Run, folder: Path) -> None:
    """Lets a run write previews into a folder; raises `NotCapable` where a model of it cannot show any."""
    planner = run.planner
    references = dict.fromkeys(planner.reference_of(step) for step in run.selected_steps())
    blind = [name for name in references if not planner.models.engine(name).capabilities.previews]
    if blind:
        listing = "  previews: the model does not show its pictures as they form"
        raise NotCapable(model=", ".join(blind), listing=listing)
    run.previews = PreviewFolder(folder)
