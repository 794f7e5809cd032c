"""What studies and earlier enlargements tell about the next ones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from renderlock.actions.upscale_timings import PACE, UpscaleTimings, read_timings
from renderlock.spec.recipe import Size
from renderlock.store.records import Event, NewEvent

NOW = datetime(2026, 11, 23, tzinfo=UTC)
MEGAPIXEL = Size(1000, 1000)


def event(host: str = "here", **fields: str) -> Event:
    """A timing event about waifu2x."""
    pairs = {"work": "upscale", "model": "waifu2x", "host": host, **fields}
    return Event.of(NewEvent("timing", "waifu2x", "renderlock", NOW, tuple(pairs.items())))


def studied(factor: int, pace: float, host: str = "here") -> Event:
    return event(host, factor=str(factor), **{PACE: str(pace)})


@pytest.mark.parametrize(("side", "seconds"), [(500, 1.5), (700, 1.5), (250, 3.0), (100, 3.0)])
def test_the_pace_is_that_of_the_least_factor_that_reaches_the_target(side: int, seconds: float) -> None:
    found = read_timings([studied(2, 1.5), studied(4, 3.0)], "here")
    assert found.seconds("waifu2x", Size(side, side), MEGAPIXEL) == pytest.approx(seconds)


def test_the_latest_study_counts() -> None:
    found = read_timings([studied(2, 1.5), studied(2, 0.5)], "here")
    assert found.seconds("waifu2x", Size(500, 500), MEGAPIXEL) == pytest.approx(0.5)


def test_without_a_study_single_enlargements_count() -> None:
    single = event(model="upscale:waifu2x", seconds="8", megapixels="4")
    assert read_timings([single], "here").seconds("waifu2x", Size(500, 500), MEGAPIXEL) == pytest.approx(2.0)


def test_other_machines_and_other_upscalers_tell_nothing() -> None:
    found = read_timings([studied(2, 1.5, host="there")], "here")
    assert found == UpscaleTimings({}, {})
    assert read_timings([studied(2, 1.5)], "here").seconds("dat", Size(500, 500), MEGAPIXEL) is None
