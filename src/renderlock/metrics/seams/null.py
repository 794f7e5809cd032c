"""What natural pictures show on lines that are no seams: the limits a border must pass to be called one.

The tail of each statistic is an exponential over its 95 % quantile (peaks over threshold), so that limits for many
lines at once, which lie beyond any sample, can be stated. `benchmarks/seams.py --calibrate` makes the file that ships.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal, TypedDict, cast

import numpy as np
from numpy.typing import NDArray

from renderlock.metrics.seams.families import Family

Extent = Literal["line", "picture"]
Tails = Mapping[str, tuple[float, float]]
"""By `family channel`, as in `step_1 Y`: the 95 % quantile of the statistic, and the mean excess over it."""

TAIL_SHARE = 0.05
SIZE_CLASSES = (2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
"""Upper ends of the size classes, in segments of 16 pixels; one more class holds all that is longer."""

FALSE_ALARMS = 0.01
"""Share of natural pictures that may read more than 1.000."""


@dataclass(frozen=True)
class Scope:
    """The limits for one line or one picture: its size class's tails, and how far into them each kind may reach."""

    tails: Tails
    reaches: Mapping[str, float]

    def most(self, family: Family, channel: str) -> float:
        """The largest statistic (`Evidence.statistic`) that natural pictures show."""
        threshold, excess = self.tails[f"{family.name} {channel}"]
        return threshold + excess * self.reaches[family.kind]


@dataclass(frozen=True)
class Null:
    """The tails for lines and for pictures by size class.

    `reaches` says by extent and kind how many mean excesses beyond the 95 % quantile natural pictures still go, so that
    all ratios together keep to 1 %: they are not independent, so it was found by counting. `made` tells from what.
    """

    made: str
    reaches: Mapping[Extent, Mapping[str, float]]
    tails: Mapping[Extent, tuple[Tails, ...]]

    def scope(self, extent: Extent, segments: int, *, among: int = 1) -> Scope:
        """The limits for a line of so many segments, one of `among`, or for all lines of a picture pooled."""
        reaches = {kind: reach + math.log(among) for kind, reach in self.reaches[extent].items()}
        return Scope(self.tails[extent][size_class(segments)], reaches)


def fit_tail(values: NDArray[np.float64]) -> tuple[float, float]:
    """The 95 % quantile of N statistics and the mean excess over it: an exponential tail (Pickands 1975, shape 0)."""
    threshold = float(np.quantile(values, 1 - TAIL_SHARE))
    beyond = values[values > threshold] - threshold
    return threshold, float(beyond.mean()) if len(beyond) else 0.0


def size_class(segments: int) -> int:
    """Which size class so many segments fall in."""
    return bisect_left(SIZE_CLASSES, segments)


@lru_cache(maxsize=1)
def shipped_null() -> Null:
    """The null that ships with renderlock, with how it was made in `made`."""
    text = resources.files(__package__).joinpath("null.json").read_text(encoding="utf-8")
    return null_from_json(text)


def null_from_json(text: str) -> Null:
    """A null as `null_to_json` wrote it."""
    # Our own file, written by the benchmark and tested as a whole.
    content = cast("_File", json.loads(text))
    tails = {
        extent: tuple({name: (low, excess) for name, (low, excess) in one.items()} for one in classes)
        for extent, classes in content["tails"].items()
    }
    return Null(content["made"], content["reaches"], tails)


def null_to_json(null: Null) -> str:
    """The null as text, one ratio a line so that a recalibration can be read as a difference."""
    tables = [f'"{extent}": [\n' + ",\n".join(map(_table, classes)) + "\n]" for extent, classes in null.tails.items()]
    reaches = {
        extent: {kind: round(reach, 2) for kind, reach in kinds.items()} for extent, kinds in null.reaches.items()
    }
    head = f'"made": {json.dumps(null.made)},\n"reaches": {json.dumps(reaches)},\n"tails": {{\n'
    return "{\n" + head + ",\n".join(tables) + "\n}\n}\n"


class _File(TypedDict):
    made: str
    reaches: dict[Extent, dict[str, float]]
    tails: dict[Extent, list[dict[str, tuple[float, float]]]]


def _table(tails: Tails) -> str:
    rows = [f'"{name}": [{low:.4f}, {excess:.4f}]' for name, (low, excess) in sorted(tails.items())]
    return "{\n" + ",\n".join(rows) + "\n}"
