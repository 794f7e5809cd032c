"""How far one view of a place lies from another, to a fraction of a pixel, with the error of that number.

Made for overlaps of tiles, which are long and narrow and may differ in fine detail: every pixel counts, no window takes
the rim away, and places that disagree among themselves widen the error instead of passing for a shift.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Sums = NDArray[np.float64]
Pair = tuple[Plane, Plane]

BLOCK_PX = 16
"""A place is a block of this side: large enough to hold structure, small enough that an overlap has many."""

_LEVELS = 3
"""Views are first compared at a quarter and half of their size, which finds shifts of up to about 8 pixels."""

_LEAST_SIDE_PX = 20
"""Planes are not made smaller than this."""

_LEAST_EXPLAINED = 0.25
"""Share of the difference that whole pixels must explain to be believed; two drawings differ without a shift."""

_ROUNDS = 4

_FLOOR = 0.1
"""Squared levels of difference that are always there."""

_RIDGE = 0.05
"""How much of the unexplained difference counts against a shift: a straight edge must not slide along itself."""

_FEWEST_PLACES = 2.0
"""Places that must speak: one contour that differs is a drawing, not a displacement."""


@dataclass(frozen=True)
class Shift:
    """Where the second view's content lies, seen from the first's: pixels right and down.

    `error_px` is the standard error along the shift, from how much places disagree; `places` how many blocks spoke,
    counted by weight.
    """

    right_px: float
    down_px: float
    error_px: float
    places: float

    @property
    def length_px(self) -> float:
        """How far the content moved."""
        return float(np.hypot(self.right_px, self.down_px))


def register(first: Plane, second: Plane) -> Shift | None:
    """The shift between two H x W planes in levels; None where too little structure tells it.

    Least squares on the mean gradient of both views (Lucas and Kanade 1981), coarse to fine; whole pixels are taken out
    by cropping, so nothing is resampled. Each block stands without its mean, so tone may differ; one whose rest is
    large counts less (Geman and McClure 1985); the error is the cluster-robust one over blocks (Liang and Zeger 1986).
    """
    if min(first.shape) < BLOCK_PX // 2:
        return None
    whole, solved = (0, 0), _NOTHING
    for pair in reversed(tuple(_pyramid(first, second))):
        whole, solved = _settle(pair, (2 * whole[0], 2 * whole[1]))
    if solved.places < _FEWEST_PLACES:
        return None
    return Shift(whole[0] + solved.right, whole[1] + solved.down, solved.error, solved.places)


@dataclass(frozen=True)
class _Solved:
    """A shift of less than a pixel or two, its error, the share of the difference it explains, and who spoke."""

    right: float
    down: float
    error: float
    explained: float
    places: float

    @property
    def whole_step(self) -> tuple[int, int]:
        return _whole(self.right), _whole(self.down)


_NOTHING = _Solved(0.0, 0.0, 0.0, 0.0, 0.0)


def _settle(pair: Pair, whole: tuple[int, int]) -> tuple[tuple[int, int], _Solved]:
    """Moves by whole pixels, from `whole` on, until less than one is left; with what is left."""
    solved = _solve(_cropped(pair, whole))
    for _ in range(_ROUNDS):
        step = solved.whole_step
        moved = whole[0] + step[0], whole[1] + step[1]
        if step == (0, 0) or solved.explained < _LEAST_EXPLAINED:
            break
        if not _leaves_room(pair, moved):
            return (0, 0), _NOTHING
        whole, solved = moved, _solve(_cropped(pair, moved))
    return whole, solved


def _whole(px: float) -> int:
    """Whole pixels to move by, at most 2; more than half of one, lest a half goes to and fro."""
    return round(float(np.clip(np.sign(px) * max(abs(px) - 0.15, 0.0), -2, 2)))


def smoothed(plane: Plane) -> Plane:
    """The plane under a 1-2-1 filter both ways, two pixels smaller each way: noise is out, whatever is seen stays."""
    across = plane[:, 1:-1] * np.float32(2)
    across += plane[:, :-2]
    across += plane[:, 2:]
    both = across[1:-1] * np.float32(2)
    both += across[:-2]
    both += across[2:]
    both *= np.float32(1 / 16)
    return both


def halved(plane: Plane) -> Plane:
    """The plane at half its size, by the mean of 2 x 2; an odd last row or column is left out."""
    height, width = plane.shape[0] // 2 * 2, plane.shape[1] // 2 * 2
    rows = plane[:height:2, :width] + plane[1:height:2, :width]
    return np.asarray((rows[:, ::2] + rows[:, 1::2]) * np.float32(0.25), np.float32)


def _pyramid(first: Plane, second: Plane) -> Iterator[Pair]:
    for level in range(_LEVELS):
        yield first, second
        if level + 1 == _LEVELS or min(first.shape) < 2 * _LEAST_SIDE_PX:
            return
        first, second = halved(first), halved(second)


def _leaves_room(pair: Pair, moved: tuple[int, int]) -> bool:
    height, width = pair[0].shape
    return abs(moved[0]) * 4 <= int(width) and abs(moved[1]) * 4 <= int(height)


def _cropped(pair: Pair, moved: tuple[int, int]) -> Pair:
    """What both show once the second is moved back by whole pixels."""
    first, second = pair
    right, down = moved
    height, width = first.shape
    top, bottom = max(0, -down), min(height, height - down)
    left, end = max(0, -right), min(width, width - right)
    return first[top:bottom, left:end], second[top + down : bottom + down, left + right : end + right]


def _solve(pair: Pair) -> _Solved:
    sums, sizes = _block_sums(*pair)
    across, both, upright, right_by, down_by, difference = sums
    weights, shift = np.ones_like(sizes), np.zeros(2)
    normal = np.eye(2)
    for again in range(4):
        rest = np.maximum(difference + _explained(sums, shift), 0) / sizes + _FLOOR
        if again:
            weights = 1 / (1 + rest / np.median(rest)) ** 2
        ridge = _RIDGE * float((rest * sizes * weights).sum())
        total = (sums * weights).sum(axis=1)
        normal = np.array([[total[0] + ridge, total[1]], [total[1], total[2] + ridge]])
        shift = -np.linalg.solve(normal, total[3:5])
    scores = weights * np.stack(
        [right_by + across * shift[0] + both * shift[1], down_by + both * shift[0] + upright * shift[1]]
    )
    spoke = weights * (across + upright)
    places = float(spoke.sum() ** 2 / max(float((spoke**2).sum()), 1e-9))
    inverse = np.linalg.inv(normal)
    variance = inverse @ (scores @ scores.T) @ inverse * places / max(places - 2, 0.5)
    way = shift / max(float(np.hypot(*shift)), 1e-9)
    error = float(np.sqrt(max(float(way @ variance @ way), 0.0)))
    before = float((weights * (difference + _FLOOR * sizes)).sum())
    explained = -float((weights * _explained(sums, shift)).sum()) / before
    return _Solved(float(shift[0]), float(shift[1]), error, explained, places)


def _explained(sums: Sums, shift: Sums) -> Sums:
    """What a shift changes of each block's squared difference: below zero where it explains some."""
    across, both, upright, right_by, down_by, _ = sums
    right, down = shift
    squares = across * right**2 + 2 * both * right * down + upright * down**2
    return np.asarray(2 * (right_by * right + down_by * down) + squares)


def _block_sums(first: Plane, second: Plane) -> tuple[Sums, Sums]:
    """6 x N sums over N blocks, each without its means: of the products of the mean gradient (across, both, upright),
    of the gradient with the difference (across, down) and of the squared difference; and N counts of pixels.
    """
    one, other = smoothed(first), smoothed(second)
    mean = (one + other) * np.float32(0.25)
    difference = (other - one)[1:-1, 1:-1]
    across = mean[1:-1, 2:] - mean[1:-1, :-2]
    down = mean[2:, 1:-1] - mean[:-2, 1:-1]
    tall, wide = (np.diff([*_starts(length), length]) for length in difference.shape)
    sizes = np.multiply.outer(tall, wide).astype(np.float64).ravel()
    alone = {id(plane): _summed(plane) for plane in (across, down, difference)}
    products = [
        _summed(left * right) - alone[id(left)] * alone[id(right)] / sizes
        for left, right in (
            (across, across), (across, down), (down, down),
            (across, difference), (down, difference), (difference, difference),
        )
    ]  # fmt: skip
    return np.stack(products), sizes


def _summed(plane: Plane) -> Sums:
    """Sums over blocks, as one row; a last block of less than half its side joins the one before."""
    rows = np.add.reduceat(plane, _starts(plane.shape[0]), axis=0)
    return np.add.reduceat(rows, _starts(plane.shape[1]), axis=1).astype(np.float64).ravel()


def _starts(length: int) -> NDArray[np.intp]:
    return np.arange(0, max(length - BLOCK_PX // 2, 1), BLOCK_PX)
