"""A model folder as a diffusers pipeline in memory, through diffusers' own loader, and nothing but safetensors.

No code that comes with a model is run, the network is never asked, and what is wrong with a folder is told with
the name of the file.
"""

from __future__ import annotations

import gc
from collections.abc import Collection
from typing import Literal, cast

import diffusers
import torch

from renderlock.engines.diffusers_local.describe import ModelFacts
from renderlock.engines.diffusers_local.folder import ModelFolder, read_folder
from renderlock.engines.diffusers_local.library_types import Pipeline, Placed
from renderlock.engines.diffusers_local.samplers import Sampler
from renderlock.engines.diffusers_local.steady import quiet
from renderlock.engines.diffusers_local.weights import Precision, check_files, stored_precision
from renderlock.errors import ModelUnavailable, OutOfMemory

Device = Literal["cpu", "cuda", "mps"]

_OFFLOADS = frozenset({"model-offload", "layer-offload"})

_OUT_OF_MEMORY = (
    "can't allocate memory",
    "not enough memory",
    "cannot allocate memory",
    "out of memory",
    "bad_alloc",
    "could not create a memory",
    "could not create a primitive",
    "alloc_failed",
    "allocation_failed",
    "unable to find an engine to execute",
)
"""What CPU allocators, oneDNN, the system, cuBLAS and cuDNN say, in lower case; torch raises a plain RuntimeError for
each. cuDNN finds no engine where none of them gets its workspace."""


class LoadedModel:
    """One model's weights in memory, and the pipelines that share them."""

    def __init__(self, text_to_image: Pipeline, facts: ModelFacts, device: Device) -> None:
        self._pipelines = {"text": text_to_image}
        self._shipped_scheduler = dict(text_to_image.scheduler.config)
        self.facts = facts
        self.device = device
        self.levers: frozenset[str] = frozenset()

    def use_levers(self, levers: Collection[str]) -> None:
        """Makes the next renders use exactly these levers; only a change of offloading moves weights.

        What torch raises where they do not fit comes through; the model is of no use then.
        """
        before, self.levers = self.levers, frozenset(levers)
        if before & _OFFLOADS != self.levers & _OFFLOADS:
            self._pipelines = {"text": self._pipelines["text"]}
            _place(self._pipelines["text"], self.levers, self.device)

    def settle(self) -> None:
        """After a render that broke off: has parts that were at work leave the device, where they are kept off it."""
        if "model-offload" in self.levers:
            for pipeline in self._pipelines.values():
                cast("Placed", pipeline).maybe_free_model_hooks()

    def text_to_image(self, sampler: Sampler | None) -> Pipeline:
        """The pipeline that starts from noise, with a fresh scheduler."""
        return self._with_fresh_scheduler(self._pipelines["text"], sampler)

    def image_to_image(self, sampler: Sampler | None) -> Pipeline:
        """The pipeline that starts from a picture, with a fresh scheduler."""
        if "picture" not in self._pipelines:
            self._pipelines["picture"] = diffusers.AutoPipelineForImage2Image.from_pipe(self._pipelines["text"])
            self._pipelines["picture"].set_progress_bar_config(disable=True)
            if self.levers & _OFFLOADS:
                _place(self._pipelines["picture"], self.levers, self.device)
        return self._with_fresh_scheduler(self._pipelines["picture"], sampler)

    def _with_fresh_scheduler(self, pipeline: Pipeline, sampler: Sampler | None) -> Pipeline:
        """A scheduler remembers its last run, so each render gets one of its own."""
        if sampler is not None:
            scheduler_class = getattr(diffusers, sampler.scheduler)
            pipeline.scheduler = scheduler_class.from_config(self._shipped_scheduler, **dict(sampler.settings))
        return pipeline


def load_model(folder: ModelFolder, facts: ModelFacts, device: Device, levers: Collection[str] = ()) -> LoadedModel:
    """The model in memory on `device`: float32 on the CPU, elsewhere the precision its weights are stored in.

    With an offload among `levers` the weights stay in the machine's memory until they are needed.

    Raises `ModelUnavailable` where a file is missing, damaged or refused, `OutOfMemory` where it does not fit.
    """
    folder = read_folder(folder.path, folder.name)  # as it is now: it may have been opened hours ago
    check_files(folder)
    no_room = ""
    try:
        return _load(folder, facts, device, levers)
    except Exception as error:
        if not is_out_of_memory(error):
            action = "Check the folder against where it came from; `renderlock doctor` compares it with the lock."
            reason = describe_error(error)
            raise ModelUnavailable(model=f"diffusers:{folder.name}", reason=reason, action=action) from error
        no_room = describe_error(error)
    # Out of the handler, so that the frames of loading no longer hold what is on the device already.
    release_memory()
    raise OutOfMemory(model=f"diffusers:{folder.name}", reason=f"its weights do not fit: {no_room}")


def _load(folder: ModelFolder, facts: ModelFacts, device: Device, levers: Collection[str]) -> LoadedModel:
    with quiet():
        pipeline = _from_folder(folder, facts.pipeline, precision_on(device, folder))
        model = LoadedModel(pipeline, facts, device)
        model.levers = frozenset(levers)
        _place(pipeline, levers, device)
        return model


def precision_on(device: Device, folder: ModelFolder) -> Precision:
    """The precision of all weights in memory."""
    return "float32" if device == "cpu" else stored_precision(folder)


def choose_device(wanted: Literal["auto", "cpu", "cuda", "mps"]) -> Device:
    """The device to run on: the wanted one, or the first there is of CUDA, MPS and the CPU.

    Raises `ModelUnavailable` where the wanted one is not there.
    """
    there: dict[Device, bool] = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if wanted == "auto":
        return next(device for device, is_there in there.items() if is_there)
    if not there[wanted]:
        reason = f"this machine's torch {torch.__version__} finds no {wanted} device"
        raise ModelUnavailable(model="diffusers", reason=reason, action="Choose the device `auto` or `cpu`.")
    return wanted


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on any device (torch's CPU allocator has no class of its own)."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error).lower()
    return any(sign in text for sign in _OUT_OF_MEMORY)


def describe_error(error: BaseException) -> str:
    """The first line of a foreign error, with its class where the line alone would say little."""
    line = str(error).strip().partition("\n")[0].rstrip(".")
    return line if " " in line else f"{type(error).__name__} {line}".strip()


def release_memory() -> None:
    """Gives freed tensors back to the device."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


def _from_folder(folder: ModelFolder, pipeline_class: str, precision: Precision) -> Pipeline:
    loaded: Pipeline = getattr(diffusers, pipeline_class).from_pretrained(
        str(folder.path),
        torch_dtype=getattr(torch, precision),
        use_safetensors=True,
        local_files_only=True,
    )
    loaded.set_progress_bar_config(disable=True)
    return loaded


def _place(pipeline: Pipeline, levers: Collection[str], device: Device) -> None:
    placed = cast("Placed", pipeline)
    placed.remove_all_hooks()
    if "layer-offload" in levers:
        placed.enable_sequential_cpu_offload(device=device)
    elif "model-offload" in levers:
        placed.enable_model_cpu_offload(device=device)
    else:
        placed.to(device)
