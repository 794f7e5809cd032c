"""The diffusers engine: one model, identified by the hashes of its files, described by its configs, run when asked.

Opening reads nothing heavy; identifying reads the files; torch is imported by the first render. Torch's settings
belong to the whole process, so renders of all diffusers models in it take turns.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from threading import Lock, RLock
from typing import TYPE_CHECKING, Literal

from renderlock.engines.base import EngineOptions, Render, Watch
from renderlock.engines.capabilities import Capabilities
from renderlock.engines.diffusers_local.describe import LEAST_VAE_TILE_PX, VAE_TILE, ModelFacts, describe
from renderlock.engines.diffusers_local.environment import describe_environment
from renderlock.engines.diffusers_local.folder import ModelFolder, read_folder
from renderlock.engines.diffusers_local.reference import FolderModel, HubModel, parse_reference
from renderlock.engines.diffusers_local.signatures import require_local_extra
from renderlock.engines.memory_facts import MemoryParts
from renderlock.errors import MissingDependency, ModelUnavailable, NotCapable, OutOfMemory, RecipeError
from renderlock.imaging.pixels import Pixels
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.recipe import Recipe

if TYPE_CHECKING:
    from renderlock.engines.diffusers_local.loading import LoadedModel
    from renderlock.engines.diffusers_local.replay import Replay

SURFACE = "diffusers-1"
"""The way recipes are handed to pipelines; the number rises when the same weights would give other pixels."""

_TORCH = Lock()


def open_model(model: str, options: EngineOptions) -> DiffusersEngine:
    """The engine for a folder or for `org/repo@<40 hexadecimal digits>`.

    Raises `UnknownName` for what is neither, `UnpinnedModel` for a repository without a full revision, and
    `ModelUnavailable` for a folder that does not exist.
    """
    named = parse_reference(model)
    engine = DiffusersEngine(named, options)
    if isinstance(named, FolderModel):
        engine.read()
    return engine


class DiffusersEngine:
    """One diffusers model on this machine."""

    def __init__(self, model: FolderModel | HubModel, options: EngineOptions) -> None:
        self._model = model
        self._options = options
        self._levers = frozenset(options.levers)
        self._device_peak: int | None = None
        self._replay: Replay | None = None
        self._loaded: LoadedModel | None = None
        self._reading = RLock()

    def read(self) -> ModelFolder:
        """The model's configs, a hub model's fetched first; raises `ModelUnavailable` where they cannot be used."""
        with self._reading:
            return self._folder

    @property
    def capabilities(self) -> Capabilities:
        """The facts of this model, from its configs and the installed diffusers; torch is not imported.

        Raises `MissingDependency` without the extra `local`, `ModelUnavailable` for a model that cannot be used.
        """
        with self._reading:
            return self._facts.capabilities

    def identify(self) -> ModelIdentity:
        """The model by the SHA-256 of every file that its pipeline loads; fetches a hub model that is not here yet."""
        folder = self.read()
        hashes = self._options.file_hashes
        try:
            files = tuple((file, hashes.of(folder.path / file)) for file in folder.loaded_files())
        except OSError as error:
            action = "Check that the file is there and readable."
            raise ModelUnavailable(model=f"diffusers:{folder.name}", reason=error, action=action) from error
        match self._model:
            case FolderModel(path):
                return ModelIdentity("diffusers", path, "", SURFACE, files)
            case HubModel(repository, revision):
                return ModelIdentity("diffusers", repository, revision, SURFACE, files)

    def environment(self) -> tuple[tuple[str, str], ...]:
        """Library versions, processor and device."""
        return describe_environment(self._options.device)

    def render(self, recipe: Recipe, init: Pixels | None, watch: Watch) -> Render:
        """One picture from one recipe; the first call loads the weights.

        Raises `NotCapable` or `RecipeError` for a recipe that this model cannot render, `MissingDependency`,
        `ModelUnavailable`, `EngineFailed`, `OutOfMemory`, or what `watch` raised.
        """
        with self._reading:
            facts = self._facts
        _refuse_impossible(recipe, facts)
        with _TORCH:
            from renderlock.engines.diffusers_local import allocator, loading, running  # noqa: PLC0415 - import torch

            device = loading.choose_device(self._options.device)
            allocator.limit(device, self._options.memory_budget_bytes)
            try:
                model = self._arranged(facts, device)
                aids = running.Aids(self._options.threads, self._levers, self._unfinished())
                return running.render_recipe(model, recipe, init, watch, aids)
            finally:
                self._device_peak = allocator.peak_bytes(device)

    def device(self) -> Literal["cpu", "cuda", "mps"]:
        """Where renders run, and take their memory; imports torch."""
        from renderlock.engines.diffusers_local import loading  # noqa: PLC0415 - this imports torch

        return loading.choose_device(self._options.device)

    def prepare(self) -> None:
        """Imports torch, diffusers and the classes of this model's parts; loads no weights."""
        with self._reading:
            facts, folder = self._facts, self._folder
        from renderlock.engines.diffusers_local import running, warming  # noqa: F401, PLC0415 - these import torch

        warming.import_classes(folder, facts.pipeline)

    def memory(self, recipe: Recipe, levers: Collection[str]) -> MemoryParts:
        """What `recipe` needs, found by running the model's networks dry; see `dry_run.run_dry`."""
        with self._reading:
            facts, folder = self._facts, self._folder
        _refuse_impossible(recipe, facts)
        with _TORCH:
            from renderlock.engines.diffusers_local import dry_run, loading  # noqa: PLC0415 - these import torch

            return dry_run.run_dry(folder, facts, recipe, levers, loading.choose_device(self._options.device))

    def use_levers(self, levers: Collection[str]) -> None:
        """Makes later renders use exactly these levers; the weights stay where they are unless an offload changes."""
        self._levers = frozenset(levers)

    def device_peak(self) -> int | None:
        """The most that the last render took of an accelerator's memory; None on the CPU."""
        return self._device_peak

    def close(self) -> None:
        """Lets go of the weights, and of their memory on the device."""
        with _TORCH:
            if self._loaded is None:
                return
            from renderlock.engines.diffusers_local import loading  # noqa: PLC0415 - this imports torch

            self._loaded = None
            loading.release_memory()

    def _arranged(self, facts: ModelFacts, device: Literal["cpu", "cuda", "mps"]) -> LoadedModel:
        """The model in memory, its weights where the levers want them; raises `ModelUnavailable` or `OutOfMemory`."""
        from renderlock.engines.diffusers_local import loading  # noqa: PLC0415 - this imports torch

        no_room = ""
        try:
            if self._loaded is None:
                self._loaded = loading.load_model(self._folder, facts, device, self._levers)
            self._loaded.use_levers(self._levers)
            return self._loaded
        except Exception as error:
            if not (isinstance(error, OutOfMemory) or loading.is_out_of_memory(error)):
                raise
            no_room = loading.describe_error(error)
        # Weights that were moved in part are of no use; the next attempt reads them anew.
        self._loaded = None
        self._unfinished().make_room()
        loading.release_memory()
        raise OutOfMemory(model=f"diffusers:{self._folder.name}", reason=no_room)

    def _unfinished(self) -> Replay:
        """What an attempt that ran out of memory computed; it outlives the weights, which may be unloaded to retry."""
        from renderlock.engines.diffusers_local.replay import Replay  # noqa: PLC0415 - this imports torch

        if self._replay is None:
            self._replay = Replay()
        return self._replay

    @cached_property
    def _folder(self) -> ModelFolder:
        match self._model:
            case FolderModel(path):
                return read_folder(Path(path).expanduser(), path)
            case HubModel(repository, revision):
                return read_folder(self._find_snapshot(), f"{repository}@{revision}")

    @cached_property
    def _facts(self) -> ModelFacts:
        require_local_extra()
        return describe(self._folder)

    def _find_snapshot(self) -> Path:
        assert isinstance(self._model, HubModel)
        try:
            from renderlock.engines.diffusers_local.hub import find_snapshot  # noqa: PLC0415 - in the extra `local`
        except ImportError as error:
            raise MissingDependency(feature="a hub model", package="huggingface_hub", extra="local") from error
        return find_snapshot(self._model, offline=self._options.offline)


def _refuse_impossible(recipe: Recipe, facts: ModelFacts) -> None:
    """Refuses what the pipeline would ignore or break on; `resolve` makes no such recipe, but a file may hold one."""
    wrong = []
    if recipe.tiling is not None:
        wrong.append("tiling: a diffusers model samples one picture as a whole")
    if recipe.window is not None and not facts.capabilities.windows:
        wrong.append("window: this pipeline's noise cannot be cut from a canvas's")
    known = {VAE_TILE} & set(facts.capabilities.levers)
    wrong += [f"extras: it has no control named {name}" for name, _ in recipe.extras if name not in known]
    if recipe.sampler is not None and recipe.sampler not in facts.capabilities.samplers:
        wrong.append(f"sampler: it has no {recipe.sampler}, but {', '.join(facts.capabilities.samplers) or 'its own'}")
    if recipe.init is not None and not facts.capabilities.img2img:
        wrong.append("init: the model cannot start from a picture")
    if recipe.negative_prompt and not facts.capabilities.negative_prompt:
        wrong.append("negative_prompt: the model takes none")
    if recipe.guidance_scale is not None and facts.capabilities.guidance_scale is None:
        wrong.append("guidance_scale: the model has no such control")
    if wrong:
        raise NotCapable(model=recipe.model.reference, listing="\n".join(f"  {line}" for line in wrong))
    tile_px = dict(recipe.extras).get(VAE_TILE, LEAST_VAE_TILE_PX)
    if not isinstance(tile_px, int) or isinstance(tile_px, bool) or tile_px < LEAST_VAE_TILE_PX:
        allowed = f"a whole number of pixels, at least {LEAST_VAE_TILE_PX}"
        raise RecipeError(field=VAE_TILE, found=repr(tile_px), allowed=allowed)
    if recipe.init is not None and recipe.steps is not None and int(recipe.steps * recipe.init.strength) < 1:
        allowed = f"at least {1 / recipe.steps:.3g} with {recipe.steps} steps, so that one is left"
        raise RecipeError(field="strength", found=recipe.init.strength, allowed=allowed)
