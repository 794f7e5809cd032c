"""Locales: a step whose overlay differs by locale becomes one step a locale.

Everything before the overlay is the same recipe for each of them, so it is rendered once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from renderlock.spec.finishing import LOCALE, OverlayChoice
from renderlock.spec.pipeline import Step
from renderlock.spec.report import Report, describe


def has_locale(step: Step) -> bool:
    """Whether one of the step's overlays differs by locale."""
    return any(LOCALE in str(overlay.file) for overlay in step.finishing.overlays)


def check_locales(steps: Sequence[Step], locales: Sequence[str], report: Report) -> None:
    """Reports locales that no overlay uses, and names of theirs that are taken."""
    local = [step for step in steps if has_locale(step)]
    if locales and not local:
        allowed = f"an overlay with {LOCALE} in its file, so that they are used"
        report.add(("locales",), "locales that no step uses", allowed, at_key=True)
    taken = {step.name.casefold() for step in steps}
    for index, step in enumerate(steps):
        for name in (_name_in(step, locale) for locale in (locales if step in local else ())):
            if name.casefold() in taken:
                allowed = f"a name without {describe(name)} beside it: its locales become steps of these names"
                report.add(("steps", index, "name"), describe(step.name), allowed)


def in_locales(steps: Sequence[Step], locales: Sequence[str]) -> tuple[Step, ...]:
    """The steps, each that differs by locale replaced by one a locale; what needs it needs them all."""
    replaced = {step.name: tuple(_name_in(step, locale) for locale in locales) for step in steps if has_locale(step)}
    expanded: list[Step] = []
    for step in steps:
        needs = tuple(name for need in step.needs for name in replaced.get(need, (need,)))
        step = replace(step, needs=needs)  # noqa: PLW2901 - the step as the expanded pipeline has it
        if step.name in replaced:
            expanded.extend(_in_locale(step, locale) for locale in locales)
        else:
            expanded.append(step)
    return tuple(expanded)


def _name_in(step: Step, locale: str) -> str:
    return f"{step.name}-{locale}"


def _in_locale(step: Step, locale: str) -> Step:
    overlays = tuple(_overlay_in(overlay, locale) for overlay in step.finishing.overlays)
    return replace(step, name=_name_in(step, locale), finishing=replace(step.finishing, overlays=overlays))


def _overlay_in(overlay: OverlayChoice, locale: str) -> OverlayChoice:
    return replace(overlay, file=Path(str(overlay.file).replace(LOCALE, locale)))
