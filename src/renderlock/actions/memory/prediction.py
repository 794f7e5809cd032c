"""How much memory a render will take: engine facts, corrected by what this machine measured before.

The first prediction of a model is its facts times factors that we measured; every measured render pulls those factors
towards this machine, and a render of a shape that was measured is predicted from what that shape took.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from renderlock.actions.models import Models
from renderlock.engines.base import Engine
from renderlock.engines.memory_facts import MemoryFacts, MemoryParts
from renderlock.spec.recipe import Recipe

MEASURED_MARGIN = 1.08
"""A shape that was measured is predicted at its peak and this much more."""

LEARNED_MARGIN = 1.12
"""A shape between measured ones of the same model."""

FIRST_MARGIN = 1.15
"""A model that was never measured."""

LEAST_OF_PARTS = {"dry-run": 0.95, "table": 0.95, "rule": 0.5}
"""The least that a render takes of its engine's own figures: those of a dry run are live all at once."""

LEAST_OF_MEASURED = 0.95
"""The least that a render takes of what its shape took before."""


@dataclass(frozen=True)
class Factors:
    """Measured over foretold: `share` of the working memory, and `fixed_bytes` besides."""

    share: float
    fixed_bytes: int


FACTORS = {
    "dry-run": Factors(share=1.30, fixed_bytes=0),
    "table": Factors(share=1.0, fixed_bytes=0),
    "rule": Factors(share=1.30, fixed_bytes=0),
}
"""For a model that was never measured here, by the grade of its figures. Measured by us on a CPU (docs/memory.md)."""

PRIOR_SHARE_RENDERS = 0.5
PRIOR_FIXED_RENDERS = 0.02
"""How many measured renders the factors above weigh as much as: the share is much the same on every machine, the fixed
bytes are whatever libraries are there."""


@dataclass(frozen=True)
class Shape:
    """Everything of a render that decides its memory: two renders of one shape need the same.

    `model` is its reference and weights; `steps` count because what each step gave is kept until the picture is done;
    `controls` are extras and levers, sorted; `guided` tells whether there is a guidance scale above 1.
    """

    model: str
    width: int
    height: int
    steps: int
    guided: bool
    from_picture: bool
    controls: tuple[str, ...]
    device: str

    @classmethod
    def of(cls, recipe: Recipe, levers: Collection[str], device: str) -> Shape:
        """The shape of a recipe under levers on a device."""
        return cls(
            model=f"{recipe.model.reference} {recipe.model.weights}",
            width=recipe.size.width,
            height=recipe.size.height,
            steps=recipe.steps or 0,
            guided=(recipe.guidance_scale or 0) > 1,
            from_picture=recipe.init is not None,
            controls=tuple(sorted([*levers, *(f"{name}={value}" for name, value in recipe.extras)])),
            device=device,
        )


@dataclass(frozen=True)
class Measured:
    """What one render took: peak bytes over the idle worker, seconds, and the parts foretold for it."""

    shape: Shape
    peak_bytes: int
    seconds: float
    parts: MemoryParts | None


class History(Protocol):
    """What is remembered of renders and dry runs."""

    def measured(self, shape: Shape) -> tuple[Measured, ...]:
        """The remembered renders of a shape's model on its device, oldest first."""

    def note(self, measured: Measured) -> None:
        """Remembers a render, where it teaches something."""

    def parts(self, shape: Shape) -> MemoryParts | None:
        """The parts found for a shape before."""

    def note_parts(self, shape: Shape, parts: MemoryParts) -> None:
        """Remembers the parts of a shape."""


@dataclass(frozen=True)
class Prediction:
    """What a render is expected to need at most, over an idle process with its libraries imported.

    `bytes` is None where nothing is known; `seconds` where no render of the shape was timed. `parts` are the engine's
    own figures before correction; `source` says what the figure rests on. Less than `least_bytes` will surely not do.
    """

    bytes: int | None
    seconds: float | None
    parts: MemoryParts | None
    source: str
    least_bytes: int = 0


def predict(models: Models, reference: str, recipe: Recipe, levers: Collection[str], history: History) -> Prediction:
    """The prediction for a recipe on a model; loads no weights, may run the model's networks dry for a few seconds."""
    engine = models.engine(reference)
    shape = Shape.of(recipe, levers, device_of(engine))
    parts = history.parts(shape)
    if parts is None and isinstance(engine, MemoryFacts):
        parts = engine.memory(recipe, levers)
        history.note_parts(shape, parts)
    return foretell(shape, parts, history.measured(shape))


def foretell(shape: Shape, parts: MemoryParts | None, measured: Sequence[Measured]) -> Prediction:
    """The prediction from an engine's figures and what was measured of the same model on the same device."""
    same = [one for one in measured if one.shape == shape]
    if same:
        peak, seconds = max(one.peak_bytes for one in same), float(np.median([one.seconds for one in same]))
        most = round(MEASURED_MARGIN * peak)
        return Prediction(most, seconds, parts, "measured at this very shape", round(LEAST_OF_MEASURED * peak))
    if parts is None:
        return Prediction(None, None, None, "nothing is known of this engine's memory")
    learned = [one for one in measured if one.parts is not None]
    factors = _learn(learned, FACTORS[parts.grade])
    least = round(LEAST_OF_PARTS[parts.grade] * parts.total)
    expected = parts.weights + parts.fixed + factors.share * parts.working + factors.fixed_bytes
    if learned:
        most = round(LEARNED_MARGIN * expected)
        source = f"{len(learned)} measured renders of this model, {parts.grade}"
        return Prediction(most, None, parts, source, least)
    return Prediction(round(FIRST_MARGIN * expected), None, parts, f"first render of this model, {parts.grade}", least)


def device_of(engine: Engine) -> str:
    """The device of an engine's renders as its environment tells it, `cpu` where it tells none."""
    return next((value for name, value in engine.environment() if name.startswith("device.")), "cpu")


def device_kind(device: str) -> str:
    """`cpu`, `cuda` or `mps`, of a device with its name and driver."""
    kind = device.partition(":")[0]
    return kind if kind in {"cuda", "mps"} else "cpu"


def _learn(measured: Sequence[Measured], prior: Factors) -> Factors:
    """Share and fixed bytes that fit the measured peaks best, by least squares that the prior factors take part in.

    peak − weights − fixed = share · working + fixed_bytes, in units of the mean working memory.
    """
    if not measured:
        return prior
    parts = [one.parts for one in measured if one.parts is not None]
    working = np.array([part.working for part in parts], np.float64)
    rest = np.array([one.peak_bytes for one in measured], np.float64) - [part.weights + part.fixed for part in parts]
    unit = max(float(working.mean()), 1.0)
    weights = np.sqrt([PRIOR_SHARE_RENDERS, PRIOR_FIXED_RENDERS])
    rows = np.vstack([np.column_stack([working / unit, np.ones(len(working))]), np.diag(weights)])
    wanted = np.concatenate([rest / unit, weights * [prior.share, prior.fixed_bytes / unit]])
    share, fixed = np.linalg.lstsq(rows, wanted, rcond=None)[0]
    return Factors(float(share), round(float(fixed) * unit))
