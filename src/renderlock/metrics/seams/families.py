"""The families of seam measures: what each compares across a line, and how far it looks.

All are blind to smooth gradients and to texture that is the same on both sides; each answers one kind of defect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from renderlock.metrics.seams.profile import Profile

Kind = Literal["step", "break", "slide", "notch", "mismatch"]
Values = NDArray[np.float64]

CHANNELS = ("Y", "Cb", "Cr")

_SAYS: dict[Kind, str] = {
    "step": "a step in tone",
    "break": "a break, or contours that do not meet",
    "slide": "one side displaced along the border",
    "notch": "a stripe of other detail",
    "mismatch": "another sharpness or grain on one side",
}

_NOISE: dict[Kind, float] = {"step": 0.1, "slide": 0.02, "mismatch": 0.0125}
"""Variance that is always there (squared levels, correlations, logs), lest even pictures make weights infinite."""

_FLOOR: dict[Kind, float] = {"step": 0.1, "slide": 0.03, "mismatch": 0.03}
"""Size (levels, correlation, log amplitude) of what rounding leaves of a mean along a piece of a line."""

_SPREAD_FLOOR = 0.05
"""Log amplitude by which equal bands differ by chance alone, however even the picture."""

_CLIP = 2.0
"""Deviations beyond which one segment says no more: a contour of the subject must not speak for the whole line."""


@dataclass(frozen=True)
class Evidence:
    """What pieces of lines say in one family: sums over segments, so that pieces and lines pool by addition.

    `total` and `weight` hold 3 channels: the weighted log ratios between line and controls, and the weights.
    """

    total: Values
    weight: Values
    segments: int

    def __add__(self, other: Evidence) -> Evidence:
        return Evidence(self.total + other.total, self.weight + other.weight, self.segments + other.segments)

    @property
    def statistic(self) -> Values:
        """3 means of the weighted log ratio a segment: what the null knows the tails of."""
        return self.total / self.segments

    @property
    def scale(self) -> Values:
        """3 factors from the statistic to a log ratio: one over the mean weight."""
        return self.segments / self.weight


@dataclass(frozen=True)
class Family:
    """One measure at one size: `step`, `break` and `slide` at a scale, `notch` and `mismatch` of a band, in pixels."""

    kind: Kind
    px: int

    @property
    def name(self) -> str:
        """`step_4`, `break_1`, `notch_32`, `mismatch_8`."""
        return f"{self.kind}_{self.px}"

    @property
    def reach(self) -> int:
        """Pixels it looks at on either side of a line."""
        return {"step": 4, "break": 4, "slide": 4, "notch": 3, "mismatch": 2}[self.kind] * self.px // 2

    @property
    def says(self) -> str:
        """What is wrong where it is high, in a few words."""
        return _SAYS[self.kind]

    def respond(self, profile: Profile, places: NDArray[np.intp]) -> Values:
        """S segments x P places x 3 channels: the response at lines before columns `places` of the profile.

        `step`: the third difference of means of `px` columns (kernel 1/2, -3/2, 3/2, -1/2), in levels, signed: an edge
        of height h answers h, a parabola nothing. `break`: half the log energy of that difference row by row. `slide`:
        the correlation of that difference with the slope along the line. `notch`: half the log energy of detail in the
        band of `px` columns around the line, less the mean of the bands beside it. `mismatch`: half the log energy left
        less right. `break`, `notch` and `mismatch` are log amplitudes.
        """
        px = self.px
        match self.kind:
            case "step":
                first, second, third, fourth = (profile.tone(places + at * px, px) for at in (-2, -1, 0, 1))
                return 0.5 * (first - fourth) + 1.5 * (third - second)
            case "break":
                return profile.log_breaks(places)
            case "slide":
                return profile.slid(places)
            case "notch":
                left, middle, right = (profile.log_detail(places + at, px) for at in (-px - px // 2, -px // 2, px // 2))
                return middle - 0.5 * (left + right)
            case "mismatch":
                return profile.log_detail(places - px, px) - profile.log_detail(places, px)

    def weigh(self, responses: Values) -> Evidence:
        """The evidence of one piece of a line: S segments x P places x 3 responses, the line's own place first."""
        if self.kind == "slide":
            # Oriented texture follows its slope everywhere: only what the line does beyond it counts.
            responses = responses - responses[:, 1:].mean(axis=(0, 1))
        if self.kind in _NOISE:
            return _signed(responses, _NOISE[self.kind], _FLOOR[self.kind])
        return _unsigned(responses)


def _signed(responses: Values, noise: float, floor: float) -> Evidence:
    """For `step`, `slide` and `mismatch`: log of sqrt((m^2 + c^2) / 2 c^2), m the line's mean and c the controls' rms.

    What a tile does has one sign along its border, texture has not. So segments are averaged with their sign, each
    weighted by the inverse of the energy that the *other* places show beside it, and none counts for more than two
    deviations. Taking c^2 along keeps a mean that happens to be near zero from speaking as loudly as a large one.
    """
    squared = responses * responses
    others = (squared.sum(axis=1, keepdims=True) - squared) / (responses.shape[1] - 1)
    variance = others + noise
    reach = _CLIP * np.sqrt(variance)
    means = (np.clip(responses, -reach, reach) / variance).sum(axis=0) / (1 / variance).sum(axis=0)
    controls = (means[1:] ** 2).mean(axis=0) + floor**2
    logs = 0.5 * np.log((means[0] ** 2 + controls) / (2 * controls))
    return Evidence(logs * len(responses), np.full(3, float(len(responses))), len(responses))


def _unsigned(responses: Values) -> Evidence:
    """For `break` and `notch`: the line's mean log amplitude less the controls', weighted by one over their spread.

    A dip of a tenth is plain in even texture and nothing where the controls themselves differ by half.
    """
    means = responses.mean(axis=0)
    count = len(means) - 1
    spread = np.sqrt(means[1:].var(axis=0, ddof=1) * (1 + 1 / count) + _SPREAD_FLOOR**2)
    weight = len(responses) / spread
    return Evidence((means[0] - means[1:].mean(axis=0)) * weight, weight, len(responses))


FAMILIES = (
    *(Family("step", px) for px in (1, 2, 4, 8, 16, 32)),
    Family("break", 1),
    Family("slide", 1),
    *(Family("notch", px) for px in (8, 32, 64)),
    *(Family("mismatch", px) for px in (8, 32, 64)),
)
