"""What the contact sheet and the variance report show, as plain values.

Whoever fills them decides nothing about design; whoever draws them needs neither store nor engine. Nothing heavy is
imported here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderlock.spec.deviation import Deviation
from renderlock.spec.recipe import Size
from renderlock.spec.standing import Standing
from renderlock.spec.verdict import Verdict


@dataclass(frozen=True)
class SheetCell:
    """One picture on a sheet.

    `number` is what people call it by, `address` its permanent address (may be empty), `digest` its recipe's digest
    (shown short). `picture` holds encoded bytes (PNG, WebP or JPEG), best a thumbnail of 512 px, and goes into the
    page as it is; `size` is the size of the full picture; `verdicts` is what the gates said about it.
    """

    number: int
    seed: int
    picture: bytes
    size: Size
    model: str
    address: str = ""
    digest: str = ""
    deviations: tuple[Deviation, ...] = ()
    standing: Standing = Standing.PRODUCTION
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True)
class SheetRow:
    """One asset with its pictures, in the order of their seeds; `step` may be empty."""

    asset: str
    prompt: str
    cells: tuple[SheetCell, ...]
    negative_prompt: str = ""
    step: str = ""


@dataclass(frozen=True)
class ContactSheetValues:
    """One contact sheet: a title, a line under it (project, lock, when), and one row an asset."""

    title: str
    rows: tuple[SheetRow, ...]
    subtitle: str = ""


@dataclass(frozen=True)
class Figure:
    """One measure over all pairs of variants: mean, largest, and standard error of the mean (None below 3 variants)."""

    metric: str
    mean: float
    largest: float
    standard_error: float | None


@dataclass(frozen=True)
class VariantFigures:
    """What was measured of one variant, all places and areas in % of the frame.

    `centre` is (x, y) from the top left, None where nothing stands out; `palette` holds up to eight sRGB colours with
    their shares; `detail_db` is fine, middle and coarse; `apartness` its mean distance to the others in 0..1.
    """

    centre: tuple[float, float] | None
    area: float
    palette: tuple[tuple[tuple[int, int, int], float], ...]
    detail_db: tuple[float, float, float]
    pdq_quality: int
    apartness: float


@dataclass(frozen=True)
class VarianceReport:
    """How much N pictures of one prompt vary. Positions count from 0 in the order the pictures were given.

    `figures` are the measures over pairs, by metric name; `distances` the N x N `variation/typical@1`; `layout` the
    N x N `layout/distance@1`; `occupancy` 12 x 12 in 0..1, how much of each place is filled on average.
    `duplicates` are pairs with equal pixels, `near_duplicates` other pairs that match by PDQ with the bits that differ.
    `odd` is True where the farthest variant clearly stands out from the rest. `sizes_differ` warns that sharpness is
    then not comparable.
    """

    variants: tuple[VariantFigures, ...]
    figures: tuple[Figure, ...]
    distances: NDArray[np.float64]
    layout: NDArray[np.float64]
    occupancy: NDArray[np.float64]
    duplicates: tuple[tuple[int, int], ...]
    near_duplicates: tuple[tuple[int, int, int], ...]
    medoid: int
    farthest: int | None
    odd: bool
    sizes_differ: bool

    @property
    def count(self) -> int:
        """How many variants were measured."""
        return len(self.variants)

    def figure(self, metric: str) -> Figure:
        """The figure of a metric this report holds; raises `KeyError` for another."""
        return {figure.metric: figure for figure in self.figures}[metric]


@dataclass(frozen=True)
class VarianceValues:
    """One variance report to show: what was rendered, its cells in the report's order, and the report."""

    title: str
    prompt: str
    model: str
    cells: tuple[SheetCell, ...]
    report: VarianceReport
    subtitle: str = ""
    settings: Sequence[tuple[str, str]] = ()
