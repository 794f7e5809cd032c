"""Where the points, ticks and labels of a time-against-likeness plot lie, for the page and the picture alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 560, 360
LEFT, RIGHT, TOP, BOTTOM = 62, 24, 18, 52
LABEL_PX = 17
"""The least distance between the base lines of two labels that would overlap."""

_STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Point:
    """One upscaler: where it lies, its label and where that lies, whether it is on the front, and refused by a gate."""

    x: float
    y: float
    label: str
    label_y: float
    to_the_left: bool
    on_front: bool
    refused: bool


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: its place in pixels and its text."""

    at: float
    text: str


@dataclass(frozen=True)
class Plot:
    """A plot in `WIDTH` x `HEIGHT`, time to the right (logarithmic), likeness upwards."""

    points: tuple[Point, ...]
    across: tuple[Tick, ...]
    upwards: tuple[Tick, ...]
    front: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Place:
    """What is plotted of one upscaler: seconds above 0, and likeness."""

    label: str
    seconds: float
    likeness: float
    on_front: bool = False
    refused: bool = False


def lay_out(values: Sequence[Place]) -> Plot:
    """The plot of at least one upscaler."""
    seconds, likeness = [value.seconds for value in values], [value.likeness for value in values]
    low, high = math.log10(min(seconds)) - 0.15, math.log10(max(seconds)) + 0.35
    room = max(max(likeness) - min(likeness), 0.02)
    least, most = min(likeness) - 0.12 * room, max(likeness) + 0.12 * room

    def across(second: float) -> float:
        return LEFT + (math.log10(second) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def upwards(value: float) -> float:
        return HEIGHT - BOTTOM - (value - least) / (most - least) * (HEIGHT - TOP - BOTTOM)

    places = [(across(value.seconds), upwards(value.likeness), value) for value in values]
    return Plot(
        points=_labelled(places),
        across=tuple(Tick(across(second), f"{second:g}") for second in _round_seconds(low, high)),
        upwards=tuple(Tick(upwards(value), f"{value:.2f}") for value in _round_values(least, most)),
        front=tuple(sorted((x, y) for x, y, value in places if value.on_front)),
    )


def _labelled(places: Sequence[tuple[float, float, Place]]) -> tuple[Point, ...]:
    """The points, each with a label beside it that is moved down where it would lie on another."""
    points: list[Point] = []
    for x, y, value in sorted(places, key=lambda place: (place[1], place[0])):
        left = x > WIDTH * 0.72
        # The front's line rises to the right: a point of it has room above to the left, and below to the right.
        label_y = y + (5 if not value.on_front else -8 if left else 19)
        while (
            any(abs(other.label_y - label_y) < LABEL_PX and abs(other.x - x) < WIDTH * 0.3 for other in points)
            and label_y < HEIGHT - BOTTOM - 4
        ):
            label_y += 1
        points.append(Point(x, y, value.label, label_y, left, value.on_front, value.refused))
    return tuple(points)


def _round_seconds(low: float, high: float) -> list[float]:
    """The numbers 1, 2 and 5 times powers of ten within a range of logarithms; only powers where there are many."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    found = [step * 10.0**power for power in powers for step in _STEPS if low <= math.log10(step * 10.0**power) <= high]
    return found if len(found) <= 7 else [value for value in found if math.log10(value).is_integer()]


def _round_values(least: float, most: float) -> list[float]:
    """About five even numbers in a range."""
    step = next(one for one in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if (most - least) / one <= 6 or one == 1.0)
    first = math.ceil(least / step)
    return [index * step for index in range(first, math.floor(most / step) + 1)]
