"""The embedded engine: a small text-to-image model that ships with the package and renders on any CPU.

Opening, describing and identifying read files only; the first render loads the weights. The same recipe
gives the same 8-bit pixels in every process and with any number of threads on one machine.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

from renderlock.engines.base import EngineOptions, Render, Watch
from renderlock.engines.capabilities import Capabilities, GuidanceRange, SeedGrade, SizeRule, StepRange
from renderlock.engines.embedded.course import Course, plot_course, walk
from renderlock.engines.embedded.memory import LEAN, LEVERS, estimate_memory
from renderlock.engines.embedded.samplers import ALIASES, SAMPLERS
from renderlock.engines.embedded.unfinished import RememberingModel, Unfinished
from renderlock.engines.embedded.weights import SHIPPED, Version, open_version
from renderlock.engines.memory_facts import MemoryParts
from renderlock.errors import OutOfMemory, RecipeError
from renderlock.imaging.pixels import Pixels
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.recipe import Recipe, Size

if TYPE_CHECKING:
    from renderlock.engines.embedded.model import Model

SMALLEST_SIDE_PX = 64
LARGEST_SIDE_PX = 512


def open_model(model: str, options: EngineOptions) -> EmbeddedEngine:
    """The engine for `v1`, `v2`, `renderlock-icons@v1` or "" (the newest); raises as `open_version` does."""
    return EmbeddedEngine(open_version(model, SHIPPED), options)


def describe(weights: Version) -> Capabilities:
    """What a version of the model can do."""
    defaults = weights.defaults
    samplers = (defaults.sampler, *(name for name in SAMPLERS if name != defaults.sampler))
    return Capabilities(
        sizes=SizeRule(
            native=Size(defaults.side_px, defaults.side_px),
            multiple=weights.latent.cell_px * weights.latent.multiple,
            smallest=SMALLEST_SIDE_PX,
            largest=LARGEST_SIDE_PX,
            most_pixels=LARGEST_SIDE_PX * LARGEST_SIDE_PX,
        ),
        seed=SeedGrade.EXACT,
        steps=StepRange(lowest=1, highest=100, default=defaults.steps),
        guidance_scale=GuidanceRange(lowest=1.0, highest=12.0, default=defaults.guidance_scale),
        negative_prompt=True,
        img2img=True,
        samplers=samplers,
        sampler_aliases=ALIASES,
        parallel=True,
        previews=True,
        windows=True,
        levers=LEVERS,
    )


class EmbeddedEngine:
    """One version of the embedded model; keeps the engine contract of `engines.base`."""

    def __init__(self, weights: Version, options: EngineOptions) -> None:
        self._version = weights
        self._options = options
        self._capabilities = describe(weights)
        self._loading = threading.Lock()
        self._model: Model | None = None
        self._levers = frozenset(options.levers)
        self._unfinished = Unfinished()

    @property
    def capabilities(self) -> Capabilities:
        """The facts of this version."""
        return self._capabilities

    def identify(self) -> ModelIdentity:
        """The version by the SHA-256 of its files; raises `ModelUnavailable` for a missing or damaged one."""
        return self._version.identify(self._options.file_hashes)

    def environment(self) -> tuple[tuple[str, str], ...]:
        """The version of ONNX Runtime, whose kernels decide the last bits."""
        return (("library.onnxruntime", version("onnxruntime")),)

    def render(self, recipe: Recipe, init: Pixels | None, watch: Watch) -> Render:
        """One picture from one recipe; weights are loaded where they are not.

        Raises `RecipeError` or `NotCapable` for a recipe that was not made for these capabilities,
        `ModelUnavailable`, `EngineFailed`, `OutOfMemory`, or what `watch` raised. After `OutOfMemory` the next attempt
        at the picture goes on at the evaluation that failed.
        """
        _check_init(recipe, init)
        course = plot_course(recipe, self._capabilities, cell_px=self._version.latent.cell_px)
        try:
            return self._run(recipe, course, init, watch)
        except MemoryError as error:
            raise OutOfMemory(model=self._version.name, reason=str(error) or "an allocation failed") from error

    def device(self) -> Literal["cpu"]:
        """Renders run on the processor."""
        return "cpu"

    def device_peak(self) -> None:
        """The process itself is the measure."""

    def prepare(self) -> None:
        """Imports ONNX Runtime."""
        import renderlock.engines.embedded.model  # noqa: F401, PLC0415  # loads ONNX Runtime

    def memory(self, recipe: Recipe, levers: Collection[str]) -> MemoryParts:
        """What `recipe` needs, from our own measurements; costs nothing."""
        return estimate_memory(recipe, self._options.threads, lean=LEAN in levers)

    def use_levers(self, levers: Collection[str]) -> None:
        """Makes later renders use exactly these levers; another choice loads the weights anew."""
        with self._loading:
            if frozenset(levers) != self._levers:
                self._levers, self._model = frozenset(levers), None

    def close(self) -> None:
        """Lets go of the weights; a render under way keeps them until it ends."""
        with self._loading:
            self._model = None

    def use_model(self, model: Model) -> None:
        """Renders with a model that is loaded already, until levers change or the engine is closed."""
        with self._loading:
            self._model = model

    def _run(self, recipe: Recipe, course: Course, init: Pixels | None, watch: Watch) -> Render:
        answers = self._unfinished.take(recipe.digest)
        try:
            model = self._loaded()
            conditioning = model.condition(recipe.prompt, recipe.negative_prompt, course.guidance_scale)
            remembering = RememberingModel(model, answers)
            latent = walk(course, remembering, conditioning, init, watch)
            return Render(remembering.decode(latent), conditioning.deviations)
        except (MemoryError, OutOfMemory):
            self._unfinished.keep(recipe.digest, answers)
            raise

    def _loaded(self) -> Model:
        with self._loading:
            if self._model is None:
                from renderlock.engines.embedded.model import Model  # noqa: PLC0415  # loads ONNX Runtime

                lean = LEAN in self._levers
                self._model = Model(self._version, threads=self._options.threads, lean=lean)
            return self._model


def _check_init(recipe: Recipe, init: Pixels | None) -> None:
    """Refuses an init picture that the recipe does not name, and a recipe whose picture is not given."""
    wanted = None if recipe.init is None else str(recipe.size)
    given = None if init is None else f"{init.shape[1]}x{init.shape[0]}"
    if wanted != given:
        found = f"{given} pixels" if given else "no picture"
        allowed = f"a picture of {wanted} pixels" if wanted else "absent, as the recipe names none"
        raise RecipeError(field="init", found=found, allowed=allowed)
