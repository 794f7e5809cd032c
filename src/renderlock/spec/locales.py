"""Locales: a step whose overlays differ by locale becomes one step a locale.

Everything before the overlay is the same recipe for each of them, so it is rendered once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from renderlock.spec.finishing import LOCALE
from renderlock.spec.pipeline import Asset, Step
from renderlock.spec.report import Report, describe
from renderlock.spec.roles import Role


def in_locales(
    steps: Sequence[Step], assets: Sequence[Asset], locales: Sequence[str], report: Report
) -> tuple[Step, ...]:
    """The steps, each that differs by locale replaced by one a locale; what needs it needs them all.

    A step that starts from the pictures of such a step is one a locale too. Reports locales that no overlay uses, and
    names of theirs that are taken.
    """
    local = _local_steps(steps, assets)
    _check(steps, local, locales, report)
    _check_texts(assets, locales if local else (), report)
    expanded: list[Step] = []
    for step in steps:
        if step.name not in local:
            needs = tuple(name for need in step.needs for name in _names(need, local, locales))
            expanded.append(replace(step, needs=needs))
            continue
        for locale in locales:
            source = _name_in(step.init_from, locale) if step.init_from in local else step.init_from
            others = [need for need in step.needs if need != step.init_from]
            needs = tuple(name for need in others for name in _names(need, local, locales))
            needs = needs if source is None else (*needs, source)
            expanded.append(_in_locale(replace(step, needs=needs, init_from=source), locale))
    return tuple(expanded)


def _local_steps(steps: Sequence[Step], assets: Sequence[Asset]) -> frozenset[str]:
    """The names of the steps that differ by locale: by their overlays, or by the pictures they start from."""
    local = {step.name for step in steps if _is_local(step, assets)}
    while more := {step.name for step in steps if step.init_from in local} - local:
        local |= more
    return frozenset(local)


def _is_local(step: Step, assets: Sequence[Asset]) -> bool:
    overlays = list(step.finishing.overlays)
    if step.role is Role.FINAL:
        overlays += [overlay for asset in assets for overlay in asset.overlays]
    return any(overlay.is_local for overlay in overlays)


def _check(steps: Sequence[Step], local: Collection[str], locales: Sequence[str], report: Report) -> None:
    if locales and not local:
        allowed = f"an overlay with {LOCALE} in its file, so that they are used"
        report.add(("locales",), "locales that no step uses", allowed, at_key=True)
    taken = {step.name.casefold() for step in steps}
    for index, step in enumerate(steps):
        clashing = [name for name in _names(step.name, local, locales) if name.casefold() in taken]
        if step.name in local and clashing:
            allowed = f"a name without {describe(clashing[0])} beside it: its locales become steps of these names"
            report.add(("steps", index, "name"), describe(step.name), allowed)


def _check_texts(assets: Sequence[Asset], locales: Sequence[str], report: Report) -> None:
    """Texts by locale are for every locale, and for no other: what nobody wants is never read."""
    for index, asset in enumerate(assets):
        named = [locale for locale, _ in asset.local_text]
        if named and set(named) != set(locales):
            said = ", ".join(locales)
            allowed = f"texts for each of {said}" if locales else f"a list, or an overlay with {LOCALE} in its file"
            report.add(("assets", index, "text"), f"texts for {', '.join(named)}", allowed)


def _names(step: str, local: Collection[str], locales: Sequence[str]) -> tuple[str, ...]:
    return tuple(_name_in(step, locale) for locale in locales) if step in local else (step,)


def _name_in(step: str, locale: str) -> str:
    return f"{step}-{locale}"


def _in_locale(step: Step, locale: str) -> Step:
    overlays = tuple(overlay.in_locale(locale) for overlay in step.finishing.overlays)
    finishing = replace(step.finishing, overlays=overlays)
    return replace(step, name=_name_in(step.name, locale), finishing=finishing, locale=locale)
