"""Samplers of AUTOMATIC1111 under the names that every engine of renderlock uses."""

from __future__ import annotations

from collections.abc import Iterable

from renderlock.imaging.foreign_metadata.samplers import canonical_sampler

FACTS = ("Euler", "Euler a", "DPM++ 2M", "DPM++ SDE", "DPM++ 2M SDE", "Heun", "LMS", "DDIM", "UniPC")
"""What every version has; used where the server cannot be asked."""


def named(theirs: Iterable[str]) -> dict[str, str]:
    """The server's spelling by canonical name; its own spelling stands for a sampler nobody else has."""
    names: dict[str, str] = {}
    for spelling in theirs:
        canonical, schedule = canonical_sampler(spelling)
        name = spelling if canonical is None else f"{canonical}_{schedule}" if schedule else canonical
        names.setdefault(name, spelling)
    return names
