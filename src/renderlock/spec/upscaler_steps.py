"""Steps of the upscaler role: they enlarge the finished pictures of one other step, and do nothing else.

Here is what such a step may say, and which enlargement fits a picture; the checks report, they refuse nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from renderlock.spec.finishing import enlargement_fault
from renderlock.spec.pipeline import Step
from renderlock.spec.place import KeyPath
from renderlock.spec.recipe import Size
from renderlock.spec.report import Report
from renderlock.spec.step_order import ordered_names

KEYS = ("name", "model", "needs", "init_from", "size", "upscale", "gate", "match", "overlay", "palette", "icc")
"""What a step that starts from a finished picture can be told."""

RENDERING_KEYS = frozenset(
    {
        "variants",
        "guidance_scale",
        "num_inference_steps",
        "sampler",
        "strength",
        "deviations",
        "tiles",
        "tile_overlap",
        "memory_budget",
        "memory_ladder",
    }
)
"""What only a step that renders can be told."""


def check_upscaler_keys(path: KeyPath, keys: Collection[str], needs: Sequence[str], report: Report) -> None:
    """Reports what makes no sense on a step of the upscaler role, written at `path`.

    `keys` are those it has a value for, `needs` the steps it needs, `init_from` included.
    """
    for key in sorted(RENDERING_KEYS & set(keys)):
        allowed = f"no such key, as a finished picture is enlarged here; one of: {', '.join(KEYS)}"
        report.add((*path, key), f"`{key}` on a step of the upscaler", allowed, at_key=True)
    if "init_from" not in keys and len(needs) != 1:
        found = f"{len(needs)} steps in `needs`" if needs else "an upscaler step with no step to take its pictures from"
        allowed = "`needs` with one step, or `init_from` with the one whose finished pictures are enlarged"
        report.add((*path, "needs") if needs else path, found, allowed)
    wanted = [key for key in ("size", "upscale") if key in keys]
    if len(wanted) != 1:
        found = "both `size` and `upscale`" if wanted else "neither `size` nor `upscale`"
        allowed = "one of them: `size` to reach, or `upscale` with a factor"
        report.add((*path, wanted[1]) if wanted else path, found, allowed, at_key=True)


def check_enlargements(steps: Sequence[Step], report: Report) -> None:
    """Reports every size to enlarge to that its picture, where its size is known from the file, cannot have.

    The steps form no cycle.
    """
    by_name = {step.name: step for step in steps}
    delivered: dict[str, Size | None] = {}
    for name in ordered_names({step.name: step.needs for step in steps}):
        step = by_name[name]
        source = step.size if step.role.renders else delivered.get(step.init_from or "")
        key, target = target_of_step(step)
        if source is None or target is None:
            delivered[name] = target if isinstance(target, Size) else source
            continue
        size = target if isinstance(target, Size) else _times(source, target)
        fault = enlargement_fault(source, size)
        if fault:
            report.add((*step.path, key), f"{size} for a picture of {source}", fault)
        delivered[name] = size


def target_of_step(step: Step) -> tuple[str, float | Size | None]:
    """The key by which a step says how large its pictures become after rendering, and what it says."""
    if not step.role.renders and step.size is not None:
        return "size", step.size
    return "upscale", step.finishing.upscale


def _times(size: Size, factor: float) -> Size:
    return Size(round(size.width * factor), round(size.height * factor))
